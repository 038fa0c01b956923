"""The unmodified `sfs` clients of PyPI, an old and the newest one, against our server: what people do with their sessions, on SQLite and PostgreSQL."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import support
from mortise_server import SLOW, MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres

TIME_LIMIT = 900
ENVIRONMENTS = pathlib.Path(__file__).resolve().parents[2] / "build"
LONG = os.environ.get("MORTISE_LONG") == "1"
NUMBERS = iter(range(1, 1 << 30))


class Person:
    """Somebody at a machine of their own: a home with a Claude Code, and the client."""

    def __init__(self, case, name, key=None):
        self.case, self.server = case, case.server
        self.email = f"{name}{next(NUMBERS)}@example.com"
        self.home = pathlib.Path(support.temporary_directory(case))
        self.project = self.home / "shop"
        (self.home / ".claude" / "projects" / "-home-shop").mkdir(parents=True)
        self.project.mkdir()
        git = lambda *words: subprocess.run(["git", "-C", str(self.project), *words], check=True, capture_output=True, env=self.environment())
        git("init", "-q")
        git("remote", "add", "origin", "git@github.com:Acme/Shop.git")
        if key:
            self.key = key
            self.sfs("auth", "login", "--url", self.server.base, "--key", key)
        else:
            self.sfs("auth", "signup", "--email", self.email, "--url", self.server.base)
            self.key = re.search(r"sk_sfs_[0-9a-f]{32}", self.configuration().read_text()).group()

    def configuration(self):
        return self.home / ".sessionfs" / "config.toml"

    def environment(self):
        return {**support.clean_environment(), "HOME": str(self.home), "COLUMNS": "400", "NO_COLOR": "1", "PATH": os.environ["PATH"]}

    def run(self, *words, input=None):
        return subprocess.run([str(self.case.program), *words], cwd=self.project, env=self.environment(), input=input or "", capture_output=True, text=True,
                              timeout=120 * SLOW)

    def sfs(self, *words, input=None):
        """The output of a command that succeeds."""
        done = self.run(*words, input=input)
        self.case.assertEqual(done.returncode, 0, f"sfs {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def fails(self, *words, input=None):
        done = self.run(*words, input=input)
        self.case.assertNotEqual(done.returncode, 0, f"sfs {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def work(self, session, messages):
        """Claude Code writes `messages` messages of the session, which is a UUID."""
        lines, parent = [], None
        for i in range(messages):
            role = "assistant" if i % 2 else "user"
            message = {"role": role, "content": f"Please mend the checkout of the shop, step {i}."}
            if role == "assistant":
                message = {"role": role, "content": [{"type": "text", "text": f"I have mended step {i}."}], "id": f"msg_{i}", "type": "message",
                           "model": "claude-sonnet-4-5", "usage": {"input_tokens": 10, "output_tokens": 5}}
            own = f"00000000-0000-4000-8000-{i:012x}"
            lines.append({"parentUuid": parent, "isSidechain": False, "userType": "external", "cwd": str(self.project), "sessionId": session, "version": "2.0.0",
                          "gitBranch": "main", "type": role, "message": message, "uuid": own, "timestamp": f"2026-11-28T10:{i // 60 % 60:02d}:{i % 60:02d}.000Z"})
            parent = own
        file = self.home / ".claude" / "projects" / "-home-shop" / f"{session}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def captured(self, messages=8):
        """The id of a session that the client has captured."""
        before = set(self.local())
        self.work(f"{next(NUMBERS):08x}-{next(NUMBERS):04x}-4000-8000-{time.time_ns() % (1 << 48):012x}", messages)
        self.sfs("import", "--from", "claude-code")
        (new,) = set(self.local()) - before
        return new

    def local(self):
        return [path.stem for path in (self.home / ".sessionfs" / "sessions").glob("ses_*.sfs")]

    def messages(self, session):
        return (self.home / ".sessionfs" / "sessions" / f"{session}.sfs" / "messages.jsonl").read_text().splitlines()

    def api(self, method, path, body=None, status=200):
        answer = support.request(self.server, method, f"/api/v1/{path}", body, token=self.key)
        self.case.assertEqual(answer.status, status, answer)
        return answer.json() if answer.body else None

    def at_another_machine(self):
        return Person(self.case, "again", key=self.key)


class Clients(OnSqliteDatabase):
    """The tests; subclasses choose client and database."""

    @classmethod
    def setUpClass(cls):
        cls.program = ENVIRONMENTS / f"sfs-{cls.VERSION}" / "bin" / "sfs"
        if not cls.program.exists():
            raise unittest.SkipTest(f"sfs {cls.VERSION} is not installed: ./dev setup --tests")
        cls.server = MortiseServer({**support.QUICK, **cls.database(), "auth.require_email_verification": "false", "limits.enabled": "false"},
                                   modules=["auth", "sync", "scheduler"]).start()
        cls.addClassCleanup(cls.server.stop)

    def test_an_account(self):
        ada = Person(self, "ada")
        self.assertIn(ada.email, ada.sfs("auth", "whoami"))
        self.assertIn(ada.email, ada.sfs("auth", "status"))
        self.assertIn(ada.email, ada.sfs("doctor"))
        made = ada.sfs("auth", "keys", "create", "--name", "laptop")
        self.assertIn("sk_sfs_", made)
        self.assertIn("laptop", ada.sfs("auth", "keys", "list"))

    def test_push_find_and_pull_on_a_second_machine(self):
        ada = Person(self, "ada")
        session = ada.captured(messages=8)
        self.assertIn("Created remote session", ada.sfs("push", session))
        self.assertIn("Updated remote session", ada.sfs("push", session))
        self.assertIn("claude-code", ada.sfs("list-remote"))
        self.assertIn("<mark>check", ada.sfs("search", "--cloud", "checkout").replace("\n", ""))
        self.assertIn("No", ada.sfs("search", "--cloud", "zebra"))
        second = ada.at_another_machine()
        second.sfs("pull", session)
        self.assertEqual(second.messages(session), ada.messages(session))
        detail = ada.api("GET", f"sessions/{session}")
        self.assertEqual((detail["source_tool"], detail["message_count"], detail["title"]),
                         ("claude-code", 8, "Please mend the checkout of the shop, step 0."))

    def test_a_push_of_what_somebody_changed_meanwhile_is_a_conflict(self):
        ada = Person(self, "ada")
        session = ada.captured()
        ada.sfs("push", session)
        second = ada.at_another_machine()
        second.sfs("pull", session)
        ada.sfs("push", session)
        self.assertRegex(second.fails("push", session).lower(), "conflict|changed|newer")
        second.sfs("pull", session, "--force")
        second.sfs("push", session)

    def test_aliases_trash_and_restore(self):
        ada = Person(self, "ada")
        session = ada.captured()
        ada.sfs("push", session)
        ada.api("PUT", f"sessions/{session}/alias", {"alias": "shop-checkout"})
        self.assertEqual(ada.api("GET", "sessions/shop-checkout")["id"], session)
        ada.sfs("delete", session, "--cloud", "--force")
        self.assertEqual(ada.api("GET", "sessions")["total"], 0)
        self.assertIn(session[:12], ada.sfs("trash"))
        ada.sfs("restore", session)
        self.assertEqual(ada.api("GET", "sessions")["total"], 1)
        ada.sfs("delete", session, "--everywhere", "--force")
        self.assertNotIn(session, ada.local())

    def test_a_session_deleted_elsewhere_comes_back_when_asked_for(self):
        ada = Person(self, "ada")
        session = ada.captured()
        ada.sfs("push", session)
        ada.api("DELETE", f"sessions/{session}?scope=cloud")
        ada.fails("push", session)
        self.assertEqual(ada.api("GET", "sessions")["total"], 0)

    def test_a_share_link(self):
        ada = Person(self, "ada")
        session = ada.captured()
        ada.sfs("push", session)
        link = ada.api("POST", f"sessions/{session}/share", {"password": "correct horse 7"}, status=201)
        token = link["url"].rsplit("/", 1)[1]
        answer = support.request(self.server, "GET", f"/api/v1/sessions/share/{token}")
        self.assertEqual(answer.status, 401)
        answer = support.request(self.server, "POST", f"/api/v1/sessions/share/{token}", {"password": "correct horse 7"})
        self.assertEqual((answer.status, answer.body[:2]), (200, b"\x1f\x8b"))
        ada.api("DELETE", f"sessions/{session}/share/{link['link_id']}", status=204)
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/sessions/share/{token}").status, 410)

    def test_a_handoff(self):
        ada, bob = Person(self, "ada"), Person(self, "bob")
        session = ada.captured()
        said = ada.sfs("handoff", session, "--to", bob.email, "--message", "yours now")
        handoff = re.search(r"hnd_[0-9a-f]{16}", said).group()
        self.assertIn(handoff, ada.sfs("handoffs", "sent"))
        self.assertIn(handoff, bob.sfs("handoffs", "inbox"))
        bob.sfs("handoffs", "comment", handoff, "--message", "thank you")
        self.assertIn("thank you", ada.sfs("handoffs", "comments", handoff))
        bob.sfs("pull-handoff", handoff)
        (copy,) = [one for one in bob.api("GET", "sessions")["sessions"]]
        self.assertEqual((copy["parent_session_id"], len(copy["etag"])), (session, 64))
        self.assertEqual(len(bob.local()), 1)
        events = ada.sfs("handoffs", "events", handoff)
        for event in ("created", "viewed", "commented", "claimed"):
            self.assertIn(event, events)
        bob.sfs("push", bob.local()[0])  # a copy is a session like any other
        second = re.search(r"hnd_[0-9a-f]{16}", ada.sfs("handoff", session, "--to", bob.email)).group()
        bob.sfs("handoffs", "decline", second, "--reason", "busy")
        third = re.search(r"hnd_[0-9a-f]{16}", ada.sfs("handoff", session, "--to", bob.email)).group()
        ada.sfs("handoffs", "revoke", third, "--reason", "a mistake")
        self.assertEqual({one["id"]: one["status"] for one in ada.api("GET", "handoffs/sent")["handoffs"]},
                         {handoff: "claimed", second: "declined", third: "revoked"})

    def test_the_watch_list(self):
        ada = Person(self, "ada")
        session = ada.captured()
        ada.sfs("push", session)
        ada.sfs("sync", "auto", "--mode", "selective")
        ada.sfs("sync", "watch", session)
        self.assertIn(session, ada.sfs("sync", "watchlist"))
        self.assertIn("selective", ada.sfs("sync", "status"))
        ada.sfs("sync", "unwatch", session)
        self.assertEqual(ada.api("GET", "sync/watchlist")["sessions"], [])

    def test_the_daemon_pushes_what_changes(self):
        ada = Person(self, "ada")
        ada.api("PUT", "sync/settings", {"mode": "all", "debounce_seconds": 5})
        name = "11111111-2222-4333-8444-555555555555"
        ada.work(name, 4)
        configuration = re.sub(r"(?m)^scan_interval_s = .*$", "scan_interval_s = 1.0", ada.configuration().read_text())
        ada.configuration().write_text(re.sub(r"(?m)^push_interval = .*$", "push_interval = 2", configuration))
        ada.sfs("daemon", "start")
        self.addCleanup(ada.run, "daemon", "stop")
        count = lambda: [one["message_count"] for one in ada.api("GET", "sessions")["sessions"]]
        seconds = (120 if LONG else 20) * SLOW
        started = time.monotonic()
        messages = 4
        while True:  # the session goes on while the daemon watches
            messages += 2
            ada.work(name, messages)
            if self.VERSION == "0.13.2":  # it queues what it captured while it ran only when it starts again
                ada.sfs("daemon", "restart")
            written = messages
            support.wait_until(lambda: count() == [written], 90 * SLOW, f"{written} messages to be pushed")
            if time.monotonic() - started > seconds:
                break
        ada.sfs("daemon", "stop")
        self.assertEqual(ada.api("GET", "sync/status")["total_sessions"], 1)

    def test_its_mcp_server(self):
        ada, bob = Person(self, "ada"), Person(self, "bob")
        session = ada.captured()
        ada.sfs("push", session)
        with Mcp(self, ada) as mcp:
            self.assertIn("search_sessions", mcp.tools())
            self.assertIn("step", mcp.call("get_session_summary", session_id=session) + mcp.call("search_sessions", query="checkout"))
            made = mcp.call("create_handoff", session_id=session, recipient_email=bob.email)
            handoff = re.search(r"hnd_[0-9a-f]{16}", made).group()
            self.assertIn(handoff, mcp.call("list_sent_handoffs"))
            self.assertIn(session, mcp.call("get_session_provenance", session_id=session))
        with Mcp(self, bob) as mcp:
            self.assertIn(handoff, mcp.call("list_inbox_handoffs"))
            self.assertIn("claimed", mcp.call("claim_handoff", handoff_id=handoff))


class Mcp:
    """The client's MCP server over stdio."""

    def __init__(self, case, person):
        self.case, self.folder = case, person.project
        self.process = subprocess.Popen([str(case.program), "mcp", "serve"], cwd=person.project, env=person.environment(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.number = 0

    def __enter__(self):
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
        self.send({"method": "notifications/initialized"})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30 * SLOW)
        self.process.stdout.close()

    def send(self, message):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def ask(self, method, parameters):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": parameters})
        while True:
            answer = json.loads(self.process.stdout.readline())
            if "method" in answer and "id" in answer:  # it asks where its client works, and waits for the answer
                self.case.assertEqual(answer["method"], "roots/list", answer)
                self.send({"id": answer["id"], "result": {"roots": [{"uri": self.folder.as_uri(), "name": self.folder.name}]}})
            if answer.get("id") == self.number and "method" not in answer:
                self.case.assertIn("result", answer, answer)
                return answer["result"]

    def tools(self):
        return [tool["name"] for tool in self.ask("tools/list", {})["tools"]]

    def call(self, tool, **arguments):
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        text = "".join(part.get("text", "") for part in result["content"])
        self.case.assertFalse(result.get("isError"), f"{tool}: {text}")
        return text


class Old(Clients, unittest.TestCase):
    VERSION = "0.13.2"


class New(Clients, unittest.TestCase):
    VERSION = "0.26.0"


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class OldOnPostgres(OnPostgresDatabase, Old):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class NewOnPostgres(OnPostgresDatabase, New):
    pass


if __name__ == "__main__":
    unittest.main()
