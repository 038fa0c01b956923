"""What a small request may make the server do: hostile triggers leave the workers free, and a handler's work ends with its deadline or its client."""
import socket
import threading
import unittest

import support
import unified_family
from mortise_server import MortiseServer

TIME_LIMIT = 240
PREVIEW = "/api/v1/scheduler/triggers/preview"
WORKERS = 4


def times(count, element):
    return ",".join([element] * count)


class HostileTriggers(unittest.TestCase):
    """Each of these kept a worker busy for seconds; four of them kept every worker."""

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "http.workers": WORKERS},
                                   modules=["auth", "probe", "scheduler"]).start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.token = support.account(cls.server, "mallory")

    def preview(self, **fields):
        return support.request(self.server, "POST", PREVIEW, {"trigger_type": "cron", "timezone": "America/New_York", "count": 100, **fields}, token=self.token)

    def test_long_lists_are_refused_while_the_workers_stay_free(self):
        impossible = {"cron_month": "2", "cron_day": "31"}
        for hostile in ({"cron_day": times(1000, "1st mon")}, {"cron_day": times(10000, "1st mon"), "cron_month": "feb"},
                        {"year": times(10000, "*/1"), **impossible}, {"year": times(10000, "2027-9999/4"), "cron_month": "2", "cron_day": "29"},
                        {"cron_expression": f"0 0 {times(10000, '31')} 2 *"}, {"cron_day_of_week": times(10000, "mon-sun")}):
            answers = []
            threads = [threading.Thread(target=lambda: answers.append(self.preview(**hostile))) for _ in range(WORKERS)]
            for thread in threads:
                thread.start()
            self.assertEqual(support.request(self.server, "GET", "/probe/slow?ms=0").status, 200)
            for thread in threads:
                thread.join()
            self.assertEqual([answer.status for answer in answers], [400] * WORKERS, answers)
            self.assertIn("500", answers[0].json()["message"])

    def test_the_longest_lists_that_are_taken_are_answered(self):
        for fields, count in (({"cron_day": times(60, "1st mon")}, 100), ({"year": times(120, "*/1"), "cron_month": "2", "cron_day": "31"}, 0),
                              ({"year": times(40, "2027-9999/4"), "cron_month": "2", "cron_day": "29"}, 0),
                              ({"cron_day": "5th mon", "cron_month": "2"}, 100)):
            answer = self.preview(**{"from": "2026-01-01T00:00:00Z"}, **fields)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(len(answer.json()["data"]["fire_times"]), count)


class ManyPreviews(unittest.TestCase):
    """Each preview is cheap, and nobody may ask for any number of them."""

    def test_a_user_gets_as_many_as_the_contract_says(self):
        server = MortiseServer({**support.QUICK, "limits.enabled": "true", "identity.csrf_exempt_bearer": "true"}, modules=["auth", "scheduler"]).start()
        self.addCleanup(server.stop)
        many, few = support.account(server, "mallory"), support.account(server, "alice")

        def preview(token, **fields):
            return support.request(server, "POST", PREVIEW, {"trigger_type": "cron", "cron_hour": 3, **fields}, token=token)

        bodies = ({}, {"cron_day": "2nd fri"}, {"cron_hour": "x"}, {"cron_day": times(1000, "1st mon")})  # what is refused counts, too
        answers = [preview(many, **bodies[i % len(bodies)]) for i in range(121)]
        self.assertEqual([answer.status for answer in answers[:4]], [200, 200, 400, 400])
        self.assertNotIn(429, [answer.status for answer in answers[:120]])
        self.assertEqual((answers[120].status, answers[120].json()["message_code"]), (429, "RATE_LIMIT_EXCEEDED"))
        self.assertIn("Retry-After", answers[120].headers)
        self.assertEqual(preview(few).status, 200, "another user has a limit of their own")


class HostileForms(unittest.TestCase):
    def test_a_form_of_very_many_fields_is_refused(self):
        server = MortiseServer(support.QUICK, modules=["auth"]).start()
        self.addCleanup(server.stop)
        support.account(server, "mallory", unified_family.PASSWORD)

        def posted(form):
            browser = unified_family.Browser(server)
            return support.request(server, "POST", "/api/v1/auth/login", form, {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": browser.token,
                                                                                "Cookie": f"{unified_family.COOKIE}={browser.cookie}"})

        sign_in = f"username=mallory&password={unified_family.PASSWORD.replace(' ', '+')}".encode()
        for form in (b"a&" * 30000 + sign_in, b"a=1&b=2&" * 3000 + sign_in, b"".join(b"f%d=&" % i for i in range(8000)) + sign_in):
            self.assertEqual(posted(form).status, 400)
        for form in (b"a&" * 400000 + sign_in, b"&" * 400000 + sign_in):
            self.assertEqual(posted(form).status, 413)  # a login takes 64 KiB
        for form in (b"&" * 60000 + sign_in, b"f=1&" * 100 + sign_in):
            self.assertEqual(posted(form).status, 200)


class HandlersThatWorkOn(unittest.TestCase):
    def server(self, **options):
        server = MortiseServer({**support.QUICK, "http.workers": WORKERS, **options}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        return server

    def state(self, server):
        answer = support.request(server, "GET", "/probe/spinning").json()
        return answer["spinning"], answer["ended"]

    def test_the_work_ends_after_the_504(self):
        server = self.server(**{"http.request_timeout": "2s"})
        answers = unified_family.at_once(2 * WORKERS, lambda _: support.request(server, "GET", "/probe/spin"))
        self.assertEqual([answer.status for answer in answers], [504] * (2 * WORKERS))
        support.wait_until(lambda: self.state(server)[0] == 0, 30, "the handlers to end")
        self.assertGreaterEqual(self.state(server)[1], WORKERS)  # the others came to a worker before their time was over, or not at all
        self.assertEqual(support.request(server, "GET", "/probe/slow?ms=0").status, 200)

    def test_the_work_ends_when_its_client_has_gone(self):
        server = self.server(**{"http.request_timeout": "10m"})
        clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(WORKERS)]
        for client in clients:
            client.sendall(b"GET /probe/spin HTTP/1.1\r\nHost: x\r\n\r\n")
        support.wait_until(lambda: self.state(server) == (WORKERS, 0), 30, "the handlers to begin")
        for client in clients:
            client.close()
        support.wait_until(lambda: self.state(server) == (0, WORKERS), 30, "the handlers to end")
        self.assertEqual(support.request(server, "GET", "/probe/slow?ms=0").status, 200)


if __name__ == "__main__":
    unittest.main()
