// Of which projects and repositories sessions are, on both databases: triggers keep it, whoever writes.
#include "library/session_places.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "captured_sessions_testing.hpp"
#include "library/captured_session_store.hpp"

namespace session_sharing {
namespace {

using Places = std::map<std::pair<std::string, std::string>, std::int64_t>;

class SessionPlacesTest : public CapturedSessionTest {
 protected:
  static CapturedSession at(const std::string& id, const std::optional<std::string>& remote,
                            const std::optional<std::string>& project = {}, std::int64_t second = 1000) {
    auto session = captured(id, second);
    session.metadata.gitRemote = remote;
    session.projectId = project;
    return session;
  }
  Places placesOf(const std::string& userId) const {
    Places found;
    places_.each(userId, 100, [&](const std::string& project, const std::string& remote, std::int64_t sessions) {
      found[{project, remote}] = sessions;
    });
    return found;
  }

  const CapturedSessionStore store_{db()};
  const SessionPlaces places_{db()};
};

MORTISE_ON_EVERY_DATABASE(SessionPlacesTest);

TEST_P(SessionPlacesTest, FollowEverythingThatBecomesOfASession) {
  store_.put(at("ses_11111111", "acme/shop"));
  store_.put(at("ses_22222222", "acme/shop", "proj_1"));
  store_.put(at("ses_33333333", std::nullopt));
  EXPECT_EQ(placesOf("ada"), (Places{{{"", "acme/shop"}, 1}, {{"proj_1", "acme/shop"}, 1}, {{"", ""}, 1}}));

  ASSERT_TRUE(store_.replaceIf(at("ses_11111111", "acme/shop", "proj_1"), {}));
  EXPECT_EQ(placesOf("ada"), (Places{{{"proj_1", "acme/shop"}, 2}, {{"", ""}, 1}}));
  store_.moveToTrash("ses_11111111", "cloud", "ada", mortise::timeOf(1));
  EXPECT_EQ(placesOf("ada"), (Places{{{"proj_1", "acme/shop"}, 1}, {{"", ""}, 1}}));
  places_.moveProject("proj_1", "proj_2");
  EXPECT_EQ(placesOf("ada"), (Places{{{"proj_2", "acme/shop"}, 1}, {{"", ""}, 1}}));
  store_.takeFromTrash("ses_11111111");
  EXPECT_EQ(placesOf("ada"), (Places{{{"proj_2", "acme/shop"}, 2}, {{"", ""}, 1}})) << "those in the trash moved, too";
  places_.moveProject("proj_2", "");
  EXPECT_EQ(placesOf("ada"), (Places{{{"", "acme/shop"}, 2}, {{"", ""}, 1}}));
  for (const auto* id : {"ses_11111111", "ses_22222222", "ses_33333333"}) store_.erase(id);
  EXPECT_EQ(placesOf("ada"), Places());
}

TEST_P(SessionPlacesTest, TellWhetherAUserHasASessionThere) {
  store_.put(at("ses_11111111", "acme/shop"));
  store_.put(at("ses_22222222", std::nullopt, "proj_1"));
  EXPECT_TRUE(places_.hasAny("ada", "", {"acme/till", "acme/shop"}));
  EXPECT_TRUE(places_.hasAny("ada", "proj_1", {}));
  EXPECT_FALSE(places_.hasAny("ada", "proj_2", {"acme/till"}));
  EXPECT_FALSE(places_.hasAny("ada", "", {""})) << "a session without a remote is of no repository";
  EXPECT_FALSE(places_.hasAny("ada", "", {}));
  EXPECT_FALSE(places_.hasAny("bob", "proj_1", {"acme/shop"}));
}

TEST_P(SessionPlacesTest, GiveTheNewestOfARepository) {
  for (int i = 1; i <= 3; ++i) store_.put(at("ses_1111111" + std::to_string(i), "acme/shop", {}, i));
  store_.moveToTrash("ses_11111113", "cloud", "ada", mortise::timeOf(1));
  const auto newest = places_.newest("ada", "acme/shop", 2);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].id, "ses_11111112");
  EXPECT_EQ(newest[1].id, "ses_11111111");
}

TEST_P(SessionPlacesTest, CostTheSameHoweverManySessionsThereAre) {
  fillSessions(mortise::testing::kManyRows);
  EXPECT_EQ(placesOf("user17").size(), 1U);
  database().fill("sync_captured_places", mortise::testing::kManyRows,
                  {{"user_id", "'user' || (n % 10)"},
                   {"project_id", "'proj_' || n"},
                   {"git_remote", "'owner/repo' || (n % 50)"},
                   {"sessions", "n % 100"}});
  database().fill("sync_handoffs", mortise::testing::kManyRows,
                  {{"id", "'hnd_' || n"},
                   {"session_id", "'ses_' || (n % 5000)"},
                   {"sender_id", "'user' || (n % 50)"},
                   {"sender_email", "''"},
                   {"sender_tier", "'team'"},
                   {"recipient", "'user:user' || (n % 40)"},
                   {"source_project_id", "'proj_' || (n % 1000)"},
                   {"snapshot_persona_name", "'persona' || (n % 7)"},
                   {"status", "CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'claimed' END"},
                   {"created_at", "n / 3"},
                   {"expires_at", "n / 3 + 1000"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    placesOf("user7");
    places_.hasAny("user17", "proj_1", {"owner/repo1", "owner/repo2"});
    places_.newest("user17", "owner/repo17", 20);
    places_.moveProject("proj_1", "proj_2");
    places_.hasPendingHandoff({"proj_1"}, "reviewer", mortise::timeOf(1));
    places_.hasPendingHandoff({"proj_1", "proj_2", "proj_3"}, "reviewer", mortise::timeOf(1));
  }));
}

}  // namespace
}  // namespace session_sharing
