"""Roles: each holds the permissions that the manifests give it and nothing more, nobody acts on an account of the own rank or above, in any family, and
guests and viewers put nothing into the stores."""
import itertools
import pathlib
import re
import unittest

import forms
import support
from mortise_server import MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres

TIME_LIMIT = 300
PASSWORD = "correct horse 7"
NOBODY = "00000000-0000-4000-8000-000000000000"
ROLES = ("super_admin", "admin", "service_role", "user", "viewer", "guest")
RANK = {"super_admin": 3, "admin": 2, "service_role": 1}
MODULES = ("agent", "auth", "files", "projects", "scheduler", "skills", "sync")
numbers = itertools.count(1)
# One request for each permission that shows who holds it: refused with 403 (in whatever envelope) or not.
SHOWN = {
    "kernel.audit": [("GET", "/api/v1/admin/audit-log", None)],
    "kernel.metrics": [],  # /metrics asks for nothing unless an option says so
    "agent.configure": [("POST", "/api/app-config/llm", {}), ("POST", "/api/app-config/agent", {}), ("POST", "/api/app-config/mcp-servers", {"mcpServers": {}}),
                        ("POST", "/api/app-config/mcp-servers/none/delete", None), ("POST", "/api/app-config/mcp-servers/none/enabled", {"enabled": True}),
                        ("POST", "/api/app-config/a2a-servers", {"base_url": "none"}), ("POST", "/api/app-config/a2a-servers/none/delete", None),
                        ("POST", "/api/app-config/a2a-servers/none/enabled", {"enabled": True})],
    "auth.manage_users": [("GET", "/api/admin/users", None), ("GET", f"/api/admin/users/{NOBODY}", None), ("DELETE", f"/api/admin/users/{NOBODY}", None),
                          ("PUT", f"/api/admin/users/{NOBODY}/status", {"status": "banned"}), ("GET", "/api/v1/admin/users", None),
                          ("GET", f"/api/v1/admin/users/{NOBODY}", None), ("POST", f"/api/v1/admin/users/{NOBODY}/api-keys", {}),
                          ("PUT", f"/api/v1/admin/users/{NOBODY}/tier", {"tier": "pro"}), ("PUT", f"/api/v1/admin/users/{NOBODY}/verify", {}),
                          ("GET", "/api/v1/admin/orgs", None), ("PUT", "/api/v1/admin/orgs/org_0/tier", {"tier": "pro"})],
    "auth.find_users": [("GET", "/api/v1/auth/users?email=somebody@example.com", None)],
    "auth.found_orgs": [("POST", "/api/v1/org", {"name": "X", "slug": "taken"})],  # 409 for all but the first of those who may
    "agent.use": [("GET", "/api/sessions", None), ("GET", f"/api/sessions/{NOBODY}", None), ("POST", f"/api/sessions/{NOBODY}/stop", None),
                  ("POST", f"/api/sessions/{NOBODY}/chat", {}), ("POST", "/api/v1/agent-chats", {"message": " "}), ("DELETE", f"/api/v1/agent-chats/{NOBODY}", None)],
    "agent.reach_all": [("GET", "/api/sessions?scope=all", None)],
    "files.read": [("GET", f"/api/files/{NOBODY}", None), ("GET", f"/api/files/{NOBODY}/download", None)],
    "files.write": [("DELETE", f"/api/files/{NOBODY}", None), ("GET", "/api/status/minio?smoke=true", None)],
    "files.admin": [],  # decides inside files.read and files.write; tested by files_test
    "files.probe_objects": [],  # an upload: see the test of the stores
    "projects.administer": [("POST", "/api/v1/admin/projects/proj_none/merge-from/proj_other", {"reason": "x"}),
                            ("POST", "/api/v1/admin/projects/proj_none/restore-from-compilation", {"compilation_id": 1}),
                            ("POST", "/api/v1/admin/projects/proj_none/force-transfer", {"to_org_id": "org_none", "reason": "x"})],
    "scheduler.view": [("GET", "/api/v1/scheduler/jobs", None), ("POST", "/api/v1/scheduler/triggers/preview", {})],
    "scheduler.admin": [("PUT", "/api/v1/scheduler/jobs/none.none", {}), ("POST", "/api/v1/scheduler/jobs/none.none/actions/run", None),
                        ("POST", "/api/v1/scheduler/jobs/none.none/actions/pause", None), ("DELETE", "/api/v1/scheduler/jobs/none.none", None)],
    "skills.view": [("GET", "/api/v2/skills/policy", None), ("GET", "/api/v2/user/tools/skills", None), ("POST", "/api/v2/user/tools/skills/none/enabled", {"enabled": True})],
    "skills.admin": [("GET", "/api/v2/skills", None), ("POST", "/api/v2/skills/install", {"source_type": "local", "source_ref": "local:/none"}),
                     ("POST", "/api/v2/skills/none/enabled", {"enabled": True}), ("DELETE", "/api/v2/skills/none", None), ("POST", "/api/v2/skills/policy", {})],
    "sync.view": [("GET", "/api/v1/sync-sessions", None), ("GET", "/api/v1/sync-sessions/none", None)],
    "sync.admin": [("POST", "/api/v1/sync-sessions/none/actions/cancel", None)],
    "sync.administer_sessions": [("GET", "/api/v1/admin/sessions", None), ("DELETE", "/api/v1/admin/sessions/ses_none0000", None),
                                 ("POST", "/api/v1/admin/purge-deleted", {}), ("GET", "/api/v1/admin/stats", None)],
    "sync.clean_up_sessions": [("POST", "/api/v1/sessions/admin/cleanup", None)],
}


