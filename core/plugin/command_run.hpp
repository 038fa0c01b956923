// One run of a command of a module: the object behind a mortise_command*.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/plugin/manifest.hpp"
#include "mortise/abi/command.h"

namespace mortise::plugin {

class CommandRun {
 public:
  // Prints a piece of text that steers no terminal; false: the reader of the output has ended. Called by one thread at
  // a time.
  using Print = std::function<bool(std::string_view text, bool isError)>;

  // `arguments`: name -> text, as the command line has it; a switch that was given has any text. Throws
  // std::runtime_error, one sentence, for an argument that lacks or does not fit. `declaration` must outlive it.
  CommandRun(const CommandDeclaration& declaration, const std::map<std::string, std::string>& arguments, Print print);
  CommandRun(const CommandRun&) = delete;
  CommandRun& operator=(const CommandRun&) = delete;

  const std::string& name() const { return declaration_.name; }
  mortise_command* raw() { return &raw_; }

  // From now on the command is asked to stop. Any thread.
  void stop();
  bool stopped() const { return stopped_.load(); }
  // Called when it is asked to stop, or at once when it was already; null: nothing any more. On return no call of the
  // earlier function is running.
  void whenStopped(std::function<void()> then);

 private:
  static CommandRun& of(mortise_command* command) { return *static_cast<CommandRun*>(command->kernel); }
  static mortise_status argument(mortise_command* command, mortise_str name, mortise_value* value) noexcept;
  static void write(mortise_command* command, mortise_str text) noexcept;
  static void writeError(mortise_command* command, mortise_str text) noexcept;
  static int32_t isStopped(mortise_command* command) noexcept;
  void print(mortise_str text, bool isError) noexcept;

  const CommandDeclaration& declaration_;
  std::map<std::string, std::string, std::less<>> texts_;  // of arguments that have a value
  std::map<std::string, mortise_value, std::less<>> values_;
  const Print print_;
  std::mutex printing_;
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::function<void()> then_;
  mortise_command raw_{};
};

}  // namespace mortise::plugin
