// Which MCP and A2A servers a user switched off for the own tasks. No row: on.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace agent {

enum class ToolKind { mcp, a2a };
constexpr auto mortiseNames(ToolKind) {
  return mortise::names<ToolKind>({{ToolKind::mcp, "mcp"}, {ToolKind::a2a, "a2a"}});
}

struct ToolPreference {
  std::string userId;
  ToolKind type = ToolKind::mcp;
  std::string toolId;
  bool enabled = true;
  mortise::Time updatedAt;

  static constexpr auto kFields = mortise::fields(
      "agent_tool_preferences", mortise::field("user_id", &ToolPreference::userId).key(),
      mortise::field("type", &ToolPreference::type).key(), mortise::field("tool_id", &ToolPreference::toolId).key(),
      mortise::field("enabled", &ToolPreference::enabled), mortise::field("updated_at", &ToolPreference::updatedAt));
};

// What one user set for the tools of one kind, by id.
using ToolSwitches = std::map<std::string, bool, std::less<>>;
inline bool isOn(const ToolSwitches& switches, std::string_view toolId) {
  const auto entry = switches.find(toolId);
  return entry == switches.end() || entry->second;
}

// Every function throws db::Error. [worker]
class ToolPreferences {
 public:
  explicit ToolPreferences(mortise::Db db) : db_(db) {}
  // The same as a part of a transaction.
  ToolPreferences in(const mortise::Transaction& tx) const { return ToolPreferences(db_.in(tx)); }

  ToolSwitches of(std::string_view userId, ToolKind kind) const;
  void set(std::string_view userId, ToolKind kind, std::string_view toolId, bool enabled) const;
  // Returns how many there were.
  std::int64_t forgetTool(ToolKind kind, std::string_view toolId) const;
  std::int64_t forgetUser(std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace agent
