"""How many event streams and WebSockets a caller may have open: slots, refusals, and how a slot becomes free. Memory and Redis."""
import asyncio
import contextlib
import re
import signal
import socket
import subprocess
import sys
import unittest

import websockets

import support
from mortise_server import MortiseServer, Redis

TIME_LIMIT = 240
OPTIONS = {**support.QUICK, "limits.enabled": "true", "log.level": "info"}


class Client:
    """One open request over a plain socket."""

    def __init__(self, server, path, token=None, headers=""):
        self.connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        credential = f"Authorization: Bearer {token}\r\n" if token else ""
        self.connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{credential}{headers}\r\n".encode())
        self.received = b""
        while b"\r\n\r\n" not in self.received:
            piece = self.connection.recv(65536)
            assert piece, self.received
            self.received += piece
        self.status = support.status_of(self.received)

    def close(self):
        self.connection.close()


UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"


class Slots:
    """Tests for both stores; subclasses choose one."""

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**OPTIONS, **cls.store()}, modules=["auth", "ticker", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        name = re.sub(r"\W", "", self.id().rpartition(".")[2])[-24:] + self.__class__.__name__
        self.token = support.account(self.server, name)
        self.open = contextlib.ExitStack()
        self.addCleanup(self.open.close)

    def stream(self, token=None):
        client = Client(self.server, "/api/ticker/ticks", token or self.token)
        self.open.callback(client.close)
        return client

    def socket(self, path="/api/ticker/echo", token=None):
        client = Client(self.server, path, token or self.token, UPGRADE)
        self.open.callback(client.close)
        return client

    def slots(self, bucket):
        page = support.request(self.server, "GET", "/metrics").body.decode()
        return int(float(re.search(rf'^mortise_limit_slots{{bucket="{re.escape(bucket)}"}} (\S+)', page, re.M).group(1)))

    def test_the_eleventh_stream_is_refused_and_a_closed_one_frees_its_slot(self):
        streams = [self.stream() for _ in range(10)]
        self.assertEqual({one.status for one in streams}, {200})
        self.assertEqual(self.slots("ticker.sse"), 10)
        refused = support.request(self.server, "GET", "/api/ticker/ticks", token=self.token)
        self.assertEqual(refused.status, 429, refused)
        details = refused.json()
        self.assertEqual(details["code"], "rate_limited", details)
        wait = details["retry_after"]
        self.assertEqual(refused.headers["Retry-After"], str(wait))
        self.assertTrue(1 <= wait <= 120, details)
        self.assertEqual(Client(self.server, "/api/ticker/ticks").status, 200)  # anonymous callers have no limit
        other = support.account(self.server, "other" + self.__class__.__name__)
        self.assertEqual(self.stream(other).status, 200)
        streams.pop().close()
        support.wait_until(lambda: self.stream().status == 200, 30, "the slot to be free again")

    def test_a_killed_client_frees_its_slots(self):
        code = ("import socket, sys\nopen = []\nfor _ in range(10):\n    one = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
                "    one.sendall(f'GET /api/ticker/ticks HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Bearer {sys.argv[2]}\\r\\n\\r\\n'.encode())\n"
                "    assert one.recv(12) == b'HTTP/1.1 200'\n    open.append(one)\nprint('open', flush=True)\nsys.stdin.read()\n")
        client = subprocess.Popen([sys.executable, "-c", code, str(self.server.port), self.token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (client.kill(), client.wait(), client.stdin.close(), client.stdout.close()))
        self.assertEqual(client.stdout.readline(), "open\n")
        self.assertEqual(self.stream().status, 429)
        client.send_signal(signal.SIGKILL)
        support.wait_until(lambda: self.stream().status == 200, 30, "the slots of the killed client to be free")

    def test_the_sixth_websocket_is_refused_by_http_where_the_contract_says_nothing_else(self):
        sockets = [self.socket() for _ in range(5)]
        self.assertEqual({one.status for one in sockets}, {101})
        self.assertEqual(self.socket().status, 429)
        self.assertEqual(self.stream().status, 200)  # another bucket
        sockets.pop().close()
        support.wait_until(lambda: self.socket().status == 101, 30, "the slot to be free again")

    def test_refusals_by_close_code_where_the_contract_asks_for_them(self):
        async def close_of(query, offers=None):
            url = f"ws://127.0.0.1:{self.server.port}/probe-streams/socket{query}"
            async with websockets.connect(url, subprotocols=offers) as connection:
                with contextlib.suppress(websockets.ConnectionClosed):
                    await connection.recv()
                return connection.close_code, connection.close_reason, connection.subprotocol

        async def whole():
            self.assertEqual((await close_of(""))[:2], (4401, "not_authenticated"))
            self.assertEqual((await close_of("?token=forged"))[:2], (4401, "invalid_token"))
            mine = f"?token={self.token}"
            url = f"ws://127.0.0.1:{self.server.port}/probe-streams/socket{mine}"
            open_ones = [await websockets.connect(url) for _ in range(5)]
            code, reason, _ = await close_of(mine)
            self.assertEqual(code, 1013)
            self.assertRegex(reason, r"^retry after \d+ s$")
            # A browser that offers sub-protocols and gets none never sees the code.
            self.assertEqual((await close_of(mine, ["binary", "base64"]))[2], "binary")
            for one in open_ones:
                await one.send("still open")
                self.assertEqual(await one.recv(), "still open")
                await one.close()

        asyncio.run(whole())
        user = support.request(self.server, "GET", "/api/auth/me", token=self.token).json()["data"]["id"]
        self.assertEqual(support.request(self.server, "POST", f"/probe-streams/accounts/{user}/demote").status, 204)
        self.assertEqual(asyncio.run(close_of(f"?token={self.token}"))[:2], (4403, "forbidden"))


class InMemory(Slots, unittest.TestCase):
    @classmethod
    def store(cls):
        return {}


@unittest.skipUnless(Redis.available(), "redis-server is not installed")
class InRedis(Slots, unittest.TestCase):
    @classmethod
    def store(cls):
        cls.redis = Redis().start()
        cls.addClassCleanup(cls.redis.stop)
        return {"cache.url": cls.redis.url}

    def test_streams_go_on_while_redis_is_away_and_new_ones_are_refused(self):
        stream = self.stream()
        self.redis.kill()
        self.addCleanup(lambda: self.redis.command("ping") == "PONG" or self.redis.start())
        support.wait_until(lambda: self.stream().status == 503, 30, "new streams to be refused")

        async def code():
            async with websockets.connect(f"ws://127.0.0.1:{self.server.port}/probe-streams/socket?token={self.token}") as connection:
                with contextlib.suppress(websockets.ConnectionClosed):
                    await connection.recv()
                return connection.close_code

        self.assertEqual(asyncio.run(code()), 1011)
        seen = len(stream.received)
        stream.received += stream.connection.recv(65536)  # the next tick
        self.assertGreater(len(stream.received), seen)
        self.redis.start()
        support.wait_until(lambda: self.stream().status == 200, 30, "new streams to be let in")


@unittest.skipUnless(Redis.available(), "redis-server is not installed")
class Restart(unittest.TestCase):
    def test_a_server_that_stops_gives_its_slots_back(self):
        with Redis() as redis:
            one = MortiseServer({**OPTIONS, "cache.url": redis.url, "http.drain_seconds": 1}, modules=["auth", "ticker"]).start()
            self.addCleanup(one.stop)
            token = support.account(one, "ada")
            streams = [Client(one, "/api/ticker/ticks", token) for _ in range(10)]
            key = redis.command("keys", "mortise:limit:4:*")
            self.assertEqual(redis.command("zcard", key), "10")
            self.assertEqual(Client(one, "/api/ticker/ticks", token).status, 429)
            one.stop()
            self.assertEqual(redis.command("exists", key), "0")
            for stream in streams:
                stream.close()


if __name__ == "__main__":
    unittest.main()
