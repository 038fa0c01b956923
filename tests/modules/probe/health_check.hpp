// A health check whose result is set over HTTP.
#pragma once

#include <mortise/health.hpp>
#include <mortise/module.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

class HealthCheck {
 public:
  explicit HealthCheck(mortise::Host host) : health_(host.optional<mortise::Health>()) {}
  void bind(mortise::Bindings& on) { on.operation("setHealth", this, &HealthCheck::set); }
  void start();

 private:
  mortise::Reply set(const mortise::Request& request);
  std::string check();

  std::optional<mortise::Health> health_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string state_ = "ok";
};
