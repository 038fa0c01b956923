#include "knowledge/compilation_store.hpp"

#include <mortise/rows.hpp>

#include <utility>

namespace projects {

namespace db = mortise::db;

namespace {

constexpr std::int64_t kDropped = 100;  // at most, for each that is added

}  // namespace

void CompilationStore::add(Compilation& compilation, std::int64_t limit) const {
  compilation.id = db_.transaction([&](db::Session& session) {
    const auto id = db::insertReturning(session, compilation).id;
    // One for each of its indexes. What lies behind a setting that was lowered goes bit by bit.
    if (compilation.pageSlug) {
      session.execute(
          "DELETE FROM projects_compilations WHERE id IN (SELECT id FROM projects_compilations "
          "WHERE project_id = :project AND page_slug IS NOT NULL AND page_slug = :slug ORDER BY id DESC "
          "LIMIT :most OFFSET :kept)",
          {{"project", compilation.projectId}, {"slug", *compilation.pageSlug}, {"most", kDropped}, {"kept", limit}});
    } else {
      session.execute(
          "DELETE FROM projects_compilations WHERE id IN (SELECT id FROM projects_compilations "
          "WHERE project_id = :project AND page_slug IS NULL ORDER BY id DESC LIMIT :most OFFSET :kept)",
          {{"project", compilation.projectId}, {"most", kDropped}, {"kept", limit}});
    }
    return id;
  });
}

std::optional<Compilation> CompilationStore::find(std::string_view projectId, std::int64_t id) const {
  return db::row<Compilation>(db_, "WHERE id = :id AND project_id = :project", {{"id", id}, {"project", projectId}});
}

std::vector<CompilationSummary> CompilationStore::list(std::string_view projectId, std::size_t limit,
                                                       std::size_t mostText) const {
  auto out = db::rows<CompilationSummary>(
      db_, "WHERE project_id = :project AND page_slug IS NULL ORDER BY id DESC LIMIT :limit",
      {{"project", projectId}, {"limit", limit}});
  // One by one: a project's documents may be large.
  for (auto& one : out) {
    if (mostText == 0) break;
    auto texts = db_.queryOne<std::optional<std::string>, std::optional<std::string>>(
        "SELECT context_before, context_after FROM projects_compilations WHERE id = :id", {{"id", one.id}});
    if (!texts) continue;
    auto& [before, after] = *texts;
    const auto size = (before ? before->size() : 0) + (after ? after->size() : 0);
    if (size > mostText) break;
    mostText -= size;
    one.contextBefore = std::move(before);
    one.contextAfter = std::move(after);
  }
  return out;
}

std::optional<mortise::Time> CompilationStore::lastAt(std::string_view projectId) const {
  return db_.queryOne<mortise::Time>(
      "SELECT compiled_at FROM projects_compilations WHERE project_id = :project AND page_slug IS NULL "
      "ORDER BY id DESC LIMIT 1",
      {{"project", projectId}});
}

std::int64_t CompilationStore::countOf(std::string_view projectId) const {
  return db::count<Compilation>(db_, "WHERE project_id = :project AND page_slug IS NULL", {{"project", projectId}});
}

void CompilationStore::removeAllOf(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_section_entries WHERE project_id = :project", {{"project", projectId}});
  // One for each of its indexes.
  db_.execute("DELETE FROM projects_compilations WHERE project_id = :project AND page_slug IS NULL",
              {{"project", projectId}});
  db_.execute("DELETE FROM projects_compilations WHERE project_id = :project AND page_slug IS NOT NULL",
              {{"project", projectId}});
}

}  // namespace projects
