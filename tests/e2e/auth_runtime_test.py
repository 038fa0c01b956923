"""Accounts of the runtime API over real HTTP, real SMTP, SQLite and PostgreSQL: sign-up by e-mailed code, sessions, users, profiles.

Limits count per client address, so every test calls from a loopback address of its own."""
import base64
import concurrent.futures
import http.client
import itertools
import json
import os
import re
import time
import unittest
import urllib.parse

import support
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres, Smtp, code_in

TIME_LIMIT = 300
PASSWORD = "correct horse 7"
WRONG = "wrong horse 77"
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
SITE = "https://app.example.com"
numbers = itertools.count(1)
OPTIONS = {"identity.argon2_memory": "8MiB", "identity.argon2_passes": 1, "auth.redirect_origins": SITE, "log.level": "info"}


class Answer:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:600]!r}"


class Client:
    """One caller: an address, a language, perhaps a token."""

    def __init__(self, server, language=None, token=None, address=None):
        number = next(numbers)
        self.server, self.language, self.token = server, language, token
        self.address = address or f"127.1.{number >> 8}.{number & 255}"

    def call(self, method, path, body=None, headers=None, prefix="/api/v1"):
        headers = dict(headers or {})
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.language:
            headers.setdefault("Accept-Language", self.language)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30, source_address=(self.address, 0))
        try:
            connection.request(method, prefix + path, body=body, headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def as_(self, token):
        return Client(self.server, self.language, token, self.address)

    def sign_up(self, name, email=None, password=PASSWORD, **more):
        return self.call("POST", "/auth/verifications", {"username": name, "email": email or f"{name}@example.com", "password": password, **more})

    def verify(self, email, code):
        return self.call("POST", "/auth/verifications/verify", {"email": email, "token": code})

    def log_in(self, email, password=PASSWORD):
        return self.call("POST", "/auth/sessions", {"email": email, "password": password})

    def refresh(self, token):
        return self.call("POST", "/auth/sessions/refresh", {"refresh_token": token})

    def log_out(self, token):
        return self.call("DELETE", "/auth/sessions", {"refresh_token": token})

    def me(self, token):
        return self.as_(token).call("GET", "/users/me")


def name(start="user"):
    return f"{start}_{next(numbers)}"


def other_code(code):
    return f"{(int(code) + 1) % 1000000:06d}"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Case(unittest.TestCase):
    def assertProblem(self, answer, status, code, detail=None, pointers=None):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json
        for key in ("type", "title", "status", "detail", "instance", "code", "request_id"):
            self.assertIn(key, problem)
        self.assertEqual((problem["type"], problem["status"], problem["code"]), ("about:blank", status, code), problem)
        self.assertEqual(problem["request_id"], answer.headers["X-Request-Id"])
        self.assertNotIn("?", problem["instance"])
        if detail is not None:
            self.assertEqual(problem["detail"], detail)
        if pointers is not None:
            self.assertEqual([error.get("pointer") for error in problem["errors"]], pointers, problem)
        if status == 429:
            self.assertGreaterEqual(problem["retry_after"], 1)
            self.assertEqual(answer.headers["Retry-After"], str(problem["retry_after"]))
        for secret in (PASSWORD, WRONG):
            self.assertNotIn(secret.encode(), answer.body)
        return problem

    def assertSession(self, answer, email=None):
        self.assertEqual(answer.status, 200, answer)
        session = answer.json
        self.assertEqual(sorted(session), ["access_token", "expires_in", "refresh_token", "token_type", "user"])
        self.assertEqual((session["expires_in"], session["token_type"]), (3600, "bearer"))
        self.assertIsInstance(session["expires_in"], int)
        self.assertEqual(sorted(session["user"]), ["email", "id"])
        self.assertRegex(session["user"]["id"], UUID4)
        self.assertRegex(session["refresh_token"], r"^[A-Za-z0-9_-]{22,}$")
        if email:
            self.assertEqual(session["user"]["email"], email)
        return session


class RuntimeAccounts:
    """The tests; subclasses choose the database. Without cool-down, so that a test may request codes one after the other."""

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        cls.server = MortiseServer({**OPTIONS, "auth.code_cooldown": "0s", "mail.url": cls.smtp.url, **cls.database()}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.client = Client(self.server)

    def tearDown(self):
        log = self.server.output()
        for secret in (PASSWORD, WRONG):
            self.assertNotIn(secret, log)

    def code_for(self, email, count=1):
        return code_in(self.smtp.wait_for(email, count))

    def account(self, start="user"):
        """A confirmed user; returns name, address and session."""
        made = name(start)
        email = f"{made}@example.com".lower()
        self.assertEqual(self.client.sign_up(made).status, 202)
        return made, email, self.assertSession(self.client.verify(email, self.code_for(email)), email)

    # --- sign-up

    def test_sign_up_verify_and_everything_after(self):
        made, logged = name("Ada_L"), len(self.server.output())
        answer = self.client.sign_up(made, f"  {made}+Tag@Example.COM ")
        email = f"{made}+tag@example.com".lower()
        self.assertEqual((answer.status, answer.json), (202, {"email": email}), answer)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertTrue(answer.headers["X-Request-Id"])
        code = self.code_for(email)
        self.assertProblem(self.client.log_in(email), 401, "invalid_credentials")
        session = self.assertSession(self.client.verify(email, code), email)
        # Six digits may stand in a time or an id of the log by chance.
        self.assertNotRegex(self.server.output()[logged:], rf"(?<![0-9a-f.]){code}(?![0-9a-f])")
        told = claims(session["access_token"])
        self.assertEqual((told["sub"], told["email"], told["role"], told["aud"]), (session["user"]["id"], email, "authenticated", "authenticated"))
        self.assertEqual(told["exp"] - told["iat"], 3600)
        self.assertTrue(told["session_id"])
        self.assertProblem(self.client.verify(email, code), 401, "invalid_code")
        profile = self.client.me(session["access_token"])
        self.assertEqual(profile.json, {"id": session["user"]["id"], "username": made, "avatar_url": None, "bio": None}, profile)
        self.assertSession(self.client.log_in(email.upper()), email)

    def test_the_mail_is_multipart_in_the_language_of_the_request_with_the_code_once(self):
        for language, subject in ((None, "Your sign-up code"), ("zh-CN", "您的注册验证码"), ("en-GB,en;q=0.9", "Your sign-up code")):
            client, made = Client(self.server, language), name()
            self.assertEqual(client.sign_up(made).status, 202)
            mail = self.smtp.wait_for(f"{made}@example.com")
            self.assertEqual(mail["Subject"], subject)
            self.assertEqual(mail.get_content_type(), "multipart/alternative")
            self.assertEqual([part.get_content_type() for part in mail.iter_parts()], ["text/plain", "text/html"])
            self.assertEqual(mail["Auto-Submitted"], "auto-generated")
            self.assertTrue(mail["Message-ID"] and mail["Date"])
            code = code_in(mail)
            self.assertNotIn(code, mail["Subject"])
            self.assertIn(code, mail.get_body(("html",)).get_content())

    def test_the_mail_links_to_an_allowed_redirect_with_the_address(self):
        made = name()
        self.assertEqual(self.client.sign_up(made, f"{made}+x@example.com", redirect_to=f"{SITE}/confirm?a=1#top").status, 202)
        text = self.smtp.wait_for(f"{made}+x@example.com").get_body(("plain",)).get_content()
        self.assertIn(f"{SITE}/confirm?a=1&email={made}%2Bx%40example.com#top", text)
        for refused in ("https://evil.example/", "http://app.example.com/", f"{SITE}.evil.example/", f"{SITE}@evil.example/", "/confirm", "javascript:alert(1)",
                        "", SITE + "/" + "x" * 2048):
            answer = self.client.sign_up(name(), redirect_to=refused)
            self.assertProblem(answer, 422, "validation_failed", pointers=["#/redirect_to"])
        self.assertEqual(Client(self.server).sign_up(name(), redirect_to=None).status, 202)

    def test_sign_up_refuses_what_breaks_a_rule_and_names_the_fields(self):
        good = {"username": "fine_name", "email": "fine@example.com", "password": PASSWORD}
        rows = [({"username": "ab"}, "#/username"), ({"username": "x" * 31}, "#/username"), ({"username": "with space"}, "#/username"),
                ({"username": "日本語名前"}, "#/username"), ({"username": None}, "#/username"), ({"username": 12345}, "#/username"),
                ({"email": "no-sign.example.com"}, "#/email"), ({"email": "a@localhost"}, "#/email"), ({"email": "a..b@example.com"}, "#/email"),
                ({"email": "\"a b\"@example.com"}, "#/email"), ({"email": "a@b@example.com"}, "#/email"), ({"email": "a@example.com\r\nBcc: x@y.example"}, "#/email"),
                ({"email": "l" * 65 + "@example.com"}, "#/email"), ({"email": "a@" + "d" * 250 + ".com"}, "#/email"), ({"email": ""}, "#/email"),
                ({"email": "a\u0000@example.com"}, "#/email"), ({"password": "12345"}, "#/password"), ({"password": "x" * 129}, "#/password"),
                ({"password": 123456}, "#/password"), ({"redirect_to": 7}, "#/redirect_to")]
        for change, pointer in rows:
            with self.subTest(change=change):
                answer = Client(self.server).call("POST", "/auth/verifications", {**good, **change})
                problem = self.assertProblem(answer, 422, "validation_failed", pointers=[pointer])
                self.assertTrue(problem["detail"].startswith("请求参数无效"), problem)
                self.assertEqual(problem["errors"][0]["loc"], ["body", pointer[2:]])
        for missing in good:
            body = {key: value for key, value in good.items() if key != missing}
            self.assertProblem(Client(self.server).call("POST", "/auth/verifications", body), 422, "validation_failed", pointers=[f"#/{missing}"])
        answer = Client(self.server).call("POST", "/auth/verifications", {"username": "a", "email": "b", "password": "c"})
        self.assertProblem(answer, 422, "validation_failed", pointers=["#/username", "#/email", "#/password"])
        answer = Client(self.server, "en").call("POST", "/auth/verifications", {})
        self.assertTrue(self.assertProblem(answer, 422, "validation_failed")["detail"].startswith("Invalid request"))

    def test_lengths_count_code_points_and_addresses_may_be_international(self):
        made = name()
        self.assertEqual(self.client.sign_up(made, f"{made}@bücher.example", "密码密码密码").status, 202)
        email = f"{made}@xn--bcher-kva.example"
        self.assertSession(self.client.verify(f"{made}@BÜCHER.example", self.code_for(email)), email)
        self.assertSession(self.client.log_in(email, "密码密码密码"), email)

    def test_a_user_name_is_unique_ignoring_case_among_users_and_pending_sign_ups(self):
        made, _, _ = self.account()
        self.assertProblem(self.client.sign_up(made.upper(), f"{name()}@example.com"), 422, "validation_failed", pointers=["#/username"])
        pending = name("pending")
        self.assertEqual(self.client.sign_up(pending).status, 202)
        self.assertProblem(self.client.sign_up(pending.title(), f"{name()}@example.com"), 422, "validation_failed", pointers=["#/username"])
        for renamed in (name("renamed"), name("renamed"), name("renamed")):
            self.assertProblem(self.client.sign_up(pending, f"{name()}@example.com"), 422, "validation_failed", pointers=["#/username"])
            self.assertEqual(self.client.sign_up(renamed, f"{pending}@example.com").status, 202)
        self.assertEqual(self.client.sign_up(pending, f"{name()}@example.com").status, 202, "the first of four sign-ups is gone, and its name is free")

    def test_a_code_opens_the_sign_up_that_it_was_mailed_for(self):
        for winner in (0, 1, 2):
            names = [name("first"), name("second"), name("third")]
            passwords = [PASSWORD, WRONG, "battery staple 9"]
            email, codes = f"{names[0]}@example.com", []
            for i in range(3):
                self.assertEqual(Client(self.server, "en").sign_up(names[i], email, passwords[i]).status, 202)
                mail = self.smtp.wait_for(email, i + 1)
                text = mail.get_body(("plain",)).get_content()
                self.assertIn(f"signing up as {names[i]}:", text)
                self.assertIn("Somebody else may have asked", text)
                codes.append(code_in(mail))
            session = self.assertSession(self.client.verify(email, codes[winner]), email)
            self.assertEqual(self.client.me(session["access_token"]).json["username"], names[winner])
            for i in range(3):
                if i != winner:
                    self.assertProblem(self.client.verify(email, codes[i]), 401, "invalid_code")
                    self.assertProblem(self.client.log_in(email, passwords[i]), 401, "invalid_credentials")
            self.assertSession(self.client.log_in(email, passwords[winner]), email)
            freed = [one for i, one in enumerate(names) if i != winner]
            for one in freed:
                self.assertEqual(Client(self.server).sign_up(one, f"{name()}@example.com").status, 202, "its name is free")

    def test_a_stranger_uses_up_nobody_else_s_codes(self):
        for again in (False, True):
            made = name("owner")
            email = f"{made}@example.com"
            owner, stranger = Client(self.server), Client(self.server)
            self.assertEqual(owner.sign_up(made, email).status, 202)
            code = self.code_for(email)
            for i in range(5):
                self.assertEqual(stranger.sign_up(name("stranger"), email, WRONG).status, 202)
                self.smtp.wait_for(email, i + 2)
            self.assertProblem(stranger.sign_up(name("stranger"), email, WRONG), 429, "rate_limited")
            self.assertProblem(stranger.call("POST", "/auth/verifications/resend", {"email": email}), 429, "rate_limited")
            if again:
                made = name("again")
                self.assertEqual(owner.sign_up(made, email).status, 202)
                code = self.code_for(email, 7)
            session = self.assertSession(owner.verify(email, code), email)
            self.assertEqual(self.client.me(session["access_token"]).json["username"], made)

    def test_an_address_gets_fifteen_mails_an_hour_whoever_asks(self):
        email = f"{name()}@example.com"
        for _ in range(3):
            caller = Client(self.server)
            for _ in range(5):
                self.assertEqual(caller.call("POST", "/auth/verifications/resend", {"email": email}).status, 204)
        for body, path in (({"email": email}, "/resend"), ({"username": name(), "email": email, "password": PASSWORD}, "")):
            refused = Client(self.server).call("POST", "/auth/verifications" + path, body)
            self.assertGreater(self.assertProblem(refused, 429, "rate_limited")["retry_after"], 3000)

    def test_a_resend_mails_a_code_for_each_sign_up(self):
        names = [name("first"), name("second")]
        email = f"{names[0]}@example.com"
        for one in names:
            self.assertEqual(self.client.sign_up(one, email).status, 202)
        old = [code_in(self.smtp.wait_for(email, 1)), code_in(self.smtp.wait_for(email, 2))]
        self.assertEqual(self.client.call("POST", "/auth/verifications/resend", {"email": email}).status, 204)
        codes = {}
        for mail in (self.smtp.wait_for(email, 3), self.smtp.wait_for(email, 4)):
            text = mail.get_body(("plain",)).get_content()
            codes[next(one for one in names if one in text)] = code_in(mail)
        self.assertEqual(sorted(codes), sorted(names))
        for code in old:
            if code not in codes.values():
                self.assertProblem(self.client.verify(email, code), 401, "invalid_code")
        session = self.assertSession(self.client.verify(email, codes[names[0]]), email)
        self.assertEqual(self.client.me(session["access_token"]).json["username"], names[0])

    def test_an_address_with_an_account_gets_the_same_answer_and_another_mail(self):
        _, email, _ = self.account()
        answer = Client(self.server, "en").sign_up(name(), email)
        self.assertEqual((answer.status, answer.json), (202, {"email": email}))
        mail = self.smtp.wait_for(email, 2)
        self.assertEqual(mail["Subject"], "You already have an account")
        self.assertIsNone(re.search(r"^\d{6}$", mail.get_body(("plain",)).get_content(), re.M))
        for guess in ("000000", "123456"):
            self.assertProblem(self.client.verify(email, guess), 401, "invalid_code")
        self.assertSession(self.client.log_in(email))

    def test_a_network_gets_five_mails_an_hour_for_an_address_known_or_not(self):
        _, known, _ = self.account()  # one mail so far
        unknown, pending = f"{name()}@example.com", name()
        self.client.sign_up(pending)
        for email, left in ((known, 4), (unknown, 5), (f"{pending}@example.com", 4)):
            caller = self.client
            for _ in range(left):
                self.assertEqual(caller.call("POST", "/auth/verifications/resend", {"email": email}).status, 204)
            refused = caller.call("POST", "/auth/verifications/resend", {"email": email})
            self.assertGreater(self.assertProblem(refused, 429, "rate_limited", "请求过于频繁")["retry_after"], 3000)
            self.assertProblem(self.client.sign_up(name(), email), 429, "rate_limited")
            self.assertEqual(Client(self.server).call("POST", "/auth/verifications/resend", {"email": email}).status, 204, "another network")

    def test_thirty_sends_an_hour_per_client_sign_up_and_resend_together(self):
        caller = Client(self.server, "en")
        for i in range(30):
            self.assertEqual(caller.call("POST", "/auth/verifications/resend", {"email": f"{name()}@example.com"}).status, 204, i)
        self.assertProblem(caller.sign_up(name()), 429, "rate_limited", "Too many requests")
        self.assertEqual(Client(self.server).call("POST", "/auth/verifications/resend", {"email": f"{name()}@example.com"}).status, 204)

    def test_a_resend_replaces_the_code(self):
        made = name()
        email = f"{made}@example.com"
        self.client.sign_up(made, redirect_to=SITE)
        old = self.code_for(email)
        answer = self.client.call("POST", "/auth/verifications/resend", {"email": email.upper()})
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Type"]), (204, b"", None))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        mail = self.smtp.wait_for(email, 2)
        self.assertIn(SITE, mail.get_body(("plain",)).get_content())
        if old != code_in(mail):
            self.assertProblem(self.client.verify(email, old), 401, "invalid_code")
        self.assertSession(self.client.verify(email, code_in(mail)), email)

    def test_a_resend_tells_nothing_and_sends_nothing_to_others(self):
        _, confirmed, _ = self.account()
        unknown, pending = f"{name()}@example.com", name()
        for email in (confirmed, unknown):
            self.assertEqual(self.client.call("POST", "/auth/verifications/resend", {"email": email}).status, 204)
        self.client.sign_up(pending)
        self.code_for(f"{pending}@example.com")  # mail is sent in order: every earlier mail has arrived
        self.assertEqual((len(self.smtp.to(confirmed)), len(self.smtp.to(unknown))), (1, 0))
        self.assertProblem(self.client.call("POST", "/auth/verifications/resend", {"email": "nonsense"}), 422, "validation_failed", pointers=["#/email"])
        self.assertProblem(self.client.call("POST", "/auth/verifications/resend", {}), 422, "validation_failed", pointers=["#/email"])

    # --- verify

    def test_a_code_of_the_wrong_form_is_refused_without_costing_a_try(self):
        made = name()
        email = f"{made}@example.com"
        self.client.sign_up(made)
        code = self.code_for(email)
        for bad in ("12345", "1234567", " 12345", "12345a", "１２３４５６", "123456\n", "", None, 123456):
            self.assertProblem(self.client.call("POST", "/auth/verifications/verify", {"email": email, "token": bad}), 422, "validation_failed", pointers=["#/token"])
        self.assertSession(self.client.verify(email, code), email)

    def test_the_fifth_wrong_try_kills_the_code(self):
        made = name()
        email = f"{made}@example.com"
        self.client.sign_up(made)
        code = self.code_for(email)
        for _ in range(5):
            self.assertProblem(self.client.verify(email, other_code(code)), 401, "invalid_code", "验证码无效或已过期")
        self.assertProblem(self.client.verify(email, code), 401, "invalid_code")
        self.client.call("POST", "/auth/verifications/resend", {"email": email})
        fresh = self.code_for(email, 2)
        for _ in range(4):
            self.assertProblem(Client(self.server, "en").verify(email, other_code(fresh)), 401, "invalid_code", "Code is invalid or has expired")
        self.assertSession(self.client.verify(email, fresh), email)

    def test_many_wrong_tries_at_once_get_no_more_than_five(self):
        made = name()
        email = f"{made}@example.com"
        self.client.sign_up(made)
        code = self.code_for(email)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.client.verify(email, other_code(code)).status, range(12)))
        self.assertEqual(set(answers), {401})
        self.assertProblem(self.client.verify(email, code), 401, "invalid_code")

    def test_of_two_correct_calls_exactly_one_wins(self):
        for _ in range(3):
            made = name()
            email = f"{made}@example.com"
            self.client.sign_up(made)
            code = self.code_for(email)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = sorted(pool.map(lambda _: self.client.verify(email, code).status, range(4)))
            self.assertEqual(answers, [200, 401, 401, 401])

    def test_a_code_nobody_asked_for_is_the_same_401(self):
        self.assertProblem(self.client.verify(f"{name()}@example.com", "123456"), 401, "invalid_code", "验证码无效或已过期")

    def test_verify_is_limited_to_thirty_calls_in_five_minutes_per_client(self):
        for _ in range(30):
            self.assertEqual(self.client.verify("nobody-there@example.com", "123456").status, 401)
        self.assertProblem(self.client.verify("nobody-there@example.com", "123456"), 429, "rate_limited")

    def test_a_name_taken_meanwhile_is_422_and_the_code_stays_good(self):
        _, _, session = self.account()
        wanted = name("wanted")
        email = f"{wanted}@example.com"
        self.client.sign_up(wanted)
        code = self.code_for(email)
        holder = self.client.as_(session["access_token"])
        self.assertEqual(holder.call("PATCH", "/users/me", {"username": wanted.upper()}).status, 200)
        for _ in range(6):  # more often than wrong tries are allowed
            self.assertProblem(self.client.verify(email, code), 422, "validation_failed", pointers=["#/username"])
        self.assertEqual(holder.call("PATCH", "/users/me", {"username": name()}).status, 200)
        self.assertSession(self.client.verify(email, code), email)

    # --- sessions

    def test_log_in_tells_no_reason_apart(self):
        _, email, session = self.account()
        again = self.assertSession(self.client.log_in(email), email)
        self.assertEqual(again["user"], session["user"])
        self.assertNotEqual(again["refresh_token"], session["refresh_token"])
        pending = name()
        self.client.sign_up(pending)
        for address, password in ((email, WRONG), (f"{name()}@example.com", PASSWORD), (f"{pending}@example.com", PASSWORD)):
            answer = self.client.log_in(address, password)
            self.assertProblem(answer, 401, "invalid_credentials", "邮箱或密码错误")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertProblem(Client(self.server, "en").log_in(email, WRONG), 401, "invalid_credentials", "Wrong e-mail or password")

    def test_log_in_refuses_what_breaks_a_rule(self):
        for body, pointers in (({"email": "a@example.com", "password": "12345"}, ["#/password"]), ({"email": "a@example.com"}, ["#/password"]),
                               ({"password": PASSWORD}, ["#/email"]), ({"email": "x", "password": PASSWORD}, ["#/email"]), ({}, ["#/email", "#/password"]),
                               ({"email": None, "password": None}, ["#/email", "#/password"])):
            self.assertProblem(self.client.call("POST", "/auth/sessions", body), 422, "validation_failed", pointers=pointers)

    def test_ten_failures_lock_an_address_and_a_success_resets_them(self):
        _, email, _ = self.account()
        for address in (email, f"{name()}@example.com"):
            caller = Client(self.server)
            for _ in range(10):
                self.assertProblem(caller.log_in(address, WRONG), 401, "invalid_credentials")
            self.assertProblem(caller.log_in(address, PASSWORD), 429, "rate_limited")
        _, email, _ = self.account()
        for _ in range(2):
            for _ in range(9):
                self.assertEqual(Client(self.server).log_in(email, WRONG).status, 401)
            self.assertSession(self.client.log_in(email), email)

    def test_log_in_is_limited_to_thirty_calls_in_five_minutes_per_client(self):
        for _ in range(30):
            self.assertEqual(self.client.log_in(f"{name()}@example.com", WRONG).status, 401)
        self.assertProblem(self.client.log_in(f"{name()}@example.com"), 429, "rate_limited")

    def test_refresh_rotates_with_grace_and_a_reused_token_ends_the_session(self):
        _, email, first = self.account()
        second = self.assertSession(self.client.refresh(first["refresh_token"]), email)
        self.assertNotEqual(second["refresh_token"], first["refresh_token"])
        self.assertEqual(claims(second["access_token"])["session_id"], claims(first["access_token"])["session_id"])
        grace = self.assertSession(self.client.refresh(first["refresh_token"]), email)
        self.assertEqual(grace["refresh_token"], second["refresh_token"])
        third = self.assertSession(self.client.refresh(second["refresh_token"]), email)
        self.assertEqual(self.client.me(third["access_token"]).status, 200)
        self.assertProblem(self.client.refresh(first["refresh_token"]), 401, "invalid_refresh_token", "无效的 refresh token")
        self.assertProblem(self.client.refresh(third["refresh_token"]), 401, "invalid_refresh_token")
        self.assertEqual(self.client.me(third["access_token"]).status, 401)
        self.assertSession(self.client.log_in(email), email)

    def test_two_refreshes_at_once_get_the_same_successor(self):
        _, _, session = self.account()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.client.refresh(session["refresh_token"]), range(4)))
        self.assertEqual([answer.status for answer in answers], [200] * 4, answers)
        self.assertEqual(len({answer.json["refresh_token"] for answer in answers}), 1)

    def test_refresh_refuses_garbage_and_what_breaks_a_rule(self):
        self.assertProblem(self.client.refresh("garbage"), 401, "invalid_refresh_token")
        self.assertProblem(Client(self.server, "en").refresh("x" * 5000), 401, "invalid_refresh_token", "Invalid refresh token")
        for body in ({}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": 5}):
            self.assertProblem(self.client.call("POST", "/auth/sessions/refresh", body), 422, "validation_failed", pointers=["#/refresh_token"])

    def test_log_out_ends_one_session_at_once(self):
        _, email, session = self.account()
        other = self.assertSession(self.client.log_in(email))
        answer = self.client.log_out(session["refresh_token"])
        self.assertEqual((answer.status, answer.body), (204, b""), answer)
        self.assertProblem(self.client.refresh(session["refresh_token"]), 401, "invalid_refresh_token")
        self.assertEqual(self.client.me(session["access_token"]).status, 401)
        self.assertEqual(self.client.me(other["access_token"]).status, 200)
        for token in (session["refresh_token"], "unknown", "eyJhbGciOiJIUzI1NiJ9.e30.x"):
            self.assertEqual(self.client.log_out(token).status, 204)

    def test_a_rotated_token_logs_out_too(self):
        _, _, old = self.account()
        new = self.assertSession(self.client.refresh(old["refresh_token"]))
        self.assertEqual(self.client.log_out(old["refresh_token"]).status, 204)
        self.assertProblem(self.client.refresh(new["refresh_token"]), 401, "invalid_refresh_token")
        self.assertEqual(self.client.me(new["access_token"]).status, 401)

    def test_log_out_without_its_body_is_422(self):
        self.assertProblem(self.client.call("DELETE", "/auth/sessions"), 422, "validation_failed")
        self.assertProblem(self.client.call("DELETE", "/auth/sessions", {}), 422, "validation_failed", pointers=["#/refresh_token"])

    def test_protected_routes_want_one_good_bearer_token(self):
        _, _, session = self.account()
        token = session["access_token"]
        head, _, tail = token.partition(".")
        forged = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=") + "." + token.split(".")[1] + "."
        swapped = token[:-4] + ("aaaa" if token[-4:] != "aaaa" else "bbbb")
        for header in (None, "Basic abc", "Bearer", "Bearer ", "Bearer garbage", f"Bearer {forged}", f"Bearer {swapped}", f"Token {token}",
                       f"Bearer {session['refresh_token']}"):
            answer = self.client.call("GET", "/users/me", headers={"Authorization": header} if header else {})
            self.assertProblem(answer, 401, "not_authenticated", "未认证")
            self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"), header)
        self.assertEqual(self.client.call("GET", "/users/me", headers={"Authorization": f"bEARER {token}"}).status, 200)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        self.addCleanup(connection.close)
        connection.putrequest("GET", "/api/v1/users/me")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 401)

    # --- users

    def find(self, caller, email):
        return caller.call("GET", "/auth/users?" + urllib.parse.urlencode({"email": email}))

    def test_a_plain_user_finds_only_the_own_address(self):
        _, email, session = self.account()
        _, other, _ = self.account()
        self.assertProblem(self.find(self.client, email), 401, "not_authenticated")
        caller = self.client.as_(session["access_token"])
        found = self.find(caller, email.upper())
        self.assertEqual(found.status, 200, found)
        self.assertEqual(sorted(found.json), ["created_at", "email", "email_confirmed_at", "id"])
        self.assertEqual((found.json["id"], found.json["email"]), (session["user"]["id"], email))
        self.assertRegex(found.json["created_at"], ISO)
        self.assertRegex(found.json["email_confirmed_at"], ISO)
        self.assertEqual(found.headers["Cache-Control"], "no-store")
        for foreign in (other, f"{name()}@example.com"):
            self.assertProblem(self.find(caller, foreign), 403, "forbidden", "无权限访问")

    def test_white_space_around_an_address_does_not_count_in_a_query(self):
        _, email, session = self.account()
        caller = self.client.as_(session["access_token"])
        for typed in (f" {email}", f"{email} ", f"\t{email}\r\n", f"\u3000{email}\u00a0", f"\ufeff {email.upper()}\u2003"):
            found = self.find(caller, typed)
            self.assertEqual((found.status, found.json.get("email")), (200, email), repr(typed))

    def test_full_stops_of_east_asian_keyboards_are_dots_of_a_domain(self):
        for stop in ("\u3002", "\uff0e", "\uff61"):
            made = name()
            email = f"{made}@xn--bcher-kva.example"
            answer = Client(self.server).sign_up(made, f" {made}@bücher{stop}example\u3000")
            self.assertEqual((answer.status, answer.json), (202, {"email": email}), answer)
            self.assertSession(self.client.verify(f"{made}@BÜCHER{stop}example", self.code_for(email)), email)
            self.assertSession(self.client.log_in(f"{made}@bücher{stop}example"), email)
        for bad in ("a@bücher。。example", "a@bücher.example。", "a。b@example.com", "a@。example", "a@bücher․example", "a@bücher·example"):
            self.assertProblem(Client(self.server).sign_up(name(), bad), 422, "validation_failed", pointers=["#/email"])

    def test_a_look_up_without_one_good_address_is_422(self):
        _, email, session = self.account()
        caller = self.client.as_(session["access_token"])
        for query in ("", "?email=", "?email=nonsense", f"?email={email}&email={email}", "?email=a+b@example.com", "?email=+", "?email=%E3%80%80"):
            problem = self.assertProblem(caller.call("GET", "/auth/users" + query), 422, "validation_failed", pointers=[None])
            self.assertEqual(problem["errors"][0]["loc"], ["query", "email"])
            self.assertEqual(problem["instance"], "/api/v1/auth/users")

    def test_the_service_role_finds_anybody(self):
        made, email, session = self.account("service")
        self.server.run("user", "set-role", made, "super_admin")
        caller = self.client.as_(session["access_token"])
        _, other, _ = self.account()
        self.assertEqual(self.find(caller, other).json["email"], other)
        self.assertProblem(self.find(caller, f"{name()}@example.com"), 404, "not_found", "用户不存在")
        pending = name() + "+tag"
        self.client.sign_up(pending[:-4], f"{pending}@example.com")
        found = self.find(caller, f"{pending}@example.com")
        self.assertEqual((found.status, found.json["email_confirmed_at"]), (200, None), found)
        self.assertRegex(found.json["id"], UUID4)
        self.assertSession(self.client.verify(f"{pending}@example.com", self.code_for(f"{pending}@example.com")))
        confirmed = self.find(caller, f"{pending}@example.com").json
        self.assertEqual((confirmed["id"], confirmed["created_at"]), (found.json["id"], found.json["created_at"]))
        self.assertRegex(confirmed["email_confirmed_at"], ISO)
        self.assertEqual(claims(self.assertSession(self.client.log_in(email))["access_token"])["role"], "service_role")

    def test_the_role_service_role_finds_anybody_and_is_a_user_otherwise(self):
        made, email, session = self.account("reader")
        self.server.run("user", "set-role", made, "service_role")
        caller = self.client.as_(session["access_token"])
        _, other, _ = self.account()
        self.assertEqual(self.find(caller, other).json["email"], other)
        self.assertProblem(self.find(caller, f"{name()}@example.com"), 404, "not_found", "用户不存在")
        self.assertEqual(caller.call("GET", "/users/me").json["username"], made)
        self.assertEqual(caller.call("PATCH", "/users/me", {"bio": "reads"}).json["bio"], "reads")
        fresh = self.assertSession(self.client.log_in(email))["access_token"]
        self.assertEqual(claims(fresh)["role"], "service_role")
        self.assertEqual(self.find(self.client.as_(fresh), other).json["email"], other)
        for role in ("admin", "viewer", "guest", "user"):  # the claim follows the role, and the role is read anew
            self.server.run("user", "set-role", made, role)
            self.assertProblem(self.find(self.client.as_(fresh), other), 403, "forbidden", "无权限访问")
            self.assertEqual(claims(self.assertSession(self.client.log_in(email))["access_token"])["role"], "authenticated")

    def test_a_new_user_name_is_in_the_audit_trail(self):
        made, _, session = self.account()
        caller, user = self.client.as_(session["access_token"]), session["user"]["id"]
        expected, taken = [], self.account()[0]
        for wish in (name("renamed"), made.upper(), name("Other"), made):
            self.assertEqual(caller.call("PATCH", "/users/me", {"username": wish, "bio": "x"}).status, 200)
            expected.append({"from": expected[-1]["to"] if expected else made, "to": wish})
        for status, change in ((200, {"username": made}), (200, {"bio": "y"}), (422, {"username": taken}), (422, {"username": ""})):
            self.assertEqual(caller.call("PATCH", "/users/me", change).status, status, change)
        rows = self.sql(f"SELECT actor, details FROM mortise_audit WHERE action = 'auth.username_changed' AND target = 'user:{user}' ORDER BY at")
        self.assertEqual([(actor, json.loads(details)) for actor, details in rows], [(user, change) for change in expected])

    def test_a_profile_changes_field_by_field(self):
        made, _, session = self.account()
        caller = self.client.as_(session["access_token"])

        def patch(**change):
            answer = caller.call("PATCH", "/users/me", change)
            self.assertEqual(answer.status, 200, answer)
            return answer.json

        base = {"id": session["user"]["id"], "username": made, "avatar_url": None, "bio": None}
        self.assertEqual(patch(), base)
        self.assertEqual(patch(bio="<b>one</b>\nzwei 三\r\n"), {**base, "bio": "<b>one</b>\nzwei 三\r\n"})
        self.assertEqual(patch(avatar_url="https://cdn.example/a.png?x=1"), {**base, "bio": "<b>one</b>\nzwei 三\r\n", "avatar_url": "https://cdn.example/a.png?x=1"})
        self.assertEqual(patch(bio="", avatar_url=None), {**base, "bio": ""})
        self.assertEqual(patch(bio=None), base)
        self.assertEqual(patch(bio="三" * 200)["bio"], "三" * 200)
        self.assertEqual(patch(username=made.upper(), bio=None), {**base, "username": made.upper()})
        self.assertEqual(caller.call("GET", "/users/me").json, {**base, "username": made.upper()})

    def test_a_profile_change_is_all_or_nothing(self):
        taken, _, _ = self.account()
        made, _, session = self.account()
        caller = self.client.as_(session["access_token"])
        rows = [({"username": "x"}, "#/username"), ({"username": None}, "#/username"), ({"username": "no spaces"}, "#/username"), ({"username": taken.upper()}, "#/username"),
                ({"avatar_url": "ftp://a.example/"}, "#/avatar_url"), ({"avatar_url": "/relative.png"}, "#/avatar_url"), ({"avatar_url": "https://"}, "#/avatar_url"),
                ({"avatar_url": "https://user:pw@a.example/x"}, "#/avatar_url"), ({"avatar_url": "https://a.example/" + "x" * 2040}, "#/avatar_url"), ({"avatar_url": 5}, "#/avatar_url"),
                ({"bio": "x" * 201}, "#/bio"), ({"bio": "tab\there"}, "#/bio"), ({"bio": "\u0085"}, "#/bio"), ({"bio": "nul\u0000"}, "#/bio"), ({"bio": 5}, "#/bio")]
        for change, pointer in rows:
            with self.subTest(change=change):
                good = {key: value for key, value in {"bio": "changed", "avatar_url": "https://a.example/"}.items() if key not in change}
                self.assertProblem(caller.call("PATCH", "/users/me", {**good, **change}), 422, "validation_failed", pointers=[pointer])
        self.assertEqual(caller.call("GET", "/users/me").json, {"id": session["user"]["id"], "username": made, "avatar_url": None, "bio": None})
        self.assertProblem(self.client.call("PATCH", "/users/me", {}), 401, "not_authenticated")

    def test_a_lone_surrogate_is_refused(self):
        _, _, session = self.account()
        answer = self.client.as_(session["access_token"]).call("PATCH", "/users/me", b'{"bio":"\\ud800"}', {"Content-Type": "application/json"})
        self.assertProblem(answer, 422, "validation_failed")

    def test_somebodys_profile_is_found_ignoring_case(self):
        made, _, session = self.account("Mixed_Case")
        caller = self.client.as_(session["access_token"])
        for spelling in (made, made.upper(), made.lower(), made.replace("_", "%5F")):
            answer = caller.call("GET", f"/users/{spelling}")
            self.assertEqual((answer.status, answer.json.get("username")), (200, made), answer)
        self.assertEqual(sorted(answer.json), ["avatar_url", "bio", "id", "username"])
        pending = name()
        self.client.sign_up(pending)
        for missing in (pending, "nobody_here"):
            self.assertProblem(caller.call("GET", f"/users/{missing}"), 404, "not_found", "用户不存在")
        self.assertProblem(Client(self.server, "en", session["access_token"]).call("GET", "/users/nobody_here"), 404, "not_found", "User not found")
        for bad in ("ab", "x" * 31, "with-dash", "with%20space", "%E4%B8%89%E4%B8%89%E4%B8%89"):
            problem = self.assertProblem(caller.call("GET", f"/users/{bad}"), 422, "validation_failed", pointers=[None])
            self.assertEqual(problem["errors"][0]["loc"], ["path", "username"])
        self.assertProblem(self.client.call("GET", f"/users/{made}"), 401, "not_authenticated")

    def test_users_are_limited_to_120_calls_a_minute_per_user(self):
        _, _, session = self.account()
        caller = self.client.as_(session["access_token"])
        statuses = [caller.call("GET", "/users/me").status for _ in range(121)]
        self.assertEqual(statuses, [200] * 120 + [429])

    # --- one account, two families

    def test_one_account_serves_both_families(self):
        made, email, session = self.account()
        answer = self.client.call("POST", "/auth/login", {"username": made, "password": PASSWORD}, prefix="/api")
        self.assertEqual(answer.json["data"]["user"]["id"], session["user"]["id"], answer)
        answer = self.client.call("POST", "/auth/login", {"email": email, "password": PASSWORD}, prefix="/api")
        platform = answer.json["data"]["tokens"]["access_token"]
        self.assertEqual(self.client.me(platform).json["username"], made)
        self.assertEqual(self.client.as_(session["access_token"]).call("GET", "/auth/me", prefix="/api").json["data"]["email"], email)

    def platform(self, path, body):
        return self.client.call("POST", path, body, prefix="/api").json

    def test_an_address_that_a_platform_account_only_claims_belongs_to_its_reader(self):
        squatter, owner = name("squatter"), name("owner")
        email = f"{owner}@example.com"
        claimed = self.platform("/auth/register", {"username": squatter, "email": email, "password": WRONG})["data"]
        self.assertProblem(self.client.log_in(email, WRONG), 401, "invalid_credentials")
        self.assertIsNone(self.find(self.client.as_(claimed["tokens"]["access_token"]), email).json["email_confirmed_at"])
        self.assertEqual(self.client.sign_up(owner, email).status, 202)
        session = self.assertSession(self.client.verify(email, self.code_for(email)), email)
        self.assertEqual(session["user"]["id"], claimed["user"]["id"])
        self.assertEqual(self.client.me(session["access_token"]).json["username"], owner)
        self.assertSession(self.client.log_in(email), email)
        self.assertEqual(self.client.me(claimed["tokens"]["access_token"]).status, 401)
        self.assertEqual(self.platform("/auth/refresh", {"refresh_token": claimed["tokens"]["refresh_token"]})["code"], 401)
        self.assertEqual(self.platform("/auth/login", {"username": owner, "password": WRONG})["code"], 401)
        self.assertEqual(self.platform("/auth/login", {"username": owner, "password": PASSWORD})["code"], 200)

    # --- the edges of the family

    def test_errors_outside_the_handlers_have_the_same_shape(self):
        _, _, session = self.account()
        answer = self.client.call("PUT", "/users/me", {})
        self.assertProblem(answer, 405, "method_not_allowed")
        self.assertEqual({one.strip() for one in answer.headers["Allow"].split(",")} - {"HEAD", "OPTIONS"}, {"GET", "PATCH"})
        self.assertProblem(self.client.call("GET", "/auth/nowhere"), 404, "not_found")
        self.assertProblem(self.client.call("GET", "/users/someone/nowhere"), 404, "not_found")
        body = json.dumps({"email": "a@example.com", "password": "x" * 70000}).encode()
        self.assertProblem(self.client.call("POST", "/auth/sessions", body), 413, "payload_too_large")
        self.assertProblem(self.client.call("POST", "/auth/sessions", b"email=x", {"Content-Type": "text/plain"}), 415, "unsupported_media_type")
        for broken in (b"{", b"[]", b'"x"', b"", b"\xff\xfe"):
            self.assertProblem(self.client.call("POST", "/auth/sessions", broken, {"Content-Type": "application/json"}), 422, "validation_failed")
        good = json.dumps({"email": f"{name()}@example.com", "password": PASSWORD}).encode()
        for kind in (None, "application/json; charset=utf-8", "application/vnd.api+json"):
            headers = {"Content-Type": kind} if kind else {}
            self.assertProblem(self.client.call("POST", "/auth/sessions", good, headers), 401, "invalid_credentials")
        answer = self.client.call("POST", "/auth/sessions", good, {"Accept": "application/json", "X-Request-Id": "my-id-42"})
        self.assertEqual(self.assertProblem(answer, 401, "invalid_credentials")["request_id"], "my-id-42")


