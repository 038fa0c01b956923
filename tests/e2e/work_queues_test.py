"""Work queues: tickets that agents serve by themselves, wake by wake."""
import concurrent.futures
import re
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, numbers
from project_family import ProjectFamily

TIME_LIMIT = 300
EDIT = "Whoever only shares a session of the project can't change this"


class WorkQueues:
    """The tests; subclasses choose the database."""

    def ticket(self, caller, project, **body):
        answer = caller.post(f"/projects/{project['id']}/tickets", {"title": "Work", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    def queue(self, caller, project, **body):
        answer = caller.post(f"/projects/{project['id']}/work-queues", {"name": f"queue {next(numbers)}", "mode": "implement_until_done", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["work_queue"]

    def path(self, queue):
        return f"/projects/{queue['project_id']}/work-queues/{queue['id']}"

    def step(self, caller, queue, body=None):
        answer = caller.post(self.path(queue) + "/step", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def settle(self, caller, queue, directive, outcome="waited", **more):
        return caller.post(self.path(queue) + "/step/complete", {"item_id": directive["item_id"], "directive_id": directive["directive_id"], "ticket_id": directive["ticket_id"],
                                                                 "outcome": outcome, **more})

    def rested(self, queue):
        """As if the queue had been woken long ago, and no item rested."""
        self.sql(f"UPDATE projects_work_queues SET woken_at = 1 WHERE id = '{queue['id']}'")
        self.sql(f"UPDATE projects_work_queue_items SET next_eligible_at = NULL WHERE queue_id = '{queue['id']}'")

    def progress(self, caller, queue):
        return caller.get(self.path(queue)).json()["progress"]

    def assertField(self, answer, field, message):
        """A refusal with a text of its own that names a field of the body."""
        error = answer.json()["error"]
        self.assertEqual((answer.status, error["code"], error["message"], [one["loc"] for one in error["details"]["errors"]]), (422, "422", message, [["body", field]]), answer)

    def test_a_queue_is_made_read_and_listed(self):
        owner, _, project = self.team()
        tickets = [self.ticket(owner, project) for _ in range(2)]
        base = f"/projects/{project['id']}/work-queues"
        answer = owner.post(base, {"name": " Night ", "mode": "triage", "selector": {"ticket_ids": [*tickets, tickets[0]], "more": 1}, "assigned_persona": "atlas"})
        made = answer.json()
        queue = made["work_queue"]
        self.assertTrue(re.fullmatch(r"wq_[0-9a-f]{16}", queue["id"]), queue)
        self.assertRegex(queue["created_at"], MICROS)
        items = [{"id": item["id"], "ticket_id": ticket, "item_status": "pending"} for item, ticket in zip(queue["items"], tickets)]
        self.assertTrue(re.fullmatch(r"wqi_[0-9a-f]{16}", items[0]["id"]), items)
        whole = {"id": queue["id"], "project_id": project["id"], "name": "Night", "mode": "triage", "assigned_persona": "atlas",
                 "selector": {"ticket_ids": [*tickets, tickets[0]], "more": 1}, "auto_adopt": False, "max_adopt_per_wake": 5, "stop_condition": "queue_empty", "cadence_seconds": 300,
                 "max_tickets_per_run": 1, "max_attempts_per_item": 3, "status": "active", "lease_epoch": 0, "created_by_user_id": owner.id, "created_by_session_id": None,
                 "created_by_persona": None, "created_at": queue["created_at"], "updated_at": queue["created_at"],
                 "progress": {"pending": 2, "active": 0, "waiting": 0, "done": 0, "failed": 0}, "items": items}
        self.assertEqual((answer.status, made), (201, {"work_queue": whole, "items": items}))
        self.assertOk(owner.get(f"{base}/{queue['id']}"), whole)
        self.assertOk(owner.get(f"{base}/{queue['id']}?include_items=false"), {**whole, "items": None})
        other = self.queue(owner, project)
        for form in (base, base + "/", base + "?status=active"):
            self.assertOk(owner.get(form), [{**other, "items": None}, {**whole, "items": None}])
        self.assertOk(owner.get(base + "?limit=1"), [{**other, "items": None}])
        self.assertOk(owner.get(base + "?status=paused"), [])
        for query, name in (("status=nope", "status"), ("limit=0", "limit"), ("limit=201", "limit")):
            self.assertInvalid(owner.get(f"{base}?{query}"), ("query", name))
        self.assertPlain(owner.get(base + "/wq_0000000000000000"), 404, "No such work queue")
        self.assertEqual(self.audited("work_queue:" + queue["id"]), ["projects.work_queue_created"])

    def test_what_breaks_a_rule(self):
        owner, org, project = self.team()
        other = self.project(owner, org)
        elsewhere = self.ticket(owner, other)
        base = f"/projects/{project['id']}/work-queues"
        good = {"name": "q", "mode": "triage"}
        self.assertInvalid(owner.post(base, {}), ("body", "name"), ("body", "mode"))
        for body, *place in (({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": "x" * 101}, "name"), ({"mode": "nope"}, "mode"), ({"stop_condition": "nope"}, "stop_condition"),
                             ({"cadence_seconds": 119}, "cadence_seconds"), ({"max_tickets_per_run": 0}, "max_tickets_per_run"), ({"max_tickets_per_run": 6}, "max_tickets_per_run"),
                             ({"max_attempts_per_item": 0}, "max_attempts_per_item"), ({"max_adopt_per_wake": 101}, "max_adopt_per_wake"), ({"selector": []}, "selector"),
                             ({"selector": {"status": "nope"}}, "selector", "status"), ({"selector": {"kind": 5}}, "selector", "kind"),
                             ({"selector": {"ticket_ids": "x"}}, "selector", "ticket_ids"), ({"selector": {"ticket_ids": [5]}}, "selector", "ticket_ids"),
                             ({"selector": {"ticket_ids": ["x"] * 201}}, "selector", "ticket_ids"), ({"selector": {"ticket_ids": ["é" * 101]}}, "selector", "ticket_ids"),
                             ({"selector": {"assigned_to": "é" * 101}}, "selector", "assigned_to"), ({"selector": {"x": "y" * 17_000}}, "selector")):
            with self.subTest(str(body)[:60]):
                self.assertInvalid(owner.post(base, {**good, **body}), ("body", *place))
        self.assertCode(owner.post(base, {**good, "selector": {"ticket_ids": [elsewhere, "tk_x"]}}), 422, "cross_project_ticket", "The selector names tickets that the project does not have",
                        missing_ticket_ids=[elsewhere, "tk_x"])
        self.assertEqual(owner.post(base, {**good, "name": "é" * 100, "selector": {"assigned_to": "é" * 100}}).status, 201, "characters, not bytes")
        for name in ("system", " System "):
            self.assertField(owner.post(base, {**good, "assigned_persona": name}), "assigned_persona", "The persona system is the server's own")
        self.assertEqual(owner.post(base, good).status, 201)
        self.assertCode(owner.post(base, good), 409, "work_queue_name_conflict", "The project has a work queue of that name", name="q")

    def test_statuses_go_along_their_table(self):
        owner, _, project = self.team()
        allowed = {"active": ["paused", "completed", "cancelled"], "paused": ["active", "completed", "cancelled"], "completed": ["active", "cancelled"], "cancelled": []}
        way = {"active": [], "paused": ["paused"], "completed": ["completed"], "cancelled": ["cancelled"]}
        for start in allowed:
            for end in allowed:
                with self.subTest(f"{start} to {end}"):
                    queue = self.queue(owner, project)
                    for status in way[start]:
                        self.assertEqual(owner.post(self.path(queue) + "/status", {"status": status}).status, 200)
                    epoch = len(way[start])
                    answer = owner.post(self.path(queue) + "/status", {"status": end, "lease_epoch": epoch})
                    if end in allowed[start]:
                        self.assertEqual((answer.status, answer.json()["status"], answer.json()["lease_epoch"]), (200, end, epoch + 1))
                    else:
                        self.assertCode(answer, 409, "invalid_status_transition", f"A queue that is {start} can't become {end}", from_status=start, to_status=end, allowed=allowed[start])
        queue = self.queue(owner, project)
        self.assertCode(owner.post(self.path(queue) + "/status", {"status": "paused", "lease_epoch": 9}), 409, "stale_lease_epoch",
                        "The ticket was started or changed since that lease_epoch", passed_lease_epoch=9, current_lease_epoch=0)
        self.assertInvalid(owner.post(self.path(queue) + "/status", {"status": "nope"}), ("body", "status"))
        for status in ("paused", "completed", "cancelled"):
            self.assertEqual(owner.post(self.path(queue) + "/status", {"status": status}).status, 200)
            self.assertEqual(self.step(owner, queue), {"status": "stopped", "work_queue_run_id": None, "directives": [], "reason": status})

    def test_a_wake_hands_out_directives_which_come_again_until_they_are_settled(self):
        owner, _, project = self.team()
        tickets = [self.ticket(owner, project, priority="high") for _ in range(3)]
        queue = self.queue(owner, project, selector={"ticket_ids": tickets}, assigned_persona="atlas")
        self.assertEqual(owner.post(f"/projects/{project['id']}/tickets/{tickets[0]}/comments", {"content": "x" * 600}).status, 201)
        step = self.step(owner, queue)
        directive = step["directives"][0]
        self.assertTrue(re.fullmatch(r"wqr_[0-9a-f]{16}", step["work_queue_run_id"]), step)
        self.assertTrue(re.fullmatch(r"dir_[0-9a-f]{16}", directive["directive_id"]), step)
        comment = directive["comment_delta"][0]
        self.assertEqual(step, {"status": "ok", "work_queue_run_id": step["work_queue_run_id"], "directives": [{
            "directive_id": directive["directive_id"], "work_queue_run_id": step["work_queue_run_id"], "item_id": queue["items"][0]["id"], "intent": "implement",
            "ticket_id": tickets[0], "ticket_lease_epoch": 0, "review_round": None, "review_state": None,
            "ticket": {"id": tickets[0], "title": "Work", "status": "open", "kind": "task", "priority": "high", "assigned_to": None},
            "comment_delta": [{"id": comment["id"], "author_user_id": owner.id, "author_persona": None, "content": "x" * 500, "created_at": comment["created_at"]}],
            "persona_ref": "atlas", "expand_hints": ["get_ticket", "list_ticket_comments", "get_context_section"],
            "writeback_contract": {"directive_id": directive["directive_id"], "post_via": "add_ticket_comment", "required_lease_epoch": 0, "author_persona_is_server_derived": False,
                                   "settle_via": f"complete_work_queue_step(directive_id={directive['directive_id']})"}}]})
        self.assertEqual(self.step(owner, queue, {"max_tickets": 5}), step, "again, as it was")
        self.assertEqual(self.progress(owner, queue), {"pending": 2, "active": 1, "waiting": 0, "done": 0, "failed": 0})
        settled = self.settle(owner, queue, directive, "posted_progress", summary="half")
        self.assertOk(settled, {"status": "settled", "item_status": "waiting", "item_terminal": False, "attempts": 0})
        self.assertOk(self.settle(owner, queue, directive, "completed_ticket"), {"status": "idempotent_replay", "item_status": "waiting", "item_terminal": False,
                                                                                 "reason": "directive already settled", "attempts": 0})
        idle = self.step(owner, queue)
        self.assertRegex(idle.pop("next_eligible_at"), MICROS)
        self.assertEqual(idle, {"status": "idle", "work_queue_run_id": None, "directives": [], "reason": "cadence"})
        self.rested(queue)
        following = self.step(owner, queue)["directives"][0]
        self.assertEqual((following["ticket_id"], following["comment_delta"]), (tickets[0], []), "comments that were seen do not come again")
        self.assertNotEqual(following["directive_id"], directive["directive_id"])

    def test_comments_that_were_not_shown_come_with_the_next_directive(self):
        owner, _, project = self.team()
        ticket = self.ticket(owner, project)
        queue = self.queue(owner, project, selector={"ticket_ids": [ticket]})
        say = lambda text: self.assertEqual(owner.post(f"/projects/{project['id']}/tickets/{ticket}/comments", {"content": text}).status, 201)
        shown = lambda directive: [one["content"] for one in directive["comment_delta"]]
        for number in range(12):
            say(f"c{number}")
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual(shown(directive), [f"c{number}" for number in range(10)])
        say("later")
        self.assertEqual(self.step(owner, queue)["directives"], [directive], "as it was")
        self.assertEqual(self.settle(owner, queue, directive, failed=True).status, 200)
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual(shown(directive), [f"c{number}" for number in range(10)], "who failed may not have read them")
        self.assertEqual(self.settle(owner, queue, directive).status, 200)
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual(shown(directive), ["c10", "c11", "later"])
        self.assertEqual(self.settle(owner, queue, directive).status, 200)
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual(shown(directive), [])
        say("in between")
        self.assertEqual(shown(self.step(owner, queue)["directives"][0]), [], "as it was")
        self.assertEqual(self.settle(owner, queue, directive).status, 200)
        self.rested(queue)
        self.assertEqual(shown(self.step(owner, queue)["directives"][0]), ["in between"])

    def test_only_who_started_may_name_the_lease_before(self):
        owner, org, project = self.team()
        one, other = (self.key(owner, org, "work_queues:write", "tickets:write") for _ in range(2))
        ticket = self.ticket(owner, project)
        queue = self.queue(owner, project, selector={"ticket_ids": [ticket]})
        directive = self.step(owner, queue)["directives"][0]
        path = f"/projects/{project['id']}/tickets/{ticket}"
        self.assertEqual(one.post(path + "/start").status, 200)
        for caller in (owner, other):
            self.assertCode(self.settle(caller, queue, directive, ticket_lease_epoch=0), 409, "stale_lease_epoch", "The ticket was started or changed since that lease_epoch",
                            passed_lease_epoch=0, current_lease_epoch=1)
        self.assertEqual(owner.put(path, {"title": "Changed", "lease_epoch": 1}).status, 200)
        self.assertCode(self.settle(one, queue, directive, ticket_lease_epoch=0), 409, "stale_lease_epoch", "The ticket was started or changed since that lease_epoch",
                        passed_lease_epoch=0, current_lease_epoch=2)
        self.sql(f"UPDATE projects_tickets SET lease_epoch = 1 WHERE id = '{ticket}'")
        self.assertEqual(one.post(path + "/complete", {"notes": "x", "lease_epoch": 1}).status, 200)
        self.assertEqual(self.settle(one, queue, directive, "completed_ticket", ticket_lease_epoch=0).json()["item_status"], "done")

    def test_two_who_wake_a_queue_at_once_get_the_same(self):
        owner, _, project = self.team()
        queue = self.queue(owner, project, selector={"ticket_ids": [self.ticket(owner, project) for _ in range(8)]}, max_tickets_per_run=2)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            steps = list(pool.map(lambda _: self.step(owner, queue), range(16)))
        self.assertEqual(len({tuple(one["directive_id"] for one in step["directives"]) for step in steps}), 1)
        directive = steps[0]["directives"][0]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.settle(owner, queue, directive, failed=True).json(), range(16)))
        self.assertEqual(sorted(answer["status"] for answer in answers), ["idempotent_replay"] * 15 + ["settled"])
        self.assertEqual({answer["attempts"] for answer in answers}, {1})

    def test_what_a_settlement_must_say(self):
        owner, org, project = self.team()
        member = self.member(owner)
        tickets = [self.ticket(owner, project) for _ in range(2)]
        queue = self.queue(owner, project, selector={"ticket_ids": tickets})
        directive = self.step(owner, queue)["directives"][0]
        path = self.path(queue) + "/step/complete"
        self.assertEqual(owner.post(path, {}).status, 422)
        self.assertInvalid(self.settle(owner, queue, directive, "nope"), ("body", "outcome"))
        mismatch = "The directive is not the open one of this item and ticket; wake the queue to get that one again"
        item = directive["item_id"]
        self.assertCode(self.settle(owner, queue, {**directive, "directive_id": "dir_x"}), 409, "directive_mismatch", mismatch, item_id=item)
        self.assertCode(self.settle(owner, queue, {**directive, "ticket_id": tickets[1]}), 409, "directive_mismatch", mismatch, item_id=item)
        self.assertCode(self.settle(owner, queue, {**directive, "item_id": "wqi_x"}), 404, "item_not_found", "The queue has no such item", item_id="wqi_x")
        self.assertCode(self.settle(owner, queue, directive, ticket_lease_epoch=7), 409, "stale_lease_epoch", "The ticket was started or changed since that lease_epoch",
                        passed_lease_epoch=7, current_lease_epoch=0)
        no_comment = "The ticket has no such comment of yours"
        self.assertField(self.settle(owner, queue, directive, comment_id="tc_x"), "comment_id", no_comment)
        self.assertField(self.settle(owner, queue, directive, agent_run_id="run_x"), "agent_run_id", "The project has no such agent run")
        theirs = member.post(f"/projects/{project['id']}/tickets/{tickets[0]}/comments", {"content": "mine"}).json()["id"]
        self.assertField(self.settle(owner, queue, directive, comment_id=theirs), "comment_id", no_comment)
        not_yet = "The ticket is not yet where the outcome says"
        self.assertPlain(self.settle(owner, queue, directive, "completed_ticket"), 409, not_yet)
        started = owner.post(f"/projects/{project['id']}/tickets/{tickets[0]}/start").json()["ticket"]
        self.assertCode(self.settle(member, queue, directive, ticket_lease_epoch=0), 409, "stale_lease_epoch", "The ticket was started or changed since that lease_epoch",
                        passed_lease_epoch=0, current_lease_epoch=1)
        self.assertEqual(owner.post(f"/projects/{project['id']}/tickets/{tickets[0]}/complete", {"notes": "done", "lease_epoch": started["lease_epoch"]}).status, 200)
        self.assertPlain(self.settle(owner, queue, directive, "resolved"), 409, not_yet)
        comment = owner.post(f"/projects/{project['id']}/tickets/{tickets[0]}/comments", {"content": "done"}).json()["id"]
        done = self.settle(owner, queue, directive, "completed_ticket", comment_id=comment, ticket_lease_epoch=started["lease_epoch"])
        self.assertOk(done, {"status": "settled", "item_status": "done", "item_terminal": True, "attempts": 0})
        self.assertEqual(self.progress(owner, queue), {"pending": 1, "active": 0, "waiting": 0, "done": 1, "failed": 0})

    def test_failures_rest_and_end(self):
        owner, _, project = self.team()
        queue = self.queue(owner, project, selector={"ticket_ids": [self.ticket(owner, project)]}, max_attempts_per_item=2, cadence_seconds=120)
        first = self.settle(owner, queue, self.step(owner, queue)["directives"][0], failed=True).json()
        self.assertEqual((first["item_status"], first["attempts"]), ("waiting", 1))
        self.sql(f"UPDATE projects_work_queues SET woken_at = 1 WHERE id = '{queue['id']}'")
        self.assertEqual((self.step(owner, queue)["status"], self.step(owner, queue)["reason"]), ("idle", "cadence"), "the first wake found nothing that may be served")
        self.rested(queue)
        second = self.settle(owner, queue, self.step(owner, queue)["directives"][0], failed=True).json()
        self.assertEqual((second["item_status"], second["item_terminal"], second["attempts"]), ("failed", True, 2))
        self.rested(queue)
        self.assertEqual(self.step(owner, queue), {"status": "stopped", "work_queue_run_id": None, "directives": [], "reason": "queue_empty"})

    def test_tickets_that_are_over_are_done(self):
        owner, _, project = self.team()
        ticket = self.ticket(owner, project)
        queue = self.queue(owner, project, selector={"ticket_ids": [ticket]}, mode="triage")
        self.assertEqual(owner.post(f"/projects/{project['id']}/tickets/{ticket}/dismiss").status, 200)
        self.assertEqual(self.step(owner, queue)["reason"], "queue_empty")
        self.assertEqual(self.progress(owner, queue), {"pending": 0, "active": 0, "waiting": 0, "done": 1, "failed": 0})

    def test_conditions_find_tickets(self):
        owner, _, project = self.team()
        high = [self.ticket(owner, project, priority="high") for _ in range(3)]
        self.ticket(owner, project)
        once = self.queue(owner, project, mode="triage", selector={"priority": "high"}, max_adopt_per_wake=2, max_tickets_per_run=5)
        self.assertEqual(self.progress(owner, once)["pending"], 0)
        self.assertEqual([one["ticket_id"] for one in self.step(owner, once)["directives"]], [high[2], high[1]])
        for directive in self.step(owner, once)["directives"]:
            self.settle(owner, once, directive)
        self.rested(once)
        self.assertEqual(len(self.step(owner, once)["directives"]), 2, "once")
        always = self.queue(owner, project, mode="triage", selector={"priority": "high"}, auto_adopt=True, max_adopt_per_wake=2, max_tickets_per_run=5)
        for directive in self.step(owner, always)["directives"]:
            self.settle(owner, always, directive)
        self.rested(always)
        self.assertEqual(sorted(one["ticket_id"] for one in self.step(owner, always)["directives"]), sorted(high))
        nothing = self.queue(owner, project, mode="triage", selector={"status": "closed"})
        self.assertEqual(self.step(owner, nothing)["reason"], "queue_empty")
        manual = self.queue(owner, project, mode="triage", stop_condition="manual")
        self.assertEqual((self.step(owner, manual)["status"], self.step(owner, manual)["reason"]), ("idle", "cadence"))

    def test_named_tickets_do_not_keep_those_that_conditions_find_away(self):
        owner, _, project = self.team()
        named, high = self.ticket(owner, project), self.ticket(owner, project, priority="high")
        queue = self.queue(owner, project, mode="triage", selector={"ticket_ids": [named], "priority": "high"}, max_tickets_per_run=5)
        self.assertEqual([one["ticket_id"] for one in self.step(owner, queue)["directives"]], [named, high])
        # What is over does not hide what is not.
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 900) INSERT INTO projects_tickets (id, project_id, kind, status, priority, title, "
                 "description, source, created_by_user_id, lease_epoch, context_refs, file_refs, related_sessions, acceptance_criteria, changed_files, knowledge_entry_ids, depends_on, "
                 f"comment_count, actor_type, created_at, updated_at) SELECT 'tk_{queue['id'][-8:]}' || n, '{project['id']}', 'task', 'done', 'high', 'x', '', 'human', 'x', 0, '[]', '[]', '[]', "
                 "'[]', '[]', '[]', '[]', 0, 'user', 4000000000000000 + n, 1 FROM counted")
        always = self.queue(owner, project, mode="triage", selector={"priority": "high"}, auto_adopt=True)
        self.assertEqual([one["ticket_id"] for one in self.step(owner, always)["directives"]], [high])

    def test_a_full_queue_says_so(self):
        owner, _, project = self.team()
        ticket = self.ticket(owner, project)
        queue = self.queue(owner, project, mode="triage", selector={"kind": "task"}, auto_adopt=True)
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 500) INSERT INTO projects_work_queue_items (id, queue_id, position, ticket_id, "
                 f"item_status, attempts, created_at, updated_at) SELECT '{queue['id']}' || n, '{queue['id']}', n, 'tk_' || n, 'done', 0, 1, 1 FROM counted")
        self.sql(f"UPDATE projects_work_queues SET done = 500 WHERE id = '{queue['id']}'")
        self.assertEqual(self.step(owner, queue), {"status": "stopped", "work_queue_run_id": None, "directives": [], "reason": "queue_full"})
        self.assertEqual(owner.post(f"/projects/{project['id']}/tickets/{ticket}/dismiss").status, 200)
        self.rested(queue)
        self.assertEqual(self.step(owner, queue)["reason"], "queue_empty")

    def test_a_project_has_so_many_queues(self):
        owner, _, project = self.team()
        columns = ("assigned_persona, mode, selector, auto_adopt, max_adopt_per_wake, stop_condition, cadence_seconds, max_tickets_per_run, max_attempts_per_item, status, lease_epoch, "
                   "created_by_user_id, pending, active, waiting, done, failed, created_at, updated_at, project_id")
        queue = self.queue(owner, project)
        self.sql("WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 199) INSERT INTO projects_work_queues (id, name, " + columns + ") "
                 f"SELECT '{queue['id']}' || n, 'q' || n, {columns} FROM counted CROSS JOIN projects_work_queues WHERE id = '{queue['id']}'")
        self.assertPlain(owner.post(f"/projects/{project['id']}/work-queues", {"name": "more", "mode": "triage"}), 409, "The project has as many work queues as it may have (200)")
        self.assertEqual(len(owner.get(f"/projects/{project['id']}/work-queues?limit=200").json()), 200)

    def test_a_verdict_is_fenced_where_the_organisation_asks_for_it(self):
        owner, org, project = self.team()
        member = self.member(owner)
        ticket = self.ticket(member, project)
        path = f"/projects/{project['id']}/tickets/{ticket}"
        self.assertEqual(member.post(path + "/start").status, 200)
        self.assertEqual(member.post(path + "/complete", {"notes": "done"}).status, 200)
        self.assertEqual(owner.put(f"/orgs/{org}/settings", {"require_lease_epoch_on_ticket_writes": True}).status, 200)
        queue = self.queue(owner, project, mode="review_until_clean", selector={"ticket_ids": [ticket]})
        # The scope of queues is enough, also for the verdict.
        key = self.key(owner, org, "work_queues:write")
        self.assertEqual(owner.post(f"/orgs/{org}/trusted-reviewers", {"service_key_id": key.key_id}).status, 201)
        directive = self.step(key, queue)["directives"][0]
        clean = {"verdict_content": f"Codex R1 review on {ticket}: VERIFIED-CLEAN"}
        self.assertField(self.settle(key, queue, directive, "posted_review", **clean), "ticket_lease_epoch", "The organisation asks for lease_epoch")
        self.sql(f"UPDATE projects_tickets SET comment_count = 10000 WHERE id = '{ticket}'")
        self.assertPlain(self.settle(key, queue, directive, "posted_review", ticket_lease_epoch=1, **clean), 409, "A ticket may have 10000 comments")
        self.sql(f"UPDATE projects_tickets SET comment_count = 0 WHERE id = '{ticket}'")
        self.sql(f"UPDATE projects_work_queues SET assigned_persona = 'System' WHERE id = '{queue['id']}'")
        done = self.settle(key, queue, directive, "posted_review", ticket_lease_epoch=1, **clean)
        self.assertEqual((done.status, done.json()["item_status"]), (200, "done"), done)
        comments = owner.get(path + "/comments").json()
        self.assertEqual([one["author_persona"] for one in comments], ["codex-reviewer"])

    def test_reviews_end_with_a_trusted_verdict(self):
        owner, org, project = self.team()
        member = self.member(owner)
        ticket = self.ticket(member, project)
        queue = self.queue(owner, project, mode="review_until_clean", selector={"ticket_ids": [ticket]}, assigned_persona="codex-reviewer")
        self.assertEqual(self.step(owner, queue), {"status": "idle", "work_queue_run_id": None, "directives": [], "reason": "waiting_implementation"})
        self.assertEqual(member.post(f"/projects/{project['id']}/tickets/{ticket}/start").status, 200)
        self.assertEqual(member.post(f"/projects/{project['id']}/tickets/{ticket}/complete", {"notes": "done"}).status, 200)
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual((directive["intent"], directive["review_round"], directive["writeback_contract"]["post_via"]), ("post_review", 1, "verdict_content"))
        self.assertField(self.settle(owner, queue, directive, "posted_review"), "verdict_content", "A review needs its verdict in verdict_content")
        self.assertField(self.settle(owner, queue, directive, "posted_review", verdict_content="looks good"), "verdict_content",
                         "The verdict does not begin with a line like: Codex R1 review on tk_...: VERIFIED-CLEAN")
        clean = f"Codex R1 review on {ticket}: VERIFIED-CLEAN"
        self.assertEqual(self.settle(owner, queue, directive, "posted_review", verdict_content=clean).json()["item_status"], "waiting", "nobody trusts this reviewer")
        self.assertEqual(owner.post(f"/orgs/{org}/trusted-reviewers", {"user_id": owner.id}).status, 201)
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        verdict = f"Codex R1 review on {ticket}: CHANGES REQUESTED\n- HIGH - the clock is wrong"
        self.assertEqual(self.settle(owner, queue, directive, "posted_review", verdict_content=verdict).json()["item_status"], "waiting")
        self.rested(queue)
        directive = self.step(owner, queue)["directives"][0]
        self.assertEqual((directive["review_round"], directive["review_state"]["severity_counts"]["HIGH"]), (2, 1))
        answers = [self.settle(owner, queue, directive, "posted_review", verdict_content=f"Codex R2 review on {ticket}: VERIFIED-CLEAN").json() for _ in range(2)]
        self.assertEqual([(one["status"], one["item_status"]) for one in answers], [("settled", "done"), ("idempotent_replay", "done")])
        comments = [one for one in owner.get(f"/projects/{project['id']}/tickets/{ticket}/comments").json() if one["author_persona"] == "codex-reviewer"]
        self.assertEqual(len(comments), 3, "each verdict is written once")

    def test_who_may_do_what(self):
        owner, org, project = self.team()
        member, reader, stranger = self.member(owner), self.reader(project), self.account()
        ticket = self.ticket(owner, project)
        queue = self.queue(member, project, selector={"ticket_ids": [ticket]})
        base, path = f"/projects/{project['id']}/work-queues", self.path(queue)
        settlement = {"item_id": "wqi_x", "directive_id": "dir_x", "ticket_id": ticket, "outcome": "waited"}
        reads = [("GET", base, None), ("GET", path, None)]
        writes = [("POST", base, {"name": "x", "mode": "triage"}), ("POST", path + "/status", {"status": "paused"}), ("POST", path + "/step", None), ("POST", path + "/step/complete", settlement)]
        forbidden = "The project is not yours, nor your organisation's, and you have no session of it"
        edit = {"error": {"code": "project_edit_forbidden", "message": EDIT, "details": {"error": "project_edit_forbidden"}}}
        reading, writing, none = self.key(owner, org, "work_queues:read"), self.key(owner, org, "work_queues:write"), self.key(owner, org, "tickets:write")
        foreign_owner, foreign_org, _ = self.team()
        foreign = self.key(foreign_owner, foreign_org, "work_queues:read", "work_queues:write")
        for method, at, body in reads + writes:
            self.assertPlain(stranger.call(method, at, body), 403, forbidden)
            self.assertEqual(support.request(self.server, method, "/api/v1" + at, body).status, 401)
            self.assertEqual(none.call(method, at, body).json()["error"]["details"]["error"], "insufficient_scope")
            self.assertEqual(foreign.call(method, at, body).json()["error"]["details"]["error"], "cross_org_denied")
        for method, at, body in reads:
            self.assertEqual((reader.call(method, at, body).status, reading.call(method, at, body).status), (200, 200))
            self.assertEqual(writing.call(method, at, body).status, 403)
        for method, at, body in writes:
            self.assertOk(reader.call(method, at, body), edit, 403)
            self.assertEqual(reading.call(method, at, body).status, 403)
        self.assertEqual(writing.call("POST", path + "/step").json()["status"], "ok")
        poor = self.account("pro")
        own = self.project(poor)
        self.assertUpgrade(poor.get(f"/projects/{own['id']}/work-queues"), "agent_tickets", "pro", "team", plan_scope="project", project_id=own["id"])

    def test_queues_go_with_a_project_that_is_merged(self):
        owner, org, project = self.team()
        into = self.project(owner, org)
        queue = self.queue(owner, project, selector={"ticket_ids": [self.ticket(owner, project)]})
        directive = self.step(owner, queue)["directives"][0]
        answer = owner.post(f"/projects/{into['id']}/merge", {"source_project_id": project["id"], "dry_run": False})
        self.assertEqual((answer.status, answer.json()["stats"]["work_queues"]), (200, 1), answer)
        base, path = f"/projects/{project['id']}/work-queues", self.path(queue)
        settlement = {"item_id": directive["item_id"], "directive_id": directive["directive_id"], "ticket_id": directive["ticket_id"], "outcome": "waited"}
        for method, at, body in (("GET", base, None), ("GET", path, None), ("POST", base, {"name": "x", "mode": "triage"}), ("POST", path + "/status", {"status": "paused"}),
                                 ("POST", path + "/step", None), ("POST", path + "/step/complete", settlement)):
            answer = owner.call(method, at, body)
            self.assertCode(answer, 410, "project_merged", answer.json()["error"]["message"], merged_into=into["id"])
        moved = {**queue, "project_id": into["id"]}
        again = self.step(owner, moved)["directives"][0]
        self.assertEqual((again["directive_id"], again["ticket_id"]), (directive["directive_id"], directive["ticket_id"]))
        for suffix, body in (("", None), ("/status", {"status": "paused"}), ("/step", None), ("/step/complete", settlement)):
            at = f"/projects/{into['id']}/work-queues/wq_0000000000000000{suffix}"
            self.assertPlain(owner.call("POST" if suffix else "GET", at, body), 404, "No such work queue")
        self.assertEqual(self.settle(owner, moved, again).json()["status"], "settled")

    def test_nothing_is_left_of_a_project_that_is_deleted(self):
        owner, _, project = self.team()
        queue = self.queue(owner, project, selector={"ticket_ids": [self.ticket(owner, project)]})
        self.assertEqual(owner.delete(f"/projects/{project['id']}").status, 200)
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM projects_work_queue_items WHERE queue_id = '{queue['id']}'")[0][0]), 0)


class OnSqlite(WorkQueues, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(WorkQueues, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
