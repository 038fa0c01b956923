"""Schemathesis calls every operation of the served document with examples, boundary values, random values and chains of calls: no answer is a server
error, breaks its schema, or has a status that the document does not name."""
import json
import re
import subprocess
import sys
import unittest

import support

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from github_stand_in import GithubStandIn  # noqa: E402
from models_stand_in import ModelsStandIn  # noqa: E402
from stripe_stand_in import StripeStandIn  # noqa: E402
from review_hosts_stand_in import GithubAppStandIn, private_key  # noqa: E402
from mortise_server import MortiseServer, Smtp
from skill_family import platform_login

TIME_LIMIT = 7200
SCHEMATHESIS = support.ROOT / "build" / "schemathesis" / "bin" / "st"
MODULES = sorted(path.parent.name for path in support.ROOT.glob("modules/*/module.yaml"))
CHECKS = ["not_a_server_error", "response_schema_conformance", "status_code_conformance", "content_type_conformance"]
EXAMPLES = 40  # of one operation in one phase
ASK_THE_MODEL = ["chatInAgentSession", "runAgentChat"]
# Of a stream one event is read, or what comes in so many seconds.
STREAMS = """[[operations]]
include-operation-id = {}
request-timeout = 5
max-stream-events = 1
"""
# Whoever may set the model may also leave the server without one, and is told so from then on.
WITHOUT_MODEL = """[operations.checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 503]
"""


@unittest.skipUnless(support.LONG, "the long form: MORTISE_LONG=1")
class Schemathesis(unittest.TestCase):
    """Each caller has a server of its own: an administrator may remove the other one."""

    def serve(self):
        if not SCHEMATHESIS.exists():
            self.skipTest("schemathesis is not installed; MORTISE_LONG=1 ./dev setup --tests installs it where PyPI can be reached")
        smtp, github, app = self.enterContext(Smtp()), self.enterContext(GithubStandIn()), self.enterContext(GithubAppStandIn(private_key()))
        models, stripe = self.enterContext(ModelsStandIn()), self.enterContext(StripeStandIn())
        skills = support.temporary_directory(self)
        self.server = MortiseServer({**support.QUICK, "mail.url": smtp.url, "skills.github_api": github.url, "skills.github_raw": github.raw,
                                     "skills.local_roots": [str(skills)], "http_client.allow_private": "true", "identity.csrf_exempt_bearer": "true",
                                     "sync.github_app_id": app.app_id, "sync.github_app_slug": "sessions", "sync.github_private_key": app.private_key,
                                     "sync.github_client_id": app.client[0], "sync.github_client_secret": app.client[1],
                                     "sync.github_webhook_secret": app.webhook_secret, "sync.github_api_url": app.url, "sync.github_url": app.url,
                                     "agent.model_base_url": models.url + "/v1", "agent.model_name": "judge-large", "agent.sandbox": "off",
                                     "projects.stripe_api_url": stripe.url + "/", "projects.stripe_secret_key": stripe.key,
                                     "projects.stripe_webhook_secret": stripe.secret, "projects.billing_url": "https://app.example.com/",
                                     "projects.stripe_price_starter": "price_starter", "projects.stripe_price_pro": "price_pro",
                                     "projects.stripe_price_team": "price_team",
                                     "identity.access_ttl": "12h", "identity.platform_access_ttl": "12h"}, modules=MODULES).start()
        self.addCleanup(self.server.stop)

    def paths(self):
        return support.request(self.server, "GET", "/openapi.json").json()["paths"]

    def operations(self):
        return [operation for item in self.paths().values() for operation in item.values()]

    def chains(self):
        """The operations of each tag, with those that create what their paths lead through. Of all operations at once Schemathesis makes one chain of one call."""
        paths = self.paths()
        by_tag = {}
        for path, item in paths.items():
            above = [path[:at.start()] for at in re.finditer(r"/\{", path)]
            creating = [paths[one]["post"]["operationId"] for one in above if "post" in paths.get(one, {})]
            for operation in item.values():
                by_tag.setdefault(operation["tags"][0], set()).update([operation["operationId"], *creating])
        return {tag: sorted(ids) for tag, ids in by_tag.items() if len(ids) > 1}

    def run_as(self, token, sets_the_model):
        """Of each run: its exit status is 0 when no check failed."""
        folder = support.temporary_directory(self)
        streams = [operation["operationId"] for operation in self.operations() if operation["operationId"] not in ASK_THE_MODEL and
                   any("text/event-stream" in answer.get("content", {}) for answer in operation["responses"].values())]
        (folder / "schemathesis.toml").write_text(STREAMS.format(json.dumps(streams)) + STREAMS.format(json.dumps(ASK_THE_MODEL)) +
                                                  (WITHOUT_MODEL if sets_the_model else ""))
        command = [str(SCHEMATHESIS), "run", f"{self.server.base}/openapi.json", f"--checks={','.join(CHECKS)}",
                   f"--max-examples={EXAMPLES}", "--generation-deterministic", "--suppress-health-check=all",
                   "--continue-on-failure", "--warnings=off", "--request-timeout=60", "--no-color", f"--header=Authorization: Bearer {token}"]

        def run(*options):
            return subprocess.run([*command, *options], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=support.clean_environment())

        yield "each operation", run("--phases=examples,coverage,fuzzing")
        for tag, ids in self.chains().items():
            yield tag, run("--phases=stateful", *[f"--include-operation-id={one}" for one in ids])

    def find_nothing(self, role):
        self.serve()
        token, _ = platform_login(self.server, "ada", role)
        chained = 0
        for what, done in self.run_as(token, sets_the_model=role == "super_admin"):
            print(what, done.stdout, done.stderr)
            if "No links for stateful testing" in done.stdout:
                continue
            with self.subTest(what):
                self.assertEqual(done.returncode, 0, done.stdout[-20000:] + done.stderr[-2000:])
            chains = re.search(r"Scenarios: +(\d+)", done.stdout)
            chained += chains is not None and int(chains[1]) > 1
        self.assertGreater(chained, 30, "of about 40 tags whose operations follow from one another")
        # It was signed in all the time, and called every operation.
        self.assertEqual(support.request(self.server, "GET", "/api/auth/me", token=token).status, 200)
        called = set(re.findall(r" operation=(\w+) ", self.server.output()))
        self.assertEqual({operation["operationId"] for operation in self.operations()} - called, set())

    def test_an_administrator_meets_only_answers_of_the_document(self):
        self.find_nothing("super_admin")

    def test_a_user_meets_only_answers_of_the_document(self):
        self.find_nothing("user")


if __name__ == "__main__":
    unittest.main()
