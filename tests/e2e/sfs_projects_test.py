"""The unmodified `sfs` clients of PyPI, an old and the newest one, over projects: organisation, knowledge, wiki, tickets, personas, runs, rules, transfers, keys,
and the project tools of their MCP server, on SQLite and PostgreSQL."""
import json
import re
import subprocess
import unittest

import support
from mortise_server import SLOW, MortiseServer, OnPostgresDatabase, OnSqliteDatabase, Postgres
from sfs_clients_test import ENVIRONMENTS, NUMBERS, Mcp, Person

TIME_LIMIT = 900
KEY = re.compile(r"sk_sfs_[0-9a-f]{32}")


class Colleague(Person):
    """Somebody with a checkout of one repository, and an editor that appends what it is told."""

    typed = ""

    def __init__(self, case, name, repository):
        self.repository = repository
        super().__init__(case, name)
        self.git("remote", "set-url", "origin", f"git@github.com:{repository}.git")
        self.editor = self.home / "editor"
        self.editor.write_text('#!/bin/sh\nprintf "%s\\n" "$TYPED" >> "$1"\n')
        self.editor.chmod(0o755)

    def git(self, *words):
        subprocess.run(["git", "-C", str(self.project), *words], check=True, capture_output=True, env=super().environment())

    def environment(self):
        return {**super().environment(), "EDITOR": str(getattr(self, "editor", "true")), "VISUAL": str(getattr(self, "editor", "true")), "TYPED": self.typed,
                "TERM": "dumb"}

    def edits(self, text, *words):
        self.typed = text
        try:
            return self.sfs(*words)
        finally:
            self.typed = ""

    def project_id(self):
        return self.api("GET", f"projects/{self.repository.lower()}")["id"]

    def of_project(self, method, path, body=None, status=200):
        return self.api(method, f"projects/{self.project_id()}/{path}", body, status)


