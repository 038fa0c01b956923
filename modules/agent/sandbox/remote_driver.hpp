// Sandboxes of a service that speaks the sandbox API over HTTP, at an address that the operator set.
#pragma once

#include <mortise/http_client.hpp>

#include <memory>
#include <string>

#include "sandbox.hpp"

namespace agent::sandbox {

// The service is trusted to hold its sandboxes, and its answers are checked. With {session} in the address each session has a
// sandbox of its own; without, all share one, in which only the names of their shells are apart.
class RemoteDriver final : public Driver {
 public:
  // `address`: of http or https, or host[:port], which means http and port 8080.
  RemoteDriver(mortise::HttpClient http, std::string address);

  std::vector<Capability> capabilities() override;
  std::shared_ptr<Sandbox> open(std::string_view sessionId) override;
  std::shared_ptr<Sandbox> openForProgram(std::string_view name) override;
  std::shared_ptr<Sandbox> find(std::string_view sessionId) override;
  // Shuts a sandbox down that is the session's own.
  void remove(std::string_view sessionId) override;
  // The service ends what nobody uses.
  void sweep(const std::function<bool(std::string_view sessionId)>&) override {}

 private:
  std::string addressOf(std::string_view sessionId) const;
  bool shared() const;

  mortise::HttpClient http_;
  std::string address_;
};

}  // namespace agent::sandbox
