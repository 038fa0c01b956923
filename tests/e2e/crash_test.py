"""What was acknowledged is there: after kill -9, after a power cut under the file system, after SIGTERM under load.

The writes go to the `probe` module (tests/modules/probe): each stores two rows in one transaction, so that half a write would show. Uploads
become its blobs, whose names are their SHA-256, or files of the module files."""
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import random
import signal
import sqlite3
import struct
import subprocess
import threading
import time
import unittest
import uuid

import forms
import support
from mortise_server import MortiseServer

TIME_LIMIT = 900 if support.LONG else 300
KILLS = 200 if support.LONG else 20
CUTS = 20 if support.LONG else 3
WRITERS = 4
UPLOAD_KILLS = 100 if support.LONG else 5
UPLOAD_CUTS = 20 if support.LONG else 2


class Writers:
    """Threads that write as fast as they get answers, on keep-alive connections, and record the acknowledged writes."""

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
                # Refused at connect, or closed without an answer: not acknowledged.
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


class Disk:
    """An ext4 image on a loop device that can lose power; removed after the test."""

    def __init__(self, case):
        if os.geteuid() != 0:
            case.skipTest("needs root to mount an ext4 image")
        self.case = case
        directory = support.temporary_directory(case)
        self.image, self.mount = directory / "disk", directory / "m"
        self.mount.mkdir()
        subprocess.run(["truncate", "-s", "256M", str(self.image)], check=True)
        subprocess.run(["mkfs.ext4", "-q", str(self.image)], check=True)
        case.addCleanup(lambda: os.path.ismount(self.mount) and self.detach())

    def attach(self):
        done = subprocess.run(["mount", "-o", "loop", str(self.image), str(self.mount)], capture_output=True, text=True)
        if done.returncode != 0:
            self.case.skipTest(f"no loop device here: {done.stderr.strip()}")

    def detach(self):
        support.wait_until(lambda: subprocess.run(["umount", str(self.mount)], capture_output=True).returncode == 0, 10, "umount")

    def cut(self, clients):
        """Unsynced data is lost, as in a power cut: EXT4_IOC_SHUTDOWN without flushing the journal. Returns what the
        clients had been told before. Without power nobody is told anything; here the server lives on for a moment, and an fsync that
        had begun may come back in peace although the journal was given up meanwhile."""
        handle = os.open(self.mount, os.O_RDONLY)
        try:
            with clients.lock:
                told = clients.acknowledged.copy()
            fcntl.ioctl(handle, 0x8004587D, struct.pack("I", 2))
        finally:
            os.close(handle)
        return told


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
        disk = Disk(self)
        sent, acknowledged = set(), set()
        for number in range(CUTS):
            disk.attach()
            server = self.start(disk.mount / "data")
            try:
                self.check(server, acknowledged, sent)
                writers = Writers(server)
                support.wait_until(lambda: len(writers.acknowledged) > WRITERS, 30, "the first writes")
                time.sleep(random.uniform(0.1, 0.6))
                told = disk.cut(writers)
                support.wait_until(lambda: writers.refused or not support.alive(server.pid), 20, "the server to notice the dead disk")
                os.kill(server.pid, signal.SIGKILL)
                writers.end()
            finally:
                server.stop()
            for status, text in writers.refused:
                self.assertIn(status, (429, 500, 503, 507), text)  # 429: parts of uploads that met the dead disk are still being stored
            sent |= writers.sent
            acknowledged |= told
            disk.detach()
        disk.attach()
        server = self.start(disk.mount / "data")
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
        # Every received write was stored, and every stored one answered: nothing was cut in between.
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


