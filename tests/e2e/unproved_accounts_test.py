"""Accounts made with a key whose address nobody proves: which go after a while, and which stay. Real SMTP, on SQLite and PostgreSQL."""
import itertools
import json
import os
import re
import signal
import unittest

import support
import unified_family
from mortise_server import MortiseServer, Postgres, Smtp, code_in
from unified_family import PASSWORD, Browser

TIME_LIMIT = 300
PUBLIC = "https://api.example.com"
JOB = "/api/v1/scheduler/jobs/auth.remove_unproved_accounts"
DAY = 86400 * 1000000
numbers = itertools.count(1)


class Accounts:
    """The tests; subclasses choose the database."""

    def serve(self, options=None, mail=True):
        self.smtp = Smtp().start()
        self.addCleanup(self.smtp.stop)
        options = {**support.QUICK, "http.public_url": PUBLIC, "auth.code_cooldown": "0s", **({"mail.url": self.smtp.url} if mail else {}),
                   **self.database_options(), **(options or {})}
        self.options = options
        self.restart()
        name = f"root{next(numbers)}"
        support.account(self.server, name, PASSWORD)
        self.sql(f"UPDATE mortise_users SET role = 'admin' WHERE username = '{name}'")
        self.admin = Browser(self.server).log_in(name)

    def restart(self):
        """A process on the same data."""
        self.server = MortiseServer(self.options, modules=["auth", "sync", "scheduler", "probe"]).start()
        self.addCleanup(self.server.stop)
        self.options = self.server.options

    def sign_up(self, email=None):
        answer = support.request(self.server, "POST", "/api/v1/auth/signup", {"email": email or f"user{next(numbers)}@example.com"})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def link(self, made):
        text = self.smtp.wait_for(made["email"]).get_body(("plain",)).get_content()
        return re.search(rf"^{PUBLIC}(/api/v1/auth/verify\S+)", text, re.M).group(1)

    def lives(self, made):
        status = support.request(self.server, "GET", "/api/v1/auth/me", token=made["raw_key"]).status
        self.assertIn(status, (200, 401))
        return status == 200

    def pass_days(self, days, pending=0):
        """`pending`: accounts of which the server will not know that the relay took the link."""
        unknown = lambda: self.sql("SELECT count(*) FROM auth_unproved_accounts WHERE mailed_at = 0") == [[str(pending)]]
        support.wait_until(unknown, 30, "the outcome of the mails to be noted")
        self.sql(f"UPDATE auth_unproved_accounts SET mailed_at = mailed_at - {int(days * DAY)} WHERE mailed_at > 0")

    def run_job(self):
        runs = lambda: self.admin.call("GET", f"{JOB}/runs").json()["data"]
        before = runs()["total"]
        answer = self.admin.call("POST", f"{JOB}/actions/run")
        self.assertEqual(answer.status, 200, answer)
        ended = lambda: (now := runs())["total"] > before and now["items"][0]["ended_at"] and now["items"][0]
        run = support.wait_until(ended, 30, "the job to end")
        self.assertEqual(run["outcome"], "succeeded", run)

    def deletions(self):
        return self.sql("SELECT actor, target, details FROM mortise_audit WHERE action = 'auth.account_deleted' ORDER BY at, id")

    def test_an_account_goes_after_seven_days_and_gives_its_address_up(self):
        self.serve()
        old = [self.sign_up() for _ in range(3)]
        for made in old:
            self.smtp.wait_for(made["email"])
        self.pass_days(6.99)
        self.run_job()
        self.assertEqual([self.lives(made) for made in old], [True] * 3)
        self.pass_days(0.01)
        young = self.sign_up()
        self.run_job()
        self.assertEqual([self.lives(made) for made in old], [False] * 3)
        self.assertTrue(self.lives(young))
        # In the order in which the relay took their links, which need not be that of the sign-ups.
        self.assertCountEqual([(actor, target, json.loads(details)) for actor, target, details in self.deletions()],
                              [("module:auth", f"user:{made['user_id']}", {"reason": "address_not_verified"}) for made in old])
        again = self.sign_up(old[0]["email"])
        self.assertNotEqual(again["user_id"], old[0]["user_id"])
        self.assertEqual(self.sql("SELECT count(*) FROM auth_unproved_accounts"), [["2"]])

    def test_whoever_proved_the_address_or_was_let_in_further_stays(self):
        self.serve()
        by_link, by_code, by_admin, promoted, member, opened = (self.sign_up() for _ in range(6))
        link = self.link(by_link)
        self.assertEqual(support.request(self.server, "POST", link).status, 200)
        self.assertEqual(support.request(self.server, "GET", self.link(opened)).status, 200, "a look at the page proves nothing")
        name = f"user_{next(numbers)}"
        body = {"username": name, "email": by_code["email"], "password": PASSWORD}
        self.assertEqual(support.request(self.server, "POST", "/api/v1/auth/verifications", body).status, 202)
        code = code_in(self.smtp.wait_for(by_code["email"], 2))
        session = support.request(self.server, "POST", "/api/v1/auth/verifications/verify", {"email": by_code["email"], "token": code})
        self.assertEqual(session.status, 200, session)
        self.sql(f"UPDATE mortise_users SET email_confirmed_at = 1 WHERE id = '{by_admin['user_id']}'")
        self.sql(f"UPDATE mortise_users SET role = 'admin' WHERE id = '{promoted['user_id']}'")
        self.sql(f"INSERT INTO mortise_org_members (user_id, org_id, role, joined_at) VALUES ('{member['user_id']}', 'org_0', 'member', 1)")
        platform = support.account(self.server, f"user{next(numbers)}")
        self.pass_days(30)
        self.run_job()
        self.assertEqual([self.lives(made) for made in (by_link, by_admin, promoted, member)], [True] * 4)
        self.assertFalse(self.lives(opened))
        self.assertEqual(support.request(self.server, "GET", "/api/v1/auth/me", token=session.json()["access_token"]).status, 200)
        self.assertEqual(support.request(self.server, "GET", "/api/v1/auth/me", token=platform).status, 200)
        self.assertEqual(self.sql("SELECT count(*) FROM auth_unproved_accounts"), [["0"]], "none is looked at again")

    def test_founding_an_organisation_of_ones_own_is_no_way_to_stay(self):
        self.serve()
        alone, joined, plain = (self.sign_up() for _ in range(3))

        def found(made, slug):
            answer = support.request(self.server, "POST", "/api/v1/org", {"name": "Engines", "slug": slug}, token=made["raw_key"])
            self.assertIn(answer.status, (200, 201), answer)
            return answer.json()["org_id"]

        org, other = found(alone, "alone"), found(joined, "joined")
        settings = support.request(self.server, "PUT", f"/api/v1/orgs/{org}/settings", {"kb_retention_days": 30}, token=alone["raw_key"])
        self.assertEqual(settings.status, 200, settings)
        colleague = self.sign_up()
        self.sql(f"INSERT INTO mortise_org_members (user_id, org_id, role, joined_at) VALUES ('{colleague['user_id']}', '{other}', 'member', 1)")
        self.pass_days(30)
        self.run_job()
        self.assertEqual([self.lives(made) for made in (alone, joined, colleague, plain)], [False, True, True, False])
        self.assertEqual(self.sql("SELECT slug FROM mortise_orgs"), [["joined"]], "an organisation of nobody keeps no name")
        self.assertEqual(self.sql("SELECT count(*) FROM auth_org_settings"), [["0"]])
        self.assertIn(f"org:{org}", [row[0] for row in self.sql("SELECT target FROM mortise_audit WHERE action = 'auth.org_deleted'")])
        self.assertNotEqual(found(self.sign_up(alone["email"]), "alone"), org)

    def test_none_goes_to_whom_no_link_could_be_mailed(self):
        for options, mail in (({}, False), ({"http.public_url": ""}, True), ({"auth.require_email_verification": "false"}, True)):
            with self.subTest(options=options, mail=mail):
                self.serve(options, mail)
                made = self.sign_up()
                self.assertEqual(self.sql("SELECT count(*) FROM auth_unproved_accounts"), [["0"]])
                self.run_job()
                self.assertTrue(self.lives(made))
                self.server.stop()

    def test_none_goes_whose_mail_was_refused(self):
        self.serve()
        made = self.sign_up(f"nobody+{next(numbers)}@example.com")
        self.smtp.wait_for_refusal(made["email"])
        support.wait_until(lambda: self.sql("SELECT count(*) FROM auth_unproved_accounts") == [["0"]], 10, "the account to be forgotten")
        self.pass_days(30)
        self.run_job()
        self.assertTrue(self.lives(made))

    def test_none_goes_whose_mail_met_a_restart(self):
        """What became of these mails no process of the server tells the module."""
        for fate in ("given up", "sent"):
            with self.subTest(fate=fate):
                self.serve({"mail.url": "smtp://127.0.0.1:1"})
                made = self.sign_up()
                os.kill(self.server.pid, signal.SIGKILL)
                self.server.process.wait()
                self.server.stop()
                if fate == "given up":
                    self.sql("UPDATE mortise_mails SET expires_at = 1")
                self.options["mail.url"] = self.smtp.url
                self.restart()
                support.wait_until(lambda: self.sql("SELECT count(*) FROM mortise_mails") == [["0"]], 60, "the mail to go")
                self.assertEqual(len(self.smtp.to(made["email"])), 1 if fate == "sent" else 0)
                self.admin.server = self.server
                known = self.sign_up()
                self.smtp.wait_for(known["email"])
                self.pass_days(30, pending=1)
                self.run_job()
                self.assertTrue(self.lives(made))
                self.assertFalse(self.lives(known))
                link = self.link(made) if fate == "sent" else None
                if link:
                    self.assertEqual(support.request(self.server, "POST", link).status, 200)
                    self.assertEqual(self.sql("SELECT count(*) FROM auth_unproved_accounts"), [["0"]])
                self.server.stop()

    def test_the_time_is_an_option_and_zero_keeps_all(self):
        self.serve({"auth.unproved_lifetime": "1h"})
        made = self.sign_up()
        self.assertIn("after one day", self.smtp.wait_for(made["email"]).get_body(("plain",)).get_content())
        self.pass_days(0.5)
        self.run_job()
        self.assertFalse(self.lives(made))
        self.server.stop()
        self.serve({"auth.unproved_lifetime": "0s"})
        made = self.sign_up()
        self.assertNotIn("deleted", self.smtp.wait_for(made["email"]).get_body(("plain",)).get_content())
        self.pass_days(5000)
        self.run_job()
        self.assertTrue(self.lives(made))


class OnSqlite(Accounts, unified_family.OnSqlite, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Accounts, unified_family.OnPostgres, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main()
