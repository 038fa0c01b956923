"""Sync sessions over HTTP and through sync.sessions/1, on SQLite and PostgreSQL: the contract's tables row by row, cancelling, and dead servers."""
import itertools
import os
import signal
import time
import unittest
import uuid

import support
import unified_family
from mortise_server import MortiseServer, Postgres
from unified_family import TIME, UUID4, Browser, Envelope

TIME_LIMIT = 300
PATH = "/api/v1/sync-sessions"
LISTED, READ, ERRORS, CANCELLED = "获取同步会话列表成功", "获取同步会话详情成功", "获取错误日志成功", "会话已取消"
UNKNOWN, NOT_RUNNING = "会话不存在", "取消会话失败,会话不存在或已结束"
OK, FAILED, INVALID, NOT_FOUND, CLOSED = 0, 1, 2, 3, 9  # mortise_status
SESSION_FIELDS = {"id", "session_id", "sync_type", "sync_category", "status", "started_at", "completed_at", "total_instances", "successful_instances",
                  "failed_instances", "created_by", "created_at", "updated_at"}
RECORD_FIELDS = {"id", "session_id", "instance_id", "instance_name", "sync_category", "status", "started_at", "completed_at", "items_synced",
                 "items_created", "items_updated", "items_deleted", "error_message", "sync_details", "created_at"}


