// What is told of a sandbox service that does not do what it should.
#pragma once

#include <mortise/problem.hpp>

#include <string>
#include <utility>

namespace agent::sandbox {

// 503 sandbox_unavailable. `note`: for the operator.
inline mortise::Problem serviceUnavailable(std::string note) {
  return mortise::Problem(503, "sandbox_unavailable")
      .with("reason", "the sandbox service does not answer as it should")
      .note(std::move(note));
}
// The same of its streams, which may be there a moment later.
inline mortise::Problem streamUnavailable(std::string note) {
  return serviceUnavailable(std::move(note)).retryAfter(5);
}

}  // namespace agent::sandbox
