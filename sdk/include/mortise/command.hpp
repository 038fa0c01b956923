// Commands of a module: `mortise MODULE COMMAND`, declared in module.yaml and bound with Bindings::command().
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mortise/abi/command.h"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// One run of a command, good while its function runs. [any]
//   int show(mortise::Command& command) { command.write("hello\n"); return 0; }
// The function returns the exit status, 0 to 125; what it throws is printed, and the exit status is 1. The module was
// created and is never started; abi/command.h says what is there.
class Command {
 public:
  explicit Command(mortise_command* command) noexcept : command_(command) {}

  // Arguments as module.yaml declares them, checked by the kernel. Empty: not given, and without a default. Asking for one
  // that is not declared, or as another type, throws std::logic_error: a mistake of the module.
  std::optional<std::string> text(std::string_view argument) const {
    const auto value = get(argument, MORTISE_TEXT);
    return value ? std::optional(detail::copied(value->as.text)) : std::nullopt;
  }
  std::optional<std::int64_t> integer(std::string_view argument) const {
    const auto value = get(argument, MORTISE_INTEGER);
    return value ? std::optional(value->as.integer) : std::nullopt;
  }
  // Type duration.
  std::optional<std::chrono::milliseconds> duration(std::string_view argument) const {
    const auto value = integer(argument);
    return value ? std::optional(std::chrono::milliseconds(*value)) : std::nullopt;
  }
  // Type size, in bytes.
  std::optional<std::int64_t> size(std::string_view argument) const { return integer(argument); }
  // Type boolean: whether the switch was given.
  bool has(std::string_view argument) const {
    const auto value = get(argument, MORTISE_BOOLEAN);
    return value && value->as.boolean != 0;
  }

  // A piece of UTF-8 text to standard output, at once. Control characters but line feed and tab are shown as ?.
  void write(std::string_view text) const noexcept { command_->write(command_, detail::str(text)); }
  // The same to standard error: what is no result.
  void writeError(std::string_view text) const noexcept { command_->write_error(command_, detail::str(text)); }
  // True: end within a second. Requests through HttpClient that are under way end by themselves.
  bool stopped() const noexcept { return command_->stopped(command_) != 0; }

 private:
  std::optional<mortise_value> get(std::string_view argument, mortise_type type) const {
    mortise_value value{};
    const auto status = command_->argument(command_, detail::str(argument), &value);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    if (status != MORTISE_OK)
      throw std::logic_error("module.yaml declares no argument " + std::string(argument) + " of this command");
    if (value.type != type)
      throw std::logic_error("the argument " + std::string(argument) +
                             " is asked for as another type than module.yaml declares");
    return value;
  }

  mortise_command* command_;
};

}  // namespace mortise::inline sdk1
