#include "reading/manifest_reader.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "policy/command_rules.hpp"
#include "reading/skill_id.hpp"
#include "text/ascii.hpp"
#include "text/characters.hpp"
#include "text/json_text.hpp"

namespace skills {
namespace {

using mortise::Problem;
using rapidjson::Document;
using rapidjson::Value;

constexpr std::size_t kMaxDescription = 4096;  // characters, as all of these
constexpr std::size_t kMaxVersion = 64;
constexpr std::size_t kMaxToolName = 128;
constexpr std::size_t kMaxCommand = 4096;
constexpr std::size_t kMaxTools = 100;
constexpr std::size_t kMaxKeywords = 200;
constexpr std::size_t kMaxManifest = 256 << 10;  // bytes

constexpr std::array<std::string_view, 3> kRuntimeTypes = {"native", "mcp", "a2a"};
constexpr std::array<std::string_view, 3> kRiskLevels = {"low", "medium", "high"};

template <std::size_t Size>
bool contains(const std::array<std::string_view, Size>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <std::size_t Size>
std::string listed(const std::array<std::string_view, Size>& words) {
  std::string out;
  for (const auto word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

Problem missing(const std::string& field) { return Problem(422, "skill_field_missing").with("field", field); }
Problem wrongType(const std::string& field, const char* expected) {
  return Problem(422, "skill_field_type").with("field", field).with("expected", expected);
}
Problem wrongValue(const std::string& field, const std::string& expected) {
  return Problem(422, "skill_field_value").with("field", field).with("expected", expected);
}

// Reads one document; `place` begins the names of fields in messages.
class Reader {
 public:
  Reader(std::string_view text, std::string place, bool strict) : place_(std::move(place)), strict_(strict) {
    if (!parseJson(text, root_) || !root_.IsObject()) throw wrongType(place_, "object");
    parseJsonNumbersAsText(text, numbers_);  // what was read once is read again
  }

  Manifest read(std::string_view fallback) {
    Manifest out;
    out.name = scalar("name", kMaxNameCharacters);
    if (out.name.empty() && strict_) throw missing(named("name"));
    if (out.name.empty()) out.name = fallback;
    const auto slug = scalar("slug", kMaxNameCharacters);
    out.slug = slugOf(slug.empty() ? out.name : slug);
    out.description = scalar("description", kMaxDescription);
    if (const auto version = scalar("version", kMaxVersion); !version.empty()) out.version = version;
    out.runtimeType = runtimeType();
    out.activation = object(root_, "activation", place_);
    readKeywords(out);
    out.policyJson = object(root_, "policy", place_);
    out.policy = policy(memberOf(root_, "policy"), named("policy"));
    out.security = object(root_, "security", place_);
    readTools(out);
    return out;
  }

 private:
  std::string named(std::string_view field) const { return place_ + "." + std::string(field); }

  // A text, or a number or truth value as it was written: `version: 1.0` is a number to YAML.
  std::string scalar(const char* name, std::size_t most) const {
    const auto* value = memberOf(root_, name);
    if (value == nullptr || value->IsNull()) return {};
    const auto field = named(name);
    if (value->IsBool()) return value->GetBool() ? "true" : "false";
    return text(value->IsNumber() ? *memberOf(numbers_, name) : *value, field, most);
  }

  static std::string text(const Value& value, const std::string& field, std::size_t most) {
    if (!value.IsString()) throw wrongType(field, "string");
    std::string out(ascii::trimmed(textOf(value)));
    if (charactersIn(out) > most) throw Problem(422, "skill_field_too_long").with("field", field).with("most", most);
    for (std::size_t at = 0; at < out.size();) {
      const auto character = characterOf(std::string_view(out).substr(at));
      const bool allowed = out[at] == '\n' || out[at] == '\t' || out[at] == '\r';
      if (isControl(character.value) && !allowed) throw Problem(422, "skill_field_control").with("field", field);
      at += character.size;
    }
    return out;
  }

  static std::string optionalText(const Value& object, const char* name, const std::string& place, std::size_t most) {
    const auto* value = memberOf(object, name);
    if (value == nullptr || value->IsNull()) return {};
    return text(*value, place + "." + name, most);
  }

  std::string runtimeType() const {
    const auto* value = memberOf(root_, "runtime_type");
    const auto type = value == nullptr ? std::string_view() : textOf(*value);
    if (contains(kRuntimeTypes, type)) return std::string(type);
    if (!strict_) return std::string(kRuntimeTypes.front());
    if (value == nullptr || value->IsNull()) throw missing(named("runtime_type"));
    throw wrongValue(named("runtime_type"), listed(kRuntimeTypes));
  }

  static std::string object(const Value& parent, const char* name, const std::string& place) {
    const auto* value = memberOf(parent, name);
    if (value == nullptr || value->IsNull()) return "{}";
    if (!value->IsObject()) throw wrongType(place + "." + name, "object");
    return toJsonText(*value);
  }

  void readKeywords(Manifest& out) const {
    const auto* activation = memberOf(root_, "activation");
    const auto* keywords = activation == nullptr ? nullptr : memberOf(*activation, "keywords");
    if (keywords == nullptr || keywords->IsNull()) return;
    const auto field = named("activation.keywords");
    if (!keywords->IsArray()) throw wrongType(field, "list");
    if (keywords->Size() > kMaxKeywords)
      throw Problem(422, "skill_field_count").with("field", field).with("most", kMaxKeywords);
    for (rapidjson::SizeType i = 0; i < keywords->Size(); ++i)
      out.keywords.push_back(text((*keywords)[i], field + "[" + std::to_string(i) + "]", kMaxNameCharacters));
  }

  static ToolPolicy policy(const Value* value, const std::string& place) {
    ToolPolicy out;
    if (value == nullptr || value->IsNull()) return out;
    if (!value->IsObject()) throw wrongType(place, "object");
    if (const auto* risk = memberOf(*value, "risk_level"); risk != nullptr && !risk->IsNull()) {
      out.riskLevel = std::string(textOf(*risk));
      if (!contains(kRiskLevels, out.riskLevel)) throw wrongValue(place + ".risk_level", listed(kRiskLevels));
    }
    if (const auto* may = memberOf(*value, "model_invocable"); may != nullptr && !may->IsNull()) {
      if (!may->IsBool()) throw wrongType(place + ".model_invocable", "boolean");
      out.modelInvocable = may->GetBool() ? ToolPolicy::Invocable::yes : ToolPolicy::Invocable::no;
    }
    return out;
  }

  void readTools(Manifest& out) const {
    const auto* tools = memberOf(root_, "tools");
    if (tools == nullptr || tools->IsNull()) return;
    if (!tools->IsArray()) throw wrongType(named("tools"), "list");
    if (tools->Size() > kMaxTools)
      throw Problem(422, "skill_field_count").with("field", named("tools")).with("most", kMaxTools);
    std::set<std::string> names;
    for (rapidjson::SizeType i = 0; i < tools->Size(); ++i) {
      const auto place = named("tools") + "[" + std::to_string(i) + "]";
      auto tool = readTool((*tools)[i], place, out.runtimeType);
      if (!names.insert(tool.name).second) throw Problem(422, "skill_field_twice").with("field", place + ".name");
      out.tools.push_back(std::move(tool));
    }
  }

  static Tool readTool(const Value& value, const std::string& place, const std::string& runtimeType) {
    if (!value.IsObject()) throw wrongType(place, "object");
    Tool out;
    out.name = optionalText(value, "name", place, kMaxToolName);
    if (out.name.empty()) throw missing(place + ".name");
    out.description = optionalText(value, "description", place, kMaxDescription);
    out.parameters = object(value, "parameters", place);
    out.required = required(value, place);
    out.entry = object(value, "entry", place);
    out.policyJson = object(value, "policy", place);
    out.policy = policy(memberOf(value, "policy"), place + ".policy");
    if (const auto* entry = memberOf(value, "entry"); entry != nullptr && entry->IsObject())
      readEntry(*entry, place + ".entry", runtimeType, out);
    return out;
  }

  static std::string required(const Value& tool, const std::string& place) {
    const auto* list = memberOf(tool, "required");
    if (list == nullptr || list->IsNull()) return "[]";
    const auto field = place + ".required";
    if (!list->IsArray()) throw wrongType(field, "list");
    for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
      if (!(*list)[i].IsString()) throw wrongType(field + "[" + std::to_string(i) + "]", "string");
    }
    return toJsonText(*list);
  }

  static void readEntry(const Value& entry, const std::string& place, const std::string& runtimeType, Tool& out) {
    for (const char* name : {"exec_dir", "tool_name", "agent_id"}) optionalText(entry, name, place, kMaxNameCharacters);
    const auto command = optionalText(entry, "command", place, kMaxCommand);
    // Of any runtime type: the type may change with the next version, and nobody would look at the command again.
    if (const auto pattern = refusedAtInstall(command))
      throw Problem(422, "skill_command_blocked")
          .with("field", place + ".command")
          .with("pattern", std::string(*pattern));
    if (runtimeType == "native") out.command = command;
  }

  std::string place_;
  bool strict_;
  Document root_;
  Document numbers_;
};

}  // namespace

Manifest manifestFromFrontMatter(std::string_view text, std::string_view fallback) {
  return Reader(text, "SKILL.md", false).read(fallback);
}

Manifest manifestFromRequest(std::string_view text) {
  if (text.size() > kMaxManifest) throw Problem(422, "skill_manifest_too_large").with("most", kMaxManifest >> 10);
  return Reader(text, "manifest", true).read({});
}

Manifest manifestFromDisk(std::string_view text) { return Reader(text, "manifest", true).read({}); }

}  // namespace skills
