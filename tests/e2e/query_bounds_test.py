"""Parameters of queries of session sharing and projects: each bound of the contract, from both sides, for every operation that has one."""
import unittest
import urllib.parse

import support
from mortise_server import OnPostgresDatabase, Postgres
from project_family import ProjectFamily

TIME_LIMIT = 300
# Written from the contract (1.5, the rows of section 2, C.1 and C.2); None: no bound on that side.
NUMBERS = {
    ("listEntries", "limit"): (1, 200), ("listEntries", "page"): (1, 1000000), ("listEntries", "cursor"): (1, None), ("listCompilations", "limit"): (1, 100),
    ("readPageHistory", "limit"): (1, 200), ("readPageHistory", "cursor"): (1, None), ("listTickets", "limit"): (1, 1000), ("listTicketComments", "limit"): (1, 500),
    ("listAgentRuns", "limit"): (1, 200), ("listFeedback", "limit"): (1, 500), ("listWorkQueues", "limit"): (1, 200), ("readRetrievals", "limit"): (1, 1000),
    ("readRetrievals", "after"): (0, None), ("listTicketNotifications", "limit"): (1, 100), ("listTicketNotifications", "before"): (1, None),
    ("searchGroupKnowledge", "limit"): (1, 100), ("listSessions", "page"): (1, None), ("listSessions", "page_size"): (1, 100), ("searchSessions", "page"): (1, 100000),
    ("searchSessions", "page_size"): (1, 50), ("searchSessions", "days"): (1, 365), ("listSessionMessages", "page"): (1, None), ("listSessionMessages", "page_size"): (1, 100),
    ("listSessionMessages", "around"): (0, None), ("listAllSessions", "page"): (1, 1000), ("listAllSessions", "page_size"): (1, 200),
}
NEEDED = {"searchSessions": {"q": "clock"}, "searchGroupKnowledge": {"q": "clock"}, "listJudgeModels": {"base_url": "nowhere"}}
# What has tests of its own: numbers that are clamped (handoffs_test), the history of a page whose slug has a slash (wiki_test), pages for people without an account
# (share_links_test), and what a browser brings back from GitHub (session_settings_test), a key in an address among it.
ELSEWHERE = {("listHandoffComments", "limit"), ("listHandoffEvents", "limit"), ("readPage", "limit"), ("readPage", "cursor"), ("listJudgeModels", "api_key")}
OPERATIONS_ELSEWHERE = {"openShareLink", "viewSharedSession", "finishGithubOauthInBrowser", "previewHandoff"}


class QueryBounds:
    """The tests; subclasses choose the database."""

    def world(self):
        """(Somebody who reaches everything, what stands for each parameter of a path)."""
        ada, org, project = self.team("enterprise")
        base = f"/projects/{project['id']}"
        made = lambda path, body, key="id": (answer := ada.post(path, body), self.assertIn(answer.status, (200, 201), answer), answer.json()[key])[2]
        session = self.push_of(ada, project)
        ids = {"project_id": project["id"], "org_id": org, "session_id": session, "slug": "start"}
        self.assertEqual(ada.put(f"{base}/pages/start", {"content": "Start"}).status, 200)
        ids["name"] = made(f"{base}/personas", {"name": "reviewer", "role": "r"}, "name")
        ids["ticket_id"] = made(f"{base}/tickets", {"title": "Clock"})
        ids["context_id"] = made(f"{base}/retrieval-audit-contexts", {})
        ids["run_id"] = ids["other_run_id"] = made(f"{base}/agent-runs", {"persona_name": "reviewer"})
        ids["group_slug"] = made(f"/orgs/{org}/groups", {"name": "Shops", "slug": "shops"}, "slug")
        ids["queue_id"] = made(f"{base}/work-queues", {"name": "Night", "mode": "triage", "selector": {"ticket_ids": [ids["ticket_id"]]}}, "work_queue")["id"]
        ids["handoff_id"] = made("/handoffs", {"session_id": session, "recipient_email": "grace@example.com"})
        return ada, ids

    def operations(self):
        """(id, path, parameters) of what both modules let people read."""
        document = support.request(self.server, "GET", "/openapi.json").json()
        tags = {tag for group in document["x-tagGroups"] if group["name"] in ("Projects", "Sync") for tag in group["tags"]}
        shared = document["components"].get("parameters", {})
        whole = lambda one: shared[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
        for path, methods in document["paths"].items():
            if "get" in methods and tags & set(methods["get"].get("tags", [])) and not path.startswith("/api/v1/sync-sessions"):
                operation = methods["get"]
                name = operation["operationId"]
                parameters = [whole(one) for one in [*methods.get("parameters", []), *operation.get("parameters", [])]]
                if name not in OPERATIONS_ELSEWHERE:
                    yield name, path, [one for one in parameters if one["in"] == "query" and (name, one["name"]) not in ELSEWHERE]

    def test_numbers(self):
        ada, ids = self.world()
        found = {}
        for operation, path, parameters in self.operations():
            for one in parameters:
                if one["schema"].get("type") == "integer":
                    found.setdefault((operation, one["name"]), path)
        self.assertEqual(sorted(found), sorted(NUMBERS), "each has a row in the table above")
        root = self.account(role="super_admin")
        for (operation, name), path in found.items():
            least, most = NUMBERS[operation, name]
            caller = root if operation == "listAllSessions" else ada
            ask = lambda value: caller.get(self.asked(path, ids, {**NEEDED.get(operation, {}), name: value}))
            for wrong in (least - 1, *([most + 1] if most else []), "x", "1.5", "9" * 30):
                with self.subTest(operation=operation, name=name, wrong=wrong):
                    self.assertInvalid(ask(wrong), ("query", name))
            for right in (least, *([most] if most else [])):
                with self.subTest(operation=operation, name=name, right=right):
                    self.assertEqual(ask(right).status, 200)

    def test_texts(self):
        ada, ids = self.world()
        root = self.account(role="super_admin")
        asked = 0
        for operation, path, parameters in self.operations():
            caller = root if operation == "listAllSessions" else ada
            for one in parameters:
                schema = one["schema"]
                wrong = ["perhaps"] if schema.get("type") == "boolean" or "enum" in schema else []
                if schema.get("type") == "string" and "maxLength" in schema:
                    wrong.append("x" * (schema["maxLength"] + 1))
                for value in wrong:
                    with self.subTest(operation=operation, name=one["name"], wrong=value[:20]):
                        asked += 1
                        self.assertInvalid(caller.get(self.asked(path, ids, {**NEEDED.get(operation, {}), one["name"]: value})), ("query", one["name"]))
        self.assertGreater(asked, 50)

    @staticmethod
    def asked(path, ids, query):
        path = path.removeprefix("/api/v1")
        for name, value in ids.items():
            path = path.replace("{" + name + "}", urllib.parse.quote(value))
        assert "{" not in path, f"{path}: what stands for its parameter?"
        return path + "?" + urllib.parse.urlencode(query)


class OnSqlite(QueryBounds, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(QueryBounds, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
