"""What the agent's jobs remove: sessions and threads past their retention, and what an account leaves behind. On SQLite and PostgreSQL."""
import json
import time
import unittest

import support
from agent_sessions_test import AgentFamily, MODULES, ModelsStandIn, Said
from models_stand_in import Fault
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres

TIME_LIMIT = 240
TABLES = ("agent_events", "agent_inputs", "agent_memories", "agent_session_files", "agent_attachments")
DAY_MICROS = 86_400_000_000


class AgentUpkeep(AgentFamily):
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.server = MortiseServer({**cls.options(cls), **cls.database(), "agent.session_retention": "10d", "agent.chat_retention": "5d"}, modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.root = support.account(cls.server, "root")
        cls.server.run("user", "set-role", "root", "super_admin")

    def setUp(self):
        self.models.answer = lambda question: Said(json.dumps({"title": "T", "message": "m", "steps": []}))
        self.models.faults.clear()

    def call(self, method, path, body=None, token=None):
        return support.request(self.server, method, path, body, token=token or self.root)

    def run_job(self, name):
        self.assertEqual(self.call("POST", f"/api/v1/scheduler/jobs/{name}/actions/run").status, 200)

    def user(self, name):
        """(token, id)."""
        token = support.account(self.server, name)
        return token, self.data(self.call("GET", "/api/auth/me", token=token))["id"]

    def used(self, token):
        """A session and a thread in which something was said."""
        session = self.session(self.server, token)
        with self.say(self.server, token, session, "Hello") as stream:
            self.assertEqual(list(stream)[-1][0], "done")
        thread = self.call("POST", "/api/v1/agent-chats", {"message": "Hello"}, token).json()["session_id"]
        return session, thread

    def age(self, days, *sessions):
        for session in sessions:
            self.sql(f"UPDATE agent_sessions SET used_at = used_at - {days * DAY_MICROS} WHERE id = '{session}'")

    def left(self, session):
        """Rows of the session, by table."""
        counts = {table: int(self.sql(f"SELECT COUNT(*) FROM {table} WHERE session_id = '{session}'")[0][0]) for table in TABLES}
        counts["agent_sessions"] = int(self.sql(f"SELECT COUNT(*) FROM agent_sessions WHERE id = '{session}'")[0][0])
        return {table: count for table, count in counts.items() if count}

    def test_what_nobody_used_for_long_goes(self):
        token, user = self.user("ada")
        session, thread = self.used(token)
        old_session, old_thread = self.used(token)
        self.assertEqual(sorted(self.left(old_session)), ["agent_events", "agent_memories", "agent_sessions"])
        self.age(9, session)
        self.age(4, thread)
        self.age(11, old_session)
        self.age(6, old_thread)
        self.sql(f"INSERT INTO agent_token_days (user_id, day, tokens) VALUES ('{user}', {int(time.time()) // 86400 - 40}, 7)")
        self.run_job("agent.purge_sessions")
        support.wait_until(lambda: not self.left(old_session) and not self.left(old_thread), 30, "what is old to go")
        self.assertIn("agent_events", self.left(session))
        self.assertIn("agent_events", self.left(thread))
        support.wait_until(lambda: self.sql(f"SELECT COUNT(*) FROM agent_token_days WHERE user_id = '{user}'")[0][0] == "1", 20, "old days to go")
        self.assertEqual(self.call("GET", f"/api/sessions/{old_session}", token=token).status, 404)
        runs = support.wait_until(lambda: [run for run in self.data(self.call("GET", "/api/v1/scheduler/jobs/agent.purge_sessions/runs"))["items"]
                                           if "removed" in json.dumps(run)], 20, "the run's word")
        self.assertIn("removed 2 sessions", json.dumps(runs))

    def test_tasks_end_with_their_owners_account(self):
        self.models.faults += [Fault("hang")] * 4
        running = {}
        for name, status in (("dora", "banned"), ("eric", "inactive"), ("fay", "active"), ("gil", "banned")):
            token, user = self.user(name)
            session = self.session(self.server, token)
            with self.say(self.server, token, session, "Go on for ever") as stream:
                next(iter(stream))
            running[name] = (session, status, user)
        for _, status, user in running.values():
            self.assertEqual(self.call("PUT", f"/api/admin/users/{user}/status", {"status": status}).json()["code"], 200)
        self.run_job("agent.repair_sessions")
        for name, (session, status, user) in running.items():
            if status != "active":
                support.wait_until(lambda: self.detail(self.server, self.root, session)["status"] == "completed", 30, f"the task of {name} to end")
                self.assertEqual(self.detail(self.server, self.root, session)["events"][-1]["event"], "done")
        fay, _, user = running["fay"]
        self.assertEqual(self.detail(self.server, self.root, fay)["status"], "running", "hers goes on")
        self.assertEqual(self.call("POST", f"/api/sessions/{fay}/stop").status, 200)
        session, _, user = running["dora"]
        self.assertEqual(self.call("PUT", f"/api/admin/users/{user}/status", {"status": "active"}).json()["code"], 200)
        token = self.data(self.call("POST", "/api/auth/login", {"username": "dora", "password": "correct horse 7"}))["tokens"]["access_token"]
        self.models.faults.clear()
        with self.say(self.server, token, session, "Go on") as stream:
            self.assertEqual(list(stream)[-1][0], "done")

    def test_an_account_that_is_gone_leaves_its_sessions_to_administrators_and_nothing_else(self):
        token, user = self.user("bob")
        other, _ = self.user("carol")
        theirs, their_thread = self.used(other)
        session, thread = self.used(token)
        self.sql(f"INSERT INTO agent_tool_preferences (user_id, type, tool_id, enabled, updated_at) VALUES ('{user}', 'mcp', 'a', 0, 1)")
        self.models.faults.append(Fault("hang"))
        running = self.session(self.server, token)
        with self.say(self.server, token, running, "Go on for ever") as stream:
            events = iter(stream)
            next(events)
            answer = self.call("DELETE", f"/api/admin/users/{user}")
            self.assertEqual(answer.json()["code"], 200, answer)
            support.wait_until(lambda: not self.left(thread), 30, "the thread to go")
            list(events)  # ends with the account, if not with the task
        for kept in (session, running):
            support.wait_until(lambda kept=kept: self.sql(f"SELECT COUNT(*) FROM agent_sessions WHERE id = '{kept}' AND owner IS NULL AND run = ''")[0][0] == "1", 30,
                               "the session to be nobody's")
            detail = self.detail(self.server, self.root, kept)
            self.assertEqual((detail["status"], detail["events"][-1]["event"]), ("completed", "done"), kept)
        for table in ("agent_token_days", "agent_tool_preferences"):
            support.wait_until(lambda table=table: self.sql(f"SELECT COUNT(*) FROM {table} WHERE user_id = '{user}'")[0][0] == "0", 30, table)
        self.assertIn("agent_events", self.left(theirs))
        self.assertIn("agent_events", self.left(their_thread))


class AgentUpkeepOnSqlite(AgentUpkeep, OnSqliteDatabase, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class AgentUpkeepOnPostgres(AgentUpkeep, OnPostgresDatabase, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
