// What every service throws. The kernel turns it into a Problem, the plugin boundary into a mortise_status.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mortise::services {

enum class ErrorKind : std::uint8_t {
  unavailable,  // a peer is down or not configured: 503, try again
  invalid,      // the caller's value breaks a rule
  full,         // queue, quota or disk: 503 or 507
  denied,       // policy says no
  notFound,
  timeout,  // the peer did not answer in time: 504
};

class ServiceError : public std::runtime_error {
 public:
  ServiceError(ErrorKind kind, const std::string& text, int retryAfter = 0)
      : std::runtime_error(text), kind_(kind), retryAfter_(retryAfter) {}
  ErrorKind kind() const { return kind_; }
  int retryAfter() const { return retryAfter_; }  // seconds; 0 = nothing to say

 private:
  ErrorKind kind_;
  int retryAfter_;
};

}  // namespace mortise::services
