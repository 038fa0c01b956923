// Whether whoever asked for a bundle still wants it.
#pragma once

#include <atomic>

#include <mortise/problem.hpp>

namespace skills {

class Cancellation {
 public:
  explicit Cancellation(const std::atomic<bool>* flag) noexcept : flag_(flag) {}
  bool isSet() const noexcept { return flag_ != nullptr && flag_->load(std::memory_order_relaxed); }
  void check() const {
    if (isSet()) throw mortise::Problem(503, "skill_fetch_cancelled");
  }

 private:
  const std::atomic<bool>* flag_;
};

}  // namespace skills
