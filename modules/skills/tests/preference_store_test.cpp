#include "policy/preference_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <set>
#include <string>
#include <vector>

namespace skills {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class Preferences : public mortise::testing::DatabaseTest {
 protected:
  Preferences() : DatabaseTest("skills", SKILLS_SOURCE_DIR "/migrations") {}

  std::int64_t count() const { return db().queryOne<std::int64_t>("SELECT COUNT(*) FROM skills_preferences").value(); }

  PreferenceStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Preferences);

TEST_P(Preferences, AreKeptPerUserAndSkill) {
  store_.set("ada", "pdf", false);
  store_.set("ada", "sheets", true);
  store_.set("bob", "pdf", true);
  store_.set("ada", "pdf", false);
  EXPECT_THAT(store_.of("ada"), ElementsAre(Pair("pdf", false), Pair("sheets", true)));
  EXPECT_EQ(store_.find("ada", "pdf"), false);
  EXPECT_EQ(store_.find("bob", "pdf"), true);
  EXPECT_EQ(store_.find("bob", "sheets"), std::nullopt);
  store_.set("ada", "pdf", true);
  EXPECT_EQ(store_.find("ada", "pdf"), true);
  EXPECT_TRUE(store_.of("eve").empty());
}

TEST_P(Preferences, GoWithTheirSkill) {
  for (const char* user : {"ada", "bob"}) store_.set(user, "pdf", false);
  store_.set("ada", "sheets", false);
  EXPECT_EQ(store_.forgetSkill("pdf"), 2);
  EXPECT_EQ(store_.forgetSkill("pdf"), 0);
  EXPECT_THAT(store_.of("ada"), ElementsAre(Pair("sheets", false)));
}

TEST_P(Preferences, OfSkillsThatAreGoneAreDropped) {
  for (const char* user : {"ada", "bob", "eve"}) {
    for (const char* skill : {"pdf", "sheets", "slides"}) store_.set(user, skill, false);
  }
  std::multiset<std::string> asked;
  const auto isSkill = [&](std::string_view id) {
    asked.emplace(id);
    return id != "sheets";
  };
  EXPECT_EQ(store_.forgetGoneSkills(isSkill), 3);
  EXPECT_THAT(asked, ElementsAre("pdf", "sheets", "slides")) << "each is asked for once";
  EXPECT_EQ(count(), 6);
  EXPECT_EQ(store_.forgetGoneSkills(isSkill), 0);
}

TEST_P(Preferences, GoWithTheirUser) {
  for (const char* user : {"ada", "bob"}) store_.set(user, "pdf", false);
  EXPECT_EQ(store_.forgetUser("bob"), 1);
  EXPECT_EQ(store_.forgetUser("bob"), 0);
  EXPECT_EQ(count(), 1);
}

TEST_P(Preferences, AreFoundAlongAnIndexHoweverManyThereAre) {
  database().fill("skills_preferences", mortise::testing::kManyRows,
                  {{"user_id", "'user' || (n % 1000)"},
                   {"skill_id", "'skill' || (n / 1000)"},
                   {"enabled", "n % 2"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.of("user1");
    store_.find("user1", "skill1");
    store_.set("user1", "skill1", false);
    store_.forgetSkill("skill1");
    store_.forgetGoneSkills([](std::string_view skill) { return skill != "skill2"; });
    store_.forgetUser("user2");
  }));
}

}  // namespace
}  // namespace skills
