"""What administrators do to accounts, over real HTTP, on SQLite and PostgreSQL: the agent platform's routes and those of session sharing."""
import unittest

from auth_platform_test import USER, Case
from auth_runtime_test import OPTIONS, PASSWORD, UUID4, Client, name
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres

TIME_LIMIT = 240
MANAGED = ["created_at", "display_name", "email", "email_verified", "id", "is_active", "last_login_at", "role", "status", "tier", "username"]
NOBODY = "00000000-0000-4000-8000-000000000000"


class Administered(Case):
    """A server with one administrator, whose actions affect other accounts."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**OPTIONS, **cls.database()}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.admin_name = name("root")
        cls.admin = cls.account(cls.admin_name)
        cls.server.run("user", "set-role", cls.admin_name, "super_admin")

    @classmethod
    def account(cls, made=None, **more):
        """A new account, logged in: {user, tokens}, with "client" to call as it."""
        made = made or name()
        answer = Client(cls.server).call("POST", "/auth/register", {"username": made, "password": PASSWORD, **more}, prefix="/api")
        assert answer.json["code"] == 200, answer
        data = answer.json["data"]
        data["client"] = Client(cls.server, token=data["tokens"]["access_token"])
        data["id"] = data["user"]["id"]
        return data

    def call(self, method, path, body=None, caller=None, language=None):
        caller = caller or self.admin["client"]
        return Client(self.server, language, caller.token, caller.address).call(method, path, body, prefix="")

    def users(self, method="GET", rest="", body=None, caller=None):
        return self.call(method, "/api/admin/users" + rest, body, caller)

    def set_status(self, user_id, status, caller=None):
        return self.users("PUT", f"/{user_id}/status", {"status": status}, caller)

    def sharing(self, method, rest, body=None, caller=None, language=None):
        return self.call(method, "/api/v1/admin" + rest, body, caller, language)

    def trail(self, **wanted):
        query = "&".join(f"{key}={value}" for key, value in wanted.items())
        answer = self.sharing("GET", f"/audit-log?{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json["entries"]

    def assertDone(self, answer):
        self.assertIsNone(self.assertOk(answer))

    def assertShared(self, answer, status, message=None, details=None):
        """An error of session sharing."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(list(answer.json), ["error"], answer)
        self.assertEqual(sorted(answer.json["error"]), ["code", "details", "message"], answer)
        self.assertEqual(answer.json["error"]["code"], str(status))
        if message:
            self.assertEqual(answer.json["error"]["message"], message)
        if details is not None:
            self.assertEqual(answer.json["error"]["details"], details)


