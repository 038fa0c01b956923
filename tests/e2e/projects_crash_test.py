"""kill -9 while projects are compiled, merged and transferred: either all of it has happened, or nothing."""
import contextlib
import http.client
import os
import random
import signal
import sqlite3
import threading
import time
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 900 if support.LONG else 300
KILLS = 100 if support.LONG else 8
TICKETS = 30
CLAIMS = 40
WORDS = ["amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty"]
OPTIONS = {**support.QUICK, "projects.entries_per_hour": "1000000"}
MODULES = ["auth", "scheduler", "sync", "projects"]


class ProjectsCrash(unittest.TestCase):
    def sql(self, text, *parameters):
        with contextlib.closing(sqlite3.connect(self.data / "mortise.db", timeout=30)) as database, database:
            return database.execute(text, parameters).fetchall()

    def call(self, method, path, body=None):
        return support.request(self.server, method, "/api/v1" + path, body, token=self.token)

    def made(self, path, body, status=201):
        answer = self.call("POST", path, body)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def sign_in(self):
        answer = support.request(self.server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"})
        self.assertEqual(answer.status, 200, answer)
        self.token = answer.json()["data"]["tokens"]["access_token"]

    def start(self):
        self.server = MortiseServer(OPTIONS, modules=MODULES).start()
        self.data = self.server.data
        self.addCleanup(lambda: self.server.stop())
        support.account(self.server, "ada")
        self.sign_in()
        self.org = self.made("/org", {"name": "Engines", "slug": "engines"}, 200)["org_id"]

    def attempt(self, path, body, answers):
        try:
            answers.append(self.call("POST", path, body).status)
        except (OSError, http.client.HTTPException):
            answers.append(None)

    def killed(self, path, body, longest):
        """The status of a request in which the server dies; None: there was no answer."""
        answers = []
        thread = threading.Thread(target=self.attempt, args=(path, body, answers))
        thread.start()
        time.sleep(random.uniform(0, longest))
        os.kill(self.server.pid, signal.SIGKILL)
        thread.join()
        self.server.stop()
        return answers[0]

    def restart(self):
        self.server = MortiseServer({**OPTIONS, "data.dir": str(self.data)}, modules=MODULES).start()
        self.sign_in()

    def claim(self, project, number):
        """Adds a fact that resembles no other one, and gives its text."""
        text = f"The module src/part{number}.py keeps " + " ".join(f"{word}{number * 31 + i}" for i, word in enumerate(WORDS)) + "."
        entry = self.made(f"/projects/{project}/entries/add", {"content": text, "session_id": f"ses_{number:012d}", "confidence": 0.9})
        self.assertEqual(entry["claim_class"], "claim", entry)
        return text

    def test_a_compilation_is_whole_or_not_at_all(self):
        self.start()
        for number in range(KILLS):
            project = self.made("/projects", {"name": "Clock", "git_remote_normalized": f"acme/clock{number}"})["id"]
            facts = [self.claim(project, n) for n in range(CLAIMS)]
            status = self.killed(f"/projects/{project}/compile", {}, 0.08)
            document, = self.sql("SELECT COALESCE(context_document, '') FROM projects_projects WHERE id = ?", project)[0]
            found = {"facts": sum(fact in document for fact in facts),
                     "marked": self.sql("SELECT COUNT(*) FROM projects_entries WHERE project_id = ? AND compiled_at IS NOT NULL", project)[0][0],
                     "compilations": self.sql("SELECT COUNT(*) FROM projects_compilations WHERE project_id = ?", project)[0][0]}
            whole, nothing = {"facts": CLAIMS, "marked": CLAIMS, "compilations": 1}, {"facts": 0, "marked": 0, "compilations": 0}
            self.assertIn(found, (whole, nothing), f"round {number}")
            if status == 200:
                self.assertEqual(found, whole, f"round {number}: what was acknowledged is gone")
            self.restart()
            self.assertEqual(self.call("POST", f"/projects/{project}/compile", {}).status, 200)
            document = self.call("GET", f"/projects/{project}").json()["context_document"].partition("\n## Recent Changes")[0]
            self.assertEqual([document.count(fact) for fact in facts], [1] * CLAIMS, f"round {number}: each fact stands once")

    def test_a_merge_is_whole_or_not_at_all(self):
        self.start()
        into = self.made("/projects", {"name": "Into", "git_remote_normalized": "acme/into"})["id"]
        for number in range(KILLS):
            remote = f"acme/source{number}"
            source = self.made("/projects", {"name": "Source", "git_remote_normalized": remote})["id"]
            for n in range(TICKETS):
                self.made(f"/projects/{source}/tickets", {"title": f"Ticket {n}"})
            self.assertEqual(self.call("PUT", f"/projects/{source}/context", {"context_document": f"text {number}"}).status, 200)
            status = self.killed(f"/projects/{into}/merge", {"source_project_id": source, "dry_run": False}, 0.15)
            merged = self.sql("SELECT merged_into FROM projects_projects WHERE id = ?", source)[0][0]
            found = {"repos": self.sql("SELECT project_id FROM projects_repos WHERE git_remote = ?", remote)[0][0],
                     "tickets": self.sql("SELECT DISTINCT project_id FROM projects_tickets WHERE created_at > 0 AND project_id IN (?, ?) AND id IN "
                                         "(SELECT id FROM projects_tickets ORDER BY created_at DESC LIMIT ?)", source, into, TICKETS),
                     "text": f"text {number}" in self.sql("SELECT context_document FROM projects_projects WHERE id = ?", into)[0][0],
                     "journal": self.sql("SELECT COUNT(*) FROM projects_changes WHERE project_id = ?", source)[0][0] == 0}
            whole = {"repos": into, "tickets": [(into,)], "text": True, "journal": True}
            nothing = {"repos": source, "tickets": [(source,)], "text": False, "journal": False}
            self.assertEqual(found, whole if merged else nothing, f"round {number}")
            if status == 200:
                self.assertEqual(merged, into, f"round {number}: what was acknowledged is gone")
            self.restart()

    def test_a_transfer_is_whole_or_not_at_all(self):
        self.start()
        for number in range(KILLS):
            project = self.made("/projects", {"name": "Shop", "git_remote_normalized": f"acme/shop{number}"})["id"]
            status = self.killed(f"/projects/{project}/transfer", {"to": self.org}, 0.03)
            org = self.sql("SELECT org_id FROM projects_projects WHERE id = ?", project)[0][0]
            states = self.sql("SELECT state FROM projects_transfers WHERE project_id = ?", project)
            audited = self.sql("SELECT COUNT(*) FROM mortise_audit WHERE action = 'projects.transferred' AND target = ?", f"project:{project}")[0][0]
            self.assertIn((org, states, audited), ((self.org, [("accepted",)], 1), (None, [], 0)), f"round {number}")
            if status == 200:
                self.assertEqual(org, self.org, f"round {number}: what was acknowledged is gone")
            self.restart()


if __name__ == "__main__":
    unittest.main()
