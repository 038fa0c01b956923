"""Projects that go to an organisation or to a person, and what becomes of them when a member or an account goes."""
import concurrent.futures
import re
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
NOWHERE = "proj_0000000000000000"
NOT_PENDING, NOT_YOURS = "The transfer does not wait any more", "The transfer does not wait for you"
WHO = "Only the owner of a personal project transfers it, and administrators those of their organisation"


class Transfers:
    """The tests; subclasses choose the database."""

    def transfer(self, caller, project, to, **body):
        answer = caller.post(f"/projects/{project['id']}/transfer", {"to": to, **body})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def org_of(self, caller, project):
        return caller.get(f"/projects/{project['id']}").json()["org_id"]

    def test_into_ones_own_organisation_at_once_and_back_when_the_owner_agrees(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project = self.project(bob)
        done = self.transfer(bob, project, org)
        self.assertTrue(re.fullmatch(r"xfer_[0-9a-f]{16}", done["id"]))
        self.assertRegex(done["created_at"], MICROS)
        self.assertEqual(done, {"id": done["id"], "project_id": project["id"], "project_git_remote_snapshot": project["git_remote_normalized"], "project_name_snapshot": "Shop",
                                "initiated_by": bob.id, "target_user_id": bob.id, "from_scope": "personal", "to_scope": org, "state": "accepted", "accepted_by": bob.id,
                                "proposed_by_user_id": None, "proposed_by_name": None, "proposal_reason": None, "expires_at": None, "created_at": done["created_at"],
                                "accepted_at": done["accepted_at"], "updated_at": done["updated_at"]})
        self.assertEqual(self.org_of(ada, project), org)

        waiting = self.transfer(ada, project, "personal")
        self.assertEqual((waiting["state"], waiting["target_user_id"], waiting["accepted_at"]), ("pending", bob.id, None))
        self.assertEqual(self.org_of(ada, project), org)
        self.assertOk(bob.get("/transfers?state=pending"), {"transfers": [waiting]})
        self.assertOk(ada.get("/transfers?direction=outgoing"), {"transfers": [waiting]})
        self.assertCode(ada.post(f"/projects/{project['id']}/transfer", {"to": "personal"}), 409, "transfer_pending", "Another transfer of the project waits",
                        transfer_id=waiting["id"])
        self.assertPlain(ada.post(f"/transfers/{waiting['id']}/accept"), 403, NOT_YOURS)
        self.assertPlain(ada.post(f"/transfers/{waiting['id']}/reject"), 403, NOT_YOURS)
        self.assertPlain(bob.post(f"/transfers/{waiting['id']}/cancel"), 403, NOT_YOURS)
        accepted = bob.post(f"/transfers/{waiting['id']}/accept/")
        self.assertEqual((accepted.status, accepted.json()["state"], accepted.json()["accepted_by"]), (200, "accepted", bob.id))
        self.assertEqual(self.org_of(bob, project), None)
        for verb, caller in (("accept", bob), ("reject", bob), ("cancel", ada)):
            self.assertPlain(caller.post(f"/transfers/{waiting['id']}/{verb}"), 409, NOT_PENDING)
        self.assertEqual(self.audited("project:" + project["id"]), ["projects.created", "projects.transferred", "projects.transfer_started", "projects.transferred"])

    def test_a_transfer_is_rejected_or_taken_back(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project = self.project(bob, org)
        first = self.transfer(ada, project, "personal")
        self.assertEqual(bob.post(f"/transfers/{first['id']}/reject").json()["state"], "rejected")
        second = self.transfer(ada, project, "personal")
        self.assertEqual(ada.post(f"/transfers/{second['id']}/cancel").json()["state"], "cancelled")
        self.assertEqual([one["state"] for one in bob.get("/transfers").json()["transfers"]], ["cancelled", "rejected"])
        self.assertEqual([one["id"] for one in bob.get("/transfers?state=rejected").json()["transfers"]], [first["id"]])
        self.assertEqual(self.org_of(bob, project), org)
        for verb in ("accept", "reject", "cancel"):
            self.assertPlain(bob.post(f"/transfers/xfer_0000000000000000/{verb}"), 404, "Transfer not found")
        self.assertInvalid(bob.get("/transfers?direction=sideways"), ("query", "direction"))
        self.assertInvalid(bob.get("/transfers?state=lost"), ("query", "state"))

    def test_who_may_start_what(self):
        ada, org, project = self.team()
        bob, foreign = self.member(ada), self.org("team")[1]
        own = self.project(bob)
        path = f"/projects/{project['id']}/transfer"
        self.assertPlain(bob.post(path, {"to": "personal"}), 403, WHO)
        self.assertPlain(self.reader(project).post(path, {"to": "personal"}), 403, WHO)
        self.assertPlain(self.account().post(path, {"to": "personal"}), 403)
        self.assertPlain(ada.post(path, {"to": org}), 400, "The project belongs there already")
        self.assertPlain(bob.post(f"/projects/{own['id']}/transfer", {"to": "personal"}), 400, "The project belongs there already")
        self.assertPlain(ada.post(path, {"to": "org_none"}), 404, "Organisation not found")
        self.assertPlain(ada.post(path, {"to": foreign}), 403, "You are not a member of that organisation")
        self.assertPlain(ada.post(f"/projects/{NOWHERE}/transfer", {"to": org}), 404, "Project not found")
        self.assertInvalid(ada.post(path, {}), ("body", "to"))
        self.sql(f"UPDATE mortise_orgs SET tier = 'starter' WHERE id = '{org}'")
        self.assertUpgrade(bob.post(f"/projects/{own['id']}/transfer", {"to": org}), "project_context", "starter", "pro")

    def test_accepted_once_by_many_at_once(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project = self.project(bob, org)
        waiting = self.transfer(ada, project, "personal")
        calls = [lambda: bob.post(f"/transfers/{waiting['id']}/accept"), lambda: bob.post(f"/transfers/{waiting['id']}/reject"),
                 lambda: ada.post(f"/transfers/{waiting['id']}/cancel")] * 2
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = sorted(pool.map(lambda call: call().status, calls))
        self.assertEqual(answers, [200, 409, 409, 409, 409, 409])
        state = bob.get("/transfers").json()["transfers"][0]["state"]
        self.assertEqual(self.org_of(bob, project), None if state == "accepted" else org)

    def test_an_administrator_proposes_and_the_owner_agrees(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project, foreign = self.project(bob), self.project(self.account())
        path = f"/orgs/{org}/projects/{project['id']}/propose-transfer"
        self.assertRole(bob.post(path, {"reason": "r"}), "member")
        self.assertRole(self.account().post(path, {"reason": "r"}), "none")
        self.assertPlain(ada.post(f"/orgs/org_none/projects/{project['id']}/propose-transfer", {"reason": "r"}), 404, "Organisation not found")
        self.assertPlain(ada.post(f"/orgs/{org}/projects/{foreign['id']}/propose-transfer", {"reason": "r"}), 404, "Project not found")
        self.assertPlain(ada.post(f"/orgs/{org}/projects/{NOWHERE}/propose-transfer", {"reason": "r"}), 404, "Project not found")
        for wrong in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 1001}):
            self.assertInvalid(ada.post(path, wrong), ("body", "reason"))
        answer = ada.post(path, {"reason": " We all work in it. "})
        proposal = answer.json()
        self.assertEqual((answer.status, proposal), (200, {"transfer_id": proposal["transfer_id"], "project_id": project["id"], "status": "pending", "expires_at": proposal["expires_at"]}))
        shown = bob.get("/transfers").json()["transfers"][0]
        self.assertEqual([shown[name] for name in ("id", "proposed_by_user_id", "proposal_reason", "initiated_by", "target_user_id", "state")],
                         [proposal["transfer_id"], ada.id, "We all work in it.", ada.id, bob.id, "pending"])
        self.assertTrue(shown["proposed_by_name"])
        self.assertEqual(bob.post(f"/transfers/{shown['id']}/accept").json()["state"], "accepted")
        self.assertEqual(self.org_of(bob, project), org)
        self.assertPlain(ada.post(path, {"reason": "r"}), 400, "The project belongs there already")

    def test_a_proposal_expires(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project = self.project(bob)
        path = f"/orgs/{org}/projects/{project['id']}/propose-transfer"
        old = ada.post(path, {"reason": "r"}).json()["transfer_id"]
        self.sql(f"UPDATE projects_transfers SET expires_at = 1 WHERE id = '{old}'")
        self.assertEqual([one["state"] for one in bob.get("/transfers").json()["transfers"]], ["expired"])
        self.assertEqual([one["id"] for one in bob.get("/transfers?state=expired").json()["transfers"]], [old])
        self.assertEqual(bob.get("/transfers?state=pending").json()["transfers"], [])
        self.assertPlain(bob.post(f"/transfers/{old}/accept"), 409, "The time of the transfer is over")
        self.assertEqual(ada.post(path, {"reason": "r"}).status, 200, "it makes way for another one")

    def test_an_administrator_of_the_server_moves_a_project(self):
        ada, org = self.org("team")
        bob, stranger, admin = self.member(ada), self.account(), self.account("admin")
        project = self.project(stranger)
        path = f"/admin/projects/{project['id']}/force-transfer"
        good = {"to_org_id": org, "reason": "ticket 812", "new_owner_id": bob.id}
        self.assertEqual(ada.post(path, good).status, 403)
        self.assertPlain(admin.post(path, {"to_org_id": org, "reason": "r"}), 422, "The owner has to be a member of the organisation; name one as new_owner_id")
        self.assertPlain(admin.post(path, {**good, "to_org_id": "org_none"}), 404, "Organisation not found")
        self.assertPlain(admin.post(path, {**good, "expected_org_id": org}), 409, "The project belongs elsewhere by now")
        self.assertInvalid(admin.post(path, {**good, "reason": " "}), ("body", "reason"))
        answer = admin.post(path, {**good, "expected_org_id": None})
        done = answer.json()
        self.assertEqual((answer.status, done), (200, {"status": "transferred", "project_id": project["id"], "from_scope": "personal", "to_org_id": org, "transfer_id": done["transfer_id"],
                                                       "cancelled_transfer_ids": [], "previous_owner_id": stranger.id, "owner_id": bob.id}))
        shown = bob.get(f"/projects/{project['id']}").json()
        self.assertEqual((shown["org_id"], shown["owner_id"]), (org, bob.id))
        self.assertEqual(stranger.get(f"/projects/{project['id']}").status, 403)
        self.assertPlain(admin.post(path, good), 400, "The project belongs there already")

    def test_personas_that_tickets_need_hold_a_project_back(self):
        ada, org, project = self.team()
        self.assertEqual(ada.post(f"/orgs/{org}/personas", {"name": "Reviewer", "role": "Reviews"}).status, 201)
        ticket = ada.post(f"/projects/{project['id']}/tickets", {"title": "Look at it", "assigned_to": "reviewer"})
        self.assertEqual(ticket.status, 201, ticket)
        answer = ada.post(f"/projects/{project['id']}/transfer", {"to": "personal"})
        error = answer.json()["error"]
        self.assertEqual((answer.status, error["code"], error["details"]),
                         (409, "personas_stranded", {"error": "personas_stranded", "personas": [{"persona": "Reviewer", "ticket_ids": [ticket.json()["id"]]}]}))
        self.assertEqual(ada.get("/transfers").json()["transfers"], [], "nothing of it stays")
        self.assertEqual(self.transfer(ada, project, "personal", force=True)["state"], "accepted")

    # --- members and accounts that go

    def test_a_member_who_is_removed_hands_projects_over(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        one, two, own = self.project(bob, org), self.project(bob, org), self.project(bob)
        self.transfer(ada, one, "personal")
        self.assertEqual(ada.post(f"/orgs/{org}/projects/{own['id']}/propose-transfer", {"reason": "r"}).status, 200)
        group = ada.post(f"/orgs/{org}/groups", {"name": "Group"}).json()["id"]
        ada.put(f"/orgs/{org}/groups/{group}/members/{bob.id}", {"role": "admin"})
        self.assertOk(ada.delete(f"/org/members/{bob.id}"), {"removed": bob.id, "projects_transferred": 2, "pending_transfers_cancelled": 2})
        for project in (one, two):
            self.assertEqual(ada.get(f"/projects/{project['id']}").json()["owner_id"], ada.id)
            self.assertEqual(bob.get(f"/projects/{project['id']}").status, 403)
        self.assertEqual(bob.get(f"/projects/{own['id']}").json()["owner_id"], bob.id)
        self.assertEqual([one["state"] for one in bob.get("/transfers").json()["transfers"]], ["cancelled", "cancelled"])
        handed = [one for one in ada.get("/transfers").json()["transfers"] if one["state"] == "accepted"]
        self.assertEqual(len(handed), 2)
        self.assertEqual((handed[0]["from_scope"], handed[0]["to_scope"], handed[0]["accepted_by"]), (org, org, ada.id))
        self.assertEqual(ada.get(f"/orgs/{org}/groups/{group}").json()["members"], [])
        self.assertEqual(str(self.sql(f"SELECT member_count FROM projects_groups WHERE id = '{group}'")[0][0]), "0")

    def test_a_removed_account_leaves_its_projects_to_the_organisation(self):
        ada, org = self.org("team")
        bob = self.member(ada)
        project, own = self.project(bob, org), self.project(bob)
        root = self.account(role="super_admin")
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{bob.id}", token=root.token).json()["code"], 200)
        support.wait_until(lambda: ada.get(f"/projects/{project['id']}").json()["owner_id"] == ada.id, 20, "the organisation's project has another owner")
        support.wait_until(lambda: not self.sql(f"SELECT id FROM projects_projects WHERE id = '{own['id']}'"), 20, "the personal project is gone")

    def test_a_removed_organisation_leaves_its_projects_to_their_owners(self):
        (ada, org), (eve, kept) = self.org("team"), self.org("team")
        bob = self.member(ada)
        project, proposed = self.project(bob, org), self.project(bob)
        for transfer in (ada.post(f"/projects/{project['id']}/transfer", {"to": "personal"}), ada.post(f"/orgs/{org}/projects/{proposed['id']}/propose-transfer", {"reason": "Ours"})):
            self.assertEqual(transfer.status, 200, transfer)
        for caller, one in ((ada, org), (eve, kept)):
            group = caller.post(f"/orgs/{one}/groups", {"name": "Shops", "slug": "shops"}).json()
            self.assertEqual(caller.post(f"/orgs/{one}/personas", {"name": "reviewer", "role": "r", "represented_user": caller.id}).status, 201)
            self.assertEqual(caller.post(f"/orgs/{one}/trusted-reviewers", {"user_id": caller.id}).status, 201)
            if one == org:
                self.assertEqual(caller.put(f"/orgs/{one}/groups/{group['id']}/projects/{project['id']}", b"").status, 200)
        self.sql(f"INSERT INTO projects_entitlements (id, owner_type, owner_id, source, subscription_id, tier, seats, storage_bytes, status, provider_status, cancel_wanted, revision, "
                 f"started_at, created_at, updated_at) VALUES ('ent_{org}', 'org', '{org}', 'stripe', 'sub_{org}', 'team', 5, 0, 'active', 'active', 0, 1, 1, 1, 1)")
        for table in ("mortise_org_members", "mortise_orgs"):
            self.sql(f"DELETE FROM {table} WHERE {'id' if table == 'mortise_orgs' else 'org_id'} = '{org}'")
        self.run_job("forget_orgs", "projects")
        support.wait_until(lambda: self.audited(f"org:{org}")[-1:] == ["projects.org_forgotten"], 30, "the job to settle what the organisation left")
        count = lambda table, one: int(self.sql(f"SELECT COUNT(*) FROM {table} WHERE org_id = '{one}'")[0][0])
        for table in ("projects_projects", "projects_groups", "projects_personas", "projects_trusted_reviewers"):
            self.assertEqual(count(table, org), 0, table)
        for table in ("projects_groups", "projects_personas", "projects_trusted_reviewers"):
            self.assertEqual(count(table, kept), 1, table)
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM projects_group_projects WHERE project_id = '{project['id']}'"), [["0"]])
        self.assertEqual(self.sql(f"SELECT owner_id FROM projects_projects WHERE id = '{project['id']}'"), [[bob.id]])
        self.assertEqual(self.audited("project:" + project["id"])[-1], "projects.released")
        for one in (project, proposed):
            self.assertEqual(self.sql(f"SELECT state FROM projects_transfers WHERE project_id = '{one['id']}'"), [["cancelled"]])
        self.assertEqual(self.sql(f"SELECT cancel_wanted FROM projects_entitlements WHERE owner_id = '{org}'"), [["1"]])


class OnSqlite(Transfers, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Transfers, OnPostgresDatabase, ProjectFamily):
    """What happens at the same moment: a lock that the test holds makes one request wait in the midst of its transaction."""

    def while_held(self, statement, *calls):
        """Starts the calls one after another while the statement's locks are held, each when the one before it waits; their answers."""
        waiting = lambda: int(self.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])
        with concurrent.futures.ThreadPoolExecutor(len(calls) + 1) as pool:
            holder = pool.submit(self.postgres.sql, f"BEGIN; {statement}; SELECT pg_sleep(4); COMMIT", self.database_name)
            support.wait_until(lambda: self.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), 20, "the lock is held")
            answers = []
            for n, call in enumerate(calls):
                answers.append(pool.submit(call))
                if n + 1 < len(calls):
                    support.wait_until(lambda: waiting() > n or answers[-1].done(), 20, "the call waits for the lock")
            holder.result()
            return [answer.result() for answer in answers]

    def test_a_member_who_leaves_while_something_is_given_has_nothing_afterwards(self):
        ada, org = self.org("team")
        group = ada.post(f"/orgs/{org}/groups", {"name": "Group"}).json()["id"]
        body = {"name": "Shop", "git_remote_normalized": "acme/leaving", "org_id": org}
        for what, table, give in (("a new project", "projects_repos", lambda bob, own: bob.post("/projects", body)),
                                  ("a transfer", "projects_changes", lambda bob, own: bob.post(f"/projects/{own['id']}/transfer", {"to": org})),
                                  ("a review", "projects_trusted_reviewers", lambda bob, own: ada.post(f"/orgs/{org}/trusted-reviewers", {"user_id": bob.id})),
                                  ("a group", "projects_group_members", lambda bob, own: ada.put(f"/orgs/{org}/groups/{group}/members/{bob.id}", {"role": "reader"}))):
            with self.subTest(what):
                bob = self.member(ada)
                own = self.project(bob)
                given, removed = self.while_held(f"LOCK TABLE {table} IN EXCLUSIVE MODE", lambda: give(bob, own), lambda: ada.delete(f"/org/members/{bob.id}"))
                self.assertIn(given.status, (200, 201), given)
                self.assertEqual(removed.status, 200, removed)
                self.assertEqual(self.sql(f"SELECT id FROM projects_projects WHERE org_id = '{org}' AND owner_id = '{bob.id}'"), [])
                self.assertEqual(self.sql(f"SELECT group_id FROM projects_group_members WHERE user_id = '{bob.id}'"), [])
                self.assertEqual(self.sql(f"SELECT id FROM projects_trusted_reviewers WHERE user_id = '{bob.id}' AND is_active = 1"), [])

    def test_a_project_that_goes_to_another_owner_meanwhile_is_not_removed_with_the_account(self):
        bob, carol = self.account(), self.account()
        project = self.project(bob)
        root = self.account(role="super_admin")

        def remove():
            answer = support.request(self.server, "DELETE", f"/api/admin/users/{bob.id}", token=root.token)
            support.wait_until(lambda: self.sql("SELECT 1 FROM pg_locks WHERE NOT granted"), 20, "the job waits for the project that it has listed")
            return answer

        self.while_held(f"UPDATE projects_projects SET owner_id = '{carol.id}' WHERE id = '{project['id']}'", remove)
        jobs = "/api/v1/scheduler/jobs/projects.forget_users/actions/run"
        support.wait_until(lambda: support.request(self.server, "POST", jobs, token=root.token).status == 200, 20, "the job runs again, and ends")
        self.assertEqual(carol.get(f"/projects/{project['id']}").status, 200)


if __name__ == "__main__":
    unittest.main()
