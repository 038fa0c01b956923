// Who follows tickets and what they are told, on both databases.
#include "following/following_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <string>
#include <thread>
#include <vector>

#include "tickets_testing.hpp"

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

class Following : public TicketsOnDatabase {
 protected:
  void tell(const std::string& user, const std::string& ticketId, NotificationKind kind, const std::string& summary) {
    TicketNotification out;
    out.userId = user;
    out.ticketId = ticketId;
    out.kind = kind;
    out.summary = summary;
    out.createdAt = out.updatedAt = kTicketsBegin + std::chrono::seconds(++seconds_);
    following_.notify({out});
  }

  FollowingStore following_{db()};
  int seconds_ = 0;
};
MORTISE_ON_EVERY_DATABASE(Following);

TEST_P(Following, WatchesOnceAndNoMoreThanSoMany) {
  add("tk_1");
  EXPECT_TRUE(following_.watch({"tk_1", "ada", {}, WatchSource::creator, false, kTicketsBegin}));
  EXPECT_TRUE(following_.watch({"tk_1", "ada", "smith", WatchSource::explicitly, true, kTicketsBegin}));
  EXPECT_EQ(following_.watcher("tk_1", "ada")->source, WatchSource::creator);
  EXPECT_EQ(following_.watchers({"tk_1"}).size(), 1u);
  following_.mute("tk_1", "ada", true);
  EXPECT_TRUE(following_.watchers({"tk_1"}).empty());
  for (int i = 1; i < FollowingStore::kMaxWatchers; ++i)
    EXPECT_TRUE(following_.watch({"tk_1", "u" + std::to_string(i), {}, WatchSource::explicitly, false, kTicketsBegin}));
  EXPECT_FALSE(following_.watch({"tk_1", "eve", {}, WatchSource::explicitly, false, kTicketsBegin}));
  following_.unwatch("tk_1", "ada");
  EXPECT_TRUE(following_.watch({"tk_1", "eve", {}, WatchSource::explicitly, false, kTicketsBegin}));
}

TEST_P(Following, TellsOfATicketInOneLineUntilItIsRead) {
  add("tk_1");
  tell("ada", "tk_1", NotificationKind::comment, "a");
  const auto first = following_.newest("ada", true, {}, 10).at(0).id;
  tell("ada", "tk_1", NotificationKind::yourTurn, "b");
  tell("ada", "tk_1", NotificationKind::status, "c");
  auto all = following_.newest("ada", true, {}, 10);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].kind, NotificationKind::yourTurn);
  EXPECT_EQ(all[0].summary, "b");
  EXPECT_EQ(all[0].eventCount, 3);
  EXPECT_EQ(all[0].createdAt, kTicketsBegin + 1s);
  EXPECT_EQ(all[0].updatedAt, kTicketsBegin + 3s);
  // Whoever read up to the first misses neither of the others.
  EXPECT_EQ(following_.after("ada", first, 10).size(), 1u);
  EXPECT_EQ(following_.read("bob", {all[0].id}, kTicketsBegin), 0);
  EXPECT_EQ(following_.read("ada", {all[0].id}, kTicketsBegin), 1);
  EXPECT_EQ(following_.read("ada", {all[0].id}, kTicketsBegin), 0);
  tell("ada", "tk_1", NotificationKind::comment, "d");
  EXPECT_EQ(following_.newest("ada", false, {}, 10).size(), 2u);
  EXPECT_EQ(following_.newest("ada", true, {}, 10).at(0).eventCount, 1);
  EXPECT_EQ(following_.newest("ada", false, all[0].id, 10).size(), 0u);
  EXPECT_EQ(following_.readAll("ada", kTicketsBegin), 1);
  EXPECT_EQ(following_.forgetBefore(kTicketsBegin + 4s, 100), 1);
}

TEST_P(Following, NeverReadsBackwards) {
  EXPECT_EQ(following_.cursor("ada", ""), 0);
  EXPECT_EQ(following_.advance("ada", "", 7, kTicketsBegin), 7);
  EXPECT_EQ(following_.advance("ada", "", 3, kTicketsBegin), 7);
  EXPECT_EQ(following_.advance("ada", "smith", 3, kTicketsBegin), 3);
  EXPECT_EQ(following_.cursor("ada", ""), 7);
  following_.forgetUser("ada");
  EXPECT_EQ(following_.cursor("ada", ""), 0);
}