class Day(OnSqliteDatabase):
    """The tests; subclasses choose client and database."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.program = ENVIRONMENTS / f"sfs-{cls.VERSION}" / "bin" / "sfs"
        if not cls.program.exists():
            raise unittest.SkipTest(f"sfs {cls.VERSION} is not installed: ./dev setup --tests")
        cls.server = MortiseServer({**support.QUICK, **cls.database(), "auth.require_email_verification": "false", "limits.enabled": "false"},
                                   modules=["auth", "sync", "scheduler", "projects"]).start()
        cls.addClassCleanup(cls.server.stop)

    def person(self, name="ada", repository=None):
        return Colleague(self, name, repository or f"Acme/shop-{next(NUMBERS)}")

    def with_project(self, *words):
        ada = self.person()
        ada.sfs("project", "init", *words)
        return ada

    def founded(self):
        """Ada, Bob and the id of their organisation; both have the repository, and its project belongs to the organisation."""
        ada = self.person()
        bob = self.person("bob", ada.repository)
        slug = f"shop-{next(NUMBERS)}"
        self.assertIn(slug, ada.sfs("org", "create", "The Shop", slug) + ada.sfs("org", "info"))
        org = ada.api("GET", "org")["org"]["id"]
        ada.sfs("org", "invite", bob.email, "--role", "member")
        (invite,) = bob.api("GET", "org/invites/me")["invites"]
        bob.api("POST", f"org/invite/{invite.get('id') or invite['invite_id']}/accept")
        ada.sfs("project", "init", "--org", org)
        return ada, bob, org

    def entry(self, person, content, kind="decision", **more):
        return person.of_project("POST", "entries/add", {"content": content, "entry_type": kind, "confidence": 0.9, **more}, 201)

    # --- the organisation

    def test_an_organisation(self):
        ada, bob, org = self.founded()
        members = ada.sfs("org", "members")
        self.assertIn(ada.email, members)
        self.assertIn(bob.email, members)
        self.assertIn("The Shop", bob.sfs("org", "info"))
        ada.sfs("config", "default-org", org)
        self.assertEqual(ada.api("GET", "auth/me")["default_org_id"], org)
        bob_id = bob.api("GET", "auth/me")["user_id"]
        ada.sfs("org", "remove", bob_id if self.VERSION == "0.13.2" else bob.email)
        self.assertNotIn(bob.email, ada.sfs("org", "members"))
        bob.fails("project", "show")

    # --- the project and its document

    def test_a_project_and_its_document(self):
        ada, bob, _ = self.founded()
        self.assertIn(ada.repository.lower(), ada.sfs("project", "show").lower())
        self.assertIn("already exists", ada.sfs("project", "init"))
        document = ada.home / "context.md"
        document.write_text("# The shop\n\nWe sell clocks.\n")
        ada.sfs("project", "set-context", str(document))
        self.assertIn("We sell clocks.", bob.sfs("project", "get-context"))
        ada.edits("And watches.", "project", "edit")
        self.assertIn("And watches.", bob.sfs("project", "get-context"))
        ada.sfs("project", "set", "--name", "Clock shop")
        ada.sfs("project", "set", "--auto-narrative")
        self.assertIn("Clock shop", bob.sfs("project", "show"))
        self.assertTrue(ada.api("GET", f"projects/{ada.repository.lower()}")["auto_narrative"])
        if self.VERSION != "0.13.2":
            self.assertIn("Clock shop", ada.sfs("project", "list"))
            ada.sfs("project", "compile-schedule", "nightly")
        stranger = self.person("eve", ada.repository)
        stranger.fails("project", "get-context")

    # --- knowledge and wiki

    def test_knowledge(self):
        ada = self.with_project()
        claims = [self.entry(ada, text) for text in (
            "The checkout in src/checkout.py calls the payment service with an idempotency key, so that it may be repeated safely.",
            "Prices are whole cents in the column amount_cents, never floating point numbers, in each table and in each answer.",
            "The nightly import in jobs/stock.py reads what the wholesaler delivers before six in the morning.")]
        self.entry(ada, "A thought about the stock that nobody has checked yet, and that is long enough.", "discovery")
        self.assertIn("idempotency", ada.sfs("project", "entries", "--limit", "10"))
        self.assertIn("decision", ada.sfs("project", "entries", "--type", "decision"))
        ada.sfs("project", "entries", "--pending")
        ada.sfs("project", "health")
        ada.sfs("project", "promote-eligible")
        ada.sfs("project", "promote-eligible", "--confirm")
        ada.sfs("project", "compile")
        self.assertIn("idempotency", ada.sfs("project", "get-context"))
        self.assertIn("idempotency", ada.sfs("project", "ask", "How does the checkout call the payment service?", input="n\n"))
        ada.sfs("project", "dismiss", str(claims[0]["id"]))
        self.assertTrue(ada.of_project("GET", f"entries/{claims[0]['id']}")["dismissed"])
        ada.sfs("project", "rebuild")
        self.assertIn("key-decisions", ada.sfs("project", "pages"))
        ada.of_project("PUT", "pages/guides/release", {"title": "Release", "content": "# Release\n\nPress the button."})
        self.assertIn("Release", ada.sfs("project", "pages"))
        self.assertIn("Press the button.", ada.sfs("project", "page", "guides/release"))
        ada.sfs("project", "regenerate", "key-decisions")
        self.assertIn("amount_cents", ada.sfs("project", "page", "key-decisions"))

    # --- personas

    def test_personas(self):
        ada = self.with_project()
        ada.sfs("persona", "create", "atlas", "--role", "Backend", "--content", "# Atlas\n\nKnows the database.", "--spec", "sql", "--spec", "queues")
        self.assertIn("atlas", ada.sfs("persona", "list"))
        self.assertIn("Knows the database.", ada.sfs("persona", "show", "atlas", "--raw"))
        ada.edits("And the cache.", "persona", "edit", "atlas")
        self.assertIn("And the cache.", ada.sfs("persona", "show", "atlas", "--raw"))
        ada.sfs("persona", "pull", "--all")
        pulled = list((ada.project / ".agents").glob("atlas*.md"))
        self.assertEqual(len(pulled), 1)
        self.assertIn("And the cache.", pulled[0].read_text())
        ada.sfs("persona", "assume", "atlas")
        self.assertIn("atlas", (ada.home / ".sessionfs" / "active_ticket.json").read_text())
        ada.sfs("persona", "forget")
        ada.sfs("persona", "delete", "atlas", "--yes")
        self.assertNotIn("atlas", ada.sfs("persona", "list"))

    # --- tickets

    def made(self, person, title, *words):
        return re.search(r"tk_[0-9a-f]{16}", person.sfs("ticket", "create", "--title", title, "--output-id", *words)).group()

    def status(self, person, ticket):
        return person.of_project("GET", f"tickets/{ticket}")["status"]

    def test_a_ticket_from_its_creation_to_its_end(self):
        ada, bob, _ = self.founded()
        ada.sfs("persona", "create", "atlas", "--role", "Backend", "--content", "# Atlas\n\nKnows the database.")
        ticket = self.made(ada, "Mend the checkout", "--description", "It charges twice.", "--assigned-to", "atlas", "--priority", "high", "--criteria", "It charges once",
                           "--file", "src/checkout.py")
        later = self.made(ada, "Tell the customers", "--depends-on", ticket)
        self.assertIn("Mend the checkout", bob.sfs("ticket", "list", "--assigned-to", "atlas", "--status", "open", "--priority", "high"))
        shown = bob.sfs("ticket", "show", ticket)
        for word in ("It charges twice.", "It charges once", "src/checkout.py"):
            self.assertIn(word, shown)
        started = ada.sfs("ticket", "start", ticket)
        self.assertIn("Knows the database.", started)
        self.assertEqual(self.status(bob, ticket), "in_progress")
        self.assertIn(ticket, ada.sfs("ticket", "status"))
        bob.fails("ticket", "start", ticket)
        ada.sfs("ticket", "comment", ticket, "--content", "I have found the line.", "--as", "atlas")
        self.assertIn("I have found the line.", bob.sfs("ticket", "comments", ticket))
        ada.sfs("ticket", "block", ticket)
        self.assertEqual(self.status(ada, ticket), "blocked")
        ada.sfs("ticket", "unblock", ticket)
        ada.sfs("ticket", "complete", ticket, "--notes", "It charges once now.", "--file", "src/checkout.py")
        self.assertEqual(self.status(ada, ticket), "review")
        ada.sfs("ticket", "review-state", ticket)
        ada.sfs("ticket", "reopen", ticket)
        self.assertEqual(self.status(ada, ticket), "open")
        ada.sfs("ticket", "start", ticket)
        ada.sfs("ticket", "complete", ticket, "--notes", "Now with a test.")
        ada.sfs("ticket", "resolve", ticket)
        self.assertEqual(self.status(ada, ticket), "done")
        self.assertIn("Now with a test.", ada.sfs("ticket", "comments", later), "whoever waits for a ticket is told its notes")
        self.assertIn("I have found the line.", ada.sfs("ticket", "watch", ticket, "--interval", "5", "--until-closed"))

    def test_tickets_that_change_and_end_otherwise(self):
        ada = self.with_project()
        for name in ("atlas", "iris"):
            ada.sfs("persona", "create", name, "--role", "Backend", "--content", f"# {name}\n\nKnows things.")
        ticket = self.made(ada, "Mend the stock", "--assigned-to", "atlas")
        ada.sfs("ticket", "update", ticket, "--title", "Mend the whole stock", "--description", "All of it", "--priority", "low")
        self.assertIn("Mend the whole stock", ada.sfs("ticket", "show", ticket))
        ada.sfs("ticket", "assign", ticket, "--to", "iris")
        self.assertEqual(ada.of_project("GET", f"tickets/{ticket}")["assigned_to"], "iris")
        ada.sfs("ticket", "escalate", ticket, "--reason", "The shelves are empty")
        self.assertEqual(ada.of_project("GET", f"tickets/{ticket}")["priority"], "medium")
        self.assertIn("The shelves are empty", ada.sfs("ticket", "comments", ticket))
        ada.sfs("ticket", "dismiss", ticket)
        self.assertEqual(self.status(ada, ticket), "cancelled")
        issue = self.made(ada, "The autumn release", "--kind", "issue")
        child = self.made(ada, "One part of it", "--parent", issue)
        self.assertIn(child, ada.sfs("ticket", "list", "--kind", "task"))
        ada.sfs("ticket", "start", issue)
        ada.sfs("ticket", "close", issue)
        self.assertEqual(self.status(ada, issue), "closed")
        suggested = ada.of_project("POST", "tickets", {"title": "An agent's idea", "source": "agent", "description": "A long enough description of the idea.",
                                                       "acceptance_criteria": ["It works"], "created_by_session_id": "ses_0123456789abcdef"}, 201)
        if suggested["status"] == "suggested":
            ada.sfs("ticket", "approve", suggested["id"])
            self.assertEqual(self.status(ada, suggested["id"]), "open")
        if self.VERSION != "0.13.2":
            ada.sfs("ticket", "follow", child)
            ada.sfs("ticket", "inbox")
            ada.sfs("ticket", "updates")
            ada.sfs("ticket", "unfollow", child)

    # --- runs of agents

    def test_runs_of_agents(self):
        ada = self.with_project()
        ada.sfs("persona", "create", "atlas", "--role", "Backend", "--content", "# Atlas\n\nKnows the database.")
        ticket = self.made(ada, "Review the checkout")
        run = re.search(r"run_[0-9a-f]{16}", ada.sfs("agent", "run", "atlas", "--ticket", ticket, "--fail-on", "high", "--output-id")).group()
        findings = ada.home / "findings.json"
        findings.write_text(json.dumps([{"severity": "high", "title": "It charges twice", "file": "src/checkout.py", "line": 7, "rule": "money"}]))
        failed = ada.run("agent", "complete", run, "--summary", "One finding", "--severity", "high", "--findings-file", str(findings), "--enforce")
        self.assertEqual(failed.returncode, 1, failed.stdout + failed.stderr)
        self.assertIn("failed", ada.sfs("agent", "status", run))
        self.assertEqual(ada.of_project("GET", f"agent-runs/{run}")["exit_code"], 1)
        for form in ("json", "markdown"):
            self.assertIn(run, ada.sfs("agent", "status", run, "--format", form))
        second = re.search(r"run_[0-9a-f]{16}", ada.sfs("agent", "run", "atlas", "--output-id")).group()
        self.assertEqual(ada.run("agent", "complete", second, "--summary", "Nothing", "--enforce").returncode, 0)
        listed = ada.sfs("agent", "list", "--persona", "atlas")
        self.assertIn(run[:12], listed)
        self.assertIn(second[:12], listed)

    # --- rules

    def test_rules(self):
        ada, bob, _ = self.founded()
        file = ada.project / "CLAUDE.md"
        file.write_text("# Conventions\n\nWrite the test first.\n")
        self.assertIn("claude-code", ada.sfs("rules", "init", "--yes"))  # the tool whose file is there, and what it says
        ada.edits("Never charge twice.", "rules", "edit")
        rules = ada.of_project("GET", "rules")
        self.assertEqual((rules["enabled_tools"], rules["static_rules"]), (["claude-code"], "# Conventions\n\nWrite the test first.\nNever charge twice.\n"))
        self.assertIn("unmanaged", ada.sfs("rules", "show"))
        self.assertIn("Refused", ada.sfs("rules", "compile"))
        self.assertNotIn("Never charge twice.", file.read_text())
        ada.sfs("rules", "compile", "--force")
        written = file.read_text()
        for line in ("Write the test first.", "Never charge twice."):
            self.assertIn(line, written)
        self.assertIn("in-sync", ada.sfs("rules", "show"))
        ada.edits("Count in cents.", "rules", "edit")
        self.assertIn("wrote CLAUDE.md", ada.sfs("rules", "compile"))  # the file is managed now
        self.assertIn("Count in cents.", file.read_text())
        self.assertEqual([one["version"] for one in ada.of_project("GET", "rules/versions")], [2, 1])
        self.assertIn("new_version=False", ada.sfs("rules", "push"))
        self.assertIn("claude-code", bob.sfs("rules", "pull"))
        self.assertIn("Count in cents.", bob.sfs("rules", "emit", "--tool", "claude-code"))

    # --- repositories, transfers, merges

    def test_repositories(self):
        ada = self.with_project()
        other = f"acme/till-{next(NUMBERS)}"
        # With the scheme: 0.13.2 does not look for an address without one under the form that the server gives it.
        ada.sfs("project", "link-repo", f"https://github.com/{other}.git")
        listed = ada.sfs("project", "repos")
        self.assertIn(other, listed)
        self.assertIn(ada.repository.lower(), listed)
        ada.sfs("project", "unlink-repo", f"https://github.com/{other}.git")
        self.assertNotIn(other, ada.sfs("project", "repos"))
        self.assertNotIn("not found", ada.fails("project", "unlink-repo", f"https://github.com/{ada.repository.lower()}.git"))

    def test_a_transfer(self):
        ada, bob, org = self.founded()
        said = ada.sfs("project", "transfer", "--to", "personal")
        project = ada.api("GET", f"projects/{ada.repository.lower()}")
        if project["org_id"] is not None:
            ada.sfs("project", "transfer", "--accept", re.search(r"xfer_[0-9a-f]{16}", said).group())
            project = ada.api("GET", f"projects/{ada.repository.lower()}")
        self.assertIsNone(project["org_id"])
        ada.sfs("project", "transfers", "--direction", "outgoing")
        ada.sfs("project", "transfers")
        bob.fails("project", "get-context")
        ada.sfs("project", "transfer", "--to", org)
        self.assertEqual(ada.api("GET", f"projects/{ada.repository.lower()}")["org_id"], org)

    def test_a_merge(self):
        ada = self.with_project()
        source = ada.project_id()
        self.entry(ada, "The till of the old shop prints a receipt for each payment, in two languages.")
        ada.git("remote", "set-url", "origin", "git@github.com:" + (target_repository := f"Acme/new-{next(NUMBERS)}") + ".git")
        ada.sfs("project", "init")
        target = ada.api("GET", f"projects/{target_repository.lower()}")["id"]
        ada.sfs("project", "merge", source, "--into", target)
        self.assertEqual(len(ada.api("GET", f"projects/{target}/entries")), 0, "a dry run changes nothing")
        ada.sfs("project", "merge", source, "--into", target, "--confirm", input="y\n")
        self.assertIn("receipt", json.dumps(ada.api("GET", f"projects/{target}/entries")))
        answer = support.request(self.server, "GET", f"/api/v1/projects/{source}/entries", token=ada.key)
        self.assertEqual((answer.status, answer.json()["error"]["details"]["merged_into"]), (410, target), answer)

    # --- keys and reviewers

    def test_keys_and_reviewers(self):
        ada, bob, org = self.founded()
        minted = ada.sfs("admin", "service-keys", "create", "--org", org, "--name", "ci", "--scope", "tickets:read", "--scope", "tickets:write", "--expires-days", "30",
                         "--project", ada.project_id(), "--output-key")
        key = KEY.search(minted).group()
        self.assertIn("ci", ada.sfs("admin", "service-keys", "list", "--org", org))
        answer = support.request(self.server, "GET", f"/api/v1/projects/{ada.project_id()}/tickets", token=key)
        self.assertEqual((answer.status, answer.json()), (200, []), answer)
        (listed,) = ada.api("GET", f"orgs/{org}/service-keys")
        rotated = KEY.search(ada.sfs("admin", "service-keys", "rotate", listed["id"], "--org", org, "--output-key")).group()
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/projects/{ada.project_id()}/tickets", token=key).status, 401)
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/projects/{ada.project_id()}/tickets", token=rotated).status, 200)
        current = next(one["id"] for one in ada.api("GET", f"orgs/{org}/service-keys") if one["is_active"])
        bob_id = bob.api("GET", "auth/me")["user_id"]
        ada.sfs("admin", "trusted-reviewers", "add", "--org", org, "--user-id", bob_id)
        (reviewer,) = ada.api("GET", f"orgs/{org}/trusted-reviewers")
        self.assertIn(reviewer["id"][:10], ada.sfs("admin", "trusted-reviewers", "list", "--org", org))
        ada.sfs("admin", "trusted-reviewers", "revoke", reviewer["id"], "--org", org, "--reason", "left")
        self.assertEqual(ada.api("GET", f"orgs/{org}/trusted-reviewers"), [])
        ada.sfs("admin", "service-keys", "revoke", current, "--org", org, "--reason", "done")
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/projects/{ada.project_id()}/tickets", token=rotated).status, 401)
        self.assertIn("tickets:write", ada.sfs("admin", "service-keys", "scopes"))
        ada.sfs("admin", "reindex")
        for words in (("list-licenses",), ("create-trial", "Shop", "x@example.com")):
            self.assertNotIn("Traceback", ada.fails("admin", *words))

    # --- a session of the project

    def test_a_session_belongs_to_its_project(self):
        ada, bob, _ = self.founded()
        session = ada.captured(messages=12)
        ada.sfs("push", session)
        project = ada.project_id()
        self.assertEqual([one["id"] for one in ada.api("GET", "sessions")["sessions"]], [session])
        ticket = self.made(ada, "Look at the session")
        said = ada.sfs("handoff", session, "--to", bob.email, *(("--ticket", ticket) if self.VERSION != "0.13.2" else ()))
        handoff = re.search(r"hnd_[0-9a-f]{16}", said).group()
        bob.sfs("pull-handoff", handoff)
        self.assertEqual(bob.api("GET", f"handoffs/{handoff}")["status"], "claimed")
        self.assertEqual(ada.api("GET", f"handoffs/{handoff}")["source_project_id"], project)

    # --- the MCP server

    def test_the_tools_of_its_mcp_server(self):
        ada, bob, _ = self.founded()
        ada.sfs("persona", "create", "atlas", "--role", "Backend", "--content", "# Atlas\n\nKnows the database.")
        document = ada.home / "context.md"
        document.write_text("# The shop\n\nWe sell clocks.\n")
        ada.sfs("project", "set-context", str(document))
        with Mcp(self, ada) as mcp:
            self.assertIn("We sell clocks.", mcp.call("get_project_context"))
            mcp.call("add_knowledge", content="The checkout calls the payment service with an idempotency key, so that it may be repeated.", entry_type="decision")
            self.assertIn("idempotency", mcp.call("list_knowledge_entries") + mcp.call("search_project_knowledge", query="idempotency"))
            mcp.call("ask_project", question="How does the checkout call the payment service?")
            mcp.call("get_knowledge_health")
            mcp.call("compile_knowledge_base")
            mcp.call("update_wiki_page", slug="guides/release", title="Release", content="# Release\n\nPress the button.")
            self.assertIn("guides/release", mcp.call("list_wiki_pages"))
            self.assertIn("Press the button.", mcp.call("get_wiki_page", slug="guides/release"))
            mcp.call("get_wiki_page_history", slug="guides/release")
            mcp.call("get_rules")
            self.assertIn("atlas", mcp.call("list_personas"))
            self.assertIn("Knows the database.", mcp.call("get_persona", name="atlas"))
            mcp.call("create_persona", name="iris", role="Frontend", content="# Iris\n\nKnows the page.")
            ticket = re.search(r"tk_[0-9a-f]{16}", mcp.call("create_ticket", title="Mend the checkout", description="It charges twice, and it must charge once.",
                                                            acceptance_criteria=["It charges once"], assigned_to="atlas", source="human")).group()
            self.assertIn(ticket, mcp.call("list_tickets"))
            self.assertIn("It charges twice", mcp.call("get_ticket", ticket_id=ticket))
            if self.status(ada, ticket) == "suggested":
                ada.sfs("ticket", "approve", ticket)
            mcp.call("start_ticket", ticket_id=ticket)
            mcp.call("add_ticket_comment", ticket_id=ticket, content="I have found the line.")
            self.assertIn("I have found the line.", mcp.call("list_ticket_comments", ticket_id=ticket))
            self.assertIn("idempotency", mcp.call("search_project_knowledge", query="idempotency"))
            mcp.call("complete_ticket", ticket_id=ticket, notes="It charges once now.", changed_files=["src/checkout.py"])
            mcp.call("resolve_ticket", ticket_id=ticket)
            self.assertEqual(self.status(ada, ticket), "done")
            run = re.search(r"run_[0-9a-f]{16}", mcp.call("create_agent_run", persona_name="atlas")).group()
            ada.of_project("POST", f"agent-runs/{run}/start", None)
            mcp.call("complete_agent_run", run_id=run, result_summary="Nothing found", severity="none")
            self.assertIn(run, mcp.call("list_agent_runs"))


# Each takes minutes: a command of the client is a process that loads its whole library.
@unittest.skipUnless(support.LONG, "the long form: MORTISE_LONG=1")
class New(Day, unittest.TestCase):
    VERSION = "0.26.0"


@unittest.skipUnless(support.LONG, "the long form: MORTISE_LONG=1")
class Old(Day, unittest.TestCase):
    VERSION = "0.13.2"


@unittest.skipUnless(support.LONG and Postgres.available(), "the long form: MORTISE_LONG=1; or PostgreSQL is not installed")
class OldOnPostgres(OnPostgresDatabase, Old):
    pass


@unittest.skipUnless(support.LONG and Postgres.available(), "the long form: MORTISE_LONG=1; or PostgreSQL is not installed")
class NewOnPostgres(OnPostgresDatabase, New):
    pass


if __name__ == "__main__":
    unittest.main()
