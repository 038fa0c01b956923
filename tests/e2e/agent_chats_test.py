"""Runs of `POST /api/v1/agent-chats` when something is missing: a model, the store of the limits, an answer."""
import http.client
import json
import sys
import unittest

import support
from agent_sessions_test import MODULES
from mortise_server import MortiseServer, Redis

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402

TIME_LIMIT = 300
CHATS = "/api/v1/agent-chats"


def options(**more):
    return {**support.QUICK, "agent.sandbox": "off", "http_client.allow_private": "true", **more}


class WithoutModel(unittest.TestCase):
    def test_nothing_begins(self):
        server = MortiseServer(options(), modules=MODULES).start()
        self.addCleanup(server.stop)
        token = support.account(server, "ada")
        chat = support.request(server, "POST", CHATS, {"message": "Go"}, token=token)
        self.assertEqual((chat.status, chat.json()["status"]), (503, 503), chat)
        session = support.request(server, "POST", "/api/sessions", {}, token=token).json()["data"]["session_id"]
        said = support.request(server, "POST", f"/api/sessions/{session}/chat", {"message": "Go"}, token=token)
        self.assertEqual((said.status, said.json()["code"]), (503, 503), said)
        # Nothing of it was kept.
        self.assertEqual(support.request(server, "GET", f"/api/sessions/{session}", token=token).json()["data"]["events"], [])


@unittest.skipUnless(Redis.available(), "redis-server is not installed")
class LimitsGone(unittest.TestCase):
    def test_limited_operations_answer_503_and_come_back(self):
        redis = Redis().start()
        self.addCleanup(redis.stop)
        models = ModelsStandIn().start()
        self.addCleanup(models.stop)
        server = MortiseServer(options(**{"limits.enabled": "true", "cache.url": redis.url, "agent.model_base_url": models.url + "/v1", "agent.model_name": "judge-large"}),
                               modules=MODULES).start()
        self.addCleanup(server.stop)
        token = support.account(server, "ada")
        session = support.request(server, "POST", "/api/sessions", {}, token=token).json()["data"]["session_id"]
        redis.kill()
        for method, path, body in (("POST", CHATS, {"message": "Go"}), ("GET", "/api/sessions", None), ("POST", "/api/sessions", {}),
                                   ("POST", f"/api/sessions/{session}/chat", {"message": "Go"}), ("GET", f"/api/sessions/{session}", None)):
            with self.subTest(f"{method} {path}"):
                answer = support.request(server, method, path, body, token=token)
                self.assertEqual(answer.status, 503, answer)
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(support.request(server, "GET", "/health").status, 200)
        self.assertEqual(models.questions, [])
        redis.start()
        support.wait_until(lambda: support.request(server, "GET", f"/api/sessions/{session}", token=token).status == 200, 30, "the operations to work again")


class SilentModel(unittest.TestCase):
    def setUp(self):
        self.models = ModelsStandIn().start()
        self.addCleanup(self.models.stop)
        self.server = MortiseServer(options(**{"agent.model_base_url": self.models.url + "/v1", "agent.model_name": "judge-large"}), modules=MODULES).start()
        self.addCleanup(self.server.stop)
        self.token = support.account(self.server, "ada")
        self.models.faults.extend([Fault("hang")] * 10)

    def stream(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        connection.request("POST", path, body=json.dumps({"message": "Go"}),
                           headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept": "text/event-stream"})
        reply = connection.getresponse()
        self.addCleanup(reply.close)
        self.assertEqual(reply.status, 200)
        return reply

    def test_a_stream_says_that_it_lives(self):
        session = support.request(self.server, "POST", "/api/sessions", {}, token=self.token).json()["data"]["session_id"]
        run, chat = self.stream(CHATS), self.stream(f"/api/sessions/{session}/chat")
        self.assertEqual(json.loads(run.readline().decode().removeprefix("data: "))["type"], "RUN_STARTED")
        self.assertEqual([chat.readline().decode().split(":")[0] for _ in range(4)], ["event", "id", "data", "\n"])
        self.assertEqual((chat.headers["Transfer-Encoding"], chat.headers["Connection"]), ("chunked", None), "kept alive, as HTTP/1.1 is")
        # The next line that says something is a comment; without one the read ends with a time-out.
        for reply in (run, chat):
            line = next(line for line in iter(reply.readline, b"") if line.strip())
            self.assertTrue(line.startswith(b":"), line)

    @unittest.skipUnless(support.LONG, "the long form: MORTISE_LONG=1")
    def test_a_run_ends_after_two_minutes(self):
        answer = support.request(self.server, "POST", CHATS, {"message": "Go"}, token=self.token, timeout=200)
        self.assertEqual(answer.status, 200, answer)
        last = answer.json()["events"][-1]
        self.assertEqual(last["type"], "RUN_ERROR", answer)
        self.assertTrue(last["error"], answer)


if __name__ == "__main__":
    unittest.main()
