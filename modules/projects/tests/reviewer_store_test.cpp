// The table of trusted reviewers on both databases: bounds, whom it trusts, and the plans.
#include "reviewers/reviewer_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class TrustedReviewers : public mortise::testing::DatabaseTest {
 protected:
  TrustedReviewers() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static TrustedReviewer reviewer(const std::string& id, std::int64_t second = 1) {
    TrustedReviewer out;
    out.id = id;
    out.orgId = "org_1";
    out.userId = "ada";
    out.reviewerPersona = kDefaultReviewer;
    out.createdByUserId = "boss";
    out.createdAt = mortise::timeOf(second * 1'000'000);
    return out;
  }
  static Project project(const std::string& id = "proj_1") {
    Project out;
    out.id = id;
    out.orgId = "org_1";
    return out;
  }
  // tr_1, tr_2, … of which the first are revoked.
  void fill(std::int64_t count, std::int64_t revoked) {
    database().fill("projects_trusted_reviewers", count,
                    {{"id", "'tr_' || n"},
                     {"org_id", "'org_1'"},
                     {"user_id", "'user' || n"},
                     {"reviewer_persona", "'codex-reviewer'"},
                     {"is_active", "CASE WHEN n <= " + std::to_string(revoked) + " THEN 0 ELSE 1 END"},
                     {"created_by_user_id", "'boss'"},
                     {"created_at", "n"}});
  }

  ReviewerStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(TrustedReviewers);

TEST_P(TrustedReviewers, OfWhomSomeAreRevokedLeaveRoomForOthers) {
  constexpr auto kRevoked = ReviewerStore::kKeptRevoked + 20, kActive = std::int64_t{30};
  fill(kRevoked + kActive, kRevoked);
  EXPECT_EQ(store_.countActive("org_1"), kActive);
  EXPECT_EQ(store_.countActive("org_2"), 0);
  store_.forgetRevoked("org_1");
  EXPECT_FALSE(store_.find("tr_1"));
  EXPECT_FALSE(store_.find("tr_20"));
  EXPECT_TRUE(store_.find("tr_21"));
  EXPECT_EQ(store_.countActive("org_1"), kActive);
  EXPECT_EQ(store_.list("org_1", false).size(), static_cast<std::size_t>(kActive));
  const auto all = store_.list("org_1", true);
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kActive + ReviewerStore::kKeptRevoked));
  EXPECT_EQ(all.front().id, "tr_" + std::to_string(kRevoked + kActive));
}

TEST_P(TrustedReviewers, AreTrustedByTheirOwnRowWhileItIsActive) {
  auto one = reviewer("tr_1");
  store_.add(one);
  TicketActor ada, key;
  ada.userId = key.userId = "ada";
  key.serviceKeyId = "key_1";
  EXPECT_TRUE(store_.isTrusted(project(), ada, kDefaultReviewer));
  EXPECT_FALSE(store_.isTrusted(project(), ada, "Codex-Reviewer"));
  EXPECT_FALSE(store_.isTrusted(project(), key, kDefaultReviewer));
  one = reviewer("tr_2");
  one.serviceKeyId = "key_1";
  one.projectId = "proj_2";
  store_.add(one);
  EXPECT_FALSE(store_.isTrusted(project(), key, kDefaultReviewer));
  EXPECT_TRUE(store_.isTrusted(project("proj_2"), key, kDefaultReviewer));
  EXPECT_TRUE(store_.reviews(project("proj_2"), "key_1"));
  EXPECT_FALSE(store_.reviews(project(), "key_1"));
  store_.moveAll("proj_2", "proj_1");
  EXPECT_TRUE(store_.reviews(project(), "key_1"));
  EXPECT_TRUE(store_.revoke("tr_2", "left", mortise::timeOf(5)));
  EXPECT_FALSE(store_.revoke("tr_2", "again", mortise::timeOf(6)));
  EXPECT_EQ(store_.find("tr_2")->revokeReason, "left");
  EXPECT_FALSE(store_.reviews(project(), "key_1"));
  store_.endOf("org_2", "ada", mortise::timeOf(7));
  EXPECT_TRUE(store_.isTrusted(project(), ada, kDefaultReviewer));
  store_.endOf("org_1", "ada", mortise::timeOf(7));
  EXPECT_FALSE(store_.isTrusted(project(), ada, kDefaultReviewer));
}

TEST_P(TrustedReviewers, AreFoundAlongIndexesHoweverManyThereAre) {
  database().fill("projects_trusted_reviewers", kManyRows,
                  {{"id", "'tr_' || n"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"project_id", "'proj_' || (n % 1000)"},
                   {"user_id", "'user' || n"},
                   {"service_key_id", "'key' || n"},
                   {"reviewer_persona", "'codex-reviewer'"},
                   {"is_active", "n % 2"},
                   {"created_by_user_id", "'boss'"},
                   {"created_at", "n"}});
  database().analyze();
  TicketActor user, key;
  user.userId = key.userId = "user7";
  key.serviceKeyId = "key7";
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.list("org_7", false);
    store_.list("org_7", true);
    store_.find("tr_7");
    store_.countActive("org_7");
    store_.forgetRevoked("org_7");
    store_.revoke("tr_7", {}, mortise::timeOf(1));
    store_.isTrusted(project(), user, kDefaultReviewer);
    store_.isTrusted(project(), key, kDefaultReviewer);
    store_.reviews(project(), "key7");
    store_.removeOfProject("proj_9");
    store_.removeOfOrg("org_9");
    store_.moveAll("proj_7", "proj_8");
    store_.endOf("org_7", "user7", mortise::timeOf(1));
    store_.forgetUser("user8", mortise::timeOf(1));
  }));
}

}  // namespace
}  // namespace projects
