"""`mortise agent try`: an operator checks a model and its key from the terminal, without a session."""
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

import support
from mortise_server import MortiseServer
from support import mortise

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from models_stand_in import Call, Fault, ModelsStandIn, Said  # noqa: E402

TIME_LIMIT = 240
PLAN = '{"title": "Greeting", "language": "en", "message": "I will greet.", "goal": "Greet", "steps": [{"id": "1", "description": "Say hello"}]}'
DONE = '{"success": true, "result": "Hello there", "attachments": []}'
UPDATE = '{"steps": []}'
SUMMARY = '{"message": "I have greeted.", "attachments": []}'


class Try(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.data = self.folder / "data"
        self.models = ModelsStandIn().start()
        self.addCleanup(self.models.stop)
        self.models.key = "sk-good"
        self.settings = [f"--data.dir={self.data}", f"--modules.path={support.BUILD / 'modules'}", "--modules.enabled=agent", "--http_client.allow_private=true",
                         f"--agent.model_base_url={self.models.url}/v1", "--agent.model_name=judge-large", "--agent.sandbox=off"]
        done = mortise("migrate", *self.settings)
        self.assertEqual(done.returncode, 0, done.stderr)

    def try_(self, *words, key="sk-good", seconds=60):
        done = mortise("agent", "try", *words, *self.settings, environment={"MORTISE_AGENT_MODEL_API_KEY": key}, seconds=seconds)
        self.assertNotIn("sk-", done.stdout + done.stderr)
        return done

    def script(self, *said):
        self.models.script.extend(said)

    def rows(self, table):
        with sqlite3.connect(self.data / "mortise.db") as database:
            return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def test_what_comes_is_printed_and_nothing_is_kept(self):
        self.script(Said(PLAN), Said("", [Call("message_notify_user", {"text": "On it"})]), Said(DONE), Said(UPDATE), Said(SUMMARY))
        done = self.try_("Greet the operator")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], f"model     judge-large at {self.models.url}/v1")
        for line in ("title     Greeting", "message   I will greet.", "          pending: Say hello", "step      running: Say hello",
                     'tool      message_notify_user is called with {"text":"On it"}', "tool      message_notify_user is done", "step      completed: Say hello", "message   Hello there",
                     "message   I have greeted."):
            self.assertEqual(lines.count(line), 1, done.stdout)
        self.assertEqual(lines.count("plan      1 step"), 3, "made, changed, done")
        self.assertIn("Greet the operator", str(self.models.questions[0].texts))
        self.assertEqual(len(self.models.questions), 5)
        for table in ("agent_sessions", "agent_events", "agent_inputs", "agent_memories", "agent_token_days"):
            self.assertEqual(self.rows(table), 0, table)

    def test_the_prompt_may_be_left_out(self):
        self.script(Said('{"title": "Hello", "message": "Hello, operator.", "steps": []}'))
        done = self.try_()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("message   Hello, operator.", done.stdout)

    def test_deltas_are_printed_as_they_come(self):
        written, seen = itertools.count(), threading.Event()

        def pause():
            if next(written) == 20:
                seen.wait(60)  # the model goes on only when its first words stand in the terminal

        self.addCleanup(seen.set)
        self.script(Said('{"title": "Long", "message": "' + "word " * 60 + 'end", "steps": []}', pause=pause))
        process = subprocess.Popen([str(support.BINARY), "agent", "try", *self.settings], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
                                   env={**support.clean_environment(), "MORTISE_AGENT_MODEL_API_KEY": "sk-good"}, preexec_fn=support.die_with_parent)
        begun = ""
        while "message   word" not in begun:
            piece = os.read(process.stdout.fileno(), 4096).decode()
            self.assertNotEqual(piece, "", f"it ended after {begun!r}")
            begun += piece
        self.assertFalse(seen.is_set())
        seen.set()
        rest, _ = process.communicate(timeout=60)
        out = begun + rest
        self.assertEqual(process.returncode, 0, out)
        self.assertIn("message   " + "word " * 60 + "end\n", out)

    def test_a_model_that_fails_is_explained_at_once(self):
        rows = [
            (Fault("status", 401), r"does not take the key \(401\).*app-config/llm"),
            (Fault("status", 429, retry_after=7), r"busy, or the account has no credit left \(429\): it wants to be asked again in 7 s"),
            (Fault("status", 404), r"refuses the request \(404\): check the base URL"),
            (Fault("status", 500), r"has a fault \(500\)"),
            (Fault("html"), r"speaks no chat completions, a page"),
            (Fault("nonsense"), r"speaks no chat completions"),
        ]
        for fault, message in rows:
            with self.subTest(f"{fault.kind} {fault.value}"):
                self.models.faults[:] = [fault]
                self.models.requests.clear()
                done = self.try_("Greet")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertRegex(done.stderr, message)
                self.assertEqual(len(self.models.requests), 1, "asked once")
        done = self.try_("Greet", key="sk-bad")
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not take the key (401)", done.stderr)

    def test_a_model_that_does_not_answer_in_time(self):
        self.models.faults.append(Fault("hang"))
        done = self.try_("Greet", "--timeout=1s")
        self.assertEqual(done.returncode, 1)
        self.assertIn("did not answer in time", done.stderr)

    def test_nothing_listens_there(self):
        others = [one for one in self.settings if "model_base_url" not in one]
        done = mortise("agent", "try", *others, f"--agent.model_base_url=http://127.0.0.1:{support.free_port()}/v1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no connection to the model's server", done.stderr)
        others = [one for one in self.settings if "allow_private" not in one]
        done = mortise("agent", "try", *others, environment={"MORTISE_AGENT_MODEL_API_KEY": "sk-good"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("http_client.allow_private", done.stderr)

    def test_no_model_is_set_up(self):
        done = mortise("agent", "try", f"--data.dir={self.data}", f"--modules.path={support.BUILD / 'modules'}", "--modules.enabled=agent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no model is set up", done.stderr)

    def test_a_step_that_fails_is_a_failure(self):
        self.script(Said(PLAN), Said('{"success": false, "result": "There is nobody", "attachments": []}'), Said(UPDATE), Said(SUMMARY))
        done = self.try_("Greet")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("failed: Say hello", done.stdout)

    def test_a_failure_in_the_middle(self):
        self.script(Said(PLAN))
        self.models.faults[:] = [None, Fault("status", 503)]
        done = self.try_("Greet")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("plan      1 step", done.stdout)
        self.assertRegex(done.stderr, r"busy.*\(503\)")

    def test_ctrl_c(self):
        self.models.faults.append(Fault("hang"))
        process = subprocess.Popen([str(support.BINARY), "agent", "try", *self.settings], stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE,
                                   env={**support.clean_environment(), "MORTISE_AGENT_MODEL_API_KEY": "sk-good"}, preexec_fn=support.die_with_parent)
        support.wait_until(lambda: self.models.requests, 30, "the question")
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 128 + signal.SIGINT, out + error)
        self.assertIn("stopped", error)

    def test_what_administrators_set_counts_beside_the_running_server(self):
        settings = dict(setting[2:].split("=", 1) for setting in self.settings)
        path = settings.pop("modules.path")
        settings.pop("modules.enabled")
        with MortiseServer({**support.QUICK, **settings, "modules.path": [path]}, modules=["agent", "auth"]) as server:
            token = support.account(server, "ada")
            server.run("user", "set-role", "ada", "super_admin")
            answer = support.request(server, "POST", "/api/app-config/llm", {"base_url": f"{self.models.url}/v1", "model_name": "judge-small", "api_key": "sk-good"}, token=token)
            self.assertEqual(answer.status, 200, answer)
            self.script(Said('{"title": "Hello", "message": "Hello.", "steps": []}'))
            done = self.try_("Greet", key="sk-other")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("model     judge-small at", done.stdout)
            self.assertEqual(self.models.questions[-1].headers["authorization"], "Bearer sk-good")


if __name__ == "__main__":
    unittest.main()
