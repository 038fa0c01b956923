"""Every operation of session sharing (groups C to G of the contract, and what clients call besides), row by row: who may call it and in which order the checks
come, which feature it needs, both slash forms, and the methods that there are not. What the operations do is in the tests of each face."""
import json
import unittest

import forms
import support
from captured_sessions import TALK, SessionFamily, archive, manifest
from mortise_server import OnPostgresDatabase, Postgres
from organisations import PRICING

TIME_LIMIT = 300
UNKNOWN = "ses_0000000000000000"
SCOPES = ["sessions:read", "handoffs:read", "handoffs:write", "tickets:read", "tickets:write", "personas:read", "personas:write", "knowledge:read", "knowledge:write",
          "rules:read", "rules:write", "agent_runs:read", "agent_runs:write", "work_queues:read", "work_queues:write", "retrieval_audit:read", "admin:*"]
FORM = object()  # an archive, as a form
TIERS = ["free", "starter", "pro", "team", "enterprise"]


class Row:
    """`of`: what the path's {} is. `body`: one that keeps every rule of shape. `scopes`: what a service key needs, one of them; none: people only.
    `feature`: (name, tier). `public`: no key is needed. `verified`: the address must be. `admin`: the role that it needs."""

    def __init__(self, row, call, body=None, of=None, scopes=None, feature=None, public=False, verified=False, admin=None):
        self.row, (self.method, self.path), self.body, self.of = row, call.split(" "), body, of
        self.scopes, self.feature, self.public, self.verified, self.admin = scopes, feature, public, verified, admin

    def at(self, things):
        return self.path.format(things[self.of]) if self.of else self.path


