// The exception of every service. The kernel converts it to a Problem, the plugin boundary to a mortise_status.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

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
  // `code`: a stable lower_snake word that distinguishes refusals of one kind; empty: the kind suffices.
  ServiceError(ErrorKind kind, const std::string& text, int retryAfter = 0, std::string code = {})
      : std::runtime_error(text), kind_(kind), retryAfter_(retryAfter), code_(std::move(code)) {}
  ErrorKind kind() const { return kind_; }
  int retryAfter() const { return retryAfter_; }  // seconds; 0 = unknown
  const std::string& code() const { return code_; }

 private:
  ErrorKind kind_;
  int retryAfter_;
  std::string code_;
};

}  // namespace mortise::services
