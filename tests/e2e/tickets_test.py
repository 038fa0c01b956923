"""Tickets of projects: both state machines, leases, dependencies, edits, comments, reviews, who may do what; following; trusted reviewers."""
import concurrent.futures
import json
import re
import time
import unittest

import support
from captured_sessions import TALK, SessionFamily, archive, manifest
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING, numbers

TIME_LIMIT = 900
FIELDS = sorted(["id", "project_id", "title", "description", "priority", "assigned_to", "created_by_user_id", "created_by_session_id", "created_by_persona", "status", "lease_epoch",
                 "context_refs", "file_refs", "related_sessions", "acceptance_criteria", "resolver_session_id", "resolver_user_id", "completion_notes", "changed_files",
                 "knowledge_entry_ids", "depends_on", "kind", "parent_ticket_id", "child_ticket_ids", "created_at", "updated_at", "resolved_at", "jira", "jira_publish_in_progress",
                 "jira_publish_unknown"])
COMMENT_FIELDS = sorted(["id", "ticket_id", "author_user_id", "author_persona", "content", "session_id", "created_at", "source"])
TICKET, COMMENT, EDIT = re.compile(r"^tk_[0-9a-f]{16}$"), re.compile(r"^tc_[0-9a-f]{16}$"), re.compile(r"^te_[0-9a-f]{16}$")
NOBODY = "00000000-0000-4000-8000-000000000000"
ILLEGAL = "A {} that is {} can't go there"
USER_MESSAGE = "This route does not accept service keys"


class Key:
    """A service key as a caller."""

    def __init__(self, server, key):
        self.server, self.key = server, key

    def call(self, method, path, body=None):
        return support.request(self.server, method, "/api/v1" + path, body, {"Accept-Language": "en"}, self.key)

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def put(self, path, body=None):
        return self.call("PUT", path, body)


