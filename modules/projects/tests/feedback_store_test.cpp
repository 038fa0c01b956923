#include "feedback/feedback_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>
#include <string>

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr auto kNoon = mortise::timeOf(std::int64_t{20'000} * 86'400 * 1'000'000 + std::int64_t{43'200} * 1'000'000);

class FeedbackStoreTest : public mortise::testing::DatabaseTest {
 protected:
  FeedbackStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  void add(const std::string& id, mortise::Time at, std::optional<std::string> label = "wrong_route",
           std::optional<std::string> persona = "reviewer", const std::string& project = "proj_1") {
    Feedback feedback;
    feedback.id = id;
    feedback.projectId = project;
    feedback.feedbackType = "route";
    feedback.verdict = "negative";
    feedback.label = std::move(label);
    feedback.agentRunId = "run_1";
    feedback.personaKey = std::move(persona);
    feedback.createdBy = "ada";
    feedback.actorType = "user";
    feedback.createdAt = at;
    store_.add(feedback);
  }
  std::string listed(const FeedbackFilter& filter, std::size_t limit = 100) const {
    std::string out;
    for (const auto& each : store_.list("proj_1", filter, limit)) out += each.id + " ";
    return out;
  }
  std::string counted(const std::optional<std::string>& persona = {}, const std::optional<mortise::Time>& since = {},
                      const std::string& project = "proj_1") const {
    std::string out;
    for (const auto& each : store_.summary(project, persona, since))
      out += each.feedbackType + "/" + each.verdict + "/" + each.label.value_or("-") + "=" +
             std::to_string(each.count) + " ";
    return out;
  }

  FeedbackStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(FeedbackStoreTest);

TEST_P(FeedbackStoreTest, ListsOldestFirstBehindAPlace) {
  add("a", kNoon);
  add("b", kNoon);
  add("c", kNoon + 1s, {}, {});
  EXPECT_EQ(listed({}), "a b c ");
  EXPECT_EQ(listed({}, 2), "a b ");
  EXPECT_EQ(listed({.since = kNoon, .sinceId = "a"}), "b c ");
  EXPECT_EQ(listed({.since = kNoon}), "c ");
  EXPECT_EQ(listed({.label = "wrong_route"}), "a b ");
  EXPECT_EQ(listed({.persona = "Reviewer"}), "a b ");
  EXPECT_EQ(listed({.agentRunId = "run_2"}), "");
  EXPECT_EQ(listed({.since = kNoon - 1us}), "a b c ");
  EXPECT_EQ(listed({.feedbackType = "route", .label = "wrong_route"}), "a b ");
  EXPECT_EQ(listed({.feedbackType = "summary", .label = "wrong_route"}), "");
}

TEST_P(FeedbackStoreTest, CountsWithAndWithoutATime) {
  add("a", kNoon - 24h);
  add("b", kNoon);
  add("c", kNoon + 1s, {}, {});
  add("d", kNoon + 24h);
  EXPECT_EQ(counted(), "route/negative/-=1 route/negative/wrong_route=3 ");
  EXPECT_EQ(counted("REVIEWER"), "route/negative/wrong_route=3 ");
  EXPECT_EQ(counted({}, kNoon), "route/negative/-=1 route/negative/wrong_route=1 ");
  EXPECT_EQ(counted({}, kNoon - 1us), "route/negative/-=1 route/negative/wrong_route=2 ");
  EXPECT_EQ(counted({}, kNoon + 24h), "");
  for (const auto before :
       {mortise::timeOf(0), mortise::timeOf(-1), mortise::timeOf(0) - 36h, mortise::timeOf(0) - 240h})
    EXPECT_EQ(counted({}, before), counted()) << mortise::micros(before);
}

TEST_P(FeedbackStoreTest, NamesThePersonaThatAMergeRenamed) {
  add("a", kNoon);
  add("b", kNoon, "wrong_route", "writer");
  add("c", kNoon, "wrong_route", "reviewer-2");
  add("d", kNoon, "wrong_route", "reviewer", "proj_2");
  ProjectMerge merge;
  merge.from = "proj_1";
  merge.into = "proj_2";
  merge.personaRenames["Reviewer"] = "Reviewer-2";
  db().transaction([&](mortise::Transaction& tx) { store_.merged(tx, merge); });
  const auto of = [&](const char* persona) {
    std::string out;
    for (const auto& each : store_.list("proj_2", {.persona = persona}, 100)) out += each.id + " ";
    return out + counted(persona, {}, "proj_2") + counted(persona, kNoon - 24h, "proj_2");
  };
  EXPECT_EQ(of("reviewer"), "d route/negative/wrong_route=1 route/negative/wrong_route=1 ");
  EXPECT_EQ(of("reviewer-2"), "a c route/negative/wrong_route=2 route/negative/wrong_route=2 ");
  EXPECT_EQ(of("writer"), "b route/negative/wrong_route=1 route/negative/wrong_route=1 ");
  EXPECT_EQ(counted({}, {}, "proj_2"), "route/negative/wrong_route=4 ");
}

TEST_P(FeedbackStoreTest, GoesWithItsProject) {
  add("a", kNoon);
  add("b", kNoon, "wrong_route", "reviewer", "proj_2");
  ProjectMerge merge;
  merge.from = "proj_1";
  merge.into = "proj_2";
  db().transaction([&](mortise::Transaction& tx) { store_.merged(tx, merge); });
  EXPECT_EQ(merge.stats.at("agent_feedback"), 1);
  EXPECT_EQ(counted(), "");
  EXPECT_EQ(counted({}, {}, "proj_2"), "route/negative/wrong_route=2 ");
  db().transaction([&](mortise::Transaction& tx) { store_.removed(tx, "proj_2"); });
  EXPECT_EQ(counted({}, {}, "proj_2"), "");
  EXPECT_EQ(listed({}), "");
}

TEST_P(FeedbackStoreTest, IsListedAlongIndexesHoweverMuchThereIs) {
  database().fill("projects_feedback", kManyRows,
                  {{"id", "'afb_' || n"},
                   {"project_id", "'proj_' || (n % 3)"},
                   {"feedback_type", "CASE WHEN n % 7 = 0 THEN 'route' ELSE 'summary' END"},
                   {"verdict", "CASE WHEN n % 5 = 0 THEN 'negative' ELSE 'positive' END"},
                   {"label", "'l' || (n % 9)"},
                   {"agent_run_id", "'run_' || (n % 1000)"},
                   {"ticket_id", "'tk_' || (n % 1000)"},
                   {"persona_key", "'p' || (n % 7)"},
                   {"source", "'manual'"},
                   {"created_by", "'ada'"},
                   {"actor_type", "'user'"},
                   {"created_at", "n"}});
  database().fill("projects_feedback_counts", kManyRows,
                  {{"project_id", "'proj_' || (n % 3)"},
                   {"persona_key", "'p' || (n % 7)"},
                   {"day", "n"},
                   {"feedback_type", "'route'"},
                   {"verdict", "'negative'"},
                   {"label", "''"},
                   {"count", "1"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.list("proj_1", {}, 100);
    store_.list("proj_1", {.agentRunId = "run_7"}, 100);
    store_.list("proj_1", {.ticketId = "tk_7"}, 100);
    store_.list("proj_1", {.feedbackType = "route"}, 100);
    store_.list("proj_1", {.verdict = "negative"}, 100);
    store_.list("proj_1", {.label = "l1"}, 100);
    store_.list("proj_1", {.persona = "p1"}, 100);
    store_.list("proj_1", {.feedbackType = "route", .verdict = "negative"}, 100);
    store_.list("proj_1", {.verdict = "negative", .label = "l1"}, 100);
    store_.list("proj_1", {.feedbackType = "route", .label = "wrong_route"}, 100);
    store_.list("proj_1", {.feedbackType = "route", .persona = "p1"}, 100);
    store_.list("proj_1", {.verdict = "negative", .persona = "p1"}, 100);
    store_.list("proj_1", {.label = "l1", .persona = "p1"}, 100);
    store_.list("proj_1", {.since = mortise::timeOf(90'000), .sinceId = "x"}, 100);
    store_.list("proj_1", {.since = mortise::timeOf(90'000)}, 100);
    store_.list("proj_1", {.persona = "p1", .since = mortise::timeOf(90'000)}, 100);
    store_.summary("proj_1", {}, {});
    store_.summary("proj_1", "p1", {});
    store_.summary("proj_1", {}, mortise::timeOf(99'000));
    store_.summary("proj_1", "p1", mortise::timeOf(99'000));
    db().transaction([&](mortise::Transaction& tx) {
      ProjectMerge merge;
      merge.from = "proj_1";
      merge.into = "proj_2";
      merge.personaRenames["p1"] = "p1-2";
      store_.merged(tx, merge);
    });
  }));
  // Two filters lead there, the others sort out; a run or a ticket alone has few.
  EXPECT_PLANS(plansAreIndexed(database(),
                               [&] {
                                 store_.list("proj_0",
                                             {.feedbackType = "route", .verdict = "negative", .persona = "p1"}, 100);
                                 store_.list("proj_0", {.verdict = "negative", .label = "l1", .persona = "p1"}, 100);
                                 store_.list("proj_0", {.agentRunId = "run_7", .verdict = "negative"}, 100);
                                 store_.list("proj_0", {.ticketId = "tk_7", .label = "l1"}, 100);
                               },
                               {.mayFilter = true}));
}

TEST(FeedbackLabels, GoWithTheirTypeAlone) {
  EXPECT_TRUE(isFeedbackLabel("route", "wrong_route"));
  EXPECT_TRUE(isFeedbackLabel("resolution", "flaky"));
  EXPECT_FALSE(isFeedbackLabel("route", "flaky"));
  EXPECT_FALSE(isFeedbackLabel("route", ""));
}

}  // namespace
}  // namespace projects
