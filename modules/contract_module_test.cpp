// Over real HTTP, what the contracts of one shipped module refuse and whom they let in. Compiled once for each module
// (cmake/ModuleTest.cmake), with its name in MORTISE_TESTED_MODULE.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>
#include <mortise/testing/rights.hpp>

#include <algorithm>
#include <string>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusal;
using mortise::testing::Refusals;
using mortise::testing::Rights;

const std::string kModule = MORTISE_TESTED_MODULE;

// What is let in must not fetch anything from outside: nobody listens there.
ModuleHarness::Options withoutNetwork() {
  if (kModule != "skills") return {};
  return {{"skills.github_api", "http://127.0.0.1:9"}, {"skills.github_raw", "http://127.0.0.1:9"}};
}

TEST(ModuleContracts, RefuseWhatTheySayTheyRefuse) {
  ModuleHarness harness{kModule, Refusals::options()};
  const auto refusals = Refusals::of(harness, kModule);
  EXPECT_EQ(refusals.failures(), "");
  RecordProperty("requests", static_cast<int>(refusals.all().size()));
  EXPECT_GT(refusals.all().size(), 10U);
}

TEST(ModuleContracts, LetInWhomTheySayTheyLetIn) {
  ModuleHarness harness{kModule, Rights::options(withoutNetwork())};
  const auto rights = Rights::of(harness, kModule);
  EXPECT_EQ(rights.failures(), "");
  RecordProperty("requests", static_cast<int>(rights.all().size()));
  const auto refused = [](const Refusal& one) { return one.expected != "let in"; };
  EXPECT_GT(std::count_if(rights.all().begin(), rights.all().end(), refused), 10);
  EXPECT_FALSE(std::all_of(rights.all().begin(), rights.all().end(), refused));
}

}  // namespace
