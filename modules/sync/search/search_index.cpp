#include "search/search_index.hpp"

#include <mortise/characters.hpp>

#include <cstdint>

#include "search/index_form.hpp"
#include "search/words.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

constexpr std::size_t kMaxTitle = 4000;  // bytes that count

// At most `most` bytes of it, as a database takes them.
std::string cut(std::string_view text, std::size_t most) {
  text = mortise::firstBytes(text, most);
  return utf8::storable(text, text.size());
}

// What an entry takes over from the session's row.
constexpr const char* kAddEntryOnSqlite =
    "INSERT INTO sync_search_entries (number, session_id, user_id, tool_family, updated_at, is_deleted) "
    "SELECT (SELECT COALESCE(MAX(number), :first) + 1 FROM sync_search_entries WHERE number >= :first AND number < "
    ":end), "
    "id, user_id, tool_family, updated_at, is_deleted FROM sync_captured_sessions WHERE id = :id RETURNING number";
constexpr const char* kAddEntryOnPostgresql =
    "INSERT INTO sync_search_entries (session_id, user_id, tool_family, updated_at, is_deleted) "
    "SELECT id, user_id, tool_family, updated_at, is_deleted FROM sync_captured_sessions WHERE id = :id RETURNING "
    "number";
constexpr const char* kAddWordsOnSqlite =
    "INSERT INTO sync_search_words (rowid, title, text) VALUES (:number, :title, :text)";
// One text of all that PostgreSQL ranks, the title before the rest.
constexpr const char* kAddWordsOnPostgresql =
    "INSERT INTO sync_search_words (rowid, words) "
    "VALUES (:number, setweight(CAST(:title AS TSVECTOR), 'A') || CAST(:text AS TSVECTOR))";

std::optional<std::int64_t> numberOf(mortise::db::Session& session, std::string_view sessionId) {
  return session.queryOne<std::int64_t>("SELECT number FROM sync_search_entries WHERE session_id = :id",
                                        {{"id", sessionId}});
}

void removeNumber(mortise::db::Session& session, std::int64_t number) {
  session.execute("DELETE FROM sync_search_words WHERE rowid = :number", {{"number", number}});
  session.execute("DELETE FROM sync_search_texts WHERE number = :number", {{"number", number}});
  session.execute("DELETE FROM sync_search_entries WHERE number = :number", {{"number", number}});
}

bool hasSame(mortise::db::Session& session, std::int64_t number, const SearchEntry& entry) {
  return session
      .queryOne<std::int64_t>(
          "SELECT 1 FROM sync_search_texts WHERE number = :number AND title = :title AND text = :text",
          {{"number", number}, {"title", entry.title}, {"text", entry.text}})
      .has_value();
}

std::optional<std::int64_t> addEntry(mortise::db::Session& session, const SearchEntry& entry, bool isSqlite) {
  if (!isSqlite) return session.queryOne<std::int64_t>(kAddEntryOnPostgresql, {{"id", entry.sessionId}});
  const auto first = IndexForm(entry.userId, isSqlite).firstNumber();
  return session.queryOne<std::int64_t>(
      kAddEntryOnSqlite, {{"first", first}, {"end", first + IndexForm::kMaxNumbers}, {"id", entry.sessionId}});
}

}  // namespace

SearchEntry SearchIndex::entry(const CapturedSession& session, std::string_view text) const {
  SearchEntry entry;
  entry.sessionId = session.id;
  entry.userId = session.userId;
  entry.title = cut(session.metadata.title.value_or(""), kMaxTitle);
  entry.text = cut(text, kMaxSearchText);
  const IndexForm form(session.userId, db_.isSqlite());
  entry.titleWords = form.document(wordsOf(entry.title));
  entry.textWords = form.document(wordsOf(entry.text));
  return entry;
}

void SearchIndex::put(const SearchEntry& entry) const {
  const bool isSqlite = db_.isSqlite();
  db_.transaction([&](mortise::db::Session& session) {
    if (const auto oldNumber = numberOf(session, entry.sessionId)) {
      if (hasSame(session, *oldNumber, entry)) return;
      removeNumber(session, *oldNumber);
    }
    const auto number = addEntry(session, entry, isSqlite);
    if (!number) return;
    session.execute("INSERT INTO sync_search_texts (number, title, text) VALUES (:number, :title, :text)",
                    {{"number", *number}, {"title", entry.title}, {"text", entry.text}});
    session.execute(isSqlite ? kAddWordsOnSqlite : kAddWordsOnPostgresql,
                    {{"number", *number}, {"title", entry.titleWords}, {"text", entry.textWords}});
  });
}

void SearchIndex::retitle(const CapturedSession& session) const {
  const auto storedText = db_.queryOne<std::string>(
      "SELECT t.text FROM sync_search_entries e JOIN sync_search_texts t ON t.number = e.number WHERE e.session_id = "
      ":id",
      {{"id", session.id}});
  if (storedText) put(entry(session, *storedText));
}

std::string SearchIndex::text(std::string_view sessionId) const {
  return db_
      .queryOne<std::string>(
          "SELECT t.text FROM sync_search_entries e JOIN sync_search_texts t ON t.number = e.number "
          "WHERE e.session_id = :id",
          {{"id", sessionId}})
      .value_or("");
}

bool SearchIndex::remove(std::string_view sessionId) const {
  return db_.transaction([&](mortise::db::Session& session) {
    const auto number = numberOf(session, sessionId);
    if (!number) return false;
    removeNumber(session, *number);
    return true;
  });
}

void SearchIndex::sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) {
  in(tx).remove(session.id);
}

}  // namespace session_sharing
