"""Whose object a caller may touch: for each kind of object of the shipped modules one is made, and every operation on it is called by everybody who may
not, which must leave it as it is, then by everybody who may.

ALLOWED says who may, as the descriptions of the contracts do; the test fails when an operation with a parameter in its path is not in it. What roles may
do without regard to an object is tested in the matrix that is generated from the contracts (modules/contract_module_test.cpp)."""
import itertools
import json
import re
import urllib.parse
import uuid

import support
from captured_sessions import TALK, SessionFamily, archive, manifest, new_id
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
PARTIES = {"holder", "recipient"}

# operationId: (kind of object, who may call it, body). A body may name what the object has: "{member}", "{other}".
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
    "readTeam": ("team", MEMBERS, None),
    "removeTeam": ("team", OFFICES, None),
    "addTeamMember": ("team", OFFICES, {"user_id": "{other}"}),
    "listTeamMembers": ("team", MEMBERS, None),
    "removeTeamMember": ("team", OFFICES, None),
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
    "deleteMcpServer": ("mcp server", {"super_admin"}, None),
    "setMcpServerEnabled": ("mcp server", {"super_admin"}, {"enabled": False}),
    "setUserMcpToolEnabled": ("mcp server", SIGNED_IN | OWNER, {"enabled": False}),
    "deleteA2aServer": ("a2a server", {"super_admin"}, None),
    "setA2aServerEnabled": ("a2a server", {"super_admin"}, {"enabled": False}),
    "setUserA2aToolEnabled": ("a2a server", SIGNED_IN | OWNER, {"enabled": False}),
    "readAgentSession": ("agent session", OWNER | {"super_admin"}, None),
    "chatInAgentSession": ("agent session", OWNER | {"super_admin"}, {}),
    "stopAgentSession": ("agent session", OWNER | {"super_admin"}, None),
    "clearUnreadMessageCount": ("agent session", OWNER, None),
    "deleteAgentSession": ("agent session", OWNER, None),
    "listAgentSessionFiles": ("agent session", OWNER | {"super_admin"}, None),
    "readAgentSessionFile": ("agent session", OWNER | {"super_admin"}, {"filepath": "/none"}),
    "readAgentSessionShell": ("agent session", OWNER | {"super_admin"}, {"session_id": "none"}),
    "takeOverAgentSession": ("agent session", OWNER, {"action": "end"}),
    "deleteAgentChat": ("agent thread", OWNER, None),
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
    "setUserSkillEnabled": ("skill", SIGNED_IN | OWNER, {"enabled": False}),
    "cancelRun": ("run", SYSTEM, None),
    "readSyncSession": ("session", SIGNED_IN | OWNER, None),
    "readSyncSessionErrors": ("session", SIGNED_IN | OWNER, None),
    "cancelSyncSession": ("session", SYSTEM, None),
    "readSession": ("captured session", OWNER, None),
    "changeSession": ("captured session", OWNER, {"title": "Another title"}),
    "deleteCapturedSession": ("captured session", OWNER, None),
    "restoreSession": ("captured session", OWNER, None),
    "setSessionAlias": ("captured session", OWNER, {"alias": "clock"}),
    "clearSessionAlias": ("captured session", OWNER, None),
    "listSessionMessages": ("captured session", OWNER, None),
    "readSessionSummary": ("captured session", OWNER, None),
    "makeSessionSummary": ("captured session", OWNER, None),
    "narrateSession": ("captured session", OWNER, {}),
    "deleteAnySession": ("captured session", SYSTEM, None),
    "pullSession": ("captured session", OWNER, None),
    "downloadSession": ("captured session", OWNER, None),
    "readWorkspace": ("captured session", OWNER, None),
    "readTools": ("captured session", OWNER, None),
    "readProvenance": ("captured session", OWNER, None),
    "auditSession": ("captured session", OWNER, {}),
    "listAudits": ("captured session", OWNER, None),
    "readAuditStatus": ("captured session", OWNER, None),
    "watchSession": ("captured session", OWNER, None),
    # Of one's own list, whatever is on it.
    "unwatchSession": ("captured session", SIGNED_IN | OWNER, None),
    "setWatchStatus": ("captured session", SIGNED_IN | OWNER, None),
    "createShareLink": ("captured session", OWNER, {}),
    "revokeShareLink": ("share link", OWNER, None),
    "readHandoff": ("handoff", PARTIES, None),
    "claimHandoff": ("handoff", {"recipient"}, None),
    "summariseHandoff": ("handoff", PARTIES, None),
    "revokeHandoff": ("handoff", OWNER, {"reason": "test"}),
    "declineHandoff": ("handoff", {"recipient"}, {}),
    "commentHandoff": ("handoff", PARTIES, {"content": "text"}),
    "listHandoffComments": ("handoff", PARTIES, None),
    "listHandoffEvents": ("handoff", PARTIES, None),
    "readUpload": ("upload", OWNER, None),
    "abortUpload": ("upload", OWNER, None),
    "completeUpload": ("upload", OWNER, None),
}

# Bodies that are no JSON, and answers that need more than the object: the tests of their own say who gets them.
ELSEWHERE = {"viewAgentDesktop": "agent_desktops_test", "pushSession": "session_archives_test", "openUpload": "session_uploads_test", "putPart": "session_uploads_test", "readRetrievalLog": "session_archives_test",
             "readAudit": "session_audits_test", "readLatestAudit": "session_audits_test", "dismissFinding": "session_audits_test",
             "changeBookmarkFolder": "bookmarks_test", "removeBookmarkFolder": "bookmarks_test", "listBookmarkedSessions": "bookmarks_test", "removeBookmark": "bookmarks_test"}

