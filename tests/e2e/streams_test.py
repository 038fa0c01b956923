"""Big and long transfers: uploads, downloads, event streams, WebSockets, and clients that read too slowly or request too much."""
import asyncio
import http.client
import os
import random
import socket
import threading
import time
import unittest
import zlib

import websockets

import support
from mortise_server import MortiseServer
from streams import EventStreams

TIME_LIMIT = 300
EXCLUSIVE = True
SIZE = (1024 if support.LONG else 256) << 20
PIECE = random.Random(7).randbytes(1 << 20)
ROUND_TRIPS = 10_000
STREAMS = 2_000
MEMORY_AIM_KIB = 32 << 10


class Watch:
    """Samples the server's memory, and sends small requests all the time, until stopped."""

    def __init__(self, server, path):
        self.server, self.path, self.times, self.peak, self.errors = server, path, [], 0, []
        self.base = support.resident_kib(server.pid)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        while not self.over.wait(0.005):
            began = time.monotonic()
            try:
                connection.request("GET", self.path)
                reply = connection.getresponse()
                reply.read()
                if reply.status != 200:
                    self.errors.append(reply.status)
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                connection.close()
            self.times.append((time.monotonic() - began) * 1000)
            self.peak = max(self.peak, support.resident_kib(self.server.pid))
        connection.close()

    def end(self):
        self.over.set()
        self.thread.join(20)
        return self

    def grown(self):
        return self.peak - self.base

    def words(self):
        return (f"{self.grown() / 1024:.1f} MiB more memory, {len(self.times)} other requests, "
                f"p50 {support.percentile(self.times, 0.5):.2f} ms, p99 {support.percentile(self.times, 0.99):.2f} ms")


class Transfers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "http.max_upload": "2GiB", "log.level": "warning"}, modules=["probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def upload(self, path, pieces, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        self.addCleanup(connection.close)
        connection.request("POST", path, body=pieces, headers=headers)
        reply = connection.getresponse()
        return support.Answer(reply.status, reply.headers, reply.read())

    def check_bounded(self, watch):
        self.assertEqual(watch.errors, [])
        if not support.SANITIZED:
            self.assertLess(watch.grown(), MEMORY_AIM_KIB, watch.words())

    def test_a_big_upload_and_download_take_bounded_memory(self):
        checksum, count = 0, SIZE // len(PIECE)
        for _ in range(count):
            checksum = zlib.crc32(PIECE, checksum)
        watch = Watch(self.server, "/probe/hello")
        began = time.monotonic()
        answer = self.upload("/probe/files", (PIECE for _ in range(count)),
                             {"Content-Type": "application/octet-stream", "Content-Length": str(SIZE)})
        up = time.monotonic() - began
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["size"], SIZE)
        self.assertEqual(answer.json()["crc32"], checksum)
        self.check_bounded(watch.end())
        uploaded = watch.words()

        watch = Watch(self.server, "/probe/hello")
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        self.addCleanup(connection.close)
        connection.request("GET", "/probe/files/" + answer.json()["id"])
        reply = connection.getresponse()
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.getheader("Content-Length"), str(SIZE))
        received, total = 0, 0
        while piece := reply.read(1 << 20):
            received, total = zlib.crc32(piece, received), total + len(piece)
        down = time.monotonic() - began
        self.assertEqual((total, received), (SIZE, checksum))
        self.check_bounded(watch.end())
        self.measured = (f"{SIZE >> 20} MiB up in {up:.1f} s ({uploaded}), down in {down:.1f} s ({watch.words()})")

    def test_chunked_upload_arrives_whole(self):
        pieces = [PIECE[:n] for n in (1, 65536, 65537, 1 << 20, 3)]
        answer = self.upload("/probe/files", iter(pieces), {"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["size"], sum(map(len, pieces)))
        self.assertEqual(answer.json()["crc32"], zlib.crc32(b"".join(pieces)))

    def test_a_download_obeys_range_etag_and_head(self):
        stored = self.upload("/probe/files", PIECE, {"Content-Type": "application/octet-stream"}).json()
        path = "/probe/files/" + stored["id"]
        whole = support.request(self.server, "GET", path)
        self.assertEqual((whole.status, whole.body), (200, PIECE))
        self.assertRegex(whole.headers["Content-Disposition"], r"^attachment; filename=")
        part = support.request(self.server, "GET", path, headers={"Range": "bytes=1000-1999"})
        self.assertEqual((part.status, part.body), (206, PIECE[1000:2000]))
        self.assertEqual(part.headers["Content-Range"], f"bytes 1000-1999/{len(PIECE)}")
        tail = support.request(self.server, "GET", path, headers={"Range": "bytes=-5"})
        self.assertEqual((tail.status, tail.body), (206, PIECE[-5:]))
        beyond = support.request(self.server, "GET", path, headers={"Range": f"bytes={len(PIECE)}-"})
        self.assertEqual((beyond.status, beyond.headers["Content-Range"]), (416, f"bytes */{len(PIECE)}"))
        same = support.request(self.server, "GET", path, headers={"If-None-Match": whole.headers["ETag"]})
        self.assertEqual((same.status, same.body), (304, b""))
        head = support.request(self.server, "HEAD", path)
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, str(len(PIECE)), b""))

    def test_an_upload_that_breaks_off_leaves_no_file_behind(self):
        before = set(self.files())
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(b"POST /probe/files HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n")
            connection.sendall(PIECE * 4)
            support.wait_until(lambda: set(self.open_spools()) , 5, "the spool file")
        support.wait_until(lambda: not self.open_spools(), 5, "the server to drop the spool file")
        self.assertEqual(set(self.files()) - before, set())

    def files(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.server.data) for name in names if "mortise.db" not in name]

    def open_spools(self):
        """Files the server holds open that have megabytes in them and are no database."""
        found = []
        for number in os.listdir(f"/proc/{self.server.pid}/fd"):
            path = f"/proc/{self.server.pid}/fd/{number}"
            try:
                target = os.readlink(path)
                if target.startswith("/") and "mortise.db" not in target and os.stat(path).st_size >= 1 << 20 and not target.startswith("/usr"):
                    found.append(target)
            except OSError:
                continue
        return found


