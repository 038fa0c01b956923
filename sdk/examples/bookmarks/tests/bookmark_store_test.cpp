#include "bookmark_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <optional>
#include <string>

namespace bookmarks {
namespace {

using mortise::Paging;
using mortise::Problem;
using mortise::timeOf;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

constexpr auto kPages = mortise::sizedPages("bookmarks");

// [store_test]
class Store : public mortise::testing::DatabaseTest {
 protected:
  Store() : DatabaseTest("bookmarks", BOOKMARKS_SOURCE_DIR "/migrations") {}

  static Bookmark bookmark(const std::string& id, const std::string& owner = "ada") {
    Bookmark out;
    out.id = id;
    out.owner = owner;
    out.url = "https://example.org/" + id;
    out.title = "Title " + id;
    out.createdAt = timeOf(1000);
    return out;
  }
  std::int64_t total(const std::optional<std::string>& folder = {}, const std::optional<std::string>& q = {}) const {
    return store_.list("ada", folder, q, Paging::first(2, kPages)).total;
  }

  BookmarkStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Store);

TEST_P(Store, ChangesARevisionOnce) {
  store_.add({bookmark("1")}, 10);
  auto mine = store_.find("1").value();
  auto theirs = mine;
  mine.title = "Mine";
  EXPECT_TRUE(store_.change(mine));
  EXPECT_EQ(mine.revision, 2);
  EXPECT_FALSE(store_.change(theirs));
  EXPECT_EQ(store_.find("1")->title, "Mine");
}
// [/store_test]

TEST_P(Store, KeepsEveryMember) {
  auto one = bookmark("1");
  one.folder = "later";
  one.expiresAt = timeOf(2000);
  store_.add({one}, 10);
  const auto stored = store_.find("1").value();
  EXPECT_EQ(stored.owner, "ada");
  EXPECT_EQ(mortise::json::from(stored).build().text(), mortise::json::from(one).build().text());
  EXPECT_FALSE(store_.find("2"));
}

TEST_P(Store, CountsWhatAnOwnerHas) {
  store_.add({bookmark("1"), bookmark("2"), bookmark("3")}, 3);
  store_.add({bookmark("4", "bob")}, 3);
  EXPECT_EQ(total(), 3);
  EXPECT_EQ(total({}, "TITLE"), 3);
  EXPECT_EQ(total({}, "title 2"), 1);
  EXPECT_EQ(total("later"), 0);
  EXPECT_TRUE(store_.remove(store_.find("2").value()));
  EXPECT_FALSE(store_.remove(bookmark("2")));
  EXPECT_EQ(total(), 2);
}

TEST_P(Store, RefusesOneTooManyAndKeepsTheCount) {
  store_.add({bookmark("1")}, 2);
  try {
    store_.add({bookmark("2"), bookmark("3")}, 2);
    FAIL() << "nothing was refused";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.code(), "bookmarks_full");
  }
  EXPECT_EQ(total(), 1);
  EXPECT_FALSE(store_.find("2"));
}

TEST_P(Store, RefusesAnAddressOfThatOwnerTwice) {
  auto again = bookmark("2");
  again.url = bookmark("1").url;
  store_.add({bookmark("1")}, 10);
  try {
    store_.add({again}, 10);
    FAIL() << "nothing was refused";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 409);
    EXPECT_EQ(problem.code(), "bookmark_known");
  }
  again.owner = "bob";
  store_.add({again}, 10);
  EXPECT_EQ(total(), 1);
}

TEST_P(Store, FindsWhatIsOver) {
  auto over = bookmark("1");
  over.expiresAt = timeOf(2000);
  auto open = bookmark("2");
  open.expiresAt = timeOf(2001);
  store_.add({over, open, bookmark("3")}, 10);
  const auto out = store_.expired(timeOf(2000));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].id, "1");
}

// [plans]
TEST_P(Store, ListsAlongAnIndexHoweverMuchThereIs) {
  database().fill("bookmarks_bookmarks", kManyRows,
                  {{"id", "'id' || n"},
                   {"owner", "'user' || (n % 100)"},
                   {"url", "'https://example.org/' || n"},
                   {"title", "'Title ' || n"},
                   {"folder", "'folder' || (n % 7)"},
                   {"revision", "1"},
                   {"created_at", "n"},
                   {"expires_at", "n"}});
  database().analyze();
  auto third = Paging::first(20, kPages);
  third.page = 3;
  third.skip = 40;
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    for (const auto& paging : {Paging::first(20, kPages), third}) {
      store_.list("user1", {}, {}, paging);
      store_.list("user1", "folder1", {}, paging);
    }
    store_.all("user1");
    store_.expired(timeOf(100));
    store_.find("id1");
  }));
  // A part of the title is looked for in the rows of one owner, of whom there are most_per_user at most.
  EXPECT_PLANS(plansAreIndexed(database(),
                               [&] {
                                 store_.list("user1", {}, "itle", third);
                                 store_.list("user1", "folder1", "itle", third);
                               },
                               {.mayFilter = true}));
}
// [/plans]

}  // namespace
}  // namespace bookmarks
