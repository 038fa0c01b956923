#include "administration/all_sessions.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <string>

#include "captured_sessions_testing.hpp"
#include "library/captured_session_store.hpp"

namespace session_sharing {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

constexpr auto kPages = [] {
  auto form = mortise::sizedPages("sessions", 200);
  form.total = nullptr;
  return form;
}();

class AllSessionsTest : public CapturedSessionTest {
 protected:
  std::string listed(const ManagedQuery& query) const {
    std::string out;
    for (const auto& each : all_.list(query, mortise::Paging::first(20, kPages)).items) out += each.id + " ";
    return out;
  }

  AllSessions all_{db()};
};
MORTISE_ON_EVERY_DATABASE(AllSessionsTest);

TEST_P(AllSessionsTest, AreListedAndAddedUp) {
  const CapturedSessionStore store(db());
  auto third = captured("ses_3", 3000, "bob");
  third.metadata.sourceTool = "gemini-cli";
  store.put(captured("ses_1", 1000));
  store.put(captured("ses_2", 2000, "bob"));
  store.put(third);
  EXPECT_EQ(listed({}), "ses_3 ses_2 ses_1 ");
  EXPECT_EQ(listed({.userId = "bob"}), "ses_3 ses_2 ");
  EXPECT_EQ(listed({.sourceTool = "gemini"}), "ses_3 ");
  EXPECT_EQ(listed({.userId = "bob", .sourceTool = "claude-code"}), "ses_2 ");
  ASSERT_TRUE(store.moveToTrash("ses_2", "cloud", "root", mortise::timeOf(5)));
  EXPECT_EQ(listed({}), "ses_3 ses_1 ");
  EXPECT_EQ(listed({.isDeleted = true}), "ses_2 ");
  const auto sums = all_.sums();
  ASSERT_EQ(sums.size(), 2U);
  EXPECT_EQ(sums[0].toolFamily, "claude-code");
  EXPECT_EQ(sums[0].sessions, 1);
  EXPECT_EQ(sums[0].bytes, 100);
  EXPECT_EQ(sums[0].deleted, 1);
  EXPECT_EQ(sums[1].toolFamily, "gemini");
}

TEST_P(AllSessionsTest, AreAddedUpAlongAnIndex) {
  fillSessions(kManyRows);
  fillLists(kManyRows);
  EXPECT_PLANS(plansAreIndexed(database(), [&] { all_.sums(); }));
}

TEST_P(AllSessionsTest, AreListedAlongIndexesHoweverManyThereAre) {
  fillSessions(kManyRows);
  const auto page = mortise::Paging::first(50, kPages);
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    for (const bool isDeleted : {false, true}) {
      all_.list({.isDeleted = isDeleted}, page);
      all_.list({.userId = "user1", .isDeleted = isDeleted}, page);
      all_.list({.sourceTool = "tool1", .isDeleted = isDeleted}, page);
      all_.list({.userId = "user1", .sourceTool = "tool1", .isDeleted = isDeleted}, page);
    }
  }));
}

}  // namespace
}  // namespace session_sharing
