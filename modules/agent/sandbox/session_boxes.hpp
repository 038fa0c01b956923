// The boxes of this server's sessions: the driver that the options choose, from the module's start to its stop, and the
// sweep that ends boxes whose time is over.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "sandbox/periodic.hpp"
#include "sandbox/sandbox.hpp"

namespace agent::sandbox {

// Without a driver there are no boxes: open() throws Problem sandbox_unavailable.
class SessionBoxes final : public Driver {
 public:
  explicit SessionBoxes(mortise::Host host) : host_(host), log_(host.log()) {}
  ~SessionBoxes() override { stop(); }

  // `lives`: whether there is such a session.
  void start(std::function<bool(std::string_view sessionId)> lives);
  void stop();

  std::vector<Capability> capabilities() override;
  // The same of a driver made for this question, for a module that is not started. [worker]
  std::vector<Capability> tryOut() const;
  std::shared_ptr<Sandbox> open(std::string_view sessionId) override;
  std::shared_ptr<Sandbox> openForProgram(std::string_view name) override;
  std::shared_ptr<Sandbox> find(std::string_view sessionId) override;
  void remove(std::string_view sessionId) override;
  void sweep(const std::function<bool(std::string_view sessionId)>& lives) override;

 private:
  // Throws Problem 503 sandbox_unavailable when there is none, 409 while agent.sandbox is off.
  Driver& driver();

  mortise::Host host_;
  mortise::Log log_;
  std::unique_ptr<Driver> driver_;  // set before anybody asks
  std::unique_ptr<Periodic> sweeping_;
};

}  // namespace agent::sandbox
