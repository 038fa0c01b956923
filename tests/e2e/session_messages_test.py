"""Messages of captured sessions by page, and summaries, over HTTP."""
import concurrent.futures
import json
import time
import unittest

import support
from captured_sessions import TALK, SessionFamily, archive, manifest, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 400


class Messages:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.csrf_exempt_bearer": "true"}

    def page(self, caller, session, query="", status=200):
        answer = caller.get(f"/sessions/{session}/messages{query}")
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def indexes(self):
        return int(self.sql("SELECT COUNT(*) FROM sync_message_indexes")[0][0])

    # --- pages of messages

    def test_messages_come_as_they_stand_in_the_archive(self):
        ada = self.account()
        lines = ['{"role": "user",  "content": "hi", "big": 12345678901234567890, "x": 1.50}', text("assistant", "钟 & <b>"), "broken", "", "[1]",
                 text("assistant", "aside", is_sidechain=True), {"role": "assistant", "content": []}, {"role": "tool", "content": ""}, text("user", "bye")]
        session = self.push(ada, content=archive(lines, manifest()))
        answer = ada.get(f"/sessions/{session}/messages")
        self.assertIn('{"role": "user",  "content": "hi", "big": 12345678901234567890, "x": 1.50}', answer.body.decode(), "byte for byte")
        self.assertEqual(answer.json(), {"messages": [json.loads(lines[0]), lines[1], lines[7], lines[8]], "message_indexes": [0, 1, 7, 8], "total": 4, "page": 1,
                                         "page_size": 50, "has_more": False, "target": None})
        self.assertEqual(self.page(ada, session, "?order=newest")["message_indexes"], [8, 7, 1, 0])
        self.assertEqual(self.page(ada, session, "/?page_size=3")["message_indexes"], [0, 1, 7])
        body = self.page(ada, session, "?order=newest&page_size=3&page=2")
        self.assertEqual((body["message_indexes"], body["page"], body["page_size"], body["has_more"], body["total"]), ([0], 2, 3, False, 4))
        self.assertTrue(self.page(ada, session, "?page_size=3")["has_more"])
        self.assertEqual(self.page(ada, session, "?page=900000000000")["messages"], [])
        ada.put(f"/sessions/{session}/alias", {"alias": "clock"})
        self.assertEqual(self.page(ada, "clock")["total"], 4)

    def test_a_line_picks_its_page(self):
        ada = self.account()
        lines = [text("user", f"line {number}", **({"is_sidechain": True} if number in (0, 7, 8) else {})) for number in range(20)] + ["broken"]
        session = self.push(ada, content=archive(lines, manifest()))
        for around, query, page, status, anchor in ((12, "", 3, "found", 12), (12, "&order=newest", 2, "found", 12), (8, "", 2, "hidden", 6), (0, "", 1, "hidden", 1),
                                                    (20, "&page=2", 2, "missing", None), (900000, "", 1, "missing", None), (19, "", 5, "found", 19)):
            body = self.page(ada, session, f"?page_size=4&around={around}{query}")
            self.assertEqual((body["page"], body["target"]), (page, {"index": around, "status": status, "anchor_index": anchor}), around)
            if anchor is not None:
                self.assertIn(anchor, body["message_indexes"])

    def test_bad_parameters_are_refused(self):
        ada = self.account()
        session = self.push(ada)
        for query, field in (("page=0", "page"), ("page_size=0", "page_size"), ("page_size=101", "page_size"), ("order=up", "order"), ("around=-1", "around"),
                             ("around=x", "around")):
            answer = ada.get(f"/sessions/{session}/messages?{query}")
            self.assertInvalid(answer, ("query", field))
        self.assertEqual(self.page(ada, session, "?page_size=100")["page_size"], 100)

    def test_sessions_without_messages_have_empty_pages(self):
        ada = self.account()
        for content in (archive(None, manifest()), archive([], manifest()), archive(["x"], manifest())):
            self.assertEqual(self.page(ada, self.push(ada, content=content)),
                             {"messages": [], "message_indexes": [], "total": 0, "page": 1, "page_size": 50, "has_more": False, "target": None})

    def test_messages_in_a_folder_are_found(self):
        ada = self.account()
        content = archive(None, manifest(), members={"inner/messages.jsonl": json.dumps(TALK[0]).encode()})
        self.assertEqual(self.page(ada, self.push(ada, content=content))["messages"], [TALK[0]])

    def test_an_index_goes_with_its_archive(self):
        ada = self.account()
        before = self.indexes()
        session = self.push(ada)
        self.assertEqual(self.page(ada, session)["total"], 2)
        self.assertEqual(self.indexes(), before + 1)
        longer = archive(TALK + [text("user", "thanks")], manifest())
        self.push(ada, session, content=longer, status=200)
        self.assertEqual(self.page(ada, session)["total"], 3)
        copy = self.push(ada, content=longer)
        self.assertEqual(self.page(ada, copy)["total"], 3)
        support.wait_until(lambda: self.indexes() == before + 1, 20, "the old index to go, and the new one to serve both")

    def test_an_index_that_is_damaged_or_missing_is_made_again(self):
        ada = self.account()
        session = self.push(ada)
        self.page(ada, session)
        for harm in (lambda path: path.unlink(), lambda path: path.write_bytes(b"x" * 500)):
            key = self.sql(f"SELECT i.blob_key FROM sync_message_indexes i JOIN sync_captured_sessions s ON s.blob_key = i.archive_key WHERE s.id = '{session}'")[0][0]
            path = next(path for path in (self.server.data / "blobs").rglob("*") if path.is_file() and path.name in (key, key[2:], key.rpartition("/")[2]))
            path.chmod(0o644)
            harm(path)
            self.assertEqual(self.page(ada, session)["total"], 2)

    def test_any_page_of_many_answers_at_once(self):
        ada = self.account()
        many = 200_000 if support.LONG else 50_000
        session = self.push(ada, content=archive([text("user", f"message {number} " + "x" * 200) for number in range(many)], manifest()))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:  # the first read, by several at once
            for body in pool.map(lambda page: self.page(ada, session, f"?page={page}&page_size=50"), [1, many // 50, 3, 4]):
                self.assertEqual(body["total"], many)
        self.assertEqual(len(self.sql(f"SELECT i.blob_key FROM sync_message_indexes i JOIN sync_captured_sessions s ON s.blob_key = i.archive_key "
                                      f"WHERE s.id = '{session}'")), 1)
        times = []
        for page in range(1, many // 50, many // 500):
            started = time.monotonic()
            body = self.page(ada, session, f"?page={page}&page_size=50")
            times.append(time.monotonic() - started)
            self.assertEqual(body["message_indexes"][0], (page - 1) * 50)
        print(f"pages of 50 of {many} messages: median {support.percentile(times, 0.5) * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms")

    # --- summaries

    def test_a_summary_tells_what_the_messages_say(self):
        ada = self.account()
        call = lambda name, id, **input: {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": id, "name": name, "input": input}],
                                          "timestamp": "2026-01-01T10:00:00Z", "persona_name": "zoe"}
        result = lambda id, output: {"role": "tool", "tool_use_id": id, "content": output, "timestamp": "2026-01-01T10:30:00Z"}
        lines = [call("Write", "1", file_path="src/clock.cpp"), result("1", "ok"), call("Read", "2", file_path="src/time.cpp"), result("2", "x"),
                 call("Bash", "3", command="pip install freezegun && pytest"), result("3", "Error: the clock has stopped\n3 passed, 1 failed")]
        session = self.push(ada, content=archive(lines, manifest(persona_name="ada", message_count=6),
                                                 workspace={"git": {"remote_url": "git@example.com:acme/clock.git", "branch": "main", "commit_sha": "abc"}}))
        answer = ada.get(f"/sessions/{session}/summary")
        self.assertEqual(answer.status, 200, answer)
        body = answer.json()
        self.assertRegex(body["generated_at"], MICROS)
        self.assertEqual(body, {"session_id": session, "title": "Fix the clock", "tool": "claude-code", "model": "m1", "duration_minutes": 30, "message_count": 6,
                                "tool_call_count": 3, "branch": "main", "commit": "abc", "files_modified": ["src/clock.cpp"], "files_read": ["src/time.cpp"],
                                "commands_executed": 1, "tests_run": 4, "tests_passed": 3, "tests_failed": 1, "packages_installed": ["freezegun"],
                                "errors_encountered": ["Error: the clock has stopped"], "what_happened": None, "key_decisions": None, "outcome": None,
                                "open_issues": None, "narrative_model": None, "narrative_error": None, "personas_active": ["ada", "zoe"],
                                "generated_at": body["generated_at"]})
        self.assertEqual(ada.get(f"/sessions/{session}/summary").json(), body, "kept")
        made = ada.post(f"/sessions/{session}/summary")
        self.assertEqual(made.status, 200, made)
        self.assertGreater(made.json()["generated_at"], body["generated_at"])
        ada.delete(f"/sessions/{session}?scope=cloud")
        self.assertEqual(ada.get(f"/sessions/{session}/summary").status, 200)
        self.assertEqual(ada.post(f"/sessions/{session}/summary").status, 200)

    def test_a_summary_follows_a_push(self):
        ada = self.account()
        session = self.push(ada)
        self.assertEqual(ada.get(f"/sessions/{session}/summary").json()["title"], "Fix the clock")
        call = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "ls"}}]}
        self.push(ada, session, content=archive([call], manifest("Other title here")), status=200)
        body = ada.get(f"/sessions/{session}/summary").json()
        self.assertEqual((body["title"], body["commands_executed"]), ("Other title here", 1))

    def test_summaries_are_refused_where_they_cannot_be(self):
        ada = self.account()
        empty = self.push(ada, content=archive(["x"], manifest()))
        for answer in (ada.get(f"/sessions/{empty}/summary"), ada.post(f"/sessions/{empty}/summary")):
            self.assertPlain(answer, 422, "The archive of the session has no messages")
        ada.put(f"/sessions/{empty}/alias", {"alias": "clock"})
        for method in ("GET", "POST"):
            self.assertEqual(ada.call(method, "/sessions/clock/summary").status, 400, "by id only")
            self.assertNoSession(ada.call(method, "/sessions/ses_0000000000000000/summary"))
        poor = self.account("free")
        answer = poor.post("/sessions/ses_0000000000000000/summary")
        self.assertEqual((answer.status, answer.json()["error"]["details"]["feature"]), (403, "summary_deterministic"))
        self.assertNoSession(poor.get("/sessions/ses_0000000000000000/summary"))

    def test_summaries_are_listed_by_day(self):
        ada = self.account()
        self.assertOk(ada.get("/summaries"), [])
        first, second, third = (self.push(ada) for _ in range(3))
        ada.get(f"/sessions/{second}/summary")
        ada.delete(f"/sessions/{third}?scope=cloud")
        self.sql(f"UPDATE sync_captured_sessions SET created_at = 1767261600000000 WHERE id = '{first}'")  # 2026-01-01T10:00:00Z
        listed = ada.get("/summaries").json()
        self.assertEqual([one["session_id"] for one in listed], [second, first])
        self.assertEqual(sorted(listed[1]), ["created_at", "message_count", "session_id", "title", "tool"])
        self.assertEqual({key: listed[0][key] for key in listed[0] if key not in ("created_at", "session_id")},
                         {"title": "Fix the clock", "tool": "claude-code", "message_count": 2, "tool_call_count": 0, "files_modified": [], "commands_executed": 0,
                          "tests_run": 0, "tests_passed": 0, "tests_failed": 0})
        for query, expected in (("since=2026-01-01&until=2026-01-01", [first]), ("until=2025-12-31", []), ("since=2026-01-02", [second]), ("until=2026-01-01", [first])):
            self.assertEqual([one["session_id"] for one in ada.get(f"/summaries?{query}").json()], expected, query)
        for query in ("since=2026-13-01", "until=yesterday", "since=2026-01-01T10:00:00Z"):
            self.assertInvalid(ada.get(f"/summaries?{query}"), ("query", query.partition("=")[0]))


class OnSqlite(Messages, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Messages, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
