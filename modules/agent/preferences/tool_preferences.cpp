#include "preferences/tool_preferences.hpp"

#include <mortise/rows.hpp>

#include <utility>

namespace agent {

namespace db = mortise::db;

ToolSwitches ToolPreferences::of(std::string_view userId, ToolKind kind) const {
  ToolSwitches out;
  for (auto& one : db::rows<ToolPreference>(db_, "WHERE user_id = :user_id AND type = :type",
                                            {{"user_id", userId}, {"type", kind}}))
    out.emplace(std::move(one.toolId), one.enabled);
  return out;
}

void ToolPreferences::set(std::string_view userId, ToolKind kind, std::string_view toolId, bool enabled) const {
  db::upsert(db_, ToolPreference{std::string(userId), kind, std::string(toolId), enabled, mortise::now()});
}

std::int64_t ToolPreferences::forgetTool(ToolKind kind, std::string_view toolId) const {
  return db_.execute("DELETE FROM agent_tool_preferences WHERE type = :type AND tool_id = :tool_id",
                     {{"type", kind}, {"tool_id", toolId}});
}

std::int64_t ToolPreferences::forgetUser(std::string_view userId) const {
  return db_.execute("DELETE FROM agent_tool_preferences WHERE user_id = :user_id", {{"user_id", userId}});
}

}  // namespace agent
