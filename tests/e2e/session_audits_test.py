"""Audits of sessions by a judging model, and narratives, against a stand-in of the model's server, on SQLite and PostgreSQL."""
import concurrent.futures
import json
import pathlib
import signal
import sys
import time
import unittest

import support
from captured_sessions import SessionFamily, archive, manifest, text
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres
from organisations import MICROS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402

TIME_LIMIT = 420
KEY = "sk-very-secret-1"
UNKNOWN = "ses_00000000deadbeef"


def tool(number, command, output, **result):
    """A call of a tool and its result."""
    return [{"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": f"t{number}", "name": "Bash", "input": {"command": command}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"t{number}", "content": output, **result}]}]


def session(claims=1, extra=0):
    """Messages with as many claims, each right behind a tool; `extra` messages of small talk."""
    messages = [text("user", "Please make the tests pass")]
    for number in range(claims):
        messages += tool(number, f"make test-{number}", f"{number} passed", exit_code=0)
        messages.append(text("assistant", f"All tests of part {number} pass now."))
    return messages + [text("user", f"Thanks {number}") for number in range(extra)]


def verdicts(question, verdict="verified", **more):
    """What a judge says of every claim of a question, in the form that is asked for."""
    claims = json.loads(question.text)["claims"]
    return "```json\n" + json.dumps([{"claim_index": one["claim_index"], "verdict": verdict, "confidence": 90, "category": "test_result", "evidence": "the output",
                                      "explanation": "It says so.", "evidence_snippets": [{"source": "Bash", "message_index": one["message_index"] - 1, "text": "passed"}], **more}
                                     for one in claims]) + "\n```"


