"""Accounts of the agent platform over real HTTP, on SQLite and PostgreSQL: register, log in, refresh, profile, and which failures are soft."""
import http.client
import json
import re
import unittest

import unified_family
from auth_browser_test import Browser
from auth_runtime_test import ISO, OPTIONS, PASSWORD, UUID4, WRONG, Client, claims, name
from mortise_server import MortiseServer, Postgres

TIME_LIMIT = 180
USER = ["avatar", "created_at", "email", "id", "nickname", "role", "status", "username"]


class Case(unittest.TestCase):
    def assertOk(self, answer):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        self.assertEqual(sorted(answer.json), ["code", "data", "msg"], answer)
        self.assertEqual((answer.json["code"], answer.json["msg"]), (200, "success"), answer)
        return answer.json["data"]

    def assertSoft(self, answer, code, message=None):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(sorted(answer.json), ["code", "data", "msg"], answer)
        self.assertEqual((answer.json["code"], answer.json["data"]), (code, None), answer)
        self.assertTrue(answer.json["msg"])
        if message:
            self.assertEqual(answer.json["msg"], message)

    def assertHard(self, answer, code, data=None):
        self.assertEqual((answer.status, answer.json["code"]), (code, code), answer)
        self.assertEqual(sorted(answer.json), ["code", "data", "msg"], answer)
        self.assertEqual(answer.json["data"], {} if data is None else data, answer)
        if code == 401:
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))

    def assertShape(self, answer, location):
        self.assertEqual((answer.status, answer.json["code"]), (422, 422), answer)
        self.assertEqual(sorted(answer.json), ["code", "data", "detail", "msg"], answer)
        self.assertEqual(answer.json["data"], {"errors": answer.json["detail"]})
        for error in answer.json["detail"]:
            self.assertEqual(sorted(error), ["loc", "msg", "type"])
        self.assertEqual([error["loc"] for error in answer.json["detail"]], [location], answer)

    def assertUser(self, user, **fields):
        self.assertEqual(sorted(user), USER)
        self.assertRegex(user["id"], UUID4)
        self.assertRegex(user["created_at"], ISO)
        self.assertEqual((user["role"], user["status"]), ("user", "active"))
        self.assertEqual({key: user[key] for key in fields}, fields)

    def assertTokens(self, tokens):
        self.assertEqual(sorted(tokens), ["access_token", "refresh_token", "token_type"])
        self.assertEqual(tokens["token_type"], "bearer")
        access, refresh = claims(tokens["access_token"]), claims(tokens["refresh_token"])
        self.assertEqual((access["type"], refresh["type"]), ("access", "refresh"))
        self.assertEqual((access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]), (1800, 7 * 86400))
        self.assertEqual(access["sub"], refresh["sub"])
        return tokens


