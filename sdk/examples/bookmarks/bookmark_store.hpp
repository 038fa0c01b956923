// Bookmarks in the database: SQL, and only SQL.
#pragma once

#include <cstdint>
#include <mortise/db.hpp>
#include <mortise/slice.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bookmark.hpp"

namespace bookmarks {

// [store]
class BookmarkStore {
 public:
  explicit BookmarkStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  BookmarkStore in(const mortise::Transaction& tx) const { return BookmarkStore(db_.in(tx)); }

  // A page of an owner's bookmarks, newest first; of one folder, and with `q` in the title, where these are given.
  mortise::db::Slice<Bookmark> list(std::string_view owner, const std::optional<std::string>& folder,
                                    const std::optional<std::string>& q, const mortise::Paging& paging) const;
  // All of an owner, oldest first.
  std::vector<Bookmark> all(std::string_view owner) const;
  std::optional<Bookmark> find(std::string_view id) const { return mortise::db::find<Bookmark>(db_, id); }
  // At most 100 whose time is over, the longest first.
  std::vector<Bookmark> expired(mortise::Time now) const;

  // All of them, of one owner, or none. Problem 409: bookmark_known, bookmarks_full.
  void add(const std::vector<Bookmark>& bookmarks, std::int64_t most) const;
  // Writes title, folder and expiry as the next revision. False: the stored one is another revision than this.
  bool change(Bookmark& bookmark) const;
  // False: it is gone already.
  bool remove(const Bookmark& bookmark) const;

 private:
  mortise::Db db_;
};
// [/store]

}  // namespace bookmarks
