#include "search/session_search.hpp"

#include <algorithm>
#include <utility>

#include "search/index_form.hpp"
#include "search/snippet.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;

// Texts of statements, each of them one of a few constants: with and without each filter.

std::string filtered(const SearchFilter& filter) {
  std::string sql = " AND e.user_id = :user AND e.is_deleted = 0";
  if (filter.toolFamily) sql += " AND e.tool_family = :family";
  if (filter.since) sql += " AND e.updated_at >= :since";
  return sql;
}

// Words first (CROSS JOIN keeps the order): they come by number, the highest first where asked for, one at a time.
std::string foundOnSqlite(const SearchFilter& filter) {
  return "sync_search_words CROSS JOIN sync_search_entries e WHERE sync_search_words MATCH :all "
         "AND e.number = sync_search_words.rowid" +
         filtered(filter);
}
// Materialised, so that the words are looked up once and not for each entry.
std::string foundOnPostgresql(const SearchFilter& filter) {
  return "(WITH hits AS MATERIALIZED (SELECT rowid FROM sync_search_words WHERE words @@ CAST(:all AS TSQUERY)) "
         "SELECT rowid FROM hits) h JOIN sync_search_entries e ON e.number = h.rowid WHERE true" +
         filtered(filter);
}

// The statements of one search.
struct Statements {
  std::string count;
  std::string ranked;  // a page of the newest, the best first
  std::string others;  // a page of all, the newest first
};

// The page's sessions with what is shown of them; `page` has number, session_id, updated_at and score.
std::string shown(const std::string& page, const char* order) {
  return "SELECT p.session_id, s.title, s.alias, s.source_tool, s.model_id, s.message_count, s.updated_at, t.title, "
         "t.text "
         "FROM (" +
         page +
         ") p JOIN sync_captured_sessions s ON s.id = p.session_id JOIN sync_search_texts t ON t.number = p.number "
         "ORDER BY " +
         order;
}

Statements statementsOf(bool isSqlite, const SearchFilter& filter) {
  constexpr const char* kBest = "p.score, p.updated_at DESC, p.session_id";
  constexpr const char* kPage = " ORDER BY score, updated_at DESC, session_id LIMIT :size OFFSET :skip";
  const std::string matches = isSqlite ? foundOnSqlite(filter) : foundOnPostgresql(filter);
  // On PostgreSQL no index gives this order: it would lead through the entries of all users.
  const std::string number = isSqlite ? "sync_search_words.rowid" : "e.number + 0";
  const std::string entry = "SELECT e.number, e.session_id, e.updated_at";
  const std::string newest = " FROM " + matches + " ORDER BY " + number + " DESC LIMIT ";
  const std::string most = std::to_string(SessionSearch::kMaxRanked);
  Statements out;
  out.count = "SELECT COUNT(*) FROM " + matches;
  out.others = shown(entry + newest + ":size OFFSET :skip", "p.number DESC");
  if (isSqlite) {
    out.ranked = shown("WITH newest AS MATERIALIZED (" + entry + ", bm25(sync_search_words, 5.0, 1.0) AS score" +
                           newest + most + ") SELECT number, session_id, updated_at, score FROM newest" + kPage,
                       kBest);
  } else {
    // Ranking reads all the words of a session. A text weighs a fifth of a title.
    out.ranked = shown("WITH newest AS MATERIALIZED (" + entry + newest + most +
                           ") SELECT n.number, n.session_id, n.updated_at, "
                           "-ts_rank('{0.2, 0, 0, 1}', w.words, CAST(:any AS TSQUERY), 1) AS score "
                           "FROM newest n JOIN sync_search_words w ON w.rowid = n.number" +
                           kPage,
                       kBest);
  }
  return out;
}

}  // namespace

FoundSessions SessionSearch::find(std::string_view userId, const SearchTerms& terms, const SearchFilter& filter,
                                  const mortise::Paging& paging, const std::function<void()>& stop) const {
  FoundSessions out;
  if (terms.words.empty()) return out;
  const bool isSqlite = db_.isSqlite();
  const IndexForm form(userId, isSqlite);
  const auto all = form.all(terms.words), any = form.any(terms.words);
  std::vector<db::Parameter> parameters{{"all", all}, {"user", userId}};
  if (filter.toolFamily) parameters.emplace_back("family", *filter.toolFamily);
  if (filter.since) parameters.emplace_back("since", *filter.since);

  const auto statements = statementsOf(isSqlite, filter);
  const auto read = [&](const std::string& sql, std::vector<db::Parameter> paged, std::int64_t size,
                        std::int64_t skip) {
    paged.emplace_back("size", size);
    paged.emplace_back("skip", skip);
    db_.each<std::string, std::optional<std::string>, std::optional<std::string>, std::string,
             std::optional<std::string>, std::int64_t, mortise::Time, std::string, std::string>(
        sql, paged,
        [&](std::string id, std::optional<std::string> title, std::optional<std::string> alias, std::string sourceTool,
            std::optional<std::string> modelId, std::int64_t messageCount, mortise::Time updatedAt,
            const std::string& indexedTitle, const std::string& text) {
          stop();
          auto snippet = snippetOf(text, terms);
          if (snippet.empty()) snippet = snippetOf(indexedTitle, terms);
          out.sessions.push_back({std::move(id), std::move(title), std::move(alias), std::move(sourceTool),
                                  std::move(modelId), messageCount, updatedAt, std::move(snippet)});
        });
  };
  // A page may begin among those that are ranked and end among the others.
  const auto rankedSize = std::min(paging.size, kMaxRanked - paging.skip);
  if (rankedSize > 0) {
    auto ranked = parameters;
    if (!isSqlite) ranked.emplace_back("any", any);
    read(statements.ranked, std::move(ranked), rankedSize, paging.skip);
  }
  const auto left = paging.size - static_cast<std::int64_t>(out.sessions.size());
  if (rankedSize < paging.size && left == paging.size - std::max<std::int64_t>(rankedSize, 0))
    read(statements.others, parameters, left, std::max(paging.skip, kMaxRanked));
  const auto sessionCount = static_cast<std::int64_t>(out.sessions.size());
  const bool endsHere = sessionCount < paging.size && (sessionCount > 0 || paging.skip == 0);
  out.total =
      endsHere ? paging.skip + sessionCount : db_.queryOne<std::int64_t>(statements.count, parameters).value_or(0);
  return out;
}

}  // namespace session_sharing
