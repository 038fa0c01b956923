#include "../organisations/invite_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>

namespace auth {
namespace {

using mortise::Time;

constexpr std::chrono::microseconds kTick{1};
constexpr std::chrono::days kDay{1};
constexpr Time kNoon{20000 * kDay};

class Invites : public mortise::testing::DatabaseTest {
 protected:
  Invites() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  bool keep(const std::string& id, Time now, const std::string& email = "a@x.org", const std::string& org = "org_1") {
    Invite invite;
    invite.id = id;
    invite.orgId = org;
    invite.email = email;
    invite.role = "member";
    invite.invitedBy = "user_1";
    invite.createdAt = now;
    invite.expiresAt = now + 7 * kDay;
    return store_.keep(invite);
  }
  static mortise::Paging page(std::int64_t size, std::int64_t skip) {
    auto paging = mortise::Paging::first(size);
    paging.skip = skip;
    return paging;
  }
  std::string stateOf(const std::string& id) {
    const auto invite = store_.find(id);
    return invite ? invite->state : "none";
  }

  InviteStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Invites);

TEST_P(Invites, AreKeptWhole) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  const auto stored = store_.find("inv_1");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->orgId, "org_1");
  EXPECT_EQ(stored->email, "a@x.org");
  EXPECT_EQ(stored->role, "member");
  EXPECT_EQ(stored->state, "pending");
  EXPECT_EQ(stored->invitedBy, "user_1");
  EXPECT_EQ(stored->createdAt, kNoon);
  EXPECT_EQ(stored->expiresAt, kNoon + 7 * kDay);
  EXPECT_FALSE(stored->expired(kNoon + 7 * kDay - kTick));
  EXPECT_TRUE(stored->expired(kNoon + 7 * kDay));
  EXPECT_FALSE(store_.find("inv_2"));
}

TEST_P(Invites, AreOneForAnAddressAndAnOrganisationWhileOpen) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  EXPECT_FALSE(keep("inv_2", kNoon + 7 * kDay - kTick));
  EXPECT_TRUE(keep("inv_3", kNoon, "b@x.org"));
  EXPECT_TRUE(keep("inv_4", kNoon, "a@x.org", "org_2"));
}

TEST_P(Invites, ReplaceDeclinedAcceptedAndExpiredOnesUnderANewIdKeepingWhenTheFirstWasMade) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(store_.decline("inv_1", "no time", kNoon + kTick));
  ASSERT_TRUE(keep("inv_2", kNoon + 2 * kTick));
  EXPECT_EQ(stateOf("inv_1"), "none");
  ASSERT_TRUE(store_.accept("inv_2", kNoon + 3 * kTick));
  ASSERT_TRUE(keep("inv_3", kNoon + 4 * kTick));
  EXPECT_EQ(stateOf("inv_2"), "none");
  ASSERT_TRUE(keep("inv_4", kNoon + 4 * kTick + 7 * kDay));
  const auto stored = store_.find("inv_4");
  EXPECT_EQ(stored->createdAt, kNoon);
  EXPECT_EQ(stored->state, "pending");
  EXPECT_EQ(stored->answeredAt, Time());
}

TEST_P(Invites, AreAnsweredOnceAndInTime) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  EXPECT_FALSE(store_.accept("inv_1", kNoon + 7 * kDay));
  EXPECT_TRUE(store_.accept("inv_1", kNoon + kTick));
  EXPECT_FALSE(store_.accept("inv_1", kNoon + 2 * kTick));
  EXPECT_FALSE(store_.decline("inv_1", "", kNoon + 2 * kTick));
  EXPECT_EQ(stateOf("inv_1"), "accepted");
}

TEST_P(Invites, AreGoodAgainAfterAnAcceptThatCameToNothing) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon, "b@x.org"));
  const auto accept = [&](const std::string& id, bool becomesMember) {
    db().transaction([&](mortise::Transaction& tx) {
      EXPECT_TRUE(store_.in(tx).accept(id, kNoon + kTick));
      EXPECT_EQ(store_.in(tx).find(id)->state, "accepted");
      EXPECT_EQ(stateOf(id), "pending") << "before the commit";
      if (!becomesMember) throw mortise::Problem(409, "org_full");
    });
  };
  EXPECT_THROW(accept("inv_1", false), mortise::Problem);
  EXPECT_EQ(stateOf("inv_1"), "pending");
  accept("inv_2", true);
  EXPECT_EQ(stateOf("inv_2"), "accepted");
  EXPECT_TRUE(store_.decline("inv_1", "", kNoon + 2 * kTick));
}

