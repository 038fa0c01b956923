#include "conversations/session_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "conversations/events.hpp"
#include "conversations/session_views.hpp"
#include "conversations/token_budget.hpp"

namespace agent {
namespace {

using mortise::Transaction;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using testing::ElementsAre;

class SessionRows : public mortise::testing::DatabaseTest {
 protected:
  SessionRows() : DatabaseTest("agent", AGENT_SOURCE_DIR "/migrations") {}

  Session add(const std::string& id, const std::string& owner = "ada") {
    Session session;
    session.id = id;
    session.owner = owner;
    session.createdAt = session.usedAt = mortise::timeOf(++clock_);
    add(session, 1000);
    return session;
  }
  void add(const Session& session, std::int64_t most) {
    db().transaction([&](Transaction& tx) { store_.add(tx, session, most); });
  }
  StoredEvent append(const std::string& id, const NewEvent& event = doneEvent()) {
    return db().transaction([&](Transaction& tx) {
      auto session = *store_.lock(tx, id);
      auto stored = store_.append(tx, session, event);
      store_.update(tx, session);
      return stored;
    });
  }
  void change(const std::string& id, const std::function<void(Session&)>& by) {
    db().transaction([&](Transaction& tx) {
      auto session = *store_.lock(tx, id);
      by(session);
      store_.update(tx, session);
    });
  }

  std::int64_t clock_ = 1000;
  SessionStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(SessionRows);

TEST_P(SessionRows, GiveEventsIdsThatGrowAndNumbersWithoutGaps) {
  add("s");
  std::vector<StoredEvent> events;
  for (int i = 0; i < 50; ++i) events.push_back(append("s"));
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(events[i].seq % EventId::kStep, 0);
    if (i > 0) {
      EXPECT_GT(events[i].id(), events[i - 1].id());
    }
    EXPECT_THAT(events[i].data, testing::HasSubstr(events[i].id().text()));
  }
  EXPECT_EQ(store_.numberOf("s", events[7].id()), 8);
  EXPECT_EQ(store_.numberOf("s", events[7].id().partial(1)), std::nullopt);
  EXPECT_EQ(store_.find("s")->events, 50);
  EXPECT_GT(store_.find("s")->bytes, 50 * 40);
}

TEST_P(SessionRows, GrowAlsoWhenTheClockGoesBack) {
  add("s");
  const auto first = append("s");
  change("s", [](Session& session) { session.lastMs += 3'600'000; });
  const auto second = append("s");
  const auto third = append("s");
  EXPECT_GT(second.id(), first.id());
  EXPECT_GT(third.id(), second.id());
}

TEST_P(SessionRows, TakeEventsOfSeveralWritersOneAfterTheOther) {
  add("s");
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([this] {
      for (int k = 0; k < 10; ++k) append("s");
    });
  for (auto& writer : writers) writer.join();
  const auto events = store_.page("s", 0, 1000, 1 << 20).events;
  ASSERT_EQ(events.size(), 40U);
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_EQ(events[i].number, events[i - 1].number + 1);
    EXPECT_GT(events[i].id(), events[i - 1].id());
  }
}

TEST_P(SessionRows, AreReadInPages) {
  add("s");
  for (int i = 0; i < 10; ++i) append("s", titleEvent(std::string(100, 'x')));
  auto page = store_.page("s", 0, 4, 1 << 20);
  EXPECT_EQ(page.events.size(), 4U);
  EXPECT_EQ(page.newest, 10);
  page = store_.page("s", 4, 100, 400);
  EXPECT_EQ(page.events.size(), 2U) << "by bytes";
  EXPECT_EQ(page.events[0].number, 5);
  EXPECT_EQ(store_.page("s", 0, 4, 1).events.size(), 1U) << "one at least";
  EXPECT_TRUE(store_.page("s", 10, 4, 1).events.empty());
  EXPECT_TRUE(store_.page("none", 0, 4, 1).isGone);
}

TEST_P(SessionRows, AreShownWhole) {
  add("s");
  EXPECT_EQ(sessionDetailText(*store_.find("s"), store_),
            R"({"session_id":"s","title":"","status":"pending","events":[]})");
  const auto first = append("s", titleEvent("A \"day\""));
  const auto second = append("s");
  EXPECT_EQ(sessionDetailText(*store_.find("s"), store_),
            R"({"session_id":"s","title":"","status":"pending","events":[{"event":"title","data":)" + first.data +
                R"(},{"event":"done","data":)" + second.data + "}]}");
}

// Of 1000 bytes and some.
NewEvent pictureEvent(const std::string& callId) {
  return toolEvent(callId, "browser", "browser_view", R"({"content":{"screenshot":"data:x"}})", true,
                   R"({"screenshot":"data:image/png;base64,)" + std::string(1000, 'A') + "\"}");
}

