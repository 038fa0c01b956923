"""`mortise doctor`: what works and what does not, in lines and as JSON, beside a server and without one."""
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import unittest

import support
from mortise_server import MortiseServer, Postgres, Smtp
from support import mortise

TIME_LIMIT = 300
MODULES = support.BUILD / "tests" / "modules"


class Doctor(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.data = self.folder / "data"
        self.settings = [f"--data.dir={self.data}", f"--modules.path={MODULES}", "--modules.enabled=clerk"]

    def migrated(self):
        done = mortise("migrate", *self.settings)
        self.assertEqual(done.returncode, 0, done.stderr)

    def examine(self, *words):
        """The exit status, and {name: [(state, text)]}."""
        done = mortise("doctor", "--json", *self.settings, *words, seconds=120)
        report = json.loads(done.stdout)
        found = {}
        for check in report["checks"]:
            self.assertEqual(sorted(check), ["name", "state", "text"])
            found.setdefault(check["name"], []).append((check["state"], check["text"]))
        order = ["ok", "note", "warning", "failed"]
        worst = max((check["state"] for check in report["checks"]), key=order.index)
        self.assertEqual(report["state"], worst)
        self.assertEqual(done.returncode, {"ok": 0, "note": 0, "warning": 3, "failed": 1}[worst], done.stdout + done.stderr)
        return done.returncode, found

    def state(self, found, name):
        self.assertIn(name, found, found)
        self.assertEqual(len(found[name]), 1, found[name])
        return found[name][0]

    def prints(self):
        """What may not change by looking."""
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in self.data.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))}

    def test_all_is_well(self):
        self.migrated()
        before = self.prints()
        status, found = self.examine()
        self.assertEqual(status, 0, found)
        self.assertEqual({name: state for name, [(state, _)] in found.items()}, {
            "configuration": "ok", "data.dir": "ok", "server": "note", "migrations": "ok", "database": "ok", "cache": "ok", "storage": "ok", "mail": "note",
            "module clerk": "ok", "module clerk: migrations": "ok", "clerk: desk": "ok", "clerk: stool": "ok"})
        self.assertRegex(self.state(found, "database")[1], r"SQLite 3.*written to and rolled back")
        self.assertIn("written, read and removed", self.state(found, "storage")[1])
        self.assertEqual(self.state(found, "clerk: stool"), ("ok", "stands"))
        self.assertEqual(self.prints(), before)

    def test_a_line_for_each_check(self):
        self.migrated()
        done = mortise("doctor", *self.settings)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^ok       database  +SQLite 3")
        self.assertRegex(done.stdout, r"(?m)^note     mail  +no mails are sent; mail\.url names a relay$")

    def test_help(self):
        done = mortise("doctor", "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--json", done.stdout)
        self.assertIn("Exit status 0", done.stdout)

    def test_without_data_nothing_is_made(self):
        status, found = self.examine()
        self.assertEqual(status, 1)
        self.assertEqual(self.state(found, "data.dir")[0], "failed")
        self.assertEqual(self.state(found, "database")[0], "failed")
        self.assertIn("mortise migrate", self.state(found, "database")[1])
        self.assertEqual(self.state(found, "module clerk")[0], "note")
        self.assertFalse(self.data.exists())

    def test_a_wrong_configuration(self):
        status, found = self.examine("--http.workrs=3")
        self.assertEqual(status, 1)
        self.assertRegex(self.state(found, "configuration")[1], r"http\.workrs.*http\.workers")
        self.migrated()
        status, found = self.examine("--nobody.knows=3")
        self.assertEqual(status, 3)
        self.assertEqual(self.state(found, "configuration")[0], "warning")
        status, found = self.examine("--modules.enabled=absent")
        self.assertEqual(status, 1)
        self.assertIn("absent", self.state(found, "configuration")[1])

    def test_what_waits_to_be_migrated_is_not_migrated(self):
        (self.folder / "none").mkdir()
        done = mortise("migrate", f"--data.dir={self.data}", f"--modules.path={self.folder / 'none'}")
        self.assertEqual(done.returncode, 0, done.stderr)
        status, found = self.examine()
        self.assertEqual(status, 3)
        state, text = self.state(found, "module clerk: migrations")
        self.assertEqual(state, "warning")
        self.assertRegex(text, r"1 not applied yet \(001_papers\.sql\).*mortise migrate")
        self.assertEqual(self.state(self.examine()[1], "module clerk: migrations")[0], "warning")

    def test_a_secret_that_is_gone_is_not_made_anew(self):
        self.migrated()
        (self.data / "secret").unlink()
        status, found = self.examine()
        self.assertEqual(status, 1)
        self.assertIn("restore it from a backup", self.state(found, "secret")[1])
        self.assertFalse((self.data / "secret").exists())

    def test_trials_of_modules(self):
        self.migrated()
        for way, state, text in (("absent", "note", "there is no desk; buy one"), ("fails", "failed", "the desk wobbles; put paper under it"),
                                 ("throws", "warning", "the desk wobbles; put paper under it"), ("hangs", "warning", "no answer within 1000 ms")):
            with self.subTest(way):
                status, found = self.examine(f"--clerk.trial={way}")
                self.assertEqual(self.state(found, "clerk: desk"), (state, text))
                self.assertEqual(self.state(found, "clerk: stool")[0], "ok")
                self.assertEqual(status, {"note": 0, "warning": 3, "failed": 1}[state])

    def test_a_module_that_crashes_is_a_finding(self):
        self.migrated()
        status, found = self.examine("--clerk.trial=crashes")
        self.assertEqual(status, 1)
        self.assertIn(("failed", "crashed: Segmentation fault"), found["module clerk"])
        self.assertEqual(self.state(found, "database")[0], "ok")

    def test_a_module_that_is_refused_is_a_finding(self):
        self.migrated()
        broken = self.folder / "modules"
        broken.mkdir()
        shutil.copy(support.BUILD / "tests" / "abi" / "create_fails.so", broken)
        done = mortise("doctor", f"--data.dir={self.data}", f"--modules.path={broken}")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^failed   module tested  +.*could not be created: the model file is missing")
        (broken / "rubbish.so").write_bytes(b"no library")
        done = mortise("doctor", f"--data.dir={self.data}", f"--modules.path={broken}")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^failed   module rubbish(\.so)?  +\S")

    def test_mail_and_cache_are_tried(self):
        self.migrated()
        with Smtp() as smtp:
            status, found = self.examine(f"--mail.url={smtp.url}", "--mail.from=mortise@example.com")
            self.assertEqual((status, self.state(found, "mail")), (0, ("ok", "a mail would be taken")))
            self.assertEqual(smtp.mails, [])
        status, found = self.examine(f"--mail.url=smtp://127.0.0.1:{support.free_port()}", "--mail.from=mortise@example.com")
        self.assertEqual((status, self.state(found, "mail")[0]), (1, "failed"))
        self.assertIn("refused", self.state(found, "mail")[1])
        status, found = self.examine(f"--cache.url=redis://127.0.0.1:{support.free_port()}")
        self.assertEqual((status, self.state(found, "cache")[0]), (1, "failed"))
        outbox = self.folder / "outbox"
        outbox.mkdir(mode=0o500)
        status, found = self.examine(f"--mail.url=outbox:{outbox}", "--mail.from=mortise@example.com")
        self.assertEqual(self.state(found, "mail")[0], "ok" if os.getuid() == 0 else "failed")

    def test_a_database_that_another_program_holds(self):
        self.migrated()
        holder = sqlite3.connect(self.data / "mortise.db", isolation_level=None)
        self.addCleanup(holder.close)
        holder.execute("BEGIN IMMEDIATE")
        status, found = self.examine()
        self.assertEqual(status, 1)
        self.assertEqual(self.state(found, "database")[0], "failed")

    def test_beside_a_running_server(self):
        port = support.free_port()
        with MortiseServer({"data.dir": str(self.data), "modules.path": [str(MODULES)], "http.listen": f"127.0.0.1:{port}"}, modules=["clerk"]) as server:
            status, found = self.examine(f"--http.listen=127.0.0.1:{port}")
            self.assertEqual(status, 0, found)
            self.assertEqual(self.state(found, "server"), ("ok", f"runs at 127.0.0.1:{port}"))
            self.assertTrue(server.healthy())
            status, found = self.examine("--http.listen=127.0.0.1:0")
            self.assertEqual(self.state(found, "server")[0], "note")
            status, found = self.examine(f"--http.listen=127.0.0.1:{support.free_port()}")
            self.assertEqual((status, self.state(found, "server")[0]), (1, "failed"))
        self.assertEqual(self.state(self.examine()[1], "server"), ("note", "none runs on these data"))

    def test_what_the_running_server_finds_in_error(self):
        port = support.free_port()
        broken = self.folder / "modules"
        broken.mkdir()
        for file in ("tests/modules/clerk.so", "tests/abi/start_fails.so"):
            shutil.copy(support.BUILD / file, broken)
        options = {"data.dir": str(self.data), "modules.path": [str(broken)], "http.listen": f"127.0.0.1:{port}"}
        with MortiseServer(options):
            done = mortise("doctor", f"--data.dir={self.data}", f"--modules.path={broken}", f"--http.listen=127.0.0.1:{port}")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^warning  server: tested  +the running server finds it in error")

    @unittest.skipUnless(os.getuid() == 0, "only root looks at another user's data")
    def test_root_looks_as_the_owner(self):
        self.migrated()
        self.folder.chmod(0o755)
        for path in [self.data, *self.data.rglob("*")]:
            shutil.chown(path, "nobody", "nogroup")
        status, found = self.examine()
        self.assertEqual(status, 0, found)
        self.assertEqual({path.stat().st_uid for path in self.data.rglob("*")}, {self.data.stat().st_uid})

    @unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
    def test_postgresql(self):
        with Postgres() as postgres:
            url = f"--db.url={postgres.url()}"
            self.assertEqual(mortise("migrate", *self.settings, url).returncode, 0)
            status, found = self.examine(url)
            self.assertEqual(status, 0, found)
            self.assertRegex(self.state(found, "database")[1], r"PostgreSQL.*written to and rolled back")
            postgres._server.send_signal(signal.SIGINT)
            postgres._server.wait(30)
            status, found = self.examine(url)
            self.assertEqual((status, self.state(found, "database")[0]), (1, "failed"))


