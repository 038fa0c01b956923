"""What other modules tell of accounts and organisations: the last client, the daemon's health, personas, storage."""
import unittest

import support
from captured_sessions import BOOK, WITH_BOOK, SessionFamily
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS


class Facts:
    """The tests; subclasses choose the database."""

    MODULES = WITH_BOOK
    OPTIONS = BOOK

    def test_me_tells_of_the_last_client_and_of_the_daemon(self):
        ada = self.account()
        empty = {"last_client_version": None, "last_client_platform": None, "last_client_device": None, "last_sync_at": None, "capture_health": None,
                 "represented_personas": []}
        me = ada.get("/auth/me").json()
        self.assertEqual({key: me[key] for key in empty}, empty)
        self.push(ada, headers={"X-Client-Version": "0.26.0", "X-Client-Platform": "linux", "X-Client-Device": "desk"})
        watchers = [{"name": "claude", "health": "healthy", "degraded_since": None, "last_error": None, "sessions_tracked": 3}]
        self.assertEqual(ada.put("/sync/health", {"watchers": watchers}).status, 200)
        for path in ("/auth/me", "/me"):
            me = ada.get(path).json()
            self.assertEqual((me["last_client_version"], me["last_client_platform"], me["last_client_device"]), ("0.26.0", "linux", "desk"))
            self.assertRegex(me["last_sync_at"], MICROS)
            self.assertEqual(me["capture_health"], watchers)

    def test_me_tells_which_personas_stand_for_the_caller(self):
        ada, org = self.org()
        personas = [{"id": "per_1", "name": "Ada", "role": "Reviewer", "org_id": org, "user_id": ada.id}, {"id": "per_2", "name": "Eve", "role": "x", "org_id": org, "user_id": "eve"}]
        self.assertEqual(support.request(self.server, "PUT", "/project-book", {"projects": [], "personas": personas}).status, 204)
        self.assertEqual(ada.get("/auth/me").json()["represented_personas"],
                         [{"persona_id": "per_1", "name": "Ada", "role": "Reviewer", "org_id": org, "org_name": "Analytical Engines"}])

    def test_an_organisation_tells_what_its_members_have_stored(self):
        ada, org = self.org()
        grace = self.member(ada)
        self.assertEqual(ada.get("/org").json()["org"]["storage_used_bytes"], 0)
        sizes = [self.detail(caller, self.push(caller))["blob_size_bytes"] for caller in (ada, grace, grace)]
        self.assertEqual(grace.get("/org").json()["org"]["storage_used_bytes"], sum(sizes))
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        self.assertEqual(ada.get("/org").json()["org"]["storage_used_bytes"], sizes[0])


class OnSqlite(Facts, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Facts, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