TEST_P(Invites, AreSettledWhenTheAddressHasBecomeAMember) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon, "b@x.org"));
  store_.settle("org_1", "a@x.org", kNoon + kTick);
  EXPECT_EQ(stateOf("inv_1"), "accepted");
  EXPECT_EQ(stateOf("inv_2"), "pending");
}

TEST_P(Invites, AreListedNewestFirstWhileOpen) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  ASSERT_TRUE(keep("inv_2", kNoon + kTick, "b@x.org"));
  ASSERT_TRUE(keep("inv_3", kNoon + 2 * kTick, "c@x.org"));
  ASSERT_TRUE(keep("inv_4", kNoon + 3 * kTick, "a@x.org", "org_2"));
  ASSERT_TRUE(store_.decline("inv_2", "", kNoon + 3 * kTick));
  const auto open = store_.openOf("org_1", page(10, 0), kNoon + 3 * kTick).items;
  ASSERT_EQ(open.size(), 2U);
  EXPECT_EQ(open[0].id, "inv_3");
  EXPECT_EQ(open[1].id, "inv_1");
  const auto second = store_.openOf("org_1", page(1, 1), kNoon + 3 * kTick).items;
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].id, "inv_1");
  const auto mine = store_.openTo("a@x.org", 10, kNoon + 3 * kTick);
  ASSERT_EQ(mine.size(), 2U);
  EXPECT_EQ(mine[0].id, "inv_4");
  EXPECT_TRUE(store_.openTo("a@x.org", 10, kNoon + 3 * kTick + 7 * kDay).empty());
}

TEST_P(Invites, RememberTheLastMailThatWentOut) {
  ASSERT_TRUE(keep("inv_1", kNoon));
  store_.mailed("inv_1", kNoon + kTick);
  store_.mailed("inv_1", kNoon + 2 * kTick);
  store_.notMailed("inv_1", kNoon + kTick, Time());
  EXPECT_EQ(store_.find("inv_1")->lastEmailedAt, kNoon + 2 * kTick) << "a later mail went out";
  store_.notMailed("inv_1", kNoon + 2 * kTick, kNoon + kTick);
  EXPECT_EQ(store_.find("inv_1")->lastEmailedAt, kNoon + kTick);
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
  ASSERT_TRUE(store_.decline("inv_2", "", kNoon + kTick));
  EXPECT_EQ(store_.purge(kNoon), 0);
  EXPECT_EQ(store_.purge(kNoon + kTick), 1);
  EXPECT_EQ(store_.purge(kNoon + 7 * kDay), 1);
  EXPECT_EQ(stateOf("inv_3"), "pending");
}

TEST_P(Invites, AreListedAlongAnIndexHoweverManyThereAre) {
  database().fill("auth_invites", mortise::testing::kManyRows,
                  {{"id", "'inv_' || n"},
                   {"org_id", "'org_' || (n % 10)"},
                   {"email", "'a' || (n / 10) || '@x.org'"},
                   {"role", "'member'"},
                   {"state", "CASE n % 3 WHEN 0 THEN 'accepted' ELSE 'pending' END"},
                   {"invited_by", "'user_1'"},
                   {"created_at", "n"},
                   {"expires_at", "n + 1000"},
                   {"answered_at", "0"},
                   {"decline_reason", "''"},
                   {"last_emailed_at", "0"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.openOf("org_1", page(100, 0), Time());
    store_.openOf("org_1", page(100, 100), Time());
    store_.openOf("org_1", page(100, 5000), Time());
    store_.openTo("a11@x.org", 200, Time());
    store_.find("inv_7");
    store_.accept("inv_7", Time());
    store_.settle("org_1", "a11@x.org", Time());
    store_.mailed("inv_7", kNoon);
    store_.notMailed("inv_7", kNoon, Time());
    store_.remove("org_1", "inv_11");
    store_.purge(mortise::timeOf(1005));
  }));
}

}  // namespace
}  // namespace auth
