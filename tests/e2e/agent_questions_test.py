"""Tools that ask the user in the middle of their call: forms of MCP servers of both eras, by the official packages, through sessions of a server. On SQLite and
PostgreSQL, and with two servers."""
import json
import os
import signal
import threading
import time
import unittest

import support
from agent_configuration_test import EVERYTHING, PEERS
from agent_sessions_test import LEASE_SECONDS, MODULES, AgentFamily, Call, ModelsStandIn, Said, Stream, planner_says
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres, Redis

TIME_LIMIT = 400
SERVERS = {"all": {"command": "node", "args": [str(EVERYTHING), "stdio"]}, "new": {"command": "node", "args": [str(PEERS / "mcp_modern.mjs"), "stdio"]}}
FORM = "mcp_all_trigger-elicitation-request"
DEPLOY = "mcp_new_deploy"


class Questions(AgentFamily):
    """What the cases share."""

    @classmethod
    def begin(cls, options):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.server = cls.serve(cls, {**cls.options(cls), "agent.mcp_trusted": "all, new", **options})
        cls.root = support.account(cls.server, "root")
        cls.server.run("user", "set-role", "root", "super_admin")
        added = support.request(cls.server, "POST", "/api/app-config/mcp-servers", {"mcpServers": SERVERS}, token=cls.root)
        assert added.status == 200, added
        cls.token = support.account(cls.server, "ada")

    def serve(self, options):
        server = MortiseServer(options, modules=MODULES).start()
        (self.addClassCleanup if isinstance(self, type) else self.addCleanup)(lambda: server.stop())
        return server

    def calls(self, function, arguments=None, before=None):
        """The model's one step calls a tool; what it was given back comes into `self.results`."""
        self.results = []

        def answer(question):
            role, text = question.texts[-1]
            if role == "tool":
                self.results.append(json.loads(text))
            if "Carry out this step" in text:
                if before:
                    before()
                return Said(calls=[Call(function, arguments or {})])
            return planner_says(question)
        self.models.answer = answer

    def say(self, server, token, session, text, **more):
        return Stream(server, f"/api/sessions/{session}/chat", token, {"message": text, **more}, headers={"Accept-Language": "en"})

    def talk(self, session, text, server=None, token=None, **more):
        with self.say(server or self.server, token or self.token, session, text, **more) as stream:
            self.assertEqual(stream.status, 200)
            return list(stream)

    def kinds(self, seen):
        names = []
        for kind, _, data in seen:
            if not data.get("partial"):
                names.append(kind + (":" + data["role"] if kind == "message" else ":" + data["status"] if kind in ("tool", "step") else ""))
        return names

    def question(self, seen):
        self.assertEqual(self.kinds(seen)[-2:], ["message:assistant", "wait"], seen[-3:])
        return seen[-2][2]["message"]

    def asked(self, function, arguments=None, server=None):
        """(session, events): a session that waits for the answer to a tool's question."""
        server = server or self.server
        self.calls(function, arguments)
        session = self.session(server, self.token)
        seen = self.talk(session, "Go", server)
        self.question(seen)
        self.assertEqual(self.status(session, server), "waiting")
        return session, seen

    def status(self, session, server=None):
        return self.detail(server or self.server, self.token, session)["status"]

    def content(self, seen):
        return next(data["content"] for kind, _, data in seen if kind == "tool" and data["status"] == "called")

    def children(self, server=None):
        metrics = support.request(server or self.server, "GET", "/metrics", token=self.root).body.decode()
        return next(line.split()[-1] for line in metrics.splitlines() if line.startswith("mortise_agent_mcp_children "))