TEST_P(Following, TellsManyAtOnce) {
  std::vector<TicketNotification> news;
  for (int i = 0; i < 150; ++i) {
    TicketNotification one;
    one.ticketId = add("tk_" + std::to_string(i)).id;
    one.userId = i % 2 == 0 ? "ada" : "bob";
    one.kind = NotificationKind::comment;
    one.summary = "a";
    one.createdAt = one.updatedAt = kTicketsBegin;
    news.push_back(one);
  }
  tell("ada", "tk_0", NotificationKind::status, "before");
  tell("eve", "tk_0", NotificationKind::status, "of eve");
  following_.notify(news);
  following_.notify({});
  const auto ada = following_.newest("ada", true, {}, 100);
  ASSERT_EQ(ada.size(), 75u);
  EXPECT_EQ(ada.back().ticketId, "tk_0");
  EXPECT_EQ(ada.back().eventCount, 2);
  EXPECT_EQ(ada.back().summary, "before");
  EXPECT_EQ(ada.front().eventCount, 1);
  EXPECT_EQ(following_.newest("bob", true, {}, 100).size(), 75u);
  EXPECT_EQ(following_.newest("eve", true, {}, 100).at(0).eventCount, 1);
}

TEST_P(Following, KeepsThePlacesOfSoManyReaders) {
  for (int i = 0; i < FollowingStore::kMaxReaders; ++i)
    following_.advance("ada", "p" + std::to_string(i), 5, kTicketsBegin + std::chrono::seconds(i));
  following_.advance("bob", "p0", 5, kTicketsBegin);
  EXPECT_EQ(following_.advance("ada", "p0", 6, kTicketsBegin + 1h), 6);
  EXPECT_EQ(following_.advance("ada", "new", 7, kTicketsBegin + 2h), 7);
  EXPECT_EQ(following_.cursor("ada", "p0"), 6);
  EXPECT_EQ(following_.cursor("ada", "new"), 7);
  EXPECT_EQ(following_.cursor("ada", "p1"), 0) << "moved the longest time ago";
  EXPECT_EQ(following_.cursor("ada", "p2"), 5);
  EXPECT_EQ(following_.cursor("bob", "p0"), 5);
}

TEST_P(Following, ReadsAlongIndexesHoweverMuchThereIs) {
  add("tk_1");
  database().fill("projects_ticket_notifications", kManyRows,
                  {{"user_id", "'user' || n"},
                   {"ticket_id", "'tk_1'"},
                   {"kind", "'comment'"},
                   {"summary", "'s'"},
                   {"actor_type", "'user'"},
                   {"event_count", "1"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_ticket_watchers", kManyRows,
                  {{"ticket_id", "'tk_1'"},
                   {"user_id", "'user' || n"},
                   {"source", "'explicit'"},
                   {"muted", "1"},
                   {"created_at", "n"}});
  database().fill(
      "projects_ticket_cursors", kManyRows,
      {{"user_id", "'user' || (n % 1000)"}, {"reader", "'p' || n"}, {"last_seen", "n"}, {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    following_.newest("user7", false, {}, 20);
    following_.newest("user7", true, {}, 20);
    following_.newest("user7", true, 50'000, 20);
    following_.after("user7", 50, 100);
    following_.read("user7", {1, 2}, kTicketsBegin);
    following_.readAll("user8", kTicketsBegin);
    following_.watcher("tk_1", "user7");
    following_.watch({"tk_1", "user7", {}, WatchSource::explicitly, false, kTicketsBegin});
    following_.mute("tk_1", "user7", true);
    following_.unwatch("tk_1", "user8");
    following_.watchers({"tk_2", "tk_3"});
    following_.cursor("user7", "p");
    following_.advance("user7", "p", 7, kTicketsBegin);
    std::vector<TicketNotification> news(3);
    for (std::size_t i = 0; i < news.size(); ++i) {
      news[i].ticketId = "tk_1";
      news[i].userId = "user" + std::to_string(100 + i);
    }
    following_.notify(news);
    following_.forgetUser("user9");
    following_.forgetBefore(mortise::timeOf(100), 10);
  }));
}

}  // namespace
}  // namespace projects
