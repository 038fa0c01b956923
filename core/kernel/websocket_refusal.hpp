// A refusal as a WebSocket close code, for operations whose contract demands it (x-mortise-websocket-refusal: close):
// browsers hide an HTTP refusal from a page, but show it the code.
#pragma once

#include <string>

#include "core/base/problem.hpp"

namespace mortise::kernel {

struct CloseFrame {
  int code = 1011;
  std::string reason;  // at most 123 bytes
};

// 401 -> 4401, 403 -> 4403, 404 -> 4404, 429 -> 1013 with the seconds to wait; anything else -> 1011.
CloseFrame closeFor(const Problem& problem);

}  // namespace mortise::kernel
