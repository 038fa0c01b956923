#include "groups/group_store.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

// The number of a group's members and of its projects, behind the rows.
constexpr const char* kCountMembers =
    "UPDATE projects_groups SET member_count = (SELECT COUNT(*) FROM projects_group_members WHERE group_id = :group) "
    "WHERE id = :group";
constexpr const char* kCountProjects =
    "UPDATE projects_groups SET project_count = (SELECT COUNT(*) FROM projects_group_projects WHERE group_id = :group) "
    "WHERE id = :group";

bool lock(db::Session& session, std::string_view groupId) {
  return session.execute("UPDATE projects_groups SET member_count = member_count WHERE id = :group",
                         {{"group", groupId}}) == 1;
}

// In a transaction of its own, inside another one a savepoint: the refusal undoes nothing else.
template <class Write>
bool unlessTaken(const mortise::Db& database, Write&& write) {
  try {
    database.transaction([&](db::Session& session) { write(session); });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

}  // namespace

std::optional<ProjectGroup> GroupStore::find(std::string_view id) const { return db::find<ProjectGroup>(db_, id); }

std::optional<ProjectGroup> GroupStore::ofSlug(std::string_view orgId, std::string_view slug) const {
  return db::row<ProjectGroup>(db_, "WHERE org_id = :org AND slug = :slug", {{"org", orgId}, {"slug", slug}});
}

std::vector<ProjectGroup> GroupStore::ofOrg(std::string_view orgId) const {
  return db::rows<ProjectGroup>(db_, "WHERE org_id = :org ORDER BY slug", {{"org", orgId}});
}

std::vector<ProjectGroup> GroupStore::ofUser(std::string_view orgId, std::string_view userId) const {
  return db::rows<ProjectGroup>(
      db_,
      "WHERE id IN (SELECT group_id FROM projects_group_members WHERE user_id = :user) AND org_id = :org ORDER BY slug",
      {{"user", userId}, {"org", orgId}});
}

std::vector<ProjectGroup> GroupStore::ofProject(std::string_view projectId) const {
  auto groups = db::rows<ProjectGroup>(
      db_, "WHERE id IN (SELECT group_id FROM projects_group_projects WHERE project_id = :project)",
      {{"project", projectId}});
  std::sort(groups.begin(), groups.end(), [](const ProjectGroup& a, const ProjectGroup& b) { return a.slug < b.slug; });
  return groups;
}

std::int64_t GroupStore::countOf(std::string_view orgId) const {
  return db_.queryOne<std::int64_t>("SELECT COUNT(*) FROM projects_groups WHERE org_id = :org", {{"org", orgId}})
      .value_or(0);
}

std::optional<GroupRole> GroupStore::roleFor(std::string_view userId, std::string_view projectId) const {
  std::optional<GroupRole> highest;
  db_.each<GroupRole>(
      "SELECT m.role FROM projects_group_projects p JOIN projects_group_members m ON m.group_id = p.group_id WHERE "
      "p.project_id = :project AND m.user_id = :user",
      {{"project", projectId}, {"user", userId}},
      [&](GroupRole role) { highest = highest ? std::max(*highest, role) : role; });
  return highest;
}

std::map<std::string, GroupRole> GroupStore::rolesOf(std::string_view userId) const {
  std::map<std::string, GroupRole> roles;
  db_.each<std::string, GroupRole>(
      "SELECT p.project_id, m.role FROM projects_group_members m JOIN projects_group_projects p ON p.group_id = "
      "m.group_id WHERE m.user_id = :user",
      {{"user", userId}}, [&](std::string projectId, GroupRole role) {
        auto& highest = roles.emplace(std::move(projectId), role).first->second;
        highest = std::max(highest, role);
      });
  return roles;
}

std::map<std::string, GroupRole> GroupStore::rolesByGroup(std::string_view userId) const {
  std::map<std::string, GroupRole> roles;
  db_.each<std::string, GroupRole>(
      "SELECT group_id, role FROM projects_group_members WHERE user_id = :user", {{"user", userId}},
      [&](std::string groupId, GroupRole role) { roles.emplace(std::move(groupId), role); });
  return roles;
}

std::optional<GroupRole> GroupStore::roleIn(std::string_view groupId, std::string_view userId) const {
  return db_.queryOne<GroupRole>("SELECT role FROM projects_group_members WHERE group_id = :group AND user_id = :user",
                                 {{"group", groupId}, {"user", userId}});
}

std::vector<GroupMember> GroupStore::members(std::string_view groupId) const {
  return db::rows<GroupMember>(db_, "WHERE group_id = :group ORDER BY added_at, user_id", {{"group", groupId}});
}

std::vector<std::string> GroupStore::projects(std::string_view groupId) const {
  return db_.query<std::string>(
      "SELECT project_id FROM projects_group_projects WHERE group_id = :group ORDER BY added_at, project_id",
      {{"group", groupId}});
}

bool GroupStore::lock(std::string_view groupId) const {
  auto session = db_.write();
  return projects::lock(session, groupId);
}

bool GroupStore::add(const ProjectGroup& group) const {
  return unlessTaken(db_, [&](db::Session& session) { db::insert(session, group); });
}

bool GroupStore::change(const ProjectGroup& group) const {
  return unlessTaken(db_, [&](db::Session& session) {
    db::update<&ProjectGroup::slug, &ProjectGroup::name, &ProjectGroup::description, &ProjectGroup::compileEnabled,
               &ProjectGroup::updatedAt>(session, group);
  });
}

bool GroupStore::compiled(std::string_view groupId, mortise::Time at) const {
  return db_.execute("UPDATE projects_groups SET context_compiled_at = :at WHERE id = :group",
                     {{"at", at}, {"group", groupId}}) == 1;
}

void GroupStore::remove(std::string_view groupId) const {
  db_.transaction([&](db::Session& session) {
    session.execute("DELETE FROM projects_group_members WHERE group_id = :group", {{"group", groupId}});
    session.execute("DELETE FROM projects_group_projects WHERE group_id = :group", {{"group", groupId}});
    session.execute("DELETE FROM projects_group_contexts WHERE group_id = :group", {{"group", groupId}});
    session.execute("DELETE FROM projects_groups WHERE id = :group", {{"group", groupId}});
  });
}

bool GroupStore::putMember(std::string_view groupId, const GroupMember& member, std::int64_t most) const {
  return db_.transaction([&](db::Session& session) {
    if (!projects::lock(session, groupId)) return false;
    session.execute(
        "INSERT INTO projects_group_members (group_id, user_id, role, added_by, added_at) SELECT :group, :user, :role, "
        ":by, :at WHERE (SELECT member_count FROM projects_groups WHERE id = :group) < :most OR EXISTS (SELECT 1 FROM "
        "projects_group_members WHERE group_id = :group AND user_id = :user) ON CONFLICT (group_id, user_id) DO UPDATE "
        "SET role = excluded.role",
        {{"group", groupId},
         {"user", member.userId},
         {"role", member.role},
         {"by", member.addedBy},
         {"at", member.addedAt},
         {"most", most}});
    session.execute(kCountMembers, {{"group", groupId}});
    return session
        .queryOne<std::int64_t>("SELECT 1 FROM projects_group_members WHERE group_id = :group AND user_id = :user",
                                {{"group", groupId}, {"user", member.userId}})
        .has_value();
  });
}

bool GroupStore::removeMember(std::string_view groupId, std::string_view userId) const {
  return db_.transaction([&](db::Session& session) {
    projects::lock(session, groupId);
    const auto removed =
        session.execute("DELETE FROM projects_group_members WHERE group_id = :group AND user_id = :user",
                        {{"group", groupId}, {"user", userId}});
    session.execute(kCountMembers, {{"group", groupId}});
    return removed == 1;
  });
}

bool GroupStore::putProject(std::string_view groupId, std::string_view projectId, std::string_view addedBy,
                            mortise::Time at, std::int64_t most) const {
  return db_.transaction([&](db::Session& session) {
    if (!projects::lock(session, groupId)) return false;
    session.execute(
        "INSERT INTO projects_group_projects (group_id, project_id, added_by, added_at) SELECT :group, :project, :by, "
        ":at WHERE (SELECT project_count FROM projects_groups WHERE id = :group) < :most ON CONFLICT (group_id, "
        "project_id) DO NOTHING",
        {{"group", groupId}, {"project", projectId}, {"by", addedBy}, {"at", at}, {"most", most}});
    session.execute(kCountProjects, {{"group", groupId}});
    return session
        .queryOne<std::int64_t>(
            "SELECT 1 FROM projects_group_projects WHERE group_id = :group AND project_id = :project",
            {{"group", groupId}, {"project", projectId}})
        .has_value();
  });
}

bool GroupStore::removeProject(std::string_view groupId, std::string_view projectId) const {
  return db_.transaction([&](db::Session& session) {
    projects::lock(session, groupId);
    const auto removed =
        session.execute("DELETE FROM projects_group_projects WHERE group_id = :group AND project_id = :project",
                        {{"group", groupId}, {"project", projectId}});
    if (removed == 0) return false;
    session.execute(kCountProjects, {{"group", groupId}});
    // What its document tells of the project goes as well, whatever becomes of the project.
    session.execute("DELETE FROM projects_group_contexts WHERE group_id = :group", {{"group", groupId}});
    session.execute("UPDATE projects_groups SET context_compiled_at = NULL WHERE id = :group", {{"group", groupId}});
    return true;
  });
}

void GroupStore::moveProject(std::string_view from, std::string_view into, std::string_view addedBy,
                             mortise::Time at) const {
  for (const auto& group : ofProject(from)) {
    removeProject(group.id, from);
    putProject(group.id, into, addedBy, at, group.projectCount);
  }
}

void GroupStore::forgetProject(std::string_view projectId) const {
  for (const auto& group : ofProject(projectId)) removeProject(group.id, projectId);
}

void GroupStore::forgetUser(std::string_view userId, std::string_view orgId) const {
  const auto groups = db_.query<std::string>(
      "SELECT m.group_id FROM projects_group_members m JOIN projects_groups g ON g.id = m.group_id WHERE m.user_id = "
      ":user AND (:org = '' OR g.org_id = :org) ORDER BY m.group_id",
      {{"user", userId}, {"org", orgId}});
  for (const auto& group : groups) removeMember(group, userId);
}

}  // namespace projects
