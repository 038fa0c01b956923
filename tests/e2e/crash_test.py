"""What was acknowledged is there: after kill -9, after a power cut under the file system, after SIGTERM under load.

The writes go to the `probe` module (tests/modules/probe): each stores two rows in one transaction, so that half a write would show."""
import fcntl
import http.client
import json
import os
import random
import signal
import struct
import subprocess
import threading
import time
import unittest
import uuid

import support
from mortise_server import MortiseServer

TIME_LIMIT = 300
KILLS = 200 if support.LONG else 20
CUTS = 20 if support.LONG else 3
WRITERS = 4


class Writers:
    """Threads that write as fast as they get answers, on kept connections, and remember what was acknowledged."""

    def __init__(self, server, delay=0, threads=WRITERS):
        self.port, self.delay = server.port, delay
        self.sent, self.acknowledged, self.cut, self.refused = set(), set(), [], []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.write, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def write(self):
        connection = None
        while not self.over.is_set():
            key = str(uuid.uuid4())
            body = json.dumps({"id": key, "text": key * 3, "delay_ms": self.delay}).encode()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                with self.lock:
                    self.sent.add(key)
                connection.request("POST", "/probe/pairs", body, {"Content-Type": "application/json"})
                reply = connection.getresponse()
                status, text = reply.status, reply.read()
                if reply.getheader("Connection", "").lower() == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                # Refused at connect, or gone without an answer: not acknowledged.
                if connection:
                    connection.close()
                connection = None
                with self.lock:
                    self.cut.append((key, repr(error)))
                if self.over.wait(0.01):
                    return
                continue
            with self.lock:
                if status == 201:
                    self.acknowledged.add(key)
                else:
                    self.refused.append((status, text[:200]))

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a writer hangs: the server neither answered nor closed"


class Crash(unittest.TestCase):
    def start(self, directory, **options):
        return MortiseServer({**support.QUICK, "data.dir": str(directory), "log.level": "warning", **options}, modules=["probe"]).start()

    def stored(self, server):
        """id -> number of its rows."""
        answer = support.request(server, "GET", "/probe/pairs", timeout=60)
        self.assertEqual(answer.status, 200, answer)
        return {row["id"]: row["halves"] for row in answer.json()["pairs"]}

    def check(self, server, acknowledged, sent):
        stored = self.stored(server)
        self.assertEqual(acknowledged - stored.keys(), set(), "acknowledged writes are gone")
        self.assertEqual([key for key, halves in stored.items() if halves != 2], [], "half a write was kept")
        self.assertEqual(stored.keys() - sent, set(), "writes that nobody sent")
        return stored

    def test_no_acknowledged_write_is_lost_by_kill_9(self):
        directory = support.temporary_directory(self)
        sent, acknowledged = set(), set()
        for number in range(KILLS):
            server = self.start(directory)
            try:
                self.check(server, acknowledged, sent)
                writers = Writers(server)
                support.wait_until(lambda: len(writers.acknowledged) > WRITERS, 20, "the first writes")
                time.sleep(random.uniform(0, 0.3))
                os.kill(server.pid, signal.SIGKILL)
                writers.end()
            finally:
                server.stop()
            self.assertEqual(writers.refused, [], f"round {number}")
            sent |= writers.sent
            acknowledged |= writers.acknowledged
        server = self.start(directory)
        self.addCleanup(server.stop)
        self.check(server, acknowledged, sent)
        self.measured = f"{KILLS} kills, {len(acknowledged)} acknowledged writes, none lost"

    def test_no_acknowledged_write_is_lost_by_a_power_cut(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount an ext4 image")
        directory = support.temporary_directory(self)
        image, mount = directory / "disk", directory / "m"
        mount.mkdir()
        subprocess.run(["truncate", "-s", "256M", str(image)], check=True)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)

        def attach():
            done = subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True, text=True)
            if done.returncode != 0:
                self.skipTest(f"no loop device here: {done.stderr.strip()}")

        def detach():
            support.wait_until(lambda: subprocess.run(["umount", str(mount)], capture_output=True).returncode == 0, 10, "umount")

        def detach_if_mounted():
            if os.path.ismount(mount):
                detach()

        self.addCleanup(detach_if_mounted)
        sent, acknowledged = set(), set()
        for number in range(CUTS):
            attach()
            server = self.start(mount / "data")
            try:
                self.check(server, acknowledged, sent)
                writers = Writers(server)
                support.wait_until(lambda: len(writers.acknowledged) > WRITERS, 30, "the first writes")
                time.sleep(random.uniform(0.1, 0.6))
                handle = os.open(mount, os.O_RDONLY)
                try:
                    # EXT4_IOC_SHUTDOWN without flushing the journal: what was not synced is gone, as if the plug had been pulled.
                    fcntl.ioctl(handle, 0x8004587D, struct.pack("I", 2))
                finally:
                    os.close(handle)
                support.wait_until(lambda: writers.refused or not support.alive(server.pid), 20, "the server to notice the dead disk")
                os.kill(server.pid, signal.SIGKILL)
                writers.end()
            finally:
                server.stop()
            for status, text in writers.refused:
                self.assertIn(status, (500, 503, 507), text)
            sent |= writers.sent
            acknowledged |= writers.acknowledged
            detach()
        attach()
        server = self.start(mount / "data")
        try:
            self.check(server, acknowledged, sent)
        finally:
            server.stop()
        self.measured = f"{CUTS} power cuts, {len(acknowledged)} acknowledged writes, none lost"

    def test_sigterm_under_load_cuts_no_accepted_request(self):
        directory = support.temporary_directory(self)
        server = self.start(directory)
        try:
            writers = Writers(server, delay=30, threads=12)
            support.wait_until(lambda: len(writers.acknowledged) >= 100, 20, "the first writes")
            os.kill(server.pid, signal.SIGTERM)
            support.wait_until(lambda: not support.alive(server.pid), 15, "the server to drain and end")
            writers.end()
        finally:
            server.stop()
        self.assertEqual(writers.refused, [], "a request was accepted and then refused")
        server = self.start(directory)
        self.addCleanup(server.stop)
        stored = self.check(server, writers.acknowledged, writers.sent)
        # What the server took in, it stored, and what it stored it also answered: nothing was cut between the two.
        self.assertEqual(stored.keys() - writers.acknowledged, set(), "accepted, stored, but the answer was cut")
        self.measured = f"{len(writers.acknowledged)} requests answered"

    def test_sigterm_ends_event_streams_cleanly(self):
        server = MortiseServer({**support.QUICK, "http.drain_seconds": 5}, modules=["ticker"]).start()
        self.addCleanup(server.stop)
        from streams import EventStreams
        with EventStreams(server.port, "/api/ticker/ticks", 20) as streams:
            streams.wait_until_each_has(1, 20)
            began = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
            support.wait_until(lambda: streams.pump(0.05) or streams.alive() == 0, 10, "all streams to end")
            support.wait_until(lambda: not support.alive(server.pid), 15, "the server to end")
            self.assertLess(time.monotonic() - began, 12)


if __name__ == "__main__":
    unittest.main()
