#include "tools/shell_box.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <chrono>
#include <string>

#include "tools/sandbox_problem.hpp"
#include "tools/tool_arguments.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::models::Tool;
namespace json = mortise::json;

constexpr std::int64_t kDefaultWait = 60;
constexpr std::int64_t kMaxWait = 600;
constexpr std::size_t kShown = 64U << 10U;  // bytes of output in one event, the newest

#define SESSION R"("session_id":{"type":"string","description":"Name of the shell session"})"

const std::vector<Tool>& declared() {
  static const std::vector<Tool> kTools = {
      {"shell_execute",
       "Run a command with bash in a shell session of the sandbox, which is begun if need be. A command that still "
       "runs after "
       "five seconds goes on; a second command in the same session ends the first.",
       R"({"type":"object","properties":{)" SESSION
       R"(,"exec_dir":{"type":"string","description":"Absolute path of the folder to run it in"},)"
       R"("command":{"type":"string","description":"The command"}},"required":["session_id","exec_dir","command"]})"},
      {"shell_read_output", "Read what the commands of a shell session have written.",
       R"({"type":"object","properties":{)" SESSION R"(},"required":["session_id"]})"},
      {"shell_wait_process", "Wait until the command of a shell session has ended.",
       R"({"type":"object","properties":{)" SESSION
       R"(,"seconds":{"type":"integer","description":"How long to wait at most, 60 by default"}},"required":["session_id"]})"},
      {"shell_write_input", "Type text into the command that runs in a shell session.",
       R"({"type":"object","properties":{)" SESSION R"(,"input_text":{"type":"string","description":"The text"},)"
       R"("press_enter":{"type":"boolean","description":"Whether to press Enter after it"}},)"
       R"("required":["session_id","input_text","press_enter"]})"},
      {"shell_kill_process", "End the command that runs in a shell session.",
       R"({"type":"object","properties":{)" SESSION R"(},"required":["session_id"]})"}};
  return kTools;
}

#undef SESSION

json::Value recordsOf(const sandbox::ShellOutput& output) {
  json::List records;
  for (const auto& record : output.records)
    records.add(json::object({{"ps1", record.prompt}, {"command", record.command}, {"output", record.output}}));
  return records.build();
}

std::string execute(sandbox::Sandbox& box, const ToolArguments& arguments, const ToolContext& context) {
  const auto done =
      box.execute(arguments.text("session_id"), arguments.text("exec_dir"), arguments.text("command"), context.stopped);
  json::Object data;
  data.add("session_id", done.shellId)
      .add("command", done.command)
      .add("status", done.running ? "running" : "completed");
  if (done.exitCode) data.add("returncode", *done.exitCode);
  data.add("output", done.output);
  return data.build();
}

std::string readOutput(sandbox::Sandbox& box, const ToolArguments& arguments) {
  const auto output = box.output(arguments.text("session_id"));
  return json::object(
      {{"session_id", output.shellId}, {"output", output.output}, {"console_records", recordsOf(output)}});
}

void wait(sandbox::Sandbox& box, const ToolArguments& arguments, const ToolContext& context, ToolResult& result) {
  const auto seconds = std::clamp<std::int64_t>(arguments.integer("seconds").value_or(kDefaultWait), 0, kMaxWait);
  const auto code = box.wait(arguments.text("session_id"), std::chrono::seconds(seconds), context.stopped);
  if (code) {
    result.data = json::object({{"returncode", *code}});
  } else {
    result = failure("The command still runs after " + std::to_string(seconds) + " seconds");
  }
}

std::string input(sandbox::Sandbox& box, const ToolArguments& arguments) {
  box.input(arguments.text("session_id"), arguments.text("input_text"), arguments.boolean("press_enter"));
  return json::object({{"status", "success"}});
}

std::string kill(sandbox::Sandbox& box, const ToolArguments& arguments) {
  const auto code = box.kill(arguments.text("session_id"));
  return json::object({{"status", code ? "terminated" : "already_terminated"}, {"returncode", code}});
}

// The console of the session, as far as an event holds it.
std::string contentOf(sandbox::Sandbox& box, const ToolArguments& arguments) {
  if (!arguments.has("session_id")) return json::object({{"console", "(No console)"}});
  try {
    auto output = box.output(arguments.text("session_id"));
    std::size_t room = kShown;
    for (auto record = output.records.rbegin(); record != output.records.rend(); ++record) {
      if (record->output.size() > room) {
        auto from = record->output.size() - room;
        while (from < record->output.size() && (static_cast<unsigned char>(record->output[from]) & 0xc0) == 0x80)
          ++from;
        record->output = "(truncated)\n" + record->output.substr(from);
      }
      room -= std::min(room, record->output.size());
    }
    return json::object({{"console", recordsOf(output)}});
  } catch (const Problem&) {
    return "null";
  }
}

}  // namespace

std::vector<Tool> ShellBox::tools() { return declared(); }

ToolResult ShellBox::call(std::string_view function, std::string_view text, const ToolContext& context) {
  const ToolArguments arguments(text);
  ToolResult result;
  std::shared_ptr<sandbox::Sandbox> box;
  try {
    box = driver_.open(context.sessionId);
    if (function == "shell_execute") {
      result.data = execute(*box, arguments, context);
    } else if (function == "shell_read_output") {
      result.data = readOutput(*box, arguments);
    } else if (function == "shell_wait_process") {
      wait(*box, arguments, context, result);
    } else if (function == "shell_write_input") {
      result.data = input(*box, arguments);
    } else if (function == "shell_kill_process") {
      result.data = kill(*box, arguments);
    } else {
      result = failure("Unknown tool");
    }
  } catch (const Problem& problem) {
    result = failure(wordsFor(problem));
  }
  if (box) result.content = contentOf(*box, arguments);
  return result;
}

bool ShellBox::mayRepeat(std::string_view function) const {
  return function == "shell_read_output" || function == "shell_wait_process";
}

}  // namespace agent
