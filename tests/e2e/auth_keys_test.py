"""Accounts of the session sharing family over real HTTP, real SMTP, SQLite and PostgreSQL: sign-up with a key, verification, me, keys.

Limits hold here and count per client address, so every caller calls from a loopback address of its own."""
import concurrent.futures
import http.cookies
import itertools
import re
import unittest
import urllib.parse

import support
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres, Smtp, code_in

TIME_LIMIT = 300
PUBLIC = "https://api.example.com"
OPTIONS = {**support.QUICK, "limits.enabled": "true", "http.public_url": PUBLIC, "auth.code_cooldown": "0s", "identity.default_tier": "pro"}
RAW = r"^sk_sfs_[0-9a-f]{32}$"
UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"
PASSWORD = "correct horse 7"
NOT_AUTHENTICATED = (401, {"error": {"code": "401", "message": "Missing or invalid API key", "details": {}}})
TOO_MANY = (429, {"error": {"code": "429", "message": "Rate limit exceeded", "details": {}}})
NO_KEY = (404, {"error": {"code": "404", "message": "API key not found", "details": {}}})
numbers = itertools.count(1)


def fresh(start="user"):
    return f"{start}{next(numbers)}"


def peer():
    number = next(numbers)
    return f"127.2.{number >> 8}.{number & 255}"


class Case(unittest.TestCase):
    maxDiff = None

    def call(self, method, path, key=None, body=None, headers=None, source=None, prefix="/api/v1/auth", server=None):
        return support.request(server or self.server, method, prefix + path, body, {"Accept-Language": "en", **(headers or {})}, key, source=source or peer())

    def sign_up(self, email=None, server=None, **more):
        answer = self.call("POST", "/signup", body={"email": email or f"{fresh()}@example.com"}, server=server, **more)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def me(self, key, server=None):
        answer = self.call("GET", "/me", key, server=server)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def assertAnswer(self, answer, expected):
        self.assertEqual((answer.status, answer.json()), expected)
        self.assertEqual(answer.headers["Content-Type"], "application/json")

    def assertInvalid(self, answer, *errors):
        """422 naming these fields and rules: ("name", "string_too_short")."""
        self.assertEqual(answer.status, 422, answer)
        error = answer.json()["error"]
        self.assertEqual((error["code"], error["message"]), ("422", "Validation error"))
        self.assertEqual([(one["loc"][-1], one["type"]) for one in error["details"]["errors"]], list(errors), error)

    def assertPage(self, answer, status, title):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertEqual((answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]), ("no-referrer", "no-store"))
        self.assertIn(f"<h1>{title}</h1>", answer.body.decode())

    def link_in(self, mail):
        """The path and query of the verification link."""
        links = re.findall(r"^https://\S+", mail.get_body(("plain",)).get_content(), re.M)
        self.assertEqual(len(links), 1)
        self.assertTrue(links[0].startswith(PUBLIC + "/api/v1/auth/verify?token="), links)
        return links[0][len(PUBLIC):].strip()


