// What begins by itself behind a push: its table and what queues it, on both databases.
#include "automation/follow_up.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include "captured_sessions_testing.hpp"

namespace session_sharing {
namespace {

using mortise::timeOf;
using mortise::Transaction;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class FollowUpRows : public CapturedSessionTest {
 protected:
  void push(const CapturedSession& session) {
    db().transaction([&](Transaction& tx) { queue_.pushed(tx, session); });
  }
  bool request(const std::vector<std::string>& ids) {
    return db().transaction([&](Transaction& tx) { return queue_.requested(tx, "ada", ids); });
  }

  FollowUpStore store_{db()};
  TriggerStore triggers_{db()};
  CapturedSessionStore sessions_{db()};
  FollowUpQueue queue_{db()};
};
MORTISE_ON_EVERY_DATABASE(FollowUpRows);

TEST_P(FollowUpRows, ComeOfATriggerOnly) {
  push(captured("ses_1"));
  EXPECT_FALSE(store_.find("ses_1", FollowUpKind::audit));
  triggers_.put({"ada", "on_pr", "manual"});
  push(captured("ses_1"));
  EXPECT_FALSE(store_.find("ses_1", FollowUpKind::audit));
  triggers_.put({"ada", "manual", "on_sync"});
  push(captured("ses_1"));
  EXPECT_FALSE(store_.find("ses_1", FollowUpKind::audit));
  EXPECT_TRUE(store_.find("ses_1", FollowUpKind::summary));
  triggers_.put({"ada", "on_sync", "manual"});
  push(captured("ses_2"));
  const auto audit = store_.find("ses_2", FollowUpKind::audit).value();
  EXPECT_EQ(audit.dueAt, captured("ses_2").uploadedAt + std::chrono::minutes(1));
  EXPECT_EQ(audit.etag, "etag-ses_2");
}

TEST_P(FollowUpRows, AreOneForEachArchive) {
  triggers_.put({"ada", "on_sync", "manual"});
  auto session = captured("ses_1");
  push(session);
  const auto taken = store_.take(timeOf(2'000'000'000), timeOf(3'000'000'000)).value();
  EXPECT_EQ(taken.attempts, 1);
  EXPECT_FALSE(store_.take(timeOf(2'000'000'000), timeOf(3'000'000'000)));
  push(session);  // the same bytes
  EXPECT_TRUE(store_.finish(taken));
  push(session);
  EXPECT_FALSE(store_.take(timeOf(4'000'000'000), timeOf(5'000'000'000)));
  session.etag = "other";
  push(session);
  const auto again = store_.take(timeOf(4'000'000'000), timeOf(5'000'000'000)).value();
  EXPECT_EQ(again.etag, "other");
  EXPECT_EQ(again.attempts, 1);
}

TEST_P(FollowUpRows, AreNotTheWorkersAnyMoreAfterAPushOrAnotherTake) {
  triggers_.put({"ada", "on_sync", "manual"});
  auto session = captured("ses_1");
  push(session);
  const auto slow = store_.take(timeOf(2'000'000'000), timeOf(3'000'000'000)).value();
  const auto other = store_.take(timeOf(3'000'000'000), timeOf(4'000'000'000)).value();
  EXPECT_EQ(other.attempts, 2);
  EXPECT_FALSE(store_.finish(slow));
  store_.putOff(slow, timeOf(1), 0);
  EXPECT_EQ(store_.find("ses_1", FollowUpKind::audit)->dueAt, timeOf(4'000'000'000));
  store_.putOff(other, timeOf(9), 1);
  EXPECT_EQ(store_.find("ses_1", FollowUpKind::audit)->attempts, 1);
  const auto third = store_.take(timeOf(9), timeOf(10)).value();
  session.etag = "other";
  push(session);
  EXPECT_FALSE(store_.finish(third));
  EXPECT_EQ(store_.find("ses_1", FollowUpKind::audit)->state, "pending");
}

TEST_P(FollowUpRows, AreTakenOfOneUserAfterTheOther) {
  for (const std::string user : {"ada", "bob", "eve"}) triggers_.put({user, "manual", "on_sync"});
  for (int i = 1; i <= 3; ++i) push(captured("ses_a" + std::to_string(i), i, "ada"));
  push(captured("ses_b", 10, "bob"));
  push(captured("ses_e", 30, "eve"));
  std::string order, last;
  const auto now = timeOf(20'000'000);
  while (const auto taken = store_.take(now, timeOf(99'000'000), last)) {
    order += taken->sessionId + " ";
    last = taken->userId;
  }
  EXPECT_EQ(order, "ses_a1 ses_b ses_a2 ses_a3 ") << "the time of eve's has not come";
}

TEST_P(FollowUpRows, ComeOfAPullRequestToo) {
  sessions_.put(captured("ses_1"));
  sessions_.put(captured("ses_2", 1000, "bob"));
  EXPECT_FALSE(request({"ses_1"}));
  triggers_.put({"ada", "on_pr", "on_pr"});
  EXPECT_TRUE(request({"ses_1", "ses_2", "ses_3"}));
  EXPECT_FALSE(request({"ses_1"}));
  EXPECT_TRUE(store_.find("ses_1", FollowUpKind::summary));
  EXPECT_FALSE(store_.find("ses_2", FollowUpKind::audit));
  db().transaction([&](Transaction& tx) { queue_.sessionRemoved(tx, captured("ses_1")); });
  EXPECT_FALSE(store_.find("ses_1", FollowUpKind::audit));
  EXPECT_FALSE(store_.find("ses_1", FollowUpKind::summary));
}

TEST_P(FollowUpRows, AreFoundByAnIndex) {
  database().fill("sync_follow_ups", kManyRows,
                  {{"session_id", "'ses_' || n"},
                   {"kind", "'audit'"},
                   {"user_id", "'u' || (n % 1000)"},
                   {"etag", "'e'"},
                   {"state", "CASE n % 100 WHEN 0 THEN 'pending' ELSE 'done' END"},
                   {"attempts", "0"},
                   {"due_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    const auto taken = store_.take(timeOf(100), timeOf(200)).value();
    store_.take(timeOf(100), timeOf(200), "u5");
    store_.putOff(taken, timeOf(300), 0);
    store_.finish(taken);
    store_.put(taken);
    store_.find("ses_7", FollowUpKind::audit);
    store_.removeOfSession("ses_7");
  }));
}

}  // namespace
}  // namespace session_sharing
