// What writers of captured sessions can rely on: conditions hold at the moment of the write, and lists and storage
// follow.
#include "library/captured_session_store.hpp"

#include <gtest/gtest.h>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/testing/plans.hpp>

#include <chrono>
#include <string>

#include "captured_sessions_testing.hpp"
#include "library/session_listing.hpp"

namespace session_sharing {
namespace {

using namespace std::chrono_literals;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

class CapturedSessions : public CapturedSessionTest {
 protected:
  StoredSum stored(const std::string& user = "ada") { return SessionListing(db()).stored(user); }
  // The counts are what a look at all rows says.
  void expectExactCounts() {
    const auto counted = db().query<std::string, std::int64_t, std::int64_t>(
        "SELECT user_id, SUM(sessions), SUM(bytes) FROM sync_captured_counts WHERE tag = '' AND is_deleted = 0 "
        "GROUP BY user_id ORDER BY user_id");
    const auto real = db().query<std::string, std::int64_t, std::int64_t>(
        "SELECT user_id, COUNT(*), SUM(blob_size_bytes) FROM sync_captured_sessions WHERE is_deleted = 0 "
        "GROUP BY user_id ORDER BY user_id");
    EXPECT_EQ(counted, real);
    EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_captured_counts WHERE sessions <= 0"), 0);
  }
  std::string aliasOf(const std::string& id) { return store_.find(id)->alias.value_or("-"); }
  void setAlias(const std::string& id, const std::string& alias) {
    SessionChange change;
    change.alias = alias;
    ASSERT_TRUE(store_.change(id, change, kNow)) << id;
  }

  CapturedSessionStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(CapturedSessions);

TEST_P(CapturedSessions, AreHeldAsLongAsTheyAreThere) {
  store_.put(captured("ses_11111111"));
  EXPECT_TRUE(store_.hold("ses_11111111"));
  EXPECT_TRUE(store_.holdAny("ses_11111111"));
  EXPECT_FALSE(store_.hold("ses_22222222"));
  EXPECT_FALSE(store_.holdAny("ses_22222222"));
  store_.moveToTrash("ses_11111111", "cloud", "ada", kNow);
  EXPECT_FALSE(store_.hold("ses_11111111"));
  EXPECT_TRUE(store_.holdAny("ses_11111111"));
  store_.erase("ses_11111111");
  EXPECT_FALSE(store_.holdAny("ses_11111111"));
}

TEST_P(CapturedSessions, AreKeptWhole) {
  auto session = captured("ses_11111111");
  session.metadata.tags = {"ci", "clöck"};
  session.metadata.sourceTool = "gemini-cli";
  session.metadata.modelId = "m1";
  session.metadata.gitRemote = "acme/clock";
  session.projectId = "proj_1";
  EXPECT_TRUE(store_.put(session));
  const auto read = store_.find(session.id).value();
  EXPECT_EQ(read.toolFamily, "gemini");
  EXPECT_EQ(read.metadata.tags, session.metadata.tags);
  EXPECT_EQ(read.metadata.gitRemote, "acme/clock");
  EXPECT_EQ(read.projectId, "proj_1");
  EXPECT_TRUE(store_.holds(session.blobKey));
  EXPECT_FALSE(store_.holds("blob-other"));
}

TEST_P(CapturedSessions, HaveIdsThatAreUniqueAmongAllUsers) {
  EXPECT_TRUE(store_.put(captured("ses_11111111")));
  EXPECT_FALSE(store_.put(captured("ses_11111111", 2000, "bob")));
  EXPECT_EQ(store_.find("ses_11111111")->userId, "ada");
  // A transaction goes on after it.
  db().transaction([&](mortise::Transaction& tx) {
    EXPECT_FALSE(store_.in(tx).put(captured("ses_11111111")));
    EXPECT_TRUE(store_.in(tx).put(captured("ses_22222222")));
  });
  EXPECT_EQ(stored().sessions, 2);
  expectExactCounts();
}

TEST_P(CapturedSessions, AreReplacedOnlyAsExpected) {
  auto session = captured("ses_11111111");
  store_.put(session);
  setAlias(session.id, "clock");
  session.blobKey = "blob-new";
  session.blobSizeBytes = 250;
  session.etag = "etag-new";
  session.metadata.title = "New";
  session.createdAt = kNow;
  EXPECT_EQ(store_.replaceIf(session, {"etag-other", false}), std::nullopt);
  EXPECT_EQ(store_.replaceIf(session, {std::nullopt, true}), std::nullopt);
  EXPECT_EQ(store_.find(session.id)->etag, "etag-ses_11111111");
  auto stranger = session;
  stranger.userId = "bob";
  EXPECT_EQ(store_.replaceIf(stranger, {}), std::nullopt);

  EXPECT_EQ(store_.replaceIf(session, {"etag-ses_11111111", false}), "blob-ses_11111111");
  const auto read = store_.find(session.id).value();
  EXPECT_EQ(read.etag, "etag-new");
  EXPECT_EQ(read.metadata.title, "New");
  EXPECT_EQ(read.alias, "clock") << "a push does not know of it";
  EXPECT_EQ(mortise::micros(read.createdAt), 1'000'000'000);
  EXPECT_EQ(store_.replaceIf(session, {}), "blob-new");
  EXPECT_EQ(stored().bytes, 250);
  expectExactCounts();
}

TEST_P(CapturedSessions, AreFoundByIdAndByTheAliasOfALiveOne) {
  store_.put(captured("ses_11111111"));
  setAlias("ses_11111111", "clock");
  EXPECT_EQ(store_.findOwn("ada", "clock")->id, "ses_11111111");
  EXPECT_EQ(store_.findOwn("ada", "ses_11111111")->id, "ses_11111111");
  EXPECT_FALSE(store_.findOwn("bob", "clock"));
  EXPECT_FALSE(store_.findOwn("bob", "ses_11111111"));
  store_.moveToTrash("ses_11111111", "cloud", "ada", kNow);
  EXPECT_FALSE(store_.findOwn("ada", "clock"));
  EXPECT_TRUE(store_.findOwn("ada", "ses_11111111")->isDeleted);
  EXPECT_EQ(store_.findInTrash("ada", "clock")->id, "ses_11111111");
  EXPECT_FALSE(store_.findInTrash("bob", "clock"));
}

TEST_P(CapturedSessions, ChangeWhatTheirOwnerNames) {
  store_.put(captured("ses_11111111"));
  store_.put(captured("ses_22222222"));
  setAlias("ses_11111111", "clock");
  SessionChange change;
  change.title = "Mine";
  change.tags = std::vector<std::string>{"a", "b"};
  const auto after = store_.change("ses_11111111", change, kNow).value();
  EXPECT_EQ(after.metadata.title, "Mine");
  EXPECT_EQ(after.metadata.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(after.alias, "clock");
  EXPECT_EQ(after.updatedAt, kNow);

  SessionChange taken;
  taken.alias = "clock";
  EXPECT_THROW(store_.change("ses_22222222", taken, kNow), mortise::Problem);
  EXPECT_TRUE(store_.change("ses_11111111", taken, kNow)) << "its own";
  setAlias("ses_11111111", "other");
  setAlias("ses_22222222", "clock");
  SessionChange none;
  none.alias.emplace();
  EXPECT_FALSE(store_.change("ses_22222222", none, kNow)->alias);
  EXPECT_FALSE(store_.change("ses_33333333", none, kNow));
}

TEST_P(CapturedSessions, LieInTheTrashAndComeBack) {
  store_.put(captured("ses_11111111"));
  setAlias("ses_11111111", "clock");
  const auto deleted = store_.moveToTrash("ses_11111111", "both", "ada", kNow).value();
  EXPECT_TRUE(deleted.isDeleted);
  EXPECT_EQ(deleted.deletedAt, kNow);
  EXPECT_EQ(deleted.deletedBy, "ada");
  EXPECT_EQ(deleted.deleteScope, "both");
  EXPECT_EQ(deleted.purgeAfter, kNow + std::chrono::days(30));
  EXPECT_FALSE(store_.moveToTrash("ses_11111111", "cloud", "ada", kNow));
  EXPECT_EQ(stored().sessions, 0);
  expectExactCounts();

  // The alias is free meanwhile.
  store_.put(captured("ses_22222222"));
  setAlias("ses_22222222", "clock");
  EXPECT_EQ(store_.takeFromTrash("ses_11111111")->deleteScope, "both");
  EXPECT_EQ(aliasOf("ses_11111111"), "-");
  EXPECT_EQ(aliasOf("ses_22222222"), "clock");
  EXPECT_FALSE(store_.takeFromTrash("ses_11111111"));
  const auto back = store_.find("ses_11111111").value();
  EXPECT_FALSE(back.isDeleted || back.deletedAt || back.deletedBy || back.deleteScope || back.purgeAfter);
  EXPECT_EQ(stored().sessions, 2);

  // A push brings one back, too.
  store_.moveToTrash("ses_22222222", "cloud", "ada", kNow);
  setAlias("ses_11111111", "clock");
  EXPECT_TRUE(store_.replaceIf(captured("ses_22222222"), {std::nullopt, true}));
  EXPECT_EQ(aliasOf("ses_22222222"), "-");
  EXPECT_EQ(stored().sessions, 2);
  expectExactCounts();
}

TEST_P(CapturedSessions, AreRemovedForGoodWhenTheirTimeIsOver) {
  for (const char* id : {"ses_11111111", "ses_22222222", "ses_33333333"}) store_.put(captured(id));
  const auto day = [](int number) { return kNow + std::chrono::days(number); };
  store_.moveToTrash("ses_22222222", "cloud", "ada", kNow);
  store_.moveToTrash("ses_11111111", "cloud", "ada", kNow + 1h);
  EXPECT_TRUE(store_.due(day(29), {}, 10).empty());
  const auto due = store_.due(day(31), {}, 10);
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0].id, "ses_22222222");
  EXPECT_EQ(due[1].id, "ses_11111111");
  EXPECT_EQ(store_.due(day(31), due[0], 10).front().id, "ses_11111111");
  EXPECT_EQ(store_.due(day(31), {}, 1).size(), 1U);

  EXPECT_FALSE(store_.purge("ses_11111111", day(29)));
  EXPECT_FALSE(store_.purge("ses_33333333", day(31)));
  EXPECT_EQ(store_.purge("ses_22222222", day(31))->blobKey, "blob-ses_22222222");
  EXPECT_FALSE(store_.find("ses_22222222"));
  EXPECT_FALSE(store_.purge("ses_22222222", day(31)));
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_captured_listing"), 2);

  EXPECT_EQ(store_.idsOf("ada", "", 10), (std::vector<std::string>{"ses_11111111", "ses_33333333"}));
  EXPECT_EQ(store_.idsOf("ada", "ses_11111111", 10), (std::vector<std::string>{"ses_33333333"}));
  EXPECT_TRUE(store_.erase("ses_33333333"));
  EXPECT_TRUE(store_.erase("ses_11111111"));
  EXPECT_FALSE(store_.erase("ses_11111111"));
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_captured_counts"), 0);
}

TEST_P(CapturedSessions, CountTheStorageOfSeveralUsers) {
  store_.put(captured("ses_11111111"));
  store_.put(captured("ses_22222222", 1000, "bob"));
  store_.put(captured("ses_33333333", 1000, "eve"));
  EXPECT_EQ(SessionListing(db()).bytesOf({"ada", "bob", "nobody"}), 200);
  EXPECT_EQ(SessionListing(db()).bytesOf({}), 0);
}

TEST_P(CapturedSessions, AreReadAndWrittenAlongAnIndexHoweverManyThereAre) {
  fillSessions(kManyRows);
  fillLists(kManyRows);
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("ses_17");
    store_.findOwn("user17", "alias");
    store_.findInTrash("user17", "alias");
    store_.due(kNow, {}, 100);
    store_.idsOf("user17", "ses_17", 100);
    store_.holds("blob17");
    (void)store_.hold("ses_17");
    (void)store_.holdAny("ses_10");
    SessionListing(db()).stored("user17");
    SessionListing(db()).bytesOf({"user17", "user18"});
    setAlias("ses_17", "clock");
    store_.moveToTrash("ses_17", "cloud", "ada", mortise::timeOf(0));
    store_.takeFromTrash("ses_17");
    store_.replaceIf(store_.find("ses_17").value(), {"e17", false});
    store_.erase("ses_17");
  }));
}

}  // namespace
}  // namespace session_sharing
