"""User numbers, tiers, features and organisations over real HTTP, on SQLite and PostgreSQL; the faces are the `probe` module's."""
import concurrent.futures
import itertools
import unittest

import support
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres

names = itertools.count(1)
PRICING = "https://example.com/plans"
SERVER = {**support.QUICK, "identity.default_tier": "free", "identity.upgrade_url": PRICING}


class Tiers:
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**SERVER, **cls.database()}, modules=["auth", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)

    def account(self):
        token = support.account(self.server, f"user_{next(names)}")
        return token, self.me(token)["id"]

    def call(self, method, path, token, body=None, server=None):
        return support.request(server or self.server, method, "/probe-orgs" + path, body, {"Accept-Language": "en"}, token)

    def me(self, token):
        answer = self.call("GET", "/me", token)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def found(self, token, tier="team", seats=0):
        answer = self.call("POST", "", token, {"slug": f"org-{next(names)}", "tier": tier, "seats": seats})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def join(self, owner, org, user, role="member"):
        return self.call("POST", f"/{org}/members", owner, {"user_id": user, "role": role})

    def refused(self, tier, url=PRICING):
        return {"error": {"code": "403", "message": "This feature needs a higher tier",
                          "details": {"error": "upgrade_required", "feature": "probe_gate", "current_tier": tier, "required_tier": "team",
                                      "upgrade_url": url}}}

    def test_a_feature_is_asked_for_after_every_other_check(self):
        token, _ = self.account()
        answer = self.call("POST", "/gated", token, {"name": "x"})
        self.assertEqual((answer.status, answer.json()), (403, self.refused("free")))
        self.assertEqual(self.call("POST", "/gated", token, {"name": ""}).status, 422)
        self.assertEqual(self.call("POST", "/gated", None, {"name": "x"}).status, 401)
        answer = self.call("POST", "/asked", token)
        self.assertEqual((answer.status, answer.json()), (403, self.refused("free")))

    def test_the_organisations_tier_counts_from_the_next_request(self):
        owner, owner_id = self.account()
        guest, guest_id = self.account()
        self.assertEqual(self.call("POST", "/gated", guest, {"name": "x"}).status, 403)
        org = self.found(owner)
        self.assertRegex(org, r"^org_[0-9a-f]{16}$")
        self.assertEqual(self.join(owner, org, guest_id).status, 201)
        answer = self.call("POST", "/gated", guest, {"name": "x"})
        self.assertEqual((answer.status, answer.json()), (200, {"name": "x"}))
        self.assertEqual(self.call("POST", "/asked", guest).status, 200)
        me = self.me(guest)
        self.assertEqual((me["tier"], me["org"], me["org_role"]), ("team", org, "member"))
        self.assertEqual(self.call("DELETE", f"/{org}/members/{guest_id}", owner).status, 204)
        self.assertEqual(self.call("POST", "/gated", guest, {"name": "x"}).status, 403)
        self.assertEqual((self.me(guest)["tier"], self.me(guest)["org"]), ("free", ""))
        answer = self.call("DELETE", f"/{org}/members/{owner_id}", owner)
        self.assertEqual((answer.status, answer.json()["error"]["details"]), (403, {}))

    def test_of_two_who_take_the_last_seat_one_gets_it(self):
        owner, _ = self.account()
        org = self.found(owner, seats=2)
        users = [self.account()[1] for _ in range(4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda user: self.join(owner, org, user), users))
        self.assertEqual(sorted(answer.status for answer in answers), [201, 403, 403, 403])
        full = next(answer for answer in answers if answer.status == 403)
        self.assertEqual(full.json(), {"error": {"code": "403", "message": "All seats of the organisation are taken",
                                                 "details": {"error": "seat_limit", "seats_used": 2, "seats_limit": 2}}})

    def test_numbers_count_on_and_stand_in_the_errors_of_the_unified_family(self):
        first, second = self.account()[0], self.account()[0]
        number = self.me(first)["number"]
        self.assertGreaterEqual(number, 1)
        self.assertEqual(self.me(second)["number"], number + 1)
        answer = support.request(self.server, "GET", "/probe-orgs/administer", token=first)
        self.assertEqual((answer.status, answer.json()["context"]["user_id"]), (403, number))
        answer = support.request(self.server, "GET", "/probe-orgs/administer")
        self.assertEqual((answer.status, answer.json()["context"]["user_id"]), (401, None))


class OnSqlite(Tiers, unittest.TestCase):
    @classmethod
    def database(cls):
        return {}


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, Tiers, unittest.TestCase):
    def test_a_change_on_one_server_counts_on_the_next_request_to_another(self):
        other = MortiseServer({**SERVER, "db.url": self.url, "identity.secret_file": self.server.data / "secret"}, modules=["auth", "probe"]).start()
        self.addCleanup(other.stop)
        owner, _ = self.account()
        guest, guest_id = self.account()
        self.assertEqual(self.call("POST", "/gated", guest, {"name": "x"}, other).status, 403)
        org = self.found(owner)
        self.assertEqual(self.join(owner, org, guest_id).status, 201)
        self.assertEqual(self.call("POST", "/gated", guest, {"name": "x"}, other).status, 200)
        self.assertEqual(self.call("DELETE", f"/{org}/members/{guest_id}", owner).status, 204)
        self.assertEqual(self.call("POST", "/gated", guest, {"name": "x"}, other).status, 403)


if __name__ == "__main__":
    unittest.main()
