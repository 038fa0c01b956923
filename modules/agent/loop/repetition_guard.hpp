// Notices an agent that goes round in circles.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace agent {

// The calls of one step. The same call with the same result counts, whatever calls stand between (A-B-A-B), until any call
// brings a result that is new.
class RepetitionGuard {
 public:
  enum class Verdict { fine, tell, fail };
  static constexpr int kTold = 3;   // the model is told
  static constexpr int kFails = 5;  // the step fails

  // `arguments`: text of a JSON object in which equal calls are equal.
  Verdict saw(std::string_view function, std::string_view arguments, std::string_view result);
  // How often the last call came with its result.
  int times() const { return times_; }

 private:
  using Call = std::pair<std::string, std::string>;
  std::set<std::pair<Call, std::size_t>> known_;  // calls and what came of them
  std::map<Call, int> counts_;
  int times_ = 0;
};

inline RepetitionGuard::Verdict RepetitionGuard::saw(std::string_view function, std::string_view arguments,
                                                     std::string_view result) {
  const Call call(function, arguments);
  if (known_.emplace(call, std::hash<std::string_view>()(result)).second) {
    counts_.clear();
    times_ = 1;
    return Verdict::fine;
  }
  auto& count = counts_.try_emplace(call, 1).first->second;
  times_ = ++count;
  if (count >= kFails) return Verdict::fail;
  return count >= kTold ? Verdict::tell : Verdict::fine;
}

}  // namespace agent
