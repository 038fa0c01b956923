#include "sharing/share_link_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <mortise/problem.hpp>

#include <chrono>
#include <string>

namespace session_sharing {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

class ShareLinks : public mortise::testing::DatabaseTest {
 protected:
  ShareLinks() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  ShareLink add(const std::string& id, const std::string& session = "ses_1", mortise::Time expiresAt = kNow + 1h) {
    ShareLink link;
    link.id = id;
    link.sessionId = session;
    link.userId = "ada";
    link.tokenDigest = "digest of " + id;
    link.createdAt = kNow;
    link.expiresAt = expiresAt;
    store_.add(link);
    return link;
  }
  bool isRevoked(const std::string& id) const { return store_.findByToken("digest of " + id)->revokedAt.has_value(); }

  ShareLinkStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(ShareLinks);

TEST_P(ShareLinks, AreFoundByTheDigestOfTheirToken) {
  add("1");
  const auto found = store_.findByToken("digest of 1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "1");
  EXPECT_EQ(found->expiresAt, kNow + 1h);
  EXPECT_FALSE(found->revokedAt);
  EXPECT_FALSE(store_.findByToken("digest of 2"));
}

TEST_P(ShareLinks, AreRevokedOnceAndOnlyOfTheirSession) {
  add("1");
  EXPECT_FALSE(store_.revoke("ses_2", "1", kNow));
  EXPECT_FALSE(isRevoked("1"));
  EXPECT_TRUE(store_.revoke("ses_1", "1", kNow));
  EXPECT_TRUE(store_.revoke("ses_1", "1", kNow + 1min));
  EXPECT_EQ(store_.findByToken("digest of 1")->revokedAt, kNow) << "the first stamp stays";
}

TEST_P(ShareLinks, OfASessionEndTogether) {
  add("1");
  add("2");
  add("3", "ses_2");
  store_.revokeAllOf("ses_1", kNow);
  EXPECT_TRUE(isRevoked("1"));
  EXPECT_TRUE(isRevoked("2"));
  EXPECT_FALSE(isRevoked("3"));
  store_.removeAllOf("ses_1");
  EXPECT_FALSE(store_.findByToken("digest of 1"));
  EXPECT_TRUE(store_.findByToken("digest of 3"));
}

TEST_P(ShareLinks, GoALongTimeAfterTheirEnd) {
  add("old", "ses_1", kNow - 2h);
  add("older", "ses_2", kNow - 3h);
  add("new");
  EXPECT_EQ(store_.purge(kNow - 1h, 1), 1);
  EXPECT_EQ(store_.purge(kNow - 1h, 100), 1);
  EXPECT_EQ(store_.purge(kNow - 1h, 100), 0);
  EXPECT_TRUE(store_.findByToken("digest of new"));
}

TEST_P(ShareLinks, OfOneSessionAreLimitedAndDeadOnesMakeRoom) {
  database().fill("sync_share_links", ShareLinkStore::kMaxLinks,
                  {{"id", "'id' || n"},
                   {"session_id", "'ses_1'"},
                   {"user_id", "'ada'"},
                   {"token_digest", "'d' || n"},
                   {"password_hash", "''"},
                   {"created_at", "n"},
                   {"expires_at", "9000000000000000"}});
  try {
    add("more");
    FAIL() << "one too many";
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(problem.code(), "share_links_full");
  }
  EXPECT_FALSE(store_.findByToken("digest of more"));
  add("other", "ses_2");
  ASSERT_TRUE(store_.revoke("ses_1", "id7", kNow));
  add("more");
  EXPECT_FALSE(store_.findByToken("d7"));
}

TEST_P(ShareLinks, AreReachedAlongIndexesHoweverManyThereAre) {
  database().fill("sync_share_links", kManyRows,
                  {{"id", "'id' || n"},
                   {"session_id", "'ses_' || (n % 5000)"},
                   {"user_id", "'ada'"},
                   {"token_digest", "'d' || n"},
                   {"password_hash", "''"},
                   {"created_at", "n"},
                   {"expires_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.findByToken("d7");
    store_.revoke("ses_7", "id7", kNow);
    store_.removeAllOf("ses_8");
    store_.purge(mortise::timeOf(100), 10);
  }));
  EXPECT_PLANS(plansAreIndexed(database(), [&] { store_.revokeAllOf("ses_7", kNow); }, {.mayFilter = true}));
}

}  // namespace
}  // namespace session_sharing
