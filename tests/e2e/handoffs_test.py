"""Handoffs of captured sessions: the states, who may see and do what, claims and their copies, references to projects, service keys, mails."""
import concurrent.futures
import re
import time
import unittest
import urllib.parse

import support
from captured_sessions import BOOK, WITH_BOOK, TALK, SessionFamily, archive, holding_writes, manifest, new_id, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING, numbers

TIME_LIMIT = 400
REMOTE = "acme/clock"
HTML = {"Accept": "text/html"}
PAST = 1_000_000
FIELDS = ["active_ticket_payload", "attachments", "claimed_at", "comments", "created_at", "dropped_attachments", "events", "expires_at", "handoff_kind", "id", "message",
          "persona_name", "recipient_email", "recipient_session_id", "recipient_team_id", "recipient_user_id", "revoke_reason", "revoked_at", "revoked_by_user_id",
          "sender_email", "sender_tier_snapshot", "session_id", "session_message_count", "session_model_id", "session_title", "session_tool", "session_total_tokens",
          "snapshot_persona_name", "snapshot_ticket_title", "source_project_id", "status", "ticket_id", "viewed_at"]
TICKET, PERSONA, ENTRY, PAGE = range(4)  # mortise_project_item_kind


class Handing(SessionFamily):
    """What the tests of handoffs share."""

    MODULES = WITH_BOOK
    OPTIONS = {**BOOK, "identity.upgrade_url": PRICING}

    def hand(self, caller, session, status=201, **body):
        answer = caller.post("/handoffs", {"session_id": session, **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def given(self, **more):
        """A session that Ada hands over to Grace: (Ada, Grace, the session's id, the handoff)."""
        ada, grace = self.account(), self.account()
        session = self.push(ada)
        return ada, grace, session, self.hand(ada, session, recipient_email=grace.email, **more)

    def team(self, admin, *members):
        team = admin.post("/teams", {"name": "Core", "slug": f"core-{next(numbers)}"}).json()["id"]
        for member in members:
            self.assertEqual(admin.post(f"/teams/{team}/members", {"user_id": member.id}).status, 201)
        return team

    def set_handoff(self, handoff, assignment):
        self.sql(f"UPDATE sync_handoffs SET {assignment} WHERE id = '{handoff['id']}'")

    def expire(self, handoff):
        self.set_handoff(handoff, f"expires_at = {PAST}")

    def events(self, caller, handoff):
        answer = caller.get(f"/handoffs/{handoff['id']}/events")
        self.assertEqual(answer.status, 200, answer)
        return [one["event_type"] for one in answer.json()]

    def push_of_project(self, caller, remote=REMOTE):
        return self.push(caller, content=archive(TALK, manifest(), {"git": {"remote_url": f"https://github.com/{remote}.git"}}))

    def assertNotThere(self, answer):
        self.assertPlain(answer, 404, "No such handoff")


class Handoffs:
    """The tests; subclasses choose the database."""

    # --- handing over

    def test_a_session_is_handed_to_an_address(self):
        ada, grace = self.account("enterprise"), self.account()
        session = self.push(ada, model_id="m7", message_count=5)
        for form in ("/handoffs", "/handoffs/"):
            answer = ada.post(form, {"session_id": session, "recipient_email": f" {grace.email.upper()} ", "recipient_user_id": " ", "message": "Please look", "unknown": 1})
            made = answer.json()
            self.assertEqual((answer.status, sorted(made)), (201, FIELDS))
            self.assertTrue(re.fullmatch(r"hnd_[0-9a-f]{16}", made["id"]))
            expected = {"session_id": session, "sender_email": ada.email, "recipient_email": grace.email, "recipient_user_id": None, "recipient_team_id": None,
                        "message": "Please look", "status": "pending", "session_title": "Fix the clock", "session_tool": "claude-code", "session_model_id": "m7",
                        "session_message_count": 5, "session_total_tokens": 30, "claimed_at": None, "handoff_kind": "individual", "viewed_at": None,
                        "sender_tier_snapshot": "enterprise", "source_project_id": None, "attachments": [], "comments": [], "events": [], "active_ticket_payload": None,
                        "dropped_attachments": [], "recipient_session_id": None, "revoked_at": None, "ticket_id": None, "persona_name": None}
            self.assertEqual({key: made[key] for key in expected}, expected)
            self.assertRegex(made["created_at"], MICROS)
        self.assertEqual(self.events(grace, made), ["created"])

    def test_how_long_it_waits(self):
        for tier, hours, expected in (("pro", None, 168), ("pro", 1, 1), ("pro", 720, 720), ("pro", 2160, 720), ("team", 721, 720), ("enterprise", 2160, 2160), ("admin", 2160, 2160),
                                      ("pro", "24", 24)):
            ada = self.account(tier)
            made = self.hand(ada, self.push(ada), recipient_email="x@example.com", **({} if hours is None else {"expires_in_hours": hours}))
            lasts = self.sql(f"SELECT expires_at - created_at FROM sync_handoffs WHERE id = '{made['id']}'")[0][0]
            self.assertEqual(int(lasts), expected * 3600 * 1_000_000, (tier, hours))

    def test_what_breaks_a_rule(self):
        ada = self.account()
        session = self.push(ada)
        good = {"session_id": session, "recipient_email": "x@example.com"}
        for wrong, field in (({"session_id": None}, ("session_id",)), ({"recipient_email": "x" * 256}, ("recipient_email",)), ({"recipient_user_id": "x" * 37}, ("recipient_user_id",)),
                             ({"recipient_team_id": "x" * 65}, ("recipient_team_id",)), ({"message": "x" * 2001}, ("message",)), ({"ticket_id": "x" * 65}, ("ticket_id",)),
                             ({"persona_name": "x" * 51}, ("persona_name",)), ({"expires_in_hours": 0}, ("expires_in_hours",)), ({"expires_in_hours": 2161}, ("expires_in_hours",)),
                             ({"attachments": [{"kind": "ticket", "ref_id": "x"}] * 51}, ("attachments",)), ({"attachments": [{"kind": "poem", "ref_id": "x"}]}, ("attachments", 0, "kind")),
                             ({"attachments": [{"kind": "ticket", "ref_id": " "}]}, ("attachments", 0, "ref_id")), ({"attachments": [{"kind": "ticket"}]}, ("attachments", 0, "ref_id")),
                             ({"attachments": [{"kind": "ticket", "ref_id": "x" * 256}]}, ("attachments", 0, "ref_id"))):
            with self.subTest(wrong):
                self.assertInvalid(ada.post("/handoffs", {**good, **wrong}), ("body", *field))
        self.assertInvalid(ada.post("/handoffs", {}), ("body", "session_id"))
        for recipients in ({}, {"recipient_email": " "}, {"recipient_email": None}, {"recipient_email": "x@example.com", "recipient_user_id": ada.id},
                           {"recipient_user_id": ada.id, "recipient_team_id": "tm_0"}):
            self.assertPlain(ada.post("/handoffs", {"session_id": session, **recipients}), 422, "Name exactly one recipient: an address, a user or a team")

    def test_what_is_not_there_to_hand_over(self):
        ada, other = self.account(), self.account()
        session = self.push(ada)
        for name in ("ses_0000000000000000", "nothing", self.push(other)):
            self.assertPlain(self.hand(ada, name, 404, recipient_email="x@example.com"), 404, "No such session")
        self.assertPlain(self.hand(ada, session, 404, recipient_user_id="00000000-0000-4000-8000-000000000000"), 404, "User not found")
        self.assertPlain(self.hand(ada, session, 404, recipient_team_id="tm_0000000000000000"), 404)
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.assertPlain(self.hand(ada, session, 404, recipient_email="x@example.com"), 404, "No such session")

    def test_tiers(self):
        poor = self.account("starter")
        self.assertCode(poor.post("/handoffs", {"session_id": self.push(poor), "recipient_email": "x@example.com"}), 403, "upgrade_required",
                        "This feature needs a higher tier", feature="handoff", current_tier="starter", required_tier="pro", upgrade_url=PRICING)
        self.assertInvalid(poor.post("/handoffs", {}), ("body", "session_id"))
        ada = self.account("pro")
        self.assertCode(ada.post("/handoffs", {"session_id": self.push(ada), "recipient_team_id": "tm_0"}), 403, "upgrade_required",
                        "This feature needs a higher tier", feature="team_handoff", current_tier="pro", required_tier="team", upgrade_url=PRICING)

    # --- one handoff

    def test_parties_see_it_and_strangers_do_not(self):
        ada, grace, _, made = self.given()
        seen = ada.get(f"/handoffs/{made['id']}").json()
        self.assertEqual((seen["viewed_at"], [one["event_type"] for one in seen["events"]]), (None, ["created"]), "the sender's look is no view")
        for form in ("", "/"):
            seen = grace.get(f"/handoffs/{made['id']}{form}").json()
            self.assertEqual(sorted(seen), FIELDS)
            self.assertRegex(seen["viewed_at"], MICROS)
            self.assertEqual([one["event_type"] for one in seen["events"]], ["created", "viewed"], "once")
        created, viewed = seen["events"]
        self.assertEqual((created["actor_user_id"], viewed["actor_user_id"], viewed["handoff_id"], viewed["payload"]), (ada.id, grace.id, made["id"], None))
        self.assertGreater(viewed["id"], created["id"])
        stranger, claimer = self.account(), self.account(confirmed=False, email=f"claims{next(numbers)}@example.com")
        unproved = self.hand(ada, self.push(ada), recipient_email=claimer.email)
        paths = (("GET", ""), ("POST", "/claim"), ("GET", "/summary"), ("GET", "/comments"), ("GET", "/events"))
        bodies = (("POST", "/revoke", {"reason": "x"}), ("POST", "/decline", {}), ("POST", "/comments", {"content": "x"}))
        for caller, of in ((stranger, made), (claimer, unproved)):
            for method, path, *body in (*paths, *bodies):
                self.assertNotThere(caller.call(method, f"/handoffs/{of['id']}{path}", *body))
        self.assertEqual(claimer.get("/handoffs/inbox").json(), {"handoffs": [], "total": 0}, "who merely claims an address gets nothing")
        self.assertNotThere(ada.get("/handoffs/hnd_0000000000000000"))

    def test_a_handoff_to_a_user_and_to_oneself(self):
        ada, grace = self.account(), self.account()
        made = self.hand(ada, self.push(ada), recipient_user_id=grace.id)
        self.assertEqual((made["recipient_user_id"], made["recipient_email"]), (grace.id, None))
        self.assertEqual(grace.post(f"/handoffs/{made['id']}/claim").status, 200)
        own = self.hand(ada, self.push(ada), recipient_email=ada.email)
        self.assertEqual(ada.post(f"/handoffs/{own['id']}/claim").json()["status"], "claimed", "a sender who is a recipient, too")

    # --- claims

    def test_a_claim_copies_the_session(self):
        ada, grace = self.account(), self.account()
        content = archive([text("user", "a very unusual word: zymurgy")], manifest(tags=["a", "b"], model_id="m7", message_count=9),
                          {"git": {"remote_url": "git@github.com:Acme/Clock.git", "branch": "main", "commit_sha": "abc"}})
        session = self.push(ada, content=content)
        made = self.hand(ada, session, recipient_email=grace.email)
        before = self.sql("SELECT COUNT(DISTINCT blob_key) FROM sync_captured_sessions")[0][0]
        answer = grace.post(f"/handoffs/{made['id']}/claim")
        claimed = answer.json()
        self.assertEqual((answer.status, sorted(claimed), claimed["status"]), (200, FIELDS, "claimed"))
        self.assertRegex(claimed["claimed_at"], MICROS)
        self.assertEqual((claimed["active_ticket_payload"], claimed["dropped_attachments"], claimed["attachments"]), (None, [], []))
        copy = claimed["recipient_session_id"]
        self.assertTrue(re.fullmatch(r"ses_[0-9a-f]{16}", copy))
        source, made_copy = self.detail(ada, session), self.detail(grace, copy)
        same = ["title", "tags", "source_tool", "model_id", "message_count", "turn_count", "total_input_tokens", "created_at", "blob_size_bytes", "etag"]
        self.assertEqual({key: made_copy[key] for key in same}, {key: source[key] for key in same})
        self.assertEqual((made_copy["original_session_id"], made_copy["parent_session_id"], made_copy["alias"]), (session, session, None))
        pulled = grace.get(f"/sessions/{copy}/sync")
        self.assertEqual((pulled.body, pulled.headers["ETag"]), (content, f'"{source["etag"]}"'))
        self.assertEqual(self.sql("SELECT COUNT(DISTINCT blob_key) FROM sync_captured_sessions")[0][0], before, "no second blob")
        rows = self.sql(f"SELECT git_remote, git_branch, git_commit FROM sync_captured_sessions WHERE id = '{copy}' AND project_id IS NULL")
        self.assertEqual([tuple(row) for row in rows], [("acme/clock", "main", "abc")])
        found = grace.get("/sessions/search?q=zymurgy").json()
        self.assertEqual([one["session_id"] for one in found["results"]], [copy])
        self.assertEqual(self.events(ada, made), ["created", "claimed"])
        payload = ada.get(f"/handoffs/{made['id']}/events").json()[1]["payload"]
        self.assertEqual(payload, {"recipient_session_id": copy})
        # The copy goes on by itself.
        self.push(grace, copy, status=200, headers={"If-Match": f'"{made_copy["etag"]}"'})
        self.assertEqual(self.detail(ada, session)["etag"], source["etag"])
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.assertEqual(grace.get(f"/sessions/{copy}/sync").status, 200)

    def test_a_claim_once(self):
        ada, grace, _, made = self.given()
        self.assertNotThere(ada.post(f"/handoffs/{made['id']}/claim"))
        self.assertEqual(grace.post(f"/handoffs/{made['id']}/claim/").status, 200)
        self.assertPlain(grace.post(f"/handoffs/{made['id']}/claim"), 409, "The handoff is not pending any more")
        self.assertEqual(len(grace.get("/sessions").json()["sessions"]), 1)

    def test_a_source_in_the_trash_can_be_claimed_and_one_that_is_gone_not(self):
        ada, grace, session, made = self.given()
        later = self.hand(ada, session, recipient_email=grace.email)
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        copy = grace.post(f"/handoffs/{made['id']}/claim").json()["recipient_session_id"]
        self.assertFalse(self.detail(grace, copy)["is_deleted"])
        self.sql(f"UPDATE sync_captured_sessions SET id = 'ses_gone{next(numbers):08d}' WHERE id = '{session}'")
        self.assertPlain(grace.post(f"/handoffs/{later['id']}/claim"), 404, "No such session")
        self.assertEqual(grace.get(f"/handoffs/{later['id']}").json()["status"], "pending", "a failed claim changes nothing")

    def test_of_a_team_that_claims_at_once_one_wins(self):
        ada, org = self.org("enterprise")
        members = [self.member(ada) for _ in range(4)]
        team = self.team(ada, ada, *members)
        # Whether losers see that it was pending a moment ago is a matter of luck: until one does.
        self.assertTrue(any(self.race(ada, team, members) for _ in range(50)), "nobody lost a race")

    def race(self, ada, team, members):
        """All members claim at once. True: somebody was told to have lost the race."""
        made = self.hand(ada, self.push(ada), recipient_team_id=team)
        self.assertEqual((made["handoff_kind"], made["recipient_team_id"]), ("team", team))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda caller: (caller, caller.post(f"/handoffs/{made['id']}/claim")), members * 2))
        won = [(caller, answer) for caller, answer in answers if answer.status == 200]
        self.assertEqual(len(won), 1, answers)
        winner, lost = won[0][0], False
        for _, answer in answers:
            if answer.status == 200:
                continue
            error = answer.json()["error"]
            self.assertEqual((answer.status, error["code"]), (409, "409"), answer)
            if error["details"]:
                lost = True
                self.assertEqual(error, {"code": "409", "message": "Somebody else was faster", "details": {
                    "error": "claim_race_lost", "winner_user_id": winner.id, "winner_email": winner.email, "current_status": "claimed"}})
        copies = self.sql(f"SELECT user_id FROM sync_captured_sessions WHERE parent_session_id = '{made['session_id']}'")
        self.assertEqual([row[0] for row in copies], [winner.id])
        return lost

    def test_team_members_are_parties_as_long_as_they_are_in_it(self):
        ada, org = self.org("enterprise")
        grace, outside = self.member(ada), self.member(ada)
        team = self.team(ada, ada, grace)
        self.assertPlain(self.hand(outside, self.push(outside), 403, recipient_team_id=team), 403, "You are not a member of this team")
        made = self.hand(ada, self.push(ada), recipient_team_id=team)
        self.assertEqual([one["id"] for one in grace.get("/handoffs/inbox").json()["handoffs"]], [made["id"]])
        self.assertEqual(grace.get("/handoffs/inbox?include_team=false").json(), {"handoffs": [], "total": 0})
        self.assertNotThere(outside.get(f"/handoffs/{made['id']}"))
        self.assertEqual(grace.get(f"/handoffs/{made['id']}").status, 200)
        self.assertEqual(ada.delete(f"/teams/{team}/members/{grace.id}").status, 204)
        self.assertNotThere(grace.post(f"/handoffs/{made['id']}/claim"))

    # --- expiry

    def test_expiry_is_persisted(self):
        calls = (lambda caller, of: caller.get(f"/handoffs/{of}"), lambda caller, of: caller.post(f"/handoffs/{of}/claim"), lambda caller, of: caller.get(f"/handoffs/{of}/summary"))
        for call in calls:
            ada, grace, _, made = self.given()
            self.expire(made)
            self.assertEqual([one["status"] for one in grace.get("/handoffs/inbox").json()["handoffs"]], ["expired"], "shown so before anybody looked")
            for _ in range(2):
                self.assertPlain(call(grace, made["id"]), 410, "The handoff has expired")
            self.assertEqual(self.sql(f"SELECT status FROM sync_handoffs WHERE id = '{made['id']}'")[0][0], "expired")
            self.assertEqual(self.events(ada, made), ["created", "expired"])
            self.assertIsNone(ada.get(f"/handoffs/{made['id']}/events").json()[1]["actor_user_id"])
            self.assertPlain(ada.post(f"/handoffs/{made['id']}/revoke", {"reason": "x"}), 409, "The handoff is not pending any more")
            self.assertPlain(grace.post(f"/handoffs/{made['id']}/decline", {}), 409)
            self.assertEqual(grace.post(f"/handoffs/{made['id']}/comments", {"content": "too late"}).status, 201, "in any status")

    def test_a_claimed_one_does_not_expire_and_a_revoked_one_is_shown_as_expired(self):
        ada, grace, _, made = self.given()
        self.assertEqual(grace.post(f"/handoffs/{made['id']}/claim").status, 200)
        self.expire(made)
        self.assertEqual(grace.get(f"/handoffs/{made['id']}").json()["status"], "claimed")
        ada, grace, _, made = self.given()
        self.assertEqual(ada.post(f"/handoffs/{made['id']}/revoke", {"reason": "x"}).status, 200)
        self.expire(made)
        self.assertPlain(grace.get(f"/handoffs/{made['id']}"), 410)
        self.assertEqual(ada.get("/handoffs/sent").json()["handoffs"][0]["status"], "expired")

    # --- revoking and declining

    def test_revoking(self):
        ada, grace, _, made = self.given()
        path = f"/handoffs/{made['id']}/revoke"
        self.assertNotThere(grace.post(path, {"reason": "x"}))
        for wrong in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": None}):
            self.assertInvalid(ada.post(path, wrong), ("body", "reason"))
        answer = ada.post(path + "/", {"reason": "wrong session"})
        revoked = answer.json()
        self.assertEqual((answer.status, sorted(revoked), revoked["status"], revoked["revoke_reason"], revoked["revoked_by_user_id"]),
                         (200, FIELDS, "revoked", "wrong session", ada.id))
        self.assertRegex(revoked["revoked_at"], MICROS)
        self.assertPlain(ada.post(path, {"reason": "again"}), 409, "The handoff is not pending any more")
        self.assertPlain(grace.post(f"/handoffs/{made['id']}/claim"), 409, "The handoff is not pending any more")
        self.assertPlain(grace.post(f"/handoffs/{made['id']}/decline", {}), 409)
        self.assertEqual(grace.get(f"/handoffs/{made['id']}").json()["status"], "revoked")
        self.assertEqual(ada.get(f"/handoffs/{made['id']}/events").json()[1]["payload"], {"reason": "wrong session"})

    def test_declining(self):
        for body, reason in (({}, None), ({"reason": None}, None), ({"reason": "no time"}, "no time")):
            ada, grace, _, made = self.given()
            path = f"/handoffs/{made['id']}/decline"
            self.assertNotThere(ada.post(path, {}))
            self.assertEqual(grace.post(path).status, 422, "a body is needed")
            self.assertInvalid(grace.post(path, {"reason": "x" * 501}), ("body", "reason"))
            answer = grace.post(path, body)
            self.assertEqual((answer.status, answer.json()["status"]), (200, "declined"), answer)
            self.assertEqual(ada.get(f"/handoffs/{made['id']}/events").json()[1]["payload"], {"reason": reason})
            self.assertPlain(grace.post(path, body), 409, "The handoff is not pending any more")
            self.assertPlain(ada.post(f"/handoffs/{made['id']}/revoke", {"reason": "x"}), 409)

    # --- comments and events

    def test_comments_and_events(self):
        ada, grace, _, made = self.given()
        path = f"/handoffs/{made['id']}/comments"
        answer = grace.post(path, {"content": "Which branch?"})
        comment = answer.json()
        self.assertEqual((answer.status, comment), (201, {"id": comment["id"], "handoff_id": made["id"], "author_user_id": grace.id, "content": "Which branch?",
                                                          "created_at": comment["created_at"]}))
        self.assertTrue(re.fullmatch(r"hcm_[0-9a-f]{16}", comment["id"]))
        self.assertEqual(ada.post(path + "/", {"content": "main"}).status, 201)
        for wrong in ({}, {"content": ""}, {"content": "x" * 10001}, {"content": 5}):
            self.assertInvalid(ada.post(path, wrong), ("body", "content"))
        listed = grace.get(path).json()
        self.assertEqual([one["content"] for one in listed], ["Which branch?", "main"])
        self.assertEqual(ada.get(f"/handoffs/{made['id']}").json()["comments"], listed)
        for what, most in ((path, 2), (f"/handoffs/{made['id']}/events", 3)):
            for limit, expected in ((1, 1), (0, 1), (-5, 1), (200, most), (100000, most)):
                for form in ("", "/"):
                    self.assertEqual(len(ada.get(f"{what}{form}?limit={limit}").json()), expected, (what, limit))
            self.assertInvalid(ada.get(f"{what}?limit=many"), ("query", "limit"))
        events = ada.get(f"/handoffs/{made['id']}/events").json()
        self.assertEqual([one["event_type"] for one in events], ["created", "commented", "commented"])
        self.assertEqual((events[1]["payload"], events[1]["service_key_name"]), ({"comment_id": comment["id"]}, None))

    # --- inbox and sent

    def test_inbox_and_sent(self):
        ada, grace = self.account(), self.account()
        session = self.push(ada)
        made = [self.hand(ada, session, recipient_email=grace.email)["id"], self.hand(ada, session, recipient_user_id=grace.id)["id"],
                self.hand(ada, session, recipient_email="elsewhere@example.com")["id"]]
        self.assertEqual(ada.post(f"/handoffs/{made[0]}/revoke", {"reason": "x"}).status, 200)
        for form in ("", "/"):
            inbox, sent = grace.get(f"/handoffs/inbox{form}"), ada.get(f"/handoffs/sent{form}")
            self.assertEqual((inbox.status, sorted(inbox.json())), (200, ["handoffs", "total"]))
            self.assertEqual([one["id"] for one in inbox.json()["handoffs"]], [made[1], made[0]])
            self.assertEqual([one["status"] for one in inbox.json()["handoffs"]], ["pending", "revoked"])
            self.assertEqual((inbox.json()["total"], sorted(inbox.json()["handoffs"][0])), (2, FIELDS))
            self.assertEqual([one["id"] for one in sent.json()["handoffs"]], made[::-1])
            self.assertEqual((sent.status, sent.json()["total"]), (200, 3))
        self.assertEqual(ada.get("/handoffs/inbox").json(), {"handoffs": [], "total": 0})
        self.assertInvalid(ada.get("/handoffs/inbox?include_team=perhaps"), ("query", "include_team"))

    # --- the summary

    def test_the_summary(self):
        ada, grace = self.account(), self.account()
        talk = [text("user", "go"), *[text("assistant", f"answer {n} " + "x" * 300) for n in range(5)],
                {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "1", "name": "Write", "input": {"file_path": "/a/b.py"}}]}]
        session = self.push(ada, content=archive(talk, manifest(message_count=7)))
        made = self.hand(ada, session, recipient_email=grace.email)
        for caller in (ada, grace):
            answer = caller.get(f"/handoffs/{made['id']}/summary")
            shown = answer.json()
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(sorted(shown), ["commands_executed", "errors_encountered", "files_modified", "last_assistant_messages", "message_count", "model", "session_id",
                                             "tests_failed", "tests_passed", "tests_run", "title", "tool"])
            self.assertEqual((shown["session_id"], shown["title"], shown["tool"], shown["files_modified"]), (session, "Fix the clock", "claude-code", ["/a/b.py"]))
            self.assertEqual([one[:8] for one in shown["last_assistant_messages"]], ["answer 4", "answer 3", "answer 2"])
            self.assertEqual({len(one) for one in shown["last_assistant_messages"]}, {200})
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/handoffs/{made['id']}/summary").status, 401)
        self.assertEqual(grace.post(f"/handoffs/{made['id']}/claim").status, 200)
        self.assertPlain(grace.get(f"/handoffs/{made['id']}/summary"), 410, "The handoff was claimed already")

    # --- projects

    def test_references_to_a_project(self):
        ada, grace, reader = self.account(), self.account(), self.account()
        items = [{"kind": TICKET, "reference": "tk_1", "title": "Late clock", "lease_epoch": 4}, {"kind": PERSONA, "reference": "Ada"}, {"kind": ENTRY, "reference": "17"},
                 {"kind": PAGE, "reference": "setup/linux", "title": "Set-up"}]
        project = {"id": f"proj_{next(numbers):016x}", "owner_id": ada.id, "readers": [grace.id], "remotes": [REMOTE], "items": items}
        self.book(project)
        session = self.push_of_project(ada)
        wanted = {"ticket_id": " tk_1 ", "persona_name": "Ada", "attachments": [{"kind": "kb_entry", "ref_id": " 17 "}, {"kind": "wiki_page", "ref_id": "setup/linux"},
                                                                            {"kind": "ticket", "ref_id": "tk_1"}]}
        made = self.hand(ada, session, recipient_email=grace.email, **wanted)
        self.assertEqual((made["source_project_id"], made["ticket_id"], made["snapshot_ticket_title"], made["persona_name"], made["snapshot_persona_name"]),
                         (project["id"], "tk_1", "Late clock", "Ada", "Ada"))
        self.assertEqual(made["attachments"], [], "those are in the detail")
        shown = grace.get(f"/handoffs/{made['id']}").json()["attachments"]
        self.assertEqual([(one["kind"], one["ref_id"], one["project_id"]) for one in shown],
                         [("kb_entry", "17", project["id"]), ("wiki_page", "setup/linux", project["id"]), ("ticket", "tk_1", project["id"])])
        claimed = grace.post(f"/handoffs/{made['id']}/claim").json()
        self.assertEqual(claimed["attachments"], shown)
        self.assertEqual(claimed["dropped_attachments"], [])
        self.assertEqual(claimed["active_ticket_payload"], {"ticket_id": "tk_1", "persona_name": "Ada", "project_id": project["id"], "lease_epoch": 4})
        # Whoever does not reach the project gets the session alone.
        made = self.hand(ada, session, recipient_email=reader.email, **wanted)
        claimed = reader.post(f"/handoffs/{made['id']}/claim").json()
        self.assertEqual(claimed["active_ticket_payload"], {"ticket_id": None, "persona_name": None, "project_id": None, "lease_epoch": None})
        self.assertEqual((claimed["attachments"], claimed["dropped_attachments"]),
                         ([], [{"kind": "kb_entry", "ref_id": "17", "reason": "not_accessible"}, {"kind": "wiki_page", "ref_id": "setup/linux", "reason": "not_accessible"},
                               {"kind": "ticket", "ref_id": "tk_1", "reason": "not_accessible"}, {"kind": "persona", "ref_id": "Ada", "reason": "project_not_accessible"}]))
        # What is gone by then is told so.
        made = self.hand(ada, session, recipient_email=grace.email, **wanted)
        self.book({**project, "items": [{"kind": PERSONA, "reference": "Ada", "org_id": "org_elsewhere"}]})
        claimed = grace.post(f"/handoffs/{made['id']}/claim").json()
        self.assertEqual(claimed["active_ticket_payload"], {"ticket_id": None, "persona_name": None, "project_id": project["id"], "lease_epoch": None})
        self.assertEqual([(one["kind"], one["reason"]) for one in claimed["dropped_attachments"]],
                         [("kb_entry", "deleted"), ("wiki_page", "deleted"), ("ticket", "deleted"), ("persona", "persona_not_visible")])

    def test_every_reason_why_something_does_not_come_along(self):
        ada, grace = self.account(), self.account()
        items = [{"kind": TICKET, "reference": "tk_1", "title": "Late clock", "lease_epoch": 4}, {"kind": PERSONA, "reference": "Ada"}, {"kind": ENTRY, "reference": "17"},
                 {"kind": ENTRY, "reference": "18"}, {"kind": PAGE, "reference": "setup"}]
        project = {"id": f"proj_{next(numbers):016x}", "owner_id": ada.id, "readers": [grace.id], "remotes": [f"acme/reasons{next(numbers)}"], "items": items}
        self.book(project)
        session = self.push_of_project(ada, project["remotes"][0])
        wanted = {"ticket_id": "tk_1", "persona_name": "Ada",
                  "attachments": [{"kind": "kb_entry", "ref_id": "17"}, {"kind": "kb_entry", "ref_id": "18"}, {"kind": "wiki_page", "ref_id": "setup"}, {"kind": "ticket", "ref_id": "tk_1"}]}
        made = self.hand(ada, session, recipient_email=grace.email, **wanted)
        # What another release has written: a kind that this one does not know, and an entry that is no number.
        self.sql(f"UPDATE sync_handoff_attachments SET ref_id = 'seventeen' WHERE handoff_id = '{made['id']}' AND ref_id = '17'")
        self.sql(f"UPDATE sync_handoff_attachments SET kind = 'video' WHERE handoff_id = '{made['id']}' AND kind = 'ticket'")
        self.book({**project, "items": [one for one in items if one["kind"] in (TICKET, PAGE)]})
        claimed = grace.post(f"/handoffs/{made['id']}/claim").json()
        self.assertEqual([(one["kind"], one["ref_id"]) for one in claimed["attachments"]], [("wiki_page", "setup")])
        self.assertEqual(claimed["dropped_attachments"], [{"kind": "kb_entry", "ref_id": "seventeen", "reason": "invalid_id"}, {"kind": "kb_entry", "ref_id": "18", "reason": "deleted"},
                                                          {"kind": "video", "ref_id": "tk_1", "reason": "unknown_kind"}, {"kind": "persona", "ref_id": "Ada", "reason": "deleted"}])
        self.assertEqual(claimed["active_ticket_payload"], {"ticket_id": "tk_1", "persona_name": None, "project_id": project["id"], "lease_epoch": 4})
        # The project itself is gone.
        self.book(project)
        made = self.hand(ada, session, recipient_email=grace.email, **wanted)
        self.book()
        claimed = grace.post(f"/handoffs/{made['id']}/claim").json()
        self.assertEqual(claimed["attachments"], [])
        self.assertEqual([one["reason"] for one in claimed["dropped_attachments"]], ["not_accessible"] * 4 + ["project_not_accessible"])
        self.assertEqual(claimed["active_ticket_payload"], {"ticket_id": None, "persona_name": None, "project_id": None, "lease_epoch": None})

    def test_references_that_are_refused(self):
        ada, stranger = self.account(), self.account()
        self.book({"id": "proj_1", "owner_id": ada.id, "remotes": ["acme/refused"], "items": [{"kind": TICKET, "reference": "tk_1"}]})
        session, without, foreign = self.push_of_project(ada, "acme/refused"), self.push(ada), self.push_of_project(stranger, "acme/refused")
        for wanted, kind in (({"ticket_id": "tk_2"}, "ticket tk_2"), ({"persona_name": "Eve"}, "persona Eve"), ({"attachments": [{"kind": "kb_entry", "ref_id": "5"}]}, "kb_entry 5"),
                             ({"attachments": [{"kind": "kb_entry", "ref_id": "five"}]}, "kb_entry five"), ({"attachments": [{"kind": "wiki_page", "ref_id": "x"}]}, "wiki_page x"),
                             ({"attachments": [{"kind": "ticket", "ref_id": "tk_1"}, {"kind": "ticket", "ref_id": "tk_3"}]}, "ticket tk_3")):
            self.assertPlain(self.hand(ada, session, 422, recipient_email="x@example.com", **wanted), 422, f"The project of the session has no {kind}")
            for caller, of in ((ada, without), (stranger, foreign)):
                self.assertPlain(self.hand(caller, of, 422, recipient_email="x@example.com", **wanted), 422,
                                 "The session belongs to no project that you reach, so nothing of one can go with it")
        self.assertIsNone(self.hand(stranger, foreign, recipient_email="x@example.com")["source_project_id"])

    # --- service keys

    def key(self, admin, org, *scopes, **more):
        answer = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": list(scopes), **more})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["key"]

    def by(self, key, method, path, body=None):
        return support.request(self.server, method, "/api/v1" + path, body, {"Accept-Language": "en"}, key)

    def test_service_keys_within_and_beyond_their_boundary(self):
        ada, org = self.org("enterprise")
        other, _ = self.org("enterprise")
        ours, theirs = {"id": "proj_ours", "org_id": org, "remotes": ["acme/ours"]}, {"id": "proj_theirs", "org_id": other.get("/org").json()["org"]["id"], "remotes": ["acme/theirs"]}
        self.book(ours, theirs)
        write, read, narrow = self.key(ada, org, "handoffs:write"), self.key(ada, org, "handoffs:read"), self.key(ada, org, "handoffs:write", project_ids=["proj_x"])
        session, foreign, without = self.push_of_project(ada, "acme/ours"), self.push_of_project(ada, "acme/theirs"), self.push(ada)
        body = {"session_id": session, "recipient_email": ada.email}
        answer = self.by(write, "POST", "/handoffs", body)
        self.assertEqual(answer.status, 201, answer)
        made = answer.json()
        event = ada.get(f"/handoffs/{made['id']}/events").json()[0]
        self.assertEqual((event["actor_user_id"], event["service_key_name"]), (ada.id, "ci"))
        self.assertCode(self.by(write, "POST", "/handoffs", {**body, "session_id": foreign}), 403, "cross_org_denied",
                        "The project belongs to another organisation than the service key", key_org_id=org, project_org_id=theirs["org_id"])
        self.assertCode(self.by(narrow, "POST", "/handoffs", body), 403, "project_not_in_allowlist", "The service key may not reach this project",
                        allowed_project_ids=["proj_x"], requested_project_id="proj_ours")
        self.assertCode(self.by(write, "POST", "/handoffs", {**body, "session_id": without}), 403, "service_key_project_not_registered",
                        "The project that this belongs to is not registered")
        self.assertCode(self.by(write, "POST", "/handoffs", {**body, "session_id": new_id()}), 403, "service_key_project_required",
                        "A service key needs a project here, and none can be told")
        path, beyond = f"/handoffs/{made['id']}", self.hand(ada, foreign, recipient_email=ada.email)["id"]
        for what in ("", "/comments", "/events", "/summary"):
            self.assertEqual(self.by(read, "GET", path + what).status, 200, what)
            self.assertCode(self.by(read, "GET", f"/handoffs/{beyond}{what}"), 403, "cross_org_denied", "The project belongs to another organisation than the service key",
                            key_org_id=org, project_org_id=theirs["org_id"])
            self.assertCode(self.by(write, "GET", path + what), 403, "insufficient_scope", "The service key lacks a required scope", required=["handoffs:read"],
                            current=["handoffs:write"])
        for form in ("inbox", "sent", "inbox/", "sent/"):
            listed = self.by(read, "GET", f"/handoffs/{form}").json()
            self.assertEqual(([one["id"] for one in listed["handoffs"]], listed["total"]), ([made["id"]], 1), "only those of its projects")
        for what, sent in (("comments", {"content": "x"}), ("claim", None), ("revoke", {"reason": "x"}), ("decline", {})):
            self.assertEqual(self.by(read, "POST", f"{path}/{what}", sent).json()["error"]["details"]["error"], "insufficient_scope")
            self.assertEqual(self.by(write, "POST", f"/handoffs/{beyond}/{what}", sent).json()["error"]["details"]["error"], "cross_org_denied")
        self.assertEqual(self.by(write, "POST", f"{path}/comments", {"content": "from CI"}).status, 201)
        self.assertEqual(self.by(write, "POST", f"{path}/claim").json()["status"], "claimed")
        gone = self.hand(ada, session, recipient_email=ada.email)["id"]
        self.sql(f"UPDATE sync_captured_sessions SET id = 'ses_gone{next(numbers):08d}' WHERE id = '{session}'")
        self.assertCode(self.by(write, "POST", f"/handoffs/{gone}/claim"), 403, "service_key_project_required", "A service key needs a project here, and none can be told")

    def test_service_keys_revoke_and_decline(self):
        ada, org = self.org("enterprise")
        self.book({"id": "proj_revoke", "org_id": org, "remotes": ["acme/revoke"]})
        write, session = self.key(ada, org, "handoffs:write"), self.push_of_project(ada, "acme/revoke")
        for what, body, status in (("revoke", {"reason": "x"}, "revoked"), ("decline", {}, "declined")):
            made = self.hand(ada, session, recipient_email=ada.email)
            self.assertEqual(self.by(write, "POST", f"/handoffs/{made['id']}/{what}", body).json()["status"], status)

    # --- mail and preview

    def test_a_mail_tells_of_it_and_its_link_shows_a_preview(self):
        ada, grace = self.account(), self.account()
        talk = [text("user", "x" * 500), *[text("assistant", f"answer <{n}>") for n in range(9)]]
        session = self.push(ada, content=archive(talk, manifest("Fix the clock")))
        made = self.hand(ada, session, recipient_email=grace.email, message="Please & thank you")
        mail = self.smtp.wait_for(grace.email)
        self.assertEqual(mail["Subject"], "A session is handed over to you")
        body = mail.get_body(("plain",)).get_content()
        self.assertIn(f"{ada.email} hands a session with a coding agent over to you: \"Fix the clock\".", body)
        self.assertIn(f"sfs pull-handoff {made['id']}", body)
        self.assertNotIn("Please", body, "what strangers write does not go into mails")
        url = re.search(r"https?://\S+/api/v1/handoffs/\S+", body).group()
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
        path = f"/api/v1/handoffs/{made['id']}/preview"
        answer = support.request(self.server, "GET", path, headers={"X-Preview-Token": token})
        shown = answer.json()
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]), (200, "application/json", "no-store"))
        self.assertEqual({key: shown[key] for key in ("handoff_id", "sender_email", "session_title", "session_tool", "message")},
                         {"handoff_id": made["id"], "sender_email": ada.email, "session_title": "Fix the clock", "session_tool": "claude-code", "message": "Please & thank you"})
        self.assertEqual((len(shown["messages"]), shown["messages"][0]), (6, {"role": "user", "content": "x" * 400}))
        page = support.request(self.server, "GET", f"{path}/?token={token}", headers=HTML)
        self.assertEqual((page.status, page.headers["Content-Type"], page.headers["Referrer-Policy"]), (200, "text/html; charset=utf-8", "no-referrer"))
        for text_shown in ("answer &lt;0&gt;", "Please &amp; thank you", f"sfs pull-handoff {made['id']}"):
            self.assertIn(text_shown, page.body.decode())
        # It opens nothing else, and nothing once it is over.
        other = self.hand(ada, session, recipient_email=grace.email)
        for of, sent in ((other["id"], token), (made["id"], token + "x"), (made["id"], ""), ("hnd_0", token)):
            answer = support.request(self.server, "GET", f"/api/v1/handoffs/{of}/preview", headers={"X-Preview-Token": sent, "Accept-Language": "en"})
            self.assertNotThere(answer)
        self.assertEqual(grace.post(f"/handoffs/{made['id']}/claim").status, 200)
        self.assertNotThere(support.request(self.server, "GET", path, headers={"X-Preview-Token": token, "Accept-Language": "en"}))
        gone = support.request(self.server, "GET", f"{path}?token={token}", headers=HTML)
        self.assertEqual((gone.status, "Nothing to see any more" in gone.body.decode()), (404, True))

    def test_mails_in_chinese_to_users_and_to_teams(self):
        ada, org = self.org("enterprise")
        grace, linus, outside = self.member(ada), self.member(ada), self.account()
        session, team = self.push(ada), self.team(ada, ada, grace, linus)
        for caller in (grace, linus):
            self.smtp.wait_for(caller.email)  # the invite
        known = {caller.email: len(self.smtp.to(caller.email)) for caller in (ada, grace, linus)}
        self.assertEqual(ada.call("POST", "/handoffs", {"session_id": session, "recipient_user_id": outside.id}, language="zh-CN").status, 201)
        mail = self.smtp.wait_for(outside.email)
        self.assertEqual(mail["Subject"], "有会话移交给您")
        self.assertIn("领取", mail.get_body(("plain",)).get_content())
        self.hand(ada, session, recipient_team_id=team)
        for caller in (grace, linus):
            self.assertEqual(self.smtp.wait_for(caller.email, known[caller.email] + 1)["Subject"], "A session is handed over to you")
        self.assertEqual(len(self.smtp.to(ada.email)), known[ada.email], "not to the sender")

    def test_a_mail_that_fails_does_not_fail_the_handoff(self):
        ada = self.account()
        for address in ("nobody@example.com", "no address"):
            self.assertEqual(self.hand(ada, self.push(ada), recipient_email=address)["status"], "pending")

    # --- what becomes of the session

    def test_a_push_that_undeletes_expires_what_waits(self):
        ada, grace, session, made = self.given()
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.push(ada, session, status=200, headers={"X-SessionFS-Undelete": "true"})
        self.assertEqual(self.sql(f"SELECT status FROM sync_handoffs WHERE id = '{made['id']}'")[0][0], "expired")
        self.assertPlain(grace.post(f"/handoffs/{made['id']}/claim"), 410, "The handoff has expired")
        self.assertEqual(self.events(ada, made), ["created", "expired"])

    def test_what_an_account_that_goes_leaves_behind(self):
        ada, grace, session, claimed = self.given()
        waiting = self.hand(ada, session, recipient_email=grace.email)
        link = ada.post(f"/sessions/{session}/share", {}).json()["link_id"]
        copy = grace.post(f"/handoffs/{claimed['id']}/claim").json()["recipient_session_id"]
        root = self.account(role="super_admin")
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{ada.id}", token=root.token).status, 200)
        self.run_job("forget_users")
        support.wait_until(lambda: not self.sql(f"SELECT id FROM sync_captured_sessions WHERE id = '{session}'"), 30, "the sessions to go")
        rows = self.sql(f"SELECT status, revoke_reason FROM sync_handoffs WHERE id = '{waiting['id']}'")
        self.assertEqual([tuple(row) for row in rows], [("revoked", "the session was removed")])
        self.assertEqual(self.sql(f"SELECT id FROM sync_share_links WHERE id = '{link}'"), [])
        self.assertEqual(grace.get(f"/sessions/{copy}/sync").status, 200, "claimed copies stay")
        self.assertEqual(grace.get(f"/handoffs/{claimed['id']}").json()["status"], "claimed")

    def test_every_change_is_on_record(self):
        ada, grace, session, made = self.given()
        grace.post(f"/handoffs/{made['id']}/claim")
        grace.post(f"/handoffs/{self.hand(ada, session, recipient_email=grace.email)['id']}/decline", {})
        ada.post(f"/handoffs/{self.hand(ada, session, recipient_email=grace.email)['id']}/revoke", {"reason": "x"})
        actions = {row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE actor IN ('{ada.id}', '{grace.id}') AND action LIKE 'sync.handoff%'")}
        self.assertEqual(actions, {"sync.handoff_created", "sync.handoff_claimed", "sync.handoff_declined", "sync.handoff_revoked"})


class OnSqlite(Handoffs, Handing):
    def test_an_account_that_goes_during_its_claim_gets_no_copy(self):
        ada, grace, session, made = self.given()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with holding_writes(self.server) as database:
                claimed = pool.submit(grace.post, f"/handoffs/{made['id']}/claim")
                time.sleep(1)  # one that came later would be refused, too
                database.execute(f"DELETE FROM mortise_users WHERE id = '{grace.id}'")
                database.execute("COMMIT")
            self.assertEqual(claimed.result().status, 401)
        self.assertEqual(self.sql(f"SELECT * FROM sync_captured_sessions WHERE user_id = '{grace.id}'"), [])
        self.assertEqual(ada.get(f"/handoffs/{made['id']}").json()["status"], "pending")

    def test_a_session_that_goes_to_another_project_meanwhile_is_not_handed_over(self):
        ada = self.account()
        for attempt in range(5):
            session = self.push(ada)
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                with holding_writes(self.server) as database:
                    handed = pool.submit(ada.post, "/handoffs", {"session_id": session, "recipient_email": "grace@example.com"})
                    time.sleep(1)
                    database.execute(f"UPDATE sync_captured_sessions SET git_remote = 'acme/elsewhere' WHERE id = '{session}'")
                    database.execute("COMMIT")
                answer = handed.result()
            if answer.status != 201:  # else it came only when the session had gone already
                break
        self.assertCode(answer, 409, "handoff_project_changed", "The session went to another project meanwhile; try again")
        self.assertEqual(self.sql(f"SELECT id FROM sync_handoffs WHERE session_id = '{session}'"), [])


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Handoffs, OnPostgresDatabase, Handing):
    pass


