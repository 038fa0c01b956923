"""What happens when something under the server breaks: a clear error, logged, nothing half-written, and recovery without a restart."""
import concurrent.futures
import os
import socket
import sqlite3
import subprocess
import time
import unittest
import uuid

import support
from mortise_server import MortiseServer, Redis

TIME_LIMIT = 240


def pair(server):
    key = str(uuid.uuid4())
    return key, support.request(server, "POST", "/probe/pairs", {"id": key, "text": "x" * 1000})


def stored(server):
    answer = support.request(server, "GET", "/probe/pairs")
    assert answer.status == 200, answer
    return {row["id"]: row["halves"] for row in answer.json()["pairs"]}


class RedisGone(unittest.TestCase):
    def setUp(self):
        self.redis = Redis().start()
        self.addCleanup(self.redis.stop)
        self.server = MortiseServer({**support.QUICK, "limits.enabled": "true", "cache.url": self.redis.url}, modules=["auth"]).start()
        self.addCleanup(self.server.stop)
        self.token = support.account(self.server, "grace")

    def log_in(self, timeout=30):
        return support.request(self.server, "POST", "/api/auth/login", {"username": "grace", "password": "correct horse 7"}, timeout=timeout)

    def check_away(self):
        answer = self.log_in()
        self.assertEqual((answer.status, answer.json()["code"]), (503, 503), answer)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def check_what_goes_on(self):
        self.assertEqual(support.request(self.server, "GET", "/health", timeout=5).status, 200)
        self.assertEqual(support.request(self.server, "GET", "/api/auth/me", token=self.token).status, 200)
        # runtime-api.md 8: /users continues, /auth does not.
        self.assertEqual(support.request(self.server, "GET", "/api/v1/users/me", token=self.token).status, 200)
        signed_out = support.request(self.server, "DELETE", "/api/v1/auth/sessions", {"refresh_token": "x" * 43})
        self.assertEqual(signed_out.status, 503, signed_out)

    def check_back(self):
        support.wait_until(lambda: self.log_in().json()["code"] == 200, 30, "logins to work again without a restart")

    def test_limited_routes_answer_503_while_it_is_gone_and_come_back(self):
        self.assertEqual(self.log_in().json()["code"], 200)
        self.redis.kill()
        self.check_away()
        self.check_what_goes_on()
        self.redis.start()
        self.check_back()

    def test_a_redis_that_hangs_holds_up_neither_the_server_nor_many_callers(self):
        self.redis.freeze()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            began = time.monotonic()
            answers = list(pool.map(lambda _: self.log_in(), range(200)))
            took = time.monotonic() - began
        self.assertEqual({answer.status for answer in answers}, {503})
        # One after another they would have taken a second each, on a handful of workers.
        self.measured = f"200 refusals from a Redis that hangs in {took:.1f} s"
        self.check_what_goes_on()
        self.redis.thaw()
        self.check_back()


class DatabaseTrouble(unittest.TestCase):
    def test_a_locked_database_answers_503_and_writes_nothing_by_halves(self):
        server = MortiseServer({**support.QUICK}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        first, answer = pair(server)
        self.assertEqual(answer.status, 201, answer)
        other = sqlite3.connect(os.path.join(server.data, "mortise.db"), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        _, refused = pair(server)
        self.assertEqual(refused.status, 503, refused)
        self.assertIn("Retry-After", refused.headers)
        self.assertEqual(stored(server), {first: 2})  # readers are not held up
        other.execute("ROLLBACK")
        second, answer = pair(server)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(stored(server), {first: 2, second: 2})

    def test_a_full_disk_answers_507_keeps_reading_and_recovers(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to mount a tmpfs of fixed size")
        mount = support.temporary_directory(self)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "mortise-test", str(mount)], check=True)
        self.addCleanup(lambda: support.wait_until(lambda: subprocess.run(["umount", str(mount)], capture_output=True).returncode == 0, 10, "umount"))
        server = MortiseServer({**support.QUICK, "data.dir": str(mount / "data")}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        acknowledged = []
        for _ in range(5):
            key, answer = pair(server)
            self.assertEqual(answer.status, 201, answer)
            acknowledged.append(key)
        filler = mount / "filler"
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
        with open(filler, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1))
            except OSError:
                pass
        refused = None
        for _ in range(200):  # the log file of the database may have room for some more
            key, answer = pair(server)
            if answer.status != 201:
                refused = answer
                break
            acknowledged.append(key)
        self.assertIsNotNone(refused, "200 writes on a full disk were acknowledged")
        self.assertEqual(refused.status, 507, refused)
        self.assertEqual(stored(server), {key: 2 for key in acknowledged})
        upload = support.request(server, "POST", "/probe/files", b"z" * (4 << 20), {"Content-Type": "application/octet-stream"})
        self.assertEqual(upload.status, 507, upload)
        filler.unlink()
        key, answer = pair(server)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(stored(server), {key: 2 for key in acknowledged + [key]})


class MailDown(unittest.TestCase):
    def test_the_server_starts_and_serves_without_its_mail_relay(self):
        server = MortiseServer({**support.QUICK, "mail.url": f"smtp://127.0.0.1:{support.free_port()}", "mail.from": "Mortise <m@example.org>"},
                               modules=["auth"]).start()
        self.addCleanup(server.stop)
        self.assertEqual(support.request(server, "GET", "/health").status, 200)
        support.account(server, "ada")


class ThrowingHandlers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK}, modules=["probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def test_whatever_a_handler_throws_is_500_with_the_request_id_and_the_server_lives(self):
        pid = self.server.pid
        for what in ("int", "exception", "string"):
            with self.subTest(what):
                answer = support.request(self.server, "GET", f"/probe/throw?what={what}", headers={"X-Request-Id": f"trace-{what}"})
                self.assertEqual(answer.status, 500, answer)
                self.assertEqual(answer.headers["X-Request-Id"], f"trace-{what}")
                self.assertTrue(answer.headers["Content-Type"].startswith("application/problem+json"), answer)
                self.assertEqual(answer.json()["status"], 500)
                self.assertIn(f"trace-{what}", answer.body.decode())
                self.assertNotIn("secret of the house", answer.body.decode())
        self.assertTrue(support.alive(pid))
        self.assertEqual(support.request(self.server, "GET", "/probe/hello").status, 200)

    def test_a_problem_keeps_its_status_and_code(self):
        answer = support.request(self.server, "GET", "/probe/throw?what=problem")
        self.assertEqual(answer.status, 409, answer)
        self.assertIn("probe_conflict", answer.body.decode())


class Neighbours(unittest.TestCase):
    def test_a_client_that_leaves_in_mid_request_disturbs_nobody(self):
        server = MortiseServer({**support.QUICK}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(b"GET /probe/slow?ms=50 HTTP/1.1\r\nHost: x\r\n\r\n")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.assertEqual(support.request(server, "GET", "/probe/hello").status, 200)


if __name__ == "__main__":
    unittest.main()
