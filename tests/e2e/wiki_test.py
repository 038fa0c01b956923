"""Wiki pages of projects: slugs, revisions, links, who may write, and pages that are made of knowledge."""
import concurrent.futures
import pathlib
import re
import sys
import unittest
import urllib.parse

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, numbers
from project_family import ProjectFamily

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402

TIME_LIMIT = 300
PAGE = re.compile(r"^page_[0-9a-f]{16}$")
NO_PAGE, NO_PROJECT = "No such page", "Project not found"
EDIT = "Whoever only shares a session of the project can't change this"
FORBIDDEN = "The project is not yours, nor your organisation's, and you have no session of it"


class Wiki:
    """The tests; subclasses choose the database."""

    def pages(self, project):
        return f"/projects/{project['id']}/pages"

    def written(self, caller, project, slug, content="text", **more):
        answer = caller.put(f"{self.pages(project)}/{slug}", {"content": content, **more})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def assertEdit(self, answer):
        self.assertOk(answer, {"error": {"code": "project_edit_forbidden", "message": EDIT, "details": {"error": "project_edit_forbidden"}}}, 403)

    def generated(self, project, slug, title, content="old"):
        """A page that a compilation made."""
        number = next(numbers)
        self.sql("INSERT INTO projects_pages (id, project_id, slug, link_name, title, page_type, word_count, entry_count, auto_generated, publish, edition, created_at, "
                 f"updated_at, content) VALUES ('kp_{number:016x}', '{project['id']}', '{slug}', '{slug}', '{title}', 'section', 1, 0, 1, 0, 1, 1, 1, '{content}')")
        return f"kp_{number:016x}"

    # --- J1 to J4

    def test_a_page_is_written_read_listed_changed_and_removed(self):
        ada = self.account("pro")
        project = self.project(ada)
        base = self.pages(project)
        self.assertOk(ada.get(base), [])
        made = self.written(ada, project, "guide/set-up", "Read it  well")
        self.assertTrue(PAGE.match(made["id"]), made)
        self.assertRegex(made["created_at"], MICROS)
        self.assertEqual(made, {"id": made["id"], "project_id": project["id"], "slug": "guide/set-up", "title": "Guide/Set Up", "page_type": "section",
                                "content": "Read it  well", "word_count": 3, "entry_count": 0, "parent_slug": None, "auto_generated": False, "publish": False,
                                "created_at": made["created_at"], "updated_at": made["created_at"], "backlinks": []})
        for form in ("guide/set-up", "guide%2Fset-up", "guide/set-up/", "guide%2fset-up"):
            self.assertOk(ada.get(f"{base}/{form}"), made)
        summary = {name: made[name] for name in ("id", "slug", "title", "page_type", "word_count", "entry_count", "auto_generated", "publish", "updated_at")}
        for form in (base, base + "/"):
            self.assertOk(ada.get(form), [summary])
        changed = self.written(ada, project, "guide%2Fset-up", "More", title=" How to ", publish=True)
        self.assertEqual((changed["id"], changed["title"], changed["content"], changed["publish"], changed["created_at"]),
                         (made["id"], "How to", "More", True, made["created_at"]))
        kept = self.written(ada, project, "guide/set-up", "", title="  ")
        self.assertEqual((kept["title"], kept["content"], kept["word_count"], kept["publish"]), ("How to", "", 0, True), "what is absent or blank stays")
        other = self.written(ada, project, "b")
        self.assertEqual([one["slug"] for one in ada.get(base).json()], ["b", "guide/set-up"], "last changed first")
        self.assertOk(ada.call("DELETE", f"{base}/guide%2Fset-up"), {"status": "deleted", "slug": "guide/set-up"})
        for answer in (ada.delete(f"{base}/guide/set-up"), ada.get(f"{base}/guide/set-up"), ada.call("PATCH", f"{base}/guide/set-up", {"publish": True})):
            self.assertPlain(answer, 404, NO_PAGE)
        self.assertEqual([one["id"] for one in ada.get(base).json()], [other["id"]])
        self.assertEqual(self.audited("page:" + made["id"]), ["projects.page_removed"])

    def test_a_page_is_published_and_withdrawn(self):
        ada = self.account("pro")
        project = self.project(ada)
        page = self.written(ada, project, "a/b")
        for publish in (True, True, False):
            self.assertOk(ada.call("PATCH", f"{self.pages(project)}/a%2Fb", {"publish": publish}), {"slug": "a/b", "publish": publish})
            self.assertIs(ada.get(f"{self.pages(project)}/a/b").json()["publish"], publish)
        self.assertInvalid(ada.call("PATCH", f"{self.pages(project)}/a/b", {}), ("body", "publish"))
        self.assertEqual(self.audited("page:" + page["id"]), ["projects.page_published", "projects.page_withdrawn"])

    def test_slugs_of_every_kind(self):
        ada = self.account("pro")
        project = self.project(ada)
        emoji = "\U0001F600" * 100
        for slug, title in (("API_v2", "Api_V2"), ("o'neil", "O'Neil"), ("é-b", "É B"), ("a..b", "A..B"), (emoji, emoji), ("x" * 100, "X" + "x" * 99), ("a b+c&d=e?f#g", "A B+C&D=E?F#G"),
                            ("100%", "100%"), ("a/context", "A/Context"), ("health", "Health"), ("..a", "..A")):
            with self.subTest(slug):
                path = urllib.parse.quote(slug, safe="")
                made = self.written(ada, project, path)
                self.assertEqual((made["slug"], made["title"]), (slug, title))
                self.assertEqual(ada.get(f"{self.pages(project)}/{path}").json()["id"], made["id"])
        for path in ("x" * 101, urllib.parse.quote(emoji + "x"), "a%0Ab", "%7F", "a%C2%85b"):
            for call in (lambda: ada.put(f"{self.pages(project)}/{path}", {"content": "x"}), lambda: ada.get(f"{self.pages(project)}/{path}"),
                         lambda: ada.delete(f"{self.pages(project)}/{path}"), lambda: ada.get(f"{self.pages(project)}/{path}/history")):
                self.assertInvalid(call(), ("path", "slug"))
        count = len(ada.get(self.pages(project)).json())
        for path in ("%00", "a%00b", "a/../b", "..", "a%2F..%2Fb", "%2E%2E", "%FF"):
            answer = ada.put(f"{self.pages(project)}/{path}", {"content": "x"})
            self.assertIn(answer.status, (400, 404), answer)
            self.assertTrue(answer.headers["Content-Type"].startswith("application/json"))
        self.assertEqual(len(ada.get(self.pages(project)).json()), count)

    def test_bodies_that_break_a_rule(self):
        ada = self.account("pro")
        project = self.project(ada)
        path = self.pages(project) + "/a"
        for body, *fields in (({}, ("body", "content")), ({"content": None}, ("body", "content")), ({"content": 5}, ("body", "content")), ({"content": "x", "title": "x" * 301}, ("body", "title")),
                              ({"content": "x", "publish": "perhaps"}, ("body", "publish"))):
            self.assertInvalid(ada.put(path, body), *fields)
        big = ada.put(path, {"content": "x" * (10 << 20)})
        self.assertEqual((big.status, big.json()["error"]["code"]), (413, "PAYLOAD_TOO_LARGE"), big)
        self.assertOk(ada.get(self.pages(project)), [])
        fits = self.written(ada, project, "a", "word " * 400_000)
        self.assertEqual(fits["word_count"], 400_000)

    def test_who_may_do_what(self):
        owner, org, project = self.team()
        member, reader, stranger = self.member(owner), self.reader(project), self.account()
        self.written(member, project, "a", "[[b]]")
        page = self.written(owner, project, "b")
        base = self.pages(project)
        reads = [lambda one: one.get(base), lambda one: one.get(base + "/a"), lambda one: one.get(base + "/a/history"), lambda one: one.get(f"/projects/{project['id']}/links/page/{page['id']}")]
        writes = [lambda one: one.put(base + "/a", {"content": "x"}), lambda one: one.delete(base + "/a"), lambda one: one.call("PATCH", base + "/a", {"publish": True}),
                  lambda one: one.post(base + "/a/regenerate"), lambda one: one.post(base + "/a/b/regenerate")]
        for call in reads:
            self.assertEqual(call(reader).status, 200)
        for call in writes:
            self.assertEdit(call(reader))
        key = self.key(owner, org, "knowledge:write", "tickets:write")
        for call in reads + writes:
            self.assertPlain(call(stranger), 403, FORBIDDEN)
            self.assertCode(call(key), 403, "service_key_not_allowed", "Service keys are not allowed here", service_key_name="ci")
            self.assertEqual(support.request(self.server, "GET", "/api/v1" + base).status, 401)
        nowhere = {"id": "proj_0000000000000000"}
        self.assertPlain(owner.get(self.pages(nowhere)), 404, NO_PROJECT)
        self.assertPlain(owner.put(self.pages(nowhere) + "/a", {"content": "x"}), 404, NO_PROJECT)
        self.assertInvalid(owner.put(self.pages(nowhere) + "/a", {}), ("body", "content"))

    def test_the_projects_plan_pays_for_writing(self):
        ada, poor = self.account("pro"), self.account("starter")
        project = self.project(ada)
        page = self.written(ada, project, "a")
        self.sql(f"UPDATE projects_projects SET owner_id = '{poor.id}' WHERE id = '{project['id']}'")
        base = self.pages(project)
        for answer in (poor.put(base + "/a", {"content": "x"}), poor.delete(base + "/a"), poor.call("PATCH", base + "/a", {"publish": True}), poor.post(base + "/a/regenerate")):
            self.assertUpgrade(answer, "project_context", "starter", "pro", plan_scope="project", project_id=project["id"])
        self.assertEqual(poor.get(base + "/a").json()["id"], page["id"])

    # --- revisions

    def test_every_write_is_a_revision_and_they_outlive_the_page(self):
        ada = self.account("team")
        project = self.project(ada)
        base = self.pages(project)
        for content in ("one", "one two", "one two three"):
            self.written(ada, project, "guide/a", content)
        whole = ada.get(base + "/guide%2Fa/history").json()
        self.assertEqual(whole["revisions"][0], {"id": whole["revisions"][0]["id"], "revision_number": 3, "revised_at": whole["revisions"][0]["revised_at"], "title": "Guide/A",
                                                 "word_count": 3, "user_id": ada.id, "persona_name": None, "ticket_id": None})
        self.assertEqual(([one["revision_number"] for one in whole["revisions"]], whole["slug"], whole["count"], whole["next_cursor"]), ([3, 2, 1], "guide/a", 3, None))
        self.assertOk(ada.get(base + "/guide/a/history"), whole)
        first = ada.get(base + "/guide/a/history?limit=2").json()
        self.assertEqual(([one["revision_number"] for one in first["revisions"]], first["count"], first["next_cursor"]), ([3, 2], 2, 2))
        last = ada.get(base + f"/guide/a/history?limit=2&cursor={first['next_cursor']}").json()
        self.assertEqual(([one["revision_number"] for one in last["revisions"]], last["next_cursor"]), ([1], None))
        ada.delete(base + "/guide/a")
        self.assertOk(ada.get(base + "/guide%2Fa/history"), whole)
        self.written(ada, project, "guide/a", "again")
        self.assertEqual(ada.get(base + "/guide/a/history").json()["revisions"][0]["revision_number"], 4)
        self.assertOk(ada.get(base + "/nobody/history"), {"slug": "nobody", "revisions": [], "count": 0, "next_cursor": None})
        for query, name in (("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("cursor=0", "cursor"), ("cursor=x", "cursor")):
            self.assertInvalid(ada.get(base + f"/a/history?{query}"), ("query", name))
            self.assertInvalid(ada.get(base + f"/a/b/history?{query}"), ("query", name))

    def test_of_those_who_write_at_once_each_is_heard_or_told(self):
        ada = self.account("pro")
        project = self.project(ada)
        path = self.pages(project) + "/a"
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda n: ada.put(path, {"content": f"text {n}"}), range(48)))
        done = [answer for answer in answers if answer.status == 200]
        for answer in answers:
            if answer.status != 200:
                self.assertPlain(answer, 409, "Somebody else wrote the page at the same time; read it and try again")
        self.assertGreaterEqual(len(done), 1)
        history = ada.get(path + "/history?limit=200").json()["revisions"]
        self.assertEqual([one["revision_number"] for one in history], list(range(len(done), 0, -1)), "no revision is lost or doubled")
        self.assertIn(ada.get(path).json()["content"], {answer.json()["content"] for answer in done})

    # --- personas and tickets

    def test_a_write_may_name_a_persona_and_a_ticket_of_ones_own(self):
        owner, org, project = self.team()
        member, other = self.member(owner), self.member(owner)
        self.assertEqual(owner.post(f"/projects/{project['id']}/personas", {"name": "Atlas", "role": "Writes"}).status, 201)
        ticket = member.post(f"/projects/{project['id']}/tickets", {"title": "Write it", "assigned_to": "atlas"}).json()
        page = self.written(member, project, "a", persona_name=" atlas ", ticket_id=ticket["id"])
        revision = member.get(self.pages(project) + "/a/history").json()["revisions"][0]
        self.assertEqual((revision["persona_name"], revision["ticket_id"], revision["user_id"]), ("Atlas", ticket["id"], member.id))
        path = self.pages(project) + "/a"
        foreign = self.project(owner, org)
        elsewhere = owner.post(f"/projects/{foreign['id']}/tickets", {"title": "Elsewhere"}).json()["id"]
        for body, message in (({"persona_name": "nobody"}, "The project has no active persona of that name"), ({"ticket_id": "tk_0000000000000000"}, "The project has no such ticket"),
                              ({"ticket_id": elsewhere}, "The project has no such ticket")):
            self.assertPlain(member.put(path, {"content": "x", **body}), 422, message)
        yours = "The ticket is not yours: you did not make or resolve it, nor start it"
        self.assertPlain(other.put(path, {"content": "x", "ticket_id": ticket["id"]}), 422, yours)
        tickets = f"/projects/{project['id']}/tickets/{ticket['id']}"
        self.assertEqual(other.post(tickets + "/start").status, 200)
        self.written(other, project, "a", ticket_id=ticket["id"])
        self.assertEqual(other.post(tickets + "/block").status, 200)
        self.assertPlain(other.put(path, {"content": "x", "ticket_id": ticket["id"]}), 422, yours)
        self.assertEqual(other.post(tickets + "/unblock").status, 200)
        self.assertEqual(other.post(tickets + "/complete", {"notes": "done"}).status, 200)
        self.written(other, project, "a", ticket_id=ticket["id"])
        self.assertEqual(len(member.get(self.pages(project) + "/a/history").json()["revisions"]), 3, "a refused write leaves none")
        self.assertEqual(page["backlinks"], [])

    def test_a_project_has_so_many_pages(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.written(ada, project, "a")
        self.sql(f"UPDATE projects_page_counts SET value = 5000 WHERE name = 'pages:{project['id']}'")
        self.assertPlain(ada.put(self.pages(project) + "/b", {"content": "text"}), 409, "The project has as many pages as it may have (5000)")
        self.written(ada, project, "a", "changed")
        self.assertEqual(ada.delete(self.pages(project) + "/a").status, 200)
        self.written(ada, project, "b")

    # --- links

    def test_references_are_links(self):
        ada = self.account("pro")
        project = self.project(ada)
        links = f"/projects/{project['id']}/links/page"
        a = self.written(ada, project, "a", "See [[Guide/Set Up|how]] and `[[c]]`")
        guide = self.written(ada, project, "guide/set-up", "[[a]] [[nowhere]]")
        link = {"source_type": "page", "source_id": a["id"], "link_type": "references", "confidence": 1.0}
        self.assertEqual(guide["backlinks"], [link], "a page that was named before it was there")
        self.assertOk(ada.get(f"{links}/{guide['id']}"), [link])
        self.assertEqual(ada.get(self.pages(project) + "/guide/set-up").json()["backlinks"], [link])
        self.assertEqual([one["source_id"] for one in ada.get(self.pages(project) + "/a").json()["backlinks"]], [guide["id"]])
        self.written(ada, project, "a", "no more")
        self.assertOk(ada.get(f"{links}/{guide['id']}"), [])
        ada.delete(self.pages(project) + "/guide/set-up")
        self.assertOk(ada.get(f"{links}/{a['id']}"), [])
        for path in (f"{links}/page_0000000000000000", f"/projects/{project['id']}/links/entry/1", f"/projects/{project['id']}/links/other/x"):
            self.assertOk(ada.get(path), [])
        self.assertEqual(ada.get(f"/projects/{project['id']}/links/page/a/b").status, 404)
        self.assertEqual(ada.get(f"/projects/{project['id']}/links/page/a%2Fb").status, 404)

    def test_texts_made_to_be_slow_are_written_at_once(self):
        ada = self.account("pro")
        project = self.project(ada)
        for text in ("[[" * 500_000, "`" * 1_000_000, "[[a" * 300_000, "[[a]] " * 150_000, "".join(f"[[page {n}]]" for n in range(80_000))):
            answer = ada.put(self.pages(project) + "/slow", {"content": text})
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM projects_page_references WHERE project_id = '{project['id']}'")[0][0]), 1000, "so many links a page may have")

    # --- J5

    def test_a_page_of_knowledge_is_made_anew_of_what_is_known(self):
        ada = self.account("team")
        project = self.project(ada)
        base = self.pages(project)
        page = self.generated(project, "caching", "Caching Rules")
        for content in ("The caching layer in redis_client.py expires after 60 seconds", "Caching is off in tests/run.py because of the clock", "Nothing else is known of logs in src/log.py"):
            answer = ada.post(f"/projects/{project['id']}/entries/add", {"content": content, "entry_type": "decision"})
            if answer.status == 404:
                self.skipTest("entries are not served")
            self.assertEqual(answer.status, 201, answer)
        self.assertOk(ada.post(base + "/caching/regenerate"), {"status": "regenerated", "slug": "caching", "word_count": 34, "entries_used": 2})
        made = ada.get(base + "/caching").json()
        self.assertEqual((made["id"], made["auto_generated"], made["entry_count"], made["content"]), (
            page, True, 2, "# Caching Rules\n\nWhat the project knows about Caching Rules: 2 decision.\n\n- **[decision]** Caching is off in tests/run.py because of the clock\n"
            "- **[decision]** The caching layer in redis_client.py expires after 60 seconds\n"))
        self.assertEqual(ada.get(base + "/caching/history").json()["revisions"], [], "what the server makes is no revision")
        before, size = self.sql(f"SELECT context_before, LENGTH(context_after) FROM projects_compilations WHERE project_id = '{project['id']}'")[0]
        self.assertEqual((before, int(size)), ("old", len(made["content"])))
        self.generated(project, "deep/page", "API")
        self.assertOk(ada.post(base + "/deep/page/regenerate", {}), {"status": "regenerated", "slug": "deep/page", "word_count": 10, "entries_used": 0})
        self.assertOk(ada.post(base + "/deep%2Fpage/regenerate", {}), {"status": "regenerated", "slug": "deep/page", "word_count": 10, "entries_used": 0})

    def test_a_page_of_one_type_of_claims_is_made_anew_of_all_of_them(self):
        ada = self.account("team")
        project = self.project(ada)
        facts = ["Prices are whole cents in the column amount_cents, never floating point numbers", "The nightly import in jobs/stock.py reads what the wholesaler delivers"]
        for content in facts:
            self.assertEqual(ada.post(f"/projects/{project['id']}/entries/add", {"content": content, "entry_type": "decision", "confidence": 0.9}).status, 201)
        self.assertEqual(ada.post(f"/projects/{project['id']}/compile").status, 200)
        page = self.pages(project) + "/key-decisions"
        self.assertEqual(ada.get(page).json()["auto_generated"], True)
        answer = ada.post(page + "/regenerate")
        self.assertEqual((answer.status, answer.json()["entries_used"]), (200, 2), answer)
        for content in facts:
            self.assertIn(content, ada.get(page).json()["content"])

    def test_only_pages_of_knowledge_are_made_anew(self):
        ada = self.account("pro")
        project = self.project(ada)
        base = self.pages(project)
        self.written(ada, project, "mine")
        self.assertPlain(ada.post(base + "/mine/regenerate"), 400, "Only pages that were made of knowledge can be made anew")
        self.assertPlain(ada.post(base + "/nobody/regenerate"), 404, NO_PAGE)
        self.generated(project, "bugs", "Bugs")
        taken = self.written(ada, project, "bugs", "I know better")
        self.assertEqual((taken["auto_generated"], taken["title"]), (False, "Bugs"), "whoever writes it has it")
        self.assertPlain(ada.post(base + "/bugs/regenerate"), 400, "Only pages that were made of knowledge can be made anew")
        self.assertEqual(ada.post(base + "/bugs").status, 404)
        self.assertEqual(ada.post(base + "/bugs/else").status, 404)

    def test_a_model_that_may_not_be_asked(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.generated(project, "bugs", "Bugs")
        path = self.pages(project) + "/bugs/regenerate"
        for body, status in (({"llm_api_key": "k", "base_url": "http://127.0.0.1:1/v1"}, 400), ({"llm_api_key": "k", "provider": "nobody"}, 422), ({"base_url": "file:///etc/passwd"}, 400)):
            self.assertEqual(ada.post(path, body).status, status, body)
        self.assertEqual(ada.get(self.pages(project) + "/bugs").json()["content"], "old", "the page is as it was")

    # --- merges

    def test_pages_go_along_when_projects_are_merged(self):
        ada = self.account("team")
        one, two = self.project(ada), self.project(ada)
        self.written(ada, one, "guide", "of one")
        self.written(ada, one, "own", "[[guide]]")
        self.written(ada, two, "guide", "of two")
        merge = {"source_project_id": one["id"]}
        dry = ada.post(f"/projects/{two['id']}/merge", {**merge, "dry_run": True})
        self.assertEqual(dry.status, 200, dry)
        self.assertEqual((dry.json()["slug_collisions"], dry.json()["slug_renames"]), (["guide"], [{"old_slug": "guide", "new_slug": "guide-2"}]))
        self.assertEqual(len(ada.get(self.pages(one)).json()), 2, "a dry run changes nothing")
        done = ada.post(f"/projects/{two['id']}/merge", {**merge, "dry_run": False})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(sorted(page["slug"] for page in ada.get(self.pages(two)).json()), ["guide", "guide-2", "own"])
        self.assertEqual(ada.get(self.pages(two) + "/guide-2").json()["content"], "of one")
        self.assertEqual(ada.get(self.pages(two) + "/own/history").json()["count"], 1)
        self.assertEqual(ada.get(self.pages(one)).status, 410)

    def test_nothing_is_left_of_a_project_that_is_deleted(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.written(ada, project, "a", "[[b]]")
        self.assertEqual(ada.delete(f"/projects/{project['id']}").status, 200)
        for table in ("projects_pages", "projects_page_revisions", "projects_page_references", "projects_links"):
            self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM {table} WHERE project_id = '{project['id']}'")[0][0]), 0, table)


class WithModel:
    """Pages that a model writes; subclasses choose the database."""

    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.OPTIONS = {**ProjectFamily.OPTIONS, "http_client.allow_private": "true", "projects.allow_private_model_hosts": "true"}
        super().setUpClass()

    def setUp(self):
        self.models.faults.clear()
        self.ada = self.account("team")
        self.page = self.project(self.ada)
        self.path = f"/projects/{self.page['id']}/pages/caching"
        Wiki.generated(self, self.page, "caching", "Caching Rules")
        self.facts = ["The caching layer in redis_client.py expires after 60 seconds", "Caching is off in tests/run.py because of the clock", "Caching of images lives in src/images/9.py"]
        for content in self.facts:
            self.assertEqual(self.ada.post(f"/projects/{self.page['id']}/entries/add", {"content": content, "entry_type": "decision"}).status, 201)

    def regenerate(self):
        return self.ada.post(self.path + "/regenerate", {"base_url": self.models.url + "/v1", "model": "gpt-4o", "llm_api_key": "sk-secret-1"})

    def test_a_model_writes_the_page(self):
        written = f"# Caching Rules\n\n## Where\n\n{self.facts[0]}. {self.facts[1]}."
        self.models.answer = lambda question: f"```markdown\n{written}\n```"
        answer = self.regenerate()
        self.assertEqual((answer.status, answer.json()["entries_used"]), (200, 3), answer)
        self.assertIn(self.facts[2], self.models.questions[-1].text)
        page = self.ada.get(self.path).json()
        self.assertEqual(page["content"], f"{written}\n\n## Further facts\n\n- **[decision]** {self.facts[2]}\n", "what it does not tell stands at the end")
        self.assertEqual(answer.json()["word_count"], page["word_count"])
        self.assertNotIn("sk-secret-1", self.server.output())

    def test_a_model_that_does_not_do_its_work_changes_nothing(self):
        for said in ("", "I am sorry, I can't.", "# Bank\n\nGold lies here.", "```\n```"):
            self.models.answer = lambda question, said=said: said
            self.assertPlain(self.regenerate(), 502)
        for fault in (Fault("status", 500), Fault("status", 401), Fault("nonsense"), Fault("not_the_shape"), Fault("cut")):
            self.models.faults.append(fault)
            self.assertEqual(self.regenerate().status, 502, fault.kind)
        self.assertEqual(self.ada.get(self.path).json()["content"], "old")
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM projects_compilations WHERE project_id = '{self.page['id']}'")[0][0]), 0)

    def test_who_writes_while_the_model_works_is_heard(self):
        def somebody_else_writes(question):
            self.assertEqual(self.ada.put(self.path, {"content": "mine"}).status, 200)
            return "# Caching Rules\n\n" + ". ".join(self.facts)
        self.models.answer = somebody_else_writes
        self.assertPlain(self.regenerate(), 409, "Somebody else wrote the page at the same time; read it and try again")
        self.assertEqual(self.ada.get(self.path).json()["content"], "mine")


class OnSqlite(Wiki, ProjectFamily):
    pass


class WithModelOnSqlite(WithModel, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Wiki, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
