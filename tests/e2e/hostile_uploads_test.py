"""Uploads that no well-behaved client sends: each is refused with its reason, or its connection ended, and nothing is left of it anywhere."""
import contextlib
import json
import socket
import sqlite3
import unittest

import forms
import support
from forms import BOUNDARY, body, part
from mortise_server import SLOW, MortiseServer

TIME_LIMIT = 240
LIMIT = 64 << 10
FILE = part("file", b"x" * 1000, "a.bin")
FORM = forms.content_type()
ENDED = "ended"  # nothing to answer: the client left, or promised more than it sent

# name, Content-Type, body, status, a text in the answer; `declared` replaces the true Content-Length; None: chunked, sent unchanged
CASES = [
    ("no boundary", "multipart/form-data", body(FILE), 400, "has no usable boundary"),
    ("an empty boundary", 'multipart/form-data; boundary=""', body(FILE), 400, "boundary"),
    ("a boundary of 71 characters", "multipart/form-data; boundary=" + "b" * 71, body(FILE, boundary="b" * 71), 400, "boundary"),
    ("a boundary with forbidden characters", 'multipart/form-data; boundary="a<b>"', body(FILE, boundary="a<b>"), 400, "boundary"),
    ("another boundary than in the body", forms.content_type("other"), body(FILE), 400, "closing delimiter"),
    ("JSON", "application/json", b'{"file":"x"}', 422, "file: field required"),
    ("a URL-encoded form", "application/x-www-form-urlencoded", b"file=x", 422, "file: field required"),
    ("another multipart type", f"multipart/mixed; boundary={BOUNDARY}", body(FILE), 422, "file: field required"),
    ("no content type", None, body(FILE), 422, "file: field required"),
    ("no closing delimiter", FORM, body(FILE, closed=False), 400, "closing delimiter"),
    ("cut in the middle of the file", FORM, body(FILE)[:500], 400, "closing delimiter"),
    ("cut in the part's head", FORM, body(FILE)[:60], 400, "closing delimiter"),
    ("a delimiter with something behind it", FORM, body(FILE).replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + b"zz\r\n", 1), 400, "delimiter"),
    ("not a form at all", FORM, b"\x00\xff" * 400, 400, "closing delimiter"),
    ("no part at all", FORM, body(), 422, "file: field required"),
    ("far over the limit, and no form", "application/json", b"[" * (8 << 20), 413, f'"max_bytes":{LIMIT}'),
    ("no file part", FORM, body(part("session_id", b"1")), 422, "file: field required"),
    ("a file under another name", FORM, body(part("upload", b"x", "a.bin")), 422, "file: field required"),
    ("two file parts", FORM, body(FILE, FILE), 422, "2"),
    ("a file part and a field of that name", FORM, body(FILE, part("file", b"x")), 422, "2"),
    ("a part without a disposition", FORM, body(b"Content-Type: text/plain\r\n\r\nx"), 400, "no name"),
    ("a part without a name", FORM, body(part("", b"x", disposition='Content-Disposition: form-data; filename="a"')), 400, "no name"),
    ("a part that is an attachment", FORM, body(part("", b"x", disposition='Content-Disposition: attachment; name="file"; filename="a"')), 400, "form-data"),
    ("two dispositions", FORM, body(b'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\nx'), 400,
     "form-data"),
    ("a part header without a colon", FORM, body(b'Content-Disposition: form-data; name="file"; filename="a"\r\nnonsense\r\n\r\nx'), 400, "colon"),
    ("NUL in a name", FORM, body(part("file", b"x", b"a\0.txt")), 400, "control character"),
    ("a bare CR in a name", FORM, body(part("file", b"x", b"a\rb.txt")), 400, "control character"),
    ("a bare LF in a name", FORM, body(part("file", b"x", b"a\nb.txt")), 400, "control character"),
    ("CRLF in a name: a header that is none", FORM, body(part("file", b"x", b"a\r\nX-Evil 1")), 400, "colon"),
    ("a part head of 9000 bytes", FORM, body(part("file", b"x", "n" * 9000)), 400, "longer than 8192"),
    ("a part head without an end", FORM, b"--" + BOUNDARY.encode() + b"\r\n" + b"X-A: b\r\n" * 5000, 400, "longer than 8192"),
    ("10,000 parts", FORM, body(*[part(f"p{i}", b"", "f") for i in range(10000)]), 413, "100"),
    ("10,000 fields", FORM, body(*[part(f"p{i}", b"") for i in range(10000)]), 413, "100"),
    ("a field of 65 KiB", FORM, body(part("note", b"n" * (65 << 10)), FILE), 413, "65536"),
    ("a byte over the limit", FORM, body(part("file", b"x" * (LIMIT + 1), "a.bin")), 413, f'"max_bytes":{LIMIT}'),
    ("far over the limit", FORM, body(part("file", b"x" * (8 << 20), "a.bin")), 413, f'"max_bytes":{LIMIT}'),
    ("far over the limit in a part that is ignored", FORM, body(part("other", b"x" * (8 << 20), "a.bin"), FILE), 413, f'"max_bytes":{LIMIT}'),
]


