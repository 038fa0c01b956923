"""`mortise MODULE COMMAND`: commands that modules declare, with their arguments, beside a server and without one."""
import os
import shutil
import signal
import subprocess
import unittest

import support
from mortise_server import MortiseServer, Postgres, Smtp
from support import mortise

TIME_LIMIT = 240
MODULES = support.BUILD / "tests" / "modules"


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.data = self.folder / "data"
        self.settings = [f"--data.dir={self.data}", f"--modules.path={MODULES}", "--modules.enabled=clerk"]
        done = mortise("migrate", *self.settings)
        self.assertEqual(done.returncode, 0, done.stderr)

    def run_(self, *words, **options):
        return mortise(*words, *self.settings, **options)

    def test_help_lists_them_and_explains_each(self):
        done = self.run_("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"Commands of modules:(.|\n)* clerk file +Keep a paper")
        group = self.run_("clerk", "--help")
        self.assertEqual(group.returncode, 0, group.stderr)
        self.assertIn("mortise clerk file TITLE [DRAWER]", group.stdout)
        self.assertIn("mortise clerk wait", group.stdout)
        one = self.run_("clerk", "file", "--help")
        self.assertEqual((one.returncode, one.stderr), (0, ""))
        for text in ("Usage: mortise clerk file TITLE [DRAWER] [--copies COPIES] [--owner OWNER] [--stamp]", "Keep a paper", "TITLE: Title of the paper",
                     "DRAWER: Where it goes (one of top, bottom); default top", "--stamp", "a whole number from 1 to 9", "default 1", "--config FILE"):
            self.assertIn(text, one.stdout)
        self.assertIn("clerk file", self.run_("module", "info", "clerk").stdout)

    def test_arguments_come_typed_and_with_defaults(self):
        done = self.run_("clerk", "file", "Taxes")
        self.assertEqual((done.returncode, done.stdout), (0, "Taxes is in the top drawer of nobody; papers: 1\n"), done.stderr)
        self.assertIn("not started", done.stderr)
        self.assertIn(str(self.data), done.stderr)
        done = self.run_("clerk", "file", "Maps", "bottom", "--copies", "3", "--stamp", "--owner=ada")
        self.assertEqual(done.stdout, "Maps is in the bottom drawer of ada, stamped; papers: 4\n", done.stderr)

    def test_wrong_arguments_are_refused_before_the_module_is_asked(self):
        rows = [
            ((), r"missing TITLE"),
            (("Taxes", "middle"), r'drawer must be one of top, bottom, not "middle"'),
            (("Taxes", "--copies=0"), r'--copies must be a whole number from 1 to 9, not "0"'),
            (("Taxes", "--copies=many"), r'--copies must be a whole number from 1 to 9, not "many"'),
            (("Taxes", "top", "deep"), r'unexpected word "deep"'),
            (("Taxes", "--stam"), r"unknown option --stam; did you mean --stamp\?"),
        ]
        for words, message in rows:
            with self.subTest(words):
                done = self.run_("clerk", "file", *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
                self.assertRegex(done.stderr, r"^mortise clerk file: " + message)
        self.assertRegex(self.run_("clerk", "notify").stderr, r"missing --address: To whom")
        self.assertIn("papers: 1", self.run_("clerk", "file", "First").stdout)

    def test_the_exit_status_is_the_commands(self):
        self.assertEqual(self.run_("clerk", "leave", "0").returncode, 0)
        self.assertEqual(self.run_("clerk", "leave", "7").returncode, 7)
        done = self.run_("clerk", "leave", "200")
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected 0 to 125", done.stderr)
        done = self.run_("clerk", "refuse")
        self.assertEqual(done.returncode, 1)
        self.assertIn("mortise clerk refuse: the drawers are full; burn something", done.stderr)

    def test_unknown_and_withheld_commands_say_what_to_do(self):
        done = self.run_("clerk", "fil")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r'unknown command "clerk fil"; did you mean "clerk file"\?')
        done = mortise("clerk", "wait", f"--data.dir={self.data}", f"--modules.path={MODULES}", "--modules.enabled=probe")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the module clerk is disabled", done.stderr)
        done = mortise("nonsense", f"--data.dir={self.data}", "--http.workrs=3")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"modules may have further commands, but can't be read: .*http\.workrs")

    def test_without_data_nothing_is_made(self):
        done = mortise("clerk", "file", "Taxes", f"--data.dir={self.folder / 'none'}", f"--modules.path={MODULES}", "--modules.enabled=clerk")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no Mortise database here", done.stderr)
        self.assertFalse((self.folder / "none").exists())

    def test_ctrl_c_asks_it_to_stop(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([str(support.BINARY), "clerk", "wait", *self.settings], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=support.clean_environment(), preexec_fn=support.die_with_parent)
            self.assertEqual(process.stdout.readline(), "waiting\n")
            process.send_signal(sent)
            rest, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, rest), (128 + sent, "told to stop\n"), error)

    def test_it_works_beside_a_running_server(self):
        options = {"data.dir": str(self.data), "modules.path": [str(MODULES)]}
        with MortiseServer(options, modules=["clerk"]) as server:
            done = self.run_("clerk", "file", "Taxes")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(server.healthy())
        self.assertIn("papers: 2", self.run_("clerk", "file", "Maps").stdout)

    def test_mails_wait_for_a_server_that_sends_them(self):
        with Smtp() as smtp:
            done = self.run_("clerk", "notify", "--address", "ada@example.com", f"--mail.url={smtp.url}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(smtp.mails, [])
            with MortiseServer({"data.dir": str(self.data), "modules.path": [str(MODULES)], "mail.url": smtp.url}, modules=["clerk"]):
                smtp.wait_for("ada@example.com")

    @unittest.skipUnless(os.getuid() == 0, "only root gives its rights up")
    def test_root_becomes_the_owner_of_the_data_for_good(self):
        self.folder.chmod(0o755)
        for path in [self.data, *self.data.rglob("*")]:
            shutil.chown(path, "nobody", "nogroup")
        done = self.run_("clerk", "whoami")
        self.assertEqual(done.returncode, 0, done.stderr)
        user, group = self.data.stat().st_uid, self.data.stat().st_gid
        self.assertEqual(done.stdout, f"{user} {user} {group} 1\n")
        self.assertEqual({path.stat().st_uid for path in self.data.rglob("*")}, {user})

    @unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
    def test_it_works_on_postgresql(self):
        with Postgres() as postgres:
            url = f"--db.url={postgres.url()}"
            self.assertEqual(self.run_("migrate", url).returncode, 0)
            done = self.run_("clerk", "file", "Taxes", url)
            self.assertEqual(done.stdout, "Taxes is in the top drawer of nobody; papers: 1\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
