"""Sign-in through WeChat against a stand-in for WeChat's servers: a real HTTP server with WeChat's JSON under text/plain, on SQLite and PostgreSQL."""
import contextlib
import http.server
import json
import sqlite3
import threading
import unittest
import urllib.parse

import support
from auth_platform_test import Case
from auth_runtime_test import OPTIONS, PASSWORD, Client, name
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres

TIME_LIMIT = 240
APP, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"
FRONTEND = "https://app.example.com/login?from=wechat#top"
CALLBACK = "https://api.example.com/api/auth/wechat/callback"


class WeChatServers:
    """The token and userinfo endpoints. A code is `NAME`, valid once, for the openid `openid-NAME`; some names cause faults."""

    def __init__(self):
        servers = self
        self.used, self.asked = set(), []
        self.profiles = {}
        self.hang = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                servers.asked.append((url.path, query))
                servers.answer(self, url.path, query)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()

    def paths(self):
        return [path for path, _ in self.asked]

    def answer(self, handler, path, query):
        if path == "/sns/oauth2/access_token":
            self.send(handler, *self.token(query))
        elif path == "/sns/userinfo":
            self.send(handler, *self.userinfo(query))
        else:
            self.send(handler, 404, "<html>not found</html>")

    def token(self, query):
        code = query.get("code", "")
        if query.get("appid") != APP or query.get("secret") != SECRET or query.get("grant_type") != "authorization_code":
            return 200, {"errcode": 40125, "errmsg": "invalid appsecret"}
        if code.startswith("hang"):
            self.hang.wait(30)
            return 200, {}
        if code.startswith("garbage"):
            return 200, "<html>502 Bad Gateway</html>"
        if code.startswith("huge"):
            return 200, "x" * (1 << 20)
        if code.startswith("broken"):
            return 500, {"errcode": -1, "errmsg": "system error"}
        if code.startswith("redirect"):
            return 302, {}
        if code in self.used or code.startswith("bad"):
            return 200, {"errcode": 40029, "errmsg": "invalid code, hints: [ req_id: DEFmcXNre-TYTEST ]"}
        self.used.add(code)
        person = code.split(".")[0]
        return 200, {"access_token": f"wechat-access-{code}", "expires_in": 7200, "refresh_token": f"wechat-refresh-{code}", "openid": f"openid-{person}",
                     "scope": "snsapi_base" if person.startswith("base") else "snsapi_userinfo", "unionid": f"union-{person}"}

    def userinfo(self, query):
        openid = query.get("openid", "")
        person = openid.removeprefix("openid-")
        if not query.get("access_token", "").startswith("wechat-access-" + person):
            return 200, {"errcode": 40001, "errmsg": "invalid credential"}
        if person.startswith("refused"):
            return 200, {"errcode": 48001, "errmsg": "api unauthorized"}
        return 200, {"openid": openid, "nickname": "小明", "sex": 0, "headimgurl": f"https://thirdwx.qlogo.cn/{person}/132", "privilege": [],
                     "unionid": f"union-{person}", **self.profiles.get(person, {})}

    @staticmethod
    def send(handler, status, body):
        data = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(len(data)))
        if status == 302:
            handler.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        handler.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            handler.wfile.write(data)


