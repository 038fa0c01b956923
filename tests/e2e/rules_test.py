"""Rules of projects: who changes them under which etag, and the files that are compiled for each tool."""
import concurrent.futures
import hashlib
import re
import unittest

import support
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300
TOOLS = ["claude-code", "codex", "cursor", "copilot", "gemini"]
FILES = {"claude-code": "CLAUDE.md", "codex": "codex.md", "cursor": ".cursorrules", "copilot": ".github/copilot-instructions.md", "gemini": "GEMINI.md"}
# As the clients tell a managed file from one that somebody wrote.
MARK = re.compile(r"sessionfs[-_]managed.*?version[:=]\s*(\d+).*?hash[:=]\s*([0-9a-f]{8,64})", re.IGNORECASE | re.DOTALL)


class Rules:
    """The tests; subclasses choose the database."""

    def path(self, project):
        return f"/projects/{project['id']}/rules"

    def change(self, caller, project, etag=None, **body):
        etag = etag or caller.get(self.path(project)).json()["etag"]
        return caller.call("PUT", self.path(project), body, headers={"If-Match": etag})

    def changed(self, caller, project, **body):
        answer = self.change(caller, project, **body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def compiled(self, caller, project, body=None):
        answer = caller.post(self.path(project) + "/compile", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_a_project_has_rules_from_the_first_look(self):
        ada = self.account("pro")
        project = self.project(ada)
        answer = ada.get(self.path(project))
        rules = answer.json()
        self.assertTrue(re.fullmatch(r"rules_[0-9a-f]{16}", rules["id"]), rules)
        self.assertTrue(re.fullmatch(r'W/"[0-9a-f]{32}"', rules["etag"]), rules)
        self.assertEqual(answer.headers["ETag"], rules["etag"])
        self.assertRegex(rules["created_at"], MICROS)
        self.assertOk(answer, {"id": rules["id"], "project_id": project["id"], "version": 1, "static_rules": "", "include_knowledge": True,
                               "knowledge_types": ["convention", "decision"], "knowledge_max_tokens": 1500, "include_context": True,
                               "context_sections": ["overview", "architecture"], "context_max_tokens": 1500, "tool_overrides": {}, "enabled_tools": [], "supported_tools": TOOLS,
                               "created_at": rules["created_at"], "updated_at": rules["created_at"], "etag": rules["etag"]})
        self.assertOk(ada.get(self.path(project) + "/"), rules)
        self.assertOk(ada.get(self.path(project) + "/versions"), [])

    def test_changes_name_the_etag_letter_by_letter(self):
        ada = self.account("pro")
        project = self.project(ada)
        etag = ada.get(self.path(project)).json()["etag"]
        self.assertPlain(ada.put(self.path(project), {"static_rules": "x"}), 428, "If-Match must name the etag of the rules that were read")
        for wrong in ("*", '"x"', etag[2:], etag.upper(), etag + ", " + etag, 'W/"' + "0" * 32 + '"'):
            self.assertPlain(self.change(ada, project, wrong, static_rules="x"), 409, "Somebody else changed the rules; read them again")
        body = {"static_rules": "Be kind", "include_knowledge": False, "knowledge_types": ["bug", "decision", "bug"], "knowledge_max_tokens": 0, "include_context": False,
                "context_sections": ["team"], "context_max_tokens": 20000, "tool_overrides": {"codex": {"extra": "x"}}, "enabled_tools": ["gemini", "codex", "gemini"]}
        answer = self.change(ada, project, etag, **body)
        rules = answer.json()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual({name: rules[name] for name in body}, {**body, "knowledge_types": ["bug", "decision"], "enabled_tools": ["gemini", "codex"]})
        self.assertNotEqual(rules["etag"], etag)
        self.assertEqual(answer.headers["ETag"], rules["etag"])
        self.assertOk(ada.get(self.path(project)), rules)
        self.assertPlain(self.change(ada, project, etag, static_rules="x"), 409)
        self.assertOk(self.change(ada, project, rules["etag"]), rules)
        self.assertOk(self.change(ada, project, rules["etag"], static_rules=None, enabled_tools=None), rules)
        self.assertEqual(self.audited("project:" + project["id"]), ["projects.created", "projects.rules_changed"])

    def test_what_breaks_a_rule(self):
        ada = self.account("pro")
        project = self.project(ada)
        for field in ("knowledge_max_tokens", "context_max_tokens"):
            for number in (-1, 20001):
                answer = self.change(ada, project, **{field: number})
                self.assertOk(answer, {"error": {"code": "max_tokens_exceeded", "message": f"{field} must be 0 to 20000",
                                                 "details": {"field": field, "min": 0, "max": 20000, "current": number}}}, 422)
        self.assertPlain(self.change(ada, project, enabled_tools=["codex", "nope"]), 422, "Rules are not compiled for the tool nope")
        self.assertInvalid(self.change(ada, project, static_rules="x" * 100_001), ("body", "static_rules"))
        self.assertInvalid(self.change(ada, project, knowledge_types=["nope"]), ("body", "knowledge_types", 0))
        self.assertInvalid(self.change(ada, project, context_sections=["x"] * 51), ("body", "context_sections"))
        self.assertInvalid(self.change(ada, project, tool_overrides={"codex": {"extra": "x" * 70_000}}), ("body", "tool_overrides"))
        self.assertInvalid(self.change(ada, project, tool_overrides=[]), ("body", "tool_overrides"))
        self.assertEqual(ada.get(self.path(project)).json()["static_rules"], "")

    def test_files_are_compiled_and_a_version_is_kept_when_something_changed(self):
        ada = self.account("team")
        project = self.project(ada)
        ada.put(f"/projects/{project['git_remote_normalized']}/context", {"context_document": "# Project Context\n\n## Overview\n<!-- what -->\nA shop.\n\n## Architecture\n\n## Team\nAda.\n"})
        self.changed(ada, project, static_rules="Be kind", enabled_tools=TOOLS, tool_overrides={"codex": {"extra": "Only codex"}})
        first = self.compiled(ada, project)
        self.assertEqual((first["version"], first["created_new_version"], [one["tool"] for one in first["outputs"]]), (1, True, TOOLS))
        for output in first["outputs"]:
            self.assertEqual(output["filename"], FILES[output["tool"]])
            mark = MARK.search(output["content"][:512])
            self.assertEqual((mark[1], mark[2]), ("1", output["hash"][:16]))
            body = output["content"][output["content"].index("## Rules of the project"):]
            self.assertEqual(hashlib.sha256(body.encode()).hexdigest(), output["hash"])
            extra = "\n## Rules for codex\n\nOnly codex\n" if output["tool"] == "codex" else ""
            self.assertEqual(body, f"## Rules of the project\n\nBe kind\n{extra}\n## Context of the project\n\n### Overview\n\nA shop.\n")
            self.assertEqual(output["token_count"], (len(output["content"]) + 3) // 4)
        again = self.compiled(ada, project)
        self.assertEqual(again, {**first, "created_new_version": False})
        etag = ada.get(self.path(project)).json()["etag"]
        self.changed(ada, project, static_rules="Be kinder")
        second = self.compiled(ada, project)
        self.assertEqual((second["version"], second["created_new_version"]), (2, True))
        self.assertNotEqual(second["aggregate_hash"], first["aggregate_hash"])
        self.assertEqual((ada.get(self.path(project)).json()["version"], etag == ada.get(self.path(project)).json()["etag"]), (2, False))
        versions = ada.get(self.path(project) + "/versions").json()
        self.assertEqual([(one["version"], one["compiled_by"], one["content_hash"], one["tools"]) for one in versions],
                         [(2, ada.id, second["aggregate_hash"], sorted(TOOLS)), (1, ada.id, first["aggregate_hash"], sorted(TOOLS))])
        whole = ada.get(self.path(project) + "/versions/1").json()
        rules = ada.get(self.path(project)).json()
        self.assertEqual(whole, {"id": versions[1]["id"], "rules_id": rules["id"], "version": 1, "static_rules": "Be kind", "compiled_by": ada.id,
                                 "compiled_outputs": {one["tool"]: {name: one[name] for name in ("filename", "content", "hash", "token_count")} for one in first["outputs"]},
                                 "knowledge_snapshot": [], "context_snapshot": {"overview": "A shop."}, "compiled_at": versions[1]["compiled_at"],
                                 "content_hash": first["aggregate_hash"]})
        self.assertPlain(ada.get(self.path(project) + "/versions/9"), 404, "No such version of the rules")
        self.assertInvalid(ada.get(self.path(project) + "/versions/x"), ("path", "version"))

    def test_live_claims_come_in_the_surest_first(self):
        ada = self.account("team")
        project = self.project(ada)
        facts = [("decision", "Use PostgreSQL 15 for storage in src/db.py because of its jsonb type", 0.9), ("convention", "All modules in src/core/*.py must use type hints at 100 percent", 0.95),
                 ("bug", "The cache in redis_client.py expires after 60 seconds and needs care", 1.0)]
        for kind, text, confidence in facts:
            answer = ada.post(f"/projects/{project['id']}/entries/add", {"content": text, "entry_type": kind, "confidence": confidence, "session_id": f"ses_{kind}0000"})
            if answer.status == 404:
                self.skipTest("entries are not served")
            self.assertEqual((answer.status, answer.json()["claim_class"]), (201, "claim"), answer)
        self.changed(ada, project, enabled_tools=["codex"], include_context=False)
        lines = [line for line in self.compiled(ada, project)["outputs"][0]["content"].split("\n") if line.startswith("- ")]
        self.assertEqual(lines, [f"- {facts[1][1]} _(convention)_", f"- {facts[0][1]} _(decision)_"])
        snapshot = ada.get(self.path(project) + "/versions/1").json()["knowledge_snapshot"]
        self.assertEqual([(one["entry_type"], one["content"]) for one in snapshot], [(facts[1][0], facts[1][1]), (facts[0][0], facts[0][1])])
        entry = snapshot[0]["id"]
        self.assertEqual(ada.put(f"/projects/{project['id']}/entries/{entry}", {}).status, 200)
        self.assertEqual((self.compiled(ada, project)["version"], self.compiled(ada, project)["created_new_version"]), (2, False), "a dismissed fact goes")
        self.changed(ada, project, knowledge_max_tokens=0)
        self.assertNotIn("PostgreSQL", self.compiled(ada, project)["outputs"][0]["content"])

    def test_a_part_makes_no_version(self):
        ada = self.account("pro")
        project = self.project(ada)
        nothing = hashlib.sha256(b"").hexdigest()
        self.assertEqual(self.compiled(ada, project), {"version": 1, "created_new_version": False, "aggregate_hash": nothing, "outputs": []})
        self.changed(ada, project, enabled_tools=["codex"], static_rules="x")
        for tools, names in ((["gemini", "nope", "gemini"], ["gemini"]), ([], []), (["codex"], ["codex"])):
            made = self.compiled(ada, project, {"tools": tools})
            self.assertEqual(([one["tool"] for one in made["outputs"]], made["created_new_version"]), (names, False))
        self.assertOk(ada.get(self.path(project) + "/versions"), [])
        self.assertTrue(self.compiled(ada, project, {"tools": None})["created_new_version"])
        self.assertInvalid(ada.post(self.path(project) + "/compile", {"tools": ["x"] * 51}), ("body", "tools"))

    def test_compiling_at_once_makes_one_version(self):
        ada = self.account("pro")
        project = self.project(ada)
        self.changed(ada, project, enabled_tools=TOOLS, static_rules="x")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.compiled(ada, project), range(16)))
        self.assertEqual(sorted(answer["created_new_version"] for answer in answers), [False] * 15 + [True])
        self.assertEqual({answer["version"] for answer in answers}, {1})

    def test_changing_at_once_is_heard_once(self):
        ada = self.account("pro")
        project = self.project(ada)
        etag = ada.get(self.path(project)).json()["etag"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(lambda n: self.change(ada, project, etag, static_rules=f"{n}").status, range(8)))
        self.assertEqual(answers, [200] + [409] * 7)

    def test_who_may_do_what(self):
        owner, org, project = self.team()
        member, reader, stranger = self.member(owner), self.reader(project), self.account()
        self.changed(member, project, enabled_tools=["codex"], static_rules="x")
        path = self.path(project)
        self.assertEqual(self.change(reader, project, static_rules="mine").status, 403)
        made = self.compiled(reader, project)
        self.assertEqual((made["created_new_version"], len(made["outputs"])), (False, 1), "a reader gets the files, and keeps no version")
        self.assertOk(reader.get(path + "/versions"), [])
        self.assertTrue(self.compiled(member, project)["created_new_version"])
        self.assertEqual(len(reader.get(path + "/versions").json()), 1)
        self.assertEqual(reader.get(path + "/versions/1").status, 200)
        key = self.key(owner, org, "rules:read", "rules:write")
        forbidden = "The project is not yours, nor your organisation's, and you have no session of it"
        for method, end in (("GET", ""), ("PUT", ""), ("POST", "/compile"), ("GET", "/versions"), ("GET", "/versions/1")):
            body = {} if method == "PUT" else None
            self.assertPlain(stranger.call(method, path + end, body), 403, forbidden)
            self.assertEqual(key.call(method, path + end, body).status, 403)
            self.assertPlain(owner.call(method, "/projects/proj_0000000000000000/rules" + end, body), 404, "Project not found")
            self.assertEqual(support.request(self.server, method, "/api/v1" + path + end, body).status, 401)

    def test_rules_go_along_in_a_merge_where_there_are_none(self):
        ada = self.account("team")
        one, two, three = self.project(ada), self.project(ada), self.project(ada)
        self.changed(ada, one, static_rules="of one")
        self.changed(ada, three, static_rules="of three")
        self.assertEqual(ada.post(f"/projects/{two['id']}/merge", {"source_project_id": one["id"], "dry_run": False}).json()["rules_action"], "moved")
        self.assertEqual(ada.get(self.path(two)).json()["static_rules"], "of one")
        self.assertEqual(ada.post(f"/projects/{two['id']}/merge", {"source_project_id": three["id"], "dry_run": False}).json()["rules_action"], "kept")
        self.assertEqual(ada.get(self.path(two)).json()["static_rules"], "of one")
        self.assertEqual(ada.delete(f"/projects/{two['id']}").status, 200)
        self.assertEqual(int(self.sql(f"SELECT COUNT(*) FROM projects_rules WHERE project_id IN ('{one['id']}', '{two['id']}', '{three['id']}')")[0][0]), 0)


class OnSqlite(Rules, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Rules, OnPostgresDatabase, ProjectFamily):
    pass


if __name__ == "__main__":
    unittest.main()
