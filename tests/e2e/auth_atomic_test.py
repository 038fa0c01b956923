"""What an operation of `auth` writes is written whole or not at all, its row in the audit trail included: the database refuses one of the writes, on SQLite and
PostgreSQL."""
import re
import unittest

import support
from auth_browser_test import Browser
from mortise_server import OnPostgresDatabase, Postgres, code_in
from organisations import PASSWORD, Family, numbers

TIME_LIMIT = 300
NEW_PASSWORD = "Correct horse 8"
REFUSED = (400, 422, 500, 503)  # SQLite takes what a trigger refuses for a constraint; 503: a mail that could not be queued
TABLES = ("mortise_users", "mortise_sessions", "mortise_cookie_sessions", "mortise_api_keys", "mortise_orgs", "mortise_org_members", "mortise_audit",
          "auth_signups", "auth_sends", "auth_unproved_accounts", "auth_invites", "auth_org_settings", "auth_owner_transfers", "auth_counters", "auth_default_orgs", "auth_oauth_accounts")


class Atomic:
    """The tests; a subclass says on which database."""

    OPTIONS = {"http.public_url": "https://api.example.com", "auth.code_cooldown": "0s"}

    def state(self):
        return {table: sorted(self.sql(f"SELECT * FROM {table}")) for table in TABLES}

    def assertAllOrNothing(self, send, verb, table, when="1 = 1"):
        """`send` fails and leaves nothing behind while the database refuses such rows; then it works. Returns its answer."""
        before = self.state()
        with support.refused_writes(self.sql, hasattr(self, "postgres"), verb, table, when):
            answer = send()
            self.assertIn(answer.status, REFUSED, answer)
            self.assertEqual(self.state(), before)
        answer = send()
        self.assertLess(answer.status, 300, answer)
        self.assertNotEqual(self.state(), before)
        return answer

    def assertAudited(self, action, send):
        """Without its row in the audit trail nothing happens."""
        trail = f"SELECT action FROM mortise_audit WHERE action = '{action}'"
        recorded = len(self.sql(trail))
        answer = self.assertAllOrNothing(send, "INSERT", "mortise_audit", f"NEW.action = '{action}'")
        self.assertEqual(len(self.sql(trail)), recorded + 1)
        return answer

    def platform(self, caller, method, path, body=None):
        return support.request(self.server, method, path, body, token=caller.token)

    # --- accounts

    def test_what_administrators_do_to_accounts(self):
        root, user = self.account(role="super_admin"), self.account(confirmed=False)
        users = f"/admin/users/{user.id}"
        self.assertAudited("auth.tier_changed", lambda: root.put(users + "/tier", {"tier": "pro"}))
        self.assertAudited("auth.email_verified", lambda: root.put(users + "/verify", {}))
        self.assertAudited("mint_api_key_on_behalf", lambda: root.post(users + "/api-keys", {"name": "laptop"}))
        self.assertAudited("auth.status_changed", lambda: self.platform(root, "PUT", "/api" + users + "/status", {"status": "inactive"}))
        self.assertAudited("auth.account_deleted", lambda: self.platform(root, "DELETE", "/api" + users))

    def test_an_account_is_deleted_with_all_that_the_module_keeps_of_it(self):
        root, (ada, org) = self.account(role="super_admin"), self.org()
        self.assertEqual(ada.put("/auth/me/default-org", {"org_id": org}).status, 200)
        self.assertAllOrNothing(lambda: self.platform(root, "DELETE", f"/api/admin/users/{ada.id}"), "DELETE", "auth_default_orgs")
        self.assertEqual(self.sql(f"SELECT * FROM auth_default_orgs WHERE user_id = '{ada.id}'"), [])

    def test_a_registration_that_can_not_sign_in(self):
        name = f"user{next(numbers)}"
        send = lambda: support.request(self.server, "POST", "/api/auth/register", {"username": name, "password": PASSWORD})
        before = self.state()
        with support.refused_writes(self.sql, hasattr(self, "postgres"), "UPDATE", "mortise_users", f"NEW.username = '{name}'"):
            self.assertIn(send().json()["code"], REFUSED)
            self.assertEqual(self.state(), before)
        with support.refused_writes(self.sql, hasattr(self, "postgres"), "INSERT", "mortise_audit", "NEW.action = 'auth.account_created'"):
            self.assertIn(send().json()["code"], REFUSED)
            self.assertEqual(self.state(), before)
        self.assertEqual(send().json()["code"], 200, "the name is free")

    def test_a_user_name_that_changes(self):
        user = self.account()
        self.assertAudited("auth.username_changed", lambda: user.call("PATCH", "/users/me", {"username": f"user_{next(numbers)}"}))

    def test_a_sign_up_is_kept_with_its_mail(self):
        """Nothing is counted against the address either; the code that was mailed last stays good where a new one can't be queued."""
        name = f"user{next(numbers)}"
        body = {"username": name, "email": f"{name}@example.com", "password": NEW_PASSWORD}
        verifications = lambda path, body: support.request(self.server, "POST", "/api/v1/auth/verifications" + path, body)
        self.assertAllOrNothing(lambda: verifications("", body), "INSERT", "mortise_mails")
        code = code_in(self.smtp.wait_for(body["email"]))
        before = self.state()
        with support.refused_writes(self.sql, hasattr(self, "postgres"), "INSERT", "mortise_mails"):
            for _ in range(3):
                self.assertIn(verifications("/resend", {"email": body["email"]}).status, REFUSED)
                self.assertEqual(self.state(), before)
        self.assertEqual(verifications("/verify", {"email": body["email"], "token": code}).status, 200)
        again = {**body, "username": f"user{next(numbers)}"}
        self.assertAllOrNothing(lambda: verifications("", again), "INSERT", "mortise_mails")  # the mail that says that there is an account

    def test_a_sign_up_by_code(self):
        name = f"user{next(numbers)}"
        email = f"{name}@example.com"
        body = {"username": name, "email": email, "password": PASSWORD}
        self.assertEqual(support.request(self.server, "POST", "/api/v1/auth/verifications", body).status, 202)
        code = code_in(self.smtp.wait_for(email))
        self.assertAudited("auth.email_verified", lambda: support.request(self.server, "POST", "/api/v1/auth/verifications/verify", {"email": email, "token": code}))

    def test_a_sign_up_with_a_key_and_its_verification(self):
        email = f"user{next(numbers)}@example.com"
        self.assertAudited("auth.account_created", lambda: support.request(self.server, "POST", "/api/v1/auth/signup", {"email": email}))
        link = re.search(r"^https://api.example.com(\S+)", self.smtp.wait_for(email).get_body(("plain",)).get_content(), re.M).group(1)
        self.assertEqual(support.request(self.server, "GET", link).status, 200, "shows it only")
        support.wait_until(lambda: self.sql("SELECT count(*) FROM auth_unproved_accounts WHERE mailed_at = 0") == [["0"]], 30, "the mail's outcome to be noted")
        self.assertAudited("auth.email_verified", lambda: support.request(self.server, "POST", link))

    def test_a_password_changed_with_a_token(self):
        user = self.account()
        body = {"old_password": PASSWORD, "new_password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
        self.assertAudited("auth.password_changed", lambda: user.post("/auth/change-password", body))

    def test_a_password_changed_in_a_browser(self):
        user = self.account()
        browser = Browser(self.server)
        self.assertEqual(browser.log_in(user.email, PASSWORD).status, 200)
        self.assertAudited("auth.password_changed", lambda: browser.change_password(PASSWORD, NEW_PASSWORD))
        self.assertTrue(browser.session()["authenticated"])

    # --- keys

    def test_keys_of_a_user(self):
        user = self.account()
        first = self.assertAudited("auth.key_minted", lambda: user.post("/auth/keys", {"name": "laptop"})).json()
        second = self.assertAudited("auth.key_minted", lambda: user.post("/auth/me/api-keys", {"name": "desk"})).json()
        self.assertAudited("auth.key_deactivated", lambda: user.delete(f"/auth/keys/{first['key_id']}"))
        self.assertAudited("auth.key_revoked", lambda: user.delete(f"/auth/me/api-keys/{second['id']}", {"reason": "lost"}))

    def test_keys_of_an_organisation(self):
        ada, org = self.org()
        keys = f"/orgs/{org}/service-keys"
        made = self.assertAudited("auth.service_key_created", lambda: ada.post(keys, {"name": "ci", "scopes": ["tickets:read"]})).json()
        made = self.assertAudited("auth.service_key_rotated", lambda: ada.post(f"{keys}/{made['id']}/rotate")).json()
        made = self.assertAllOrNothing(lambda: ada.post(f"{keys}/{made['id']}/rotate"), "UPDATE", "mortise_api_keys", f"NEW.id = '{made['id']}'").json()
        self.assertAudited("auth.service_key_revoked", lambda: ada.delete(f"{keys}/{made['id']}"))

    # --- organisations

    def test_organisations_and_their_settings(self):
        ada, root = self.account(), self.account(role="super_admin")
        made = self.assertAudited("auth.org_created", lambda: ada.post("/org", {"name": "Engines", "slug": f"engines-{next(numbers)}"})).json()
        org = made["org_id"]
        self.assertAudited("auth.org_settings_changed", lambda: ada.put(f"/orgs/{org}/settings", {"kb_retention_days": 90}))
        self.assertAudited("auth.org_tier_changed", lambda: root.put(f"/admin/orgs/{org}/tier", {"tier": "team"}))

    def test_members(self):
        ada, org = self.org()
        grace = self.member(ada)
        self.assertAudited("auth.member_role_changed", lambda: ada.put(f"/org/members/{grace.id}/role", {"role": "admin"}))
        self.assertEqual(grace.put("/auth/me/default-org", {"org_id": org}).status, 200)
        self.assertEqual(ada.post(f"/orgs/{org}/owner/transfer", {"to_user_id": grace.id}).status, 201)
        self.assertAudited("auth.member_removed", lambda: ada.delete(f"/org/members/{grace.id}"))

    def test_a_member_is_removed_with_all_that_depends_on_the_membership(self):
        for verb, table in (("DELETE", "auth_default_orgs"), ("UPDATE", "auth_owner_transfers")):
            ada, org = self.org()
            grace = self.member(ada)
            self.assertEqual(grace.put("/auth/me/default-org", {"org_id": org}).status, 200)
            self.assertEqual(ada.post(f"/orgs/{org}/owner/transfer", {"to_user_id": grace.id}).status, 201)
            answer = self.assertAllOrNothing(lambda: ada.delete(f"/org/members/{grace.id}"), verb, table)
            self.assertEqual(answer.json()["pending_transfers_cancelled"], 1)

    def test_invites(self):
        ada, org = self.org()
        grace = self.account()
        invite = lambda: ada.post("/org/invite", {"email": grace.email})
        made = self.assertAudited("auth.member_invited", invite).json()["invite_id"]
        self.assertAudited("auth.invite_resent", lambda: ada.post(f"/orgs/{org}/invites/{made}/resend"))
        self.smtp.wait_for(grace.email, 2)
        self.assertEqual(len(self.smtp.to(grace.email)), 2, "of what was rolled back no mail goes out")
        self.assertAudited("auth.invite_declined", lambda: grace.post(f"/org/invite/{made}/decline"))
        made = invite().json()["invite_id"]
        self.assertAudited("auth.invite_revoked", lambda: ada.delete(f"/org/invites/{made}"))
        made = invite().json()["invite_id"]
        self.assertAudited("auth.invite_accepted", lambda: grace.post(f"/org/invite/{made}/accept"))

    def test_offers_of_ownership(self):
        ada, org = self.org()
        grace = self.member(ada)
        offer = lambda: ada.post(f"/orgs/{org}/owner/transfer", {"to_user_id": grace.id})
        made = self.assertAudited("auth.ownership_offered", offer).json()["id"]
        self.assertAudited("auth.ownership_offer_cancelled", lambda: grace.post(f"/orgs/{org}/owner/transfer/{made}/cancel"))
        made = offer().json()["id"]
        self.assertAudited("auth.ownership_accepted", lambda: grace.post(f"/orgs/{org}/owner/transfer/{made}/accept"))


class OnSqlite(Atomic, Family):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(OnPostgresDatabase, Atomic, Family):
    pass


if __name__ == "__main__":
    unittest.main()
