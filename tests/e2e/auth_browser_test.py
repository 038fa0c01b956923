"""Cookie sessions and CSRF tokens of the unified family over real HTTP, on SQLite and PostgreSQL: scheduler-and-sync-sessions.md, section 2.

Limits count per client address, so every browser calls from a loopback address of its own."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import http.cookies
import itertools
import json
import re
import sqlite3
import time
import unittest
import urllib.parse

import support
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres

TIME_LIMIT = 300
PASSWORD = "Correct horse 7"
WRONG = "Wrong horse 77"
COOKIE = "whalefall_session"
FORM = "application/x-www-form-urlencoded"
APP = "https://app.example.com"
MICROSECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
SUGGESTIONS = {"validation": ["检查输入数据", "根据提示修正请求参数"], "business": ["确认业务规则", "联系管理员核对数据"],
               "authentication": ["重新登录", "验证凭据有效性"], "authorization": ["检查权限配置", "联系管理员"], "security": ["稍后重试", "联系管理员"]}
OPTIONS = {"identity.argon2_memory": "8MiB", "identity.argon2_passes": 1, "http.cors_origins": APP}
numbers = itertools.count(1)


def address():
    number = next(numbers)
    return f"127.2.{number >> 8}.{number & 255}"


def name():
    return f"browser{next(numbers)}"


class Browser:
    """One caller: a client address, and the session cookie, stored as in a browser."""

    def __init__(self, server, cookie=None):
        self.server, self.cookie, self.address, self.token = server, cookie, address(), None

    def call(self, method, path, body=None, token=None, headers=None, bearer=None, prefix="/api/v1/auth"):
        headers = dict(headers or {})
        if self.cookie:
            headers.setdefault("Cookie", f"theme=dark; {COOKIE}={self.cookie}")
        if token:
            headers["X-CSRFToken"] = token
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60, source_address=(self.address, 0))
        try:
            connection.request(method, prefix + path, body=body, headers=headers)
            reply = connection.getresponse()
            answer = support.Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()
        answer.cookie = None
        if answer.headers.get("Set-Cookie"):
            answer.cookie = self.cookie = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])[COOKIE].value
        return answer

    def fetch_token(self):
        self.token = self.call("GET", "/csrf-token").json()["data"]["csrf_token"]
        return self.token

    def post(self, path, body=None, headers=None, **more):
        """With the token that the pages of this browser hold."""
        return self.call("POST", path, body, self.token or self.fetch_token(), headers, **more)

    def log_in(self, username, password=PASSWORD):
        return self.post("/login", {"username": username, "password": password})

    def change_password(self, old, new, confirm=None, **more):
        return self.post("/change-password", {"old_password": old, "new_password": new, "confirm_password": new if confirm is None else confirm}, **more)

    def session(self):
        return self.call("GET", "/session").json()["data"]


class Assertions(unittest.TestCase):
    maxDiff = None

    def assertDone(self, answer, message="操作成功"):
        """The envelope of a success; returns its data, None when it has none."""
        body = answer.json()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertRegex(body.pop("timestamp"), MICROSECONDS)
        data = body.pop("data", None)
        self.assertEqual(body, {"success": True, "error": False, "message": message})
        return data

    def assertRefused(self, answer, status, code, category, message, severity="medium"):
        body = answer.json()
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(body.pop("error_id"), r"^[0-9a-f]{32}$")
        self.assertRegex(body.pop("timestamp"), MICROSECONDS)
        context = body.pop("context")
        self.assertEqual(context["request_id"], answer.headers["X-Request-ID"])
        self.assertEqual(body, {"success": False, "error": True, "category": category, "severity": severity, "message_code": code, "message": message,
                                "recoverable": True, "suggestions": SUGGESTIONS[category]})
        return context

    def assertMissing(self, answer):
        return self.assertRefused(answer, 403, "CSRF_MISSING", "authorization", "缺少 CSRF 令牌")

    def assertInvalid(self, answer):
        return self.assertRefused(answer, 403, "CSRF_INVALID", "authorization", "CSRF 令牌无效,请刷新后重试")

    def assertSignedOut(self, answer):
        return self.assertRefused(answer, 401, "AUTHENTICATION_REQUIRED", "authentication", "请先登录")

    def assertWrong(self, answer):
        return self.assertRefused(answer, 401, "INVALID_CREDENTIALS", "authentication", "用户名或密码错误")

    def assertLimited(self, answer, limit, window):
        self.assertRefused(answer, 429, "RATE_LIMIT_EXCEEDED", "security", "请求过于频繁,请稍后再试")
        wait = int(answer.headers["Retry-After"])
        self.assertTrue(1 <= wait <= window, wait)
        self.assertEqual((answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]), (str(limit), "0"))
        self.assertTrue(abs(int(answer.headers["X-RateLimit-Reset"]) - time.time() - wait) <= 60, answer)


class BrowserSessions:
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**OPTIONS, **cls.database(), **cls.OPTIONS}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)

    def tearDown(self):
        log = self.server.output()
        for secret in (PASSWORD, WRONG):
            self.assertNotIn(secret, log)

    def account(self, role=None, **fields):
        """A new user of the agent platform's registration: (name, access token)."""
        made = name()
        answer = Browser(self.server).call("POST", "/register", {"username": made, "password": PASSWORD, **fields}, prefix="/api/auth")
        self.assertEqual((answer.status, answer.json()["code"]), (200, 200), answer)
        if role:
            self.server.run("user", "set-role", made, role)
        return made, answer.json()["data"]["tokens"]["access_token"]

    def signed_in(self, **fields):
        made, _ = self.account(**fields)
        browser = Browser(self.server)
        self.assertDone(browser.log_in(made), "登录成功")
        return browser, made

    def cookie_key(self):
        """What the server signs cookies with, from its secret file: a token of an hour ago can only be made, not waited for."""
        keyed = (self.server.data / "secret").read_bytes()
        for key, text in ((b"mortise master secret", None), (None, b"identity\x01"), (None, b"mortise/cookie-session/v1")):
            keyed = hmac.digest(key or keyed, text or keyed, hashlib.sha256)
        return keyed

    # --- tokens and sessions

    def test_a_csrf_token_comes_with_a_session(self):
        browser = Browser(self.server)
        answer = browser.call("GET", "/csrf-token")
        data = self.assertDone(answer)
        self.assertEqual(list(data), ["csrf_token"])
        self.assertIsInstance(data["csrf_token"], str)
        self.assertRegex(answer.headers["Set-Cookie"], rf"^{COOKIE}=[A-Za-z0-9_-]{{32}}\.[A-Za-z0-9_-]{{43}}; HttpOnly; Path=/; SameSite=Lax$")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        first = browser.cookie
        self.assertNotEqual(browser.fetch_token(), data["csrf_token"])
        self.assertEqual(browser.cookie, first)
        head = browser.call("HEAD", "/csrf-token")
        self.assertEqual((head.status, head.body), (200, b""))

    def test_a_session_says_who_is_signed_in(self):
        made, _ = self.account(email=f"{name()}@example.com")
        browser = Browser(self.server)
        data = self.assertDone(browser.call("GET", "/session"))
        token = data.pop("csrf_token")
        self.assertEqual(data, {"authenticated": False, "auth_model": "session", "permissions": [], "user": None})
        browser.token = token
        self.assertDone(browser.log_in(made), "登录成功")
        data = self.assertDone(browser.call("GET", "/session"))
        self.assertRegex(data["user"].pop("created_at"), MICROSECONDS)
        self.assertGreater(data["user"].pop("id"), 0)
        self.assertRegex(data["user"].pop("last_login"), MICROSECONDS)
        self.assertRegex(data["user"].pop("email"), r"@example\.com$")
        self.assertIsInstance(data.pop("csrf_token"), str)
        self.assertEqual(data, {"authenticated": True, "auth_model": "session", "permissions": ["read", "create", "update", "delete", "execute"],
                                "user": {"username": made, "role": "user", "is_active": True}})
        self.assertDone(browser.post("/logout"), "登出成功")
        data = self.assertDone(browser.call("GET", "/session"))
        self.assertEqual((data["authenticated"], data["permissions"], data["user"]), (False, [], None))

    def test_each_role_has_its_display_permissions(self):
        full = ["read", "create", "update", "delete", "admin", "execute"]
        for role, shown, permissions in (("viewer", "viewer", ["read"]), ("guest", "guest", ["read"]), ("admin", "admin", full),
                                         ("super_admin", "admin", full)):
            with self.subTest(role):
                made, _ = self.account(role=role)
                browser = Browser(self.server)
                self.assertEqual(self.assertDone(browser.log_in(made), "登录成功")["user"]["role"], shown)
                session = browser.session()
                self.assertEqual((session["user"]["role"], session["permissions"]), (shown, permissions))

    # --- login

    def test_logging_in_by_json_and_by_form(self):
        made, _ = self.account()
        for typed in (made, f"  {made}\t"):
            for body, headers in (({"username": typed, "password": PASSWORD, "remember": True}, {}),
                                  (urllib.parse.urlencode({"username": typed, "password": PASSWORD}).encode(), {"Content-Type": FORM}),
                                  (urllib.parse.urlencode({"username": "x", "password": PASSWORD}).encode() + b"&username=" + typed.encode().replace(
                                      b"\t", b"%09").replace(b" ", b"+"), {"Content-Type": FORM + "; charset=utf-8"})):
                with self.subTest(body):
                    browser = Browser(self.server)
                    before = browser.fetch_token()
                    anonymous = browser.cookie
                    answer = browser.post("/login", body, headers)
                    data = self.assertDone(answer, "登录成功")
                    self.assertEqual(set(data), {"auth_model", "csrf_token", "user"})
                    self.assertEqual(data["auth_model"], "session")
                    self.assertGreater(data["user"].pop("id"), 0)
                    self.assertEqual(data["user"], {"username": made, "role": "user", "is_active": True})
                    self.assertRegex(answer.headers["Set-Cookie"], r"; HttpOnly; Path=/; SameSite=Lax$")
                    self.assertNotEqual(browser.cookie, anonymous)
                    self.assertTrue(browser.session()["authenticated"])
                    self.assertEqual(Browser(self.server, anonymous).session()["authenticated"], False)
                    self.assertDone(browser.call("POST", "/logout", token=data["csrf_token"]), "登出成功")
                    self.assertSignedOut(browser.call("POST", "/logout", token=before))

    def test_an_address_logs_in_too(self):
        email = f"{name()}@example.com"
        made, _ = self.account(email=email)
        self.assertEqual(self.assertDone(Browser(self.server).log_in(f" {email.upper()} "), "登录成功")["user"]["username"], made)
        answer = Browser(self.server).call("POST", "/register", {"email": "only." + email, "password": PASSWORD}, prefix="/api/auth")
        self.assertEqual(answer.json()["code"], 200, answer)
        self.assertEqual(self.assertDone(Browser(self.server).log_in("only." + email), "登录成功")["user"]["username"], "only." + email)

    def test_logging_in_needs_a_name_and_a_password(self):
        bodies = [{}, {"username": "ada"}, {"password": PASSWORD}, {"username": "", "password": PASSWORD}, {"username": "ada", "password": ""},
                  {"username": " \t", "password": PASSWORD}, {"username": None, "password": PASSWORD}, {"username": 7, "password": PASSWORD},
                  {"username": "ada", "password": 7}, {"username": "ada", "password": ["x"]}, {"username": {}, "password": "x"}, [1], [], "text", 7, None,
                  b"{", b'{"username":"ada"', b"username=ada&password=x"]
        browser = Browser(self.server)
        for body in bodies:
            with self.subTest(body):
                answer = browser.post("/login", body, {"Content-Type": "application/json"})
                self.assertRefused(answer, 400, "VALIDATION_ERROR", "validation", "用户名和密码不能为空", "low")
        for media, body in ((FORM, b"username=ada&password="), (FORM, b"password=x"), (FORM, b""), ("text/plain", b"username=ada&password=x")):
            with self.subTest(media=media, body=body):
                answer = browser.post("/login", body, {"Content-Type": media})
                self.assertRefused(answer, 400, "VALIDATION_ERROR", "validation", "用户名和密码不能为空", "low")
        self.assertEqual(browser.post("/login", b"username=%zz&password=x", {"Content-Type": FORM}).status, 400)
        self.assertEqual(browser.post("/login", b"username=%ff&password=x", {"Content-Type": FORM}).status, 400)

    def test_wrong_names_and_passwords_look_alike(self):
        made, _ = self.account()
        email = f"{name()}@example.com"
        passwordless, _ = self.account(email=email)
        self.sql(f"UPDATE mortise_users SET password_hash = '' WHERE username = '{passwordless}'")
        for typed, password in ((made, WRONG), (made, PASSWORD + " "), (made.upper(), PASSWORD), (name(), PASSWORD), (f"{name()}@example.com", PASSWORD),
                                ("@", PASSWORD), ("not an @ddress", PASSWORD), (passwordless, PASSWORD), (passwordless, "x"), (email, PASSWORD)):
            with self.subTest(typed):
                browser = Browser(self.server)
                answer = browser.log_in(typed, password)
                self.assertIsNone(self.assertWrong(answer)["user_id"])
                self.assertIsNone(answer.cookie)
                self.assertFalse(browser.session()["authenticated"])

    def test_a_disabled_account_is_told_so_only_with_its_password(self):
        for status in ("banned", "inactive"):
            made, _ = self.account()
            self.sql(f"UPDATE mortise_users SET status = '{status}' WHERE username = '{made}'")
            self.assertWrong(Browser(self.server).log_in(made, WRONG))
            browser = Browser(self.server)
            answer = browser.log_in(made)
            self.assertRefused(answer, 403, "ACCOUNT_DISABLED", "authorization", "账户已被停用")
            self.assertIsNone(answer.cookie)

    def test_ten_logins_a_minute_for_a_name_and_an_address(self):
        made, _ = self.account()
        browser = Browser(self.server)
        for number in range(10):
            if number % 2:
                self.assertWrong(browser.log_in(made, WRONG))
            else:
                self.assertDone(browser.log_in(made), "登录成功")
        self.assertLimited(browser.log_in(made), 10, 60)
        self.assertLimited(browser.log_in(f" {made} "), 10, 60)
        self.assertWrong(browser.log_in(name()))
        self.assertDone(Browser(self.server).log_in(made), "登录成功")
        self.assertRefused(browser.post("/login", {}), 400, "VALIDATION_ERROR", "validation", "用户名和密码不能为空", "low")
        self.assertMissing(browser.call("POST", "/login", {"username": made, "password": PASSWORD}))

    def test_failures_lock_a_name_in_every_family(self):
        made, _ = self.account()
        for _ in range(5):
            self.assertWrong(Browser(self.server).log_in(made, WRONG))
            answer = Browser(self.server).call("POST", "/login", {"username": made, "password": WRONG}, prefix="/api/auth")
            self.assertEqual(answer.json()["code"], 401, answer)
        self.assertLimited(Browser(self.server).log_in(made), 10, 900)
        answer = Browser(self.server).call("POST", "/login", {"username": made, "password": PASSWORD}, prefix="/api/auth")
        self.assertEqual((answer.status, answer.json()["code"]), (429, 429), answer)
        email = f"{name()}@example.com"
        self.account(email=email)
        for _ in range(10):
            answer = Browser(self.server).call("POST", "/sessions", {"email": email, "password": WRONG})
            self.assertEqual(answer.status, 401, answer)
        self.assertLimited(Browser(self.server).log_in(email.upper()), 10, 900)

    # --- CSRF

    def test_no_token_is_csrf_missing(self):
        browser, made = self.signed_in()
        token = browser.token
        for headers in ({}, {"X-CSRF-Token": token}, {"X-XSRF-TOKEN": token}, {"X-CSRFToken": " "}):
            self.assertMissing(browser.call("POST", "/logout", headers=headers))
        self.assertMissing(browser.call("POST", "/logout", {"csrf_token": token}))
        self.assertMissing(browser.call("POST", "/login", {"username": made, "password": PASSWORD, "csrf_token": token}))
        self.assertMissing(browser.call("POST", f"/logout?csrf_token={token}"))
        for path in ("/login", "/logout", "/change-password"):
            self.assertMissing(Browser(self.server).call("POST", path))
        self.assertTrue(browser.session()["authenticated"])
        self.assertDone(browser.call("POST", "/logout", {"csrf_token": "ignored"}, token), "登出成功")

    def test_what_makes_a_token_invalid(self):
        browser, _ = self.signed_in()
        other, _ = self.signed_in()
        token = browser.token
        last = "A" if token[-1] != "A" else "B"
        for bad in ("garbled", ".", token[:-1] + last, "1" + token, token + "x", str(int(token.split(".")[0]) + 1) + "." + token.split(".")[1], other.token):
            with self.subTest(bad):
                self.assertInvalid(browser.call("POST", "/logout", token=bad))
        self.assertInvalid(Browser(self.server).call("POST", "/logout", token=token))
        self.assertInvalid(Browser(self.server, browser.cookie[:-1] + ("A" if browser.cookie[-1] != "A" else "B")).call("POST", "/logout", token=token))
        self.assertTrue(browser.session()["authenticated"])
        self.assertDone(browser.post("/logout"), "登出成功")

    def test_a_token_lives_an_hour(self):
        browser, _ = self.signed_in()
        secret = self.sql(f"SELECT csrf_secret FROM mortise_cookie_sessions WHERE id = '{browser.cookie.split('.')[0]}'")
        signing = self.cookie_key()

        def made(age):
            moment = str(int((time.time() - age) * 1000000))
            return moment + "." + base64.urlsafe_b64encode(hmac.digest(signing, f"csrf\0{secret}.{moment}".encode(), hashlib.sha256)).decode().rstrip("=")

        body = {"old_password": "a"}
        self.assertEqual(browser.call("POST", "/change-password", body, made(3500)).status, 400, "an older token is as good as a new one")
        self.assertInvalid(browser.call("POST", "/change-password", body, made(3601)))
        self.assertInvalid(browser.call("POST", "/change-password", body, made(-600)))

    def test_a_session_that_ended_has_no_good_tokens(self):
        browser, _ = self.signed_in()
        self.sql(f"UPDATE mortise_cookie_sessions SET expires_at = 1 WHERE id = '{browser.cookie.split('.')[0]}'")
        self.assertInvalid(browser.post("/logout"))
        self.assertFalse(browser.session()["authenticated"])
        browser.fetch_token()
        self.assertSignedOut(browser.post("/logout"))

    def test_a_form_may_carry_the_token(self):
        browser, made = self.signed_in()
        token, form = browser.token, {"Content-Type": FORM}
        fields = {"username": made, "password": PASSWORD}
        self.assertDone(browser.call("POST", "/login", urllib.parse.urlencode({**fields, "csrf_token": token}).encode(), headers=form), "登录成功")
        self.assertMissing(browser.call("POST", "/login", urllib.parse.urlencode({**fields, "csrf_token": ""}).encode(), headers=form))
        self.assertInvalid(browser.call("POST", "/login", urllib.parse.urlencode({**fields, "csrf_token": token}).encode(), "bad", form))
        self.assertInvalid(browser.call("POST", "/logout", b"csrf_token=bad", headers=form))
        self.assertDone(browser.call("POST", "/logout", f"csrf_token={token}".encode(), headers=form), "登出成功")

    def test_what_was_fetched_with_a_planted_cookie_is_void_once_its_victim_signs_in(self):
        made, _ = self.account(email=f"{name()}@example.com")
        form = urllib.parse.urlencode({"username": made, "password": PASSWORD}).encode()
        for body, headers in (({"username": made, "password": PASSWORD}, {}), (form, {"Content-Type": FORM}), ({"username": f" {made} ", "password": PASSWORD}, {})):
            with self.subTest(body):
                attacker = Browser(self.server)
                planted = [attacker.fetch_token(), attacker.session()["csrf_token"], attacker.fetch_token()]
                victim = Browser(self.server, attacker.cookie)
                self.assertNotIn(victim.fetch_token(), planted)
                answer = victim.post("/login", body, headers)
                self.assertDone(answer, "登录成功")
                self.assertNotEqual(victim.cookie, attacker.cookie)
                for token in planted:
                    self.assertInvalid(victim.call("POST", "/logout", token=token))
                    self.assertInvalid(victim.call("POST", "/change-password", {}, token))
                self.assertInvalid(victim.call("POST", "/logout", token=attacker.fetch_token()))
                self.assertFalse(attacker.session()["authenticated"])
                self.assertTrue(victim.session()["authenticated"])

    def test_tokens_outlive_signing_in_and_out(self):
        made, _ = self.account()
        browser = Browser(self.server)
        early = browser.fetch_token()
        self.assertDone(browser.log_in(made), "登录成功")
        late = browser.fetch_token()
        self.assertNotEqual(early, late)
        for token in (late, early, late):
            self.assertEqual(browser.call("POST", "/change-password", {}, token).status, 400)
        self.assertDone(browser.call("POST", "/logout", token=early), "登出成功")
        for token in (early, late):
            self.assertSignedOut(browser.call("POST", "/logout", token=token))
        self.assertDone(browser.call("POST", "/login", {"username": made, "password": PASSWORD}, early), "登录成功")

    def test_pages_of_other_origins_are_refused(self):
        browser, _ = self.signed_in()
        own = self.server.base
        for headers in ({"Origin": own}, {"Referer": own + "/page?x=1"}, {"Origin": APP}, {"Referer": "https://evil.example.com/", "Origin": own}):
            self.assertEqual(browser.post("/change-password", {}, headers).status, 400, headers)
        for headers in ({"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Referer": "https://evil.example.com/" + own}, {"Referer": "nonsense"},
                        {"Origin": "https://evil.example.com", "Referer": own + "/"}):
            self.assertInvalid(browser.post("/change-password", {}, headers))

    def assertUnknown(self, answer):
        """A path below /api/v1/auth that no route matches: several families have operations there, so its form is problem details."""
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.json()["status"]), (404, "application/problem+json", 404))

    # --- order of checks

    def test_routing_comes_before_csrf(self):
        browser = Browser(self.server)
        for method, path in (("POST", "/login/"), ("POST", "/csrf-tokens"), ("POST", "/refresh"), ("DELETE", "/session/x")):
            self.assertUnknown(browser.call(method, path))
        for method, path, allow in (("GET", "/login", "POST"), ("POST", "/session", "GET, HEAD"), ("DELETE", "/csrf-token", "GET, HEAD"),
                                    ("PUT", "/change-password", "POST")):
            answer = browser.call(method, path)
            self.assertRefused(answer, 405, "INVALID_REQUEST", "business", "The method is not allowed for the requested URL.")
            self.assertEqual(answer.headers["Allow"], allow)
        answer = browser.call("OPTIONS", "/login")
        self.assertEqual((answer.status, answer.body, answer.headers["Allow"]), (200, b"", "POST"))

    def test_csrf_comes_before_sign_in_and_sign_in_before_the_body(self):
        browser = Browser(self.server)
        for path in ("/logout", "/change-password"):
            self.assertMissing(browser.call("POST", path, b"{"))
            self.assertInvalid(browser.call("POST", path, b"{", "bad"))
        browser.fetch_token()
        for path in ("/logout", "/change-password"):
            context = self.assertSignedOut(browser.call("POST", path + "?a=1", b"{", browser.token, {"X-Request-ID": "walk-1"}))
            self.assertEqual((context["request_id"], context["user_id"], context["url"], context["method"]),
                             ("walk-1", None, f"{self.server.base}/api/v1/auth{path}?a=1", "POST"))
            self.assertEqual(context["meta"], {"ip_address": browser.address})

    def test_there_is_no_refresh(self):
        browser, _ = self.signed_in()
        self.assertUnknown(browser.post("/refresh", {}))

    # --- signing out

    def test_signing_out(self):
        browser, _ = self.signed_in()
        cookie, token = browser.cookie, browser.token
        self.assertIsNone(self.assertDone(browser.post("/logout", {}), "登出成功"))
        self.assertSignedOut(browser.post("/logout"))
        self.assertSignedOut(Browser(self.server, cookie).call("POST", "/logout", token=token))
        fresh = Browser(self.server)
        fresh.fetch_token()
        self.assertSignedOut(fresh.post("/logout"))

    def test_a_ban_and_a_deletion_end_sessions_at_once(self):
        for change in ("UPDATE mortise_users SET status = 'banned' WHERE username = '{}'", "DELETE FROM mortise_users WHERE username = '{}'"):
            browser, made = self.signed_in()
            # The kernel's own ban is tested with its commands; here another server did it, so this server's caches have no notice of it.
            self.sql(change.format(made))
            self.server.run("user", "set-role", self.account()[0], "viewer")
            self.assertFalse(browser.session()["authenticated"])
            self.assertSignedOut(browser.post("/logout"))

    # --- the path that two families share

    def test_me_answers_browsers_in_their_own_envelope(self):
        email = f"{name()}@example.com"
        made, access = self.account(email=email)
        browser = Browser(self.server)
        user = self.assertDone(browser.log_in(made), "登录成功")["user"]
        me = self.assertDone(browser.call("GET", "/me"))
        self.assertEqual(list(me), ["id", "username", "email", "role", "is_active", "created_at", "last_login"])
        self.assertEqual((me["id"], me["username"], me["email"], me["role"], me["is_active"]), (user["id"], made, email, "user", True))
        self.assertRegex(me["created_at"], MICROSECONDS)
        self.assertEqual(me, browser.session()["user"])
        # Authorization decides, whatever cookie comes along.
        answer = browser.call("GET", "/me", bearer=access)
        self.assertEqual((answer.status, answer.json()["email"]), (200, email), answer)
        self.assertEqual(browser.call("GET", "/me", bearer="nonsense").json()["error"]["code"], "401")
        self.assertDone(browser.post("/logout"), "登出成功")
        self.assertSignedOut(browser.call("GET", "/me"))
        self.assertSignedOut(Browser(self.server, "garbage").call("GET", "/me"))
        self.assertEqual(Browser(self.server).call("GET", "/me").json()["error"]["code"], "401")

    # --- bearer callers

    def test_bearer_callers_with_a_session_cookie_need_a_token_as_well(self):
        made, access = self.account()
        browser = Browser(self.server)
        browser.fetch_token()
        self.assertMissing(browser.call("POST", "/change-password", {}, bearer=access))
        self.assertRefused(browser.post("/change-password", {}, bearer=access), 400, "VALIDATION_ERROR", "validation", "旧密码、新密码和确认密码不能为空", "low")
        self.assertSignedOut(browser.post("/logout", bearer=access))
        answer = browser.change_password(PASSWORD, "Next horse 8", bearer=access)
        self.assertIsNone(self.assertDone(answer, "密码修改成功"))
        self.assertIsNone(answer.cookie)
        self.assertSignedOut(browser.post("/change-password", {}))
        self.assertEqual(browser.post("/change-password", {}, bearer=access).status, 401)

    # --- passwords

    def test_what_a_new_password_must_be(self):
        browser, _ = self.signed_in()
        change = {"old_password": PASSWORD, "new_password": "Next horse 8", "confirm_password": "Next horse 8"}
        for field in change:
            for value in ("", None, 7, ["x"]):
                self.assertRefused(browser.post("/change-password", {**change, field: value}), 400, "VALIDATION_ERROR", "validation",
                                   "旧密码、新密码和确认密码不能为空", "low")
        for body in ({}, [], b"{"):
            self.assertEqual(browser.post("/change-password", body, {"Content-Type": "application/json"}).json()["message_code"], "VALIDATION_ERROR")
        mismatch = browser.change_password(PASSWORD, "Next horse 8", "Next horse 9")
        context = self.assertRefused(mismatch, 400, "PASSWORD_MISMATCH", "validation", "两次输入的新密码不一致", "low")
        self.assertEqual(context["user_id"], browser.session()["user"]["id"])
        self.assertRefused(browser.change_password(PASSWORD, PASSWORD), 400, "PASSWORD_DUPLICATED", "validation", "新密码不能与旧密码相同", "low")
        for bad in ("Short 7", "no upper case 7", "NO LOWER CASE 7", "No digit here", "Aa1" + "x" * 126, "密码密码密码7"):
            self.assertRefused(browser.change_password(PASSWORD, bad), 400, "PASSWORD_INVALID", "validation",
                               "密码长度须为 8 至 128 个字符,且包含大写字母、小写字母和数字", "low")
        self.assertRefused(browser.change_password(WRONG, "Next horse 8"), 401, "INVALID_OLD_PASSWORD", "authentication", "旧密码错误")
        self.assertRefused(browser.change_password(WRONG, "next horse 8"), 400, "PASSWORD_INVALID", "validation",
                           "密码长度须为 8 至 128 个字符,且包含大写字母、小写字母和数字", "low")
        self.assertDone(browser.change_password(PASSWORD, "Aa1" + "密" * 125), "密码修改成功")

    def test_a_new_password_ends_every_other_session(self):
        browser, made = self.signed_in()
        _, other = self.account()
        elsewhere = Browser(self.server)
        self.assertDone(elsewhere.log_in(made), "登录成功")
        tokens = Browser(self.server).call("POST", "/login", {"username": made, "password": PASSWORD}, prefix="/api/auth").json()["data"]["tokens"]
        access = tokens["access_token"]
        self.assertEqual(browser.call("GET", "/me", bearer=access, prefix="/api/auth").status, 200)
        before, token = browser.cookie, browser.token

        answer = browser.change_password(PASSWORD, "Next horse 8")
        self.assertIsNone(self.assertDone(answer, "密码修改成功"))
        self.assertNotEqual(answer.cookie, before)
        self.assertTrue(browser.session()["authenticated"])
        self.assertEqual(browser.call("POST", "/change-password", {}, token).status, 400, "the pages' tokens stay good")

        self.assertFalse(elsewhere.session()["authenticated"])
        elsewhere.fetch_token()
        self.assertSignedOut(elsewhere.post("/logout"))
        self.assertFalse(Browser(self.server, before).session()["authenticated"])
        self.assertEqual(browser.call("GET", "/me", bearer=access, prefix="/api/auth").status, 401)
        refreshed = browser.call("POST", "/refresh", {"refresh_token": tokens["refresh_token"]}, prefix="/api/auth")
        self.assertEqual(refreshed.json()["code"], 401, refreshed)
        self.assertEqual(browser.call("GET", "/me", bearer=other, prefix="/api/auth").status, 200)
        self.assertWrong(Browser(self.server).log_in(made))
        self.assertDone(Browser(self.server).log_in(made, "Next horse 8"), "登录成功")

    def test_three_password_changes_an_hour(self):
        browser, made = self.signed_in()
        passwords = [PASSWORD, "Next horse 8"]
        self.assertDone(browser.change_password(*passwords), "密码修改成功")
        for _ in range(2):
            self.assertRefused(browser.change_password(WRONG, "Third horse 9"), 401, "INVALID_OLD_PASSWORD", "authentication", "旧密码错误")
        self.assertLimited(browser.change_password("Next horse 8", "Third horse 9"), 3, 3600)
        elsewhere = Browser(self.server)
        self.assertDone(elsewhere.log_in(made, "Next horse 8"), "登录成功")
        self.assertDone(elsewhere.change_password("Next horse 8", "Third horse 9"), "密码修改成功")

    def test_an_account_without_a_password_has_no_old_one(self):
        browser, made = self.signed_in()
        self.sql(f"UPDATE mortise_users SET password_hash = '' WHERE username = '{made}'")
        self.assertRefused(browser.change_password("x", "Next horse 8"), 401, "INVALID_OLD_PASSWORD", "authentication", "旧密码错误")


