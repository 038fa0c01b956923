"""Two servers that share PostgreSQL and Redis: limits and slots count across both, a revoked key is void on both, and Redis may go and come back."""
import contextlib
import socket
import threading
import time
import unittest

import support
from mortise_server import MortiseServer, Postgres, Redis

TIME_LIMIT = 240
PROMISED_SECONDS = 2


@unittest.skipUnless(Postgres.available() and Redis.available(), "PostgreSQL or Redis is not installed")
class Cluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        postgres = Postgres().start()
        cls.addClassCleanup(postgres.stop)
        cls.redis = Redis().start()
        cls.addClassCleanup(cls.redis.stop)
        options = {**support.QUICK, "limits.enabled": "true", "db.url": postgres.url(), "cache.url": cls.redis.url, "log.level": "info",
                   "http.trusted_proxies": "127.0.0.1"}
        first = MortiseServer(options, modules=["auth", "probe", "ticker"]).start()
        cls.addClassCleanup(first.stop)
        second = MortiseServer({**options, "identity.secret_file": first.data / "secret"}, modules=["auth", "probe", "ticker"]).start()
        cls.addClassCleanup(second.stop)
        cls.servers = [first, second]

    def test_a_window_counts_across_both(self):
        caller = {"X-Forwarded-For": "203.0.113.7"}
        statuses = [support.request(self.servers[turn % 2], "GET", "/probe-streams/hits", headers=caller).status for turn in range(5)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])
        other = {"X-Forwarded-For": "203.0.113.8"}
        self.assertEqual(support.request(self.servers[1], "GET", "/probe-streams/hits", headers=other).status, 200)

    def test_failed_logins_lock_a_name_on_both(self):
        support.account(self.servers[0], "ada")
        for turn in range(10):
            answer = support.request(self.servers[turn % 2], "POST", "/api/auth/login", {"username": "ada", "password": "wrong horse 77"},
                                     {"X-Forwarded-For": f"203.0.113.{10 + turn}"})
            self.assertEqual(answer.json()["code"], 401, answer)
        for server in self.servers:
            answer = support.request(server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"},
                                     {"X-Forwarded-For": "203.0.113.30"})
            self.assertEqual(answer.status, 429, answer)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
            self.assertEqual({**answer.json()["data"], "retry_after": 0}, {"retry_after": 0, "limit": 10, "window_seconds": 900, "bucket": "auth"})

    def test_slots_count_across_both(self):
        token = support.account(self.servers[0], "bob")
        with contextlib.ExitStack() as streams:

            def open_stream(server):
                connection = streams.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
                connection.sendall(f"GET /api/ticker/ticks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                return support.status_of(connection.recv(4096)), connection

            opened = [open_stream(self.servers[turn % 2]) for turn in range(10)]
            self.assertEqual({status for status, _ in opened}, {200})
            self.assertEqual([open_stream(server)[0] for server in self.servers], [429, 429])
            opened[0][1].close()
            support.wait_until(lambda: open_stream(self.servers[1])[0] == 200, 30, "the slot freed on one server to be free on the other")

    def test_a_revoked_key_is_refused_by_both_at_once(self):
        owner = support.account(self.servers[0], "carol")
        minted = support.request(self.servers[0], "POST", "/probe-keys", {"name": "ci"}, token=owner).json()
        for server in self.servers:
            self.assertEqual(support.request(server, "GET", "/probe-keys/read", token=minted["raw"]).status, 200)
        revoked = support.request(self.servers[0], "POST", f"/probe-keys/{minted['id']}/revoke", token=owner)
        self.assertEqual(revoked.status, 200, revoked)
        for server in self.servers:
            refused = support.request(server, "GET", "/probe-keys/read", token=minted["raw"])
            self.assertEqual((refused.status, refused.json()["error"]["details"]["error"]), (401, "api_key_revoked"), refused)

    def test_redis_goes_and_comes_back(self):
        """Limited routes answer 503 while it is away and serve again, both within two seconds and without a restart."""
        caller = iter(range(1, 60_000))

        def ask(server):
            number = next(caller)
            began = time.monotonic()
            address = {"X-Forwarded-For": f"198.51.{number >> 8}.{number & 255}"}
            status = support.request(server, "GET", "/probe-streams/hits", headers=address).status
            return status, time.monotonic() - began

        def first(server, wanted, since):
            while True:
                status, took = ask(server)
                slowest[wanted] = max(slowest[wanted], took)
                if status == wanted:
                    found.append((wanted, time.monotonic() - since))
                    return
                self.assertIn(status, (200, 503))
                self.assertLess(time.monotonic() - since, 60)

        def on_both(wanted, since):
            threads = [threading.Thread(target=first, args=(server, wanted, since)) for server in self.servers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        for away, back in ((self.redis.kill, self.redis.start), (self.redis.freeze, self.redis.thaw)):
            found, slowest = [], {200: 0, 503: 0}
            self.assertEqual([ask(server)[0] for server in self.servers], [200, 200])
            began = time.monotonic()
            away()
            on_both(503, began)
            for server in self.servers:
                answer = support.request(server, "GET", "/probe-streams/hits")
                self.assertEqual(answer.status, 503)
                self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
                self.assertEqual(support.request(server, "GET", "/probe/hello").status, 200)
                self.assertEqual(support.request(server, "GET", "/health").status, 200)
            back()
            on_both(200, time.monotonic())
            self.assertEqual(len(found), 4, found)
            if not support.SANITIZED:
                self.assertLess(max(seconds for _, seconds in found), 5 * PROMISED_SECONDS, found)  # a busy machine
                self.assertLess(slowest[503], 5 * PROMISED_SECONDS, slowest)
            words = ", ".join(f"{status} after {seconds:.2f} s" for status, seconds in found)
            self.measured = f"{getattr(self, 'measured', '')}{away.__name__}: {words}; "


if __name__ == "__main__":
    unittest.main()