class PlatformAccounts:
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**OPTIONS, **cls.database_options()}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.client = Client(self.server)

    def tearDown(self):
        log = self.server.output()
        for secret in (PASSWORD, WRONG):
            self.assertNotIn(secret, log)

    def post(self, path, body, client=None, **headers):
        return (client or self.client).call("POST", path, body, prefix="/api", headers=headers)

    def register(self, client=None, **body):
        return self.post("/auth/register", {"password": PASSWORD, **body}, client or Client(self.server))

    def log_in(self, client=None, password=PASSWORD, **body):
        return self.post("/auth/login", {"password": password, **body}, client)

    def me(self, token, method="GET", body=None):
        return self.client.as_(token).call(method, "/auth/me", body, prefix="/api")

    # --- register

    def test_register_logs_in_at_once(self):
        made = name("demo")
        data = self.assertOk(self.register(username=made, email=f"{made}@Example.com", nickname="Demo"))
        self.assertEqual(sorted(data), ["tokens", "user"])
        self.assertUser(data["user"], username=made, email=f"{made}@example.com", nickname="Demo", avatar=None)
        tokens = self.assertTokens(data["tokens"])
        self.assertEqual((claims(tokens["access_token"])["username"], claims(tokens["access_token"])["role"]), (made, "user"))
        self.assertEqual(self.assertOk(self.me(tokens["access_token"])), data["user"])
        for login in ({"username": made}, {"email": f"{made}@EXAMPLE.com"}, {"username": made, "email": "other@example.com"}):
            self.assertEqual(self.assertOk(self.log_in(**login))["user"], data["user"])

    def test_the_nickname_defaults_to_name_then_local_part(self):
        made = name()
        self.assertUser(self.assertOk(self.register(username=made))["user"], username=made, email=None, nickname=made)
        made = name()
        self.assertUser(self.assertOk(self.register(email=f"{made}@example.com"))["user"], username=None, email=f"{made}@example.com", nickname=made)
        made = name()
        self.assertUser(self.assertOk(self.register(username=made, nickname="Demo", email=None))["user"], nickname="Demo")

    def test_register_needs_a_name_or_an_address(self):
        self.assertSoft(self.register(), 400, "用户名和邮箱至少填写一项")
        self.assertSoft(self.register(username=None, email=None), 400)
        self.assertSoft(self.register(Client(self.server, "en")), 400, "Give a user name or an e-mail address")

    def test_names_are_unique_as_written_and_addresses_ignoring_case(self):
        made = name("Unique")
        self.assertOk(self.register(username=made, email=f"{made}@example.com"))
        self.assertSoft(self.register(username=made), 400, "用户名已被使用")
        self.assertSoft(self.register(email=f"{made}@EXAMPLE.COM".upper()), 400, "邮箱已被使用")
        other = self.assertOk(self.register(username=made.lower()))
        self.assertEqual(self.assertOk(self.log_in(username=made.lower()))["user"]["id"], other["user"]["id"])

    def test_names_hold_what_precis_allows_but_the_at_sign(self):
        for made in (f"李雷 {name()}", f"Ω!{name()}", f"نام\u200cها"):
            self.assertUser(self.assertOk(self.register(username=made))["user"], username=made)
        for bad in ("me@home", "me＠home", "a\tbc", "a\u0085bc", "a\u202ebc", "    ", "a\u200cbc", "\u3164\u3164\u3164", "a\u3164bc", "abc\u200b", "a\u00adbc",
                    "\u3000\u3000\u3000", "a  bc", "a\u2060bc", "①②③", "ﬁne", "abc\ufe0f", "\U000e0061bc", "abאב", "😀😀😀"):
            self.assertShape(self.register(username=bad), ["body", "username"])
        for short in ("  a", "ab ", "\u3000ab\u3000", "e\u0301x"):
            answer = self.register(username=short)
            self.assertShape(answer, ["body", "username"])
            self.assertEqual(answer.json["detail"][0]["type"], "string_too_short")

    def test_names_that_look_alike_are_one_name(self):
        made = name("Café")
        user = self.assertOk(self.register(username=made))["user"]
        self.assertUser(user, username=made, nickname=made)
        spellings = [f" {made}", f"{made} ", f"\u3000{made}\u00a0", made.replace("é", "e\u0301"), made.replace("Caf", "Ｃａｆ"), f"\ufeff{made}\n"]
        for typed in spellings:
            with self.subTest(typed=typed):
                self.assertSoft(self.register(username=typed), 400, "用户名已被使用")
                self.assertEqual(self.assertOk(self.log_in(username=typed))["user"]["id"], user["id"])
                browser = Browser(self.server)
                answer = browser.log_in(typed, PASSWORD)
                self.assertEqual((answer.status, answer.json()["data"]["user"]["username"]), (200, made), answer)
        stored = self.assertOk(self.register(username=f"  Ｎｏ {made}e\u0301 "))["user"]
        self.assertUser(stored, username=f"No {made}é", nickname=f"No {made}é")

    def test_a_name_of_before_signs_in_as_it_was_made(self):
        for old in ("blank ", " lead", "in\u200cvisible", "\u3164\u3164\u3164", "cafe\u0301", "ｗｉｄｅ", "two  blanks"):
            made = name()
            user = self.assertOk(self.register(username=made))["user"]
            self.sql(f"UPDATE mortise_users SET username = '{old}', username_folded = '{old}' WHERE id = '{user['id']}'")
            with self.subTest(old=old):
                self.assertEqual(self.assertOk(self.log_in(username=old))["user"]["id"], user["id"])
                answer = Browser(self.server).log_in(old, PASSWORD)
                self.assertEqual((answer.status, answer.json()["data"]["user"]["username"]), (200, old), answer)

    def test_failures_of_one_name_count_together_however_it_is_written(self):
        made = name("Zoë")
        self.register(username=made)
        spellings = [made, f" {made}", made.replace("ë", "e\u0308"), made.replace("Z", "Ｚ"), f"{made}\u3000"]
        for i in range(10):
            self.assertSoft(self.log_in(Client(self.server), WRONG, username=spellings[i % 5]), 401)
        for typed in spellings:
            self.assertEqual(self.log_in(Client(self.server), username=typed).status, 429)
            self.assertEqual(Browser(self.server).log_in(typed, PASSWORD).status, 429)

    def test_a_registration_is_in_the_audit_trail(self):
        for fields in ({"username": name()}, {"email": f"{name()}@example.com"}, {"username": name(), "email": f"{name()}@example.com"}):
            user = self.assertOk(self.register(**fields))["user"]
            rows = self.sql(f"SELECT action, details FROM mortise_audit WHERE target = 'user:{user['id']}'")
            self.assertEqual([(action, json.loads(details)) for action, details in rows], [("auth.account_created", {"through": "registration"})])

    def test_register_refuses_what_breaks_a_rule(self):
        rows = [({"username": "ab"}, "username"), ({"username": "x" * 65}, "username"), ({"username": ""}, "username"), ({"username": 5}, "username"),
                ({"email": "nonsense"}, "email"), ({"email": ""}, "email"), ({"email": "a@localhost"}, "email"), ({"password": "12345"}, "password"),
                ({"password": "x" * 129}, "password"), ({"password": None}, "password"), ({"password": 123456}, "password"), ({"nickname": "x" * 65}, "nickname"),
                ({"nickname": "a\nb"}, "nickname")]
        for change, field in rows:
            with self.subTest(change=change):
                self.assertShape(self.post("/auth/register", {"username": name(), "password": PASSWORD, **change}, Client(self.server)), ["body", field])
        self.assertShape(self.post("/auth/register", {"username": name()}, Client(self.server)), ["body", "password"])

    def test_long_passwords_count_to_their_end(self):
        made = name()
        self.assertOk(self.post("/auth/register", {"username": made, "password": "x" * 100 + "1"}, Client(self.server)))
        self.assertSoft(self.log_in(username=made, password="x" * 100 + "2"), 401)
        self.assertOk(self.log_in(username=made, password="x" * 100 + "1"))

    def test_register_is_limited_to_ten_an_hour_per_client(self):
        for _ in range(10):
            self.assertSoft(self.register(self.client), 400)
        answer = self.register(self.client, username=name())
        self.assertTooMany(answer, 10, 3600)

    def assertTooMany(self, answer, limit, window):
        self.assertEqual((answer.status, answer.json["code"], answer.json["msg"]), (429, 429, "请求过多，请稍后重试"), answer)
        wait = answer.json["data"]["retry_after"]
        self.assertEqual(answer.json["data"], {"retry_after": wait, "limit": limit, "window_seconds": window, "bucket": "auth"})
        self.assertEqual(answer.headers["Retry-After"], str(wait))
        self.assertGreaterEqual(wait, 1)

    # --- log in

    def test_log_in_tells_no_reason_apart(self):
        made = name()
        self.assertOk(self.register(username=made, email=f"{made}@example.com"))
        for login in ({"username": made, "password": WRONG}, {"email": f"{made}@example.com", "password": WRONG}, {"username": name()},
                      {"email": f"{name()}@example.com"}, {"username": made, "password": ""}, {"username": made, "password": "x" * 300}):
            self.assertSoft(self.log_in(**login), 401, "账号或密码错误")
        self.assertSoft(self.log_in(Client(self.server, "en"), username=made, password=WRONG), 401, "Wrong account or password")
        self.assertSoft(self.log_in(), 401)
        self.assertShape(self.log_in(email="nonsense"), ["body", "email"])
        self.assertShape(self.post("/auth/login", {"username": made}), ["body", "password"])

    def test_ten_failures_lock_a_name(self):
        made = name()
        self.assertOk(self.register(username=made))
        for _ in range(10):
            self.assertSoft(self.log_in(username=made, password=WRONG), 401)
        self.assertTooMany(self.log_in(username=made), 10, 900)

    def test_failures_of_an_address_count_in_both_families(self):
        made = name()
        email = f"{made}@example.com"
        self.assertOk(self.register(username=made, email=email))
        for _ in range(5):
            self.assertSoft(self.log_in(email=email, password=WRONG), 401)
            self.assertEqual(self.client.log_in(email, WRONG).status, 401)
        self.assertTooMany(self.log_in(email=email), 10, 900)

    def test_log_in_is_limited_to_twenty_in_five_minutes_per_client(self):
        for _ in range(20):
            self.assertSoft(self.log_in(username=name()), 401)
        self.assertTooMany(self.log_in(username=name()), 20, 300)

    # --- refresh

    def test_refresh_gives_a_new_pair_and_the_old_one_stays_good(self):
        tokens = self.assertOk(self.register(username=name()))["tokens"]
        first = self.assertTokens(self.assertOk(self.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})))
        self.assertNotEqual(first["access_token"], tokens["access_token"])
        self.assertTokens(self.assertOk(self.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})))
        for token in (tokens["access_token"], first["access_token"]):
            self.assertOk(self.me(token))

    def test_a_bad_refresh_token_is_a_soft_401(self):
        tokens = self.assertOk(self.register(username=name()))["tokens"]
        for bad in ("garbage", "", tokens["access_token"], tokens["refresh_token"][:-4] + "AAAA"):
            self.assertSoft(self.post("/auth/refresh", {"refresh_token": bad}), 401, "无效的 refresh token")
        self.assertShape(self.post("/auth/refresh", {}), ["body", "refresh_token"])

    def test_refreshes_are_limited_to_sixty_in_five_minutes_per_client(self):
        for _ in range(60):
            self.assertSoft(self.post("/auth/refresh", {"refresh_token": "garbage"}), 401)
        self.assertTooMany(self.post("/auth/refresh", {"refresh_token": "garbage"}), 60, 300)

    # --- me

    def test_me_wants_a_good_access_token(self):
        tokens = self.assertOk(self.register(username=name()))["tokens"]
        for header in (None, "Bearer garbage", "Basic x", f"Bearer {tokens['refresh_token']}"):
            headers = {"Authorization": header} if header else {}
            self.assertHard(self.client.call("GET", "/auth/me", headers=headers, prefix="/api"), 401)
            self.assertHard(self.client.call("PUT", "/auth/me", b"{", headers, prefix="/api"), 401)  # before the body is looked at
        self.assertOk(self.client.call("GET", "/auth/me", headers={"Authorization": f"bearer {tokens['access_token']}"}, prefix="/api"))

    def test_me_changes_nickname_and_avatar(self):
        made = name()
        data = self.assertOk(self.register(username=made))
        token, user = data["tokens"]["access_token"], data["user"]
        self.assertEqual(self.assertOk(self.me(token, "PUT", {})), user)
        self.assertEqual(self.assertOk(self.me(token, "PUT", {"nickname": "新名", "avatar": "avatars/1.png"})), {**user, "nickname": "新名", "avatar": "avatars/1.png"})
        self.assertEqual(self.assertOk(self.me(token, "PUT", {"nickname": None, "avatar": None})), {**user, "nickname": "新名", "avatar": "avatars/1.png"})
        self.assertIsNone(self.client.me(token).json["avatar_url"], "the runtime family promises a URL")
        self.assertEqual(self.assertOk(self.me(token, "PUT", {"avatar": ""}))["avatar"], None)
        for change, field in (({"nickname": "x" * 65}, "nickname"), ({"avatar": "x" * 513}, "avatar"), ({"nickname": 5}, "nickname"), ({"avatar": "a\r\nb"}, "avatar")):
            self.assertShape(self.me(token, "PUT", change), ["body", field])
        self.assertEqual(self.assertOk(self.me(token))["nickname"], "新名")

    # --- the edges of the family

    def test_errors_outside_the_handlers_have_the_same_shape(self):
        self.assertHard(self.client.call("GET", "/auth/nowhere", prefix="/api"), 404)
        answer = self.client.call("PATCH", "/auth/me", {}, prefix="/api")
        self.assertHard(answer, 405)
        self.assertEqual({one.strip() for one in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"}, {"GET", "PUT"})
        answer = self.post("/auth/login", b"{\"username\": ", **{"Content-Type": "application/json"})
        self.assertEqual((answer.status, answer.json["code"], answer.json["detail"][0]["type"], answer.json["detail"][0]["loc"][0]), (422, 422, "json_invalid", "body"), answer)
        self.assertIsInstance(answer.json["detail"][0]["loc"][1], int)
        token = self.assertOk(self.register(username=name()))["tokens"]["access_token"]
        for method, path, limit in (("PUT", "/auth/me", 2 << 20), ("POST", "/auth/login", 64 << 10), ("POST", "/auth/register", 64 << 10),
                                    ("POST", "/auth/refresh", 64 << 10)):
            body = json.dumps({"username": "x" * (limit + 100_000), "password": PASSWORD}).encode()
            try:
                answer = self.client.call(method, path, body, {"Authorization": f"Bearer {token}"}, prefix="/api")
            except (BrokenPipeError, ConnectionResetError, http.client.HTTPException):
                self.fail("the refusal of a body that is too large must be readable")
            self.assertHard(answer, 413, {"max_bytes": limit})
            self.assertRegex(answer.headers["X-Request-Id"], re.compile(r"\S+"))


class OnSqlite(PlatformAccounts, unified_family.OnSqlite, Case):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(PlatformAccounts, unified_family.OnPostgres, Case):
    pass


if __name__ == "__main__":
    unittest.main()