class Sessions(Envelope):
    """What every test here needs: sessions made through the interface, and lists of them."""

    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync"])

    def module(self, call, **body):
        answer = support.request(self.server, "POST", f"/probe-sync/{call}", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def done(self, call, **body):
        answer = self.module(call, **body)
        self.assertEqual(answer["status"], OK, answer)
        return answer

    def open(self, type="manual_task", category="config", targets=0, **more):
        session = self.done("open", type=type, category=category, **more)["session"]
        records = []
        if targets:
            records = self.done("add", session=session, targets=[{"id": i + 1, "name": f"db-{i + 1}"} for i in range(targets)])["records"]
        return session, records

    def list(self, query="", caller=None):
        return self.assertSuccess((caller or self.user).call("GET", PATH + query), LISTED)

    def read(self, session):
        return self.assertSuccess(self.user.call("GET", f"{PATH}/{session}"), READ)["session"]

    def errors(self, session):
        return self.assertSuccess(self.user.call("GET", f"{PATH}/{session}/error-logs"), ERRORS)

    def cancel(self, session, caller=None):
        return (caller or self.admin).call("POST", f"{PATH}/{session}/actions/cancel")

    # ---- permissions --------------------------------------------------------------------------------------------------------

    def test_reading_needs_view_and_cancelling_admin(self):
        session, _ = self.open(targets=1)
        paths = (PATH, f"{PATH}/{session}", f"{PATH}/{session}/error-logs")
        for caller in (self.admin, self.user, self.guest, self.viewer):
            for path in paths:
                self.assertEqual(caller.call("GET", path).status, 200)
                self.assertEqual(caller.call("HEAD", path).status, 200)
        for path in paths:
            self.assertRefused(self.nobody.call("GET", path), 401, "AUTHENTICATION_REQUIRED", "请先登录")
        for caller in (self.user, self.guest, self.viewer):
            self.assertRefused(self.cancel(session, caller), 403, "PERMISSION_REQUIRED", "需要 admin 权限")
        self.assertRefused(self.cancel(session, self.nobody), 401, "AUTHENTICATION_REQUIRED", "请先登录")
        self.assertEqual(self.read(session)["status"], "running")
        self.assertSuccess(self.cancel(session), CANCELLED, data=False)

    def test_an_operator_may_take_view_away(self):
        with self.another(["sync"], {"identity.grant": "sync.view=admin"}) as other:
            support.account(other, "grace", unified_family.PASSWORD)
            self.assertRefused(Browser(other).log_in("grace").call("GET", PATH), 403, "PERMISSION_REQUIRED", "需要 view 权限")

    def test_cancelling_needs_the_token_of_its_own_session_before_anything_else(self):
        session, _ = self.open()
        for caller in (self.admin, self.nobody):
            self.assertRefused(caller.call("POST", f"{PATH}/{session}/actions/cancel", csrf=False), 403, "CSRF_MISSING", "缺少 CSRF 令牌")
            self.assertRefused(caller.call("POST", f"{PATH}/{session}/actions/cancel", {"csrf_token": caller.token}, csrf=False), 403, "CSRF_MISSING",
                               "缺少 CSRF 令牌")
            for wrong in ("garbled", self.user.token):
                self.assertRefused(caller.call("POST", f"{PATH}/{session}/actions/cancel", headers={"X-CSRFToken": wrong}), 403, "CSRF_INVALID",
                                   "CSRF 令牌无效,请刷新后重试")
        self.assertEqual(self.read(session)["status"], "running")
        self.assertSuccess(self.admin.call("POST", f"{PATH}/{session}/actions/cancel", {"csrf_token": "ignored"}), CANCELLED, data=False)

    def test_an_access_token_is_enough(self):
        token = support.account(self.server, "bearer_1", unified_family.PASSWORD)
        session, _ = self.open()
        path = f"{PATH}/{session}"
        self.assertEqual(support.request(self.server, "GET", path, token=token).status, 200)
        self.assertEqual(support.request(self.server, "POST", f"{path}/actions/cancel", token=token).status, 403)

    def test_other_paths_and_methods(self):
        self.assertRefused(self.user.call("GET", PATH + "/"), 404, "INVALID_REQUEST", "The requested URL was not found on the server.")
        answer = self.admin.call("POST", PATH, csrf=False)
        self.assertRefused(answer, 405, "INVALID_REQUEST", "The method is not allowed for the requested URL.")
        self.assertIn("GET", answer.headers["Allow"])
        answer = self.user.call("OPTIONS", PATH)
        self.assertEqual((answer.status, answer.body), (200, b""))

    # ---- shapes --------------------------------------------------------------------------------------------------------------

    def test_every_field_has_its_value(self):
        session, (one, two, three) = self.open("scheduled_task", "capacity", targets=3, created_by=42)
        self.done("start", record=one)
        self.done("progress", record=one, synced=5)
        self.done("complete", record=one, synced=9, created=1, updated=2, deleted=3, details='{"version":1,"rows":[1,null,"x"]}')
        self.done("fail", record=two, message="no route to host", details='{"version":1}')
        detail = self.read(session)
        records = detail.pop("instance_records")
        self.assertEqual(detail.pop("progress_percentage"), 66.67)
        self.assertEqual(set(detail), SESSION_FIELDS)
        self.assertRegex(detail["session_id"], UUID4)
        for field in ("started_at", "created_at", "updated_at"):
            self.assertRegex(detail[field], TIME)
        self.assertEqual({key: detail[key] for key in SESSION_FIELDS - {"id", "started_at", "created_at", "updated_at"}},
                         {"session_id": session, "sync_type": "scheduled_task", "sync_category": "capacity", "status": "running", "completed_at": None,
                          "total_instances": 3, "successful_instances": 1, "failed_instances": 1, "created_by": 42})
        self.assertIsInstance(detail["id"], int)
        self.assertEqual([record["id"] for record in records], [one, two, three])
        for record, instance in zip(records, itertools.count(1)):
            self.assertEqual(set(record), RECORD_FIELDS)
            self.assertRegex(record["created_at"], TIME)
            self.assertEqual((record["session_id"], record["instance_id"], record["instance_name"], record["sync_category"]),
                             (session, instance, f"db-{instance}", "capacity"))
        self.assertEqual([record["status"] for record in records], ["completed", "failed", "pending"])
        self.assertEqual([records[0][f"items_{kind}"] for kind in ("synced", "created", "updated", "deleted")], [9, 1, 2, 3])
        self.assertEqual(records[0]["sync_details"], {"version": 1, "rows": [1, None, "x"]})
        self.assertRegex(records[0]["started_at"], TIME)
        self.assertRegex(records[0]["completed_at"], TIME)
        self.assertEqual((records[1]["started_at"], records[1]["error_message"], records[1]["items_synced"]), (None, "no route to host", 0))
        self.assertEqual((records[2]["completed_at"], records[2]["error_message"], records[2]["sync_details"]), (None, None, None))
        errors = self.errors(session)
        self.assertEqual(set(errors), {"session", "error_records", "error_count"})
        self.assertEqual((errors["session"], errors["error_records"], errors["error_count"]), (detail, [records[1]], 1))
        listed = next(item for item in self.list()["items"] if item["session_id"] == session)
        self.assertEqual(listed, detail)

    def test_an_empty_session_has_no_progress_and_no_maker(self):
        session, _ = self.open()
        detail = self.read(session)
        self.assertEqual((detail["progress_percentage"], detail["instance_records"], detail["created_by"]), (0, [], None))
        self.assertEqual(self.errors(session)["error_records"], [])

    def test_unknown_sessions_are_404(self):
        known, _ = self.open()
        number = self.read(known)["id"]
        for session in (str(uuid.uuid4()), str(number), "x", known.upper(), known[:-1]):
            for path in (f"{PATH}/{session}", f"{PATH}/{session}/error-logs"):
                self.assertRefused(self.user.call("GET", path), 404, "RESOURCE_NOT_FOUND", UNKNOWN)
            self.assertRefused(self.cancel(session), 404, "RESOURCE_NOT_FOUND", NOT_RUNNING)

    def test_english_when_asked_for(self):
        answer = self.user.call("GET", f"{PATH}/x", headers={"Accept-Language": "en"})
        self.assertEqual(answer.json()["message"], "No such session")
        self.assertEqual(self.user.call("GET", PATH, headers={"Accept-Language": ""}).json()["message"], LISTED)

    # ---- lists ---------------------------------------------------------------------------------------------------------------

    def test_filters_are_exact_and_combined(self):
        wanted, _ = self.open("manual_batch", "aggregation")
        other, _ = self.open("manual_batch", "account")
        self.assertSuccess(self.cancel(other), CANCELLED, data=False)

        def found(query):
            return {item["session_id"] for item in self.list(query + "&limit=100")["items"]} & {wanted, other}

        self.assertEqual(found("?sync_type=manual_batch"), {wanted, other})
        self.assertEqual(found("?sync_type=%20manual_batch%20&sync_category=aggregation"), {wanted})
        self.assertEqual(found("?sync_type=manual_batch&status=cancelled"), {other})
        self.assertEqual(found("?sync_type=manual_batch&status=%20&sync_category="), {wanted, other})
        for query in ("?status=cancelle", "?status=CANCELLED", "?sync_type=weekly", "?sync_category=' OR 1=1 --", "?status=running&sync_type=x"):
            listed = self.list(query.replace(" ", "%20"))
            self.assertEqual((listed["items"], listed["total"], listed["pages"]), ([], 0, 0), query)

    def test_pages_are_clamped_and_never_refused(self):
        for _ in range(3):
            self.open("manual_single", "other")
        base = "?sync_type=manual_single&sync_category=other"
        total = self.list(base)["total"]
        self.assertGreaterEqual(total, 3)
        for query, page, items, pages in (("", 1, min(20, total), -(-total // 20)), ("&limit=2", 1, 2, -(-total // 2)), ("&limit=0", 1, 1, total),
                                          ("&limit=-3", 1, 1, total), ("&limit=101", 1, min(100, total), -(-total // 100)),
                                          ("&limit=ten", 1, min(20, total), -(-total // 20)), ("&limit=", 1, min(20, total), -(-total // 20)),
                                          ("&limit=1.5", 1, min(20, total), -(-total // 20)), ("&page=0", 1, min(20, total), -(-total // 20)),
                                          ("&page=-1", 1, min(20, total), -(-total // 20)), ("&page=two", 1, min(20, total), -(-total // 20)),
                                          ("&page=2&limit=1", 2, 1, total), (f"&page={total + 1}&limit=1", total + 1, 0, total),
                                          ("&page=9223372036854775807", 9223372036854775807, 0, -(-total // 20)),
                                          ("&page_size=1&per_page=1", 1, min(20, total), -(-total // 20))):
            listed = self.list(base + query)
            self.assertEqual((listed["page"], len(listed["items"]), listed["pages"], listed["total"]), (page, items, pages, total), query)
        self.assertEqual(self.list(base + "&page=2&limit=1")["items"], [self.list(base)["items"][1]])

    def test_repeated_and_unreadable_values_are_as_absent(self):
        for _ in range(3):
            self.open("manual_batch", "capacity")
        self.open("manual_task", "capacity")
        self.open("manual_task", "config")
        base = "?sync_type=manual_batch&sync_category=capacity"
        plain = self.list(base)
        for query in ("&status=running&status=failed", "&status=failed&status=failed", "&status=a&status=b&status=c", "&status=failed&status=",
                      "&status=%00", "&status=failed%00", "&status=%00failed", "&status=%FF", "&status=failed%C3", "&status=%ED%A0%80",
                      "&sort=status&sort=status", "&sort=status%00", "&order=asc&order=asc", "&order=asc%00", "&order=%FF",
                      "&page=2&page=3", "&page=2&page=2", "&page=2%00", "&page=%FE", "&limit=1&limit=2", "&limit=1&limit=1", "&limit=1%00", "&limit=%C0%80"):
            listed = self.list(base + query)
            for field in ("page", "pages", "total", "items"):
                self.assertEqual(listed[field], plain[field], query)
        everything = self.list()["total"]
        self.assertGreater(everything, plain["total"])
        for query in (base + "&sync_type=manual_batch", base + "&sync_type=none", "?sync_type=none%00", "?sync_type=none&sync_type=none"):
            self.assertEqual(self.list(query)["total"], self.list("?sync_category=capacity")["total"] if "capacity" in query else everything, query)

    def test_sorting_puts_what_has_not_ended_last_in_time(self):
        category = "aggregation"
        made = [self.open("manual_single", category)[0] for _ in range(4)]
        self.assertSuccess(self.cancel(made[2]), CANCELLED, data=False)
        self.done("finish", session=made[0])

        def order(query):
            items = self.list(f"?sync_type=manual_single&sync_category={category}&{query}")["items"]
            return [made.index(item["session_id"]) for item in items]

        newest_first = [3, 2, 1, 0]
        for query in ("", "order=desc", "order=DESC", "order=up", "order=", "sort=Status&order=desc", "sort=id", "sort=completed_AT", "sort=%20"):
            self.assertEqual(order(query), newest_first, query)
        for query in ("order=asc", "order=%20ASC%20", "sort=unknown&order=asc", "sort=%20started_at%20&order=Asc"):
            self.assertEqual(order(query), [0, 1, 2, 3], query)
        self.assertEqual(order("sort=completed_at"), [3, 1, 0, 2], "null first, ties by id descending")
        self.assertEqual(order("sort=completed_at&order=asc"), [2, 0, 3, 1])
        self.assertEqual(order("sort=status&order=asc"), [2, 0, 3, 1], "cancelled, completed, running")
        self.assertEqual(order("sort=status"), [3, 1, 0, 2])

    # ---- the state machine ---------------------------------------------------------------------------------------------------

    def test_a_session_ends_with_its_last_target(self):
        for outcomes, status in ((("complete", "complete"), "completed"), (("fail", "complete"), "failed"), (("fail", "fail"), "failed")):
            session, records = self.open(targets=2)
            for record, outcome in zip(records, outcomes):
                self.assertEqual(self.read(session)["status"], "running")
                self.done(outcome, record=record, message="boom")
            detail = self.read(session)
            self.assertEqual((detail["status"], detail["progress_percentage"]), (status, 100))
            self.assertRegex(detail["completed_at"], TIME)
            self.assertRefused(self.cancel(session), 404, "RESOURCE_NOT_FOUND", NOT_RUNNING)
            self.assertEqual(self.read(session), detail, "a refused cancel changes nothing")

    def test_a_cancelled_session_stays_cancelled_and_counts_on(self):
        session, records = self.open(targets=3)
        self.done("start", record=records[0])
        self.assertFalse(self.module("cancelled", session=session)["cancelled"])
        self.assertSuccess(self.cancel(session), CANCELLED, data=False)
        self.assertTrue(self.module("cancelled", session=session)["cancelled"], "at once on the server that cancelled")
        before = self.read(session)
        self.assertEqual((before["status"], [record["status"] for record in before["instance_records"]]), ("cancelled", ["running", "pending", "pending"]))
        self.assertEqual(self.errors(session)["error_count"], 0)
        self.assertEqual(self.module("start", record=records[1])["status"], CLOSED)
        self.assertEqual(self.module("add", session=session, targets=[{"id": 9, "name": "late"}])["status"], CLOSED)
        for record in records:
            self.done("complete", record=record)
        self.assertEqual(self.module("finish", session=session)["status"], CLOSED)
        after = self.read(session)
        self.assertEqual((after["status"], after["completed_at"], after["progress_percentage"]), ("cancelled", before["completed_at"], 100))
        self.assertRefused(self.cancel(session), 404, "RESOURCE_NOT_FOUND", NOT_RUNNING)
        self.assertEqual(self.module("cancel", session=session)["status"], CLOSED)

    def test_one_of_many_cancels_wins(self):
        session, _ = self.open(targets=1)
        callers = [Browser(self.server).log_in("admin_1") for _ in range(4)]
        statuses = unified_family.at_once(4, lambda i: self.cancel(session, callers[i]).status)
        self.assertEqual(sorted(statuses), [200, 404, 404, 404])

    def test_counters_hold_when_outcomes_come_at_once(self):
        session, records = self.open(targets=24)
        unified_family.at_once(8, lambda i: [self.done("fail" if record % 3 == 0 else "complete", record=record, message="x")
                                              for record in records[i::8]])
        detail = self.read(session)
        failed = sum(record % 3 == 0 for record in records)
        self.assertEqual((detail["status"], detail["successful_instances"], detail["failed_instances"]), ("failed", 24 - failed, failed))

    def test_a_second_outcome_replaces_the_first(self):
        session, (one, two) = self.open(targets=2)
        self.done("fail", record=one, message="boom")
        self.done("complete", record=one, synced=4)
        record = self.read(session)["instance_records"][0]
        self.assertEqual((record["status"], record["error_message"], record["items_synced"]), ("completed", None, 4))
        self.done("complete", record=two)
        self.assertEqual(self.read(session)["status"], "completed")
        self.done("fail", record=two, message="late")
        detail = self.read(session)
        self.assertEqual((detail["status"], detail["successful_instances"], detail["failed_instances"]), ("completed", 1, 1))

    def test_the_interface_is_strict(self):
        session, (one, two) = self.open(targets=2)
        self.done("complete", record=one)
        for call, body, status in (("open", {"type": "weekly"}, INVALID), ("open", {"type": "manual_task", "category": "misc"}, INVALID),
                                   ("add", {"session": session, "targets": []}, INVALID),
                                   ("add", {"session": session, "targets": [{"id": 0, "name": "x"}]}, INVALID),
                                   ("add", {"session": str(uuid.uuid4()), "targets": [{"id": 1, "name": "x"}]}, NOT_FOUND),
                                   ("start", {"record": 10**15}, NOT_FOUND), ("start", {"record": one}, INVALID),
                                   ("progress", {"record": two, "synced": 1}, INVALID), ("progress", {"record": 10**15}, NOT_FOUND),
                                   ("complete", {"record": 10**15}, NOT_FOUND), ("complete", {"record": two, "synced": -1}, INVALID),
                                   ("complete", {"record": two, "details": "{}"}, INVALID), ("complete", {"record": two, "details": '{"version":2}'}, INVALID),
                                   ("complete", {"record": two, "details": "[1]"}, INVALID), ("fail", {"record": two, "message": ""}, INVALID),
                                   ("fail", {"record": 10**15, "message": "x"}, NOT_FOUND), ("log_error", {"session": "x", "message": "x"}, NOT_FOUND),
                                   ("finish", {"session": "x"}, NOT_FOUND), ("cancel", {"session": "x"}, NOT_FOUND), ("read", {"session": "x"}, NOT_FOUND)):
            answer = self.module(call, **body)
            self.assertEqual(answer["status"], status, (call, body, answer))
            self.assertTrue(answer["text"], (call, body, answer))
        self.assertTrue(self.module("cancelled", session=str(uuid.uuid4()))["cancelled"], "gone is stop, too")
        self.assertEqual(self.done("open", type="manual_task", category="")["status"], OK)
        self.assertEqual({key: self.done("read", session=session)[key] for key in ("state", "total", "successful", "failed")},
                         {"state": "running", "total": 2, "successful": 1, "failed": 0})

    def test_finishing_tells_the_truth(self):
        sound, _ = self.open()
        self.done("finish", session=sound)
        self.assertEqual(self.read(sound)["status"], "completed")
        loose, records = self.open(targets=2)
        self.done("complete", record=records[0])
        self.done("finish", session=loose)
        errors = self.errors(loose)
        self.assertEqual((errors["session"]["status"], [record["error_message"] for record in errors["error_records"]]),
                         ("failed", ["1 targets were left without an outcome"]))
        reasoned, _ = self.open()
        self.done("log_error", session=reasoned, message="slow\x01 名", details='{"version":1}')
        self.done("finish", session=reasoned, message="no list")
        errors = self.errors(reasoned)
        self.assertEqual([(record["instance_id"], record["instance_name"], record["error_message"]) for record in errors["error_records"]],
                         [(0, None, "slow\x01 名"), (0, None, "no list")])
        self.assertEqual((errors["session"]["failed_instances"], errors["session"]["total_instances"]), (2, 2))

    def test_a_thousand_targets_are_cheap(self):
        began = time.monotonic()
        session, records = self.open(targets=1000)
        self.assertEqual(records, sorted(records))
        self.assertEqual(len(self.read(session)["instance_records"]), 1000)
        print(f"1000 targets added and read back in {time.monotonic() - began:.2f} s")

    # ---- servers that end ----------------------------------------------------------------------------------------------------

    def another(self, modules, options=None):
        """A second server: its own data, or on PostgreSQL the same database."""
        return MortiseServer({**support.QUICK, **self.second_database(), **(options or {})}, modules=["auth", "probe", *modules])

    def test_a_killed_servers_sessions_fail_with_the_reason_at_the_next_start(self):
        working, records = self.open(targets=3)
        self.done("complete", record=records[0])
        self.done("start", record=records[1])
        idle, _ = self.open(targets=1)
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.process.wait()
        unified_family.restart(self)
        reason = "the server that worked on it ended"
        detail = self.read(working)
        self.assertEqual((detail["status"], [record["status"] for record in detail["instance_records"]]), ("failed", ["completed", "failed", "pending"]))
        self.assertRegex(detail["completed_at"], TIME)
        self.assertEqual([(record["id"], record["error_message"]) for record in self.errors(working)["error_records"]], [(records[1], reason)])
        self.assertEqual([(record["instance_id"], record["error_message"]) for record in self.errors(idle)["error_records"]], [(0, reason)])
        self.assertEqual(self.module("start", record=records[2])["status"], CLOSED)

    def test_a_stopped_servers_sessions_fail_with_the_reason(self):
        session, records = self.open(targets=2)
        self.done("start", record=records[0])
        self.server.stop()
        unified_family.restart(self)
        errors = self.errors(session)
        self.assertEqual((errors["session"]["status"], [record["error_message"] for record in errors["error_records"]]), ("failed", ["the server was stopped"]))

    def test_numbers_shown_at_metrics(self):
        self.open()
        metrics = support.request(self.server, "GET", "/metrics").body.decode()
        self.assertRegex(metrics, r"(?m)^mortise_sync_sessions_opened_total [1-9]")


class OnSqlite(unified_family.OnSqlite, Sessions, unittest.TestCase):
    def second_database(self):
        return {}


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(unified_family.OnPostgres, Sessions, unittest.TestCase):
    def second_database(self):
        return {"db.url": self.server.options["db.url"]}

    def test_a_cancel_on_one_server_stops_the_work_on_another(self):
        session, records = self.open(targets=2)
        self.assertFalse(self.module("cancelled", session=session)["cancelled"])
        with self.another(["sync"]) as other:
            admin = Browser(other).log_in("admin_1")
            self.assertSuccess(admin.call("POST", f"{PATH}/{session}/actions/cancel"), CANCELLED, data=False)
            self.assertEqual(self.module("start", record=records[0])["status"], CLOSED, "at once")
            support.wait_until(lambda: self.module("cancelled", session=session)["cancelled"], 5, "the flag to be looked up again")

    def test_a_server_that_lives_keeps_its_sessions_when_another_starts_and_dies(self):
        mine, _ = self.open(targets=1)
        other = self.another(["sync"]).start()
        self.addCleanup(other.stop)
        theirs = support.request(other, "POST", "/probe-sync/open", {"type": "manual_task", "category": "other"}).json()["session"]
        os.kill(other.pid, signal.SIGKILL)
        other.process.wait()
        with MortiseServer(other.options):
            self.assertEqual(self.read(mine)["status"], "running")
            self.assertEqual(self.read(theirs)["status"], "failed")


if __name__ == "__main__":
    unittest.main()
