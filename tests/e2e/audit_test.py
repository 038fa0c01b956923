"""The audit trail and the commands that write it: `mortise user ...`, `mortise audit`, and the route, on SQLite and PostgreSQL."""
import contextlib
import json
import os
import pty
import subprocess
import time
import unittest
import urllib.parse

import support
from auth_admin_test import Administered
from auth_runtime_test import PASSWORD, Client, name
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres

TIME_LIMIT = 240
ENTRY = ["action", "actor", "at", "details", "id", "ip", "request_id", "target"]
DAY = 86400 * 1000000


class Trail:
    def options(self):
        return [argument for argument in self.server.arguments() if not argument.startswith("--http.")]

    def run_command(self, *words, input=None):
        return support.mortise(*words, *self.options(), input=input)

    def lines(self, *words):
        """What `mortise audit --json` prints."""
        done = self.run_command("audit", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def assertUsage(self, done, *words):
        self.assertEqual(done.returncode, 2, done)
        for word in words:
            self.assertIn(word, done.stderr)

    # --- reading

    def test_the_route_and_the_command_tell_the_same(self):
        user = self.account()
        self.sharing("PUT", f"/users/{user['id']}/tier", {"tier": "pro"})
        self.server.run("user", "set-role", user["id"], "viewer")
        target = f"user:{user['id']}"
        answer = self.sharing("GET", f"/audit-log?target={target}")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(sorted(answer.json), ["entries", "limit", "skip", "total"])
        entries = answer.json["entries"]
        self.assertEqual((answer.json["total"], answer.json["skip"], answer.json["limit"]), (3, 0, 100))
        self.assertEqual([(entry["action"], entry["actor"], entry["details"]) for entry in entries],
                         [("user.role_changed", "operator", {"from": "user", "to": "viewer"}),
                          ("auth.tier_changed", self.admin["id"], {"from": "enterprise", "to": "pro"}),
                          ("auth.account_created", "", {"through": "registration"})])
        for entry in entries:
            self.assertEqual(sorted(entry), ENTRY)
            self.assertRegex(entry["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual((entries[0]["ip"], entries[0]["request_id"]), ("", ""))
        self.assertEqual(entries[1]["ip"], self.admin["client"].address)
        self.assertEqual(self.lines("--target", target), entries)
        self.assertEqual(self.lines("--target", user["user"]["username"]), entries, "a user may be named")
        self.assertEqual(self.lines("--target", target, "--actor", self.admin_name), entries[1:2])
        text = self.run_command("audit", "--target", target).stdout.splitlines()
        self.assertEqual(len(text), 3)
        self.assertRegex(text[0], rf"^\S+Z  operator  user\.role_changed  {target}  -  -  {{.*}}$")

    def test_filters(self):
        user = self.account()
        self.server.run("user", "set-status", user["id"], "inactive")
        self.server.run("user", "set-status", user["id"], "active")
        self.server.run("user", "set-role", user["id"], "viewer")
        target = {"target": f"user:{user['id']}"}
        every = self.trail(**target)
        both = every[:-1]
        self.assertEqual([entry["action"] for entry in every], ["user.role_changed", "user.status_changed", "user.status_changed", "auth.account_created"])
        self.assertEqual(self.trail(action="user.status_changed", **target), both[1:])
        self.assertEqual(self.trail(action="user.", **target), both, "all below a name")
        self.assertEqual(self.trail(action="auth.", **target), every[-1:])
        for action in ("user", "use.", "auth", "user.status"):
            self.assertEqual(self.trail(action=action, **target), [], action)
        self.assertEqual(self.trail(actor="operator", **target), both)
        self.assertEqual(self.trail(actor=self.admin["id"], **target), [])
        middle = both[1]["at"]
        self.assertEqual(self.trail(since=middle, **target)[-1]["at"] >= middle, True)
        self.assertTrue(all(entry["at"] < middle for entry in self.trail(until=middle, **target)))
        ahead = urllib.parse.quote(middle.replace("Z", "+00:00"))
        self.assertEqual(self.trail(since=ahead, **target), self.trail(since=middle, **target))
        self.assertEqual(self.trail(until="2020-01-01", **target), [])
        self.assertEqual(self.trail(since="2020-01-01", **target), every)
        self.assertEqual(self.lines("--target", target["target"], "--since", "1h"), every)
        self.assertEqual(self.lines("--target", target["target"], "--until", "1h"), [])
        self.assertEqual(self.trail(skip=1, limit=1, **target), both[1:2])
        done = self.run_command("audit", "--target", target["target"], "--limit", "1")
        self.assertEqual((len(done.stdout.splitlines()), done.stderr.splitlines()[1:]), (1, ["3 older entries are left out; see --limit"]))

    def test_what_is_no_filter_is_refused(self):
        for query in ("action=Not%20An%20Action", "since=yesterday-ish", "until=2026-13-01", "since=2026-02-30T00:00:00Z", "limit=0", "limit=1001", "skip=-1"):
            with self.subTest(query):
                answer = self.sharing("GET", "/audit-log?" + query)
                self.assertEqual((answer.status, answer.json["error"]["code"]), (422, "422"), answer)
                self.assertEqual(answer.json["error"]["details"]["errors"][0]["loc"], ["query", query.split("=")[0]])
        self.assertUsage(self.run_command("audit", "--since", "yesterday"), "--since", "yesterday", "24h")
        self.assertUsage(self.run_command("audit", "--limit", "0"), "--limit")
        self.assertUsage(self.run_command("audit", "--target", "nobody-here"), "nobody-here")

    def test_who_may_read_it(self):
        user = self.account()
        self.assertShared(Client(self.server).call("GET", "/admin/audit-log"), 401)
        self.assertShared(self.sharing("GET", "/audit-log", caller=user["client"]), 403)
        self.assertShared(self.sharing("GET", "/audit-log?since=nonsense", caller=user["client"]), 403)

    # --- writing

    def test_every_command_writes_its_row(self):
        made = name("cli")
        done = self.run_command("user", "create", made, "--email", f"{made}@Example.com", "--password-stdin", input=PASSWORD + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        user = done.stdout.strip()
        key = self.sharing("POST", f"/users/{user}/api-keys", {}).json
        steps = [(("set-status", made, "inactive"), None, "user.status_changed", {"from": "active", "to": "inactive"}),
                 (("set-status", made, "active"), None, "user.status_changed", {"from": "inactive", "to": "active"}),
                 (("set-role", f"{made}@example.com", "viewer"), None, "user.role_changed", {"from": "user", "to": "viewer"}),
                 (("set-tier", made, "pro"), None, "user.tier_changed", {"from": "enterprise", "to": "pro"}),
                 (("set-password", user, "--password-stdin"), "another horse 8\n", "user.password_set", {"api_keys": 1, "api_keys_ended": False}),
                 (("sign-out", made), None, "user.signed_out", {"keys": 0}),
                 (("sign-out", made, "--keys"), None, "user.signed_out", {"keys": 1}),
                 (("set-password", user, "--password-stdin", "--keys"), "another horse 9\n", "user.password_set", {"api_keys": 0, "api_keys_ended": True}),
                 (("delete", made, "--yes"), None, "user.deleted", {"role": "viewer"})]
        for words, given, _, _ in steps:
            done = self.run_command("user", *words, input=given)
            self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
            self.assertIn(user, done.stdout)
            self.assertNotIn("horse", done.stdout + done.stderr)
        written = [(entry["action"], entry["details"]) for entry in self.lines("--actor", "operator", "--target", f"user:{user}")][::-1]
        self.assertEqual(written, [("user.created", {"role": "user"}), *[(action, details) for _, _, action, details in steps]])
        for token in (key["raw_key"],):
            self.assertEqual(Client(self.server, token=token).call("GET", "/users/me").status, 401)
        self.assertUsage(self.run_command("user", "show", made), made)

    def test_commands_act_on_the_next_request(self):
        def me(client):
            return client.call("GET", "/auth/me", prefix="/api").status

        user = self.account()
        made = user["user"]["username"]
        self.assertEqual(me(user["client"]), 200)
        self.server.run("user", "set-status", made, "banned")
        self.assertEqual(me(user["client"]), 403)
        self.server.run("user", "set-status", made, "active")
        self.assertEqual(me(user["client"]), 401, "signed out by the ban")
        for words in (("sign-out", made), ("delete", made, "--yes")):
            answer = Client(self.server).call("POST", "/auth/login", {"username": made, "password": PASSWORD}, prefix="/api")
            client = Client(self.server, token=self.assertOk(answer)["tokens"]["access_token"])
            self.assertEqual(me(client), 200)
            self.server.run("user", *words)
            self.assertEqual(me(client), 401, words)

    def test_show_tells_what_there_is_and_no_secret(self):
        made = name("shown")
        user = self.account(made, email=f"{made}@example.com")
        raw = self.sharing("POST", f"/users/{user['id']}/api-keys", {}).json["raw_key"]
        shown = self.server.run("user", "show", made)
        for line in (f"id: +{user['id']}", f"user name: +{made}", f"e-mail: +{made}@example.com", "role: +user", "status: +active", "tier: +enterprise",
                     "password: +set", "API keys: +1 in use, 1 in all", "organisation: +none", r"last login: +\d{4}-"):
            self.assertRegex(shown, rf"(?m)^{line}")
        self.assertNotIn("argon2", shown)
        self.assertNotIn(raw, shown)

    def test_wrong_words_are_refused_with_the_rule(self):
        user = self.account()["user"]["username"]
        self.assertUsage(self.run_command("user", "set-status", user, "gone"), "gone", "banned")
        self.assertUsage(self.run_command("user", "set-tier", user, "gold"), "gold", "enterprise")
        self.assertUsage(self.run_command("user", "delete", user), "--yes")
        self.assertUsage(self.run_command("user", "set-status", "nobody-here", "banned"), "nobody-here")
        self.assertUsage(self.run_command("user", "set-password", user, "--password-stdin", input="short\n"), "8")
        self.assertUsage(self.run_command("user", "set-password", user), "--password-stdin")
        for command in ("show", "set-role", "set-status", "set-tier", "set-password", "sign-out", "delete", "create", "list"):
            done = support.mortise("user", command, "--help")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"mortise user {command}", done.stdout)
        self.assertIn("--since", support.mortise("audit", "--help").stdout)

    def test_a_password_typed_at_a_terminal_is_not_shown(self):
        made = self.account()["user"]["username"]
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen([str(support.BINARY), "user", "set-password", made, *self.options()], stdin=theirs, stdout=theirs, stderr=theirs,
                                   start_new_session=True, env=support.clean_environment())
        os.close(theirs)
        seen = b""
        while b"Password: " not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, b"another horse 8\n")
        with contextlib.suppress(OSError):  # the terminal is gone when the program has ended
            while piece := os.read(ours, 1000):
                seen += piece
        self.assertEqual(process.wait(60), 0, seen)
        self.assertNotIn(b"horse", seen)
        self.assertOk(self.call("POST", "/api/auth/login", {"username": made, "password": "another horse 8"}))

    # --- keeping

    def test_old_rows_are_dropped_when_the_operator_says_so(self):
        self.sql("INSERT INTO mortise_audit (id, at, actor, action, target, details, ip, request_id) VALUES "
                 f"('old-1', 1, 'operator', 'user.created', '', '', '', ''), ('old-2', {int(time.time() * 1e6) - 3 * DAY}, 'operator', 'user.created', '', '', '', '')")
        self.assertEqual([entry["id"] for entry in self.trail(until="2000-01-01")], ["old-1"], "for ever unless told")
        keeper = MortiseServer({**self.server.options, "http.listen": "127.0.0.1:0", "audit.retention": "2d",
                                "data.dir": str(support.temporary_directory(self) / "data")}, modules=["auth"])
        keeper.options["db.url"] = self.database_url()
        keeper.start()
        self.addCleanup(keeper.stop)
        support.wait_until(lambda: self.trail(action="audit.expired"), 30, "the job that drops old rows")
        self.assertEqual(self.trail(until="2000-01-01"), [])
        entry = self.trail(action="audit.expired")[0]
        self.assertEqual((entry["actor"], entry["details"]["rows"]), ("kernel", 2))


class OnSqlite(Trail, OnSqliteDatabase, Administered):
    def database_url(self):
        return f"sqlite:{self.server.data}/mortise.db"


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, Trail, Administered):
    def database_url(self):
        return self.url


if __name__ == "__main__":
    unittest.main()
