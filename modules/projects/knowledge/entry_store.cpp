#include "knowledge/entry_store.hpp"

#include <mortise/characters.hpp>
#include <mortise/rows.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <utility>

#include "in_parts.hpp"
#include "knowledge/entry_filter_text.hpp"
#include "knowledge/entry_sql.hpp"
#include "knowledge/entry_words.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Time;

constexpr std::size_t kHits = 256;  // that are read at once, at most
constexpr const char* kTable = "projects_entries.";

const char* orderText(EntryOrder order) {
  switch (order) {
    case EntryOrder::lastRelevant:
      return " ORDER BY COALESCE(last_relevant_at, -1) DESC, id DESC LIMIT :limit OFFSET :skip";
    case EntryOrder::confidence:
      return " ORDER BY confidence DESC, id DESC LIMIT :limit OFFSET :skip";
    case EntryOrder::newest:
      break;
  }
  // Numbers rise with the time.
  return " ORDER BY id DESC LIMIT :limit OFFSET :skip";
}

// By what hits are sorted: all that is kept of one until it is known to be shown.
struct Hit {
  std::int64_t id = 0;
  double confidence = 0;
  std::int64_t relevance = 0;
};

bool isNewer(const Entry& a, const Entry& b) { return a.id > b.id; }

void sortBy(EntryOrder order, std::vector<Hit>& hits) {
  std::sort(hits.begin(), hits.end(), [&](const Hit& a, const Hit& b) {
    if (order == EntryOrder::confidence) return std::tuple(-a.confidence, -a.id) < std::tuple(-b.confidence, -b.id);
    return std::tuple(-a.relevance, -a.id) < std::tuple(-b.relevance, -b.id);
  });
}

}  // namespace

void addWords(db::Session& session, bool isSqlite, std::string_view projectId, std::int64_t id,
              std::string_view content) {
  session.execute(isSqlite ? "INSERT INTO projects_entry_words (rowid, words) VALUES (:id, :words)"
                           : "INSERT INTO projects_entry_words (rowid, words) VALUES (:id, CAST(:words AS TSVECTOR))",
                  {{"id", id}, {"words", indexWords(projectId, content)}});
}

void removeWords(db::Session& session, bool isSqlite, std::string_view projectId, std::int64_t id,
                 std::string_view content) {
  if (isSqlite) {
    session.execute(
        "INSERT INTO projects_entry_words (projects_entry_words, rowid, words) VALUES ('delete', :id, :words)",
        {{"id", id}, {"words", indexWords(projectId, content)}});
  } else {
    session.execute("DELETE FROM projects_entry_words WHERE rowid = :id", {{"id", id}});
  }
}

std::int64_t EntryStore::hold(std::string_view projectId) const {
  return db_.write()
      .queryOne<std::int64_t>(
          "INSERT INTO projects_knowledge (project_id, turns, entries) VALUES (:project, 1, 0) "
          "ON CONFLICT (project_id) DO UPDATE SET turns = projects_knowledge.turns + 1 RETURNING entries",
          {{"project", projectId}})
      .value();
}

bool EntryStore::add(Entry& entry, std::int64_t most) const {
  entry.contentLength = static_cast<std::int64_t>(mortise::characterCount(entry.content));
  return db_.transaction([&](db::Session& session) {
    if (session.execute(
            "UPDATE projects_knowledge SET entries = entries + 1 WHERE project_id = :project AND entries < :most",
            {{"project", entry.projectId}, {"most", most}}) == 0)
      return false;
    entry.id = db::insertReturning(session, entry).id;
    addWords(session, db_.isSqlite(), entry.projectId, entry.id, entry.content);
    return true;
  });
}

std::optional<Entry> EntryStore::find(std::string_view projectId, std::int64_t id) const {
  return db::row<Entry>(db_, "WHERE id = :id AND project_id = :project", {{"id", id}, {"project", projectId}});
}

std::vector<Entry> EntryStore::byIds(std::string_view projectId, const std::vector<std::int64_t>& ids) const {
  std::vector<Entry> out;
  eachBatch(ids, "id", [&](db::Where& where) {
    where.equals("project_id", projectId);
    auto entries = db::rows<Entry>(db_, where.text(), where.parameters());
    std::move(entries.begin(), entries.end(), std::back_inserter(out));
  });
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  return out;
}

std::vector<Entry> EntryStore::liveClaims(std::string_view projectId, const std::vector<std::int64_t>& ids) const {
  auto out = byIds(projectId, ids);
  out.erase(std::remove_if(out.begin(), out.end(),
                           [](const Entry& entry) {
                             return entry.claimClass != ClaimClass::claim || !entry.isLive() ||
                                    entry.freshness == Freshness::stale;
                           }),
            out.end());
  return out;
}

