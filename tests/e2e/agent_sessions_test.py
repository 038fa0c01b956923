"""Sessions with the agent: streams that drop and attach again anywhere, lists that are pushed, servers that die in the middle of a task."""
import http.client
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import unittest

import support
from mortise_server import MortiseServer, OnSqliteDatabase, Postgres, Redis
from skill_family import platform_login

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "peers"))
from models_stand_in import Call, ModelsStandIn, Said  # noqa: E402

TIME_LIMIT = 300
MODULES = ["auth", "files", "scheduler", "agent"]
WORDS = " ".join(f"word{number}" for number in range(60))
LEASE_SECONDS = 3


class Stream:
    """A stream of events by POST. Iterating gives (kind, id, data); ends with the stream."""

    def __init__(self, server, path, token, body=None, timeout=60, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.connection.request("POST", path, body=json.dumps(body or {}),
                                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})})
        self.reply = self.connection.getresponse()
        self.status = self.reply.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.reply.close()

    def __iter__(self):
        kind = identity = data = None
        while True:
            line = self.reply.readline()
            if not line:
                return
            line = line.decode().rstrip("\r\n")
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "id":
                identity = value
            elif name == "data":
                data = json.loads(value)
            elif not line and data is not None:
                yield kind, identity, data
                kind = identity = data = None


def planner_says(question, steps=1, pause=0.0):
    """What an obedient model answers, by what it is asked."""
    text = question.text
    if "Plan how to do" in text:
        return Said(json.dumps({"title": "T", "language": "en", "message": WORDS, "goal": "g",
                                "steps": [{"id": str(number + 1), "description": f"Step {number + 1}"} for number in range(steps)]}), pause=pause)
    if "A step is over" in text:
        over = text.count(", completed: ") + text.count(", failed: ")
        return Said(json.dumps({"steps": [{"id": str(number + 1), "description": f"Step {number + 1}"} for number in range(over, steps)]}))
    if "The plan is done" in text:
        return Said(json.dumps({"message": WORDS, "attachments": []}), pause=pause)
    if "Carry out this step" in text:
        return Said(calls=[Call("message_notify_user", {"text": "on it"})])
    return Said(json.dumps({"success": True, "result": WORDS, "attachments": []}), pause=pause)


def order(identity):
    return tuple(int(part) for part in identity.split("-"))


class AgentFamily:
    def options(self):
        return {**support.QUICK, "agent.model_base_url": self.models.url + "/v1", "agent.model_name": "judge-large", "http_client.allow_private": "true",
                "agent.sandbox": "off", "agent.lease": f"{LEASE_SECONDS}s"}

    def data(self, answer):
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["data"]

    def session(self, server, token):
        return self.data(support.request(server, "POST", "/api/sessions", {}, token=token))["session_id"]

    def detail(self, server, token, session):
        return self.data(support.request(server, "GET", f"/api/sessions/{session}", token=token))

    def say(self, server, token, session, text, **more):
        return Stream(server, f"/api/sessions/{session}/chat", token, {"message": text, **more})

    def follow(self, servers, token, session, seen, dropping=None, seconds=60):
        """Attaches again, each time to another of the servers, until the session has ended; drops at random where told to."""
        end = time.monotonic() + seconds
        for turn in range(10_000):
            self.assertLess(time.monotonic(), end, seen[-3:])
            server = servers[turn % len(servers)]
            with Stream(server, f"/api/sessions/{session}/chat", token, {"event_id": seen[-1][1]}) as stream:
                self.assertEqual(stream.status, 200)
                left = dropping.randint(1, 6) if dropping else 10_000
                for event in stream:
                    seen.append(event)
                    left -= 1
                    if left == 0:
                        break
                if left > 0 and seen[-1][0] in ("done", "wait", "error"):
                    return

    def assert_whole(self, seen, kept):
        """What came over all streams is what is kept, once each and in order; partial messages lie between and only grow."""
        identities = [order(identity) for _, identity, _ in seen]
        self.assertEqual(identities, sorted(set(identities)))
        stored = [(kind, data) for kind, _, data in seen if not data.get("partial")]
        self.assertEqual(stored, [(event["event"], event["data"]) for event in kept])
        growing = {}
        for kind, _, data in seen:
            if kind == "message" and data["stream_id"]:
                before = growing.get(data["stream_id"], "")
                self.assertTrue(data["message"].startswith(before), (before, data["message"]))
                growing[data["stream_id"]] = data["message"]