SESSION, HANDOFF, UPLOAD, TOKEN = "session", "handoff", "upload", "token"
READ, WRITE = ["handoffs:read"], ["handoffs:write"]
JUDGE = {"llm_api_key": "sk-1"}
ROWS = [
    Row("C1", "GET /sessions"),
    Row("C2", "GET /sessions/{}", of=SESSION),
    Row("C3", "PUT /sessions/{}/sync", FORM, SESSION, feature=("cloud_sync", "starter"), verified=True),
    Row("C4", "GET /sessions/{}/sync", of=SESSION),
    Row("C5", "GET /sessions/{}/messages", of=SESSION),
    Row("C6", "GET /sessions/{}/summary", of=SESSION),
    Row("C7", "POST /sessions/{}/summary", of=SESSION, feature=("summary_deterministic", "starter")),
    Row("C8", "POST /sessions?source_tool=amp", FORM, verified=True),
    Row("C9", "DELETE /sessions/{}?scope=cloud", of=SESSION),
    Row("C10", "PUT /sessions/{}/alias", {"alias": "clock"}, SESSION, feature=("aliases_cloud", "starter")),
    Row("C11", "DELETE /sessions/{}/alias", of=SESSION),
    Row("C12", "POST /sessions/{}/share", {}, SESSION, verified=True),
    Row("C13", "DELETE /sessions/{}/share/nothing", of=SESSION),
    Row("C14", "GET /sessions/share/{}", of=TOKEN, public=True),
    Row("C15", "POST /sessions/share/{}", {}, of=TOKEN, public=True),
    Row("C16", "GET /sessions/search?q=clock", feature=("cloud_sync", "starter")),
    Row("D1", "POST /sessions/{}/audit", JUDGE, SESSION, feature=("judge_manual", "starter")),
    Row("D2", "GET /sessions/{}/audit", of=SESSION),
    Row("D3", "GET /sessions/{}/audits", of=SESSION),
    Row("D4", "GET /sessions/{}/audit/status", of=SESSION),
    Row("E1", "POST /handoffs", {"session_id": UNKNOWN, "recipient_email": "x@example.com"}, scopes=WRITE, feature=("handoff", "pro")),
    Row("E2", "GET /handoffs/{}", of=HANDOFF, scopes=READ),
    Row("E3", "POST /handoffs/{}/claim", of=HANDOFF, scopes=WRITE),
    Row("E4", "GET /handoffs/inbox", scopes=READ),
    Row("E5", "GET /handoffs/sent", scopes=READ),
    Row("E6", "GET /handoffs/{}/summary", of=HANDOFF, scopes=READ),
    Row("E7", "POST /handoffs/{}/revoke", {"reason": "x"}, HANDOFF, scopes=WRITE),
    Row("E8", "POST /handoffs/{}/decline", {}, HANDOFF, scopes=WRITE),
    Row("E9", "POST /handoffs/{}/comments", {"content": "x"}, HANDOFF, scopes=WRITE),
    Row("E10", "GET /handoffs/{}/comments", of=HANDOFF, scopes=READ),
    Row("E11", "GET /handoffs/{}/events", of=HANDOFF, scopes=READ),
    Row("F1", "GET /sync/settings"),
    Row("F2", "PUT /sync/settings", {"mode": "all"}, feature=("autosync", "pro")),
    Row("F3", "GET /sync/watchlist"),
    Row("F4", "POST /sync/watch/{}", of=SESSION),
    Row("F5", "DELETE /sync/watch/{}", of=SESSION),
    Row("F6", "PUT /sync/watch/{}/queued", of=SESSION),
    Row("F7", "GET /sync/status"),
    Row("G1", "GET /settings/judge"),
    Row("G2", "PUT /settings/judge", {"provider": "openai", "model": "gpt-4o"}),
    Row("G3", "DELETE /settings/judge"),
    Row("G4", "GET /settings/judge/models?base_url=x"),
    Row("G4", "POST /settings/judge/models", {"base_url": "x"}),
    Row("G5", "GET /settings/audit-trigger"),
    Row("G6", "PUT /settings/audit-trigger", {"trigger": "manual"}),
    Row("G7", "GET /settings/github"),
    Row("G8", "PUT /settings/github", {}),
    Row("C.1.4", "DELETE /settings/github"),
    Row("C.1.4", "POST /settings/github/oauth/start"),
    Row("C.1.4", "GET /settings/github/oauth/callback", public=True),
    Row("C.1.4", "POST /settings/github/oauth/callback", {"code": "x", "state": "x"}),
    Row("G9", "GET /settings/gitlab"),
    Row("G10", "PUT /settings/gitlab", {"access_token": "x"}),
    Row("G11", "DELETE /settings/gitlab"),
    Row("B", "POST /sessions/{}/restore", of=SESSION),
    Row("B", "PATCH /sessions/{}", {"title": "New title"}, SESSION),
    Row("B", "GET /sessions/{}/download", of=SESSION),
    Row("B", "GET /sessions/{}/workspace", of=SESSION),
    Row("B", "GET /sessions/{}/tools", of=SESSION),
    Row("B", "GET /sessions/{}/provenance", of=SESSION),
    Row("B", "GET /sessions/{}/retrieval-log", of=SESSION),
    Row("B", "POST /sessions/{}/summary/narrative", JUDGE, SESSION, feature=("summary_narrative", "pro")),
    Row("B", "GET /summaries"),
    Row("B", "POST /sessions/{}/audit/dismiss", {"finding_index": 0}, SESSION),
    Row("B", "GET /sessions/audits/aud_0000000000000000"),
    Row("B", "POST /sessions/admin/reindex"),
    Row("B", "POST /sessions/admin/cleanup", admin="platform"),
    Row("B", "GET /dlp/policy", feature=("dlp_secrets", "pro")),
    Row("B", "PUT /dlp/policy", {}, feature=("dlp_secrets", "pro"), admin="org"),
    Row("B", "POST /dlp/scan", {"text": "x"}, feature=("dlp_secrets", "pro")),
    Row("B", "GET /dlp/stats", feature=("dlp_secrets", "pro")),
    Row("B", "GET /settings/summarize-trigger"),
    Row("B", "PUT /settings/summarize-trigger", {"trigger": "manual"}),
    Row("B", "POST /telemetry", {}, public=True),
    Row("C.2.1", "POST /sessions/{}/uploads", {"total_size": 10, "sha256": "a" * 64}, SESSION, feature=("cloud_sync", "starter"), verified=True),
    Row("C.2.1", "GET /uploads/{}", of=UPLOAD, verified=True),
    Row("C.2.1", "PUT /uploads/{}/parts/1", b"x", UPLOAD, verified=True),
    Row("C.2.1", "POST /uploads/{}/complete", of=UPLOAD, verified=True),
    Row("C.2.1", "DELETE /uploads/{}", of=UPLOAD, verified=True),
    Row("C.2.2", "PUT /sync/health", {"watchers": []}),
    Row("C.3", "GET /sessions/share/{}/view", of=TOKEN, public=True),
    Row("C.3", "POST /sessions/share/{}/view", {}, of=TOKEN, public=True),
    Row("C.3", "GET /handoffs/{}/preview", of=HANDOFF, public=True),
]
# What each operation of the groups C to G does: the tests that say so, by file. A row of the contract that promises more gets a test, and its name here.
EFFECTS = {
    "C1": {"library": "a_list_has_the_callers_sessions_newest_first lists_by_page lists_by_tool_tag_model_and_trash"},
    "C2": {"library": "one_session"},
    "C3": {"session_archives": "a_push_creates_and_the_next_one_replaces the_checks_of_a_push_come_in_their_order another_users_id a_session_in_the_trash if_match "
                               "of_two_creations_at_once_one_wins archives_that_are_too_large what_the_archive_says_is_kept titles members_in_a_folder the_client_is_remembered "
                               "a_session_belongs_to_the_project_of_its_remote a_context_of_somebody_else_or_of_another_project_is_dropped",
           "hostile_archives": "each_gets_its_answer_and_what_is_refused_leaves_nothing", "session_dlp": "block_refuses_with_what_was_found redact_stores_an_archive_without_them",
           "handoffs": "a_push_that_undeletes_expires_what_waits", "share_links": "a_push_that_undeletes_revokes_its_links", "account_facts": "me_tells_of_the_last_client_and_of_the_daemon"},
    "C4": {"session_archives": "pull a_blob_that_is_gone"},
    "C5": {"session_messages": "messages_come_as_they_stand_in_the_archive sessions_without_messages_have_empty_pages"},
    "C6": {"session_messages": "a_summary_tells_what_the_messages_say a_summary_follows_a_push summaries_are_refused_where_they_cannot_be"},
    "C7": {"session_messages": "a_summary_tells_what_the_messages_say summaries_are_refused_where_they_cannot_be"},
    "C8": {"session_archives": "an_upload_under_a_new_id uploads_that_are_refused"},
    "C9": {"library": "deleting_moves_to_the_trash", "session_search": "only_live_sessions_of_the_caller", "session_audits": "a_deleted_session_is_audited_too",
           "share_links": "links_that_do_not_open_in_their_order what_a_new_link_refuses"},
    "C10": {"library": "an_alias_names_one_live_session an_alias_follows_rules_and_a_tier"},
    "C11": {"library": "an_alias_names_one_live_session"},
    "C12": {"share_links": "a_link_is_made a_link_by_alias_and_lives_beyond_reason"},
    "C13": {"share_links": "a_link_is_revoked"},
    "C14": {"share_links": "a_link_opens_for_everybody links_that_do_not_open_in_their_order"},
    "C15": {"share_links": "a_link_with_a_password"},
    "C16": {"session_search": "a_page_shows_sessions_with_snippets titles_count_more_and_all_words_are_required tools_and_days_filter pages parameters_are_checked"},
    "D1": {"session_audits": "a_session_is_audited each_wire_is_spoken the_saved_judge_is_used_and_its_key_goes_nowhere_else sessions_with_nothing_to_audit verdicts_are_checked "
                             "a_model_that_gives_no_answer windows_overlap_and_no_claim_is_told_twice a_long_session_is_audited_in_the_background"},
    "D2": {"session_audits": "the_history_of_a_session"},
    "D3": {"session_audits": "the_history_of_a_session"},
    "D4": {"session_audits": "a_long_session_is_audited_in_the_background"},
    "E1": {"handoffs": "a_session_is_handed_to_an_address how_long_it_waits what_breaks_a_rule what_is_not_there_to_hand_over references_that_are_refused"},
    "E2": {"handoffs": "parties_see_it_and_strangers_do_not expiry_is_persisted"},
    "E3": {"handoffs": "a_claim_copies_the_session a_claim_once a_source_in_the_trash_can_be_claimed_and_one_that_is_gone_not of_a_team_that_claims_at_once_one_wins "
                       "references_to_a_project"},
    "E4": {"handoffs": "inbox_and_sent team_members_are_parties_as_long_as_they_are_in_it"},
    "E5": {"handoffs": "inbox_and_sent"},
    "E6": {"handoffs": "the_summary"},
    "E7": {"handoffs": "revoking"},
    "E8": {"handoffs": "declining"},
    "E9": {"handoffs": "comments_and_events"},
    "E10": {"handoffs": "comments_and_events"},
    "E11": {"handoffs": "comments_and_events"},
    "F1": {"watching": "settings_begin_with_defaults"},
    "F2": {"watching": "settings_are_kept the_feature_comes_before_the_mode"},
    "F3": {"watching": "the_watch_list"},
    "F4": {"watching": "the_watch_list"},
    "F5": {"watching": "the_watch_list"},
    "F6": {"watching": "the_watch_list"},
    "F7": {"watching": "status_counts_live_sessions"},
    "G1": {"session_settings": "without_settings_there_is_no_judge a_judge_is_saved_shown_without_its_key_and_forgotten"},
    "G2": {"session_settings": "a_judge_is_saved_shown_without_its_key_and_forgotten a_key_goes_to_no_other_server"},
    "G3": {"session_settings": "a_judge_is_saved_shown_without_its_key_and_forgotten"},
    "G4": {"session_settings": "models_of_a_server models_of_a_server_that_fails"},
    "G5": {"session_settings": "triggers"},
    "G6": {"session_settings": "triggers", "session_audits": "a_push_is_audited_and_summarised_once_for_each_archive"},
    "G7": {"session_settings": "without_an_installation_the_wish_is_told_back"},
    "G8": {"session_settings": "without_an_installation_the_wish_is_told_back an_installation_is_claimed_by_whom_github_vouches_for"},
    "G9": {"session_settings": "a_gitlab_is_saved_and_its_secret_shown_once"},
    "G10": {"session_settings": "a_gitlab_is_saved_and_its_secret_shown_once a_gitlab_needs_a_token_and_an_address"},
    "G11": {"session_settings": "a_gitlab_is_saved_and_its_secret_shown_once"},
}
NOWHERE = {SESSION: UNKNOWN, HANDOFF: "hnd_0000000000000000", UPLOAD: "up_" + "0" * 24, TOKEN: "x" * 64}


