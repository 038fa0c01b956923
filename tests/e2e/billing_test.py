"""Billing: what people see, buy and change, the webhooks of the payment provider, and the tiers that they decide, against a stand-in of Stripe that Stripe's own library checks."""
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import time
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from project_family import ProjectFamily

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from stripe_stand_in import StripeStandIn  # noqa: E402

TIME_LIMIT = 300
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LIBRARY = [str(ROOT / "build/stripe/bin/python"), str(ROOT / "tests/peers/stripe_library.py")]
NO_PRICE, NO_SUBSCRIPTION = "This tier can't be bought on this server", "There is no subscription"
MIB = 1 << 20


class Paying(ProjectFamily):
    """A server that has Stripe's keys and prices."""

    @classmethod
    def setUpClass(cls):
        cls.stripe = StripeStandIn().start()
        cls.addClassCleanup(cls.stripe.stop)
        cls.OPTIONS = {**ProjectFamily.OPTIONS, "http_client.allow_private": "true", "projects.stripe_api_url": cls.stripe.url + "/", "projects.stripe_secret_key": cls.stripe.key,
                       "projects.stripe_webhook_secret": cls.stripe.secret, "projects.billing_url": "https://app.example.com/", "projects.stripe_price_starter": "price_starter",
                       "projects.stripe_price_pro": "price_pro", "projects.stripe_price_team": "price_team", "identity.default_tier": "free"}
        super().setUpClass()

    def setUp(self):
        self.stripe.requests.clear()
        self.stripe.fail_next.clear()
        self.stripe.broken.clear()
        self.stripe.before_answer = None

    def tell(self, kind, subscription, status=200, **more):
        return self.post(*self.stripe.event(kind, subscription, **more), status)

    def post(self, body, signature, status=200):
        answer = support.request(self.server, "POST", "/webhooks/stripe", body, {"Accept-Language": "en", "Content-Type": "application/json", "Stripe-Signature": signature})
        self.assertEqual(answer.status, status, answer)
        return answer.json()["status"] if status == 200 else answer

    def status(self, caller):
        answer = caller.get("/billing/status")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def subscribe(self, caller, subscription, price="price_pro", org=None, customer=None, **more):
        """The caller pays, and Stripe tells of it."""
        owner = {"owner_type": "org", "owner_id": org} if org else {"owner_type": "user", "owner_id": caller.id}
        self.stripe.subscribe(subscription, price, metadata=owner, customer=customer or f"cus_{subscription}", **more)
        self.assertEqual(self.tell("customer.subscription.created", subscription), "ok")


