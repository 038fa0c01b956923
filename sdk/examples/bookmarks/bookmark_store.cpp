#include "bookmark_store.hpp"

#include <mortise/counters.hpp>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

namespace bookmarks {

using mortise::Problem;
using mortise::Transaction;
namespace db = mortise::db;

// [list]
namespace {

constexpr const char* kNewestFirst = "created_at DESC, id DESC";
const db::Counters kCounters("bookmarks_counters");  // how many bookmarks each owner has

}  // namespace

db::Slice<Bookmark> BookmarkStore::list(std::string_view owner, const std::optional<std::string>& folder,
                                        const std::optional<std::string>& q, const mortise::Paging& paging) const {
  db::Where where;
  where.equals("owner", owner).equals("folder", db::ifSent(folder)).contains("title", db::ifSent(q));
  const auto total = folder || q ? db::Total::counted() : db::Total::known(kCounters.value(db_, owner));
  return db::slice<Bookmark>(db_, where, kNewestFirst, paging, total);
}
// [/list]

// [all]
std::vector<Bookmark> BookmarkStore::all(std::string_view owner) const {
  return db::rows<Bookmark>(db_, "WHERE owner = :owner ORDER BY created_at, id", {{"owner", owner}});
}

std::vector<Bookmark> BookmarkStore::expired(mortise::Time now) const {
  return db::rows<Bookmark>(db_, "WHERE expires_at <= :now ORDER BY expires_at LIMIT 100", {{"now", now}});
}
// [/all]

// [write]
void BookmarkStore::add(const std::vector<Bookmark>& bookmarks, std::int64_t most) const {
  if (bookmarks.empty()) return;
  const auto& first = bookmarks.front();
  try {
    db_.transaction([&](Transaction& tx) {
      if (kCounters.add(tx, first.owner, std::ssize(bookmarks)) > most)
        throw Problem(409, "bookmarks_full").with("most", most);
      db::insertAll(tx, bookmarks);
    });
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    throw Problem(409, "bookmark_known").with("url", first.url);
  }
}

bool BookmarkStore::change(Bookmark& bookmark) const {
  const auto changed = db_.execute(
      "UPDATE bookmarks_bookmarks "
      "SET title = :title, folder = :folder, expires_at = :expires_at, revision = revision + 1 "
      "WHERE id = :id AND revision = :revision",
      {{"title", bookmark.title},
       {"folder", bookmark.folder},
       {"expires_at", bookmark.expiresAt},
       {"id", bookmark.id},
       {"revision", bookmark.revision}});
  if (changed > 0) ++bookmark.revision;
  return changed > 0;
}

bool BookmarkStore::remove(const Bookmark& bookmark) const {
  return db_.transaction([&](Transaction& tx) {
    if (!db::remove<Bookmark>(tx, bookmark.id)) return false;
    kCounters.add(tx, bookmark.owner, -1);
    return true;
  });
}
// [/write]

}  // namespace bookmarks