def chunk(data, size=None):
    return b"%x\r\n%s\r\n" % (len(data) if size is None else size, data)


class HostileUploads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "files.max_size": LIMIT, "http.body_timeout": "2s"}, modules=["auth", "files"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.token = support.account(cls.server, "ada")

    def head(self, framing, type=FORM):
        return (f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\nAccept-Language: en\r\nContent-Type: {type}\r\n"
                f"{framing}\r\n\r\n").encode()

    def exchange(self, data, close=False):
        """What came back; `close`: sends no more after `data`."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20 * SLOW) as connection:
            try:
                connection.sendall(data)
                if close:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return support.read_reply(connection)

    def nothing_left(self):
        support.wait_until(lambda: not forms.spool_files(self.server), 10 * SLOW, "the spool to be empty")
        self.assertEqual(forms.blob_files(self.server), [])
        with contextlib.closing(sqlite3.connect(self.server.data / "mortise.db")) as database:
            self.assertEqual(database.execute("SELECT (SELECT COUNT(*) FROM files_files) + (SELECT COUNT(*) FROM files_blobs)").fetchone()[0], 0)

    def alive(self):
        self.assertTrue(self.server.healthy())
        info = forms.stored(self.server, self.token, b"still works")
        answer = support.request(self.server, "DELETE", f"/api/files/{info['id']}", token=self.token)
        self.assertEqual(answer.status, 200, answer)

    def test_each_is_refused_with_its_reason_and_leaves_nothing(self):
        for name, type, sent, status, reason in CASES:
            with self.subTest(name):
                headers = {"Accept-Language": "en", **({"Content-Type": type} if type else {})}
                answer = support.request(self.server, "POST", "/api/files", sent, headers, token=self.token)
                self.assertEqual(answer.status, status, answer)
                body_of = answer.json()
                self.assertEqual(body_of["code"], status)
                self.assertIn(reason, body_of["msg"] + json.dumps(body_of["data"], separators=(",", ":")))
                self.nothing_left()
        self.alive()

    def test_chunked_bodies_that_break_off_or_lie(self):
        framing, form = "Transfer-Encoding: chunked", body(FILE)
        cases = [
            ("cut in the middle of a chunk", chunk(form[:300]) + b"400\r\nabc", ENDED),
            ("cut between two chunks", chunk(form[:300]), ENDED),
            ("a size that is no number", chunk(form[:300]) + b"zz\r\nabc\r\n", 400),
            ("a chunk longer than its size", chunk(form[:300], 200), 400),
            ("a negative size", b"-5\r\nabcde\r\n", 400),
            ("a size beyond 64 bits", b"fffffffffffffffff\r\nabc", 400),
            ("the end before the form's end", chunk(form[:300]) + b"0\r\n\r\n", 400),
            ("a byte over the limit", chunk(body(part("file", b"x" * (LIMIT + 1), "a"))) + b"0\r\n\r\n", 413),
        ]
        for name, sent, expected in cases:
            with self.subTest(name):
                reply = self.exchange(self.head(framing) + sent, close=True)
                if expected is ENDED:
                    self.assertNotIn(support.status_of(reply), (200, 500), reply)
                else:
                    self.assertEqual(support.status_of(reply), expected, reply)
                self.nothing_left()
        self.alive()

    def test_lengths_that_lie(self):
        form = body(FILE)
        with self.subTest("more promised than sent, and gone"):
            self.assertNotIn(support.status_of(self.exchange(self.head(f"Content-Length: {len(form) + 1000}") + form, close=True)), (200, 500))
            self.nothing_left()
        with self.subTest("more promised than sent, and silent"):
            self.assertNotIn(support.status_of(self.exchange(self.head(f"Content-Length: {len(form) + 1000}") + form)), (200, 500))
            self.nothing_left()
        with self.subTest("less promised than sent"):
            self.assertEqual(support.status_of(self.exchange(self.head(f"Content-Length: {len(form) - 400}") + form)), 400)
            self.nothing_left()
        for framing in (f"Content-Length: {len(form)}\r\nContent-Length: {len(form) + 1}", "Content-Length: -1", "Content-Length: 1e3",
                        f"Content-Length: {1 << 70}", f"Content-Length: {len(form)}\r\nTransfer-Encoding: chunked"):
            with self.subTest(framing):
                self.assertIn(support.status_of(self.exchange(self.head(framing) + form)), (400, 413))
                self.nothing_left()
        self.alive()

    def test_a_client_that_leaves_in_the_middle(self):
        form = body(part("file", b"x" * LIMIT, "a.bin"))
        for sent in (10, 100, 1000, len(form) - 1):
            with self.subTest(sent):
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
                    connection.sendall(self.head(f"Content-Length: {len(form)}") + form[:sent])
                self.nothing_left()
        self.alive()

    def test_nobody_uploads_a_byte_without_being_known(self):
        form = body(FILE)
        head = f"POST /api/files HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\nExpect: 100-continue\r\n\r\n".encode()
        reply = self.exchange(head)
        self.assertEqual(support.status_of(reply), 401)
        self.assertNotIn(b"100 Continue", reply)
        self.nothing_left()


if __name__ == "__main__":
    unittest.main()
