"""Service keys of organisations, every structured refusal that a key can meet, and the requests of the `sfs` client's org and service-key commands."""
import concurrent.futures
import datetime
import email
import json
import socket
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING, Family, numbers

TIME_LIMIT = 300
SCOPES = ["sessions:read", "handoffs:read", "handoffs:write", "tickets:read", "tickets:write", "personas:read", "personas:write", "knowledge:read",
          "knowledge:write", "rules:read", "rules:write", "agent_runs:read", "agent_runs:write", "work_queues:read", "work_queues:write",
          "retrieval_audit:read", "admin:*", "agent_feedback:read", "agent_feedback:write", "devices:report", "marketplace:read", "marketplace:write",
          "resident_memory:read", "resident_memory:write", "skills:admin", "skills:approve", "skills:read", "skills:request"]
PLATFORM_SCOPES = ["admin_metrics:read", "platform_sweeps:run", "skills_registry:poll", "skills_verify:run"]
NOT_ALLOWED = "Service keys are not allowed here"


class ServiceKeys:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING}

    def mint(self, admin, org, **fields):
        answer = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["tickets:read"], **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def listed(self, caller, org, key_id):
        return next(one for one in caller.get(f"/orgs/{org}/service-keys").json() if one["id"] == key_id)

    def probe(self, path, key, method="GET", body=None):
        return support.request(self.server, method, path, body, {"Accept-Language": "en"}, key)

    # --- making

    def test_a_key_is_shown_whole_and_once(self):
        ada, org = self.org()
        minted = self.mint(ada, org, name=" ci ", scopes=["tickets:read", "admin:*", "tickets:read"], project_ids=[" proj_1 ", "proj_2", "proj_1", " "])
        raw = minted.pop("key")
        self.assertRegex(raw, r"^sk_sfs_[0-9a-f]{32}$")
        self.assertRegex(minted["created_at"], MICROS)
        self.assertEqual(minted, {"id": minted["id"], "name": "ci", "org_id": org, "service_key_name": "ci", "scopes": ["tickets:read", "admin:*"],
                                  "project_ids": ["proj_1", "proj_2"], "key_prefix": raw[:12], "created_at": minted["created_at"], "created_by_user_id": ada.id,
                                  "expires_at": None, "revoked_at": None, "revoke_reason": None, "last_used_at": None, "last_used_ip": None, "is_active": True})
        self.assertEqual(self.listed(ada, org, minted["id"]), minted)
        self.assertNotIn(raw, self.server.output())
        self.assertEqual(self.probe("/probe-keys/read", raw).json()["user"], ada.email.split("@")[0], "it runs as who minted it")
        used = self.listed(ada, org, minted["id"])
        self.assertEqual(used["last_used_ip"], "127.0.0.1")
        self.assertRegex(used["last_used_at"], MICROS)

    def test_every_scope_of_the_vocabulary_is_taken(self):
        ada, org = self.org()
        self.assertEqual(self.mint(ada, org, scopes=SCOPES)["scopes"], SCOPES)

    def test_scopes_of_the_whole_server_are_for_its_administrators(self):
        root, org = self.org("admin")
        ada = self.member(root, "admin")
        for scope in PLATFORM_SCOPES:
            body = {"name": "ci", "scopes": ["tickets:read", scope]}
            self.assertCode(ada.post(f"/orgs/{org}/service-keys", body), 403, "platform_admin_scope",
                            f"Only administrators of the server may give out the scope {scope}", scope=scope)
        minted = self.mint(root, org, scopes=[*PLATFORM_SCOPES, "tickets:read"])
        self.assertEqual(minted["scopes"], [*PLATFORM_SCOPES, "tickets:read"])
        rotate = f"/orgs/{org}/service-keys/{minted['id']}/rotate"
        self.assertCode(ada.post(rotate), 403, "platform_admin_scope", "Only administrators of the server may give out the scope admin_metrics:read",
                        scope="admin_metrics:read")
        self.assertTrue(self.listed(root, org, minted["id"])["is_active"], "a refused rotation revokes nothing")
        self.assertEqual(root.post(rotate).status, 200)
        plain = self.mint(root, org)["id"]
        self.assertEqual(ada.post(f"/orgs/{org}/service-keys/{plain}/rotate").status, 200)

    def test_no_allow_list_means_every_project(self):
        ada, org = self.org()
        for projects in (None, [], ["  "]):
            self.assertIsNone(self.mint(ada, org, project_ids=projects)["project_ids"])

    def test_a_life_in_days_or_up_to_a_moment(self):
        ada, org = self.org()
        minted = self.mint(ada, org, expires_in_days=730)
        life = [datetime.datetime.fromisoformat(minted[key].replace("Z", "+00:00")) for key in ("created_at", "expires_at")]
        self.assertAlmostEqual((life[1] - life[0]).total_seconds(), 730 * 86400, delta=60)
        self.assertEqual(self.mint(ada, org, expires_at="2999-01-01T01:00:00+01:00")["expires_at"], "2999-01-01T00:00:00.000000Z")
        self.assertIsNone(self.mint(ada, org, expires_at=None, expires_in_days=None)["expires_at"])

    def test_creating_one_refuses_what_breaks_a_rule(self):
        ada, org = self.org()
        good = {"name": "ci", "scopes": ["tickets:read"]}
        for wrong, fields in (({"name": ""}, ["name"]), ({"name": " \t"}, ["name"]), ({"name": "x" * 101}, ["name"]), ({"name": "a\nb"}, ["name"]), ({"name": None}, ["name"]),
                              ({"scopes": []}, ["scopes"]), ({"scopes": ["*"]}, ["scopes", "0"]), ({"scopes": ["tickets:read", "tickets:*"]}, ["scopes", "1"]),
                              ({"scopes": "tickets:read"}, ["scopes"]), ({"expires_in_days": 0}, ["expires_in_days"]), ({"expires_in_days": 731}, ["expires_in_days"]),
                              ({"expires_at": "tomorrow"}, ["expires_at"]), ({"expires_at": "2020-01-01T00:00:00Z"}, ["expires_at"]),
                              ({"expires_at": "2999-01-01T00:00:00Z", "expires_in_days": 5}, ["expires_at"]), ({"project_ids": "proj_1"}, ["project_ids"]),
                              ({"project_ids": ["a\u0001b"]}, ["project_ids"])):
            with self.subTest(wrong):
                answer = ada.post(f"/orgs/{org}/service-keys", {**good, **wrong})
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual([one["loc"] for one in answer.json()["error"]["details"]["errors"]],
                                 [["body", *(int(part) if part.isdigit() else part for part in fields)]], answer)
        self.assertInvalid(ada.post(f"/orgs/{org}/service-keys", {}), ("body", "name"), ("body", "scopes"))

    # --- permissions

    def test_tier_then_role_then_organisation(self):
        ada, org = self.org()
        member = self.member(ada)
        poor = self.account("pro")
        key = self.mint(ada, org)["id"]
        body = {"name": "ci", "scopes": ["tickets:read"]}
        calls = [lambda caller, of: caller.post(f"/orgs/{of}/service-keys", body), lambda caller, of: caller.delete(f"/orgs/{of}/service-keys/{key}"),
                 lambda caller, of: caller.post(f"/orgs/{of}/service-keys/{key}/rotate")]
        for call in calls:
            for of in (org, "org_0000000000000000"):
                self.assertCode(call(poor, of), 403, "upgrade_required", "This feature needs a higher tier", feature="team_management", current_tier="pro",
                                required_tier="team", upgrade_url=PRICING)
                self.assertRole(call(member, of), "member")
                self.assertRole(call(self.account(), of), "none")
            self.assertPlain(call(self.org()[0], org), 404, "Organisation not found")
            self.assertPlain(call(ada, "org_0000000000000000"), 404, "Organisation not found")
        self.assertInvalid(poor.post(f"/orgs/{org}/service-keys", {}), ("body", "name"), ("body", "scopes"))

    def test_members_may_list_and_others_not(self):
        ada, org = self.org()
        ids = [self.mint(ada, org, name=f"k{number}")["id"] for number in range(3)]
        self.assertEqual(ada.delete(f"/orgs/{org}/service-keys/{ids[0]}").status, 204)
        listed = self.member(ada).get(f"/orgs/{org}/service-keys").json()
        self.assertEqual(sorted(one["id"] for one in listed), sorted(ids))
        times = [one["created_at"] for one in listed]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertTrue(all("key" not in one for one in listed))
        self.assertRole(self.account().get(f"/orgs/{org}/service-keys"), "none", "member")
        self.assertPlain(self.org()[0].get(f"/orgs/{org}/service-keys"), 404, "Organisation not found")
        self.assertEqual(self.account("free").get(f"/orgs/{org}/service-keys").json()["error"]["details"]["error"], "upgrade_required")

    def test_the_tier_of_the_organisation_counts_for_its_members(self):
        ada, org = self.org("team")
        self.assertEqual(self.member(ada, "admin", tier="free").get(f"/orgs/{org}/service-keys").status, 200)

    # --- revoking

    def test_revoking_in_every_form_of_the_body(self):
        ada, org = self.org()
        for body, reason in ((None, None), ({}, None), ({"reason": "leaked"}, "leaked"), ({"revoke_reason": "retired"}, "retired"),
                             ({"reason": "a", "revoke_reason": "b"}, "a"), ({"revoke_reason": None}, None)):
            key = self.mint(ada, org)
            answer = ada.delete(f"/orgs/{org}/service-keys/{key['id']}", body)
            self.assertEqual((answer.status, answer.body), (204, b""), answer)
            shown = self.listed(ada, org, key["id"])
            self.assertEqual((shown["revoke_reason"], shown["is_active"]), (reason, False))
            self.assertRegex(shown["revoked_at"], MICROS)
            self.assertEqual(ada.delete(f"/orgs/{org}/service-keys/{key['id']}", {"reason": "again"}).status, 204)
            self.assertEqual(self.listed(ada, org, key["id"]), shown, "the first stamp stays")
            self.assertCode(self.probe("/probe-keys/read", key["key"]), 401, "api_key_revoked", "The API key has been revoked")
        key = self.mint(ada, org)["id"]
        self.assertInvalid(ada.delete(f"/orgs/{org}/service-keys/{key}", {"reason": ""}), ("body", "reason"))
        self.assertInvalid(ada.delete(f"/orgs/{org}/service-keys/{key}", {"reason": "x" * 501}), ("body", "reason"))
        self.assertPlain(ada.delete(f"/orgs/{org}/service-keys/nothing"), 404, "API key not found")

    def test_keys_of_others_and_of_users_are_out_of_reach(self):
        ada, org = self.org()
        other, elsewhere = self.org()
        key = self.mint(other, elsewhere)["id"]
        own = support.request(self.server, "POST", "/probe-keys", {"name": "mine", "org_id": org}, token=ada.token).json()["id"]  # a user's key
        for one in (key, own):
            self.assertPlain(ada.delete(f"/orgs/{org}/service-keys/{one}"), 404)
            self.assertPlain(ada.post(f"/orgs/{org}/service-keys/{one}/rotate"), 404)
        self.assertOk(ada.get(f"/orgs/{org}/service-keys"), [])

    # --- rotating

    def test_rotating_makes_a_new_key_with_the_same_rights(self):
        ada, org = self.org()
        grace = self.member(ada, "admin")
        old = self.mint(ada, org, scopes=["tickets:read", "personas:read"], project_ids=["proj_1"], expires_in_days=30)
        answer = grace.post(f"/orgs/{org}/service-keys/{old['id']}/rotate")
        self.assertEqual(answer.status, 200, answer)
        new = answer.json()
        self.assertNotEqual((new["id"], new["key"]), (old["id"], old["key"]))
        for same in ("name", "service_key_name", "org_id", "scopes", "project_ids"):
            self.assertEqual(new[same], old[same])
        self.assertEqual(new["created_by_user_id"], grace.id)
        life = [datetime.datetime.fromisoformat(new[key].replace("Z", "+00:00")) for key in ("created_at", "expires_at")]
        self.assertAlmostEqual((life[1] - life[0]).total_seconds(), 30 * 86400, delta=60)
        self.assertEqual(self.probe("/probe-keys/read", new["key"]).json()["user"], grace.email.split("@")[0], "it runs as who rotated it")
        self.assertCode(self.probe("/probe-keys/read", old["key"]), 401, "api_key_revoked", "The API key has been revoked")
        self.assertEqual(self.listed(ada, org, old["id"])["revoke_reason"], f"rotated by {grace.id}, replaced by {new['id']}")
        self.assertCode(ada.post(f"/orgs/{org}/service-keys/{old['id']}/rotate"), 409, "key_already_revoked", "The key has been revoked already")
        self.assertPlain(ada.post(f"/orgs/{org}/service-keys/nothing/rotate"), 404, "API key not found")

    def test_a_rotated_key_runs_as_who_rotated_it(self):
        ada, org = self.org()
        grace, linus = self.member(ada, "admin"), self.member(ada, "admin")
        for minter, rotators in ((ada, (grace,)), (grace, (ada,)), (grace, (linus,)), (grace, (grace,)), (ada, (grace, linus, ada))):
            key = self.mint(minter, org)
            for rotator in rotators:
                answer = rotator.post(f"/orgs/{org}/service-keys/{key['id']}/rotate")
                self.assertEqual(answer.status, 200, answer)
                key = answer.json()
                self.assertEqual(self.probe("/probe-keys/read", key["key"]).json()["user"], rotator.email.split("@")[0])
                self.assertEqual(self.sql(f"SELECT user_id FROM mortise_api_keys WHERE id = '{key['id']}'"), [[rotator.id]])

    def test_of_two_rotations_at_once_one_wins(self):
        ada, org = self.org()
        for _ in range(3):
            old = self.mint(ada, org, name=f"k{next(numbers)}")
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda _: ada.post(f"/orgs/{org}/service-keys/{old['id']}/rotate").status, range(4)))
            self.assertEqual(sorted(answers), [200, 409, 409, 409])
            alive = [one for one in ada.get(f"/orgs/{org}/service-keys").json() if one["name"] == old["name"] and one["is_active"]]
            self.assertEqual(len(alive), 1)

    def test_keys_of_a_removed_member_end(self):
        ada, org = self.org()
        grace = self.member(ada, "admin")
        key = self.mint(grace, org)
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        self.assertCode(self.probe("/probe-keys/read", key["key"]), 401, "api_key_revoked", "The API key has been revoked")

    def assertRests(self, key):
        self.assertCode(self.probe("/probe-keys/read", key), 403, "service_key_rests",
                        "Whoever made the service key does not administer the organisation any more; an administrator has to rotate it")

    def test_a_key_rests_once_its_minter_does_not_administer_the_organisation(self):
        ada, org = self.org()
        grace = self.member(ada, "admin")
        key = self.mint(grace, org)
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
        self.assertEqual(ada.put(f"/org/members/{grace.id}/role", {"role": "member"}).status, 200)
        self.assertRests(key["key"])
        self.assertRests(key["key"])
        # What no scope opens says so for every key; a resting one learns nothing more.
        self.assertEqual(self.probe("/api/v1/org", key["key"]).json()["error"]["details"]["error"], "service_key_rests")
        new = ada.post(f"/orgs/{org}/service-keys/{key['id']}/rotate")
        self.assertEqual(new.status, 200, new)
        self.assertEqual(self.probe("/probe-keys/read", new.json()["key"]).json()["user"], ada.email.split("@")[0])
        self.assertCode(self.probe("/probe-keys/read", key["key"]), 401, "api_key_revoked", "The API key has been revoked")

    def test_a_key_of_a_colleague_rests_with_whoever_made_it(self):
        """Rows of 1.0: a rotation there left the owner and noted the maker."""
        ada, org = self.org()
        grace, linus = self.member(ada, "admin"), self.member(ada)
        for owner, maker, works in ((ada, ada, True), (ada, grace, True), (grace, ada, True), (ada, linus, False), (linus, ada, False)):
            key = self.mint(ada, org)
            self.sql(f"UPDATE mortise_api_keys SET user_id = '{owner.id}', created_by = '{maker.id}' WHERE id = '{key['id']}'")
            if works:
                self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
            else:
                self.assertRests(key["key"])
        key = self.mint(ada, org)
        self.sql(f"UPDATE mortise_api_keys SET created_by = '{grace.id}' WHERE id = '{key['id']}'")
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        self.assertRests(key["key"])

    def test_a_new_owner_rests_no_key_and_a_stepped_down_one_does(self):
        ada, org = self.org()
        key = self.mint(ada, org)
        grace = self.owner(ada, org)  # ada stays administrator
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
        own = self.mint(grace, org)
        self.assertEqual(grace.put(f"/org/members/{grace.id}/role", {"role": "admin"}).status, 200)
        self.assertEqual(self.probe("/probe-keys/read", own["key"]).status, 200)
        self.assertEqual(ada.put(f"/org/members/{grace.id}/role", {"role": "member"}).status, 200)
        self.assertRests(own["key"])
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)
        # A user's key is no service key: it has the rights that are left.
        personal = grace.post("/auth/keys", {"name": "laptop"}).json()["raw_key"]
        self.assertEqual(self.probe("/api/v1/org", personal).json()["current_user_role"], "member")

    def test_a_key_can_not_be_rotated_by_somebody_who_may_not_mint(self):
        ada, org = self.org()
        key = self.mint(ada, org)
        path = f"/orgs/{org}/service-keys/{key['id']}/rotate"
        self.assertRole(self.member(ada).post(path), "member")
        self.assertRole(self.account().post(path), "none")
        self.assertRole(self.account(role="super_admin").post(path), "none")
        self.assertEqual(self.probe(f"/api/v1{path}", key["key"], "POST").status, 403)
        self.assertEqual(self.probe("/probe-keys/read", key["key"]).status, 200)

    def test_every_change_is_on_record(self):
        ada, org = self.org()
        key = self.mint(ada, org)
        new = ada.post(f"/orgs/{org}/service-keys/{key['id']}/rotate").json()
        ada.delete(f"/orgs/{org}/service-keys/{new['id']}", {"reason": "done"})
        rows = self.sql(f"SELECT action, target FROM mortise_audit WHERE actor = '{ada.id}' AND action LIKE 'auth.service_key%' ORDER BY at")
        self.assertEqual(rows, [["auth.service_key_created", f"api_key:{key['id']}"], ["auth.service_key_rotated", f"api_key:{key['id']}"],
                                ["auth.service_key_revoked", f"api_key:{new['id']}"]])
        self.assertNotIn(key["key"], str(self.sql("SELECT details FROM mortise_audit")))

    # --- every structured refusal that a key can meet

    def test_api_key_revoked_and_expired(self):
        ada, org = self.org()
        key = self.mint(ada, org, expires_in_days=1)
        self.sql(f"UPDATE mortise_api_keys SET expires_at = 1 WHERE id = '{key['id']}'")  # before the server has met it
        for path in ("/probe-keys/read", f"/api/v1/orgs/{org}/service-keys"):
            self.assertCode(self.probe(path, key["key"]), 401, "api_key_expired", "The API key has expired")
        ada.delete(f"/orgs/{org}/service-keys/{key['id']}")
        self.assertCode(self.probe("/api/v1/org", key["key"]), 401, "api_key_revoked", "The API key has been revoked")

    def test_service_key_not_allowed_on_every_route_of_organisations(self):
        ada, org = self.org()
        key = self.mint(ada, org, name="robot", scopes=SCOPES)["key"]
        keys = f"/orgs/{org}/service-keys"
        transfer = f"/orgs/{org}/owner/transfer"
        for method, path in (("POST", "/org"), ("GET", "/org"), ("GET", "/orgs"), ("POST", "/org/invite"), ("POST", "/org/invite/i/accept"),
                             ("POST", "/org/invite/i/decline"), ("GET", "/org/invites"), ("GET", "/org/invites/me"), ("DELETE", "/org/invites/i"),
                             ("POST", f"/orgs/{org}/invites/i/resend"), ("POST", f"/orgs/{org}/invite"), ("POST", f"/orgs/{org}/members/invite"),
                             ("PUT", "/org/members/u/role"), ("DELETE", "/org/members/u"), ("PUT", f"/orgs/{org}/members/u/role"),
                             ("DELETE", f"/orgs/{org}/members/u"), ("GET", f"/orgs/{org}/members"), ("GET", f"/orgs/{org}/settings"),
                             ("PUT", f"/orgs/{org}/settings"), ("POST", transfer), ("GET", transfer), ("POST", f"{transfer}/1/accept"),
                             ("POST", f"{transfer}/1/cancel"), ("POST", keys), ("GET", keys), ("DELETE", f"{keys}/k"), ("POST", f"{keys}/k/rotate")):
            with self.subTest(f"{method} {path}"):
                answer = self.probe("/api/v1" + path, key, method, {} if method in ("POST", "PUT") else None)
                self.assertCode(answer, 403, "service_key_not_allowed", NOT_ALLOWED, service_key_name="robot")

    def test_insufficient_scope(self):
        ada, org = self.org()
        key = self.mint(ada, org, scopes=["personas:write", "knowledge:read"])["key"]
        self.assertCode(self.probe("/probe-keys/read", key), 403, "insufficient_scope", "The service key lacks a required scope",
                        required=["tickets:read", "tickets:write"], current=["knowledge:read", "personas:write"])

    def project(self, caller, org, remote=None):
        made = f"proj_{next(numbers):016x}"
        body = {"id": made, "org_id": org, "remote": remote or f"owner/{made}"}
        self.assertEqual(self.probe("/probe-projects", caller.token, "POST", body).status, 201)
        return made

    def test_the_boundary_of_projects(self):
        ada, org = self.org()
        theirs_admin, theirs = self.org()
        mine, second, foreign, nobodys = self.project(ada, org), self.project(ada, org), self.project(theirs_admin, theirs), self.project(ada, "")
        key = self.mint(ada, org)["key"]
        read = lambda project, token: self.probe(f"/probe-projects/{project}", token)
        self.assertOk(read(mine, key), {"id": mine, "org_id": org})
        message = "The project belongs to another organisation than the service key"
        self.assertCode(read(foreign, key), 403, "cross_org_denied", message, key_org_id=org, project_org_id=theirs)
        self.assertCode(read(nobodys, key), 403, "cross_org_denied", message, key_org_id=org, project_org_id=None)
        self.assertPlain(read("proj_none", key), 404)
        narrow = self.mint(ada, org, project_ids=[second, foreign])["key"]
        self.assertOk(read(second, narrow), {"id": second, "org_id": org})
        self.assertCode(read(mine, narrow), 403, "project_not_in_allowlist", "The service key may not reach this project", allowed_project_ids=[second, foreign],
                        requested_project_id=mine)
        self.assertCode(read(foreign, narrow), 403, "cross_org_denied", message, key_org_id=org, project_org_id=theirs)
        self.assertEqual(read(foreign, ada.token).status, 200, "users are the module's business")
        orphan = self.probe("/probe-keys", ada.token, "POST", {"name": "old", "scopes": '["tickets:read"]', "org_id": ""}).json()["raw"]
        self.assertCode(read(mine, orphan), 403, "service_key_missing_org", "The service key belongs to no organisation")

    def test_a_project_that_is_told_from_something_else(self):
        ada, org = self.org()
        remote = f"owner/repo{next(numbers)}"
        mine = self.project(ada, org, remote)
        key = self.mint(ada, org)["key"]
        derive = lambda query, token: self.probe("/probe-projects" + query, token)
        self.assertOk(derive(f"?remote={remote}", key), {"id": mine, "org_id": org})
        self.assertCode(derive("", key), 403, "service_key_project_required", "A service key needs a project here, and none can be told")
        self.assertCode(derive("?remote=owner/unknown", key), 403, "service_key_project_not_registered", "The project that this belongs to is not registered")
        self.project(ada, org, remote)
        self.assertCode(derive(f"?remote={remote}", key), 403, "service_key_project_ambiguous",
                        "Several projects could be meant; a service key needs exactly one")
        self.assertEqual(derive(f"?remote={remote}", ada.token).status, 200)

    def test_refusals_speak_chinese_too(self):
        ada, org = self.org()
        key = self.mint(ada, org)["key"]
        answer = support.request(self.server, "GET", "/probe-projects", None, {"Accept-Language": "zh-CN"}, key)
        self.assertEqual(answer.json()["error"]["message"], "服务密钥需要明确的项目，但无法确定")