class WeChat:
    @classmethod
    def setUpClass(cls):
        cls.wechat = WeChatServers().start()
        cls.addClassCleanup(cls.wechat.stop)
        cls.database_options = cls.database()
        cls.server = cls.start_server()

    @classmethod
    def start_server(cls, **more):
        options = {**OPTIONS, **cls.database_options, "http_client.allow_private": "true", "auth.wechat_app_id": APP, "auth.wechat_app_secret": SECRET,
                   "auth.wechat_redirect_uri": CALLBACK, "auth.wechat_frontend_url": FRONTEND, "auth.wechat_timeout": "1s",
                   "auth.wechat_token_url": cls.wechat.base + "/sns/oauth2/access_token", "auth.wechat_userinfo_url": cls.wechat.base + "/sns/userinfo"}
        options.update({key.replace("__", "."): value for key, value in more.items()})
        server = MortiseServer({key: value for key, value in options.items() if value is not None}, modules=["auth"]).start()
        cls.addClassCleanup(server.stop)
        return server

    def tearDown(self):
        log = self.server.output()
        for secret in (SECRET, "wechat-access-", "wechat-refresh-", "DEFmcXNre"):
            self.assertNotIn(secret, log)

    def get(self, path, language=None, server=None, token=None, **query):
        return Client(server or self.server, language, token).call("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""), prefix="/api")

    def authorize(self, server=None, **query):
        url = self.assertOk(self.get("/auth/wechat/authorize", server=server, **query))["authorize_url"]
        self.assertTrue(url.endswith("#wechat_redirect"), url)
        return urllib.parse.urlsplit(url)

    def state(self, server=None):
        return dict(urllib.parse.parse_qsl(self.authorize(server).query))["state"]

    def callback(self, code, state=None, language=None, server=None):
        """The query that was added to the front-end's URL of the redirect, as a dictionary."""
        query = {"code": code, **({"state": state} if state is not None else {})}
        answer = self.get("/auth/wechat/callback", language, server, **query)
        self.assertEqual((answer.status, answer.body), (302, b""), answer)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        url = urllib.parse.urlsplit(answer.headers["Location"])
        self.assertEqual((url.scheme, url.netloc, url.path, url.fragment), ("https", "app.example.com", "/login", "top"))
        self.assertTrue(url.query.startswith("from=wechat&"), url)
        for secret in (SECRET, "wechat-access-", "wechat-refresh-"):
            self.assertNotIn(secret, answer.headers["Location"])
        return dict(urllib.parse.parse_qsl(url.query.removeprefix("from=wechat&"), strict_parsing=True))

    def sign_in(self, code, state=None, server=None):
        sent = self.callback(code, state, server=server)
        self.assertEqual(sorted(sent), ["access_token", "refresh_token"], sent)
        return sent

    def me(self, sent):
        return self.assertOk(self.get("/auth/me", token=sent["access_token"]))

    def assertLogged(self, text, server):
        """The log is written beside the answers."""
        support.wait_until(lambda: text in server.output(), 15, f"{text} in the log")

    def assertFailed(self, sent, text):
        self.assertEqual(sent, {"error": text})

    # --- authorize

    def test_authorize_sends_the_browser_to_wechat(self):
        url = self.authorize()
        self.assertEqual((url.scheme, url.netloc, url.path), ("https", "open.weixin.qq.com", "/connect/oauth2/authorize"))
        pairs = urllib.parse.parse_qsl(url.query)
        self.assertEqual([key for key, _ in pairs], ["appid", "redirect_uri", "response_type", "scope", "state"])
        query = dict(pairs)
        self.assertEqual({key: query[key] for key in ("appid", "redirect_uri", "response_type", "scope")},
                         {"appid": APP, "redirect_uri": CALLBACK, "response_type": "code", "scope": "snsapi_userinfo"})
        self.assertRegex(query["state"], r"^[0-9a-f]{64}$")
        self.assertNotEqual(query["state"], self.state())
        query = dict(urllib.parse.parse_qsl(self.authorize(state="mine & yours", scope="snsapi_base").query))
        self.assertEqual((query["state"], query["scope"]), ("mine & yours", "snsapi_base"))
        self.assertShape(self.get("/auth/wechat/authorize", scope="everything"), ["query", "scope"])
        self.assertShape(self.get("/auth/wechat/authorize", state="x" * 129), ["query", "state"])

    # --- success

    def test_a_new_person_gets_an_account(self):
        person = name("new")
        sent = self.sign_in(person, self.state())
        user = self.me(sent)
        self.assertEqual({key: user[key] for key in ("username", "email", "nickname", "avatar", "role", "status")},
                         {"username": None, "email": None, "nickname": "小明", "avatar": f"https://thirdwx.qlogo.cn/{person}/132", "role": "user",
                          "status": "active"})
        renewed = Client(self.server).call("POST", "/auth/refresh", {"refresh_token": sent["refresh_token"]}, prefix="/api")
        self.assertEqual(sorted(self.assertOk(renewed)), ["access_token", "refresh_token", "token_type"])
        asked = [query for path, query in self.wechat.asked if path == "/sns/userinfo" and query["openid"] == f"openid-{person}"]
        self.assertEqual([one["lang"] for one in asked], ["zh_CN"])

    def test_a_known_person_signs_in_to_the_same_account(self):
        person = name("known")
        first = self.me(self.sign_in(person + ".1"))
        self.wechat.profiles[person] = {"nickname": "another"}
        self.assertEqual(self.me(self.sign_in(person + ".2", self.state())), first)
        self.assertEqual([query["openid"] for path, query in self.wechat.asked if path == "/sns/userinfo"].count(f"openid-{person}"), 1)

    def test_the_smaller_scope_asks_for_no_profile(self):
        person = name("base")
        user = self.me(self.sign_in(person))
        self.assertEqual((user["nickname"], user["avatar"]), ("微信用户_" + f"openid-{person}"[-6:], None))
        self.assertNotIn(f"openid-{person}", [query["openid"] for path, query in self.wechat.asked if path == "/sns/userinfo"])

    def test_odd_profiles_become_sound_accounts(self):
        rows = [({"nickname": ""}, None), ({"nickname": "a\r\nb"}, None), ({"nickname": 5}, None), ({"nickname": "长" * 100}, "长" * 64)]
        for change, shown in rows:
            person = name("odd")
            self.wechat.profiles[person] = {**change, "headimgurl": "javascript:alert(1)"}
            user = self.me(self.sign_in(person))
            self.assertEqual((user["nickname"], user["avatar"]), (shown or "微信用户_" + f"openid-{person}"[-6:], None))

    def test_one_person_twice_at_once_is_one_account(self):
        person = name("twice")
        found = []

        def come(number):
            found.append(self.me(self.sign_in(f"{person}.{number}"))["id"])

        threads = [threading.Thread(target=come, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(found), len(set(found))), (4, 1))

    def test_an_account_that_can_not_be_made_whole_is_not_made(self):
        for verb, table, when in (("INSERT", "auth_oauth_accounts", "1 = 1"), ("INSERT", "mortise_audit", "NEW.action = 'auth.account_created'")):
            person = name("half")
            accounts = len(self.rows("SELECT id FROM mortise_users"))
            with support.refused_writes(self.sql, hasattr(self, "postgres"), verb, table, when):
                self.assertFailed(self.callback(person + ".1"), "登录失败，请稍后重试")
            self.assertEqual(len(self.rows("SELECT id FROM mortise_users")), accounts)
            self.assertNotIn(f"openid-{person}", self.rows("SELECT subject FROM auth_oauth_accounts"))
            self.me(self.sign_in(person + ".2"))

    # --- state

    def test_a_state_of_ours_works_once(self):
        state = self.state()
        self.sign_in(name("state"), state)
        before = len(self.wechat.asked)
        self.assertFailed(self.callback(name("state"), state), "登录请求已过期或已被使用，请重试")
        self.assertFailed(self.callback(name("state"), state, "en"), "This sign-in is too old or was used before, please try again")
        self.assertEqual(len(self.wechat.asked), before, "refused before the code is spent")

    def test_a_state_of_ours_expires(self):
        state = self.state()
        self.sql("UPDATE auth_oauth_states SET expires_at = 1")
        self.assertFailed(self.callback(name("late"), state), "登录请求已过期或已被使用，请重试")
        self.sql("DELETE FROM auth_oauth_states")  # as the clean-up does
        self.assertFailed(self.callback(name("late"), state), "登录请求已过期或已被使用，请重试")

    def test_states_are_stored_hashed(self):
        state = self.state()
        stored = self.rows("SELECT state_hash FROM auth_oauth_states")
        self.assertTrue(stored)
        self.assertFalse([one for one in stored if state in one or one in state])

    def test_absent_and_foreign_states_pass_unless_a_state_is_required(self):
        self.sign_in(name("free"))
        self.sign_in(name("free"), "")
        self.sign_in(name("free"), "somebody-elses")
        self.authorize(state="chosen-by-the-page")
        self.sign_in(name("free"), "chosen-by-the-page")
        strict = self.start_server(auth__wechat_require_state="true")
        for state in (None, "", "somebody-elses", "0" * 64):
            self.assertFailed(self.callback(name("strict"), state, server=strict), "登录请求已过期或已被使用，请重试")
        self.sign_in(name("strict"), self.state(strict), server=strict)
        self.authorize(strict, state="chosen-by-the-page")
        self.sign_in(name("strict"), "chosen-by-the-page", server=strict)
        self.assertFailed(self.callback(name("strict"), "chosen-by-the-page", server=strict), "登录请求已过期或已被使用，请重试")

    # --- failures

    def test_a_reused_code_is_refused(self):
        code = name("once")
        self.sign_in(code)
        self.assertFailed(self.callback(code), "微信授权码无效或已被使用，请重试")
        self.assertFailed(self.callback("bad-code", language="en"), "WeChat did not accept the code, please try again")
        self.assertLogged("40029", self.server)

    def test_a_refused_scope_makes_no_account(self):
        person = name("refused")
        self.assertFailed(self.callback(person, self.state()), "微信未授权读取用户信息")
        self.assertNotIn(f"openid-{person}", self.rows("SELECT subject FROM auth_oauth_accounts"))

    def test_what_wechat_should_not_answer_is_a_failure_of_wechat(self):
        for code in ("garbage", "huge", "broken", "redirect", "hang"):
            with self.subTest(code):
                self.assertFailed(self.callback(name(code)), "暂时无法连接微信，请稍后重试")
        self.assertLogged("timeout", self.server)
        elsewhere = self.start_server(auth__wechat_token_url="http://127.0.0.1:1/none")
        self.assertFailed(self.callback(name("down"), server=elsewhere), "暂时无法连接微信，请稍后重试")

    def test_the_address_policy_holds(self):
        policed = self.start_server(http_client__allow_private=None)
        before = len(self.wechat.asked)
        self.assertFailed(self.callback(name("policy"), server=policed), "暂时无法连接微信，请稍后重试")
        self.assertEqual(len(self.wechat.asked), before)
        self.assertLogged("address_refused", policed)

    def test_a_wrong_secret_of_ours_is_not_the_persons_fault(self):
        wrong = self.start_server(auth__wechat_app_secret="f" * 32)
        self.assertFailed(self.callback(name("wrong"), server=wrong), "暂时无法连接微信，请稍后重试")
        self.assertLogged("40125", wrong)
        self.assertNotIn("f" * 32, wrong.output())

    def test_a_banned_person_stays_out_and_a_deleted_one_begins_anew(self):
        person = name("banned")
        user = self.me(self.sign_in(person + ".1"))
        root = name("root")
        made = Client(self.server).call("POST", "/auth/register", {"username": root, "password": PASSWORD}, prefix="/api")
        admin = Client(self.server, token=self.assertOk(made)["tokens"]["access_token"])
        self.server.run("user", "set-role", root, "super_admin")
        self.assertOk(admin.call("PUT", f"/admin/users/{user['id']}/status", {"status": "banned"}, prefix="/api"))
        self.assertFailed(self.callback(person + ".2"), "账户已被停用")
        self.assertOk(admin.call("DELETE", f"/admin/users/{user['id']}", prefix="/api"))
        self.assertNotIn(f"openid-{person}", self.rows("SELECT subject FROM auth_oauth_accounts"))
        again = self.me(self.sign_in(person + ".3"))
        self.assertNotEqual(again["id"], user["id"])
        self.server.run("user", "delete", again["id"], "--yes")
        self.assertNotEqual(self.me(self.sign_in(person + ".4"))["id"], again["id"])

    def test_the_callback_needs_a_code(self):
        self.assertShape(self.get("/auth/wechat/callback"), ["query", "code"])
        self.assertShape(self.get("/auth/wechat/callback", code=""), ["query", "code"])

    def test_without_configuration_it_is_off(self):
        for missing in ("auth__wechat_app_id", "auth__wechat_app_secret", "auth__wechat_redirect_uri", "auth__wechat_frontend_url"):
            server = self.start_server(**{missing: None})
            self.assertSoft(self.get("/auth/wechat/authorize", server=server), 500, "未配置微信登录")
            self.assertSoft(self.get("/auth/wechat/callback", server=server, code="x"), 500, "未配置微信登录")
            server.stop()

    def test_thirty_steps_in_five_minutes_per_client(self):
        client = Client(self.server)
        for _ in range(30):
            self.assertOk(client.call("GET", "/auth/wechat/authorize", prefix="/api"))
        for path in ("/auth/wechat/authorize", "/auth/wechat/callback?code=x"):
            answer = client.call("GET", path, prefix="/api")
            self.assertEqual((answer.status, answer.json["data"]["bucket"], answer.json["data"]["limit"]), (429, "auth", 30), answer)


class OnSqlite(WeChat, Case):
    @classmethod
    def database(cls):
        cls.folder = MortiseServer()  # owns the directory that all servers of this class use in turn
        return {"db.url": f"sqlite:{cls.folder._folder}/shared.db"}

    @classmethod
    def sql(cls, text):
        with contextlib.closing(sqlite3.connect(f"{cls.folder._folder}/shared.db", timeout=10)) as database, database:
            return database.execute(text).fetchall()

    @classmethod
    def rows(cls, text):
        return [row[0] for row in cls.sql(text)]


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, WeChat, Case):
    @classmethod
    def sql(cls, text):
        return cls.postgres.sql(text, cls.database_name)

    @classmethod
    def rows(cls, text):
        return cls.sql(text).split()


if __name__ == "__main__":
    unittest.main()
