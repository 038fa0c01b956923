"""Every skill of hostile_bundles.py, installed over HTTP: refused with its reason, and nothing of it is left anywhere."""
import os
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from github_stand_in import GithubStandIn
from hostile_bundles import github_trees, hostile_bundles, hostile_tarballs
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres
from support import QUICK, account, request, temporary_directory

TIME_LIMIT = 300
NAME = "hostile_admin"


def everything_below(folder):
    return {str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")}


class HostileBundles(unittest.TestCase):
    @classmethod
    def database(cls):
        return {}

    def serve(self, **options):
        self.folder = temporary_directory(self)
        self.scratch = temporary_directory(self)  # the server's temporary directory, to find files unpacked there
        self.github = GithubStandIn().start()
        self.addCleanup(self.github.stop)
        self.server = MortiseServer({**QUICK, **self.database(), "skills.github_api": self.github.url, "skills.github_raw": self.github.raw,
                                     "skills.local_roots": [str(self.folder)], "http_client.allow_private": "true", **options},
                                    modules=["auth", "skills"], environment={"TMPDIR": str(self.scratch)}).start()
        self.addCleanup(self.server.stop)
        self.token = account(self.server, NAME)
        self.server.run("user", "set-role", NAME, "super_admin")
        self.root = self.server.data / "skills"

    def install(self, body):
        return request(self.server, "POST", "/api/v2/skills/install", body, {"Accept-Language": "en"}, self.token, timeout=60)

    def rows(self):
        """What the module's tables hold."""
        with sqlite3.connect(f"file:{next(self.server.data.glob('*.db'))}?mode=ro", uri=True) as database:
            tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'skills%'")]
            return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    def refuse_all(self, all_of_them):
        before = everything_below(self.root)
        rows = self.rows()
        count = 0
        for hostile in all_of_them:
            with self.subTest(hostile.name):
                answer = self.install(hostile.make())
                self.assertEqual(answer.status, hostile.status, answer)
                said = answer.json()
                self.assertEqual(said["code"], hostile.status)
                self.assertIn(hostile.reason, said["msg"])
                self.assertTrue(said["msg"].isprintable(), said["msg"])
                self.assertEqual(everything_below(self.root), before)
                self.assertEqual(os.listdir(self.scratch), [])
            count += 1
        self.assertEqual(self.rows(), rows)
        listed = request(self.server, "GET", "/api/v2/skills", token=self.token).json()
        self.assertEqual(listed["data"], {"skills": []})
        return count

    def test_all_are_refused_and_leave_nothing(self):
        self.serve()
        count = self.refuse_all(hostile_bundles(self.folder, self.github))
        self.measured = f"{count} bundles"
        self.assertGreater(count, 120)
        # The server works as before.
        good = self.folder / "good"
        good.mkdir()
        (good / "SKILL.md").write_text("# Good\n")
        self.assertEqual(self.install({"source_type": "local", "source_ref": str(good)}).json()["data"]["name"], "Good")
        self.assertFalse([path for path in everything_below(self.root) if "outside" in path])

    def test_tarballs_are_refused_and_leave_nothing(self):
        self.serve(**{"skills.github_method": "tarball"})
        self.assertGreater(self.refuse_all(hostile_tarballs(self.github, self.folder)), 10)

    def test_a_refusal_for_too_many_requests_says_when_to_come_back(self):
        self.serve()
        used_up = [one for one in github_trees(self.folder, self.github) if one.name == "gh-used-up"][0]
        answer = self.install(used_up.make()).json()
        self.assertEqual(answer["data"], {"reset_at": "2030-01-01T00:00:00Z"})

    def test_no_token_is_in_the_log(self):
        self.serve(**{"skills.github_token": "ghp_very-secret"})
        for hostile in github_trees(self.folder, self.github):
            if hostile.name.startswith("gh-redirect") or hostile.name.startswith("gh-foreign"):
                self.install(hostile.make())
        told = [headers.get("Authorization") for _, path, headers in self.github.requests if path.startswith("/repos/")]
        self.assertEqual(set(told), {"Bearer ghp_very-secret"})
        self.assertNotIn("ghp_very", self.server.output())


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class HostileBundlesOnPostgres(OnPostgresDatabase, HostileBundles):
    def rows(self):
        tables = self.postgres.sql("SELECT tablename FROM pg_tables WHERE tablename LIKE 'skills%'", self.database_name).split()
        return {table: self.postgres.sql(f"SELECT count(*) FROM {table}", self.database_name).strip() for table in tables}

    # These have nothing to do with the database.
    test_no_token_is_in_the_log = test_a_refusal_for_too_many_requests_says_when_to_come_back = None
    test_tarballs_are_refused_and_leave_nothing = None


if __name__ == "__main__":
    unittest.main()