class OnSqlite(OnSqliteDatabase, RuntimeAccounts, Case):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, RuntimeAccounts, Case):
    def verified_while(self, statement, email):
        """The answer to the code of `email`, which another transaction changes at this moment."""
        code = self.code_for(email)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            lock = "UPDATE mortise_locks SET taken = taken + 1 WHERE name = 'users'"  # as whoever makes, changes or removes an account
            other = pool.submit(self.postgres.sql, f"BEGIN; {lock}; {statement}; SELECT pg_sleep(3); COMMIT", self.database_name)
            sleeping = lambda: self.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == [["1"]]
            support.wait_until(lambda: sleeping() or other.done(), 20, "the other transaction")
            answer = self.client.verify(email, code)
            other.result()
        return answer

    @staticmethod
    def claim(email, confirmed_at):
        """An account of another request; its number is none that the server gives."""
        return ("INSERT INTO mortise_users (id, email, role, status, created_at, email_confirmed_at, number) "
                f"VALUES ('00000000-0000-4000-8000-{os.urandom(6).hex()}', '{email}', 'user', 'active', 1, {confirmed_at}, -{next(numbers)})")

    def test_a_code_opens_an_account_although_the_one_that_claimed_its_address_goes_at_that_moment(self):
        made = name("user")
        email = f"{made}@example.com".lower()
        claimed = support.request(self.server, "POST", "/api/v1/auth/signup", {"email": email}).json()
        self.assertEqual(self.client.sign_up(made).status, 202)
        session = self.assertSession(self.verified_while(f"DELETE FROM mortise_users WHERE id = '{claimed['user_id']}'", email), email)
        self.assertNotEqual(session["user"]["id"], claimed["user_id"])
        self.assertEqual(self.sql(f"SELECT username FROM mortise_users WHERE email = '{email}'"), [[made]])

    def test_a_code_opens_an_account_although_another_claims_its_address_at_that_moment(self):
        made = name("user")
        email = f"{made}@example.com".lower()
        self.assertEqual(self.client.sign_up(made).status, 202)
        session = self.assertSession(self.verified_while(self.claim(email, confirmed_at=0), email), email)
        self.assertEqual(self.sql(f"SELECT id, username FROM mortise_users WHERE email = '{email}'"), [[session["user"]["id"], made]])

    def test_a_code_opens_nothing_where_another_proves_the_address_at_that_moment(self):
        made = name("user")
        email = f"{made}@example.com".lower()
        self.assertEqual(self.client.sign_up(made).status, 202)
        self.assertProblem(self.verified_while(self.claim(email, confirmed_at=1), email), 401, "invalid_code")