class Platform:
    def test_the_list_is_newest_first_and_counts_all(self):
        made = [self.account()["user"] for _ in range(3)]
        data = self.assertOk(self.users())
        self.assertEqual(sorted(data), ["total", "users"])
        self.assertEqual(data["users"][:3], made[::-1])
        self.assertEqual(data["total"], len(data["users"]))
        for user in data["users"]:
            self.assertEqual(sorted(user), USER)
        page = self.assertOk(self.users(rest="?skip=1&limit=2"))
        self.assertEqual((page["users"], page["total"]), (data["users"][1:3], data["total"]))
        self.assertEqual(self.assertOk(self.users(rest=f"?skip={data['total']}"))["users"], [])
        shown = next(user for user in data["users"] if user["id"] == self.admin["id"])
        self.assertEqual(shown["role"], "super_admin")
        for query, field in (("skip=-1", "skip"), ("limit=0", "limit"), ("limit=1001", "limit"), ("skip=x", "skip")):
            self.assertShape(self.users(rest="?" + query), ["query", field])

    def test_one_account(self):
        made = self.account()
        self.assertEqual(self.assertOk(self.users(rest="/" + made["id"])), made["user"])
        for unknown in (NOBODY, "nonsense", "x" * 64):
            self.assertSoft(self.users(rest="/" + unknown), 404)

    def test_only_administrators_may(self):
        user = self.account()
        for method, rest, body in (("GET", "", None), ("GET", "/" + NOBODY, None), ("PUT", f"/{NOBODY}/status", {"status": "banned"}),
                                   ("DELETE", "/" + NOBODY, None)):
            with self.subTest(f"{method} {rest}"):
                self.assertHard(Client(self.server).call(method, "/api/admin/users" + rest, body, prefix=""), 401)
                self.assertHard(self.users(method, rest, body, user["client"]), 403)
        self.assertHard(self.users("PUT", f"/{NOBODY}/status", b"{", user["client"]), 403)  # before the body is looked at
        helper = self.account()
        self.server.run("user", "set-role", helper["id"], "super_admin")
        self.assertOk(self.users(caller=helper["client"]))
        self.assertEqual(self.assertOk(self.call("GET", "/api/auth/me", caller=helper["client"]))["role"], "super_admin")
        for role in ("admin", "viewer", "guest", "service_role", "user"):
            self.server.run("user", "set-role", helper["id"], role)
            self.assertHard(self.users(caller=helper["client"]), 403)
            self.assertEqual(self.assertOk(self.call("GET", "/api/auth/me", caller=helper["client"]))["role"], "user")

    def test_refusals_come_in_their_order(self):
        other = self.account()
        self.server.run("user", "set-role", other["id"], "super_admin")
        for status in ("gone", "", "ACTIVE", "active "):
            self.assertSoft(self.set_status(self.admin["id"], status), 400, "状态必须是 active、inactive 或 banned")
        self.assertShape(self.users("PUT", f"/{NOBODY}/status", {}), ["body", "status"])
        self.assertShape(self.users("PUT", f"/{NOBODY}/status", {"status": 5}), ["body", "status"])
        self.assertSoft(self.set_status(self.admin["id"], "banned"), 400, "不能对自己的账号执行此操作")
        self.assertSoft(self.set_status(NOBODY, "banned"), 404)
        self.assertSoft(self.set_status(other["id"], "banned"), 403, "不能对管理员执行此操作")
        self.assertSoft(self.users("DELETE", "/" + self.admin["id"]), 400, "不能对自己的账号执行此操作")
        self.assertSoft(self.users("DELETE", "/" + NOBODY), 404)
        self.assertSoft(self.users("DELETE", "/" + other["id"]), 403, "不能对管理员执行此操作")
        for one in (self.admin, other):
            self.assertOk(self.call("GET", "/api/auth/me", caller=one["client"]))

    def test_a_ban_acts_on_the_next_request_of_every_credential(self):
        user = self.account()
        key = self.sharing("POST", f"/users/{user['id']}/api-keys", {}).json["raw_key"]
        by_key = Client(self.server, token=key)
        self.assertOk(self.call("GET", "/api/auth/me", caller=by_key))
        self.assertDone(self.set_status(user["id"], "banned"))
        self.assertHard(self.call("GET", "/api/auth/me", caller=user["client"]), 403)
        self.assertHard(self.call("GET", "/api/auth/me", caller=by_key), 403)
        self.assertSoft(self.call("POST", "/api/auth/login", {"username": user["user"]["username"], "password": PASSWORD}), 401)
        self.assertSoft(self.call("POST", "/api/auth/refresh", {"refresh_token": user["tokens"]["refresh_token"]}), 401)
        self.assertEqual(self.assertOk(self.users(rest="/" + user["id"]))["status"], "banned")

        self.assertDone(self.set_status(user["id"], "active"))
        self.assertHard(self.call("GET", "/api/auth/me", caller=user["client"]), 401)
        self.assertSoft(self.call("POST", "/api/auth/refresh", {"refresh_token": user["tokens"]["refresh_token"]}), 401)
        self.assertOk(self.call("POST", "/api/auth/login", {"username": user["user"]["username"], "password": PASSWORD}))
        self.assertDone(self.set_status(user["id"], "inactive"))
        self.assertEqual([(entry["actor"], entry["details"]) for entry in self.trail(target=f"user:{user['id']}", action="auth.status_changed")],
                         [(self.admin["id"], {"from": was, "to": now}) for was, now in (("active", "inactive"), ("banned", "active"), ("active", "banned"))])

    def test_a_deleted_account_is_gone_with_all_it_had(self):
        user = self.account()
        key = self.sharing("POST", f"/users/{user['id']}/api-keys", {}).json["raw_key"]
        self.assertDone(self.users("DELETE", "/" + user["id"]))
        for token in (user["tokens"]["access_token"], key):
            self.assertHard(self.call("GET", "/api/auth/me", caller=Client(self.server, token=token)), 401)
        self.assertSoft(self.call("POST", "/api/auth/refresh", {"refresh_token": user["tokens"]["refresh_token"]}), 401)
        self.assertSoft(self.users(rest="/" + user["id"]), 404)
        self.assertSoft(self.users("DELETE", "/" + user["id"]), 404)
        entry, = self.trail(target=f"user:{user['id']}", action="auth.account_deleted")
        self.assertEqual((entry["actor"], entry["ip"]), (self.admin["id"], self.admin["client"].address))
        self.assertRegex(entry["request_id"], r"\S")
        self.account(user["user"]["username"])  # the name is free again

    def assertBucket(self, send, bucket, limit):
        """Fixed windows begin with the minute: within two of them the limit must show."""
        for sent in range(2 * limit + 1):
            answer = send()
            if answer.status == 429:
                self.assertGreaterEqual(sent, limit)
                wait = answer.json["data"]["retry_after"]
                self.assertEqual(answer.json["data"], {"retry_after": wait, "limit": limit, "window_seconds": 60, "bucket": bucket})
                self.assertEqual(answer.headers["Retry-After"], str(wait))
                return
            self.assertEqual(answer.status, 200, answer)
        self.fail(f"{2 * limit + 1} requests went through")

    def test_reads_and_writes_have_twice_the_platforms_limits(self):
        helper = self.account()
        self.server.run("user", "set-role", helper["id"], "super_admin")
        self.assertBucket(lambda: self.users(rest="/" + NOBODY, caller=helper["client"]), "read", 240)
        self.assertBucket(lambda: self.set_status(NOBODY, "banned", helper["client"]), "write", 120)
        self.assertOk(self.users(rest="?limit=1"))  # counted per administrator