class EventStreamLoad(unittest.TestCase):
    def test_2000_event_streams_all_live_and_one_slow_reader_costs_nobody(self):
        server = MortiseServer({**support.QUICK, "http.max_connections": STREAMS + 200, "log.level": "warning"}, modules=["ticker"]).start()
        self.addCleanup(server.stop)
        idle = support.resident_kib(server.pid)
        asleep = socket.create_connection(("127.0.0.1", server.port))
        self.addCleanup(asleep.close)
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asleep.sendall(b"GET /api/ticker/ticks HTTP/1.1\r\nHost: x\r\n\r\n")  # and never reads
        with EventStreams(server.port, "/api/ticker/ticks", STREAMS) as streams:
            streams.wait_until_each_has(3, 60)
            self.assertEqual((streams.accepted(), streams.alive()), (STREAMS, STREAMS))
            self.measured = f"{STREAMS} streams, {(support.resident_kib(server.pid) - idle) / 1024:.1f} MiB more than idle"
        support.wait_until(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) < 100, 10, "the server to notice that all have left")
        self.assertEqual(support.request(server, "GET", "/health").status, 200)


class WebSockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "log.level": "warning"}, modules=["ticker"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.url = f"ws://127.0.0.1:{cls.server.port}/api/ticker/echo"

    def test_10000_round_trips_with_aborts_in_the_middle(self):
        connections, done, aborted = 20, 0, 0

        async def talk(number):
            nonlocal done, aborted
            left, chance = ROUND_TRIPS // connections, random.Random(number)
            while left:
                socket = await websockets.connect(self.url, max_size=2 << 20)
                try:
                    for _ in range(min(left, 100)):
                        size = chance.choice((0, 1, 125, 126, 127, 1000, 65535, 65536, 70000) if left % 50 == 0 else (5, 60, 300))
                        message = chance.randbytes(size) if left % 2 else "é" * (size // 2)
                        await socket.send(message)
                        self.assertEqual(await asyncio.wait_for(socket.recv(), 30), message)
                        left, done = left - 1, done + 1
                    if left % 3 == 0 and left:
                        await socket.send("half a conversation")
                        socket.transport.abort()
                        aborted += 1
                finally:
                    if not socket.transport.is_closing():
                        await socket.close()

        async def all_of_them():
            await asyncio.gather(*(talk(number) for number in range(connections)))

        began = time.monotonic()
        asyncio.run(all_of_them())
        self.assertEqual(done, ROUND_TRIPS)
        self.assertGreater(aborted, 0)
        self.assertEqual(support.request(self.server, "GET", "/health").status, 200)
        self.measured = f"{done} round trips, {aborted} aborts, {done / (time.monotonic() - began):.0f}/s"

    def test_fragments_pings_close_codes_and_limits(self):
        async def story():
            async with websockets.connect(self.url) as socket:
                await socket.send(["one ", "two ", "three"])
                self.assertEqual(await socket.recv(), "one two three")
                await asyncio.wait_for(await socket.ping(b"are you there"), 5)
                await socket.close(4000, "done here")
                self.assertEqual(socket.close_code, 4000)
            async with websockets.connect(self.url, max_size=None) as socket:
                with self.assertRaises(websockets.ConnectionClosed):  # in the middle of sending, or after it
                    await socket.send(b"x" * (8 << 20))
                    await socket.recv()
                self.assertEqual(socket.close_code, 1009)

        asyncio.run(story())

    def test_broken_frames_are_closed_with_1002(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as connection:
            connection.sendall(b"GET /api/ticker/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                               b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1)
            self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
            self.assertIn(b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head)
            connection.sendall(b"\x81\x02hi")  # a client's frame must be masked
            received = b""
            while piece := connection.recv(100):
                received += piece
            self.assertEqual(received[:1], b"\x88")
            self.assertEqual(int.from_bytes(received[2:4], "big"), 1002)


class SlowAndGreedy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "http.head_timeout": "1s", "http.body_timeout": "1s", "http.write_timeout": "1s",
                                    "http.idle_timeout": "2s", "http.max_body": "64KiB", "log.level": "warning"}, modules=["probe", "auth"]).start()
        cls.addClassCleanup(cls.server.stop)

    def closed_within(self, connection, seconds):
        connection.settimeout(seconds)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        except socket.timeout:
            self.fail(f"still open after {seconds} s")
        return received

    def test_a_head_that_trickles_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            self.assertIn(support.status_of(self.closed_within(connection, 10)), (None, 408))

    def test_a_body_that_stalls_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
            self.assertIn(support.status_of(self.closed_within(connection, 15)), (None, 408))

    def test_a_kept_connection_without_a_request_is_closed(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(support.status_of(self.closed_within(connection, 15)), 200)

    def test_a_download_that_nobody_reads_is_cut(self):
        stored = support.request(self.server, "POST", "/probe/files", PIECE * 32, {"Content-Type": "application/octet-stream"}).json()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            connection.connect(("127.0.0.1", self.server.port))
            connection.sendall(f"GET /probe/files/{stored['id']} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            own = connection.getsockname()[1]

            def server_side_gone():
                with open("/proc/net/tcp") as table:
                    return not any(line.split()[2].endswith(f":{own:04X}") and line.split()[3] == "01" for line in list(table)[1:])

            support.wait_until(server_side_gone, 15, "the server to give up on a reader that does not read")

    def test_too_much_is_refused_with_the_right_status(self):
        rows = [
            ("a long URL", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            ("a long query", b"GET /health?q=" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
            ("a long header", b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40000 + b"\r\n\r\n", 431),
            ("many headers", b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(500)) + b"\r\n", 431),
            ("a long body, announced", b"POST /probe/pairs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 70000\r\n\r\n", 413),
            ("a long body, chunked", b"POST /probe/pairs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
             + b"11170\r\n" + b" " * 70000 + b"\r\n0\r\n\r\n", 413),
            ("both lengths", b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("no host", b"GET /health HTTP/1.1\r\n\r\n", 400),
            ("an unknown version", b"GET /health HTTP/3.7\r\nHost: x\r\n\r\n", 505),
        ]
        for name, sent, expected in rows:
            with self.subTest(name):
                reply = support.raw(self.server.port, sent)
                self.assertEqual(support.status_of(reply), expected, reply[:300])
        self.assertEqual(support.request(self.server, "GET", "/health").status, 200)


if __name__ == "__main__":
    unittest.main()
