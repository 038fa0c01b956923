#include "../organisations/invite_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

constexpr std::int64_t kDay = std::int64_t{86400} * 1000000;
constexpr std::int64_t kNoon = 20000 * kDay;

class Invites : public mortise::testing::DatabaseTest {
 protected:
  Invites() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  bool keep(const std::string& id, std::int64_t now, const std::string& email = "a@x.org",
            const std::string& org = "org_1") {
    Invite invite;
    invite.id = id;
    invite.orgId = org;
    invite.email = email;
    invite.role = "member";
    invite.invitedBy = "user_1";
    invite.expiresAt = now + 7 * kDay;
    return store_.keep(invite, now);
  }
  std::string stateOf(const std::string& id) {
    const auto found = store_.find(id);
    return found ? found->state : "none";
  }

  InviteStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Invites);

TEST_P(Invites, AreKeptWhole) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  const auto found = store_.find("inv_1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->orgId, "org_1");
  EXPECT_EQ(found->email, "a@x.org");
  EXPECT_EQ(found->role, "member");
  EXPECT_EQ(found->state, "pending");
  EXPECT_EQ(found->invitedBy, "user_1");
  EXPECT_EQ(found->createdAt, kNoon);
  EXPECT_EQ(found->expiresAt, kNoon + 7 * kDay);
  EXPECT_FALSE(found->expired(kNoon + 7 * kDay - 1));
  EXPECT_TRUE(found->expired(kNoon + 7 * kDay));
  EXPECT_FALSE(store_.find("inv_2"));
}

TEST_P(Invites, AreOneForAnAddressAndAnOrganisationWhileOpen) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  EXPECT_FALSE(keep("inv_2", kNoon + 7 * kDay - 1));
  EXPECT_TRUE(keep("inv_3", kNoon, "b@x.org"));
  EXPECT_TRUE(keep("inv_4", kNoon, "a@x.org", "org_2"));
}

TEST_P(Invites, ReplaceDeclinedAcceptedAndExpiredOnesUnderANewIdKeepingWhenTheFirstWasMade) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(store_.decline("inv_1", "no time", kNoon + 1));
  ASSERT_TRUE(keep("inv_2", kNoon + 2));
  EXPECT_EQ(stateOf("inv_1"), "none");
  ASSERT_TRUE(store_.accept("inv_2", kNoon + 3));
  ASSERT_TRUE(keep("inv_3", kNoon + 4));
  EXPECT_EQ(stateOf("inv_2"), "none");
  ASSERT_TRUE(keep("inv_4", kNoon + 4 + 7 * kDay));
  const auto found = store_.find("inv_4");
  EXPECT_EQ(found->createdAt, kNoon);
  EXPECT_EQ(found->state, "pending");
  EXPECT_EQ(found->answeredAt, 0);
}

TEST_P(Invites, AreAnsweredOnceAndInTime) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  EXPECT_FALSE(store_.accept("inv_1", kNoon + 7 * kDay));
  EXPECT_TRUE(store_.accept("inv_1", kNoon + 1));
  EXPECT_FALSE(store_.accept("inv_1", kNoon + 2));
  EXPECT_FALSE(store_.decline("inv_1", "", kNoon + 2));
  EXPECT_EQ(stateOf("inv_1"), "accepted");
}

TEST_P(Invites, AreGoodAgainAfterAnAcceptThatCameToNothing) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(store_.accept("inv_1", kNoon + 1));
  store_.reopen("inv_1", kNoon);
  EXPECT_EQ(stateOf("inv_1"), "accepted") << "of another moment";
  store_.reopen("inv_1", kNoon + 1);
  EXPECT_EQ(stateOf("inv_1"), "pending");
  EXPECT_TRUE(store_.decline("inv_1", "", kNoon + 2));
}

TEST_P(Invites, AreSettledWhenTheAddressHasBecomeAMember) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon, "b@x.org"));
  store_.settle("org_1", "a@x.org", kNoon + 1);
  EXPECT_EQ(stateOf("inv_1"), "accepted");
  EXPECT_EQ(stateOf("inv_2"), "pending");
}

TEST_P(Invites, AreListedNewestFirstWhileOpen) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon + 1, "b@x.org"));
  ASSERT_TRUE(keep("inv_3", kNoon + 2, "c@x.org"));
  ASSERT_TRUE(keep("inv_4", kNoon + 3, "a@x.org", "org_2"));
  ASSERT_TRUE(store_.decline("inv_2", "", kNoon + 3));
  const auto open = store_.openOf("org_1", 10, 0, kNoon + 3);
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].id, "inv_3");
  EXPECT_EQ(open[1].id, "inv_1");
  const auto second = store_.openOf("org_1", 1, 1, kNoon + 3);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id, "inv_1");
  const auto mine = store_.openTo("a@x.org", 10, kNoon + 3);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine[0].id, "inv_4");
  EXPECT_TRUE(store_.openTo("a@x.org", 10, kNoon + 3 + 7 * kDay).empty());
}

TEST_P(Invites, RememberTheLastMailThatWentOut) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  store_.mailed("inv_1", kNoon + 1);
  store_.mailed("inv_1", kNoon + 2);
  store_.notMailed("inv_1", kNoon + 1, 0);
  EXPECT_EQ(store_.find("inv_1")->lastEmailedAt, kNoon + 2) << "a later mail went out";
  store_.notMailed("inv_1", kNoon + 2, kNoon + 1);
  EXPECT_EQ(store_.find("inv_1")->lastEmailedAt, kNoon + 1);
}

TEST_P(Invites, AreRemovedByTheirOwnOrganisationOnly) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  EXPECT_FALSE(store_.remove("org_2", "inv_1"));
  EXPECT_TRUE(store_.remove("org_1", "inv_1"));
  EXPECT_FALSE(store_.remove("org_1", "inv_1"));
}

TEST_P(Invites, ArePurgedLongAfterTheyCameToAnEnd) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon, "b@x.org"));
  ASSERT_TRUE(keep("inv_3", kNoon + kDay, "c@x.org"));
  ASSERT_TRUE(store_.decline("inv_2", "", kNoon + 1));
  EXPECT_EQ(store_.purge(kNoon), 0);
  EXPECT_EQ(store_.purge(kNoon + 1), 1);
  EXPECT_EQ(store_.purge(kNoon + 7 * kDay), 1);
  EXPECT_EQ(stateOf("inv_3"), "pending");
}

}  // namespace
}  // namespace auth
