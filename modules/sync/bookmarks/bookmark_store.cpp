#include "bookmarks/bookmark_store.hpp"

#include <mortise/rows.hpp>

#include <map>
#include <utility>

#include "library/captured_session_store.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;

struct Full {};  // rolls back what counted it

}  // namespace

void BookmarkStore::sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) {
  db_.in(tx).transaction([&](db::Session& own) {
    own.execute(
        "UPDATE sync_bookmark_folders SET bookmark_count = bookmark_count - 1 WHERE id IN "
        "(SELECT folder_id FROM sync_bookmarks WHERE session_id = :session)",
        {{"session", session.id}});
    own.execute("DELETE FROM sync_bookmarks WHERE session_id = :session", {{"session", session.id}});
  });
}

void BookmarkStore::accountRemoved(const mortise::Transaction& tx, std::string_view userId) {
  db_.in(tx).execute("DELETE FROM sync_bookmark_folders WHERE user_id = :user", {{"user", userId}});
}

std::vector<BookmarkFolder> BookmarkStore::folders(std::string_view userId) const {
  return db::rows<BookmarkFolder>(db_, "WHERE user_id = :user ORDER BY created_at, id", {{"user", userId}});
}

std::optional<BookmarkFolder> BookmarkStore::folder(std::string_view userId, std::string_view id) const {
  return db::row<BookmarkFolder>(db_, "WHERE id = :id AND user_id = :user", {{"id", id}, {"user", userId}});
}

bool BookmarkStore::addFolder(const BookmarkFolder& folder) const {
  if (db::count<BookmarkFolder>(db_, "WHERE user_id = :user", {{"user", folder.userId}}) >= kMaxFolders) return false;
  db::insert(db_, folder);
  return true;
}

bool BookmarkStore::changeFolder(const BookmarkFolder& folder) const {
  return db::update<&BookmarkFolder::name, &BookmarkFolder::color>(db_, folder);
}

bool BookmarkStore::removeFolder(std::string_view userId, std::string_view id) const {
  return db_.execute("DELETE FROM sync_bookmark_folders WHERE id = :id AND user_id = :user",
                     {{"id", id}, {"user", userId}}) > 0;
}

BookmarkStore::Added BookmarkStore::add(const Bookmark& bookmark) const {
  try {
    return db_.transaction([&](mortise::Transaction& own) {
      // A removal that comes now waits, and takes the bookmark along.
      if (!CapturedSessionStore(db_).in(own).hold(bookmark.sessionId)) return Added::noSession;
      // Takes the folder's row, so that the number that is compared stays what it is.
      const auto count = own.queryOne<std::int64_t>(
          "UPDATE sync_bookmark_folders SET bookmark_count = bookmark_count + 1 WHERE id = :id "
          "RETURNING bookmark_count",
          {{"id", bookmark.folderId}});
      if (!count) return Added::noFolder;
      if (db::exists<Bookmark>(own, "WHERE folder_id = :folder AND session_id = :session",
                               {{"folder", bookmark.folderId}, {"session", bookmark.sessionId}}))
        throw db::Error(db::Error::Kind::exists, "the session is in the folder");
      if (*count > kMaxBookmarks) throw Full{};
      db::insert(own, bookmark);
      return Added::added;
    });
  } catch (const Full&) {
    return Added::full;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return Added::exists;
  }
}

bool BookmarkStore::remove(std::string_view userId, std::string_view id) const {
  return db_.transaction([&](db::Session& own) {
    const auto folder = own.queryOne<std::string>(
        "SELECT f.id FROM sync_bookmarks b JOIN sync_bookmark_folders f ON f.id = b.folder_id "
        "WHERE b.id = :id AND f.user_id = :user",
        {{"id", id}, {"user", userId}});
    if (!folder) return false;
    own.execute("UPDATE sync_bookmark_folders SET bookmark_count = bookmark_count - 1 WHERE id = :id",
                {{"id", *folder}});
    // Nobody removed it meanwhile: the number would be wrong.
    if (own.execute("DELETE FROM sync_bookmarks WHERE id = :id", {{"id", id}}) > 0) return true;
    own.execute("UPDATE sync_bookmark_folders SET bookmark_count = bookmark_count + 1 WHERE id = :id",
                {{"id", *folder}});
    return false;
  });
}

std::vector<BookmarkedSession> BookmarkStore::sessions(std::string_view folderId) const {
  std::map<std::string, ListedSession> sessions;
  db::eachRow<ListedSession>(
      db_, "JOIN sync_bookmarks ON sync_bookmarks.session_id = sync_captured_sessions.id WHERE folder_id = :folder",
      {{"folder", folderId}}, [&](ListedSession&& one) {
        if (one.isDeleted) return;
        auto id = one.id;
        sessions.emplace(std::move(id), std::move(one));
      });
  std::vector<BookmarkedSession> out;
  for (auto& bookmark :
       db::rows<Bookmark>(db_, "WHERE folder_id = :folder ORDER BY created_at DESC, id DESC", {{"folder", folderId}})) {
    const auto session = sessions.find(bookmark.sessionId);
    if (session != sessions.end()) out.push_back({std::move(bookmark), std::move(session->second)});
  }
  return out;
}

}  // namespace session_sharing
