#include "core/kernel/service_status.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

ops::CheckReport check(const char* name, bool healthy, const char* detail) {
  ops::CheckReport report;
  report.name = name;
  report.healthy = healthy;
  report.detail = detail;
  return report;
}

TEST(ServiceStatus, NamesTheKernelsServicesInTheOrderThatClientsKnow) {
  ops::HealthReport report;
  report.checks = {check("zebra", true, "striped"), check("object_store", false, "no bucket"),
                   check("database", true, "SQLite 3.40.1"), check("agent", true, "")};
  const auto all = serviceStatuses(report);
  ASSERT_EQ(all.size(), 6u);
  const char* const expected[] = {"postgres", "redis", "minio", "agent", "zebra", "api"};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].service, expected[i]);
  EXPECT_EQ(all[0].details, "SQLite 3.40.1");
  EXPECT_TRUE(all[1].healthy);  // no Redis: kept in memory
  EXPECT_EQ(all[1].details, "in memory");
  EXPECT_FALSE(all[2].healthy);
}

TEST(ServiceStatus, DetailsAreForThoseWhoMaySeeThem) {
  const std::vector<ServiceStatus> statuses{{"postgres", true, "SQLite \"3\""}, {"redis", false, "gone"}};
  EXPECT_EQ(toJson(statuses, true), R"([{"service":"postgres","status":"ok","details":"SQLite \"3\""},)"
                                    R"({"service":"redis","status":"error","details":"gone"}])");
  EXPECT_EQ(toJson(statuses, false),
            R"([{"service":"postgres","status":"ok","details":""},{"service":"redis","status":"error","details":""}])");
}

TEST(ServiceStatus, ItsWordsAreNoNamesForChecksOfModules) {
  const auto names = serviceNames();
  for (const char* name : {"postgres", "redis", "minio", "api", "database", "object_store"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace mortise::kernel