class AgentsBoxes(unittest.TestCase):
    def test_each_capability_is_named(self):
        folder = support.temporary_directory(self)
        folder.chmod(0o711)  # boxes have users of their own when a server is root's
        boxes = "ok" if shutil.which("bwrap") else "warning"
        settings = [f"--data.dir={folder / 'data'}", f"--modules.path={support.BUILD / 'modules'}", "--modules.enabled=agent"]
        self.assertEqual(mortise("migrate", *settings).returncode, 0)
        for more, expected in (("--agent.sandbox=off", {"files": {"note"}, "shell": {"note"}, "browser": {"note"}, "desktop": {"note"}}),
                               (f"--agent.sandbox_directory={folder / 'boxes'}",
                                {"files": {boxes}, "shell": {boxes}, "browser": {"ok", "note"}, "desktop": {"ok", "note"}}),
                               ("--agent.sandbox_root=/nowhere", {"files": {"warning"}, "shell": {"warning"}})):
            with self.subTest(more):
                done = mortise("doctor", "--json", *settings, more, seconds=120)
                found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
                for name, states in expected.items():
                    self.assertIn(found["agent: " + name]["state"], states, found)
                    self.assertNotEqual(found["agent: " + name]["text"], "")
                self.assertEqual(found["agent: model"]["state"], "note")
                self.assertIn("app-config/llm", found["agent: model"]["text"])
        self.assertIn("/nowhere/usr/bin/bash is missing", found["agent: shell"]["text"])


if __name__ == "__main__":
    unittest.main()
