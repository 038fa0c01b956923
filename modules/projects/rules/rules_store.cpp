#include "rules/rules_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <iterator>
#include <string>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

std::string newEtag() { return mortise::makePrefixedId("", 16); }

}  // namespace

std::optional<ProjectRules> RulesStore::find(std::string_view projectId) const {
  return db::row<ProjectRules>(db_, "WHERE project_id = :project", {{"project", projectId}});
}

ProjectRules RulesStore::of(std::string_view projectId, mortise::Time now) const {
  if (auto rules = find(projectId)) return *std::move(rules);
  ProjectRules rules;
  rules.id = mortise::makePrefixedId("rules_");
  rules.projectId = projectId;
  rules.etag = newEtag();
  rules.createdAt = rules.updatedAt = now;
  try {
    db_.transaction([&](db::Session& session) { db::insert(session, rules); });
    return rules;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
  }
  auto others = find(projectId);  // somebody else was first
  if (!others) throw db::Error(db::Error::Kind::unavailable, "the rules of a project came and went");
  return *std::move(others);
}

bool RulesStore::change(ProjectRules& rules) const {
  return db_.transaction([&](db::Session& session) {
    auto next = rules;
    next.etag = newEtag();
    if (session.execute("UPDATE projects_rules SET etag = :next WHERE id = :id AND etag = :read",
                        {{"next", next.etag}, {"id", rules.id}, {"read", rules.etag}}) == 0)
      return false;
    db::update<&ProjectRules::staticRules, &ProjectRules::includeKnowledge, &ProjectRules::knowledgeTypes,
               &ProjectRules::knowledgeMaxTokens, &ProjectRules::includeContext, &ProjectRules::contextSections,
               &ProjectRules::contextMaxTokens, &ProjectRules::toolOverrides, &ProjectRules::enabledTools,
               &ProjectRules::updatedAt>(session, next);
    rules = std::move(next);
    return true;
  });
}

bool RulesStore::lock(std::string_view rulesId) const {
  return db_.execute("UPDATE projects_rules SET version = version WHERE id = :id", {{"id", rulesId}}) > 0;
}

std::vector<RulesVersionSummary> RulesStore::versions(std::string_view rulesId) const {
  return db::rows<RulesVersionSummary>(db_, "WHERE rules_id = :rules ORDER BY version DESC LIMIT :limit",
                                       {{"rules", rulesId}, {"limit", kKeptVersions}});
}

std::optional<RulesVersion> RulesStore::version(std::string_view rulesId, std::int64_t version) const {
  return db::row<RulesVersion>(db_, "WHERE rules_id = :rules AND version = :version",
                               {{"rules", rulesId}, {"version", version}});
}

std::optional<RulesVersionSummary> RulesStore::newest(std::string_view rulesId) const {
  return db::row<RulesVersionSummary>(db_, "WHERE rules_id = :rules ORDER BY version DESC LIMIT 1",
                                      {{"rules", rulesId}});
}

void RulesStore::add(RulesVersion version) const {
  version.bytes = std::ssize(version.staticRules) + std::ssize(version.compiledOutputs) +
                  std::ssize(version.knowledgeSnapshot) + std::ssize(version.contextSnapshot);
  db_.transaction([&](db::Session& session) {
    db::insert(session, version);
    session.execute(
        "UPDATE projects_rules SET version = :version, etag = :etag, updated_at = :at WHERE id = :id",
        {{"version", version.version}, {"etag", newEtag()}, {"at", version.compiledAt}, {"id", version.rulesId}});
    std::int64_t last = version.version - kKeptVersions, bytes = 0;
    session.each<std::int64_t, std::int64_t>(
        "SELECT version, bytes FROM projects_rules_versions WHERE rules_id = :rules ORDER BY version DESC LIMIT :kept",
        {{"rules", version.rulesId}, {"kept", kKeptVersions}}, [&](std::int64_t number, std::int64_t size) {
          bytes += size;
          if (bytes <= kKeptBytes || number == version.version) return true;
          last = number;
          return false;
        });
    session.execute("DELETE FROM projects_rules_versions WHERE rules_id = :rules AND version <= :last",
                    {{"rules", version.rulesId}, {"last", last}});
  });
}

void RulesStore::move(std::string_view fromProjectId, std::string_view toProjectId) const {
  db_.execute("UPDATE projects_rules SET project_id = :to WHERE project_id = :from",
              {{"to", toProjectId}, {"from", fromProjectId}});
}

void RulesStore::removeAllOf(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_rules WHERE project_id = :project", {{"project", projectId}});
}

}  // namespace projects