class Effects(unittest.TestCase):
    def test_what_each_operation_does_is_tested(self):
        self.assertEqual(sorted(EFFECTS), sorted({row.row for row in ROWS if row.row[0] in "CDEFG" and row.row[1:].isdigit()}))
        for row, files in EFFECTS.items():
            for file, tests in files.items():
                text = (support.ROOT / "tests" / "e2e" / f"{file}_test.py").read_text(encoding="utf-8")
                self.assertEqual([name for name in tests.split() if f"def test_{name}(" not in text], [], f"{row}: {file}")


class Rows:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING}

    def ask(self, row, token, path=None, things=NOWHERE, method=None, body=None):
        path, body, headers = path or row.at(things), row.body if body is None else body, {"Accept-Language": "en"}
        if body is FORM:
            body, headers["Content-Type"] = forms.body(forms.part("file", archive(TALK, manifest()), "s.tar.gz")), forms.content_type()
        if isinstance(row.body, bytes):
            headers["X-Part-SHA256"] = "a" * 64
        return support.request(self.server, method or row.method, "/api/v1" + path, body, headers, token)

    now = None  # the row that is looked at

    def each(self, **traits):
        for self.now in ROWS:
            if all(bool(getattr(self.now, name)) == wanted for name, wanted in traits.items()):
                yield self.now

    def _formatMessage(self, msg, standardMsg):
        row = f"{self.now.row} {self.now.method} {self.now.path}: " if self.now else ""
        return row + super()._formatMessage(msg, standardMsg)

    def assertFamily(self, answer):
        """An error as this family has it; its `error`."""
        self.assertTrue(answer.headers["Content-Type"].startswith("application/json"), answer)
        self.assertEqual(list(answer.json()), ["error"], answer)
        error = answer.json()["error"]
        self.assertEqual(sorted(error), ["code", "details", "message"], answer)
        return error

    def test_the_table_has_every_operation(self):
        served = support.request(self.server, "GET", "/openapi.json").json()["paths"]
        first = ("/api/v1/sessions", "/api/v1/handoffs", "/api/v1/sync/", "/api/v1/settings", "/api/v1/dlp", "/api/v1/uploads", "/api/v1/summaries", "/api/v1/telemetry")
        theirs = {(method.upper(), tuple("{}" if part[:1] == "{" else part for part in path.rstrip("/").split("/")[3:]))
                  for path, operations in served.items() if path.startswith(first) for method in operations if method in ("get", "put", "post", "patch", "delete")}
        table = {(row.method, tuple(row.path.partition("?")[0].split("/")[1:])) for row in ROWS}
        matches = lambda one, other: one[0] == other[0] and len(one[1]) == len(other[1]) and all(a == b or "{}" in (a, b) for a, b in zip(one[1], other[1]))
        self.assertEqual([one for one in theirs if not any(matches(one, other) for other in table)], [])
        self.assertEqual([one for one in table if not any(matches(one, other) for other in theirs)], [])

    def test_without_a_key_nothing_opens_that_is_not_public(self):
        for row in self.each(public=False):
            for token in (None, "sk_sfs_" + "0" * 32, "nonsense"):
                answer = self.ask(row, token)
                error = self.assertFamily(answer)
                self.assertEqual((answer.status, error["code"], error["details"]), (401, "401", {}), answer)
        for row in self.each(public=True):
            self.assertNotIn(self.ask(row, None).status, (401, 403, 500), row.path)

    def test_service_keys_reach_what_their_scopes_say(self):
        ada, org = self.org("enterprise")
        def key(*scopes):
            answer = ada.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": list(scopes)})
            self.assertEqual(answer.status, 201, answer)
            return answer.json()["key"]
        everything, tickets = key(*SCOPES), key("tickets:write", "agent_runs:read")
        for row in self.each(public=False):
            if row.scopes is None:
                self.assertCode(self.ask(row, everything), 403, "service_key_not_allowed", "Service keys are not allowed here", service_key_name="ci")
                continue
            self.assertCode(self.ask(row, tickets), 403, "insufficient_scope", "The service key lacks a required scope", required=row.scopes,
                            current=["agent_runs:read", "tickets:write"])
            answer = self.ask(row, everything)
            if answer.status == 403:  # no project can be told of what is not there
                self.assertEqual(answer.json()["error"]["details"]["error"], "service_key_project_required", answer)
            else:
                self.assertIn(answer.status, (200, 404), answer)

    def test_each_feature_is_asked_for_and_no_other(self):
        accounts = {tier: self.account(tier) for tier in TIERS}
        for row in self.each(public=False):
            for tier in TIERS:
                answer = self.ask(row, accounts[tier].token)
                needs = row.feature and TIERS.index(tier) < TIERS.index(row.feature[1])
                if needs:
                    self.assertCode(answer, 403, "upgrade_required", "This feature needs a higher tier", feature=row.feature[0], current_tier=tier,
                                    required_tier=row.feature[1], upgrade_url=PRICING)
                else:
                    self.assertNotIn("upgrade_required", answer.body.decode(errors="replace"), tier)

    def test_a_tier_is_asked_for_behind_the_rules_of_the_body(self):
        poor = self.account("free")
        for row in self.each(public=False):
            if row.feature and isinstance(row.body, dict) and row.body and row.body is not JUDGE and row.admin is None:
                answer = self.ask(row, poor.token, body={})
                if answer.status == 422:
                    self.assertEqual(self.assertFamily(answer)["message"], "Validation error")
                else:
                    self.fail(answer)

    def test_addresses_are_verified_where_it_counts(self):
        claimer = self.account(confirmed=False)
        for row in self.each(public=False):
            answer = self.ask(row, claimer.token)
            if row.verified:
                self.assertPlain(answer, 403, "Verify your e-mail address first")
            else:
                self.assertNotIn("Verify your", answer.body.decode(errors="replace"))

    def test_roles(self):
        caller = self.account()
        for row in self.each(admin=True):
            answer = self.ask(row, caller.token)
            if row.admin == "org":
                self.assertRole(answer, "none")
            else:
                self.assertEqual(answer.status, 403, answer)
                self.assertFamily(answer)

    def test_broken_json_is_told_before_anything_else(self):
        ada = self.account()
        for row in self.each():
            if not isinstance(row.body, dict):
                continue
            for token in (None, ada.token):
                answer = support.request(self.server, row.method, "/api/v1" + row.at(NOWHERE), b'{"a": ', {"Accept-Language": "en", "Content-Type": "application/json"}, token)
                error = self.assertFamily(answer)
                self.assertEqual((answer.status, error["message"], error["details"]["errors"][0]["type"]), (422, "Validation error", "json_invalid"), answer)

    def test_both_slash_forms_are_the_same_operation(self):
        ada = self.account()
        def shown(answer):
            body = answer.body.decode(errors="replace")
            return answer.status, body if answer.status >= 400 else sorted(json.loads(body)) if body[:1] == "{" else bool(body)
        for row in self.each():
            path, _, query = row.at(NOWHERE).partition("?")
            again = path + "/" + ("?" + query if query else "")
            token = None if row.public else ada.token
            if row.body is FORM and row.of:  # the second push of an id is no creation, and the rows behind it know no such session
                fresh = [one.replace(UNKNOWN, "ses_pushedhere") for one in (again, path)]
                self.assertEqual([self.ask(row, token, one).status for one in fresh], [201, 200])
            else:
                self.assertEqual(shown(self.ask(row, token, again)), shown(self.ask(row, token)))

    def test_methods_that_there_are_not(self):
        ada = self.account()
        methods = {}
        for row in ROWS:
            methods.setdefault(row.at(NOWHERE).partition("?")[0], set()).add(row.method)
        for path, known in methods.items():
            for method in ("HEAD", "OPTIONS", "TRACE"):
                with self.subTest(f"{method} {path}"):
                    answer = support.request(self.server, method, "/api/v1" + path, None, {"Accept-Language": "en"}, ada.token)
                    self.assertEqual(answer.status, 405, answer)
                    allowed = {one.strip() for one in answer.headers["Allow"].split(",")}
                    self.assertLessEqual(known, allowed, answer)
                    if method != "HEAD":
                        self.assertFamily(answer)

    def test_what_is_another_users_is_not_there(self):
        ada, bob = self.account(), self.account()
        session = self.push(ada)
        link = ada.post(f"/sessions/{session}/share", {}).json()["url"].rsplit("/", 1)[1]
        handoff = ada.post("/handoffs", {"session_id": session, "recipient_email": ada.email}).json()["id"]
        upload = ada.post(f"/sessions/{session}/uploads", {"total_size": 10, "sha256": "a" * 64}).json()["upload_id"]
        theirs = {SESSION: session, HANDOFF: handoff, UPLOAD: upload, TOKEN: link}
        kept = {SESSION: "No such session", HANDOFF: "No such handoff", UPLOAD: "No such upload"}
        for row in self.each(public=False):
            if row.of is None:
                continue
            answer = self.ask(row, bob.token, things=theirs)
            if row.path.startswith("/sessions/{}/sync") and row.method == "PUT" or row.path.endswith("/uploads"):
                self.assertPlain(answer, 409, "This id belongs to another session, or another push created it at this moment")
            elif row.path.endswith("/restore"):
                self.assertPlain(answer, 410, "The session does not exist, or was removed for good")
            elif row.row in ("F5", "F6"):
                self.assertOk(answer, {"status": "unwatched" if row.row == "F5" else "not_watched", "session_id": session})
            else:
                self.assertPlain(answer, 404, kept[row.of])
                self.assertEqual(answer.json(), self.ask(row, bob.token).json(), "as if it did not exist")
        self.assertEqual(ada.get(f"/sessions/{session}").json()["title"], "Fix the clock")
        self.assertEqual(ada.get(f"/handoffs/{handoff}").json()["status"], "pending")
        self.assertEqual(ada.get(f"/uploads/{upload}").json()["status"], "pending")

    def test_what_this_server_does_not_have_is_told_as_absent(self):
        """The newest client asks for these by itself. An empty list would say that there is a marketplace, and that nothing in it is revoked, assigned or forbidden."""
        ada = self.account()
        for method, path in (("GET", "/marketplace/revocations"), ("GET", "/marketplace/revocations?since=0&limit=100"), ("GET", "/users/me/skills/assignments?limit=100"),
                             ("GET", "/devices/me/policy"), ("POST", "/devices/me/policy-report"), ("POST", "/marketplace/versions/v1/events")):
            for form in (path, path.replace("?", "/?") if "?" in path else path + "/"):
                for token in (ada.token, None):
                    self.now = Row("C.2.2", f"{method} {form}")
                    answer = support.request(self.server, method, "/api/v1" + form, {} if method == "POST" else None, {"Accept-Language": "en"}, token)
                    if path.startswith("/users/"):  # another family's place, whose form it has; the client goes by the status
                        self.assertEqual(answer.status, 404, answer)
                    else:
                        self.assertPlain(answer, 404, "Not Found")


class OnSqlite(Rows, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Rows, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
