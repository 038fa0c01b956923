"""Projects: who reaches them, their documents and settings, their repositories, and what goes with them when they are merged or deleted."""
import concurrent.futures
import re
import unittest
import urllib.parse

from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, numbers
from project_family import ProjectFamily

TIME_LIMIT = 300
NOT_FOUND, FORBIDDEN = "Project not found", "The project is not yours, nor your organisation's, and you have no session of it"
EDIT, ADMIN = "Whoever only shares a session of the project can't change this", "Only the project's owner and administrators of its organisation may do this"
TEMPLATE = "# Project Context\n\n## Overview\n\n## Architecture\n\n## Conventions\n\n## API Contracts\n\n## Key Decisions\n\n## Team\n"
NOWHERE = "proj_0000000000000000"


class Projects:
    """The tests; subclasses choose the database."""

    def assertEdit(self, answer):
        self.assertOk(answer, {"error": {"code": "project_edit_forbidden", "message": EDIT, "details": {"error": "project_edit_forbidden"}}}, 403)

    def names(self, caller):
        answer = caller.get("/projects/")
        self.assertEqual(answer.status, 200, answer)
        return [one["id"] for one in answer.json()]

    def project_of(self, session):
        return self.sql(f"SELECT COALESCE(project_id, 'none') FROM sync_captured_sessions WHERE id = '{session}'")[0][0]

    # --- creation

    def test_a_project_is_made_and_read_in_every_form_of_its_name(self):
        ada = self.account("pro")
        remote = f"acme/raw{next(numbers)}"
        answer = ada.post("/projects/", {"name": " Shop ", "git_remote_normalized": f"https://github.com/{remote.upper()}.git", "unknown": 1})
        made = answer.json()
        self.assertEqual(answer.status, 201, answer)
        self.assertTrue(re.fullmatch(r"proj_[0-9a-f]{16}", made["id"]), made)
        self.assertRegex(made["created_at"], MICROS)
        repo = made["repos"][0]
        self.assertTrue(re.fullmatch(r"repo_[0-9a-f]{16}", repo["id"]), repo)
        self.assertEqual(made, {
            "id": made["id"], "name": "Shop", "git_remote_normalized": remote, "context_document": TEMPLATE, "owner_id": ada.id, "org_id": None,
            "created_at": made["created_at"], "updated_at": made["created_at"], "session_count": 0, "auto_narrative": False, "kb_retention_days": 180,
            "kb_max_context_words": 2000, "kb_section_page_limit": 30, "compile_schedule": "off", "compile_after_claims": None, "last_scheduled_compile_at": None,
            "repo_reclaimed": False, "effective_tier": "pro", "can_edit": True, "can_admin": True, "can_delete": True, "can_transfer": True, "groups": [],
            "repos": [{"id": repo["id"], "project_id": made["id"], "git_remote_normalized": remote, "provider": None, "provider_repo_id": None, "is_primary": True,
                       "verified": False, "verification_method": None, "added_by_user_id": ada.id, "created_at": made["created_at"]}]})
        for form in (made["id"], made["id"] + "/", remote, remote + "/", urllib.parse.quote(remote, safe=""), remote.upper()):
            self.assertOk(ada.get(f"/projects/{form}"), made)
        self.assertEqual(self.audited("project:" + made["id"]), ["projects.created"])

    def test_a_remote_may_have_any_number_of_slashes(self):
        ada = self.account()
        for remote in (f"solo{next(numbers)}", f"group/sub/team/repo{next(numbers)}", f"owner/entries{next(numbers)}/health", f"a/b/c/context{next(numbers)}"):
            made = self.project(ada, remote=remote)
            self.assertEqual(ada.get(f"/projects/{remote}").json()["id"], made["id"])
            self.assertEqual(ada.put(f"/projects/{remote}/context", {"context_document": remote}).status, 200)
            self.assertEqual(ada.get(f"/projects/{made['id']}").json()["context_document"], remote)

    def test_what_breaks_a_rule(self):
        ada = self.account()
        for wrong, field in (({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 256}, "name"), ({"name": None}, "name"),
                             ({"name": "<i></i>"}, "name"), ({"name": "a\nb"}, "name"),
                             ({"git_remote_normalized": ""}, "git_remote_normalized"), ({"git_remote_normalized": " "}, "git_remote_normalized"),
                             ({"git_remote_normalized": "reclaimed:acme/shop"}, "git_remote_normalized"),
                             ({"git_remote_normalized": "Reclaimed:x"}, "git_remote_normalized"),
                             ({"git_remote_normalized": "a\nb"}, "git_remote_normalized"), ({"git_remote_normalized": "x" * 501}, "git_remote_normalized")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(ada.post("/projects", {"name": "Shop", "git_remote_normalized": "acme/never", **wrong}), ("body", field))
        self.assertInvalid(ada.post("/projects", {}), ("body", "name"), ("body", "git_remote_normalized"))
        self.assertEqual(ada.get("/projects").json(), [])

    def test_a_new_name_is_read_as_in_a_rename(self):
        self.assertEqual(self.project(self.account(), name=" <b>Big</b> till ")["name"], "Big till")

    def fill(self, count, owner, org="NULL", merged_into="NULL"):
        """Adds projects behind the server's back."""
        self.sql("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < "
                 f"{count}) INSERT INTO projects_projects (id, name, git_remote, owner_id, org_id, merged_into, auto_narrative, kb_retention_days, kb_max_context_words, "
                 f"kb_section_page_limit, compile_schedule, created_at, updated_at) SELECT 'proj_filled{next(numbers)}-' || n, 'Shop', 'filled', '{owner.id}', {org}, "
                 f"{merged_into}, 0, 180, 2000, 30, 'off', 1, 1 FROM numbers")

    def test_an_owner_and_an_organisation_have_1000_projects_at_most(self):
        full = "There is no room for more than 1000 projects"
        ada, org, project = self.team()
        own = self.project(ada)
        new = lambda **more: ada.post("/projects", {"name": "Shop", "git_remote_normalized": f"acme/room{next(numbers)}", **more})
        self.fill(998, ada)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: new().status, range(4)))
        self.assertEqual(answers, [201, 409, 409, 409], "of those that come at once one gets the last place")
        self.assertPlain(new(), 409, full)
        self.assertPlain(ada.post(f"/projects/{project['id']}/transfer", {"to": "personal"}), 409, full)
        self.assertEqual(ada.get(f"/projects/{project['id']}").json()["org_id"], org, "nothing of it stays")
        self.assertEqual(new(org_id=org).status, 201, "the organisation has room of its own")
        self.fill(998, ada, f"'{org}'")
        self.assertPlain(new(org_id=org), 409, full)
        self.assertPlain(ada.post(f"/projects/{own['id']}/transfer", {"to": org}), 409, full)
        force = {"to_org_id": org, "reason": "ticket 812"}
        self.assertPlain(self.account("admin").post(f"/admin/projects/{own['id']}/force-transfer", force), 409, full)
        self.assertEqual(ada.get("/transfers").json()["transfers"], [])

    def test_a_repository_belongs_to_one_project(self):
        ada, bob = self.account(), self.account()
        project = self.project(ada)
        remote = project["git_remote_normalized"]
        taken = {"name": "Mine", "git_remote_normalized": f"git@github.com:{remote}.git"}
        self.assertPlain(bob.post("/projects", taken), 409, "The repository belongs to a project already")
        race = f"acme/race{next(numbers)}"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda who: who.post("/projects", {"name": "Race", "git_remote_normalized": race}).status, [ada, bob, ada, bob]))
        self.assertEqual(answers, [201, 409, 409, 409])

    def test_the_plan_of_the_organisation_or_of_the_owner_pays(self):
        poor = self.account("starter")
        body = {"name": "Shop", "git_remote_normalized": f"acme/poor{next(numbers)}"}
        self.assertUpgrade(poor.post("/projects", body), "project_context", "starter", "pro")
        ada, org = self.org("team")
        member = self.member(ada, tier="free")
        self.assertPlain(poor.post("/projects", {**body, "org_id": org}), 403, "You are not a member of that organisation")
        self.assertEqual(self.project(self.account("admin"))["effective_tier"], "enterprise", "as administrators are told their own")
        made = self.project(member, org)
        self.assertEqual((made["org_id"], made["effective_tier"], made["owner_id"]), (org, "team", member.id))
        self.sql(f"UPDATE mortise_orgs SET tier = 'starter' WHERE id = '{org}'")
        settings = f"/projects/{made['id']}/settings"
        self.assertUpgrade(member.put(settings, {"auto_narrative": True}), "project_context", "starter", "pro", plan_scope="project", project_id=made["id"])
        self.assertEqual(member.put(settings, {"auto_narrative": False, "compile_schedule": "off"}).status, 200, "switching off needs no feature")

    def test_settings_of_the_organisation_are_the_numbers_of_a_new_project(self):
        ada, org = self.org("team")
        self.assertEqual(ada.put(f"/orgs/{org}/settings", {"kb_retention_days": 90, "kb_max_context_words": 500, "kb_section_page_limit": 7}).status, 200)
        made = self.project(ada, org)
        self.assertEqual([made[name] for name in ("kb_retention_days", "kb_max_context_words", "kb_section_page_limit")], [90, 500, 7])

    # --- who reaches it

    def test_owner_member_reader_and_stranger(self):
        ada, org, project = self.team()
        member, reader, stranger, admin = self.member(ada), self.reader(project), self.account("enterprise"), self.account("admin")
        rights = ("can_edit", "can_admin", "can_delete", "can_transfer")
        path = f"/projects/{project['id']}"
        for caller, expected in ((ada, [True, True, True, True]), (member, [True, False, False, False]), (reader, [False, False, False, False])):
            got = caller.get(path).json()
            self.assertEqual([got[name] for name in rights], expected, caller.email)
        for form in (path, f"/projects/{project['git_remote_normalized']}"):
            self.assertPlain(stranger.get(form), 403, FORBIDDEN)
            self.assertPlain(admin.get(form), 403, FORBIDDEN)
        self.assertPlain(ada.get(f"/projects/{NOWHERE}"), 404, NOT_FOUND)
        self.assertPlain(ada.get("/projects/acme/nothing"), 404, NOT_FOUND)
        promoted = self.member(ada, "admin").get(path).json()
        self.assertEqual([promoted[name] for name in rights], [True, True, False, True])
        made = self.project(member, org)
        self.assertEqual([made[name] for name in rights], [True, True, True, False], "administrators of the organisation transfer its projects")
        self.assertEqual(member.post(f"/projects/{made['id']}/transfer", {"to": "personal"}).status, 403)

    def test_unknown_routes_below_an_id_say_not_found(self):
        ada, _, project = self.team()
        for path in ("nothing", "nothing/at/all", "context/sections"):
            answer = ada.get(f"/projects/{project['id']}/{path}")
            if answer.status != 405:
                self.assertPlain(answer, 404, "Not Found")
        self.assertPlain(ada.put(f"/projects/{project['id']}/nothing", {"context_document": ""}), 404, "Not Found")
        self.assertPlain(ada.put("/projects/acme/nothing", {"context_document": ""}), 404, "Not Found")
        self.assertPlain(ada.put("/projects/acme/nothing/context", {"context_document": ""}), 404, NOT_FOUND)

    def test_a_service_key_has_no_project_operation(self):
        ada, org, project = self.team()
        key = self.key(ada, org, "tickets:read", "knowledge:read")
        for answer in (key.get("/projects"), key.get(f"/projects/{project['id']}"), key.get(f"/projects/{project['id']}/repos"),
                       key.put(f"/projects/{project['id']}/context", {"context_document": ""}), key.delete(f"/projects/{project['id']}"), key.get("/transfers"),
                       key.get(f"/projects/{project['id']}/changes")):
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "service_key_not_allowed"), answer)

    def test_the_list_has_owned_ones_those_of_the_organisation_and_those_of_ones_sessions(self):
        ada, org, team = self.team()
        member = self.member(ada)
        own, other = self.project(member), self.project(self.account())
        foreign = self.project(self.account())
        self.push_of(member, foreign)
        self.push_of(member, foreign)
        self.push_of(member, team)
        listed = member.get("/projects/").json()
        self.assertEqual({one["id"] for one in listed}, {own["id"], team["id"], foreign["id"]})
        self.assertNotIn(other["id"], {one["id"] for one in listed})
        counts = {one["id"]: one["session_count"] for one in listed}
        self.assertEqual(counts, {own["id"]: 0, team["id"]: 1, foreign["id"]: 2})
        times = [one["updated_at"] for one in listed]
        self.assertEqual(times, sorted(times, reverse=True))
        seen = next(one for one in listed if one["id"] == foreign["id"])
        self.assertEqual((seen["repos"], seen["groups"], seen["can_edit"], seen["context_document"]), (None, None, False, TEMPLATE))
        self.assertEqual(self.account().get("/projects").json(), [])

    def test_a_session_in_the_trash_opens_nothing(self):
        project = self.project(self.account())
        reader = self.account("enterprise")
        session = self.push_of(reader, project)
        self.assertEqual(reader.get(f"/projects/{project['id']}").status, 200)
        self.assertEqual(reader.delete(f"/sessions/{session}?scope=cloud").status, 200)
        self.assertPlain(reader.get(f"/projects/{project['id']}"), 403, FORBIDDEN)
        self.assertEqual(reader.get("/projects").json(), [])
        self.assertEqual(reader.post(f"/sessions/{session}/restore").status, 200)
        self.assertEqual(self.names(reader), [project["id"]])

    def test_a_session_of_a_linked_repository_opens_the_project(self):
        ada = self.account()
        project = self.project(ada)
        linked = ada.post(f"/projects/{project['id']}/repos", {"git_remote": f"acme/till{next(numbers)}"}).json()
        reader = self.reader({"git_remote_normalized": linked["git_remote_normalized"]})
        self.assertEqual(reader.get(f"/projects/{project['id']}").status, 200)
        self.assertEqual(reader.get(f"/projects/{linked['git_remote_normalized']}").json()["id"], project["id"])
        self.assertEqual(self.names(reader), [project["id"]])

    def test_restricted_visibility_gives_members_what_a_group_gives(self):
        ada, org, project = self.team()
        other = self.project(ada, org)
        member = self.member(ada)
        self.push_of(member, project)
        self.assertEqual(ada.put(f"/orgs/{org}/settings", {"restrict_project_visibility": True}).status, 200)
        self.assertPlain(member.get(f"/projects/{project['id']}"), 403, FORBIDDEN)
        self.assertEqual(self.names(member), [])
        self.assertEqual(sorted(self.names(ada)), sorted([project["id"], other["id"]]))
        group = ada.post(f"/orgs/{org}/groups", {"name": "Payments"}).json()["id"]
        self.assertEqual(ada.put(f"/orgs/{org}/groups/{group}/projects/{project['id']}", b"").status, 200)
        for role, can_edit in (("reader", False), ("editor", True), ("admin", True)):
            self.assertEqual(ada.put(f"/orgs/{org}/groups/{group}/members/{member.id}", {"role": role}).status, 200)
            got = member.get(f"/projects/{project['id']}").json()
            self.assertEqual((got["can_edit"], got["can_admin"], got["groups"]), (can_edit, False, [{"id": group, "slug": "payments", "name": "Payments", "my_role": role}]))
            self.assertEqual([(one["id"], one["can_edit"]) for one in member.get("/projects").json()], [(project["id"], can_edit)])
        self.assertPlain(member.get(f"/projects/{other['id']}"), 403, FORBIDDEN)
        own = self.project(member, org)
        self.assertTrue(member.get(f"/projects/{own['id']}").json()["can_admin"])

    # --- document and settings

    def test_the_document_is_written_by_those_who_may_edit(self):
        ada, _, project = self.team()
        member, reader, stranger = self.member(ada), self.reader(project), self.account()
        path, remote = f"/projects/{project['id']}", f"/projects/{project['git_remote_normalized']}"
        self.assertOk(member.put(f"{remote}/context", {"context_document": "# Ärger 😀"}), {"status": "updated", "size": 9})
        self.assertEqual(ada.get(path).json()["context_document"], "# Ärger 😀")
        self.assertOk(ada.put(f"{path}/context/", {"context_document": ""}), {"status": "updated", "size": 0})
        for form in (path, remote):
            self.assertEdit(reader.put(f"{form}/context", {"context_document": "mine"}))
            self.assertPlain(stranger.put(f"{form}/context", {"context_document": "mine"}), 403, FORBIDDEN)
            self.assertInvalid(ada.put(f"{form}/context", {}), ("body", "context_document"))
        self.sql(f"UPDATE mortise_orgs SET tier = 'free' WHERE id = '{project['org_id']}'")
        self.assertEqual(ada.put(f"{path}/context", {"context_document": "no gate"}).status, 200)

    def test_if_match_keeps_the_work_of_others(self):
        ada = self.account()
        project = self.project(ada)
        path = f"/projects/{project['id']}"
        etag = ada.get(path).headers["ETag"]
        first = ada.call("PUT", f"{path}/context", {"context_document": "one"}, headers={"If-Match": etag})
        self.assertEqual(first.status, 200)
        late = ada.call("PUT", f"{path}/context", {"context_document": "two"}, headers={"If-Match": etag})
        self.assertOk(late, {"error": {"code": "etag_mismatch", "message": "It was changed meanwhile; read it again", "details": {"current_etag": first.headers["ETag"]}}}, 409)
        self.assertEqual(ada.get(path).headers["ETag"], first.headers["ETag"])
        self.assertEqual(ada.call("PUT", f"{path}/context", {"context_document": "three"}, headers={"If-Match": "*"}).status, 200)
        self.assertEqual(ada.put(f"{path}/context", {"context_document": "four"}).status, 200)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            etag = ada.get(path).headers["ETag"]
            writes = pool.map(lambda n: ada.call("PUT", f"{path}/context", {"context_document": str(n)}, headers={"If-Match": etag}).status, range(4))
            self.assertEqual(sorted(writes), [200, 409, 409, 409])

    def test_a_document_of_10_mib(self):
        ada = self.account()
        project = self.project(ada)
        path = f"/projects/{project['id']}"
        text = "x" * (10 << 20)
        self.assertOk(ada.put(f"{path}/context", {"context_document": text}), {"status": "updated", "size": 10 << 20})
        self.assertEqual(len(ada.get(path).json()["context_document"]), 10 << 20)
        other = self.project(ada)["id"]
        self.assertEqual(ada.put(f"/projects/{other}/context", {"context_document": text}).status, 200)
        self.assertEqual([len(one["context_document"]) for one in ada.get("/projects").json()], [10 << 20, 0], "there is no room for both in a list")
        self.assertInvalid(ada.put(f"{path}/context", {"context_document": text + "x"}), ("body", "context_document"))
        self.assertEqual(ada.put(f"{path}/context", {"context_document": "x" * (25 << 20)}).status, 413)

    def test_settings(self):
        ada, _, project = self.team()
        member, reader = self.member(ada), self.reader(project)
        path = f"/projects/{project['id']}/settings"
        now = {"status": "updated", "auto_narrative": True, "kb_retention_days": 180, "kb_max_context_words": 2000, "kb_section_page_limit": 30,
               "compile_schedule": "off", "compile_after_claims": None}
        self.assertOk(member.put(path, {"auto_narrative": True}), now)
        now.update(kb_retention_days=30, compile_schedule="weekly", compile_after_claims=5)
        self.assertOk(ada.put(path, {"auto_narrative": True, "kb_retention_days": "30", "compile_schedule": "weekly", "compile_after_claims": 5}), now)
        now.update(auto_narrative=False, kb_max_context_words=100, kb_section_page_limit=1)
        self.assertOk(ada.put(path + "/", {"auto_narrative": False, "kb_max_context_words": 100, "kb_section_page_limit": 1, "kb_retention_days": None}), now)
        now.update(compile_schedule="off", compile_after_claims=None)
        self.assertOk(ada.put(path, {"auto_narrative": False, "compile_schedule": "off", "compile_after_claims": None}), now)
        shown = ada.get(f"/projects/{project['id']}").json()
        self.assertEqual({name: shown[name] for name in now if name != "status"}, {name: value for name, value in now.items() if name != "status"})
        self.assertEdit(reader.put(path, {"auto_narrative": True}))
        self.assertInvalid(ada.put(path, {}), ("body", "auto_narrative"))
        for wrong, field in (({"auto_narrative": "perhaps"}, "auto_narrative"), ({"compile_schedule": "hourly"}, "compile_schedule"),
                             ({"compile_after_claims": 0}, "compile_after_claims"), ({"kb_retention_days": -1}, "kb_retention_days"),
                             ({"kb_max_context_words": "many"}, "kb_max_context_words")):
            self.assertInvalid(ada.put(path, {"auto_narrative": True, **wrong}), ("body", field))

    def test_a_rename(self):
        ada, _, project = self.team()
        path = f"/projects/{project['id']}"
        for sent, name in (("Till", "Till"), (" <b>Big</b> till ", "Big till"), ("x" * 255, "x" * 255)):
            answer = ada.call("PATCH", path, {"name": sent})
            self.assertEqual((answer.status, answer.json()["name"]), (200, name))
            self.assertGreater(answer.json()["updated_at"], project["updated_at"])
        for wrong in ("", " ", "<i></i>", "x" * 256, None, "a\nb"):
            self.assertInvalid(ada.call("PATCH", path, {"name": wrong}), ("body", "name"))
        self.assertPlain(self.member(ada).call("PATCH", path, {"name": "Mine"}), 403, ADMIN)
        self.assertPlain(self.reader(project).call("PATCH", path, {"name": "Mine"}), 403, ADMIN)
        self.assertPlain(ada.call("PATCH", f"/projects/{NOWHERE}", {"name": "x"}), 404, NOT_FOUND)

    # --- repositories

    def test_repositories_are_linked_and_unlinked(self):
        ada, _, project = self.team()
        path = f"/projects/{project['id']}/repos"
        first = project["repos"][0]
        self.assertOk(ada.get(path), [first])
        remote = f"acme/till{next(numbers)}"
        answer = ada.post(path, {"git_remote": f"ssh://git@github.com:22/{remote}.git/"})
        linked = answer.json()
        self.assertEqual((answer.status, linked), (201, {**first, "id": linked["id"], "git_remote_normalized": remote, "is_primary": False, "created_at": linked["created_at"]}))
        self.assertEqual([one["id"] for one in ada.get(path + "/").json()], [first["id"], linked["id"]])
        primary = ada.post(path, {"git_remote": f"acme/main{next(numbers)}", "is_primary": True}).json()
        self.assertTrue(primary["is_primary"])
        shown = ada.get(f"/projects/{project['id']}").json()
        self.assertEqual((shown["git_remote_normalized"], [one["is_primary"] for one in shown["repos"]]), (primary["git_remote_normalized"], [True, False, False]))
        self.assertOk(ada.delete(f"{path}/{primary['id']}"), {"status": "unlinked", "repo_id": primary["id"]})
        self.assertEqual(ada.get(f"/projects/{project['id']}").json()["git_remote_normalized"], first["git_remote_normalized"], "the oldest takes its place")
        self.assertPlain(ada.delete(f"{path}/{primary['id']}"), 404, "The project has no such repository")
        self.assertEqual(ada.delete(f"{path}/{linked['id']}").status, 200)
        self.assertOk(ada.delete(f"{path}/{first['id']}"), {"error": {"code": "last_repo", "message": "A project keeps one repository", "details": {}}}, 422)
        self.assertEqual(self.audited("project:" + project["id"])[1:], ["projects.repository_linked"] * 2 + ["projects.repository_unlinked"] * 2)

    def test_a_repository_of_another_project_is_named_to_those_who_reach_it(self):
        ada, bob = self.account(), self.account()
        project, other = self.project(ada), self.project(bob)
        body = {"git_remote": other["git_remote_normalized"]}
        path = f"/projects/{project['id']}/repos"
        taken = {"error": {"code": "repo_already_linked", "message": "The repository belongs to a project already", "details": {}}}
        self.assertOk(ada.post(path, body), taken, 409)
        self.push_of(ada, other)
        self.assertOk(ada.post(path, body), {"error": {**taken["error"], "details": {"existing_project_id": other["id"]}}}, 409)
        for wrong in ("", " ", "reclaimed:x", "a\nb"):
            self.assertPlain(ada.post(path, {"git_remote": wrong}), 400, "No repository can be told from this address")
        self.assertInvalid(ada.post(path, {}), ("body", "git_remote"))
        self.assertPlain(bob.post(path, body), 403, FORBIDDEN)
        self.assertPlain(self.reader(project).post(path, body), 403, ADMIN)

    def add_repositories(self, project, count):
        self.sql(f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) INSERT INTO projects_repos (id, project_id, git_remote, "
                 f"is_primary, verified) SELECT 'repo_{project['id']}' || n, '{project['id']}', '{project['id']}/' || n, 0, 0 FROM numbers")

    def test_a_project_has_100_repositories_at_most(self):
        ada = self.account("team")
        project, other = self.project(ada), self.project(ada)
        self.add_repositories(project, 99)
        self.assertPlain(ada.post(f"/projects/{project['id']}/repos", {"git_remote": f"acme/more{next(numbers)}"}), 409, "A project has at most 100 repositories")
        self.assertRefuses(ada, project, other, "too_many_repositories")

    # --- merge

    def assertRefuses(self, caller, into, source, reason):
        plan = self.merge(caller, into, source)
        self.assertEqual((plan["would_refuse"], plan["blocking_reason"], plan["audit_id"]), (True, reason, None))
        refused = caller.post(f"/projects/{into['id']}/merge", {"source_project_id": source["id"], "dry_run": False})
        self.assertEqual((refused.status, refused.json()["error"]["details"]["blocking_reason"]), (400, reason), refused)
        self.assertEqual(caller.get(f"/projects/{source['id']}").status, 200)

    def merge(self, caller, into, source, **body):
        answer = caller.post(f"/projects/{into['id']}/merge", {"source_project_id": source["id"], **body})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_a_dry_run_tells_what_a_merge_does_and_changes_nothing(self):
        ada = self.account("team")
        into, source = self.project(ada), self.project(ada)
        self.assertEqual(ada.put(f"/projects/{source['id']}/context", {"context_document": "# Project Context\n\n## Overview\n\nA till.\n"}).status, 200)
        plan = self.merge(ada, into, source)
        self.assertEqual((plan["dry_run"], plan["would_refuse"], plan["blocking_reason"], plan["audit_id"], plan["stats"]["repos"]), (True, False, None, None, 1))
        for name in ("persona_collisions", "slug_collisions", "ke_duplicates", "persona_renames", "slug_renames", "skipped_ke_ids", "skipped_link_ids"):
            self.assertEqual(plan[name], [], name)
        self.assertEqual(ada.get(f"/projects/{source['id']}").status, 200)
        self.assertEqual(ada.get(f"/projects/{into['id']}").json()["context_document"], TEMPLATE)
        done = self.merge(ada, into, source, dry_run=False)
        self.assertTrue(re.fullmatch(r"pma_[0-9a-f]{16}", done.pop("audit_id")))
        self.assertEqual(done, {name: value for name, value in {**plan, "dry_run": False}.items() if name != "audit_id"})

    def test_a_merged_project_says_where_it_went(self):
        ada = self.account("team")
        first, second, third = self.project(ada), self.project(ada), self.project(ada)
        session = self.push_of(ada, second)
        self.merge(ada, second, third, dry_run=False)
        self.merge(ada, first, second, dry_run=False)
        gone = lambda answer: self.assertCode(answer, 410, "project_merged", "The project was merged into another one", merged_into=first["id"])
        for old in (second, third):
            gone(ada.get(f"/projects/{old['id']}"))
            gone(ada.put(f"/projects/{old['id']}/context", {"context_document": ""}))
            gone(ada.delete(f"/projects/{old['id']}"))
            gone(ada.post(f"/projects/{old['id']}/merge", {"source_project_id": first["id"]}))
            gone(ada.post(f"/projects/{first['id']}/merge", {"source_project_id": old["id"]}))
            self.assertEqual(ada.get(f"/projects/{old['git_remote_normalized']}").json()["id"], first["id"])
            self.assertPlain(self.account().get(f"/projects/{old['id']}"), 403, FORBIDDEN)
        listed = ada.get("/projects").json()
        self.assertEqual([(one["id"], one["session_count"]) for one in listed], [(first["id"], 1)])
        self.assertEqual(self.project_of(session), first["id"])
        self.assertEqual(len(ada.get(f"/projects/{first['id']}").json()["repos"]), 3)

    def test_documents_are_merged(self):
        ada = self.account("team")
        into, source, empty = self.project(ada), self.project(ada), self.project(ada)
        written = "# Project Context\n\n## Overview\n\nA till.\n\n```\n# no heading\n```\n"
        ada.put(f"/projects/{source['id']}/context", {"context_document": written})
        self.merge(ada, into, source, dry_run=False)
        self.assertEqual(ada.get(f"/projects/{into['id']}").json()["context_document"], written, "an unwritten document gives way")
        self.merge(ada, into, empty, dry_run=False)
        self.assertEqual(ada.get(f"/projects/{into['id']}").json()["context_document"], written, "an unwritten document adds nothing")
        more = self.project(ada, name="More")
        ada.put(f"/projects/{more['id']}/context", {"context_document": written})
        self.merge(ada, into, more, dry_run=False)
        self.assertEqual(ada.get(f"/projects/{into['id']}").json()["context_document"],
                         written + "\n## Merged from More\n\n### Overview\n\nA till.\n\n```\n# no heading\n```\n")

    def test_a_merge_loses_no_document(self):
        ada = self.account("team")
        into, long, other = self.project(ada), self.project(ada), self.project(ada)
        write = lambda project, text: self.assertEqual(ada.put(f"/projects/{project['id']}/context", {"context_document": text}).status, 200)
        for project, text in ((into, "ä" * (3 << 20)), (long, "x" * (8 << 20)), (other, "ö" * (3 << 20))):
            write(project, text)
        self.assertRefuses(ada, into, long, "document_too_long")
        self.assertEqual(len(ada.get(f"/projects/{long['id']}").json()["context_document"]), 8 << 20)
        self.merge(ada, into, other, dry_run=False)
        merged = ada.get(f"/projects/{into['id']}").json()["context_document"]
        self.assertEqual((merged.count("ä"), merged.count("ö")), (3 << 20, 3 << 20), "characters are counted, not bytes")

    def test_1000_projects_at_most_go_into_one(self):
        ada = self.account("team")
        into, source = self.project(ada), self.project(ada)
        self.fill(999, ada, merged_into=f"'{into['id']}'")
        self.merge(ada, into, source)
        self.fill(1, ada, merged_into=f"'{source['id']}'")
        self.assertRefuses(ada, into, source, "too_many_merged")

    def test_what_a_merge_refuses(self):
        ada, org, project = self.team()
        own = self.project(ada)
        path = f"/projects/{project['id']}/merge"
        self.assertPlain(ada.post(path, {"source_project_id": project["id"]}), 400, "A project can't be merged into itself")
        self.assertPlain(ada.post(path, {"source_project_id": NOWHERE}), 404, NOT_FOUND)
        plan = self.merge(ada, project, own)
        self.assertEqual((plan["would_refuse"], plan["blocking_reason"]), (True, "different_organisations"))
        refused = ada.post(path, {"source_project_id": own["id"], "dry_run": False})
        self.assertEqual((refused.status, refused.json()["error"]["details"]["blocking_reason"]), (400, "different_organisations"))
        member, foreign = self.member(ada), self.project(self.account())
        self.assertPlain(member.post(path, {"source_project_id": own["id"]}), 403, ADMIN)
        self.assertPlain(ada.post(path, {"source_project_id": foreign["id"]}), 403, FORBIDDEN)
        self.push_of(ada, foreign)
        self.assertPlain(ada.post(path, {"source_project_id": foreign["id"]}), 403, ADMIN)
        for wrong, field in (({"dry_run": "perhaps"}, "dry_run"), ({"persona_policy": "burn"}, "persona_policy"), ({"source_project_id": ""}, "source_project_id")):
            self.assertInvalid(ada.post(path, {"source_project_id": own["id"], **wrong}), ("body", field))

    def test_merges_of_the_same_projects_at_once(self):
        ada = self.account("team")
        one, two = self.project(ada), self.project(ada)
        calls = [(one, two), (two, one)] * 3
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda pair: ada.post(f"/projects/{pair[0]['id']}/merge", {"source_project_id": pair[1]["id"], "dry_run": False}), calls))
        self.assertEqual(sorted(one.status for one in answers)[0], 200)
        self.assertEqual(sum(answer.status == 200 for answer in answers), 1, [answer.status for answer in answers])
        self.assertTrue(all(answer.status in (200, 409, 410) for answer in answers), [answer.status for answer in answers])
        self.assertEqual(len(self.names(ada)), 1)

    def test_an_administrator_merges_projects_of_two_owners(self):
        ada, bob, admin = self.account(), self.account(), self.account("admin")
        into, source = self.project(ada), self.project(bob)
        path = f"/admin/projects/{into['id']}/merge-from/{source['id']}"
        self.assertEqual(ada.post(path, {"reason": "mine"}).status, 403)
        self.assertInvalid(admin.post(path, {"reason": " "}), ("body", "reason"))
        self.assertInvalid(admin.post(path, {}), ("body", "reason"))
        self.assertTrue(admin.post(path, {"reason": "ticket 812"}).json()["dry_run"])
        self.assertEqual(admin.post(path, {"reason": "ticket 812", "dry_run": False}).status, 200)
        self.assertEqual(bob.get(f"/projects/{source['id']}").status, 410)
        self.assertPlain(admin.post(f"/admin/projects/{into['id']}/merge-from/{into['id']}", {"reason": "r"}), 400)
        self.assertPlain(admin.post(f"/admin/projects/{into['id']}/merge-from/{NOWHERE}", {"reason": "r"}), 404, NOT_FOUND)

    # --- deletion

    def test_who_deletes_a_project(self):
        ada, _, project = self.team()
        admin, org_admin = self.account("admin"), self.member(ada, "admin")
        session = self.push_of(ada, project)
        path = f"/projects/{project['id']}"
        for caller in (org_admin, self.member(ada), self.reader(project), self.account()):
            self.assertPlain(caller.delete(path), 403, "Only the project's owner and administrators of the server delete it")
        self.assertOk(ada.delete(path), {"status": "deleted", "id": project["id"]})
        self.assertPlain(ada.delete(path), 404, NOT_FOUND)
        self.assertPlain(ada.get(path), 404, NOT_FOUND)
        self.assertEqual(self.project_of(session), "none")
        self.assertEqual(self.sql(f"SELECT id FROM projects_repos WHERE project_id = '{project['id']}'"), [])
        again = self.project(ada, remote=project["git_remote_normalized"])
        self.assertEqual(admin.delete(f"/projects/{again['id']}").status, 200)
        self.assertEqual(ada.call("DELETE", "/projects/acme/shop").status, 405)


class OnSqlite(Projects, ProjectFamily):
    pass


class Limits(ProjectFamily):
    OPTIONS = {**ProjectFamily.OPTIONS, "limits.enabled": "true"}

    def test_links_of_a_user_are_limited(self):
        ada = self.account()
        path = f"/projects/{self.project(ada)['id']}/repos"
        answers = [ada.post(path, {"git_remote": ""}) for _ in range(31)]
        self.assertEqual([one.status for one in answers], [400] * 30 + [429])
        self.assertEqual((answers[-1].json()["error"]["code"], answers[-1].json()["error"]["details"]), ("rate_limit", {}))
        self.assertIn("Retry-After", answers[-1].headers)


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Projects, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
