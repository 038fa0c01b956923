"""Every module forgets a removed account, whoever removed it: over HTTP, on the command line, and while the module was off. On SQLite and PostgreSQL."""
import itertools
import unittest

import forms
import support
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres

TIME_LIMIT = 300
MODULES = ["auth", "files", "scheduler", "skills"]
numbers = itertools.count(1)


class RemovedUsers(OnSqliteDatabase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.options = {**support.QUICK, **cls.database()}
        cls.serve(MODULES)
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.root = support.account(cls.server, "root")
        cls.server.run("user", "set-role", "root", "super_admin")

    @classmethod
    def serve(cls, modules):
        cls.server = MortiseServer({**cls.options, "modules.enabled": modules}).start()
        cls.options = cls.server.options

    def account(self):
        """The id of an account of which files, skills and auth keep something."""
        name = f"gone{next(numbers)}"
        token = support.account(self.server, name)
        user = forms.stored(self.server, token, name.encode(), "a.txt")["user_id"]
        self.sql(f"INSERT INTO skills_preferences (user_id, skill_id, enabled, updated_at) VALUES ('{user}', 'pdf', 0, 1)")
        self.sql(f"INSERT INTO auth_default_orgs (user_id, org_id) VALUES ('{user}', 'org_0123456789abcdef')")
        self.assertEqual(self.kept(user), ["1", "1", "1"])
        return user

    def kept(self, user):
        counts = [("files_files", "owner_id"), ("skills_preferences", "user_id"), ("auth_default_orgs", "user_id")]
        return [self.sql(f"SELECT COUNT(*) FROM {table} WHERE {column} = '{user}'")[0][0] for table, column in counts]

    def forgotten(self, user):
        support.wait_until(lambda: self.kept(user) == ["0", "0", "0"], 30, "every module to forget the account")

    def run_jobs(self):
        for module in ("auth", "files", "skills"):
            answer = support.request(self.server, "POST", f"/api/v1/scheduler/jobs/{module}.forget_users/actions/run", {}, token=self.root)
            self.assertEqual(answer.status, 200, answer)

    def test_removed_over_http(self):
        user = self.account()
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{user}", token=self.root).json()["code"], 200)
        self.forgotten(user)

    def test_removed_on_the_command_line_while_the_server_runs(self):
        user = self.account()
        self.server.run("user", "delete", user, "--yes")
        self.run_jobs()
        self.forgotten(user)

    def test_removed_while_the_server_was_down(self):
        user = self.account()
        self.server.stop()
        self.server.run("user", "delete", user, "--yes")
        self.serve(MODULES)
        self.run_jobs()
        self.forgotten(user)

    def test_removed_while_modules_were_off(self):
        user = self.account()
        self.server.stop()
        self.serve(["auth", "scheduler"])
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{user}", token=self.root).json()["code"], 200)
        self.assertEqual(self.kept(user)[:2], ["1", "1"])
        self.server.stop()
        self.serve(MODULES)
        self.run_jobs()
        self.forgotten(user)

    def test_many_at_once(self):
        users = [self.account() for _ in range(12)]
        for user in users:
            self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{user}", token=self.root).json()["code"], 200)
        # A removal during the last steps of a run may be left to the next one.
        support.wait_until(lambda: self.kept(users[0]) == ["0", "0", "0"], 30, "the first to be forgotten")
        for user in users:
            if self.kept(user) != ["0", "0", "0"]:
                self.run_jobs()
            self.forgotten(user)


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class RemovedUsersOnPostgres(OnPostgresDatabase, RemovedUsers):
    pass


if __name__ == "__main__":
    unittest.main()
