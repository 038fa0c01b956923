// Whether whoever asked for a bundle still wants it.
#pragma once

#include <functional>
#include <utility>

#include <mortise/problem.hpp>

namespace skills {

class Cancellation {
 public:
  // `asked` is called often, from several threads; true: not wanted any more. Empty: always wanted.
  explicit Cancellation(std::function<bool()> asked) : asked_(std::move(asked)) {}
  bool isSet() const { return asked_ && asked_(); }
  void check() const {
    if (isSet()) throw mortise::Problem(503, "skill_fetch_cancelled");
  }

 private:
  std::function<bool()> asked_;
};

}  // namespace skills
