"""What agents read of a project while they worked: contexts, events, and who sees them."""
import re
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
NO_CONTEXT = "No such retrieval context"


class RetrievalAudits:
    """The tests; subclasses choose the database."""

    def context(self, caller, project, **body):
        answer = caller.post(f"/projects/{project['id']}/retrieval-audit-contexts", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def record(self, caller, project, context, **body):
        return caller.post(f"/projects/{project['id']}/retrieval-audit-events", {"context_id": context["id"], "tool_name": "search_project_knowledge", **body})

    def test_a_context_is_opened_and_filled(self):
        owner, _, project = self.team()
        self.assertEqual(owner.post(f"/projects/{project['id']}/personas", {"name": "Atlas", "role": "Writes"}).status, 201)
        ticket = owner.post(f"/projects/{project['id']}/tickets", {"title": "Work"}).json()
        bare = self.context(owner, project)
        self.assertTrue(re.fullmatch(r"ra_[0-9a-f]{24}", bare["id"]), bare)
        self.assertRegex(bare["created_at"], MICROS)
        self.assertEqual(bare, {"id": bare["id"], "project_id": project["id"], "ticket_id": None, "persona_name": None, "lease_epoch": None, "created_by_user_id": owner.id,
                                "created_at": bare["created_at"], "closed_at": None})
        context = self.context(owner, project, ticket_id=ticket["id"], persona_name="atlas", lease_epoch=0)
        self.assertEqual((context["ticket_id"], context["persona_name"], context["lease_epoch"]), (ticket["id"], "Atlas", 0))
        answer = self.record(owner, project, context, session_id="ses_0123456789", arguments={"query": "cache"}, returned_refs={"entries": ["1", "2"], "pages": [{"slug": "a", "title": "A"}]},
                             source="cli")
        first = answer.json()
        self.assertEqual((answer.status, first), (201, {
            "id": first["id"], "context_id": context["id"], "project_id": project["id"], "session_id": "ses_0123456789", "tool_name": "search_project_knowledge",
            "arguments": {"query": "cache"}, "returned_refs": {"entries": ["1", "2"], "pages": [{"slug": "a", "title": "A"}]}, "source": "cli", "caller_user_id": owner.id,
            "created_at": first["created_at"]}))
        second = self.record(owner, project, context).json()
        self.assertEqual((second["arguments"], second["returned_refs"], second["source"], second["session_id"]), ({}, {}, "mcp", None))
        log = {"session_id": None, "retrieval_audit_id": context["id"], "events": [first, second], "count": 2, "next_after": None}
        path = f"/retrieval-audit-contexts/{context['id']}/events"
        self.assertOk(owner.get(path), log)
        self.assertOk(owner.get(path + "/"), log)
        self.assertOk(owner.get(path + "?limit=1"), {**log, "events": [first], "count": 1, "next_after": first["id"]})
        self.assertOk(owner.get(path + f"?limit=1&after={first['id']}"), {**log, "events": [second], "count": 1})
        self.assertOk(owner.get(f"/retrieval-audit-contexts/{bare['id']}/events"), {**log, "retrieval_audit_id": bare["id"], "events": [], "count": 0})
        for query, name in (("limit=0", "limit"), ("limit=1001", "limit"), ("after=-1", "after"), ("after=x", "after")):
            self.assertInvalid(owner.get(f"{path}?{query}"), ("query", name))

    def test_what_a_context_names_is_of_the_project(self):
        owner, org, project = self.team()
        other = self.project(owner, org)
        ticket = owner.post(f"/projects/{other['id']}/tickets", {"title": "Elsewhere"}).json()["id"]
        path = f"/projects/{project['id']}/retrieval-audit-contexts"
        self.assertPlain(owner.post(path, {"ticket_id": ticket}), 422, "The project has no such ticket")
        self.assertPlain(owner.post(path, {"persona_name": "nobody"}), 422, "The project has no active persona of that name")
        self.assertInvalid(owner.post(path, {"lease_epoch": -1}), ("body", "lease_epoch"))
        context = self.context(owner, project)
        self.assertPlain(self.record(owner, other, context), 404, NO_CONTEXT)
        self.assertPlain(self.record(owner, project, {"id": "ra_000000000000000000000000"}), 404, NO_CONTEXT)

    def test_references_are_lists_of_texts_or_small_objects(self):
        ada = self.account("pro")
        project = self.project(ada)
        context = self.context(ada, project)
        fits = {"a" * 64: ["x" * 1000] * 3, "objects": [{str(n): "v" * 256 for n in range(8)}], "none": []}
        self.assertEqual(self.record(ada, project, context, returned_refs=fits).json()["returned_refs"], fits)
        for refs, *place in (({"a": "x"}, "a"), ({"a": {"b": "c"}}, "a"), ({"a": None}, "a"), ({"a": [1]}, "a", 0), ({"a": [None]}, "a", 0), ({"a": ["b", ["c"]]}, "a", 1), ({"a": [{}]}, "a", 0),
                             ({"a": [{str(n): "v" for n in range(9)}]}, "a", 0), ({"a": [{"k": 5}]}, "a", 0), ({"a": [{"k": "v" * 257}]}, "a", 0), ({"a": [{"k" * 257: "v"}]}, "a", 0),
                             ({"a": ["x"] * 501}, "a"), ({"a": ["x" * 1001]}, "a", 0), ({"k" * 65: []},), ({f"k{n}": [] for n in range(51)},)):
            with self.subTest(str(refs)[:60]):
                self.assertInvalid(self.record(ada, project, context, returned_refs=refs), ("body", "returned_refs", *place))
        for body, field in (({"arguments": []}, "arguments"), ({"returned_refs": []}, "returned_refs"), ({"tool_name": ""}, "tool_name"), ({"tool_name": "t" * 101}, "tool_name"),
                            ({"source": "s" * 21}, "source"), ({"context_id": ""}, "context_id")):
            self.assertInvalid(self.record(ada, project, context, **body), ("body", field))

    def test_long_ones_are_kept_as_their_size(self):
        ada = self.account("pro")
        project = self.project(ada)
        context = self.context(ada, project)
        kept = self.record(ada, project, context, arguments={"a": "x" * 16_376}).json()["arguments"]
        self.assertEqual(kept, {"a": "x" * 16_376}, "16 KiB of JSON")
        self.assertEqual(self.record(ada, project, context, arguments={"a": "x" * 16_377}).json()["arguments"], {"_truncated": True, "_original_bytes": 16_385})
        refs = {"a": ["x" * 100] * 400}
        self.assertEqual(self.record(ada, project, context, returned_refs=refs).json()["returned_refs"], {"_truncated": True, "_original_bytes": 41_207})
        self.assertEqual(self.record(ada, project, context, arguments={"a": "x" * 600_000}).status, 413)

    def test_who_may_do_what(self):
        owner, org, project = self.team()
        member, other, admin, reader, stranger = self.member(owner), self.member(owner), self.member(owner, "admin"), self.reader(project), self.account()
        context = self.context(member, project)
        self.assertEqual(self.record(member, project, context).status, 201)
        self.assertPlain(self.record(other, project, context), 403, "Somebody else opened the retrieval context")
        self.assertPlain(self.record(owner, project, context), 403, "Somebody else opened the retrieval context")
        forbidden = "The project is not yours, nor your organisation's, and you have no session of it"
        self.assertPlain(self.record(stranger, project, context), 403, forbidden)
        self.assertPlain(stranger.post(f"/projects/{project['id']}/retrieval-audit-contexts", {}), 403, forbidden)
        self.assertEqual(self.record(reader, project, self.context(reader, project)).status, 201, "whoever reaches the project may say what was read")
        path = f"/retrieval-audit-contexts/{context['id']}/events"
        for caller in (member, owner, admin):
            self.assertEqual(caller.get(path).json()["count"], 1)
        for caller in (other, reader, stranger):
            self.assertPlain(caller.get(path), 404, NO_CONTEXT)
        self.assertPlain(member.get("/retrieval-audit-contexts/ra_000000000000000000000000/events"), 404, NO_CONTEXT)
        key = self.key(owner, org, "retrieval_audit:read", "tickets:write")
        for answer in (key.get(path), self.record(key, project, context), key.post(f"/projects/{project['id']}/retrieval-audit-contexts", {})):
            self.assertCode(answer, 403, "service_key_not_allowed", "Service keys are not allowed here", service_key_name="ci")
        self.assertEqual(support.request(self.server, "GET", "/api/v1" + path).status, 401)

    def test_starting_a_ticket_opens_a_context(self):
        owner, _, project = self.team()
        member = self.member(owner)
        ticket = owner.post(f"/projects/{project['id']}/tickets", {"title": "Work"}).json()
        started = member.post(f"/projects/{project['id']}/tickets/{ticket['id']}/start").json()
        context = {"id": started["retrieval_audit_id"]}
        self.assertEqual(self.record(member, project, context).status, 201)
        row = self.sql(f"SELECT project_id, ticket_id, lease_epoch, created_by FROM projects_retrieval_contexts WHERE id = '{context['id']}'")[0]
        self.assertEqual([str(value) for value in row], [project["id"], ticket["id"], "1", member.id])
        closed = lambda: int(self.sql(f"SELECT COUNT(*) FROM projects_retrieval_contexts WHERE id = '{context['id']}' AND closed_at IS NOT NULL")[0][0])
        path = f"/projects/{project['id']}/tickets/{ticket['id']}"
        for move, body, count in (("block", None, 0), ("unblock", None, 0), ("complete", {"notes": "done"}, 1)):
            self.assertEqual(member.post(f"{path}/{move}", body).status, 200)
            self.assertEqual(closed(), count, move)
        self.assertEqual(self.record(member, project, context).status, 201, "what was read last may be told later")

    def test_a_context_has_so_many_events(self):
        ada = self.account("pro")
        project = self.project(ada)
        context = self.context(ada, project)
        self.assertEqual(self.record(ada, project, context).status, 201)
        self.assertEqual(str(self.sql(f"SELECT event_count FROM projects_retrieval_contexts WHERE id = '{context['id']}'")[0][0]), "1")
        self.sql(f"UPDATE projects_retrieval_contexts SET event_count = 10000 WHERE id = '{context['id']}'")
        self.assertPlain(self.record(ada, project, context), 409, "The context has as many events as it may have (10000)")

    def test_a_merged_project_says_where_it_went(self):
        owner, org, project = self.team()
        into = self.project(owner, org)
        context = self.context(owner, project)
        self.assertEqual(self.record(owner, project, context).status, 201)
        answer = owner.post(f"/projects/{into['id']}/merge", {"source_project_id": project["id"], "dry_run": False})
        self.assertEqual((answer.status, answer.json()["stats"]["retrieval_audit_contexts"]), (200, 1), answer)
        for answer in (self.record(owner, project, context), owner.post(f"/projects/{project['id']}/retrieval-audit-contexts", {})):
            self.assertCode(answer, 410, "project_merged", answer.json()["error"]["message"], merged_into=into["id"])
        self.assertEqual(owner.get(f"/retrieval-audit-contexts/{context['id']}/events").json()["events"][0]["project_id"], into["id"])

    def test_nothing_is_left_of_a_project_that_is_deleted(self):
        ada = self.account("pro")
        project = self.project(ada)
        context = self.context(ada, project)
        self.record(ada, project, context)
        self.assertEqual(ada.delete(f"/projects/{project['id']}").status, 200)
        self.assertPlain(ada.get(f"/retrieval-audit-contexts/{context['id']}/events"), 404, NO_CONTEXT)
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM projects_retrieval_events WHERE context_id = '{context['id']}'")[0][0]), 0)


class OnSqlite(RetrievalAudits, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(RetrievalAudits, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
