"""Settings of session sharing: the judging model, triggers, GitHub and GitLab with their webhooks and comments, on SQLite and PostgreSQL."""
import json
import pathlib
import sys
import time
import unittest
import urllib.parse

import support
from captured_sessions import SessionFamily, archive, manifest, text
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres
from organisations import MICROS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402
from review_hosts_stand_in import GithubAppStandIn, GitlabStandIn, private_key # noqa: E402

TIME_LIMIT = 300
KEY = "sk-very-secret-1"
NO_JUDGE = {"provider": "", "model": "", "key_set": False, "base_url": None}


class Settings:
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.github = GithubAppStandIn(private_key()).start()
        cls.gitlab = GitlabStandIn().start()
        for peer in (cls.models, cls.github, cls.gitlab):
            cls.addClassCleanup(peer.stop)
        cls.OPTIONS = {"http_client.allow_private": "true", "sync.allow_private_model_hosts": "true", "sync.allow_private_gitlab_hosts": "true",
                       "sync.anthropic_url": cls.models.url + "/v1", "sync.openai_url": cls.models.url + "/v1", "sync.openrouter_url": cls.models.url + "/v1",
                       "sync.google_url": cls.models.url + "/v1beta", "sync.github_api_url": cls.github.url, "sync.github_url": cls.github.url,
                       "sync.github_app_id": cls.github.app_id, "sync.github_app_slug": "sessions", "sync.github_private_key": cls.github.private_key,
                       "sync.github_client_id": cls.github.client[0], "sync.github_client_secret": cls.github.client[1],
                       "sync.github_webhook_secret": cls.github.webhook_secret, "sync.session_url": "https://app.example/s/{id}"}
        super().setUpClass()

    def setUp(self):
        self.models.answer = lambda question: "OK"
        self.models.faults.clear()
        self.models.questions.clear()
        self.models.requests.clear()
        self.models.key = None
        self.github.codes, self.github.installations, self.github.admin_of = [], [], set()
        self.github.comments.clear()
        self.gitlab.notes.clear()
        self.github.fail_next.clear()
        self.gitlab.fail_next.clear()

    def stored(self, table):
        return self.sql(f"SELECT * FROM {table}")

    # --- G1 to G3: the judge

    def test_without_settings_there_is_no_judge(self):
        ada = self.account()
        for path in ("/settings/judge", "/settings/judge/"):
            self.assertOk(ada.get(path), NO_JUDGE)
        self.assertOk(ada.delete("/settings/judge"), {"deleted": True})

    def test_a_judge_is_saved_shown_without_its_key_and_forgotten(self):
        ada = self.account()
        saved = {"provider": "anthropic", "model": "claude-sonnet-4", "key_set": True, "base_url": None}
        self.assertOk(ada.put("/settings/judge", {"provider": "anthropic", "model": "claude-sonnet-4", "api_key": KEY}), {**saved, "warnings": []})
        self.assertOk(ada.get("/settings/judge"), saved)
        self.assertNotIn(KEY, self.server.output())
        self.assertNotIn(KEY, json.dumps(self.stored("sync_judge_settings")))
        self.assertEqual(self.models.questions, [], "an API of a provider is not tried")
        self.assertOk(ada.delete("/settings/judge"), {"deleted": True})
        self.assertOk(ada.delete("/settings/judge"), {"deleted": True})
        self.assertOk(ada.get("/settings/judge"), NO_JUDGE)

    def test_a_judge_of_another_user_is_not_seen(self):
        ada, bob = self.account(), self.account()
        ada.put("/settings/judge", {"provider": "openai", "model": "gpt-4o", "api_key": KEY})
        self.assertOk(bob.get("/settings/judge"), NO_JUDGE)

    def test_what_may_be_a_mistake_is_told(self):
        ada = self.account()
        answer = ada.put("/settings/judge", {"provider": "openai", "model": "claude-sonnet-4"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(len(answer.json()["warnings"]), 2, answer)

    def test_a_judge_needs_a_provider_that_there_is(self):
        ada = self.account()
        for provider in ("acme", "", "Anthropic", "custom"):
            answer = ada.put("/settings/judge", {"provider": provider, "model": "m", "api_key": KEY})
            self.assertEqual((answer.status, answer.json()["error"]["code"], answer.json()["error"]["details"]), (422, "unknown_provider", {"error": "unknown_provider"}), answer)
        self.assertInvalid(ada.put("/settings/judge", {"model": "m"}), ("body", "provider"))
        self.assertInvalid(ada.put("/settings/judge", {"provider": "openai"}), ("body", "model"))
        self.assertInvalid(ada.put("/settings/judge", {"provider": "openai", "model": 7}), ("body", "model"))
        self.assertOk(ada.get("/settings/judge"), NO_JUDGE)

    def test_a_new_server_is_asked_before_it_is_saved(self):
        ada = self.account()
        body = {"provider": "custom", "model": "judge-large", "api_key": KEY, "base_url": self.models.url + "/v1"}
        for fault, reason in ((Fault("html"), "unreadable"), (Fault("status", 500), "unavailable"), (Fault("status", 404), "rejected"), (Fault("nonsense"), "unreadable"),
                              (Fault("error_in_200"), "unreadable"), (Fault("status", 429), "busy"), (Fault("redirect", "http://127.0.0.1:1/"), "rejected")):
            self.models.faults = [fault]
            self.assertCode(ada.put("/settings/judge", body), 400, "judge_test_failed", f"The model server did not answer a test question: {reason}", reason=reason)
        self.models.key = "another"
        self.assertCode(ada.put("/settings/judge", body), 400, "judge_test_failed", "The model server did not answer a test question: denied", reason="denied")
        self.models.key = KEY
        self.assertOk(ada.get("/settings/judge"), NO_JUDGE)
        self.assertOk(ada.put("/settings/judge", body), {"provider": "custom", "model": "judge-large", "key_set": True, "base_url": body["base_url"], "warnings": []})
        asked = len(self.models.questions)
        self.assertEqual(self.models.questions[-1].headers["authorization"], f"Bearer {KEY}")
        self.assertEqual(ada.put("/settings/judge", {**body, "model": "judge-small"}).status, 200)
        self.assertEqual(len(self.models.questions), asked, "the server is known")
        self.assertNotIn(KEY, self.server.output())

    def test_a_key_goes_to_no_other_server(self):
        ada = self.account()
        base = self.models.url + "/v1"
        self.assertEqual(ada.put("/settings/judge", {"provider": "custom", "model": "judge-large", "api_key": KEY, "base_url": base}).status, 200)
        self.models.questions.clear()
        with ModelsStandIn() as other:
            self.assertEqual(ada.get(f"/settings/judge/models?base_url={urllib.parse.quote(other.url + '/v1')}").json()["models"], other.models)
            self.assertNotIn("authorization", other.requests[-1][2])
            self.assertEqual(ada.get(f"/settings/judge/models?base_url={urllib.parse.quote(base)}").json()["models"], self.models.models)
            self.assertEqual(self.models.requests[-1][2]["authorization"], f"Bearer {KEY}")
            # A new server without a key: the old one is not carried over.
            self.assertEqual(ada.put("/settings/judge", {"provider": "custom", "model": "judge-large", "base_url": other.url + "/v1"}).status, 200)
            self.assertNotIn("authorization", other.questions[-1].headers)
            ada.get(f"/settings/judge/models?base_url={urllib.parse.quote(base)}")
            self.assertNotIn("authorization", self.models.requests[-1][2], "it is gone")

    def test_addresses_that_are_none(self):
        ada = self.account()
        for url in ("llm.example", "ftp://llm.example", "https://user@llm.example", "https://llm.example/?a=1", "https://llm.example/#a", "javascript:1", "https://"):
            answer = ada.put("/settings/judge", {"provider": "custom", "model": "m", "base_url": url})
            self.assertPlain(answer, 400, "base_url must be a public https address")

    # --- G4: the models of a server

    def test_models_of_a_server(self):
        ada = self.account()
        for base in (self.models.url, self.models.url + "/v1", self.models.url + "/v1/"):
            self.assertOk(ada.get(f"/settings/judge/models?base_url={urllib.parse.quote(base)}"), {"models": self.models.models, "base_url": base})
        self.assertOk(ada.post("/settings/judge/models", {"base_url": self.models.url, "api_key": KEY, "provider": "openai"}),
                      {"models": self.models.models, "base_url": self.models.url})
        self.assertEqual(self.models.requests[-1][2]["authorization"], f"Bearer {KEY}")
        listed, self.models.models = self.models.models, {"models": ["one", {"name": "two"}, {"id": "three", "owned_by": "me"}, 7]}
        self.addCleanup(setattr, self.models, "models", listed)
        self.assertOk(ada.post("/settings/judge/models", {"base_url": self.models.url}),
                      {"models": [{"id": "one", "owned_by": ""}, {"id": "two", "owned_by": ""}, {"id": "three", "owned_by": "me"}], "base_url": self.models.url})

    def test_models_of_a_server_that_fails(self):
        ada = self.account()
        for fault, word in ((Fault("html"), "unreadable"), (Fault("status", 500), "unavailable"), (Fault("status", 401), "denied"), (Fault("not_the_shape"), "unreadable")):
            self.models.faults = [fault]
            self.assertOk(ada.post("/settings/judge/models", {"base_url": self.models.url}), {"models": [], "error": word})
        self.assertOk(ada.post("/settings/judge/models", {"base_url": "http://127.0.0.1:1"}), {"models": [], "error": "unavailable"})
        for url in ("", "nowhere", "ftp://a"):
            self.assertOk(ada.post("/settings/judge/models", {"base_url": url}), {"models": [], "error": "address_refused"})

    def test_models_of_a_server_that_stays_silent(self):
        ada = self.account()
        for fault in (Fault("hang"), Fault("trickle", 0.5)):
            self.models.faults = [fault]
            begun = time.monotonic()
            self.assertOk(ada.post("/settings/judge/models", {"base_url": self.models.url}), {"models": [], "error": "timed_out"})
            self.assertGreater(time.monotonic() - begun, 14.5, "fifteen seconds, however the server fills them")

    def test_a_key_in_an_address_is_refused(self):
        ada = self.account()
        self.assertPlain(ada.get(f"/settings/judge/models?base_url={self.models.url}&api_key={KEY}"), 400, "A key does not belong in an address: send it in the body of a POST")
        self.assertEqual(self.models.requests, [])
        self.assertInvalid(ada.get("/settings/judge/models"), ("query", "base_url"))
        self.assertInvalid(ada.post("/settings/judge/models", {}), ("body", "base_url"))

    # --- G5, G6 and the trigger of summaries

    def test_triggers(self):
        ada = self.account()
        for name, other in (("audit", "summarize"), ("summarize", "audit")):
            self.assertOk(ada.get(f"/settings/{name}-trigger"), {"trigger": "manual"})
            for trigger in ("on_sync", "on_pr", "manual"):
                self.assertOk(ada.put(f"/settings/{name}-trigger", {"trigger": trigger}), {"trigger": trigger})
                self.assertOk(ada.get(f"/settings/{name}-trigger/"), {"trigger": trigger})
                self.assertOk(ada.get(f"/settings/{other}-trigger"), {"trigger": "manual"})
            for wrong in ("", "always", "On_sync"):
                self.assertPlain(ada.put(f"/settings/{name}-trigger", {"trigger": wrong}), 400, "The trigger must be manual, on_sync or on_pr")
            self.assertInvalid(ada.put(f"/settings/{name}-trigger", {}), ("body", "trigger"))

    # --- who may call

    def test_settings_are_for_people_only(self):
        ada, org = self.org()
        minted = ada.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["admin:*"]})
        self.assertEqual(minted.status, 201, minted)
        for path in ("/settings/judge", "/settings/audit-trigger", "/settings/github", "/settings/gitlab"):
            self.assertEqual(support.request(self.server, "GET", "/api/v1" + path).status, 401)
            answer = support.request(self.server, "GET", "/api/v1" + path, token=minted.json()["key"])
            self.assertEqual((answer.status, answer.json()["error"]["details"]["error"]), (403, "service_key_not_allowed"), answer)

    # --- G7, G8: GitHub

    def github_view(self, **changes):
        return {"account_login": None, "account_type": None, "auto_comment": True, "include_trust_score": True, "include_session_links": True, "installation_id": None,
                "installed": False, "claimed_at": None, "suspended": False, "installations": 0, "app_configured": True, "oauth_available": True,
                "webhook_configured": True, "install_url": self.github.url + "/apps/sessions/installations/new", **changes}

    def hook(self, event, body, **signed):
        data, headers = self.github.webhook(event, body, **signed)
        return support.request(self.server, "POST", "/webhooks/github", data, headers)

    def install(self, number, login="ada", kind="User", account=7):
        self.github.installations.append({"id": number, "account": {"id": account, "login": login, "type": kind}})
        answer = self.hook("installation", {"action": "created", "installation": {"id": number, "account": {"id": account, "login": login, "type": kind}}})
        self.assertOk(answer, {"status": "ok"})

    def start(self, caller):
        answer = caller.post("/settings/github/oauth/start")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def claim(self, caller):
        state = self.start(caller).json()["state"]
        self.github.codes.append("code-" + state)
        return caller.post("/settings/github/oauth/callback", {"code": "code-" + state, "state": state})

    def test_without_an_installation_the_wish_is_told_back(self):
        ada = self.account()
        self.assertOk(ada.get("/settings/github"), self.github_view())
        self.assertOk(ada.put("/settings/github", {"auto_comment": False}), self.github_view(auto_comment=False))
        self.assertOk(ada.get("/settings/github/"), self.github_view())
        answer = ada.put("/settings/github", {"installation_id": 5})
        self.assertEqual((answer.status, answer.json()["error"]["code"], answer.json()["error"]["details"]),
                         (409, "github_claim_requires_oauth", {"error": "github_claim_requires_oauth"}), answer)
        self.assertInvalid(ada.put("/settings/github", {"auto_comment": "perhaps"}), ("body", "auto_comment"))

    def test_an_installation_is_claimed_by_whom_github_vouches_for(self):
        ada, bob = self.account(), self.account()
        self.install(101)
        self.install(102, "acme", "Organization", 99)
        self.install(103, "others", "Organization", 98)
        self.install(104, "eve", "User", 666)
        self.github.admin_of = {"acme"}
        started = self.start(ada).json()
        self.assertRegex(started["expires_at"], MICROS)
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(started["authorize_url"]).query))
        self.assertEqual((asked["client_id"], asked["state"]), (self.github.client[0], started["state"]))
        self.assertTrue(asked["redirect_uri"].endswith("/api/v1/settings/github/oauth/callback"))
        answer = self.claim(ada)
        self.assertOk(answer, {"claimed": [{"installation_id": 101, "account_login": "ada", "account_type": "User"},
                                           {"installation_id": 102, "account_login": "acme", "account_type": "Organization"}]})
        shown = ada.get("/settings/github").json()
        self.assertRegex(shown["claimed_at"], MICROS)
        self.assertEqual({**shown, "claimed_at": None}, self.github_view(account_login="acme", account_type="Organization", installation_id=102, installed=True, installations=2))
        # Somebody else with the same rights at GitHub does not take it away.
        answer = self.claim(bob)
        self.assertPlain(answer, 409, "Another user has claimed the installation")
        self.assertEqual(ada.put("/settings/github", {"installation_id": 102, "include_trust_score": False}).json()["include_trust_score"], False)
        self.assertEqual(bob.put("/settings/github", {"installation_id": 102}).status, 409)
        self.assertEqual(ada.delete("/settings/github").status, 204)
        self.assertEqual(ada.delete("/settings/github").status, 204)
        self.assertOk(ada.get("/settings/github"), self.github_view())
        self.assertEqual(self.claim(bob).status, 200)
        self.assertOk(self.hook("installation", {"action": "deleted", "installation": {"id": 102}}), {"status": "ok"})
        self.assertEqual(bob.get("/settings/github").json()["installation_id"], 101)

    def test_a_claim_holds_for_its_caller_once(self):
        ada, bob = self.account(), self.account()
        self.install(201)
        state = self.start(ada).json()["state"]
        self.github.codes = ["c1", "c2"]
        self.assertPlain(bob.post("/settings/github/oauth/callback", {"code": "c1", "state": state}), 400, "This request is not known, was used before, or is older than ten minutes")
        self.assertPlain(ada.post("/settings/github/oauth/callback", {"code": "wrong", "state": state}), 400, "GitHub does not take the code")
        self.assertPlain(ada.post("/settings/github/oauth/callback", {"code": "c1", "state": state}), 400, "This request is not known, was used before, or is older than ten minutes")
        older, state = self.start(ada).json()["state"], self.start(ada).json()["state"]
        self.assertEqual(ada.post("/settings/github/oauth/callback", {"code": "c1", "state": older}).status, 400, "one at a time")
        self.sql("UPDATE sync_github_states SET expires_at = 1")
        self.assertEqual(ada.post("/settings/github/oauth/callback", {"code": "c1", "state": state}).status, 400)
        self.github.installations.clear()
        self.assertPlain(self.claim(ada), 403, "The App is not installed in an account that is yours to administer")
        self.assertInvalid(ada.post("/settings/github/oauth/callback", {"code": "c1"}), ("body", "state"))

    def test_the_browser_that_began_ends_it(self):
        ada = self.account()
        self.install(301)
        started = self.start(ada)
        cookie = started.headers["Set-Cookie"].split(";")[0]
        for word in ("HttpOnly", "SameSite=Lax", "Path=/api/v1/settings/github/oauth/callback"):
            self.assertIn(word, started.headers["Set-Cookie"])
        state = started.json()["state"]
        self.github.codes = ["c1"]
        path = f"/api/v1/settings/github/oauth/callback?code=c1&state={state}"
        for headers in ({}, {"Cookie": "mortise_github=" + "0" * 48}):
            answer = support.request(self.server, "GET", path, headers=headers)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (400, "text/html; charset=utf-8"))
            self.assertIn(b"Another program began this", answer.body)
        answer = support.request(self.server, "GET", path, headers={"Cookie": "a=b; " + cookie, "Accept-Language": "zh-CN"})
        self.assertEqual(answer.status, 200, answer)
        self.assertIn("已连接 GitHub", answer.body.decode())
        self.assertEqual(ada.get("/settings/github").json()["installation_id"], 301)
        self.assertEqual(support.request(self.server, "GET", path, headers={"Cookie": cookie}).status, 400)
        self.assertEqual(support.request(self.server, "GET", "/api/v1/settings/github/oauth/callback").status, 400)
        declined = self.start(ada)
        answer = support.request(self.server, "GET", f"/api/v1/settings/github/oauth/callback?error=access_denied&state={declined.json()['state']}",
                                 headers={"Cookie": declined.headers["Set-Cookie"].split(";")[0]})
        self.assertIn(b"GitHub did not confirm it", answer.body)

    # --- webhooks of GitHub

    def test_webhooks_that_github_did_not_sign_are_refused(self):
        body = {"action": "created", "installation": {"id": 901, "account": {"login": "ada", "type": "User"}}}
        data, headers = self.github.webhook("installation", body)
        for changed in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}, {"X-Hub-Signature-256": ""}, {"X-Hub-Signature-256": headers["X-Hub-Signature-256"][7:]}):
            wrong = {**headers, **changed}
            if not changed:
                del wrong["X-Hub-Signature-256"]
            answer = support.request(self.server, "POST", "/webhooks/github", data, wrong)
            self.assertPlain(answer, 401, "The signature is missing, wrong or old")
        self.assertEqual(support.request(self.server, "POST", "/webhooks/github", data + b" ", headers).status, 401)
        self.assertPlain(self.hook("installation", body, secret="other"), 401)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM sync_github_installations WHERE id = 901"), [["0"]])

    def test_a_delivery_counts_once(self):
        body = {"action": "created", "installation": {"id": 902, "account": {"login": "ada", "type": "User"}}}
        self.assertOk(self.hook("installation", body), {"status": "ok"})
        self.assertOk(self.hook("installation", {"action": "deleted", "installation": {"id": 902}}), {"status": "ok"})
        self.assertOk(self.hook("installation", body), {"status": "duplicate"})
        self.assertEqual(self.sql("SELECT COUNT(*) FROM sync_github_installations WHERE id = 902"), [["0"]])
        self.assertOk(self.hook("ping", {"zen": "Keep it logically awesome."}), {"status": "ok"})
        self.assertOk(self.hook("star", {"action": "created"}), {"status": "ignored"})
        self.assertOk(self.hook("installation", {"action": "created", "installation": {"id": 0}}), {"status": "ignored"})
        self.assertOk(self.hook("installation", {"action": "created", "installation": "x"}), {"status": "ignored"})

    def session(self, caller, number, remote, branch, title="Fix the `parser` for @everyone"):
        identifier = f"ses_{number:016x}"
        self.sql("INSERT INTO sync_captured_sessions (id, user_id, title, tags, source_tool, tool_family, message_count, turn_count, tool_use_count, total_input_tokens, "
                 "total_output_tokens, blob_key, blob_size_bytes, etag, created_at, updated_at, uploaded_at, is_deleted, git_remote, git_branch, instruction_artifacts) "
                 f"VALUES ('{identifier}', '{caller.id}', '{title}', '[]', 'claude-code', 'claude-code', 12, 1, 1, 1, 1, 'k', 1, 'e', 1, {number}, 1, 0, '{remote}', '{branch}', '[]')")
        return identifier

    def report(self, caller, session, thousandths):
        self.sql("INSERT INTO sync_audit_reports (id, session_id, user_id, judge_model, judge_provider, trust_score, total_claims, verified, unverified, hallucinations, "
                 f"critical, high, low, findings, warnings, execution_time_ms, created_at) VALUES ('aud_{session[4:]}', '{session}', '{caller.id}', 'm', 'p', {thousandths}, "
                 "1, 1, 0, 0, 0, 0, 0, '[]', '[]', 1, 1)")

    def pull_request(self, number, installation, action="opened", remote="acme/app", branch="feature"):
        return self.hook("pull_request", {"action": action, "number": number, "installation": {"id": installation}, "repository": {"full_name": "acme/app"}, "at": time.time(),
                                          "pull_request": {"number": number, "head": {"ref": branch, "repo": {"full_name": remote}}}})

    def comments_on(self, number):
        return self.github.comments.get(("acme/app", number), [])

    def wait_for_comment(self, number):
        support.wait_until(lambda: self.comments_on(number), 90, "the comment")
        return self.comments_on(number)

    def test_a_pull_request_gets_one_comment(self):
        ada = self.account()
        self.install(401)
        self.assertEqual(self.claim(ada).status, 200)
        first = self.session(ada, 4011, "acme/app", "feature")
        self.session(ada, 4012, "acme/app", "feature", "Write the docs")
        self.session(ada, 4013, "acme/app", "main", "Another branch")
        self.report(ada, first, 875)
        self.assertOk(self.pull_request(11, 401, remote="Acme/App"), {"status": "ok"})
        text, = self.wait_for_comment(11)
        self.assertIn("- [`Write the docs`](https://app.example/s/ses_0000000000000fac) (`claude-code`, 12 messages), not audited", text)
        self.assertIn("- [`Fix the 'parser' for @everyone`](https://app.example/s/ses_0000000000000fab) (`claude-code`, 12 messages), trust score 88 %", text)
        self.assertNotIn("Another branch", text)
        for action in ("synchronize", "reopened", "closed"):
            self.assertOk(self.pull_request(11, 401, action), {"status": "ignored"})
        self.assertOk(self.pull_request(12, 401, branch="nobodys"), {"status": "ignored"})
        self.assertOk(self.pull_request(13, 401, remote="fork/app"), {"status": "ignored"})
        ada.put("/settings/github", {"include_trust_score": False, "include_session_links": False})
        self.assertOk(self.pull_request(14, 401), {"status": "ok"})
        self.assertIn("- `Write the docs` (`claude-code`, 12 messages)\n", self.wait_for_comment(14)[0])
        ada.put("/settings/github", {"auto_comment": False})
        self.assertOk(self.pull_request(15, 401), {"status": "ignored"})
        self.assertEqual(len(self.comments_on(11)), 1)

    def test_a_pull_request_begins_audits_and_waits_for_them(self):
        ada = self.account()
        self.assertEqual(ada.put("/settings/judge", {"provider": "openai", "model": "gpt-4o", "api_key": KEY}).status, 200)
        for name in ("audit", "summarize"):
            self.assertOk(ada.put(f"/settings/{name}-trigger", {"trigger": "on_pr"}), {"trigger": "on_pr"})
        self.models.answer = lambda question: json.dumps([{"claim_index": one["claim_index"], "verdict": "verified"} for one in json.loads(question.text)["claims"]])
        self.install(451)
        self.assertEqual(self.claim(ada).status, 200)
        talk = [text("user", "Make it pass"), {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t", "name": "Bash", "input": {"command": "make test"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "1 passed"}]}, text("assistant", "All tests of it pass now.")]
        session = self.push(ada, content=archive(talk, manifest("Audited for it"), {"git": {"remote_url": "git@github.com:acme/app.git", "branch": "judged"}}))
        self.assertEqual(self.sql(f"SELECT kind FROM sync_follow_ups WHERE session_id = '{session}'"), [], "a push begins nothing")
        self.assertOk(self.pull_request(15, 451, branch="judged"), {"status": "ok"})
        waits = int(self.sql("SELECT next_try_at FROM sync_review_comments WHERE number = 15")[0][0]) / 1e6 - time.time()
        self.assertTrue(120 < waits <= 180, waits)
        self.run_job("run_follow_ups")
        support.wait_until(lambda: ada.get(f"/sessions/{session}/audit").status == 200, 90, "the audit")
        support.wait_until(lambda: self.sql(f"SELECT 1 FROM sync_session_summaries WHERE session_id = '{session}'"), 30, "the summary")
        self.assertEqual(self.comments_on(15), [])
        self.sql("UPDATE sync_review_comments SET next_try_at = 0 WHERE number = 15")
        self.run_job("post_review_comments")
        self.assertIn("trust score 100 %", self.wait_for_comment(15)[0])
        # Told of again: the same archive is not audited again.
        self.assertOk(self.pull_request(15, 451, action="synchronize", branch="judged"), {"status": "ignored"})
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM sync_follow_ups WHERE session_id = '{session}' AND state = 'pending'"), [["0"]])

    def test_a_comment_that_was_not_acknowledged_is_not_written_twice(self):
        ada = self.account()
        self.install(501)
        self.assertEqual(self.claim(ada).status, 200)
        self.session(ada, 5011, "acme/app", "retry")
        self.github.fail_next = [503]
        self.assertOk(self.pull_request(21, 501, branch="retry"), {"status": "ok"})
        support.wait_until(lambda: self.sql("SELECT attempts FROM sync_review_comments WHERE number = 21") == [["1"]] and not self.github.fail_next, 90, "the first attempt")
        self.assertEqual(self.comments_on(21), [])
        support.wait_until(lambda: int(self.sql("SELECT next_try_at FROM sync_review_comments WHERE number = 21")[0][0]) < (time.time() + 70) * 1e6, 30, "the pause to be written")
        self.sql("UPDATE sync_review_comments SET next_try_at = 0 WHERE number = 21")
        self.run_job("post_review_comments")
        text, = self.wait_for_comment(21)
        support.wait_until(lambda: self.sql("SELECT state FROM sync_review_comments WHERE number = 21") == [["posted"]], 30, "the outcome")
        # As if the server had died between the comment and its note of it.
        self.sql("UPDATE sync_review_comments SET state = 'pending', next_try_at = 0 WHERE number = 21")
        self.run_job("post_review_comments")
        support.wait_until(lambda: self.sql("SELECT state FROM sync_review_comments WHERE number = 21") == [["posted"]], 90, "the second attempt")
        self.assertEqual(self.comments_on(21), [text])

    # --- G9 to G11: GitLab

    def gitlab_view(self, **changes):
        return {"instance_url": "https://gitlab.com", "has_token": False, "has_webhook_secret": False, **changes}

    def test_a_gitlab_is_saved_and_its_secret_shown_once(self):
        ada = self.account()
        self.assertOk(ada.get("/settings/gitlab"), self.gitlab_view())
        answer = ada.put("/settings/gitlab", {"instance_url": self.gitlab.url + "/", "access_token": "glpat-very-secret"})
        secret = answer.json()["webhook_secret"]
        self.assertRegex(secret, r"^[0-9a-f]{32}$")
        saved = self.gitlab_view(instance_url=self.gitlab.url, has_token=True, has_webhook_secret=True)
        self.assertOk(answer, {**saved, "webhook_secret": secret})
        self.assertOk(ada.get("/settings/gitlab/"), saved)
        self.assertOk(ada.put("/settings/gitlab", {"instance_url": self.gitlab.url, "access_token": "glpat-other"}), {**saved, "webhook_secret": None})
        self.assertEqual(self.merge_request(1, secret).status, 200, "it stays unless it is sent")
        self.assertOk(ada.put("/settings/gitlab", {"instance_url": self.gitlab.url, "access_token": "t", "webhook_secret": "sixteen characters"}), {**saved, "webhook_secret": None})
        self.assertEqual(self.merge_request(2, secret).status, 401)
        stored = json.dumps(self.stored("sync_gitlab_settings"))
        for text in ("glpat-very-secret", "glpat-other", secret, "sixteen characters"):
            self.assertNotIn(text, self.server.output())
            self.assertNotIn(text, stored)
        for _ in range(2):
            self.assertEqual(ada.delete("/settings/gitlab").status, 204)
        self.assertOk(ada.get("/settings/gitlab"), self.gitlab_view())

    def test_a_gitlab_needs_a_token_and_an_address(self):
        ada = self.account()
        self.assertInvalid(ada.put("/settings/gitlab", {}), ("body", "access_token"))
        self.assertInvalid(ada.put("/settings/gitlab", {"access_token": ""}), ("body", "access_token"))
        self.assertInvalid(ada.put("/settings/gitlab", {"access_token": "t", "webhook_secret": "short"}), ("body", "webhook_secret"))
        for url in ("", "gitlab.example", "ftp://gitlab.example", "https://u@gitlab.example", "https://gitlab.example?x"):
            answer = ada.put("/settings/gitlab", {"access_token": "t", "instance_url": url})
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (422, "invalid_gitlab_instance_url"), answer)

    def merge_request(self, number, secret, action="open", branch="feature", remote="acme/app", web=None):
        body = {"object_kind": "merge_request", "at": time.time(), "project": {"id": 9, "path_with_namespace": "acme/app", "web_url": (web or self.gitlab.url) + "/acme/app"},
                "object_attributes": {"iid": number, "action": action, "source_branch": branch, "source": {"path_with_namespace": remote}}}
        return support.request(self.server, "POST", "/webhooks/gitlab", body, {"X-Gitlab-Event": "Merge Request Hook", **({"X-Gitlab-Token": secret} if secret else {})})

    def test_a_merge_request_gets_one_note(self):
        ada = self.account()
        secret = ada.put("/settings/gitlab", {"instance_url": self.gitlab.url, "access_token": self.gitlab.token}).json()["webhook_secret"]
        self.session(ada, 6011, "acme/app", "feature", "Fix it")
        for wrong in (None, "", "0" * 32):
            self.assertPlain(self.merge_request(31, wrong), 401, "The signature is missing, wrong or old")
        self.assertOk(self.merge_request(31, secret), {"status": "ok"})
        support.wait_until(lambda: self.gitlab.notes.get((9, 31)), 90, "the note")
        text, = self.gitlab.notes[(9, 31)]
        self.assertIn("[`Fix it`](https://app.example/s/ses_000000000000177b) (`claude-code`, 12 messages), not audited", text)
        self.assertOk(self.merge_request(31, secret, "update"), {"status": "ignored"})
        self.assertOk(self.merge_request(32, secret, "merge"), {"status": "ignored"})
        self.assertOk(self.merge_request(33, secret, web="https://evil.example"), {"status": "ignored"})
        self.assertOk(self.merge_request(34, secret, branch="nobodys"), {"status": "ignored"})
        self.assertEqual([key for key in self.gitlab.notes if key[0] == 9], [(9, 31)])

    def test_a_body_counts_once_for_each_secret(self):
        secrets = []
        for number in (6021, 6022):
            caller = self.account()
            secrets.append(caller.put("/settings/gitlab", {"instance_url": self.gitlab.url, "access_token": self.gitlab.token}).json()["webhook_secret"])
            self.session(caller, number, "acme/shared", "feature", "Fix it")
        body = {"object_kind": "merge_request", "project": {"id": 10, "web_url": self.gitlab.url + "/acme/shared"},
                "object_attributes": {"iid": 41, "action": "open", "source_branch": "feature", "source": {"path_with_namespace": "acme/shared"}}}
        for status in ("ok", "duplicate"):
            for secret in secrets:
                self.assertOk(support.request(self.server, "POST", "/webhooks/gitlab", body, {"X-Gitlab-Token": secret}), {"status": status})
        support.wait_until(lambda: len(self.gitlab.notes.get((10, 41), [])) == 2, 90, "a note for each of the two")


class OnSqlite(Settings, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Settings, OnPostgresDatabase, SessionFamily):
    pass


class CarefulServer(SessionFamily):
    """As it is unless the operator says otherwise: users reach public https addresses only, also where modules may reach private ones."""

    OPTIONS = {"http_client.allow_private": "true"}

    def test_private_addresses_are_refused(self):
        ada = self.account()
        with ModelsStandIn() as models:
            for url in (models.url, "https://127.0.0.1", "https://localhost:1", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254/latest", "http://example.com"):
                self.assertPlain(ada.put("/settings/judge", {"provider": "custom", "model": "m", "base_url": url}), 400, "base_url must be a public https address")
                self.assertOk(ada.post("/settings/judge/models", {"base_url": url}), {"models": [], "error": "address_refused"})
                answer = ada.put("/settings/gitlab", {"access_token": "t", "instance_url": url})
                self.assertEqual((answer.status, answer.json()["error"]["code"]), (422, "invalid_gitlab_instance_url"), answer)
            self.assertEqual(models.requests, [])

    def test_without_an_app_nothing_is_claimed_or_taken(self):
        ada = self.account()
        shown = ada.get("/settings/github").json()
        self.assertEqual((shown["app_configured"], shown["oauth_available"], shown["webhook_configured"], shown["install_url"]), (False, False, False, None))
        self.assertPlain(ada.post("/settings/github/oauth/start"), 503, "This server has no GitHub App")
        answer = ada.put("/settings/github", {"installation_id": 5})
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "github_claim_disabled"), answer)
        answer = support.request(self.server, "POST", "/webhooks/github", {"zen": "x"}, {"X-GitHub-Event": "ping", "X-Hub-Signature-256": "sha256=" + "0" * 64})
        self.assertPlain(answer, 503, "This server has no secret for this webhook")


class BadKey(unittest.TestCase):
    def test_a_key_that_signs_nothing_stops_the_start(self):
        server = MortiseServer({**support.QUICK, "sync.github_app_id": "1", "sync.github_private_key": "no key", "modules.required": "sync"}, modules=["auth", "sync", "scheduler"])
        with self.assertRaisesRegex(AssertionError, "no private RSA key in PEM"):
            server.start()


if __name__ == "__main__":
    unittest.main()
