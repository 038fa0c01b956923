#include "../organisations/owner_transfer_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>

namespace auth {
namespace {

using mortise::Time;

constexpr std::chrono::microseconds kTick{1}, kLife{7000};
constexpr Time kNoon = mortise::timeOf(1000000);

class OwnerTransfers : public mortise::testing::DatabaseTest {
 protected:
  OwnerTransfers() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  std::optional<OwnerTransfer> keep(Time now, const std::string& org = "org_1") {
    OwnerTransfer transfer;
    transfer.orgId = org;
    transfer.fromUserId = "ada";
    transfer.toUserId = "grace";
    transfer.createdAt = now;
    transfer.expiresAt = now + kLife;
    return store_.keep(transfer);
  }
  std::string stateOf(std::int64_t id) {
    const auto transfer = store_.find(id);
    return transfer ? transfer->state : "none";
  }

  OwnerTransferStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(OwnerTransfers);

TEST_P(OwnerTransfers, AreNumberedAndKeptWhole) {
  EXPECT_EQ(keep(kNoon)->id, 1);
  EXPECT_EQ(keep(kNoon, "org_2")->id, 2);
  const auto stored = store_.find(1);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->orgId, "org_1");
  EXPECT_EQ(stored->fromUserId, "ada");
  EXPECT_EQ(stored->toUserId, "grace");
  EXPECT_EQ(stored->expiresAt, kNoon + kLife);
  EXPECT_EQ(stored->updatedAt, kNoon);
  EXPECT_TRUE(stored->open(kNoon + kLife - kTick));
  EXPECT_FALSE(stored->open(kNoon + kLife));
  EXPECT_FALSE(store_.find(3));
}

TEST_P(OwnerTransfers, AreOneForAnOrganisationWhileOpen) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_FALSE(keep(kNoon + kTick));
  const auto next = keep(kNoon + kLife);
  ASSERT_TRUE(next) << "the first has expired";
  EXPECT_EQ(stateOf(1), "expired");
  EXPECT_EQ(store_.openOf("org_1", kNoon + kLife)->id, next->id);
}

TEST_P(OwnerTransfers, EndOnceAndInTime) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_FALSE(store_.close(1, "accepted", kNoon + kLife));
  EXPECT_TRUE(store_.close(1, "accepted", kNoon + kTick));
  EXPECT_FALSE(store_.close(1, "cancelled", kNoon + 2 * kTick));
  EXPECT_EQ(stateOf(1), "accepted");
  EXPECT_FALSE(store_.openOf("org_1", kNoon + 2 * kTick));
}

TEST_P(OwnerTransfers, AreOpenAgainAfterAnAcceptThatCameToNothing) {
  ASSERT_TRUE(keep(kNoon));
  const auto accept = [&](bool handsOver) {
    db().transaction([&](mortise::Transaction& tx) {
      EXPECT_TRUE(store_.in(tx).close(1, "accepted", kNoon + kTick));
      EXPECT_EQ(store_.in(tx).find(1)->state, "accepted");
      EXPECT_EQ(stateOf(1), "pending") << "before the commit";
      if (!handsOver) throw mortise::Problem(409, "not_a_member");
    });
  };
  EXPECT_THROW(accept(false), mortise::Problem);
  EXPECT_EQ(stateOf(1), "pending");
  accept(true);
  EXPECT_EQ(stateOf(1), "accepted");
}

TEST_P(OwnerTransfers, AreCancelledWithEitherPartyAndCounted) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_EQ(store_.cancelInvolving("org_1", "linus", kNoon + kTick), 0);
  EXPECT_EQ(store_.cancelInvolving("org_2", "ada", kNoon + kTick), 0);
  EXPECT_EQ(store_.cancelInvolving("org_1", "grace", kNoon + kTick), 1);
  ASSERT_TRUE(keep(kNoon + 2 * kTick));
  EXPECT_EQ(store_.cancelInvolving("org_1", "ada", kNoon + 3 * kTick), 1);
  EXPECT_EQ(store_.cancelInvolving("org_1", "ada", kNoon + 4 * kTick), 0);
}

TEST_P(OwnerTransfers, ArePurgedLongAfterTheyEndedAndTheirNumbersAreNotUsedAgain) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_EQ(store_.purge(kNoon, kNoon + kLife), 0);
  EXPECT_EQ(stateOf(1), "expired");
  EXPECT_EQ(store_.purge(kNoon + kLife, kNoon + kLife), 1);
  EXPECT_EQ(stateOf(1), "none");
  EXPECT_EQ(keep(kNoon + kLife)->id, 2);
}

TEST_P(OwnerTransfers, AreFoundAlongAnIndexHoweverManyThereAre) {
  database().fill("auth_owner_transfers", mortise::testing::kManyRows,
                  {{"id", "n"},
                   {"org_id", "'org_' || n"},
                   {"from_user_id", "'ada'"},
                   {"to_user_id", "'grace'"},
                   {"state", "CASE n % 3 WHEN 0 THEN 'pending' ELSE 'cancelled' END"},
                   {"created_at", "n"},
                   {"expires_at", "n + 1000"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.openOf("org_3", Time());
    store_.find(3);
    store_.close(3, "accepted", Time());
    store_.cancelInvolving("org_3", "ada", Time());
    store_.purge(mortise::timeOf(5), mortise::timeOf(1005));
    keep(kNoon, "org_6");
  }));
}

}  // namespace
}  // namespace auth
