#include "bookmarks/bookmark_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

namespace session_sharing {
namespace {

namespace contract = sync_contract::bookmarks;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

json::Value shown(const BookmarkedSession& one) {
  return json::from(one.session)
      .add("bookmark_id", one.bookmark.id)
      .add("bookmarked_at", mortise::isoTime(one.bookmark.createdAt, mortise::kIsoMicros))
      .build();
}

}  // namespace

BookmarkFolder BookmarkOperations::folderOf(const Request& request) const {
  return mortise::orNotFound(bookmarks_.folder(request.principal().userId, request.path("folder_id")),
                             "bookmark_folder_not_found");
}

Reply BookmarkOperations::listBookmarkFolders(const Request& request) {
  return Reply::ok(json::object({{"folders", json::list(bookmarks_.folders(request.principal().userId))}}));
}

Reply BookmarkOperations::createBookmarkFolder(const Request& request, const contract::NewBookmarkFolder& body) {
  BookmarkFolder folder;
  folder.id = mortise::makeUuid();
  folder.userId = request.principal().userId;
  folder.name = body.name;
  folder.color = body.color.optional();
  folder.createdAt = mortise::now();
  if (!bookmarks_.addFolder(folder))
    throw Problem(409, "bookmark_folders_full").with("most", BookmarkStore::kMaxFolders);
  return Reply::created(json::from(folder));
}

Reply BookmarkOperations::changeBookmarkFolder(const Request& request, const contract::BookmarkFolderChange& body) {
  auto folder = folderOf(request);
  folder.name = body.name.valueOr(folder.name);
  if (body.color.has()) folder.color = *body.color;
  if (!bookmarks_.changeFolder(folder)) throw Problem(404, "bookmark_folder_not_found");
  return Reply::ok(json::from(folder));
}

Reply BookmarkOperations::removeBookmarkFolder(const Request& request) {
  if (!bookmarks_.removeFolder(request.principal().userId, request.path("folder_id")))
    throw Problem(404, "bookmark_folder_not_found");
  return Reply::noContent();
}

Reply BookmarkOperations::listBookmarkedSessions(const Request& request) {
  const auto sessions = bookmarks_.sessions(folderOf(request).id);
  return Reply::ok(json::object({{"sessions", json::list(sessions, shown)}, {"total", sessions.size()}}));
}

Reply BookmarkOperations::addBookmark(const Request& request, const contract::NewBookmark& body) {
  const auto caller = request.principal();
  const auto folder = mortise::orNotFound(bookmarks_.folder(caller.userId, body.folderId), "bookmark_folder_not_found");
  const auto session = sessions_.findOwn(caller.userId, body.sessionId);
  if (!session || session->isDeleted) throw Problem(404, "session_not_found");
  Bookmark bookmark;
  bookmark.id = mortise::makeUuid();
  bookmark.folderId = folder.id;
  bookmark.sessionId = session->id;
  bookmark.createdAt = mortise::now();
  switch (bookmarks_.add(bookmark)) {
    case BookmarkStore::Added::exists:
      throw Problem(409, "bookmark_exists");
    case BookmarkStore::Added::full:
      throw Problem(409, "bookmarks_full").with("most", BookmarkStore::kMaxBookmarks);
    case BookmarkStore::Added::noFolder:
      throw Problem(404, "bookmark_folder_not_found");
    case BookmarkStore::Added::noSession:
      throw Problem(404, "session_not_found");
    case BookmarkStore::Added::added:
      break;
  }
  return Reply::created(json::from(bookmark));
}

Reply BookmarkOperations::removeBookmark(const Request& request) {
  if (!bookmarks_.remove(request.principal().userId, request.path("bookmark_id")))
    throw Problem(404, "bookmark_not_found");
  return Reply::noContent();
}

}  // namespace session_sharing
