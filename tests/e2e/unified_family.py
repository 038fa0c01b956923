"""What tests of the unified family share: callers with a cookie and a CSRF token, and the shapes of its envelope."""
import contextlib
import http.cookies
import re
import sqlite3
import threading

import support
from mortise_server import MortiseServer, OnPostgresDatabase

COOKIE = "whalefall_session"
PASSWORD = "correct horse 7"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
UUID4 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
SUGGESTIONS = {
    "validation": ["检查输入数据", "根据提示修正请求参数"],
    "business": ["确认业务规则", "联系管理员核对数据"],
    "authentication": ["重新登录", "验证凭据有效性"],
    "authorization": ["检查权限配置", "联系管理员"],
    "system": ["联系管理员", "查看错误日志"],
}
KINDS = {  # message_code -> category, severity
    "VALIDATION_ERROR": ("validation", "low"),
    "FORBIDDEN": ("validation", "low"),
    "AUTHENTICATION_REQUIRED": ("authentication", "medium"),
    "PERMISSION_REQUIRED": ("authorization", "medium"),
    "CSRF_MISSING": ("authorization", "medium"),
    "CSRF_INVALID": ("authorization", "medium"),
    "RESOURCE_NOT_FOUND": ("business", "low"),
    "CONSTRAINT_VIOLATION": ("business", "medium"),
    "INVALID_REQUEST": ("business", "medium"),
    "INTERNAL_ERROR": ("system", "high"),
}


class Browser:
    """One caller with a cookie session: the cookie as it was set last, and the CSRF token that belongs to it."""

    def __init__(self, server):
        self.server, self.cookie, self.token = server, None, None
        self.fetch_token()

    def call(self, method, path, body=None, headers=None, csrf=True):
        headers = {"Accept-Language": "zh-CN", **(headers or {})}
        if self.cookie:
            headers["Cookie"] = f"{COOKIE}={self.cookie}"
        if csrf and self.token and method != "GET":
            headers.setdefault("X-CSRFToken", self.token)
        answer = support.request(self.server, method, path, body, headers)
        for field in answer.headers.get_all("Set-Cookie") or []:
            jar = http.cookies.SimpleCookie(field)
            if COOKIE in jar:
                self.cookie = jar[COOKIE].value
        return answer

    def fetch_token(self):
        self.token = self.call("GET", "/api/v1/auth/csrf-token").json()["data"]["csrf_token"]

    def log_in(self, name):
        answer = self.call("POST", "/api/v1/auth/login", {"username": name, "password": PASSWORD})
        assert answer.status == 200, answer
        return self


class Envelope:
    """Assertions for test cases."""

    maxDiff = None

    def assertSuccess(self, answer, message, data=True):
        """Returns `data`; False: there must be none."""
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        body = answer.json()
        self.assertRegex(body.pop("timestamp"), TIME)
        found = body.pop("data", None)
        self.assertEqual(body, {"success": True, "error": False, "message": message})
        self.assertEqual(found is not None, data)
        return found

    def assertRefused(self, answer, status, code, message):
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        category, severity = KINDS[code]
        self.assertRegex(body.pop("error_id"), r"^[0-9a-f]{32}$")
        self.assertRegex(body.pop("timestamp"), TIME)
        context = body.pop("context")
        self.assertEqual(set(context), {"request_id", "user_id", "url", "method", "meta"})
        self.assertEqual(context["request_id"], answer.headers["X-Request-Id"])
        self.assertEqual(body, {"success": False, "error": True, "category": category, "severity": severity, "message_code": code, "message": message,
                                "recoverable": severity in ("low", "medium"), "suggestions": SUGGESTIONS[category]})


class OnSqlite:
    """Base of a case whose server runs on SQLite."""

    @classmethod
    def database_options(cls):
        return {}

    def sql(self, text):
        """The rows, as lists of text."""
        with contextlib.closing(sqlite3.connect(self.server.data / "mortise.db", timeout=30)) as database, database:
            return [[None if value is None else str(value) for value in row] for row in database.execute(text).fetchall()]


class OnPostgres(OnPostgresDatabase):
    """The same on a separate PostgreSQL."""

    @classmethod
    def database_options(cls):
        return cls.database()

    def sql(self, text):
        printed = self.postgres.sql(text, self.database_name)
        return [line.split("|") for line in printed.splitlines() if line]


def start(case, modules, options=None):
    """A server on the case's database with one caller per role: case.admin, .user, .guest, .viewer, .nobody."""
    case.server = MortiseServer({**support.QUICK, **case.database_options(), **(options or {})}, modules=["auth", "probe", *modules]).start()
    case.addClassCleanup(lambda: case.server.stop())
    for role in ("admin", "user", "guest", "viewer"):
        support.account(case.server, f"{role}_1", PASSWORD)
        if role != "user":
            case.server.run("user", "set-role", f"{role}_1", role)
        setattr(case, role, Browser(case.server).log_in(f"{role}_1"))
    case.nobody = Browser(case.server)


def restart(case):
    """Another process on the data of the case's server, which has ended; its callers stay signed in."""
    case = type(case)
    case.server = MortiseServer(case.server.options).start()
    for role in ("admin", "user", "guest", "viewer", "nobody"):
        getattr(case, role).server = case.server


def at_once(count, work):
    """Runs work(i) in `count` threads that start together; returns their results."""
    gate, results = threading.Barrier(count), [None] * count

    def one(i):
        gate.wait()
        results[i] = work(i)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