class KeyAccounts:
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        cls.server = MortiseServer({**OPTIONS, "mail.url": cls.smtp.url, **cls.database()}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    # --- sign-up

    def test_sign_up_gives_an_account_and_its_key_once(self):
        name = fresh("Ada.")
        answer = self.call("POST", "/signup", body={"email": f"  {name}+Tag@Example.COM ", "role": "super_admin"})
        self.assertEqual((answer.status, answer.headers["Cache-Control"]), (201, "no-store"), answer)
        made = answer.json()
        self.assertEqual(list(made), ["user_id", "email", "raw_key", "key_id", "message"])
        self.assertRegex(made["user_id"], UUID4)
        self.assertRegex(made["key_id"], UUID4)
        self.assertRegex(made["raw_key"], RAW)
        self.assertEqual(made["email"], f"{name}+tag@example.com".lower())
        self.assertIn("not shown again", made["message"])
        me = self.me(made["raw_key"])
        self.assertRegex(me.pop("created_at"), MOMENT)
        self.assertRegex(me.pop("latest_version"), r"^\d+\.\d+\.\d+$")
        self.assertEqual(me, {"user_id": made["user_id"], "email": made["email"], "display_name": None, "email_verified": False, "tier": "pro",
                              "effective_tier": "pro", "org_id": None, "org_name": None, "org_role": None, "last_client_version": None,
                              "last_client_platform": None, "last_client_device": None, "last_sync_at": None, "default_org_id": None,
                              "capture_health": None, "represented_personas": []})
        keys = self.call("GET", "/keys", made["raw_key"]).json()
        self.assertEqual([(key["key_id"], key["name"]) for key in keys], [(made["key_id"], "default")])
        self.assertNotIn(made["raw_key"], self.server.output())

    def test_the_account_has_no_password(self):
        made = self.sign_up()
        for password in ("", " ", "default", made["raw_key"]):
            answer = self.call("POST", "/login", body={"email": made["email"], "password": password}, prefix="/api/auth")
            self.assertIn(answer.json()["code"], (401, 422), answer)
        self.assertEqual(self.call("POST", "/sessions", body={"email": made["email"], "password": PASSWORD}).status, 401)

    def test_an_address_is_taken_once(self):
        made = self.sign_up()
        taken = (409, {"error": {"code": "409", "message": "E-mail already registered", "details": {}}})
        for email in (made["email"], made["email"].upper(), f" {made['email']} "):
            self.assertAnswer(self.call("POST", "/signup", body={"email": email}), taken)
        other = f"{fresh()}@example.com"
        answer = self.call("POST", "/register", body={"email": other, "password": PASSWORD}, prefix="/api/auth")
        self.assertEqual(answer.json()["code"], 200, answer)
        self.assertAnswer(self.call("POST", "/signup", body={"email": other}), taken)
        self.assertTrue(self.me(made["raw_key"]))

    def test_sign_up_names_what_breaks_a_rule(self):
        for body, rule in (({}, "missing"), ({"email": None}, "string_type"), ({"email": 7}, "string_type"), ({"email": "nonsense"}, "value_error"),
                           ({"email": ""}, "value_error"), ({"email": "a@localhost"}, "value_error"), ({"email": "a@example.com\r\nBcc: b@example.com"}, "value_error")):
            with self.subTest(body=body):
                self.assertInvalid(self.call("POST", "/signup", body=body), ("email", rule))
        for broken in (b"{", b"email=x", b"\xff"):
            answer = self.call("POST", "/signup", body=broken, headers={"Content-Type": "application/json"})
            self.assertEqual((answer.status, answer.json()["error"]["details"]["errors"][0]["type"]), (422, "json_invalid"), answer)
        self.assertEqual(self.call("POST", "/signup", body=b"[]").status, 422)

    def test_a_peer_makes_five_accounts_an_hour(self):
        source = peer()
        for _ in range(5):
            self.sign_up(source=source)
        answer = self.call("POST", "/signup", body={"email": f"{fresh()}@example.com"}, source=source)
        self.assertAnswer(answer, TOO_MANY)
        self.assertGreater(int(answer.headers["Retry-After"]), 3000)
        self.sign_up()

    # --- verification

    def test_opening_the_mailed_link_shows_the_account_and_changes_nothing(self):
        made = self.sign_up()
        mail = self.smtp.wait_for(made["email"])
        self.assertEqual(mail["Subject"], "Verify your e-mail address")
        self.assertEqual([part.get_content_type() for part in mail.iter_parts()], ["text/plain", "text/html"])
        self.assertIn("deleted after 7 days", mail.get_body(("plain",)).get_content())
        link = self.link_in(mail)
        self.assertIn(link.replace("&", "&amp;"), mail.get_body(("html",)).get_content())
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["token"][0]
        self.assertNotIn(made["user_id"], token)
        day = self.me(made["raw_key"])["created_at"][:16].replace("T", " ") + " UTC"
        for path, prefix in ((link, ""), (f"/verify/{token}", "/api/v1/auth"), (f"/verify/{token}/", "/api/v1/auth"), (link + "&utm_source=mail", "")):
            answer = self.call("GET", path, prefix=prefix)
            self.assertPage(answer, 200, "Confirm your e-mail address")
            page = answer.body.decode()
            self.assertIn(f"<dd>{made['email']}</dd>", page)
            self.assertIn(f"<dd>{day}</dd>", page)
            self.assertEqual(re.findall(r"<form[^>]*>", page), ['<form method="post">'], "to the same URL")
            self.assertIn("form-action 'self'", answer.headers["Content-Security-Policy"])
            self.assertNotIn(token, page)
            self.assertNotIn("<script", page)
        self.assertPage(self.call("GET", link, prefix="", headers={"Accept-Language": "zh-CN"}), 200, "确认您的邮箱")
        self.assertEqual(self.call("HEAD", link, prefix="").status, 405)
        self.assertFalse(self.me(made["raw_key"])["email_verified"])

    def test_the_button_verifies_the_address_as_often_as_it_is_pressed(self):
        made = self.sign_up()
        link = self.link_in(self.smtp.wait_for(made["email"]))
        token = link.split("token=")[1]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for _ in range(2):
            self.assertPage(self.call("POST", link, body=b"", headers=form, prefix=""), 200, "E-mail address verified")
        self.assertTrue(self.me(made["raw_key"])["email_verified"])
        self.assertPage(self.call("POST", f"/verify/{token}"), 200, "E-mail address verified")
        for method in ("GET", "POST"):
            self.assertPage(self.call(method, f"/verify/{token}", headers={"Accept-Language": "zh-CN"}), 200, "邮箱已验证")
            self.assertNotIn("<form", self.call(method, link, prefix="").body.decode(), "there is nothing to do any more")
        self.assertEqual(self.call("DELETE", f"/verify/{token}").status, 405)
        support.wait_until(lambda: "path=/api/v1/auth/verify/{token} " in self.server.output(), 20, "the lines of the requests")
        self.assertNotIn(token, self.server.output(), "whoever reads the log proves no address")

    def test_the_path_form_verifies_too(self):
        made = self.sign_up()
        token = self.link_in(self.smtp.wait_for(made["email"])).split("token=")[1]
        self.assertPage(self.call("POST", f"/verify/{token}/"), 200, "E-mail address verified")
        self.assertTrue(self.me(made["raw_key"])["email_verified"])

    def test_the_page_escapes_what_it_shows(self):
        made = self.sign_up(f"a&b'c{fresh()}@example.com")
        page = self.call("GET", self.link_in(self.smtp.wait_for(made["email"])), prefix="").body.decode()
        self.assertIn("<dd>" + made["email"].replace("&", "&amp;").replace("'", "&#39;") + "</dd>", page)

    def test_any_other_token_is_refused_by_a_page(self):
        made = self.sign_up()
        token = self.link_in(self.smtp.wait_for(made["email"])).split("token=")[1]
        middle = len(token) // 2
        altered = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
        for bad in (altered, token[:-4], "x", "v1.AAAA", "eyJhbGciOiJub25lIn0.e30."):
            for method in ("GET", "POST"):
                self.assertPage(self.call(method, f"/verify/{bad}"), 400, "Link not valid")
                self.assertPage(self.call(method, f"/verify?token={bad}"), 400, "Link not valid")
        self.assertFalse(self.me(made["raw_key"])["email_verified"])
        for method in ("GET", "POST"):
            self.assertInvalid(self.call(method, "/verify"), ("token", "missing"))
            self.assertInvalid(self.call(method, "/verify?token="), ("token", "string_too_short"))
            self.assertInvalid(self.call(method, "/verify?token=" + "x" * 2049), ("token", "string_too_long"))

    def test_a_link_of_a_deleted_account_says_so(self):
        made = self.sign_up()
        link = self.link_in(self.smtp.wait_for(made["email"]))
        self.sql(f"DELETE FROM mortise_users WHERE id = '{made['user_id']}'")
        for method in ("GET", "POST"):
            self.assertPage(self.call(method, link, prefix=""), 404, "Account not found")

    def test_mail_and_message_come_in_chinese(self):
        made = self.sign_up(headers={"Accept-Language": "zh-CN"})
        self.assertIn("账号已创建", made["message"])
        mail = self.smtp.wait_for(made["email"])
        self.assertEqual(mail["Subject"], "请验证您的邮箱")
        self.assertIn("7 天后删除", mail.get_body(("plain",)).get_content())
        self.assertPage(self.call("POST", self.link_in(mail), prefix="", headers={"Accept-Language": "zh"}), 200, "邮箱已验证")

    def test_a_mail_that_can_not_be_delivered_does_not_undo_the_sign_up(self):
        made = self.sign_up(f"nobody+{fresh()}@example.com")
        self.smtp.wait_for_refusal(made["email"])
        self.assertTrue(self.me(made["raw_key"]))
        support.wait_until(lambda: re.search(rf"a verification mail was not sent.*{made['user_id']}", self.server.output()), 10, "the log to say so")

    def test_an_address_that_a_sign_up_only_claims_belongs_to_its_reader(self):
        name = fresh("owner")
        claimed = self.sign_up(f"{name}@example.com")
        second = self.call("POST", "/keys", claimed["raw_key"], {"name": "kept"}).json()
        self.smtp.wait_for(claimed["email"])
        answer = self.call("POST", "/verifications", body={"username": name, "email": claimed["email"], "password": PASSWORD})
        self.assertEqual(answer.status, 202, answer)
        code = code_in(self.smtp.wait_for(claimed["email"], 2))
        session = self.call("POST", "/verifications/verify", body={"email": claimed["email"], "token": code}).json()
        self.assertEqual(session["user"]["id"], claimed["user_id"])
        for key in (claimed["raw_key"], second["raw_key"]):
            self.assertAnswer(self.call("GET", "/me", key), NOT_AUTHENTICATED)
        self.assertTrue(self.me(session["access_token"])["email_verified"])
        self.assertEqual(self.call("GET", "/keys", session["access_token"]).json(), [])
        self.assertEqual(self.call("POST", "/sessions", body={"email": claimed["email"], "password": PASSWORD}).status, 200)

    def test_a_rank_does_not_pass_to_the_reader_of_a_mailbox_that_was_claimed(self):
        for role in ("super_admin", "admin", "service_role"):
            name = fresh("boss")
            claimed = self.sign_up(f"{name}@example.com")
            self.smtp.wait_for(claimed["email"])
            self.server.run("user", "set-role", claimed["email"], role)
            answer = self.call("POST", "/verifications", body={"username": name, "email": claimed["email"], "password": PASSWORD})
            self.assertEqual(answer.status, 202, answer)
            code = code_in(self.smtp.wait_for(claimed["email"], 2))
            answer = self.call("POST", "/verifications/verify", body={"email": claimed["email"], "token": code})
            self.assertEqual(answer.status, 401, answer)
            self.assertEqual(self.me(claimed["raw_key"])["email_verified"], False, role)
            self.assertEqual(self.call("POST", "/sessions", body={"email": claimed["email"], "password": PASSWORD}).status, 401)

    # --- the caller's account

    def test_a_platform_administrator_counts_as_enterprise(self):
        for tier in ("admin", "enterprise", "team", "pro", "free"):
            made = self.sign_up()
            self.sql(f"UPDATE mortise_users SET tier = '{tier}' WHERE id = '{made['user_id']}'")
            me = self.me(made["raw_key"])
            self.assertEqual((me["tier"], me["effective_tier"]), (tier, "enterprise" if tier == "admin" else tier))

    def test_me_serves_keys_and_tokens_of_every_family(self):
        token = support.account(self.server, fresh("bob"))
        me = self.me(token)
        self.assertEqual((me["email"], me["email_verified"], me["tier"]), (None, False, "pro"))
        key = self.call("POST", "/keys", token, {}).json()["raw_key"]
        self.assertEqual(self.me(key)["user_id"], me["user_id"])
        for path in ("/auth/me", "/auth/me/", "/me", "/me/"):
            answer = self.call("GET", path, key, prefix="/api/v1")
            self.assertEqual((answer.status, answer.json()), (200, self.me(key)), path)
        for bad in (None, "sk_sfs_" + "0" * 32, "sk_"):
            self.assertAnswer(self.call("GET", "/me", bad), NOT_AUTHENTICATED)
        for header in ("Basic YTpi", "bearer", ""):
            self.assertEqual(self.call("GET", "/me", headers={"Authorization": header}).status, 401)
        self.assertEqual(self.call("GET", "/me", "not.a.token").status, 401)

    def test_me_answers_browsers_in_their_own_family(self):
        name = fresh("carol")
        support.account(self.server, name, PASSWORD)
        cookies = http.cookies.SimpleCookie()

        def browse(method, path, body=None, headers=None):
            sent = {"Cookie": "; ".join(f"{one.key}={one.value}" for one in cookies.values()), "Accept-Language": "zh-CN", **(headers or {})}
            answer = self.call(method, path, body=body, headers=sent)
            cookies.load(answer.headers.get("Set-Cookie") or "")
            return answer

        token = browse("GET", "/csrf-token").json()["data"]["csrf_token"]
        refused = browse("GET", "/me")
        self.assertEqual((refused.status, refused.json()["message_code"]), (401, "AUTHENTICATION_REQUIRED"), "a cookie, but nobody signed in")
        self.assertEqual(browse("POST", "/login", {"username": name, "password": PASSWORD}, {"X-CSRFToken": token}).status, 200)
        answer = browse("GET", "/me")
        self.assertEqual((answer.status, answer.json()["success"]), (200, True), answer)
        self.assertEqual(answer.json()["data"], browse("GET", "/session").json()["data"]["user"])
        key = self.sign_up()["raw_key"]
        with_both = browse("GET", "/me", headers={"Authorization": f"Bearer {key}"})
        self.assertEqual(with_both.json(), self.me(key), "Authorization wins")
        self.assertAnswer(browse("GET", "/me", headers={"Authorization": "Bearer sk_sfs_" + "0" * 32, "Accept-Language": "en"}), NOT_AUTHENTICATED)
        for path in ("/keys", "/me/api-keys"):
            self.assertAnswer(browse("GET", path, headers={"Accept-Language": "en"}), NOT_AUTHENTICATED)

    def test_the_default_organisation_must_be_the_callers(self):
        key = self.sign_up()["raw_key"]
        refused = (403, {"error": {"code": "403", "message": "You are not a member of this organisation", "details": {}}})
        self.assertAnswer(self.call("PUT", "/me/default-org", key, {"org_id": "org_0123456789abcdef"}), refused)
        self.assertAnswer(self.call("PUT", "/me/default-org", key, {"org_id": None}), (200, {"default_org_id": None}))
        self.assertInvalid(self.call("PUT", "/me/default-org", key, {}), ("org_id", "missing"))
        self.assertInvalid(self.call("PUT", "/me/default-org", key, {"org_id": 5}), ("org_id", "string_type"))
        self.assertInvalid(self.call("PUT", "/me/default-org", key, {"org_id": ""}), ("org_id", "string_too_short"))

    def test_me_shows_the_organisation_and_the_default_that_was_chosen(self):
        made, slug = self.sign_up(), fresh("slug")
        key = made["raw_key"]
        answer = self.call("POST", "/probe-orgs", key, {"slug": slug, "tier": "team"}, prefix="")
        self.assertEqual(answer.status, 201, answer)
        org = answer.json()
        me = self.me(key)
        self.assertEqual((me["org_id"], me["org_name"], me["org_role"], me["tier"], me["effective_tier"], me["default_org_id"]),
                         (org["id"], slug, "owner", "pro", "team", None))
        self.assertAnswer(self.call("PUT", "/me/default-org", key, {"org_id": org["id"]}), (200, {"default_org_id": org["id"]}))
        self.assertEqual(self.me(key)["default_org_id"], org["id"])
        stranger = self.sign_up()["raw_key"]
        self.assertEqual(self.call("PUT", "/me/default-org", stranger, {"org_id": org["id"]}).status, 403)
        self.assertIsNone(self.me(stranger)["default_org_id"])
        self.assertAnswer(self.call("PUT", "/me/default-org", key, {"org_id": None}), (200, {"default_org_id": None}))
        self.assertIsNone(self.me(key)["default_org_id"])

        member = self.sign_up()
        joined = self.call("POST", f"/probe-orgs/{org['id']}/members", key, {"user_id": member["user_id"], "role": "member"}, prefix="")
        self.assertLess(joined.status, 300, joined)
        self.assertEqual(self.call("PUT", "/me/default-org", member["raw_key"], {"org_id": org["id"]}).status, 200)
        left = self.call("DELETE", f"/probe-orgs/{org['id']}/members/{member['user_id']}", key, prefix="")
        self.assertLess(left.status, 300, left)
        me = self.me(member["raw_key"])
        self.assertEqual((me["org_id"], me["default_org_id"]), (None, None), "leaving ends the choice")

    # --- keys

    def test_keys_are_made_listed_and_switched_off(self):
        first = self.sign_up()
        key = first["raw_key"]
        made = []
        for body, name in (({"name": "laptop"}, "laptop"), ({"name": None}, None), ({}, None)):
            answer = self.call("POST", "/keys", key, body)
            self.assertEqual((answer.status, answer.headers["Cache-Control"]), (201, "no-store"), answer)
            one = answer.json()
            self.assertEqual(list(one), ["key_id", "raw_key", "name", "created_at"])
            self.assertRegex(one["raw_key"], RAW)
            self.assertRegex(one["created_at"], MOMENT)
            self.assertEqual(one["name"], name)
            made.append(one)
        keys = self.call("GET", "/keys", key).json()
        self.assertEqual([list(one) for one in keys], [["key_id", "name", "created_at", "last_used_at"]] * 4)
        self.assertEqual({one["key_id"] for one in keys}, {one["key_id"] for one in made} | {first["key_id"]})
        self.assertEqual([one["created_at"] for one in keys], sorted((one["created_at"] for one in keys), reverse=True))
        used = {one["key_id"]: one["last_used_at"] for one in keys}
        self.assertRegex(used[first["key_id"]], MOMENT)
        self.assertIsNone(used[made[0]["key_id"]])

        self.assertTrue(self.me(made[0]["raw_key"]))
        for _ in range(2):
            answer = self.call("DELETE", f"/keys/{made[0]['key_id']}", key)
            self.assertEqual((answer.status, answer.body), (204, b""), answer)
            self.assertAnswer(self.call("GET", "/me", made[0]["raw_key"]), NOT_AUTHENTICATED)
        self.assertNotIn(made[0]["key_id"], [one["key_id"] for one in self.call("GET", "/keys", key).json()])
        stranger = self.sign_up()["raw_key"]
        for id in (made[1]["key_id"], "nothing", first["key_id"]):
            self.assertAnswer(self.call("DELETE", f"/keys/{id}", stranger), NO_KEY)
        self.assertEqual(self.call("DELETE", f"/keys/{first['key_id']}", key).status, 204, "the key in use")
        self.assertAnswer(self.call("GET", "/keys", key), NOT_AUTHENTICATED)
        self.assertTrue(self.me(made[1]["raw_key"]))

    def test_personal_keys_are_made_listed_and_revoked_with_a_reason(self):
        key = self.sign_up()["raw_key"]
        answer = self.call("POST", "/me/api-keys", key, {"name": "ci", "expires_in_days": 30})
        self.assertEqual((answer.status, answer.headers["Cache-Control"]), (201, "no-store"), answer)
        made = answer.json()
        fields = ["id", "name", "key_prefix", "created_at", "expires_at", "last_used_at", "last_used_ip", "is_active"]
        self.assertEqual(list(made), fields + ["key"])
        self.assertRegex(made["key"], RAW)
        self.assertEqual((made["key_prefix"], made["is_active"], made["last_used_at"], made["last_used_ip"]), (made["key"][:12], True, None, None))
        self.assertRegex(made["expires_at"], MOMENT)
        self.assertNotEqual(made["expires_at"][:10], made["created_at"][:10])
        for days in (None, 1, 730, "30", "730", "+1"):
            self.assertEqual(self.call("POST", "/me/api-keys", key, {"name": "x", "expires_in_days": days}).status, 201)
        caller = peer()
        self.assertEqual(self.call("GET", "/me", made["key"], source=caller).status, 200)
        keys = self.call("GET", "/me/api-keys", key).json()
        self.assertEqual([list(one) for one in keys], [fields] * 8)
        mine = next(one for one in keys if one["id"] == made["id"])
        self.assertRegex(mine["last_used_at"], MOMENT)
        self.assertEqual(mine["last_used_ip"], caller)
        self.assertEqual(keys[-1]["expires_at"], None)

        stranger = self.sign_up()["raw_key"]
        self.assertAnswer(self.call("DELETE", f"/me/api-keys/{made['id']}", stranger, {"reason": "mine"}), NO_KEY)
        self.assertAnswer(self.call("DELETE", "/me/api-keys/nothing", key, {"reason": "mine"}), NO_KEY)
        for body, rule in (({}, "missing"), ({"reason": ""}, "string_too_short"), ({"reason": "x" * 501}, "string_too_long"), ({"reason": None}, "string_type")):
            self.assertInvalid(self.call("DELETE", f"/me/api-keys/{made['id']}", key, body), ("reason", rule))
        self.assertInvalid(self.call("DELETE", f"/me/api-keys/{made['id']}", key), ("body", "missing"))
        for reason in ("lost", "again"):
            self.assertEqual(self.call("DELETE", f"/me/api-keys/{made['id']}", key, {"reason": reason}).status, 204)
            revoked = (401, {"error": {"code": "401", "message": "The API key has been revoked", "details": {"error": "api_key_revoked"}}})
            self.assertAnswer(self.call("GET", "/me", made["key"]), revoked)
        self.assertFalse(next(one for one in self.call("GET", "/me/api-keys", key).json() if one["id"] == made["id"])["is_active"])
        self.assertNotIn(made["id"], [one["key_id"] for one in self.call("GET", "/keys", key).json()])

    def test_keys_name_what_breaks_a_rule(self):
        key = self.sign_up()["raw_key"]
        for path, body, error in (("/keys", {"name": 5}, ("name", "string_type")), ("/keys", {"name": "x" * 256}, ("name", "string_too_long")),
                                  ("/keys", {"name": "a\nb"}, ("name", "value_error")), ("/me/api-keys", {}, ("name", "missing")),
                                  ("/me/api-keys", {"name": ""}, ("name", "string_too_short")), ("/me/api-keys", {"name": "x" * 256}, ("name", "string_too_long")),
                                  ("/me/api-keys", {"name": "a\x1bb"}, ("name", "value_error")),
                                  ("/me/api-keys", {"name": "a", "expires_in_days": 0}, ("expires_in_days", "greater_than_equal")),
                                  ("/me/api-keys", {"name": "a", "expires_in_days": 731}, ("expires_in_days", "less_than_equal")),
                                  ("/me/api-keys", {"name": "a", "expires_in_days": "731"}, ("expires_in_days", "less_than_equal")),
                                  ("/me/api-keys", {"name": "a", "expires_in_days": "-1"}, ("expires_in_days", "greater_than_equal")),
                                  *[("/me/api-keys", {"name": "a", "expires_in_days": other}, ("expires_in_days", "int_parsing"))
                                    for other in ("", "3.5", "thirty", "1e2", " 9", 3.5, True, [], {})]):
            with self.subTest(body=body):
                self.assertInvalid(self.call("POST", path, key, body), error)
        for path, method in (("/keys", "POST"), ("/keys", "GET"), ("/keys/x", "DELETE"), ("/me/api-keys", "POST"), ("/me/api-keys", "GET"),
                             ("/me/api-keys/x", "DELETE"), ("/me/default-org", "PUT"), ("/me", "GET")):
            self.assertAnswer(self.call(method, path), NOT_AUTHENTICATED)
            if method in ("POST", "PUT"):
                answer = self.call(method, path, body=b"{", headers={"Content-Type": "application/json"})
                self.assertEqual(answer.status, 422, "malformed JSON comes before authentication")

    def test_an_expired_key_is_told_so(self):
        key = self.sign_up()["raw_key"]
        made = self.call("POST", "/me/api-keys", key, {"name": "short", "expires_in_days": 1}).json()
        self.sql(f"UPDATE mortise_api_keys SET expires_at = 1 WHERE id = '{made['id']}'")
        expired = (401, {"error": {"code": "401", "message": "The API key has expired", "details": {"error": "api_key_expired"}}})
        for path in ("/me", "/keys", "/me/api-keys"):
            self.assertAnswer(self.call("GET", path, made["key"]), expired)

    def test_a_key_made_with_a_key_ends_no_later(self):
        key = self.sign_up()["raw_key"]
        short = self.call("POST", "/me/api-keys", key, {"name": "short", "expires_in_days": 2}).json()
        for body in ({"name": "child"}, {"name": "child", "expires_in_days": 730}, {"name": "child", "expires_in_days": 3}):
            child = self.call("POST", "/me/api-keys", short["key"], body).json()
            self.assertEqual(child["expires_at"], short["expires_at"], body)
        self.assertLess(self.call("POST", "/me/api-keys", short["key"], {"name": "child", "expires_in_days": 1}).json()["expires_at"], short["expires_at"])
        plain = self.call("POST", "/keys", short["key"], {}).json()
        listed = {one["id"]: one for one in self.call("GET", "/me/api-keys", key).json()}
        self.assertEqual(listed[plain["key_id"]]["expires_at"], short["expires_at"])
        grandchild = self.call("POST", "/me/api-keys", plain["raw_key"], {"name": "grandchild"}).json()
        self.assertEqual(grandchild["expires_at"], short["expires_at"])
        self.assertIsNone(self.call("POST", "/me/api-keys", key, {"name": "other"}).json()["expires_at"], "a key for ever makes keys for ever")

    def test_a_key_made_with_a_key_is_revoked_with_it(self):
        key = self.sign_up()["raw_key"]
        stolen = self.call("POST", "/me/api-keys", key, {"name": "stolen"}).json()
        child = self.call("POST", "/keys", stolen["key"], {}).json()
        grandchild = self.call("POST", "/me/api-keys", child["raw_key"], {"name": "grandchild"}).json()
        service = self.call("POST", "/probe-keys", key, {"name": "deploy", "scopes": '["tickets:read"]'}, prefix="").json()
        other = self.call("POST", "/keys", key, {}).json()
        self.assertEqual(self.call("DELETE", f"/keys/{child['key_id']}", key).status, 204, "switched off")
        self.assertTrue(self.me(grandchild["key"]), "which leaves those that were made with it alone")
        self.assertEqual(self.call("DELETE", f"/me/api-keys/{stolen['id']}", key, {"reason": "lost"}).status, 204)
        revoked = (401, {"error": {"code": "401", "message": "The API key has been revoked", "details": {"error": "api_key_revoked"}}})
        for one in (stolen["key"], child["raw_key"], grandchild["key"]):
            self.assertAnswer(self.call("GET", "/me", one), revoked)
        self.assertTrue(self.me(other["raw_key"]))
        self.assertTrue(self.me(key))
        self.assertIn(service["id"], [one["key_id"] for one in self.call("GET", "/keys", key).json()])

    def test_a_key_of_a_banned_account_is_refused(self):
        made = self.sign_up()
        self.sql(f"UPDATE mortise_users SET status = 'banned' WHERE id = '{made['user_id']}'")
        self.assertAnswer(self.call("GET", "/me", made["raw_key"]), (403, {"error": {"code": "403", "message": "Account is disabled", "details": {}}}))

    def test_service_keys_are_not_let_in(self):
        owner = self.sign_up()["raw_key"]
        answer = self.call("POST", "/probe-keys", owner, {"name": "deploy", "scopes": '["tickets:read"]'}, prefix="")
        self.assertEqual(answer.status, 201, answer)
        service = answer.json()
        refused = (403, {"error": {"code": "service_key_not_allowed", "message": "Service keys are not allowed here",
                                   "details": {"error": "service_key_not_allowed", "service_key_name": "deploy"}}})
        for method, path, body in (("GET", "/me", None), ("GET", "/keys", None), ("POST", "/keys", {}), ("DELETE", f"/keys/{service['id']}", None),
                                   ("GET", "/me/api-keys", None), ("POST", "/me/api-keys", {"name": "child"}), ("DELETE", "/me/api-keys/x", {"reason": "r"}),
                                   ("PUT", "/me/default-org", {"org_id": None})):
            self.assertAnswer(self.call(method, path, service["raw"], body), refused)
        self.assertIn(service["id"], [one["key_id"] for one in self.call("GET", "/keys", owner).json()], "minted by the caller")
        self.assertNotIn(service["id"], [one["id"] for one in self.call("GET", "/me/api-keys", owner).json()])
        self.assertAnswer(self.call("DELETE", f"/me/api-keys/{service['id']}", owner, {"reason": "r"}), NO_KEY)
        self.assertEqual(self.call("DELETE", f"/keys/{service['id']}", owner).status, 204)
        self.assertAnswer(self.call("GET", "/me", service["raw"]), NOT_AUTHENTICATED)

    # --- conventions of the family

    def test_a_key_makes_120_requests_a_minute_over_all_operations(self):
        made = self.sign_up()
        other = self.call("POST", "/keys", made["raw_key"], {}).json()["raw_key"]
        counted = 1
        while counted < 120:
            path = ("/me", "/keys", "/me/api-keys")[counted % 3]
            self.assertEqual(self.call("GET", path, made["raw_key"]).status, 200, counted)
            counted += 1
        answer = self.call("GET", "/me", made["raw_key"])
        self.assertAnswer(answer, TOO_MANY)
        self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 60)
        self.assertAnswer(self.call("GET", "/me", made["raw_key"], prefix="/api/v1"), TOO_MANY)
        self.assertEqual(self.call("GET", "/me", other).status, 200, "another key of the same account")

    def test_slashes_methods_and_bodies_as_clients_send_them(self):
        made = self.sign_up()
        key = made["raw_key"]
        for path in ("/keys/", "/me/", "/me/api-keys/"):
            self.assertEqual(self.call("GET", path, key).status, 200, path)
        self.assertEqual(self.call("GET", "/me%2Fapi-keys", key).status, 200)
        self.assertEqual(self.call("POST", "/keys/", key, {"name": "slash"}).status, 201)
        for path, allowed in (("/me", {"GET"}), ("/keys", {"GET", "POST"}), ("/signup", {"POST"}), (f"/keys/{made['key_id']}", {"DELETE"}), ("/verify/x", {"GET", "POST"})):
            for method in ("HEAD", "OPTIONS", "PATCH"):
                answer = self.call(method, path, key)
                self.assertEqual(answer.status, 405, (method, path))
                self.assertEqual({one.strip() for one in answer.headers["Allow"].split(",")}, allowed)
                if method != "HEAD":
                    self.assertEqual(answer.json()["error"]["code"], "405")
        length = {"Content-Length": "0"}
        self.assertEqual(self.call("DELETE", "/keys/none", key, b"", length).status, 404)
        self.assertEqual(self.call("GET", "/me", key, b"", length).status, 200)
        self.assertEqual(self.call("POST", "/keys", key, b"", length).json()["name"], None)
        self.assertInvalid(self.call("POST", "/me/api-keys", key, b"", length), ("body", "missing"))
        answer = self.call("POST", "/keys", key, b'{"name":"odd type"}', {"Content-Type": "text/plain"})
        self.assertEqual(answer.status, 201, answer)

    # --- how many

    def test_of_many_keys_minted_at_once_no_more_exist_than_may(self):
        other = {"db.url": self.postgres.url()} if hasattr(self, "postgres") else {}
        server = MortiseServer({**support.QUICK, **other, "auth.keys_per_user": 5}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        made = self.sign_up(server=server)
        with concurrent.futures.ThreadPoolExecutor(25) as pool:
            wishes = [pool.submit(self.call, "POST", ("/keys", "/me/api-keys")[number % 2], made["raw_key"], {"name": f"key {number}"}, server=server)
                      for number in range(25)]
            statuses = [wish.result().status for wish in wishes]
        self.assertEqual((statuses.count(201), statuses.count(409)), (4, 21), statuses)
        keys = self.call("GET", "/keys", made["raw_key"], server=server).json()
        self.assertEqual(len(keys), 5)


class OnSqlite(KeyAccounts, OnSqliteDatabase, Case):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, KeyAccounts, Case):
    def test_minting_at_the_same_moment_counts_the_others_keys(self):
        """All of them get as far as they can before the first key is written."""
        url = self.postgres.url()
        server = MortiseServer({**support.QUICK, "db.url": url, "auth.keys_per_user": 5, "http.workers": 16, "db.connections": 24}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        made = self.sign_up(server=server)
        name = Postgres.database_of(url)
        waiting = lambda: int(self.postgres.sql("SELECT count(*) FROM pg_locks WHERE NOT granted", name))
        with concurrent.futures.ThreadPoolExecutor(13) as pool:
            holder = pool.submit(self.postgres.sql, "BEGIN; LOCK TABLE mortise_api_keys IN SHARE MODE; SELECT pg_sleep(5); COMMIT", name)
            support.wait_until(lambda: "ShareLock" in self.postgres.sql("SELECT mode FROM pg_locks WHERE relation = 'mortise_api_keys'::regclass", name), 20,
                               "the table to be locked")
            wishes = [pool.submit(self.call, "POST", ("/keys", "/me/api-keys")[number % 2], made["raw_key"], {"name": f"key {number}"}, server=server)
                      for number in range(12)]
            support.wait_until(lambda: waiting() >= 8 or holder.done(), 20, "the requests to wait")
            statuses = [wish.result().status for wish in wishes]
            holder.result()
        self.assertEqual((statuses.count(201), statuses.count(409)), (4, 8), statuses)


class Options(Case):
    def serve(self, options, mail=True):
        smtp = Smtp().start()
        self.addCleanup(smtp.stop)
        server = MortiseServer({**OPTIONS, **({"mail.url": smtp.url} if mail else {}), **options}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        return server, smtp

    def test_a_link_works_for_its_lifetime(self):
        server, smtp = self.serve({"auth.verification_lifetime": "1s"})
        made = self.sign_up(server=server)
        link = self.link_in(smtp.wait_for(made["email"]))
        answer = support.wait_until(lambda: (one := self.call("GET", link, prefix="", server=server)).status != 200 and one, 20, "the link to expire")
        self.assertPage(answer, 400, "Link not valid")

    def test_without_verification_an_address_counts_as_verified_at_once(self):
        server, smtp = self.serve({"auth.require_email_verification": "false"})
        made = self.sign_up(server=server)
        self.assertTrue(self.me(made["raw_key"], server)["email_verified"])
        self.assertNotIn("mail", made["message"])
        server.stop()  # sends queued mails
        self.assertEqual(smtp.mails, [])

    def test_without_mail_the_account_is_made_and_the_log_says_why_nothing_was_sent(self):
        for options, mail, reason in (({}, False, "mail.url is not set"), ({"http.public_url": ""}, True, "http.public_url is not set")):
            server, _ = self.serve(options, mail)
            made = self.sign_up(server=server)
            self.assertFalse(self.me(made["raw_key"], server)["email_verified"])
            self.assertNotIn("mail", made["message"])
            support.wait_until(lambda: re.search(rf"a verification mail was not sent.*{made['user_id']}.*{reason}", server.output()), 20, f"the log to say: {reason}")

    def test_a_user_has_so_many_keys_at_most(self):
        server, _ = self.serve({"auth.keys_per_user": 2})
        made = self.sign_up(server=server)
        key = made["raw_key"]
        second = self.call("POST", "/keys", key, {}, server=server).json()
        full = (409, {"error": {"code": "409", "message": "You have 2 API keys, which is the most; revoke one first", "details": {}}})
        for path in ("/keys", "/me/api-keys"):
            self.assertAnswer(self.call("POST", path, key, {"name": "third"}, server=server), full)
        self.assertEqual(self.call("DELETE", f"/keys/{second['key_id']}", key, server=server).status, 204)
        self.assertEqual(self.call("POST", "/me/api-keys", key, {"name": "third"}, server=server).status, 201)


if __name__ == "__main__":
    unittest.main()
