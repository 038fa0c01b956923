#include "tools/tool_registry.hpp"

#include <mortise/json.hpp>

#include <utility>

#include "json_text.hpp"
#include "loop/json_repair.hpp"

namespace agent {
namespace {

namespace json = mortise::json;
using rapidjson::Document;
using rapidjson::Value;

struct Alias {
  std::string_view other;
  std::string_view own;
};
constexpr Alias kAliases[] = {{"file_read", "read_file"},
                              {"file_write", "write_file"},
                              {"file_str_replace", "replace_in_file"},
                              {"file_find_in_content", "search_in_file"},
                              {"file_find_by_name", "find_files"},
                              {"file_list", "find_files"},
                              {"shell_exec", "shell_execute"},
                              {"shell_view", "shell_read_output"},
                              {"shell_wait", "shell_wait_process"},
                              {"shell_write_to_process", "shell_write_input"},
                              {"shell_kill", "shell_kill_process"},
                              {"info_search_web", "search_web"}};
// What the sibling projects call the parameters of those.
constexpr Alias kParameters[] = {{"file", "filepath"},
                                 {"path", "dir_path"},
                                 {"id", "session_id"},
                                 {"input", "input_text"},
                                 {"glob", "glob_pattern"}};

const Value* propertiesOf(const Document& schema) {
  const auto* properties = memberOf(schema, "properties");
  return properties != nullptr && properties->IsObject() ? properties : nullptr;
}

}  // namespace

std::string_view canonicalName(std::string_view name) {
  for (const auto& alias : kAliases) {
    if (alias.other == name) return alias.own;
  }
  return name;
}

std::string resultText(const ToolResult& result) {
  return json::object({{"success", result.success},
                       {"message", result.message.empty() ? json::Item(nullptr) : json::Item(result.message)},
                       {"data", json::raw(result.data.empty() ? "null" : result.data)}})
      .text();
}

ToolRegistry::ToolRegistry(ToolBoxes boxes) : boxes_(std::move(boxes)) { refresh(); }

void ToolRegistry::refresh() {
  tools_.clear();
  byName_.clear();
  for (const auto& box : boxes_) {
    for (auto& tool : box->tools()) {
      if (!byName_.try_emplace(tool.name, Entry{box.get(), tool.parameters}).second) continue;
      tools_.push_back(std::move(tool));
    }
  }
}

ToolRegistry::Found ToolRegistry::find(std::string_view name) const {
  auto at = byName_.find(name);
  if (at == byName_.end()) at = byName_.find(canonicalName(name));
  if (at == byName_.end()) return {nullptr, std::string(name)};
  return {at->second.box, at->first};
}

std::string ToolRegistry::argumentsFor(std::string_view function, std::string_view text, std::string& missing) const {
  const auto at = byName_.find(function);
  Document schema;
  Document arguments;
  const bool isObject = repairJsonObject(text, arguments);
  if (!isObject) arguments.SetObject();
  if (at == byName_.end() || !parseJson(at->second.parameters, schema)) return mortise::models::toText(arguments);
  const auto* properties = propertiesOf(schema);
  const bool open = boolMember(schema, "additionalProperties") || properties == nullptr;
  Document out;
  out.SetObject();
  auto& room = out.GetAllocator();
  for (const auto& member : arguments.GetObject()) {
    std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (!open && !properties->HasMember(member.name)) {
      for (const auto& alias : kParameters) {
        if (alias.other == name && memberOf(*properties, alias.own) != nullptr &&
            memberOf(arguments, alias.own) == nullptr)
          name = alias.own;
      }
      if (memberOf(*properties, name) == nullptr) continue;
    }
    out.AddMember(Value(name.data(), static_cast<rapidjson::SizeType>(name.size()), room), Value(member.value, room),
                  room);
  }
  if (const auto* required = memberOf(schema, "required"); required != nullptr && required->IsArray()) {
    for (const auto& name : required->GetArray()) {
      if (!name.IsString()) continue;
      const auto* value = memberOf(out, {name.GetString(), name.GetStringLength()});
      if (value != nullptr && !value->IsNull()) continue;
      missing = name.GetString();
      break;
    }
  }
  return mortise::models::toText(out);
}

}  // namespace agent
