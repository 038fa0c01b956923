"""Callers with API keys and with cookie sessions, and the CSRF check, over real HTTP; the faces are the `probe` module's (tests/modules/probe)."""
import contextlib
import http.cookies
import sqlite3
import time
import unittest

import support
from mortise_server import MortiseServer

PASSWORD = "correct horse 7"
COOKIE = "whalefall_session"
SERVER = {**support.QUICK, "http.cors_origins": "https://app.example.com"}


class Browser:
    """Keeps the session cookie as a browser does, and remembers the last CSRF token it fetched."""

    def __init__(self, server):
        self.server, self.cookie, self.token = server, None, None

    def call(self, method, path, body=None, headers=None, token=None):
        headers = {"Accept-Language": "zh-CN", **(headers or {})}
        if self.cookie:
            headers["Cookie"] = f"theme=dark; {COOKIE}={self.cookie}; {{broken"
        if token:
            headers["X-CSRFToken"] = token
        answer = support.request(self.server, method, "/probe-cookies" + path, body, headers)
        self.set_cookie = answer.headers.get("Set-Cookie")
        if self.set_cookie:
            self.cookie = http.cookies.SimpleCookie(self.set_cookie)[COOKIE].value
        return answer

    def fetch_token(self):
        self.token = self.call("GET", "/csrf-token").json()["data"]["csrf_token"]
        return self.token

    def login(self, name):
        return self.call("POST", "/login", {"username": name, "password": PASSWORD}, token=self.fetch_token())


class WithServer(unittest.TestCase):
    maxDiff = None
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**SERVER, **cls.OPTIONS}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.jwt = support.account(cls.server, "ada")

    def sql(self, text, *values):
        with contextlib.closing(sqlite3.connect(self.server.data / "mortise.db", timeout=10)) as database, database:
            database.execute(text, values)


