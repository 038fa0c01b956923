// A group of an organisation's projects, and who is in it: fields, columns, JSON; and the roles in a group.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

// Each may do what those before it may.
enum class GroupRole : std::uint8_t { reader, editor, admin };
constexpr auto mortiseNames(GroupRole) {
  return mortise::names<GroupRole>(
      {{GroupRole::reader, "reader"}, {GroupRole::editor, "editor"}, {GroupRole::admin, "admin"}});
}

struct ProjectGroup {
  std::string id;  // pg_ and 24 hexadecimal digits
  std::string orgId;
  std::string slug;  // unique in the organisation
  std::string name;
  std::string description;
  bool compileEnabled = false;
  std::optional<mortise::Time> contextCompiledAt;
  std::int64_t memberCount = 0;
  std::int64_t projectCount = 0;
  mortise::Time createdAt;
  mortise::Time updatedAt;

  static constexpr auto kFields =
      mortise::fields("projects_groups", mortise::field("id", &ProjectGroup::id).key(),
                      mortise::field("org_id", &ProjectGroup::orgId).fixed(),
                      mortise::field("slug", &ProjectGroup::slug), mortise::field("name", &ProjectGroup::name),
                      mortise::field("description", &ProjectGroup::description),
                      mortise::field("compile_enabled", &ProjectGroup::compileEnabled).hidden(),
                      mortise::field("context_compiled_at", &ProjectGroup::contextCompiledAt).hidden(),
                      mortise::field("member_count", &ProjectGroup::memberCount),
                      mortise::field("project_count", &ProjectGroup::projectCount),
                      mortise::field("created_at", &ProjectGroup::createdAt).fixed().hidden(),
                      mortise::field("updated_at", &ProjectGroup::updatedAt).hidden())
          .times(mortise::kIsoMicros);
};

// A member of a group. The group's id stands in the table alone: whoever asks knows it.
struct GroupMember {
  std::string userId;
  GroupRole role = GroupRole::reader;
  std::string addedBy;
  mortise::Time addedAt;

  static constexpr auto kFields =
      mortise::fields("projects_group_members", mortise::field("user_id", &GroupMember::userId),
                      mortise::field("role", &GroupMember::role), mortise::field("added_by", &GroupMember::addedBy),
                      mortise::field("added_at", &GroupMember::addedAt));
};

}  // namespace projects
