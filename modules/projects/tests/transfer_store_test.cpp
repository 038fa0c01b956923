// The table of transfers, on both databases.
#include "transfers/transfer_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>

namespace projects {
namespace {

using mortise::timeOf;

class TransferStoreTest : public mortise::testing::DatabaseTest {
 protected:
  TransferStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Transfer transfer(const std::string& id, const std::string& projectId, std::int64_t at) {
    Transfer out;
    out.id = id;
    out.projectId = projectId;
    out.gitRemote = "acme/shop";
    out.projectName = "Shop";
    out.initiatedBy = "ada";
    out.targetUserId = "bob";
    out.fromScope = "org_1";
    out.toScope = kPersonal;
    out.createdAt = out.updatedAt = timeOf(at);
    return out;
  }
};

MORTISE_ON_EVERY_DATABASE(TransferStoreTest);

TEST_P(TransferStoreTest, OneWaitsForEachProject) {
  const TransferStore store(db());
  EXPECT_TRUE(store.add(transfer("xfer_1", "proj_1", 1)));
  EXPECT_FALSE(store.add(transfer("xfer_2", "proj_1", 2)));
  EXPECT_TRUE(store.add(transfer("xfer_3", "proj_2", 3)));
  EXPECT_EQ(store.pendingOf("proj_1")->id, "xfer_1");
  EXPECT_TRUE(store.cancel("xfer_1", timeOf(4)));
  EXPECT_TRUE(store.add(transfer("xfer_2", "proj_1", 5)));
}

TEST_P(TransferStoreTest, OneWhoseTimeIsOverMakesWayAndCannotBeAccepted) {
  const TransferStore store(db());
  auto old = transfer("xfer_1", "proj_1", 1);
  old.expiresAt = timeOf(10);
  ASSERT_TRUE(store.add(old));
  EXPECT_FALSE(store.accept("xfer_1", "bob", timeOf(10)));
  EXPECT_FALSE(store.reject("xfer_1", timeOf(11)));
  EXPECT_EQ(store.incoming("bob", TransferState::expired, timeOf(10), 10).size(), 1U);
  EXPECT_EQ(store.incoming("bob", TransferState::pending, timeOf(10), 10).size(), 0U);
  EXPECT_EQ(store.incoming("bob", TransferState::pending, timeOf(9), 10).size(), 1U);
  EXPECT_TRUE(store.add(transfer("xfer_2", "proj_1", 11)));
  EXPECT_EQ(store.find("xfer_1")->state, TransferState::expired);
}

TEST_P(TransferStoreTest, AStateEndsOnce) {
  const TransferStore store(db());
  ASSERT_TRUE(store.add(transfer("xfer_1", "proj_1", 1)));
  EXPECT_TRUE(store.accept("xfer_1", "bob", timeOf(2)));
  EXPECT_FALSE(store.accept("xfer_1", "bob", timeOf(3)));
  EXPECT_FALSE(store.reject("xfer_1", timeOf(3)));
  EXPECT_FALSE(store.cancel("xfer_1", timeOf(3)));
  EXPECT_EQ(store.find("xfer_1")->acceptedAt, timeOf(2));
}

TEST_P(TransferStoreTest, WhatHangsOnAMembershipIsCancelledWithIt) {
  const TransferStore store(db());
  auto to = transfer("xfer_1", "proj_1", 1);
  to.toScope = "org_2";
  ASSERT_TRUE(store.add(to));
  ASSERT_TRUE(store.add(transfer("xfer_2", "proj_2", 1)));
  EXPECT_EQ(store.cancelInvolving("org_2", "carol", timeOf(2)), 0);
  EXPECT_EQ(store.cancelInvolving("org_2", "ada", timeOf(2)), 1);
  EXPECT_EQ(store.find("xfer_1")->state, TransferState::cancelled);
  store.cancelOfUser("bob", timeOf(3));
  EXPECT_EQ(store.find("xfer_2")->state, TransferState::cancelled);
}

TEST_P(TransferStoreTest, WhatGoesIntoARemovedOrganisationIsCancelled) {
  const TransferStore store(db());
  auto into = transfer("xfer_1", "proj_1", 1), other = transfer("xfer_2", "proj_2", 1);
  into.toScope = "org_2";
  ASSERT_TRUE(store.add(into) && store.add(other));
  store.cancelInto("org_2", timeOf(2));
  EXPECT_EQ(store.find("xfer_1")->state, TransferState::cancelled);
  EXPECT_EQ(store.find("xfer_2")->state, TransferState::pending);
}

TEST_P(TransferStoreTest, TheRowsOutliveTheirProject) {
  const TransferStore store(db());
  ASSERT_TRUE(store.add(transfer("xfer_1", "proj_1", 1)));
  store.projectRemoved("proj_1", timeOf(2));
  const auto left = store.find("xfer_1");
  EXPECT_EQ(left->projectId, std::nullopt);
  EXPECT_EQ(left->state, TransferState::cancelled);
  EXPECT_EQ(left->projectName, "Shop");
}

TEST_P(TransferStoreTest, ListsWalkAlongTheirIndexes) {
  const TransferStore store(db());
  database().fill("projects_transfers", mortise::testing::kManyRows,
                  {{"id", "'xfer_' || n"},
                   {"project_id", "'proj_' || n"},
                   {"initiated_by", "'user' || (n % 100)"},
                   {"target_user_id", "'user' || (n % 70)"},
                   {"from_scope", "'org_' || (n % 50)"},
                   {"to_scope", "'personal'"},
                   {"state", "CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'accepted' END"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store.incoming("user5", std::nullopt, timeOf(1), 200);
    store.outgoing("user5", std::nullopt, timeOf(1), 200);
    store.pendingOf("proj_500");
    store.cancelOf("proj_500", timeOf(1));
    store.projectRemoved("proj_501", timeOf(1));
    store.cancelInvolving("org_3", "user5", timeOf(1));
    store.incoming("user5", TransferState::expired, timeOf(1), 200);
    store.outgoing("user5", TransferState::pending, timeOf(1), 200);
    store.add(transfer("xfer_new", "proj_500", 1));
    store.accept("xfer_500", "user5", timeOf(1));
    store.reject("xfer_600", timeOf(1));
    store.cancelOfUser("user5", timeOf(1));
    store.moveProject("proj_7", "proj_8");
  }));
}

}  // namespace
}  // namespace projects
