"""Whose object a caller may touch: for each kind of object of the shipped modules one is made, and every operation on it is called by everybody who may
not, which must leave it as it is, then by everybody who may.

ALLOWED says who may, as the descriptions of the contracts do; the test fails when an operation with a parameter in its path is not in it. What roles may
do without regard to an object is tested in the matrix that is generated from the contracts (modules/contract_module_test.cpp)."""
import itertools
import json
import re
import urllib.parse

import support
from forms import stored
from organisations import Family

TIME_LIMIT = 300
numbers = itertools.count(1)

# Callers that have nothing to do with the object. Those of `strangers` hold every office, in another organisation.
OUTSIDERS = {"anonymous", "made-up token", "guest", "viewer", "user", "stranger's owner", "stranger's admin", "stranger's member", "stranger's service key",
             "admin", "super_admin"}
SIGNED_IN = OUTSIDERS - {"anonymous", "made-up token", "stranger's service key"} | {"owner", "admin of it", "member", "other member", "invited"}
OFFICES = {"owner", "admin of it"}
MEMBERS = OFFICES | {"member", "other member"}
SYSTEM = {"admin", "super_admin"}  # by their permissions, on everybody's objects
OWNER = {"holder"}

# operationId: (kind of object, who may call it, body). A body may name what the object has: "{member}".
ALLOWED = {
    "readOrgSettings": ("organisation", MEMBERS, None),
    "changeOrgSettings": ("organisation", OFFICES, {}),
    "offerOwnership": ("organisation", {"owner"}, {"to_user_id": "{member}"}),
    "readOwnershipOffer": ("organisation", MEMBERS, None),
    "acceptOwnership": ("offer", {"member"}, None),
    "cancelOwnershipOffer": ("offer", {"owner", "member"}, None),
    "listOrgMembers": ("organisation", MEMBERS, None),
    "changeMemberRole": ("organisation", OFFICES, {"role": "admin"}),
    "changeOrgMemberRole": ("organisation", OFFICES, {"role": "admin"}),
    "removeMember": ("organisation", OFFICES, None),
    "removeOrgMember": ("organisation", OFFICES, None),
    "inviteToOrg": ("organisation", OFFICES, {"email": "new@example.com", "role": "member"}),
    "inviteMember": ("organisation", OFFICES, {"email": "new@example.com", "role": "member"}),
    "acceptInvite": ("organisation", {"invited"}, None),
    "declineInvite": ("organisation", {"invited"}, None),
    "revokeInvite": ("organisation", OFFICES, None),
    "resendInvite": ("organisation", OFFICES, None),
    "createServiceKey": ("organisation", OFFICES, {"name": "another", "scopes": ["tickets:read"]}),
    "listServiceKeys": ("organisation", MEMBERS, None),
    "revokeServiceKey": ("service key", OFFICES, {"reason": "test"}),
    "rotateServiceKey": ("service key", OFFICES, None),
    "setOrgTier": ("organisation", {"super_admin"}, {"tier": "team"}),
    "deactivateKey": ("key", OWNER, None),
    "revokePersonalKey": ("key", OWNER, {"reason": "test"}),
    "findAccount": ("account", {"super_admin"}, None),
    "deleteAccount": ("account", {"super_admin"}, None),
    "setAccountStatus": ("account", {"super_admin"}, {"status": "banned"}),
    "showUser": ("account", {"super_admin"}, None),
    "mintKeyOnBehalf": ("account", {"super_admin"}, {"name": "laptop"}),
    "setUserTier": ("account", {"super_admin"}, {"tier": "pro"}),
    "confirmUserEmail": ("account", {"super_admin"}, None),
    "readUser": ("account", SIGNED_IN | OWNER, None),
    "readFile": ("file", OWNER | SYSTEM, None),
    "deleteFile": ("file", OWNER | SYSTEM, None),
    "downloadFile": ("file", OWNER | SYSTEM, None),
    "downloadFileByKey": ("file", OWNER | SYSTEM, None),
    "readJob": ("job", SIGNED_IN | OWNER, None),
    "listRuns": ("job", SIGNED_IN | OWNER, None),
    "changeTrigger": ("job", SYSTEM, {"trigger_type": "interval", "trigger_args": {"hours": 5}}),
    "removeJob": ("job", SYSTEM, None),
    "pauseJob": ("job", SYSTEM, None),
    "resumeJob": ("job", SYSTEM, None),
    "runJob": ("job", SYSTEM, {}),
    "setSkillEnabled": ("skill", {"super_admin"}, {"enabled": False}),
    "deleteSkill": ("skill", {"super_admin"}, None),
    "cancelRun": ("run", SYSTEM, None),
    "readSyncSession": ("session", SIGNED_IN | OWNER, None),
    "readSyncSessionErrors": ("session", SIGNED_IN | OWNER, None),
    "cancelSyncSession": ("session", SYSTEM, None),
}

