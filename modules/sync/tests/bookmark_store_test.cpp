// The tables of bookmarks on both databases: numbers beside rows, what goes with sessions and accounts, plans.
#include "bookmarks/bookmark_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <string>

#include "captured_sessions_testing.hpp"
#include "library/captured_session_store.hpp"

namespace session_sharing {
namespace {

using mortise::testing::plansAreIndexed;
using Added = BookmarkStore::Added;

class BookmarkStoreTest : public CapturedSessionTest {
 protected:
  static BookmarkFolder folder(const std::string& id, const std::string& user = "ada") {
    BookmarkFolder out;
    out.id = id;
    out.userId = user;
    out.name = "Later";
    out.createdAt = mortise::timeOf(1);
    return out;
  }
  static Bookmark bookmark(const std::string& folder, const std::string& session, std::int64_t second = 1) {
    return {folder + session, folder, session, mortise::timeOf(second * 1'000'000)};
  }
  std::int64_t count(const std::string& id, const std::string& user = "ada") {
    return store_.folder(user, id)->bookmarkCount;
  }
  std::string shown(const std::string& id) {
    std::string out;
    for (const auto& one : store_.sessions(id)) out += one.session.id + " ";
    return out;
  }

  CapturedSessionStore sessions_{db()};
  BookmarkStore store_{db()};
};

MORTISE_ON_EVERY_DATABASE(BookmarkStoreTest);

TEST_P(BookmarkStoreTest, TheNumberOfAFolderIsThatOfItsRows) {
  ASSERT_TRUE(store_.addFolder(folder("f")));
  sessions_.put(captured("ses_00000001"));
  sessions_.put(captured("ses_00000002"));
  EXPECT_EQ(store_.add(bookmark("f", "ses_00000001", 1)), Added::added);
  EXPECT_EQ(store_.add(bookmark("f", "ses_00000002", 2)), Added::added);
  EXPECT_EQ(store_.add(bookmark("f", "ses_00000002", 3)), Added::exists);
  EXPECT_EQ(store_.add(bookmark("nowhere", "ses_00000001")), Added::noFolder);
  EXPECT_EQ(store_.add(bookmark("f", "ses_00000003")), Added::noSession);
  EXPECT_EQ(count("f"), 2);
  EXPECT_EQ(shown("f"), "ses_00000002 ses_00000001 ");
  EXPECT_FALSE(store_.remove("grace", "fses_00000001"));
  EXPECT_TRUE(store_.remove("ada", "fses_00000001"));
  EXPECT_FALSE(store_.remove("ada", "fses_00000001"));
  EXPECT_EQ(count("f"), 1);
  db().execute("UPDATE sync_bookmark_folders SET bookmark_count = :most", {{"most", BookmarkStore::kMaxBookmarks}});
  EXPECT_EQ(store_.add(bookmark("f", "ses_00000001")), Added::full);
  EXPECT_EQ(count("f"), BookmarkStore::kMaxBookmarks);
}

TEST_P(BookmarkStoreTest, ASessionThatIsGoneIsInNoFolder) {
  ASSERT_TRUE(store_.addFolder(folder("f")));
  ASSERT_TRUE(store_.addFolder(folder("g")));
  const auto session = captured("ses_00000001");
  sessions_.put(session);
  store_.add(bookmark("f", session.id));
  store_.add(bookmark("g", session.id));
  sessions_.moveToTrash(session.id, "cloud", "ada", mortise::timeOf(5));
  EXPECT_EQ(shown("f"), "") << "in the trash";
  EXPECT_EQ(count("f"), 1);
  ASSERT_TRUE(store_.addFolder(folder("h")));
  EXPECT_EQ(store_.add(bookmark("h", session.id)), Added::noSession) << "in the trash";
  db().transaction([&](mortise::Transaction& tx) { store_.sessionRemoved(tx, session); });
  EXPECT_EQ(count("f"), 0);
  EXPECT_EQ(count("g"), 0);
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_bookmarks"), 0);
}

TEST_P(BookmarkStoreTest, FoldersGoWithTheirUser) {
  ASSERT_TRUE(store_.addFolder(folder("f")));
  ASSERT_TRUE(store_.addFolder(folder("g", "grace")));
  sessions_.put(captured("ses_00000001"));
  store_.add(bookmark("f", "ses_00000001"));
  EXPECT_FALSE(store_.removeFolder("grace", "f"));
  db().transaction([&](mortise::Transaction& tx) { store_.accountRemoved(tx, "ada"); });
  EXPECT_TRUE(store_.folders("ada").empty());
  EXPECT_EQ(store_.folders("grace").size(), 1U);
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_bookmarks"), 0);
}

TEST_P(BookmarkStoreTest, ListsWalkAlongIndexes) {
  constexpr std::int64_t kRows = 100'000;
  database().fill("sync_bookmark_folders", kRows,
                  {{"id", "'f' || n"},
                   {"user_id", "'user' || (n % 1000)"},
                   {"name", "'x'"},
                   {"bookmark_count", "1"},
                   {"created_at", "n"}});
  database().fill(
      "sync_bookmarks", kRows,
      {{"id", "'b' || n"}, {"folder_id", "'f' || (1 + n % 1000)"}, {"session_id", "'ses_' || n"}, {"created_at", "n"}});
  fillSessions(kRows);
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.folders("user7");
    store_.folder("user7", "f7");
    store_.sessions("f7");
    store_.add(bookmark("f7", "ses_7"));
    store_.remove("user7", "b6");
    auto gone = captured("ses_9");
    db().transaction([&](mortise::Transaction& tx) {
      store_.sessionRemoved(tx, gone);
      store_.accountRemoved(tx, "user9");
    });
  }));
}

}  // namespace
}  // namespace session_sharing
