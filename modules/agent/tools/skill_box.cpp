#include "tools/skill_box.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <exception>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;

constexpr std::size_t kSelected = 12;
constexpr std::size_t kGuides = 6;
constexpr std::size_t kGuideCharacters = 1200;
constexpr std::size_t kAllGuideCharacters = 8000;
constexpr std::chrono::seconds kRuns{120};
constexpr std::string_view kRoot = "/home/ubuntu/workspace/.skills/";

std::string quotedForShell(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

SkillBox::SkillBox(mortise::SkillsCatalog catalog, mortise::Log log, const TaskFacts& task)
    : catalog_(catalog), log_(log), hasBox_(task.hasBox), pool_(catalog_.list(task.userId)) {}

void SkillBox::select(std::string_view message, const std::function<bool()>& stopped) {
  tools_.clear();
  guides_.clear();
  if (pool_.empty()) return;
  try {
    std::vector<std::string> ids;
    for (const auto& skill : pool_) ids.push_back(skill.id);
    std::vector<std::string> chosen;
    for (const auto& choice : catalog_.select(message, ids, kSelected)) chosen.push_back(choice.id);
    for (auto& tool : catalog_.tools(chosen)) {
      // What runs commands needs a box.
      if (tool.modelInvocable && (tool.runtimeType != "native" || hasBox_)) tools_.push_back(std::move(tool));
    }
    std::size_t shown = 0;
    for (const auto& id : chosen) {
      if (shown == kGuides || stopped()) break;
      const auto texts = catalog_.find(id);
      if (!texts) continue;
      const auto& text = !texts->contextBlob.empty() ? texts->contextBlob
                         : !texts->body.empty()      ? texts->body
                                                     : texts->skill.description;
      const auto room = kAllGuideCharacters - std::min(kAllGuideCharacters, mortise::characterCount(guides_));
      const auto part = "## " + texts->skill.name + " (" + texts->skill.slug + ")\n" +
                        mortise::firstCharacters(text, kGuideCharacters) + "\n\n";
      guides_ += mortise::firstCharacters(part, room);
      ++shown;
    }
    for (const auto& id : chosen) {
      if (stopped()) return;
      const bool runs = std::any_of(tools_.begin(), tools_.end(), [&](const auto& tool) {
        return tool.skillId == id && tool.runtimeType == "native";
      });
      if (!runs) continue;
      if (const auto fault = bring(id, stopped); !fault.empty())
        log_.warning("the files of a skill can't be brought into a box", {{"skill", id}, {"reason", fault}});
    }
  } catch (const mortise::Problem& problem) {
    log_.warning("the skills of a task can't be read", {{"reason", problem.note()}});
  }
}

std::vector<mortise::models::Tool> SkillBox::tools() {
  std::vector<mortise::models::Tool> out;
  for (const auto& tool : tools_) {
    out.push_back({tool.functionName, tool.description,
                   json::object({{"type", "object"},
                                 {"properties", json::raw(tool.parameters.empty() ? "{}" : tool.parameters)},
                                 {"required", json::raw(tool.required.empty() ? "[]" : tool.required)}})
                       .text()});
  }
  return out;
}

ToolResult SkillBox::call(std::string_view function, std::string_view arguments, const ToolContext& context) {
  const auto tool =
      std::find_if(tools_.begin(), tools_.end(), [&](const auto& each) { return each.functionName == function; });
  ToolResult result;
  if (tool == tools_.end()) {
    result = failure("unknown tool");
  } else {
    try {
      if (tool->riskLevel == "high" && catalog_.policyMode() == "enforce_confirmation" &&
          !loop_.takeApproval(function)) {
        loop_.refused(function);
        result = failure("APPROVAL_REQUIRED");
        result.data = json::object({{"approval_required", true},
                                    {"skill_id", tool->skillId},
                                    {"tool_name", tool->name},
                                    {"risk_level", tool->riskLevel}})
                          .text();
      } else {
        result = run(*tool, arguments, context);
      }
    } catch (const mortise::Problem& problem) {
      log_.warning("a tool of a skill failed",
                   {{"skill", tool->skillId}, {"tool", tool->name}, {"reason", problem.note()}});
      result = failure("The skill can't be used now: " + problem.code());
    }
  }
  const bool hasData = result.data != "null" && !result.data.empty();
  result.content =
      json::object({{"skill_result", hasData ? json::raw(result.data) : json::value(result.message)}}).text();
  return result;
}

ToolResult SkillBox::run(const mortise::CatalogTool& tool, std::string_view arguments, const ToolContext& context) {
  rapidjson::Document entry;
  if (!parseJson(tool.entry, entry)) entry.SetObject();
  if (tool.runtimeType == "mcp") return loop_.call(textMember(entry, "tool_name"), arguments, context);
  if (tool.runtimeType == "a2a") {
    rapidjson::Document document;
    const bool read = parseJson(arguments, document);
    auto query = read ? textMember(document, "query") : std::string();
    if (query.empty()) query = arguments;
    return loop_.call("call_remote_agent",
                      json::object({{"id", textMember(entry, "agent_id")}, {"query", query}}).text(), context);
  }
  const auto command = textMember(entry, "command");
  if (command.empty()) return failure("The tool has no command.");
  return runNative(tool, command, textMember(entry, "exec_dir"), arguments, context);
}

ToolResult SkillBox::runNative(const mortise::CatalogTool& tool, std::string_view command, std::string_view directory,
                               std::string_view arguments, const ToolContext& context) {
  if (const auto blocked = catalog_.blockedBy(command)) return failure("The command is blocked: " + *blocked);
  if (const auto fault = bring(tool.skillId, context.stopped); !fault.empty())
    return failure("The skill's files are not there: " + fault);
  const auto box = loop_.box();
  if (!box) return failure("The session has no box to run commands in.");
  const auto where = directory.empty() ? std::string(kRoot) + tool.skillId : std::string(directory);
  const auto shell = "skill-" + tool.skillId;
  auto execution = box->execute(shell, where, std::string(command) + " " + quotedForShell(arguments), context.stopped);
  auto code = execution.exitCode;
  auto output = execution.output;
  if (execution.running) {
    code = box->wait(shell, kRuns, context.stopped);
    output = box->output(shell).output;
    if (!code) box->kill(shell);
  }
  ToolResult result;
  result.success = code == 0;
  if (!code) {
    result.message = "The command ran for too long and was ended.";
  } else if (*code != 0) {
    result.message = "The command ended with " + std::to_string(*code) + ".";
  }
  result.data = json::value(cleanText(output)).text();
  return result;
}

std::string SkillBox::bring(const std::string& skillId, const std::function<bool()>& stopped) {
  const auto texts = catalog_.find(skillId);
  if (!texts) return "the skill is gone";
  const auto& version = texts->skill.lastSyncAt;
  if (texts->skill.bundleFileCount == 0 || !hasBox_) return {};
  if (const auto at = brought_.find(skillId); at != brought_.end() && at->second == version) return {};
  const auto root = std::string(kRoot) + skillId + "/";
  const auto marker = root + ".actus-sync.json";
  try {
    const auto box = loop_.box();
    if (!box) return "the box can't be opened";
    rapidjson::Document known;
    if (box->exists(marker, stopped) && parseJson(box->read({.path = marker}, stopped).text, known) &&
        textMember(known, "version") == version) {
      brought_[skillId] = version;
      return {};
    }
    for (const auto& file : catalog_.files(skillId)) {
      if (stopped()) return "the task was stopped";
      auto bytes = catalog_.readFile(skillId, file.path, version);
      box->upload(
          root + file.path, [&] { return std::exchange(bytes, {}); }, stopped);
    }
    box->write({marker, json::object({{"skill_id", skillId},
                                      {"version", version},
                                      {"synced_at", mortise::isoTime(mortise::now())},
                                      {"bundle_file_count", texts->skill.bundleFileCount}})
                            .text()},
               stopped);
    brought_[skillId] = version;
    return {};
  } catch (const mortise::Problem& problem) {
    return problem.code();
  }
}

}  // namespace agent
