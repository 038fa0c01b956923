// The module in a real kernel: a job of its own opens a session, which is then listed, read and refused a cancel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/module_harness.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace {

using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using ::testing::HasSubstr;

constexpr const char* kPath = "/api/v1/sync-sessions";

class SyncModule : public ::testing::Test {
 protected:
  // The id of the session that maintain_database opens; waits until it has ended.
  std::string maintain() {
    EXPECT_EQ(admin_.post("/api/v1/scheduler/jobs/sync.maintain_database/actions/run").status, 200);
    for (int tries = 0; tries < 600; ++tries) {
      const auto body = viewer_.get(std::string(kPath) + "?status=completed").body;
      constexpr std::string_view kMember = R"("session_id":")";
      if (const auto at = body.find(kMember); at != std::string::npos) return body.substr(at + kMember.size(), 36);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "the job has opened no session: " << viewer_.get(kPath).body;
    return "";
  }

  ModuleHarness harness_{std::vector<std::string>{"sync", "scheduler"}, {{"identity.csrf_exempt_bearer", "true"}}};
  Client admin_ = harness_.admin();
  Client viewer_ = harness_.as("sync.view");
};

TEST_F(SyncModule, ListsAndReadsTheSessionsOfModules) {
  const auto id = maintain();
  const auto listed = viewer_.get(std::string(kPath) + "?sync_type=manual_task&sync_category=other&page=x&limit=0");
  EXPECT_EQ(listed.status, 200);
  EXPECT_THAT(listed.body, HasSubstr(R"("total":1,"page":1,"pages":1)"));
  EXPECT_THAT(viewer_.get(std::string(kPath) + "?status=running").body, HasSubstr(R"("data":{"items":[],"total":0)"));
  const auto read = viewer_.get(std::string(kPath) + "/" + id);
  EXPECT_THAT(read.body, HasSubstr(R"("sync_type":"manual_task","sync_category":"other","status":"completed")"));
  EXPECT_THAT(read.body, HasSubstr(R"("instance_name":"sqlite")"));
  EXPECT_THAT(read.body, HasSubstr(R"("sync_details":{"version":1,"database":"sqlite")"));
  EXPECT_THAT(read.body, HasSubstr(R"("progress_percentage":100)"));
  const auto errors = viewer_.get(std::string(kPath) + "/" + id + "/error-logs");
  EXPECT_THAT(errors.body, HasSubstr(R"("error_records":[],"error_count":0)"));
}

TEST_F(SyncModule, RefusesToCancelWhatHasEndedAndCallersWithoutThePermission) {
  const auto cancel = std::string(kPath) + "/" + maintain() + "/actions/cancel";
  EXPECT_EQ(viewer_.post(cancel).status, 403);
  EXPECT_EQ(harness_.anonymous().post(cancel).code, "CSRF_MISSING");
  EXPECT_EQ(harness_.anonymous().get(kPath).status, 401);
  EXPECT_EQ(admin_.post(cancel).status, 404);
}

}  // namespace