std::vector<Entry> EntryStore::list(std::string_view projectId, const EntryFilter& filter,
                                    const std::function<void()>& stop) const {
  if (filter.textPart) return search(projectId, filter, stop);
  auto where = entriesWhere(projectId, filter, filter.order == EntryOrder::newest, db_.isSqlite(), kTable);
  if (filter.before) where.less("id", *filter.before);
  auto parameters = where.parameters();
  parameters.emplace_back("limit", filter.limit);
  parameters.emplace_back("skip", filter.before ? 0 : filter.skip);
  return db::rows<Entry>(db_, where.text() + orderText(filter.order), parameters);
}

std::vector<std::int64_t> EntryStore::hits(std::string_view projectId, const EntryFilter& filter, std::int64_t before,
                                           std::size_t count) const {
  const bool isSqlite = db_.isSqlite();
  const auto query = indexQuery(projectId, *filter.textPart, isSqlite);
  if (query.empty()) return {};
  // SQLite gives hits by number, the highest first, one at a time: the filter is left to whoever reads them.
  if (isSqlite) {
    return db_.query<std::int64_t>(
        "SELECT rowid FROM projects_entry_words WHERE projects_entry_words MATCH :query AND rowid < :before "
        "ORDER BY rowid DESC LIMIT :count",
        {{"query", query}, {"before", before}, {"count", count}});
  }
  const auto where = entriesWhere(projectId, filter, false, isSqlite, "e.");
  auto parameters = where.parameters();
  parameters.emplace_back("query", query);
  parameters.emplace_back("before", before);
  parameters.emplace_back("count", count);
  // PostgreSQL finds all of them each time, so that only those which pass the filter may count. Materialised: the words
  // are looked up once and not for each entry; by no index of other lists.
  return db_.query<std::int64_t>(
      "WITH hits AS MATERIALIZED (SELECT rowid FROM projects_entry_words "
      "WHERE words @@ CAST(:query AS TSQUERY) AND rowid < :before) "
      "SELECT e.id FROM hits JOIN projects_entries e ON e.id = hits.rowid " +
          where.text() + " ORDER BY e.id + 0 DESC LIMIT :count",
      parameters);
}

void EntryStore::eachHits(std::string_view projectId, const EntryFilter& filter, std::size_t count,
                          const std::function<void()>& stop,
                          const std::function<std::size_t(const db::Where& where)>& use) const {
  auto before = filter.before.value_or(INT64_MAX);
  for (std::size_t least = 0; count > 0;) {
    stop();
    // A few more than are wanted: not each one that has the words has them in a row.
    const auto size = std::min(std::max(count + count / 8 + 4, least), kHits);
    least = 2 * size;
    const auto ids = hits(projectId, filter, before, size);
    if (ids.empty()) return;
    auto where = entriesWhere(projectId, filter, false, db_.isSqlite(), kTable);
    where.in("id", ids);
    count = use(where);
    if (ids.size() < size) return;
    before = ids.back();
  }
}

std::vector<Entry> EntryStore::search(std::string_view projectId, const EntryFilter& filter,
                                      const std::function<void()>& stop) const {
  if (filter.order != EntryOrder::newest) return searchSorted(projectId, filter, stop);
  const auto part = folded(*filter.textPart);
  const auto skip = static_cast<std::size_t>(filter.before ? 0 : filter.skip);
  const auto limit = static_cast<std::size_t>(filter.limit);
  std::vector<Entry> out;
  std::size_t seen = 0;
  eachHits(projectId, filter, skip + limit, stop, [&](const db::Where& where) {
    for (auto& entry : db::rows<Entry>(db_, where.text() + " ORDER BY id DESC", where.parameters())) {
      // The words stand in it, though perhaps not in a row.
      if (out.size() == limit || folded(entry.content).find(part) == std::string::npos || seen++ < skip) continue;
      out.push_back(std::move(entry));
    }
    return skip + limit - std::min(seen, skip + limit);
  });
  return out;
}

