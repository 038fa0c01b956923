"""Callers of the session sharing family for its end-to-end tests: accounts, organisations, and one look at the database, on SQLite and PostgreSQL."""
import itertools
import re
import unittest

import support
from mortise_server import MortiseServer, OnSqliteDatabase, Smtp

PASSWORD = "correct horse 7"
PRICING = "https://example.com/pricing"  # for the option identity.upgrade_url
MICROS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
ORG, INVITE = re.compile(r"^org_[0-9a-f]{16}$"), re.compile(r"^inv_[0-9a-f]{16}$")
numbers = itertools.count(1)
LEADING_CODES = ("service_key_not_allowed", "platform_admin_scope", "unverified_domain", "represented_user_not_member",
                 "project_edit_forbidden", "handoff_project_changed")  # in error.code and in details.error


class Caller:
    """One account: its token, id and address. What it calls is below /api/v1."""

    def __init__(self, server, token, user_id, email):
        self.server, self.token, self.id, self.email = server, token, user_id, email

    def call(self, method, path, body=None, language="en", headers=None):
        return support.request(self.server, method, "/api/v1" + path, body, {"Accept-Language": language, **(headers or {})}, self.token)

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def put(self, path, body):
        return self.call("PUT", path, body)

    def delete(self, path, body=None):
        return self.call("DELETE", path, body)


class Family(OnSqliteDatabase, unittest.TestCase):
    """A server with mail and the modules `auth` and `probe`; subclasses may choose the database and other modules."""

    maxDiff = None
    MODULES = ["auth", "probe"]
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.smtp = Smtp().start()
        cls.addClassCleanup(cls.smtp.stop)
        options = {**support.QUICK, "mail.url": cls.smtp.url, "auth.app_url": "https://app.example.com/", **cls.database(), **cls.OPTIONS}
        cls.server = MortiseServer(options, modules=cls.MODULES).start()
        cls.addClassCleanup(cls.server.stop)

    def account(self, tier=None, email=None, confirmed=True, role=None):
        """A new account. What is changed in the database is changed before the server has met its token."""
        name = f"user{next(numbers)}"
        email = email or f"{name}@example.com"
        answer = support.request(self.server, "POST", "/api/auth/register", {"username": name, "password": PASSWORD, "email": email})
        self.assertEqual((answer.status, answer.json()["code"]), (200, 200), answer)
        data = answer.json()["data"]
        user = data["user"]["id"]
        if confirmed:
            self.sql(f"UPDATE mortise_users SET email_confirmed_at = 1 WHERE id = '{user}'")
        if role or tier == "admin":  # the tier of the server's administrators
            self.sql(f"UPDATE mortise_users SET role = '{role or 'admin'}' WHERE id = '{user}'")
        elif tier:
            self.sql(f"UPDATE mortise_users SET tier = '{tier}' WHERE id = '{user}'")
        return Caller(self.server, data["tokens"]["access_token"], user, email)

    def org(self, tier=None):
        """A new organisation: (its owner, its id)."""
        admin = self.account(tier)
        answer = admin.post("/org", {"name": "Analytical Engines", "slug": f"engines-{next(numbers)}"})
        self.assertEqual(answer.status, 200, answer)
        return admin, answer.json()["org_id"]

    def ownerless(self):
        """A new organisation whose owner has stepped down: (that administrator, its id, another administrator)."""
        ada, org = self.org()
        grace = self.member(ada, "admin")
        self.assertEqual(ada.put(f"/org/members/{ada.id}/role", {"role": "admin"}).status, 200)
        return ada, org, grace

    def member(self, admin, role="member", **account):
        """A new account that has accepted an invite."""
        caller = self.account(**account)
        answer = admin.post("/org/invite", {"email": caller.email, "role": role})
        self.assertEqual(answer.status, 200, answer)
        answer = caller.post(f"/org/invite/{answer.json()['invite_id']}/accept")
        self.assertEqual(answer.status, 200, answer)
        return caller

    def owner(self, admin, org):
        """A new member who has accepted the ownership of an organisation."""
        caller = self.member(admin, "admin")
        answer = admin.post(f"/orgs/{org}/owner/transfer", {"to_user_id": caller.id})
        self.assertEqual(answer.status, 201, answer)
        answer = caller.post(f"/orgs/{org}/owner/transfer/{answer.json()['id']}/accept")
        self.assertEqual(answer.status, 200, answer)
        return caller

    def assertOk(self, answer, body, status=200):
        self.assertEqual((answer.status, answer.json()), (status, body), answer)

    def assertPlain(self, answer, status, message=None):
        """A refusal without its own code."""
        self.assertEqual(answer.status, status, answer)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/json"))
        error = answer.json()["error"]
        self.assertEqual((error["code"], error["details"]), (str(status), {}), answer)
        if message:
            self.assertEqual(error["message"], message)

    def assertCode(self, answer, status, code, message, **details):
        """A structured refusal, whole."""
        leading = code if code in LEADING_CODES else str(status)
        self.assertEqual((answer.status, answer.json()), (status, {"error": {"code": leading, "message": message, "details": {"error": code, **details}}}), answer)

    def assertInvalid(self, answer, *fields):
        self.assertEqual(answer.status, 422, answer)
        error = answer.json()["error"]
        self.assertEqual((error["code"], error["message"]), ("422", "Validation error"))
        self.assertEqual([tuple(one["loc"]) for one in error["details"]["errors"]], list(fields), answer)

    def assertRole(self, answer, current, required="admin"):
        self.assertCode(answer, 403, "insufficient_role", "Your role in the organisation does not allow this", current_role=current, required_role=required)
