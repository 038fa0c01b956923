"""Password hashing has its own threads and queue: a client that floods the logins waits or is refused, without effect on others."""
import concurrent.futures
import re
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 240
# One hash at a time, each more than a second of work.
SLOW = {"limits.enabled": "false", "limits.override": ["auth.login_failures=off"], "identity.argon2_memory": "32MiB", "identity.argon2_passes": 100,
        "identity.password_concurrency": 1, "log.level": "info"}


def log_in(server, name="nobody"):
    return support.request(server, "POST", "/api/auth/login", {"username": name, "password": "wrong horse 77"}, timeout=200)


def metric(server, name):
    page = support.request(server, "GET", "/metrics").body.decode()
    return float(re.search(rf"^{name} (\S+)", page, re.M).group(1))


class PasswordLane(unittest.TestCase):
    def start(self, **options):
        server = MortiseServer({**SLOW, **options}, modules=["auth", "probe"]).start()
        self.addCleanup(server.stop)
        return server

    def flood(self, server, count):
        pool = concurrent.futures.ThreadPoolExecutor(count)
        self.addCleanup(pool.shutdown)
        return [pool.submit(log_in, server, f"nobody{number}") for number in range(count)]

    def test_a_full_queue_is_answered_503_while_other_routes_go_on(self):
        server = self.start(**{"identity.password_queue": 2, "http.workers": 1, "http.request_timeout": "180s"})
        logins = self.flood(server, 12)
        support.wait_until(lambda: metric(server, "mortise_password_queue_full_total") >= 9, 60, "the rest to be refused")
        self.assertEqual(metric(server, "mortise_passwords_busy"), 1)
        # The one worker is free: not one login waits there for its turn.
        self.assertEqual(support.request(server, "GET", "/probe/pairs").status, 200)
        answers = [login.result() for login in logins]
        refused = [answer for answer in answers if answer.status == 503]
        self.assertEqual((len(refused), len(answers)), (9, 12))
        for answer in refused:
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual({answer.json()["code"] for answer in answers if answer.status != 503}, {401})
        self.assertEqual(metric(server, "mortise_password_hashes"), 3)

    def test_who_waited_too_long_is_answered_and_not_hashed_any_more(self):
        server = self.start(**{"identity.password_queue": 20, "http.request_timeout": "1s"})
        answers = [login.result() for login in self.flood(server, 10)]
        late = [answer for answer in answers if answer.status == 504]
        self.assertGreaterEqual(len(late), 6, answers)
        support.wait_until(lambda: metric(server, "mortise_passwords_busy") == 0 and metric(server, "mortise_password_queue") == 0, 60, "the lane to be idle")
        self.assertLessEqual(metric(server, "mortise_password_hashes"), 4)

    def test_who_left_is_not_hashed_any_more(self):
        server = self.start(**{"identity.password_queue": 20, "http.request_timeout": "60s"})
        first = self.flood(server, 1)
        support.wait_until(lambda: metric(server, "mortise_passwords_busy") == 1, 30, "the first login to be hashed")
        body = b'{"username":"nobody","password":"wrong horse 77"}'
        head = f"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with support.socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + body)
            support.wait_until(lambda: metric(server, "mortise_password_queue") == 1, 30, "the second one to wait")
        self.assertEqual(first[0].result().json()["code"], 401)
        support.wait_until(lambda: metric(server, "mortise_passwords_busy") == 0 and metric(server, "mortise_password_queue") == 0, 60, "the lane to be idle")
        self.assertEqual(metric(server, "mortise_password_hashes"), 1)


if __name__ == "__main__":
    unittest.main()