class Audits:
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.OPTIONS = {"http_client.allow_private": "true", "sync.allow_private_model_hosts": "true", "sync.anthropic_url": cls.models.url + "/v1",
                       "sync.openai_url": cls.models.url + "/v1", "sync.openrouter_url": cls.models.url + "/v1", "sync.google_url": cls.models.url + "/v1beta"}
        super().setUpClass()

    def setUp(self):
        self.models.answer = verdicts
        for list_ in (self.models.faults, self.models.questions, self.models.requests):
            list_.clear()
        self.models.key = None

    def pushed(self, caller, messages, **more):
        return self.push(caller, content=archive(messages, manifest(**more)))

    def audit(self, caller, session_id, **body):
        return caller.post(f"/sessions/{session_id}/audit", {"llm_api_key": KEY, **body})

    def audited(self, caller, messages, **body):
        session_id = self.pushed(caller, messages)
        answer = self.audit(caller, session_id, **body)
        self.assertEqual(answer.status, 200, answer)
        return session_id, answer.json()

    # --- audits

    def test_a_session_is_audited(self):
        ada = self.account()
        session_id, report = self.audited(ada, session(2))
        self.assertRegex(report["timestamp"], MICROS)
        self.assertGreaterEqual(report["execution_time_ms"], 0)
        finding = {"message_index": 3, "claim": "All tests of part 0 pass now.", "verdict": "verified", "severity": "critical", "evidence": "the output",
                   "explanation": "It says so.", "category": "test_result", "confidence": 90, "cwe_id": "CWE-393",
                   "evidence_snippets": [{"source": "Bash", "message_index": 2, "text": "passed"}], "dismissed": False, "dismissed_by": None, "dismissed_reason": None}
        self.assertEqual(report, {"session_id": session_id, "model": "claude-sonnet-4", "timestamp": report["timestamp"], "provider": "anthropic", "base_url": None,
                                  "execution_time_ms": report["execution_time_ms"], "findings": [finding, {**finding, "message_index": 6, "claim": "All tests of part 1 pass now.",
                                                                                                         "evidence_snippets": [{**finding["evidence_snippets"][0], "message_index": 5}]}],
                                  "summary": {"total_claims": 2, "verified": 2, "unverified": 0, "hallucinations": 0, "trust_score": 1.0, "major_findings": 0,
                                              "moderate_findings": 0, "minor_findings": 0, "critical_count": 0, "high_count": 0, "low_count": 0}, "warnings": []})
        asked, = self.models.questions
        self.assertEqual((asked.wire, asked.body["temperature"], asked.body["max_tokens"], asked.headers["x-api-key"]), ("anthropic", 0, 4096, KEY))
        self.assertEqual(json.loads(asked.text)["evidence"][1], {"message_index": 5, "tool": "Bash", "target": "make test-1", "exit_code": 0, "output": "1 passed"})
        self.assertOk(ada.get(f"/sessions/{session_id}/audit"), report)
        self.assertOk(ada.get(f"/sessions/{session_id}/audit/status/"), {"status": "completed", "session_id": session_id})
        self.assertNotIn(KEY, self.server.output())
        self.assertNotIn(KEY, json.dumps(self.sql("SELECT * FROM sync_audit_reports")))

    def test_each_wire_is_spoken(self):
        ada = self.account()
        for model, provider, wire in (("claude-x", "anthropic", "anthropic"), ("gpt-4o", "openai", "openai"), ("o3-mini", "openai", "openai"),
                                      ("gemini-pro", "google", "google"), ("meta/llama", "openrouter", "openai")):
            _, report = self.audited(ada, session(), model=model)
            self.assertEqual((report["model"], report["provider"], self.models.questions[-1].wire), (model, provider, wire))
        self.assertNotIn("temperature", [one for one in self.models.questions if one.body.get("model") == "o3-mini"][0].body)
        _, report = self.audited(ada, session(), model="claude-x", base_url=self.models.url + "/v1/chat/completions")
        self.assertEqual((report["base_url"], self.models.questions[-1].wire), (self.models.url + "/v1/chat/completions", "openai"))

    def test_the_saved_judge_is_used_and_its_key_goes_nowhere_else(self):
        ada = self.account()
        session_id = self.pushed(ada, session())
        self.assertPlain(ada.post(f"/sessions/{session_id}/audit", {}), 400, "A judging model is needed: send llm_api_key or base_url, or save them in settings/judge")
        self.assertEqual(ada.put("/settings/judge", {"provider": "openai", "model": "gpt-4o", "api_key": "sk-saved"}).status, 200)
        self.assertEqual(ada.post(f"/sessions/{session_id}/audit", {}).json()["model"], "gpt-4o")
        self.assertEqual(self.models.questions[-1].headers["authorization"], "Bearer sk-saved")
        self.assertEqual(self.audit(ada, session_id, model="claude-x").json()["provider"], "anthropic")
        self.assertEqual(self.models.questions[-1].headers["x-api-key"], KEY)
        with ModelsStandIn() as other:
            other.answer = verdicts
            self.assertEqual(ada.post(f"/sessions/{session_id}/audit", {"base_url": other.url + "/v1"}).status, 200)
            self.assertNotIn("authorization", other.questions[0].headers)

    def test_bodies_that_break_a_rule(self):
        ada = self.account()
        session_id = self.pushed(ada, session())
        for body, field in (({"model": 7}, "model"), ({"llm_api_key": []}, "llm_api_key"), ({"base_url": "x" * 501}, "base_url"), ({"provider": "x" * 51}, "provider")):
            self.assertInvalid(self.audit(ada, session_id, **body), ("body", field))
        answer = self.audit(ada, session_id, provider="acme")
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (422, "unknown_provider"), answer)
        self.assertPlain(self.audit(ada, session_id, base_url="ftp://a"), 400, "base_url must be a public https address")
        self.assertEqual(ada.post(f"/sessions/{session_id}/audit", {"llm_api_key": None, "model": None, "base_url": None, "provider": None}).status, 400)

    def test_whose_session_it_is(self):
        ada, bob = self.account(), self.account()
        session_id, _ = self.audited(ada, session())
        for method, path, body in (("POST", "audit", {"llm_api_key": KEY}), ("GET", "audit", None), ("GET", "audits", None), ("GET", "audit/status", None),
                                   ("POST", "audit/dismiss", {"finding_index": 0})):
            for caller, one in ((bob, session_id), (ada, UNKNOWN)):
                self.assertNoSession(caller.call(method, f"/sessions/{one}/{path}", body))
            self.assertPlain(ada.call(method, f"/sessions/not-an-id/{path}", body), 400)
            self.assertEqual(support.request(self.server, method, f"/api/v1/sessions/{session_id}/{path}", body).status, 401)
        self.assertEqual(len(self.models.questions), 1)

    def test_a_deleted_session_is_audited_too(self):
        ada = self.account()
        session_id = self.pushed(ada, session())
        self.assertEqual(ada.delete(f"/sessions/{session_id}?scope=cloud").status, 200)
        self.assertEqual(self.audit(ada, session_id).status, 200)
        self.assertEqual(ada.get(f"/sessions/{session_id}/audit").status, 200)

    def test_audits_are_a_feature(self):
        answer = self.audit(self.account("free"), UNKNOWN)
        self.assertEqual((answer.status, answer.json()["error"]["details"]["error"], answer.json()["error"]["details"]["feature"]), (403, "upgrade_required", "judge_manual"), answer)

    def test_sessions_with_nothing_to_audit(self):
        ada = self.account()
        self.assertPlain(self.audit(ada, self.pushed(ada, [])), 400, "The session has no messages")
        self.assertPlain(self.audit(ada, self.push(ada, content=archive(None, manifest()))), 400, "The session has no messages")
        answer = self.audit(ada, self.pushed(ada, tool(1, "ls", "a b")))
        self.assertEqual((answer.status, answer.json()), (422, {"error": "no_claims_extracted", "message": "The session makes no claims that could be checked",
                                                                "session_stats": {"tool_calls": 1, "messages": 2}}))
        session_id = self.pushed(ada, [text("user", "Hello"), text("assistant", "Hi there.")])
        report = self.audit(ada, session_id).json()
        self.assertEqual((report["findings"], report["summary"]["trust_score"], report["warnings"]),
                         ([], 0.0, ["The session has no tool calls: there is nothing to check its claims against."]))
        report = self.audit(ada, self.pushed(ada, [text("assistant", "I created the file src/a.cpp for you.")])).json()
        self.assertEqual((report["summary"]["total_claims"], len(report["warnings"])), (1, 1))
        self.assertEqual(len(self.models.questions), 1)

    def test_verdicts_are_checked(self):
        ada = self.account()
        self.models.answer = lambda question: verdicts(question, "hallucination")
        self.assertEqual(self.audited(ada, session())[1]["summary"]["critical_count"], 1)
        self.models.answer = lambda question: verdicts(question, "hallucination", evidence="", evidence_snippets=[])
        summary = self.audited(ada, session())[1]["summary"]
        self.assertEqual((summary["hallucinations"], summary["unverified"]), (0, 1), "absence of evidence proves nothing")
        self.models.answer = lambda question: verdicts(question, "perhaps", category="weather", confidence=700)
        finding, = self.audited(ada, session())[1]["findings"]
        self.assertEqual((finding["verdict"], finding["category"], finding["severity"], finding["cwe_id"], finding["confidence"]), ("unverified", "other", "low", None, 100))
        self.models.answer = lambda question: json.dumps([{"claim_index": 1, "verdict": "verified"}])
        report = self.audited(ada, session(3))[1]
        self.assertEqual([one["verdict"] for one in report["findings"]], ["unverified", "verified", "unverified"])
        self.assertEqual(report["summary"]["trust_score"], 0.333)

    def test_a_model_that_gives_no_answer(self):
        ada = self.account()
        session_id = self.pushed(ada, session())
        flat = {"error": "llm_request_failed", "code": "llm_request_failed", "message": "The judging model gave no answer"}
        for fault, detail in ((Fault("html"), "unreadable"), (Fault("nonsense"), "unreadable"), (Fault("not_the_shape"), "unreadable"), (Fault("status", 500), "unavailable"),
                              (Fault("status", 401), "denied"), (Fault("status", 404), "rejected"), (Fault("redirect", self.models.url), "rejected"), (Fault("cut"), "unavailable")):
            self.models.faults = [fault]
            answer = self.audit(ada, session_id)
            self.assertEqual((answer.status, answer.json(), answer.headers["Content-Type"]), (502, {**flat, "detail": detail}, "application/json"), (fault.kind, answer))
        for said in ("I can't judge that.", "[]", "{}", ""):
            self.models.answer = lambda question, said=said: said or " "
            self.assertEqual(self.audit(ada, session_id).json(), {**flat, "detail": "unreadable"})
        self.models.key = "another"
        answer = self.audit(ada, session_id)
        self.assertEqual(answer.json(), {**flat, "detail": "denied"})
        self.assertNotIn(KEY, answer.body.decode() + self.server.output(), "the server of the model repeats the key")
        answer = self.audit(ada, session_id, base_url="http://127.0.0.1:1")
        self.assertEqual(answer.json(), {**flat, "detail": "unavailable"})
        self.assertEqual(ada.get(f"/sessions/{session_id}/audit").status, 404, "nothing half-written")
        self.assertOk(ada.get(f"/sessions/{session_id}/audits"), [])

    def test_a_busy_model_is_asked_again(self):
        ada = self.account()
        self.models.faults = [Fault("status", 529, retry_after=0), Fault("status", 429, retry_after=0)]
        self.assertEqual(self.audited(ada, session())[1]["summary"]["verified"], 1)
        self.models.faults = [Fault("status", 429, retry_after=3600)]
        self.assertEqual(self.audit(ada, self.pushed(ada, session())).json()["detail"], "busy")

    def test_a_part_that_fails_is_passed_over(self):
        ada = self.account()
        self.models.faults = [Fault("html")]
        _, report = self.audited(ada, session(30))
        self.assertEqual(len(self.models.questions), 2)
        self.assertLess(report["summary"]["total_claims"], 30)
        self.assertEqual(report["warnings"], ["The judging model did not answer about every part of the session."])

    def test_windows_overlap_and_no_claim_is_told_twice(self):
        ada = self.account()
        _, report = self.audited(ada, session(30))
        self.assertEqual(len(self.models.questions), 3)
        self.assertEqual([one["claim"] for one in report["findings"]], [f"All tests of part {number} pass now." for number in range(30)])

    def test_broken_lines_are_passed_over(self):
        ada = self.account()
        messages = ["{", "[]", "null", "\"x\"", "[" * 5000, '{"role":"assistant","content":7}', json.dumps({"role": "assistant", "is_sidechain": True, "content": "All tests pass here."}),
                    *session(), '{"role":"assistant","content":[{"type":"text","text":"\\ud800 I created a.cpp in it."}]}']
        _, report = self.audited(ada, messages)
        self.assertIn("All tests of part 0 pass now.", [one["claim"] for one in report["findings"]])
        self.assertEqual(report["findings"][0]["message_index"], 10, "the number of the line")

    # --- long sessions

    def wait_for_end(self, caller, session_id):
        support.wait_until(lambda: caller.get(f"/sessions/{session_id}/audit/status").json()["status"] != "running", 120, "the audit to end")

    def test_a_long_session_is_audited_in_the_background(self):
        ada = self.account()
        session_id = self.pushed(ada, session(20, extra=500))
        self.assertOk(ada.get(f"/sessions/{session_id}/audit/status"), {"status": "not_started", "session_id": session_id})
        self.models.faults = [Fault("slow", 2)]
        answer = self.audit(ada, session_id, model="gpt-4o")
        self.assertOk(answer, {"status": "accepted", "session_id": session_id, "message": "The audit goes on in the background"}, 202)
        self.assertOk(ada.get(f"/sessions/{session_id}/audit/status"), {"status": "running", "session_id": session_id})
        self.assertOk(self.audit(ada, session_id), {"status": "accepted", "session_id": session_id, "message": "The audit goes on in the background"}, 202)
        self.wait_for_end(ada, session_id)
        report = ada.get(f"/sessions/{session_id}/audit").json()
        self.assertEqual((report["model"], report["summary"]["total_claims"]), ("gpt-4o", 20))
        self.assertEqual(len(ada.get(f"/sessions/{session_id}/audits").json()), 1, "the second call joined the first")
        self.assertEqual(self.sql("SELECT COUNT(*) FROM sync_audit_runs"), [["0"]], "the sealed key is gone")
        self.assertEqual({one.headers["authorization"] for one in self.models.questions}, {f"Bearer {KEY}"})
        self.assertNotIn(KEY, self.server.output())

    def test_a_background_audit_outlives_its_server(self):
        ada = self.account()
        session_id = self.pushed(ada, session(20, extra=500))
        self.models.faults = [Fault("hang")] * 3
        self.assertEqual(self.audit(ada, session_id).status, 202)
        support.wait_until(lambda: len(self.models.faults) < 3, 90, "the model to be asked")
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.server.process = None
        self.assertNotIn(KEY, json.dumps(self.sql("SELECT * FROM sync_audit_runs")), "it is sealed")
        self.sql("UPDATE sync_audit_runs SET lease_until = 0")  # five minutes later
        self.models.faults.clear()
        type(self).server = ada.server = MortiseServer(self.server.options).start()
        self.addClassCleanup(self.server.stop)
        status = ada.get(f"/sessions/{session_id}/audit/status").json()
        # It may have ended already, when a minute of the clock began before the server listened.
        self.assertIn((status["session_id"], status["status"]), ((session_id, "running"), (session_id, "completed")))
        self.wait_for_end(ada, session_id)
        self.assertEqual(ada.get(f"/sessions/{session_id}/audit").json()["summary"]["total_claims"], 20)

    # --- what begins by itself

    def on_sync(self, audit=None, summarize=None, **account):
        caller = self.account(**account)
        self.assertEqual(caller.put("/settings/judge", {"provider": "openai", "model": "gpt-4o", "api_key": KEY}).status, 200)
        for name, trigger in (("audit", audit), ("summarize", summarize)):
            if trigger:
                self.assertOk(caller.put(f"/settings/{name}-trigger", {"trigger": trigger}), {"trigger": trigger})
        return caller

    def waiting(self, session_id):
        """The follow-ups of a session that are not done."""
        return sorted(kind for kind, in self.sql(f"SELECT kind FROM sync_follow_ups WHERE session_id = '{session_id}' AND state = 'pending'"))

    def follow(self, session_id):
        """A minute later: until nothing of the session waits."""
        def all_done():
            self.sql("UPDATE sync_follow_ups SET due_at = 0 WHERE state = 'pending' AND attempts = 0")
            answer = support.request(self.server, "POST", "/api/v1/scheduler/jobs/sync.run_follow_ups/actions/run", token=self.account(role="super_admin").token)
            self.assertIn(answer.status, (200, 409), answer)
            return not self.waiting(session_id) and self.sql(f"SELECT COUNT(*) FROM sync_audit_runs WHERE session_id = '{session_id}'") == [["0"]]
        support.wait_until(all_done, 90, "what follows the push")

    def history(self, caller, session_id):
        return caller.get(f"/sessions/{session_id}/audits").json()

    def test_a_push_is_audited_and_summarised_once_for_each_archive(self):
        ada = self.on_sync("on_sync", "on_sync")
        content = archive(session(2), manifest())
        session_id = self.push(ada, None, content)
        self.assertIn("audit", self.waiting(session_id), "the client may do it itself within a minute")
        self.follow(session_id)
        report, = self.history(ada, session_id)
        self.assertEqual((report["judge_model"], report["total_claims"], len(self.models.questions)), ("gpt-4o", 2, 1))
        etag = ada.get(f"/sessions/{session_id}").json()["etag"]
        self.assertEqual(self.sql(f"SELECT etag FROM sync_session_summaries WHERE session_id = '{session_id}'"), [[etag]])
        # The same bytes again: nothing.
        self.push(ada, session_id, content, status=200)
        self.assertEqual(self.waiting(session_id), [])
        # Others: once more.
        self.push(ada, session_id, archive(session(3), manifest()), status=200)
        self.assertIn("audit", self.waiting(session_id))
        self.follow(session_id)
        self.assertEqual([one["total_claims"] for one in self.history(ada, session_id)], [3, 2])
        self.assertEqual(len(self.models.questions), 2)
        self.assertNotIn(KEY, self.server.output())
        self.assertNotIn(KEY, json.dumps(self.sql("SELECT * FROM sync_follow_ups")))

    def test_what_the_client_has_audited_is_not_audited_again(self):
        ada = self.on_sync("on_sync")
        session_id = self.pushed(ada, session())
        self.assertEqual(self.waiting(session_id), ["audit"])
        self.assertEqual(ada.post(f"/sessions/{session_id}/audit", {}).status, 200)
        self.follow(session_id)
        self.assertEqual((len(self.history(ada, session_id)), len(self.models.questions)), (1, 1))

    def test_what_does_not_begin_by_itself(self):
        for name, prepare, change in (("no trigger", lambda: self.on_sync("manual"), None), ("another trigger", lambda: self.on_sync("on_pr"), None),
                                      ("no judge", lambda: self.on_sync("on_sync"), lambda ada, one: ada.delete("/settings/judge")),
                                      ("no feature", lambda: self.on_sync("on_sync", tier="starter"), None),
                                      ("a change of mind", lambda: self.on_sync("on_sync"), lambda ada, one: ada.put("/settings/audit-trigger", {"trigger": "manual"})),
                                      ("a deletion", lambda: self.on_sync("on_sync"), lambda ada, one: ada.delete(f"/sessions/{one}?scope=cloud")),
                                      ("nothing to audit", lambda: self.on_sync("on_sync"), lambda ada, one: self.push(ada, one, archive([], manifest()), status=200))):
            with self.subTest(name):
                ada = prepare()
                session_id = self.pushed(ada, session())
                if change:
                    change(ada, session_id)
                self.follow(session_id)
                self.assertEqual((self.history(ada, session_id), self.models.questions), ([], []))

    def test_what_begins_by_itself_outlives_its_server(self):
        ada = self.on_sync("on_sync", "on_sync")
        session_id = self.pushed(ada, session())
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.server.process = None
        self.assertIn("audit", self.waiting(session_id))
        type(self).server = ada.server = MortiseServer(self.server.options).start()
        self.addClassCleanup(self.server.stop)
        self.follow(session_id)
        self.assertEqual(len(self.history(ada, session_id)), 1)
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM sync_session_summaries WHERE session_id = '{session_id}'"), [["1"]])

    def test_what_ends_the_server_is_not_tried_for_ever(self):
        ada = self.on_sync("on_sync")
        session_id = self.pushed(ada, session())
        # As five servers left it that died of it.
        self.sql(f"UPDATE sync_follow_ups SET attempts = 5, due_at = 0 WHERE session_id = '{session_id}'")
        self.follow(session_id)
        self.assertEqual((self.history(ada, session_id), self.models.questions), ([], []))
        support.wait_until(lambda: "what follows a push is given up" in self.server.output(), 20, "the log to say so")
        # The same of a long audit, which another job makes.
        bob = self.account()
        session_id = self.pushed(bob, session())
        self.sql("INSERT INTO sync_audit_runs (session_id, user_id, provider, model, lease_until, attempts, requested_at) "
                 f"SELECT id, user_id, 'openai', 'gpt-4o', 0, 3, 0 FROM sync_captured_sessions WHERE id = '{session_id}'")
        answer = support.request(self.server, "POST", "/api/v1/scheduler/jobs/sync.run_audits/actions/run", token=self.account(role="super_admin").token)
        self.assertIn(answer.status, (200, 409), answer)
        self.wait_for_end(bob, session_id)
        self.assertEqual((self.history(bob, session_id), self.models.questions), ([], []))
        support.wait_until(lambda: "a background audit ended without a report" in self.server.output(), 20, "the log to say so")

    def test_a_model_that_fails_is_not_asked_for_ever(self):
        ada = self.on_sync("on_sync")
        session_id = self.pushed(ada, session())
        self.models.faults = [Fault("status", 401)]
        def ended():
            self.sql("UPDATE sync_audit_runs SET lease_until = 0")
            self.sql("UPDATE sync_follow_ups SET due_at = 0 WHERE state = 'pending' AND attempts = 0")
            token = self.account(role="super_admin").token
            for job in ("run_follow_ups", "run_audits"):
                support.request(self.server, "POST", f"/api/v1/scheduler/jobs/sync.{job}/actions/run", token=token)
            return not self.waiting(session_id) and self.sql("SELECT COUNT(*) FROM sync_audit_runs") == [["0"]]
        support.wait_until(ended, 90, "the audit to end")
        self.assertEqual(len(self.history(ada, session_id)), 1, "the second try found an answer")

    # --- reports, history and dismissals

    def test_the_history_of_a_session(self):
        ada, bob = self.account(), self.account()
        session_id = self.pushed(ada, session(3))
        self.assertPlain(ada.get(f"/sessions/{session_id}/audit"), 404, "No such audit")
        self.assertOk(ada.get(f"/sessions/{session_id}/audits/"), [])
        self.assertEqual(self.audit(ada, session_id, model="gpt-4o").status, 200)
        self.models.answer = lambda question: json.dumps([{"claim_index": 0, "verdict": "verified"}, {"claim_index": 1, "verdict": "hallucination", "evidence": "no", "category": "dependency"}])
        self.assertEqual(self.audit(ada, session_id).status, 200)
        newest, oldest = ada.get(f"/sessions/{session_id}/audits").json()
        self.assertRegex(newest["id"], r"^aud_[0-9a-f]{16}$")
        self.assertEqual(newest, {"id": newest["id"], "session_id": session_id, "judge_model": "claude-sonnet-4", "judge_provider": "anthropic", "trust_score": 33, "total_claims": 3,
                                  "contradiction_count": 1, "execution_time_ms": newest["execution_time_ms"], "created_at": newest["created_at"]})
        self.assertEqual((oldest["judge_model"], oldest["trust_score"]), ("gpt-4o", 100))
        one = ada.get(f"/sessions/audits/{newest['id']}").json()
        self.assertEqual(len(one.pop("findings")), 3)
        self.assertEqual(one, {"id": newest["id"], "session_id": session_id, "judge_model": "claude-sonnet-4", "judge_provider": "anthropic", "judge_base_url": None,
                               "trust_score": 0.333, "total_claims": 3, "verified_count": 1, "unverified_count": 1, "hallucination_count": 1, "critical_count": 1, "high_count": 0,
                               "low_count": 0, "warnings": [], "execution_time_ms": one["execution_time_ms"], "created_at": newest["created_at"]})
        for caller, audit_id in ((bob, newest["id"]), (ada, "aud_0000000000000000")):
            self.assertPlain(caller.get(f"/sessions/audits/{audit_id}"), 404, "No such audit")

    def test_findings_are_dismissed(self):
        ada = self.account()
        session_id, report = self.audited(ada, session(2))
        path = f"/sessions/{session_id}/audit/dismiss"
        self.assertOk(ada.post(path, {"finding_index": 1, "reason": "the part is generated"}), {"status": "ok", "finding_index": 1, "dismissed": True})
        first, second = ada.get(f"/sessions/{session_id}/audit").json()["findings"]
        self.assertEqual((first["dismissed"], second["dismissed"], second["dismissed_by"], second["dismissed_reason"]), (False, True, ada.id, "the part is generated"))
        self.assertOk(ada.post(path, {"finding_index": 1, "dismissed": False}), {"status": "ok", "finding_index": 1, "dismissed": False})
        self.assertEqual(ada.get(f"/sessions/{session_id}/audit").json()["findings"], report["findings"])
        for index in (-1, 2, 10 ** 12):
            self.assertPlain(ada.post(path, {"finding_index": index}), 400, "The report has no finding of that number")
        self.assertInvalid(ada.post(path, {}), ("body", "finding_index"))
        self.assertPlain(ada.post(f"/sessions/{self.pushed(ada, session())}/audit/dismiss", {"finding_index": 0}), 404, "No such audit")

    def test_a_removed_session_takes_its_reports_along(self):
        ada = self.account()
        session_id, _ = self.audited(ada, session())
        self.assertEqual(ada.delete(f"/sessions/{session_id}?scope=everywhere").status, 200)
        self.sql(f"UPDATE sync_captured_sessions SET purge_after = 1 WHERE id = '{session_id}'")
        self.run_job("purge_trash")
        support.wait_until(lambda: self.sql(f"SELECT COUNT(*) FROM sync_audit_reports WHERE session_id = '{session_id}'") == [["0"]], 60, "the reports to go")

    # --- narratives

    STORY = {"what_happened": "The tests were repaired.", "key_decisions": ["Mock nothing"], "outcome": "They pass.", "open_issues": ["The docs"]}

    def narrate(self, caller, session_id, **body):
        return caller.post(f"/sessions/{session_id}/summary/narrative", {"llm_api_key": KEY, **body})

    def test_a_model_tells_what_happened(self):
        ada = self.account()
        session_id = self.pushed(ada, session(2))
        summary = ada.get(f"/sessions/{session_id}/summary").json()
        self.assertEqual((summary["what_happened"], summary["narrative_model"], summary["narrative_error"]), (None, None, None))
        self.models.answer = lambda question: "```json\n" + json.dumps(self.STORY) + "\n```"
        answer = self.narrate(ada, session_id, model="gpt-4o")
        self.assertOk(answer, {**summary, **self.STORY, "narrative_model": "gpt-4o"})
        self.assertOk(ada.get(f"/sessions/{session_id}/summary"), answer.json())
        asked = self.models.questions[-1].text
        self.assertIn("user: Please make the tests pass", asked)
        self.assertIn("tool call Bash: make test-1", asked)
        # Also where there was no summary yet.
        self.assertEqual(self.narrate(ada, self.pushed(ada, session())).json()["outcome"], "They pass.")

    def test_a_narrative_that_fails_is_told(self):
        ada = self.account()
        session_id = self.pushed(ada, session())
        self.assertPlain(ada.post(f"/sessions/{session_id}/summary/narrative", {}), 400, "A judging model is needed: send llm_api_key or base_url, or save them in settings/judge")
        for said in ("No.", "{}", '{"what_happened": 7}', "[]"):
            self.models.answer = lambda question, said=said: said
            self.assertEqual((self.narrate(ada, session_id).status, self.narrate(ada, session_id).json()["detail"]), (502, "unreadable"), said)
        error = ada.get(f"/sessions/{session_id}/summary").json()["narrative_error"]
        self.assertEqual((error["code"], error["status"]), ("llm_request_failed", 502))
        self.models.answer = lambda question: json.dumps(self.STORY)
        self.assertEqual(self.narrate(ada, session_id).json()["narrative_error"], None)
        self.assertNoSession(self.narrate(ada, UNKNOWN))
        self.assertNoSession(self.narrate(self.account(), session_id))
        self.assertEqual(self.narrate(ada, self.pushed(ada, [])).status, 422)
        answer = self.narrate(self.account("starter"), UNKNOWN)
        self.assertEqual((answer.status, answer.json()["error"]["details"]["feature"]), (403, "summary_narrative"), answer)


