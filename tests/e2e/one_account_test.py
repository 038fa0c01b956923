"""One account through every family in one story: signed up by a mailed code, signed in by cookie with a CSRF token, by password for a Bearer token, by API
key, and through a service key of its organisation; refused where it must be, in the envelope of whoever refuses. On SQLite and PostgreSQL."""
import http.cookies
import unittest

from auth_runtime_test import OPTIONS, PASSWORD, Client, name
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres, Smtp, code_in

TIME_LIMIT = 180
COOKIE = "whalefall_session"


class Browser(Client):
    """Keeps the session cookie, as a browser does."""

    cookie = None

    def call(self, method, path, body=None, headers=None, prefix="/api/v1", csrf=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        if csrf:
            headers["X-CSRFToken"] = csrf
        answer = super().call(method, path, body, headers, prefix)
        if answer.headers["Set-Cookie"]:
            self.cookie = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])[COOKIE].value
        return answer


class OneAccount:
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        cls.server = MortiseServer({**OPTIONS, "mail.url": cls.smtp.url, **cls.database()}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    # --- how each family refuses

    def assertRuntime(self, answer, status, code):
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), answer)
        self.assertEqual((answer.json["type"], answer.json["status"], answer.json["code"]), ("about:blank", status, code), answer)

    def assertPlatform(self, answer, status):
        self.assertEqual((answer.status, sorted(answer.json)), (status, ["code", "data", "msg"]), answer)
        self.assertEqual((answer.json["code"], answer.json["data"]), (status, {}), answer)

    def assertUnified(self, answer, status, code):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual((answer.json["success"], answer.json["error"], answer.json["message_code"]), (False, True, code), answer)

    def assertSharing(self, answer, status, details=None):
        code = "service_key_not_allowed" if (details or {}).get("error") == "service_key_not_allowed" else str(status)
        self.assertEqual((answer.status, list(answer.json), answer.json["error"]["code"]), (status, ["error"], code), answer)
        self.assertEqual(answer.json["error"]["details"], details or {}, answer)

    # --- one look at the account in each family

    def runtime_me(self, token, client=None):
        return (client or self.client).as_(token).call("GET", "/users/me")

    def platform_me(self, token):
        return self.client.as_(token).call("GET", "/auth/me", prefix="/api")

    def sharing_me(self, token):
        return self.client.as_(token).call("GET", "/auth/me")

    def assertIsOurs(self, token):
        """A bearer credential that every family takes for the account."""
        answer = self.runtime_me(token)
        self.assertEqual((answer.status, answer.json["id"], answer.json["username"]), (200, self.user_id, self.name), answer)
        answer = self.platform_me(token)
        self.assertEqual((answer.status, answer.json["code"], answer.json["data"]["id"], answer.json["data"]["email"]), (200, 200, self.user_id, self.email), answer)
        answer = self.sharing_me(token)
        self.assertEqual((answer.status, answer.json["user_id"], answer.json["email_verified"]), (200, self.user_id, True), answer)

    def test_one_account_in_every_family(self):
        self.name, self.client = name("one"), Client(self.server, "en")
        self.email = f"{self.name}@example.com"
        runtime = self.sign_up_by_code()
        browser = self.sign_in_by_cookie()
        platform = self.sign_in_by_password()
        key = self.act_by_api_key(platform)
        service = self.act_by_service_key(key)
        self.refuse_strangers()
        self.change_the_password(browser, [runtime, platform], [key, service])
        self.ban(browser, [key, service])

    def test_cookies_of_a_site_with_https_are_secure(self):
        site = MortiseServer({**OPTIONS, **self.database(), "http.public_url": "https://api.example.com"}, modules=["auth"]).start()
        self.addCleanup(site.stop)
        for server, secure in ((site, True), (self.server, False)):
            cookie = Browser(server).call("GET", "/auth/csrf-token").headers["Set-Cookie"]
            self.assertEqual("; Secure" in cookie, secure, cookie)

    # --- the chapters

    def sign_up_by_code(self):
        self.assertEqual(self.client.sign_up(self.name, self.email).status, 202)
        self.assertRuntime(self.client.log_in(self.email), 401, "invalid_credentials")  # not before the code
        code = code_in(self.smtp.wait_for(self.email))
        session = self.client.verify(self.email, code)
        self.assertEqual(session.status, 200, session)
        self.user_id = session.json["user"]["id"]
        self.assertRuntime(self.client.verify(self.email, code), 401, "invalid_code")  # valid once
        self.assertIsOurs(session.json["access_token"])
        return session.json["access_token"]

    def sign_in_by_cookie(self):
        browser = Browser(self.server, "en")
        wanted = {"username": self.name, "password": PASSWORD}
        self.assertUnified(browser.call("POST", "/auth/login", wanted), 403, "CSRF_MISSING")
        csrf = browser.call("GET", "/auth/csrf-token").json["data"]["csrf_token"]
        self.assertUnified(browser.call("POST", "/auth/login", {**wanted, "password": "wrong horse 77"}, csrf=csrf), 401, "INVALID_CREDENTIALS")
        answer = browser.call("POST", "/auth/login", wanted, csrf=csrf)
        self.assertEqual((answer.status, answer.json["data"]["user"]["username"]), (200, self.name), answer)
        session = browser.call("GET", "/auth/session").json["data"]
        self.assertEqual((session["authenticated"], session["user"]["email"]), (True, self.email))
        self.assertEqual(browser.call("GET", "/auth/me").json["data"]["username"], self.name, "the path of two families answers browsers in theirs")
        # A cookie counts where a contract takes one, and nowhere else.
        self.assertRuntime(browser.call("GET", "/users/me"), 401, "not_authenticated")
        self.assertPlatform(browser.call("GET", "/auth/me", prefix="/api"), 401)
        self.assertSharing(browser.call("GET", "/auth/keys"), 401)
        self.assertUnified(browser.call("POST", "/auth/logout"), 403, "CSRF_MISSING")
        other = Browser(self.server, "en")
        foreign = other.call("GET", "/auth/csrf-token").json["data"]["csrf_token"]
        self.assertUnified(browser.call("POST", "/auth/logout", csrf=foreign), 403, "CSRF_INVALID")
        return browser

    def sign_in_by_password(self):
        wrong = self.client.call("POST", "/auth/login", {"username": self.name, "password": "wrong horse 77"}, prefix="/api")
        self.assertEqual((wrong.status, wrong.json["code"], wrong.json["data"]), (200, 401, None), "a soft refusal")
        answer = self.client.call("POST", "/auth/login", {"username": self.name, "password": PASSWORD}, prefix="/api")
        self.assertEqual((answer.status, answer.json["code"], answer.json["data"]["user"]["id"]), (200, 200, self.user_id), answer)
        tokens = answer.json["data"]["tokens"]
        self.assertIsOurs(tokens["access_token"])
        for refuse, answer in ((self.assertPlatform, self.platform_me(tokens["refresh_token"])), (self.assertSharing, self.sharing_me(tokens["refresh_token"]))):
            refuse(answer, 401)  # a refresh token opens nothing
        self.assertPlatform(self.client.as_(tokens["access_token"]).call("GET", "/admin/users", prefix="/api"), 403)
        self.assertSharing(self.client.as_(tokens["access_token"]).call("GET", "/admin/users"), 403)
        return tokens["access_token"]

    def act_by_api_key(self, token):
        answer = self.client.as_(token).call("POST", "/auth/keys", {"name": "laptop"})
        self.assertEqual(answer.status, 201, answer)
        key, spare = answer.json["raw_key"], self.client.as_(token).call("POST", "/auth/keys", {"name": "spare"}).json
        self.assertIsOurs(key)
        self.assertEqual(self.client.as_(key).call("DELETE", "/auth/keys/" + spare["key_id"]).status, 204)
        self.assertSharing(self.sharing_me(spare["raw_key"]), 401)
        self.assertRuntime(self.runtime_me(spare["raw_key"]), 401, "not_authenticated")
        self.assertPlatform(self.platform_me(spare["raw_key"]), 401)
        return key

    def act_by_service_key(self, key):
        as_user = self.client.as_(key)
        made = as_user.call("POST", "/org", {"name": "One", "slug": self.name.replace("_", "-")})
        self.assertEqual(made.status, 200, made)
        org = made.json["org_id"]
        answer = as_user.call("POST", f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["tickets:read"]})
        self.assertEqual(answer.status, 201, answer)
        service = answer.json["key"]
        as_service = self.client.as_(service)
        acts = as_service.call("GET", "/probe-keys/read", prefix="")
        self.assertEqual((acts.status, acts.json["user"], acts.json["service"], acts.json["org"]), (200, self.name, True, org), acts)
        # Its scopes alone admit it, not the rights of its user.
        named = {"error": "service_key_not_allowed", "service_key_name": "ci"}
        self.assertSharing(self.sharing_me(service), 403, named)
        self.assertSharing(as_service.call("GET", "/auth/keys"), 403, named)
        self.assertSharing(as_service.call("GET", f"/orgs/{org}/service-keys"), 403, named)
        self.assertRuntime(self.runtime_me(service), 403, "service_key_not_allowed")
        self.assertEqual(self.platform_me(service).status, 403)
        narrow = as_user.call("POST", f"/orgs/{org}/service-keys", {"name": "narrow", "scopes": ["rules:read"]}).json["key"]
        self.assertSharing(self.client.as_(narrow).call("GET", "/probe-keys/read", prefix=""), 403,
                           {"error": "insufficient_scope", "required": ["tickets:read", "tickets:write"], "current": ["rules:read"]})
        return service

    def refuse_strangers(self):
        for token in (None, "garbage", "sk_sfs_" + "0" * 32):
            self.assertRuntime(self.runtime_me(token), 401, "not_authenticated")
            self.assertPlatform(self.platform_me(token), 401)
            self.assertSharing(self.sharing_me(token), 401)
        self.assertUnified(Browser(self.server, "en").call("POST", "/auth/logout"), 403, "CSRF_MISSING")

    def change_the_password(self, browser, tokens, keys):
        csrf = browser.call("GET", "/auth/csrf-token").json["data"]["csrf_token"]
        answer = browser.call("POST", "/auth/change-password", {"old_password": PASSWORD, "new_password": "Another horse 8", "confirm_password": "Another horse 8"},
                              csrf=csrf)
        self.assertEqual(answer.status, 200, answer)
        self.assertTrue(browser.call("GET", "/auth/session").json["data"]["authenticated"], "the browser that changed it stays signed in")
        for token in tokens:
            self.assertEqual([look(token).status for look in (self.runtime_me, self.platform_me, self.sharing_me)], [401, 401, 401])
        self.assertEqual(self.sharing_me(keys[0]).status, 200, "keys are no sessions")

    def ban(self, browser, keys):
        self.server.run("user", "set-status", self.name, "banned")
        self.assertFalse(browser.call("GET", "/auth/session").json["data"]["authenticated"])
        csrf = browser.call("GET", "/auth/csrf-token").json["data"]["csrf_token"]
        self.assertUnified(browser.call("POST", "/auth/logout", csrf=csrf), 401, "AUTHENTICATION_REQUIRED")
        key, service = keys
        self.assertRuntime(self.runtime_me(key), 403, "account_disabled")
        self.assertPlatform(self.platform_me(key), 403)
        self.assertSharing(self.sharing_me(key), 403)
        self.assertSharing(self.client.as_(service).call("GET", "/probe-keys/read", prefix=""), 403)
        actions = [line.split("  ")[2] for line in self.server.run("audit", "--target", self.name).splitlines()]
        self.assertEqual(actions[0], "user.status_changed")
        for action in ("auth.email_verified", "auth.password_changed"):
            self.assertIn(action, actions)


class OnSqlite(OneAccount, unittest.TestCase):
    @classmethod
    def database(cls):
        return {}


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, OneAccount, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