class Uploaders:
    """Threads that upload contents of all sizes to the module probe, plain and as forms, and remember which were acknowledged: SHA-256 -> size."""

    SIZES = (0, 1, 5_000, 200_000, 1_500_000)  # the last is more than may wait for the disk

    def __init__(self, server, threads=3):
        self.port = server.port
        self.sent, self.acknowledged, self.refused, self.wrong = {}, {}, [], []
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self.upload, args=(number,), daemon=True) for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def contents(self, turn):
        return [os.urandom(random.choice(self.SIZES)) for _ in range(1 + turn % 2)]

    def send(self, connection, contents):
        if len(contents) == 1:
            connection.request("POST", "/probe/blobs", iter(contents), {"Content-Type": "application/octet-stream"})  # chunked
        else:
            parts = [forms.part("file", content, "a.bin") for content in contents]
            connection.request("POST", "/probe/forms", forms.body(*parts), {"Content-Type": forms.content_type()})

    def note(self, status, body, hashes):
        if status != 201:
            self.refused.append((status, body[:200]))
            return
        told = json.loads(body)
        if {one["id"]: one["size"] for one in told.get("files", [told])} != hashes:
            self.wrong.append(told)
        self.acknowledged.update(hashes)

    def upload(self, number):
        turn = number
        while not self.over.is_set():
            turn += 1
            contents = self.contents(turn)
            hashes = {hashlib.sha256(content).hexdigest(): len(content) for content in contents}
            with self.lock:
                self.sent.update(hashes)
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                self.send(connection, contents)
                reply = connection.getresponse()
                status, body = reply.status, reply.read()
                connection.close()
            except (OSError, http.client.HTTPException):
                if self.over.wait(0.01):  # not acknowledged
                    return
                continue
            with self.lock:
                self.note(status, body, hashes)

    def keep_only(self, told):
        self.acknowledged = told

    end = Writers.end


class FileUploaders(Uploaders):
    """The same through the module files; `files`: id -> SHA-256."""

    SIZES = (1, 5_000, 200_000, 1_500_000)

    def __init__(self, server, token):
        self.token, self.files = token, {}
        super().__init__(server)

    def contents(self, turn):
        return super().contents(0)

    def send(self, connection, contents):
        connection.request("POST", "/api/files", forms.body(forms.part("file", contents[0], "a.bin")),
                           {"Content-Type": forms.content_type(), "Authorization": f"Bearer {self.token}"})

    def note(self, status, body, hashes):
        if status != 200:
            self.refused.append((status, body[:200]))
            return
        told = json.loads(body)["data"]
        if [told["size"]] != list(hashes.values()):
            self.wrong.append(told)
        self.acknowledged.update(hashes)
        self.files[told["id"]] = next(iter(hashes))

    def keep_only(self, told):
        super().keep_only(told)
        self.files = {file: key for file, key in self.files.items() if key in told}


