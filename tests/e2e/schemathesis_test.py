"""Schemathesis calls every operation of the served document with examples, boundary values, random values and chains of calls: no answer is a server
error, breaks its schema, or has a status that the document does not name."""
import re
import subprocess
import sys
import unittest

import support

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from github_stand_in import GithubStandIn  # noqa: E402
from review_hosts_stand_in import GithubAppStandIn, private_key  # noqa: E402
from mortise_server import MortiseServer, Smtp
from skill_family import platform_login

TIME_LIMIT = 900
SCHEMATHESIS = support.ROOT / "build" / "schemathesis" / "bin" / "st"
MODULES = ["auth", "files", "scheduler", "skills", "sync"]
CHECKS = ["not_a_server_error", "response_schema_conformance", "status_code_conformance", "content_type_conformance"]
EXAMPLES = 40  # of one operation in one phase


@unittest.skipUnless(support.LONG, "the long form: MORTISE_LONG=1")
class Schemathesis(unittest.TestCase):
    """Each caller has a server of its own: an administrator may remove the other one."""

    def serve(self):
        if not SCHEMATHESIS.exists():
            self.skipTest("schemathesis is not installed; MORTISE_LONG=1 ./dev setup --tests installs it where PyPI can be reached")
        smtp, github, app = self.enterContext(Smtp()), self.enterContext(GithubStandIn()), self.enterContext(GithubAppStandIn(private_key()))
        skills = support.temporary_directory(self)
        self.server = MortiseServer({**support.QUICK, "mail.url": smtp.url, "skills.github_api": github.url, "skills.github_raw": github.raw,
                                     "skills.local_roots": [str(skills)], "http_client.allow_private": "true", "identity.csrf_exempt_bearer": "true",
                                     "sync.github_app_id": app.app_id, "sync.github_app_slug": "sessions", "sync.github_private_key": app.private_key,
                                     "sync.github_client_id": app.client[0], "sync.github_client_secret": app.client[1],
                                     "sync.github_webhook_secret": app.webhook_secret, "sync.github_api_url": app.url, "sync.github_url": app.url,
                                     "identity.access_ttl": "12h", "identity.platform_access_ttl": "12h"}, modules=MODULES).start()
        self.addCleanup(self.server.stop)

    def run_as(self, token):
        """Its exit status is 0 when no check failed."""
        folder = support.temporary_directory(self)
        command = [str(SCHEMATHESIS), "run", f"{self.server.base}/openapi.json", "--phases=examples,coverage,fuzzing,stateful", f"--checks={','.join(CHECKS)}",
                   f"--max-examples={EXAMPLES}", "--generation-deterministic", "--suppress-health-check=all",
                   "--continue-on-failure", "--warnings=off", "--request-timeout=60", "--no-color", f"--header=Authorization: Bearer {token}"]
        return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=support.clean_environment())

    def find_nothing(self, role):
        self.serve()
        token, _ = platform_login(self.server, "ada", role)
        done = self.run_as(token)
        print(done.stdout, done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr[-2000:])
        # It was signed in all the time, and called every operation.
        self.assertEqual(support.request(self.server, "GET", "/api/auth/me", token=token).status, 200)
        paths = support.request(self.server, "GET", "/openapi.json").json()["paths"].values()
        called = set(re.findall(r" operation=(\w+) ", self.server.output()))
        self.assertEqual({operation["operationId"] for item in paths for operation in item.values()} - called, set())

    def test_an_administrator_meets_only_answers_of_the_document(self):
        self.find_nothing("super_admin")

    def test_a_user_meets_only_answers_of_the_document(self):
        self.find_nothing("user")


if __name__ == "__main__":
    unittest.main()
