"""What one client may take from others: limits by its network, the queue of the hashes, connections, memory for bodies, and the workers that wait
for a silent peer. Clients call through a trusted proxy (the test), so each has the address that X-Forwarded-For gives it."""
import concurrent.futures
import itertools
import re
import socket
import sqlite3
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 300
PASSWORD = "Correct horse 7"
WRONG = "Wrong horse 77"
HASHING = {"identity.argon2_memory": "8MiB", "identity.argon2_passes": 1}
PROXIED = {**HASHING, "http.trusted_proxies": "127.0.0.0/8"}
COOKIE = "whalefall_session"
numbers = itertools.count(1)


def name():
    return f"client{next(numbers)}"


def fresh():
    number = next(numbers)
    return f"198.18.{number >> 8}.{number & 255}"


def metric(server, key):
    page = support.request(server, "GET", "/metrics").body.decode()
    return float(re.search(rf"^{key} (\S+)", page, re.M).group(1))


def call(server, address, method, path, body=None, headers=None, **more):
    return support.request(server, method, path, body, {"X-Forwarded-For": address, **(headers or {})}, **more)


def log_in(server, address, username, password=WRONG, **more):
    return call(server, address, "POST", "/api/auth/login", {"username": username, "password": password}, **more).json()["code"]


def cookie_log_in(server, address, username, password=WRONG):
    page = call(server, address, "GET", "/api/v1/auth/csrf-token")
    cookie = page.headers["Set-Cookie"].split(";")[0]
    return call(server, address, "POST", "/api/v1/auth/login", {"username": username, "password": password},
                {"Cookie": cookie, "X-CSRFToken": page.json()["data"]["csrf_token"]})


def register(server, username):
    answer = call(server, fresh(), "POST", "/api/auth/register", {"username": username, "password": PASSWORD})
    assert answer.json()["code"] == 200, answer
    return answer.json()["data"]["tokens"]["access_token"]


class Case(unittest.TestCase):
    def start(self, options=None, modules=("auth",)):
        server = MortiseServer({**PROXIED, **(options or {})}, modules=list(modules)).start()
        self.addCleanup(server.stop)
        return server


class Networks(Case):
    """The login of the agent platform takes 20 in five minutes from one client."""

    def tries(self, server, addresses):
        return [log_in(server, address, name()) for address in addresses]

    def test_the_addresses_of_a_64_are_one_client(self):
        server = self.start()
        codes = self.tries(server, [f"2001:db8:1:2::{number:x}" for number in range(1, 61)])
        self.assertEqual(codes, [401] * 20 + [429] * 40)

    def test_the_networks_of_a_56_share_twice_the_number(self):
        server = self.start()
        for network in ("2001:db8:7:100", "2001:db8:7:101"):
            self.assertEqual(self.tries(server, [f"{network}::{number:x}" for number in range(1, 22)]), [401] * 20 + [429])
        self.assertEqual(self.tries(server, ["2001:db8:7:1ff::1", "2001:DB8:7:01AA:0::9"]), [429, 429])
        self.assertEqual(self.tries(server, ["2001:db8:7:200::1", "2001:db8:8:100::1", "198.51.100.7"]), [401] * 3)

    def test_a_client_over_its_limit_takes_nothing_from_its_neighbours(self):
        server = self.start()
        self.assertEqual(self.tries(server, ["2001:db8:9:1::1"] * 60).count(401), 20)
        self.assertEqual(self.tries(server, ["2001:db8:9:2::1"] * 20), [401] * 20)

    def test_every_spelling_of_an_address_is_one_client(self):
        server = self.start()
        spellings = ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:203.0.113.9", "::ffff:cb00:7109", "0:0:0:0:0:ffff:203.0.113.9", "[::ffff:203.0.113.9]:4711",
                     "203.0.113.9:80", '"203.0.113.9"', "192.0.2.200, 203.0.113.9", "203.0.113.9, 127.0.0.9"]
        self.assertEqual(self.tries(server, spellings * 3), [401] * 20 + [429] * 10)

    def test_handlers_count_by_network_too(self):
        server = self.start({"limits.override": ["auth.login_ip.auth=off"]})
        register(server, "ada")
        for number in range(1, 11):
            self.assertEqual(log_in(server, f"2001:db8:5:5::{number:x}", "ada"), 401)
        self.assertEqual(log_in(server, "2001:db8:5:5:ffff::1", "ada", PASSWORD), 429)
        for other in ("2001:db8:5:105::1", "2001:db8:6:5::1", "198.51.100.200"):  # ten addresses were one client, so the name is not locked
            self.assertEqual(log_in(server, other, "ada", PASSWORD), 200)

    def test_limits_that_are_off_are_off_in_handlers_too(self):
        server = self.start({"limits.enabled": "false"})
        register(server, "ada")
        self.assertEqual({log_in(server, "203.0.113.5", "ada") for _ in range(30)}, {401})
        self.assertEqual(log_in(server, "203.0.113.5", "ada", PASSWORD), 200)
        for _ in range(11):
            self.assertEqual(cookie_log_in(server, "203.0.113.5", "ada").status, 401)
        shown = server.run("check-config", "--show")
        for bucket in ("auth.login_failures", "auth.login_ip", "auth.browser_login"):
            self.assertIn(f"rate limit {bucket}: off", shown)


