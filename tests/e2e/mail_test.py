"""Mails that can't be delivered at once: they wait in the database, sealed, and outlive the server that accepted them."""
import os
import signal
import sqlite3
import unittest

import support
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres, Smtp, code_in

TIME_LIMIT = 300
OPTIONS = {**support.QUICK, "auth.code_cooldown": "0s"}
PASSWORD = "correct horse battery staple 42"


class Mail:
    @classmethod
    def setUpClass(cls):
        cls.more = cls.database()

    def setUp(self):
        self.port = support.free_port()
        self.server = MortiseServer({**OPTIONS, **self.more, "mail.url": f"smtp://127.0.0.1:{self.port}"}, modules=["auth"])
        self.addCleanup(self.server.stop)

    def start_again(self):
        """Another process on the same data."""
        self.server = MortiseServer(self.server.options, modules=["auth"]).start()
        self.addCleanup(self.server.stop)

    def relay(self):
        smtp = Smtp(self.port).start()
        self.addCleanup(smtp.stop)
        return smtp

    def call(self, path, body, server=None):
        return support.request(server or self.server, "POST", "/api/v1/auth" + path, body)

    def sign_up(self, server=None):
        name = f"ada{os.urandom(4).hex()}"
        email = f"{name}@example.com"
        self.assertEqual(self.call("/verifications", {"username": name, "email": email, "password": PASSWORD}, server).status, 202)
        return email

    def assertOpens(self, email, smtp, server=None):
        """The mail came once, and its code opens the account."""
        code = code_in(smtp.wait_for(email, seconds=90))
        self.assertEqual(self.call("/verifications/verify", {"email": email, "token": code}, server).status, 200)
        self.assertEqual(len(smtp.to(email)), 1)

    def health(self):
        return support.request(self.server, "GET", "/api/v1/infra/health").json()["services"]["mail"]["status"]

    def metric(self, name):
        page = support.request(self.server, "GET", "/metrics").body.decode()
        return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"mortise_{name} "))

    def kill(self, server):
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait()
        server.stop()

    def test_nothing_is_lost_by_kill_9_between_acceptance_and_delivery(self):
        self.server.start()
        emails = [self.sign_up() for _ in range(3)]
        support.wait_until(lambda: self.health() == "unhealthy", 30, "health to tell that mails can't be delivered")
        self.assertEqual(self.metric("mail_queue"), 3)
        self.assertEqual((self.metric("mails_queued_total"), self.metric("mails_sent_total")), (3, 0))
        self.assertTrue(self.server.healthy(), "the server itself works")
        self.kill(self.server)
        for row in self.sql("SELECT * FROM mortise_mails"):
            for email in emails:
                self.assertNotIn(email.split("@")[0], "|".join(row))
        self.assertEqual(self.sql("SELECT COUNT(*) FROM mortise_mails"), [["3"]])
        smtp = self.relay()
        self.start_again()
        for email in emails:
            self.assertOpens(email, smtp)
        support.wait_until(lambda: self.sql("SELECT COUNT(*) FROM mortise_mails") == [["0"]], 30, "the rows to go")
        support.wait_until(lambda: (self.health(), self.metric("mail_queue"), self.metric("mails_sent_total")) == ("healthy", 0, 3), 30, "three mails to be counted")

    def test_nothing_is_lost_by_a_stop_either_and_what_waits_goes_out_when_the_relay_comes(self):
        self.server.start()
        first = self.sign_up()
        self.server.stop()
        self.start_again()
        second = self.sign_up()
        support.wait_until(lambda: self.health() == "unhealthy", 30, "a try")
        smtp = self.relay()
        for email in (first, second):
            self.assertOpens(email, smtp)

    def test_a_mail_is_given_up_with_the_code_that_it_brings(self):
        self.server.options["auth.code_lifetime"] = "1s"
        self.server.start()
        email = self.sign_up()
        support.wait_until(lambda: "mail given up" in self.server.output(), 60, "the mail's time to be over")
        support.wait_until(lambda: self.sql("SELECT COUNT(*) FROM mortise_mails") == [["0"]], 30, "its row to go")
        line = next(line for line in self.server.output().splitlines() if "mail given up" in line)
        self.assertIn("reason=", line)
        self.assertNotIn(email.split("@")[0], self.server.output())
        smtp = self.relay()
        self.sign_up()
        support.wait_until(lambda: smtp.mails, 60, "a later mail")
        self.assertEqual(smtp.to(email), [])

    def test_without_a_transport_nothing_is_queued(self):
        self.server.options["mail.url"] = ""
        self.server.start()
        self.assertEqual(self.call("/verifications", {"username": "ada", "email": "ada@example.com", "password": PASSWORD}).status, 503)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM mortise_mails"), [["0"]])
        self.assertNotIn("mail", support.request(self.server, "GET", "/api/v1/infra/health").json()["services"])


class MailOnSqlite(Mail, unittest.TestCase):
    @classmethod
    def database(cls):
        return {}

    def sql(self, text):
        connection = sqlite3.connect(self.server.data / "mortise.db")
        try:
            return [[str(value) for value in row] for row in connection.execute(text)]
        finally:
            connection.close()


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class MailOnPostgres(OnPostgresDatabase, Mail, unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.server.options["db.url"] = self.url = self.postgres.url()

    def sql(self, text):
        return [line.split("|") for line in self.postgres.sql(text, self.url.split("?")[0].split("/")[-1]).splitlines()]

    def test_another_server_sends_the_mails_of_one_that_died_and_no_mail_twice(self):
        self.server.start()
        shared = {name: value for name, value in self.server.options.items() if name != "data.dir"}
        other = MortiseServer({**shared, "identity.secret_file": self.server.data / "secret"}, modules=["auth"]).start()
        self.addCleanup(other.stop)
        emails = [self.sign_up(), self.sign_up(other), self.sign_up()]
        self.kill(self.server)
        smtp = self.relay()
        for email in emails:
            self.assertOpens(email, smtp, other)
        self.start_again()
        last = self.sign_up()
        self.assertOpens(last, smtp)
        for email in emails:
            self.assertEqual(len(smtp.to(email)), 1)


if __name__ == "__main__":
    unittest.main()
