"""The scheduler over HTTP, on SQLite and PostgreSQL: the contract's tables row by row, its cron vectors, and a session that is cancelled halfway."""
import datetime
import os
import signal
import time
import unittest

import support
import unified_family
from mortise_server import MortiseServer, Postgres
from unified_family import TIME, Browser, Envelope

TIME_LIMIT = 300
BASE = "/api/v1/scheduler"
JOBS = f"{BASE}/jobs"
LISTED, READ, CHANGED, PAUSED, RESUMED = "任务列表获取成功", "任务详情获取成功", "任务更新成功", "任务暂停成功", "任务恢复成功"
STARTED, REMOVED, RUNS, PREVIEWED = "任务已提交后台执行", "任务已删除", "执行记录获取成功", "触发时间获取成功"
UNKNOWN, STOPPED, NOT_BUILTIN = "任务不存在", "调度器未启动", "只能修改内置任务的触发器"
NO_BODY, NO_TYPE, BAD_TRIGGER, BAD_PARTS = "请求体必须是非空 JSON object", "缺少触发器类型配置", "无效的触发器配置", "cron_expression 格式非法"
ITEM_FIELDS = {"id", "task_id", "name", "task_name", "description", "next_run_time", "last_run_time", "trigger_type", "trigger_args", "state", "is_builtin",
               "editable_fields", "func", "args", "kwargs"}
DETAIL_FIELDS = {"id", "name", "next_run_time", "trigger", "func", "args", "kwargs", "misfire_grace_time", "max_instances", "coalesce"}
RUN_FIELDS = {"run_id", "job_id", "outcome", "error", "output", "node", "due_at", "started_at", "ended_at", "manual", "created_by", "percent", "progress"}
OFFSET_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"
JOB = "sync.purge_sessions"
QUIET = {"trigger_type": "date", "run_date": "2099-01-01T00:00:00Z"}  # a job with this trigger does not run during a test


class Calls(Envelope):
    def data(self, answer, message):
        return self.assertSuccess(answer, message)

    def jobs(self):
        return self.data(self.user.call("GET", JOBS), LISTED)

    def item(self, job):
        return next((item for item in self.jobs() if item["id"] == job), None)

    def detail(self, job):
        return self.data(self.user.call("GET", f"{JOBS}/{job}"), READ)

    def put(self, job, body, caller=None):
        return (caller or self.admin).call("PUT", f"{JOBS}/{job}", body)

    def act(self, job, action, caller=None, **more):
        return (caller or self.admin).call("POST", f"{JOBS}/{job}/actions/{action}", **more)

    def reload(self):
        answer = self.admin.call("POST", f"{JOBS}/actions/reload")
        data = answer.json()["data"]
        return self.data(answer, f"已删除 {data['deleted_count']} 个任务,重新加载 {data['reloaded_count']} 个任务")

    def runs(self, job, query=""):
        return self.data(self.user.call("GET", f"{JOBS}/{job}/runs{query}"), RUNS)

    def preview(self, body, caller=None):
        return (caller or self.user).call("POST", f"{BASE}/triggers/preview", body)

    def times(self, expression, zone, start, count):
        data = self.data(self.preview({"trigger_type": "cron", "cron_expression": expression, "timezone": zone, "from": start, "count": count}), PREVIEWED)
        self.assertEqual(data["timezone"], zone)
        return data["fire_times"]

    def put_own(self, job, **body):
        """A job that the module probe creates: not built in."""
        answer = support.request(self.server, "PUT", f"/probe-jobs/{job}", {"trigger": "at: 2099-01-01T00:00:00Z", **body})
        self.assertEqual(answer.status, 204, answer)
        self.addCleanup(lambda: support.request(self.server, "DELETE", f"/probe-jobs/{job}"))
        return f"probe.{job}"

    def ended_run(self, job, since=0):
        """The newest run of a job once it has ended; `since`: how many there were before."""
        def newest():
            runs = self.runs(job)
            return runs["total"] > since and runs["items"][0]["ended_at"] and runs["items"][0]
        return support.wait_until(newest, 30, f"a run of {job} to end")


