"""Streams, WebSockets and events whose functions fail: what the client sees, what the log and the metrics say; and where such handlers run."""
import asyncio
import http.client
import re
import socket
import unittest

import websockets

import support
from mortise_server import MortiseServer

TIME_LIMIT = 60
HOWS = ("throw", "problem", "number")


class FailingStreams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "log.level": "info"}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def raw(self, path, version="1.1"):
        """Everything that comes until the connection ends, and whether a reset ended it."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(f"GET {path} HTTP/{version}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            try:
                while piece := connection.recv(65536):
                    received += piece
            except ConnectionResetError:
                return received, True
        return received, False

    def failures(self):
        page = support.request(self.server, "GET", "/metrics").body.decode()
        count = re.search(r'^mortise_module_callback_failures_total{module="probe"} (\S+)', page, re.M)
        return int(float(count.group(1))) if count else 0

    def logged(self, *words):
        return [line for line in self.server.output().splitlines() if all(word in line for word in words)]

    def test_a_download_that_failed_looks_cut(self):
        for how in ("throw", "problem", "number", "database", "kept", "abort"):
            with self.subTest(how=how):
                received, _ = self.raw("/probe-streams/cut/" + how)
                self.assertTrue(received.startswith(b"HTTP/1.1 200 "), received)
                self.assertFalse(received.endswith(b"0\r\n\r\n"), received)
                connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
                self.addCleanup(connection.close)
                connection.request("GET", "/probe-streams/cut/" + how)
                with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
                    connection.getresponse().read()
                _, reset = self.raw("/probe-streams/cut/" + how, "1.0")
                self.assertTrue(reset, "nothing but a reset tells a client of HTTP/1.0")
        support.wait_until(lambda: len(self.logged("operation=cutDownload", "handler failed")) >= 5 * 3, 20, "a line for each failure")
        answer = support.request(self.server, "GET", "/probe-streams/cut/whole")
        self.assertEqual((answer.status, answer.body), (200, b"first,line\n"))
        received, reset = self.raw("/probe-streams/cut/whole", "1.0")
        self.assertTrue(received.endswith(b"first,line\n") and not reset)

    def test_a_callback_that_throws_is_logged_with_its_request_and_counted(self):
        before = self.failures()
        ids = []
        for how in HOWS:
            answer = support.request(self.server, "GET", "/probe-streams/loud/" + how)
            self.assertEqual(answer.status, 200)
            ids.append(answer.headers["X-Request-Id"])
            self.assertEqual(support.request(self.server, "POST", "/probe-streams/loud/" + how).status, 204)

        async def talk():
            async with websockets.connect(f"ws://127.0.0.1:{self.server.port}/probe-streams/loud-socket") as connection:
                await connection.send("problem")
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await connection.recv()
                self.assertEqual(closed.exception.rcvd.code, 1011)

        asyncio.run(talk())
        support.wait_until(lambda: self.failures() == before + 8, 20, "three streams, three events, a message and the end of a WebSocket")
        for count, *words in (*((1, 'callback="stream closed"', "operation=loudStream", request_id) for request_id in ids), (3, 'callback="event probe.loud.ly"'),
                              (1, 'callback="websocket message"', "operation=loudSocket", "the probe refuses"), (1, 'callback="websocket closed"', "operation=loudSocket")):
            support.wait_until(lambda: len(self.logged(*words)) >= count, 20, f"the log to say {words}")
            self.assertEqual(len(self.logged(*words)), count, words)

    def test_the_lane_alone_decides_where_a_handler_runs(self):
        """Whether the caller is in the cache or not: a stream handler may block, one of the lane loop may not."""
        token = support.account(self.server, "lanes")
        for attempt in ("after a look-up", "from the cache", "from the cache again"):
            with self.subTest(attempt):
                stream = support.request(self.server, "GET", "/probe-streams/blocking", token=token)
                self.assertIn(b"event: may\n", stream.body)
        token = support.account(self.server, "lanes2")
        for attempt in ("after a look-up", "from the cache", "from the cache again"):
            with self.subTest(attempt):
                answer = support.request(self.server, "GET", "/probe-streams/blocking-loop", token=token)
                self.assertEqual(answer.json(), {"may_block": False})


if __name__ == "__main__":
    unittest.main()
