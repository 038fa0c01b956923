#include "../organisations/owner_transfer_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

constexpr std::int64_t kNoon = 1000000, kLife = 7000;

class OwnerTransfers : public mortise::testing::DatabaseTest {
 protected:
  OwnerTransfers() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  std::optional<OwnerTransfer> keep(std::int64_t now, const std::string& org = "org_1") {
    OwnerTransfer transfer;
    transfer.orgId = org;
    transfer.fromUserId = "ada";
    transfer.toUserId = "grace";
    transfer.createdAt = now;
    transfer.expiresAt = now + kLife;
    return store_.keep(transfer);
  }
  std::string stateOf(std::int64_t id) {
    const auto found = store_.find(id);
    return found ? found->state : "none";
  }

  OwnerTransferStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(OwnerTransfers);

TEST_P(OwnerTransfers, AreNumberedAndKeptWhole) {
  EXPECT_EQ(keep(kNoon)->id, 1);
  EXPECT_EQ(keep(kNoon, "org_2")->id, 2);
  const auto found = store_.find(1);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->orgId, "org_1");
  EXPECT_EQ(found->fromUserId, "ada");
  EXPECT_EQ(found->toUserId, "grace");
  EXPECT_EQ(found->expiresAt, kNoon + kLife);
  EXPECT_EQ(found->updatedAt, kNoon);
  EXPECT_TRUE(found->open(kNoon + kLife - 1));
  EXPECT_FALSE(found->open(kNoon + kLife));
  EXPECT_FALSE(store_.find(3));
}

TEST_P(OwnerTransfers, AreOneForAnOrganisationWhileOpen) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_FALSE(keep(kNoon + 1));
  const auto next = keep(kNoon + kLife);
  ASSERT_TRUE(next) << "the first has expired";
  EXPECT_EQ(stateOf(1), "expired");
  EXPECT_EQ(store_.openOf("org_1", kNoon + kLife)->id, next->id);
}

TEST_P(OwnerTransfers, EndOnceAndInTime) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_FALSE(store_.close(1, "accepted", kNoon + kLife));
  EXPECT_TRUE(store_.close(1, "accepted", kNoon + 1));
  EXPECT_FALSE(store_.close(1, "cancelled", kNoon + 2));
  EXPECT_EQ(stateOf(1), "accepted");
  EXPECT_FALSE(store_.openOf("org_1", kNoon + 2));
}

TEST_P(OwnerTransfers, AreOpenAgainAfterAnAcceptThatCameToNothing) {
  ASSERT_TRUE(keep(kNoon));
  ASSERT_TRUE(store_.close(1, "accepted", kNoon + 1));
  store_.reopen(1, kNoon);
  EXPECT_EQ(stateOf(1), "accepted");
  store_.reopen(1, kNoon + 1);
  EXPECT_EQ(stateOf(1), "pending");
}

TEST_P(OwnerTransfers, AreCancelledWithEitherPartyAndCounted) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_EQ(store_.cancelInvolving("org_1", "linus", kNoon + 1), 0);
  EXPECT_EQ(store_.cancelInvolving("org_2", "ada", kNoon + 1), 0);
  EXPECT_EQ(store_.cancelInvolving("org_1", "grace", kNoon + 1), 1);
  ASSERT_TRUE(keep(kNoon + 2));
  EXPECT_EQ(store_.cancelInvolving("org_1", "ada", kNoon + 3), 1);
  EXPECT_EQ(store_.cancelInvolving("org_1", "ada", kNoon + 4), 0);
}

TEST_P(OwnerTransfers, ArePurgedLongAfterTheyEndedAndTheirNumbersAreNotUsedAgain) {
  ASSERT_TRUE(keep(kNoon));
  EXPECT_EQ(store_.purge(kNoon, kNoon + kLife), 0);
  EXPECT_EQ(stateOf(1), "expired");
  EXPECT_EQ(store_.purge(kNoon + kLife, kNoon + kLife), 1);
  EXPECT_EQ(stateOf(1), "none");
  EXPECT_EQ(keep(kNoon + kLife)->id, 2);
}

}  // namespace
}  // namespace auth