class WithoutProjects(Handing):
    MODULES = ["auth", "scheduler", "sync"]

    def test_nothing_of_a_project_is_found(self):
        ada, org = self.org("enterprise")
        session = self.push_of_project(ada)
        self.assertPlain(self.hand(ada, session, 422, recipient_email="x@example.com", ticket_id="tk_1"), 422,
                         "The session belongs to no project that you reach, so nothing of one can go with it")
        self.assertIsNone(self.hand(ada, session, recipient_email="x@example.com")["source_project_id"])
        key = ada.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["handoffs:write"]}).json()["key"]
        answer = support.request(self.server, "POST", "/api/v1/handoffs", {"session_id": session, "recipient_email": "x@example.com"}, {"Accept-Language": "en"}, key)
        self.assertCode(answer, 403, "service_key_project_not_registered", "The project that this belongs to is not registered")


class Limited(Handing):
    OPTIONS = {**BOOK, "limits.enabled": "true"}

    def test_an_address_gets_ten_mails_an_hour_from_one_sender(self):
        ada = self.account()
        session, address = self.push(ada), f"flooded{next(numbers)}@example.com"
        for _ in range(12):
            self.hand(ada, session, recipient_email=address)
        last = f"last{next(numbers)}@example.com"
        self.hand(ada, session, recipient_email=last)
        self.smtp.wait_for(last)
        self.smtp.wait_for(address, 10)
        self.assertEqual(len(self.smtp.to(address)), 10)


if __name__ == "__main__":
    unittest.main()
