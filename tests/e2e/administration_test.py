"""Administrators of the server: sessions of everybody, the trash, the server's numbers, and what they record."""
import json
import unittest

from captured_sessions import SessionFamily
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 200


class Administration:
    """The tests; subclasses choose the database."""

    def admin(self):
        return self.account(role="super_admin")

    def assertNotFor(self, caller, *calls):
        for call in calls:
            answer = call(caller)
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "403"), answer)

    def test_for_administrators_alone(self):
        ada, org = self.org("enterprise")
        calls = (lambda who: who.get("/admin/sessions"), lambda who: who.delete("/admin/sessions/ses_00000000"), lambda who: who.post("/admin/purge-deleted"),
                 lambda who: who.get("/admin/stats"),
                 lambda who: who.post("/admin/audit-log", {"action": "a", "target_type": "b", "target_id": "c", "reason": "d"}))
        self.assertNotFor(ada, *calls)
        self.assertNotFor(self.account("free"), *calls)
        self.assertEqual(self.admin().post("/admin/purge-deleted").status, 200)

    # --- sessions

    def test_sessions_of_everybody_are_listed(self):
        root, ada, grace = self.admin(), self.account(), self.account()
        first, second, third = self.push(ada, tool="codex"), self.push(ada, tool="gemini-cli"), self.push(grace)
        mine = ada.get(f"/sessions/{first}").json()
        listed = root.get(f"/admin/sessions?user_id={ada.id}").json()
        self.assertEqual(sorted(listed), ["has_more", "page", "page_size", "sessions"])
        self.assertEqual([one["id"] for one in listed["sessions"]], [second, first])
        self.assertEqual(listed["sessions"][1], {"id": first, "user_id": ada.id, "source_tool": "codex", "model_id": "m1", "message_count": 2,
                                                 "blob_size_bytes": mine["blob_size_bytes"], "created_at": mine["created_at"], "updated_at": mine["updated_at"],
                                                 "is_deleted": False, "deleted_at": None, "purge_after": None})
        self.assertEqual([one["id"] for one in root.get("/admin/sessions/?page_size=1").json()["sessions"]], [third])
        self.assertEqual([one["id"] for one in root.get(f"/admin/sessions?user_id={ada.id}&source_tool=gemini").json()["sessions"]], [second])
        paged = [root.get(f"/admin/sessions?user_id={ada.id}&page_size=1&page={page}").json() for page in (1, 2, 3)]
        self.assertEqual([([one["id"] for one in page["sessions"]], page["has_more"]) for page in paged], [([second], True), ([first], False), ([], False)])
        for query, field in (("page=0", "page"), ("page=1001", "page"), ("page_size=201", "page_size"), ("page_size=0", "page_size"), ("deleted=maybe", "deleted")):
            self.assertInvalid(root.get(f"/admin/sessions?{query}"), ("query", field))

    def test_a_session_is_put_into_the_trash_and_removed(self):
        root, ada = self.admin(), self.account()
        session = self.push(ada)
        size = self.detail(ada, session)["blob_size_bytes"]
        self.assertPlain(root.post("/admin/purge-deleted", {"session_id": session}), 409, "The session is not in the trash")
        gone = root.delete(f"/admin/sessions/{session}")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertNoSession(ada.get(f"/sessions/{session}"))
        self.assertPlain(root.delete(f"/admin/sessions/{session}"), 410, "The session was deleted already")
        self.assertNoSession(root.delete("/admin/sessions/ses_00000000"))
        self.assertEqual([one["is_deleted"] for one in root.get(f"/admin/sessions?user_id={ada.id}&deleted=true").json()["sessions"]], [True])
        self.assertEqual(ada.post(f"/sessions/{session}/restore").status, 200, "its user may take it out again")
        root.delete(f"/admin/sessions/{session}")
        self.assertOk(root.post("/admin/purge-deleted", {"session_id": session}), {"purged": 1, "freed_bytes": size, "errors": 0, "remaining": False})
        self.assertNoSession(root.post("/admin/purge-deleted", {"session_id": session}))
        self.assertPlain(ada.post(f"/sessions/{session}/restore"), 410)
        self.assertEqual(self.sql(f"SELECT id FROM sync_captured_sessions WHERE id = '{session}'"), [])

    def test_the_trash_is_emptied_of_what_is_over(self):
        root, ada = self.admin(), self.account()
        due, young = self.push(ada), self.push(ada)
        for session in (due, young):
            root.delete(f"/admin/sessions/{session}")
        root.post("/admin/purge-deleted")
        self.sql(f"UPDATE sync_captured_sessions SET purge_after = 1 WHERE id = '{due}'")
        for body, purged in ((None, 1), ({}, 0), ({"session_id": None}, 0)):
            self.assertEqual(root.post("/admin/purge-deleted", body).json()["purged"], purged)
        self.assertEqual(ada.post(f"/sessions/{young}/restore").status, 200)
        actions = [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE target = 'session:{due}' ORDER BY at, id")]
        self.assertEqual(actions, ["sync.session_deleted", "sync.session_purged"])

    def test_the_servers_numbers(self):
        root, ada = self.admin(), self.account()
        kept, thrown = self.push(ada, tool="codex"), self.push(ada)
        root.delete(f"/admin/sessions/{thrown}")
        stats = root.get("/admin/stats").json()
        self.assertEqual(sorted(stats), ["counted_at", "orgs", "sessions", "storage", "users"])
        self.assertRegex(stats["counted_at"], MICROS)
        count = lambda query: int(self.sql(query)[0][0])
        live = [count(f"SELECT {what} FROM sync_captured_sessions WHERE is_deleted = 0") for what in ("COUNT(*)", "SUM(blob_size_bytes)")]
        self.assertEqual((stats["sessions"]["total"], stats["storage"]["used_bytes"]), (live[0], live[1]))
        self.assertEqual(stats["sessions"]["deleted"], count("SELECT COUNT(*) FROM sync_captured_sessions WHERE is_deleted = 1"))
        self.assertGreaterEqual(stats["sessions"]["by_tool"]["codex"], 1)
        self.assertEqual(sum(stats["sessions"]["by_tool"].values()), stats["sessions"]["total"])
        self.assertEqual(stats["users"]["total"], count("SELECT COUNT(*) FROM mortise_users"))
        self.assertEqual(stats["orgs"]["total"], count("SELECT COUNT(*) FROM mortise_orgs"))
        self.push(ada)
        self.assertEqual(root.get("/admin/stats").json(), stats, "counted once a minute at most")

    # --- the audit trail

    def test_what_was_done_elsewhere_is_recorded(self):
        root = self.admin()
        body = {"action": "restored_backup", "target_type": "org", "target_id": "org_1", "reason": "Asked for.", "before_state": {"tier": "pro"}, "after_state": None}
        made = root.post("/admin/audit-log", body)
        self.assertEqual(made.status, 201, made)
        self.assertEqual(made.json(), {**body, "admin_id": root.id, "source": "operator_record"})
        row = self.sql("SELECT actor, action, details FROM mortise_audit WHERE target = 'org:org_1'")[0]
        self.assertEqual((row[0], row[1], json.loads(row[2])), (root.id, "auth.action_recorded",
                         {"action": "restored_backup", "reason": "Asked for.", "before_state": {"tier": "pro"}, "after_state": None}))
        for wrong, field in (({"action": ""}, "action"), ({"action": "A"}, "action"), ({"action": "x" * 51}, "action"), ({"target_type": "a b"}, "target_type"),
                             ({"target_type": "x" * 21}, "target_type"), ({"target_id": ""}, "target_id"), ({"target_id": " x"}, "target_id"), ({"target_id": "a\nb"}, "target_id"),
                             ({"target_id": "x" * 65}, "target_id"), ({"reason": ""}, "reason"), ({"reason": "x" * 501}, "reason"), ({"before_state": []}, "before_state"),
                             ({"after_state": {"a": "x" * 16384}}, "after_state"), ({"before_state": {"a": "x" * 16384}}, "before_state"),
                             ({"reason": " "}, "reason"), ({"reason": "\u00a0\t"}, "reason")):
            with self.subTest(str(wrong)[:50]):
                self.assertInvalid(root.post("/admin/audit-log", {**body, **wrong}), ("body", field))
        self.assertInvalid(root.post("/admin/audit-log", {}), ("body", "action"), ("body", "target_type"), ("body", "target_id"), ("body", "reason"))


class OnSqlite(Administration, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Administration, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
