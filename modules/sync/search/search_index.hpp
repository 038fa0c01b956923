// The full-text index of captured sessions: SQLite's FTS5, PostgreSQL's tsvector with a GIN index. Whoever changes the
// title or the text of a session changes its entry in the same transaction:
//   const auto entry = searchEntry(session, text);  // slow: before the transaction
//   db_.transaction([&](Transaction& tx) { …; index_.in(tx).put(entry); });
// A session in the trash keeps its entry (searches pass it over); remove() is for the purge. What else a search asks of
// a session (owner, tool, time, trash), triggers of migration 007 keep beside the words. Every word of the index begins
// with letters of its owner's id, so that a search costs nothing for the sessions of others.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "library/captured_session.hpp"
#include "library/session_removal.hpp"

namespace session_sharing {

// The most bytes of a search text that count.
inline constexpr std::size_t kMaxSearchText = std::size_t{100} << 10;

// What a session is found by.
struct SearchEntry {
  std::string sessionId;
  std::string userId;
  std::string title;  // may be empty
  std::string text;
  std::string titleWords;  // both cut into words, in the form of the database
  std::string textWords;
};

// [worker]; every member throws db::Error.
class SearchIndex final : public SessionRemoval {
 public:
  explicit SearchIndex(mortise::Db db) : db_(db) {}
  // The same index as a part of a transaction.
  SearchIndex in(const mortise::Transaction& tx) const { return SearchIndex(db_.in(tx)); }

  // What `session` is found by: its title and `text` (the search text of its archive; UTF-8, cut at kMaxSearchText).
  // Takes milliseconds for a long text and reads no database. [any]
  SearchEntry entry(const CapturedSession& session, std::string_view text) const;

  // Replaces what the session was found by, after its row was written in the same transaction; nothing without that
  // row. Costs a look-up when it is the same.
  void put(const SearchEntry& entry) const;
  // After a change of its title: puts `session` anew, with the text that it has. Nothing when it has no entry.
  void retitle(const CapturedSession& session) const;
  // The text that the session is found by; empty without an entry. For a copy of it:
  //   index.in(tx).put(index.entry(copy, index.in(tx).text(original.id)));
  std::string text(std::string_view sessionId) const;
  // False when it had no entry.
  bool remove(std::string_view sessionId) const;
  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
