"""Runs of agents: their states, what a result means, replay, comparison, and what is said about them."""
import concurrent.futures
import re
import unittest

from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
CI_EXPRESSION = "Texts of a run must not hold the opening of a CI expression"
NO_RUN, OVER, NOT_QUEUED = "No such run", "The run is over", "The run is not queued any more"
STATES = ("queued", "running", "passed", "failed", "errored", "cancelled")


class AgentRuns:
    """The tests; subclasses choose the database."""

    def team(self, tier="team"):
        ada, org, project = super().team(tier)
        answer = ada.post(f"/projects/{project['id']}/personas", {"name": "Reviewer", "role": "Reviews", "content": "Read all of it.", "specializations": ["security"]})
        self.assertEqual(answer.status, 201, answer)
        return ada, org, project

    def path(self, project, *rest):
        return "/".join([f"/projects/{project['id']}/agent-runs", *rest])

    def run_of(self, caller, project, **body):
        answer = caller.post(self.path(project), {"persona_name": "Reviewer", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def done(self, caller, project, run, **body):
        answer = caller.post(self.path(project, run["id"], "complete"), body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def org_persona(self, caller, org):
        self.assertEqual(caller.post(f"/orgs/{org}/personas", {"name": "shared", "role": "r"}).status, 201)
        return "shared"

    def ticket(self, caller, project, **body):
        answer = caller.post(f"/projects/{project['id']}/tickets", {"title": "Fix the clock", "description": "It stands still since noon.", **body})
        self.assertEqual(answer.status, 201, answer)
        return answer.json()["id"]

    # --- making

    def test_a_run_is_queued_whole(self):
        ada, _, project = self.team()
        ticket = self.ticket(ada, project)
        made = self.run_of(ada, project, persona_name="REVIEWER", tool="codex", trigger_source="ci", ticket_id=ticket, trigger_ref="refs/pull/7", ci_provider="github",
                           ci_run_url="https://ci.example.com/1", fail_on="high", triggered_by_persona="lead", prompt="Look\nhere.", context_refs=["KB 1", "a.cpp"])
        self.assertTrue(re.fullmatch(r"run_[0-9a-f]{16}", made["id"]))
        self.assertRegex(made["created_at"], MICROS)
        self.assertEqual(made, {
            "id": made["id"], "project_id": project["id"], "persona_name": "Reviewer", "tool": "codex", "trigger_source": "ci", "status": "queued", "ticket_id": ticket,
            "trigger_ref": "refs/pull/7", "ci_provider": "github", "ci_run_url": "https://ci.example.com/1", "result_summary": None, "severity": None,
            "findings_count": 0, "findings": [], "fail_on": "high", "policy_result": None, "exit_code": None, "session_id": None, "triggered_by_user_id": ada.id,
            "triggered_by_persona": "lead", "actor_type": "user", "service_key_id": None, "service_key_name": None, "created_at": made["created_at"],
            "started_at": None, "completed_at": None, "duration_seconds": None, "replayed_from": None, "prompt": "Look\nhere.", "context_refs": ["KB 1", "a.cpp"]})
        self.assertOk(ada.get(self.path(project, made["id"])), made)
        least = self.run_of(ada, project)
        self.assertEqual((least["tool"], least["trigger_source"], least["ticket_id"], least["fail_on"], least["context_refs"]), ("generic", "manual", None, None, []))
        self.assertEqual(self.audited("run:" + made["id"]), ["projects.run_created"])
        self.assertPlain(ada.get(self.path(project, "run_0000000000000000")), 404, NO_RUN)
        other = self.project(ada)
        self.assertPlain(ada.get(self.path(other, made["id"])), 404, NO_RUN)

    def test_what_breaks_a_rule(self):
        ada, _, project = self.team()
        for wrong, *field in (({"persona_name": ""}, "persona_name"), ({"persona_name": "x" * 51}, "persona_name"), ({"persona_name": None}, "persona_name"),
                              ({"tool": "x" * 51}, "tool"), ({"trigger_source": "cron"}, "trigger_source"), ({"ticket_id": "x" * 65}, "ticket_id"),
                              ({"trigger_ref": "x" * 201}, "trigger_ref"), ({"ci_provider": "gitea"}, "ci_provider"), ({"ci_run_url": "x" * 2001}, "ci_run_url"),
                              ({"fail_on": "worst"}, "fail_on"), ({"triggered_by_persona": "x" * 51}, "triggered_by_persona"), ({"prompt": "x" * 20001}, "prompt"),
                              ({"context_refs": ["x"] * 51}, "context_refs"), ({"context_refs": ["x" * 501]}, "context_refs", 0)):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(ada.post(self.path(project), {"persona_name": "Reviewer", **wrong}), ("body", *field))
        self.assertEqual(ada.get(self.path(project)).json(), [])
        self.run_of(ada, project, tool="x" * 50, trigger_ref="x" * 200, prompt="x" * 20000, context_refs=["x" * 500] * 50)
        for source in ("manual", "ci", "webhook", "scheduled", "mcp", "api"):
            self.run_of(ada, project, trigger_source=source)
        for provider in ("github", "gitlab", "bitbucket", "circleci", "jenkins", "buildkite", "azure", "drone", "other", None):
            self.run_of(ada, project, ci_provider=provider)

    def test_a_project_has_so_many_runs(self):
        ada, _, project = self.team()
        first, second = self.run_of(ada, project), self.run_of(ada, project)
        columns = ("project_id, persona_name, persona_key, tool, trigger_source, findings_count, findings, context_refs, status, created_at, completed_at")
        self.sql(f"INSERT INTO projects_runs (id, {columns}) WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 98) "
                 f"SELECT 'run_' || n, '{project['id']}', 'Reviewer', 'reviewer', 'generic', 'manual', 0, '[]', '[]', 'queued', n, NULL FROM counted")
        full = "The project has 100 runs that are not over"
        self.assertPlain(ada.post(self.path(project), {"persona_name": "Reviewer"}), 409, full)
        self.assertPlain(ada.post(self.path(project, first["id"], "replay")), 409, full)
        self.done(ada, project, second)
        third = self.run_of(ada, project)
        self.assertPlain(ada.get(self.path(project, second["id"])), 404, NO_RUN)
        for one in (first, third):
            self.assertEqual(ada.get(self.path(project, one["id"])).status, 200)
        self.run_of(ada, self.project(ada, project["org_id"]), persona_name=self.org_persona(ada, project["org_id"]))

    def test_ci_expressions_are_refused_wherever_they_stand(self):
        ada, _, project = self.team()
        evil = "a ${{ secrets.TOKEN }}"
        run = self.run_of(ada, project)
        for field in ("tool", "ticket_id", "trigger_ref", "ci_run_url", "triggered_by_persona", "prompt", "context_refs", "persona_name"):
            value = ["fine", evil] if field == "context_refs" else evil
            with self.subTest(field):
                self.assertField(ada.post(self.path(project), {"persona_name": "Reviewer", field: value}), CI_EXPRESSION, "body", field)
                if field in ("ticket_id", "trigger_ref", "prompt", "context_refs", "persona_name"):
                    self.assertField(ada.post(self.path(project, run["id"], "replay"), {field: value}), CI_EXPRESSION, "body", field)
        self.run_of(ada, project, prompt="$ {{ and $}} and {{x}}")

    def test_persona_and_ticket_are_the_projects(self):
        ada, org, project = self.team()
        other = self.project(ada, org)
        foreign = self.ticket(ada, other)
        self.assertPlain(ada.post(self.path(project), {"persona_name": "nobody"}), 422, "The project has no active persona of that name")
        for ticket in (foreign, "tk_0000000000000000"):
            self.assertPlain(ada.post(self.path(project), {"persona_name": "Reviewer", "ticket_id": ticket}), 422, "The project has no such ticket")
        self.assertEqual(ada.delete(f"/projects/{project['id']}/personas/Reviewer").status, 204)
        self.assertPlain(ada.post(self.path(project), {"persona_name": "Reviewer"}), 422, "The project has no active persona of that name")
        self.assertEqual(ada.post(f"/orgs/{org}/personas", {"name": "reviewer", "role": "r"}).status, 201)
        self.assertEqual(self.run_of(ada, project)["persona_name"], "reviewer")

    # --- states

    def run_in(self, caller, project, state, **body):
        run = self.run_of(caller, project, **body)
        if state == "running":
            self.assertEqual(caller.post(self.path(project, run["id"], "start")).status, 200)
        elif state == "cancelled":
            self.assertEqual(caller.post(self.path(project, run["id"], "cancel")).status, 200)
        elif state != "queued":
            self.done(caller, project, run, status=state)
        return run

    def test_every_state_and_every_move(self):
        ada, _, project = self.team()
        legal = {("queued", "start"): "running", ("queued", "complete"): "passed", ("queued", "cancel"): "cancelled", ("running", "complete"): "passed",
                 ("running", "cancel"): "cancelled"}
        for state in STATES:
            for move in ("start", "complete", "cancel"):
                with self.subTest(state=state, move=move):
                    run = self.run_in(ada, project, state)
                    answer = ada.post(self.path(project, run["id"], move), {} if move == "complete" else None)
                    if (state, move) in legal:
                        self.assertEqual(answer.status, 200, answer)
                    else:
                        self.assertPlain(answer, 409, NOT_QUEUED if move == "start" else OVER)
                    self.assertEqual(ada.get(self.path(project, run["id"])).json()["status"], legal.get((state, move), state))

    def test_a_start_tells_what_to_read_and_leaves_the_ticket(self):
        ada, _, project = self.team()
        ticket = self.ticket(ada, project)
        run = self.run_of(ada, project, ticket_id=ticket, prompt="Mind the gap.", context_refs=["docs/clock.md"])
        answer = ada.post(self.path(project, run["id"], "start") + "?tool=cursor")
        self.assertEqual(answer.status, 200, answer)
        started, context = answer.json()["run"], answer.json()["compiled_context"]
        self.assertEqual(sorted(answer.json()), ["compiled_context", "run"])
        self.assertRegex(started["started_at"], MICROS)
        self.assertEqual(started, {**run, "status": "running", "tool": "cursor", "started_at": started["started_at"]})
        places = [context.index(part) for part in ("Reviewer", "Read all of it.", "Fix the clock", "It stands still since noon.", "Mind the gap.", "docs/clock.md")]
        self.assertEqual(places, sorted(places), context)
        self.assertEqual(ada.get(f"/projects/{project['id']}/tickets/{ticket}").json()["status"], "open")
        self.assertEqual(self.audited("run:" + run["id"]), ["projects.run_created", "projects.run_started"])

    def test_what_to_read_is_cut_to_what_the_tool_takes(self):
        ada, _, project = self.team()
        long = "ä" * 20000
        for tool, most in (("claude-code", 64000), ("codex", 32000), ("generic", 32000), ("unheard-of", 32000), ("cursor", 16000)):
            run = self.run_of(ada, project, tool=tool, prompt=long, context_refs=["ö" * 500] * 50)
            context = ada.post(self.path(project, run["id"], "start")).json()["compiled_context"]
            whole = 20000 + 50 * 500
            with self.subTest(tool):
                self.assertLessEqual(len(context), most)
                self.assertGreater(len(context), min(most, whole) - 200)

    def test_of_many_who_start_one_wins(self):
        ada, _, project = self.team()
        run = self.run_of(ada, project)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(lambda _: ada.post(self.path(project, run["id"], "start")).status, range(8)))
        self.assertEqual(answers, [200] + [409] * 7)

    def test_a_run_without_its_persona_does_not_start(self):
        ada, _, project = self.team()
        run = self.run_of(ada, project)
        self.assertEqual(ada.delete(f"/projects/{project['id']}/personas/Reviewer?force=true").status, 204)
        self.assertPlain(ada.post(self.path(project, run["id"], "start")), 422, "The project has no active persona of that name")
        self.assertEqual(ada.get(self.path(project, run["id"])).json()["status"], "queued")

    def test_what_a_result_means(self):
        ada, _, project = self.team()
        severities = ("none", "low", "medium", "high", "critical")
        for fail_on in (None, *severities):
            for severity in severities:
                for said in ("passed", "failed", "errored"):
                    run = self.run_of(ada, project, fail_on=fail_on)
                    done = self.done(ada, project, run, status=said, severity=severity)
                    severe = fail_on not in (None, "none") and severity != "none" and severities.index(severity) >= severities.index(fail_on)
                    bad = said != "passed" or severe
                    with self.subTest(fail_on=fail_on, severity=severity, said=said):
                        self.assertEqual((done["status"], done["policy_result"], done["exit_code"]),
                                         ("failed" if said == "passed" and severe else said, "fail" if bad else "pass", 1 if bad else 0))

    def test_an_end_is_kept_whole(self):
        ada, _, project = self.team()
        run = self.run_in(ada, project, "running")
        self.sql(f"UPDATE projects_runs SET started_at = started_at - 61000000 WHERE id = '{run['id']}'")
        findings = [{"rule": "r1", "file": "a.cpp", "line": 3, "severity": "low", "more": {"a": [1, None, "ü"]}}, {}]
        done = self.done(ada, project, run, result_summary="Two things.", severity="low", findings=findings, session_id="ses_12345678")
        self.assertEqual((done["result_summary"], done["severity"], done["findings"], done["findings_count"], done["session_id"], done["duration_seconds"]),
                         ("Two things.", "low", findings, 2, "ses_12345678", done["duration_seconds"]))
        self.assertIn(done["duration_seconds"], range(61, 120))
        self.assertRegex(done["completed_at"], MICROS)
        unstarted = self.done(ada, project, self.run_of(ada, project))
        self.assertEqual((unstarted["duration_seconds"], unstarted["severity"], unstarted["findings"]), (None, "none", []))
        cancelled = ada.post(self.path(project, self.run_of(ada, project, fail_on="low")["id"], "cancel")).json()
        self.assertEqual((cancelled["status"], cancelled["policy_result"], cancelled["exit_code"]), ("cancelled", "pass", 0))

    def test_an_end_that_breaks_a_rule(self):
        ada, _, project = self.team()
        run = self.run_of(ada, project)
        path = self.path(project, run["id"], "complete")
        for wrong, *field in (({"status": "cancelled"}, "status"), ({"status": "queued"}, "status"), ({"severity": "worst"}, "severity"), ({"findings": [1]}, "findings", 0),
                              ({"findings": {}}, "findings"), ({"findings": [{}] * 2001}, "findings"), ({"result_summary": "x" * 100001}, "result_summary"),
                              ({"session_id": "x" * 65}, "session_id")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(ada.post(path, wrong), ("body", *field))
        self.assertField(ada.post(path, {"findings": [{"a": "x" * 600000}, {"a": "x" * 600000}]}), "The findings must not have more than 1 MiB", "body", "findings")
        self.assertEqual(ada.post(path, {"findings": [{"a": "x" * 3000000}]}).status, 413)
        self.assertEqual(ada.get(self.path(project, run["id"])).json()["status"], "queued")
        self.assertPlain(ada.post(self.path(project, "run_0000000000000000", "complete"), {}), 404, NO_RUN)

    # --- lists

    def test_the_list_is_filtered_and_newest_first(self):
        ada, _, project = self.team()
        ada.post(f"/projects/{project['id']}/personas", {"name": "writer", "role": "w"})
        ticket = self.ticket(ada, project)
        first = self.run_of(ada, project, trigger_source="ci", ticket_id=ticket)
        second = self.run_of(ada, project, persona_name="writer")
        third = self.run_in(ada, project, "passed")
        ids = lambda query: [one["id"] for one in ada.get(self.path(project) + query).json()]
        self.assertEqual(ids(""), [third["id"], second["id"], first["id"]])
        self.assertEqual(ids("/"), ids(""))
        for query, wanted in (("?persona_name=reviewer", [third, first]), ("?status=queued", [second, first]), ("?trigger_source=ci", [first]), (f"?ticket_id={ticket}", [first]),
                              ("?status=queued&persona_name=writer", [second]), ("?status=nonsense", []), ("?limit=1", [third]), ("?limit=2&persona_name=&status=", [third, second])):
            with self.subTest(query):
                self.assertEqual(ids(query), [one["id"] for one in wanted])
        for limit in ("0", "201", "x"):
            self.assertInvalid(ada.get(self.path(project) + f"?limit={limit}"), ("query", "limit"))

    def test_a_list_has_so_many_bytes_and_goes_on(self):
        ada, _, project = self.team()
        made = [self.run_of(ada, project)["id"] for _ in range(12)]
        for run in made[2:]:
            self.done(ada, project, {"id": run}, findings=[{"text": "x" * 1000000}])
        for filters in ("", "persona_name=reviewer&", "limit=3&"):
            seen, query = [], ""
            while True:
                answer = ada.get(self.path(project) + f"?{filters}{query}")
                self.assertEqual(answer.status, 200, answer)
                self.assertLess(len(answer.body), 9 << 20)
                seen += [one["id"] for one in answer.json()]
                if "X-Next-Cursor" not in answer.headers:
                    break
                query = "cursor=" + answer.headers["X-Next-Cursor"]
            self.assertEqual(seen, made[::-1])
        for cursor in ("x", "1", "1,", ",run_1"):
            self.assertEqual(ada.get(self.path(project) + f"?cursor={cursor}").status, 422)

    # --- replay, comparison

    def test_a_replay_copies_what_is_not_said(self):
        ada, _, project = self.team()
        ticket = self.ticket(ada, project)
        run = self.run_of(ada, project, tool="codex", trigger_source="ci", ci_provider="github", ci_run_url="https://ci.example.com", ticket_id=ticket, trigger_ref="v1",
                          fail_on="high", prompt="Look.", context_refs=["a"], triggered_by_persona="lead")
        self.done(ada, project, run, severity="critical", findings=[{"rule": "r"}])
        path = self.path(project, run["id"], "replay")
        answer = ada.post(path)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(sorted(answer.json()), ["ci_hint", "command", "run"])
        replayed = answer.json()["run"]
        self.assertEqual(replayed, {**run, "id": replayed["id"], "trigger_source": "manual", "ci_provider": None, "ci_run_url": None, "triggered_by_persona": None,
                                    "replayed_from": run["id"], "created_at": replayed["created_at"]})
        self.assertEqual(answer.json()["command"], f"sfs agent run --run-id {replayed['id']}")
        self.assertEqual(answer.json()["ci_hint"].count(answer.json()["command"]), 2)
        self.assertNotIn("Look.", answer.json()["ci_hint"])
        cleared = ada.post(path, {"ticket_id": "", "prompt": "", "context_refs": [], "fail_on": "", "trigger_ref": "", "persona_name": ""}).json()["run"]
        self.assertEqual([cleared[name] for name in ("ticket_id", "prompt", "context_refs", "fail_on", "trigger_ref", "persona_name")], [None, None, [], None, None, "Reviewer"])
        other = ada.post(path, {"prompt": "Else.", "fail_on": "low", "context_refs": ["b"], "trigger_ref": "v2", "persona_name": "reviewer"}).json()["run"]
        self.assertEqual([other[name] for name in ("ticket_id", "prompt", "context_refs", "fail_on", "trigger_ref")], [ticket, "Else.", ["b"], "low", "v2"])
        self.assertPlain(ada.post(path, {"persona_name": "nobody"}), 422)
        self.assertPlain(ada.post(path, {"ticket_id": "tk_0000000000000000"}), 422)
        self.assertInvalid(ada.post(path, {"fail_on": "worst"}), ("body", "fail_on"))
        self.assertPlain(ada.post(self.path(project, "run_0000000000000000", "replay")), 404, NO_RUN)

    def test_two_runs_are_compared(self):
        ada, org, project = self.team()
        kept, gone, new = {"rule": "r1", "file": "a.cpp", "line": 3, "severity": "high"}, {"title": "t", "file": "b.cpp", "severity": "low"}, {"rule": "r1", "file": "a.cpp", "line": 9}
        a, b = self.run_of(ada, project), self.run_of(ada, project)
        self.done(ada, project, a, findings=[kept, gone])
        self.done(ada, project, b, findings=[new, {**kept, "note": "again"}])
        self.assertOk(ada.get(self.path(project, a["id"], "compare", b["id"])), {
            "a_id": a["id"], "b_id": b["id"], "a_findings_count": 2, "b_findings_count": 2, "a_severity_counts": {"high": 1, "low": 1},
            "b_severity_counts": {"high": 1, "none": 1}, "added": [new], "removed": [gone], "unchanged": [{**kept, "note": "again"}], "truncated": False})
        many = self.run_of(ada, project)
        self.done(ada, project, many, findings=[{"rule": f"r{i}"} for i in range(300)])
        self.assertEqual((lambda body: (len(body["added"]), body["truncated"]))(ada.get(self.path(project, a["id"], "compare", many["id"])).json()), (200, True))
        other = self.project(ada, org)
        ada.post(f"/projects/{other['id']}/personas", {"name": "Reviewer", "role": "r"})
        foreign = self.run_of(ada, other)
        for pair in ((a["id"], foreign["id"]), (foreign["id"], a["id"]), (a["id"], "run_0")):
            self.assertPlain(ada.get(self.path(project, pair[0], "compare", pair[1])), 404, NO_RUN)

    # --- who

    def calls(self, project, run):
        reads = [lambda who: who.get(self.path(project)), lambda who: who.get(self.path(project, run)), lambda who: who.get(self.path(project, run, "compare", run))]
        writes = [lambda who: who.post(self.path(project), {"persona_name": "Reviewer"}), lambda who: who.post(self.path(project, run, "replay")),
                  lambda who: who.post(self.path(project, run, "complete"), {})]
        people = [lambda who: who.post(self.path(project, run, "start")), lambda who: who.post(self.path(project, run, "cancel"))]
        return reads, writes, people

    def test_who_may_what(self):
        ada, org, project = self.team()
        member, stranger, reader = self.member(ada), self.account("enterprise"), self.reader(project)
        run = self.run_of(ada, project)["id"]
        reads, writes, people = self.calls(project, run)
        for call in (*reads, *writes, *people):
            self.assertPlain(call(stranger), 403, "The project is not yours, nor your organisation's, and you have no session of it")
        for call in reads:
            self.assertEqual(call(reader).status, 200)
        for call in (*writes, *people):
            self.assertCode(call(reader), 403, "project_edit_forbidden", "Whoever only shares a session of the project can't change this")
        for call in (*reads, people[0], *writes):
            self.assertLess(call(member).status, 300)
        self.set_tier(org, "pro")
        for call in (*reads, *writes, *people):
            self.assertUpgrade(call(member), "agent_runs", "pro", "team", plan_scope="project", project_id=project["id"])

    def test_service_keys(self):
        ada, org, project = self.team()
        eve, foreign = self.org("team")
        run = self.run_of(ada, project)["id"]
        reads, writes, people = self.calls(project, run)
        reader, writer = self.key(ada, org, "agent_runs:read"), self.key(ada, org, "agent_runs:write")
        outside = self.key(eve, foreign, "agent_runs:read", "agent_runs:write")
        for call in reads:
            self.assertEqual(call(reader).status, 200)
            self.assertEqual(call(writer).json()["error"]["details"]["error"], "insufficient_scope")
        for call in writes:
            self.assertEqual(call(reader).json()["error"]["details"]["error"], "insufficient_scope")
        for call in (*reads, *writes):
            self.assertEqual(call(outside).json()["error"]["details"]["error"], "cross_org_denied")
        for call in people:
            self.assertEqual(call(writer).json()["error"]["code"], "service_key_not_allowed")
        made = self.run_of(writer, project)
        self.assertEqual((made["actor_type"], made["service_key_id"], made["service_key_name"], made["triggered_by_user_id"]), ("service_key", writer.key_id, "ci", ada.id))
        self.assertEqual(self.done(writer, project, made)["status"], "passed")
        self.assertEqual(writer.post(self.path(project, made["id"], "replay")).json()["run"]["actor_type"], "service_key")

    # --- feedback

    def say(self, caller, project, status=201, **body):
        answer = caller.post(f"/projects/{project['id']}/agent-feedback", {"feedback_type": "route", "verdict": "negative", **body})
        self.assertEqual(answer.status, status, answer)
        return answer.json() if status == 201 else answer

    def test_feedback_is_given_listed_and_counted(self):
        ada, _, project = self.team()
        run, ticket = self.run_of(ada, project)["id"], self.ticket(ada, project, assigned_to="Reviewer")
        comment = ada.post(f"/projects/{project['id']}/tickets/{ticket}/comments", {"content": "Hm."}).json()["id"]
        made = self.say(ada, project, label="wrong_route", final_owner="grace", notes="Not\nhers.", agent_run_id=run, ticket_id=ticket, comment_id=comment)
        self.assertRegex(made["id"], r"^afb_[0-9a-f]{24}$")
        self.assertEqual(made, {"id": made["id"], "project_id": project["id"], "agent_run_id": run, "ticket_id": ticket, "comment_id": comment, "feedback_type": "route",
                                "verdict": "negative", "label": "wrong_route", "final_owner": "grace", "notes": "Not\nhers.", "source": "manual", "created_by_user_id": ada.id,
                                "actor_type": "user", "service_key_id": None, "service_key_name": None, "created_at": made["created_at"]})
        self.assertRegex(made["created_at"], MICROS)
        second = self.say(ada, project, verdict="positive", ticket_id=ticket)
        third = self.say(ada, project, feedback_type="resolution", verdict="neutral", label="flaky", comment_id=comment)
        path = f"/projects/{project['id']}/agent-feedback"
        ids = lambda query: [one["id"] for one in ada.get(path + query).json()]
        self.assertEqual(ids(""), [made["id"], second["id"], third["id"]])
        for query, wanted in ((f"?agent_run_id={run}", [made]), (f"?ticket_id={ticket}", [made, second]), ("?feedback_type=route", [made, second]), ("?verdict=neutral", [third]),
                              ("?label=flaky", [third]), ("?persona=reviewer", [made, second, third]), ("?persona=nobody", []), ("?limit=1", [made]),
                              (f"?since={made['created_at']}&since_id={made['id']}", [second, third]), (f"?since={second['created_at']}", [third])):
            with self.subTest(query):
                self.assertEqual(ids(query), [one["id"] for one in wanted])
        groups = [("resolution", "neutral", "flaky"), ("route", "negative", "wrong_route"), ("route", "positive", None)]
        whole = {"total": 3, "groups": [{"feedback_type": a, "verdict": b, "label": c, "count": 1} for a, b, c in groups]}
        self.assertOk(ada.get(path + "/summary"), whole)
        self.assertOk(ada.get(path + "/summary?persona=REVIEWER"), whole)
        self.assertOk(ada.get(path + f"/summary?since={second['created_at']}"), {"total": 1, "groups": whole["groups"][:1]})
        self.assertOk(ada.get(path + "/summary?persona=nobody"), {"total": 0, "groups": []})
        for old in ("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1969-12-29T00:00:00Z", "1900-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
            self.assertOk(ada.get(path + f"/summary?since={old}"), whole)
            self.assertEqual(ids(f"?since={old}"), [made["id"], second["id"], third["id"]])
        for query, field in (("?limit=0", "limit"), ("?limit=501", "limit"), ("?since=yesterday", "since")):
            self.assertInvalid(ada.get(path + query), ("query", field))

    def test_feedback_that_breaks_a_rule(self):
        ada, org, project = self.team()
        run = self.run_of(ada, project)["id"]
        other = self.project(ada, org)
        foreign = self.ticket(ada, other)
        comment = ada.post(f"/projects/{other['id']}/tickets/{foreign}/comments", {"content": "Hm."}).json()["id"]
        own = self.ticket(ada, project)
        for wrong, field in (({"feedback_type": "mood"}, "feedback_type"), ({"verdict": "maybe"}, "verdict"), ({"notes": "x" * 4001}, "notes"), ({"final_owner": "x" * 101}, "final_owner")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertInvalid(self.say(ada, project, 422, **{"agent_run_id": run, **wrong}), ("body", field))
        unknown, missing = "The project has no such thing", "Feedback needs a run, a ticket or a comment"
        for wrong, message, field in (({"label": "flaky"}, "The label does not go with that type of feedback", "label"), ({"agent_run_id": "run_0"}, unknown, "agent_run_id"),
                                      ({"ticket_id": foreign}, unknown, "ticket_id"), ({"comment_id": comment}, unknown, "comment_id"),
                                      ({"agent_run_id": None}, missing, "agent_run_id"), ({"agent_run_id": " "}, missing, "agent_run_id")):
            with self.subTest(wrong=str(wrong)[:60]):
                self.assertField(self.say(ada, project, 422, **{"agent_run_id": run, **wrong}), message, "body", field)
        mine = ada.post(f"/projects/{project['id']}/tickets/{own}/comments", {"content": "Hm."}).json()["id"]
        second = self.ticket(ada, project)
        self.assertField(self.say(ada, project, 422, ticket_id=second, comment_id=mine), unknown, "body", "comment_id")
        for feedback_type, labels in {"route": ("correct_route", "wrong_route"), "summary": ("summary_good", "summary_bad"), "actionability": ("actionable", "not_actionable"),
                                      "duplicate": ("duplicate", "new_issue"), "resolution": ("false_positive", "flaky", "resolved_by_fix", "resolved_by_test_update")}.items():
            for label in labels:
                self.say(ada, project, feedback_type=feedback_type, label=label, agent_run_id=run)

    def test_who_may_give_feedback(self):
        ada, org, project = self.team()
        run = self.run_of(ada, project)["id"]
        stranger, reader = self.account("enterprise"), self.reader(project)
        path, body = f"/projects/{project['id']}/agent-feedback", {"feedback_type": "route", "verdict": "neutral", "agent_run_id": run}
        for call in (lambda who: who.post(path, body), lambda who: who.get(path), lambda who: who.get(path + "/summary")):
            self.assertPlain(call(stranger), 403)
        self.assertEqual(reader.get(path).status, 200)
        self.assertEqual(reader.post(path, body).json()["error"]["code"], "project_edit_forbidden")
        eve, foreign = self.org("team")
        inside, outside = self.key(ada, org, "agent_feedback:write"), self.key(eve, foreign, "agent_feedback:write")
        made = inside.post(path, body)
        self.assertEqual((made.status, made.json()["actor_type"], made.json()["service_key_id"]), (201, "service_key", inside.key_id))
        self.assertEqual(inside.get(path).json()["error"]["details"]["error"], "insufficient_scope")
        self.assertEqual(self.key(ada, org, "agent_feedback:read").get(path + "/summary").json()["total"], 1)
        self.assertEqual(outside.post(path, body).json()["error"]["details"]["error"], "cross_org_denied")
        self.set_tier(org, "pro")
        self.assertUpgrade(ada.post(path, body), "agent_runs", "pro", "team", plan_scope="project", project_id=project["id"])


class Queueing(ProjectFamily):
    OPTIONS = {**ProjectFamily.OPTIONS, "projects.max_runs": "100"}


class OnSqlite(AgentRuns, Queueing):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(AgentRuns, OnPostgresDatabase, Queueing):
    pass


if __name__ == "__main__":
    unittest.main()
