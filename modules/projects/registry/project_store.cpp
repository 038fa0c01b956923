#include "registry/project_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <utility>

#include "in_parts.hpp"

namespace projects {
namespace {

namespace db = mortise::db;

void makePrimary(db::Session& session, std::string_view projectId, std::string_view repoId) {
  session.execute("UPDATE projects_repos SET is_primary = 0 WHERE project_id = :project AND is_primary = 1",
                  {{"project", projectId}});
  session.execute("UPDATE projects_repos SET is_primary = 1 WHERE project_id = :project AND id = :id",
                  {{"project", projectId}, {"id", repoId}});
  session.execute(
      "UPDATE projects_projects SET git_remote = (SELECT git_remote FROM projects_repos WHERE id = :id) WHERE id = "
      ":project",
      {{"project", projectId}, {"id", repoId}});
}

}  // namespace

std::optional<Project> ProjectStore::find(std::string_view id) const { return db::find<Project>(db_, id); }

std::optional<Project> ProjectStore::ofRemote(std::string_view gitRemote) const {
  return db::row<Project>(db_, "WHERE id = (SELECT project_id FROM projects_repos WHERE git_remote = :remote)",
                          {{"remote", gitRemote}});
}

std::vector<Project> ProjectStore::findAll(const std::vector<std::string>& ids) const {
  std::vector<Project> projects;
  eachBatch(ids, "id", [&](const db::Where& where) {
    for (auto& project : db::rows<Project>(db_, where.text(), where.parameters()))
      projects.push_back(std::move(project));
  });
  return projects;
}

std::map<std::string, std::string> ProjectStore::idsOfRemotes(const std::vector<std::string>& gitRemotes) const {
  std::map<std::string, std::string> ids;
  eachBatch(gitRemotes, "git_remote", [&](const db::Where& where) {
    db_.each<std::string, std::string>(
        "SELECT git_remote, project_id FROM projects_repos " + where.text(), where.parameters(),
        [&](std::string remote, std::string id) { ids.emplace(std::move(remote), std::move(id)); });
  });
  return ids;
}

std::vector<Project> ProjectStore::ofOwner(std::string_view userId, std::int64_t limit) const {
  return db::rows<Project>(
      db_, "WHERE owner_id = :owner AND merged_into IS NULL ORDER BY updated_at DESC, id DESC LIMIT :limit",
      {{"owner", userId}, {"limit", limit}});
}

std::vector<Project> ProjectStore::ofOrg(std::string_view orgId, std::int64_t limit) const {
  return db::rows<Project>(db_,
                           "WHERE org_id = :org AND merged_into IS NULL ORDER BY updated_at DESC, id DESC LIMIT :limit",
                           {{"org", orgId}, {"limit", limit}});
}

std::int64_t ProjectStore::countPersonal(std::string_view userId, std::int64_t most) const {
  return count("owner_id = :id AND org_id IS NULL AND merged_into IS NULL", userId, most);
}

std::int64_t ProjectStore::countOfOrg(std::string_view orgId, std::int64_t most) const {
  return count("org_id = :id AND merged_into IS NULL", orgId, most);
}

std::int64_t ProjectStore::countMerged(std::string_view into, std::int64_t most) const {
  return count("merged_into = :id", into, most);
}

std::int64_t ProjectStore::count(std::string_view condition, std::string_view id, std::int64_t most) const {
  std::string text = "SELECT COUNT(*) FROM (SELECT 1 FROM projects_projects WHERE ";
  text.append(condition).append(" LIMIT :most) AS counted");
  return db_.queryOne<std::int64_t>(text, {{"id", id}, {"most", most}}).value_or(0);
}

std::vector<Project> ProjectStore::ofGroups(std::string_view orgId, std::string_view userId, std::int64_t limit) const {
  return db::rows<Project>(
      db_,
      "WHERE id IN (SELECT p.project_id FROM projects_group_members m JOIN projects_group_projects p ON p.group_id = "
      "m.group_id WHERE m.user_id = :user) AND org_id = :org AND merged_into IS NULL ORDER BY updated_at DESC, id DESC "
      "LIMIT :limit",
      {{"user", userId}, {"org", orgId}, {"limit", limit}});
}

std::vector<std::string> ProjectStore::ownedIn(std::string_view orgId, std::string_view userId) const {
  return db_.query<std::string>(
      "SELECT id FROM projects_projects WHERE owner_id = :owner AND merged_into IS NULL AND org_id = :org ORDER BY id",
      {{"owner", userId}, {"org", orgId}});
}

std::vector<Project> ProjectStore::allOf(std::string_view userId) const {
  return db::rows<Project>(db_, "WHERE owner_id = :owner AND merged_into IS NULL ORDER BY org_id, id",
                           {{"owner", userId}});
}

std::vector<std::string> ProjectStore::scheduled(CompileSchedule schedule, mortise::Time before,
                                                 std::size_t limit) const {
  // `compile_schedule <> 'off'` is a constant of the text, so that the partial index serves.
  return db_.query<std::string>(
      "SELECT id FROM projects_projects WHERE compile_schedule = :schedule AND compile_schedule <> 'off' "
      "AND merged_into IS NULL AND COALESCE(last_scheduled_compile_at, updated_at) < :before "
      "ORDER BY COALESCE(last_scheduled_compile_at, updated_at), id LIMIT :limit",
      {{"schedule", schedule}, {"before", before}, {"limit", limit}});
}

bool ProjectStore::add(const Project& project, std::string_view document) const {
  ProjectRepo primary;
  primary.id = mortise::makePrefixedId("repo_");
  primary.projectId = project.id;
  primary.gitRemote = project.gitRemote;
  primary.isPrimary = true;
  primary.addedBy = project.ownerId;
  primary.createdAt = project.createdAt;
  try {
    db_.transaction([&](db::Session& session) {
      db::insert(session, project);
      session.execute("UPDATE projects_projects SET context_document = :text WHERE id = :id",
                      {{"text", document}, {"id", project.id}});
      db::insert(session, primary);
    });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

bool ProjectStore::lock(std::string_view id) const {
  return db_.execute("UPDATE projects_projects SET updated_at = updated_at WHERE id = :id AND merged_into IS NULL",
                     {{"id", id}}) == 1;
}

std::optional<Project> ProjectStore::findLocked(std::string_view id) const {
  return lock(id) ? find(id) : std::nullopt;
}

void ProjectStore::rename(std::string_view id, std::string_view name, mortise::Time at) const {
  db_.execute("UPDATE projects_projects SET name = :name, updated_at = :at WHERE id = :id",
              {{"name", name}, {"at", at}, {"id", id}});
}

void ProjectStore::changeSettings(const Project& project) const {
  db::update<&Project::autoNarrative, &Project::retentionDays, &Project::maxContextWords, &Project::sectionPageLimit,
             &Project::compileSchedule, &Project::compileAfterClaims, &Project::updatedAt>(db_, project);
}

void ProjectStore::moveTo(std::string_view id, const std::optional<std::string>& orgId, mortise::Time at) const {
  db_.execute("UPDATE projects_projects SET org_id = :org, updated_at = :at WHERE id = :id",
              {{"org", orgId}, {"at", at}, {"id", id}});
}

void ProjectStore::handOver(std::string_view id, std::string_view ownerId, mortise::Time at) const {
  db_.execute("UPDATE projects_projects SET owner_id = :owner, updated_at = :at WHERE id = :id",
              {{"owner", ownerId}, {"at", at}, {"id", id}});
}

void ProjectStore::markMerged(std::string_view id, std::string_view into, mortise::Time at) const {
  db_.execute(
      "UPDATE projects_projects SET merged_into = :into, context_document = '', updated_at = :at WHERE id = :id OR "
      "merged_into = :id",
      {{"into", into}, {"at", at}, {"id", id}});
}

void ProjectStore::remove(std::string_view id) const {
  db_.transaction([&](db::Session& session) {
    session.execute("DELETE FROM projects_repos WHERE project_id = :id", {{"id", id}});
    session.execute("DELETE FROM projects_projects WHERE id = :id OR merged_into = :id", {{"id", id}});
  });
}

ProjectDocument ProjectStore::document(std::string_view id) const {
  const auto row = db_.queryOne<std::string, std::int64_t>(
      "SELECT context_document, document_revision FROM projects_projects WHERE id = :id", {{"id", id}});
  return row ? ProjectDocument{std::get<0>(*row), std::get<1>(*row)} : ProjectDocument();
}

std::int64_t ProjectStore::revisionOf(std::string_view id) const {
  return db_.queryOne<std::int64_t>("SELECT document_revision FROM projects_projects WHERE id = :id", {{"id", id}})
      .value_or(0);
}

std::map<std::string, std::string> ProjectStore::documents(const std::vector<std::string>& ids,
                                                           std::size_t room) const {
  // Sizes first: a document is read only when there is room for it.
  std::map<std::string, std::size_t> sizes;
  eachBatch(ids, "id", [&](const db::Where& where) {
    db_.each<std::string, std::int64_t>(
        "SELECT id, " +
            std::string(db_.isSqlite() ? "LENGTH(CAST(context_document AS BLOB))" : "OCTET_LENGTH(context_document)") +
            " FROM projects_projects " + where.text(),
        where.parameters(),
        [&](std::string id, std::int64_t size) { sizes.emplace(std::move(id), static_cast<std::size_t>(size)); });
  });
  std::vector<std::string> read;
  for (const auto& id : ids) {
    const auto size = sizes.find(id);
    if (size == sizes.end() || size->second > room) continue;
    room -= size->second;
    read.push_back(id);
  }
  std::map<std::string, std::string> texts;
  eachBatch(read, "id", [&](const db::Where& where) {
    db_.each<std::string, std::string>(
        "SELECT id, context_document FROM projects_projects " + where.text(), where.parameters(),
        [&](std::string id, std::string text) { texts.emplace(std::move(id), std::move(text)); });
  });
  return texts;
}

std::int64_t ProjectStore::writeDocument(std::string_view id, std::string_view text, mortise::Time at) const {
  auto session = db_.write();
  return session
      .queryOne<std::int64_t>(
          "UPDATE projects_projects SET context_document = :text, document_revision = document_revision + 1, "
          "updated_at = :at WHERE id = :id AND merged_into IS NULL RETURNING document_revision",
          {{"text", text}, {"at", at}, {"id", id}})
      .value_or(0);
}

std::vector<ProjectRepo> ProjectStore::reposOf(std::string_view projectId) const {
  return db::rows<ProjectRepo>(db_, "WHERE project_id = :project ORDER BY is_primary DESC, id DESC",
                               {{"project", projectId}});
}

bool ProjectStore::link(const ProjectRepo& repo) const {
  try {
    db_.transaction([&](db::Session& session) {
      auto added = repo;
      added.isPrimary = false;
      db::insert(session, added);
      if (repo.isPrimary) projects::makePrimary(session, repo.projectId, repo.id);
    });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

std::optional<ProjectRepo> ProjectStore::unlink(std::string_view projectId, std::string_view repoId) const {
  return db_.transaction([&](db::Session& session) {
    auto repo = db::row<ProjectRepo>(session, "WHERE id = :id AND project_id = :project",
                                     {{"id", repoId}, {"project", projectId}});
    if (repo) session.execute("DELETE FROM projects_repos WHERE id = :id", {{"id", repoId}});
    return repo;
  });
}

std::string ProjectStore::oldestRepoOf(std::string_view projectId) const {
  return db_
      .queryOne<std::string>(
          "SELECT id FROM projects_repos WHERE project_id = :project ORDER BY created_at, id LIMIT 1",
          {{"project", projectId}})
      .value_or("");
}

void ProjectStore::makePrimary(std::string_view projectId, std::string_view repoId) const {
  db_.transaction([&](db::Session& session) { projects::makePrimary(session, projectId, repoId); });
}

std::int64_t ProjectStore::moveRepos(std::string_view from, std::string_view into) const {
  return db_.execute("UPDATE projects_repos SET project_id = :into, is_primary = 0 WHERE project_id = :from",
                     {{"into", into}, {"from", from}});
}

}  // namespace projects
