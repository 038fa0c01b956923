"""What one user may take of the agent platform: buckets by their numbers, streams by their slots."""
import contextlib
import unittest

import forms
import support
from agent_sessions_test import MODULES, ModelsStandIn, Stream
from models_stand_in import Fault
from mortise_server import MortiseServer

TIME_LIMIT = 180


class AgentLimits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.server = MortiseServer({**support.QUICK, "limits.enabled": "true", "agent.sandbox": "off", "agent.model_base_url": cls.models.url + "/v1",
                                    "agent.model_name": "judge-large", "http_client.allow_private": "true"}, modules=MODULES).start()
        cls.addClassCleanup(cls.server.stop)

    def refused(self, answer, bucket, limit, window):
        self.assertEqual(answer.status, 429, answer)
        body = answer.json()
        self.assertEqual(body["code"], 429)
        self.assertEqual({**body["data"], "retry_after": 0}, {"retry_after": 0, "limit": limit, "window_seconds": window, "bucket": bucket})
        self.assertEqual(int(answer.headers["Retry-After"]), body["data"]["retry_after"])
        self.assertGreaterEqual(body["data"]["retry_after"], 1)

    def until_refused(self, most, call):
        for _ in range(2 * most + 2):  # a window may end on the way
            answer = call()
            if answer.status == 429:
                return answer
        self.fail("nothing was refused")

    def test_reads_and_writes(self):
        token = support.account(self.server, "ada")
        self.refused(self.until_refused(120, lambda: support.request(self.server, "GET", "/api/sessions", token=token)), "read", 120, 60)
        self.refused(self.until_refused(60, lambda: support.request(self.server, "POST", "/api/sessions", {}, token=token)), "write", 60, 60)

    def test_the_object_store_is_looked_at_twice_as_often(self):
        token = support.account(self.server, "eve")
        self.server.run("user", "set-role", "eve", "super_admin")
        path = "/api/status/minio"
        self.refused(self.until_refused(240, lambda: support.request(self.server, "GET", path, token=token)), "read", 240, 60)
        upload = lambda: forms.upload(self.server, token, b"x", "a.txt", "text/plain", path=path + "/upload")  # noqa: E731
        self.refused(self.until_refused(120, upload), "write", 120, 60)

    def test_messages_are_counted_although_they_fail(self):
        token = support.account(self.server, "bob")
        self.refused(self.until_refused(60, lambda: support.request(self.server, "POST", "/api/sessions/none/chat", {"message": "x"}, token=token)), "chat", 60, 60)

    def opens(self, token):
        with Stream(self.server, "/api/sessions/stream", token) as stream:
            return stream.status == 200

    def test_the_tenth_stream_is_the_last(self):
        token = support.account(self.server, "carol")
        with contextlib.ExitStack() as streams:
            opened = [streams.enter_context(Stream(self.server, "/api/sessions/stream", token)) for _ in range(11)]
            self.assertEqual([stream.status for stream in opened], [200] * 10 + [429])
        support.wait_until(lambda: self.opens(token), 30, "a slot to be free again")

    def test_both_kinds_of_streams_share_the_slots(self):
        token = support.account(self.server, "dora")
        session = support.request(self.server, "POST", "/api/sessions", {}, token=token).json()["data"]["session_id"]
        path = f"/api/sessions/{session}/chat"
        self.models.faults.append(Fault("hang"))
        with contextlib.ExitStack() as streams:
            lists = [streams.enter_context(Stream(self.server, "/api/sessions/stream", token)) for _ in range(9)]
            chat = streams.enter_context(Stream(self.server, path, token, {"message": "Go on for ever"}))
            self.assertEqual([stream.status for stream in (*lists, chat)], [200] * 10)
            for refused_path in ("/api/sessions/stream", path):
                answer = support.request(self.server, "POST", refused_path, {}, token=token)
                self.assertEqual((answer.status, answer.json()["code"]), (429, 429), answer)
                data = answer.json()["data"]
                self.assertEqual((data["bucket"], data["limit"], answer.headers["Retry-After"]), ("sse", 10, str(data["retry_after"])))
                self.assertGreaterEqual(data["retry_after"], 1)
            # A stream that ends by itself gives its slot back as well.
            self.assertEqual(support.request(self.server, "POST", f"/api/sessions/{session}/stop", token=token).status, 200)
            self.assertEqual(list(chat)[-1][0], "done")
            support.wait_until(lambda: self.opens(token), 30, "the slot of the chat to be free")


if __name__ == "__main__":
    unittest.main()
