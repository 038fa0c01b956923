#include "tools/file_box.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <string>

#include "tools/sandbox_problem.hpp"
#include "tools/tool_arguments.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::models::Tool;
using sandbox::Stopped;
namespace json = mortise::json;

constexpr std::int64_t kDefaultLength = 10000;
constexpr std::int64_t kMaxLength = 200000;
constexpr std::size_t kShown = 10000;  // characters in an event

const std::vector<Tool>& declared() {
  static const std::vector<Tool> kTools = {
      {"read_file", "Read a text file of the sandbox, whole or some of its lines.",
       R"({"type":"object","properties":{)"
       R"("filepath":{"type":"string","description":"Absolute path of the file"},)"
       R"("start_line":{"type":"integer","description":"First line to read, counted from 0"},)"
       R"("end_line":{"type":"integer","description":"Line to stop before"},)"
       R"("sudo":{"type":"boolean","description":"Whether to read it with sudo"},)"
       R"("max_length":{"type":"integer","description":"Most characters to return, 10000 by default"}},)"
       R"("required":["filepath"]})"},
      {"write_file", "Write or append text to a file of the sandbox; folders that are missing are made.",
       R"({"type":"object","properties":{)"
       R"("filepath":{"type":"string","description":"Absolute path of the file"},)"
       R"("content":{"type":"string","description":"Text to write"},)"
       R"("append":{"type":"boolean","description":"Whether to append in place of overwriting"},)"
       R"("leading_newline":{"type":"boolean","description":"Whether to put a newline before the text"},)"
       R"("trailing_newline":{"type":"boolean","description":"Whether to put a newline after the text"},)"
       R"("sudo":{"type":"boolean","description":"Whether to write it with sudo"}},)"
       R"("required":["filepath","content"]})"},
      {"replace_in_file", "Replace a text by another one wherever it stands in a file of the sandbox.",
       R"({"type":"object","properties":{)"
       R"("filepath":{"type":"string","description":"Absolute path of the file"},)"
       R"("old_str":{"type":"string","description":"Text to replace, exactly as it stands"},)"
       R"("new_str":{"type":"string","description":"Text to put in its place"},)"
       R"("sudo":{"type":"boolean","description":"Whether to write it with sudo"}},)"
       R"("required":["filepath","old_str","new_str"]})"},
      {"search_in_file", "Find the lines of a file of the sandbox that a regular expression matches.",
       R"({"type":"object","properties":{)"
       R"("filepath":{"type":"string","description":"Absolute path of the file"},)"
       R"("regex":{"type":"string","description":"Regular expression, without look-around and back references"},)"
       R"("sudo":{"type":"boolean","description":"Whether to read it with sudo"}},)"
       R"("required":["filepath","regex"]})"},
      {"find_files", "Find files and folders of the sandbox by a pattern of their names.",
       R"({"type":"object","properties":{)"
       R"("dir_path":{"type":"string","description":"Absolute path of the folder to look in"},)"
       R"("glob_pattern":{"type":"string","description":"Pattern with *, ? and [a-z]; ** stands for any number of folders"}},)"
       R"("required":["dir_path","glob_pattern"]})"}};
  return kTools;
}

std::string read(sandbox::Sandbox& box, const ToolArguments& arguments, ToolResult& result, const Stopped& stopped) {
  const auto length = std::clamp<std::int64_t>(arguments.integer("max_length").value_or(kDefaultLength), 1, kMaxLength);
  const auto file = box.read({.path = arguments.text("filepath"),
                              .startLine = arguments.integer("start_line"),
                              .endLine = arguments.integer("end_line"),
                              .most = static_cast<std::size_t>(length),
                              .sudo = arguments.boolean("sudo")},
                             stopped);
  if (file.cut) result.message = "The file goes on after these " + std::to_string(length) + " characters";
  return json::object({{"filepath", file.path}, {"content", file.text + (file.cut ? "(truncated)" : "")}});
}

std::string write(sandbox::Sandbox& box, const ToolArguments& arguments, const Stopped& stopped) {
  const auto text = (arguments.boolean("leading_newline") ? "\n" : "") + arguments.text("content") +
                    (arguments.boolean("trailing_newline") ? "\n" : "");
  const auto path = arguments.text("filepath");
  const auto bytes = box.write(
      {.path = path, .text = text, .append = arguments.boolean("append"), .sudo = arguments.boolean("sudo")}, stopped);
  return json::object({{"filepath", path}, {"bytes_written", bytes}});
}

std::string replace(sandbox::Sandbox& box, const ToolArguments& arguments, ToolResult& result, const Stopped& stopped) {
  const auto path = arguments.text("filepath");
  const auto count =
      box.replace(path, arguments.text("old_str"), arguments.text("new_str"), stopped, arguments.boolean("sudo"));
  if (count == 0) result.message = "The text does not stand in the file; nothing was changed";
  return json::object({{"filepath", path}, {"replaced_count", count}});
}

std::string search(sandbox::Sandbox& box, const ToolArguments& arguments, ToolResult& result, const Stopped& stopped) {
  const auto matches =
      box.search(arguments.text("filepath"), arguments.text("regex"), stopped, arguments.boolean("sudo"));
  if (matches.cut) result.message = "There may be more matches than these";
  return json::object({{"filepath", matches.path},
                       {"matches", json::list(matches.lines)},
                       {"line_numbers", json::list(matches.numbers)}});
}

std::string find(sandbox::Sandbox& box, const ToolArguments& arguments, const Stopped& stopped) {
  const auto path = arguments.text("dir_path");
  return json::object(
      {{"dir_path", path}, {"files", json::list(box.find(path, arguments.text("glob_pattern"), stopped))}});
}

// The file as it is after the call.
std::string contentOf(sandbox::Sandbox& box, const ToolArguments& arguments, const Stopped& stopped) {
  if (!arguments.has("filepath")) return json::object({{"content", "(No Content)"}});
  try {
    const auto file =
        box.read({.path = arguments.text("filepath"), .most = kShown, .sudo = arguments.boolean("sudo")}, stopped);
    return json::object({{"content", file.text + (file.cut ? "(truncated)" : "")}});
  } catch (const Problem&) {
    return "null";
  }
}

}  // namespace

std::vector<Tool> FileBox::tools() { return declared(); }

ToolResult FileBox::call(std::string_view function, std::string_view text, const ToolContext& context) {
  const ToolArguments arguments(text);
  ToolResult result;
  std::shared_ptr<sandbox::Sandbox> box;
  try {
    box = driver_.open(context.sessionId);
    if (function == "read_file") {
      result.data = read(*box, arguments, result, context.stopped);
    } else if (function == "write_file") {
      result.data = write(*box, arguments, context.stopped);
    } else if (function == "replace_in_file") {
      result.data = replace(*box, arguments, result, context.stopped);
    } else if (function == "search_in_file") {
      result.data = search(*box, arguments, result, context.stopped);
    } else if (function == "find_files") {
      result.data = find(*box, arguments, context.stopped);
    } else {
      result = failure("Unknown tool");
    }
  } catch (const Problem& problem) {
    result = failure(wordsFor(problem));
  }
  if (box) result.content = contentOf(*box, arguments, context.stopped);
  return result;
}

bool FileBox::mayRepeat(std::string_view function) const {
  return function == "read_file" || function == "search_in_file" || function == "find_files";
}

}  // namespace agent