TEST_P(SessionRows, GiveUpTheirOldestPicturesForRoom) {
  add("s");
  append("s", titleEvent(std::string(1000, 'x')));
  std::vector<StoredEvent> pictures;
  for (int i = 0; i < 8; ++i) pictures.push_back(append("s", pictureEvent("call-" + std::to_string(i))));
  const auto before = store_.find("s")->bytes;
  const auto makeRoom = [&](std::int64_t most) {
    return db().transaction([&](Transaction& tx) {
      auto session = *store_.lock(tx, "s");
      const bool hasRoom = store_.makeRoom(tx, session, most);
      store_.update(tx, session);
      return hasRoom;
    });
  };
  EXPECT_TRUE(makeRoom(before + 1));
  EXPECT_EQ(store_.find("s")->bytes, before) << "there was room";
  EXPECT_TRUE(makeRoom(before));
  const auto events = store_.page("s", 0, 100, 1 << 20).events;
  ASSERT_EQ(events.size(), 9U);
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const auto& data = events[i + 1].data;
    EXPECT_THAT(data, testing::HasSubstr(R"("tool_call_id":"call-)" + std::to_string(i) +
                                         R"(","name":"browser",)"
                                         R"("function":"browser_view","args":{"content":{"screenshot":"data:x"}},)"));
    if (i < 3) {
      EXPECT_THAT(data, testing::EndsWith(R"(,"status":"called","content":null})")) << i;
    } else {
      EXPECT_EQ(data, pictures[i].data) << i;
    }
    bytes += static_cast<std::int64_t>(pictures[i].data.size() - data.size());
  }
  EXPECT_EQ(store_.find("s")->bytes, before - bytes);
  EXPECT_LE(store_.find("s")->bytes, before - before / 4);
  EXPECT_FALSE(makeRoom(1000)) << "the texts have no room";
}

TEST_P(SessionRows, AreListedByTheirLatestMessageThoseWithoutOneFirst) {
  for (const auto* id : {"a", "b", "c", "d"}) add(id);
  add("other", "bob");
  change("a", [](Session& session) { session.listedAt = 20; });
  change("b", [](Session& session) { session.listedAt = 30; });
  std::vector<std::string> ids;
  for (const auto& session : store_.list("ada", 10)) ids.push_back(session.id);
  EXPECT_THAT(ids, ElementsAre("d", "c", "b", "a"));
  EXPECT_EQ(store_.list("", 10).size(), 5U);
  EXPECT_EQ(store_.list("", 2).size(), 2U);
}

TEST_P(SessionRows, AreBounded) {
  add("a");
  Session another;
  another.id = "b";
  another.owner = "ada";
  EXPECT_THROW(add(another, 1), mortise::Problem);
  another.kind = SessionKind::thread;
  add(another, 1);
  another = Session();
  another.id = "c";
  another.owner = "bob";
  add(another, 1);
}

TEST_P(SessionRows, GoWithAllThatBelongsToThem) {
  add("s");
  append("s");
  db().transaction([&](Transaction& tx) { store_.addInput(tx, {"s", 1, "x", {"f"}}); });
  store_.putFile({"s", "/a", "made", true, mortise::now()});
  store_.putFile({"s", "/b", "uploaded", false, mortise::now()});
  store_.attach("s", "server", mortise::now());
  db().execute("INSERT INTO agent_memories (session_id, agent, number, message) VALUES ('s', 'react', 0, '{}')");
  const auto made = db().transaction([&](Transaction& tx) { return store_.remove(tx, "s"); });
  EXPECT_THAT(made, ElementsAre("made"));
  for (const auto* table : {"sessions", "events", "inputs", "memories", "session_files", "attachments"})
    EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM agent_" + std::string(table)), 0) << table;
}

TEST_P(SessionRows, KnowWhoseLeaseRanOut) {
  for (const auto* id : {"mine", "late", "theirs"}) add(id);
  const auto now = mortise::now();
  change("mine", [&](Session& s) {
    s.run = "r1";
    s.server = "me";
    s.leaseUntil = now + std::chrono::hours(1);
  });
  change("late", [&](Session& s) {
    s.run = "r2";
    s.server = "them";
    s.leaseUntil = now - std::chrono::hours(1);
  });
  change("theirs", [&](Session& s) {
    s.run = "r3";
    s.server = "them";
    s.leaseUntil = now + std::chrono::hours(1);
  });
  const auto found = store_.abandoned("me", now);
  // On SQLite a server is alone: whoever else there was is gone.
  if (db().isSqlite()) {
    EXPECT_THAT(found, testing::UnorderedElementsAre("late", "theirs"));
  } else {
    EXPECT_THAT(found, ElementsAre("late"));
  }
  EXPECT_THAT(store_.runsOf("me"), ElementsAre("r1"));
  store_.renew("them", {"r1", "r2"}, now + std::chrono::hours(2));
  EXPECT_EQ(store_.find("late")->leaseUntil, now + std::chrono::hours(2));
  EXPECT_EQ(store_.find("theirs")->leaseUntil, now + std::chrono::hours(1)) << "no thread works on it";
  EXPECT_EQ(store_.find("mine")->leaseUntil, now + std::chrono::hours(1));
  db().transaction([&](Transaction& tx) { EXPECT_EQ(store_.running(tx, "ada", now), 3); });
}