class Logins(Case):
    def test_the_cookie_login_is_limited_by_client(self):
        server = self.start()
        answers = [cookie_log_in(server, "203.0.113.4", name()) for _ in range(62)]
        self.assertEqual([answer.status for answer in answers], [401] * 60 + [429] * 2)
        self.assertEqual(answers[-1].json()["message_code"], "RATE_LIMIT_EXCEEDED")
        self.assertGreaterEqual(int(answers[-1].headers["Retry-After"]), 1)
        self.assertEqual(cookie_log_in(server, "203.0.113.5", name()).status, 401)

    def test_one_client_does_not_lock_a_name_for_others(self):
        server = self.start({"limits.override": ["auth.login_ip.auth=off", "auth.login_ip=off", "auth.browser_login=off"]})
        victims = {}
        for path in ("IPv4", "a /64", "a /56", "the cookie login"):
            victims[path] = name()
            register(server, victims[path])
        attackers = {"IPv4": ["203.0.113.66"] * 30, "a /64": [f"2001:db8:6:6::{number:x}" for number in range(1, 31)],
                     "a /56": [f"2001:db8:7:{number:x}::1" for number in range(1, 31)], "the cookie login": ["203.0.113.67"] * 30}
        for path, addresses in attackers.items():
            with self.subTest(path):
                for address in addresses:
                    if path == "the cookie login":
                        cookie_log_in(server, address, victims[path])
                    else:
                        log_in(server, address, victims[path])
                self.assertEqual(log_in(server, addresses[0], victims[path], PASSWORD), 429, "the client itself is locked out, right password or not")
                self.assertEqual(log_in(server, fresh(), victims[path], PASSWORD), 200)

    def test_many_clients_lock_a_name(self):
        server = self.start()
        register(server, "ada")
        self.assertEqual({log_in(server, fresh(), "ada") for _ in range(10)}, {401})
        self.assertEqual(log_in(server, fresh(), "ada", PASSWORD), 429)

    def test_a_flood_of_one_client_does_not_keep_others_from_logging_in(self):
        server = self.start({"limits.override": ["auth.login_ip.auth=off", "auth.browser_login_ip=off"], "identity.argon2_memory": "16MiB",
                             "identity.argon2_passes": 2, "identity.password_concurrency": 1, "identity.password_queue": 32, "http.request_timeout": "180s"})
        people = [name() for _ in range(28)]
        for person in people:
            register(server, person)
        with concurrent.futures.ThreadPoolExecutor(150) as pool:
            flood = [pool.submit(log_in, server, f"2001:db8:aa:{number % 4:x}::{number:x}", name(), timeout=200) for number in range(120)]
            support.wait_until(lambda: metric(server, "mortise_password_queue_full_total") > 0, 60, "the flood to fill the queue")
            logins = [pool.submit(log_in, server, fresh(), person, PASSWORD, timeout=200) for person in people]
            codes = [login.result() for login in logins]
            refused = [login.result() for login in flood].count(503)
        self.assertEqual(codes, [200] * 28)
        self.assertGreater(refused, 0)


