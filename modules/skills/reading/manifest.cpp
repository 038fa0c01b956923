#include "reading/manifest.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "policy/command_rules.hpp"
#include "text/ascii.hpp"
#include "text/characters.hpp"
#include "text/digest.hpp"
#include "text/json_text.hpp"

namespace skills {
namespace {

using mortise::Problem;
using rapidjson::Document;
using rapidjson::Value;
namespace json = mortise::json;

constexpr std::size_t kLongestName = 200;  // characters, as all of these
constexpr std::size_t kLongestDescription = 4096;
constexpr std::size_t kLongestVersion = 64;
constexpr std::size_t kLongestToolName = 128;
constexpr std::size_t kLongestCommand = 4096;
constexpr std::size_t kMostTools = 100;
constexpr std::size_t kMostKeywords = 200;
constexpr std::size_t kLongestSlug = 64;
constexpr std::size_t kLongestId = 100;
constexpr std::size_t kHashDigits = 8;
constexpr std::size_t kLargestManifest = 256 << 10;  // bytes

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
    out.name = scalar("name", kLongestName);
    if (out.name.empty() && strict_) throw missing(named("name"));
    if (out.name.empty()) out.name = fallback;
    const auto slug = scalar("slug", kLongestName);
    out.slug = slugOf(slug.empty() ? out.name : slug);
    out.description = scalar("description", kLongestDescription);
    if (const auto version = scalar("version", kLongestVersion); !version.empty()) out.version = version;
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
    std::string out(textOf(value));
    const auto from = out.find_first_not_of(" \t\r\n");
    out = from == std::string::npos ? "" : out.substr(from, out.find_last_not_of(" \t\r\n") - from + 1);
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
    const auto given = value == nullptr ? std::string_view() : textOf(*value);
    if (contains(kRuntimeTypes, given)) return std::string(given);
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
    if (keywords->Size() > kMostKeywords)
      throw Problem(422, "skill_field_count").with("field", field).with("most", kMostKeywords);
    for (rapidjson::SizeType i = 0; i < keywords->Size(); ++i)
      out.keywords.push_back(text((*keywords)[i], field + "[" + std::to_string(i) + "]", kLongestName));
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
    if (tools->Size() > kMostTools)
      throw Problem(422, "skill_field_count").with("field", named("tools")).with("most", kMostTools);
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
    out.name = optionalText(value, "name", place, kLongestToolName);
    if (out.name.empty()) throw missing(place + ".name");
    out.description = optionalText(value, "description", place, kLongestDescription);
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
    for (const char* name : {"exec_dir", "tool_name", "agent_id"}) optionalText(entry, name, place, kLongestName);
    const auto command = optionalText(entry, "command", place, kLongestCommand);
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

std::string lastSegment(std::string_view ref) {
  while (!ref.empty() && ref.back() == '/') ref.remove_suffix(1);
  const auto slash = ref.find_last_of("/:");
  return std::string(slash == std::string_view::npos ? ref : ref.substr(slash + 1));
}

std::string_view trimmed(std::string_view line) {
  const auto from = line.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(" \t\r") - from + 1);
}

// The text of "# Heading"; closing #s are no part of it.
std::string_view headingOf(std::string_view line) {
  if (line.size() < 2 || line[0] != '#' || (line[1] != ' ' && line[1] != '\t')) return {};
  auto text = trimmed(line.substr(1));
  const auto end = text.find_last_not_of('#');
  if (end == std::string_view::npos) return {};
  if (end + 1 < text.size() && text[end] == ' ') text = trimmed(text.substr(0, end));
  return text;
}

json::Value toolJson(const Tool& tool) {
  return json::object({{"name", tool.name},
                       {"description", tool.description},
                       {"parameters", json::raw(tool.parameters)},
                       {"required", json::raw(tool.required)},
                       {"entry", json::raw(tool.entry)},
                       {"policy", json::raw(tool.policyJson)}});
}

}  // namespace