TEST_P(SessionRows, CountAsReadWhileAServerSaysSo) {
  add("s");
  const auto now = mortise::now();
  const auto isAttached = [&] {
    return db().transaction([&](Transaction& tx) { return store_.isAttached(tx, "s", now); });
  };
  EXPECT_FALSE(isAttached());
  store_.attach("s", "a", now - std::chrono::seconds(1));
  EXPECT_FALSE(isAttached());
  store_.attach("s", "a", now + std::chrono::seconds(1));
  EXPECT_TRUE(isAttached());
  store_.detach("s", "a");
  EXPECT_FALSE(isAttached());
}

TEST_P(SessionRows, CountTokensByDay) {
  const TokenBudget budget(db(), 100);
  EXPECT_NO_THROW(budget.require("ada"));
  budget.take("ada", 60);
  budget.take("ada", 60);
  EXPECT_EQ(budget.today("ada"), 120);
  EXPECT_THROW(budget.require("ada"), mortise::Problem);
  EXPECT_NO_THROW(budget.require("bob"));
  EXPECT_NO_THROW(TokenBudget(db(), 0).require("ada"));
  budget.forgetOld();
  EXPECT_EQ(budget.today("ada"), 120);
  budget.forget("ada");
  EXPECT_EQ(budget.today("ada"), 0);
}

TEST_P(SessionRows, AreFoundAlongAnIndexHoweverManyThereAre) {
  database().fill("agent_sessions", kManyRows,
                  {{"id", "'s' || n"},
                   {"kind", "CASE WHEN n % 2 = 0 THEN 'session' ELSE 'thread' END"},
                   {"owner", "'user' || (n % 1000)"},
                   {"title", "''"},
                   {"status", "'completed'"},
                   {"unread", "0"},
                   {"latest_message", "''"},
                   {"latest_message_at", "n"},
                   {"listed_at", "n"},
                   {"created_at", "n"},
                   {"used_at", "n"},
                   {"last_ms", "0"},
                   {"last_seq", "0"},
                   {"events", "0"},
                   {"bytes", "0"},
                   {"task_ms", "0"},
                   {"task_seq", "0"},
                   {"run", "CASE WHEN n % 100 = 0 THEN 'r' || n ELSE '' END"},
                   {"server", "'v' || (n % 700)"},
                   {"lease_until", "n"},
                   {"progress", "'{}'"},
                   {"language", "'en'"}});
  database().fill("agent_events", kManyRows,
                  {{"session_id", "'s' || (n % 100)"},
                   {"number", "n / 100"},
                   {"ms", "n"},
                   {"seq", "0"},
                   {"kind", "'done'"},
                   {"data", "'{}'"}});
  database().fill("agent_inputs", kManyRows,
                  {{"session_id", "'s' || (n % 1000)"}, {"number", "n"}, {"text", "''"}, {"attachments", "'[]'"}});
  database().fill("agent_session_files", kManyRows,
                  {{"session_id", "'s' || (n % 1000)"},
                   {"path", "'/' || n"},
                   {"file_id", "'f'"},
                   {"made", "n % 2"},
                   {"added_at", "n"}});
  database().fill("agent_attachments", kManyRows,
                  {{"session_id", "'s' || n"}, {"server", "'v'"}, {"attached_until", "n"}});
  database().fill("agent_token_days", kManyRows, {{"user_id", "'user' || n"}, {"day", "n"}, {"tokens", "1"}});
  database().fill("agent_memories", kManyRows,
                  {{"session_id", "'s' || (n % 1000)"}, {"agent", "'react'"}, {"number", "n"}, {"message", "'{}'"}});
  database().analyze();
  const auto now = mortise::timeOf(1000);
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    Session session;
    session.id = "new";
    session.owner = "user1";
    add(session, 1000);
    store_.find("s2");
    store_.list("user2", 10);
    store_.list("", 10);
    append("s500");  // one without events
    store_.page("s2", 3, 10, 1000);
    append("s500", pictureEvent("call"));
    db().transaction([&](Transaction& tx) {
      auto full = *store_.lock(tx, "s500");
      store_.makeRoom(tx, full, 1);
    });
    store_.eachEvent("s2", [](std::string_view, std::string_view) {});
    store_.numberOf("s2", {7, 0});
    db().transaction([&](Transaction& tx) {
      store_.firstInput(tx, "s2");
      store_.removeInput(tx, {"s2", 2, "", {}});
      store_.running(tx, "user2", now);
      store_.isAttached(tx, "s2", now);
    });
    store_.abandoned("v1", now);
    store_.runsOf("v1");
    store_.renew("v1", {"r100", "r200"}, now);
    store_.owners();
    store_.runningOf("user2");
    store_.ofOwner("user2", 10);
    store_.idle(SessionKind::session, now, 10);
    store_.attach("s2", "v", now);
    store_.detach("s2", "v");
    store_.forgetAttachments(now);
    store_.clearUnread("s2");
    store_.files("s2");
    store_.file("s2", "/home/ubuntu/p1");
    db().transaction([&](Transaction& tx) { store_.remove(tx, "s2"); });
    const TokenBudget budget(db(), 1);
    budget.today("user2");
    budget.take("user2", 1);
    budget.forget("user2");
    budget.forgetOld();
  }));
}

}  // namespace
}  // namespace agent
