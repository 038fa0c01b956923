// A kernel without modules: its plan, its start and its end.
#include "core/kernel/kernel.hpp"

#include <gtest/gtest.h>

#include "core/http/http_testing.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/temporary_folder_testing.hpp"

namespace mortise::kernel {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

KernelOptions optionsIn(const TemporaryFolder& folder, const Settings& more = {}) {
  KernelOptions options;
  options.quiet = true;
  options.sources.commandLine = {{"data.dir", folder.path() + "/data"},
                                 {"http.listen", "127.0.0.1:0"},
                                 {"http.drain_seconds", "1"},
                                 {"db.synchronous", "NORMAL"}};
  for (const auto& [name, value] : more) {
    std::erase_if(options.sources.commandLine, [&](const auto& setting) { return setting.first == name; });
    options.sources.commandLine.emplace_back(name, value);
  }
  return options;
}

std::string faultOf(const Settings& settings) {
  const TemporaryFolder folder;
  try {
    const Plan plan(optionsIn(folder, settings));
  } catch (const StartError& error) {
    return error.what();
  }
  return {};
}

TEST(Plan, HoldsTheKernelsOwnContractAndPermissions) {
  const TemporaryFolder folder;
  const Plan plan(optionsIn(folder));
  ASSERT_EQ(plan.documents().size(), 1u);
  EXPECT_EQ(plan.documents().front().module, "kernel");
  EXPECT_TRUE(plan.refusals().empty());
  EXPECT_TRUE(plan.startOrder().empty());
  EXPECT_EQ(plan.grants(),
            (std::map<std::string, std::vector<std::string>>{{"kernel.audit", {}}, {"kernel.metrics", {}}}));
}

TEST(Plan, OpensNothing) {
  const TemporaryFolder folder;
  const Plan plan(optionsIn(folder));
  EXPECT_FALSE(std::filesystem::exists(plan.dataDirectory()));
}

TEST(Plan, ValuesThatOnlyTheirPartsCanJudgeAreRefusedByName) {
  EXPECT_EQ(faultOf({}), "");
  EXPECT_NE(faultOf({{"jobs.timezone", "Mars/Olympus"}}).find("there is no time zone \"Mars/Olympus\""),
            std::string::npos);
  EXPECT_NE(faultOf({{"identity.upgrade_url", "ftp://x"}}).find("identity.upgrade_url"), std::string::npos);
  EXPECT_NE(faultOf({{"http.trusted_proxies", "nonsense"}}).find("http.trusted_proxies"), std::string::npos);
  EXPECT_NE(faultOf({{"blobs.scrub", "now and then"}}).find("blobs.scrub"), std::string::npos);
  EXPECT_NE(faultOf({{"identity.grant", "kernel.metric=admin"}}).find("did you mean kernel.metrics?"),
            std::string::npos);
  EXPECT_NE(faultOf({{"limits.override", "kernel.setups=5/60"}}).find("limits.override"), std::string::npos);
  EXPECT_NE(faultOf({{"secrets.named", "nodot=x"}}).find("MODULE.NAME=VALUE"), std::string::npos);
}

TEST(Kernel, ServesUntilItIsStopped) {
  const TemporaryFolder folder;
  Kernel kernel(optionsIn(folder));
  kernel.start();
  ASSERT_EQ(kernel.addresses().size(), 1u);
  const auto address = kernel.addresses().front();
  EXPECT_EQ(http::test::Client(address).get("/health").status, 200);
  EXPECT_TRUE(kernel.setupLink().starts_with("http://" + address + "/setup?token="));
  kernel.drainAndStop();
  EXPECT_TRUE(kernel.addresses().empty());
  EXPECT_FALSE(http::test::Client(address).connected());
  kernel.drainAndStop();  // a second call does nothing
}

TEST(Kernel, StartsAgainAfterItWasStopped) {
  const TemporaryFolder folder;
  Kernel kernel(optionsIn(folder));
  kernel.start();
  kernel.drainAndStop();
  kernel.start();
  EXPECT_EQ(http::test::Client(kernel.addresses().front()).get("/health").status, 200);
}

TEST(Kernel, AStartThatFailsAtItsLastStepEndsEverythingBefore) {
  const TemporaryFolder folder;
  Kernel first(optionsIn(folder));
  first.start();
  const TemporaryFolder other;
  Kernel second(optionsIn(other, {{"http.listen", first.addresses().front()}}));
  EXPECT_THROW(second.start(), StartError);
  EXPECT_TRUE(second.addresses().empty());
  first.drainAndStop();
  second.start();  // the failed start left nothing behind
  EXPECT_EQ(http::test::Client(second.addresses().front()).get("/health").status, 200);
}

TEST(Kernel, ADataDirectoryServesOneKernel) {
  const TemporaryFolder folder;
  Kernel first(optionsIn(folder));
  first.start();
  Kernel second(optionsIn(folder));
  EXPECT_THROW(second.start(), StartError);
}

}  // namespace
}  // namespace mortise::kernel