std::string_view Manifest::riskLevelOf(const Tool& tool) const {
  if (!tool.policy.riskLevel.empty()) return tool.policy.riskLevel;
  if (!policy.riskLevel.empty()) return policy.riskLevel;
  return kRiskLevels.front();
}

bool Manifest::isModelInvocable(const Tool& tool) const {
  using Invocable = ToolPolicy::Invocable;
  if (tool.policy.modelInvocable != Invocable::unsaid) return tool.policy.modelInvocable == Invocable::yes;
  return policy.modelInvocable != Invocable::no;
}

std::string fallbackName(std::string_view body, std::string_view sourceRef) {
  bool fenced = false;  // "# comment" of a shell example is no heading
  for (std::size_t at = 0; at < body.size();) {
    const auto end = std::min(body.find('\n', at), body.size());
    const auto line = body.substr(at, end - at);
    at = end + 1;
    if (trimmed(line).substr(0, 3) == "```") fenced = !fenced;
    if (fenced) continue;
    const auto heading = headingOf(line);
    if (!heading.empty()) return std::string(firstCharacters(heading, kLongestName));
  }
  return std::string(firstCharacters(lastSegment(sourceRef), kLongestName));
}

Manifest manifestFromFrontMatter(std::string_view text, std::string_view fallback) {
  return Reader(text, "SKILL.md", false).read(fallback);
}

Manifest manifestFromRequest(std::string_view text) {
  if (text.size() > kLargestManifest)
    throw Problem(422, "skill_manifest_too_large").with("most", kLargestManifest >> 10);
  return Reader(text, "manifest", true).read({});
}

Manifest manifestFromDisk(std::string_view text) { return Reader(text, "manifest", true).read({}); }

std::string manifestJson(const Manifest& manifest) {
  return json::object({{"name", manifest.name},
                       {"slug", manifest.slug},
                       {"description", manifest.description},
                       {"version", manifest.version},
                       {"runtime_type", manifest.runtimeType},
                       {"tools", json::list(manifest.tools, toolJson)},
                       {"activation", json::raw(manifest.activation)},
                       {"policy", json::raw(manifest.policyJson)},
                       {"security", json::raw(manifest.security)}})
      .text();
}

std::string slugOf(std::string_view text) {
  if (text.empty()) return "skill";
  std::string out;
  for (const char c : text) {
    if (ascii::isAlphanumeric(c)) {
      out.push_back(ascii::lower(c));
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  if (!out.empty() && out.back() == '-') out.pop_back();
  const auto hash = sha1Hex({text}).substr(0, kHashDigits);
  if (out.empty()) return "skill-" + hash;
  if (out.size() <= kLongestSlug) return out;
  out.resize(kLongestSlug - kHashDigits - 1);
  return out + (out.back() == '-' ? "" : "-") + hash;
}

std::string idOf(std::string_view slug, std::string_view sourceType, std::string_view sourceRef) {
  const auto hash = sha1Hex({sourceType, ":", sourceRef});
  return std::string(slug) + "--" + hash.substr(0, kHashDigits);
}

bool isSkillId(std::string_view text) {
  constexpr std::size_t kTail = kHashDigits + 2;
  if (text.size() <= kTail || text.size() > kLongestId) return false;
  const auto slug = text.substr(0, text.size() - kTail);
  const auto tail = text.substr(text.size() - kTail);
  if (tail.substr(0, 2) != "--") return false;
  const auto isHex = [](char c) { return ascii::isDigit(c) || (c >= 'a' && c <= 'f'); };
  const auto isOfSlug = [](char c) { return ascii::isDigit(c) || ascii::isLower(c) || c == '-'; };
  return std::all_of(slug.begin(), slug.end(), isOfSlug) && std::all_of(tail.begin() + 2, tail.end(), isHex);
}

}  // namespace skills