class Connections(unittest.TestCase):
    def address(self, family, probe):
        with socket.socket(family, socket.SOCK_DGRAM) as look:
            try:
                look.connect(probe)
                return look.getsockname()[0]
            except OSError:
                self.skipTest("this machine has no address but loopback")

    def connect(self, address, port, count):
        """How many of `count` connections at once are served."""
        opened = [socket.create_connection((address, port), timeout=10, source_address=(address, 0)) for _ in range(count)]
        try:
            served = 0
            for one in opened:
                one.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                served += support.status_of(support.read_reply(one)) == 200
            return served
        finally:
            for one in opened:
                one.close()

    def start(self, address, **options):
        host = f"[{address}]" if ":" in address else address
        server = MortiseServer({"http.listen": ["127.0.0.1:0", f"{host}:0"], **options}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        return int(re.search(rf"^listening on http://{re.escape(host)}:(\d+)", server.output(), re.M).group(1)), server

    def test_a_client_has_no_more_connections_than_the_option_says(self):
        address = self.address(socket.AF_INET, ("198.51.100.1", 9))
        port, server = self.start(address, **{"http.max_connections_per_address": 5})
        self.assertEqual(self.connect(address, port, 8), 5)
        self.assertEqual(self.connect("127.0.0.1", server.port, 8), 8, "loopback is exempt")

    def test_the_default_is_not_all(self):
        address = self.address(socket.AF_INET, ("198.51.100.1", 9))
        port, _ = self.start(address)
        self.assertEqual(self.connect(address, port, 300), 256)

    def test_a_trusted_proxy_is_no_client(self):
        address = self.address(socket.AF_INET, ("198.51.100.1", 9))
        port, _ = self.start(address, **{"http.max_connections_per_address": 5, "http.trusted_proxies": address})
        self.assertEqual(self.connect(address, port, 8), 8)

    def test_no_limit_is_still_possible(self):
        address = self.address(socket.AF_INET, ("198.51.100.1", 9))
        port, _ = self.start(address, **{"http.max_connections_per_address": 0})
        self.assertEqual(self.connect(address, port, 300), 300)


class Bodies(Case):
    """A profile change takes up to 2 MiB, which is the whole budget here."""

    def started(self):
        server = self.start({"http.body_memory": "2MiB", "limits.enabled": "false"})
        return server, register(server, name())

    def half_sent(self, server, token, start, headers):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.addCleanup(connection.close)
        connection.sendall(f"PUT /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{headers}\r\n\r\n".encode())
        connection.sendall(start)
        return connection

    def refused(self, held):
        answers = []
        for connection in held:
            connection.settimeout(0.2)
            try:
                answers.append(support.read_reply(connection))
            except TimeoutError:
                answers.append(b"")
        return [answer for answer in answers if support.status_of(answer) == 503]

    def test_all_bodies_in_memory_have_one_budget(self):
        server, token = self.started()
        held = [self.half_sent(server, token, b" " * 500_000, "Content-Length: 500001") for _ in range(12)]
        support.wait_until(lambda: metric(server, "mortise_http_bodies_refused") >= 8, 30, "the bodies that have no room to be refused")
        self.assertLessEqual(metric(server, "mortise_http_body_bytes"), 2 << 20)
        refused = self.refused(held)
        self.assertGreaterEqual(len(refused), 8)
        for answer in refused:
            self.assertRegex(answer.decode(), r"(?i)retry-after: [1-9]")
        # Small requests go on meanwhile.
        person = name()
        register(server, person)
        self.assertEqual(log_in(server, fresh(), person, PASSWORD), 200)
        for connection in held:
            connection.close()
        support.wait_until(lambda: metric(server, "mortise_http_body_bytes") == 0, 30, "the budget to be free again")
        whole = self.half_sent(server, token, b'{"nickname":"Ada"}' + b" " * 500_000, "Content-Length: 500018")
        self.assertEqual(support.status_of(support.read_reply(whole)), 200)
        support.wait_until(lambda: metric(server, "mortise_http_body_bytes") == 0, 30, "an answered request to keep nothing")

    def test_chunked_bodies_count_as_well(self):
        server, token = self.started()
        held = [self.half_sent(server, token, b"%x\r\n" % 500_000 + b" " * 500_000, "Transfer-Encoding: chunked") for _ in range(12)]
        support.wait_until(lambda: metric(server, "mortise_http_bodies_refused") >= 8, 30, "the bodies that have no room to be refused")
        self.assertLessEqual(metric(server, "mortise_http_body_bytes"), 2 << 20)
        self.assertGreaterEqual(len(self.refused(held)), 8)

    def test_fields_and_pieces_of_uploads_count_as_well(self):
        server = self.start({"http.body_memory": "2MiB", "limits.enabled": "false"}, modules=["auth", "files"])
        token = register(server, name())
        field = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n' + b"x" * 60_000 + b"\r\n"
        held = []
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            self.addCleanup(connection.close)
            connection.sendall(f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                               "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n".encode() + field * 8)
            held.append(connection)
        support.wait_until(lambda: metric(server, "mortise_http_bodies_refused") >= 16, 30, "the bodies that have no room to be refused")
        self.assertLessEqual(metric(server, "mortise_http_body_bytes"), 2 << 20)

    def test_sign_in_takes_small_bodies_only(self):
        server = self.start({"limits.enabled": "false"})
        page = support.request(server, "GET", "/api/v1/auth/csrf-token")
        headers = {"Cookie": page.headers["Set-Cookie"].split(";")[0], "X-CSRFToken": page.json()["data"]["csrf_token"], "Content-Type": "application/json"}
        for path in ("/api/auth/login", "/api/auth/register", "/api/auth/refresh", "/api/v1/auth/login", "/api/v1/auth/change-password", "/api/v1/auth/sessions",
                     "/api/v1/auth/sessions/refresh", "/api/v1/auth/verifications", "/api/v1/auth/signup"):
            with self.subTest(path):
                self.assertEqual(support.request(server, "POST", path, b" " * (65 << 10), headers).status, 413)


class AnonymousCallers(Case):
    def rows(self, server, table):
        with sqlite3.connect(f"file:{server.data / 'mortise.db'}?mode=ro", uri=True) as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def test_csrf_tokens_cost_no_row(self):
        server = self.start()
        for path in ("/csrf-token", "/session"):
            for cookie in (None, "garbled", f"{'A' * 32}.{'B' * 43}"):
                for _ in range(5):
                    answer = support.request(server, "GET", "/api/v1/auth" + path, headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
                    self.assertEqual(answer.status, 200)
                    self.assertIn(COOKIE, answer.headers["Set-Cookie"])
        self.assertEqual(cookie_log_in(server, fresh(), "nobody").status, 401)
        self.assertEqual(self.rows(server, "mortise_cookie_sessions"), 0)
        register(server, "ada")
        self.assertEqual(cookie_log_in(server, fresh(), "ada", PASSWORD).status, 200)
        self.assertEqual(self.rows(server, "mortise_cookie_sessions"), 1)


class SilentPeer(Case):
    """WeChat accepts connections and says nothing: as many sign-ins as workers, and more, wait for it."""

    def test_other_routes_go_on_while_wechat_is_silent(self):
        for workers in (1, 4):
            with self.subTest(workers=workers):
                self.silent(workers)

    def silent(self, workers):
        peer = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.addCleanup(peer.close)
        url = f"http://127.0.0.1:{peer.getsockname()[1]}"
        server = self.start({"http_client.allow_private": "true", "http.workers": workers, "http.outbound": 12, "auth.wechat_app_id": "wx0123456789abcdef",
                             "auth.wechat_app_secret": "secret", "auth.wechat_redirect_uri": "https://api.example.com/api/auth/wechat/callback",
                             "auth.wechat_frontend_url": "https://app.example.com/login", "auth.wechat_timeout": "60s", "http.request_timeout": "120s",
                             "auth.wechat_token_url": url + "/token", "auth.wechat_userinfo_url": url + "/userinfo"})
        token = register(server, name())
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            waiting = [pool.submit(call, server, fresh(), "GET", f"/api/auth/wechat/callback?code=c{number}", timeout=150) for number in range(6)]
            support.wait_until(lambda: metric(server, "mortise_workers_awaiting") == 6, 20, "the sign-ins to wait for WeChat")
            # More than half of http.outbound for one server are refused, and so leave room for calls to others.
            over = call(server, fresh(), "GET", "/api/auth/wechat/callback?code=over", timeout=60)
            self.assertEqual(over.status, 302)
            self.assertIn("error=", over.headers["Location"])
            for _ in range(20):
                self.assertEqual(support.request(server, "GET", "/api/auth/me", token=token).json()["code"], 200)
                self.assertEqual(log_in(server, fresh(), name()), 401)
            self.assertFalse(any(one.done() for one in waiting), "WeChat is still silent")
            peer.close()
            server.stop()
            for one in waiting:
                one.exception()


if __name__ == "__main__":
    unittest.main()
