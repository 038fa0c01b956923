#include "knowledge/knowledge_part.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "knowledge/compilation_store.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/extraction_store.hpp"
#include "knowledge/link_store.hpp"

namespace projects {
namespace {

using mortise::Transaction;

constexpr std::int64_t kBatch = 500;

struct Text {
  std::int64_t id = 0;
  std::string type;
  std::string content;
};

// The next entries of a project behind the number `after`.
std::vector<Text> textsAfter(Transaction& tx, std::string_view projectId, std::int64_t after) {
  std::vector<Text> out;
  tx.each<std::int64_t, std::string, std::string>(
      "SELECT id, entry_type, content FROM projects_entries WHERE project_id = :project AND id > :after ORDER BY id "
      "LIMIT :most",
      {{"project", projectId}, {"after", after}, {"most", kBatch}},
      [&](std::int64_t id, std::string type, std::string content) {
        out.push_back({id, std::move(type), std::move(content)});
      });
  return out;
}

template <class Use>
void eachText(Transaction& tx, std::string_view projectId, Use&& use) {
  std::int64_t after = 0;
  for (auto texts = textsAfter(tx, projectId, after); !texts.empty(); texts = textsAfter(tx, projectId, after)) {
    after = texts.back().id;
    for (const auto& text : texts) use(text);
  }
}

std::string keyOf(const Text& text) {
  return std::to_string(std::hash<std::string>()(text.content)) + ":" + std::to_string(text.content.size()) + text.type;
}

// Links that go out from, or to, an entry that is not taken over.
void dropLinks(Transaction& tx, ProjectMerge& merge, std::int64_t entry) {
  const auto id = std::to_string(entry);
  for (const auto link : tx.query<std::int64_t>(
           "SELECT id FROM projects_links WHERE project_id = :project AND source_type = 'entry' AND source_id = :id "
           "UNION SELECT id FROM projects_links WHERE project_id = :project AND target_type = 'entry' AND target_id = "
           ":id",
           {{"project", merge.from}, {"id", id}})) {
    merge.skippedLinks.push_back(link);
    tx.execute("DELETE FROM projects_links WHERE id = :id", {{"id", link}});
  }
}

// What an entry that is not taken over replaced is replaced by the one that says the same.
void followReplacements(Transaction& tx, const ProjectMerge& merge) {
  std::unordered_map<std::int64_t, std::int64_t> same;
  for (const auto& duplicate : merge.entryDuplicates) same.emplace(duplicate.sourceId, duplicate.targetId);
  if (same.empty()) return;
  for (const auto& [id, by] : tx.query<std::int64_t, std::int64_t>(
           "SELECT id, superseded_by FROM projects_entries WHERE project_id = :from AND superseded_by IS NOT NULL",
           {{"from", merge.from}})) {
    const auto now = same.find(by);
    if (now == same.end()) continue;
    tx.execute("UPDATE projects_entries SET superseded_by = :by WHERE id = :id", {{"by", now->second}, {"id", id}});
  }
}

}  // namespace

void KnowledgePart::removed(Transaction& tx, std::string_view projectId) {
  const bool isSqlite = db_.isSqlite();
  eachText(tx, projectId, [&](const Text& text) { removeWords(tx, isSqlite, projectId, text.id, text.content); });
  tx.execute("DELETE FROM projects_entries WHERE project_id = :project", {{"project", projectId}});
  tx.execute("DELETE FROM projects_knowledge WHERE project_id = :project", {{"project", projectId}});
  LinkStore(db_).in(tx).removeAllOf(projectId);
  CompilationStore(db_).in(tx).removeAllOf(projectId);
  ExtractionStore(db_).in(tx).projectRemoved(projectId);
}

void KnowledgePart::merged(Transaction& tx, ProjectMerge& merge) {
  const bool isSqlite = db_.isSqlite();
  std::unordered_map<std::string, std::int64_t> known;
  eachText(tx, merge.into, [&](const Text& text) { known.emplace(keyOf(text), text.id); });
  std::int64_t moved = 0;
  eachText(tx, merge.from, [&](const Text& text) {
    removeWords(tx, isSqlite, merge.from, text.id, text.content);
    if (const auto same = known.find(keyOf(text)); same != known.end()) {
      merge.entryDuplicates.push_back({text.id, text.type, same->second});
      merge.skippedEntries.push_back(text.id);
      dropLinks(tx, merge, text.id);
      tx.execute("DELETE FROM projects_entries WHERE id = :id", {{"id", text.id}});
      return;
    }
    addWords(tx, isSqlite, merge.into, text.id, text.content);
    ++moved;
  });
  followReplacements(tx, merge);
  for (const auto& [before, after] : merge.personaRenames) {
    tx.execute("UPDATE projects_entries SET persona_name = :after WHERE project_id = :from AND persona_name = :before",
               {{"after", after}, {"from", merge.from}, {"before", before}});
  }
  // The document that told them was the other project's: they are compiled again.
  tx.execute("UPDATE projects_entries SET project_id = :into, compiled_at = NULL WHERE project_id = :from",
             {{"into", merge.into}, {"from", merge.from}});
  tx.execute(
      "INSERT INTO projects_knowledge (project_id, turns, entries) VALUES (:into, 1, :moved) "
      "ON CONFLICT (project_id) DO UPDATE SET entries = projects_knowledge.entries + excluded.entries",
      {{"into", merge.into}, {"moved", moved}});
  tx.execute("DELETE FROM projects_knowledge WHERE project_id = :from", {{"from", merge.from}});
  merge.stats["knowledge_entries"] = moved;
  merge.stats["knowledge_links"] = tx.execute("UPDATE projects_links SET project_id = :into WHERE project_id = :from",
                                              {{"into", merge.into}, {"from", merge.from}});
  CompilationStore(db_).in(tx).removeAllOf(merge.from);
  for (const char* sql :
       {"INSERT INTO projects_extracted (project_id, session_id, etag, extracted_at) SELECT :into, session_id, etag, "
        "extracted_at FROM projects_extracted WHERE project_id = :from ON CONFLICT DO NOTHING",
        "INSERT INTO projects_back_fills (project_id, user_id, requested_at) SELECT :into, user_id, requested_at "
        "FROM projects_back_fills WHERE project_id = :from ON CONFLICT DO NOTHING"}) {
    tx.execute(sql, {{"into", merge.into}, {"from", merge.from}});
  }
  ExtractionStore(db_).in(tx).projectRemoved(merge.from);
}

void KnowledgePart::userForgotten(Transaction& tx, std::string_view userId) {
  ExtractionStore(db_).in(tx).userForgotten(userId);
}

}  // namespace projects
