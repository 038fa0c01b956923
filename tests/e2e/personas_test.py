"""Personas of projects and organisations: who may see, make and change them, what a name means where, and when one can't be put away."""
import concurrent.futures
import re
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
FIELDS = ["content", "created_at", "created_by", "id", "is_active", "name", "org_id", "project_id", "represented_user_id", "role", "scope", "specializations",
          "updated_at", "version"]
NO_PERSONA, IN_USE, TAKEN = "No such persona", "A ticket, run or handoff that is not over needs this persona", "A persona has that name already, active or not"


class Personas:
    """The tests; subclasses choose the database."""

    def make(self, caller, holder, status=201, **body):
        """`holder`: a project's JSON, or an organisation's id."""
        path = f"/orgs/{holder}/personas" if isinstance(holder, str) else f"/projects/{holder['id']}/personas"
        answer = caller.post(path, {"name": "reviewer", "role": "Reviews", **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def names(self, answer):
        self.assertEqual(answer.status, 200, answer)
        return [one["name"] for one in answer.json()]

    def test_a_persona_is_made_read_and_listed(self):
        ada, org, project = self.team("pro")
        made = self.make(ada, project, name="  Code_Reviewer-1 ", role="Reviews code", content="Read it.\nAll.", specializations=["security", "übersicht"], unknown=1)
        self.assertTrue(re.fullmatch(r"per_[0-9a-f]{16}", made["id"]))
        self.assertRegex(made["created_at"], MICROS)
        self.assertEqual(made, {"id": made["id"], "project_id": project["id"], "name": "Code_Reviewer-1", "role": "Reviews code", "content": "Read it.\nAll.",
                                "specializations": ["security", "übersicht"], "is_active": True, "version": 1, "created_by": ada.id, "created_at": made["created_at"],
                                "updated_at": made["created_at"], "org_id": None, "scope": "project", "represented_user_id": None})
        path = f"/projects/{project['id']}/personas"
        self.assertOk(ada.get(f"{path}/Code_Reviewer-1"), made)
        self.assertOk(ada.get(f"{path}/CODE_reviewer-1/"), made)
        self.assertOk(ada.get(path), [made])
        least = self.make(ada, project, name="a", role="r")
        self.assertEqual((least["content"], least["specializations"]), ("", []))
        self.assertEqual(self.names(ada.get(path + "/")), ["Code_Reviewer-1", "a"])
        self.assertPlain(ada.get(f"{path}/nobody"), 404, NO_PERSONA)
        self.assertEqual(self.audited("persona:" + made["id"]), ["projects.persona_created"])

    def test_what_breaks_a_rule(self):
        ada, _, project = self.team("pro")
        path = f"/projects/{project['id']}/personas"
        for wrong, *field in (({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "a b"}, "name"), ({"name": "ä"}, "name"), ({"name": "x" * 51}, "name"),
                              ({"name": "a/b"}, "name"), ({"name": None}, "name"), ({"role": ""}, "role"), ({"role": "x" * 101}, "role"),
                              ({"content": "x" * 200001}, "content"), ({"specializations": ["x"] * 51}, "specializations"),
                              ({"specializations": ["x" * 101]}, "specializations", 0), ({"specializations": "x"}, "specializations")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(ada.post(path, {"name": "reviewer", "role": "Reviews", **wrong}), ("body", *field))
        self.assertInvalid(ada.post(path, {}), ("body", "name"), ("body", "role"))
        self.assertEqual(ada.get(path).json(), [])
        self.make(ada, project, name="x" * 50, role="x" * 100)

    def test_a_name_is_taken_in_any_case_also_by_an_inactive_one(self):
        ada, _, project = self.team("pro")
        path = f"/projects/{project['id']}/personas"
        self.make(ada, project, name="Reviewer")
        self.assertPlain(self.make(ada, project, 409, name="reviewer"), 409, TAKEN)
        self.assertEqual(ada.delete(f"{path}/Reviewer").status, 204)
        self.assertPlain(self.make(ada, project, 409, name="REVIEWER"), 409, TAKEN)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda name: ada.post(path, {"name": name, "role": "r"}).status, ["race", "Race", "RACE", "race"]))
        self.assertEqual(answers, [201, 409, 409, 409])

    def test_a_change_is_a_version_and_nothing_is_none(self):
        ada, _, project = self.team("pro")
        made = self.make(ada, project, content="Old.", specializations=["a"])
        path = f"/projects/{project['id']}/personas/reviewer"
        self.assertOk(ada.put(path, {}), made)
        self.assertOk(ada.put(path, {"role": "Reviews", "content": None}), made)
        changed = ada.put(path, {"role": "Audits", "content": "", "specializations": [], "name": "ignored"})
        self.assertOk(changed, {**made, "role": "Audits", "content": "", "specializations": [], "version": 2, "updated_at": changed.json()["updated_at"]})
        self.assertGreater(changed.json()["updated_at"], made["updated_at"])
        self.assertInvalid(ada.put(path, {"role": ""}), ("body", "role"))
        self.assertPlain(ada.put(path + "x", {"role": "x"}), 404, NO_PERSONA)

    def test_deleting_puts_away_and_a_change_brings_back(self):
        ada, _, project = self.team("pro")
        self.make(ada, project)
        path = f"/projects/{project['id']}/personas"
        gone = ada.delete(f"{path}/Reviewer")
        self.assertEqual((gone.status, gone.body), (204, b""))
        for answer in (ada.get(f"{path}/reviewer"), ada.delete(f"{path}/reviewer")):
            self.assertPlain(answer, 404, NO_PERSONA)
        self.assertEqual(ada.get(path).json(), [])
        listed = ada.get(f"{path}?include_inactive=true").json()
        self.assertEqual([(one["is_active"], one["version"]) for one in listed], [(False, 2)])
        self.assertEqual(ada.put(f"{path}/reviewer", {"is_active": True}).json()["version"], 3)
        self.assertEqual(ada.get(f"{path}/reviewer").json()["is_active"], True)

    def test_one_that_a_run_needs_is_put_away_by_force_alone(self):
        ada, _, project = self.team()
        self.make(ada, project)
        path, runs = f"/projects/{project['id']}/personas/reviewer", f"/projects/{project['id']}/agent-runs"
        run = ada.post(runs, {"persona_name": "Reviewer"}).json()["id"]
        for state in ("queued", "running"):
            self.assertPlain(ada.delete(path), 409, IN_USE)
            self.assertPlain(ada.put(path, {"is_active": False}), 409, IN_USE)
            if state == "queued":
                self.assertEqual(ada.post(f"{runs}/{run}/start").status, 200)
        self.assertEqual(ada.put(f"{path}?force=true", {"is_active": False}).status, 200)
        self.assertEqual(ada.put(path, {"is_active": True}).status, 200)
        self.assertEqual(ada.delete(f"{path}?force=true").status, 204)
        self.assertEqual(ada.put(path, {"is_active": True}).status, 200)
        self.assertEqual(ada.post(f"{runs}/{run}/cancel").status, 200)
        self.assertEqual(ada.delete(path).status, 204)

    def test_one_that_a_ticket_needs_is_put_away_by_force_alone(self):
        ada, _, project = self.team()
        self.make(ada, project)
        path, tickets = f"/projects/{project['id']}/personas/reviewer", f"/projects/{project['id']}/tickets"
        ticket = ada.post(tickets, {"title": "Fix", "assigned_to": "REVIEWER"}).json()
        self.assertEqual(ticket["assigned_to"], "reviewer", ticket)
        self.assertPlain(ada.delete(path), 409, IN_USE)
        self.assertEqual(ada.post(f"{tickets}/{ticket['id']}/dismiss").status, 200)
        self.assertEqual(ada.delete(path).status, 204)

    def test_one_that_a_handoff_needs_is_put_away_by_force_alone(self):
        ada, _, project = self.team("enterprise")
        self.make(ada, project)
        session = self.push_of(ada, project)
        answer = ada.post("/handoffs", {"session_id": session, "recipient_email": "grace@example.com", "persona_name": "REVIEWER"})
        self.assertEqual(answer.status, 201, answer)
        self.assertPlain(ada.delete(f"/projects/{project['id']}/personas/reviewer"), 409, IN_USE)
        self.assertEqual(ada.post(f"/handoffs/{answer.json()['id']}/revoke", {"reason": "no"}).status, 200)
        self.assertEqual(ada.delete(f"/projects/{project['id']}/personas/reviewer").status, 204)

    def test_who_may_what(self):
        ada, org, project = self.team("pro")
        self.make(ada, project)
        member, stranger, reader, admin = self.member(ada), self.account("enterprise"), self.reader(project), self.account("admin")
        path = f"/projects/{project['id']}/personas"
        reads = [lambda who: who.get(path), lambda who: who.get(f"{path}/reviewer")]
        writes = [lambda who: who.post(path, {"name": "new", "role": "r"}), lambda who: who.put(f"{path}/reviewer", {"role": "r"}), lambda who: who.delete(f"{path}/new")]
        for call in (*reads, *writes):
            self.assertLess(call(member).status, 300)
            self.assertPlain(call(stranger), 403, "The project is not yours, nor your organisation's, and you have no session of it")
            self.assertPlain(call(admin), 403)
        for call in reads:
            self.assertEqual(call(reader).status, 200)
        for call in writes:
            self.assertCode(call(reader), 403, "project_edit_forbidden", "Whoever only shares a session of the project can't change this")
        for call in (lambda: ada.get("/projects/proj_0000000000000000/personas"), lambda: ada.post("/projects/proj_0000000000000000/personas", {"name": "a", "role": "r"})):
            self.assertPlain(call(), 404)
        self.assertEqual(support.request(self.server, "GET", "/api/v1" + path).status, 401)

    def test_the_projects_plan_pays(self):
        ada, org, project = self.team("pro")
        poor = self.member(ada, tier="free")
        self.assertEqual(poor.get(f"/projects/{project['id']}/personas").status, 200)
        self.set_tier(org, "starter")
        for call in (lambda: poor.get(f"/projects/{project['id']}/personas"), lambda: ada.post(f"/projects/{project['id']}/personas", {"name": "a", "role": "r"})):
            self.assertUpgrade(call(), "agent_personas", "starter", "pro", plan_scope="project", project_id=project["id"])
        self.assertInvalid(ada.post(f"/projects/{project['id']}/personas", {}), ("body", "name"), ("body", "role"))
        rich = self.account("pro")
        own = self.project(rich)
        self.assertEqual(self.account(role="super_admin").put(f"/admin/users/{rich.id}/tier", {"tier": "free"}).status, 200)
        self.assertUpgrade(rich.get(f"/projects/{own['id']}/personas"), "agent_personas", "free", "pro", plan_scope="project", project_id=own["id"])

    def test_service_keys(self):
        ada, org, project = self.team("team")
        other = self.project(ada, org)
        eve, foreign = self.org("team")
        self.make(ada, project)
        path = f"/projects/{project['id']}/personas"
        reader, writer = self.key(ada, org, "personas:read"), self.key(ada, org, "personas:write")
        bound, outside = self.key(ada, org, "personas:read", project_ids=[other["id"]]), self.key(eve, foreign, "personas:read", "personas:write")
        for call in (lambda who: who.get(path), lambda who: who.get(f"{path}/reviewer")):
            self.assertEqual(call(reader).status, 200)
            self.assertEqual(call(writer).json()["error"]["details"]["error"], "insufficient_scope")
            self.assertEqual(call(bound).json()["error"]["details"]["error"], "project_not_in_allowlist")
            self.assertEqual(call(outside).json()["error"]["details"], {"error": "cross_org_denied", "key_org_id": foreign, "project_org_id": org})
        made = writer.post(path, {"name": "by-key", "role": "r"})
        self.assertEqual((made.status, made.json()["created_by"]), (201, ada.id))
        self.assertEqual(writer.put(f"{path}/by-key", {"role": "x"}).status, 200)
        self.assertEqual(writer.delete(f"{path}/by-key").status, 204)
        for call in (lambda who: who.post(path, {"name": "no", "role": "r"}), lambda who: who.put(f"{path}/reviewer", {"role": "x"}), lambda who: who.delete(f"{path}/reviewer")):
            self.assertEqual(call(reader).json()["error"]["details"], {"error": "insufficient_scope", "required": ["personas:write"], "current": ["personas:read"]})
            self.assertEqual(call(outside).json()["error"]["details"]["error"], "cross_org_denied")

    def test_a_merged_project_says_where_it_went(self):
        ada, org, project = self.team("pro")
        into = self.project(ada, org)
        self.make(ada, project)
        self.make(ada, into)
        answer = ada.post(f"/projects/{into['id']}/merge", {"source_project_id": project["id"], "dry_run": False})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["persona_renames"], [{"old_name": "reviewer", "new_name": "reviewer-2"}])
        self.assertEqual(self.names(ada.get(f"/projects/{into['id']}/personas")), ["reviewer", "reviewer-2"])
        self.assertEqual(ada.get(f"/projects/{project['id']}/personas").status, 410)

    # --- of organisations

    def test_an_organisation_has_personas_for_its_projects(self):
        ada, org, project = self.team("pro")
        member = self.member(ada)
        made = self.make(ada, org, name="Architect", role="Plans", content="Think.", specializations=["a"], represented_user=member.email.upper())
        self.assertEqual(made, {"id": made["id"], "project_id": None, "name": "Architect", "role": "Plans", "content": "Think.", "specializations": ["a"],
                                "is_active": True, "version": 1, "created_by": ada.id, "created_at": made["created_at"], "updated_at": made["created_at"],
                                "org_id": org, "scope": "org", "represented_user_id": member.id})
        self.assertOk(member.get(f"/orgs/{org}/personas"), [made])
        self.assertOk(member.get(f"/orgs/{org}/personas/architect"), made)
        self.assertOk(member.get(f"/projects/{project['id']}/personas/ARCHITECT"), made)
        own = self.make(ada, project, name="tester")
        self.assertOk(ada.get(f"/projects/{project['id']}/personas"), [made, own])
        self.assertOk(ada.get(f"/projects/{project['id']}/personas?include_org=false"), [own])
        self.assertPlain(self.make(ada, org, 409, name="architect"), 409, TAKEN)
        self.assertPlain(ada.put(f"/projects/{project['id']}/personas/architect", {"role": "x"}), 404, NO_PERSONA)
        self.assertEqual(member.get("/auth/me").json()["represented_personas"],
                         [{"persona_id": made["id"], "name": "Architect", "role": "Plans", "org_id": org, "org_name": "Analytical Engines"}])

    def test_a_projects_own_persona_shadows_the_organisations(self):
        ada, org, project = self.team("pro")
        shared = self.make(ada, org)
        own = self.make(ada, project, name="Reviewer")
        path = f"/projects/{project['id']}/personas"
        self.assertOk(ada.get(path), [own])
        self.assertOk(ada.get(f"{path}/reviewer"), own)
        self.assertEqual(ada.delete(f"{path}/reviewer").status, 204)
        self.assertOk(ada.get(path), [shared])
        self.assertOk(ada.get(f"{path}/reviewer"), shared)

    def test_members_alone_see_the_organisations(self):
        ada, org, project = self.team("pro")
        self.make(ada, org)
        reader = self.reader(project)
        self.assertOk(reader.get(f"/projects/{project['id']}/personas"), [])
        self.assertPlain(reader.get(f"/projects/{project['id']}/personas/reviewer"), 404, NO_PERSONA)
        eve, _ = self.org()
        for who in (reader, eve, self.account("admin")):
            for call in (lambda: who.get(f"/orgs/{org}/personas"), lambda: who.get(f"/orgs/{org}/personas/reviewer"),
                         lambda: who.post(f"/orgs/{org}/personas", {"name": "a", "role": "r"}), lambda: who.put(f"/orgs/{org}/personas/reviewer", {"role": "x"}),
                         lambda: who.delete(f"/orgs/{org}/personas/reviewer"), lambda: who.get("/orgs/org_0000000000000000/personas")):
                self.assertPlain(call(), 404, "Organisation not found")

    def test_administrators_write_and_whom_it_stands_for_says_what_it_does(self):
        ada, org, _ = self.team("pro")
        member, other = self.member(ada), self.member(ada)
        path = f"/orgs/{org}/personas/reviewer"
        made = self.make(ada, org, represented_user=member.id)
        for call in (lambda: other.put(path, {"role": "x"}), lambda: other.delete(path), lambda: member.delete(path), lambda: member.put(path, {"is_active": False}),
                     lambda: member.put(path, {"role": "x", "represented_user": other.id}), lambda: member.post(f"/orgs/{org}/personas", {"name": "a", "role": "r"})):
            self.assertRole(call(), "member")
        changed = member.put(path, {"role": "Mine", "content": "My text", "specializations": ["me"]})
        self.assertOk(changed, {**made, "role": "Mine", "content": "My text", "specializations": ["me"], "version": 2, "updated_at": changed.json()["updated_at"]})
        self.assertEqual(ada.put(path, {"represented_user": ""}).json()["represented_user_id"], None)
        self.assertRole(member.put(path, {"role": "x"}), "member")
        self.assertEqual(ada.put(path, {"represented_user": other.id}).json()["represented_user_id"], other.id)
        self.assertEqual(ada.delete(path).status, 204)
        self.assertPlain(ada.get(path), 404, NO_PERSONA)
        self.assertPlain(ada.delete(path), 404, NO_PERSONA)
        self.assertEqual(len(ada.get(f"/orgs/{org}/personas?include_inactive=true").json()), 1)

    def test_it_stands_for_members_alone(self):
        ada, org, _ = self.team("pro")
        stranger, member = self.account(), self.member(ada)
        for user in (stranger.id, stranger.email, "nobody", "nobody@example.com"):
            self.assertCode(self.make(ada, org, 422, represented_user=user), 422, "represented_user_not_member", "Whom a persona stands for must be a member of the organisation")
        self.make(ada, org, represented_user=member.id)
        self.assertEqual(len(member.get("/auth/me").json()["represented_personas"]), 1)
        self.assertEqual(ada.delete(f"/org/members/{member.id}").status, 200)
        self.assertEqual(member.get("/auth/me").json()["represented_personas"], [])

    def test_an_organisations_persona_that_a_project_needs(self):
        ada, org, project = self.team()
        shadowing = self.project(ada, org)
        self.make(ada, org)
        path = f"/orgs/{org}/personas/reviewer"
        self.make(ada, shadowing)
        shadowed = ada.post(f"/projects/{shadowing['id']}/agent-runs", {"persona_name": "reviewer"})
        self.assertEqual(shadowed.status, 201, shadowed)
        self.assertEqual(ada.delete(path).status, 204, "that run needs the project's own")
        self.assertEqual(ada.put(path, {"is_active": True}).status, 200)
        self.assertEqual(ada.post(f"/projects/{project['id']}/agent-runs", {"persona_name": "reviewer"}).status, 201)
        self.assertPlain(ada.delete(path), 409, IN_USE)
        self.assertEqual(ada.delete(path + "?force=true").status, 204)

    def test_service_keys_of_the_organisation(self):
        ada, org, project = self.team()
        eve, foreign = self.org("team")
        self.make(ada, org)
        reader, writer, outside = self.key(ada, org, "personas:read"), self.key(ada, org, "personas:write"), self.key(eve, foreign, "personas:read", "personas:write")
        self.assertEqual(self.names(reader.get(f"/orgs/{org}/personas")), ["reviewer"])
        self.assertEqual(reader.get(f"/projects/{project['id']}/personas/reviewer").status, 200)
        self.assertEqual(writer.put(f"/orgs/{org}/personas/reviewer", {"role": "x"}).status, 200)
        self.assertEqual(reader.put(f"/orgs/{org}/personas/reviewer", {"role": "x"}).status, 403)
        self.assertPlain(outside.get(f"/orgs/{org}/personas"), 404, "Organisation not found")

    def test_a_key_of_some_projects_changes_none_of_the_organisation(self):
        ada, org, project = self.team()
        self.make(ada, org, represented_user=ada.id)
        bound = self.key(ada, org, "personas:read", "personas:write", project_ids=[project["id"]])
        path = f"/orgs/{org}/personas"
        self.assertEqual(self.names(bound.get(path)), ["reviewer"])
        self.assertEqual(bound.get(path + "/reviewer").status, 200)
        for call in (lambda: bound.post(path, {"name": "a", "role": "r"}), lambda: bound.put(path + "/reviewer", {"role": "x"}), lambda: bound.put(path + "/reviewer", {"is_active": False}),
                     lambda: bound.delete(path + "/reviewer"), lambda: bound.put(path + "/nobody", {"role": "x"})):
            answer = call()
            self.assertEqual((answer.status, answer.json()["error"]["details"]),
                             (403, {"error": "project_not_in_allowlist", "allowed_project_ids": [project["id"]], "requested_project_id": None}), answer)
        self.assertEqual(ada.get(path + "/reviewer").json()["version"], 1)
        self.assertEqual(bound.post(f"/projects/{project['id']}/personas", {"name": "own", "role": "r"}).status, 201)

    def test_a_list_has_so_many_bytes_and_goes_on(self):
        ada, org, project = self.team("pro")
        text = "ä" * 200000
        for n in range(12):
            self.make(ada, project, name=f"p{n:02}", content=text)
            self.make(ada, org, name=f"o{n:02}", content=text)
        self.make(ada, project, name="gone")
        self.assertEqual(ada.delete(f"/projects/{project['id']}/personas/gone").status, 204)
        self.make(ada, org, name="gone")
        for path, more, names in ((f"/projects/{project['id']}/personas", "", ["gone", *(f"o{n:02}" for n in range(12)), *(f"p{n:02}" for n in range(12))]),
                                  (f"/projects/{project['id']}/personas", "include_inactive=true&", ["gone", "gone", *(f"o{n:02}" for n in range(12)), *(f"p{n:02}" for n in range(12))]),
                                  (f"/orgs/{org}/personas", "", ["gone", *(f"o{n:02}" for n in range(12))])):
            seen, query = [], ""
            while True:
                answer = ada.get(f"{path}?{more}{query}")
                self.assertEqual(answer.status, 200, answer)
                self.assertLess(len(answer.body), 9 << 20)
                seen += [one["name"] for one in answer.json()]
                if "X-Next-Cursor" not in answer.headers:
                    break
                query = "cursor=" + answer.headers["X-Next-Cursor"]
            self.assertEqual(seen, names)
        for cursor in ("x", "x,y", ","):
            self.assertEqual(ada.get(f"/orgs/{org}/personas?cursor={cursor}").status, 422)

    def test_a_merge_that_personas_hold_up_says_why(self):
        ada, org, project = self.team("pro")
        into = self.project(ada, org)
        self.make(ada, project, content="a" * 150000)
        self.make(ada, into, content="b" * 150000)
        merge = {"source_project_id": project["id"], "persona_policy": "merge_content"}
        plan = ada.post(f"/projects/{into['id']}/merge", {**merge, "dry_run": True}).json()
        self.assertEqual((plan["would_refuse"], plan["blocking_reason"]), (True, "persona_too_long"))
        refused = ada.post(f"/projects/{into['id']}/merge", {**merge, "dry_run": False})
        self.assertEqual((refused.status, refused.json()["error"]["details"]["blocking_reason"]), (400, "persona_too_long"))

    def test_the_organisations_plan_pays(self):
        ada, org, _ = self.team("pro")
        self.set_tier(org, "starter")
        self.assertUpgrade(ada.get(f"/orgs/{org}/personas"), "agent_personas", "starter", "pro")


class OnSqlite(Personas, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Personas, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
