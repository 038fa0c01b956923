#include "keys/unproved_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

class Unproved : public mortise::testing::DatabaseTest {
 protected:
  Unproved() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  std::vector<std::string> before(std::int64_t time, std::int64_t most) {
    std::vector<std::string> ids;
    for (const auto& account : store_.mailedBefore(time, most)) ids.push_back(account.userId);
    return ids;
  }

  UnprovedStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Unproved);

TEST_P(Unproved, AreToldOldestFirstUntilTheyAreForgotten) {
  for (const char* id : {"b", "a", "c", "waits"}) store_.add(id);
  EXPECT_EQ(before(99, 10), (std::vector<std::string>{})) << "no relay took their links yet";
  store_.mailed("b", 20);
  store_.mailed("a", 10);
  store_.mailed("c", 30);
  store_.mailed("nobody", 5);
  EXPECT_EQ(before(9, 10), (std::vector<std::string>{}));
  EXPECT_EQ(before(20, 10), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(before(99, 1), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(store_.has("a"));
  store_.forget("a");
  store_.forget("nobody");
  EXPECT_FALSE(store_.has("a"));
  EXPECT_EQ(before(99, 10), (std::vector<std::string>{"b", "c"}));
  store_.mailed("a", 7);
  EXPECT_FALSE(store_.has("a")) << "proved before the outcome of its mail was known";
  EXPECT_TRUE(store_.has("waits"));
  store_.mailed("b", 40);
  EXPECT_EQ(before(99, 10), (std::vector<std::string>{"c", "b"})) << "mailed again";
}

TEST_P(Unproved, AreFoundAlongAnIndexHoweverManyThereAre) {
  using mortise::testing::kManyRows;
  database().fill("auth_unproved_accounts", kManyRows, {{"user_id", "'u' || n"}, {"mailed_at", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.add("u7");
    store_.mailed("u7", 7);
    store_.has("u7");
    before(50, 100);
    store_.forget("u7");
  }));
}

}  // namespace
}  // namespace auth
