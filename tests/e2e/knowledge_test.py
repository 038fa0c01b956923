"""What projects know: entries with their filters and pages, claims, compiling with and without a model, extraction after a push, groups; on SQLite and PostgreSQL."""
import concurrent.futures
import pathlib
import sys
import time
import unittest

import support
from captured_sessions import archive, manifest, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402

TIME_LIMIT = 400
EDIT = "Whoever only shares a session of the project can't change this"
NOWHERE = "proj_0000000000000000"
ENTRY = ["author_class", "claim_class", "compiled_at", "compiled_count", "confidence", "content", "created_at", "dismissed", "dismissed_at", "dismissed_by", "dismissed_reason",
         "entity_ref", "entity_type", "entry_type", "freshness_class", "id", "last_relevant_at", "persona_name", "project_id", "promoted_at", "promoted_by", "retrieved_count",
         "session_id", "source_context", "superseded_by", "supersession_reason", "used_in_answer_count", "user_id"]
COMPILATION = ["compiled_at", "concept_pages_updated", "context_after", "context_before", "context_words_after", "context_words_before", "entries_compiled", "id", "noop_reason",
               "project_id", "section_pages_updated", "trigger", "user_id"]
WORDS = ["amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "knoll", "larch", "mesa", "north", "oasis", "plain", "quarry", "ridge", "scree", "tarn"]
KEY = "sk-very-secret-1"


def fact(number, about="module"):
    """A text of its own that may be a claim: no near-duplicate of one with another number."""
    words = [WORDS[(number * 7 + i * i + i * number) % len(WORDS)] + str(number * 31 + i) for i in range(6)]
    return f"The {about} src/part{number}.py keeps {' '.join(words)} in order."


class Knowledge:
    """The tests; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.OPTIONS = {**ProjectFamily.OPTIONS, "http_client.allow_private": "true", "projects.allow_private_model_hosts": "true"}
        super().setUpClass()

    def setUp(self):
        for list_ in (self.models.faults, self.models.questions, self.models.requests):
            list_.clear()
        self.models.key = None

    def add(self, caller, project, content, status=201, **body):
        answer = caller.post(f"/projects/{project['id']}/entries/add", {"content": content, **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def claim(self, caller, project, number, **body):
        made = self.add(caller, project, fact(number), **{"session_id": f"ses_claim{number:08d}", "confidence": 0.9, **body})
        self.assertEqual(made["claim_class"], "claim", made)
        return made["id"]

    def entries(self, caller, project, query=""):
        answer = caller.get(f"/projects/{project['id']}/entries{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def ids(self, caller, project, query=""):
        return [one["id"] for one in self.entries(caller, project, query)]

    def entry(self, caller, project, number):
        answer = caller.get(f"/projects/{project['id']}/entries/{number}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def compile(self, caller, project, body=None, status=200):
        answer = caller.post(f"/projects/{project['id']}/compile", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def document(self, caller, project):
        return caller.get(f"/projects/{project['id']}").json()["context_document"]

    def assertEdit(self, answer):
        self.assertOk(answer, {"error": {"code": "project_edit_forbidden", "message": EDIT, "details": {"error": "project_edit_forbidden"}}}, 403)

    def run_project_job(self, name):
        self.act_on_job(name, "run", self.account(role="super_admin").token)

    def act_on_job(self, name, action, root):
        answer = support.request(self.server, "POST", f"/api/v1/scheduler/jobs/projects.{name}/actions/{action}", token=root)
        self.assertEqual(answer.status, 200, answer)

    def wait_for(self, look, seconds=40):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.2)
        self.fail("it did not happen in time")

    # --- adding

    def test_an_entry_is_added(self):
        ada = self.account("pro")
        project = self.project(ada)
        made = self.add(ada, project, "The retry logic in src/net/client.py gives up after 3 attempts.", entry_type="bug", session_id="ses_0000000011", source_context="src/net",
                        entity_ref="client", entity_type="file", author_class="agent", unknown=1)
        self.assertRegex(made["created_at"], MICROS)
        self.assertIsInstance(made["id"], int)
        reason = made.pop("classification_reason")
        self.assertTrue(reason.startswith("A claim"), reason)
        self.assertEqual(made, {"id": made["id"], "project_id": project["id"], "session_id": "ses_0000000011", "user_id": ada.id, "entry_type": "bug",
                                "content": "The retry logic in src/net/client.py gives up after 3 attempts.", "confidence": 1.0, "source_context": "src/net", "persona_name": None,
                                "author_class": "agent", "created_at": made["created_at"], "compiled_at": None, "dismissed": False, "claim_class": "claim", "entity_ref": "client",
                                "entity_type": "file", "freshness_class": "current", "tip": None, "upserted_from": []})
        read = self.entry(ada, project, made["id"])
        self.assertEqual(sorted(read), ENTRY)
        self.assertEqual({key: read[key] for key in ENTRY if key in made}, {key: made[key] for key in ENTRY if key in made})
        self.assertEqual((read["retrieved_count"], read["used_in_answer_count"], read["compiled_count"], read["last_relevant_at"], read["promoted_at"]), (0, 0, 0, None, None))

    def test_what_an_entry_is_taken_for(self):
        ada = self.account("enterprise")
        project = self.project(ada)
        for session, confidence, expected in ((None, None, 0.7), ("manual", None, 0.7), ("cli-ask", None, 0.7), ("ses_1234567890", None, 1.0), ("manual", 0.95, 0.95), ("manual", 0, 0.0)):
            made = self.add(ada, project, fact(100 + int(expected * 100) + len(session or "")), session_id=session, confidence=confidence)
            self.assertEqual(made["confidence"], expected)
            self.assertEqual(made["claim_class"], "claim" if expected >= 0.8 else "note")
        short = self.add(ada, project, "Short, and in src/a.py", confidence=1, force_claim=True)
        self.assertEqual(short["claim_class"], "note")
        self.assertIn("50 characters", short["tip"])

    def test_a_session_makes_five_claims_manual_too(self):
        ada = self.account("enterprise")
        project = self.project(ada)
        for session in ("manual", "ses_5555555555"):
            classes = [self.add(ada, project, fact(number), session_id=session, confidence=0.9)["claim_class"] for number in range(200 + len(session), 206 + len(session))]
            self.assertEqual(classes, ["claim"] * 5 + ["note"])

    def test_what_can_not_be_added(self):
        ada = self.account("pro")
        project = self.project(ada)
        path = f"/projects/{project['id']}/entries/add"
        for body, message in (({"content": "x" * 19}, "An entry has at least 20 characters"), ({"content": " " * 30}, "An entry has at least 20 characters"),
                              ({"content": fact(1), "entry_type": "poem"}, "There are no entries of the type poem: decision, pattern, discovery, convention, bug, dependency"),
                              ({"content": fact(1), "persona_name": "nobody"}, "The project has no active persona of that name"),
                              ({"content": fact(1), "upsert": True}, "An upsert needs entity_ref: what the entry is about"),
                              ({"content": fact(1), "upsert": True, "entity_ref": " "}, "An upsert needs entity_ref: what the entry is about")):
            self.assertPlain(ada.post(path, body), 422, message)
        for wrong, field in (({"content": None}, "content"), ({"content": "x" * 10001}, "content"), ({"confidence": 1.1}, "confidence"), ({"confidence": -0.1}, "confidence"),
                             ({"persona_name": "x" * 65}, "persona_name"), ({"author_class": "robot"}, "author_class"), ({"session_id": "x" * 201}, "session_id"),
                             ({"upsert": "perhaps"}, "upsert")):
            with self.subTest(wrong):
                self.assertInvalid(ada.post(path, {"content": fact(1), **wrong}), ("body", field))
        self.assertInvalid(ada.post(path, {}), ("body", "content"))
        blank = self.add(ada, project, fact(2), session_id=" ", persona_name="")
        self.assertEqual((blank["session_id"], blank["persona_name"]), ("manual", None))
        self.sql(f"UPDATE projects_knowledge SET entries = 200000 WHERE project_id = '{project['id']}'")
        self.assertPlain(ada.post(path, {"content": fact(1)}), 409, "There is no room for more than 200000 entries")
        self.sql(f"DELETE FROM projects_entries WHERE project_id = '{project['id']}'")
        self.assertPlain(ada.post(f"/projects/{NOWHERE}/entries/add", {"content": fact(1)}), 404)
        self.assertPlain(self.account().post(path, {"content": fact(1)}), 403)
        self.assertEqual(self.entries(ada, project), [])

    def test_near_duplicates_of_the_newest_are_refused(self):
        ada = self.account("enterprise")
        project = self.project(ada)
        first = self.add(ada, project, "one two three four five six seven eight nine ten")
        self.assertPlain(self.add(ada, project, "ONE two three four five six seven eight nine, ten eleven", 409), 409, "One of the newest entries says the same")
        self.assertEqual(ada.put(f"/projects/{project['id']}/entries/{first['id']}", {}).status, 200)
        self.add(ada, project, "one two three four five six seven eight nine ten")  # what was dismissed does not count
        for number in range(50):
            self.add(ada, project, fact(number))
        self.add(ada, project, "one two three four five six seven eight nine ten")  # the 51st does not count, either

    def test_an_upsert_replaces_what_is_about_the_same(self):
        ada = self.account("pro")
        project = self.project(ada)
        first, second, other = (self.add(ada, project, fact(number), entity_ref=about)["id"] for number, about in ((1, "x"), (2, "x"), (3, "y")))
        made = self.add(ada, project, fact(1), entity_ref="x", upsert=True)
        self.assertEqual(made["upserted_from"], [first, second])
        for number in (first, second):
            replaced = self.entry(ada, project, number)
            self.assertEqual((replaced["dismissed"], replaced["freshness_class"], replaced["superseded_by"], replaced["dismissed_by"]), (True, "superseded", made["id"], ada.id))
        self.assertFalse(self.entry(ada, project, other)["dismissed"])
        self.assertEqual([one["link_type"] for one in ada.get(f"/projects/{project['id']}/links/entry/{first}").json()], ["supersedes"])

    def test_how_many_in_an_hour(self):
        ada = self.account("starter")
        project = self.project(self.account("pro"))
        self.push_of(ada, project)
        for number in range(50):
            self.add(ada, project, fact(number))
        answer = self.add(ada, project, fact(50), 429)
        self.assertPlain(answer, 429, "You may add 50 entries to a project in an hour")
        self.assertEqual(answer.headers["Retry-After"], "60")
        self.sql(f"UPDATE projects_entries SET created_at = created_at - 3700000000 WHERE project_id = '{project['id']}'")
        self.add(ada, project, fact(50))

    def test_many_who_add_at_once_all_count(self):
        ada = self.account("starter")
        project = self.project(self.account("pro"))
        self.push_of(ada, project)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: ada.post(f"/projects/{project['id']}/entries/add", {"content": fact(number)}).status, range(60)))
        self.assertEqual(sorted(answers), [201] * 50 + [429] * 10)

    # --- lists

    def test_lists_filters_and_pages(self):
        ada = self.account("enterprise")
        project = self.project(ada)
        numbers = [self.add(ada, project, fact(number), entry_type="bug" if number % 2 else "pattern", session_id=f"ses_{number:010d}", confidence=number / 10,
                            source_context="src/A_%" if number == 3 else None, author_class="agent" if number == 4 else None)["id"] for number in range(1, 8)]
        newest = list(reversed(numbers))
        one, two, three, four, five, six, seven = numbers
        ada.put(f"/projects/{project['id']}/entries/{two}", {})
        for query, expected in (("", newest), ("?type=bug", [seven, five, three, one]), ("?type=poem", []), ("?dismissed=true", [two]), ("?dismissed=false", [n for n in newest if n != two]),
                                ("?session_id=ses_0000000005", [five]), ("?author_class=agent", [four]), ("?source_filter=A_%25", [three]), ("?source_filter=B", []), ("?persona_name=x", []),
                                ("?session_id=", newest), ("?persona_name=", newest), ("?source_filter=", newest), ("?session_id=&persona_name=&type=bug", [seven, five, three, one]),
                                ("?pending=true", [n for n in newest if n != two]), ("?pending=false", []), ("?freshness_class=stale", []), ("?claim_class=note", newest),
                                ("?limit=2", newest[:2]), ("?limit=2&page=2", newest[2:4]), (f"?limit=2&cursor={five}", [four, three]), (f"?limit=2&page=3&cursor={five}", [four, three]),
                                ("?sort=confidence_desc", newest), ("?sort=confidence_desc&type=pattern&limit=1&page=2", [four]), ("?type=bug&dismissed=false&author_class=human", [seven, five, three, one]),
                                ("?search=SRC/PART3", [three]), ("?search=src/part&limit=2&page=2", newest[2:4]), ("?search=rc_part", []), ("?search=src/part&sort=confidence_desc&type=bug", [seven, five, three, one])):
            with self.subTest(query):
                self.assertEqual(self.ids(ada, project, query), expected)
        for query, cursor in (("?limit=2", six), ("?limit=7", one), ("?limit=8", None), ("?limit=2&sort=confidence_desc", None), ("?search=part&limit=2", six)):
            self.assertEqual(ada.get(f"/projects/{project['id']}/entries{query}").headers.get("X-Next-Cursor"), None if cursor is None else str(cursor), query)
        for query, message in (("?search=ab", "A search needs at least 3 characters"), ("?claim_class=x", "The value of claim_class is none that there is"),
                               ("?freshness_class=x", "The value of freshness_class is none that there is"), ("?sort=x", "The value of sort is none that there is"),
                               ("?cursor=5&sort=confidence_desc", "A cursor goes with the order created_at_desc only")):
            self.assertPlain(ada.get(f"/projects/{project['id']}/entries{query}"), 422, message)
        for query, name in (("?limit=0", "limit"), ("?limit=201", "limit"), ("?page=0", "page"), ("?cursor=0", "cursor"), ("?source_filter=" + "x" * 201, "source_filter"), ("?pending=perhaps", "pending")):
            self.assertInvalid(ada.get(f"/projects/{project['id']}/entries{query}"), ("query", name))

    def test_a_search_counts(self):
        ada, org, project = self.team()
        first = self.add(ada, project, fact(1))["id"]
        second = self.add(ada, project, fact(2))["id"]
        self.ids(ada, project, "?search=part1")
        self.ids(ada, project)
        # Searches are counted together, a second later.
        support.wait_until(lambda: self.entry(ada, project, first)["retrieved_count"] == 1, 30, "the search counts")
        self.assertEqual(self.entry(ada, project, second)["retrieved_count"], 0)
        for _ in range(3):
            self.ids(ada, project, "?search=part")
        support.wait_until(lambda: self.entry(ada, project, second)["retrieved_count"] == 3, 30, "three searches count")
        self.assertEqual(self.entry(ada, project, first)["retrieved_count"], 4)
        self.ids(ada, project, "?search=part1&used_in_answer=true")
        used = self.entry(ada, project, first)
        self.assertEqual((used["retrieved_count"], used["used_in_answer_count"]), (4, 1))
        self.assertRegex(used["last_relevant_at"], MICROS)
        self.ids(self.key(ada, org, "knowledge:read"), project, "?search=part1&used_in_answer=true")
        self.assertEqual(self.entry(ada, project, first)["used_in_answer_count"], 1)
        self.ids(self.key(ada, org, "knowledge:read", "knowledge:write"), project, "?search=part1&used_in_answer=true")
        self.assertEqual(self.entry(ada, project, first)["used_in_answer_count"], 2)
        self.assertEqual(self.ids(ada, project, "?sort=last_relevant_at_desc"), [first, second])

    # --- curation

    def test_dismissing(self):
        ada = self.account("pro")
        project = self.project(ada)
        number = self.add(ada, project, fact(1))["id"]
        path = f"/projects/{project['id']}/entries/{number}"
        gone = ada.put(path, {"reason": " wrong "}).json()
        self.assertEqual((gone["dismissed"], gone["dismissed_by"], gone["dismissed_reason"]), (True, ada.id, "wrong"))
        again = ada.put(path, {"dismissed": True, "reason": " "}).json()
        self.assertEqual(again, gone)
        self.assertEqual(ada.put(path, {"reason": "old"}).json(), {**gone, "dismissed_reason": "old"})
        back = ada.put(path, {"dismissed": False}).json()
        self.assertEqual([back[key] for key in ("dismissed", "dismissed_at", "dismissed_by", "dismissed_reason")], [False, None, None, None])
        self.assertPlain(ada.put(path, {"reason": "x" * 501}), 422, "A reason has at most 500 characters")
        self.assertEqual(ada.put(path, {"reason": "x" * 500}).status, 200)
        self.assertPlain(ada.put(f"/projects/{project['id']}/entries/999999999", {}), 404, "The project has no such entry")
        self.assertPlain(ada.get(f"/projects/{self.project(ada)['id']}/entries/{number}"), 404, "The project has no such entry")
        self.assertInvalid(ada.get(f"/projects/{project['id']}/entries/some"), ("path", "entry_id"))

    def test_refresh_supersede_promote_and_confidence(self):
        ada = self.account("pro")
        project = self.project(ada)
        older, newer = (self.add(ada, project, fact(number))["id"] for number in (1, 2))
        base = f"/projects/{project['id']}/entries"
        fresh = ada.put(f"{base}/{older}/refresh", None).json()
        self.assertEqual(fresh, {"id": older, "freshness_class": "current", "last_relevant_at": fresh["last_relevant_at"]})
        for body, status in (({"superseding_id": older, "reason": "x"}, 422), ({"superseding_id": 999999999, "reason": "x"}, 404)):
            self.assertPlain(ada.put(f"{base}/{older}/supersede", body), status)
        self.assertInvalid(ada.put(f"{base}/{older}/supersede", {"superseding_id": newer}), ("body", "reason"))
        self.assertOk(ada.put(f"{base}/{older}/supersede", {"superseding_id": newer, "reason": "Newer"}), {"superseded_entry_id": older, "superseding_entry_id": newer, "reason": "Newer"})
        self.assertPlain(ada.put(f"{base}/{newer}/supersede", {"superseding_id": older, "reason": "x"}), 422, "The other entry was replaced by this one")
        self.assertPlain(ada.put(f"{base}/{older}/refresh", None), 409, "Another entry replaced this one")
        answer = ada.put(f"{base}/{newer}/promote", None)
        self.assertPlain(answer, 422, "The entry can't be a claim: its confidence is below 0.8")
        self.assertEqual(ada.put(f"{base}/{newer}/confidence", {"confidence": 0.9}).json()["confidence"], 0.9)
        self.assertInvalid(ada.put(f"{base}/{newer}/confidence", {"confidence": 2}), ("body", "confidence"))
        promoted = ada.put(f"{base}/{newer}/promote", None).json()
        self.assertEqual((promoted["claim_class"], promoted["promoted_by"]), ("claim", ada.id))
        self.assertPlain(ada.put(f"{base}/{newer}/promote", None), 409, "The entry is a claim already")
        self.assertPlain(ada.put(f"{base}/999999999/promote", None), 404, "The project has no such entry")

    def test_bulk_promotion(self):
        ada = self.account("pro")
        project = self.project(ada)
        good, unsure = self.add(ada, project, fact(1))["id"], self.add(ada, project, fact(2), confidence=0.6)["id"]
        reader = self.reader(project)
        readers = self.add(reader, project, fact(3), confidence=1)["id"]
        path = f"/projects/{project['id']}/entries/bulk-promote"
        reasons = {"already_claim": 0, "dismissed": 0, "superseded": 0, "wrong_type": 0, "too_short": 0, "low_confidence": 2, "duplicate": 0}
        self.assertOk(ada.post(path), {"promoted": 0, "skipped": 2, "reasons": reasons, "promoted_ids": [], "dry_run": True, "reader_notes_excluded": 1})
        self.assertOk(ada.post(path, {"min_confidence": 0.7}), {"promoted": 1, "skipped": 1, "reasons": {**reasons, "low_confidence": 1}, "promoted_ids": [good], "dry_run": True,
                                                              "reader_notes_excluded": 1})
        self.assertEqual(self.entry(ada, project, good)["claim_class"], "note")
        done = ada.post(path, {"set_confidence": 0.85, "dry_run": False}).json()
        self.assertEqual((done["promoted_ids"], done["dry_run"]), ([good, unsure], False))
        self.assertEqual([self.entry(ada, project, number)["confidence"] for number in (good, unsure)], [0.85, 0.85])
        self.assertEqual(ada.post(path, {"set_confidence": 0.9, "include_reader_notes": True, "dry_run": False}).json()["promoted_ids"], [readers])
        self.assertPlain(ada.post(path, {"entry_type": "poem"}), 422)

    def test_dismissing_what_is_stale(self):
        ada = self.account("pro")
        project = self.project(ada)
        sure, unsure = self.add(ada, project, fact(1), confidence=0.5)["id"], self.add(ada, project, fact(2), confidence=0.4)["id"]
        path = f"/projects/{project['id']}/entries/dismiss-stale"
        self.assertOk(ada.post(path), {"dismissed_count": 0})
        self.sql(f"UPDATE projects_entries SET created_at = created_at - 7862400000000 WHERE project_id = '{project['id']}'")
        self.assertOk(ada.post(path), {"dismissed_count": 1})
        self.assertEqual([self.entry(ada, project, number)["dismissed"] for number in (sure, unsure)], [False, True])

    def test_who_only_shares_a_session_may_read_and_add(self):
        ada = self.account("pro")
        project = self.project(ada)
        reader = self.reader(project)
        made = self.add(reader, project, fact(1), confidence=1, session_id="ses_9999999999")
        self.assertEqual((made["claim_class"], made["confidence"]), ("note", 0.7))
        base = f"/projects/{project['id']}"
        entry = f"{base}/entries/{made['id']}"
        for method, path, body in (("PUT", entry, {}), ("PUT", f"{entry}/refresh", None), ("PUT", f"{entry}/supersede", {"superseding_id": 1, "reason": "x"}), ("PUT", f"{entry}/promote", None),
                                   ("PUT", f"{entry}/confidence", {"confidence": 1}), ("POST", f"{base}/entries/bulk-promote", {}), ("POST", f"{base}/entries/dismiss-stale", None),
                                   ("POST", f"{base}/compile", None), ("POST", f"{base}/rebuild", None), ("POST", f"{base}/entries/add", {"content": fact(2), "upsert": True, "entity_ref": "x"})):
            with self.subTest(path):
                self.assertEdit(reader.call(method, path, body))
        for path in ("/entries", f"/entries/{made['id']}", "/compilations", "/health", "/compile-status"):
            self.assertEqual(reader.get(base + path).status, 200, path)
        # What they wrote neither replaces nor becomes a claim by itself.
        own = self.claim(ada, project, 5, entity_ref="thing")
        self.sql(f"UPDATE projects_entries SET claim_class = 'evidence' WHERE id = {made['id']}")
        self.compile(ada, project)
        self.assertEqual(self.entry(ada, project, made["id"])["claim_class"], "evidence")
        self.assertEqual(self.entry(ada, project, own)["freshness_class"], "current")

    def test_service_keys(self):
        ada, org, project = self.team()
        reads, writes = self.key(ada, org, "knowledge:read"), self.key(ada, org, "knowledge:write")
        made = self.add(writes, project, fact(1), author_class="human")
        self.assertEqual((made["author_class"], made["user_id"]), ("agent", ada.id))
        base = f"/projects/{project['id']}"
        entry = f"{base}/entries/{made['id']}"
        self.assertEqual(self.ids(reads, project), [made["id"]])
        self.assertEqual(reads.get(entry).status, 200)
        self.assertEqual(reads.get(f"{base}/context/sections/team").status, 200)
        self.assertEqual(writes.get(entry).json()["error"]["details"], {"error": "insufficient_scope", "required": ["knowledge:read"], "current": ["knowledge:write"]})
        self.assertEqual(writes.put(entry, {}).status, 200)
        self.assertEqual(writes.put(f"{entry}/refresh", None).status, 200)
        for path, body in ((f"{base}/compile", None), (f"{base}/rebuild", None), (f"{base}/entries/bulk-promote", {}), (f"{base}/entries/dismiss-stale", None)):
            self.assertEqual(writes.post(path, body).json()["error"]["details"]["error"], "service_key_not_allowed")
        foreign, other, theirs = self.team()
        self.assertEqual(self.key(foreign, other, "knowledge:read").get(f"{base}/entries").json()["error"]["details"]["error"], "cross_org_denied")
        bound = self.key(ada, org, "knowledge:read", project_ids=[self.project(ada, org)["id"]])
        self.assertEqual(bound.get(f"{base}/entries").json()["error"]["details"]["error"], "project_not_in_allowlist")

    # --- compiling

    def test_compiling(self):
        ada = self.account("pro")
        project = self.project(ada)
        nothing = self.compile(ada, project)
        self.assertEqual(sorted(nothing), COMPILATION)
        self.assertEqual((nothing["id"], nothing["entries_compiled"], nothing["context_before"], nothing["context_after"], nothing["trigger"]), (0, 0, None, None, "manual"))
        self.assertTrue(nothing["noop_reason"])
        decision = self.claim(ada, project, 1, entry_type="decision")
        doubtful = self.claim(ada, project, 2, entry_type="bug")
        self.assertEqual(ada.put(f"/projects/{project['id']}/entries/{doubtful}/confidence", {"confidence": 0.4}).status, 200)
        status = ada.get(f"/projects/{project['id']}/compile-status").json()
        self.assertEqual((status["pending_claims"], status["compile_needed"], status["compile_schedule"], status["compile_history"], status["next_scheduled_at"]), (2, True, "off", [], None))
        before = self.document(ada, project)
        done = self.compile(ada, project)
        after = self.document(ada, project)
        self.assertEqual((done["entries_compiled"], done["context_before"], done["context_after"], done["noop_reason"], done["section_pages_updated"], done["concept_pages_updated"]),
                         (2, before, after, None, 2, 0))
        self.assertEqual(done["context_words_after"], len(after.split()))
        self.assertIn(f"## Key Decisions\n\n- {fact(1)}\n\n## Team\n", after)
        self.assertIn(f"## Unverified\n\n- {fact(2)} (unverified)\n", after)
        self.assertIn(f"- [decision] {fact(1)}\n", after.split("## Recent Changes")[1])
        again = self.compile(ada, project)
        self.assertEqual((again["id"], again["compiled_at"]), (0, done["compiled_at"]))
        self.assertEqual(self.document(ada, project), after)
        page = ada.get(f"/projects/{project['id']}/pages/key-decisions").json()
        self.assertEqual((page["page_type"], page["auto_generated"], page["entry_count"]), ("section", True, 1))
        section = ada.get(f"/projects/{project['id']}/context/sections/key_decisions").json()
        self.assertEqual(section, {"slug": "key_decisions", "title": "Key Decisions", "content": f"- {fact(1)}",
                                   "source_entries": [{"kb_entry_id": decision, "created_by_user_id": ada.id, "created_by_persona": None, "promoted_at": None, "compile_id": done["id"]}]})
        missing = ada.get(f"/projects/{project['id']}/context/sections/nothing")
        self.assertEqual(missing.status, 404)
        self.assertIn("key_decisions", missing.json()["error"]["details"]["available_slugs"])
        listed = ada.get(f"/projects/{project['id']}/compilations").json()
        self.assertEqual(listed, [{**done, "section_pages_updated": 0, "concept_pages_updated": 0}])
        self.assertInvalid(ada.get(f"/projects/{project['id']}/compilations?limit=101"), ("query", "limit"))
        health = ada.get(f"/projects/{project['id']}/health").json()
        self.assertEqual({key: health[key] for key in health if key not in ("recommendations",)}, {
            "project_id": project["id"], "total_entries": 2, "pending_entries": 0, "uncompiled_notes": 0, "auto_promotable_evidence": 0, "compiled_entries": 2, "dismissed_entries": 0,
            "total_compilations": 1, "last_compilation_at": done["compiled_at"], "word_count": len(after.split()), "section_count": 8, "last_compiled": done["compiled_at"],
            "potentially_stale": False, "stale_entry_count": 0, "low_confidence_count": 0, "decayed_count": 0})
        # What is believed moves up.
        ada.put(f"/projects/{project['id']}/entries/{doubtful}/confidence", {"confidence": 0.9})
        self.assertEqual(self.compile(ada, project)["entries_compiled"], 1)
        self.assertIn(f"## Known Issues & Workarounds\n\n- {fact(2)}\n", self.document(ada, project))
        self.assertNotIn("unverified", self.document(ada, project))
        # Anew, without what was dismissed.
        ada.put(f"/projects/{project['id']}/entries/{doubtful}", {})
        anew = ada.post(f"/projects/{project['id']}/rebuild").json()
        self.assertEqual((anew["project_id"], anew["entries_compiled"], anew["section_pages_updated"]), (project["id"], 1, 1))
        self.assertEqual(anew["context_words"], len(self.document(ada, project).split()))
        self.assertNotIn(fact(2), self.document(ada, project))
        self.assertIn("projects.knowledge_rebuilt", self.audited("project:" + project["id"]))
        self.assertPlain(ada.get(f"/projects/{project['id']}/pages/known-issues"), 404)

    def test_health_counts_each_kind_by_itself(self):
        ada = self.account("pro")
        project = self.project(ada)
        long_ago = int(time.time() - 91 * 86400) * 1000000
        old = f"created_at = {long_ago}"
        for number, change in enumerate(("claim_class = 'claim'", "claim_class = 'claim', compiled_at = 1", "confidence = 0.7", "dismissed = 1", "claim_class = 'evidence', confidence = 0.6",
                                         "claim_class = 'evidence', confidence = 0.4", "confidence = 0.2", f"confidence = 0.4, {old}", f"confidence = 0.9, last_relevant_at = {int(time.time())}000000, {old}",
                                         f"confidence = 0.05, {old}", "claim_class = 'claim', freshness_class = 'superseded'", "claim_class = 'claim', freshness_class = 'stale'")):
            self.sql(f"UPDATE projects_entries SET {change} WHERE id = {self.add(ada, project, fact(number))['id']}")
        health = ada.get(f"/projects/{project['id']}/health").json()
        self.assertEqual({name: value for name, value in health.items() if "stale" not in name and name.endswith(("entries", "notes", "evidence", "count"))},
                         {"total_entries": 12, "pending_entries": 1, "uncompiled_notes": 5, "auto_promotable_evidence": 1, "compiled_entries": 1, "dismissed_entries": 1, "word_count": 17,
                          "section_count": 6, "low_confidence_count": 2, "decayed_count": 1})
        self.assertEqual((health["stale_entry_count"], health["potentially_stale"]), (2, True), "the document has none of the claim's words")
        self.assertEqual(health["recommendations"], ["Compile: 2 claims wait", "Refresh or dismiss 2 entries that nobody needed for 90 days", "Confirm or dismiss 2 entries that are hardly believed"])
        for document in ("The module is known.", " "):
            ada.put(f"/projects/{project['id']}/context", {"context_document": document})
            self.assertFalse(ada.get(f"/projects/{project['id']}/health").json()["potentially_stale"], document)

    def test_restoring(self):
        ada, root = self.account("pro"), self.account("admin")
        project = self.project(ada)
        number = self.claim(ada, project, 1)
        done = self.compile(ada, project)
        path = f"/admin/projects/{project['id']}/restore-from-compilation"
        ada.put(f"/projects/{project['id']}/context", {"context_document": "Lost"})
        self.sql(f"UPDATE projects_entries SET compiled_at = NULL WHERE id = {number}")
        expected = {"project_id": project["id"], "compilation_id": done["id"], "compiled_at": done["compiled_at"], "context_words_restored": done["context_words_after"],
                    "entries_compiled_at_restored": 1, "dry_run": True}
        self.assertPlain(ada.post(path, {"compilation_id": "nonsense"}), 403)
        self.assertOk(root.post(path, {"compilation_id": done["id"]}), expected)
        self.assertEqual(self.document(ada, project), "Lost")
        self.assertOk(root.post(path, {"compilation_id": done["id"], "dry_run": False}), {**expected, "dry_run": False})
        self.assertEqual(self.document(ada, project), done["context_after"])
        self.assertEqual(self.entry(ada, project, number)["compiled_at"], done["compiled_at"])
        self.assertIn("projects.restored_from_compilation", self.audited("project:" + project["id"]))
        for body, field in (({"compilation_id": 0}, "compilation_id"), ({"compilation_id": True}, "compilation_id"), ({}, "compilation_id"), ({"compilation_id": 1, "dry_run": "perhaps"}, "dry_run")):
            self.assertInvalid(root.post(path, body), ("body", field))
        self.assertPlain(root.post(path, {"compilation_id": 999999999}), 404, "The project has no such compilation")
        self.assertPlain(root.post(f"/admin/projects/{NOWHERE}/restore-from-compilation", {"compilation_id": 1}), 404)
        self.sql(f"UPDATE projects_compilations SET context_after = NULL WHERE id = {done['id']}")
        self.assertPlain(root.post(path, {"compilation_id": done["id"]}), 422, "That compilation wrote no document")

    # --- with a model

    def model(self, **more):
        return {"base_url": self.models.url + "/v1", "model": "gpt-4o", **more}

    def test_a_model_writes_the_document(self):
        ada = self.account("pro")
        project = self.project(ada)
        ada.put(f"/projects/{project['id']}/context", {"context_document": "# Shop\n\n## Overview\n\nThe shop sells clocks to people who like them.\n"})
        number = self.claim(ada, project, 1, entry_type="decision")
        written = f"# Shop\n\n## Overview\n\nThe shop sells clocks to people who like them.\n\n## Parts\n\n{fact(1)}\n"
        self.models.answer = lambda question: f"```markdown\n{written}```"
        done = self.compile(ada, project, self.model(llm_api_key=KEY))
        self.assertTrue(done["context_after"].startswith(written), done)
        self.assertEqual(done["entries_compiled"], 1)
        self.assertIn(fact(1), self.models.questions[-1].text)
        self.assertTrue(self.entry(ada, project, number)["compiled_at"])
        section = ada.get(f"/projects/{project['id']}/context/sections/parts").json()
        self.assertEqual([one["kb_entry_id"] for one in section["source_entries"]], [number])

    def test_a_model_that_does_not_do_its_work_changes_nothing(self):
        ada = self.account("pro")
        project = self.project(ada)
        document = "# Shop\n\n## Overview\n\nThe shop sells clocks to people who like them.\n"
        ada.put(f"/projects/{project['id']}/context", {"context_document": document})
        number = self.claim(ada, project, 1)
        for said in ("", "I am sorry, I can't.", "{\"nonsense\": true}", "# Bank\n\n## Vault\n\nGold lies here.\n", "# Shop\n\n## Overview\n\nOther words entirely.\n", document):
            with self.subTest(said):
                self.models.answer = lambda question, said=said: said
                answer = ada.post(f"/projects/{project['id']}/compile", self.model())
                self.assertEqual(answer.status, 502, answer)
                self.assertEqual(self.document(ada, project), document)
                self.assertIsNone(self.entry(ada, project, number)["compiled_at"])
        for fault, status in ((Fault("status", 500), 502), (Fault("status", 401), 502), (Fault("nonsense"), 502), (Fault("not_the_shape"), 502), (Fault("cut"), 502)):
            with self.subTest(fault.kind):
                self.models.faults.append(fault)
                self.assertEqual(ada.post(f"/projects/{project['id']}/compile", self.model()).status, status)
                self.assertEqual(self.document(ada, project), document)

        def somebody_else_writes(question):
            self.add(ada, project, fact(77), session_id="ses_7777777777", confidence=0.9)
            return document + "\n## Parts\n\n" + fact(1) + "\n"
        self.models.answer = somebody_else_writes
        answer = ada.post(f"/projects/{project['id']}/compile", self.model())
        self.assertEqual((answer.status, answer.json()["error"]["code"], answer.headers["Retry-After"]), (409, "concurrent_update", "1"), answer)
        self.assertEqual(self.document(ada, project), document)
        self.assertEqual(ada.get(f"/projects/{project['id']}/compilations").json(), [])
        for body, status in (({"base_url": "ftp://example.com"}, 400), ({"base_url": "https://user@example.com/"}, 400), ({"llm_api_key": KEY, "provider": "nobody"}, 422)):
            self.assertEqual(ada.post(f"/projects/{project['id']}/compile", body).status, status, body)
        for body, name in (({"model": 5}, "model"), ({"base_url": "x" * 2001}, "base_url")):
            self.assertInvalid(ada.post(f"/projects/{project['id']}/compile", body), ("body", name))

    # --- in the background

    def test_compiling_once_enough_claims_wait(self):
        ada = self.account("pro")
        project = self.project(ada)
        answer = ada.put(f"/projects/{project['id']}/settings", {"auto_narrative": False, "compile_after_claims": 2})
        self.assertEqual(answer.status, 200, answer)
        self.claim(ada, project, 1)
        self.claim(ada, project, 2)
        done = self.wait_for(lambda: ada.get(f"/projects/{project['id']}/compilations").json())
        self.assertEqual([(one["trigger"], one["entries_compiled"]) for one in done], [("scheduled", 2)])

    def test_compiling_at_night(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.assertEqual(ada.put(f"/projects/{project['id']}/settings", {"auto_narrative": False, "compile_schedule": "nightly"}).status, 200)
        self.claim(ada, project, 1)
        self.assertRegex(ada.get(f"/projects/{project['id']}/compile-status").json()["next_scheduled_at"], r"T02:00:00.000000Z$")
        self.sql(f"UPDATE projects_projects SET updated_at = 1 WHERE id = '{project['id']}'")
        self.run_project_job("compile_scheduled")
        self.wait_for(lambda: ada.get(f"/projects/{project['id']}/compilations").json())
        self.assertTrue(ada.get(f"/projects/{project['id']}").json()["last_scheduled_compile_at"])

    def test_a_compilation_that_is_stopped_waits_on(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.add(ada, project, fact(1))
        # Enough to be busy for a while: all of them are about the same.
        columns = {"project_id": f"'{project['id']}'", "session_id": "'s'", "user_id": "'ada'", "entry_type": "'bug'", "confidence": "0.9", "author_class": "'human'",
                   "created_at": "CAST(created_at AS BIGINT)", "dismissed": "0", "claim_class": "'claim'", "entity_ref": "'same'", "freshness_class": "'current'", "retrieved_count": "0",
                   "used_in_answer_count": "0", "compiled_count": "0", "by_reader": "0", "content_length": "60",
                   "content": "'The part ' || n || ' of the client fails with the code ' || (n * 7919 % 10007) || ' word' || (n % 997)"}
        self.sql(f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000) INSERT INTO projects_entries ({', '.join(columns)}) "
                 f"SELECT {', '.join(columns.values())} FROM numbers, projects_entries WHERE projects_entries.project_id = '{project['id']}'")
        self.sql(f"UPDATE projects_knowledge SET compile_wanted_at = 1 WHERE project_id = '{project['id']}'")
        root = self.account(role="super_admin").token  # before the compilation holds the database
        waits = f"SELECT COUNT(*) FROM projects_knowledge WHERE project_id = '{project['id']}' AND compile_wanted_at IS NOT NULL"
        # Its next run by the clock would take the project up again.
        self.act_on_job("compile_scheduled", "pause", root)
        self.addCleanup(self.act_on_job, "compile_scheduled", "resume", root)
        self.run_project_job("compile_scheduled")
        self.wait_for(lambda: self.sql(waits) == [["0"]])
        runs = "/api/v1/scheduler/jobs/projects.compile_scheduled/runs"

        def going():
            return [one for one in support.request(self.server, "GET", runs, token=root).json()["data"]["items"] if one["outcome"] == "running"]
        for one in going():
            support.request(self.server, "POST", f"/api/v1/scheduler/runs/{one['run_id']}/actions/cancel", token=root)
        self.wait_for(lambda: not going())
        self.assertEqual(ada.get(f"/projects/{project['id']}/compilations").json(), [])
        self.assertEqual(self.sql(waits), [["1"]])
        # The next run would be busy with it while other tests write.
        self.sql(f"UPDATE projects_knowledge SET compile_wanted_at = NULL WHERE project_id = '{project['id']}'")

    def test_a_session_that_can_not_be_looked_through_lets_the_others_pass(self):
        ada = self.account("enterprise")
        bad, good = self.project(ada), self.project(ada)
        self.break_extraction(bad)

        def written(name):
            return [text("user", "Go"), {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t1", "name": "Write", "input": {"file_path": name, "content": "x"}}]}]
        sessions = [self.push(ada, content=archive(written(name), manifest(message_count=9), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}}))
                    for name, project in (("src/bad.py", bad), ("src/good.py", good))]
        self.sql(f"UPDATE projects_extractions SET due_at = 1 WHERE session_id = '{sessions[0]}'")
        self.run_project_job("extract_knowledge")
        self.wait_for(lambda: self.entries(ada, good))
        self.wait_for(lambda: self.sql(f"SELECT tries FROM projects_extractions WHERE session_id = '{sessions[0]}'")[0][0] != "0")
        self.sql(f"UPDATE projects_extractions SET due_at = 1, tries = 4 WHERE session_id = '{sessions[0]}'")
        self.run_project_job("extract_knowledge")
        self.wait_for(lambda: self.sql(f"SELECT COUNT(*) FROM projects_extractions WHERE session_id = '{sessions[0]}' AND due_at IS NULL") == [["1"]])
        self.assertEqual(self.entries(ada, bad), [])

    def test_what_sessions_of_a_reader_tell_in_an_hour(self):
        ada, reader = self.account("enterprise"), self.account("enterprise")
        project = self.project(ada)

        def push(first):
            used = [{"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": f"t{number}", "name": "Write", "input": {"file_path": f"src/{WORDS[number % 20]}{number}.py", "content": "x"}}]}
                    for number in range(first, first + 40)]
            return self.push(reader, content=archive([text("user", "Go"), *used], manifest(message_count=9), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}}))
        for count, first in ((40, 0), (50, 100)):
            session = push(first)
            self.wait_for(lambda session=session: self.sql(f"SELECT COUNT(*) FROM projects_extractions WHERE session_id = '{session}' AND due_at IS NULL") == [["1"]])
            self.assertEqual(len(self.ids(ada, project, "?limit=200")), count)

    def test_a_push_tells_of_its_project_once(self):
        ada = self.account("enterprise")
        project = self.project(ada)
        talk = [text("user", "Please fix it"),
                {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t1", "name": "Write", "input": {"file_path": "src/clock.py", "content": "x"}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "done"}]}, text("assistant", "It ticks.")]
        content = archive(talk, manifest(message_count=9), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}})
        session = self.push(ada, content=content)
        found = self.wait_for(lambda: self.entries(ada, project))
        self.assertEqual([(one["content"], one["claim_class"], one["confidence"], one["entry_type"], one["session_id"], one["author_class"]) for one in found],
                         [("File created/modified: src/clock.py", "evidence", 0.3, "pattern", session, "agent")])
        self.sql(f"UPDATE projects_entries SET dismissed = 1 WHERE project_id = '{project['id']}'")
        self.sql(f"UPDATE projects_extractions SET due_at = 1 WHERE session_id = '{session}'")
        self.run_project_job("extract_knowledge")
        self.wait_for(lambda: self.sql(f"SELECT COUNT(*) FROM projects_extractions WHERE session_id = '{session}' AND due_at IS NULL")[0][0] in (1, "1"))
        self.assertEqual(len(self.entries(ada, project)), 1)
        # Of less than five messages nothing is told.
        short = self.push(ada, content=archive([*talk[:1], {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t1", "name": "Write", "input": {"file_path": "docs/short.md", "content": "x"}}]}],
                                               manifest(message_count=4), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}}))
        self.wait_for(lambda: self.sql(f"SELECT COUNT(*) FROM projects_extractions WHERE session_id = '{short}' AND due_at IS NULL") == [["1"]])
        self.assertEqual(len(self.entries(ada, project)), 1)
        # Who only shares the session leaves notes.
        reader = self.account("enterprise")
        self.push(reader, content=archive([*talk[:1], {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t1", "name": "Write", "input": {"file_path": "docs/reader.md", "content": "x"}}]},
                                           *talk[2:]], manifest(message_count=9), {"git": {"remote_url": f"https://github.com/{project['git_remote_normalized']}.git"}}))
        notes = self.wait_for(lambda: self.entries(ada, project, "?claim_class=note"))
        self.assertEqual([(one["user_id"], one["confidence"]) for one in notes], [(reader.id, 0.3)])

    def test_a_new_project_looks_through_its_creators_sessions(self):
        ada, other = self.account("enterprise"), self.account("enterprise")
        remote = f"acme/backfill{int(time.time() * 1000)}"
        for caller, name in ((ada, "src/mine.py"), (other, "src/theirs.py")):
            self.push(caller, content=archive([text("user", "Go"), {"role": "assistant", "content": [{"type": "tool_use", "tool_use_id": "t1", "name": "Write", "input": {"file_path": name, "content": "x"}}]}],
                                              manifest(), {"git": {"remote_url": f"https://github.com/{remote}.git"}}))
        project = self.project(ada, remote=remote)
        self.run_project_job("extract_knowledge")
        found = self.wait_for(lambda: self.entries(ada, project))
        self.assertEqual([one["content"] for one in found], ["File created/modified: src/mine.py"])

    # --- groups

    def test_the_knowledge_of_a_group(self):
        ada, org, project = self.team()
        second = self.project(ada, org)
        group = ada.post(f"/orgs/{org}/groups", {"name": "Payments", "slug": "payments"}).json()
        base = f"/orgs/{org}/groups/payments"
        for one in (project, second):
            self.assertEqual(ada.put(f"/orgs/{org}/groups/{group['id']}/projects/{one['id']}", None).status, 200)
        self.claim(ada, project, 1)
        number = self.claim(ada, second, 2, entry_type="bug")
        answer = ada.post(f"{base}/compile")
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "group_compile_disabled"), answer)
        self.assertPlain(ada.get(f"{base}/context"), 404, "The group's knowledge was not compiled yet")
        self.assertEqual(ada.call("PATCH", f"/orgs/{org}/groups/{group['id']}", {"compile_enabled": True}).status, 200)
        made = ada.post(f"{base}/compile").json()
        self.assertEqual(made, {"group_id": group["id"], "slug": "payments", "document": made["document"], "compiled_at": made["compiled_at"], "compiled_by_user_id": ada.id,
                                "sources": [project["id"], second["id"]]})
        self.assertIn(f"## Shop\n\n### Discoveries\n\n- {fact(1)}\n", made["document"])
        self.assertOk(ada.get(f"{base}/context"), made)
        hits = ada.get(f"{base}/knowledge/search?q=PART2").json()
        self.assertEqual(hits, [{"project_id": second["id"], "project_name": "Shop", "entry_id": number, "entry_type": "bug", "confidence": 0.9, "freshness": "current",
                                 "created_at": hits[0]["created_at"], "content": fact(2)}])
        self.assertEqual(len(ada.get(f"{base}/knowledge/search?q=part").json()), 2)
        self.assertEqual(len(ada.get(f"{base}/knowledge/search?q=part&limit=1").json()), 1)
        self.assertPlain(ada.get(f"{base}/knowledge/search?q=pa"), 422, "A search needs at least 3 characters")
        member = self.member(ada)
        self.assertPlain(member.get(f"{base}/context"), 404)
        self.assertEqual(ada.put(f"/orgs/{org}/groups/{group['id']}/members/{member.id}", {"role": "reader"}).status, 200)
        self.assertOk(member.get(f"{base}/context"), made)
        self.assertPlain(member.post(f"{base}/compile"), 403)
        # What was replaced takes no place of what was not.
        newer = self.claim(ada, second, 3)
        self.assertEqual(ada.put(f"/projects/{second['id']}/entries/{newer}/supersede", {"superseding_id": number, "reason": "x"}).status, 200)
        self.assertEqual([one["entry_id"] for one in ada.get(f"{base}/knowledge/search?q=part&limit=1").json()], [number])
        # The document goes with a project that it tells of.
        self.assertEqual(ada.call("DELETE", f"/projects/{second['id']}").status, 200)
        self.assertPlain(member.get(f"{base}/context"), 404, "The group's knowledge was not compiled yet")
        self.assertEqual(ada.post(f"{base}/compile").json()["sources"], [project["id"]])
        self.assertPlain(self.account().get(f"{base}/context"), 404)


class OnSqlite(Knowledge, ProjectFamily):
    def break_extraction(self, project):
        """No session can be noted as looked through for the project."""
        self.sql(f"CREATE TRIGGER projects_broken BEFORE INSERT ON projects_extracted WHEN NEW.project_id = '{project['id']}' BEGIN SELECT RAISE(ABORT, 'broken'); END")
        self.addCleanup(self.sql, "DROP TRIGGER projects_broken")


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Knowledge, OnPostgresDatabase, ProjectFamily):
    def break_extraction(self, project):
        self.sql(f"ALTER TABLE projects_extracted ADD CONSTRAINT broken CHECK (project_id <> '{project['id']}')")
        self.addCleanup(self.sql, "ALTER TABLE projects_extracted DROP CONSTRAINT broken")


if __name__ == "__main__":
    unittest.main()
