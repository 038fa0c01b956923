#include "knowledge/link_store.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <iterator>

namespace projects {
namespace {

namespace db = mortise::db;

std::vector<std::string> sorted(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<std::string> without(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  std::vector<std::string> out;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(out));
  return out;
}

}  // namespace

void LinkStore::put(const KnowledgeLink& link) const { putAll({link}); }

void LinkStore::putAll(const std::vector<KnowledgeLink>& links) const {
  if (links.empty()) return;
  db_.transaction([&](db::Session& session) {
    for (const auto& link : links) db::upsert(session, link);
  });
}

std::vector<KnowledgeLink> LinkStore::backlinks(std::string_view projectId, std::string_view targetType,
                                                std::string_view targetId, std::size_t limit) const {
  return db::rows<KnowledgeLink>(
      db_, "WHERE project_id = :project AND target_type = :type AND target_id = :target ORDER BY id LIMIT :limit",
      {{"project", projectId}, {"type", targetType}, {"target", targetId}, {"limit", limit}});
}

std::vector<std::int64_t> LinkStore::entriesOf(std::string_view projectId, std::string_view pageId,
                                               std::size_t limit) const {
  return db_.query<std::int64_t>(
      "SELECT e.id FROM projects_links l JOIN projects_entries e ON e.id = CAST(l.source_id AS BIGINT) "
      "WHERE l.project_id = :project AND l.target_type = 'page' AND l.target_id = :page AND l.source_type = 'entry' "
      "AND l.link_type = 'contributes' AND e.dismissed = 0 AND e.freshness_class <> 'superseded' "
      "ORDER BY l.id DESC LIMIT :limit",
      {{"project", projectId}, {"page", pageId}, {"limit", limit}});
}

bool LinkStore::hasEntries(std::string_view projectId, std::string_view pageId) const {
  return db_
      .queryOne<std::int64_t>(
          "SELECT 1 FROM projects_links l JOIN projects_entries e ON e.id = CAST(l.source_id AS BIGINT) "
          "WHERE l.project_id = :project AND l.target_type = 'page' AND l.target_id = :page "
          "AND l.source_type = 'entry' AND l.link_type = 'contributes' AND e.dismissed = 0 LIMIT 1",
          {{"project", projectId}, {"page", pageId}})
      .has_value();
}

void LinkStore::replaceFrom(std::string_view projectId, std::string_view sourceType, std::string_view sourceId,
                            std::string_view linkType, std::string_view targetType,
                            const std::vector<std::string>& targets, mortise::Time at) const {
  const auto newIds = sorted(targets);
  db_.transaction([&](db::Session& session) {
    const auto oldIds = sorted(session.query<std::string>(
        "SELECT target_id FROM projects_links WHERE project_id = :project AND source_type = :source_type "
        "AND source_id = :source AND target_type = :target_type AND link_type = :type",
        {{"project", projectId},
         {"source_type", sourceType},
         {"source", sourceId},
         {"target_type", targetType},
         {"type", linkType}}));
    for (const auto& target : without(oldIds, newIds)) {
      session.execute(
          "DELETE FROM projects_links WHERE project_id = :project AND source_type = :source_type AND source_id = "
          ":source AND target_type = :target_type AND target_id = :target",
          {{"project", projectId},
           {"source_type", sourceType},
           {"source", sourceId},
           {"target_type", targetType},
           {"target", target}});
    }
    for (const auto& target : without(newIds, oldIds)) {
      db::upsert(session, KnowledgeLink{.projectId = std::string(projectId),
                                        .sourceType = std::string(sourceType),
                                        .sourceId = std::string(sourceId),
                                        .targetType = std::string(targetType),
                                        .targetId = target,
                                        .linkType = std::string(linkType),
                                        .createdAt = at});
    }
  });
}

void LinkStore::addTo(std::string_view projectId, std::string_view sourceType, const std::vector<std::string>& sources,
                      std::string_view linkType, std::string_view targetType, std::string_view targetId,
                      mortise::Time at) const {
  std::vector<KnowledgeLink> links;
  for (const auto& source : sorted(sources)) {
    links.push_back({.projectId = std::string(projectId),
                     .sourceType = std::string(sourceType),
                     .sourceId = source,
                     .targetType = std::string(targetType),
                     .targetId = std::string(targetId),
                     .linkType = std::string(linkType),
                     .createdAt = at});
  }
  putAll(links);
}

void LinkStore::removeOf(std::string_view projectId, std::string_view type, std::string_view id) const {
  db_.transaction([&](db::Session& session) {
    session.execute(
        "DELETE FROM projects_links WHERE project_id = :project AND source_type = :type AND source_id = :id",
        {{"project", projectId}, {"type", type}, {"id", id}});
    session.execute(
        "DELETE FROM projects_links WHERE project_id = :project AND target_type = :type AND target_id = :id",
        {{"project", projectId}, {"type", type}, {"id", id}});
  });
}

void LinkStore::removeAllOf(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_links WHERE project_id = :project", {{"project", projectId}});
}

}  // namespace projects
