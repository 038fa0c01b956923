"""Sessions with the agent whose model writes files and runs commands in a real box."""
import json
import os
import pathlib
import shutil
import tempfile
import time
import unittest

import support
from agent_sessions_test import AgentFamily, MODULES, planner_says
from models_stand_in import Call, ModelsStandIn, Said
from mortise_server import MortiseServer, OnSqliteDatabase

TIME_LIMIT = 300
SCRIPT = [
    Call("write_file", {"filepath": "/home/ubuntu/report.txt", "content": "one\ntwo\n"}),
    Call("shell_execute", {"session_id": "main", "exec_dir": "/home/ubuntu", "command": "wc -l < report.txt; id -un; printf '\\033[31mred\\033[0m\\n'"}),
    Call("read_file", {"filepath": "/etc/shadow"}),
]


@unittest.skipUnless(shutil.which("bwrap"), "bubblewrap is missing")
class AgentBoxes(AgentFamily, OnSqliteDatabase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        cls.folder = tempfile.mkdtemp(prefix="agent-boxes-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o777)  # whoever the server runs as
        cls.boxes = pathlib.Path(cls.folder) / "boxes"
        options = {**cls.options(cls), "agent.sandbox": "local", "agent.sandbox_directory": str(cls.boxes)}
        cls.server = MortiseServer(options, modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.token = support.account(cls.server, "ada")

    def work(self, script):
        """A session in which the model makes the calls of the script, and its tool events that tell of an end."""
        left = list(script)

        def answer(question):
            if any(words in question.text for words in ("Plan how to do", "A step is over", "The plan is done")):
                return planner_says(question)
            if left:
                return Said(calls=[left.pop(0)])
            return Said(json.dumps({"success": True, "result": "done", "attachments": []}))

        self.models.answer = answer
        session = self.session(self.server, self.token)
        with self.say(self.server, self.token, session, "Go") as stream:
            events = list(stream)
        return session, [data for kind, _, data in events if kind == "tool" and data["status"] == "called"]

    def test_the_health_is_well_where_boxes_can_be_made(self):
        status = support.request(self.server, "GET", "/api/status", token=self.token).json()
        found = [(one["status"], one["details"]) for one in status["data"] if one["service"].endswith("sandbox")]
        self.assertEqual([one for one, _ in found], ["ok"], status)

    def test_a_model_works_in_a_box_and_its_user_looks_into_it(self):
        session, calls = self.work(SCRIPT)
        self.assertEqual([(call["name"], call["function"]) for call in calls],
                         [("file", "write_file"), ("shell", "shell_execute"), ("file", "read_file")])
        self.assertEqual(calls[0]["content"], {"content": "one\ntwo\n"})
        self.assertEqual(calls[1]["content"]["console"][0]["ps1"], "ubuntu@sandbox:~ $")
        self.assertEqual(calls[1]["content"]["console"][0]["output"], "2\nubuntu\nred\n")
        self.assertIsNone(calls[2]["content"])

        read = self.data(support.request(self.server, "POST", f"/api/sessions/{session}/file", {"filepath": "/home/ubuntu/report.txt"}, token=self.token))
        self.assertEqual(read["content"], "one\ntwo\n")
        missing = support.request(self.server, "POST", f"/api/sessions/{session}/file", {"filepath": "/etc/shadow"}, token=self.token)
        self.assertEqual(missing.status, 404, missing)
        shell = self.data(support.request(self.server, "POST", f"/api/sessions/{session}/shell", {"session_id": "main"}, token=self.token))
        self.assertEqual(shell["output"], "2\nubuntu\nred\n")
        self.assertEqual(len(shell["console_records"]), 1)
        other = support.request(self.server, "POST", f"/api/sessions/{session}/shell", {"session_id": "other"}, token=self.token)
        self.assertEqual(other.status, 404, other)

        self.assertTrue((self.boxes / session).exists())
        self.data(support.request(self.server, "POST", f"/api/sessions/{session}/delete", {}, token=self.token))
        end = time.monotonic() + 20
        while (self.boxes / session).exists() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertFalse((self.boxes / session).exists())

    def test_boxes_of_two_sessions_are_apart(self):
        self.work([Call("write_file", {"filepath": "/tmp/secret", "content": "secret"})])
        _, calls = self.work([Call("shell_execute", {"session_id": "main", "exec_dir": "/tmp", "command": "ls -A; cat secret; exit 0"})])
        self.assertEqual(calls[0]["content"]["console"][0]["output"], "cat: secret: No such file or directory\n")


if __name__ == "__main__":
    unittest.main()