class OnSqlite(BrowserSessions, Assertions):
    @classmethod
    def database(cls):
        return {}

    def sql(self, text):
        with contextlib.closing(sqlite3.connect(self.server.data / "mortise.db", timeout=20)) as database, database:
            row = database.execute(text).fetchone()
            return row and row[0]


class ExemptBearer(Assertions):
    def test_bearer_callers_without_a_session_cookie_are_exempt(self):
        for options in ({}, {"identity.csrf_exempt_bearer": "true"}):
            with self.subTest(options), MortiseServer({**OPTIONS, **options}, modules=["auth"]) as server:
                access = support.account(server, name())
                browser = Browser(server)
                self.assertEqual(browser.call("POST", "/change-password", {}, bearer=access).status, 400)
                self.assertEqual(browser.call("POST", "/change-password", {}, headers={"Authorization": f"bEARER {access}"}).status, 400)
                self.assertEqual(browser.call("POST", "/change-password", {}, bearer="nonsense").status, 401)
                # Neither a bearer credential nor a cookie; and the login takes no credential that could exempt it.
                for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": access}, {"Authorization": f"Bearer{access}"},
                                {"Cookie": f"other={access}"}):
                    self.assertMissing(browser.call("POST", "/change-password", {}, headers=headers))
                for bearer in ("x", access):
                    self.assertMissing(browser.call("POST", "/login", {}, bearer=bearer))
                browser.fetch_token()
                self.assertMissing(browser.call("POST", "/change-password", {}, bearer=access))
                self.assertEqual(browser.post("/change-password", {}, bearer=access).status, 400)
                browser.cookie = "garbage"
                self.assertMissing(browser.call("POST", "/change-password", {}, bearer=access))

    def test_an_operator_may_ask_bearer_callers_for_a_token(self):
        with MortiseServer({**OPTIONS, "identity.csrf_exempt_bearer": "false"}, modules=["auth"]) as server:
            access = support.account(server, name())
            browser = Browser(server)
            self.assertMissing(browser.call("POST", "/change-password", {}, bearer=access))
            self.assertMissing(browser.call("POST", "/login", {}, bearer=access))
            browser.fetch_token()
            self.assertEqual(browser.post("/change-password", {}, bearer=access).status, 400)


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, BrowserSessions, Assertions):
    def sql(self, text):
        return self.postgres.sql(text, self.database_name).strip()


if __name__ == "__main__":
    unittest.main()