def declared():
    """Permission -> roles, from the manifests."""
    found = {"kernel.audit": [], "kernel.metrics": []}
    for module in MODULES:
        text = (support.ROOT / "modules" / module / "module.yaml").read_text()
        for name, roles in re.findall(r"^  (\w+\.\w+): \{ help: .*, roles: \[([^\]]*)\] \}$", text, re.M):
            found[name] = [role.strip() for role in roles.split(",") if role.strip()]
    return found


def forbidden(answer):
    """HTTP 403, or 403 in the platform's envelope."""
    if answer.status == 403:
        return True
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        return False
    body = answer.json()
    return isinstance(body, dict) and body.get("code") == 403


class Roles(OnSqliteDatabase, unittest.TestCase):
    OPTIONS = {}

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, **cls.database(), **cls.OPTIONS}, modules=[*MODULES, "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def account(self, role):
        """(token, id) of a new account. Its role is set before the server has met the token."""
        name = f"{role}{next(numbers)}"
        answer = support.request(self.server, "POST", "/api/auth/register", {"username": name, "password": PASSWORD, "email": f"{name}@example.com"})
        self.assertEqual((answer.status, answer.json()["code"]), (200, 200), answer)
        data = answer.json()["data"]
        self.sql(f"UPDATE mortise_users SET role = '{role}' WHERE id = '{data['user']['id']}'")
        return data["tokens"]["access_token"], data["user"]["id"]

    def ask(self, token, method, path, body=None):
        return support.request(self.server, method, path, body, token=token)


class Declared:
    def test_every_permission_of_the_manifests_is_shown_here(self):
        self.assertEqual(sorted(declared()), sorted(SHOWN))

    def test_a_role_holds_what_the_manifests_give_it_and_nothing_more(self):
        for role in ROLES:
            token, user = self.account(role)
            key = self.ask(token, "POST", "/api/v1/auth/keys", {"name": "k"}).json()["raw_key"]
            for permission, roles in declared().items():
                holds = role == "super_admin" or role in roles or (role == "service_role" and "user" in roles)
                for method, path, body in SHOWN[permission]:
                    for credential in (token, key):
                        with self.subTest(f"{role} {permission} {method} {path}"):
                            answer = self.ask(credential, method, path, body)
                            self.assertNotEqual(answer.status, 401, answer)
                            self.assertLess(answer.status, 500, answer)
                            self.assertEqual(forbidden(answer), not holds, answer)

    def test_an_administrator_installs_no_skills_and_gets_no_key_of_a_super_admin(self):
        admin, _ = self.account("admin")
        _, root = self.account("super_admin")
        secret = support.temporary_directory(self)
        (secret / "SKILL.md").write_text("---\nname: x\ndescription: y\n---\n# x\n")
        answer = self.ask(admin, "POST", "/api/v2/skills/install", {"source_type": "local", "source_ref": f"local:{secret}"})
        self.assertTrue(forbidden(answer), answer)
        self.assertTrue(forbidden(self.ask(admin, "POST", f"/api/v1/admin/users/{root}/api-keys", {})))
        self.assertEqual(self.sql(f"SELECT id FROM mortise_api_keys WHERE user_id = '{root}'"), [])

    def test_guests_and_viewers_write_nothing_to_the_stores(self):
        blobs = pathlib.Path(self.server.data) / "blobs"

        def kept():
            return sorted(str(path) for path in blobs.rglob("*") if path.is_file())

        for role in ("guest", "viewer", "nonesuch"):
            token, user = self.account(role)
            before = kept()
            for path in ("/api/files", "/api/status/minio/upload", "/api/status/minio/upload?object_name=a.txt"):
                answer = forms.upload(self.server, token, b"hello", "a.txt", "text/plain", path=path)
                self.assertEqual(answer.status, 403, answer)
            for query in ("smoke=true", "smoke=1", "smoke=true&bucket=elsewhere", "bucket=nowhere&smoke=true"):
                answer = self.ask(token, "GET", f"/api/status/minio?{query}")
                self.assertEqual(answer.status, 403, (query, answer))
            self.assertEqual(self.ask(token, "GET", "/api/status/minio").status, 200)
            self.assertEqual(kept(), before)
        for role in ("user", "admin", "super_admin", "service_role"):
            token, _ = self.account(role)
            self.assertEqual(self.ask(token, "GET", "/api/status/minio?smoke=true").json()["data"]["match"], True, role)
            self.assertEqual(forms.upload(self.server, token, b"hello").status, 200, role)
            answer = forms.upload(self.server, token, b"hello", path="/api/status/minio/upload")
            self.assertEqual(answer.status, 200 if role in ("admin", "super_admin") else 403, role)


class Ranks:
    """Everybody may manage users here, so that the rank alone decides."""

    OPTIONS = {"identity.grant": "auth.manage_users=" + "+".join(ROLES)}
    # In an order in which each works after those before.
    ACTS = {
        "switch on": lambda case, token, user: case.ask(token, "PUT", f"/api/admin/users/{user}/status", {"status": "active"}),
        "mint a key": lambda case, token, user: case.ask(token, "POST", f"/api/v1/admin/users/{user}/api-keys", {"name": "mine"}),
        "set the tier": lambda case, token, user: case.ask(token, "PUT", f"/api/v1/admin/users/{user}/tier", {"tier": "free"}),
        "verify": lambda case, token, user: case.ask(token, "PUT", f"/api/v1/admin/users/{user}/verify", {}),
        "switch off": lambda case, token, user: case.ask(token, "PUT", f"/api/admin/users/{user}/status", {"status": "inactive"}),
        "ban": lambda case, token, user: case.ask(token, "PUT", f"/api/admin/users/{user}/status", {"status": "banned"}),
        "delete": lambda case, token, user: case.ask(token, "DELETE", f"/api/admin/users/{user}"),
    }
    KEPT = ("SELECT role, status, tier, email_confirmed_at, token_generation, (SELECT count(*) FROM mortise_api_keys k WHERE k.user_id = mortise_users.id) "
            "FROM mortise_users WHERE id = '{}'")

    def test_nobody_acts_on_an_equal_or_a_higher_one_in_any_family(self):
        for actor in ROLES:
            token, own = self.account(actor)
            for target in ROLES:
                may = target not in RANK or RANK.get(actor, 0) > RANK[target]
                _, user = self.account(target)
                before = self.sql(self.KEPT.format(user))
                for name, act in self.ACTS.items():
                    with self.subTest(f"{actor} on {target}: {name}"):
                        answer = act(self, token, user)
                        self.assertEqual(forbidden(answer), not may, answer)
                        if may:
                            self.assertIn(answer.status, (200, 201), answer)
                            self.assertIn(answer.json().get("code", 200), (200,), answer)
                self.assertEqual(self.sql(self.KEPT.format(user)), [] if may else before)

    def test_what_is_refused_leaves_no_audit_row_and_names_the_rule(self):
        token, _ = self.account("admin")
        _, peer = self.account("admin")
        for name, act in self.ACTS.items():
            answer = act(self, token, peer)
            text = answer.json().get("msg") or answer.json()["error"]["message"]
            self.assertIn(text, ("You can not do this to an administrator", "不能对管理员执行此操作"), name)
        self.assertEqual(self.sql(f"SELECT action FROM mortise_audit WHERE target = 'user:{peer}' AND action IN ('auth.status_changed', 'auth.account_deleted', "
                                  "'auth.mint_api_key_on_behalf', 'auth.tier_changed', 'auth.email_verified')"), [])

    def test_a_demoted_administrator_acts_no_more_with_what_was_open(self):
        token, user = self.account("super_admin")
        _, target = self.account("admin")
        key = self.ask(token, "POST", "/api/v1/auth/keys", {"name": "k"}).json()["raw_key"]
        for credential in (token, key):
            self.assertEqual(self.ask(credential, "PUT", f"/api/v1/admin/users/{target}/tier", {"tier": "pro"}).status, 200)
        self.server.run("user", "set-role", user, "admin")
        for credential in (token, key):
            for act in self.ACTS.values():
                self.assertTrue(forbidden(act(self, credential, target)))

    def test_oneself_is_no_colleague(self):
        for role in ROLES:
            token, user = self.account(role)
            for name in ("ban", "delete"):
                self.assertEqual(self.ACTS[name](self, token, user).json()["code"], 400)
            self.assertEqual(self.ACTS["mint a key"](self, token, user).status, 201)


class DeclaredOnSqlite(Declared, Roles):
    pass


class RanksOnSqlite(Ranks, Roles):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class RanksOnPostgres(Ranks, OnPostgresDatabase, Roles):
    pass


if __name__ == "__main__":
    unittest.main()