class Sharing:
    def test_a_key_minted_for_somebody_acts_as_them(self):
        made = name()
        user = self.account(made, email=f"{made}@example.com")
        answer = self.sharing("POST", f"/users/{user['id']}/api-keys", {"name": "laptop"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(sorted(answer.json), ["created_at", "key_id", "name", "raw_key", "user_email", "user_id"])
        self.assertRegex(answer.json["raw_key"], r"^sk_sfs_[0-9a-f]{32}$")
        self.assertEqual((answer.json["name"], answer.json["user_id"], answer.json["user_email"]), ("laptop", user["id"], f"{made}@example.com"))
        self.assertEqual(self.assertOk(self.call("GET", "/api/auth/me", caller=Client(self.server, token=answer.json["raw_key"])))["id"], user["id"])
        entry, = self.trail(action="mint_api_key_on_behalf", target=f"user:{user['id']}")
        self.assertEqual((entry["actor"], entry["details"]), (self.admin["id"], {"key_id": answer.json["key_id"], "name": "laptop"}))
        self.assertNotIn(answer.json["raw_key"], self.server.output())

        plain = self.sharing("POST", f"/users/{self.account()['id']}/api-keys", {})
        self.assertEqual((plain.status, plain.json["name"], plain.json["user_email"]), (201, "admin-minted", None))
        by_key = Client(self.server, token=self.sharing("POST", f"/users/{self.admin['id']}/api-keys", {}).json["raw_key"])
        self.assertEqual(self.sharing("GET", "/users?limit=1", caller=by_key).status, 200, "an administrator's own key is one, too")

    def test_each_key_minted_for_somebody_is_in_the_audit_trail(self):
        by_key = Client(self.server, token=self.sharing("POST", f"/users/{self.admin['id']}/api-keys", {}).json["raw_key"])
        for body, name_kept, caller in (({"name": "laptop"}, "laptop", None), ({}, "admin-minted", None), ({"name": None}, "admin-minted", None),
                                        ({"name": "by a key"}, "by a key", by_key)):
            user = self.account()["id"]
            minted = [self.sharing("POST", f"/users/{user}/api-keys", body, **({"caller": caller} if caller else {})).json for _ in range(2)]
            rows = self.trail(action="mint_api_key_on_behalf", target=f"user:{user}")
            self.assertEqual([row["actor"] for row in rows], [self.admin["id"]] * 2)
            self.assertCountEqual([row["details"] for row in rows], [{"key_id": key["key_id"], "name": name_kept} for key in minted])

    def test_minting_has_its_guards(self):
        user = self.account()
        mint = f"/users/{user['id']}/api-keys"
        self.assertShared(self.sharing("POST", f"/users/{NOBODY}/api-keys", {}), 404, "User not found")
        self.assertShared(self.sharing("POST", mint, {}, user["client"]), 403)
        self.assertShared(self.sharing("POST", mint, {"name": 5}, user["client"]), 403)  # before the body is used
        self.assertShared(Client(self.server).call("POST", "/admin" + mint, {}), 401)
        for body in ({"name": 5}, {"name": ""}, {"name": "x" * 256}, None, []):
            with self.subTest(body=body):
                self.assertEqual(self.sharing("POST", mint, body).status, 422)
        for status in ("inactive", "banned"):
            self.assertDone(self.set_status(user["id"], status))
            self.assertShared(self.sharing("POST", mint, {}), 403, "Account is disabled")
        self.assertEqual(self.trail(action="mint_api_key_on_behalf", target=f"user:{user['id']}"), [])

    def test_accounts_are_listed_and_shown(self):
        made = name()
        user = self.account(made, email=f"{made}@example.com", nickname="Ada")
        listed = self.sharing("GET", "/users?limit=2").json
        self.assertEqual(sorted(listed), ["limit", "skip", "total", "users"])
        self.assertEqual((listed["skip"], listed["limit"], len(listed["users"])), (0, 2, 2))
        self.assertEqual(sorted(listed["users"][0]), MANAGED)
        first = listed["users"][0]
        self.assertEqual({key: first[key] for key in ("id", "email", "username", "display_name", "role", "tier", "status", "is_active", "email_verified")},
                         {"id": user["id"], "email": f"{made}@example.com", "username": made, "display_name": "Ada", "role": "user", "tier": "enterprise",
                          "status": "active", "is_active": True, "email_verified": False})
        self.assertRegex(first["last_login_at"], r"^\d{4}-")
        shown = self.sharing("GET", "/users/" + user["id"]).json
        self.assertEqual((shown["org"], shown["api_keys_in_use"]), (None, 0))
        self.sharing("POST", f"/users/{user['id']}/api-keys", {})
        self.assertEqual(self.sharing("GET", "/users/" + user["id"]).json["api_keys_in_use"], 1)
        self.assertEqual(self.sharing("GET", "/users/" + self.admin["id"]).json["tier"], "admin")
        self.assertShared(self.sharing("GET", "/users/" + NOBODY), 404, "User not found")
        for query in ("limit=0", "limit=1001", "skip=-1"):
            self.assertEqual(self.sharing("GET", "/users?" + query).status, 422)
        for path in ("/users", "/users/" + user["id"], "/orgs", "/audit-log"):
            self.assertShared(self.sharing("GET", path, caller=user["client"]), 403)
            self.assertShared(Client(self.server).call("GET", "/admin" + path), 401)

    def test_a_tier_is_set(self):
        user = self.account()
        answer = self.sharing("PUT", f"/users/{user['id']}/tier", {"tier": "pro"})
        self.assertEqual((answer.status, answer.json["tier"], answer.json["id"]), (200, "pro", user["id"]))
        for body in ({}, {"tier": "gold"}, {"tier": "admin"}, {"tier": None}):
            self.assertEqual(self.sharing("PUT", f"/users/{user['id']}/tier", body).status, 422, body)
        self.assertShared(self.sharing("PUT", f"/users/{NOBODY}/tier", {"tier": "pro"}), 404)
        self.assertShared(self.sharing("PUT", f"/users/{user['id']}/tier", {"tier": "pro"}, user["client"]), 403)
        entry, = self.trail(action="auth.tier_changed", target=f"user:{user['id']}")
        self.assertEqual((entry["actor"], entry["details"]), (self.admin["id"], {"from": "enterprise", "to": "pro"}))

    def test_an_address_is_taken_as_confirmed(self):
        made = name()
        user = self.account(made, email=f"{made}@example.com")
        for _ in range(2):
            answer = self.sharing("PUT", f"/users/{user['id']}/verify")
            self.assertEqual((answer.status, answer.json["email_verified"]), (200, True), answer)
        self.assertEqual(len(self.trail(action="auth.email_verified", target=f"user:{user['id']}")), 1)
        self.assertShared(self.sharing("PUT", f"/users/{self.account()['id']}/verify"), 409, "The account has no e-mail address")
        self.assertShared(self.sharing("PUT", f"/users/{NOBODY}/verify"), 404)

    def test_organisations_are_listed_and_get_tiers(self):
        user = self.account()
        slug = user["user"]["username"].replace("_", "-")
        made = self.call("POST", "/api/v1/org", {"name": "Tenon", "slug": slug}, user["client"])
        self.assertEqual(made.status, 200, made)
        org = made.json["org_id"]
        listed = self.sharing("GET", "/orgs?limit=1").json
        self.assertEqual((sorted(listed), listed["skip"], listed["limit"]), (["limit", "orgs", "skip", "total"], 0, 1))
        first = listed["orgs"][0]
        self.assertEqual(sorted(first), ["created_at", "name", "org_id", "seats_limit", "seats_used", "slug", "storage_limit_bytes", "tier"])
        self.assertEqual((first["org_id"], first["name"], first["slug"], first["tier"], first["seats_used"]), (org, "Tenon", slug, "enterprise", 1))

        answer = self.sharing("PUT", f"/orgs/{org}/tier", {"tier": "team", "seats_limit": 7})
        self.assertEqual((answer.status, answer.json), (200, {**first, "tier": "team", "seats_limit": 7}))
        kept = self.sharing("PUT", f"/orgs/{org}/tier", {"tier": "free"}).json
        self.assertEqual((kept["tier"], kept["seats_limit"]), ("free", 7))
        shown = self.sharing("GET", "/users/" + user["id"]).json
        self.assertEqual(shown["org"], {"org_id": org, "name": "Tenon", "tier": "free", "role": "owner"})
        refused = self.call("POST", f"/api/v1/orgs/{org}/service-keys", {"name": "ci", "scopes": ["tickets:read"]}, user["client"])
        self.assertEqual((refused.status, refused.json["error"]["details"]["error"]), (403, "upgrade_required"), "on the next request")
        self.assertEqual([entry["details"]["to"] for entry in self.trail(action="auth.org_tier_changed", target=f"org:{org}")], ["free", "team"])

        self.assertShared(self.sharing("PUT", "/orgs/org_0123456789abcdef/tier", {"tier": "team"}), 404)
        self.assertShared(self.sharing("PUT", f"/orgs/{org}/tier", {"tier": "team"}, user["client"]), 403)
        for body in ({}, {"tier": "gold"}, {"tier": "team", "seats_limit": -1}):
            self.assertEqual(self.sharing("PUT", f"/orgs/{org}/tier", body).status, 422, body)

    def test_one_credential_has_a_hundred_and_twenty_requests_a_minute(self):
        helper = self.account()
        self.server.run("user", "set-role", helper["id"], "super_admin")
        for sent in range(241):  # more than one window's worth: a slow machine must not decide
            answer = self.sharing("GET", "/users?limit=1", caller=helper["client"])
            if answer.status == 429:
                break
        self.assertGreaterEqual(sent, 120)
        self.assertEqual(answer.status, 429)


class OnSqlite(Platform, Sharing, Administered):
    @classmethod
    def database(cls):
        return {}


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, Platform, Sharing, Administered):
    pass


if __name__ == "__main__":
    unittest.main()