std::vector<Entry> EntryStore::searchSorted(std::string_view projectId, const EntryFilter& filter,
                                            const std::function<void()>& stop) const {
  const auto part = folded(*filter.textPart);
  std::vector<Hit> sorted;
  eachHits(projectId, filter, kHits, stop, [&](const db::Where& where) {
    db_.each<std::int64_t, double, std::int64_t, std::string>(
        "SELECT id, confidence, COALESCE(last_relevant_at, -1), content FROM projects_entries " + where.text(),
        where.parameters(),
        [&](std::int64_t id, double confidence, std::int64_t relevance, const std::string& content) {
          if (folded(content).find(part) != std::string::npos) sorted.push_back({id, confidence, relevance});
        });
    return sorted.size() < kMaxSorted ? kHits : 0;
  });
  if (sorted.size() > kMaxSorted) {
    std::sort(sorted.begin(), sorted.end(), [](const Hit& a, const Hit& b) { return a.id > b.id; });
    sorted.resize(kMaxSorted);
  }
  sortBy(filter.order, sorted);
  std::vector<std::int64_t> ids;
  for (auto at = static_cast<std::size_t>(filter.skip); at < sorted.size() && std::ssize(ids) < filter.limit; ++at)
    ids.push_back(sorted[at].id);
  auto entries = byIds(projectId, ids);
  std::vector<Entry> out;
  for (const auto id : ids) {
    const auto at = std::lower_bound(entries.begin(), entries.end(), id,
                                     [](const Entry& entry, std::int64_t number) { return entry.id < number; });
    if (at != entries.end() && at->id == id) out.push_back(std::move(*at));
  }
  return out;
}

std::vector<Entry> EntryStore::mentioning(std::string_view projectId, const std::vector<std::string>& words,
                                          std::size_t limit, const std::function<void()>& stop) const {
  std::vector<Entry> out;
  for (const auto& word : words) {
    EntryFilter filter;
    filter.textPart = word;
    filter.isLive = true;
    filter.limit = static_cast<std::int64_t>(limit);
    auto entries = search(projectId, filter, stop);
    std::move(entries.begin(), entries.end(), std::back_inserter(out));
    // The newest of all are among the newest of each.
    std::sort(out.begin(), out.end(), isNewer);
    out.erase(std::unique(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return a.id == b.id; }),
              out.end());
    if (out.size() > limit) out.erase(out.begin() + static_cast<std::ptrdiff_t>(limit), out.end());
  }
  return out;
}

std::vector<std::string> EntryStore::newestTexts(std::string_view projectId, std::size_t count) const {
  return db_.query<std::string>(
      "SELECT content FROM projects_entries WHERE project_id = :project AND dismissed = 0 ORDER BY id DESC LIMIT "
      ":count",
      {{"project", projectId}, {"count", count}});
}

std::vector<std::int64_t> EntryStore::liveOfEntity(std::string_view projectId, std::string_view entityRef) const {
  return db_.query<std::int64_t>(
      "SELECT id FROM projects_entries WHERE project_id = :project AND entity_ref = :entity AND " PROJECTS_LIVE
      " ORDER BY id",
      {{"project", projectId}, {"entity", entityRef}});
}

std::int64_t EntryStore::addedBy(std::string_view projectId, std::string_view userId, Time since,
                                 std::int64_t most) const {
  return db_
      .queryOne<std::int64_t>(
          "SELECT COUNT(*) FROM (SELECT 1 FROM projects_entries WHERE project_id = :project AND user_id = :user "
          "AND created_at > :since LIMIT :most) AS lately",
          {{"project", projectId}, {"user", userId}, {"since", since}, {"most", most}})
      .value();
}

std::int64_t EntryStore::claimsOf(std::string_view projectId, std::string_view sessionId, std::int64_t most) const {
  return db_
      .queryOne<std::int64_t>(
          "SELECT COUNT(*) FROM (SELECT 1 FROM projects_entries WHERE project_id = :project AND session_id = :session "
          "AND claim_class = 'claim' LIMIT :most) AS claims",
          {{"project", projectId}, {"session", sessionId}, {"most", most}})
      .value();
}

std::vector<std::string> EntryStore::projectsToCompile(std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT project_id FROM projects_knowledge WHERE compile_wanted_at IS NOT NULL ORDER BY compile_wanted_at "
      "LIMIT :limit",
      {{"limit", limit}});
}

void EntryStore::countRetrieved(const std::vector<std::int64_t>& ids, std::int64_t times) const {
  count("retrieved_count = retrieved_count + :times ", ids, {{"times", times}});
}

void EntryStore::countUsed(const std::vector<std::int64_t>& ids, Time now) const {
  count("used_in_answer_count = used_in_answer_count + 1, last_relevant_at = :now ", ids, {{"now", now}});
}

void EntryStore::count(const char* change, const std::vector<std::int64_t>& ids,
                       const std::vector<db::Parameter>& more) const {
  // In a transaction, which is run again when it meets another one that takes the same rows in another order.
  db_.transaction([&](db::Session& session) {
    eachBatch(ids, "id", [&](db::Where& where) {
      auto parameters = where.parameters();
      parameters.insert(parameters.end(), more.begin(), more.end());
      session.execute(std::string("UPDATE projects_entries SET ") + change + where.text(), parameters);
    });
  });
}

}  // namespace projects
