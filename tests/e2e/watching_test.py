"""What clients of session sharing push by themselves, the watch list, and what clients report of themselves."""
import unittest

import support
from captured_sessions import SessionFamily
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 300
MIB = 1 << 20


class Watching:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.csrf_exempt_bearer": "true"}

    # --- settings

    def test_settings_begin_with_defaults(self):
        self.assertOk(self.account().get("/sync/settings"), {"mode": "off", "debounce_seconds": 30, "max_member_bytes": 50 * MIB})
        self.assertOk(self.account("free").get("/sync/settings/"), {"mode": "off", "debounce_seconds": 30, "max_member_bytes": 10 * MIB})
        self.assertEqual(self.account("starter").get("/sync/settings").json()["max_member_bytes"], 50 * MIB)

    def test_settings_are_kept(self):
        ada = self.account()
        for sent, kept in (({"mode": "all"}, ("all", 30)), ({"mode": "selective", "debounce_seconds": 60}, ("selective", 60)), ({"mode": "selective"}, ("selective", 60)),
                           ({"mode": "off", "debounce_seconds": 1}, ("off", 5)), ({"mode": "all", "debounce_seconds": 301}, ("all", 300)),
                           ({"mode": "all", "debounce_seconds": "45"}, ("all", 45)), ({"mode": "all", "debounce_seconds": None}, ("all", 45)),
                           ({"mode": "all", "debounce_seconds": -5}, ("all", 5))):
            expected = {"mode": kept[0], "debounce_seconds": kept[1], "max_member_bytes": 50 * MIB}
            self.assertOk(ada.put("/sync/settings", sent), expected)
            self.assertOk(ada.get("/sync/settings"), expected)
        self.assertPlain(ada.put("/sync/settings", {"mode": "sometimes"}), 400, "mode must be off, all or selective")
        self.assertInvalid(ada.put("/sync/settings", {}), ("body", "mode"))
        self.assertInvalid(ada.put("/sync/settings", {"mode": "all", "debounce_seconds": "soon"}), ("body", "debounce_seconds"))
        self.assertEqual(ada.get("/sync/settings").json()["mode"], "all")

    def test_the_feature_comes_before_the_mode(self):
        poor = self.account("starter")
        for mode in ("all", "selective", "sometimes"):
            answer = poor.put("/sync/settings", {"mode": mode})
            details = answer.json()["error"]["details"]
            self.assertEqual((answer.status, details["error"], details["feature"], details["required_tier"]), (403, "upgrade_required", "autosync", "pro"))
        self.assertEqual(poor.put("/sync/settings", {"mode": "off", "debounce_seconds": 50}).json()["debounce_seconds"], 50)
        self.assertEqual(self.account("pro").put("/sync/settings", {"mode": "all"}).status, 200)

    # --- the watch list

    def watched(self, caller):
        answer = caller.get("/sync/watchlist")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["sessions"]

    def test_the_watch_list(self):
        ada, bob = self.account(), self.account()
        self.assertEqual(self.watched(ada), [])
        first, second, theirs = self.push(ada), self.push(ada, title="Wind the clock"), self.push(bob)
        self.assertOk(ada.post(f"/sync/watch/{first}"), {"status": "watching", "session_id": first})
        ada.put(f"/sessions/{second}/alias", {"alias": "clock"})
        self.assertOk(ada.post("/sync/watch/clock"), {"status": "watching", "session_id": second})
        self.assertOk(ada.put(f"/sync/watch/{first}/queued", None), {"status": "queued", "session_id": first})
        self.assertOk(ada.post(f"/sync/watch/{first}/"), {"status": "watching", "session_id": first})
        self.assertEqual(self.watched(ada), [
            {"session_id": second, "title": "Wind the clock", "source_tool": "claude-code", "message_count": 2, "status": "pending", "last_synced_at": None},
            {"session_id": first, "title": "Fix the clock", "source_tool": "claude-code", "message_count": 2, "status": "queued", "last_synced_at": None}])
        for name in (theirs, "ses_0000000000000000", "no-alias", "a.b"):
            self.assertNoSession(ada.post(f"/sync/watch/{name}"))
        for status in ("pending", "queued", "failed", "synced"):
            self.assertOk(ada.put(f"/sync/watch/{second}/{status}", None), {"status": status, "session_id": second})
        self.assertRegex(self.watched(ada)[0]["last_synced_at"], MICROS)
        self.assertPlain(ada.put(f"/sync/watch/{second}/done", None), 400, "The status must be pending, queued, synced or failed")
        self.assertOk(ada.put(f"/sync/watch/{theirs}/queued", None), {"status": "not_watched", "session_id": theirs})
        self.assertOk(ada.put("/sync/watch/clock/failed", None), {"status": "failed", "session_id": second})
        self.assertOk(bob.delete(f"/sync/watch/{first}"), {"status": "unwatched", "session_id": first})
        self.assertEqual(len(self.watched(ada)), 2)
        for _ in range(2):
            self.assertOk(ada.delete("/sync/watch/clock"), {"status": "unwatched", "session_id": second})
        self.assertEqual([one["session_id"] for one in self.watched(ada)], [first])
        ada.delete(f"/sessions/{second}?scope=cloud")
        self.assertNoSession(ada.post(f"/sync/watch/{second}"))

    # --- status

    def test_status_counts_live_sessions(self):
        ada = self.account()
        limit = lambda tier: self.account(tier).get("/sync/status").json()["storage_limit_bytes"]
        self.assertEqual([limit(tier) for tier in ("free", "starter", "pro", "team", "enterprise", "admin")],
                         [50 * MIB, 500 * MIB, 2048 * MIB, 1024 * MIB, 0, 0])
        nothing = {"mode": "off", "total_sessions": 0, "synced_sessions": 0, "watched_sessions": 0, "queued": 0, "failed": 0, "storage_used_bytes": 0,
                   "storage_limit_bytes": 0}
        self.assertOk(ada.get("/sync/status"), nothing)
        sessions = [self.push(ada) for _ in range(3)]
        for session, status in zip(sessions, ("queued", "failed", "failed")):
            ada.post(f"/sync/watch/{session}")
            ada.put(f"/sync/watch/{session}/{status}", None)
        ada.put("/sync/settings", {"mode": "selective"})
        sizes = sum(one["blob_size_bytes"] for one in ada.get("/sessions").json()["sessions"])
        self.assertOk(ada.get("/sync/status/"), {**nothing, "mode": "selective", "total_sessions": 3, "synced_sessions": 3, "watched_sessions": 3, "queued": 1, "failed": 2,
                                                 "storage_used_bytes": sizes})
        ada.delete(f"/sessions/{sessions[0]}?scope=cloud")
        self.assertEqual(ada.get("/sync/status").json()["total_sessions"], 2)

    # --- what clients report

    def test_health_of_watchers_is_kept(self):
        ada = self.account()
        watcher = {"name": "claude-code", "health": "degraded", "degraded_since": "2026-01-01T10:00:00Z", "last_error": "no such file", "sessions_tracked": 4}
        self.assertOk(ada.put("/sync/health", {"watchers": [watcher, {"name": "codex", "degraded_since": 17.5}]}), {"status": "ok", "watchers": 2})
        self.assertOk(ada.put("/sync/health/", {"watchers": []}), {"status": "ok", "watchers": 0})
        self.assertInvalid(ada.put("/sync/health", {}), ("body", "watchers"))
        self.assertInvalid(ada.put("/sync/health", {"watchers": [{}]}), ("body", "watchers", 0, "name"))
        self.assertInvalid(ada.put("/sync/health", {"watchers": [{"name": "x"}] * 101}), ("body", "watchers"))
        self.assertEqual(support.request(self.server, "PUT", "/api/v1/sync/health", {"watchers": []}).status, 401)

    def test_telemetry_is_counted_without_a_name(self):
        post = lambda body: support.request(self.server, "POST", "/api/v1/telemetry", body, {"Accept-Language": "en"})
        for event in ("install", "init_completed", "first_capture", "first_magic", "heartbeat", "capture_degraded"):
            self.assertOk(post({"event": event, "event_ts": "2026-01-01T10:00:00.123456+00:00", "tool": "claude-code", "install_id": "x", "tools": ["a"]}), {"status": "ok"})
        self.assertOk(post({"version": "0.13.2"}), {"status": "ok"})
        self.assertInvalid(post({"event": "other"}), ("body", "event"))
        self.assertInvalid(post({"event": "install", "event_ts": "yesterday"}), ("body", "event_ts"))
        self.assertInvalid(post({"event": "install", "tool": "x" * 51}), ("body", "tool"))
        metrics = support.request(self.server, "GET", "/metrics").body.decode()
        self.assertIn('mortise_sync_client_events_total{event="first_magic"} 1', metrics)
        self.assertIn('mortise_sync_client_events_total{event="none"} 1', metrics)


class OnSqlite(Watching, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Watching, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
