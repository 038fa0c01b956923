"""Bookmarks: folders of captured sessions, whose they are, and what goes with a session."""
import concurrent.futures
import re
import unittest

import support
from captured_sessions import SessionFamily
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
NO_FOLDER, NO_BOOKMARK = "No such folder", "No such bookmark"


class Bookmarks:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING}

    def folder(self, caller, **body):
        answer = caller.post("/bookmarks/folders", {"name": "Later", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def bookmark(self, caller, folder, session):
        answer = caller.post("/bookmarks", {"folder_id": folder["id"], "session_id": session})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_folders_are_made_listed_changed_and_removed(self):
        ada = self.account("starter")
        first = self.folder(ada, color="#Ff0000")
        self.assertTrue(UUID.match(first["id"]), first)
        self.assertRegex(first["created_at"], MICROS)
        self.assertEqual(first, {"id": first["id"], "name": "Later", "color": "#Ff0000", "bookmark_count": 0, "created_at": first["created_at"]})
        second = self.folder(ada)
        self.assertIsNone(second["color"])
        for form in ("/bookmarks/folders", "/bookmarks/folders/"):
            self.assertOk(ada.get(form), {"folders": [first, second]})
        path = f"/bookmarks/folders/{first['id']}"
        self.assertOk(ada.put(path, {}), first)
        self.assertOk(ada.put(path, {"name": None, "color": None}), first)
        self.assertOk(ada.put(path, {"name": "Now", "color": "#00ff00"}), {**first, "name": "Now", "color": "#00ff00"})
        self.assertEqual((ada.delete(path).status, ada.delete(path).status), (204, 404))
        self.assertOk(ada.get("/bookmarks/folders"), {"folders": [second]})
        for answer in (ada.put(path, {"name": "x"}), ada.delete(path), ada.get(path + "/sessions")):
            self.assertPlain(answer, 404, NO_FOLDER)

    def test_what_breaks_a_rule(self):
        ada = self.account("starter")
        path = f"/bookmarks/folders/{self.folder(ada)['id']}"
        for body, field in (({"name": ""}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\nb"}, "name"), ({"color": "red"}, "color"), ({"color": "#12345"}, "color")):
            self.assertInvalid(ada.post("/bookmarks/folders", {"name": "Later", **body}), ("body", field))
            self.assertInvalid(ada.put(path, body), ("body", field))
        self.assertInvalid(ada.post("/bookmarks/folders", {}), ("body", "name"))
        self.assertInvalid(ada.post("/bookmarks", {}), ("body", "folder_id"), ("body", "session_id"))

    def test_sessions_are_put_into_folders_and_taken_out(self):
        ada = self.account("starter")
        folder, other = self.folder(ada), self.folder(ada)
        sessions = [self.push(ada, title="One"), self.push(ada, title="Two")]
        made = self.bookmark(ada, folder, sessions[0])
        self.assertTrue(UUID.match(made["id"]), made)
        self.assertEqual(made, {"id": made["id"], "folder_id": folder["id"], "session_id": sessions[0], "created_at": made["created_at"]})
        again = self.bookmark(ada, folder, sessions[1])
        self.bookmark(ada, other, sessions[0])
        self.assertPlain(ada.post("/bookmarks", {"folder_id": folder["id"], "session_id": sessions[0]}), 409, "The session is in the folder already")
        self.assertEqual([one["bookmark_count"] for one in ada.get("/bookmarks/folders").json()["folders"]], [2, 1])
        listed = ada.get(f"/bookmarks/folders/{folder['id']}/sessions").json()
        self.assertEqual((listed["total"], [(one["id"], one["title"], one["bookmark_id"], one["bookmarked_at"]) for one in listed["sessions"]]),
                         (2, [(sessions[1], "Two", again["id"], again["created_at"]), (sessions[0], "One", made["id"], made["created_at"])]))
        rows = {one["id"]: one for one in ada.get("/sessions").json()["sessions"]}
        for one in listed["sessions"]:
            self.assertEqual({name: one[name] for name in rows[one["id"]]}, rows[one["id"]], "a session as every list shows it")
        self.assertEqual((ada.delete(f"/bookmarks/{made['id']}").status, ada.delete(f"/bookmarks/{made['id']}").status), (204, 404))
        self.assertEqual([one["bookmark_count"] for one in ada.get("/bookmarks/folders").json()["folders"]], [1, 1])
        self.assertEqual(ada.delete(f"/bookmarks/folders/{other['id']}").status, 204)
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM sync_bookmarks WHERE folder_id = '{other['id']}'")[0][0]), 0)
        self.assertEqual(ada.get(f"/sessions/{sessions[0]}").status, 200, "the session stays")

    def test_a_session_in_the_trash_is_not_shown(self):
        ada = self.account("starter")
        folder, session = self.folder(ada), self.push(ada)
        self.bookmark(ada, folder, session)
        self.assertEqual(ada.delete(f"/sessions/{session}?scope=cloud").status, 200)
        self.assertOk(ada.get(f"/bookmarks/folders/{folder['id']}/sessions"), {"sessions": [], "total": 0})
        self.assertPlain(ada.post("/bookmarks", {"folder_id": self.folder(ada)["id"], "session_id": session}), 404)
        self.assertEqual(ada.post(f"/sessions/{session}/restore").status, 200)
        self.assertEqual(ada.get(f"/bookmarks/folders/{folder['id']}/sessions").json()["total"], 1)

    def test_everything_is_its_owners(self):
        ada, grace = self.account("starter"), self.account("enterprise")
        folder, session = self.folder(ada), self.push(ada)
        made = self.bookmark(ada, folder, session)
        own = self.folder(grace)
        path = f"/bookmarks/folders/{folder['id']}"
        for answer in (grace.put(path, {"name": "x"}), grace.delete(path), grace.get(path + "/sessions"), grace.post("/bookmarks", {"folder_id": folder["id"], "session_id": session})):
            self.assertPlain(answer, 404, NO_FOLDER)
        self.assertPlain(grace.delete(f"/bookmarks/{made['id']}"), 404, NO_BOOKMARK)
        self.assertEqual(grace.post("/bookmarks", {"folder_id": own["id"], "session_id": session}).status, 404)
        self.assertOk(grace.get("/bookmarks/folders"), {"folders": [own]})
        self.assertEqual(ada.get(path + "/sessions").json()["total"], 1)
        admin, org = self.org("team")
        answer = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["sessions:read"]})
        key = answer.json()["key"]
        self.assertEqual(support.request(self.server, "GET", "/api/v1/bookmarks/folders", token=key).status, 403)
        self.assertEqual(support.request(self.server, "GET", "/api/v1/bookmarks/folders").status, 401)

    def test_the_tier_pays_for_it(self):
        poor = self.account("free")
        calls = (("GET", "/folders", None), ("POST", "/folders", {"name": "x"}), ("PUT", "/folders/x", {}), ("DELETE", "/folders/x", None), ("GET", "/folders/x/sessions", None),
                 ("POST", "", {"folder_id": "x", "session_id": "y"}), ("DELETE", "/x", None))
        for method, path, body in calls:
            self.assertCode(poor.call(method, "/bookmarks" + path, body), 403, "upgrade_required", "This feature needs a higher tier", feature="bookmarks_cloud",
                            current_tier="free", required_tier="starter", upgrade_url=PRICING)

    def test_a_session_is_in_a_folder_once_however_many_put_it_there(self):
        ada = self.account("starter")
        folder, session = self.folder(ada), self.push(ada)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(lambda _: ada.post("/bookmarks", {"folder_id": folder["id"], "session_id": session}).status, range(8)))
        self.assertEqual(answers, [201] + [409] * 7)
        self.assertEqual(ada.get("/bookmarks/folders").json()["folders"][0]["bookmark_count"], 1)

    def test_there_is_an_end_to_it(self):
        ada = self.account("starter")
        folder, session = self.folder(ada), self.push(ada)
        self.sql(f"UPDATE sync_bookmark_folders SET bookmark_count = 1000 WHERE id = '{folder['id']}'")
        self.assertPlain(ada.post("/bookmarks", {"folder_id": folder["id"], "session_id": session}), 409, "A folder has no room for more than 1000 sessions")
        self.assertEqual(int(self.sql(f"SELECT bookmark_count FROM sync_bookmark_folders WHERE id = '{folder['id']}'")[0][0]), 1000)
        for number in range(199):
            self.sql(f"INSERT INTO sync_bookmark_folders (id, user_id, name, bookmark_count, created_at) VALUES ('f{number}-{ada.id}', '{ada.id}', 'x', 0, {number})")
        self.assertPlain(ada.post("/bookmarks/folders", {"name": "x"}), 409, "There is no room for more than 200 folders")


class OnSqlite(Bookmarks, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Bookmarks, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
