// /api/v1/bookmarks.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include "bookmarks/bookmark_store.hpp"
#include "library/captured_session_store.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class BookmarkOperations final : public sync_contract::bookmarks::Bookmarks {
 public:
  explicit BookmarkOperations(mortise::Host host) : sessions_(host.db()), bookmarks_(host.db()) {}

  // For whoever removes sessions and accounts.
  BookmarkStore& store() { return bookmarks_; }

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listBookmarkFolders(const Request& request) override;
  Reply createBookmarkFolder(const Request& request, const sync_contract::bookmarks::NewBookmarkFolder& body) override;
  Reply changeBookmarkFolder(const Request& request,
                             const sync_contract::bookmarks::BookmarkFolderChange& body) override;
  Reply removeBookmarkFolder(const Request& request) override;
  Reply listBookmarkedSessions(const Request& request) override;
  Reply addBookmark(const Request& request, const sync_contract::bookmarks::NewBookmark& body) override;
  Reply removeBookmark(const Request& request) override;

  // The folder of the path. Problem 404.
  BookmarkFolder folderOf(const Request& request) const;

  CapturedSessionStore sessions_;
  BookmarkStore bookmarks_;
};

}  // namespace session_sharing