class Client:
    """Sends the requests of the `sfs` client's HTTP library byte for byte, and reads the answer as the client does."""

    def __init__(self, server, token):
        self.server, self.token = server, token

    def call(self, method, path, body=None):
        text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}", "Accept: */*", "Accept-Encoding: gzip, deflate", "Connection: keep-alive",
                "User-Agent: python-httpx/0.28.1", f"Authorization: Bearer {self.token}"]
        if body is not None:
            head += [f"Content-Length: {len(text)}", "Content-Type: application/json"]
        elif method in ("POST", "PUT", "PATCH"):
            head += ["Content-Length: 0"]
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as connection:
            connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + text)
            reply = b""
            while b"\r\n\r\n" not in reply:
                piece = connection.recv(65536)
                assert piece, reply
                reply += piece
            fields, _, payload = reply.partition(b"\r\n\r\n")
            status = support.status_of(reply)
            if status == 204:
                return status, None
            fields = email.message_from_bytes(fields.partition(b"\r\n")[2])
            assert fields["Content-Type"].startswith("application/json"), reply
            while len(payload) < int(fields["Content-Length"]):
                piece = connection.recv(65536)
                assert piece, reply
                payload += piece
        return status, json.loads(payload)


class Replay:
    """The command sequences of contract 3.3."""

    def key_of(self, caller):
        return support.request(self.server, "POST", "/probe-keys", {"name": "cli"}, token=caller.token).json()["raw"]

    def test_org_commands(self):
        ada, grace = self.account(), self.account()
        cli = Client(self.server, self.key_of(ada))
        self.assertEqual(cli.call("GET", "/api/v1/org"), (200, {"org": None, "members": [], "current_user_role": None}))
        slug = f"cli-{next(numbers)}"
        status, made = cli.call("POST", "/api/v1/org", {"name": "CLI", "slug": slug})
        self.assertEqual((status, made["slug"]), (200, slug))
        status, invited = cli.call("POST", "/api/v1/org/invite", {"email": grace.email, "role": "member"})
        self.assertEqual((status, invited["email"]), (200, grace.email))
        other = Client(self.server, self.key_of(grace))
        self.assertEqual(other.call("POST", f"/api/v1/org/invite/{invited['invite_id']}/accept"), (200, {"org_id": made["org_id"], "role": "member"}))
        status, shown = cli.call("GET", "/api/v1/org")
        self.assertEqual((status, shown["current_user_role"], shown["org"]["name"]), (200, "owner", "CLI"))
        for member in shown["members"]:
            self.assertEqual(sorted(member), ["display_name", "email", "joined_at", "role", "user_id"])
            self.assertEqual(len(member["joined_at"][:10]), 10)
        removed = next(member for member in shown["members"] if member["email"] == grace.email)["user_id"]
        self.assertEqual(cli.call("DELETE", f"/api/v1/org/members/{removed}"),
                         (200, {"removed": removed, "projects_transferred": 0, "pending_transfers_cancelled": 0}))

    def test_service_key_commands(self):
        ada, org = self.org()
        cli, path = Client(self.server, self.key_of(ada)), f"/api/v1/orgs/{org}/service-keys"
        self.assertEqual(cli.call("GET", path), (200, []))
        status, made = cli.call("POST", path, {"name": "ci", "scopes": ["tickets:read"], "expires_in_days": 90})
        self.assertEqual((status, made["key"][:7]), (201, "sk_sfs_"))
        status, listed = cli.call("GET", path)
        self.assertEqual(status, 200)
        self.assertEqual([{key: one[key] for key in ("id", "name", "key_prefix", "scopes", "project_ids", "is_active")} for one in listed],
                         [{"id": made["id"], "name": "ci", "key_prefix": made["key"][:12], "scopes": ["tickets:read"], "project_ids": None, "is_active": True}])
        status, rotated = cli.call("POST", f"{path}/{made['id']}/rotate")
        self.assertEqual((status, rotated["key"][:7], rotated["id"] != made["id"]), (200, "sk_sfs_", True))
        self.assertEqual(cli.call("DELETE", f"{path}/{rotated['id']}", {"reason": "Revoked via CLI"}), (204, None))
        self.assertEqual({one["revoke_reason"] for one in cli.call("GET", path)[1]},
                         {"Revoked via CLI", f"rotated by {ada.id}, replaced by {rotated['id']}"})


class OnSqlite(ServiceKeys, Replay, Family):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(ServiceKeys, Replay, OnPostgresDatabase, Family):
    pass


if __name__ == "__main__":
    unittest.main()
