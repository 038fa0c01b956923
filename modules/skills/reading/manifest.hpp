// What a skill says of itself, from its front matter or from the request that installs it (agent-platform.md 7.3).
#pragma once

#include <mortise/entity.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace skills {

using mortise::field;
using mortise::fields;

inline constexpr std::size_t kMaxNameCharacters = 200;

// How a skill's tools may be used; a tool's own words win over the skill's.
struct ToolPolicy {
  std::string riskLevel;  // low, medium, high; empty: not said
  enum class Invocable : char { unsaid, yes, no } modelInvocable = Invocable::unsaid;
};

struct Tool {
  std::string name;
  std::string description;
  std::string parameters = "{}";  // JSON object: the properties only
  std::string required = "[]";    // JSON list of names of properties
  std::string entry = "{}";       // JSON object: native command, exec_dir; mcp tool_name; a2a agent_id
  std::string command;            // of the entry; native only
  ToolPolicy policy;
  std::string policyJson = "{}";

  // As in JSON.
  static constexpr auto kFields =
      fields("", field("name", &Tool::name), field("description", &Tool::description),
             field("parameters", &Tool::parameters).json(), field("required", &Tool::required).json(),
             field("entry", &Tool::entry).json(), field("policy", &Tool::policyJson).json());
};

struct Manifest {
  std::string name;
  std::string slug;
  std::string description;
  std::string version = "0.1.0";
  std::string runtimeType = "native";  // native, mcp, a2a
  std::vector<Tool> tools;
  std::vector<std::string> keywords;  // of the activation
  ToolPolicy policy;
  // As they were given, JSON objects.
  std::string activation = "{}";
  std::string policyJson = "{}";
  std::string security = "{}";

  // "low" when neither the tool nor the skill says.
  std::string_view riskLevelOf(const Tool& tool) const;
  // True when neither says.
  bool isModelInvocable(const Tool& tool) const;

  // As in JSON.
  static constexpr auto kFields = fields(
      "", field("name", &Manifest::name), field("slug", &Manifest::slug), field("description", &Manifest::description),
      field("version", &Manifest::version), field("runtime_type", &Manifest::runtimeType),
      field("tools", &Manifest::tools), field("activation", &Manifest::activation).json(),
      field("policy", &Manifest::policyJson).json(), field("security", &Manifest::security).json());
};

// The manifest as a JSON object with every key, for the disk and for other modules.
std::string manifestJson(const Manifest& manifest);

}  // namespace skills
