#include "core/kernel/websocket_refusal.hpp"

#include <algorithm>

namespace mortise::kernel {

CloseFrame closeFor(const Problem& problem) {
  constexpr std::size_t kMaxReason = 123;
  CloseFrame frame{1011, problem.code.substr(0, kMaxReason)};
  switch (problem.status) {
    case 401:
    case 403:
    case 404:
      frame.code = 4000 + problem.status;
      break;
    case 429:
      frame.code = 1013;
      frame.reason = "retry after " + std::to_string(std::max(problem.retryAfter, 1)) + " s";
      break;
    default:
      break;
  }
  return frame;
}

}  // namespace mortise::kernel
