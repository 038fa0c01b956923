// Sandboxes of a service that speaks the sandbox API over HTTP, at an address that the operator set.
#pragma once

#include <mortise/http_client.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "kept_alive.hpp"
#include "remote_browsers.hpp"
#include "remote_service.hpp"
#include "sandbox.hpp"

namespace agent::sandbox {

// The service is trusted to hold its sandboxes, and its answers are checked. With {session} in the address each session has a
// sandbox of its own; without, all share one, with its browser and its screen, in which only the names of their shells are
// apart.
class RemoteDriver final : public Driver {
 public:
  // Less than the five seconds that the module's health check has.
  static constexpr std::chrono::seconds kAskLimit{3};

  // `hasBrowser`: whether sessions use the service's browser. Throws std::invalid_argument as RemoteService does.
  RemoteDriver(mortise::HttpClient http, const RemoteAddresses& addresses, bool hasBrowser = true);
  ~RemoteDriver() override { alive_->stop(); }

  // Asks the service, for kAskLimit at most: what does not answer by then counts as missing.
  std::vector<Capability> capabilities() override;
  std::shared_ptr<Sandbox> open(std::string_view sessionId) override;
  std::shared_ptr<Sandbox> openForProgram(std::string_view name) override;
  std::shared_ptr<Sandbox> find(std::string_view sessionId) override;
  // Shuts a sandbox down that is the session's own.
  void remove(std::string_view sessionId) override;
  // The service ends what nobody uses; here are only connections to its browsers.
  void sweep(const std::function<bool(std::string_view sessionId)>& lives) override { browsers_->sweep(lives); }

 private:
  mortise::HttpClient http_;
  const std::shared_ptr<KeptAlive> alive_;
  const std::shared_ptr<RemoteBrowsers> browsers_ = std::make_shared<RemoteBrowsers>();
  const RemoteService service_;
  const bool hasBrowser_;
};

}  // namespace agent::sandbox