class OnSqlite(Audits, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Audits, OnPostgresDatabase, SessionFamily):
    pass


class OperatorsJudge(SessionFamily):
    """A server whose operator has a model of its own, with rate limits, where users reach public addresses only."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.models.answer, cls.models.key = verdicts, "sk-operators"
        cls.OPTIONS = {"http_client.allow_private": "true", "sync.judge_base_url": cls.models.url + "/v1", "sync.judge_api_key": cls.models.key,
                       "sync.judge_model": "judge-large", "limits.enabled": "true"}
        super().setUpClass()

    def setUp(self):
        self.models.questions.clear()

    def test_it_judges_for_those_who_have_set_none(self):
        ada = self.account()
        report = ada.post(f"/sessions/{self.push(ada, content=archive(session(), manifest()))}/audit", {}).json()
        self.assertEqual((report["model"], report["base_url"], report["summary"]["verified"]), ("judge-large", None, 1), "its address is nobody's business")
        long = self.push(ada, content=archive(session(5, extra=500), manifest()))
        self.assertEqual(ada.post(f"/sessions/{long}/audit", {}).status, 202)
        support.wait_until(lambda: ada.get(f"/sessions/{long}/audit/status").json()["status"] == "completed", 90, "the audit")
        self.assertEqual(ada.get(f"/sessions/{long}/audit").json()["summary"]["verified"], 5)
        self.assertEqual({one.headers["authorization"] for one in self.models.questions}, {"Bearer sk-operators"})

    def test_its_key_goes_to_nobody_elses_server(self):
        ada = self.account()
        session_id = self.push(ada, content=archive(session(), manifest()))
        for url in (self.models.url + "/v1", "https://127.0.0.1", "https://localhost", "http://example.com"):
            self.assertPlain(ada.post(f"/sessions/{session_id}/audit", {"base_url": url}), 400, "base_url must be a public https address")
            self.assertPlain(ada.post(f"/sessions/{session_id}/summary/narrative", {"base_url": url}), 400, "base_url must be a public https address")
        self.assertEqual(self.models.questions, [])

    def test_an_archive_that_is_gone(self):
        ada = self.account()
        session_id = self.push(ada, content=archive(session(), manifest()))
        self.sql(f"UPDATE sync_captured_sessions SET blob_key = 'blobs/none' WHERE id = '{session_id}'")
        answer = ada.post(f"/sessions/{session_id}/audit", {})
        self.assertIn(answer.status, (404, 422), answer)
        self.assertEqual(ada.get(f"/sessions/{session_id}/audit").status, 404)

    def test_three_at_once_for_one_user(self):
        ada = self.account()
        session_id = self.push(ada, content=archive(session(), manifest()))
        self.models.faults = [Fault("slow", 3)] * 3
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            waiting = [pool.submit(ada.post, f"/sessions/{session_id}/audit", {}) for _ in range(3)]
            support.wait_until(lambda: not self.models.faults, 30, "three to be under way")
            answer = ada.post(f"/sessions/{session_id}/audit", {})
            self.assertEqual(answer.status, 429, answer)
            self.assertEqual([one.result().status for one in waiting], [200, 200, 200])
        self.assertEqual(ada.post(f"/sessions/{session_id}/audit", {}).status, 200)


class SlowModels(SessionFamily):
    """A server of two workers whose users' models think for long."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.models.answer = lambda question: verdicts(question) if question.text.startswith("{") else "{}"
        cls.OPTIONS = {"http_client.allow_private": "true", "sync.judge_base_url": cls.models.url + "/v1", "http.workers": 2, "sync.model_threads": 4}
        super().setUpClass()

    def test_models_that_think_hold_no_worker(self):
        callers = [self.account() for _ in range(6)]
        pushed = [self.push(caller, content=archive(session(), manifest())) for caller in callers]
        self.models.faults = [Fault("slow", 10)] * 6
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(caller.post, f"/sessions/{one}/{path}", {})
                     for caller, one, path in zip(callers, pushed, ["audit", "summary/narrative"] * 3)]
            support.wait_until(lambda: len(self.models.faults) == 2, 30, "four models to think")
            for caller in callers:
                self.assertEqual(caller.get("/sessions").status, 200)
            self.assertFalse(any(one.done() for one in asked), "the models still think")
            self.assertEqual([one.result().status for one in asked][::2], [200, 200, 200])


if __name__ == "__main__":
    unittest.main()
