"""Organisations, members, invites, settings and transfers of ownership over real HTTP, with real mail, on SQLite and PostgreSQL."""
import concurrent.futures
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import INVITE, MICROS, ORG, Caller, Family, numbers

TIME_LIMIT = 420
PAST = 1


class Organisations:
    """The tests; subclasses choose the database."""

    # --- M1, M2, GET /orgs, GET /orgs/{id}/members

    def test_creating_one_makes_the_caller_its_owner(self):
        ada = self.account("team")
        slug = f"engines-{next(numbers)}"
        answer = ada.post("/org", {"name": "  Analytical Engines ", "slug": slug, "unknown": 1})
        org = answer.json()["org_id"]
        self.assertRegex(org, ORG)
        self.assertOk(answer, {"org_id": org, "name": "Analytical Engines", "slug": slug})
        shown = ada.get("/org").json()
        joined = shown["members"][0].pop("joined_at")
        self.assertRegex(joined, MICROS)
        name = ada.email.split("@")[0]
        members = [{"user_id": ada.id, "email": ada.email, "display_name": name, "role": "owner"}]
        self.assertEqual(shown, {"org": {"id": org, "name": "Analytical Engines", "slug": slug, "tier": "team", "seats_limit": 5, "seats_used": 1,
                                         "storage_limit_bytes": 5 << 30, "storage_used_bytes": 0}, "members": members, "current_user_role": "owner"})
        self.assertOk(ada.get("/orgs"), {"orgs": [{"org_id": org, "name": "Analytical Engines", "role": "owner"}]})
        self.assertOk(ada.get(f"/orgs/{org}/members"), {"org_id": org, "members": [{**members[0], "joined_at": joined}], "seats_used": 1, "seats_limit": 5,
                                                        "current_user_role": "owner"})

    def test_the_tier_decides_on_seats_and_storage(self):
        for tier, expected in (("enterprise", ("enterprise", 25, 0)), ("admin", ("team", 5, 5 << 30)), (None, ("enterprise", 25, 0))):
            caller, _ = self.org(tier)
            org = caller.get("/org").json()["org"]
            self.assertEqual((org["tier"], org["seats_limit"], org["storage_limit_bytes"]), expected, tier)

    def test_creating_one_needs_the_own_tier(self):
        for tier in ("free", "starter", "pro"):
            self.assertPlain(self.account(tier).post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}), 403,
                             "An organisation needs an account of tier team or enterprise")
        admin, _ = self.org("team")
        guest = self.member(admin, tier="free")  # whose organisation is of tier team
        self.assertPlain(guest.post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}), 403)

    def test_creating_one_refuses_what_breaks_a_rule(self):
        ada = self.account()
        for body, fields in (({}, [("body", "name"), ("body", "slug")]), ({"name": "", "slug": "abc"}, [("body", "name")]), ({"name": "  ", "slug": "abc"}, [("body", "name")]),
                             ({"name": "X\ny", "slug": "abc"}, [("body", "name")]), ({"name": "X", "slug": "ab"}, [("body", "slug")]),
                             ({"name": "X", "slug": "Abc"}, [("body", "slug")]), ({"name": "X", "slug": "-bc"}, [("body", "slug")]),
                             ({"name": "X", "slug": "a" * 101}, [("body", "slug")]), ({"name": 5, "slug": "a_bc"}, [("body", "name"), ("body", "slug")])):
            with self.subTest(body):
                self.assertInvalid(ada.post("/org", body), *fields)
        self.assertEqual(ada.post("/org", {"name": "X", "slug": "0-" + "a" * 98}).status, 200)

    def test_a_slug_is_unique_and_a_user_in_one_organisation_at_most(self):
        ada, _ = self.org()
        slug = ada.get("/org").json()["org"]["slug"]
        self.assertPlain(self.account().post("/org", {"name": "X", "slug": slug}), 409, "The short name is taken")
        self.assertPlain(ada.post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}), 409, "Already a member of an organisation")

    def test_two_organisations_at_once_with_one_slug_or_one_founder(self):
        callers, slug = [self.account() for _ in range(4)], f"race-{next(numbers)}"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda caller: caller.post("/org", {"name": "X", "slug": slug}).status, callers))
            self.assertEqual(answers, [200, 409, 409, 409])
            ada = self.account()
            answers = sorted(pool.map(lambda number: ada.post("/org", {"name": "X", "slug": f"{slug}-{number}"}).status, range(4)))
            self.assertEqual(answers, [200, 409, 409, 409])

    def test_outside_any_there_is_none(self):
        loner = self.account()
        self.assertOk(loner.get("/org"), {"org": None, "members": [], "current_user_role": None})
        self.assertOk(loner.get("/orgs"), {"orgs": []})
        self.assertOk(loner.get("/org/invites/me"), {"invites": []})

    def test_nobody_gets_in_without_credentials(self):
        for method, path in (("GET", "/org"), ("POST", "/org"), ("GET", "/orgs"), ("GET", "/org/invites"), ("GET", "/org/invites/me"), ("POST", "/org/invite")):
            answer = support.request(self.server, method, "/api/v1" + path, {} if method == "POST" else None, {"Accept-Language": "en"})
            self.assertPlain(answer, 401, "Missing or invalid API key")

    def test_both_forms_of_a_path_are_served(self):
        ada, org = self.org()
        self.assertEqual([ada.get(path).status for path in ("/org/", f"/orgs/{org}/members/", "/orgs/")], [200, 200, 200])

    def test_members_of_another_organisation_stay_unseen(self):
        _, org = self.org()
        stranger, _ = self.org()
        for caller in (stranger, self.account()):
            for path in ("members", "settings", "owner/transfer"):
                self.assertRole(caller.get(f"/orgs/{org}/{path}"), "none", "member")
                self.assertPlain(caller.get(f"/orgs/org_0000000000000000/{path}"), 404, "Organisation not found")

    # --- M3, M10: inviting

    def test_an_invite_is_mailed_and_accepted(self):
        ada, org = self.org()
        grace = self.account()
        answer = ada.post("/org/invite", {"email": f"  {grace.email.upper()} "})
        invite = answer.json()["invite_id"]
        self.assertRegex(invite, INVITE)
        self.assertOk(answer, {"invite_id": invite, "email": grace.email, "role": "member"})
        mail = self.smtp.wait_for(grace.email)
        self.assertEqual(mail["Subject"], "Invite to join Analytical Engines")
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            self.assertIn(f"https://app.example.com/invites?highlight={invite}", text)
            self.assertIn(ada.email, text)
            self.assertIn("7 days", text)
        listed = ada.get("/org/invites").json()["invites"]
        self.assertEqual([(one["id"], one["email"], one["role"]) for one in listed], [(invite, grace.email, "member")])
        self.assertEqual(sorted(listed[0]), ["created_at", "email", "expires_at", "id", "role"])
        mine = grace.get("/org/invites/me").json()["invites"]
        self.assertEqual(mine, [{"invite_id": invite, "org_id": org, "org_name": "Analytical Engines", "role": "member", "invited_by_email": ada.email,
                                 "created_at": listed[0]["created_at"], "expires_at": listed[0]["expires_at"]}])
        self.assertRegex(mine[0]["expires_at"], MICROS)
        self.assertOk(grace.call("POST", f"/org/invite/{invite}/accept", headers={"Content-Length": "0"}), {"org_id": org, "role": "member"})
        self.assertEqual(grace.get("/org").json()["current_user_role"], "member")
        self.assertOk(ada.get("/org/invites"), {"invites": []})
        self.assertOk(grace.get("/org/invites/me"), {"invites": []})
        self.assertPlain(grace.post(f"/org/invite/{invite}/accept"), 400, "The invite was accepted already")
        self.assertPlain(grace.post(f"/org/invite/{invite}/decline"), 400, "The invite was accepted already")

    def test_the_mail_speaks_chinese_to_whom_the_request_does(self):
        ada, _ = self.org()
        email = f"zh{next(numbers)}@example.com"
        self.assertEqual(ada.call("POST", "/org/invite", {"email": email}, language="zh-CN").status, 200)
        mail = self.smtp.wait_for(email)
        self.assertEqual(mail["Subject"], "邀请您加入 Analytical Engines")
        self.assertIn("7 天内有效", mail.get_body(("plain",)).get_content())

    def test_roles_in_both_forms_of_inviting(self):
        ada, org = self.org()
        for role, expected in (("admin", "admin"), ("member", "member"), ("owner", "member"), ("viewer", "member"), (None, "member")):
            answer = ada.post("/org/invite", {"email": f"r{next(numbers)}@example.com", "role": role})
            self.assertEqual((answer.status, answer.json()["role"]), (200, expected), role)
        for path in (f"/orgs/{org}/invite", f"/orgs/{org}/members/invite"):
            for role in ("owner", "viewer", ""):
                self.assertPlain(ada.post(path, {"email": "x@example.com", "role": role}), 400, "The role must be admin or member")
            answer = ada.post(path, {"email": f"r{next(numbers)}@example.com", "role": "admin"})
            self.assertEqual((answer.status, answer.json()["role"]), (200, "admin"))
            self.assertEqual(ada.post(path, {"email": f"r{next(numbers)}@example.com"}).json()["role"], "member")

    def test_who_may_invite(self):
        ada, org = self.org()
        member, stranger = self.member(ada), self.account()
        body = {"email": "x@example.com"}
        self.assertRole(member.post("/org/invite", body), "member")
        self.assertRole(stranger.post("/org/invite", body), "none")
        self.assertRole(member.get("/org/invites"), "member")
        self.assertRole(member.delete("/org/invites/inv_0"), "member")
        other, _ = self.org()
        for path in (f"/orgs/{org}/invite", f"/orgs/{org}/members/invite", f"/orgs/{org}/invites/inv_0/resend"):
            self.assertRole(member.post(path, body), "member")
            self.assertRole(other.post(path, body), "none")
            self.assertPlain(other.post(path.replace(org, "org_none"), body), 404, "Organisation not found")

    def test_inviting_refuses_what_breaks_a_rule(self):
        ada, _ = self.org()
        for email in ("nonsense", "", None, 5, "a@b@c", "a@" + "b" * 300 + ".com"):
            self.assertInvalid(ada.post("/org/invite", {"email": email}), ("body", "email"))
        self.assertInvalid(ada.post("/org/invite", {}), ("body", "email"))
        self.assertInvalid(ada.post("/org/invite", {"email": "a@example.com", "role": 5}), ("body", "role"))

    def test_one_open_invite_for_an_address_and_none_for_members(self):
        ada, org = self.org()
        grace = self.member(ada)
        self.assertPlain(ada.post("/org/invite", {"email": grace.email}), 409, "This address belongs to a member already")
        email = f"x{next(numbers)}@example.com"
        self.assertEqual(ada.post("/org/invite", {"email": email}).status, 200)
        self.assertPlain(ada.post(f"/orgs/{org}/invite", {"email": email}), 409, "This address has an open invite already")
        other, _ = self.org()
        self.assertEqual(other.post("/org/invite", {"email": email}).status, 200, "of another organisation")

    def test_two_invites_to_one_address_at_once(self):
        ada, _ = self.org()
        email = f"x{next(numbers)}@example.com"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: ada.post("/org/invite", {"email": email}).status, range(4)))
        self.assertEqual(answers, [200, 409, 409, 409])

    def test_seats_are_limited_when_inviting_and_when_accepting(self):
        ada, org = self.org("team")
        guests = [self.account() for _ in range(6)]
        invites = [ada.post("/org/invite", {"email": guest.email}).json()["invite_id"] for guest in guests]
        for guest, invite in list(zip(guests, invites))[:3]:
            self.assertEqual(guest.post(f"/org/invite/{invite}/accept").status, 200)
        full = {"status": 403, "code": "seat_limit", "message": "All seats of the organisation are taken", "seats_used": 5, "seats_limit": 5}
        with concurrent.futures.ThreadPoolExecutor(3) as pool:  # one seat is left for three
            answers = list(pool.map(lambda pair: pair[0].post(f"/org/invite/{pair[1]}/accept"), list(zip(guests, invites))[3:]))
        self.assertEqual(sorted(answer.status for answer in answers), [200, 403, 403], answers)
        for answer in answers:
            if answer.status == 403:
                self.assertCode(answer, **full)
        self.assertCode(ada.post("/org/invite", {"email": "late@example.com"}), **full)
        self.assertCode(ada.post(f"/orgs/{org}/invite", {"email": "late@example.com"}), **full)
        loser = next(guest for guest, answer in zip(guests[3:], answers) if answer.status == 403)
        self.assertEqual(len(loser.get("/org/invites/me").json()["invites"]), 1, "the invite is good again")
        self.assertEqual(ada.delete(f"/org/members/{guests[0].id}").status, 200)
        invite = loser.get("/org/invites/me").json()["invites"][0]["invite_id"]
        self.assertEqual(loser.post(f"/org/invite/{invite}/accept").status, 200)

    # --- one row per address: a new invite replaces the earlier one

    def row(self, invite):
        found = self.sql(f"SELECT state, created_at, decline_reason FROM auth_invites WHERE id = '{invite}'")
        return found[0] if found else None

    def invited(self, admin, email):
        answer = admin.post("/org/invite", {"email": email})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["invite_id"]

    def assertReplaced(self, admin, old, email):
        created = self.row(old)[1]
        new = self.invited(admin, email)
        self.assertNotEqual(new, old)
        self.assertIsNone(self.row(old))
        self.assertEqual(self.row(new)[:2], ["pending", created])
        return new

    def test_a_declined_invite_is_replaced_under_a_new_id(self):
        ada, _ = self.org()
        grace = self.account()
        old = self.invited(ada, grace.email)
        self.assertEqual(grace.post(f"/org/invite/{old}/decline", {"reason": "no time"}).status, 200)
        new = self.assertReplaced(ada, old, grace.email)
        self.assertEqual(self.row(new)[2], "")
        self.assertPlain(grace.post(f"/org/invite/{old}/accept"), 404, "Invite not found")
        self.assertEqual(grace.post(f"/org/invite/{new}/accept").status, 200)

    def test_an_expired_invite_is_refused_hidden_and_replaced(self):
        ada, org = self.org()
        grace = self.account()
        old = self.invited(ada, grace.email)
        self.sql(f"UPDATE auth_invites SET expires_at = {PAST} WHERE id = '{old}'")
        for answer in (grace.post(f"/org/invite/{old}/accept"), grace.post(f"/org/invite/{old}/decline", {})):
            self.assertPlain(answer, 400, "The invite has expired")
        self.assertPlain(ada.post(f"/orgs/{org}/invites/{old}/resend"), 409, "The invite has expired")
        self.assertOk(grace.get("/org/invites/me"), {"invites": []})
        self.assertOk(ada.get("/org/invites"), {"invites": []})
        new = self.assertReplaced(ada, old, grace.email)
        self.assertEqual(grace.post(f"/org/invite/{new}/accept").status, 200)

    def test_an_accepted_invite_whose_taker_left_is_replaced(self):
        ada, _ = self.org()
        grace = self.account()
        old = self.invited(ada, grace.email)
        self.assertEqual(grace.post(f"/org/invite/{old}/accept").status, 200)
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        new = self.assertReplaced(ada, old, grace.email)
        self.assertEqual(grace.post(f"/org/invite/{new}/accept").status, 200)

    # --- M4, M5: answering

    def test_only_the_invited_address_may_answer(self):
        ada, _ = self.org()
        email = f"Grace{next(numbers)}@Example.com"
        grace, stranger = self.account(email=email), self.account()
        invite = self.invited(ada, email.lower())
        for verb in ("accept", "decline"):
            self.assertPlain(stranger.post(f"/org/invite/{invite}/{verb}"), 403, "The invite is for another e-mail address")
            self.assertPlain(stranger.post(f"/org/invite/inv_0000000000000000/{verb}"), 404, "Invite not found")
        self.assertEqual(grace.post(f"/org/invite/{invite}/accept").status, 200)

    def test_a_claimed_address_does_not_get_the_invites_of_its_mailbox(self):
        ada, _ = self.org()
        claimer = self.account(confirmed=False)
        invite = self.invited(ada, claimer.email)
        self.assertOk(claimer.get("/org/invites/me"), {"invites": []})
        self.smtp.wait_for(claimer.email)  # the mail contains the id
        self.assertPlain(claimer.post(f"/org/invite/{invite}/accept"), 403, "Verify your e-mail address first")
        self.assertPlain(claimer.post("/org/invite/inv_0000000000000000/accept"), 403, "Verify your e-mail address first")
        self.assertEqual(self.row(invite)[0], "pending")
        root = self.account(role="super_admin")
        self.assertEqual(root.put(f"/admin/users/{claimer.id}/verify", {}).status, 200)
        self.assertEqual(claimer.post(f"/org/invite/{invite}/accept").status, 200)

    def test_keys_of_a_claimed_address_accept_nothing_either(self):
        ada, _ = self.org()
        for email in (f"user{next(numbers)}@example.com", f"User.{next(numbers)}@Example.COM"):
            made = support.request(self.server, "POST", "/api/v1/auth/signup", {"email": email}).json()
            invite = self.invited(ada, made["email"])
            for key in (made["raw_key"], support.request(self.server, "POST", "/api/v1/auth/keys", {}, token=made["raw_key"]).json()["raw_key"]):
                caller = Caller(self.server, key, made["user_id"], made["email"])
                self.assertOk(caller.get("/org/invites/me"), {"invites": []})
                self.assertPlain(caller.post(f"/org/invite/{invite}/accept"), 403, "Verify your e-mail address first")

    def test_nobody_invites_with_an_address_that_is_not_verified(self):
        ada, org = self.org()
        invite = self.invited(ada, f"p{next(numbers)}@example.com")
        claimer = self.account(confirmed=False)
        self.assertEqual(claimer.post("/org", {"name": "Win at our site", "slug": f"s-{next(numbers)}"}).status, 200)
        own = claimer.get("/org").json()["org"]["id"]
        for path in ("/org/invite", f"/orgs/{own}/invite", f"/orgs/{own}/members/invite", f"/orgs/{org}/invites/{invite}/resend", f"/orgs/{own}/invites/x/resend"):
            for role in ("member", "admin"):
                self.assertPlain(claimer.post(path, {"email": f"p{next(numbers)}@example.com", "role": role}), 403, "Verify your e-mail address first")
        self.assertEqual(claimer.get("/org/invites").json(), {"invites": []})
        self.assertEqual(self.sql(f"SELECT id FROM auth_invites WHERE invited_by = '{claimer.id}'"), [])

    def test_the_name_of_an_organisation_holds_no_link(self):
        for link in ("http://evil.example", "Pay now: https://evil.example/x", "www.evil.example", "evil.com", "evil.com/prize", "ｅｖｉｌ．ｃｏｍ", "evil。com", "evil｡com",
                     "bücher.example", "пример.рф", "mailto:x@y", "javascript:alert(1)", "tel:+1", "//evil", "192.0.2.7/x", "ev\u200bil.c\u00adom", "www．evil", "\\\\evil\\x"):
            with self.subTest(link):
                answer = self.account().post("/org", {"name": link, "slug": f"s-{next(numbers)}"})
                self.assertInvalid(answer, ("body", "name"))
                self.assertEqual(answer.json()["error"]["details"]["errors"][0]["msg"], "must not read as a link; put a blank after dots and colons")
        self.assertInvalid(self.account().post("/org", {"name": "x" * 101, "slug": f"s-{next(numbers)}"}), ("body", "name"))
        for fine in ("x" * 100, "St. John & Sons, Inc.", "Web 2.0: the club", "公司。"):
            self.assertEqual(self.account().post("/org", {"name": fine, "slug": f"s-{next(numbers)}"}).status, 200)

    def test_a_name_from_before_the_rule_stays_out_of_mails(self):
        for name in ("http://evil.example/pay", "Win at evil.example", "x" * 255):
            ada, org = self.org()
            self.sql(f"UPDATE mortise_orgs SET name = '{name}' WHERE id = '{org}'")
            email = f"p{next(numbers)}@example.com"
            self.invited(ada, email)
            mail = self.smtp.wait_for(email)
            slug = ada.get("/org").json()["org"]["slug"]
            for text in (str(mail["Subject"]), *(part.get_content() for part in mail.iter_parts())):
                self.assertNotIn("evil", text)
                self.assertNotIn("x" * 101, text)
                self.assertIn(slug if "evil" in name else "x" * 100, text)

    def test_an_inviter_whose_address_reads_as_a_link_is_not_named(self):
        ada = self.account(email=f"www.evil.example/x{next(numbers)}@example.com")
        self.assertEqual(ada.post("/org", {"name": "Engines", "slug": f"s-{next(numbers)}"}).status, 200)
        email = f"p{next(numbers)}@example.com"
        self.invited(ada, email)
        for part in self.smtp.wait_for(email).iter_parts():
            self.assertNotIn("evil", part.get_content())

    def test_guests_and_viewers_found_no_organisation(self):
        for role in ("guest", "viewer"):
            caller = self.account(role=role)
            self.assertPlain(caller.post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}), 403)
            self.assertPlain(caller.post("/org/", {"name": "X", "slug": f"s-{next(numbers)}"}), 403)
            self.assertIsNone(caller.get("/org").json()["org"])
            by_key = Caller(self.server, caller.post("/auth/keys", {"name": "k"}).json()["raw_key"], caller.id, caller.email)
            self.assertPlain(by_key.post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}), 403)
        for role in ("user", "admin", "super_admin", "service_role"):
            self.assertEqual(self.account(role=role).post("/org", {"name": "X", "slug": f"s-{next(numbers)}"}).status, 200, role)

    def test_declining_takes_a_reason_under_either_name_or_none(self):
        ada, _ = self.org()
        for body, kept in ((None, ""), ({}, ""), ({"reason": "no time"}, "no time"), ({"decline_reason": "moved"}, "moved"),
                           ({"reason": None, "decline_reason": "x"}, "x"), ({"reason": "é" * 1500}, "é" * 1000)):
            grace = self.account()
            invite = self.invited(ada, grace.email)
            answer = grace.post(f"/org/invite/{invite}/decline", body)
            self.assertEqual((answer.status, answer.json()["invite_id"]), (200, invite), answer)
            self.assertRegex(answer.json()["declined_at"], MICROS)
            self.assertEqual(sorted(answer.json()), ["declined_at", "invite_id"])
            self.assertEqual(self.row(invite)[2], kept)
            for verb in ("accept", "decline"):
                self.assertPlain(grace.post(f"/org/invite/{invite}/{verb}"), 400, "The invite was declined")

    def test_whoever_is_in_an_organisation_may_not_accept_another(self):
        ada, _ = self.org()
        grace, _ = self.org()
        invite = self.invited(ada, grace.email)
        self.assertPlain(grace.post(f"/org/invite/{invite}/accept"), 409, "Already a member of an organisation")
        self.assertEqual(grace.post(f"/org/invite/{invite}/decline").status, 200)

    def test_of_accepting_and_declining_at_once_one_wins(self):
        ada, org = self.org()
        for _ in range(5):
            grace = self.account()
            invite = self.invited(ada, grace.email)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                verbs = ["accept", "decline", "accept", "decline"]
                answers = list(pool.map(lambda verb: grace.post(f"/org/invite/{invite}/{verb}"), verbs))
            won = [verb for verb, answer in zip(verbs, answers) if answer.status == 200]
            self.assertEqual(len(won), 1, answers)
            self.assertTrue(all(answer.status in (200, 400, 409) for answer in answers), answers)
            inside = grace.get("/org").json()["org"] is not None
            self.assertEqual((inside, self.row(invite)[0]), (True, "accepted") if won == ["accept"] else (False, "declined"))

    def test_of_two_invites_accepted_at_once_one_wins(self):
        first, second = self.org(), self.org()
        for _ in range(3):
            grace = self.account()
            invites = [self.invited(admin, grace.email) for admin, _ in (first, second)]
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                answers = list(pool.map(lambda invite: grace.post(f"/org/invite/{invite}/accept").status, invites))
            self.assertEqual(sorted(answers), [200, 409])
            lost = invites[answers.index(409)]
            self.assertEqual(self.row(lost)[0], "pending", "good again")

    # --- M6 to M9

    def test_open_invites_come_newest_first_and_in_pages(self):
        ada, _ = self.org()
        ids = [self.invited(ada, f"p{next(numbers)}@example.com") for _ in range(3)]
        self.assertEqual([one["id"] for one in ada.get("/org/invites").json()["invites"]], ids[::-1])
        self.assertEqual([one["id"] for one in ada.get("/org/invites?limit=1&offset=1").json()["invites"]], [ids[1]])
        self.assertInvalid(ada.get("/org/invites?limit=0&offset=-1"), ("query", "limit"), ("query", "offset"))
        self.assertInvalid(ada.get("/org/invites?limit=1001"), ("query", "limit"))

    def test_revoking_removes_an_invite_in_any_state(self):
        ada, _ = self.org()
        other, _ = self.org()
        grace = self.account()
        invite = self.invited(ada, grace.email)
        self.assertPlain(other.delete(f"/org/invites/{invite}"), 404, "Invite not found")
        self.assertOk(ada.delete(f"/org/invites/{invite}"), {"revoked": invite})
        self.assertPlain(ada.delete(f"/org/invites/{invite}"), 404)
        self.assertPlain(grace.post(f"/org/invite/{invite}/accept"), 404)
        invite = self.invited(ada, grace.email)
        grace.post(f"/org/invite/{invite}/decline")
        self.assertOk(ada.delete(f"/org/invites/{invite}"), {"revoked": invite})

    def test_resending_mails_the_same_invite_again(self):
        ada, org = self.org()
        other, elsewhere = self.org()
        grace = self.account()
        invite = self.invited(ada, grace.email)
        self.smtp.wait_for(grace.email)
        answer = ada.post(f"/orgs/{org}/invites/{invite}/resend")
        mailed = answer.json()["last_emailed_at"]
        self.assertRegex(mailed, MICROS)
        self.assertOk(answer, {"invite_id": invite, "email": grace.email, "last_emailed_at": mailed, "sent": True})
        self.assertIn(invite, self.smtp.wait_for(grace.email, 2).get_body(("plain",)).get_content())
        self.assertPlain(ada.post(f"/orgs/{org}/invites/inv_0000000000000000/resend"), 404, "Invite not found")
        self.assertPlain(other.post(f"/orgs/{elsewhere}/invites/{invite}/resend"), 404, "Invite not found")
        grace.post(f"/org/invite/{invite}/accept")
        self.assertPlain(ada.post(f"/orgs/{org}/invites/{invite}/resend"), 409, "The invite was accepted already")
        declined = self.account()
        invite = self.invited(ada, declined.email)
        declined.post(f"/org/invite/{invite}/decline")
        self.assertPlain(ada.post(f"/orgs/{org}/invites/{invite}/resend"), 409, "The invite was declined")

    def test_a_mail_that_fails_does_not_fail_the_invite(self):
        ada, org = self.org()
        email = f"nobody+{next(numbers)}@example.com"
        invite = self.invited(ada, email)
        self.smtp.wait_for_refusal(email)
        support.wait_until(lambda: f"invite={invite}" in self.server.output(), 15, "the log line of the mail")
        support.wait_until(lambda: self.sql(f"SELECT last_emailed_at FROM auth_invites WHERE id = '{invite}'") == [["0"]], 15, "the mark to be taken back")

    # --- M11

    def test_changing_a_role(self):
        ada, org = self.org()
        grace = self.member(ada)
        for path, role in ((f"/org/members/{grace.id}/role", "admin"), (f"/orgs/{org}/members/{grace.id}/role", "member"),
                           (f"/orgs/{org}/members/{grace.id}/role", "member")):
            self.assertOk(ada.put(path, {"role": role}), {"user_id": grace.id, "role": role})
            self.assertEqual(grace.get("/org").json()["current_user_role"], role)

    def test_roles_that_may_not_be_given(self):
        ada, org = self.org()
        grace = self.member(ada)
        for start in ("/org", f"/orgs/{org}"):
            for role in ("owner", "viewer", ""):
                self.assertPlain(ada.put(f"{start}/members/{grace.id}/role", {"role": role}), 400, "The role must be admin or member")
            self.assertInvalid(ada.put(f"{start}/members/{grace.id}/role", {}), ("body", "role"))
            self.assertPlain(ada.put(f"{start}/members/nobody/role", {"role": "admin"}), 404, "Not a member of the organisation")
            self.assertPlain(ada.put(f"{start}/members/{ada.id}/role", {"role": "member"}), 400, "You can not change your own role")
            self.assertRole(grace.put(f"{start}/members/{ada.id}/role", {"role": "member"}), "member")
            self.assertPlain(ada.put(f"{start}/members/{self.org()[0].id}/role", {"role": "member"}), 404)
        stranger = self.account()
        self.assertRole(stranger.put(f"/org/members/{grace.id}/role", {"role": "admin"}), "none")
        self.assertRole(stranger.put(f"/orgs/{org}/members/{grace.id}/role", {"role": "admin"}), "none")
        self.assertPlain(stranger.put(f"/orgs/org_none/members/{grace.id}/role", {"role": "admin"}), 404, "Organisation not found")

    def test_two_administrators_who_demote_each_other_leave_one(self):
        ada, _, grace = self.ownerless()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: pair[0].put(f"/org/members/{pair[1].id}/role", {"role": "member"}), [(ada, grace), (grace, ada)]))
        self.assertEqual(answers[0].status == 200, answers[1].status != 200, answers)
        refused = next(answer for answer in answers if answer.status != 200)
        self.assertIn(refused.status, (400, 403), refused)
        self.assertEqual(len(self.sql("SELECT user_id FROM mortise_org_members WHERE role = 'admin' AND user_id IN "
                                      f"('{ada.id}', '{grace.id}')")), 1)

    def test_the_owner_is_changed_by_nobody_but_may_step_down(self):
        ada, org = self.org()
        grace = self.owner(ada, org)
        self.assertPlain(ada.put(f"/org/members/{grace.id}/role", {"role": "member"}), 403, "The role of the owner changes by a transfer of ownership only")
        self.assertPlain(grace.put(f"/org/members/{grace.id}/role", {"role": "member"}), 400, "You can not change your own role")
        self.assertOk(grace.put(f"/org/members/{ada.id}/role", {"role": "member"}), {"user_id": ada.id, "role": "member"})
        self.assertPlain(grace.put(f"/org/members/{grace.id}/role", {"role": "admin"}), 409, "Nobody else could administer the organisation")
        self.assertEqual(grace.put(f"/org/members/{ada.id}/role", {"role": "admin"}).status, 200)
        self.assertOk(grace.put(f"/org/members/{grace.id}/role", {"role": "admin"}), {"user_id": grace.id, "role": "admin"})
        self.assertEqual(grace.get("/org").json()["current_user_role"], "admin")

    # --- M12

    def test_removing_a_member(self):
        ada, org = self.org()
        for start in ("/org", f"/orgs/{org}"):
            grace = self.member(ada)
            self.assertOk(ada.delete(f"{start}/members/{grace.id}"), {"removed": grace.id, "projects_transferred": 0, "pending_transfers_cancelled": 0})
            self.assertIsNone(grace.get("/org").json()["org"])
            self.assertPlain(ada.delete(f"{start}/members/{grace.id}"), 404, "Not a member of the organisation")

    def test_a_default_organisation_goes_with_the_membership(self):
        ada, org = self.org()
        grace = self.member(ada)
        self.assertOk(grace.put("/auth/me/default-org", {"org_id": org}), {"default_org_id": org})
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        grace.post(f"/org/invite/{self.invited(ada, grace.email)}/accept")
        me = grace.get("/auth/me").json()
        self.assertEqual((me["org_id"], me["default_org_id"]), (org, None), "not even for who comes back")

    def test_who_may_not_be_removed_and_by_whom(self):
        ada, org = self.org()
        grace, member = self.owner(ada, org), self.member(ada)
        for start in ("/org", f"/orgs/{org}"):
            self.assertPlain(ada.delete(f"{start}/members/{grace.id}"), 409, "The owner can not be removed; transfer the ownership first")
            self.assertPlain(grace.delete(f"{start}/members/{grace.id}"), 409)
            self.assertPlain(ada.delete(f"{start}/members/{ada.id}"), 400, "You can not remove yourself")
            self.assertRole(member.delete(f"{start}/members/{ada.id}"), "member")
        stranger = self.account()
        self.assertRole(stranger.delete(f"/org/members/{ada.id}"), "none")
        self.assertRole(stranger.delete(f"/orgs/{org}/members/{ada.id}"), "none")
        self.assertPlain(stranger.delete(f"/orgs/org_none/members/{ada.id}"), 404, "Organisation not found")

    def test_removing_cancels_the_offers_that_depend_on_the_member(self):
        ada, org, grace = self.ownerless()
        linus = self.member(ada)
        self.assertEqual(grace.post(f"/orgs/{org}/owner/transfer", {"to_user_id": linus.id}).status, 201)
        self.assertOk(ada.delete(f"/org/members/{grace.id}"), {"removed": grace.id, "projects_transferred": 0, "pending_transfers_cancelled": 1})
        self.assertOk(ada.get(f"/orgs/{org}/owner/transfer"), {"transfer": None})

    def test_two_administrators_who_remove_each_other_leave_one(self):
        ada, org, grace = self.ownerless()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: pair[0].delete(f"/org/members/{pair[1].id}"), [(ada, grace), (grace, ada)]))
        self.assertEqual(sorted(answer.status == 200 for answer in answers), [False, True], answers)
        self.assertEqual(len(self.sql(f"SELECT user_id FROM mortise_org_members WHERE org_id = '{org}'")), 1)

    # --- settings

    def test_settings_are_kept_field_by_field(self):
        ada, org = self.org()
        member, path = self.member(ada), f"/orgs/{org}/settings"
        empty = {"kb_retention_days": None, "kb_max_context_words": None, "kb_section_page_limit": None, "helper_retention_days": None,
                 "auto_join_domains": [], "restrict_project_visibility": False, "require_lease_epoch_on_ticket_writes": False}
        self.assertOk(ada.get(path), empty)
        self.assertOk(ada.put(path, {}), empty)
        self.assertOk(ada.put(path, {"kb_retention_days": 730, "kb_max_context_words": 100}), {**empty, "kb_retention_days": 730, "kb_max_context_words": 100})
        self.assertOk(ada.put(path, {"kb_section_page_limit": 200, "kb_retention_days": None}), {**empty, "kb_section_page_limit": 200, "kb_max_context_words": 100})
        self.assertOk(member.get(path), {**empty, "kb_section_page_limit": 200, "kb_max_context_words": 100})
        self.assertRole(member.put(path, {}), "member")
        for name, values, limits in (("kb_retention_days", (0, 731, -1), "1 to 730"), ("kb_max_context_words", (99, 50001), "100 to 50000"),
                                     ("kb_section_page_limit", (0, 201), "1 to 200"), ("helper_retention_days", (0, 3651), "1 to 3650")):
            for value in values:
                least, most = limits.split(" to ")
                self.assertPlain(ada.put(path, {name: value}), 400, f"{name} must be between {least} and {most}")
            for value in ("five", "", "5.0", [5], True):
                self.assertInvalid(ada.put(path, {name: value}), ("body", name))
            self.assertPlain(ada.put(path, {name: str(values[0])}), 400, f"{name} must be between {least} and {most}")
            self.assertEqual(ada.put(path, {name: least}).json()[name], int(least), "a whole number may be a text")
        self.assertPlain(ada.put("/orgs/org_none/settings", {}), 404, "Organisation not found")
        self.assertRole(self.account().put(path, {}), "none")

    def test_settings_of_visibility_and_of_domains(self):
        ada, org = self.org()
        path = f"/orgs/{org}/settings"
        self.assertIs(ada.put(path, {"restrict_project_visibility": True}).json()["restrict_project_visibility"], True)
        self.assertIs(ada.put(path, {"kb_retention_days": 5}).json()["restrict_project_visibility"], True, "an absent field stays")
        self.assertIs(ada.put(path, {"restrict_project_visibility": None}).json()["restrict_project_visibility"], False)
        for value in ("maybe", [], {}):
            self.assertInvalid(ada.put(path, {"restrict_project_visibility": value}), ("body", "restrict_project_visibility"))
        for value in ([], None):
            self.assertEqual(ada.put(path, {"auto_join_domains": value}).json()["auto_join_domains"], [])
        self.assertCode(ada.put(path, {"auto_join_domains": ["example.com"], "kb_retention_days": 7}), 422, "unverified_domain",
                        "The domain example.com is not verified as your organisation's", domain="example.com")
        self.assertEqual(ada.get(path).json()["kb_retention_days"], 5, "nothing of a refused change is kept")
        self.assertInvalid(ada.put(path, {"auto_join_domains": "example.com"}), ("body", "auto_join_domains"))
        self.assertInvalid(ada.put(path, {"auto_join_domains": [5]}), ("body", "auto_join_domains", 0))

    # --- transfer of ownership

    def offered(self, caller, org, to):
        answer = caller.post(f"/orgs/{org}/owner/transfer", {"to_user_id": to.id})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_ownership_is_offered_and_accepted(self):
        ada, org = self.org()
        grace, linus, path = self.member(ada), self.member(ada), f"/orgs/{org}/owner/transfer"
        self.assertOk(linus.get(path), {"transfer": None})
        offer = self.offered(ada, org, grace)
        self.assertEqual({key: offer[key] for key in ("org_id", "from_user_id", "to_user_id", "state")},
                         {"org_id": org, "from_user_id": ada.id, "to_user_id": grace.id, "state": "pending"})
        self.assertIsInstance(offer["id"], int)
        for key in ("created_at", "expires_at", "updated_at"):
            self.assertRegex(offer[key], MICROS)
        self.assertOk(linus.get(path), {"transfer": offer})
        self.assertPlain(ada.post(path, {"to_user_id": linus.id}), 409, "Another offer of ownership is open")
        self.assertPlain(ada.post(f"{path}/{offer['id']}/accept"), 403, "The offer of ownership is for another member")
        taken = grace.post(f"{path}/{offer['id']}/accept")
        self.assertEqual((taken.status, taken.json()["state"]), (200, "accepted"), taken)
        roles = {one["user_id"]: one["role"] for one in grace.get("/org").json()["members"]}
        self.assertEqual(roles, {ada.id: "admin", grace.id: "owner", linus.id: "member"})
        self.assertPlain(grace.post(f"{path}/{offer['id']}/accept"), 409, "The offer of ownership is not open any more")
        # With an owner, no other member may offer; the next offer makes the owner an administrator.
        self.assertRole(ada.post(path, {"to_user_id": ada.id}), "admin", "owner")
        self.assertPlain(grace.post(path, {"to_user_id": grace.id}), 400, "This member is the owner already")
        second = self.offered(grace, org, ada)
        self.assertGreater(second["id"], offer["id"])
        self.assertEqual(ada.post(f"{path}/{second['id']}/accept").status, 200)
        roles = {one["user_id"]: one["role"] for one in grace.get("/org").json()["members"]}
        self.assertEqual(roles, {ada.id: "owner", grace.id: "admin", linus.id: "member"})

    def test_an_organisation_of_one_administrator_gets_its_owner(self):
        ada, org, grace = self.ownerless()
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        offer = self.offered(ada, org, ada)
        self.assertEqual(ada.post(f"/orgs/{org}/owner/transfer/{offer['id']}/accept").status, 200)
        self.assertEqual(ada.get("/org").json()["current_user_role"], "owner")
        self.assertEqual(ada.post("/org/invite", {"email": "x@example.com"}).status, 200, "an owner may what an administrator may")

    def test_offers_that_may_not_be_made(self):
        ada, org, _ = self.ownerless()
        member, path = self.member(ada), f"/orgs/{org}/owner/transfer"
        self.assertRole(member.post(path, {"to_user_id": member.id}), "member")
        self.assertPlain(ada.post(path, {"to_user_id": ada.id}), 400, "Offer the ownership to another member")
        self.assertPlain(ada.post(path, {"to_user_id": self.account().id}), 404, "Not a member of the organisation")
        self.assertInvalid(ada.post(path, {}), ("body", "to_user_id"))
        self.assertPlain(ada.post("/orgs/org_none/owner/transfer", {"to_user_id": "x"}), 404, "Organisation not found")
        self.assertRole(self.account().post(path, {"to_user_id": ada.id}), "none", "member")
        self.assertPlain(ada.post(f"{path}/999999/accept"), 404, "Offer of ownership not found")
        self.assertInvalid(ada.post(f"{path}/first/accept"), ("path", "transfer_id"))

    def test_offers_are_withdrawn_declined_and_expire(self):
        ada, org = self.org()
        grace, linus, path = self.member(ada), self.member(ada), f"/orgs/{org}/owner/transfer"
        for caller in (ada, grace):
            offer = self.offered(ada, org, grace)
            self.assertRole(linus.post(f"{path}/{offer['id']}/cancel"), "member", "owner")
            answer = caller.post(f"{path}/{offer['id']}/cancel")
            self.assertEqual((answer.status, answer.json()["state"]), (200, "cancelled"), answer)
            self.assertPlain(grace.post(f"{path}/{offer['id']}/accept"), 409, "The offer of ownership is not open any more")
            self.assertPlain(caller.post(f"{path}/{offer['id']}/cancel"), 409)
        offer = self.offered(ada, org, grace)
        self.sql(f"UPDATE auth_owner_transfers SET expires_at = {PAST} WHERE id = {offer['id']}")
        self.assertOk(ada.get(path), {"transfer": None})
        self.assertPlain(grace.post(f"{path}/{offer['id']}/accept"), 409)
        self.offered(ada, org, grace)

    def test_an_offer_of_somebody_who_lost_the_right_to_make_it_is_void(self):
        ada, org, grace = self.ownerless()
        linus, path = self.member(ada), f"/orgs/{org}/owner/transfer"
        offer = self.offered(grace, org, linus)
        self.assertEqual(ada.put(f"/org/members/{grace.id}/role", {"role": "member"}).status, 200)
        self.assertPlain(linus.post(f"{path}/{offer['id']}/accept"), 409, "Whoever made the offer can not hand the organisation over any more")
        self.assertOk(ada.get(path), {"transfer": None})

    def test_two_offers_at_once_leave_one(self):
        ada, org = self.org()
        grace = self.member(ada, "admin")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: ada.post(f"/orgs/{org}/owner/transfer", {"to_user_id": grace.id}).status, range(4)))
        self.assertEqual(answers, [201, 409, 409, 409])

    # --- leftovers

    def test_every_change_is_on_record(self):
        ada, org = self.org()
        grace = self.owner(ada, org)
        invite = self.invited(ada, "audit@example.com")
        ada.post(f"/orgs/{org}/invites/{invite}/resend")
        ada.delete(f"/org/invites/{invite}")
        declined = self.account()
        declined.post(f"/org/invite/{self.invited(ada, declined.email)}/decline")
        ada.put(f"/orgs/{org}/settings", {"kb_retention_days": 5})
        linus = self.member(ada)
        grace.put(f"/org/members/{linus.id}/role", {"role": "admin"})
        offer = self.offered(grace, org, linus)
        grace.post(f"/orgs/{org}/owner/transfer/{offer['id']}/cancel")
        ada.delete(f"/org/members/{linus.id}")
        users = ", ".join(f"'{caller.id}'" for caller in (ada, grace, linus, declined))
        actions = {row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE actor IN ({users})")}
        self.assertEqual({action for action in actions if not action.startswith("kernel.")},
                         {"auth.org_created", "auth.member_invited", "auth.invite_accepted", "auth.invite_declined", "auth.invite_resent", "auth.invite_revoked",
                          "auth.member_role_changed", "auth.member_removed", "auth.ownership_offered", "auth.ownership_accepted",
                          "auth.ownership_offer_cancelled", "auth.org_settings_changed"})

    def test_refusals_speak_chinese_too(self):
        ada, _ = self.org()
        answer = ada.call("POST", "/org/invite/inv_0/accept", language="zh-CN")
        self.assertEqual(answer.json()["error"]["message"], "邀请不存在")


class OnSqlite(Organisations, Family):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Organisations, OnPostgresDatabase, Family):
    pass


