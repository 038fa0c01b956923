"""Secrets and health data in pushed sessions: the policy of an organisation, what pushes meet, scans and numbers, on SQLite and PostgreSQL."""
import concurrent.futures
import io
import json
import tarfile
import unittest

import forms
import support
from captured_sessions import SessionFamily, archive, manifest, new_id, sha256, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import PRICING

TIME_LIMIT = 300
DEFAULT = {"enabled": False, "mode": "warn", "categories": ["secrets"], "custom_patterns": [], "allowlist": [], "invalid_custom_patterns": []}
# In pieces, so that no scanner of sources takes it for a real one.
SECRET = "AKIA" + "ABCDEFGHIJKLMNOP"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
MARK = "[REDACTED:aws_access_key_id]"
BLOCKED = "The session holds what your organisation does not let out; remove it and try again"


def members(content):
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        return {info.name: tar.extractfile(info).read() for info in tar.getmembers()}


class SessionDlp:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING, "identity.default_tier": "enterprise"}

    def policy(self, admin, **change):
        answer = admin.put("/dlp/policy", change)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def pull(self, caller, session_id):
        answer = caller.get(f"/sessions/{session_id}/sync")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def stats(self, caller):
        answer = caller.get("/dlp/stats")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    # --- the policy

    def test_the_default_holds_until_one_is_set(self):
        solo = self.account()
        admin, _ = self.org()
        for caller in (solo, admin):
            for path in ("/dlp/policy", "/dlp/policy/"):
                self.assertOk(caller.get(path), DEFAULT)
            self.assertOk(caller.get("/dlp/stats"), {"total_scanned": 0, "by_action": {}})

    def test_a_change_keeps_what_it_leaves_out(self):
        admin, org = self.org()
        pattern = {"name": "employee id", "regex": "EMP-([0-9]{6})"}
        stored = {**pattern, "category": "custom", "severity": "high"}
        self.assertEqual(self.policy(admin, enabled=True, custom_patterns=[pattern]), {**DEFAULT, "enabled": True, "custom_patterns": [stored]})
        self.assertEqual(self.policy(admin, mode="block", categories=["phi", "secrets", "phi"]),
                         {**DEFAULT, "enabled": True, "mode": "block", "categories": ["phi", "secrets"], "custom_patterns": [stored]})
        changed = self.policy(admin, allowlist=["EXAMPLE", "EXAMPLE", "other"], custom_patterns=[])
        self.assertEqual(changed, {**DEFAULT, "enabled": True, "mode": "block", "categories": ["phi", "secrets"], "allowlist": ["EXAMPLE", "other"]})
        self.assertEqual(self.policy(admin), changed)
        self.assertOk(self.member(admin).get("/dlp/policy"), changed)
        self.assertOk(self.org()[0].get("/dlp/policy"), DEFAULT)
        self.assertEqual(self.sql("SELECT count(*) FROM mortise_audit WHERE action = 'sync.dlp_policy_changed' AND target = 'org:" + org + "'"), [["4"]])

    def test_two_changes_at_once_both_stay(self):
        admin, _ = self.org()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            changes = [{"enabled": True}, {"mode": "redact"}, {"categories": ["phi"]}, {"allowlist": ["EXAMPLE"]}]
            self.assertEqual({answer.status for answer in pool.map(lambda change: admin.put("/dlp/policy", change), changes)}, {200})
        self.assertOk(admin.get("/dlp/policy"), {**DEFAULT, "enabled": True, "mode": "redact", "categories": ["phi"], "allowlist": ["EXAMPLE"]})

    def test_what_breaks_a_rule_is_refused(self):
        admin, _ = self.org()
        good = {"name": "x", "regex": "x+"}
        for change, field in (({"mode": "delete"}, ("mode",)), ({"enabled": "often"}, ("enabled",)), ({"categories": ["names"]}, ("categories", 0)),
                              ({"categories": "phi"}, ("categories",)), ({"allowlist": ["abc"]}, ("allowlist", 0)), ({"allowlist": ["x" * 501]}, ("allowlist", 0)),
                              ({"custom_patterns": [{"name": "x"}]}, ("custom_patterns", 0, "regex")),
                              ({"custom_patterns": [{**good, "name": "a]b"}]}, ("custom_patterns", 0, "name")),
                              ({"custom_patterns": [{**good, "severity": "none"}]}, ("custom_patterns", 0, "severity")),
                              ({"custom_patterns": [{**good, "regex": "(unclosed"}]}, ("custom_patterns", 0, "regex")),
                              ({"custom_patterns": [good, {"name": "y", "regex": "(?=x)"}]}, ("custom_patterns", 1, "regex")),
                              ({"custom_patterns": [{**good, "regex": "((a{100}){100}){100}"}]}, ("custom_patterns", 0, "regex")),
                              ({"custom_patterns": [{**good, "regex": "a*"}]}, ("custom_patterns", 0, "regex")),
                              ({"custom_patterns": [{**good, "regex": "x" * 501}]}, ("custom_patterns", 0, "regex")),
                              ({"custom_patterns": [good, good]}, ("custom_patterns", 1, "name")),
                              ({"custom_patterns": [good] * 51}, ("custom_patterns",))):
            answer = admin.put("/dlp/policy", change)
            self.assertEqual(answer.status, 422, (change, answer))
            self.assertEqual([str(one) for one in answer.json()["error"]["details"]["errors"][0]["loc"]], ["body", *map(str, field)], change)
        self.assertOk(admin.get("/dlp/policy"), DEFAULT)

    def test_who_may_do_what(self):
        admin, org = self.org()
        member, solo = self.member(admin), self.account()
        self.assertRole(member.put("/dlp/policy", {"enabled": True}), "member")
        self.assertRole(solo.put("/dlp/policy", {"enabled": True}), "none")
        free = self.account(tier="free")
        for method, path, body in (("GET", "/dlp/policy", None), ("PUT", "/dlp/policy", {}), ("POST", "/dlp/scan", {"text": "x"}), ("GET", "/dlp/stats", None)):
            answer = free.call(method, path, body)
            self.assertEqual((answer.status, answer.json()["error"]["details"]),
                             (403, {"error": "upgrade_required", "feature": "dlp_secrets", "current_tier": "free", "required_tier": "pro", "upgrade_url": PRICING}), path)
        key = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["sessions:read"]}).json()["key"]
        admin.token = key
        self.assertEqual(admin.get("/dlp/policy").json()["error"]["details"]["error"], "service_key_not_allowed")

    # --- scans

    def test_a_scan_finds_by_category_with_lines(self):
        admin, _ = self.org()
        words = f"first line\nkey {SECRET}\n\nSSN: 123-45-6789 and EMP-123456"
        self.assertOk(admin.post("/dlp/scan", {"text": words}),
                      {"finding_count": 1, "findings": [{"pattern_name": "aws_access_key_id", "category": "secrets", "severity": "critical", "line_number": 2}]})
        health = admin.post("/dlp/scan", {"text": words, "categories": ["phi"]}).json()
        self.assertEqual([(one["category"], one["line_number"]) for one in health["findings"]], [("phi", 4)])
        self.assertEqual(admin.post("/dlp/scan", {"text": words, "categories": ["secrets", "phi"]}).json()["finding_count"], 2)
        self.policy(admin, custom_patterns=[{"name": "employee", "regex": "EMP-[0-9]{6}", "severity": "low"}], allowlist=[SECRET[:12]])
        self.assertOk(admin.post("/dlp/scan", {"text": words}),
                      {"finding_count": 1, "findings": [{"pattern_name": "employee", "category": "custom", "severity": "low", "line_number": 4}]})
        self.assertOk(self.account().post("/dlp/scan", {"text": ""}), {"finding_count": 0, "findings": []})
        self.assertOk(admin.post("/dlp/scan/", {"text": MARK, "categories": []}), {"finding_count": 0, "findings": []})
        for body, field in (({}, "text"), ({"text": 5}, "text"), ({"text": "x" * 1048577}, "text"), ({"text": "x", "categories": ["y"]}, "categories")):
            answer = admin.post("/dlp/scan", body)
            self.assertEqual((answer.status, answer.json()["error"]["details"]["errors"][0]["loc"][:2]), (422, ["body", field]), answer)
        many = self.account().post("/dlp/scan", {"text": f"{SECRET}\n" * 1500}).json()
        self.assertEqual((many["finding_count"], len(many["findings"]), many["findings"][-1]["line_number"]), (1500, 1000, 1000))

    def test_a_pattern_that_is_too_slow_is_said_so(self):
        admin, _ = self.org()
        self.policy(admin, custom_patterns=[{"name": "slow", "regex": "a(?:.*z)?"}])
        answer = admin.post("/dlp/scan", {"text": "a" * 1000000})
        self.assertEqual((answer.status, answer.json()["error"]["message"]), (422, "The organisation's own patterns take too long for this text"), answer)

    # --- pushes

    def test_without_a_policy_nothing_is_looked_at(self):
        admin, _ = self.org()
        content = archive([text("user", SECRET)], members={"broken.json": b"{"})
        for caller in (admin, self.account()):
            session = self.push(caller, content=content)
            self.assertEqual(self.pull(caller, session).body, content)
            self.assertIsNone(self.detail(caller, session)["dlp_scan_results"])
        self.assertEqual(self.stats(admin)["total_scanned"], 0)

    def test_warn_stores_what_was_sent_with_a_note(self):
        admin, _ = self.org()
        self.policy(admin, enabled=True)
        member = self.member(admin)
        content = archive([text("user", f"use {SECRET}"), text("user", TOKEN)])
        session = self.push(member, content=content)
        self.assertEqual(self.pull(member, session).body, content)
        note = json.loads(self.detail(member, session)["dlp_scan_results"])
        self.assertEqual({key: note[key] for key in note if key != "scanned_at"},
                         {"findings_count": 2, "mode": "warn", "finding_types": ["aws_access_key_id", "github_token"], "action_taken": "warn",
                          "categories_scanned": ["secrets"]})
        clean = self.push(member)
        self.assertEqual(json.loads(self.detail(member, clean)["dlp_scan_results"])["action_taken"], "clean")
        for caller in (admin, member):
            self.assertEqual(self.stats(caller), {"total_scanned": 2, "by_action": {"clean": 1, "warn": 1}})

    def test_block_refuses_with_what_was_found(self):
        admin, _ = self.org()
        self.policy(admin, enabled=True, mode="block", categories=["secrets", "phi"])
        session = new_id()
        answer = self.sync(admin, session, archive(["{}", json.dumps(text("user", f"{SECRET} and SSN: 123-45-6789"))]))
        self.assertCode(answer, 403, "dlp_blocked", BLOCKED, findings=[
            {"pattern": "aws_access_key_id", "category": "secrets", "severity": "critical", "line": 2},
            {"pattern": "us_social_security_number", "category": "phi", "severity": "critical", "line": 2}])
        self.assertEqual(admin.get(f"/sessions/{session}").status, 404)
        self.push(admin, session)
        before = self.pull(admin, session).body
        self.assertEqual(self.sync(admin, session, archive([text("user", SECRET)])).status, 403)
        self.assertEqual(self.pull(admin, session).body, before, "the old content stays")
        self.assertEqual(self.stats(admin)["by_action"], {"block": 2, "clean": 1})

    def test_escapes_keys_and_files_anywhere_hide_nothing(self):
        admin, _ = self.org()
        self.policy(admin, enabled=True, mode="block")
        escaped = "".join(f"\\u{ord(c):04x}" for c in SECRET)
        for content in (archive([f'{{"role":"user","content":"{escaped}"}}']), archive([json.dumps({"role": "user", SECRET: 1})]),
                        archive(members={"deep/er/notes.JSON": json.dumps([[[{"a": SECRET}]]]).encode()}),
                        archive(workspace={"env": {"password": "k7Gh2!pQz9"}}), archive(manifest=manifest(title=f"on {SECRET}"))):
            answer = self.sync(admin, new_id(), content)
            self.assertEqual((answer.status, answer.json()["error"]["details"]["error"]), (403, "dlp_blocked"), answer)

    def test_redact_stores_an_archive_without_them(self):
        admin, _ = self.org()
        self.policy(admin, enabled=True, mode="redact")
        notes = b"not JSON: " + SECRET.encode() + b"\n"
        content = archive([text("user", f"Deploy with {SECRET} please"), text("assistant", "done"), {"role": "user", "content": "x", SECRET: 1.50}],
                          manifest(title=f"Deploy with {SECRET} to the server", tags=[SECRET]),
                          members={"notes.txt": notes, "n" * 150 + "/笔记.txt": b"long name", "tools.json": b'{ "kept":  [1.50, "\\u4e2d"] }'})
        session = self.push(admin, content=content)
        pulled = self.pull(admin, session)
        shown = self.detail(admin, session)
        digest = sha256(pulled.body)
        self.assertEqual((shown["etag"], pulled.headers["ETag"], shown["blob_size_bytes"]), (digest, f'"{digest}"', len(pulled.body)))
        stored = members(pulled.body)
        self.assertEqual(list(stored), ["manifest.json", "messages.jsonl", "notes.txt", "n" * 150 + "/笔记.txt", "tools.json"])
        self.assertEqual(stored["notes.txt"], notes, "only JSON is inspected")
        self.assertEqual(stored["tools.json"], b'{ "kept":  [1.50, "\\u4e2d"] }', "a file without findings stays as it was")
        lines = [json.loads(line) for line in stored["messages.jsonl"].splitlines()]
        self.assertEqual(lines[0], text("user", f"Deploy with {MARK} please"))
        self.assertEqual(lines[2], {"role": "user", "content": "x", MARK + "#1": 1.5})
        self.assertNotIn(SECRET.encode(), stored["messages.jsonl"] + stored["manifest.json"])
        self.assertNotIn(SECRET, json.dumps(shown), "title and tags are those of the redacted archive")
        self.assertEqual(shown["tags"], [MARK])
        self.assertEqual(admin.get(f"/sessions/search?q={SECRET}").json()["total"], 0)
        self.assertEqual(admin.get("/sessions/search?q=deploy").json()["total"], 1)
        # What comes back with marks in it is clean, and the same archive becomes the same bytes.
        self.push(admin, session, pulled.body, status=200)
        self.assertEqual(self.pull(admin, session).body, pulled.body)
        self.assertEqual(json.loads(self.detail(admin, session)["dlp_scan_results"])["action_taken"], "clean")
        again = self.push(admin, content=content)
        self.assertEqual(self.pull(admin, again).body, pulled.body)
        self.assertEqual(self.stats(admin)["by_action"], {"clean": 1, "redact": 2})

    def test_every_way_in_is_inspected(self):
        admin, _ = self.org()
        bad = archive([text("user", SECRET)])

        def created(content):
            form = forms.body(forms.part("file", content, "session.tar.gz", "application/gzip"))
            return admin.call("POST", "/sessions?source_tool=amp&title=Deploy", form, headers={"Content-Type": forms.content_type()})

        def in_parts(content):
            digest = sha256(content)
            opened = admin.post(f"/sessions/{new_id()}/uploads", {"total_size": len(content), "sha256": digest})
            self.assertEqual(opened.status, 201, opened)
            upload = opened.json()["upload_id"]
            self.assertEqual(admin.call("PUT", f"/uploads/{upload}/parts/1", content, headers={"X-Part-SHA256": digest}).status, 200)
            return admin.post(f"/uploads/{upload}/complete")

        self.policy(admin, enabled=True, mode="block")
        before = self.blobs()
        for way in (created, in_parts):
            answer = way(bad)
            self.assertEqual((answer.status, answer.json()["error"]["details"]["error"]), (403, "dlp_blocked"), answer)
        self.assertEqual(self.blobs(), before, "nothing stays on the disk")
        self.policy(admin, mode="redact")
        for way in (created, in_parts):
            answer = way(bad)
            self.assertEqual(answer.status, 201, answer)
            pulled = self.pull(admin, answer.json()["session_id"]).body
            self.assertEqual((answer.json()["etag"], answer.json()["blob_size_bytes"]), (sha256(pulled), len(pulled)))
            self.assertIn(MARK.encode(), members(pulled)["messages.jsonl"])

    def test_what_people_give_by_hand_is_inspected(self):
        admin, _ = self.org()
        session = self.push(admin)
        found = {"pattern": "aws_access_key_id", "category": "secrets", "severity": "critical", "line": 1}

        def created(query):
            form = forms.body(forms.part("file", archive([text("user", "hello")]), "session.tar.gz", "application/gzip"))
            return admin.call("POST", f"/sessions?source_tool=amp&{query}", form, headers={"Content-Type": forms.content_type()})

        tags = json.dumps(["ok", f"x {SECRET}"]).replace('"', "%22").replace(" ", "%20")
        ways = (lambda: created(f"title=on%20{SECRET}"), lambda: created(f"tags={tags}"),
                lambda: admin.call("PATCH", f"/sessions/{session}", {"title": f"on {SECRET}"}), lambda: admin.call("PATCH", f"/sessions/{session}", {"tags": ["ok", f"x {SECRET}"]}))
        aliases = (lambda: admin.call("PATCH", f"/sessions/{session}", {"alias": SECRET}), lambda: admin.put(f"/sessions/{session}/alias", {"alias": SECRET}))

        self.policy(admin, enabled=True, mode="block")
        before, blobs = self.detail(admin, session), self.blobs()
        for way in ways + aliases:
            self.assertCode(way(), 403, "dlp_blocked", BLOCKED, findings=[found])
        self.assertEqual((self.detail(admin, session), self.blobs(), admin.get("/sessions").json()["total"]), (before, blobs, 1), "nothing is kept")
        self.assertEqual(self.stats(admin), {"total_scanned": 2, "by_action": {"block": 2}}, "texts alone are no scan")

        self.policy(admin, mode="redact")
        made = [way() for way in ways]
        self.assertEqual([answer.status for answer in made], [201, 201, 200, 200])
        by_title, by_tags = (self.detail(admin, answer.json()["session_id"]) for answer in made[:2])
        self.assertEqual((by_title["title"], by_tags["tags"]), (f"on {MARK}", ["ok", f"x {MARK}"]))
        self.assertEqual(json.loads(by_title["dlp_scan_results"])["finding_types"], ["aws_access_key_id"])
        self.assertEqual(made[0].json()["etag"], sha256(self.pull(admin, by_title["id"]).body))
        self.assertEqual((made[2].json()["title"], made[3].json()["tags"]), (f"on {MARK}", ["ok", f"x {MARK}"]))
        self.assertEqual(admin.get(f"/sessions/search?q={SECRET}").json()["total"], 0)
        for way in aliases:
            self.assertCode(way(), 403, "dlp_blocked", BLOCKED, findings=[found])
        # A mark that does not fit is cut, and what is marked already is not found again.
        long = admin.call("PATCH", f"/sessions/{session}", {"tags": ["t" * 29 + " " + SECRET]})
        self.assertEqual((long.status, long.json()["tags"]), (200, [("t" * 29 + " " + MARK)[:50]]), long)
        again = admin.call("PATCH", f"/sessions/{session}", {"title": f"on {MARK}"})
        self.assertEqual((again.status, again.json()["title"]), (200, f"on {MARK}"))

        self.policy(admin, mode="warn")
        self.assertEqual([way().status for way in ways + aliases], [201, 201, 200, 200, 200, 200])
        self.assertEqual(self.detail(admin, session)["title"], f"on {SECRET}")
        self.policy(admin, enabled=False)
        self.assertEqual([way().status for way in ways], [201, 201, 200, 200])

    def test_patterns_of_the_organisations_own_are_about_titles_too(self):
        admin, _ = self.org()
        session = self.push(admin)
        self.policy(admin, enabled=True, mode="block", custom_patterns=[{"name": "any", "regex": "clock", "severity": "low"}])
        answer = admin.call("PATCH", f"/sessions/{session}", {"title": "the clock"})
        self.assertCode(answer, 403, "dlp_blocked", BLOCKED, findings=[{"pattern": "any", "category": "custom", "severity": "low", "line": 1}])

    def test_the_policy_of_a_removed_organisation_goes(self):
        (admin, org), (other, kept) = self.org(), self.org()
        for caller in (admin, other):
            self.policy(caller, enabled=True)
            self.push(caller)
        self.sql(f"DELETE FROM mortise_orgs WHERE id = '{org}'")
        self.run_job("forget_orgs")
        support.wait_until(lambda: self.sql(f"SELECT COUNT(*) FROM sync_dlp_policies WHERE org_id = '{org}'") == [["0"]], 30, "the policy to go")
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM sync_dlp_scans WHERE org_id = '{org}'"), [["0"]])
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM sync_dlp_policies WHERE org_id = '{kept}'"), [["1"]])
        self.assertEqual(self.stats(other)["total_scanned"], 1)

    def test_what_can_not_be_inspected_is_refused(self):
        admin, _ = self.org()
        for mode in ("warn", "redact", "block"):
            self.policy(admin, enabled=True, mode=mode)
            answer = self.sync(admin, new_id(), archive(["{}", "{broken"], members={"a/tools.json": b"<html>", "fine.json": b"[]", "deep.json": b"[" * 5000 + b"]" * 5000}))
            self.assertCode(answer, 400, "dlp_uninspectable", "Files of the session can't be inspected: they are no valid JSON, or the organisation's own patterns take too long for them",
                            files=["messages.jsonl", "a/tools.json", "deep.json"])
        self.policy(admin, custom_patterns=[{"name": "slow", "regex": "a(?:.*z)?"}])
        answer = self.sync(admin, new_id(), archive([text("user", "a" * 1000000)]))
        self.assertEqual((answer.status, answer.json()["error"]["details"]), (400, {"error": "dlp_uninspectable", "files": ["messages.jsonl"]}), answer)
        self.assertEqual(self.stats(admin)["total_scanned"], 0)

    def test_halves_of_characters_and_long_texts_are_inspected(self):
        admin, _ = self.org()
        self.policy(admin, enabled=True, mode="redact")
        long = "x" * (3 << 20)
        session = self.push(admin, content=archive(['{"role":"user","content":"\\ud83d ' + SECRET + '"}', json.dumps({"role": "user", "content": long + " " + SECRET})]))
        lines = [json.loads(line) for line in members(self.pull(admin, session).body)["messages.jsonl"].splitlines()]
        self.assertEqual(lines[0]["content"], "\ufffd " + MARK)
        self.assertEqual(lines[1]["content"], long + " " + MARK)


class SessionDlpOnSqlite(SessionDlp, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class SessionDlpOnPostgres(SessionDlp, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