# There is nothing to cancel in what has ended: 404 for those who may.
ENDED = {"cancelRun", "cancelSyncSession"}


class ObjectRights(Family):
    MODULES = ["auth", "files", "scheduler", "skills", "sync"]
    OPTIONS = {"identity.csrf_exempt_bearer": "true", "identity.platform_access_ttl": "12h"}

    def setUp(self):
        self.document = support.request(self.server, "GET", "/openapi.json").json()
        self.operations = {operation["operationId"]: (method.upper(), path) for path, item in self.document["paths"].items()
                           for method, operation in item.items() if "{" in path and operation["security"]}
        self.outsiders = {"anonymous": None, "made-up token": "not.a.token"}
        for role in ("guest", "viewer", "user", "admin", "super_admin"):
            caller = self.account()
            self.sql(f"UPDATE mortise_users SET role = '{role}' WHERE id = '{caller.id}'")
            self.outsiders[role] = caller.token
        strangers = self.organisation()
        for office, name in (("owner", "owner"), ("admin of it", "admin"), ("member", "member"), ("service key", "service key")):
            self.outsiders[f"stranger's {name}"] = strangers["callers"][office]
        self.root = self.outsiders["super_admin"]
        self.ids = {}

    def good(self, answer, status=200):
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    # Objects: each has the callers who belong to it, and what stands in the path of an operation on it.

    def organisation(self):
        """One with every office, an open invite and a service key."""
        admin, org = self.org()
        owner, member, other = self.owner(admin, org), self.member(admin), self.member(admin)
        invited = self.account()
        invite = self.good(admin.post("/org/invite", {"email": invited.email, "role": "member"}))["invite_id"]
        key = self.good(admin.post(f"/orgs/{org}/service-keys", {"name": "CI", "scopes": ["tickets:read"]}), 201)
        return {"callers": {"owner": owner.token, "admin of it": admin.token, "member": member.token, "other member": other.token, "invited": invited.token,
                            "service key": key["key"]},
                "path": {"org_id": org, "user_id": member.id, "invite_id": invite, "key_id": key["id"]}, "member": member.id, "owner": owner, "key": key}

    def offer(self):
        made = self.organisation()
        made["path"]["transfer_id"] = self.good(made["owner"].post(f"/orgs/{made['path']['org_id']}/owner/transfer", {"to_user_id": made["member"]}), 201)["id"]
        return made

    def service_key(self):
        return self.organisation()

    def holder(self, path):
        """An object of one account. `path`: makes it, and returns what stands in the path."""
        caller = self.account()
        return {"callers": {"holder": caller.token}, "path": path(caller)}

    def key(self):
        return self.holder(lambda caller: {"key_id": self.good(caller.post("/auth/me/api-keys", {"name": "laptop"}), 201)["id"]})

    def file(self):
        def path(caller):
            info = stored(self.server, caller.token, b"mine")
            return {"file_id": info["id"], "key": urllib.parse.urlsplit(info["filepath"]).path.removeprefix("/files/")}
        return self.holder(path)

    def account_object(self):
        def path(caller):
            name = self.sql(f"SELECT username FROM mortise_users WHERE id = '{caller.id}'")[0][0]
            return {"user_id": caller.id, "username": name}
        return self.holder(path)

    def job(self):
        """One that is there: removeJob() takes them away."""
        jobs = self.good(support.request(self.server, "GET", "/api/v1/scheduler/jobs", token=self.root))["data"]
        return self.holder(lambda _: {"job_id": (jobs["items"] if isinstance(jobs, dict) else jobs)[-1]["id"]})

    def run_object(self):
        def path(_):
            self.good(support.request(self.server, "POST", "/api/v1/scheduler/jobs/skills.refresh_sources/actions/run", {}, token=self.root))
            runs = support.wait_until(lambda: self.good(support.request(self.server, "GET", "/api/v1/scheduler/jobs/skills.refresh_sources/runs",
                                                                         token=self.root))["data"]["items"], 20, "a run")
            return {"run_id": runs[0]["run_id"]}
        return self.holder(path)

    def session(self):
        def path(_):
            self.good(support.request(self.server, "POST", "/api/v1/scheduler/jobs/skills.refresh_sources/actions/run", {}, token=self.root))
            sessions = support.wait_until(lambda: self.good(support.request(self.server, "GET", "/api/v1/sync-sessions", token=self.root))["data"]["items"],
                                          20, "a session")
            return {"session_id": sessions[0]["session_id"]}
        return self.holder(path)

    def skill(self):
        def path(_):
            folder = support.temporary_directory(self)
            (folder / "SKILL.md").write_text(f"---\nname: skill{next(numbers)}\ndescription: text\n---\n# Text\n")
            answer = support.request(self.server, "POST", "/api/v2/skills/install", {"source_type": "local", "source_ref": str(folder)}, token=self.root)
            return {"skill_key": self.good(answer)["data"]["id"]}
        return self.holder(path)

    MAKERS = {"organisation": organisation, "offer": offer, "service key": service_key, "key": key, "file": file, "account": account_object, "job": job,
              "run": run_object, "session": session, "skill": skill}

    # Calls.

    def call(self, operation, thing, token):
        method, path = self.operations[operation]
        path = re.sub(r"\{(\w+)\}", lambda name: str(thing["path"][name.group(1)]), path)
        body = ALLOWED[operation][2]
        if body is not None:
            body = json.loads(json.dumps(body).replace("{member}", thing.get("member", "")))
        return support.request(self.server, method, path, body, token=token)

    def is_refused(self, operation, answer):
        """By the status, or by the code of the agent platform, whose refusals of objects may go out with 200."""
        status = answer.status
        if status == 200 and answer.headers["Content-Type"].startswith("application/json") and isinstance(answer.json(), dict):
            code = answer.json().get("code")
            status = code if isinstance(code, int) and "msg" in answer.json() else status
        return status in (401, 403) or status == 404 and operation not in ENDED

    def check(self, operation):
        kind, allowed, _ = ALLOWED[operation]
        thing = self.MAKERS[kind](self)
        callers = {**self.outsiders, **thing["callers"]}
        for name, token in callers.items():
            if name not in allowed and not self.is_exempt(operation, name):
                answer = self.call(operation, thing, token)
                self.assertTrue(self.is_refused(operation, answer), f"{operation} lets in {name}: {answer}")
        let_in = sorted(allowed & callers.keys())
        self.assertTrue(let_in, operation)
        for count, name in enumerate(let_in):
            if count > 0 and self.operations[operation][0] != "GET":
                thing = self.MAKERS[kind](self)
            answer = self.call(operation, thing, {**self.outsiders, **thing["callers"]}[name])
            # The first one also shows that those before left the object alone.
            self.assertFalse(self.is_refused(operation, answer), f"{operation} refuses {name}: {answer}")
            self.assertLess(answer.status, 500, f"{operation}, {name}: {answer}")

    def is_exempt(self, operation, name):
        """What the role `admin` may do on the whole server is tested in the matrix."""
        return name == "admin" and ALLOWED[operation][1] == {"super_admin"}

    def test_every_operation_on_an_object_is_tested(self):
        self.assertEqual(set(ALLOWED), set(self.operations))

    def test_only_those_who_may_touch_an_object_do(self):
        for operation in ALLOWED:
            with self.subTest(operation):
                self.check(operation)