class CoolDown(Case):
    """With the cool-down of a deployment; codes are valid for one second, sign-ups for six."""

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        cls.server = MortiseServer({**OPTIONS, "auth.code_lifetime": "1s", "auth.pending_lifetime": "6s", "mail.url": cls.smtp.url}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)

    def test_inside_the_cool_down_everything_is_429_and_nothing_changes(self):
        client, made = Client(self.server), name()
        email, unknown = f"{made}@example.com", f"{name()}@example.com"
        self.assertEqual(client.sign_up(made).status, 202)
        self.assertEqual(client.call("POST", "/auth/verifications/resend", {"email": unknown}).status, 204)
        for address in (email, unknown):
            for answer in (client.call("POST", "/auth/verifications/resend", {"email": address}), client.sign_up(name(), address)):
                wait = self.assertProblem(answer, 429, "rate_limited", "请求过于频繁")["retry_after"]
                self.assertTrue(50 <= wait <= 60, wait)
        self.assertEqual(len(self.smtp.to(unknown)), 0)

    def test_an_expired_code_is_the_same_401(self):
        client, made = Client(self.server), name()
        client.sign_up(made)
        code = code_in(self.smtp.wait_for(f"{made}@example.com"))
        time.sleep(1.1)
        self.assertProblem(client.verify(f"{made}@example.com", code), 401, "invalid_code", "验证码无效或已过期")

    def test_an_expired_sign_up_frees_its_name(self):
        client, made = Client(self.server), name()
        self.assertEqual(client.sign_up(made).status, 202)
        self.assertProblem(client.sign_up(made, f"{name()}@example.com"), 422, "validation_failed", pointers=["#/username"])
        time.sleep(6.1)
        self.assertEqual(client.sign_up(made, f"{name()}@example.com").status, 202)

    def test_a_mail_refused_for_good_gives_the_cool_down_back(self):
        client, made = Client(self.server), name()
        email = f"nobody+{made}@example.com"
        self.assertEqual(client.sign_up(made, email).status, 202)
        self.smtp.wait_for_refusal(email)
        end = time.monotonic() + 12
        # Each try counts in the limit of 30 mails an hour for a client.
        while (answer := client.sign_up(made, email)).status == 429 and time.monotonic() < end:
            time.sleep(0.5)
        self.assertEqual(answer.status, 202, answer)


class WithoutMail(Case):
    def test_sign_up_is_503_and_the_rest_works(self):
        with MortiseServer(OPTIONS, modules=["auth"]) as server:
            client = Client(server)
            self.assertProblem(client.sign_up(name()), 503, "unavailable", "服务暂不可用")
            self.assertProblem(client.call("POST", "/auth/verifications/resend", {"email": "a@example.com"}), 503, "unavailable")
            self.assertProblem(client.log_in("a@example.com"), 401, "invalid_credentials")


if __name__ == "__main__":
    unittest.main()
