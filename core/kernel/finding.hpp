// What `mortise doctor` says of one thing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace mortise::kernel {

struct Finding {
  enum class State : std::uint8_t {
    ok,
    note,     // nothing is wrong
    warning,  // the server works without it
    failed,
  };

  State state = State::ok;
  std::string name;  // "database", "module notes", "agent: shell"
  std::string text;  // what is worth knowing; of what does not work why, and what to do
};

using ReportFinding = std::function<void(const Finding& finding)>;

}  // namespace mortise::kernel
