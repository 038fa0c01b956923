#include "policy/policy_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <stdexcept>

namespace skills {
namespace {

using mortise::Transaction;

class Policies : public mortise::testing::DatabaseTest {
 protected:
  Policies() : DatabaseTest("skills", SKILLS_SOURCE_DIR "/migrations") {}

  PolicyStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Policies);

TEST_P(Policies, AreOffUntilOneIsSet) {
  EXPECT_EQ(store_.mode(), "off");
  store_.setMode("enforce_confirmation", "ada");
  EXPECT_EQ(store_.mode(), "enforce_confirmation");
  store_.setMode("off", "bob");
  EXPECT_EQ(store_.mode(), "off");
  EXPECT_EQ(db().query<std::string>("SELECT updated_by FROM skills_policy"), std::vector<std::string>{"bob"});
}

TEST_P(Policies, ChangeWithTheTransactionTheyArePartOf) {
  const auto change = [&](bool fails) {
    db().transaction([&](Transaction& tx) {
      store_.in(tx).setMode("enforce_confirmation", "ada");
      EXPECT_EQ(store_.in(tx).mode(), "enforce_confirmation");
      if (fails) throw std::runtime_error("the audit row is refused");
    });
  };
  EXPECT_THROW(change(true), std::runtime_error);
  EXPECT_EQ(store_.mode(), "off");
  change(false);
  EXPECT_EQ(store_.mode(), "enforce_confirmation");
}

TEST_P(Policies, AreReadAlongAnIndex) {
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] { store_.mode(); }));
}

}  // namespace
}  // namespace skills
