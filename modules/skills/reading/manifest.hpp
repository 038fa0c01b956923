// What a skill says of itself, from its front matter or from the request that installs it (agent-platform.md 7.3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skills {

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
};

// What stands in for a name that the front matter does not give: the first "#" heading of `body`, else the last
// segment of `sourceRef`.
std::string fallbackName(std::string_view body, std::string_view sourceRef);

// Both throw Problem 422 that names the field and the rule; native commands are checked against the install-time rules.
// The front matter (a JSON object, or "{}"): everything may be absent, an unknown runtime_type counts as native.
Manifest manifestFromFrontMatter(std::string_view json, std::string_view fallback);
// The manifest of a request: name and a valid runtime_type are required; at most 256 KiB.
Manifest manifestFromRequest(std::string_view json);
// What manifestJson() wrote.
Manifest manifestFromDisk(std::string_view json);

// The manifest as a JSON object with every key, for the disk and for other modules.
std::string manifestJson(const Manifest& manifest);

// Runs of what is no ASCII letter or digit become "-"; lower case; at most 64 bytes. Text without any letter or digit
// gives "skill-" and 8 hex digits of its SHA-1, empty text "skill".
std::string slugOf(std::string_view text);
// SLUG--HASH, the hash of where the skill came from first.
std::string idOf(std::string_view slug, std::string_view sourceType, std::string_view sourceRef);
// [a-z0-9-]+--[0-9a-f]{8}, at most 100 bytes: safe as the name of a directory.
bool isSkillId(std::string_view text);

}  // namespace skills
