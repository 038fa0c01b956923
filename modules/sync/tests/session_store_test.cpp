#include "sync_sessions/session_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include <mortise/problem.hpp>

#include <chrono>
#include <functional>

namespace sync_sessions {
namespace {

using namespace std::chrono_literals;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

class Sessions : public mortise::testing::DatabaseTest {
 protected:
  Sessions() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  std::string open() { return store_.open({"manual_task", "config", 7, "here"}, kNow); }
  std::vector<std::int64_t> add(const std::string& session, std::size_t count) {
    std::vector<Target> targets;
    for (std::size_t i = 0; i < count; ++i)
      targets.push_back({static_cast<std::int64_t>(i + 1), "t" + std::to_string(i)});
    return store_.addTargets(session, targets, kNow);
  }
  Session read(const std::string& session) { return store_.find(session).value(); }
  static std::string codeOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const mortise::Problem& problem) {
      return problem.code();
    }
    return "";
  }

  SessionStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Sessions);

TEST_P(Sessions, BeginRunningAndEmpty) {
  const auto session = read(open());
  EXPECT_EQ(session.id, 1);
  EXPECT_EQ(session.status, "running");
  EXPECT_EQ(session.startedAt, kNow);
  EXPECT_EQ(session.createdAt, kNow);
  EXPECT_FALSE(session.completedAt);
  EXPECT_EQ(session.createdBy, 7);
  EXPECT_EQ(session.total + session.successful + session.failed, 0);
  EXPECT_EQ(read(open()).id, 2);
}

TEST_P(Sessions, GrowByTheirTargetsInOrder) {
  const auto session = open();
  const auto ids = add(session, 123);
  ASSERT_EQ(ids.size(), 123U);
  const auto records = store_.records(session);
  ASSERT_EQ(records.size(), 123U);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].id, ids[i]);
    EXPECT_EQ(records[i].instanceId, static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(records[i].instanceName, "t" + std::to_string(i));
    EXPECT_EQ(records[i].status, "pending");
    EXPECT_EQ(records[i].category, "config");
  }
  EXPECT_EQ(read(session).total, 123);
  add(session, 2);
  EXPECT_EQ(read(session).total, 125);
}

TEST_P(Sessions, EndWithTheirLastTarget) {
  const auto session = open();
  const auto ids = add(session, 2);
  store_.start(ids[0], kNow + 1us);
  EXPECT_FALSE(store_.complete(ids[0], {1, 2, 3, 4}, R"({"version":1})", kNow + 2us));
  EXPECT_EQ(read(session).status, "running");
  const auto ended = store_.complete(ids[1], {}, "", kNow + 3us);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, "completed");
  EXPECT_EQ(read(session).completedAt, kNow + 3us);
  const auto record = store_.records(session)[0];
  EXPECT_EQ(record.startedAt, kNow + 1us);
  EXPECT_EQ(record.completedAt, kNow + 2us);
  EXPECT_EQ(record.counters.synced, 1);
  EXPECT_EQ(record.counters.deleted, 4);
  EXPECT_EQ(record.details, R"({"version":1})");
  EXPECT_FALSE(store_.records(session)[1].startedAt) << "completed without a start";
}

TEST_P(Sessions, FailWhenATargetDid) {
  const auto session = open();
  const auto ids = add(session, 2);
  store_.fail(ids[0], "boom", "", kNow);
  EXPECT_EQ(store_.complete(ids[1], {}, "", kNow)->status, "failed");
  const auto errors = store_.failedRecords(session);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].errorMessage, "boom");
  EXPECT_FALSE(errors[0].startedAt);
}

TEST_P(Sessions, LetAnOutcomeBeReplacedAndRecount) {
  const auto session = open();
  const auto ids = add(session, 2);
  store_.fail(ids[0], "boom", "", kNow);
  store_.complete(ids[0], {5, 0, 0, 0}, "", kNow);
  EXPECT_EQ(read(session).failed, 0);
  EXPECT_EQ(read(session).successful, 1);
  EXPECT_FALSE(store_.records(session)[0].errorMessage);
  store_.complete(ids[1], {}, "", kNow);
  store_.fail(ids[1], "late", "", kNow + 9us);
  const auto after = read(session);
  EXPECT_EQ(after.status, "completed") << "what has ended stays";
  EXPECT_EQ(after.failed, 1) << "but is counted anew";
}

