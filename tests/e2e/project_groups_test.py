"""Groups of an organisation's projects: who makes, sees and runs them, and what they hold."""
import concurrent.futures
import re
import unittest

from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
NO_GROUP, ROLE = "Group not found", "Only administrators of the group may do this"


class Groups:
    """The tests; subclasses choose the database."""

    def group(self, admin, org, name="Payments", status=201, **body):
        answer = admin.post(f"/orgs/{org}/groups", {"name": name, **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def join(self, admin, group, member, role):
        answer = admin.put(f"/orgs/{group['org_id']}/groups/{group['id']}/members/{member.id}", {"role": role})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_a_group_is_made_listed_read_changed_and_removed(self):
        ada, org = self.org("team")
        made = self.group(ada, org, "Payments & Tills!", description="What takes money")
        self.assertTrue(re.fullmatch(r"pg_[0-9a-f]{24}", made["id"]))
        self.assertEqual(made, {"id": made["id"], "org_id": org, "slug": "payments-tills", "name": "Payments & Tills!", "description": "What takes money", "member_count": 0,
                                "project_count": 0, "my_role": None, "compile_enabled": False, "context_compiled_at": None, "members": [], "projects": []})
        path = f"/orgs/{org}/groups"
        self.assertOk(ada.get(f"{path}/{made['id']}"), made)
        summary = {name: value for name, value in made.items() if name not in ("compile_enabled", "context_compiled_at", "members", "projects")}
        self.assertOk(ada.get(path), [summary])
        self.assertOk(ada.get("/me/groups"), [])
        other = self.group(ada, org, "A", slug="a-group")
        self.assertEqual([one["slug"] for one in ada.get(path + "/").json()], ["a-group", "payments-tills"])
        changed = ada.call("PATCH", f"{path}/{made['id']}", {"name": "Tills", "slug": "tills", "description": None, "compile_enabled": True})
        self.assertOk(changed, {**made, "name": "Tills", "slug": "tills", "description": None, "compile_enabled": True})
        self.assertOk(ada.call("PATCH", f"{path}/{made['id']}", {"name": None, "slug": None}), changed.json())
        self.assertPlain(ada.call("PATCH", f"{path}/{made['id']}", {"slug": "a-group"}), 409, "The short name is taken")
        gone = ada.delete(f"{path}/{other['id']}")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertPlain(ada.delete(f"{path}/{other['id']}"), 404, NO_GROUP)
        self.assertEqual(self.audited("project_group:" + made["id"]), ["projects.group_created", "projects.group_changed", "projects.group_changed"])

    def test_what_breaks_a_rule(self):
        ada, org = self.org("team")
        for wrong, field in (({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\nb"}, "name"), ({"slug": "Tills"}, "slug"),
                             ({"slug": "-a"}, "slug"), ({"slug": "x" * 101}, "slug"), ({"slug": "a_b"}, "slug"), ({"description": "x" * 2001}, "description")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(ada.post(f"/orgs/{org}/groups", {"name": "Tills", **wrong}), ("body", field))
        self.assertInvalid(ada.post(f"/orgs/{org}/groups", {}), ("body", "name"))
        self.assertInvalid(ada.post(f"/orgs/{org}/groups", {"name": "日本"}), ("body", "slug"))
        self.group(ada, org, "日本", slug="japan")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: ada.post(f"/orgs/{org}/groups", {"name": "Race"}).status, range(4)))
        self.assertEqual(answers, [201, 409, 409, 409])

    def test_who_sees_and_runs_a_group(self):
        ada, org, project = self.team()
        admin, member, outsider = self.member(ada), self.member(ada), self.org("team")[0]
        group = self.group(ada, org)
        path = f"/orgs/{org}/groups/{group['id']}"
        self.assertPlain(member.get(path), 404, NO_GROUP)
        self.assertEqual(member.get(f"/orgs/{org}/groups").json(), [])
        self.assertRole(member.post(f"/orgs/{org}/groups", {"name": "Mine"}), "member")
        for call in (lambda: outsider.get(path), lambda: outsider.get(f"/orgs/{org}/groups"), lambda: outsider.post(f"/orgs/{org}/groups", {"name": "x"}),
                     lambda: self.account().get(path), lambda: outsider.delete(path)):
            self.assertPlain(call(), 404, "Organisation not found")
        changes = [lambda caller: caller.call("PATCH", path, {"name": "Tills"}), lambda caller: caller.put(f"{path}/members/{member.id}", {"role": "reader"}),
                   lambda caller: caller.delete(f"{path}/projects/{project['id']}")]
        self.join(ada, group, member, "editor")
        for change in changes:
            self.assertPlain(change(member), 403, ROLE)
        self.assertEqual(member.get("/me/groups").json()[0]["my_role"], "editor")
        joined = self.join(ada, group, admin, "admin")
        self.assertEqual((joined["my_role"], joined["member_count"]), (None, 2))
        self.assertRegex(joined["members"][1].pop("created_at"), MICROS)
        self.assertEqual(joined["members"][1], {"user_id": admin.id, "email": admin.email, "role": "admin", "granted_by_user_id": ada.id})
        self.assertEqual([change(admin).status for change in changes], [200, 200, 404])
        self.assertRole(admin.delete(path), "member")
        self.assertPlain(admin.put(f"{path}/projects/{project['id']}", b""), 403, "Only the project's owner and administrators of its organisation may do this")

    def test_members_come_and_go(self):
        ada, org = self.org("team")
        member = self.member(ada)
        group = self.group(ada, org)
        path = f"/orgs/{org}/groups/{group['id']}/members"
        for role in ("reader", "editor", "admin"):
            shown = self.join(ada, group, member, role)
            self.assertEqual(([one["role"] for one in shown["members"]], shown["member_count"]), ([role], 1))
        self.assertEqual(self.join(ada, group, ada, "reader")["my_role"], "reader")
        for wrong in ("owner", "", None):
            self.assertInvalid(ada.put(f"{path}/{member.id}", {"role": wrong}), ("body", "role"))
        self.assertPlain(ada.put(f"{path}/{self.account().id}", {"role": "reader"}), 422, "The user is not a member of the team's organisation")
        self.assertEqual(ada.delete(f"{path}/{member.id}").json()["member_count"], 1)
        self.assertPlain(ada.delete(f"{path}/{member.id}"), 404, "Not a member of the group")

    def test_projects_come_and_go(self):
        ada, org, project = self.team()
        own = self.project(ada)
        group = self.group(ada, org)
        path = f"/orgs/{org}/groups/{group['id']}/projects"
        for _ in range(2):
            shown = ada.put(f"{path}/{project['id']}", b"")
            self.assertEqual((shown.status, shown.json()["projects"], shown.json()["project_count"]), (200, [project["id"]], 1))
        self.assertPlain(ada.put(f"{path}/{own['id']}", b""), 422, "The project does not belong to the organisation")
        self.assertPlain(ada.put(f"{path}/proj_0000000000000000", b""), 404, "Project not found")
        merged = self.project(ada, org)
        self.assertEqual(ada.post(f"/projects/{project['id']}/merge", {"source_project_id": merged["id"], "dry_run": False}).status, 200)
        self.assertCode(ada.put(f"{path}/{merged['id']}", b""), 410, "project_merged", "The project was merged into another one", merged_into=project["id"])
        self.assertEqual(ada.get(f"/projects/{project['id']}").json()["groups"], [{"id": group["id"], "slug": "payments", "name": "Payments", "my_role": None}])
        self.assertEqual(ada.delete(f"{path}/{project['id']}").json()["projects"], [])
        self.assertPlain(ada.delete(f"{path}/{project['id']}"), 404, "The group does not hold the project")
        ada.put(f"{path}/{project['id']}", b"")
        self.assertEqual(ada.post(f"/projects/{project['id']}/transfer", {"to": "personal"}).status, 200)
        self.assertEqual(ada.get(f"/orgs/{org}/groups/{group['id']}").json()["projects"], [], "a project that leaves the organisation leaves its groups")

    def test_how_many_groups_members_and_projects_there_may_be(self):
        ada, org, project = self.team()
        group = self.group(ada, org)
        path = f"/orgs/{org}/groups/{group['id']}"
        self.sql(f"UPDATE projects_groups SET member_count = 1000, project_count = 1000 WHERE id = '{group['id']}'")
        self.assertPlain(ada.put(f"{path}/members/{ada.id}", {"role": "reader"}), 409, "The group has no more room")
        self.assertPlain(ada.put(f"{path}/projects/{project['id']}", b""), 409, "The group has no more room")
        self.sql("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 199) INSERT INTO projects_groups (id, org_id, slug, name, description, "
                 f"compile_enabled, member_count, project_count, created_at, updated_at) SELECT 'pg_{org}' || n, '{org}', 'g' || n, 'G', '', 0, 0, 0, 1, 1 FROM numbers")
        self.assertPlain(ada.post(f"/orgs/{org}/groups", {"name": "More"}), 409, "There is no room for more than 200 groups")
        self.assertEqual(len(ada.get(f"/orgs/{org}/groups").json()), 200)

    def test_changes_of_different_fields_at_once_all_stay(self):
        ada, org = self.org("team")
        path = f"/orgs/{org}/groups/{self.group(ada, org)['id']}"
        for n in range(10):
            changes = {"name": f"Name {n}", "slug": f"slug-{n}", "description": f"Text {n}", "compile_enabled": n % 2 == 0}
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                answers = list(pool.map(lambda change: ada.call("PATCH", path, dict([change])).status, changes.items()))
            self.assertEqual(answers, [200] * 4)
            shown = ada.get(path).json()
            self.assertEqual({name: shown[name] for name in changes}, changes)

    def test_a_removed_group_leaves_nothing(self):
        ada, org, project = self.team()
        group = self.group(ada, org, compile_enabled=True)
        path = f"/orgs/{org}/groups"
        self.assertEqual(ada.call("PATCH", f"{path}/{group['id']}", {"compile_enabled": True}).status, 200)
        self.join(ada, group, ada, "admin")
        self.assertEqual(ada.put(f"{path}/{group['id']}/projects/{project['id']}", b"").status, 200)
        self.assertEqual(ada.post(f"{path}/{group['slug']}/compile").status, 200)
        self.assertEqual(ada.delete(f"{path}/{group['id']}").status, 204)
        for table in ("projects_group_members", "projects_group_projects", "projects_group_contexts"):
            self.assertEqual(self.sql(f"SELECT group_id FROM {table} WHERE group_id = '{group['id']}'"), [], table)

    def test_groups_need_the_organisations_plan(self):
        ada, org = self.org("team")
        group = self.group(ada, org)
        self.sql(f"UPDATE mortise_orgs SET tier = 'pro' WHERE id = '{org}'")
        for answer in (ada.get(f"/orgs/{org}/groups"), ada.post(f"/orgs/{org}/groups", {"name": "x"}), ada.get(f"/orgs/{org}/groups/{group['id']}")):
            self.assertUpgrade(answer, "project_groups", "pro", "team")


class OnSqlite(Groups, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Groups, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
