"""The library of captured sessions: lists, one session, alias, changes, the trash, and what removes sessions for good."""
import concurrent.futures
import datetime
import random
import unittest

import support
from captured_sessions import TALK, SessionFamily, archive, manifest, sha256, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 400
INVALID_NAME = "A session is named by its id, ses_ and 8 to 40 lowercase letters and digits, or by its alias"
SUMMARY = ["id", "title", "alias", "tags", "source_tool", "model_id", "message_count", "turn_count", "tool_use_count", "total_input_tokens", "total_output_tokens",
           "blob_size_bytes", "etag", "parent_session_id", "created_at", "updated_at", "is_deleted", "deleted_at", "deleted_by", "delete_scope", "purge_after"]
DETAIL = ["original_session_id", "source_tool_version", "model_provider", "duration_ms", "uploaded_at", "dlp_scan_results", "retrieval_audit_id"]


class Library:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.csrf_exempt_bearer": "true"}

    def ids(self, caller, query=""):
        answer = caller.get(f"/sessions{query}")
        self.assertEqual(answer.status, 200, answer)
        return [one["id"] for one in answer.json()["sessions"]]

    def list_totals(self, caller, query=""):
        body = caller.get(f"/sessions{query}").json()
        return {key: body[key] for key in ("total", "page", "page_size", "has_more")}

    # --- lists

    def test_a_list_has_the_callers_sessions_newest_first(self):
        ada, bob = self.account(), self.account()
        self.assertOk(ada.get("/sessions"), {"sessions": [], "total": 0, "page": 1, "page_size": 20, "has_more": False})
        first, second = self.push(ada), self.push(ada)
        self.push(bob)
        self.assertEqual(self.ids(ada), [second, first])
        self.assertEqual(self.ids(ada, "/"), [second, first], "with a slash at its end")
        self.push(ada, first, status=200)
        self.assertEqual(self.ids(ada), [first, second])
        one = ada.get("/sessions").json()["sessions"][0]
        self.assertEqual(sorted(one), sorted(SUMMARY))
        self.assertEqual({key: one[key] for key in ("title", "alias", "tags", "source_tool", "model_id", "message_count", "is_deleted", "deleted_at")},
                         {"title": "Fix the clock", "alias": None, "tags": [], "source_tool": "claude-code", "model_id": "m1", "message_count": 2,
                          "is_deleted": False, "deleted_at": None})
        for key in ("created_at", "updated_at"):
            self.assertRegex(one[key], MICROS)

    def test_lists_by_page(self):
        ada = self.account()
        made = [self.push(ada) for _ in range(5)][::-1]
        self.assertEqual(self.ids(ada, "?page_size=2"), made[:2])
        self.assertEqual(self.ids(ada, "?page_size=2&page=3"), made[4:])
        self.assertEqual(self.list_totals(ada, "?page_size=2&page=2"), {"total": 5, "page": 2, "page_size": 2, "has_more": True})
        self.assertEqual(self.list_totals(ada, "?page_size=2&page=3"), {"total": 5, "page": 3, "page_size": 2, "has_more": False})
        self.assertEqual(self.list_totals(ada, "?page=900000000000"), {"total": 5, "page": 900000000000, "page_size": 20, "has_more": False})
        for query, field in (("page=0", "page"), ("page_size=0", "page_size"), ("page_size=101", "page_size"), ("page=x", "page"), ("deleted=perhaps", "deleted"),
                             ("sort=title", "sort"), ("order=up", "order"), ("model=" + "x" * 201, "model")):
            answer = ada.get(f"/sessions?{query}")
            self.assertEqual(answer.status, 422, answer)
            self.assertEqual(answer.json()["error"]["details"]["errors"][0]["loc"][:2], ["query", field], answer)
        self.assertEqual(ada.get("/sessions?" + "&".join(["model=a"] * 51)).status, 422)
        self.assertEqual(ada.get("/sessions?" + "&".join(["model=a"] * 50)).status, 200)

    def test_lists_by_tool_tag_model_and_trash(self):
        ada = self.account()
        gemini = self.push(ada, tool="gemini", model_id="m2", tags=["ci", "clock"])
        cli = self.push(ada, tool="gemini-cli", model_id="", tags=["ci"])
        copilot = self.push(ada, tool="copilot-cli", model_id="m1")
        amp = self.push(ada, tool="amp", model_id="m3", tags=["ci"])
        for query, expected in (("source_tool=gemini", [cli, gemini]), ("source_tool=gemini-cli", [cli, gemini]), ("source_tool=copilot", [copilot]),
                                ("source_tool=copilot-cli", [copilot]), ("source_tool=amp", [amp]), ("source_tool=am", []), ("tag=ci", [amp, cli, gemini]),
                                ("tag=c", []), ("tag=clock", [gemini]), ("tag=ci&source_tool=gemini", [cli, gemini]), ("model=m2", [gemini]),
                                ("model=unknown", [cli]), ("model=m1&model=unknown&model=m1", [copilot, cli]), ("model=m1&tag=ci", []),
                                ("model=m2&model=m3&tag=ci&source_tool=gemini", [gemini]), ("order=asc", [gemini, cli, copilot, amp]),
                                ("sort=model&order=asc", [copilot, gemini, amp, cli]), ("sort=model", [cli, amp, gemini, copilot]),
                                ("sort=model&order=asc&page_size=2&page=2", [amp, cli]), ("deleted=true", [])):
            with self.subTest(query):
                self.assertEqual(self.ids(ada, "?" + query), expected)
                self.assertEqual(self.list_totals(ada, "?" + query)["total"], 4 if "page_size" in query else len(expected))
        ada.delete(f"/sessions/{amp}?scope=cloud")
        self.assertEqual(self.ids(ada, "?deleted=true"), [amp])
        self.assertEqual(self.ids(ada, "?deleted=1&tag=ci&model=m3"), [amp])
        self.assertEqual(self.ids(ada, "?tag=ci"), [cli, gemini])

    def test_service_keys_and_strangers_reach_nothing(self):
        ada, org = self.org()
        session = self.push(ada)
        key = ada.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["sessions:read", "tickets:write"]}).json()["key"]
        calls = [("GET", "", None), ("GET", f"/{session}", None), ("PATCH", f"/{session}", {"title": "x"}), ("DELETE", f"/{session}", None),
                 ("POST", f"/{session}/restore", None), ("PUT", f"/{session}/alias", {"alias": "abc"}), ("DELETE", f"/{session}/alias", None),
                 ("GET", f"/{session}/messages", None), ("GET", f"/{session}/summary", None), ("POST", f"/{session}/summary", None)]
        for method, path, body in calls:
            answer = support.request(self.server, method, "/api/v1/sessions" + path, body, {"Accept-Language": "en"}, key)
            self.assertCode(answer, 403, "service_key_not_allowed", "Service keys are not allowed here", service_key_name="ci")
            self.assertEqual(support.request(self.server, method, "/api/v1/sessions" + path, body).status, 401)
        bob = self.account()
        for method, path, body in calls[1:]:
            answer = bob.call(method, "/sessions" + path, body)
            if path.endswith("/restore"):
                self.assertPlain(answer, 410, "The session does not exist, or was removed for good")
            else:
                self.assertNoSession(answer)

    # --- one session

    def test_one_session(self):
        ada = self.account()
        content = archive(TALK, manifest(tags=["ci"]))
        session = self.push(ada, content=content)
        one = self.detail(ada, session)
        self.assertEqual(sorted(one), sorted(SUMMARY + DETAIL))
        self.assertEqual((one["id"], one["etag"], one["blob_size_bytes"], one["tags"], one["model_provider"]),
                         (session, sha256(content), len(content), ["ci"], "anthropic"))
        ada.put(f"/sessions/{session}/alias", {"alias": "clock"})
        self.assertEqual(self.detail(ada, "clock")["id"], session)
        self.assertNoSession(self.account().get("/sessions/clock"))
        for name in ("ses_0000000000000000", "no-such-alias"):
            self.assertNoSession(ada.get(f"/sessions/{name}"))
        for name in ("ab", "-abc", "a.b", "a%20b", "x" * 101, "%E9%92%9F"):
            self.assertPlain(ada.get(f"/sessions/{name}"), 400, INVALID_NAME)
        self.assertEqual(ada.get("/sessions/" + "x" * 201).status, 422)

    # --- aliases

    def test_an_alias_names_one_live_session(self):
        ada = self.account()
        first, second = self.push(ada), self.push(ada)
        before = self.detail(ada, first)["updated_at"]
        answer = ada.put(f"/sessions/{first}/alias", {"alias": "clock"})
        self.assertEqual((answer.status, answer.json()["alias"], answer.json()["id"]), (200, "clock", first))
        self.assertGreater(answer.json()["updated_at"], before)
        self.assertPlain(ada.put(f"/sessions/{second}/alias", {"alias": "clock"}), 409, "Another session has this alias")
        self.assertEqual(ada.put("/sessions/clock/alias", {"alias": "clock-2"}).json()["alias"], "clock-2")
        self.assertNoSession(ada.get("/sessions/clock"))
        self.assertEqual(ada.put(f"/sessions/{second}/alias", {"alias": "clock"}).status, 200)
        self.push(ada, second, status=200)
        self.assertEqual(self.detail(ada, "clock")["id"], second, "a push leaves it")
        for _ in range(2):
            answer = ada.delete(f"/sessions/{second}/alias")
            self.assertEqual((answer.status, answer.json()["alias"]), (200, None))
        self.assertEqual(self.account().put("/sessions/ses_0000000000000000/alias", {"alias": "clock"}).status, 404)
        self.assertEqual(self.account("starter").put("/sessions/ses_0000000000000000/alias", {"alias": "clock"}).status, 404)

    def test_an_alias_follows_rules_and_a_tier(self):
        ada = self.account()
        session = self.push(ada)
        for alias in ("ab", "x" * 101, "-abc", "a b", "", None, 5):
            self.assertInvalid(ada.put(f"/sessions/{session}/alias", {"alias": alias}), ("body", "alias"))
        self.assertInvalid(ada.put(f"/sessions/{session}/alias", {}), ("body", "alias"))
        self.assertPlain(ada.put("/sessions/a.b/alias", {"alias": "clock"}), 400, INVALID_NAME)
        poor = self.account("free")
        self.assertInvalid(poor.put(f"/sessions/{session}/alias", {"alias": "-"}), ("body", "alias"))
        for answer in (poor.put(f"/sessions/{session}/alias", {"alias": "clock"}), poor.call("PATCH", f"/sessions/{session}", {"alias": "clock"})):
            self.assertEqual((answer.status, answer.json()["error"]["details"]["error"], answer.json()["error"]["details"]["feature"]),
                             (403, "upgrade_required", "aliases_cloud"))
        self.assertNoSession(poor.delete(f"/sessions/{session}/alias"))

    # --- changes

    def test_title_tags_and_alias_are_changed(self):
        ada = self.account()
        session, other = self.push(ada, tags=["old"]), self.push(ada)
        patch = lambda body, name=session: ada.call("PATCH", f"/sessions/{name}", body)
        answer = patch({"title": " <b>New</b> title ", "tags": ["a", "b"], "alias": "clock"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual({key: answer.json()[key] for key in ("title", "tags", "alias")}, {"title": "New title", "tags": ["a", "b"], "alias": "clock"})
        self.assertEqual(self.ids(ada, "?tag=a"), [session])
        self.assertEqual(self.ids(ada, "?tag=old"), [])
        self.assertEqual(patch({"tags": [], "title": None}).json()["tags"], [])
        self.assertEqual(self.detail(ada, "clock")["title"], "New title")
        for body in ({}, {"title": None, "alias": None, "tags": None}, {"other": 1}):
            self.assertPlain(patch(body), 400, "Give at least one of title, alias and tags")
        self.assertPlain(patch({"title": "<b></b>"}), 400, "A title needs text besides markup")
        self.assertPlain(patch({"title": ""}), 400, "A title needs text besides markup")
        self.assertPlain(patch({"alias": "-a"}), 400, "An alias has 3 to 100 letters, digits, _ and -, and begins with a letter or digit")
        self.assertPlain(patch({"alias": "clock"}, other), 409, "Another session has this alias")
        self.assertInvalid(patch({"title": "x" * 501}), ("body", "title"))
        self.assertInvalid(patch({"tags": ["x"] * 21}), ("body", "tags"))
        self.assertInvalid(patch({"tags": ["x" * 51]}), ("body", "tags", 0))
        self.assertInvalid(patch({"tags": "x"}), ("body", "tags"))
        self.assertInvalid(patch({"title": "a\u0000b"}), ("body", "title"))
        self.assertInvalid(patch({"tags": ["a\u0000b"]}), ("body", "tags", 0))
        self.assertNoSession(patch({"title": "x"}, "ses_0000000000000000"))
        self.push(ada, session, status=200, title="From the archive now", tags=["pushed"])
        self.assertEqual({key: self.detail(ada, "clock")[key] for key in ("title", "tags")}, {"title": "From the archive now", "tags": ["pushed"]})

    # --- deleting and restoring

    def test_deleting_moves_to_the_trash(self):
        ada = self.account()
        session = self.push(ada)
        ada.put(f"/sessions/{session}/alias", {"alias": "clock"})
        answer = ada.delete("/sessions/clock?scope=everywhere")
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn("X-Deprecation-Warning", answer.headers)
        one = answer.json()
        self.assertEqual((one["is_deleted"], one["deleted_by"], one["delete_scope"]), (True, ada.id, "both"))
        self.assertRegex(one["deleted_at"], MICROS)
        times = [datetime.datetime.fromisoformat(one[key].replace("Z", "+00:00")) for key in ("deleted_at", "purge_after")]
        self.assertEqual(times[1] - times[0], datetime.timedelta(days=30))
        self.assertPlain(ada.delete(f"/sessions/{session}"), 410, "The session was deleted already")
        self.assertNoSession(ada.delete("/sessions/clock"))
        for answer in (ada.get(f"/sessions/{session}"), ada.get(f"/sessions/{session}/messages"), ada.call("PATCH", f"/sessions/{session}", {"title": "x"}),
                       ada.put(f"/sessions/{session}/alias", {"alias": "abc"}), ada.delete(f"/sessions/{session}/alias"), ada.get(f"/sessions/{session}/sync")):
            self.assertNoSession(answer)
        self.assertEqual(ada.get(f"/sessions/{session}/summary").status, 200)

        other = self.push(ada)
        answer = ada.delete(f"/sessions/{other}")
        self.assertEqual((answer.status, answer.json()["delete_scope"]), (200, "cloud"))
        self.assertIn("scope", answer.headers["X-Deprecation-Warning"])
        for scope in ("", "all", "both", "Cloud"):
            self.assertPlain(ada.delete(f"/sessions/{other}?scope={scope}"), 400, "scope must be cloud or everywhere")
        self.assertPlain(ada.delete("/sessions/a.b"), 400, INVALID_NAME)

    def test_restoring_brings_a_session_back(self):
        ada = self.account()
        session = self.push(ada)
        ada.put(f"/sessions/{session}/alias", {"alias": "clock"})
        self.assertPlain(ada.post(f"/sessions/{session}/restore"), 409, "The session is not in the trash")
        self.assertPlain(ada.post("/sessions/clock/restore"), 409, "The session is not in the trash")
        ada.delete(f"/sessions/{session}?scope=everywhere")
        answer = ada.post("/sessions/clock/restore")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual({key: answer.json()[key] for key in ("id", "alias", "is_deleted", "purge_after", "restored_from_scope", "local_copy_may_be_missing")},
                         {"id": session, "alias": "clock", "is_deleted": False, "purge_after": None, "restored_from_scope": "both", "local_copy_may_be_missing": True})
        ada.delete(f"/sessions/{session}?scope=cloud")
        other = self.push(ada)
        ada.put(f"/sessions/{other}/alias", {"alias": "clock"})
        answer = ada.post(f"/sessions/{session}/restore").json()
        self.assertEqual((answer["alias"], answer["restored_from_scope"], answer["local_copy_may_be_missing"]), (None, "cloud", False))
        self.assertEqual(self.detail(ada, "clock")["id"], other)
        self.assertPlain(ada.post("/sessions/ses_0000000000000000/restore"), 410, "The session does not exist, or was removed for good")
        self.assertPlain(ada.post("/sessions/a.b/restore"), 400, INVALID_NAME)

    # --- the end of sessions

    def overdue(self, session):
        self.sql(f"UPDATE sync_captured_sessions SET purge_after = 1000 WHERE id = '{session}'")

    def unheld(self):
        """Blobs on the disk that no row names."""
        held = {row[0] for row in self.sql("SELECT blob_key FROM sync_captured_sessions UNION SELECT blob_key FROM sync_message_indexes")}
        return {name for name in self.blobs() if not any(key.endswith(name) for key in held)}

    def test_what_lay_in_the_trash_long_enough_is_removed_with_all_that_hangs_on_it(self):
        ada = self.account()
        session, kept, young = self.push(ada, title="one"), self.push(ada, title="two"), self.push(ada, title="three")
        for one in (session, kept):
            self.assertEqual(ada.get(f"/sessions/{one}/messages").status, 200)
            self.assertEqual(ada.get(f"/sessions/{one}/summary").status, 200)
            self.assertEqual(ada.post(f"/sync/watch/{one}").status, 200)
        for one in (session, young):
            ada.delete(f"/sessions/{one}?scope=cloud")
        self.overdue(session)
        self.run_job("purge_trash")
        support.wait_until(lambda: not self.sql(f"SELECT id FROM sync_captured_sessions WHERE id = '{session}'"), 20, "the job to remove the session")
        self.assertPlain(ada.post(f"/sessions/{session}/restore"), 410, "The session does not exist, or was removed for good")
        self.assertEqual(self.ids(ada, "?deleted=true"), [young])
        self.assertEqual(self.ids(ada), [kept])
        for table in ("sync_captured_listing", "sync_session_summaries", "sync_watchlist"):
            self.assertEqual(self.sql(f"SELECT session_id FROM {table} WHERE session_id = '{session}'"), [], table)
        self.assertEqual([one["session_id"] for one in ada.get("/sync/watchlist").json()["sessions"]], [kept])
        support.wait_until(lambda: not self.unheld(), 20, "blobs that nobody holds to go")
        self.assertEqual(ada.get(f"/sessions/{kept}/messages").json()["total"], 2)
        root = self.account(role="super_admin").token
        support.wait_until(lambda: any(one["status"] == "completed" for one in support.request(self.server, "GET", "/api/v1/sync-sessions?limit=100", token=root)
                                       .json()["data"]["items"]), 20, "the run to be shown as a sync session")

    def test_administrators_empty_the_trash_too(self):
        ada, admin = self.account(), self.account(role="super_admin")
        session, other = self.push(ada), self.push(ada)
        self.assertEqual(ada.post("/sessions/admin/cleanup").status, 403)
        ada.delete(f"/sessions/{session}?scope=cloud")
        ada.delete(f"/sessions/{other}?scope=cloud")
        self.overdue(session)
        size = int(self.sql(f"SELECT blob_size_bytes FROM sync_captured_sessions WHERE id = '{session}'")[0][0])
        answer = admin.post("/sessions/admin/cleanup")
        self.assertOk(answer, {"purged": 1, "freed_bytes": size, "errors": 0, "remaining": False})
        self.assertOk(admin.post("/sessions/admin/cleanup"), {"purged": 0, "freed_bytes": 0, "errors": 0, "remaining": False})
        self.assertEqual(ada.post(f"/sessions/{other}/restore").status, 200)

    def test_a_removed_account_leaves_nothing(self):
        ada, bob, root = self.account(), self.account(), self.account(role="super_admin")
        sessions = [self.push(ada, title=f"Session of one who goes {number}") for number in range(3)]
        kept = self.push(bob)
        for session in sessions:
            ada.get(f"/sessions/{session}/messages")
            ada.post(f"/sync/watch/{session}")
        ada.delete(f"/sessions/{sessions[0]}?scope=cloud")
        ada.put("/sync/settings", {"mode": "all"})
        ada.put("/sync/health", {"watchers": []})
        answer = support.request(self.server, "DELETE", f"/api/admin/users/{ada.id}", token=root.token)
        self.assertEqual(answer.json()["code"], 200, answer)
        rows = lambda table: self.sql(f"SELECT 1 FROM {table} WHERE user_id = '{ada.id}'")
        support.wait_until(lambda: not rows("sync_clients"), 30, "the job to forget the account")
        for table in ("sync_captured_sessions", "sync_captured_listing", "sync_captured_counts", "sync_watchlist", "sync_settings", "sync_clients"):
            self.assertEqual(rows(table), [], table)
        support.wait_until(lambda: not self.unheld(), 20, "the archives and indexes to go")
        self.assertEqual(self.ids(bob), [kept])

    def test_archives_are_read_again(self):
        ada = self.account()
        session, trash = self.push(ada, title="Wind up the clock", tags=["ci"]), self.push(ada)
        other = self.push(self.account(), title="Theirs")
        ada.delete(f"/sessions/{trash}?scope=cloud")
        self.sql(f"UPDATE sync_captured_sessions SET title = 'Old', message_count = 77, tags = '[]' WHERE id IN ('{session}', '{trash}', '{other}')")
        before = self.detail(ada, session)
        self.assertOk(ada.post("/sessions/admin/reindex"), {"reindexed": 1, "updated": 1, "errors": 0, "next": None})
        after = self.detail(ada, session)
        self.assertEqual((after["title"], after["message_count"], after["tags"], after["updated_at"], after["etag"]),
                         ("Wind up the clock", 2, ["ci"], before["updated_at"], before["etag"]))
        self.assertEqual(self.ids(ada, "?tag=ci"), [session])
        self.assertEqual(self.sql(f"SELECT title FROM sync_captured_sessions WHERE id = '{other}'"), [["Old"]])
        self.assertOk(ada.post("/sessions/admin/reindex/"), {"reindexed": 1, "updated": 0, "errors": 0, "next": None})
        self.assertOk(ada.post(f"/sessions/admin/reindex?after={session}"), {"reindexed": 0, "updated": 0, "errors": 0, "next": None})
        # An archive that says nothing: what people said stays.
        bare = self.push(ada, content=archive(TALK, None, members={"manifest.json": b"broken"}))
        ada.call("PATCH", f"/sessions/{bare}", {"title": "By hand", "tags": ["mine"]})
        self.assertEqual(ada.post("/sessions/admin/reindex").json()["errors"], 0)
        self.assertEqual({key: self.detail(ada, bare)[key] for key in ("tags", "source_tool")}, {"tags": ["mine"], "source_tool": "unknown"})
        key = self.sql(f"SELECT blob_key FROM sync_captured_sessions WHERE id = '{bare}'")[0][0]
        path = next(path for path in (self.server.data / "blobs").rglob("*") if path.is_file() and path.name in (key, key[2:], key.rpartition("/")[2]))
        path.unlink()
        self.assertOk(ada.post("/sessions/admin/reindex"), {"reindexed": 1, "updated": 0, "errors": 1, "next": None})

    def test_storage_is_exact(self):
        ada = self.account()
        used = lambda: ada.get("/sync/status").json()["storage_used_bytes"]
        small, large = archive(TALK, manifest()), archive([text("user", "x" * 5000)] * 3, manifest(title="Another title", padding=["%x" % n for n in range(3000)]))
        session = self.push(ada, content=small)
        self.assertEqual(used(), len(small))
        self.push(ada, session, content=large, status=200)
        other = self.push(ada, content=small)
        self.assertEqual(used(), len(large) + len(small))
        ada.delete(f"/sessions/{session}?scope=cloud")
        self.assertEqual(used(), len(small))
        ada.post(f"/sessions/{session}/restore")
        self.push(ada, other, content=large, status=200)
        self.assertEqual(used(), 2 * len(large))


    # --- many at once

    def test_an_alias_is_given_away_once(self):
        ada = self.account()
        sessions = [self.push(ada) for _ in range(8)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda session: ada.put(f"/sessions/{session}/alias", {"alias": "clock"}), sessions))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * 7, answers)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ada.delete(f"/sessions/{sessions[0]}?scope=cloud"), range(8)))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [410] * 7, answers)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ada.post(f"/sessions/{sessions[0]}/restore"), range(8)))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * 7, answers)

    def test_lists_and_storage_stay_exact_whatever_comes_at_once(self):
        ada = self.account()
        sessions = [self.push(ada, tags=["ci"]) for _ in range(4)]
        archives = [archive(TALK, manifest(tool=tool, tags=tags)) for tool, tags in (("amp", ["ci", "x"]), ("codex", []), ("amp", ["x"]))]

        def act(seed):
            pick = random.Random(seed)
            for _ in range(12):
                session = pick.choice(sessions)
                answer = pick.choice([lambda: ada.delete(f"/sessions/{session}?scope=cloud"), lambda: ada.post(f"/sessions/{session}/restore"),
                                      lambda: ada.call("PATCH", f"/sessions/{session}", {"tags": pick.choice([["ci"], ["y"], []])}),
                                      lambda: self.sync(ada, session, pick.choice(archives))])()
                self.assertIn(answer.status, (200, 404, 409, 410), answer)

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(act, range(6)))
        counted = self.sql(f"SELECT is_deleted, tool_family, model, SUM(sessions), SUM(bytes) FROM sync_captured_counts WHERE user_id = '{ada.id}' AND tag = '' "
                           "GROUP BY is_deleted, tool_family, model ORDER BY 1, 2, 3")
        real = self.sql(f"SELECT is_deleted, tool_family, model_id, COUNT(*), SUM(blob_size_bytes) FROM sync_captured_sessions WHERE user_id = '{ada.id}' "
                        "GROUP BY is_deleted, tool_family, model_id ORDER BY 1, 2, 3")
        self.assertEqual(counted, real)
        rows = self.sql(f"SELECT tag, COUNT(*) FROM sync_captured_listing WHERE user_id = '{ada.id}' GROUP BY tag ORDER BY tag")
        self.assertEqual(rows, self.sql(f"SELECT tag, SUM(sessions) FROM sync_captured_counts WHERE user_id = '{ada.id}' GROUP BY tag ORDER BY tag"))
        self.assertEqual(self.sql("SELECT 1 FROM sync_captured_counts WHERE sessions <= 0 OR bytes < 0"), [])
        for query in ("", "?tag=ci", "?tag=x", "?source_tool=amp", "?deleted=true"):
            self.assertEqual(self.list_totals(ada, query)["total"], len(self.ids(ada, query)), query)


class OnSqlite(Library, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Library, OnPostgresDatabase, SessionFamily):
    def test_an_alias_that_is_given_away_meanwhile_is_dropped(self):
        ada = self.account()
        other = self.push(ada)
        for back in (lambda session: ada.post(f"/sessions/{session}/restore"),
                     lambda session: self.sync(ada, session, archive(TALK, manifest(title="Back")), {"X-SessionFS-Undelete": "true"})):
            session = self.push(ada)
            self.assertEqual(ada.put(f"/sessions/{session}/alias", {"alias": "wanted"}).status, 200)
            self.assertEqual(ada.delete(f"/sessions/{session}?scope=cloud").status, 200)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                # Not to be seen until it commits; the index tells of it.
                given = pool.submit(self.sql, f"BEGIN; UPDATE sync_captured_sessions SET alias = 'wanted' WHERE id = '{other}'; SELECT pg_sleep(2); COMMIT")
                support.wait_until(lambda: self.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 10, "the alias to be given away")
                self.assertEqual(back(session).status, 200)
                given.result()
            self.assertIsNone(self.detail(ada, session)["alias"])
            self.assertEqual(ada.delete(f"/sessions/{other}/alias").status, 200)


if __name__ == "__main__":
    unittest.main()