class Keys(WithServer):
    def call(self, method, path, token, body=None):
        return support.request(self.server, method, "/probe-keys" + path, body, {"Accept-Language": "en"}, token)

    def mint(self, name="ci", token=None, **fields):
        answer = self.call("POST", "", token or self.jwt, {"name": name, **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def assertRefused(self, answer, status, message, details):
        code = "service_key_not_allowed" if details.get("error") == "service_key_not_allowed" else str(status)
        self.assertEqual((answer.status, answer.json()), (status, {"error": {"code": code, "message": message, "details": details}}))

    def test_a_users_key_acts_as_its_user(self):
        key = self.mint()
        self.assertRegex(key["raw"], r"^sk_sfs_[0-9a-f]{32}$")
        self.assertEqual((key["prefix"], key["scopes"]), (key["raw"][:12], '["*"]'))
        for _ in range(2):  # from the database, then from memory
            answer = self.call("GET", "/read", key["raw"])
            self.assertEqual((answer.status, answer.json()),
                             (200, {"user": "ada", "credential": 2, "service": False, "org": "org-1", "projects": '["p1"]', "may_read": True,
                                    "may_administer": False}))
        self.assertEqual(self.call("GET", "/anyone", key["raw"]).status, 200)
        self.assertEqual(self.call("GET", "/admin", key["raw"]).status, 403)
        mine = next(one for one in self.call("GET", "", self.jwt).json()["keys"] if one["id"] == key["id"])
        self.assertEqual(mine, {"id": key["id"], "name": "ci", "active": True, "reason": "", "raw": "", "used_from": "127.0.0.1"})
        self.assertNotIn(key["raw"], self.server.output())

    def test_a_key_works_where_the_contract_says_bearer(self):
        answer = support.request(self.server, "GET", "/probe/whoami", token=self.mint()["raw"])
        self.assertEqual((answer.status, answer.json()), (200, {"hello": "ada"}))

    def test_unknown_keys_are_refused_plainly(self):
        for key in ("sk_sfs_" + "0" * 32, "sk_", "sk_live_x"):
            self.assertRefused(self.call("GET", "/anyone", key), 401, "Missing or invalid API key", {})

    def test_a_revoked_key_is_told_so_at_once(self):
        key = self.mint()
        self.assertEqual(self.call("GET", "/anyone", key["raw"]).status, 200)
        self.assertEqual(self.call("POST", f"/{key['id']}/revoke", self.jwt).json(), {"reason": "leaked"})
        self.assertRefused(self.call("GET", "/anyone", key["raw"]), 401, "The API key has been revoked", {"error": "api_key_revoked"})
        self.assertRefused(self.call("POST", "/none/revoke", self.jwt), 404, "API key not found", {})

    def test_a_deactivated_key_is_refused_plainly_at_once(self):
        key = self.mint()
        self.assertEqual(self.call("GET", "/anyone", key["raw"]).status, 200)
        other = support.account(self.server, "grace")
        self.assertEqual(self.call("POST", f"/{key['id']}/deactivate", other).status, 404)
        self.assertEqual(self.call("POST", f"/{key['id']}/deactivate", self.jwt).status, 204)
        self.assertRefused(self.call("GET", "/anyone", key["raw"]), 401, "Missing or invalid API key", {})

    def test_an_expired_key_is_told_so(self):
        key = self.mint(expires_at=(int(time.time()) + 3600) * 1000000)
        self.sql("UPDATE mortise_api_keys SET expires_at = 1 WHERE id = ?", key["id"])
        self.assertRefused(self.call("GET", "/anyone", key["raw"]), 401, "The API key has expired", {"error": "api_key_expired"})
        self.assertEqual(self.call("POST", "", self.jwt, {"name": "late", "expires_at": 1}).status, 422)

    def test_a_key_of_a_banned_account_is_refused(self):
        token = support.account(self.server, "mallory")
        key = self.mint(token=token)
        self.sql("UPDATE mortise_users SET status = 'banned' WHERE username = 'mallory'")
        answer = self.call("GET", "/anyone", key["raw"])
        self.assertRefused(answer, 403, "Account is disabled", {})

    def test_a_service_key_reaches_only_what_lists_one_of_its_scopes(self):
        key = self.mint("deploy", scopes='["tickets:read", "personas:read"]')["raw"]
        answer = self.call("GET", "/read", key)
        self.assertEqual((answer.status, answer.json()),
                         (200, {"user": "ada", "credential": 2, "service": True, "org": "org-1", "projects": '["p1"]', "may_read": True,
                                "may_administer": False}))
        self.assertRefused(self.call("GET", "/anyone", key), 403, "Service keys are not allowed here",
                           {"error": "service_key_not_allowed", "service_key_name": "deploy"})
        self.assertRefused(self.call("POST", "", key, {"name": "child"}), 403, "Service keys are not allowed here",
                           {"error": "service_key_not_allowed", "service_key_name": "deploy"})
        lacking = self.mint("docs", scopes='["personas:write", "knowledge:read"]')["raw"]
        self.assertRefused(self.call("GET", "/read", lacking), 403, "The service key lacks a required scope",
                           {"error": "insufficient_scope", "required": ["tickets:read", "tickets:write"], "current": ["knowledge:read", "personas:write"]})
        self.assertEqual(self.call("GET", "/admin", key).json()["error"]["code"], "403", "more than the account that it runs as")


class Cookies(WithServer):
    def assertRefused(self, answer, status, code, category, message):
        body = answer.json()
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(body.pop("error_id"), r"^[0-9a-f]{32}$")
        self.assertRegex(body.pop("timestamp"), r"^\d{4}-")
        body.pop("context")
        suggestions = {"authorization": ["检查权限配置", "联系管理员"], "authentication": ["重新登录", "验证凭据有效性"]}[category]
        self.assertEqual(body, {"success": False, "error": True, "category": category, "severity": "medium", "message_code": code, "message": message,
                                "recoverable": True, "suggestions": suggestions})

    def assertMissing(self, answer):
        self.assertRefused(answer, 403, "CSRF_MISSING", "authorization", "缺少 CSRF 令牌")

    def assertInvalid(self, answer):
        self.assertRefused(answer, 403, "CSRF_INVALID", "authorization", "CSRF 令牌无效,请刷新后重试")

    def assertSignedOut(self, answer):
        self.assertEqual((answer.status, answer.json()["message_code"]), (401, "AUTHENTICATION_REQUIRED"), answer)

    def test_signing_in_and_out_as_a_browser_does(self):
        browser = Browser(self.server)
        token = browser.fetch_token()
        self.assertRegex(browser.set_cookie, rf"^{COOKIE}=[A-Za-z0-9_-]{{32}}\.[A-Za-z0-9_-]{{43}}; HttpOnly; Path=/; SameSite=Lax$")
        anonymous = browser.cookie
        self.assertSignedOut(browser.call("GET", "/me"))
        self.assertSignedOut(browser.call("POST", "/me", token=token))
        self.assertEqual(browser.call("POST", "/login", {"username": "ada", "password": PASSWORD}, token=token).status, 200)
        self.assertNotEqual(browser.cookie, anonymous)
        for _ in range(2):
            answer = browser.call("GET", "/me")
            self.assertEqual((answer.status, answer.json()["data"]["user"], answer.json()["data"]["credential"]), (200, "ada", 3))
        self.assertEqual(browser.call("POST", "/me", token=token).status, 200, "a token fetched before signing in")
        later = browser.fetch_token()
        self.assertNotEqual(later, token)
        for one in (later, token):
            self.assertEqual(browser.call("POST", "/me", {}, token=one).status, 200)

        old = Browser(self.server)
        old.cookie = anonymous
        self.assertSignedOut(old.call("POST", "/me", token=token))  # an anonymous session is no row that could end; it opens nothing

        answer = browser.call("POST", "/logout", token=token)
        self.assertEqual((answer.status, answer.json()["data"]), (200, {"csrf_token_left": True}))
        self.assertSignedOut(browser.call("GET", "/me"))
        self.assertSignedOut(browser.call("POST", "/me", token=token))
        self.assertEqual(browser.call("POST", "/login", {"username": "ada", "password": PASSWORD}, token=token).status, 200, "tokens outlive signing out")

    def test_what_counts_as_no_token(self):
        browser = Browser(self.server)
        browser.login("ada")
        self.assertMissing(browser.call("POST", "/me"))
        self.assertMissing(Browser(self.server).call("POST", "/me"))
        self.assertMissing(browser.call("POST", "/login", {"username": "ada", "password": PASSWORD, "csrf_token": browser.token}))
        self.assertMissing(browser.call("POST", "/me", headers={"X-CSRF-Token": browser.token}))
        self.assertMissing(browser.call("POST", "/me", headers={"X-XSRF-TOKEN": browser.token}))
        self.assertMissing(browser.call("DELETE", "/me"))
        answer = browser.call("DELETE", "/me", token=browser.token)
        self.assertEqual((answer.status, answer.json()["message_code"]), (403, "PERMISSION_REQUIRED"))
        self.assertEqual(browser.call("POST", "/nothing").status, 404)
        self.assertEqual(browser.call("PATCH", "/me").status, 405)

    def test_what_makes_a_token_invalid(self):
        browser, other = Browser(self.server), Browser(self.server)
        browser.login("ada")
        other.login("ada")
        token = browser.token
        self.assertInvalid(browser.call("POST", "/me", token=other.token))
        self.assertInvalid(browser.call("POST", "/me", token="garbled"))
        self.assertInvalid(browser.call("POST", "/me", token=token[:-1] + ("A" if token[-1] != "A" else "B")))
        self.assertInvalid(browser.call("POST", "/me", token=str(int(token.split(".")[0]) + 1) + "." + token.split(".")[1]))
        self.assertInvalid(Browser(self.server).call("POST", "/me", token=token))
        forged = Browser(self.server)
        forged.cookie = browser.cookie[:-1] + ("A" if browser.cookie[-1] != "A" else "B")
        self.assertInvalid(forged.call("POST", "/me", token=token))
        self.assertSignedOut(forged.call("GET", "/me"))
        self.assertEqual(browser.call("POST", "/me", token=token).status, 200)

    def test_a_form_may_carry_the_token(self):
        browser = Browser(self.server)
        browser.login("ada")
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for method in ("PUT", "POST"):  # the second has no body in its contract
            self.assertEqual(browser.call(method, "/me", f"a=1&csrf_token={browser.token}".encode(), form).status, 200)
            self.assertMissing(browser.call(method, "/me", b"a=1&csrf_token=", form))
            self.assertInvalid(browser.call(method, "/me", f"csrf_token={browser.token}".encode(), {**form, "X-CSRFToken": "bad"}))

    def test_pages_of_other_origins_are_refused(self):
        browser = Browser(self.server)
        browser.login("ada")
        own = self.server.base
        for headers in ({"Origin": own}, {"Referer": own + "/page?x=1"}, {"Origin": "https://app.example.com"},
                        {"Referer": "https://app.example.com/x", "Origin": own}):
            self.assertEqual(browser.call("POST", "/me", headers=headers, token=browser.token).status, 200, headers)
        for headers in ({"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Referer": "https://evil.example.com/" + own}, {"Referer": "nonsense"},
                        {"Origin": own + ".evil.example.com"}, {"Origin": own[:-1]}, {"Origin": own.replace("http:", "https:")},
                        {"Origin": "https://evil.example.com", "Referer": own + "/"}):
            self.assertInvalid(browser.call("POST", "/me", headers=headers, token=browser.token))


class TokensForBearer(WithServer):
    OPTIONS = {"identity.csrf_exempt_bearer": "false"}

    def test_bearer_callers_need_a_token_too(self):
        bearer = {"Authorization": f"Bearer {self.jwt}"}
        caller = Browser(self.server)
        self.assertEqual(caller.call("GET", "/me", headers=bearer).status, 200)
        answer = caller.call("POST", "/me", headers=bearer)
        self.assertEqual((answer.status, answer.json()["message_code"]), (403, "CSRF_MISSING"))
        caller.fetch_token()
        self.assertEqual(caller.call("POST", "/me", headers=bearer, token=caller.token).status, 200)


class ExemptBearer(WithServer):
    def test_only_callers_without_a_session_cookie_are_exempt(self):
        bearer = {"Authorization": f"Bearer {self.jwt}"}
        caller = Browser(self.server)
        self.assertEqual(caller.call("POST", "/me", headers=bearer).status, 200)
        self.assertEqual(caller.call("POST", "/me", headers={"Authorization": "Basic YTpi"}).status, 403)
        self.assertEqual(caller.call("POST", "/me").status, 403)
        caller.fetch_token()
        self.assertEqual(caller.call("POST", "/me", headers=bearer).status, 403)
        self.assertEqual(caller.call("POST", "/me", headers=bearer, token=caller.token).status, 200)


if __name__ == "__main__":
    unittest.main()
