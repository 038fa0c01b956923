"""Projects for end-to-end tests: their callers, organisations and service keys."""
from captured_sessions import TALK, SessionFamily, archive, manifest
from organisations import PRICING, Caller, numbers


class ProjectFamily(SessionFamily):
    """A server with the module `projects` and those that it asks."""

    MODULES = ["auth", "scheduler", "sync", "projects"]
    OPTIONS = {"identity.upgrade_url": PRICING}

    def project(self, caller, org=None, remote=None, **more):
        """A new project of the caller, or of the caller's organisation; its JSON."""
        body = {"name": "Shop", "git_remote_normalized": remote or f"acme/shop{next(numbers)}", **more}
        if org:
            body["org_id"] = org
        answer = caller.post("/projects", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def team(self, tier="team"):
        """(The owner of an organisation of that tier, its id, a project of it)."""
        owner, org = self.org()
        self.set_tier(org, tier)
        return owner, org, self.project(owner, org)

    def set_tier(self, org, tier):
        answer = self.account(role="super_admin").put(f"/admin/orgs/{org}/tier", {"tier": tier})
        self.assertEqual(answer.status, 200, answer)

    def push_of(self, caller, project):
        """A captured session of the project's repository; its id."""
        return self.push(caller, content=archive(TALK, manifest(), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}}))

    def reader(self, project):
        """Somebody who shares a captured session of the project's repository, and no more."""
        caller = self.account("enterprise")
        self.push_of(caller, project)
        return caller

    def key(self, admin, org, *scopes, **fields):
        """A caller with a new service key of the organisation."""
        answer = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": list(scopes), **fields})
        self.assertEqual(answer.status, 201, answer)
        made = Caller(self.server, answer.json()["key"], admin.id, admin.email)
        made.key_id = answer.json()["id"]
        return made

    def assertUpgrade(self, answer, feature, current, required, **more):
        self.assertCode(answer, 403, "upgrade_required", "This feature needs a higher tier", feature=feature, current_tier=current, required_tier=required,
                        upgrade_url=PRICING, **more)

    def audited(self, target):
        return [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE target = '{target}' ORDER BY at, id")]

    def assertField(self, answer, message, *location):
        """A field that breaks a rule of the operation's own."""
        error = answer.json()["error"]
        self.assertEqual((answer.status, error["code"], error["message"]), (422, "422", message), answer)
        self.assertEqual([tuple(one["loc"]) for one in error["details"]["errors"]], [location])