class InOneServer(Questions):
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.begin(cls.database())

    def test_a_form_is_asked_for_field_by_field_and_the_same_call_goes_on(self):
        session, seen = self.asked(FORM)
        self.assertEqual(self.kinds(seen), ["message:user", "title", "message:assistant", "plan", "step:running", "tool:calling", "message:assistant", "wait"])
        self.assertTrue(self.question(seen).startswith('The tool server "all" asks:\nPlease provide inputs'), self.question(seen))
        self.assertIn("(1/13) String: Your full, legal name", self.question(seen))
        # Nobody works on it: a client that attaches gets what it misses, and the end.
        for body, missed in (({}, 0), ({"event_id": seen[-1][1]}, 0), ({"event_id": seen[-2][1]}, 1)):
            with Stream(self.server, f"/api/sessions/{session}/chat", self.token, body) as stream:
                self.assertEqual(len(list(stream)), missed)
        answers = {"(1/13)": "Ada", "(2/13)": "yes", "(4/13)": "ada@example.com", "(7/13)": "7", "(10/13)": "piano, 4"}
        turns = 0
        while seen[-1][0] == "wait":
            text = self.question(seen)
            said = next((answer for place, answer in answers.items() if place in text), "-")
            if "(4/13)" in text and turns == 3:
                said = "nobody"
            if turns == 4:
                self.assertTrue(text.startswith("That answer does not fit. It must be an e-mail address."), text)
            turns += 1
            self.assertLess(turns, 20)
            seen += self.talk(session, said, event_id=seen[-1][1])
        self.assertEqual(turns, 14)
        self.assertEqual(self.kinds(seen)[-8:], ["message:user", "tool:called", "step:completed", "message:assistant", "plan", "message:assistant", "plan", "done"])
        for line in ("Name: Ada", "Agreed to terms: true", "Email: ada@example.com", "Favorite Integer: 7", "Favorite Number: 3.14", '"Piano"', '"Drums"', '"action": "accept"'):
            self.assertIn(line, self.content(seen)["result"])
        self.assertTrue(self.results[0]["success"])
        detail = self.detail(self.server, self.token, session)
        self.assertEqual(detail["status"], "completed")
        self.assert_whole(seen, detail["events"])
        self.assertEqual(sum(event["event"] == "tool" for event in detail["events"]), 2, "one call")

    def test_a_form_can_be_declined_and_cancelled(self):
        for word, told in (("decline", "User declined"), ("cancel", "User cancelled"), ("取消", "User cancelled")):
            session, seen = self.asked(FORM)
            seen += self.talk(session, word, event_id=seen[-1][1])
            self.assertEqual(seen[-1][0], "done")
            self.assertIn(told, self.content(seen)["result"])

    def test_a_result_of_the_newer_form_that_wants_input_is_asked_for(self):
        session, seen = self.asked(DEPLOY, {"env": "prod"})
        self.assertIn('The tool server "new" asks:\nDeploy to prod?', self.question(seen))
        seen += self.talk(session, "yes", event_id=seen[-1][1])
        self.assertIn("(2/2) region\n1. north\n2. south", self.question(seen))
        seen += self.talk(session, "2", event_id=seen[-1][1])
        self.assertEqual(seen[-1][0], "done")
        self.assertEqual(self.content(seen)["result"], "deployed to prod, south: true")
        self.assert_whole(seen, self.detail(self.server, self.token, session)["events"])

    def test_chinese_sessions_are_asked_in_chinese(self):
        self.calls(DEPLOY, {"env": "prod"})
        session = self.session(self.server, self.token)
        answer = support.request(self.server, "POST", f"/api/sessions/{session}/chat", {"message": "部署"}, {"Accept-Language": "zh-CN"}, token=self.token)
        self.assertIn("工具服务器“new”询问：", answer.body.decode())
        self.data(support.request(self.server, "POST", f"/api/sessions/{session}/stop", token=self.token))

    def test_what_was_written_before_the_question_is_no_answer_to_it(self):
        reached, go = threading.Event(), threading.Event()

        def hold():
            reached.set()
            self.assertTrue(go.wait(60))
        self.calls(DEPLOY, {"env": "prod"}, before=hold)
        session = self.session(self.server, self.token)
        with self.say(self.server, self.token, session, "Go") as stream:
            self.assertTrue(reached.wait(60))
            with self.say(self.server, self.token, session, "yes") as early:
                go.set()
                self.question(list(early))
            self.assertEqual(self.question(list(stream)).count("asks:"), 1)
        self.assertEqual(self.status(session), "waiting")
        seen = self.talk(session, "no")
        seen += self.talk(session, "1", event_id=seen[-1][1])
        self.assertEqual(self.content(seen)["result"], "deployed to prod, north: false")
        # The early message has its own round.
        self.assertEqual(self.kinds(seen).count("title"), 1)
        self.assertEqual(self.question(seen).count("asks:"), 1)
        self.data(support.request(self.server, "POST", f"/api/sessions/{session}/stop", token=self.token))

    def test_a_stop_ends_the_question_and_the_program(self):
        for end in ("stop", "delete"):
            session, _ = self.asked(FORM)
            before = time.monotonic()
            self.data(support.request(self.server, "POST", f"/api/sessions/{session}/{end}", token=self.token))
            if end == "stop":
                self.assertEqual(self.status(session), "completed")
                self.assertEqual(self.detail(self.server, self.token, session)["events"][-1]["event"], "done")
            self.measured = f"ended after {time.monotonic() - before:.1f} s"
            self.assertLess(time.monotonic() - before, 20)
            support.wait_until(lambda: self.children() == "0", 30, "the programs to end")
            if end == "stop":
                time.sleep(1)
                self.assertEqual(self.detail(self.server, self.token, session)["events"][-1]["event"], "done", "nothing follows")
                seen = self.talk(session, "Again")
                self.assertIn("title", self.kinds(seen), "a new round")
                self.data(support.request(self.server, "POST", f"/api/sessions/{session}/stop", token=self.token))

    def test_nobody_is_asked_in_a_run_of_agent_chats(self):
        self.calls(DEPLOY, {"env": "prod"})
        self.models.answer, with_plan = (lambda question: with_plan(question) if question.texts[-1][0] == "tool" else Said(calls=[Call(DEPLOY, {"env": "prod"})])), self.models.answer
        run = support.request(self.server, "POST", "/api/v1/agent-chats", {"message": "Go"}, token=self.token).json()
        results = [event["result"] for event in run["events"] if event["type"] == "TOOL_CALL_RESULT"]
        self.assertEqual(len(results), 1, run)
        self.assertIn("client capabilities do not declare", results[0])
        # A server offers no tool that only asks.
        offered = json.dumps(self.models.questions[-1].body)
        self.assertIn("mcp_all_echo", offered)
        self.assertNotIn(FORM, offered)

    def test_a_question_outlives_its_server(self):
        for end in (signal.SIGKILL, signal.SIGTERM):
            session, seen = self.asked(DEPLOY, {"env": "prod"})
            os.kill(self.server.pid, end)
            self.server.stop()
            type(self).server = self.serve.__func__(type(self), self.server.options)
            time.sleep(LEASE_SECONDS + 1)  # until then its server might live
            detail = self.detail(self.server, self.token, session)
            self.assertEqual(detail["status"], "waiting", end)
            self.assert_whole(seen, detail["events"])
            with Stream(self.server, f"/api/sessions/{session}/chat", self.token, {"event_id": seen[-1][1]}) as stream:
                self.assertEqual(list(stream), [])
            seen += self.talk(session, "yes, south", event_id=seen[-1][1])
            self.assertEqual(seen[-1][0], "done")
            self.assertNotIn("error", self.kinds(seen))
            self.assertEqual(self.kinds(seen).count("title"), 1, "the same plan")
            self.assertFalse(self.results[0]["success"])
            self.assertIn("broke off", self.results[0]["message"])
            self.assertEqual(self.results[0]["data"], "yes, south")
            self.assert_whole(seen, self.detail(self.server, self.token, session)["events"])

    def test_what_goes_with_a_server_in_the_middle_of_a_question_is_told(self):
        reached, go = threading.Event(), threading.Event()

        def hold():
            reached.set()
            self.assertTrue(go.wait(60))
        self.calls(DEPLOY, {"env": "prod"}, before=hold)
        session = self.session(self.server, self.token)
        with self.say(self.server, self.token, session, "Go") as stream:
            self.assertTrue(reached.wait(60))
            with self.say(self.server, self.token, session, "And then the other one"):
                go.set()
                self.question(list(stream))
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.stop()
        type(self).server = self.serve.__func__(type(self), self.server.options)
        support.wait_until(lambda: self.status(session) == "completed", 60, "the session to end")
        self.assertEqual(self.detail(self.server, self.token, session)["events"][-1]["event"], "error")


@unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
class OnSqlite(InOneServer, OnSqliteDatabase, unittest.TestCase):
    pass


@unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class OnPostgresql(InOneServer, OnPostgresDatabase, unittest.TestCase):
    pass


@unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
class WithoutAnAnswer(Questions, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.begin({"agent.question_timeout": "2s"})

    def test_a_question_that_nobody_answers_is_cancelled(self):
        self.calls(FORM)
        session = self.session(self.server, self.token)
        seen = self.talk(session, "Go")
        self.question(seen)
        support.wait_until(lambda: self.status(session) == "completed", 60, "the task to go on")
        events = self.detail(self.server, self.token, session)["events"]
        self.assertEqual(events[-1]["event"], "done")
        called = next(event["data"] for event in events if event["event"] == "tool" and event["data"]["status"] == "called")
        self.assertIn("User cancelled", called["content"]["result"])


@unittest.skipUnless(EVERYTHING.exists(), "tools/peers is not installed; ./dev setup --tests does it")
@unittest.skipUnless(Postgres.available() and Redis.available(), "PostgreSQL or Redis is not installed")
class WithTwoServers(Questions, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        postgres = Postgres().start()
        cls.addClassCleanup(postgres.stop)
        redis = Redis().start()
        cls.addClassCleanup(redis.stop)
        stores = {"db.url": postgres.url(), "cache.url": redis.url}
        cls.begin(stores)
        cls.shared = {**cls.options(cls), **stores, "agent.mcp_trusted": "all, new", "identity.secret_file": cls.server.data / "secret"}
        cls.second = cls.serve(cls, cls.shared)

    def test_an_answer_reaches_the_call_on_the_other_server(self):
        session, seen = self.asked(DEPLOY, {"env": "prod"})
        self.assertEqual(self.status(session, self.second), "waiting")
        time.sleep(LEASE_SECONDS + 1)  # its lease goes on
        seen += self.talk(session, "yes", self.second, event_id=seen[-1][1])
        seen += self.talk(session, "north", self.second, event_id=seen[-1][1])
        self.assertEqual(self.content(seen)["result"], "deployed to prod, north: true")
        self.assert_whole(seen, self.detail(self.second, self.token, session)["events"])

    def test_a_question_of_a_server_that_was_killed_is_answered_on_the_other(self):
        third = self.serve(self.shared)
        session, seen = self.asked(DEPLOY, {"env": "prod"}, third)
        os.kill(third.pid, signal.SIGKILL)
        third.stop()
        time.sleep(LEASE_SECONDS + 1)
        seen += self.talk(session, "yes", self.second, event_id=seen[-1][1])
        self.assertEqual(seen[-1][0], "done")
        self.assertIn("broke off", self.results[0]["message"])
        self.assert_whole(seen, self.detail(self.server, self.token, session)["events"])


if __name__ == "__main__":
    unittest.main()
