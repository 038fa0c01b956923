#include "dlp/policy_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/json.hpp>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <utility>

namespace session_sharing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Policies : public mortise::testing::DatabaseTest {
 protected:
  Policies() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}
  PolicyStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(Policies);

TEST_P(Policies, AreOffUntilTheyAreSet) {
  for (const char* org : {"", "org_1"}) {
    const auto policy = store_.policyOf(org);
    EXPECT_FALSE(policy.enabled);
    EXPECT_EQ(mortise::json::from(policy).build().text(),
              R"({"enabled":false,"mode":"warn","categories":["secrets"],"custom_patterns":[],"allowlist":[]})");
  }
}

TEST_P(Policies, ComeBackAsTheyWereSet) {
  auto policy = store_.policyOf("org_1");
  policy.enabled = true;
  policy.mode = DlpMode::redact;
  policy.categories = {kSecrets, kPhi};
  policy.customPatterns =
      R"([{"name":"x","regex":"X[0-9]+","category":"custom","severity":"low"},{"name":"y","regex":"("},7])";
  policy.allowlist = {"EXAMPLE"};
  policy.updatedAt = mortise::timeOf(5);
  policy.updatedBy = "u";
  store_.put(policy);
  store_.put(policy);
  const auto read = store_.policyOf("org_1");
  EXPECT_TRUE(read.enabled);
  EXPECT_EQ(read.mode, DlpMode::redact);
  EXPECT_THAT(read.allowlist, ElementsAre("EXAMPLE"));
  const auto settings = matcherSettings(read);
  EXPECT_TRUE(settings.secrets);
  EXPECT_TRUE(settings.phi);
  EXPECT_THAT(settings.custom, SizeIs(1));
  const auto invalid = readCustomPatterns(read.customPatterns).invalid;
  ASSERT_THAT(invalid, SizeIs(2));
  EXPECT_EQ(invalid[0].index, 1U);
  EXPECT_EQ(invalid[0].name, "y");
  EXPECT_EQ(invalid[1].index, 2U);
  EXPECT_FALSE(store_.policyOf("org_2").enabled);
}

TEST_P(Policies, CountScansByWhatBecameOfThem) {
  EXPECT_EQ(store_.statsOf("org_1").scanned, 0);
  store_.countScan("org_1", "clean");
  store_.countScan("org_1", "clean");
  store_.countScan("org_1", "block");
  store_.countScan("org_2", "warn");
  const auto stats = store_.statsOf("org_1");
  EXPECT_EQ(stats.scanned, 3);
  EXPECT_THAT(stats.byAction, ElementsAre(std::pair("block", 1), std::pair("clean", 2)));
  EXPECT_THAT(store_.statsOf("").byAction, IsEmpty());
}

TEST_P(Policies, GoWithTheNumbersOfAnOrganisation) {
  for (const char* org : {"org_1", "org_2", "org_3"}) store_.put(store_.policyOf(org));
  store_.countScan("org_4", "clean");
  store_.countScan("org_2", "clean");
  EXPECT_THAT(store_.orgIds("", 10), ElementsAre("org_1", "org_2", "org_3", "org_4"));
  EXPECT_THAT(store_.orgIds("org_1", 2), ElementsAre("org_2", "org_3"));
  store_.remove("org_2");
  store_.remove("org_9");
  EXPECT_THAT(store_.orgIds("", 10), ElementsAre("org_1", "org_3", "org_4"));
  EXPECT_EQ(store_.statsOf("org_2").scanned, 0);
}

TEST_P(Policies, AreReadAlongIndexesHoweverManyOrganisationsThereAre) {
  using mortise::testing::kManyRows;
  database().fill("sync_dlp_policies", kManyRows,
                  {{"org_id", "'org_' || n"},
                   {"enabled", "1"},
                   {"mode", "'warn'"},
                   {"categories", "'[]'"},
                   {"custom_patterns", "'[]'"},
                   {"allowlist", "'[]'"},
                   {"updated_at", "n"},
                   {"updated_by", "'u'"}});
  for (const char* action : {"'clean'", "'warn'"})
    database().fill("sync_dlp_scans", kManyRows, {{"org_id", "'org_' || n"}, {"action", action}, {"scans", "n"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.policyOf("org_7");
    store_.put(store_.policyOf("org_7"));
    store_.orgIds("", 100);
    store_.orgIds("org_7", 100);
    store_.countScan("org_7", "clean");
    store_.statsOf("org_7");
    store_.remove("org_8");
  }));
}

}  // namespace
}  // namespace session_sharing
