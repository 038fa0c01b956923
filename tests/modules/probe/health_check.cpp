#include "health_check.hpp"

#include <chrono>
#include <stdexcept>

using namespace std::chrono_literals;

void HealthCheck::start() {
  if (health_) health_->add("probe", false, 300ms, [this](std::chrono::milliseconds) { return check(); });
}

mortise::Reply HealthCheck::set(const mortise::Request& request) {
  {
    const std::lock_guard lock(mutex_);
    state_ = request.path("state");
  }
  changed_.notify_all();
  return mortise::Reply::noContent();
}

std::string HealthCheck::check() {
  std::unique_lock lock(mutex_);
  // A test that ends in this state must not block the server's stop forever.
  changed_.wait_for(lock, 10s, [this] { return state_ != "hang"; });
  if (state_ == "fail") throw std::runtime_error("told to fail");
  if (state_ == "throw") throw 42;
  return "as told: " + state_;
}
