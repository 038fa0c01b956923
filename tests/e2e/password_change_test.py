"""What a new password does to API keys and to guesses of the old one, and whom it tells. Real SMTP, on SQLite and PostgreSQL."""
import json
import unittest
import urllib.parse

import support
import unified_family
from auth_browser_test import FORM, Assertions, Browser, address as client_address, name
from mortise_server import MortiseServer, Postgres, Smtp

TIME_LIMIT = 240
PASSWORD, NEXT, WRONG = "Correct horse 7", "Next horse 8", "Wrong horse 77"
DONE = "密码修改成功"


class Changes:
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        cls.server = MortiseServer({**support.QUICK, "limits.enabled": "true", "mail.url": cls.smtp.url, **cls.database_options()}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def request(self, method, path, body=None, token=None):
        """From a client address of its own, because limits hold here."""
        return support.request(self.server, method, path, body, token=token, source=client_address())

    def account(self, proved=True, email=True):
        """(browser that is signed in, user id, user name, address, access token)"""
        made = name()
        address = f"{made}@example.com" if email else None
        body = {"username": made, "password": PASSWORD, **({"email": address} if email else {})}
        data = self.request( "POST", "/api/auth/register", body).json()["data"]
        user = data["user"]["id"]
        if proved:
            self.sql(f"UPDATE mortise_users SET email_confirmed_at = 1 WHERE id = '{user}'")
        browser = Browser(self.server)
        self.assertDone(browser.log_in(made, PASSWORD), "登录成功")
        return browser, user, made, address, data["tokens"]["access_token"]

    def key(self, access):
        answer = self.request( "POST", "/api/v1/auth/keys", {}, token=access)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def works(self, raw):
        return self.request( "GET", "/api/v1/auth/me", token=raw).status == 200

    def row(self, user):
        rows = self.sql(f"SELECT details FROM mortise_audit WHERE action = 'auth.password_changed' AND target = 'user:{user}'")
        self.assertEqual(len(rows), 1)
        return json.loads(rows[0][0])

    def change(self, browser, headers=None, **more):
        return browser.post("/change-password", {"old_password": PASSWORD, "new_password": NEXT, "confirm_password": NEXT, **more}, headers)

    def test_the_mail_and_the_row_say_how_many_keys_go_on(self):
        for count, english, chinese in ((0, "The account has no API keys.", "该账号没有 API 密钥。"),
                                        (1, "Its one API key still works. If somebody else may know it, end it.", "1 个 API 密钥仍然有效"),
                                        (3, "Its 3 API keys still work. If somebody else may know them, end them.", "3 个 API 密钥仍然有效")):
            for language, subject, words in (("en", "Your password was changed", english), ("zh-CN", "您的密码已修改", chinese)):
                browser, user, _, address, access = self.account()
                keys = [self.key(access)["raw_key"] for _ in range(count)]
                dead = self.key(access)
                self.assertEqual(self.request( "DELETE", f"/api/v1/auth/keys/{dead['key_id']}", token=access).status, 204)
                self.assertEqual(self.change(browser, {"Accept-Language": language}).status, 200)
                mail = self.smtp.wait_for(address)
                self.assertEqual(mail["Subject"], subject)
                self.assertIn(words, mail.get_body(("plain",)).get_content())
                self.assertIn(words, mail.get_body(("html",)).get_content())
                self.assertEqual(self.row(user), {"api_keys": count, "api_keys_ended": False})
                self.assertTrue(all(self.works(key) for key in keys))

    def test_keys_end_with_the_password_where_asked_for(self):
        for sent in (True, "true", "1", "on", "yes"):
            browser, user, _, address, access = self.account()
            keys = [self.key(access)["raw_key"] for _ in range(2)]
            service = self.request( "POST", "/probe-keys", {"name": "deploy", "scopes": '["tickets:read"]'}, token=access).json()
            self.assertDone(self.change(browser, revoke_api_keys=sent), DONE)
            self.assertFalse(any(self.works(key) for key in keys))
            self.assertEqual(self.sql(f"SELECT is_active FROM mortise_api_keys WHERE id = '{service['id']}'"), [["0"]])
            self.assertEqual(self.row(user), {"api_keys": 3, "api_keys_ended": True})
            self.assertIn("Its 3 API keys were ended with it", self.smtp.wait_for(address).get_body(("plain",)).get_content())
            self.assertTrue(browser.session()["authenticated"])

    def test_keys_go_on_where_it_is_off(self):
        for sent in (False, None, "false", "0", "off", "no"):
            browser, user, _, _, access = self.account()
            key = self.key(access)["raw_key"]
            self.assertDone(self.change(browser, revoke_api_keys=sent), DONE)
            self.assertTrue(self.works(key), sent)
            self.assertEqual(self.row(user), {"api_keys": 1, "api_keys_ended": False})

    def test_what_is_no_switch_changes_nothing(self):
        browser, user, made, _, access = self.account()
        key = self.key(access)["raw_key"]
        for sent in ("maybe", "", "TRUE!", 1, 0, 2.5, [], ["true"], {}):
            answer = self.change(browser, revoke_api_keys=sent)
            self.assertEqual((answer.status, answer.json()["message_code"]), (400, "VALIDATION_ERROR"), (sent, answer))
        self.assertDone(Browser(self.server).log_in(made, PASSWORD), "登录成功")
        self.assertTrue(self.works(key))
        self.assertEqual(self.sql(f"SELECT count(*) FROM mortise_audit WHERE action = 'auth.password_changed' AND target = 'user:{user}'"), [["0"]])

    def test_a_form_may_ask_for_it(self):
        browser, user, _, _, access = self.account()
        key = self.key(access)["raw_key"]
        form = {"old_password": PASSWORD, "new_password": NEXT, "confirm_password": NEXT, "revoke_api_keys": "true"}
        self.assertDone(browser.post("/change-password", urllib.parse.urlencode(form).encode(), {"Content-Type": FORM}), DONE)
        self.assertFalse(self.works(key))

    def test_an_address_that_nobody_proved_gets_no_mail(self):
        browser, user, _, address, _ = self.account(proved=False)
        self.assertDone(self.change(browser), DONE)
        nameless, _, _, _, _ = self.account(email=False)
        self.assertDone(self.change(nameless), DONE)
        other, _, _, proved, _ = self.account()
        self.assertDone(self.change(other), DONE)
        self.smtp.wait_for(proved)
        self.assertEqual(self.smtp.to(address), [])
        self.assertEqual(self.row(user), {"api_keys": 0, "api_keys_ended": False})

    def guess(self, access, times):
        """Wrong old passwords, each from a client address of its own, with a token."""
        statuses = []
        for _ in range(times):
            browser = Browser(self.server)
            browser.fetch_token()
            statuses.append(browser.change_password(WRONG, NEXT, bearer=access).status)
        return statuses

    def test_guesses_of_the_old_password_are_failed_logins(self):
        _, _, made, address, access = self.account()
        self.assertEqual(self.guess(access, 12), [401] * 10 + [429] * 2)
        for body in ({"username": made, "password": PASSWORD}, {"email": address, "password": PASSWORD}):
            self.assertEqual(self.request( "POST", "/api/auth/login", body).status, 429)
        self.assertEqual(self.request( "POST", "/api/v1/auth/sessions", {"email": address, "password": PASSWORD}).status, 429)
        self.assertEqual(Browser(self.server).log_in(made, PASSWORD).status, 429)
        browser = Browser(self.server)
        browser.fetch_token()
        self.assertEqual(browser.change_password(PASSWORD, NEXT, bearer=access).status, 429, "even the right one")

    def test_failed_logins_count_against_the_old_password(self):
        for by in ("username", "email"):
            browser, _, made, address, _ = self.account()
            for _ in range(10):
                answer = self.request( "POST", "/api/auth/login", {by: made if by == "username" else address, "password": WRONG})
                self.assertEqual(answer.json()["code"], 401, answer)
            self.assertEqual(self.change(browser).status, 429, by)

    def test_the_right_old_password_forgets_the_failures(self):
        browser, _, made, address, access = self.account()
        self.assertEqual(self.guess(access, 9), [401] * 9)
        self.assertDone(self.change(browser), DONE)
        for body in ({"username": made}, {"email": address}):
            for _ in range(2):
                self.assertEqual(self.request( "POST", "/api/auth/login", {**body, "password": WRONG}).json()["code"], 401)
            self.assertEqual(self.request( "POST", "/api/auth/login", {**body, "password": NEXT}).json()["code"], 200)


class OnSqlite(Changes, unified_family.OnSqlite, Assertions):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Changes, unified_family.OnPostgres, Assertions):
    pass


if __name__ == "__main__":
    unittest.main()