class Billing:
    """The tests; subclasses choose the database."""

    # --- status

    def test_the_status_of_somebody_without_anything(self):
        self.assertOk(self.account("free").get("/billing/status/"), {
            "tier": "free", "storage_used_bytes": 0, "storage_limit_bytes": 50 * MIB, "stripe_customer_id": None, "has_subscription": False,
            "has_personal_subscription": False, "is_org_member": False, "org_role": None, "is_beta": False})
        for tier, limit in (("starter", 500 * MIB), ("pro", 2048 * MIB), ("team", 1024 * MIB), ("enterprise", 0)):
            status = self.status(self.account(tier))
            self.assertEqual((status["tier"], status["storage_limit_bytes"]), (tier, limit))
        self.assertEqual(self.status(self.account("admin"))["tier"], "enterprise")
        self.assertEqual(support.request(self.server, "GET", "/api/v1/billing/status").status, 401)

    def test_members_see_the_organisations_numbers(self):
        ada, org = self.org("team")
        member = self.member(ada, tier="free")
        session = self.push(member)
        size = self.detail(member, session)["blob_size_bytes"]
        limit = int(self.sql(f"SELECT storage_limit FROM mortise_orgs WHERE id = '{org}'")[0][0])
        self.assertOk(member.get("/billing/status"), {
            "tier": "team", "storage_used_bytes": size, "storage_limit_bytes": limit or 1024 * MIB, "stripe_customer_id": None, "has_subscription": False,
            "has_personal_subscription": False, "is_org_member": True, "org_role": "member", "is_beta": False})
        self.assertEqual(self.status(ada)["storage_used_bytes"], size)
        self.subscribe(ada, "sub_numbers", "price_team", org, quantity=7)
        status = self.status(member)
        self.assertEqual((status["stripe_customer_id"], status["has_subscription"], status["has_personal_subscription"], status["storage_limit_bytes"]),
                         ("cus_sub_numbers", True, False, 7 << 30))

    # --- checkout

    def test_a_checkout_leads_to_the_provider(self):
        ada = self.account("free")
        for tier in ("starter", "pro", "team"):
            answer = ada.post("/billing/checkout", {"tier": tier, "seats": 3})
            self.assertEqual(answer.status, 200, answer)
            self.assertRegex(answer.json()["checkout_url"], r"^https://checkout\.example\.com/cs_\d+$")
            method, path, form, headers = self.stripe.requests[-1]
            self.assertEqual((method, path, headers["Content-Type"]), ("POST", "/v1/checkout/sessions", "application/x-www-form-urlencoded"))
            self.assertTrue(headers["Idempotency-Key"])
            self.assertEqual(form, {
                "mode": "subscription", "line_items[0][price]": f"price_{tier}", "line_items[0][quantity]": "3" if tier == "team" else "1",
                "success_url": "https://app.example.com/billing?checkout=success", "cancel_url": "https://app.example.com/billing?checkout=cancelled",
                "client_reference_id": f"user:{ada.id}", "customer_email": ada.email, "metadata[owner_type]": "user", "metadata[owner_id]": ada.id,
                "subscription_data[metadata][owner_type]": "user", "subscription_data[metadata][owner_id]": ada.id})
        self.assertNotIn(self.stripe.key, self.server.output())

    def test_what_can_not_be_bought(self):
        ada = self.account("free")
        for tier in ("free", "enterprise", "admin", "Pro", ""):
            self.assertPlain(ada.post("/billing/checkout", {"tier": tier}), 400, "Only starter, pro and team can be bought")
        for wrong, field in (({}, "tier"), ({"tier": None}, "tier"), ({"tier": "pro", "seats": 0}, "seats"), ({"tier": "pro", "seats": 10001}, "seats"), ({"tier": "pro", "seats": 1.5}, "seats")):
            self.assertInvalid(ada.post("/billing/checkout", wrong), ("body", field))
        self.assertEqual(self.stripe.requests, [])

    def test_in_an_organisation_its_administrators_buy_team_alone(self):
        ada, org = self.org("team")
        member, admin = self.member(ada, tier="free"), self.member(ada, "admin")
        for who in (ada, member):
            for tier in ("starter", "pro"):
                self.assertCode(who.post("/billing/checkout", {"tier": tier}), 400, "org_member_restriction", "Members of an organisation have what their organisation pays for")
        self.assertCode(member.post("/billing/checkout", {"tier": "team"}), 403, "admin_required", "Only administrators of the organisation may do this")
        self.assertEqual(self.stripe.requests, [])
        self.assertEqual(admin.post("/billing/checkout", {"tier": "team", "seats": 1}).status, 200)
        form = self.stripe.requests[-1][2]
        self.assertEqual((form["line_items[0][quantity]"], form["metadata[owner_type]"], form["metadata[owner_id]"], form["customer_email"]), ("3", "org", org, admin.email))
        self.assertEqual(admin.post("/billing/checkout", {"tier": "team", "seats": 9}).status, 200)
        self.assertEqual(self.stripe.requests[-1][2]["line_items[0][quantity]"], "9")
        self.subscribe(ada, "sub_org1", "price_team", org, quantity=9)
        self.assertCode(ada.post("/billing/checkout", {"tier": "team"}), 409, "already_subscribed", "There is a subscription already")

    def test_who_has_a_subscription_buys_no_second_and_keeps_the_customer(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_second")
        self.assertCode(ada.post("/billing/checkout", {"tier": "starter"}), 409, "already_subscribed", "There is a subscription already")
        self.stripe.subscriptions["sub_second"]["status"] = "canceled"
        self.assertEqual(self.tell("customer.subscription.deleted", "sub_second"), "ok")
        self.assertEqual(ada.post("/billing/checkout", {"tier": "starter"}).status, 200)
        form = self.stripe.requests[-1][2]
        self.assertEqual((form["customer"], form.get("customer_email")), ("cus_sub_second", None))

    def test_a_provider_that_fails(self):
        ada = self.account("free")
        for failure in (500, 401, 429, {"id": "cs_1"}, {"url": "javascript:alert(1)"}, ["nonsense"]):
            self.stripe.fail_next.append(failure)
            self.assertPlain(ada.post("/billing/checkout", {"tier": "pro"}), 502, "The payment provider does not answer as it should")
        self.assertEqual(ada.post("/billing/checkout", {"tier": "pro"}).status, 200)

    # --- portal

    def test_the_portal_is_the_customers(self):
        ada = self.account("free")
        for body in (None, {}, {"scope": "personal"}, {"scope": "org"}):
            self.assertPlain(ada.post("/billing/portal", body), 400, NO_SUBSCRIPTION)
        self.assertInvalid(ada.post("/billing/portal", {"scope": "all"}), ("body", "scope"))
        self.subscribe(ada, "sub_portal1")
        for body in (None, {}, {"scope": "auto"}, {"scope": "personal"}):
            self.assertOk(ada.post("/billing/portal", body), {"portal_url": "https://portal.example.com/cus_sub_portal1"})
            self.assertEqual(self.stripe.requests[-1][2], {"customer": "cus_sub_portal1", "return_url": "https://app.example.com/billing"})
        self.assertPlain(ada.post("/billing/portal", {"scope": "org"}), 400, NO_SUBSCRIPTION)

    def test_the_organisations_portal_is_its_administrators(self):
        ada, org = self.org("team")
        member = self.member(ada, tier="free")
        self.assertPlain(ada.post("/billing/portal"), 400, NO_SUBSCRIPTION)
        self.assertPlain(member.post("/billing/portal"), 400, NO_SUBSCRIPTION)
        self.subscribe(ada, "sub_portal2", "price_team", org)
        required = "Only administrators of the organisation may do this"
        for body in (None, {"scope": "org"}):
            self.assertOk(ada.post("/billing/portal", body), {"portal_url": "https://portal.example.com/cus_sub_portal2"})
            self.assertCode(member.post("/billing/portal", body), 403, "admin_required", required)
        self.assertPlain(member.post("/billing/portal", {"scope": "personal"}), 400, NO_SUBSCRIPTION)
        self.subscribe(member, "sub_portal3")
        self.assertOk(member.post("/billing/portal"), {"portal_url": "https://portal.example.com/cus_sub_portal3"})
        self.assertOk(member.post("/billing/portal", {"scope": "personal"}), {"portal_url": "https://portal.example.com/cus_sub_portal3"})
        self.assertCode(member.post("/billing/portal", {"scope": "org"}), 403, "admin_required", required)
        self.assertTrue(self.status(member)["has_personal_subscription"])

    # --- what is paid for decides the tier

    def test_a_subscription_decides_its_users_tier_until_it_ends(self):
        ada = self.account("starter")
        self.subscribe(ada, "sub_life")
        status = self.status(ada)
        self.assertEqual((status["tier"], status["has_subscription"], status["has_personal_subscription"], status["stripe_customer_id"]), ("pro", True, True, "cus_sub_life"))
        self.stripe.subscriptions["sub_life"]["items"]["data"][0]["price"]["id"] = "price_team"
        self.assertEqual(self.tell("customer.subscription.updated", "sub_life"), "ok")
        self.assertEqual(self.status(ada)["tier"], "team")
        for state, tier in (("past_due", "team"), ("unpaid", "starter"), ("active", "team"), ("trialing", "team"), ("paused", "starter"), ("incomplete_expired", "starter")):
            self.stripe.subscriptions["sub_life"]["status"] = state
            self.assertEqual(self.tell("customer.subscription.updated", "sub_life"), "ok")
            self.assertEqual((self.status(ada)["tier"], self.status(ada)["has_subscription"]), (tier, tier == "team"), state)
        actions = [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE target = 'user:{ada.id}' AND action LIKE 'projects.%' ORDER BY at, id")]
        self.assertEqual(actions[0], "projects.entitlement_given")
        self.assertEqual(actions[-1], "projects.entitlement_ended")

    def test_a_subscription_decides_an_organisations_tier_seats_and_storage(self):
        ada, org = self.org("enterprise")
        before = self.sql(f"SELECT tier, seats_limit, storage_limit FROM mortise_orgs WHERE id = '{org}'")
        self.subscribe(ada, "sub_org2", "price_team", org, quantity=12)
        self.assertEqual([(row[0], int(row[1]), int(row[2])) for row in self.sql(f"SELECT tier, seats_limit, storage_limit FROM mortise_orgs WHERE id = '{org}'")], [("team", 12, 12 << 30)])
        self.assertEqual(self.status(self.member(ada, tier="free"))["tier"], "team")
        del self.stripe.subscriptions["sub_org2"]
        self.assertEqual(self.tell("customer.subscription.deleted", "sub_org2"), "ok")
        self.assertEqual(self.sql(f"SELECT tier, seats_limit, storage_limit FROM mortise_orgs WHERE id = '{org}'"), before)

    def test_of_two_the_newest_decides(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_old", "price_team", created=1000, customer="cus_two")
        self.subscribe(ada, "sub_new", "price_starter", created=2000, customer="cus_two")
        self.assertEqual(self.status(ada)["tier"], "starter")
        self.assertEqual(self.tell("customer.subscription.updated", "sub_old"), "ok")
        self.assertEqual(self.status(ada)["tier"], "starter")
        self.stripe.subscriptions["sub_new"]["status"] = "canceled"
        self.tell("customer.subscription.deleted", "sub_new")
        self.assertEqual(self.status(ada)["tier"], "team")
        self.stripe.subscriptions["sub_old"]["status"] = "canceled"
        self.tell("customer.subscription.deleted", "sub_old")
        self.assertEqual(self.status(ada)["tier"], "free")

    def test_an_event_that_changes_nothing_writes_nothing(self):
        ada, (grace, org) = self.account("free"), self.org("team")
        self.subscribe(ada, "sub_same_user")
        self.subscribe(grace, "sub_same_org", "price_team", org, quantity=3)
        given = lambda: [self.audited(target).count("projects.entitlement_given") for target in (f"user:{ada.id}", f"org:{org}")]
        self.assertEqual(given(), [1, 1])
        for subscription in ("sub_same_user", "sub_same_org"):
            self.assertEqual(self.tell("customer.subscription.updated", subscription), "ok")
        self.assertEqual(given(), [1, 1])
        self.stripe.subscriptions["sub_same_org"]["items"]["data"][0]["quantity"] = 4
        self.assertEqual(self.tell("customer.subscription.updated", "sub_same_org"), "ok")
        self.assertEqual(given(), [1, 2])

    def test_what_an_administrator_set_meanwhile_stays(self):
        ada, root = self.account("free"), self.account(role="super_admin")
        self.subscribe(ada, "sub_meanwhile")
        self.assertEqual(root.put(f"/admin/users/{ada.id}/tier", {"tier": "enterprise"}).status, 200)
        self.stripe.subscriptions["sub_meanwhile"]["status"] = "canceled"
        self.tell("customer.subscription.deleted", "sub_meanwhile")
        self.assertEqual(self.status(ada)["tier"], "enterprise")

    def test_an_administrator_of_the_server_stays_one(self):
        root = self.account("admin")
        self.subscribe(root, "sub_root", "price_starter")
        self.assertEqual(self.status(root)["tier"], "enterprise")

    def test_what_is_nobodys_or_for_nothing_changes_nothing(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_nobody", "price_pro", metadata={"owner_type": "user", "owner_id": "nobody"}, customer="cus_nobody")
        self.stripe.subscribe("sub_unknown", "price_pro", customer="cus_unknown")
        self.stripe.subscribe("sub_price", "price_other", metadata={"owner_type": "user", "owner_id": ada.id}, customer="cus_price")
        for subscription in ("sub_nobody", "sub_unknown", "sub_price"):
            self.assertEqual(self.tell("customer.subscription.updated", subscription), "ok")
        self.assertEqual(self.status(ada)["tier"], "free")
        self.assertEqual(self.sql("SELECT id FROM projects_entitlements WHERE subscription_id IN ('sub_nobody', 'sub_unknown', 'sub_price')"), [])

    def test_one_made_at_the_provider_is_its_customers(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_first", customer="cus_known")
        self.stripe.subscriptions["sub_first"]["status"] = "canceled"
        self.tell("customer.subscription.deleted", "sub_first")
        self.stripe.subscribe("sub_by_hand", "price_team", customer="cus_known")
        self.assertEqual(self.tell("customer.subscription.created", "sub_by_hand"), "ok")
        self.assertEqual(self.status(ada)["tier"], "team")

    # --- webhooks

    def test_events_name_their_subscription_in_several_ways(self):
        for kind in ("checkout.session.completed", "invoice.paid", "invoice.payment_failed", "customer.subscription.updated"):
            ada, subscription = self.account("free"), "sub_" + kind.replace(".", "_")
            self.stripe.subscribe(subscription, "price_pro", metadata={"owner_type": "user", "owner_id": ada.id}, customer=f"cus_{subscription}")
            self.assertEqual(self.tell(kind, subscription), "ok")
            self.assertEqual(self.status(ada)["tier"], "pro", kind)
        body = json.dumps({"id": "evt_charge", "type": "charge.succeeded", "data": {"object": {"id": "ch_1", "object": "charge"}}}).encode()
        self.assertEqual(self.post(body, self.stripe.signature(body)), "ignored")

    def test_what_is_not_signed_is_refused(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_unsigned", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id})
        body, good = self.stripe.event("customer.subscription.created", "sub_unsigned")
        now = int(time.time())
        for signature in ("", "nonsense", good.replace("v1=", "v0="), good[:-1] + ("0" if good[-1] != "0" else "1"), self.stripe.signature(body, secret="whsec_other"),
                          self.stripe.signature(body + b" "), self.stripe.signature(body, now - 301), self.stripe.signature(body, now + 320), "x" * 1999):
            with self.subTest(signature[:40]):
                self.assertPlain(self.post(body, signature, 401), 401, "The signature is missing, wrong or old")
        answer = support.request(self.server, "POST", "/webhooks/stripe", body, {"Content-Type": "application/json"})
        self.assertEqual(answer.status, 401)
        self.assertEqual(self.stripe.requests, [])
        self.assertEqual(self.status(ada)["tier"], "free")
        self.assertEqual(self.post(body, good), "ok")

    def test_what_is_no_event_is_refused(self):
        for body in (b"{}", b'{"id":"evt_1"}', b'{"id":"","type":"t"}'):
            self.assertPlain(self.post(body, self.stripe.signature(body), 400), 400, "The body is no event")
        for body in (b"", b"[]", b"nonsense", b"{"):
            self.assertEqual(self.post(body, self.stripe.signature(body), 422).status, 422)
        big = b'{"id":"evt_1","type":"t","x":"' + b"x" * (1 << 20) + b'"}'
        self.assertEqual(self.post(big, self.stripe.signature(big), 413).status, 413)

    def test_a_repeated_event_is_taken_once(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_repeat", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id}, customer="cus_repeat")
        body, signature = self.stripe.event("customer.subscription.created", "sub_repeat")
        self.assertEqual([self.post(body, signature) for _ in range(3)], ["ok", "duplicate", "duplicate"])
        self.assertEqual(len([one for one in self.stripe.requests if one[1].endswith("sub_repeat")]), 1)
        body, signature = self.stripe.event("customer.subscription.updated", "sub_repeat")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = sorted(pool.map(lambda _: self.post(body, signature), range(6)))
        self.assertEqual(answers, ["duplicate"] * 5 + ["ok"])

    def test_events_out_of_order_end_in_what_is(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_order", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id}, customer="cus_order")
        created = self.stripe.event("customer.subscription.created", "sub_order")
        self.stripe.subscriptions["sub_order"]["status"] = "canceled"
        deleted = self.stripe.event("customer.subscription.deleted", "sub_order")
        self.assertEqual(self.post(*deleted), "ok")
        self.assertEqual(self.post(*created), "ok")
        self.assertEqual(self.status(ada)["tier"], "free")

    def test_an_answer_that_is_overtaken_is_asked_for_again(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_overtaken")
        told = []

        def overtake(subscription):
            # While the first answer is on its way, the subscription ends, and that is told and taken.
            if subscription != "sub_overtaken" or told:
                return
            told.append(True)
            self.stripe.subscriptions["sub_overtaken"]["status"] = "canceled"
            self.assertEqual(self.tell("customer.subscription.deleted", "sub_overtaken"), "ok")

        self.stripe.before_answer = overtake
        self.assertEqual(self.tell("customer.subscription.updated", "sub_overtaken"), "ok")
        self.assertEqual(self.status(ada)["tier"], "free")

    def test_an_event_is_told_again_when_the_provider_was_away(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_away", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id}, customer="cus_away")
        body, signature = self.stripe.event("customer.subscription.created", "sub_away")
        self.stripe.fail_next.append(500)
        self.assertPlain(self.post(body, signature, 502), 502, "The payment provider does not answer as it should")
        self.assertEqual(self.status(ada)["tier"], "free")
        self.assertEqual(self.post(body, signature), "ok")
        self.assertEqual(self.status(ada)["tier"], "pro")

    # --- the job

    def settle(self):
        answer = support.request(self.server, "POST", "/api/v1/scheduler/jobs/projects.settle_subscriptions/actions/run", token=self.account(role="super_admin").token)
        self.assertEqual(answer.status, 200, answer)

    def test_what_was_not_told_is_asked_for_once_it_is_overdue(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_overdue", period_end=int(time.time()) - 2 * 86400)
        self.stripe.subscriptions["sub_overdue"]["status"] = "canceled"
        self.assertEqual(self.status(ada)["tier"], "pro")
        self.settle()
        self.wait_until(lambda: self.status(ada)["tier"] == "free")

    def test_a_removed_account_pays_no_longer(self):
        ada = self.account("free")
        self.subscribe(ada, "sub_removed")
        root = self.account(role="super_admin")
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{ada.id}", token=root.token).json()["code"], 200)
        self.wait_until(lambda: self.sql("SELECT cancel_wanted FROM projects_entitlements WHERE subscription_id = 'sub_removed'")[0][0] in (1, "1"))
        self.stripe.fail_next.append(500)
        self.settle()
        self.wait_until(lambda: not self.stripe.fail_next)
        self.settle()
        self.wait_until(lambda: self.stripe.subscriptions["sub_removed"]["status"] == "canceled")
        self.wait_until(lambda: [(row[0], int(row[1])) for row in self.sql("SELECT status, cancel_wanted FROM projects_entitlements WHERE subscription_id = 'sub_removed'")] == [("ended", 0)])

    def test_many_that_fail_leave_the_others_their_turn(self):
        ada, bob = self.account("free"), self.account("free")
        for caller, subscription in ((ada, "sub_turn1"), (bob, "sub_turn2")):
            self.subscribe(caller, subscription, period_end=int(time.time()) - 2 * 86400)
            self.stripe.subscriptions[subscription]["status"] = "canceled"
        self.sql("UPDATE projects_entitlements SET cancel_wanted = 1 WHERE subscription_id = 'sub_turn1'")
        self.stripe.subscriptions["sub_turn1"]["status"] = "active"
        # Both lists begin with more of them than a page has.
        rows = ", ".join(f"('ent_turn{n:03}', 'user', 'nobody{n}', 'stripe', 'sub_broken{n}', 'pro', 1, 0, 'waiting', 'active', {n}, 1, 1, {n}, {n}, {n})" for n in range(150))
        self.sql("INSERT INTO projects_entitlements (id, owner_type, owner_id, source, subscription_id, tier, seats, storage_bytes, status, provider_status, period_end, "
                 f"cancel_wanted, revision, started_at, created_at, updated_at) VALUES {rows}")
        self.stripe.broken.update(f"sub_broken{n}" for n in range(150))
        self.settle()
        self.wait_until(lambda: self.stripe.subscriptions["sub_turn1"]["status"] == "canceled")
        self.wait_until(lambda: self.status(bob)["tier"] == "free")
        self.sql("DELETE FROM projects_entitlements WHERE id LIKE 'ent_turn%'")

    def wait_until(self, holds, seconds=120):
        end = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), end, "it never came to be")
            time.sleep(0.1)


class OnSqlite(Billing, Paying):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Billing, OnPostgresDatabase, Paying):
    pass


@unittest.skipUnless(pathlib.Path(LIBRARY[0]).exists(), "Stripe's library is not installed: ./dev setup --tests")
class WithStripesLibrary(Paying):
    """What Stripe's own library signs is taken, and what it would send is what is sent."""

    def library(self, *arguments):
        done = subprocess.run([*LIBRARY, *arguments], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_the_librarys_signature_is_taken(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_library", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id})
        body, signature = self.stripe.event("customer.subscription.created", "sub_library")
        self.library("verify", self.stripe.secret, signature, body.decode())
        self.assertEqual(self.post(body, self.library("sign", self.stripe.secret, body.decode())), "ok")
        self.assertEqual(self.library("subscription", self.stripe.url, self.stripe.key, "sub_library"), "active price_pro")

    def test_the_library_sends_the_same(self):
        ada = self.account("free")
        self.assertEqual(ada.post("/billing/checkout", {"tier": "pro"}).status, 200)
        self.library("checkout", self.stripe.url, self.stripe.key, json.dumps({
            "mode": "subscription", "line_items": [{"price": "price_pro", "quantity": 1}], "success_url": "https://app.example.com/billing?checkout=success",
            "cancel_url": "https://app.example.com/billing?checkout=cancelled", "client_reference_id": f"user:{ada.id}", "customer_email": ada.email,
            "metadata": {"owner_type": "user", "owner_id": ada.id}, "subscription_data": {"metadata": {"owner_type": "user", "owner_id": ada.id}}}))
        self.subscribe(ada, "sub_same", customer="cus_same")
        self.assertEqual(ada.post("/billing/portal").status, 200)
        self.library("portal", self.stripe.url, self.stripe.key, json.dumps({"customer": "cus_same", "return_url": "https://app.example.com/billing"}))
        ours, theirs, _, own_portal, their_portal = [one[:3] for one in self.stripe.requests]
        self.assertEqual(ours, theirs)
        self.assertEqual(own_portal, their_portal)


class Unreachable(Paying):
    """A payment provider that takes its time, and one that is not there."""

    def test_it_is_slow_and_then_away(self):
        ada = self.account("free")
        self.stripe.subscribe("sub_slow", "price_pro", metadata={"owner_type": "user", "owner_id": ada.id}, customer="cus_slow")
        body, signature = self.stripe.event("customer.subscription.created", "sub_slow")
        self.stripe.delay = 22
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            checkout, webhook = pool.submit(ada.post, "/billing/checkout", {"tier": "pro"}), pool.submit(self.post, body, signature, 504)
            for answer in (checkout.result(), webhook.result()):
                self.assertPlain(answer, 504, "The payment provider did not answer in time")
        self.stripe.delay = 0
        self.assertEqual(self.post(body, signature), "ok")
        body, signature = self.stripe.event("customer.subscription.updated", "sub_slow")
        self.stripe.stop()
        for answer in (ada.post("/billing/portal"), self.account("free").post("/billing/checkout", {"tier": "pro"}), self.post(body, signature, 502)):
            self.assertPlain(answer, 502, "The payment provider does not answer as it should")


class Unconfigured(ProjectFamily):
    """The normal self-hosted server: nothing is sold."""

    def test_nothing_can_be_bought_and_nothing_told(self):
        ada = self.account()
        self.assertTrue(ada.get("/billing/status").json()["is_beta"])
        for tier in ("starter", "pro", "team"):
            self.assertPlain(ada.post("/billing/checkout", {"tier": tier}), 400, NO_PRICE)
        self.assertPlain(ada.post("/billing/portal"), 400, NO_SUBSCRIPTION)
        stripe = StripeStandIn()
        for secret in ("", "whsec_x"):
            body, _ = stripe.event("customer.subscription.created", "sub_1")
            answer = support.request(self.server, "POST", "/webhooks/stripe", body, {"Accept-Language": "en", "Stripe-Signature": stripe.signature(body, secret=secret or None)})
            self.assertPlain(answer, 503, "This server has no secret for this webhook")

    def test_the_storage_of_sessions_is_told(self):
        ada = self.account("pro")
        size = self.detail(ada, self.push(ada))["blob_size_bytes"]
        self.assertEqual(ada.get("/billing/status").json()["storage_used_bytes"], size)


class Alone(ProjectFamily):
    """A server without the module that keeps sessions."""

    MODULES = ["auth", "scheduler", "projects"]

    def test_nothing_is_stored(self):
        status = self.account("pro").get("/billing/status").json()
        self.assertEqual((status["storage_used_bytes"], status["storage_limit_bytes"]), (0, 0))


if __name__ == "__main__":
    unittest.main()
