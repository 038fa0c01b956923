#include "core/plugin/command_run.hpp"

#include <stdexcept>
#include <utility>

#include "core/base/terminal_text.hpp"
#include "core/config/values.hpp"
#include "core/plugin/host_errors.hpp"

namespace mortise::plugin {
namespace {

// As the operator writes it.
std::string shown(const ArgumentDeclaration& argument) {
  return argument.positional ? argument.value.key : "--" + argument.value.key;
}

mortise_value valueOf(config::Type type, const std::string& text) {
  mortise_value value{};
  if (type == config::Type::string) {
    value.type = MORTISE_TEXT;
    value.as.text = str(text);
  } else {
    value.type = MORTISE_INTEGER;
    value.as.integer = config::parseNumber(type, text).value_or(0);
  }
  return value;
}

}  // namespace

CommandRun::CommandRun(const CommandDeclaration& declaration, const std::map<std::string, std::string>& arguments,
                       Print print)
    : declaration_(declaration), print_(std::move(print)) {
  for (const auto& argument : declaration.arguments) {
    const auto& key = argument.value.key;
    const auto text = arguments.find(key);
    if (argument.value.type == config::Type::boolean) {
      mortise_value value{};
      value.type = MORTISE_BOOLEAN;
      value.as.boolean = text == arguments.end() ? 0 : 1;
      values_.emplace(key, value);
      continue;
    }
    if (text != arguments.end()) {
      const auto wrong = config::complaint(argument.value, text->second);
      if (!wrong.empty()) throw std::runtime_error(shown(argument) + wrong.substr(argument.value.name().size()));
    } else if (argument.required) {
      throw std::runtime_error("missing " + shown(argument) + ": " + argument.value.help);
    } else if (!argument.hasDefault) {
      continue;
    }
    const auto& value =
        texts_.emplace(key, text == arguments.end() ? argument.value.fallback : text->second).first->second;
    values_.emplace(key, valueOf(argument.value.type, value));
  }
  raw_.struct_size = sizeof raw_;
  raw_.kernel = this;
  raw_.argument = &CommandRun::argument;
  raw_.write = &CommandRun::write;
  raw_.write_error = &CommandRun::writeError;
  raw_.stopped = &CommandRun::isStopped;
}

void CommandRun::stop() {
  const std::lock_guard lock(mutex_);
  if (stopped_.exchange(true)) return;
  if (then_) then_();
}

void CommandRun::whenStopped(std::function<void()> then) {
  const std::lock_guard lock(mutex_);
  then_ = std::move(then);
  if (then_ && stopped_.load()) then_();
}

mortise_status CommandRun::argument(mortise_command* command, mortise_str name, mortise_value* value) noexcept {
  const auto& run = of(command);
  const auto entry = run.values_.find(view(name));
  if (entry != run.values_.end()) {
    *value = entry->second;
    return MORTISE_OK;
  }
  for (const auto& argument : run.declaration_.arguments) {
    if (argument.value.key == view(name)) return MORTISE_NOT_FOUND;
  }
  return MORTISE_INVALID;
}

void CommandRun::print(mortise_str text, bool isError) noexcept {
  try {
    bool read = true;
    {
      const std::lock_guard lock(printing_);
      read = print_(terminalText(view(text)), isError);
    }
    if (!read && !isError) stop();
  } catch (...) {  // no memory for the text
  }
}

void CommandRun::write(mortise_command* command, mortise_str text) noexcept { of(command).print(text, false); }
void CommandRun::writeError(mortise_command* command, mortise_str text) noexcept { of(command).print(text, true); }
int32_t CommandRun::isStopped(mortise_command* command) noexcept { return of(command).stopped() ? 1 : 0; }

}  // namespace mortise::plugin