# There is nothing to cancel in what has ended: 404 for those who may.
ENDED = {"cancelRun", "cancelSyncSession"}
# A session of the agent without a box has no files and shells to show: 404 for those who may.
BOXLESS = {"readAgentSessionFile", "readAgentSessionShell"}
# What was removed for good, and what never was, is gone: 410.
GONE = {"restoreSession"}


class ObjectRights(Family):
    MODULES = ["agent", "auth", "files", "scheduler", "skills", "sync"]
    OPTIONS = {"agent.sandbox": "off", "identity.csrf_exempt_bearer": "true", "identity.platform_access_ttl": "12h"}

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
                "path": {"org_id": org, "user_id": member.id, "invite_id": invite, "key_id": key["id"]}, "member": member.id, "other": other.id, "owner": owner, "key": key}

    def offer(self):
        made = self.organisation()
        made["path"]["transfer_id"] = self.good(made["owner"].post(f"/orgs/{made['path']['org_id']}/owner/transfer", {"to_user_id": made["member"]}), 201)["id"]
        return made

    def service_key(self):
        return self.organisation()

    def team(self):
        """One with the member in it."""
        made = self.organisation()
        team = self.good(made["owner"].post("/teams", {"name": "Night shift", "slug": f"night-{next(numbers)}"}), 201)["id"]
        self.good(made["owner"].post(f"/teams/{team}/members", {"user_id": made["member"]}), 201)
        made["path"]["team_id"] = team
        return made

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

    def agent_session(self):
        return self.holder(lambda caller: {"session_id": self.good(support.request(self.server, "POST", "/api/sessions", {}, token=caller.token))["data"]["session_id"]})

    def agent_thread(self):
        """Without a model none begins, so that its row is made here."""
        def path(caller):
            thread = str(uuid.uuid4())
            zeros = ("unread", "listed_at", "created_at", "last_ms", "last_seq", "events", "bytes", "task_ms", "task_seq", "lease_until")
            self.sql(f"INSERT INTO agent_sessions (id, kind, owner, title, status, latest_message, used_at, run, server, progress, {', '.join(zeros)}) VALUES "
                     f"('{thread}', 'thread', '{caller.id}', 'T', 'completed', '', 9000000000000000, '', '', '{{}}', {', '.join('0' for _ in zeros)})")
            return {"session_id": thread}
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

    def mcp_server(self):
        def path(_):
            name = f"server{next(numbers)}"
            self.good(support.request(self.server, "POST", "/api/app-config/mcp-servers", {"mcpServers": {name: {"command": "x", "enabled": False}}}, token=self.root))
            return {"server_name": name}
        return self.holder(path)

    def a2a_server(self):
        def path(_):
            self.good(support.request(self.server, "POST", "/api/app-config/a2a-servers", {"base_url": "http://127.0.0.1:9"}, token=self.root))
            return {"a2a_id": self.good(support.request(self.server, "GET", "/api/app-config/a2a-servers", token=self.root))["data"]["a2a_servers"][-1]["id"]}
        return self.holder(path)

    def pushed(self, caller):
        """What stands in the path of a session that was pushed."""
        session = new_id()
        content = archive(TALK, manifest(), workspace={"git": {}}, members={"tools.json": b"{}"})
        self.good(SessionFamily.sync(caller, session, content), 201)
        return {"session_id": session, "status": "queued"}

    def captured_session(self):
        return self.holder(self.pushed)

    def share_link(self):
        def path(caller):
            made = self.pushed(caller)
            return {**made, "link_id": self.good(caller.post(f"/sessions/{made['session_id']}/share", {}), 201)["link_id"]}
        return self.holder(path)

    def handoff(self):
        recipient = self.account()
        made = self.holder(lambda caller: {"handoff_id": self.good(
            caller.post("/handoffs", {"session_id": self.pushed(caller)["session_id"], "recipient_email": recipient.email}), 201)["id"]})
        made["callers"]["recipient"] = recipient.token
        return made

    def upload(self):
        return self.holder(lambda caller: {"upload_id": self.good(caller.post(f"/sessions/{new_id()}/uploads", {"total_size": 10, "sha256": "0" * 64}), 201)["upload_id"]})

    MAKERS = {"organisation": organisation, "offer": offer, "team": team, "service key": service_key, "key": key, "file": file, "agent session": agent_session, "agent thread": agent_thread, "account": account_object, "job": job,
              "run": run_object, "session": session, "skill": skill, "mcp server": mcp_server, "a2a server": a2a_server,
              "captured session": captured_session, "share link": share_link, "handoff": handoff, "upload": upload}

    # Calls.

    def call(self, operation, thing, token):
        method, path = self.operations[operation]
        path = re.sub(r"\{(\w+)\}", lambda name: str(thing["path"][name.group(1)]), path)
        body = ALLOWED[operation][2]
        if body is not None:
            body = json.loads(json.dumps(body).replace("{member}", thing.get("member", "")).replace("{other}", thing.get("other", "")))
        return support.request(self.server, method, path, body, token=token)

    def is_refused(self, operation, answer):
        """By the status, or by the code of the agent platform, whose refusals of objects may go out with 200."""
        status = answer.status
        if status == 200 and answer.headers["Content-Type"].startswith("application/json") and isinstance(answer.json(), dict):
            code = answer.json().get("code")
            status = code if isinstance(code, int) and "msg" in answer.json() else status
        return status in (401, 403) or status == 404 and operation not in ENDED | BOXLESS or status == 410 and operation in GONE

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
        self.assertEqual(set(ALLOWED) | set(ELSEWHERE), set(self.operations))

    def test_only_those_who_may_touch_an_object_do(self):
        for operation in ALLOWED:
            with self.subTest(operation):
                self.check(operation)
