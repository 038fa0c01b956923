"""Big files in and out: memory bounded, bytes equal, the disk clean afterwards, and other clients served meanwhile."""
import hashlib
import http.client
import itertools
import os
import pathlib
import re
import socket
import threading
import time
import unittest

import forms
import support
from mortise_server import MortiseServer

TIME_LIMIT = 900
MIB, GIB = 1 << 20, 1 << 30
SIZE = 5 * GIB if support.LONG else 256 * MIB
PIECE = 4 * MIB
ENOUGH = 4  # small requests during a transfer, at least
EXTRA = 32 * MIB  # of the server's own memory per transfer


class Content:
    """Reproducible bytes of any length, computed instead of stored."""

    def __init__(self, size, seed=7):
        self.size = size
        self.block = hashlib.shake_256(bytes([seed])).digest(PIECE)

    def piece(self, offset, length):
        """Each block begins with its number, so that no two are alike."""
        out = bytearray()
        while length > 0 and offset < self.size:
            number, inside = divmod(offset, PIECE)
            block = number.to_bytes(8, "big") + self.block[8:]
            part = block[inside:inside + min(length, self.size - offset)]
            out += part
            offset, length = offset + len(part), length - len(part)
        return bytes(out)

    def pieces(self):
        for offset in range(0, self.size, PIECE):
            yield self.piece(offset, PIECE)

    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def own_memory(pid):
    """Bytes of the process's anonymous memory, without the page cache."""
    return int(re.search(r"^Anonymous: +(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1)) * 1024


class Watch:
    """Sends small requests repeatedly, and records the largest memory use."""

    def __init__(self, server):
        self.server, self.times, self.failures, self.over = server, [], [], threading.Event()
        self.before = self.peak = own_memory(server.pid)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.wait(0.05):
            self.peak = max(self.peak, own_memory(self.server.pid))
            began = time.monotonic()
            try:
                answer = support.request(self.server, "GET", "/probe/hello", timeout=20)
                if answer.status != 200:
                    self.failures.append(answer.status)
            except OSError as error:
                self.failures.append(repr(error))
            self.times.append(time.monotonic() - began)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(30)
        self.peak = max(self.peak, own_memory(self.server.pid))

    def meanwhile(self, pieces):
        """The pieces; the second one waits until this has asked a few times, lest a quick transfer be over unobserved."""
        pieces = iter(pieces)
        yield next(pieces)
        while len(self.times) < ENOUGH and self.thread.is_alive():
            time.sleep(0.01)
        yield from pieces

    def extra(self):
        return self.peak - self.before


class Transfers(unittest.TestCase):
    def setUp(self):
        self.directory = support.temporary_directory(self)
        self.server = MortiseServer({**support.QUICK, "data.dir": str(self.directory / "data"), "http.max_upload": "16GiB", "log.level": "warning"},
                                    modules=["probe"]).start()
        self.addCleanup(self.server.stop)
        support.request(self.server, "POST", "/probe/blobs", b"warm", {"Content-Type": "application/octet-stream"})

    def connect(self, timeout=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        self.addCleanup(connection.close)
        return connection

    def upload(self, pieces, length=None, path="/probe/blobs", kind="application/octet-stream", headers=None):
        """Sends the pieces; without `length` they go chunked."""
        connection = self.connect()
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", kind)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(length)) if length is not None else connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for piece in pieces:
            connection.send(piece if length is not None else b"%x\r\n%s\r\n" % (len(piece), piece))
        if length is None:
            connection.send(b"0\r\n\r\n")
        reply = connection.getresponse()
        return support.Answer(reply.status, reply.headers, reply.read())

    def download(self, blob, **headers):
        return self.fetch(f"/probe/files/{blob}", {name.replace("_", "-"): value for name, value in headers.items()})

    def left_on_disk(self):
        """Files below blobs/ and spool/, and files without a name that the server holds open."""
        named = [file for folder in ("blobs", "spool") for file in (self.server.data / folder).rglob("*") if file.is_file()]
        held = []
        for entry in pathlib.Path(f"/proc/{self.server.pid}/fd").iterdir():
            try:
                target = os.readlink(entry)
            except FileNotFoundError:
                continue
            if target.endswith("(deleted)") and str(self.server.data) in target:
                held.append(target)
        return [file.name for file in named] + held

    def assertBounded(self, watch):
        self.assertEqual(watch.failures, [], "others were not served meanwhile")
        self.assertGreaterEqual(len(watch.times), ENOUGH)
        if not support.SANITIZED:
            self.assertLess(watch.extra(), EXTRA)

    def fetch(self, path, headers=None):
        connection = self.connect()
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse()

    def round_trip(self, content, put, path_of, headers=None):
        """Up by `put(watch)`, which returns (an id, the SHA-256 as told or None); down, whole and in parts."""
        digest = content.sha256()
        with Watch(self.server) as up:
            name, told = put(up)
        self.assertIn(told, (None, digest))
        self.assertBounded(up)
        got, size = hashlib.sha256(), 0
        with Watch(self.server) as down:
            reply = self.fetch(path_of(name), headers)
            self.assertEqual((reply.status, reply.getheader("Content-Length")), (200, str(content.size)))
            for piece in down.meanwhile(iter(lambda: reply.read(PIECE), b"")):
                got.update(piece)
                size += len(piece)
        self.assertEqual((size, got.hexdigest()), (content.size, digest))
        self.assertBounded(down)

        def part(range):
            reply = self.fetch(path_of(name), {**(headers or {}), "Range": f"bytes={range}"})
            return reply.status, reply.getheader("Content-Range"), reply.read()

        middle = content.size // 2 - 12_345
        self.assertEqual(part(f"{middle}-{middle + 999_999}"),
                         (206, f"bytes {middle}-{middle + 999_999}/{content.size}", content.piece(middle, 1_000_000)))
        self.assertEqual(part("-1000")[2], content.piece(content.size - 1000, 1000))
        self.assertEqual(part(f"{content.size}-")[:2], (416, f"bytes */{content.size}"))
        self.measured = (f"{content.size // MIB} MiB; memory of its own: +{up.extra() / MIB:.1f} MiB up, +{down.extra() / MIB:.1f} MiB down; others meanwhile "
                         f"p99 {support.percentile(up.times + down.times, 0.99) * 1000:.0f} ms")

    def test_a_big_blob_goes_up_and_comes_down(self):
        content = Content(SIZE)

        def put(up):
            answer = self.upload(up.meanwhile(content.pieces()), SIZE)
            self.assertEqual((answer.status, answer.json()["size"]), (201, SIZE))
            return (answer.json()["id"],) * 2

        self.round_trip(content, put, lambda blob: f"/probe/files/{blob}")

    def test_a_big_file_goes_up_and_comes_down(self):
        self.server.stop()
        self.server = MortiseServer({**self.server.options, "http.listen": "127.0.0.1:0", "files.max_size": "8GiB",
                                     "modules.enabled": ["auth", "files", "probe"]}).start()
        self.addCleanup(self.server.stop)
        token = support.account(self.server, "ada")
        forms.stored(self.server, token, b"warm")
        content = Content(SIZE, 9)
        head, tail = forms.body(forms.part("file", b"|", "big.bin")).split(b"|")

        def put(up):
            answer = self.upload(itertools.chain([head], up.meanwhile(content.pieces()), [tail]), len(head) + SIZE + len(tail), "/api/files",
                                 forms.content_type(), {"Authorization": f"Bearer {token}"})
            self.assertEqual((answer.status, answer.json()["data"]["size"]), (200, SIZE), answer)
            return answer.json()["data"]["id"], None

        self.round_trip(content, put, lambda file: f"/api/files/{file}/download", {"Authorization": f"Bearer {token}"})

    def test_a_download_that_broke_off_is_resumed(self):
        content = Content(40 * MIB + 321)
        digest = self.upload(content.pieces(), content.size).json()["id"]
        reply = self.download(digest)
        etag = reply.getheader("ETag")
        have = reply.read(9_999_999)
        reply.close()
        reply = self.download(digest, Range=f"bytes={len(have)}-", If_Range=etag)
        self.assertEqual(reply.status, 206)
        self.assertEqual(hashlib.sha256(have + reply.read()).hexdigest(), digest)
        reply = self.download(digest, Range="bytes=5-", If_Range='"another"')
        self.assertEqual((reply.status, len(reply.read())), (200, content.size))

    def test_chunks_and_forms_are_stored_like_plain_bodies(self):
        content = Content(9 * MIB + 77)
        self.assertEqual(self.upload(content.pieces()).json()["id"], content.sha256())
        parts = {f"{number}.bin": Content(size, number) for number, size in enumerate((0, 1, 3 * MIB, 70_000))}
        body = b"".join(b'--B\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), b"".join(part.pieces()))
                        for name, part in parts.items()) + b"--B--\r\n"
        answer = self.upload([body], len(body), "/probe/forms", "multipart/form-data; boundary=B")
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["files"], [{"name": name, "id": part.sha256(), "size": part.size} for name, part in parts.items()])
        for part in parts.values():
            self.assertEqual(self.download(part.sha256()).read(), b"".join(part.pieces()))

    def test_an_upload_is_moved_not_copied_and_only_its_owner_reads_it(self):
        content = Content(5 * MIB)
        digest = self.upload(content.pieces(), content.size).json()["id"]
        file = self.server.data / "blobs" / "data" / "probe" / digest[:2] / digest
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(file.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.upload(content.pieces(), content.size).json()["id"], digest)
        self.assertEqual(support.request(self.server, "DELETE", f"/probe/files/{digest}").status, 200)
        self.assertEqual(self.download(digest).status, 404)
        self.assertEqual(support.request(self.server, "DELETE", f"/probe/files/{digest}").status, 404)

    def test_an_aborted_upload_leaves_nothing(self):
        support.wait_until(lambda: len(self.left_on_disk()) == 1, 10, "only the blob that warmed up to be there")
        before = self.left_on_disk()
        head = b"POST /probe/blobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 50000000\r\n\r\n"
        form = (b"POST /probe/forms HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 50000000\r\n\r\n"
                b'--B\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n')
        chunked = b"POST /probe/blobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n1000000\r\n"
        for start in (head, form, chunked):
            for sent in (0, 1, 100_000, 9_000_000):
                with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
                    connection.sendall(start + b"x" * sent)
                    if sent > 1:
                        # Some of it is on disk by now.
                        support.wait_until(lambda: len(self.left_on_disk()) > 1, 10, "the upload to begin")
                support.wait_until(lambda: self.left_on_disk() == before, 20, f"nothing to be left of {start[:20]} + {sent}")
        answer = support.raw(self.server.port, form.replace(b"Content-Length: 50000000", b"Content-Length: 200") + b"y" * 200)
        self.assertEqual(support.status_of(answer), 400, "a form that is cut off")
        support.wait_until(lambda: self.left_on_disk() == before, 20, "nothing to be left of a bad form")

    def test_slow_clients_hold_no_worker_and_no_memory(self):
        content = Content(64 * MIB)
        digest = self.upload(content.pieces(), content.size).json()["id"]
        slow = []
        for _ in range(40):
            connection = socket.socket()
            self.addCleanup(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", self.server.port))
            connection.sendall(f"GET /probe/files/{digest} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            slow.append(connection)
        for connection in slow:
            self.assertTrue(connection.recv(1024).startswith(b"HTTP/1.1 200 "))
        with Watch(self.server) as watch:
            self.assertEqual(hashlib.sha256(self.download(digest).read()).hexdigest(), digest)
            self.assertEqual(support.request(self.server, "GET", "/probe/slow?ms=1").status, 200)
            support.wait_until(lambda: len(watch.times) > 5, 20, "others to be served")
        self.assertBounded(watch)

    def test_a_blob_store_on_another_file_system_gets_copies(self):
        elsewhere = pathlib.Path("/dev/shm")
        if not elsewhere.is_dir() or elsewhere.stat().st_dev == self.directory.stat().st_dev:
            self.skipTest("no second file system here")
        import shutil
        import tempfile

        folder = tempfile.mkdtemp(prefix="mt-", dir=elsewhere)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.server.stop()
        self.server = MortiseServer({**self.server.options, "http.listen": "127.0.0.1:0", "blobs.url": f"file:{folder}/blobs"}).start()
        self.addCleanup(self.server.stop)
        content = Content(6 * MIB + 5)
        digest = content.sha256()
        self.assertEqual(self.upload(content.pieces(), content.size).json()["id"], digest)
        self.assertEqual((pathlib.Path(folder) / "blobs" / "data" / "probe" / digest[:2] / digest).stat().st_size, content.size)
        self.assertEqual(hashlib.sha256(self.download(digest).read()).hexdigest(), digest)


if __name__ == "__main__":
    unittest.main()
