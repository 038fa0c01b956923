"""Rules that hold for every answer, whichever family it belongs to: unknown paths and methods, origins, ids of requests, languages, health."""
import http.client
import re
import unittest

import support
from mortise_server import MortiseServer, Smtp

TIME_LIMIT = 90
ORIGIN = {"Origin": "https://app.example"}


def family(answer):
    """By the form of an error."""
    if answer.headers["Content-Type"].startswith("application/problem+json"):
        return "problem"
    body = answer.json()
    if "message_code" in body:
        return "unified"
    return "sessionfs" if "error" in body else "code_msg" if "msg" in body else body


class Edge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "log.level": "debug"}, modules=["auth", "scheduler", "sync", "skills", "files"]).start()
        cls.addClassCleanup(cls.server.stop)

    def ask(self, method, path, headers=None, body=None):
        return support.request(self.server, method, path, body, headers)

    def logged(self, *words):
        """The lines that have all these words; waits for the first one, since an answer comes before its line."""
        return support.wait_until(lambda: [line for line in self.server.output().splitlines() if all(word in line for word in words)], 20, words)

    def test_the_path_decides_the_family_of_what_no_route_matches(self):
        for path, expected in (("/api/v1/auth/nothing", "problem"), ("/api/v1/users/a/b/c", "problem"), ("/api/v1/agent-chats/1", "problem"),
                               ("/api/v1/infra/nothing", "problem"), ("/nothing", "problem"), ("/apis/x", "problem"), ("/", "problem"),
                               ("/api/v1/scheduler/nothing", "unified"), ("/api/v1/sync-sessions/a/b/c", "unified"),
                               ("/api/v1/nothing", "sessionfs"), ("/api/v1", "sessionfs"), ("/api/v1/org/a/b/c/d", "sessionfs"), ("/api/v1/authors", "sessionfs"),
                               ("/api/nothing", "code_msg"), ("/api", "code_msg"), ("/api/v2/nothing", "code_msg"), ("/api/v1x", "code_msg"),
                               ("/api/files/a/b/c", "code_msg"), ("/api/user/nothing", "code_msg")):
            with self.subTest(path):
                answer = self.ask("GET", path)
                self.assertEqual((answer.status, family(answer)), (404, expected), answer)

    def test_a_method_that_a_path_does_not_have_is_405_with_allow_in_the_shape_of_the_family(self):
        paths = {"/api/v1/auth/sessions": "problem", "/api/v1/scheduler/jobs": "unified", "/api/v1/org": "sessionfs", "/api/auth/login": "code_msg",
                 "/health": "sessionfs", "/api/v1/health": "problem"}
        for path, expected in paths.items():
            for method in ("TRACE", "PROPFIND", "get", "M-SEARCH", "QUERY", "A" * 300):
                with self.subTest(path=path, method=method):
                    answer = self.ask(method, path)
                    self.assertEqual((answer.status, family(answer)), (405, expected), answer)
                    self.assertRegex(answer.headers["Allow"], r"^[A-Z]+(, [A-Z]+)*$")
        answer = self.ask("BREW", "/api/v1/nothing")
        self.assertEqual((answer.status, family(answer)), (404, "sessionfs"))
        self.logged("level=debug", 'msg="request refused"', "status=405")
        self.assertNotRegex(self.server.output(), "level=error.*status=405")

    def test_a_target_that_is_too_long_is_refused_in_the_shape_of_the_family(self):
        for path, expected in (("/api/v1/auth/sessions", "problem"), ("/api/v1/scheduler/jobs", "unified"), ("/api/v1/org", "sessionfs"), ("/api/auth/me", "code_msg"),
                               ("/nothing", "problem")):
            for tail in ("?" + "a" * 9000, "/" + "a" * 9000, "/" + "a/" * 5000, "?%zz" + "a" * 9000):
                with self.subTest(path=path, tail=tail[:5]):
                    answer = self.ask("GET", path + tail)
                    self.assertEqual((answer.status, family(answer)), (414, expected), answer)
        # An operation's own family, also where another has the prefix, and wherever the beginning that is looked at ends.
        for start in range(12):
            for character in ("%C8%BE", "%E4%BD%A0", "%F0%9F%98%80", "%c3%a5", "a%20", "a"):
                answer = self.ask("POST", "/api/v1/auth/verify/" + "a" * start + character * 9000)
                self.assertEqual((answer.status, family(answer)), (414, "sessionfs"), (start, character, answer))

    def test_every_answer_varies_by_origin_and_any_origin_may_read_it_without_cookies(self):
        for method, path in (("GET", "/health"), ("GET", "/nothing"), ("GET", "/docs"), ("POST", "/api/auth/login"), ("OPTIONS", "/api/v1/auth/sessions"),
                             ("TRACE", "/health"), ("GET", "/openapi.json"), ("GET", "/api/v1/scheduler/jobs"), ("GET", "/api/%zz")):
            for headers in ({}, ORIGIN, {**ORIGIN, "Accept-Encoding": "gzip"}):
                with self.subTest(method=method, path=path, headers=headers):
                    answer = self.ask(method, path, headers)
                    names = [name.strip() for value in answer.headers.get_all("Vary") for name in value.split(",")]
                    self.assertEqual(names.count("Origin"), 1, names)
                    self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*" if headers else None)
                    self.assertIsNone(answer.headers["Access-Control-Allow-Credentials"])
        preflight = self.ask("OPTIONS", "/api/auth/login", {**ORIGIN, "Access-Control-Request-Method": "POST"})
        self.assertEqual((preflight.status, preflight.headers["Access-Control-Allow-Origin"], preflight.headers["Access-Control-Max-Age"]), (204, "*", "600"))
        self.assertIn("Origin", preflight.headers["Vary"])
        self.assertIn("X-Next-Cursor", self.ask("GET", "/health", ORIGIN).headers["Access-Control-Expose-Headers"])

    def test_listed_origins_and_none(self):
        for setting, allowed in (("https://app.example", "https://app.example"), ("", None)):
            with self.subTest(setting), MortiseServer({**support.QUICK, "http.cors_origins": setting}, modules=["auth"]) as server:
                answer = support.request(server, "GET", "/health", headers=ORIGIN)
                self.assertEqual(answer.headers["Access-Control-Allow-Origin"], allowed)
                self.assertEqual(answer.headers["Access-Control-Allow-Credentials"], allowed and "true")
                self.assertIn("Origin", answer.headers["Vary"])

    def test_ids_of_requests(self):
        ids = set()
        for path, pattern in (("/health", "[0-9a-f]{32}"), ("/api/v1/nothing", "[0-9a-f]{32}"), ("/api/auth/me", "[0-9a-f]{32}"),
                              ("/api/v1/scheduler/jobs", "req_[0-9a-f]{32}"), ("/api/v1/sync-sessions/a/b/c", "req_[0-9a-f]{32}")):
            with self.subTest(path):
                own = self.ask("GET", path).headers["X-Request-Id"]
                self.assertRegex(own, f"^{pattern}$")
                self.logged("request_id=" + own)
                ids.add(own)
        self.assertEqual(len(ids), 5)
        for method, path in (("OPTIONS", "/api/v1/scheduler/jobs"), ("TRACE", "/api/v1/scheduler/jobs"), ("GET", "/api/v1/scheduler/%zz"), ("GET", "/api/v1/scheduler/jobs?" + "a" * 9000)):
            self.assertRegex(self.ask(method, path, ORIGIN).headers["X-Request-Id"], "^req_[0-9a-f]{32}$", (method, path[:40]))
        for path in ("/health", "/api/v1/nothing", "/api/v1/scheduler/jobs"):
            for theirs in ("trace-1", "a" * 128, "A.b:c_d"):
                with self.subTest(path=path, theirs=theirs):
                    answer = self.ask("GET", path + "?" + theirs[:3], {"X-Request-Id": theirs})
                    self.assertEqual(answer.headers["X-Request-Id"], theirs)
                    lines = self.logged("client_request_id=" + theirs + " ", "path=" + path)
                    self.assertRegex(lines[-1], r" request_id=(req_)?[0-9a-f]{32} ")
        for theirs in ("a/b", "-a", "a@b"):
            self.assertEqual(self.ask("GET", "/api/v1/auth/nothing", {"X-Request-Id": theirs}).headers["X-Request-Id"], theirs)
            self.assertRegex(self.ask("GET", "/api/v1/scheduler/jobs", {"X-Request-Id": theirs}).headers["X-Request-Id"], "^req_[0-9a-f]{32}$")
        # A path of two families: the one that answers, which the cookie decides, marks the id.
        for headers, pattern in (({"Cookie": "whalefall_session=x"}, "req_[0-9a-f]{32}"),
                                 ({"Cookie": "whalefall_session=x", "Authorization": "Bearer x"}, "a/b"), ({}, "a/b")):
            answer = self.ask("GET", "/api/v1/auth/me", {"X-Request-Id": "a/b"} | headers)
            self.assertEqual(answer.status, 401)
            self.assertRegex(answer.headers["X-Request-Id"], f"^{pattern}$", headers)
        for odd in ("a" * 129, "a b", "a\"b"):
            self.assertRegex(self.ask("GET", "/health", {"X-Request-Id": odd}).headers["X-Request-Id"], "^[0-9a-f]{32}$")

    def test_health_has_the_form_of_its_family(self):
        version = support.mortise("version").stdout.split()[-1]
        self.assertEqual(self.ask("GET", "/health").json(), {"status": "healthy", "version": version, "service": "sessionfs-api"})
        self.assertEqual(self.ask("GET", "/api/v1/health").json(), {"status": "ok"})
        for path in ("/health", "/api/v1/health"):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            self.addCleanup(connection.close)
            connection.request("HEAD", path)
            self.assertEqual(connection.getresponse().status, 200)
        schema = self.ask("GET", "/openapi.json").json()["paths"]
        for path in ("/health", "/api/v1/health"):
            self.assertIn("200", schema[path]["get"]["responses"])

    def test_the_document_says_what_the_edge_may_answer(self):
        document = self.ask("GET", "/openapi.json").json()
        items = document["components"]["schemas"]["Mortise_ProblemDetails"]["properties"]["errors"]["items"]["properties"]["loc"]["items"]
        self.assertEqual(items, {"oneOf": [{"type": "string"}, {"type": "integer"}]})
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                with self.subTest(path=path, method=method):
                    answers = operation["responses"]
                    places = {parameter.get("in") for parameter in operation.get("parameters", [])}
                    ranged = "4XX" in answers
                    if places & {"path", "query"}:
                        self.assertTrue(ranged or {"400", "414"} <= set(answers), sorted(answers))
                    if "requestBody" in operation:
                        self.assertTrue(ranged or "400" in answers, sorted(answers))
                    self.assertTrue("5XX" in answers or {"500", "503"} <= set(answers), sorted(answers))
        for target, status in (("/api/v1/users/%ff%zz", 400), ("/api/v1/scheduler/jobs?page=%zz", (400, 401)),
                               ("/api/v1/users/" + "a" * 9000, 414)):
            with self.subTest(target[:40]):
                answer = self.ask("GET", target)
                self.assertIn(answer.status, status if isinstance(status, tuple) else (status,))