class AgentSessions(AgentFamily, OnSqliteDatabase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.server = MortiseServer(cls.options(cls), modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.token = support.account(cls.server, "ada")

    def test_a_client_that_drops_at_random_misses_nothing_and_gets_nothing_twice(self):
        for number in range(3):
            dropping = random.Random(number)
            self.models.answer = lambda question: planner_says(question, steps=2, pause=0.01)
            session = self.session(self.server, self.token)
            seen = []
            with self.say(self.server, self.token, session, "Go") as stream:
                for event in stream:
                    seen.append(event)
                    if len(seen) == dropping.randint(2, 5):
                        break
            self.follow([self.server], self.token, session, seen, dropping)
            detail = self.detail(self.server, self.token, session)
            self.assertEqual(detail["status"], "completed")
            self.assert_whole(seen, detail["events"])
            self.assertTrue(any(data.get("partial") for _, _, data in seen))
            self.assertEqual(seen[-1][0], "done")

    def test_many_clients_at_once_see_the_same(self):
        self.models.answer = lambda question: planner_says(question, steps=2, pause=0.005)
        session = self.session(self.server, self.token)
        collected = [[] for _ in range(6)]

        def watch(into):
            with Stream(self.server, f"/api/sessions/{session}/chat", self.token) as stream:
                into.extend(stream)

        with self.say(self.server, self.token, session, "Go") as stream:
            first = next(iter(stream))
            threads = [threading.Thread(target=watch, args=(into,)) for into in collected]
            for thread in threads:
                thread.start()
            seen = [first, *stream]
            for thread in threads:
                thread.join()
        kept = self.detail(self.server, self.token, session)["events"]
        self.assert_whole(seen, kept)
        for one in collected:
            self.assert_whole(one, kept)

    def test_unread_messages_count_only_while_nobody_reads(self):
        self.models.answer = lambda question: planner_says(question, pause=0.01)
        session = self.session(self.server, self.token)
        with self.say(self.server, self.token, session, "Go") as stream:
            next(iter(stream))  # and leaves

        def item():
            sessions = self.data(support.request(self.server, "GET", "/api/sessions", token=self.token))["sessions"]
            return next(one for one in sessions if one["session_id"] == session)

        support.wait_until(lambda: item()["status"] == "completed", 60, "the task to end")
        self.assertGreaterEqual(item()["unread_message_count"], 2)
        support.request(self.server, "POST", f"/api/sessions/{session}/clear-unread-message-count", token=self.token)
        self.assertEqual(item()["unread_message_count"], 0)

    def test_lists_are_pushed_when_a_session_changes(self):
        self.models.answer = lambda question: planner_says(question)
        session = self.session(self.server, self.token)
        with Stream(self.server, "/api/sessions/stream", self.token) as lists:
            events = iter(lists)
            kind, _, data = next(events)
            self.assertEqual(kind, "sessions")
            self.assertEqual(data, self.data(support.request(self.server, "GET", "/api/sessions", token=self.token)))
            before = time.monotonic()
            with self.say(self.server, self.token, session, "Go") as stream:
                for _ in stream:
                    pass
            for _, _, data in events:
                one = next(one for one in data["sessions"] if one["session_id"] == session)
                if one["status"] == "completed":
                    break
                self.assertLess(time.monotonic() - before, 30)
            gap = time.monotonic()
            next(events)  # the next one comes by itself
            self.measured = f"the next list came after {time.monotonic() - gap:.1f} s"
            self.assertLess(time.monotonic() - gap, 30)

    def test_lists_are_pushed_once_a_second_at_most(self):
        self.models.answer = lambda question: planner_says(question, steps=4, pause=0.01)
        session = self.session(self.server, self.token)
        count, begin = 0, time.monotonic()
        with Stream(self.server, "/api/sessions/stream", self.token) as lists, self.say(self.server, self.token, session, "Go") as stream:
            changes = threading.Thread(target=lambda: list(stream))
            changes.start()
            for _, _, data in lists:
                count += 1
                if next(one for one in data["sessions"] if one["session_id"] == session)["status"] == "completed":
                    break
            changes.join()
        self.assertGreater(count, 1)
        self.assertLessEqual(count, time.monotonic() - begin + 2, "more than one a second")

    def test_who_no_longer_reaches_all_hears_nothing_more_of_others(self):
        goes_on = threading.Event()
        self.addCleanup(goes_on.set)

        def answer(question):
            goes_on.wait(60)
            return planner_says(question)

        self.models.answer = answer
        session = self.session(self.server, self.token)
        root, _ = platform_login(self.server, "root_1", "super_admin")
        with (self.say(self.server, self.token, session, "Go") as owners, Stream(self.server, "/api/sessions/stream?scope=all", root) as everybodys,
              Stream(self.server, f"/api/sessions/{session}/chat", root) as others, Stream(self.server, "/api/sessions/stream", root) as own):
            for stream in (owners, everybodys, others, own):
                self.assertEqual(stream.status, 200)
            first = next(iter(everybodys))
            self.assertIn(session, [one["session_id"] for one in first[2]["sessions"]])
            self.server.run("user", "set-role", "root_1", "user")
            end = time.monotonic() + 60
            for stream in (everybodys, others):
                for _ in stream:
                    self.assertLess(time.monotonic(), end, "it goes on")
            self.assertEqual(next(iter(own))[0], "sessions")
            goes_on.set()
            self.assertEqual(list(owners)[-1][0], "done")
        self.assertEqual(support.request(self.server, "GET", "/api/sessions?scope=all", token=root).status, 403)
        self.assertEqual(support.request(self.server, "GET", f"/api/sessions/{session}", token=root).status, 403)

    def test_a_stop_that_can_not_be_audited_stops_nothing(self):
        session = self.session(self.server, self.token)
        root, _ = platform_login(self.server, "root_2", "super_admin")
        stop = lambda: support.request(self.server, "POST", f"/api/sessions/{session}/stop", token=root)
        with support.refused_writes(self.sql, False, "INSERT", "mortise_audit", "NEW.action = 'agent.task_stopped'"):
            self.assertGreaterEqual(stop().status, 400)
            self.assertEqual(self.detail(self.server, self.token, session)["status"], "pending")
        self.assertEqual(stop().status, 200)
        self.assertEqual(self.detail(self.server, self.token, session)["status"], "completed")
        self.assertEqual(self.sql(f"SELECT action FROM mortise_audit WHERE target = 'agent_session:{session}'"), [["agent.task_stopped"]])

    def test_without_boxes_there_is_nothing_to_take_over(self):
        session = self.session(self.server, self.token)
        for action, status in (("start", 409), ("end", 200), ("start", 409)):
            answer = support.request(self.server, "POST", f"/api/sessions/{session}/takeover", {"action": action}, token=self.token)
            self.assertEqual(answer.status, status, answer)

    def test_a_server_that_was_killed_says_so_and_the_session_goes_on(self):
        self.models.answer = lambda question: planner_says(question, steps=3, pause=0.05)
        server = MortiseServer(self.options(), modules=MODULES).start()
        self.addCleanup(lambda: server.stop())
        token = support.account(server, "bob")
        session = self.session(server, token)
        seen = []
        with self.say(server, token, session, "Go") as stream:
            for event in stream:
                seen.append(event)
                if event[0] == "step":
                    break
            os.kill(server.pid, signal.SIGKILL)
        server.stop()
        again = MortiseServer({**self.options(), "data.dir": str(server.data)}, modules=MODULES).start()
        self.addCleanup(lambda: again.stop())
        token = self.data(support.request(again, "POST", "/api/auth/login", {"username": "bob", "password": "correct horse 7"}))["tokens"]["access_token"]
        detail = self.detail(again, token, session)
        self.assertEqual(detail["status"], "completed")
        self.assertEqual(detail["events"][-1]["event"], "error")
        self.assertEqual(sum(event["event"] == "error" for event in detail["events"]), 1)
        self.follow([again], token, session, seen)
        self.assert_whole(seen, detail["events"])
        self.models.answer = lambda question: planner_says(question)
        with self.say(again, token, session, "Go on", event_id=seen[-1][1]) as stream:
            seen += list(stream)
        self.assertEqual(seen[-1][0], "done")
        self.assert_whole(seen, self.detail(again, token, session)["events"])


@unittest.skipUnless(Postgres.available() and Redis.available(), "PostgreSQL or Redis is not installed")
class AgentCluster(AgentFamily, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        postgres = Postgres().start()
        cls.addClassCleanup(postgres.stop)
        redis = Redis().start()
        cls.addClassCleanup(redis.stop)
        cls.shared = {**cls.options(cls), "db.url": postgres.url(), "cache.url": redis.url}
        cls.first = MortiseServer(cls.shared, modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.first.stop())
        cls.secret = {"identity.secret_file": cls.first.data / "secret"}
        cls.second = MortiseServer({**cls.shared, **cls.secret}, modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.second.stop())
        cls.token = support.account(cls.first, "ada")

    def test_a_client_attaches_to_whichever_server(self):
        dropping = random.Random(7)
        self.models.answer = lambda question: planner_says(question, steps=2, pause=0.02)
        session = self.session(self.first, self.token)
        with self.say(self.first, self.token, session, "Go") as stream:
            seen = [next(iter(stream))]
        self.follow([self.second, self.first], self.token, session, seen, dropping)
        self.assert_whole(seen, self.detail(self.second, self.token, session)["events"])
        self.assertEqual(seen[-1][0], "done")

    def test_a_message_reaches_the_task_on_the_other_server(self):
        self.models.answer = lambda question: planner_says(question, pause=0.03)
        session = self.session(self.first, self.token)
        with self.say(self.first, self.token, session, "One") as stream:
            events = iter(stream)
            seen = [next(events)]
            with self.say(self.second, self.token, session, "Two", event_id=seen[-1][1]) as other:
                also = list(other)
            seen += list(events)
        self.assertEqual([data["message"] for kind, _, data in seen if kind == "message" and data["role"] == "user"], ["One", "Two"])
        kept = self.detail(self.first, self.token, session)["events"]
        self.assert_whole(seen, kept)
        self.assert_whole([seen[0], *also], kept)
        self.assertEqual(sum(event["event"] == "done" for event in kept), 1)

    def test_a_stop_reaches_the_task_on_the_other_server(self):
        self.models.answer = lambda question: planner_says(question, pause=0.3)
        session = self.session(self.first, self.token)
        with self.say(self.first, self.token, session, "One") as stream:
            events = iter(stream)
            next(events)
            before = time.monotonic()
            self.data(support.request(self.second, "POST", f"/api/sessions/{session}/stop", token=self.token))
            *_, last = events
            self.assertEqual(last[0], "done")
            self.measured = f"stopped after {time.monotonic() - before:.1f} s"
            self.assertLess(time.monotonic() - before, 10)
        time.sleep(2)
        self.assertEqual(self.detail(self.first, self.token, session)["events"][-1]["event"], "done", "nothing follows")

    def test_the_other_server_ends_the_task_of_one_that_was_killed(self):
        self.models.answer = lambda question: planner_says(question, steps=3, pause=0.05)
        third = MortiseServer({**self.shared, **self.secret}, modules=MODULES).start()
        self.addCleanup(lambda: third.stop())
        session = self.session(third, self.token)
        living = self.session(self.first, self.token)
        seen = []
        with self.say(third, self.token, session, "Go") as stream:
            for event in stream:
                seen.append(event)
                if event[0] == "step":
                    break
            os.kill(third.pid, signal.SIGKILL)
        third.stop()
        with self.say(self.first, self.token, living, "Go") as stream:
            next(iter(stream))
            before = time.monotonic()
            self.follow([self.second], self.token, session, seen, seconds=60)
            self.assertLess(time.monotonic() - before, LEASE_SECONDS + 12)
            self.assertEqual(seen[-1][0], "error")
            detail = self.detail(self.second, self.token, session)
            self.assertEqual(detail["status"], "completed")
            self.assert_whole(seen, detail["events"])
            self.assertNotIn("error", [event["event"] for event in self.detail(self.second, self.token, living)["events"]], "the task of a living server is left alone")
        self.models.answer = lambda question: planner_says(question)
        with self.say(self.second, self.token, session, "Go on", event_id=seen[-1][1]) as stream:
            seen += list(stream)
        self.assertEqual(seen[-1][0], "done")
        self.assert_whole(seen, self.detail(self.first, self.token, session)["events"])


if __name__ == "__main__":
    unittest.main()
