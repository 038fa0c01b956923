// The module in a real kernel: its own cleaning job seen, changed, paused, run and removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/module_harness.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace {

using mortise::testing::Answer;
using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kJobs = "/api/v1/scheduler/jobs";
const std::string kJob = kJobs + "/scheduler.purge_runs";
const std::string kPreview = "/api/v1/scheduler/triggers/preview";

class SchedulerModule : public ::testing::Test {
 protected:
  Answer preview(const std::string& body) { return admin_.post(kPreview, body); }

  ModuleHarness harness_{"scheduler", {{"identity.csrf_exempt_bearer", "true"}}};
  Client admin_ = harness_.admin();
  Client viewer_ = harness_.as("scheduler.view");
};

TEST_F(SchedulerModule, ShowsAJobInTheListAndByItself) {
  const auto listed = viewer_.get(kJobs);
  EXPECT_EQ(listed.status, 200);
  EXPECT_THAT(
      listed.body,
      HasSubstr(
          R"("trigger_type":"cron","trigger_args":{"second":"0","minute":"0","hour":"3","day":"*","month":"*","day_of_week":"*","year":"*","timezone":")"));
  EXPECT_THAT(
      listed.body,
      HasSubstr(
          R"("state":"STATE_RUNNING","is_builtin":true,"editable_fields":["trigger"],"func":"purge_runs","args":[],"kwargs":{}})"));
  const auto read = viewer_.get(kJob);
  EXPECT_THAT(read.body, HasSubstr(R"("data":{"id":"scheduler.purge_runs","name":)"));
  EXPECT_THAT(read.body, HasSubstr(R"("args":[],"kwargs":{},"misfire_grace_time":)"));
  EXPECT_EQ(viewer_.get(kJobs + "/scheduler.unknown").status, 404);
}

TEST_F(SchedulerModule, ChangesTheTriggerOfABuiltInJob) {
  EXPECT_EQ(admin_.put(kJob, R"({"trigger_type":"interval","minutes":5})").status, 200);
  EXPECT_THAT(viewer_.get(kJobs).body, HasSubstr(R"("trigger_type":"interval","trigger_args":{"description":")"));
  EXPECT_EQ(admin_.put(kJob, R"({})").status, 400);
  EXPECT_EQ(admin_.put(kJob, R"({"trigger_type":"weekly"})").status, 400);
  EXPECT_EQ(admin_.put(kJobs + "/scheduler.unknown", R"({"trigger_type":"weekly"})").status, 404)
      << "the job is looked for before the trigger is read";
  EXPECT_EQ(viewer_.put(kJob, R"({"trigger_type":"interval","minutes":5})").status, 403);
}

TEST_F(SchedulerModule, PausesAndResumesAJob) {
  EXPECT_EQ(admin_.post(kJob + "/actions/pause").status, 200);
  EXPECT_THAT(viewer_.get(kJob).body, HasSubstr(R"("next_run_time":null)"));
  EXPECT_EQ(admin_.post(kJob + "/actions/resume").status, 200);
  EXPECT_THAT(viewer_.get(kJob).body, Not(HasSubstr(R"("next_run_time":null)")));
  EXPECT_EQ(admin_.post(kJobs + "/scheduler.unknown/actions/pause").status, 404);
  EXPECT_EQ(admin_.post(kJobs + "/scheduler.unknown/actions/resume").status, 404);
}

TEST_F(SchedulerModule, RunsAJobAndListsItsRuns) {
  EXPECT_THAT(viewer_.get(kJob + "/runs").body, HasSubstr(R"("data":{"items":[],"total":0,"page":1,"pages":0})"));
  EXPECT_THAT(admin_.post(kJob + "/actions/run").body,
              HasSubstr(R"("data":{"manual_job_id":"scheduler.purge_runs_manual"})"));
  std::string body;
  for (int tries = 0; tries < 600; ++tries) {
    body = viewer_.get(kJob + "/runs").body;
    if (body.find(R"("outcome":"succeeded")") != std::string::npos) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_THAT(body,
              HasSubstr(R"("job_id":"scheduler.purge_runs","outcome":"succeeded","error":null,"output":"dropped 0)"));
  EXPECT_THAT(body, HasSubstr(R"("manual":true)"));
  EXPECT_THAT(body, HasSubstr(R"("total":1,"page":1,"pages":1)"));
  EXPECT_THAT(viewer_.get(kJob + "/runs?page=9223372036854775807&limit=0").body,
              HasSubstr(R"("data":{"items":[],"total":1,"page":9223372036854775807,"pages":1})"));
  EXPECT_EQ(viewer_.get(kJobs + "/scheduler.unknown/runs").status, 404);
  EXPECT_EQ(admin_.post("/api/v1/scheduler/runs/unknown/actions/cancel").status, 404);
}

TEST_F(SchedulerModule, RemovesAJobAndTakesItInAgain) {
  EXPECT_EQ(admin_.del(kJob).status, 200);
  EXPECT_EQ(viewer_.get(kJob).status, 404);
  EXPECT_EQ(admin_.del(kJob).status, 404);
  const auto reloaded = admin_.post(kJobs + "/actions/reload");
  EXPECT_EQ(reloaded.status, 200);
  EXPECT_THAT(reloaded.body, HasSubstr(R"("scheduler.purge_runs")"));
  EXPECT_EQ(viewer_.get(kJob).status, 200);
}

TEST_F(SchedulerModule, PreviewsATriggerAsClientsSendIt) {
  const std::string from = R"("from":"2026-03-07T12:00:00+00:00","timezone":"UTC","count":2)";
  const auto answer = preview(R"({"trigger_type":"cron","cron_expression":"30 2 * * *",)" + from + "}");
  EXPECT_THAT(answer.body,
              HasSubstr(R"("data":{"fire_times":["2026-03-08T02:30:00+00:00","2026-03-09T02:30:00+00:00"])"));
  EXPECT_THAT(answer.body, HasSubstr(R"("timezone":"UTC"})"));
  // Numbers count as text, an array as its last element, the first alias that is not blank counts.
  EXPECT_THAT(
      preview(R"({"trigger_type":" cron ","cron_minute":" ","minute":["x",30],"hour":2,"second":"0",)" + from + "}")
          .body,
      HasSubstr(R"("fire_times":["2026-03-08T02:30:00+00:00")"));
  for (const char* body :
       {R"({})", R"([])", R"({"trigger_type":""})", R"({"trigger_type":"cron","cron_expression":"*"})",
        R"({"trigger_type":"interval"})", R"({"trigger_type":"date","run_date":20260308})",
        R"({"trigger_type":"interval","hours":1,"count":0})", R"({"trigger_type":"interval","hours":1,"count":101})",
        R"({"trigger_type":"interval","hours":1,"from":"tomorrow"})"}) {
    EXPECT_EQ(preview(body).status, 400) << body;
  }
}

TEST_F(SchedulerModule, RefusesTextsThatAreTooLong) {
  for (const char* field : {"cron_expression", "second", "cron_minute", "hour", "day", "month", "weekday", "year",
                            "run_date", "timezone", "trigger_type"}) {
    std::string list = "1st mon";
    for (int i = 1; i < 1000; ++i) list += ",1st mon";
    const auto body = R"({"trigger_type":"cron",")" + std::string(field) + R"(":")" + list + R"("})";
    EXPECT_EQ(preview(body).status, 400) << field;
    EXPECT_THAT(preview(body).body, HasSubstr(R"("message":")" + std::string(field) + " 不能超过 500 字节"));
    EXPECT_EQ(admin_.put(kJob, body).status, 400) << field;
  }
}

TEST_F(SchedulerModule, PreviewsNoMoreOftenThanItsLimitSays) {
  int refused = 0;
  for (int i = 0; i < 125; ++i) {
    if (preview(R"({"trigger_type":"interval","hours":1})").status == 429) ++refused;
  }
  EXPECT_EQ(refused, 5);
}

TEST(SchedulerThatIsSwitchedOff, AnswersEveryOperationWithAConflict) {
  ModuleHarness harness{"scheduler", {{"identity.csrf_exempt_bearer", "true"}, {"scheduler.enabled", "false"}}};
  const auto admin = harness.admin();
  for (const auto& [method, path] : {std::pair<std::string, std::string>{"GET", kJobs},
                                     {"GET", kJob},
                                     {"DELETE", kJob},
                                     {"POST", kJob + "/actions/pause"},
                                     {"POST", kJob + "/actions/resume"},
                                     {"POST", kJob + "/actions/run"},
                                     {"POST", kJobs + "/actions/reload"},
                                     {"GET", kJob + "/runs"},
                                     {"POST", "/api/v1/scheduler/runs/x/actions/cancel"}}) {
    EXPECT_EQ(admin.request(method, path).status, 409) << method << " " << path;
  }
  EXPECT_EQ(admin.put(kJob, R"({"trigger_type":"date"})").status, 409);
  EXPECT_EQ(admin.put(kJob, "{}").status, 400) << "the body is looked at first";
  EXPECT_EQ(admin.post(kPreview, R"({"trigger_type":"date"})").status, 409);
}

}  // namespace