class SchedulerOperations(Calls):
    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync", "scheduler"])

    def setUp(self):
        self.reload()

    # ---- permissions --------------------------------------------------------------------------------------------------------

    def test_reading_needs_view_and_changing_admin(self):
        for path in (JOBS, f"{JOBS}/{JOB}", f"{JOBS}/{JOB}/runs"):
            for caller in (self.admin, self.user, self.guest, self.viewer):
                self.assertEqual(caller.call("GET", path).status, 200)
                self.assertEqual(caller.call("HEAD", path).status, 200)
            self.assertRefused(self.nobody.call("GET", path), 401, "AUTHENTICATION_REQUIRED", "请先登录")
        body = {"trigger_type": "cron", "cron_hour": 3}
        for caller in (self.admin, self.user, self.guest, self.viewer):
            self.assertEqual(self.preview(body, caller).status, 200)
        for method, path in (("PUT", f"{JOBS}/{JOB}"), ("DELETE", f"{JOBS}/{JOB}"), ("POST", f"{JOBS}/{JOB}/actions/pause"),
                             ("POST", f"{JOBS}/{JOB}/actions/resume"), ("POST", f"{JOBS}/{JOB}/actions/run"), ("POST", f"{JOBS}/actions/reload"),
                             ("POST", f"{BASE}/runs/x/actions/cancel")):
            for caller in (self.user, self.guest, self.viewer):
                self.assertRefused(caller.call(method, path, body), 403, "PERMISSION_REQUIRED", "需要 admin 权限")
            self.assertRefused(self.nobody.call(method, path, body), 401, "AUTHENTICATION_REQUIRED", "请先登录")
            for caller in (self.admin, self.nobody):
                self.assertRefused(caller.call(method, path, body, csrf=False), 403, "CSRF_MISSING", "缺少 CSRF 令牌")
                self.assertRefused(caller.call(method, path, {**body, "csrf_token": caller.token}, csrf=False), 403, "CSRF_MISSING", "缺少 CSRF 令牌")
                self.assertRefused(caller.call(method, path, body, {"X-CSRFToken": "x"}), 403, "CSRF_INVALID", "CSRF 令牌无效,请刷新后重试")
        self.assertRefused(self.user.call("POST", f"{BASE}/triggers/preview", body, csrf=False), 403, "CSRF_MISSING", "缺少 CSRF 令牌")
        self.assertEqual(self.item(JOB)["trigger_args"]["hour"], "2", "nothing of it was done")

    def test_unknown_jobs_are_404(self):
        for job in ("nope.nothing", "x", "sync.purge_sessions2"):
            for answer in (self.user.call("GET", f"{JOBS}/{job}"), self.user.call("GET", f"{JOBS}/{job}/runs"),
                           self.put(job, {"trigger_type": "cron", "cron_hour": 1}), self.admin.call("DELETE", f"{JOBS}/{job}"),
                           self.act(job, "pause"), self.act(job, "resume"), self.act(job, "run")):
                self.assertRefused(answer, 404, "RESOURCE_NOT_FOUND", UNKNOWN)
        self.assertRefused(self.user.call("GET", JOBS + "/"), 404, "INVALID_REQUEST", "The requested URL was not found on the server.")
        self.assertRefused(self.admin.call("POST", JOBS, csrf=False), 405, "INVALID_REQUEST", "The method is not allowed for the requested URL.")

    # ---- shapes --------------------------------------------------------------------------------------------------------------

    def test_every_field_of_a_built_in_job(self):
        jobs = self.jobs()
        self.assertEqual([job["id"] for job in jobs], sorted(job["id"] for job in jobs))
        for job in jobs:
            self.assertEqual(set(job), ITEM_FIELDS)
            self.assertEqual((job["task_id"], job["task_name"]), (job["id"], job["name"]))
            self.assertEqual(job["state"], "STATE_RUNNING" if job["next_run_time"] else "STATE_PAUSED")
            self.assertTrue(all(isinstance(value, str) for value in job["trigger_args"].values()), job)
        job = self.item(JOB)
        self.assertEqual((job["is_builtin"], job["editable_fields"], job["func"], job["args"], job["kwargs"], job["trigger_type"]),
                         (True, ["trigger"], "purge_sessions", [], {}, "cron"))
        self.assertEqual(job["trigger_args"], {"second": "0", "minute": "0", "hour": "2", "day": "*", "month": "*", "day_of_week": "*", "year": "*",
                                               "timezone": "UTC"})
        self.assertRegex(job["next_run_time"], OFFSET_TIME)
        self.assertEqual(job["next_run_time"][11:], "02:00:00+00:00")
        detail = self.detail(JOB)
        self.assertEqual(set(detail), DETAIL_FIELDS)
        self.assertEqual({key: detail[key] for key in ("id", "name", "next_run_time", "func", "args", "kwargs")},
                         {key: job[key] for key in ("id", "name", "next_run_time", "func", "args", "kwargs")})
        self.assertEqual((detail["misfire_grace_time"], detail["max_instances"], detail["coalesce"]), (300, 1, True))

    def test_the_trigger_texts(self):
        cases = (({"trigger_type": "cron", "cron_expression": "5 4 * * *", "timezone": "Asia/Shanghai"},
                  "cron[month='*', day='*', day_of_week='*', hour='4', minute='5', second='0']", None),
                 ({"trigger_type": "cron", "cron_hour": "05", "cron_weekday": "SUN"}, "cron[day_of_week='sun', hour='5']",
                  {"second": "0", "minute": "0", "hour": "5", "day": "*", "month": "*", "day_of_week": "sun", "year": "*", "timezone": "Asia/Shanghai"}),
                 ({"trigger_type": "interval", "minutes": 15}, "interval[0:15:00]", {"description": "interval[0:15:00]"}),
                 ({"trigger_type": "interval", "weeks": 1, "days": 2, "hours": "3", "minutes": True, "seconds": 245.9}, "interval[9 days, 3:05:05]",
                  {"description": "interval[9 days, 3:05:05]"}),
                 ({"trigger_type": "date", "run_date": "2030-01-02 03:04:00"}, "date[2030-01-01 19:04:00 UTC]", {"description": "date[2030-01-01 19:04:00 UTC]"}))
        for body, trigger, arguments in cases:
            self.assertSuccess(self.put(JOB, body), CHANGED, data=False)
            self.assertEqual(self.detail(JOB)["trigger"], trigger, body)
            item = self.item(JOB)
            self.assertEqual(item["trigger_type"], body["trigger_type"])
            if arguments:
                self.assertEqual(item["trigger_args"], arguments)
        self.reload()

    def test_a_job_that_a_module_puts_is_not_built_in(self):
        job = self.put_own("own", payload="hello", name="Own job", description="What it does.")
        item = self.item(job)
        self.assertEqual((item["is_builtin"], item["editable_fields"], item["name"], item["description"], item["kwargs"], item["trigger_type"]),
                         (False, [], "Own job", "What it does.", {"payload": "hello"}, "date"))
        self.assertRefused(self.put(job, {"trigger_type": "cron", "cron_hour": 1}), 400, "FORBIDDEN", NOT_BUILTIN)
        self.assertRefused(self.put(job, {"any": "thing"}), 400, "FORBIDDEN", NOT_BUILTIN)
        self.assertRefused(self.put(job, {}), 400, "VALIDATION_ERROR", NO_BODY)

    # ---- PUT -----------------------------------------------------------------------------------------------------------------

    def test_what_a_change_of_trigger_refuses(self):
        before = self.detail(JOB)
        for body in (None, b"", b"{}", b"{", b"[]", b"[1]", b'"x"', b"5", b"null", b"\xff"):
            answer = self.admin.call("PUT", f"{JOBS}/{JOB}", body, {"Content-Type": "application/json"} if body is not None else None)
            self.assertRefused(answer, 400, "VALIDATION_ERROR", NO_BODY)
        self.assertRefused(self.admin.call("PUT", f"{JOBS}/{JOB}", b'{"trigger_type":"cron","cron_hour":1}', {"Content-Type": "text/plain"}), 400,
                           "VALIDATION_ERROR", NO_BODY)
        for body in ({"cron_hour": 1}, {"trigger_type": ""}, {"trigger_type": "  "}, {"trigger_type": None}):
            self.assertRefused(self.put(JOB, body), 400, "VALIDATION_ERROR", NO_TYPE)
        for expression in ("* * * *", "* * * * * * * *", "@daily", "x"):
            self.assertRefused(self.put(JOB, {"trigger_type": "cron", "cron_expression": expression}), 400, "VALIDATION_ERROR", BAD_PARTS)
        refused = [{"trigger_type": kind} for kind in ("Cron", "weekly", 5, "cron", "interval", "date")]
        refused += [{"trigger_type": "cron", "cron_expression": expression} for expression in
                    ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * 0 *", "* * * * 7", "*/60 * * * *", "* * * * */7",
                     "* * * */12 *", "* * */31 * *", "1-2/2 * * * *", "59/1 * * * *", "5-1 * * * *", "* * * * fri-mon", "*/0 * * * *", "1,,2 * * * *",
                     "-1 * * * *", "+1 * * * *", "1.5 * * * *", "? * * * *", "* * L * *", "* * 1W * *", "* * * * fri#2", "* * * * monday", "* * * * 1-fri",
                     "* * * * mon/2", "* * * * * * 1969", "0 0 0 1 1 * 10000")]
        refused += [{"trigger_type": "cron", "cron_hour": value} for value in (24, -1, "x", True, 1.5, {}, "  25 ")]
        refused += [{"trigger_type": "cron", "cron_year": 2030}, {"trigger_type": "cron", "cron_hour": 1, "timezone": "Mars/Olympus"},
                    {"trigger_type": "interval", "minutes": 0, "hours": -4, "days": "x", "weeks": None, "seconds": False},
                    {"trigger_type": "interval", "weeks": 10**17}, {"trigger_type": "interval", "weeks": 1e300}, {"trigger_type": "interval", "cron_hour": 1},
                    {"trigger_type": "date", "run_date": 1893456000}, {"trigger_type": "date", "run_date": " "}, {"trigger_type": "date", "run_date": "soon"},
                    {"trigger_type": "date", "run_date": "2030-02-30"}, {"trigger_type": "date", "run_date": None}]
        for body in refused:
            with self.subTest(body):
                self.assertRefused(self.put(JOB, body), 400, "VALIDATION_ERROR", BAD_TRIGGER)
        self.assertEqual(self.detail(JOB), before)

    def test_what_a_change_of_trigger_takes(self):
        effective = lambda: [self.item(JOB)["trigger_args"][field] for field in ("year", "month", "day", "day_of_week", "hour", "minute", "second")]
        for body, expected in (({"cron_expression": "5 4 * * *", "cron_hour": 9}, ["*", "*", "*", "*", "9", "5", "0"]),
                               ({"cron_expression": " 1 2  3 4\t5 6 "}, ["*", "5", "4", "6", "3", "2", "1"]),
                               ({"cron_expression": "0 0 12 1 1 * 2028-2030/2"}, ["2028-2030/2", "1", "1", "*", "12", "0", "0"]),
                               ({"cron_hour": 3}, ["*", "*", "*", "*", "3", "0", "0"]),
                               ({"cron_weekday": "sun"}, ["*", "*", "*", "sun", "0", "0", "0"]),
                               ({"cron_day_of_week": "", "day_of_week": "tue"}, ["*", "*", "*", "tue", "0", "0", "0"]),
                               ({"year": 2030}, ["2030", "1", "1", "*", "0", "0", "0"]),
                               ({"cron_day": 1, "cron_minute": 5}, ["*", "*", "1", "*", "*", "5", "0"]),
                               ({"cron_day": "2nd fri"}, ["*", "*", "2nd fri", "*", "0", "0", "0"]),
                               ({"cron_day": ["x", "last"]}, ["*", "*", "last", "*", "0", "0", "0"]),
                               ({"second": "*/10", "cron_second": "  "}, ["*", "*", "*", "*", "*", "*", "*/10"]),
                               ({"cron_hour": " 05 ", "name": "ignored", "func": "ignored"}, ["*", "*", "*", "*", "5", "0", "0"])):
            with self.subTest(body):
                self.assertSuccess(self.put(JOB, {"trigger_type": " cron ", **body}), CHANGED, data=False)
                self.assertEqual(effective(), expected)
        self.reload()

    def test_a_change_of_trigger_reckons_the_next_run_anew(self):
        self.assertSuccess(self.put(JOB, {"trigger_type": "cron", "cron_expression": "*/5 * * * *"}), CHANGED, data=False)
        following = datetime.datetime.fromisoformat(self.detail(JOB)["next_run_time"])
        self.assertLess(abs((following - datetime.datetime.now(datetime.timezone.utc)).total_seconds()), 301)
        self.assertEqual(following.utcoffset(), datetime.timedelta(hours=8), "Asia/Shanghai unless told")
        self.assertSuccess(self.put(JOB, {"trigger_type": "date", "run_date": "2020-01-01"}), CHANGED, data=False)
        self.assertIsNone(self.detail(JOB)["next_run_time"], "past")
        self.assertSuccess(self.put(JOB, {"trigger_type": "cron", "cron_expression": "0 0 31 2 *"}), CHANGED, data=False)
        self.assertEqual((self.item(JOB)["next_run_time"], self.item(JOB)["state"]), (None, "STATE_PAUSED"))
        self.reload()
        self.assertSuccess(self.act(JOB, "pause"), PAUSED, data=False)
        self.assertSuccess(self.put(JOB, {"trigger_type": "cron", "cron_hour": 3}), CHANGED, data=False)
        self.assertIsNone(self.detail(JOB)["next_run_time"], "a paused job stays paused")
        self.assertSuccess(self.act(JOB, "resume"), RESUMED, data=False)
        self.assertEqual(self.detail(JOB)["next_run_time"][11:], "03:00:00+08:00")
        self.reload()

    # ---- pause, resume, run, reload, remove ----------------------------------------------------------------------------------

    def test_pause_and_resume(self):
        following = self.detail(JOB)["next_run_time"]
        for _ in range(2):
            self.assertSuccess(self.act(JOB, "pause", body={}), PAUSED, data=False)
            self.assertEqual((self.item(JOB)["next_run_time"], self.item(JOB)["state"], self.item(JOB)["trigger_args"]["hour"]), (None, "STATE_PAUSED", "2"))
        for _ in range(2):
            self.assertSuccess(self.act(JOB, "resume"), RESUMED, data=False)
            self.assertEqual(self.detail(JOB)["next_run_time"], following)
        self.assertSuccess(self.put(JOB, {"trigger_type": "date", "run_date": "2020-01-01"}), CHANGED, data=False)
        self.assertSuccess(self.act(JOB, "resume"), RESUMED, data=False)
        self.assertEqual(self.item(JOB)["state"], "STATE_PAUSED", "a trigger that never fires again: still listed")
        self.reload()

    def test_run_starts_the_job_and_its_run_is_recorded(self):
        job = self.put_own("runs", payload="hello")
        following = self.detail(job)["next_run_time"]
        for count in (1, 2):
            self.assertEqual(self.data(self.act(job, "run"), STARTED), {"manual_job_id": f"{job}_manual"})
            run = self.ended_run(job, count - 1)
        self.assertEqual(set(run), RUN_FIELDS)
        self.assertEqual((run["job_id"], run["outcome"], run["error"], run["output"].strip(), run["manual"], run["percent"], run["progress"]),
                         (job, "succeeded", None, "hello", True, 50, "half"))
        self.assertEqual(run["created_by"], self.number("admin_1"))
        for field in ("due_at", "started_at", "ended_at"):
            self.assertRegex(run[field], TIME)
        self.assertEqual(self.detail(job)["next_run_time"], following)
        last = self.item(job)["last_run_time"]
        self.assertRegex(last, TIME)
        self.assertTrue(run["due_at"] <= last <= run["started_at"], (last, run))  # when a server claimed the run
        pages = self.runs(job, "?limit=1&page=2")
        self.assertEqual((len(pages["items"]), pages["total"], pages["page"], pages["pages"]), (1, 2, 2, 2))
        self.assertNotEqual(pages["items"][0]["run_id"], run["run_id"])
        self.assertEqual(self.runs(job, "?limit=0&page=x")["pages"], 2)
        self.assertEqual(self.runs(job, "?page=9")["items"], [])

    def test_a_failure_is_recorded_and_not_returned(self):
        job = self.put_own("fails", payload="fail")
        self.assertSuccess(self.act(job, "pause"), PAUSED, data=False)
        self.assertEqual(self.act(job, "run").status, 200, "a paused job runs, too")
        run = self.ended_run(job)
        self.assertEqual((run["outcome"], run["error"]), ("failed", "the run was told to fail"))

    def test_a_run_is_stopped(self):
        job = self.put_own("waits", payload="wait")
        for _ in range(2):
            self.assertEqual(self.act(job, "run").status, 200, "two at once")
        going = support.wait_until(lambda: [run for run in self.runs(job)["items"] if run["outcome"] == "running"][1:] and self.runs(job)["items"], 20,
                                   "two runs to go on")
        for run in going:
            self.assertSuccess(self.admin.call("POST", f"{BASE}/runs/{run['run_id']}/actions/cancel"), "已请求停止执行", data=False)
        support.wait_until(lambda: all(run["outcome"] == "cancelled" for run in self.runs(job)["items"]), 20, "both runs to end")
        for run in (going[0]["run_id"], "x"):
            self.assertRefused(self.admin.call("POST", f"{BASE}/runs/{run}/actions/cancel"), 404, "RESOURCE_NOT_FOUND", "执行不存在或已结束")

    def test_pages_of_runs_are_never_refused(self):
        self.assertSuccess(self.act(JOB, "run"), STARTED)
        plain = self.runs(JOB)
        for query in ("?page=1&page=2", "?page=2&page=2", "?page=2%00", "?page=%FF", "?page=x", "?limit=1&limit=2", "?limit=0&limit=0", "?limit=1%00",
                      "?limit=%C3"):
            found = self.runs(JOB, query)
            self.assertEqual((found["page"], found["total"], len(found["items"])), (1, plain["total"], len(plain["items"])), query)

    def test_long_lists_change_no_trigger(self):
        before = self.item(JOB)
        for field, element in (("cron_day", "1st mon"), ("cron_day", "last"), ("year", "*/1"), ("cron_month", "jan"), ("cron_hour", "*/2"), ("cron_minute", "1-59"),
                               ("cron_second", "0"), ("cron_weekday", "mon-sun")):
            answer = self.put(JOB, {"trigger_type": "cron", field: ",".join([element] * 1000)})
            self.assertEqual((answer.status, answer.json()["message_code"]), (400, "VALIDATION_ERROR"), answer)
            self.assertIn("500", answer.json()["message"])
        for body in ({"trigger_type": "cron", "cron_expression": "0 0 1 1 " + "mon," * 1000 + "mon"}, {"trigger_type": "date", "run_date": "2030-01-01" + " " * 1000 + "x"},
                     {"trigger_type": "cron", "cron_hour": 1, "timezone": "Europe/" + "x" * 100000}):
            self.assertEqual(self.put(JOB, body).status, 400)
        self.assertEqual(self.item(JOB), before)

    def test_reload_takes_in_the_declared_jobs_anew(self):
        own = self.put_own("gone")
        self.assertSuccess(self.put(JOB, QUIET), CHANGED, data=False)
        self.assertSuccess(self.act("sync.maintain_database", "pause"), PAUSED, data=False)
        before = [job["id"] for job in self.jobs()]
        result = self.reload()
        self.assertEqual(set(result), {"deleted", "reloaded", "deleted_count", "reloaded_count"})
        self.assertEqual((sorted(result["deleted"]), result["deleted_count"]), (before, len(before)))
        self.assertIn(own, result["deleted"])
        after = self.jobs()
        self.assertEqual((sorted(result["reloaded"]), result["reloaded_count"]), ([job["id"] for job in after], len(after)))
        self.assertTrue(all(job["is_builtin"] and job["state"] == "STATE_RUNNING" for job in after), after)
        self.assertEqual(self.item(JOB)["trigger_args"]["hour"], "2")

    def test_removed_jobs_come_back_by_reload_only(self):
        self.assertSuccess(self.admin.call("DELETE", f"{JOBS}/{JOB}"), REMOVED, data=False)
        self.assertIsNone(self.item(JOB))
        self.assertRefused(self.admin.call("DELETE", f"{JOBS}/{JOB}"), 404, "RESOURCE_NOT_FOUND", UNKNOWN)
        self.server.stop()
        unified_family.restart(self)
        self.assertIsNone(self.item(JOB))
        self.reload()
        self.assertIsNotNone(self.item(JOB))

    def test_a_restart_keeps_triggers_and_pauses(self):
        own = self.put_own("stays", payload="hello")
        self.assertSuccess(self.put(JOB, {"trigger_type": "cron", "cron_hour": 7, "timezone": "America/New_York"}), CHANGED, data=False)
        self.assertSuccess(self.act("sync.maintain_database", "pause"), PAUSED, data=False)
        before = {job["id"]: (job["next_run_time"], job["trigger_args"]) for job in self.jobs() if job["id"] in (JOB, own, "sync.maintain_database")}
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.process.wait()
        unified_family.restart(self)
        self.assertEqual({job["id"]: (job["next_run_time"], job["trigger_args"]) for job in self.jobs() if job["id"] in before}, before)
        self.reload()

    def test_changes_stand_in_the_audit_trail(self):
        self.assertSuccess(self.act(JOB, "pause"), PAUSED, data=False)
        self.assertSuccess(self.act(JOB, "resume"), RESUMED, data=False)
        rows = self.sql(f"SELECT action, target FROM mortise_audit WHERE target = 'job:{JOB}' ORDER BY id DESC")
        self.assertEqual({tuple(row) for row in rows} & {("scheduler.job_paused", f"job:{JOB}"), ("scheduler.job_resumed", f"job:{JOB}")},
                         {("scheduler.job_paused", f"job:{JOB}"), ("scheduler.job_resumed", f"job:{JOB}")})

    # ---- preview -------------------------------------------------------------------------------------------------------------

    def test_the_published_vectors(self):
        china = lambda *times: [f"{time}+08:00" for time in times]
        self.assertEqual(self.times("*/15 * * * *", "Asia/Shanghai", "2026-01-08T10:15:00+08:00", 3),
                         china("2026-01-08T10:15:00", "2026-01-08T10:30:00", "2026-01-08T10:45:00"))
        self.assertEqual(self.times("0 9 * * 1-5", "Asia/Shanghai", "2026-01-08T09:00:01+08:00", 4),
                         china("2026-01-09T09:00:00", "2026-01-10T09:00:00", "2026-01-13T09:00:00", "2026-01-14T09:00:00"))
        self.assertEqual(self.times("0 0 13 * fri", "Asia/Shanghai", "2026-01-01T00:00:00+08:00", 3),
                         china("2026-02-13T00:00:00", "2026-03-13T00:00:00", "2026-11-13T00:00:00"))
        self.assertEqual(self.times("0 0 12 1 1 * 2028-2030/2", "Asia/Shanghai", "2026-01-01T00:00:00+08:00", 5),
                         china("2028-01-01T12:00:00", "2030-01-01T12:00:00"))
        self.assertEqual(self.times("0 0 */2 * *", "Asia/Shanghai", "2026-01-30T00:00:00+08:00", 3),
                         china("2026-01-31T00:00:00", "2026-02-01T00:00:00", "2026-02-03T00:00:00"))
        self.assertEqual(self.times("30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00", 3),
                         ["2026-03-08T03:30:00-04:00", "2026-03-09T02:30:00-04:00", "2026-03-10T02:30:00-04:00"])
        self.assertEqual(self.times("30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00", 3),
                         ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"])
        self.assertEqual(self.times("15 0 * * *", "America/New_York", "2026-03-07T12:00:00-05:00", 3),
                         ["2026-03-08T00:15:00-05:00", "2026-03-09T00:15:00-04:00", "2026-03-10T00:15:00-04:00"])

    def test_what_a_preview_takes_and_refuses(self):
        body = {"trigger_type": "cron", "cron_expression": "0 0 31 2 *"}
        self.assertEqual(self.data(self.preview(body), PREVIEWED), {"fire_times": [], "timezone": "Asia/Shanghai"})
        self.assertEqual(len(self.data(self.preview({"trigger_type": "cron", "cron_second": "*"}), PREVIEWED)["fire_times"]), 5)
        for count in (1, 100, "7"):
            data = self.data(self.preview({"trigger_type": "cron", "cron_second": "*", "count": count}), PREVIEWED)
            self.assertEqual(len(data["fire_times"]), int(count))
        self.assertEqual(self.data(self.preview({"trigger_type": "date", "run_date": "2030-01-02T03:04:00Z", "from": "2026-01-01T00:00:00Z"}), PREVIEWED)
                         ["fire_times"], ["2030-01-02T03:04:00+00:00"])
        self.assertEqual(len(self.data(self.preview({"trigger_type": "interval", "minutes": 1, "from": "2026-01-01T00:00:00Z", "count": 2}), PREVIEWED)
                             ["fire_times"]), 2)
        for count in (0, 101, -1, "x", 1.5, True, {}):
            self.assertRefused(self.preview({"trigger_type": "cron", "cron_hour": 1, "count": count}), 400, "VALIDATION_ERROR", "count 必须是 1 到 100 的整数")
        for start in ("2026-01-01T00:00:00", "soon", 5, "", "2026-02-30T00:00:00Z"):
            self.assertRefused(self.preview({"trigger_type": "cron", "cron_hour": 1, "from": start}), 400, "VALIDATION_ERROR",
                               "from 必须是带时区的 ISO 8601 时间")
        for refused, message in (({}, NO_BODY), ({"count": 1}, NO_TYPE), ({"trigger_type": "cron"}, BAD_TRIGGER),
                                 ({"trigger_type": "cron", "cron_expression": "@daily"}, BAD_PARTS),
                                 ({"trigger_type": "cron", "cron_hour": 1, "timezone": "Mars/Olympus"}, BAD_TRIGGER)):
            self.assertRefused(self.preview(refused), 400, "VALIDATION_ERROR", message)
        self.assertEqual(self.item(JOB)["trigger_args"]["hour"], "2", "a preview changes nothing")

    def number(self, name):
        return int(self.sql(f"SELECT number FROM mortise_users WHERE username = '{name}'")[0][0])

    # ---- producers -----------------------------------------------------------------------------------------------------------

    def sessions(self, query=""):
        return self.assertSuccess(self.user.call("GET", "/api/v1/sync-sessions?limit=100" + query), "获取同步会话列表成功")["items"]

    def session(self, id):
        return self.assertSuccess(self.user.call("GET", f"/api/v1/sync-sessions/{id}"), "获取同步会话详情成功")["session"]

    def test_maintenance_of_the_database_is_a_session(self):
        known = {session["session_id"] for session in self.sessions()}
        self.assertEqual(self.act("sync.maintain_database", "run").status, 200)
        self.assertEqual(self.ended_run("sync.maintain_database")["outcome"], "succeeded")
        made = [session for session in self.sessions() if session["session_id"] not in known]
        self.assertEqual([(session["sync_type"], session["sync_category"], session["status"]) for session in made], [("manual_task", "other", "completed")])
        self.assertEqual(made[0]["created_by"], self.number("admin_1"))
        record = self.session(made[0]["session_id"])["instance_records"][0]
        self.assertEqual((record["instance_name"], record["sync_details"]["findings"]), ("postgresql" if "db.url" in self.server.options else "sqlite", []))
        self.assertGreater(record["items_synced"], 5)

    def test_cleaning_jobs_report_what_they_dropped(self):
        self.assertEqual(self.act("auth.purge_signups", "run").status, 200)
        self.ended_run("auth.purge_signups")
        known = {session["session_id"] for session in self.sessions()}
        self.sql("INSERT INTO auth_signups (email, id, username, username_folded, password_hash, redirect_to, code_mac, code_expires_at, tries, claimed_until,"
                 " created_at, expires_at) VALUES ('old@x.org', 'old', 'old', 'old', '', '', '', 1, 0, 0, 1, 1)")
        before = self.runs("auth.purge_signups")["total"]
        self.assertEqual(self.act("auth.purge_signups", "run").status, 200)
        self.assertEqual(self.ended_run("auth.purge_signups", before)["outcome"], "succeeded")
        made = [session for session in self.sessions() if session["session_id"] not in known]
        self.assertEqual([(session["sync_category"], session["status"]) for session in made], [("other", "completed")])
        record = self.session(made[0]["session_id"])["instance_records"][0]
        self.assertEqual((record["instance_name"], record["items_deleted"]), ("expired sign-ups", 1))

    def test_old_runs_are_dropped_and_reported(self):
        job = self.put_own("aged", payload="hello")
        self.assertEqual(self.act(job, "run").status, 200)
        run = self.ended_run(job)["run_id"]
        self.sql(f"UPDATE mortise_job_runs SET due_at = 1, started_at = 1, ended_at = 1 WHERE id = '{run}'")
        known = {session["session_id"] for session in self.sessions()}
        before = self.runs("scheduler.purge_runs")["total"]
        self.assertEqual(self.act("scheduler.purge_runs", "run").status, 200)
        self.assertEqual(self.ended_run("scheduler.purge_runs", before)["output"].strip(), "dropped 1")
        self.assertEqual(self.runs(job)["total"], 0)
        made = [session for session in self.sessions() if session["session_id"] not in known]
        self.assertEqual([(session["sync_type"], session["sync_category"], session["status"], session["created_by"]) for session in made],
                         [("manual_task", "other", "completed", self.number("admin_1"))])
        record = self.session(made[0]["session_id"])["instance_records"][0]
        self.assertEqual((record["instance_name"], record["items_deleted"]), ("runs", 1))

    def test_old_sessions_are_dropped(self):
        answer = support.request(self.server, "POST", "/probe-sync/open", {"type": "manual_task", "category": "other"}).json()
        old, running = answer["session"], support.request(self.server, "POST", "/probe-sync/open", {"type": "manual_task"}).json()["session"]
        support.request(self.server, "POST", "/probe-sync/finish", {"session": old})
        month = (time.time() - 31 * 86400) * 1e6
        self.sql(f"UPDATE sync_sessions SET created_at = {int(month)} WHERE session_id IN ('{old}', '{running}')")
        before = self.runs(JOB)["total"]
        self.assertEqual(self.act(JOB, "run").status, 200)
        self.ended_run(JOB, before)
        self.assertEqual(self.user.call("GET", f"/api/v1/sync-sessions/{old}").status, 404)
        self.assertEqual(self.session(running)["status"], "running")


    # ---- what the reference's own tests pin (section 5 of the contract), as its clients send it ------------------------------

    def test_pinned_anonymous_requests(self):
        for path in (JOBS, "/api/v1/sync-sessions"):
            answer = self.nobody.call("GET", path)
            self.assertEqual((answer.status, answer.json()["message_code"]), (401, "AUTHENTICATION_REQUIRED"))
        for path in (f"{JOBS}/actions/reload", "/api/v1/sync-sessions/any/actions/cancel"):
            answer = self.nobody.call("POST", path, {})
            self.assertEqual((answer.status, answer.json()["message_code"]), (401, "AUTHENTICATION_REQUIRED"))
        answer = self.nobody.call("GET", "/api/v1/auth/csrf-token").json()
        self.assertEqual((answer["success"], answer["error"], type(answer["data"]["csrf_token"])), (True, False, str))
        answer = self.nobody.call("POST", "/api/v1/auth/logout", {"csrf_token": self.nobody.token}, csrf=False)
        self.assertIn(answer.status, (400, 403))
        self.assertEqual((answer.json()["success"], answer.json()["error"]), (False, True))

    def test_pinned_requests_of_an_administrator(self):
        def good(method, path, body=None):
            answer = self.admin.call(method, path, body)
            self.assertEqual((answer.status, answer.json()["success"], answer.json()["error"]), (200, True, False), answer)
            return answer.json().get("data")
        self.assertIsInstance(good("GET", JOBS), list)
        self.assertEqual(good("GET", f"{JOBS}/{JOB}")["id"], JOB)
        good("PUT", f"{JOBS}/{JOB}", {"trigger_type": "cron", "cron_expression": "*/5 * * * *"})
        good("POST", f"{JOBS}/{JOB}/actions/pause", {})
        good("POST", f"{JOBS}/{JOB}/actions/resume", {})
        self.assertIn("manual_job_id", good("POST", f"{JOBS}/{JOB}/actions/run", {}))
        good("POST", f"{JOBS}/actions/reload", {})
        for item in good("GET", JOBS):
            self.assertEqual((item["task_id"], item["task_name"], item["editable_fields"]), (item["id"], item["name"], ["trigger"]))
        good("DELETE", f"{JOBS}/{JOB}")
        session = support.request(self.server, "POST", "/probe-sync/open", {"type": "manual_task"}).json()["session"]
        self.assertEqual(set(good("GET", "/api/v1/sync-sessions")), {"items", "total", "page", "pages"})
        good("GET", f"/api/v1/sync-sessions/{session}")
        good("GET", f"/api/v1/sync-sessions/{session}/error-logs")
        good("POST", f"/api/v1/sync-sessions/{session}/actions/cancel", {})


class OnSqlite(unified_family.OnSqlite, SchedulerOperations, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(unified_family.OnPostgres, SchedulerOperations, unittest.TestCase):
    def test_a_run_is_one_session_however_many_servers_look(self):
        modules = ["auth", "probe", "sync", "scheduler"]
        with MortiseServer({**support.QUICK, "db.url": self.server.options["db.url"]}, modules=modules) as other:
            watchers = (self.user, unified_family.Browser(other).log_in("user_1"))

            def seen(watcher):
                answer = watcher.call("GET", "/api/v1/sync-sessions?limit=100&sync_category=other")
                return {session["session_id"] for session in self.assertSuccess(answer, "获取同步会话列表成功")["items"]}

            self.assertEqual(self.act("auth.purge_signups", "run").status, 200)
            self.ended_run("auth.purge_signups")
            known = seen(watchers[0])
            for number in range(5):
                self.sql("INSERT INTO auth_signups (email, id, username, username_folded, password_hash, redirect_to, code_mac, code_expires_at, tries,"
                         f" claimed_until, created_at, expires_at) VALUES ('old{number}@x.org', 'old', 'old', 'old', '', '', '', 1, 0, 0, 1, 1)")
                before = self.runs("auth.purge_signups")["total"]
                self.assertEqual(self.act("auth.purge_signups", "run").status, 200)
                unified_family.at_once(8, lambda i: seen(watchers[i % 2]))
                self.ended_run("auth.purge_signups", before)
                for made in unified_family.at_once(8, lambda i: seen(watchers[i % 2]) - known):
                    self.assertEqual(len(made), number + 1)


class SwitchedOff(unified_family.OnSqlite, Calls, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync", "scheduler"], {"scheduler.enabled": "false"})

    def test_everything_is_409_before_the_job_is_looked_up(self):
        for job in (JOB, "nope"):
            for answer in (self.user.call("GET", JOBS), self.user.call("GET", f"{JOBS}/{job}"), self.user.call("GET", f"{JOBS}/{job}/runs"),
                           self.put(job, {"trigger_type": "nonsense"}), self.admin.call("DELETE", f"{JOBS}/{job}"), self.act(job, "pause"),
                           self.act(job, "resume"), self.act(job, "run"), self.admin.call("POST", f"{JOBS}/actions/reload"),
                           self.preview({"trigger_type": "nonsense"}), self.admin.call("POST", f"{BASE}/runs/x/actions/cancel")):
                self.assertRefused(answer, 409, "CONSTRAINT_VIOLATION", STOPPED)
        self.assertRefused(self.put(JOB, {}), 400, "VALIDATION_ERROR", NO_BODY)
        self.assertRefused(self.nobody.call("GET", JOBS), 401, "AUTHENTICATION_REQUIRED", "请先登录")
        self.assertRefused(self.act(JOB, "run", self.user), 403, "PERMISSION_REQUIRED", "需要 admin 权限")


class Survey(unified_family.OnSqlite, Calls, unittest.TestCase):
    """The example ticker works on a session of 1,000 targets; a person cancels it."""

    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync", "scheduler", "ticker"])

    def sessions(self, path, message):
        return self.assertSuccess(self.user.call("GET", "/api/v1/sync-sessions" + path), message)

    def test_a_survey_that_is_cancelled_halfway_stops_within_one_place(self):
        self.assertEqual(self.act("ticker.survey", "run").status, 200)
        session = support.wait_until(lambda: self.sessions("?status=running", "获取同步会话列表成功")["items"], 20, "the session")[0]["session_id"]
        detail = lambda: self.sessions(f"/{session}", "获取同步会话详情成功")["session"]
        support.wait_until(lambda: detail()["successful_instances"] + detail()["failed_instances"] >= 400, 60, "nearly half of it")
        self.assertSuccess(self.admin.call("POST", f"/api/v1/sync-sessions/{session}/actions/cancel"), "会话已取消", data=False)
        run = self.ended_run("ticker.survey")
        self.assertEqual(run["outcome"], "succeeded")
        after = detail()
        records = after["instance_records"]
        done = [record for record in records if record["status"] in ("completed", "failed")]
        self.assertEqual((after["status"], after["total_instances"], len(records)), ("cancelled", 1000, 1000))
        self.assertTrue(400 <= len(done) < 1000, len(done))
        self.assertEqual(after["successful_instances"] + after["failed_instances"], len(done))
        self.assertEqual(after["progress_percentage"], round(len(done) / 10, 2))
        later = [record for record in records if (record["started_at"] or "") > after["completed_at"]]
        self.assertEqual(later, [], "nothing was begun after the cancel")
        self.assertLessEqual(len([record for record in done if record["completed_at"] > after["completed_at"]]), 1)
        self.assertEqual({record["status"] for record in records[len(done):]}, {"pending"})
        errors = self.sessions(f"/{session}/error-logs", "获取错误日志成功")
        self.assertEqual(errors["error_count"], after["failed_instances"])
        listed = next(item for item in self.sessions("?status=cancelled", "获取同步会话列表成功")["items"] if item["session_id"] == session)
        self.assertEqual(listed, {key: value for key, value in after.items() if key not in ("instance_records", "progress_percentage")})
        self.assertEqual(detail(), after, "and it stays so")


if __name__ == "__main__":
    unittest.main()