class Languages(unittest.TestCase):
    """http.default_language, where nothing is known of the reader."""

    def answers(self, server, language=None):
        headers = {"Accept-Language": language} if language else {}
        page = support.request(server, "GET", "/setup", headers=headers).body.decode()
        return {"problem": support.request(server, "GET", "/api/v1/users/me", headers=headers).json()["detail"],
                "code_msg": support.request(server, "GET", "/api/auth/me", headers=headers).json()["msg"],
                "unified": support.request(server, "GET", "/api/v1/scheduler/jobs", headers=headers).json()["message"],
                "sessionfs": support.request(server, "GET", "/api/v1/org", headers=headers).json()["error"]["message"],
                "page": re.search("<h1>(.*)</h1>", page).group(1) + re.search('lang="(.*?)"', page).group(1)}

    def mail(self, server, smtp, name, language=None):
        address = f"{name}@example.com"
        headers = {"Accept-Language": language} if language else {}
        answer = support.request(server, "POST", "/api/v1/auth/verifications", {"username": name, "email": address, "password": "correct horse 7"}, headers)
        self.assertEqual(answer.status, 202, answer)
        return str(smtp.wait_for(address)["Subject"])

    def test_who_decides(self):
        with Smtp() as smtp:
            made = {}
            for setting in (None, "en", "zh-CN"):
                options = {**support.QUICK, "mail.url": smtp.url, "mail.from": "server@example.com"}
                if setting:
                    options["http.default_language"] = setting
                with MortiseServer(options, modules=["auth", "scheduler"]) as server:
                    name = "reader" + (setting or "none").replace("-", "").lower()
                    made[setting] = (self.answers(server), self.mail(server, smtp, name))
                    for language in ("en", "en-GB;q=0.8", "zh", "zh-CN,en;q=0.5"):
                        made[setting, language] = (self.answers(server, language), self.mail(server, smtp, name + str(len(made)), language))
                    made[setting, "fr"] = (self.answers(server, "fr"), self.mail(server, smtp, name + "fr", "fr"))
        english, chinese = made[None, "en"], made[None, "zh"]
        for (family, one), other in zip(english[0].items(), chinese[0].values()):
            self.assertNotEqual(one, other, family)
        self.assertNotEqual(english[1], chinese[1])
        for setting in (None, "en", "zh-CN"):
            for language in ("en", "en-GB;q=0.8"):
                self.assertEqual(made[setting, language], english, "what the client asks for wins")
            for language in ("zh", "zh-CN,en;q=0.5"):
                self.assertEqual(made[setting, language], chinese, "what the client asks for wins")
            self.assertEqual(made[setting, "fr"], made[setting], "a language that is not there is none")
        self.assertEqual(made["en"], english)
        self.assertEqual(made["zh-CN"], chinese)
        contracts = {**chinese[0], "sessionfs": english[0]["sessionfs"], "page": english[0]["page"]}
        self.assertEqual(made[None], (contracts, english[1]), "each contract's language; English in the kernel's page and in the mail")

    def test_another_language_is_refused_by_name(self):
        for value in ("fr", "EN", "zh", "en,zh-CN"):
            with self.subTest(value):
                done = support.mortise("check-config", f"--http.default_language={value}")
                self.assertEqual(done.returncode, 1)
                self.assertIn("http.default_language", done.stderr)


if __name__ == "__main__":
    unittest.main()
