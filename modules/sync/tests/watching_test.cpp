// The tables of what clients watch and tell, and of summaries.
#include <gtest/gtest.h>
#include <mortise/problem.hpp>
#include <mortise/testing/plans.hpp>

#include <chrono>
#include <string>

#include "captured_sessions_testing.hpp"
#include "library/captured_session_store.hpp"
#include "summaries/summary_store.hpp"
#include "watching/client_store.hpp"
#include "watching/sync_settings.hpp"
#include "watching/watch_list.hpp"

namespace session_sharing {
namespace {

using namespace std::chrono_literals;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

class Watching : public CapturedSessionTest {
 protected:
  std::string watched(const std::string& user = "ada") {
    std::string out;
    for (const auto& one : watchList_.list(user))
      out += one.sessionId + " " + one.title.value_or("-") + " " + one.status + (one.lastSyncedAt ? " synced; " : "; ");
    return out;
  }

  CapturedSessionStore store_{db()};
  WatchList watchList_{db()};
  SyncSettingsStore settings_{db()};
  ClientStore clients_{db()};
  SummaryStore summaries_{db()};
};
MORTISE_ON_EVERY_DATABASE(Watching);

TEST_P(Watching, ListsTheSessionThatWasAddedLastFirst) {
  store_.put(captured("ses_11111111"));
  watchList_.add("ada", "ses_11111111", kNow);
  watchList_.add("ada", "ses_22222222", kNow + 1s);
  watchList_.add("ada", "ses_11111111", kNow + 2s);
  watchList_.add("bob", "ses_11111111", kNow);
  EXPECT_EQ(watched(), "ses_22222222 - pending; ses_11111111 Title of ses_11111111 pending; ");
  EXPECT_TRUE(watchList_.setStatus("ada", "ses_11111111", "synced", kNow));
  EXPECT_TRUE(watchList_.setStatus("ada", "ses_11111111", "queued", kNow));
  EXPECT_FALSE(watchList_.setStatus("ada", "ses_33333333", "queued", kNow));
  EXPECT_EQ(watched(), "ses_22222222 - pending; ses_11111111 Title of ses_11111111 queued synced; ");
  const auto counts = watchList_.counts("ada");
  EXPECT_EQ(counts.watched, 2);
  EXPECT_EQ(counts.queued, 1);
  EXPECT_EQ(counts.failed, 0);
  watchList_.remove("ada", "ses_22222222");
  watchList_.remove("ada", "ses_22222222");
  db().transaction([&](mortise::Transaction& tx) { watchList_.sessionRemoved(tx, captured("ses_11111111")); });
  EXPECT_EQ(watched(), "");
  EXPECT_EQ(watched("bob"), "");
  watchList_.add("ada", "ses_11111111", kNow);
  watchList_.add("bob", "ses_11111111", kNow);
  db().transaction([&](mortise::Transaction& tx) { watchList_.accountRemoved(tx, "ada"); });
  EXPECT_EQ(watched(), "");
  EXPECT_NE(watched("bob"), "");
}

TEST_P(Watching, EndsAtItsLimit) {
  database().fill("sync_watchlist", WatchList::kMaxWatched,
                  {{"user_id", "'ada'"}, {"session_id", "'s' || n"}, {"status", "'failed'"}, {"watched_at", "n"}});
  EXPECT_THROW(watchList_.add("ada", "one_more", kNow), mortise::Problem);
  watchList_.add("ada", "s1", kNow);
  watchList_.add("bob", "one_more", kNow);
  EXPECT_EQ(watchList_.counts("ada").failed, WatchList::kMaxWatched);
}

TEST_P(Watching, KeepsSettings) {
  EXPECT_EQ(settings_.of("ada").mode, "off");
  EXPECT_EQ(settings_.of("ada").debounceSeconds, 30);
  settings_.put({"ada", "all", 60});
  settings_.put({"ada", "selective", 90});
  EXPECT_EQ(settings_.of("ada").mode, "selective");
  EXPECT_EQ(settings_.of("ada").debounceSeconds, 90);
  EXPECT_EQ(settings_.of("bob").mode, "off");
  db().transaction([&](mortise::Transaction& tx) { settings_.accountRemoved(tx, "ada"); });
  EXPECT_EQ(settings_.of("ada").mode, "off");
}

TEST_P(Watching, KnowsTheClientThatPushedLast) {
  EXPECT_FALSE(clients_.find("ada"));
  clients_.noteHealth("ada", "[]", kNow);
  EXPECT_FALSE(clients_.find("ada")->lastSyncAt);
  clients_.notePush("ada", {std::string(30, 'v'), "linux", std::nullopt}, kNow);
  clients_.notePush("ada", {std::nullopt, std::string("x\0y", 3), "clöck"}, kNow + 1s);
  const auto client = clients_.find("ada").value();
  EXPECT_EQ(client.version, std::string(20, 'v'));
  EXPECT_EQ(client.platform, "linux");
  EXPECT_EQ(client.device, "clöck");
  EXPECT_EQ(client.lastSyncAt, kNow + 1s);
  EXPECT_EQ(client.captureHealth, "[]");
  db().transaction([&](mortise::Transaction& tx) { clients_.accountRemoved(tx, "ada"); });
  EXPECT_FALSE(clients_.find("ada"));
}

TEST_P(Watching, KeepsSummariesBesideWhatAModelMade) {
  SessionSummary summary;
  summary.sessionId = "ses_11111111";
  summary.etag = "e1";
  summary.facts.filesModified = {"a/b", "c \"d\""};
  summary.facts.testsRun = 3;
  summary.generatedAt = kNow;
  EXPECT_FALSE(summaries_.setNarrative("ses_11111111", {}));
  EXPECT_FALSE(summaries_.setNarrativeError("ses_11111111", "{}"));
  EXPECT_FALSE(summaries_.putFacts(summary)) << "of no session";
  EXPECT_FALSE(summaries_.find("ses_11111111"));
  store_.put(captured("ses_11111111"));
  EXPECT_TRUE(summaries_.putFacts(summary));
  EXPECT_TRUE(summaries_.setNarrativeError("ses_11111111", R"({"code":"x","message":"y","status":502})"));
  EXPECT_TRUE(summaries_.find("ses_11111111")->narrativeError.starts_with("{"));
  SessionNarrative narrative;
  narrative.whatHappened = "It ticks.";
  narrative.keyDecisions = std::vector<std::string>{"wind it"};
  narrative.model = "m";
  EXPECT_TRUE(summaries_.setNarrative("ses_11111111", narrative));
  summary.etag = "e2";
  summary.facts.testsRun = 4;
  store_.moveToTrash("ses_11111111", "cloud", "ada", kNow);
  EXPECT_TRUE(summaries_.putFacts(summary)) << "it may come back";
  auto read = summaries_.find("ses_11111111").value();
  EXPECT_EQ(read.etag, "e2");
  EXPECT_EQ(read.facts.testsRun, 4);
  EXPECT_EQ(read.facts.filesModified, summary.facts.filesModified);
  EXPECT_EQ(read.narrative.whatHappened, "It ticks.");
  EXPECT_EQ(read.narrative.keyDecisions, narrative.keyDecisions);
  EXPECT_FALSE(read.narrative.openIssues);
  EXPECT_EQ(read.narrativeError, "") << "forgotten with the success";
  db().transaction([&](mortise::Transaction& tx) { summaries_.sessionRemoved(tx, captured("ses_11111111")); });
  EXPECT_FALSE(summaries_.find("ses_11111111"));
}

TEST_P(Watching, ListsSummariesByTheDayOfTheirSessions) {
  for (int i = 0; i < 4; ++i) store_.put(captured("ses_1000000" + std::to_string(i), 1000 + i));
  store_.put(captured("ses_20000000", 1001, "bob"));
  store_.moveToTrash("ses_10000003", "cloud", "ada", kNow);
  SessionSummary summary;
  summary.sessionId = "ses_10000001";
  summary.facts.commandsExecuted = 7;
  EXPECT_TRUE(summaries_.putFacts(summary));
  const auto listed = summaries_.list("ada", mortise::timeOf(1'001'000'000), mortise::timeOf(2'000'000'000), 100);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].session.id, "ses_10000002");
  EXPECT_FALSE(listed[0].summary);
  EXPECT_EQ(listed[1].summary->facts.commandsExecuted, 7);
  EXPECT_EQ(listed[1].summary->title, "Title of ses_10000001");
  EXPECT_EQ(summaries_.list("ada", mortise::timeOf(0), mortise::timeOf(1'001'000'000), 100).size(), 1U);
  EXPECT_EQ(summaries_.list("ada", mortise::timeOf(0), kNow, 1).size(), 1U);
}

TEST_P(Watching, ReadsAlongAnIndexHoweverMuchThereIs) {
  fillSessions(kManyRows);
  database().fill("sync_watchlist", kManyRows,
                  {{"user_id", "'user' || (n % 100)"},
                   {"session_id", "'ses_' || n"},
                   {"status", "CASE n % 3 WHEN 0 THEN 'queued' ELSE 'failed' END"},
                   {"watched_at", "n"}});
  database().fill("sync_clients", kManyRows, {{"user_id", "'user' || n"}});
  database().fill("sync_settings", kManyRows,
                  {{"user_id", "'user' || n"}, {"mode", "'off'"}, {"debounce_seconds", "5"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    watchList_.list("user17");
    watchList_.counts("user17");
    watchList_.add("user17", "ses_new", kNow);
    watchList_.setStatus("user17", "ses_17", "synced", kNow);
    watchList_.remove("user17", "ses_17");
    db().transaction([&](mortise::Transaction& tx) { watchList_.sessionRemoved(tx, captured("ses_117")); });
    settings_.of("user17");
    clients_.find("user17");
    clients_.noteHealth("user17", "[]", kNow);
    summaries_.list("user17", mortise::timeOf(0), kNow, 100);
    summaries_.find("ses_17");
  }));
}

}  // namespace
}  // namespace session_sharing
