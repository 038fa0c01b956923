// The tables of bookmarks: SQL, and only SQL. The number of a folder's bookmarks changes in the transaction of the
// rows.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bookmarks/bookmark.hpp"
#include "library/account_removal.hpp"
#include "library/listed_session.hpp"
#include "library/session_removal.hpp"

namespace session_sharing {

// A bookmark and its session.
struct BookmarkedSession {
  Bookmark bookmark;
  ListedSession session;
};

// [worker]; every member throws db::Error.
class BookmarkStore final : public SessionRemoval, public AccountRemoval {
 public:
  static constexpr std::int64_t kMaxFolders = 200;     // of one user; several requests at once may go past it by a few
  static constexpr std::int64_t kMaxBookmarks = 1000;  // of one folder

  explicit BookmarkStore(mortise::Db db) : db_(db) {}

  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override;

  // In the order in which they were made.
  std::vector<BookmarkFolder> folders(std::string_view userId) const;
  // None of another user.
  std::optional<BookmarkFolder> folder(std::string_view userId, std::string_view id) const;
  // False: the user has kMaxFolders.
  bool addFolder(const BookmarkFolder& folder) const;
  // Writes name and colour. False: it is gone.
  bool changeFolder(const BookmarkFolder& folder) const;
  // With its bookmarks. False: the user has no such folder.
  bool removeFolder(std::string_view userId, std::string_view id) const;

  enum class Added { added, exists, full, noFolder, noSession };
  Added add(const Bookmark& bookmark) const;
  // False: it is in no folder of the user.
  bool remove(std::string_view userId, std::string_view id) const;
  // The last added first; not those in the trash.
  std::vector<BookmarkedSession> sessions(std::string_view folderId) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