TEST_P(Sessions, StayCancelled) {
  const auto session = open();
  const auto ids = add(session, 2);
  EXPECT_TRUE(store_.cancel(session, kNow + 5us));
  EXPECT_FALSE(store_.cancel(session, kNow + 6us));
  EXPECT_FALSE(store_.cancel("unknown", kNow));
  EXPECT_EQ(read(session).completedAt, kNow + 5us);
  EXPECT_EQ(codeOf([&] { store_.start(ids[0], kNow); }), "sync_session_ended");
  EXPECT_EQ(codeOf([&] { add(session, 1); }), "sync_session_ended");
  EXPECT_FALSE(store_.complete(ids[0], {}, "", kNow + 7us));
  EXPECT_FALSE(store_.complete(ids[1], {}, "", kNow + 7us));
  EXPECT_FALSE(store_.finish(session, "", kNow + 8us));
  const auto after = read(session);
  EXPECT_EQ(after.status, "cancelled");
  EXPECT_EQ(after.successful, 2) << "what was done meanwhile counts";
  EXPECT_EQ(after.completedAt, kNow + 5us);
}

TEST_P(Sessions, FinishByWhatTheirTargetsSay) {
  const auto sound = open();
  EXPECT_EQ(store_.finish(sound, "", kNow)->status, "completed") << "nothing to do";
  const auto loose = open();
  add(loose, 2);
  EXPECT_EQ(store_.finish(loose, "", kNow)->status, "failed");
  EXPECT_EQ(store_.failedRecords(loose).at(0).errorMessage, "2 targets were left without an outcome");
  const auto reasoned = open();
  EXPECT_EQ(store_.finish(reasoned, "no list", kNow)->status, "failed");
  const auto error = store_.failedRecords(reasoned).at(0);
  EXPECT_EQ(error.errorMessage, "no list");
  EXPECT_EQ(error.instanceId, 0);
  EXPECT_EQ(read(reasoned).total, 1);
  EXPECT_EQ(read(reasoned).failed, 1);
}

TEST_P(Sessions, GoOnAfterAnErrorThatBelongsToNoTarget) {
  const auto session = open();
  store_.logError(session, "slow", "", kNow);
  EXPECT_EQ(read(session).status, "running");
  const auto ids = add(session, 1);
  EXPECT_EQ(store_.complete(ids[0], {}, "", kNow)->status, "failed");
  EXPECT_EQ(codeOf([&] { store_.logError("unknown", "x", "", kNow); }), "sync_session_not_found");
}

TEST_P(Sessions, AreAbandonedWithAReasonAmongTheErrors) {
  const auto working = open();
  const auto ids = add(working, 3);
  store_.complete(ids[0], {}, "", kNow);
  store_.start(ids[1], kNow);
  EXPECT_EQ(store_.abandon(working, "gone", kNow + 1us)->status, "failed");
  const auto records = store_.records(working);
  EXPECT_EQ(records[0].status, "completed");
  EXPECT_EQ(records[1].errorMessage, "gone");
  EXPECT_EQ(records[2].status, "pending");
  EXPECT_EQ(records.size(), 3U);
  const auto idle = open();
  add(idle, 1);
  store_.abandon(idle, "gone", kNow + 1us);
  EXPECT_EQ(store_.failedRecords(idle).at(0).errorMessage, "gone");
  EXPECT_FALSE(store_.abandon(idle, "gone", kNow + 2us));
}

TEST_P(Sessions, RefuseWhatIsNotThere) {
  EXPECT_EQ(codeOf([&] { store_.start(9, kNow); }), "sync_record_not_found");
  EXPECT_EQ(codeOf([&] { store_.complete(9, {}, "", kNow); }), "sync_record_not_found");
  EXPECT_EQ(codeOf([&] { store_.fail(9, "x", "", kNow); }), "sync_record_not_found");
  EXPECT_EQ(codeOf([&] { store_.progress(9, {}); }), "sync_record_not_found");
  EXPECT_EQ(codeOf([&] { store_.finish("unknown", "", kNow); }), "sync_session_not_found");
  EXPECT_EQ(codeOf([&] { add("unknown", 1); }), "sync_session_not_found");
  const auto ids = add(open(), 2);
  EXPECT_EQ(codeOf([&] { store_.progress(ids[0], {}); }), "sync_record_not_started");
  store_.complete(ids[0], {}, "", kNow);
  EXPECT_EQ(codeOf([&] { store_.start(ids[0], kNow); }), "sync_record_finished");
}

TEST_P(Sessions, AreDroppedWithTheirRecordsOnceOldUnlessRunning) {
  const auto running = open();
  const auto ended = open();
  add(ended, 3);
  store_.cancel(ended, kNow);
  EXPECT_EQ(store_.purge(kNow), 0);
  EXPECT_EQ(store_.purge(kNow + 1us), 1);
  EXPECT_FALSE(store_.find(ended));
  EXPECT_TRUE(store_.records(ended).empty());
  EXPECT_TRUE(store_.find(running));
}

}  // namespace
}  // namespace sync_sessions