class UploadCrash:
    """Every acknowledged upload is there, whole; nothing half is. For a face of the uploads: its modules, scope and uploaders."""

    def setUp(self):
        self.aged = set()  # files that the server removes when it starts

    def start(self, directory, **options):
        return MortiseServer({**support.QUICK, "data.dir": str(directory), "log.level": "warning", **options}, modules=self.MODULES).start()

    def blobs(self, server):
        """SHA-256 -> size of the files on disk. Each file's content must match its name."""
        found = {}
        for file in (server.data / "blobs" / "data").rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                self.assertEqual(hashlib.sha256(content).hexdigest(), file.name, f"{len(content)} bytes: half a file was kept")
                found[file.name] = len(content)
        return found

    def check(self, server, uploads):
        if uploads is None:
            return
        found = self.blobs(server)
        self.assertEqual({key: size for key, size in uploads.acknowledged.items() if found.get(key) != size}, {}, "acknowledged uploads are gone")
        self.assertEqual(found.keys() - uploads.sent.keys(), set(), "contents that nobody sent")
        self.assertEqual(forms.spool_files(server), [])
        self.check_unnamed(server, uploads)
        self.fetch(server, uploads, found)
        self.assertEqual(self.blobs(server), {})  # the next round needs the room

    def check_unnamed(self, server, uploads):
        """What a crash cut off while it took the name of an equal blob is whole, and there is one for each request at most. It is made to look old."""
        left = [file for file in (server.data / "blobs" / "tmp").rglob("*") if file not in self.aged and file.is_file()]
        self.assertLessEqual(len(left), len(uploads.threads))
        for file in left:
            self.assertIn(hashlib.sha256(file.read_bytes()).hexdigest(), uploads.sent)
            an_hour_ago = time.time() - 3700
            os.utime(file, (an_hour_ago, an_hour_ago))
            self.aged.add(file)

    def scrub(self, directory, expected):
        server = self.start(directory, **{"blobs.scrub": "every: PT1S", "blobs.scrub_rate": 0})
        try:
            with contextlib.closing(sqlite3.connect(directory / "mortise.db", timeout=30)) as database:
                look = "SELECT outcome, output FROM mortise_job_runs WHERE job_id = 'kernel.scrub_blobs' AND outcome NOT IN ('running')"
                runs = support.wait_until(lambda: database.execute(look).fetchall(), 60, "a scrub to end")
            self.assertEqual({outcome for outcome, _ in runs}, {"succeeded"}, runs)
            self.assertEqual(len(self.blobs(server)), expected, "the scrub moved something")
            self.assertFalse((server.data / "blobs" / "damaged").exists())
        finally:
            server.stop()

    def test_no_acknowledged_upload_is_lost_by_kill_9(self):
        directory = support.temporary_directory(self) / "data"
        total, uploads = 0, None
        for number in range(UPLOAD_KILLS):
            server = self.start(directory)
            try:
                self.check(server, uploads)
                uploads = self.uploaders(server)
                support.wait_until(lambda: len(uploads.acknowledged) > 3, 30, "the first uploads")
                time.sleep(random.uniform(0, 0.2))
                os.kill(server.pid, signal.SIGKILL)
                uploads.end()
            finally:
                server.stop()
            self.assertEqual((uploads.refused, uploads.wrong), ([], []), f"round {number}")
            total += len(uploads.acknowledged)
        self.scrub(directory, len(self.blobs(server)))
        server = self.start(directory)
        self.addCleanup(server.stop)
        self.check(server, uploads)
        server.stop()
        server = self.start(directory)
        self.addCleanup(server.stop)
        support.wait_until(lambda: not any((server.data / "blobs" / "tmp").iterdir()), 10, "what the kills left to be removed")
        self.measured = f"{UPLOAD_KILLS} kills, {total} acknowledged uploads, none lost, none half"

    def test_no_acknowledged_upload_is_lost_by_a_power_cut(self):
        disk = Disk(self)
        total, uploads = 0, None
        for number in range(UPLOAD_CUTS):
            disk.attach()
            server = self.start(disk.mount / "data")
            try:
                self.check(server, uploads)
                uploads = self.uploaders(server)
                support.wait_until(lambda: len(uploads.acknowledged) > 3, 30, "the first uploads")
                time.sleep(random.uniform(0.1, 0.5))
                told = disk.cut(uploads)
                support.wait_until(lambda: uploads.refused or not support.alive(server.pid), 20, "the server to notice the dead disk")
                os.kill(server.pid, signal.SIGKILL)
                uploads.end()
            finally:
                server.stop()
            for status, text in uploads.refused:
                self.assertIn(status, (429, 500, 503, 507), text)  # 429: parts of uploads that met the dead disk are still being stored
            self.assertEqual(uploads.wrong, [])
            uploads.keep_only(told)
            total += len(told)
            disk.detach()
        disk.attach()
        self.scrub(disk.mount / "data", len(self.blobs(server)))
        server = self.start(disk.mount / "data")
        try:
            self.check(server, uploads)
        finally:
            server.stop()
        self.measured = f"{UPLOAD_CUTS} power cuts, {total} acknowledged uploads, none lost, none half"


class BlobUploadCrash(UploadCrash, unittest.TestCase):
    MODULES = ["probe"]

    def uploaders(self, server):
        return Uploaders(server)

    def fetch(self, server, uploads, found):
        for key in random.sample(sorted(uploads.acknowledged), min(5, len(uploads.acknowledged))):
            answer = support.request(server, "GET", f"/probe/files/{key}")
            self.assertEqual((answer.status, hashlib.sha256(answer.body).hexdigest()), (200, key))
        for key in found:
            self.assertEqual(support.request(server, "DELETE", f"/probe/files/{key}").status, 200)


class FileUploadCrash(UploadCrash, unittest.TestCase):
    MODULES = ["auth", "files"]
    token = None

    def uploaders(self, server):
        self.token = self.token or support.account(server, "ada")
        return FileUploaders(server, self.token)

    def fetch(self, server, uploads, found):
        with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database:
            listed = dict(database.execute("SELECT id, sha256 FROM files_files"))
        self.assertEqual(uploads.files.items() - listed.items(), set(), "acknowledged files are gone")
        self.assertEqual(set(listed.values()) - found.keys(), set(), "a file without its content was kept")
        for file, key in listed.items():
            answer = support.request(server, "GET", f"/api/files/{file}/download", token=self.token)
            self.assertEqual((answer.status, hashlib.sha256(answer.body).hexdigest()), (200, key))
            self.assertEqual(support.request(server, "DELETE", f"/api/files/{file}", token=self.token).status, 200)
        for key in self.blobs(server):  # contents whose file row is gone; the sweep would remove them within a day
            self.assertNotIn(key, uploads.acknowledged)
            (server.data / "blobs" / "data" / "files" / key[:2] / key).unlink()


if __name__ == "__main__":
    unittest.main()