class Ticketing(SessionFamily):
    """What the tests of tickets share."""

    MODULES = ["auth", "scheduler", "sync", "projects"]
    OPTIONS = {"identity.upgrade_url": PRICING}

    def project(self, caller, org=None):
        """A new project: (its id, its remote)."""
        remote = f"acme/clock{next(numbers)}"
        answer = caller.post("/projects", {"name": "Clock", "git_remote_normalized": remote, **({"org_id": org} if org else {})})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"], remote

    def team(self):
        """An organisation with a project: (its owner, its id, the project's id, its remote)."""
        ada, org = self.org()
        return (ada, org, *self.project(ada, org))

    def reader(self, remote):
        """An account that only shares a captured session of the project."""
        caller = self.account()
        self.push(caller, content=archive(TALK, manifest(), {"git": {"remote_url": f"https://github.com/{remote}.git"}}))
        return caller

    def key(self, admin, org, *scopes, **more):
        answer = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": list(scopes or ("tickets:read", "tickets:write")), **more})
        self.assertEqual(answer.status, 201, answer)
        key = Key(self.server, answer.json()["key"])
        key.id = answer.json()["id"]
        return key

    def persona(self, caller, project, name, role="Watchmaker", content="You repair clocks."):
        answer = caller.post(f"/projects/{project}/personas", {"name": name, "role": role, "content": content})
        self.assertEqual(answer.status, 201, answer)

    def make(self, caller, project, status=201, **body):
        answer = caller.post(f"/projects/{project}/tickets", {"title": "Make it tick", **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def read(self, caller, ticket):
        answer = caller.get(self.path(ticket))
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    @staticmethod
    def path(ticket, suffix=""):
        return f"/projects/{ticket['project_id']}/tickets/{ticket['id']}{suffix}"

    def do(self, caller, ticket, move, status=200, body=None, query=""):
        answer = caller.post(self.path(ticket, f"/{move}{query}"), body)
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 200 else answer

    def comments(self, caller, ticket, query=""):
        answer = caller.get(self.path(ticket, f"/comments{query}"))
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def say(self, caller, ticket, content="Hello", status=201, **more):
        answer = caller.post(self.path(ticket, "/comments"), {"content": content, **more})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def in_review(self, caller, project, **body):
        ticket = self.make(caller, project, **body)
        self.do(caller, ticket, "start")
        return self.do(caller, ticket, "complete", body={"notes": "It ticks."})

    def set(self, ticket, **values):
        text = ", ".join(f"{name} = {json.dumps(value) if isinstance(value, int) else 'NULL' if value is None else chr(39) + value + chr(39)}" for name, value in values.items())
        self.sql(f"UPDATE projects_tickets SET {text} WHERE id = '{ticket['id']}'")

    def assertField(self, answer, *loc):
        """A refusal with a text of its own, which names one field."""
        self.assertEqual((answer.status, [one["loc"] for one in answer.json()["error"]["details"]["errors"]]), (422, [list(loc)]), answer)

    def assertStatusOf(self, ticket, status):
        self.assertEqual(self.sql(f"SELECT status FROM projects_tickets WHERE id = '{ticket['id']}'"), [[status]])


# --- the matrix: every state of both machines, every operation, every kind of caller. Written from the contract: K and C.1.5.

STATES = {"task": ["suggested", "open", "in_progress", "blocked", "review", "done", "cancelled"], "issue": ["open", "in_progress", "closed", "cancelled"]}
MOVES = {("task", "suggested"): {"approve": "open", "dismiss": "cancelled"},
         ("task", "open"): {"start": "in_progress", "start?force=true": "in_progress", "dismiss": "cancelled"},
         ("task", "in_progress"): {"block": "blocked", "complete": "review"},
         ("task", "blocked"): {"unblock": "in_progress", "start?force=true": "in_progress"},
         ("task", "review"): {"resolve": "done", "accept": "done", "reopen": "open"},
         ("issue", "open"): {"start": "in_progress", "start?force=true": "in_progress", "dismiss": "cancelled"},
         ("issue", "in_progress"): {"close": "closed", "reopen": "open", "dismiss": "cancelled"}}
MOVE_NAMES = ["approve", "dismiss", "start", "start?force=true", "block", "unblock", "complete", "resolve", "accept", "reopen", "close"]
CONFLICTS = ("start", "start?force=true", "resolve", "accept")  # an illegal move is 409 there, else 400
OTHERS = {"read": 200, "list": 200, "comments": 200, "review-state": 200, "comment": 201, "watch": 200, "unwatch": 204, "put": 200, "escalate": 200}
USER_ONLY = ("accept", "reopen", "block", "unblock", "dismiss", "watch", "unwatch")  # no scope opens them to service keys
NOBODY_MAY = ("stranger", "key out of scope", "key of other projects", "key of a foreign organisation", "owner of a foreign organisation")
# What who only shares a captured session may do with a ticket, by what it is to them.
READERS_MOVES = {"reader of another's": [], "reader who made it": ["start", "start?force=true", "complete", "block", "unblock", "dismiss", "reopen", "resolve", "accept"],
                 "reader who resolved it": ["start", "start?force=true", "complete", "block", "unblock"],
                 "reader who made and resolved it": ["start", "start?force=true", "complete", "block", "unblock", "dismiss", "reopen"]}
CALLERS = ["creator", "project admin", "member", *READERS_MOVES, "key in scope", *NOBODY_MAY]


def expected(kind, state, operation, caller):
    """(the status of the answer, the state afterwards)."""
    if caller in NOBODY_MAY:
        return (404 if operation in ("watch", "unwatch") and caller in ("stranger", "owner of a foreign organisation") else 403), state
    if caller == "key in scope" and operation in USER_ONLY:
        return 403, state
    is_admin = caller in ("project admin", "key in scope")  # a key runs as its minter, who administers the organisation
    if operation in ("put", "escalate"):
        return (200 if is_admin or caller in ("creator", "reader who made it", "reader who made and resolved it") else 403), state
    if operation in OTHERS:
        return OTHERS[operation], state
    if operation == "close":
        if kind == "task":
            return 400, state
        if not is_admin:
            return 403, state
    elif caller in READERS_MOVES and operation not in READERS_MOVES[caller]:
        return 403, state
    to = MOVES.get((kind, state), {}).get(operation)
    if to:
        return 200, to
    return (409 if operation in CONFLICTS else 400), state


class Tickets:
    """The tests; subclasses choose the database."""

    def test_every_state_and_operation_by_every_caller(self):
        ada, org, project, remote = self.team()
        grace, member = self.member(ada), self.member(ada)
        foreign, foreign_org = self.org()
        reader = self.reader(remote)
        callers = {"creator": grace, "project admin": ada, "member": member, "stranger": self.account(), "key in scope": self.key(ada, org),
                   "key out of scope": self.key(ada, org, "knowledge:read", "knowledge:write", "personas:read"), "key of a foreign organisation": self.key(foreign, foreign_org),
                   "key of other projects": self.key(ada, org, project_ids=[self.project(ada, org)[0]]), "owner of a foreign organisation": foreign,
                   **{name: reader for name in READERS_MOVES}}
        self.assertEqual(sorted(callers), sorted(CALLERS))
        made = {"task": self.make(grace, project), "issue": self.make(ada, project, kind="issue")}
        wrong = []
        for kind, states in STATES.items():
            ticket = made[kind]
            for caller in CALLERS:
                owner = reader if caller in ("reader who made it", "reader who made and resolved it") else grace
                resolver = f"'{reader.id}'" if caller in ("reader who resolved it", "reader who made and resolved it") else "NULL"
                for state in states:
                    for operation in [*OTHERS, *MOVE_NAMES]:
                        self.sql(f"UPDATE projects_tickets SET status = '{state}', priority = 'low', created_by_user_id = '{owner.id}', resolver_user_id = {resolver}, "
                                 f"worker_key_id = NULL, comment_count = 0 WHERE id = '{ticket['id']}'")
                        answer = self.ask(callers[caller], ticket, operation)
                        after = self.sql(f"SELECT status FROM projects_tickets WHERE id = '{ticket['id']}'")[0][0]
                        if (answer.status, after) != expected(kind, state, operation, caller):
                            wrong.append(f"{kind} {state} {operation} by {caller}: {answer.status} {after}, not {expected(kind, state, operation, caller)}: {answer.body[:120]!r}")
        self.assertEqual(wrong, [], "\n".join(wrong[:40]))

    def test_the_matrix_has_every_operation_on_a_ticket(self):
        answer = support.request(self.server, "GET", "/openapi.json")
        self.assertEqual(answer.status, 200, answer)
        prefix = "/tickets/{ticket_id}"
        served = {(method.upper(), path.split(prefix)[1]) for path, methods in answer.json()["paths"].items() if prefix in path and path.startswith("/api/v1/projects/")
                  for method in methods if method in ("get", "put", "post", "patch", "delete")}
        served = {(method, suffix.rstrip("/")) for method, suffix in served}
        asked = {("GET", ""), ("PUT", ""), ("GET", "/comments"), ("POST", "/comments"), ("GET", "/review-state"), ("PUT", "/watch"), ("DELETE", "/watch"), ("POST", "/escalate"),
                 *(("POST", "/" + move.split("?")[0]) for move in MOVE_NAMES)}
        self.assertEqual(served, asked)

    def ask(self, caller, ticket, operation):
        if operation == "read":
            return caller.get(self.path(ticket))
        if operation == "list":
            return caller.get(f"/projects/{ticket['project_id']}/tickets")
        if operation in ("comments", "review-state"):
            return caller.get(self.path(ticket, "/" + operation))
        if operation == "comment":
            return caller.post(self.path(ticket, "/comments"), {"content": "Hello"})
        if operation in ("watch", "unwatch"):
            return caller.call("PUT" if operation == "watch" else "DELETE", self.path(ticket, "/watch"))
        if operation == "put":
            return caller.put(self.path(ticket), {"title": f"Title {next(numbers)}"})
        return caller.post(self.path(ticket, "/" + operation), {"notes": "Done."} if operation == "complete" else None)

    # --- making

    def test_a_ticket_whole(self):
        ada, org, project, _ = self.team()
        self.persona(ada, project, "Watch-Maker")
        answer = ada.post(f"/projects/{project}/tickets/", {"title": "  Make it tick ", "description": "Once a second", "priority": "high", "assigned_to": "watch-maker", "context_refs": ["1"],
                                                            "file_refs": ["clock.cpp"], "related_sessions": ["ses_1"], "acceptance_criteria": ["It ticks"], "created_by_session_id": "ses_2",
                                                            "created_by_persona": "boss", "unknown": 1})
        made = answer.json()
        self.assertEqual((answer.status, sorted(made)), (201, FIELDS), answer)
        self.assertRegex(made["id"], TICKET)
        self.assertRegex(made["created_at"], MICROS)
        self.assertEqual({**made, "id": 0, "created_at": 0, "updated_at": 0},
                         {"id": 0, "project_id": project, "title": "Make it tick", "description": "Once a second", "priority": "high", "assigned_to": "Watch-Maker", "created_by_user_id": ada.id,
                          "created_by_session_id": "ses_2", "created_by_persona": "boss", "status": "open", "lease_epoch": 0, "context_refs": ["1"], "file_refs": ["clock.cpp"],
                          "related_sessions": ["ses_1"], "acceptance_criteria": ["It ticks"], "resolver_session_id": None, "resolver_user_id": None, "completion_notes": None, "changed_files": [],
                          "knowledge_entry_ids": [], "depends_on": [], "kind": "task", "parent_ticket_id": None, "child_ticket_ids": [], "created_at": 0, "updated_at": 0, "resolved_at": None,
                          "jira": None, "jira_publish_in_progress": False, "jira_publish_unknown": False})
        detail = self.read(ada, made)
        self.assertEqual(detail, {**made, "dependents": [], "recent_comments": []})
        bare = self.make(ada, project, assigned_to="somebody else", priority=None, kind=None)
        self.assertEqual((bare["assigned_to"], bare["priority"], bare["description"]), ("somebody else", "medium", ""))
        listed = ada.get(f"/projects/{project}/tickets/").json()
        self.assertEqual(listed, [bare, made])

    def test_what_breaks_a_rule(self):
        ada, _, project, _ = self.team()
        for wrong, field in (({"title": None}, ("title",)), ({"title": ""}, ("title",)), ({"title": "  "}, ("title",)), ({"title": "x" * 201}, ("title",)), ({"description": "x" * 50001}, ("description",)),
                             ({"priority": "urgent"}, ("priority",)), ({"kind": "epic"}, ("kind",)), ({"source": "robot"}, ("source",)), ({"context_refs": ["x"] * 101}, ("context_refs",)),
                             ({"file_refs": [1]}, ("file_refs", 0)), ({"depends_on": ["x"] * 101}, ("depends_on",)), ({"assigned_to": "x" * 101}, ("assigned_to",)),
                             ({"acceptance_criteria": ["x" * 2001]}, ("acceptance_criteria", 0)), ({"parent_ticket_id": "x" * 65}, ("parent_ticket_id",))):
            with self.subTest(wrong):
                self.assertInvalid(ada.post(f"/projects/{project}/tickets", {"title": "x", **wrong}), ("body", *field))
        big = ada.post(f"/projects/{project}/tickets", {"title": "x", "acceptance_criteria": ["x" * 2000] * 100})
        self.assertEqual((big.status, big.json()["error"]["message"]), (422, "The texts of a ticket may have 128 KiB in all"), big)

    def test_issues_are_made_by_administrators_and_have_no_parent(self):
        ada, org, project, remote = self.team()
        grace = self.member(ada)
        issue = self.make(ada, project, kind="issue", source="agent")
        self.assertEqual((issue["status"], issue["kind"]), ("open", "issue"))
        self.assertPlain(self.make(grace, project, 403, kind="issue"), 403, "Only the project's owner and administrators of its organisation may do this")
        self.assertPlain(self.make(ada, project, 400, kind="issue", parent_ticket_id=issue["id"]), 400, "An issue belongs to no other ticket")
        child = self.make(grace, project, parent_ticket_id=issue["id"])
        other = self.make(self.reader(remote), project, parent_ticket_id=issue["id"])
        self.assertEqual(self.read(ada, issue)["child_ticket_ids"], [child["id"], other["id"]])
        listed = {one["id"]: one for one in ada.get(f"/projects/{project}/tickets?kind=issue").json()}
        self.assertEqual(listed[issue["id"]]["child_ticket_ids"], [child["id"], other["id"]])
        for parent in (child["id"], "tk_0000000000000000"):
            self.assertEqual(self.make(ada, project, 422, parent_ticket_id=parent).json()["error"]["message"], "parent_ticket_id must be an issue of this project")
        _, _, elsewhere, _ = self.team()
        self.assertEqual(self.make(ada, project, 422, parent_ticket_id=elsewhere).status, 422)
        # 500 tasks, and no more.
        self.sql(f"UPDATE projects_tickets SET parent_ticket_id = NULL WHERE project_id = '{project}'")
        self.fill(project, 500, parent_ticket_id=f"'{issue['id']}'")
        self.assertPlain(self.make(ada, project, 409, parent_ticket_id=issue["id"]), 409, "The issue has as many tasks as it may have (500)")

    def fill(self, project, count, first=1, **columns):
        """Rows behind the server's back: tk_<project's digits>_<n>."""
        values = {"id": f"'tk_{project[5:9]}_' || n", "project_id": f"'{project}'", "kind": "'task'", "status": "'open'", "priority": "'medium'", "title": "'Ticket ' || n", "description": "''",
                  "source": "'human'", "created_by_user_id": f"'{NOBODY}'", "lease_epoch": "0", "context_refs": "'[]'", "file_refs": "'[]'", "related_sessions": "'[]'",
                  "acceptance_criteria": "'[]'", "changed_files": "'[]'", "knowledge_entry_ids": "'[]'", "depends_on": "'[]'", "comment_count": "0", "actor_type": "'user'",
                  "created_at": "1700000000000000 + n", "updated_at": "1700000000000000 + n", **columns}
        self.sql(f"WITH RECURSIVE counted (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {first + count - 1}) "
                 f"INSERT INTO projects_tickets ({', '.join(values)}) SELECT {', '.join(values.values())} FROM counted")

    def test_what_agents_make_waits_for_approval(self):
        ada, _, project, _ = self.team()
        good = {"source": "agent", "description": "x" * 20, "acceptance_criteria": ["It ticks"], "created_by_session_id": "ses_1"}
        self.assertEqual(self.make(ada, project, **good)["status"], "suggested")
        gate = "A ticket of an agent needs acceptance criteria and a description of at least 20 characters"
        for wrong in ({"acceptance_criteria": []}, {"description": "x" * 19}, {"description": "  " + "x" * 19 + "  "}, {"description": "é" * 19}):
            self.assertPlain(self.make(ada, project, 400, **{**good, **wrong}), 400, gate)
        self.assertEqual(self.make(ada, project, **{**good, "description": "é" * 20})["status"], "suggested")
        self.assertEqual(self.make(ada, project, **good)["status"], "suggested")
        self.assertPlain(self.make(ada, project, 429, **good), 429, "The session made as many tickets as it may make (3)")
        self.make(ada, project, **{**good, "source": "human"})
        self.make(ada, project, **{**good, "created_by_session_id": "ses_2"})
        # Of eight at once three come through.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ada.post(f"/projects/{project}/tickets", {"title": "x", **good, "created_by_session_id": "ses_3"}).status, range(8)))
        self.assertEqual((answers.count(201), answers.count(429)), (3, 5), answers)

    # --- lists

    def test_the_list_and_its_filters(self):
        ada, _, project, _ = self.team()
        self.assertEqual(ada.get(f"/projects/{project}/tickets").json(), [])
        one = self.make(ada, project, assigned_to="Ärzte Smith", priority="high")
        two = self.make(ada, project, assigned_to="SMITH", priority="low")
        three = self.make(ada, project, kind="issue")
        self.do(ada, two, "start", 400)
        self.do(ada, three, "start")

        def ids(query):
            answer = ada.get(f"/projects/{project}/tickets?{query}")
            self.assertEqual(answer.status, 200, answer)
            return [ticket["id"] for ticket in answer.json()]
        all_of_them = [three["id"], two["id"], one["id"]]
        self.assertEqual(ids(""), all_of_them)
        self.assertEqual(ids("assigned_to=smith"), [two["id"]])
        self.assertEqual(ids("status=open"), [two["id"], one["id"]])
        self.assertEqual(ids("status=in_progress&kind=issue"), [three["id"]])
        self.assertEqual(ids("priority=medium"), [three["id"]])
        self.assertEqual(ids("kind=task&priority=high&status=open"), [one["id"]])
        self.assertEqual(ids("status=nothing"), [])
        self.assertEqual(ids("priority=nothing"), [])
        self.assertPlain(ada.get(f"/projects/{project}/tickets?kind=nothing"), 400, "kind is task or issue")
        for query, field in (("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("assigned_to=" + "x" * 101, "assigned_to")):
            self.assertInvalid(ada.get(f"/projects/{project}/tickets?{query}"), ("query", field))
        for cursor in ("x", "1", "1,", ",x"):
            self.assertField(ada.get(f"/projects/{project}/tickets?cursor={cursor}"), "query", "cursor")
        got, cursor = [], ""
        for _ in range(3):
            answer = ada.get(f"/projects/{project}/tickets?limit=1{cursor}")
            got.append(answer.json()[0]["id"])
            cursor = "&cursor=" + answer.headers.get("X-Next-Cursor", "")
        self.assertEqual((got, cursor), (all_of_them, "&cursor="))

    def test_the_newest_500_unless_more_is_asked_for(self):
        ada, _, project, _ = self.team()
        self.fill(project, 1200)
        first = ada.get(f"/projects/{project}/tickets")
        self.assertEqual((len(first.json()), first.json()[0]["title"], first.json()[-1]["title"]), (500, "Ticket 1200", "Ticket 701"))
        rest = ada.get(f"/projects/{project}/tickets?limit=1000&cursor={first.headers['X-Next-Cursor']}")
        self.assertEqual((len(rest.json()), rest.json()[0]["title"], rest.json()[-1]["title"]), (700, "Ticket 700", "Ticket 1"))
        self.assertNotIn("X-Next-Cursor", rest.headers)

    # --- who

    def test_refusals_whole(self):
        ada, org, project, remote = self.team()
        ticket = self.make(ada, project)
        stranger, reader, grace = self.account(), self.reader(remote), self.member(ada)
        self.assertPlain(stranger.get(self.path(ticket)), 403, "The project is not yours, nor your organisation's, and you have no session of it")
        self.assertPlain(ada.get(f"/projects/{project}/tickets/tk_0000000000000000"), 404, "No such ticket")
        self.assertPlain(ada.get(f"/projects/proj_0000000000000000/tickets/{ticket['id']}"), 404, "Project not found")
        boss = self.org()[0]
        other, _ = self.project(boss)
        self.assertPlain(boss.get(f"/projects/{other}/tickets/{ticket['id']}"), 404, "No such ticket")
        self.assertPlain(self.do(reader, ticket, "approve", 403), 403, "Whoever only shares a session of the project may do this with some own tickets only")
        self.assertPlain(grace.put(self.path(ticket), {"title": "x"}), 403, "Only who made the ticket, and administrators of the project, may change it")
        key = self.key(ada, org, "tickets:read")
        self.assertCode(key.post(self.path(ticket, "/start")), 403, "insufficient_scope", key.post(self.path(ticket, "/start")).json()["error"]["message"], required=["tickets:write"],
                        current=["tickets:read"])
        self.assertEqual(key.get(self.path(ticket)).status, 200)
        answer = self.key(ada, org).post(self.path(ticket, "/accept"))
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (403, "service_key_not_allowed"), answer)
        foreign, foreign_org = self.org()
        answer = self.key(foreign, foreign_org).get(self.path(ticket))
        self.assertEqual((answer.status, answer.json()["error"]["details"]), (403, {"error": "cross_org_denied", "key_org_id": foreign_org, "project_org_id": org}), answer)
        other = self.project(ada, org)[0]
        answer = self.key(ada, org, project_ids=[other]).get(self.path(ticket))
        self.assertEqual((answer.status, answer.json()["error"]["details"]),
                         (403, {"error": "project_not_in_allowlist", "allowed_project_ids": [other], "requested_project_id": project}), answer)

    def test_the_plan_of_the_project_pays(self):
        pro = self.account("pro")
        project, remote = self.project(pro)
        answer = pro.get(f"/projects/{project}/tickets")
        self.assertEqual((answer.status, answer.json()["error"]["details"]["error"], answer.json()["error"]["details"]["feature"]), (403, "upgrade_required", "agent_tickets"), answer)
        # Validation comes first, the plan before what is asked of the ticket.
        self.assertInvalid(pro.post(f"/projects/{project}/tickets", {}), ("body", "title"))
        self.assertEqual(pro.get(f"/projects/{project}/tickets/tk_0000000000000000").status, 403)
        # Whoever reaches a project whose plan has tickets needs no plan.
        ada, _, paid, paid_remote = self.team()
        free = self.account("starter")
        self.push(free, content=archive(TALK, manifest(), {"git": {"remote_url": f"https://github.com/{paid_remote}.git"}}))
        self.assertEqual(free.get(f"/projects/{paid}/tickets").status, 200)

    # --- changing

    def test_a_change_leaves_rows_and_a_comment(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project, context_refs=["1"])
        answer = ada.put(self.path(ticket), {"title": " Tock ", "priority": "critical", "context_refs": ["1", "2"], "description": None, "file_refs": []})
        changed = answer.json()
        self.assertEqual((answer.status, sorted(changed)), (200, FIELDS), answer)
        self.assertEqual((changed["title"], changed["priority"], changed["context_refs"], changed["lease_epoch"]), ("Tock", "critical", ["1", "2"], 0))
        self.assertGreater(changed["updated_at"], ticket["updated_at"])
        rows = self.sql(f"SELECT field_name, old_value, new_value, edited_by_user_id, lease_epoch FROM projects_ticket_edits WHERE ticket_id = '{ticket['id']}' ORDER BY field_name")
        none = rows[0][4]
        self.assertEqual(rows, [["context_refs", '["1"]', '["1","2"]', ada.id, none], ["priority", '"medium"', '"critical"', ada.id, none], ["title", '"Make it tick"', '"Tock"', ada.id, none]])
        self.assertIn(none, ("None", ""))
        comments = self.comments(ada, ticket)
        self.assertEqual((len(comments), comments[0]["author_persona"], comments[0]["author_user_id"]), (1, "system", ada.id))
        for part in ("`title`", "Tock", "`priority`", "`context_refs`", "No lease_epoch was given"):
            self.assertIn(part, comments[0]["content"])
        # What changes nothing leaves nothing.
        self.assertEqual(ada.put(self.path(ticket), {"title": "Tock"}).json(), changed)
        self.assertEqual(len(self.comments(ada, ticket)), 1)
        for empty in ({}, {"lease_epoch": 0}, {"title": None}, {"status": "done"}):
            self.assertPlain(ada.put(self.path(ticket), empty), 400, "Name at least one field to change")
        self.assertPlain(self.member(ada).put(self.path(ticket), {}), 400, "Name at least one field to change")
        self.assertInvalid(ada.put(self.path(ticket), {"title": ""}), ("body", "title"))
        self.assertEqual(ada.put(self.path(ticket), {"assigned_to": "Smith"}).json()["assigned_to"], "Smith")
        self.assertIsNone(ada.put(self.path(ticket), {"assigned_to": ""}).json()["assigned_to"])

    def test_a_fenced_change_raises_the_lease(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        changed = ada.put(self.path(ticket), {"title": "Tock", "lease_epoch": "0"}).json()
        self.assertEqual(changed["lease_epoch"], 1)
        self.assertNotIn("No lease_epoch", self.comments(ada, ticket)[0]["content"])
        answer = ada.put(self.path(ticket), {"title": "Tuck", "lease_epoch": 0})
        self.assertCode(answer, 409, "stale_lease_epoch", "The ticket was started or changed since that lease_epoch", passed_lease_epoch=0, current_lease_epoch=1)
        self.assertEqual(self.read(ada, ticket)["title"], "Tock")
        # Of two who name the same lease one writes.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: ada.put(self.path(ticket), {"title": f"T{n}", "lease_epoch": 1}).status, range(8)))
        self.assertEqual((answers.count(200), answers.count(409)), (1, 7), answers)

    def test_escalating(self):
        ada, org, project, _ = self.team()
        ticket = self.make(ada, project, priority="low")
        for expected_priority in ("medium", "high", "critical"):
            self.assertEqual(self.do(ada, ticket, "escalate", body={"reason": "Hurry"} if expected_priority == "high" else None)["priority"], expected_priority)
        self.assertPlain(self.do(ada, ticket, "escalate", 400), 400, "The ticket is critical already")
        self.assertEqual([one["content"] for one in self.comments(ada, ticket)],
                         ["Escalated from low to medium.", "Escalated from medium to high.\n\nHurry", "Escalated from high to critical."])
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM projects_ticket_edits WHERE ticket_id = '{ticket['id']}'"), [["3"]])
        other = self.make(ada, project, priority="low")
        self.assertEqual(self.do(self.key(ada, org), other, "escalate", body={})["priority"], "medium")
        self.assertInvalid(self.do(ada, other, "escalate", 422, {"reason": "x" * 2001}), ("body", "reason"))

    # --- moving

    def test_illegal_moves_say_where_the_ticket_is(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        self.assertPlain(self.do(ada, ticket, "block", 400), 400, ILLEGAL.format("task", "open"))
        self.assertPlain(self.do(ada, ticket, "accept", 409), 409, ILLEGAL.format("task", "open"))
        self.assertPlain(self.do(ada, ticket, "close", 400), 400, "Only issues are closed")

    def test_starting(self):
        ada, _, project, _ = self.team()
        self.persona(ada, project, "Watch-Maker", "Repairs clocks", "You repair clocks.")
        issue = self.make(ada, project, kind="issue", title="Clocks")
        before = self.in_review(ada, project, title="Wind it")
        self.do(ada, before, "resolve")
        ticket = self.make(ada, project, assigned_to="watch-maker", description="Once a second", acceptance_criteria=["It ticks"], file_refs=["clock.cpp"], parent_ticket_id=issue["id"],
                           depends_on=[before["id"]], priority="high")
        for n in range(12):
            self.say(ada, ticket, f"Comment {n}.", author_persona="watcher")
        answer = ada.post(self.path(ticket, "/start?tool=claude-code"))
        started = answer.json()
        self.assertEqual((answer.status, sorted(started)), (200, ["compiled_context", "persona_name", "retrieval_audit_id", "ticket"]), answer)
        self.assertEqual((started["ticket"]["status"], started["ticket"]["lease_epoch"], started["persona_name"]), ("in_progress", 1, "Watch-Maker"))
        self.assertRegex(started["retrieval_audit_id"], r"^ra_[0-9a-f]{24}$")
        self.assertEqual(self.sql(f"SELECT ticket_id, persona_name, lease_epoch, created_by FROM projects_retrieval_contexts WHERE id = '{started['retrieval_audit_id']}'"),
                         [[ticket["id"], "Watch-Maker", "1", ada.id]])
        context = started["compiled_context"]
        for part in ("# Persona: Watch-Maker (Repairs clocks)", "You repair clocks.", "# Ticket: Make it tick", "**Kind:** task", "**Priority:** high", "**Status:** in_progress", "Clocks",
                     "Once a second", "- [ ] It ticks", "- clock.cpp", "It ticks.", "**watcher**", "Comment 11."):
            self.assertIn(part, context)
        self.assertNotIn("Comment 1.", context)
        self.assertLess(context.index("Comment 2."), context.index("Comment 11."))
        self.assertPlain(self.do(ada, ticket, "start", 409), 409, ILLEGAL.format("task", "in_progress"))
        # Blocked: with force only.
        self.do(ada, ticket, "block")
        self.do(ada, ticket, "start", 409)
        again = self.do(ada, ticket, "start", query="?force=true")
        self.assertEqual((again["ticket"]["lease_epoch"], again["ticket"]["status"]), (2, "in_progress"))
        # An issue tells of its tasks.
        self.assertIn(ticket["id"], self.do(ada, issue, "start")["compiled_context"])

    def test_starting_needs_the_persona(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project, assigned_to="ghost")
        self.assertPlain(self.do(ada, ticket, "start", 400), 400, "The ticket is assigned to ghost, which is no active persona")
        self.persona(ada, project, "Ghost")
        self.assertEqual(self.do(ada, ticket, "start")["persona_name"], "Ghost")
        # A persona that a live ticket is assigned to stays.
        self.assertEqual(ada.delete(f"/projects/{project}/personas/Ghost").status, 409)
        self.assertIsNone(self.do(ada, self.make(ada, project), "start")["persona_name"])

    def test_the_context_fits_the_tool(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project, description="é" * 40000)
        for tool, tokens in (("claude-code", 16000), ("bedrock", 16000), ("codex", 8000), ("anything", 8000), ("cursor", 4000), ("roo-code", 4000), (None, 8000)):
            self.set(ticket, status="open")
            context = self.do(ada, ticket, "start", query=f"?tool={tool}" if tool else "")["compiled_context"]
            (self.assertLess if tokens == 16000 else self.assertEqual)(len(context), 4 * tokens, tool)

    def test_one_of_64_starts(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda _: ada.post(self.path(ticket, "/start")).status, range(64)))
        self.assertEqual((answers.count(200), answers.count(409)), (1, 63), answers)
        self.assertEqual(self.read(ada, ticket)["lease_epoch"], 1)
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM projects_retrieval_contexts WHERE ticket_id = '{ticket['id']}'"), [["1"]])

    def test_completing(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        self.assertPlain(self.do(ada, ticket, "complete", 400, {"notes": "x"}), 400, ILLEGAL.format("task", "open"))
        self.do(ada, ticket, "start")
        self.assertPlain(self.do(ada, ticket, "complete", 409, {"notes": "x", "lease_epoch": 0}), 409, "Somebody else has begun to work on the ticket since that lease_epoch")
        self.assertInvalid(self.do(ada, ticket, "complete", 422, {}), ("body", "notes"))
        done = self.do(ada, ticket, "complete", body={"notes": "It ticks.", "changed_files": ["clock.cpp"], "knowledge_entry_ids": ["7"], "resolver_session_id": "ses_1", "lease_epoch": 1})
        self.assertEqual({key: done[key] for key in ("status", "completion_notes", "changed_files", "knowledge_entry_ids", "resolver_session_id", "resolver_user_id", "resolved_at", "lease_epoch")},
                         {"status": "review", "completion_notes": "It ticks.", "changed_files": ["clock.cpp"], "knowledge_entry_ids": ["7"], "resolver_session_id": "ses_1",
                          "resolver_user_id": ada.id, "resolved_at": None, "lease_epoch": 1})

    def test_resolving_on_both_paths(self):
        ada, org, project, _ = self.team()
        for path, query, body in (("resolve", "", None), ("accept", "?lease_epoch=1", None), ("accept", "", {"lease_epoch": 1}), ("resolve", "?lease_epoch=1", {"lease_epoch": 5})):
            ticket = self.in_review(ada, project)
            self.assertPlain(self.do(ada, ticket, path, 409, query="?lease_epoch=0"), 409, "Somebody else has begun to work on the ticket since that lease_epoch")
            done = self.do(ada, ticket, path, query=query, body=body)
            self.assertEqual((done["status"], sorted(done)), ("done", FIELDS))
            self.assertRegex(done["resolved_at"], MICROS)
            self.assertPlain(self.do(ada, ticket, path, 409), 409, ILLEGAL.format("task", "done"))
        key = self.key(ada, org)
        ticket = self.in_review(ada, project)
        self.assertEqual(self.do(key, ticket, "accept", 403).json()["error"]["code"], "service_key_not_allowed")
        self.assertEqual(self.do(key, ticket, "resolve")["status"], "done")

    def test_an_organisation_may_ask_for_the_lease(self):
        ada, org, project, _ = self.team()
        ticket = self.make(ada, project)
        self.do(ada, ticket, "start")
        self.assertEqual(ada.put(f"/orgs/{org}/settings", {"require_lease_epoch_on_ticket_writes": True}).status, 200)
        for caller in (ada, self.key(ada, org)):
            for answer in (self.do(caller, ticket, "complete", 422, {"notes": "x"}), self.do(caller, ticket, "resolve", 422), self.say(caller, ticket, status=422)):
                self.assertEqual(answer.json()["error"]["message"], "The organisation asks for lease_epoch")
        self.say(ada, ticket, lease_epoch=1)
        self.do(ada, ticket, "complete", body={"notes": "x", "lease_epoch": 1})
        self.do(ada, ticket, "accept", query="?lease_epoch=1")
        # A change, and other moves, do without.
        other = self.make(ada, project)
        self.assertEqual(ada.put(self.path(other), {"title": "x"}).status, 200)
        self.do(ada, other, "dismiss")

    def written(self, ticket):
        """All that the server keeps of a ticket."""
        return [self.sql(f"SELECT * FROM projects_tickets WHERE id = '{ticket['id']}'"),
                *(self.sql(f"SELECT * FROM {table} WHERE ticket_id = '{ticket['id']}' ORDER BY id") for table in ("projects_ticket_comments", "projects_ticket_edits"))]

    def test_stale_leases_never_write(self):
        ada, org, project, _ = self.team()
        key = self.key(ada, org)
        for caller in (ada, key):
            for state in STATES["task"]:
                ticket = self.make(caller, project)
                self.set(ticket, status=state, lease_epoch=3)
                before = self.written(ticket)
                stale = []
                for lease in (0, 2, 4):
                    stale += [("PUT", "", {"title": "Late", "lease_epoch": lease}), ("POST", "/comments", {"content": "Late", "lease_epoch": lease}),
                              ("POST", "/complete", {"notes": "Late", "lease_epoch": lease}), ("POST", f"/resolve?lease_epoch={lease}", None), ("POST", "/resolve", {"lease_epoch": lease})]
                    if caller is ada:
                        stale.append(("POST", f"/accept?lease_epoch={lease}", None))
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    answers = list(pool.map(lambda one: caller.call(one[0], self.path(ticket, one[1]), one[2]).status, stale))
                self.assertEqual(set(answers), {409}, (state, answers))
                self.assertEqual(self.written(ticket), before, state)

    def test_who_lost_the_lease_writes_nothing_any_more(self):
        ada, _, project, _ = self.team()
        for _ in range(5):
            ticket = self.make(ada, project)
            self.do(ada, ticket, "start")
            self.do(ada, ticket, "block")
            with concurrent.futures.ThreadPoolExecutor(7) as pool:
                writing = [pool.submit(ada.post, self.path(ticket, "/comments"), {"content": f"c{n}", "lease_epoch": 1}) for n in range(20)]
                started = pool.submit(self.do, ada, ticket, "start", query="?force=true")
                late = [pool.submit(ada.post, self.path(ticket, "/complete"), {"notes": f"n{n}", "lease_epoch": 1}) for n in range(10)]
                self.assertEqual(started.result()["ticket"]["lease_epoch"], 2)
                written = [one.result() for one in writing]
                self.assertEqual([one.result().status for one in late if one.result().status not in (400, 409)], [])  # 400: it was blocked still
            self.assertEqual(sorted({one.status for one in written} | {201, 409}), [201, 409])
            kept = sorted(one["id"] for one in self.comments(ada, ticket))
            self.assertEqual(kept, sorted(one.json()["id"] for one in written if one.status == 201))
            self.assertIsNone(self.read(ada, ticket)["completion_notes"])
            for answer in (self.say(ada, ticket, status=409, lease_epoch=1), self.do(ada, ticket, "complete", 409, {"notes": "x", "lease_epoch": 1})):
                self.assertEqual(answer.status, 409)
            self.do(ada, ticket, "complete", body={"notes": "x", "lease_epoch": 2})

    # --- dependencies

    def test_dependencies(self):
        ada, _, project, _ = self.team()
        one, two = self.make(ada, project), self.make(ada, project)
        three = self.make(ada, project, depends_on=[one["id"], two["id"], one["id"]])
        self.assertEqual(three["depends_on"], [one["id"], two["id"]])
        self.assertEqual(self.read(ada, one)["dependents"], [three["id"]])
        unknown, cycle = "Every ticket of depends_on must be of this project", "The ticket would depend on itself"
        for wrong in (["tk_0000000000000000"], [two["id"], "x"], [self.make(ada, self.project(ada)[0])["id"]]):
            self.assertPlain(self.make(ada, project, 400, depends_on=wrong), 400, unknown)
            self.assertPlain(ada.put(self.path(one), {"depends_on": wrong}), 400, unknown)
        self.assertPlain(ada.put(self.path(one), {"depends_on": [one["id"]]}), 400, cycle)
        self.assertPlain(ada.put(self.path(one), {"depends_on": [three["id"]]}), 400, cycle)
        self.assertEqual(self.read(ada, one)["depends_on"], [])
        self.assertEqual(ada.put(self.path(three), {"depends_on": [two["id"], two["id"]]}).json()["depends_on"], [two["id"]])
        self.assertEqual(ada.put(self.path(one), {"depends_on": [three["id"]]}).json()["depends_on"], [three["id"]])
        self.assertEqual(self.read(ada, two)["dependents"], [three["id"]])

    def test_two_writers_make_no_cycle(self):
        ada, _, project, _ = self.team()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(10):
                one, two = self.make(ada, project), self.make(ada, project)
                answers = list(pool.map(lambda pair: ada.put(self.path(pair[0]), {"depends_on": [pair[1]["id"]]}).status, ((one, two), (two, one))))
                self.assertEqual(sorted(answers), [200, 400])

    def test_a_chain_of_ten_thousand(self):
        ada, _, project, _ = self.team()
        self.fill(project, 10000)
        name = f"tk_{project[5:9]}_"
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM counted WHERE n < 10000) INSERT INTO projects_ticket_dependencies (ticket_id, depends_on_id) "
                 f"SELECT '{name}' || n, '{name}' || (n - 1) FROM counted")
        start = time.monotonic()
        self.assertPlain(ada.put(f"/projects/{project}/tickets/{name}1", {"depends_on": [f"{name}10000"]}), 400, "The ticket would depend on itself")
        self.assertEqual(ada.put(f"/projects/{project}/tickets/{name}10000", {"depends_on": [f"{name}1"]}).status, 200)
        self.assertLess(time.monotonic() - start, 120)

    def test_what_waits_is_told_once(self):
        ada, _, project, _ = self.team()
        self.persona(ada, project, "Smith")
        first, second = (self.in_review_of(ada, project) for _ in range(2))
        waiting = {status: self.make(ada, project, depends_on=[first["id"]]) for status in ("suggested", "open", "blocked", "in_progress", "done", "cancelled")}
        both = self.make(ada, project, depends_on=[first["id"], second["id"]], context_refs=["7"])
        for status, ticket in waiting.items():
            self.set(ticket, status=status)
        self.set(both, status="blocked")
        grace = self.member(ada)
        done = self.do(grace, first, "resolve")
        self.do(grace, first, "resolve", 409)
        for status, ticket in waiting.items():
            now = self.read(ada, ticket)
            told = status in ("suggested", "open", "blocked")
            self.assertEqual(now["status"], "in_progress" if status == "blocked" else status)
            self.assertEqual(now["context_refs"], ["7", "8"] if told else [])
            self.assertEqual(len(now["recent_comments"]), 1 if told else 0)
            if told:
                comment = now["recent_comments"][0]
                self.assertEqual((comment["author_user_id"], comment["author_persona"]), (ada.id, "Smith"))
                self.assertEqual(comment["content"], f"Done: {first['title']} ({first['id']})\n\nIt ticks.")
        now = self.read(ada, both)
        self.assertEqual((now["status"], now["context_refs"], now["lease_epoch"]), ("blocked", ["7", "8"], 0))
        self.do(ada, second, "accept")
        self.assertEqual(self.read(ada, both)["status"], "in_progress")
        self.assertEqual(done["status"], "done")

    def in_review_of(self, caller, project):
        ticket = self.make(caller, project, assigned_to="smith", title="Wind it")
        self.do(caller, ticket, "start")
        return self.do(caller, ticket, "complete", body={"notes": "It ticks.", "knowledge_entry_ids": ["7", "8"]})

    def test_two_resolutions_at_once_unblock_what_waits_for_both(self):
        ada, _, project, _ = self.team()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for _ in range(8):
                pair = [self.in_review(ada, project) for _ in range(2)]
                both = self.make(ada, project, depends_on=[one["id"] for one in pair])
                self.set(both, status="blocked")
                self.assertEqual(list(pool.map(lambda one: ada.post(self.path(one, "/resolve")).status, pair)), [200, 200])
                self.assertStatusOf(both, "in_progress")

    def test_a_thousand_are_unblocked_once(self):
        ada, _, project, _ = self.team()
        ticket = self.in_review(ada, project)
        self.fill(project, 1000, status="'blocked'")
        self.sql(f"INSERT INTO projects_ticket_dependencies (ticket_id, depends_on_id) SELECT id, '{ticket['id']}' FROM projects_tickets WHERE project_id = '{project}' AND status = 'blocked'")
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = sorted(pool.map(lambda _: ada.post(self.path(ticket, "/resolve")).status, range(4)))
        self.assertEqual(answers, [200, 409, 409, 409])
        self.assertLess(time.monotonic() - start, 120)
        self.assertEqual(self.sql(f"SELECT status, COUNT(*), SUM(comment_count) FROM projects_tickets WHERE project_id = '{project}' AND id <> '{ticket['id']}' GROUP BY status"),
                         [["in_progress", "1000", "1000"]])
        self.assertEqual(len(self.read(ada, ticket)["dependents"]), 1000)
        # Each is on record once, and no number is left out.
        self.assertEqual(self.sql(f"SELECT COUNT(*), COUNT(DISTINCT reference) FROM projects_changes WHERE project_id = '{project}' AND change = 'unblocked'"), [["1000", "1000"]])
        self.assertEqual(self.sql(f"SELECT MAX(number) - MIN(number) + 1 - COUNT(*) FROM projects_changes WHERE project_id = '{project}'"), [["0"]])

    def test_those_who_follow_a_thousand_are_told_once(self):
        ada, _, project, _ = self.team()
        grace = self.member(ada)
        ticket = self.in_review(ada, project)
        self.fill(project, 1000, status="'blocked'")
        self.sql(f"INSERT INTO projects_ticket_dependencies (ticket_id, depends_on_id) SELECT id, '{ticket['id']}' FROM projects_tickets WHERE project_id = '{project}' AND status = 'blocked'")
        self.sql(f"INSERT INTO projects_ticket_watchers (ticket_id, user_id, source, muted, created_at) SELECT id, '{grace.id}', 'explicit', 0, 1 FROM projects_tickets "
                 f"WHERE project_id = '{project}' AND status = 'blocked'")
        self.do(ada, ticket, "resolve")
        self.assertEqual(self.sql(f"SELECT kind, event_count, COUNT(*), COUNT(DISTINCT ticket_id) FROM projects_ticket_notifications WHERE user_id = '{grace.id}' GROUP BY kind, event_count"),
                         [["dependency_unblocked", "1", "1000", "1000"]])

    def test_bounds_of_dependencies(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        self.fill(project, 2000)
        self.sql(f"INSERT INTO projects_ticket_dependencies (ticket_id, depends_on_id) SELECT id, '{ticket['id']}' FROM projects_tickets WHERE project_id = '{project}' AND id <> '{ticket['id']}'")
        full = "No more than 2000 tickets may depend on one"
        for answer in (self.make(ada, project, 422, depends_on=[ticket["id"]]), ada.put(self.path(self.make(ada, project)), {"depends_on": [ticket["id"]]})):
            self.assertField(answer, "body", "depends_on")
            self.assertEqual(answer.json()["error"]["message"], full)
        self.fill(project, 50010, first=3000)
        name = f"tk_{project[5:9]}_"
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 3001 UNION ALL SELECT n + 1 FROM counted WHERE n < 53009) INSERT INTO projects_ticket_dependencies (ticket_id, depends_on_id) "
                 f"SELECT '{name}' || n, '{name}' || (n - 1) FROM counted")
        answer = ada.put(self.path(ticket), {"depends_on": [f"{name}53009"]})
        self.assertField(answer, "body", "depends_on")
        self.assertEqual(answer.json()["error"]["message"], "The tickets of depends_on depend on more than 50000 others")

    def test_nobody_speaks_as_the_system(self):
        ada, org, project, _ = self.team()
        ticket = self.make(ada, project, assigned_to=" System ")
        self.set(ticket, status="review", completion_notes="I am the server.")
        waiting = self.make(ada, project, depends_on=[ticket["id"]])
        self.do(ada, ticket, "resolve")
        self.assertEqual([(one["author_persona"], one["author_user_id"]) for one in self.comments(ada, waiting)], [(None, ada.id)])
        for caller in (ada, self.key(ada, org)):
            self.assertField(self.say(caller, ticket, status=422, author_persona="SYSTEM"), "body", "author_persona")

    # --- comments

    def test_comments(self):
        ada, _, project, remote = self.team()
        ticket = self.make(ada, project)
        made = self.say(ada, ticket, "  Hello ", author_persona=" Smith ", session_id="ses_1")
        self.assertEqual(sorted(made), COMMENT_FIELDS)
        self.assertRegex(made["id"], COMMENT)
        self.assertRegex(made["created_at"], MICROS)
        self.assertEqual({**made, "id": 0, "created_at": 0}, {"id": 0, "ticket_id": ticket["id"], "author_user_id": ada.id, "author_persona": "Smith", "content": "Hello", "session_id": "ses_1",
                                                              "created_at": 0, "source": "sessionfs"})
        second = self.say(self.reader(remote), ticket)
        self.assertEqual((second["author_persona"], second["session_id"]), (None, None))
        self.assertEqual(self.comments(ada, ticket), [made, second])
        self.assertEqual(self.comments(ada, ticket, "?limit=1"), [made])
        since = made["created_at"]
        for query in (f"?since={since}", f"?since={since[:-1]}", f"?since={since}&since_id={made['id']}", f"?since={since.replace('Z', '%2B00:00')}"):
            self.assertEqual(self.comments(ada, ticket, query), [second], query)
        self.assertEqual(self.comments(ada, ticket, f"?since={since}&since_id=tc_"), [made, second])
        self.assertEqual(self.comments(ada, ticket, f"?since={second['created_at']}"), [])
        self.assertField(ada.get(self.path(ticket, "/comments?since=yesterday")), "query", "since")
        self.assertField(ada.post(self.path(ticket, "/comments"), {"content": "x", "author_persona": "System"}), "body", "author_persona")
        for query, field in (("limit=0", "limit"), ("limit=501", "limit")):
            self.assertInvalid(ada.get(self.path(ticket, f"/comments?{query}")), ("query", field))
        for wrong, field in (({"content": ""}, "content"), ({"content": " \n"}, "content"), ({"content": "x" * 10001}, "content"), ({"author_persona": "x" * 51}, "author_persona"),
                             ({"lease_epoch": -1}, "lease_epoch")):
            self.assertInvalid(ada.post(self.path(ticket, "/comments"), {"content": "x", **wrong}), ("body", field))
        self.assertInvalid(ada.post(self.path(ticket, "/comments"), {}), ("body", "content"))
        self.assertPlain(self.say(ada, ticket, status=409, lease_epoch=1), 409, "Somebody else has begun to work on the ticket since that lease_epoch")
        self.say(ada, ticket, lease_epoch=0)
        self.assertPlain(self.say(ada, ticket, status=409, send_to_jira=True), 409, "This server sends no comments to Jira")
        self.set(ticket, comment_count=10000)
        self.assertPlain(self.say(ada, ticket, status=409), 409, "A ticket may have 10000 comments")
        self.assertPlain(ada.put(self.path(ticket), {"title": "x"}), 409, "A ticket may have 10000 comments")

    def test_who_polls_misses_no_comment(self):
        ada, _, project, _ = self.team()
        ticket = self.make(ada, project)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            writing = [pool.submit(self.say, ada, ticket, f"c{n}") for n in range(40)]
            got, query = [], ""
            deadline = time.monotonic() + 60
            while len(got) < 40 and time.monotonic() < deadline:
                for one in self.comments(ada, ticket, query):
                    got.append(one["content"])
                    query = f"?since={one['created_at']}&since_id={one['id']}"
            for one in writing:
                one.result()
        self.assertEqual(sorted(got), sorted(f"c{n}" for n in range(40)))

    # --- reviews

    def trust(self, admin, org, status=201, **body):
        answer = admin.post(f"/orgs/{org}/trusted-reviewers", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def state(self, caller, ticket):
        answer = caller.get(self.path(ticket, "/review-state"))
        self.assertEqual((answer.status, answer.json()["ticket_id"]), (200, ticket["id"]), answer)
        return answer.json()["review_state"]

    def test_reviews_of_trusted_reviewers_count(self):
        ada, org, project, remote = self.team()
        grace = self.member(ada)
        ticket = self.make(ada, project)
        header = f"Codex R1 review on {ticket['id']}: "
        self.say(grace, ticket, header + "APPROVED", author_persona="codex-reviewer")
        self.assertIsNone(self.state(ada, ticket))
        trusted = self.trust(ada, org, user_id=grace.id)
        self.assertRegex(trusted["id"], r"^tr_[0-9a-f]{24}$")
        self.assertRegex(trusted["created_at"], MICROS)
        self.assertEqual({**trusted, "id": 0, "created_at": 0}, {"id": 0, "org_id": org, "project_id": None, "user_id": grace.id, "service_key_id": None, "reviewer_persona": "codex-reviewer",
                                                                 "is_active": True, "created_by_user_id": ada.id, "created_at": 0, "revoked_at": None})
        # What was written before does not count, nor as another persona, nor by somebody else, nor by a key of the same user.
        self.say(grace, ticket, header + "APPROVED", author_persona="Codex-Reviewer")
        self.say(grace, ticket, header + "APPROVED")
        self.say(ada, ticket, header + "APPROVED", author_persona="codex-reviewer")
        self.say(self.key(ada, org), ticket, header + "APPROVED", author_persona="codex-reviewer")
        self.assertIsNone(self.state(ada, ticket))
        review = self.say(grace, ticket, header + "CHANGES REQUESTED\n- HIGH - no index\n- LOW: a typo\nResidual risk\n- HIGH - not one", author_persona="codex-reviewer")
        reply = self.say(ada, ticket, "Fixed")
        finding = {"severity": "HIGH", "text": "no index", "round": 1, "raised_at": review["created_at"], "raised_comment_id": review["id"], "status": "open", "closed_round": None}
        self.assertEqual(self.state(ada, ticket),
                         {"open_findings": [finding, {**finding, "severity": "LOW", "text": "a typo"}], "closed_findings": [], "last_verdict": "CHANGES_REQUESTED",
                          "last_raw_verdict": "CHANGES REQUESTED", "last_verdict_is_strict_verified_clean": False, "severity_counts": {"CRITICAL": 0, "HIGH": 1, "MEDIUM": 0, "LOW": 1},
                          "last_review_comment_id": review["id"], "last_implementer_comment_id": reply["id"], "updated_at": reply["created_at"],
                          "rounds": [{"round": 1, "verdict": "CHANGES_REQUESTED", "raw_verdict": "CHANGES REQUESTED", "is_strict_verified_clean": False, "comment_id": review["id"],
                                      "timestamp": review["created_at"], "findings_raised": 2}]})
        clean = self.say(grace, ticket, f"Codex R2 doc review on {ticket['id']}: verified-clean", author_persona="codex-reviewer")
        state = self.state(ada, ticket)
        self.assertEqual((state["open_findings"], state["severity_counts"], state["last_verdict"], state["last_raw_verdict"], state["last_verdict_is_strict_verified_clean"]),
                         ([], {"CRITICAL": 0, "HIGH": 0, "MEDIUM": 0, "LOW": 0}, "VERIFIED-CLEAN", "verified-clean", True))
        self.assertEqual(state["closed_findings"][0], {**finding, "status": "closed", "closed_round": 2})
        self.assertEqual(state["last_review_comment_id"], clean["id"])
        # Revoked: what was written counts, what is written does not.
        self.assertEqual(ada.delete(f"/orgs/{org}/trusted-reviewers/{trusted['id']}", {"reason": "left"}).status, 204)
        self.say(grace, ticket, f"Codex R3 review on {ticket['id']}: CHANGES REQUESTED", author_persona="codex-reviewer")
        self.assertEqual(len(self.state(ada, ticket)["rounds"]), 2)

    def test_trusting_reviewers(self):
        ada, org, project, _ = self.team()
        grace, stranger = self.member(ada), self.account()
        other_ada, other_org, other_project, _ = self.team()
        key, foreign_key = self.key(ada, org), self.key(other_ada, other_org)
        path = f"/orgs/{org}/trusted-reviewers"
        one = self.trust(ada, org, user_id=grace.id, project_id=project, reviewer_persona="judge")
        two = self.trust(ada, org, service_key_id=key.id)
        self.assertEqual(ada.get(path).json(), [two, one])
        for body, code in (({}, "identity_required"), ({"user_id": None, "service_key_id": " "}, "identity_required"), ({"user_id": stranger.id}, "user_not_org_member"),
                           ({"user_id": NOBODY}, "user_not_org_member"), ({"service_key_id": foreign_key.id}, "service_key_not_in_org"), ({"service_key_id": "x"}, "service_key_not_in_org"),
                           ({"user_id": grace.id, "project_id": other_project}, "project_not_in_org"), ({"user_id": grace.id, "project_id": "proj_0"}, "project_not_in_org")):
            answer = self.trust(ada, org, 422, **body)
            self.assertEqual(answer.json()["error"]["details"]["error"], code, (body, answer))
        self.assertInvalid(self.trust(ada, org, 422, user_id=grace.id, reviewer_persona="x" * 51), ("body", "reviewer_persona"))
        self.assertRole(grace.get(path), "member")
        for caller in (other_ada, stranger):
            self.assertPlain(caller.get(path), 404, "Organisation not found")
            self.assertEqual(caller.post(path, {"user_id": stranger.id}).status, 404)
        self.assertEqual(ada.get("/orgs/org_0000000000000000/trusted-reviewers").status, 404)
        self.assertPlain(ada.delete(path + "/tr_0"), 404, "No such trusted reviewer")
        self.assertPlain(other_ada.delete(f"/orgs/{other_org}/trusted-reviewers/{one['id']}"), 404, "No such trusted reviewer")
        for _ in range(2):
            self.assertEqual(ada.delete(f"{path}/{one['id']}").status, 204)
        self.assertEqual(ada.get(path).json(), [two])
        revoked = ada.get(path + "?include_revoked=true").json()[1]
        self.assertEqual((revoked["id"], revoked["is_active"]), (one["id"], False))
        self.assertRegex(revoked["revoked_at"], MICROS)
        self.assertEqual(key.get(path).status, 403)
        actions = [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE target = 'trusted_reviewer:{one['id']}' ORDER BY action")]
        self.assertEqual(actions, ["projects.reviewer_revoked", "projects.reviewer_trusted"])

    def test_a_key_that_works_does_not_review(self):
        ada, org, project, _ = self.team()
        worker, reviewer = self.key(ada, org), self.key(ada, org)
        ticket = self.make(ada, project)
        self.do(worker, ticket, "start")
        for scope in ({}, {"project_id": project}):
            answer = self.trust(ada, org, 409, service_key_id=worker.id, **scope)
            self.assertEqual((answer.json()["error"]["code"], answer.json()["error"]["details"]["error"]), ("sod_mutual_exclusion", "sod_mutual_exclusion"), answer)
        self.trust(ada, org, service_key_id=worker.id, project_id=self.project(ada, org)[0])
        self.trust(ada, org, service_key_id=reviewer.id)
        self.assertEqual(self.do(reviewer, self.make(ada, project), "start", 409).json()["error"]["code"], "sod_mutual_exclusion")
        self.assertEqual(self.do(reviewer, ticket, "complete", 409, {"notes": "x"}).json()["error"]["code"], "sod_mutual_exclusion")
        self.do(worker, ticket, "complete", body={"notes": "x"})
        self.say(reviewer, ticket, f"Codex R1 review on {ticket['id']}: VERIFIED-CLEAN", author_persona="codex-reviewer")
        self.assertTrue(self.state(ada, ticket)["last_verdict_is_strict_verified_clean"])
        self.do(ada, ticket, "accept")
        self.trust(ada, org, service_key_id=worker.id)

    def test_a_key_that_started_a_ticket_does_not_review_it_whoever_completed_it(self):
        ada, org, project, _ = self.team()
        worker, other = self.key(ada, org), self.key(ada, org)
        for by in (ada, other):
            ticket = self.make(ada, project)
            self.do(worker, ticket, "start")
            self.do(by, ticket, "complete", body={"notes": "x"})
            self.trust(ada, org, 409, service_key_id=worker.id)
            if by is other:
                self.trust(ada, org, 409, service_key_id=other.id)
            self.do(ada, ticket, "accept")
        self.trust(ada, org, service_key_id=worker.id)

    def test_an_organisation_names_so_many_reviewers(self):
        ada, org, _, _ = self.team()
        grace = self.member(ada)

        def fill(name, active):
            self.sql("WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 500) INSERT INTO projects_trusted_reviewers (id, org_id, user_id, reviewer_persona, "
                     f"is_active, created_by_user_id, created_at) SELECT '{name}' || n, '{org}', '{grace.id}', 'judge', {active}, '{ada.id}', n FROM counted")
        fill("tr_old", 0)
        one = self.trust(ada, org, user_id=grace.id)
        path = f"/orgs/{org}/trusted-reviewers"
        self.assertEqual((len(ada.get(path).json()), len(ada.get(path + "?include_revoked=true").json())), (1, 501))
        self.sql(f"DELETE FROM projects_trusted_reviewers WHERE id = '{one['id']}'")
        fill("tr_new", 1)
        self.assertPlain(self.trust(ada, org, 409, user_id=grace.id), 409, "An organisation may name 500 trusted reviewers")
        self.assertEqual(ada.delete(path + "/tr_new7").status, 204)
        self.trust(ada, org, user_id=grace.id)

    def test_hostile_reviews_are_read_quickly(self):
        ada, org, project, _ = self.team()
        ticket = self.make(ada, project)
        self.trust(ada, org, user_id=ada.id)
        for piece in ("\n", " ", "- HIGH", "Codex R1 review on tk_", "• ", "Verified \n"):
            self.say(ada, ticket, (f"Codex R1 review on {ticket['id']}: APPROVED\n" + piece * 10000)[:9999] + ".", author_persona="codex-reviewer")
        start = time.monotonic()
        self.assertEqual(len(self.state(ada, ticket)["rounds"]), 6)
        self.assertLess(time.monotonic() - start, 60)

    # --- following

    def notifications(self, caller, query=""):
        answer = caller.get(f"/me/ticket-notifications{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def updates(self, caller, query=""):
        answer = caller.get(f"/me/ticket-updates{query}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def age(self, seconds=10):
        self.sql(f"UPDATE projects_ticket_notifications SET updated_at = updated_at - {seconds} * 1000000")

    def test_following_a_ticket(self):
        ada, _, project, remote = self.team()
        grace, reader = self.member(ada), self.reader(remote)
        ticket = self.make(ada, project)
        answer = grace.put(self.path(ticket, "/watch"), {"muted": False})
        self.assertEqual((answer.status, sorted(answer.json())), (200, ["created_at", "muted", "persona_name", "source", "user_id"]), answer)
        self.assertEqual({**answer.json(), "created_at": 0}, {"user_id": grace.id, "persona_name": None, "source": "explicit", "muted": False, "created_at": 0})
        self.assertEqual(reader.call("PUT", self.path(ticket, "/watch")).json()["source"], "explicit")
        self.assertTrue(grace.put(self.path(ticket, "/watch"), {"muted": True}).json()["muted"])
        self.assertEqual(ada.put(self.path(ticket, "/watch"), {}).json()["source"], "creator")
        self.do(ada, ticket, "start")
        self.assertEqual(self.notifications(grace)["items"], [])
        items = self.notifications(reader)["items"]
        self.assertEqual({**items[0], "id": 0, "created_at": 0, "updated_at": 0},
                         {"id": 0, "ticket_id": ticket["id"], "project_id": project, "ticket_title": "Make it tick", "kind": "status", "summary": "Work on the ticket began", "actor_type": "user",
                          "actor_user_id": ada.id, "service_key_name": None, "event_count": 1, "created_at": 0, "updated_at": 0, "read_at": None})
        for caller in (grace, reader, reader):
            self.assertEqual(caller.delete(self.path(ticket, "/watch")).status, 204)
        self.do(ada, ticket, "block")
        self.assertEqual(self.notifications(reader)["items"][0]["event_count"], 1)
        stranger = self.account()
        for answer in (stranger.put(self.path(ticket, "/watch"), {}), stranger.delete(self.path(ticket, "/watch"))):
            self.assertPlain(answer, 404, "Project not found")
        self.assertPlain(ada.put(f"/projects/{project}/tickets/tk_0/watch", {}), 404, "No such ticket")

    def test_what_is_unread_counts(self):
        ada, _, project, _ = self.team()
        grace = self.member(ada)
        ticket = self.make(ada, project)
        self.say(grace, ticket, "secret words")
        self.do(grace, ticket, "start")
        self.do(grace, ticket, "complete", body={"notes": "x"})
        self.say(grace, ticket)
        self.say(ada, ticket, "my own")
        items = self.notifications(ada)["items"]
        self.assertEqual([(one["kind"], one["event_count"], one["actor_user_id"]) for one in items], [("your_turn", 4, grace.id)])
        self.assertNotIn("secret", json.dumps(items))
        self.assertEqual(self.notifications(grace)["items"], [])
        self.assertEqual(ada.post("/me/ticket-notifications/read", {"ids": [items[0]["id"], 99999999]}).json(), {"updated": 1})
        self.assertEqual(ada.post("/me/ticket-notifications/read", {"ids": [items[0]["id"]]}).json(), {"updated": 0})
        self.assertEqual(self.notifications(ada, "?unread=true")["items"], [])
        self.assertRegex(self.notifications(ada)["items"][0]["read_at"], MICROS)
        for n in range(5):
            self.say(grace, self.make(ada, project))
        first = self.notifications(ada, "?limit=4")
        self.assertEqual((len(first["items"]), first["next_before"]), (4, first["items"][-1]["id"]))
        rest = self.notifications(ada, f"?limit=4&before={first['next_before']}")
        self.assertEqual((len(rest["items"]), rest["next_before"]), (2, None))
        self.assertEqual(grace.post("/me/ticket-notifications/read", {"all": True}).json(), {"updated": 0})
        self.assertEqual(ada.post("/me/ticket-notifications/read", {"all": True}).json(), {"updated": 5})
        for body in ({}, {"ids": None}, {"all": False}):
            self.assertPlain(ada.post("/me/ticket-notifications/read", body), 400, "Name the notifications by ids, or say all")
        self.assertInvalid(ada.post("/me/ticket-notifications/read", {"ids": [1] * 501}), ("body", "ids"))
        for query, field in (("limit=0", "limit"), ("limit=101", "limit"), ("before=x", "before")):
            self.assertInvalid(ada.get(f"/me/ticket-notifications?{query}"), ("query", field))

    def test_so_many_follow_a_ticket(self):
        ada, _, project, _ = self.team()
        grace = self.member(ada)
        ticket = self.make(ada, project)
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 199) INSERT INTO projects_ticket_watchers (ticket_id, user_id, source, muted, created_at) "
                 f"SELECT '{ticket['id']}', 'user' || n, 'explicit', 0, 1 FROM counted")
        self.assertPlain(grace.put(self.path(ticket, "/watch"), {}), 409, "No more than 200 may follow a ticket")
        self.assertEqual(ada.put(self.path(ticket, "/watch"), {"muted": True}).status, 200)

    def test_nobody_reads_of_a_project_that_is_out_of_reach(self):
        ada, _, project, _ = self.team()
        grace = self.member(ada)
        ticket = self.make(grace, project)
        self.say(ada, ticket)
        self.assertEqual(len(self.notifications(grace)["items"]), 1)
        self.assertEqual(ada.delete(f"/org/members/{grace.id}").status, 200)
        self.age()
        self.assertEqual(self.notifications(grace)["items"], [])
        self.assertEqual(self.updates(grace)["items"], [])

    def test_agents_read_on_from_where_they_stopped(self):
        ada, org, project, _ = self.team()
        grace = self.member(ada)
        tickets = [self.make(ada, project) for _ in range(3)]
        for ticket in tickets:
            self.say(grace, ticket)
        self.assertEqual(self.updates(ada), {"items": [], "next_cursor": 0})  # too young
        self.age()
        got = self.updates(ada)
        self.assertEqual([one["ticket_id"] for one in got["items"]], [ticket["id"] for ticket in tickets])
        self.assertEqual(got["next_cursor"], got["items"][-1]["id"])
        second = got["items"][1]["id"]
        self.assertEqual(ada.post("/me/ticket-updates/ack", {"cursor": second}).json(), {"cursor": second})
        self.assertEqual(ada.post("/me/ticket-updates/ack", {"cursor": 1}).json(), {"cursor": second})
        self.assertEqual([one["ticket_id"] for one in self.updates(ada)["items"]], [tickets[2]["id"]])
        # A persona, and a service key, have places of their own.
        self.assertEqual(len(self.updates(ada, "?persona=smith")["items"]), 3)
        key, other = self.key(ada, org), self.key(ada, org, "knowledge:read")
        self.assertEqual(len(self.updates(key)["items"]), 3)
        self.assertEqual(key.post("/me/ticket-updates/ack", {"cursor": got["next_cursor"], "persona": "x"}).json(), {"cursor": got["next_cursor"]})
        self.assertEqual(self.updates(key)["items"], [])
        self.assertEqual(len(self.updates(ada, "?persona=smith")["items"]), 3)
        self.assertEqual(other.get("/me/ticket-updates").status, 403)
        # A key sees nothing of its maker's tickets beyond its organisation and its projects.
        elsewhere, remote = self.project(ada)
        mine = self.make(ada, elsewhere)
        self.say(self.reader(remote), mine)
        self.age()
        bound = self.key(ada, org, project_ids=[self.project(ada, org)[0]])
        self.assertIn(mine["id"], [one["ticket_id"] for one in self.updates(ada)["items"]])
        self.assertEqual([one["ticket_id"] for one in self.updates(self.key(ada, org))["items"]], [ticket["id"] for ticket in tickets])
        self.assertEqual(self.updates(bound)["items"], [])
        # Something new on a ticket that was read moves behind the place.
        self.say(grace, tickets[0])
        self.age()
        self.assertIn(tickets[0]["id"], [one["ticket_id"] for one in self.updates(ada)["items"]])
        for answer in (ada.get("/me/ticket-updates?persona=svc:x"), ada.post("/me/ticket-updates/ack", {"cursor": 1, "persona": "svc:x"})):
            self.assertEqual((answer.status, answer.json()["error"]["message"]), (422, "Personas do not begin with svc:"), answer)
        self.assertInvalid(ada.post("/me/ticket-updates/ack", {}), ("body", "cursor"))
        self.assertInvalid(ada.get("/me/ticket-updates?persona=" + "x" * 51), ("query", "persona"))

    def test_whose_turn_it_is(self):
        ada, org, project, _ = self.team()
        grace, smith = self.member(ada), self.member(ada)
        answer = ada.post(f"/orgs/{org}/personas", {"name": "smith", "role": "Smith", "represented_user": smith.id})
        self.assertEqual(answer.status, 201, answer)

        def last(caller):
            items = self.notifications(caller)["items"]
            caller.post("/me/ticket-notifications/read", {"all": True})
            return items[0]["kind"] if items and not items[0]["read_at"] else None
        ticket = self.make(ada, project, assigned_to="Smith")
        self.assertEqual((ticket["assigned_to"], last(smith), last(ada)), ("smith", "your_turn", None))
        self.assertEqual(smith.put(self.path(ticket, "/watch"), {}).json()["source"], "assignee")
        self.do(smith, ticket, "start")
        self.assertEqual(last(ada), "status")
        self.do(smith, ticket, "complete", body={"notes": "x"})
        self.assertEqual(last(ada), "your_turn")
        self.do(grace, ticket, "reopen")
        self.assertEqual((last(ada), last(smith)), ("status", "your_turn"))
        self.trust(ada, org, user_id=grace.id)
        self.say(grace, ticket, f"Codex R1 review on {ticket['id']}: CHANGES REQUESTED", author_persona="codex-reviewer")
        self.assertEqual((last(ada), last(smith)), ("review_verdict", "your_turn"))
        self.say(grace, ticket, "words", author_persona="codex-reviewer")
        self.assertEqual((last(ada), last(smith)), ("comment", "comment"))
        other = self.make(ada, project)
        ada.put(self.path(other), {"assigned_to": "SMITH"})
        self.assertEqual(last(smith), "your_turn")
        waiting = self.make(smith, project, depends_on=[ticket["id"]])
        self.set(waiting, status="blocked")
        self.set(ticket, status="review")
        self.do(ada, ticket, "accept")
        self.assertIn("dependency_unblocked", [one["kind"] for one in self.notifications(smith)["items"]])

    # --- with the project and the account

    def test_tickets_go_with_their_project(self):
        ada, _, project, _ = self.team()
        one = self.make(ada, project)
        self.make(ada, project, depends_on=[one["id"]])
        self.say(ada, one)
        self.assertEqual(ada.delete(f"/projects/{project}").status, 200)
        for table in ("projects_tickets", ):
            self.assertEqual(self.sql(f"SELECT COUNT(*) FROM {table} WHERE project_id = '{project}'"), [["0"]])
        for table in ("projects_ticket_comments", "projects_ticket_watchers"):
            self.assertEqual(self.sql(f"SELECT COUNT(*) FROM {table} WHERE ticket_id = '{one['id']}'"), [["0"]])

    def test_tickets_move_with_a_merge(self):
        ada, org, into, _ = self.team()
        project, _ = self.project(ada, org)
        one = self.make(ada, project)
        two = self.make(ada, project, depends_on=[one["id"]])
        answer = ada.post(f"/projects/{into}/merge", {"source_project_id": project, "dry_run": False})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["stats"]["tickets"], 2, answer)
        moved = self.read(ada, {**two, "project_id": into})
        self.assertEqual((moved["project_id"], moved["depends_on"]), (into, [one["id"]]))
        for method, suffix, body in (("GET", "", None), ("PUT", "", {"title": "x"}), ("GET", "/comments", None), ("POST", "/comments", {"content": "x"}), ("GET", "/review-state", None),
                                     ("PUT", "/watch", {}), ("DELETE", "/watch", None), ("POST", "/escalate", None),
                                     *(("POST", f"/{move}", {"notes": "x"} if move == "complete" else None) for move in MOVE_NAMES)):
            answer = ada.call(method, self.path(one, suffix), body)
            self.assertCode(answer, 410, "project_merged", answer.json()["error"]["message"], merged_into=into)
        for answer in (ada.get(f"/projects/{project}/tickets"), ada.post(f"/projects/{project}/tickets", {"title": "x"})):
            self.assertEqual(answer.status, 410, answer)


class OnSqlite(Tickets, Ticketing):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Tickets, OnPostgresDatabase, Ticketing):
    pass


if __name__ == "__main__":
    unittest.main()