class WithoutMail(Family):
    OPTIONS = {"mail.url": ""}

    def test_invites_work_and_say_that_nothing_was_sent(self):
        ada, org = self.org()
        grace = self.account()
        invite = ada.post("/org/invite", {"email": grace.email}).json()["invite_id"]
        self.assertOk(ada.post(f"/orgs/{org}/invites/{invite}/resend"), {"invite_id": invite, "email": grace.email, "last_emailed_at": None, "sent": False})
        self.assertEqual(grace.post(f"/org/invite/{invite}/accept").status, 200)


class Limited(Family):
    OPTIONS = {"limits.enabled": "true"}

    def test_a_key_has_120_requests_a_minute(self):
        ada = self.account()
        statuses = [ada.get("/orgs").status for _ in range(121)]
        self.assertEqual((set(statuses[:120]), statuses[120]), ({200}, 429))
        refused = ada.get("/org")
        self.assertEqual((refused.status, refused.json()["error"]["message"]), (429, "Rate limit exceeded"), "one count for the family")

    def test_an_address_gets_ten_mails_an_hour_from_one_organisation(self):
        ada, org = self.org()
        email = f"often{next(numbers)}@example.com"
        invite = ada.post("/org/invite", {"email": email}).json()["invite_id"]
        statuses = [ada.post(f"/orgs/{org}/invites/{invite}/resend").status for _ in range(10)]
        self.assertEqual(statuses, [200] * 9 + [429])
        self.assertEqual(ada.post("/org/invite", {"email": f"other{next(numbers)}@example.com"}).status, 200)


if __name__ == "__main__":
    unittest.main()
