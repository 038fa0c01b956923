// The lists of sessions: what each filter and order shows, what the totals say, and the plan of every statement.
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "sync_sessions/session_store.hpp"

namespace sync_sessions {
namespace {

using namespace std::chrono_literals;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using Sort = ListQuery::Sort;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

// Every set of filters with every order.
std::vector<ListQuery> everyQuery() {
  std::vector<ListQuery> queries;
  for (const char* type : {"", "manual_task"}) {
    for (const char* category : {"", "config"}) {
      for (const char* status : {"", "failed"}) {
        for (const auto sort : {Sort::startedAt, Sort::completedAt, Sort::status}) {
          for (const bool ascending : {false, true}) queries.push_back({type, category, status, sort, ascending});
        }
      }
    }
  }
  return queries;
}

std::string nameOf(const ListQuery& query) {
  return query.type + "/" + query.category + "/" + query.status + " sort " +
         std::to_string(static_cast<int>(query.sort)) + (query.ascending ? " asc" : " desc");
}

class SessionLists : public mortise::testing::DatabaseTest {
 protected:
  SessionLists() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  static mortise::Paging page(std::int64_t number, std::int64_t size) {
    auto paging = mortise::Paging::first(size, mortise::numberedPages());
    paging.page = number;
    paging.skip = (number - 1) * size;
    return paging;
  }
  // Of every kind a few, with equal times among them.
  void openSome() {
    int n = 0;
    for (int round = 0; round < 2; ++round) {
      for (const char* type : {"manual_task", "scheduled_task"}) {
        for (const char* category : {"config", "other"}) {
          for (const char* status : {"running", "completed", "failed", "cancelled"}) {
            const auto session = store_.open({type, category, std::nullopt, "here"}, kNow + (++n % 5) * 1us);
            const std::string end = status;
            if (end == "cancelled") store_.cancel(session, kNow + (n % 3) * 1us);
            if (end == "completed") store_.finish(session, "", kNow + (n % 3) * 1us);
            if (end == "failed") store_.finish(session, "boom", kNow + (n % 3) * 1us);
          }
        }
      }
    }
  }
  // s1, s2, ...: of every kind.
  void fillSessions() {
    database().fill("sync_sessions", kManyRows,
                    {{"id", "n"},
                     {"session_id", "'s' || n"},
                     {"sync_type", "CASE n % 3 WHEN 0 THEN 'manual_task' ELSE 'scheduled_task' END"},
                     {"sync_category", "CASE n % 7 WHEN 0 THEN 'config' ELSE 'other' END"},
                     {"status", "CASE n % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'running' ELSE 'completed' END"},
                     {"started_at", "n * 10"},
                     {"completed_at", "CASE n % 10 WHEN 1 THEN NULL ELSE n * 10 + 5 END"},
                     {"total_instances", "1"},
                     {"successful_instances", "1"},
                     {"failed_instances", "0"},
                     {"created_at", "n * 10"},
                     {"updated_at", "n * 10"},
                     {"server_id", "'here'"}});
  }
  // What the contract promises, from all sessions.
  std::vector<std::int64_t> expected(const ListQuery& query) {
    auto all = mortise::db::rows<Session>(db());
    std::erase_if(all, [&](const Session& session) {
      return (!query.type.empty() && session.type != query.type) ||
             (!query.category.empty() && session.category != query.category) ||
             (!query.status.empty() && session.status != query.status);
    });
    std::sort(all.begin(), all.end(), [&](const Session& a, const Session& b) {
      const auto compared = [&](const auto& left, const auto& right) {
        return query.ascending ? left < right : right < left;
      };
      const auto ended = [](const Session& session) { return session.completedAt.value_or(mortise::Time::max()); };
      if (query.sort == Sort::startedAt && a.startedAt != b.startedAt) return compared(a.startedAt, b.startedAt);
      if (query.sort == Sort::completedAt && ended(a) != ended(b)) return compared(ended(a), ended(b));
      if (query.sort == Sort::status && a.status != b.status) return compared(a.status, b.status);
      return a.id > b.id;
    });
    std::vector<std::int64_t> ids;
    for (const auto& session : all) ids.push_back(session.id);
    return ids;
  }
  std::vector<std::int64_t> listed(const ListQuery& query, std::int64_t size) {
    std::vector<std::int64_t> ids;
    for (std::int64_t number = 1;; ++number) {
      const auto part = store_.list(query, page(number, size));
      if (part.items.empty()) return ids;
      for (const auto& session : part.items) ids.push_back(session.id);
    }
  }
  std::int64_t total(const ListQuery& query = {}) { return store_.list(query, page(1, 1)).total; }

  SessionStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(SessionLists);

TEST_P(SessionLists, ShowWhatTheirFiltersAndOrderSay) {
  openSome();
  for (const auto& query : everyQuery()) {
    const auto ids = expected(query);
    EXPECT_EQ(listed(query, 3), ids) << nameOf(query);
    EXPECT_EQ(listed(query, 100), ids) << nameOf(query);
    EXPECT_EQ(total(query), static_cast<std::int64_t>(ids.size())) << nameOf(query);
  }
  for (const auto& query : {ListQuery{"weekly", "", ""}, ListQuery{"", "", "cancelle"}, ListQuery{"", "x", "failed"}}) {
    EXPECT_EQ(total(query), 0) << nameOf(query);
    EXPECT_TRUE(listed(query, 10).empty()) << nameOf(query);
  }
}

TEST_P(SessionLists, AreEmptyBeyondTheirLastPage) {
  openSome();
  for (const auto sort : {Sort::startedAt, Sort::status}) {
    const auto beyond = store_.list({"", "", "", sort}, page(1000, 10));
    EXPECT_TRUE(beyond.items.empty());
    EXPECT_EQ(beyond.total, 32);
    EXPECT_EQ(beyond.object().build().text(), R"({"items":[],"total":32,"page":1000,"pages":4})");
  }
}

TEST_P(SessionLists, HaveTotalsThatFollowEveryChange) {
  const ListQuery running{"", "", "running"}, failed{"", "", "failed"}, completed{"", "", "completed"};
  const auto one = store_.open({"manual_task", "config", 7, "here"}, kNow);
  const auto two = store_.open({"manual_task", "other", 7, "here"}, kNow);
  const auto records = store_.addTargets(two, {{1, "a"}}, kNow);
  EXPECT_EQ(total(running), 2);
  store_.complete(records[0], {}, "", kNow);
  store_.fail(records[0], "late", "", kNow);
  EXPECT_EQ(total(running), 1);
  EXPECT_EQ(total(completed), 1) << "an ended session stays what it is";
  EXPECT_EQ(total(failed), 0);
  store_.abandon(one, "gone", kNow);
  EXPECT_FALSE(store_.cancel(one, kNow));
  EXPECT_EQ(total(failed), 1);
  EXPECT_EQ(total(), 2);
  EXPECT_EQ(store_.purge(kNow + 1us), 2);
  EXPECT_EQ(total(), 0);
}

TEST_P(SessionLists, WalkAlongAnIndexHoweverManySessionsThereAre) {
  fillSessions();
  run("INSERT INTO sync_session_counts (sync_type, sync_category, status, sessions) "
      "SELECT sync_type, sync_category, status, COUNT(*) FROM sync_sessions GROUP BY sync_type, sync_category, status");
  database().analyze();
  const mortise::testing::PlanRules rules{.maySortTies = true};
  for (const auto& query : everyQuery()) {
    EXPECT_PLANS(plansAreIndexed(
        database(),
        [&] {
          for (const std::int64_t number : {1, 2, 60}) store_.list(query, page(number, 20));
        },
        rules))
        << nameOf(query);
  }
}

TEST_P(SessionLists, ReadAlongAnIndexElsewhereToo) {
  fillSessions();
  database().fill("sync_records", kManyRows,
                  {{"id", "n"},
                   {"session_id", "'s' || (n % 50 + 1)"},
                   {"instance_id", "n"},
                   {"sync_category", "'other'"},
                   {"status", "CASE n / 50 % 2 WHEN 0 THEN 'failed' ELSE 'completed' END"},
                   {"items_synced", "0"},
                   {"items_created", "0"},
                   {"items_updated", "0"},
                   {"items_deleted", "0"},
                   {"created_at", "n / 3"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("s7");
    EXPECT_EQ(store_.records("s7").size(), 2000U);
    EXPECT_EQ(store_.failedRecords("s7").size(), 1000U);
    store_.runningOf("here");
    store_.runningElsewhere("there");
  }));
}

}  // namespace
}  // namespace sync_sessions
