"""Teams of organisations: who may make, see and change them, and who leaves them when."""
import concurrent.futures
import re
import unittest

from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING, Family, numbers


class Teams:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING}

    def team(self, admin, **fields):
        answer = admin.post("/teams", {"name": "Core", "slug": f"core-{next(numbers)}", **fields})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_a_team_is_made_listed_and_read(self):
        ada, org = self.org()
        member = self.member(ada)
        for form in ("/teams", "/teams/"):
            slug = f"core-{next(numbers)}"
            answer = ada.post(form, {"name": "  Core ", "slug": slug, "unknown": 1})
            made = answer.json()
            self.assertEqual((answer.status, made), (201, {"id": made["id"], "org_id": org, "name": "Core", "slug": slug, "created_by": ada.id,
                                                           "created_at": made["created_at"], "member_count": 0}))
            self.assertTrue(re.fullmatch(r"tm_[0-9a-f]{16}", made["id"]), made)
            self.assertRegex(made["created_at"], MICROS)
            self.assertOk(member.get(f"/teams/{made['id']}"), made)
        listed = member.get("/teams")
        self.assertEqual([one["slug"] for one in listed.json()][-1], slug)
        self.assertOk(member.get("/teams/"), listed.json())
        times = [one["created_at"] for one in listed.json()]
        self.assertEqual(times, sorted(times))

    def test_what_breaks_a_rule(self):
        ada, _ = self.org()
        for wrong, field in (({"name": ""}, "name"), ({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\nb"}, "name"), ({"name": "evil.com"}, "name"),
                             ({"slug": ""}, "slug"), ({"slug": "x" * 51}, "slug"), ({"slug": "Core"}, "slug"), ({"slug": "a_b"}, "slug"), ({"slug": None}, "slug")):
            with self.subTest(wrong):
                self.assertInvalid(ada.post("/teams", {"name": "Core", "slug": "core", **wrong}), ("body", field))
        self.assertInvalid(ada.post("/teams", {}), ("body", "name"), ("body", "slug"))
        self.assertEqual(ada.get("/teams").json(), [])
        self.assertEqual(self.team(ada, slug="-" * 50)["slug"], "-" * 50)

    def test_a_slug_is_unique_in_its_organisation(self):
        ada, _ = self.org()
        other, _ = self.org()
        self.team(ada, slug="core")
        self.assertPlain(ada.post("/teams", {"name": "Again", "slug": "core"}), 409, "The short name is taken")
        self.team(other, slug="core")
        slug = f"race-{next(numbers)}"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: ada.post("/teams", {"name": "Race", "slug": slug}).status, range(4)))
        self.assertEqual(answers, [201, 409, 409, 409])

    def test_tier_then_role_then_team(self):
        ada, _ = self.org()
        team = self.team(ada)["id"]
        member, poor, outsider, stranger = self.member(ada), self.account("pro"), self.org()[0], self.account()
        body = {"name": "Core", "slug": "other"}
        writes = [lambda caller: caller.delete(f"/teams/{team}"), lambda caller: caller.post(f"/teams/{team}/members", {"user_id": member.id}),
                  lambda caller: caller.delete(f"/teams/{team}/members/{member.id}")]
        reads = [lambda caller: caller.get(f"/teams/{team}"), lambda caller: caller.get(f"/teams/{team}/members")]
        for call in (*writes, *reads, lambda caller: caller.post("/teams", body), lambda caller: caller.get("/teams")):
            self.assertCode(call(poor), 403, "upgrade_required", "This feature needs a higher tier", feature="team_management", current_tier="pro",
                            required_tier="team", upgrade_url=PRICING)
        for call in (*writes, lambda caller: caller.post("/teams", body)):
            self.assertRole(call(member), "member")
            self.assertRole(call(stranger), "none")
        for call in (*reads, lambda caller: caller.get("/teams")):
            self.assertRole(call(stranger), "none", "member")
        for call in (*writes, *reads):
            self.assertPlain(call(outsider), 404, "Team not found")
        self.assertPlain(ada.get("/teams/tm_0000000000000000"), 404, "Team not found")
        self.assertEqual(outsider.get("/teams").json(), [])
        self.assertEqual(ada.get(f"/teams/{team}").status, 200)

    def test_members_come_and_go(self):
        ada, _ = self.org()
        team, grace, linus = self.team(ada)["id"], self.member(ada), self.member(ada, "admin")
        answer = ada.post(f"/teams/{team}/members", {"user_id": grace.id})
        added = answer.json()
        self.assertEqual((answer.status, added), (201, {"user_id": grace.id, "user_email": grace.email, "added_by": ada.id, "added_at": added["added_at"]}))
        self.assertRegex(added["added_at"], MICROS)
        self.assertPlain(ada.post(f"/teams/{team}/members", {"user_id": grace.id}), 409, "Already a member of the team")
        self.assertPlain(ada.post(f"/teams/{team}/members", {"user_id": self.account().id}), 422, "The user is not a member of the team's organisation")
        self.assertPlain(ada.post(f"/teams/{team}/members", {"user_id": "nobody"}), 422)
        self.assertInvalid(ada.post(f"/teams/{team}/members", {}), ("body", "user_id"))
        self.assertInvalid(ada.post(f"/teams/{team}/members", {"user_id": ""}), ("body", "user_id"))
        self.assertEqual(linus.post(f"/teams/{team}/members", {"user_id": linus.id}).status, 201)
        self.assertEqual([one["user_id"] for one in grace.get(f"/teams/{team}/members").json()], [grace.id, linus.id])
        self.assertEqual(grace.get(f"/teams/{team}").json()["member_count"], 2)
        gone = ada.delete(f"/teams/{team}/members/{grace.id}")
        self.assertEqual((gone.status, gone.body), (204, b""))
        self.assertPlain(ada.delete(f"/teams/{team}/members/{grace.id}"), 404, "Not a member of the team")
        self.assertEqual(ada.delete(f"/org/members/{linus.id}").status, 200)
        self.assertEqual(ada.get(f"/teams/{team}/members").json(), [], "whoever leaves the organisation leaves its teams")

    def test_a_team_is_removed(self):
        ada, _ = self.org()
        team = self.team(ada)["id"]
        ada.post(f"/teams/{team}/members", {"user_id": ada.id})
        gone = ada.delete(f"/teams/{team}")
        self.assertEqual((gone.status, gone.body), (204, b""))
        for answer in (ada.delete(f"/teams/{team}"), ada.get(f"/teams/{team}"), ada.get(f"/teams/{team}/members")):
            self.assertPlain(answer, 404, "Team not found")
        self.assertEqual(self.sql(f"SELECT user_id FROM mortise_team_members WHERE team_id = '{team}'"), [])

    def test_every_change_is_on_record(self):
        ada, _ = self.org()
        team = self.team(ada)["id"]
        ada.post(f"/teams/{team}/members", {"user_id": ada.id})
        ada.delete(f"/teams/{team}/members/{ada.id}")
        ada.delete(f"/teams/{team}")
        actions = [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE actor = '{ada.id}' AND action LIKE 'auth.team%' ORDER BY at")]
        self.assertEqual(actions, ["auth.team_created", "auth.team_member_added", "auth.team_member_removed", "auth.team_removed"])


class OnSqlite(Teams, Family):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Teams, OnPostgresDatabase, Family):
    pass


if __name__ == "__main__":
    unittest.main()
