"""The `mortise` program as an operator uses it: every command, its help, and what it says to a mistake."""
import concurrent.futures
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tarfile
import unittest

import support
from mortise_server import MortiseServer, Postgres
from support import mortise

TIME_LIMIT = 240
COMMANDS = [("serve",), ("module",), ("module", "list"), ("module", "info"), ("module", "check"), ("module", "new"), ("module", "enable"),
            ("module", "disable"), ("migrate",), ("check-config",), ("user",), ("user", "create"), ("user", "list"), ("user", "set-role"), ("user", "set-password"),
            ("openapi",), ("doctor",), ("backup",), ("restore",), ("version",), ("embed",)]
MODULES = support.BUILD / "modules"


class Help(unittest.TestCase):
    def test_each_command_explains_itself(self):
        for command in COMMANDS:
            with self.subTest(" ".join(command)):
                done = mortise(*command, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("mortise " + " ".join(command), done.stdout)
                self.assertEqual(done.stderr, "")

    def test_the_program_lists_its_commands(self):
        done = mortise("--help")
        self.assertEqual(done.returncode, 0, done.stderr)
        for command in COMMANDS:
            self.assertRegex(done.stdout, rf"\b{command[0]}\b")

    def test_the_shipped_sample_is_what_the_program_prints(self):
        """Every option of the kernel and of the modules that ship, with help, type and default."""
        folder = support.temporary_directory(self)
        done = mortise("check-config", "--sample", f"--data.dir={folder}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, (support.ROOT / "etc" / "mortise.conf").read_text(),
                         "etc/mortise.conf is out of date: build/release/mortise check-config --sample > etc/mortise.conf")
        for section in ("http", "data", "modules", "db", "cache", "blobs", "mail", "log", "identity", "auth"):
            self.assertIn(f"[{section}]", done.stdout)
        for line in done.stdout.splitlines():
            self.assertTrue(line == "" or line[0] in "#[", f"an option of the sample is not commented: {line}")

    def test_an_unknown_command_is_refused_with_the_nearest_one(self):
        done = mortise("modul", "list")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("modul", done.stderr)
        self.assertRegex(done.stderr, r"\bmodule\b")

    def test_version(self):
        done = mortise("version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"1\.0\.0")


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.file = self.folder / "mortise.conf"

    def check(self, text, *arguments, environment=None):
        self.file.write_text(text)
        return mortise("check-config", "--config", self.file, f"--data.dir={self.folder / 'data'}", f"--modules.path={MODULES}", *arguments,
                       environment=environment)

    def test_the_shipped_sample_is_sound(self):
        self.assertEqual(self.check((support.ROOT / "etc" / "mortise.conf").read_text()).returncode, 0)

    def test_mistakes_are_refused_with_file_line_and_the_nearest_name(self):
        rows = [
            ("[http]\nlisten = 127.0.0.1:0\nworker = 2\n", [r"mortise\.conf:3", r"http\.worker\b", r"http\.workers"]),
            ("[htp]\nlisten = 127.0.0.1:0\n", [r"mortise\.conf:[12]", r"htp"]),
            ("[http]\nworkers = many\n", [r"mortise\.conf:2", r"http\.workers", r"many"]),
            ("[http]\nmax_body = 5 parsecs\n", [r"mortise\.conf:2", r"http\.max_body", r"parsecs"]),
            ("[log]\nlevel = loud\n", [r"mortise\.conf:2", r"log\.level", r"loud", r"warning"]),
            ("[http\nworkers = 1\n", [r"mortise\.conf:1"]),
            ("[identity]\ndefault_tier = gold\n", [r"mortise\.conf:2", r"identity\.default_tier", r"gold", r"starter"]),
            ("[identity]\nupgrade_url = example.com/plans\n", [r"mortise\.conf:2", r"identity\.upgrade_url", r"https://"]),
            (f"[identity]\nupgrade_url = https://example.com/{'x' * 300}\n", [r"identity\.upgrade_url", r"300 characters"]),
        ]
        for text, patterns in rows:
            with self.subTest(text):
                done = self.check(text)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                for pattern in patterns:
                    self.assertRegex(done.stderr, pattern)

    def test_mistakes_on_the_command_line_and_in_the_environment_are_refused(self):
        done = self.check("", "--http.workrs=2")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"http\.workrs(.|\n)*http\.workers")
        done = self.check("", environment={"MORTISE_HTTP_WORKRS": "2"})
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"MORTISE_HTTP_WORKRS|http\.workrs")

    def test_the_command_line_beats_the_file_and_the_file_beats_the_environment(self):
        def listening(text, *arguments, environment):
            """The address that a server with these settings prints."""
            self.file.write_text(text)
            server = subprocess.Popen([str(support.BINARY), "serve", "--config", str(self.file), f"--data.dir={self.folder / 'data'}", *arguments],
                                      env={**support.clean_environment(), **environment}, stdout=subprocess.DEVNULL)
            try:
                candidates = {"environment": a, "file": b, "command line": c}
                def answering():
                    self.assertIsNone(server.poll(), "the server ended")
                    for name, port in candidates.items():
                        class Here:
                            pass
                        Here.port = port
                        try:
                            if support.request(Here, "GET", "/health", timeout=2).status == 200:
                                return name
                        except OSError:
                            continue
                    return None
                return support.wait_until(answering, 15, "an answer on one of the addresses")
            finally:
                server.terminate()
                server.wait(20)

        a, b, c = support.free_port(), support.free_port(), support.free_port()
        environment = {"MORTISE_HTTP_LISTEN": f"127.0.0.1:{a}"}
        self.assertEqual(listening("", environment=environment), "environment")
        self.assertEqual(listening(f"[http]\nlisten = 127.0.0.1:{b}\n", environment=environment), "file")
        self.assertEqual(listening(f"[http]\nlisten = 127.0.0.1:{b}\n", f"--http.listen=127.0.0.1:{c}", environment=environment), "command line")


class Modules(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.file = self.folder / "mortise.conf"
        self.file.write_text(f"# kept comment\n[data]\ndir = {self.folder / 'data'}\n\n[modules]\npath = {MODULES}\n")

    def test_an_operation_whose_feature_nobody_declares_keeps_its_module_out(self):
        (self.folder / "modules").mkdir()
        shutil.copy(support.BUILD / "tests" / "abi" / "feature_unknown.so", self.folder / "modules")
        done = mortise("check-config", "--config", self.file, f"--modules.path={self.folder / 'modules'}", "--strict")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertRegex(done.stderr, r"feature_unknown\.so: contracts/test\.yaml:12: operation hello needs feature teem_notes, which no enabled module "
                                      r"declares under features in its module\.yaml; did you mean team_notes\?")

    def test_list_shows_what_is_there_and_what_is_on(self):
        done = mortise("module", "list", "--config", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^.*\bauth\b.*1\.0\.0")

    def state(self, name):
        listed = mortise("module", "list", "--config", self.file).stdout
        return re.search(rf"(?m)^{name}\s+(\w+)", listed).group(1)

    def test_disable_and_enable_are_remembered(self):
        self.assertEqual(self.state("auth"), "enabled")
        done = mortise("module", "disable", "auth", "--config", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.state("auth"), "disabled")
        self.assertNotIn("/api/auth/login", mortise("openapi", "--config", self.file).stdout)
        done = mortise("module", "enable", "auth", "--config", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.state("auth"), "enabled")
        self.assertIn("/api/auth/login", mortise("openapi", "--config", self.file).stdout)

    def test_what_the_configuration_decides_is_changed_there(self):
        self.file.write_text(self.file.read_text() + "enabled = auth\n")
        done = mortise("module", "disable", "auth", "--config", self.file)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"modules\.enabled.*mortise\.conf:\d+")

    def test_a_name_that_is_not_there_is_refused(self):
        for verb in ("enable", "disable", "info", "check"):
            with self.subTest(verb):
                done = mortise("module", verb, "auht", "--config", self.file)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("auht", done.stderr)

    def test_info_tells_what_a_module_is_without_running_it(self):
        done = mortise("module", "info", MODULES / "auth.so")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("auth", "1.0.0", "db/1", "/api/auth/login", "auth.find_users", "code_lifetime"):
            self.assertIn(word, done.stdout)

    def test_check_passes_a_sound_module_and_refuses_others_in_one_sentence(self):
        done = mortise("module", "check", MODULES / "auth.so")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        text = self.folder / "words.so"
        text.write_text("not a library\n")
        done = mortise("module", "check", text)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"words\.so")
        done = mortise("module", "check", self.folder / "missing.so")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout + done.stderr, r"missing\.so")

    def test_new_refuses_a_bad_name_and_a_folder_that_is_there(self):
        done = mortise("module", "new", "Bad Name", self.folder / "x")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Bad Name", done.stderr)
        (self.folder / "full").mkdir()
        (self.folder / "full" / "mine.txt").write_text("mine")
        done = mortise("module", "new", "notes", self.folder / "full")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(os.listdir(self.folder / "full"), ["mine.txt"])


class Accounts(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.data = self.folder / "data"
        self.options = [f"--data.dir={self.data}", f"--modules.path={MODULES}", "--modules.enabled=auth", "--identity.argon2_memory=8MiB",
                        "--identity.argon2_passes=1"]

    def test_create_list_and_set_role(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        done = mortise("user", "create", "ada", *self.options, "--email", "ada@example.org", "--role", "super_admin", "--password-stdin",
                       input="correct horse 7\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("correct horse", done.stdout + done.stderr)
        again = mortise("user", "create", "ada", *self.options, "--password-stdin", input="correct horse 7\n")
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("ada", again.stderr)
        # White space that pasting brings along is no part of an address, whichever of Unicode's it is.
        for name, around in (("bea", "\u00a0"), ("cyd", "\u3000"), ("dan", "\u2003"), ("eva", "\ufeff"), ("fay", "\t ")):
            pasted = mortise("user", "create", name, *self.options, "--email", f"{around}{name}@Example.org{around}", "--password-stdin",
                             input="correct horse 7\n")
            self.assertEqual(pasted.returncode, 0, pasted.stderr)
            taken = mortise("user", "create", name + "2", *self.options, "--email", f"{name}@example.org", "--password-stdin",
                            input="correct horse 7\n")
            self.assertNotEqual(taken.returncode, 0)
            self.assertIn(f'"{name}@example.org" is taken', taken.stderr)
        listed = mortise("user", "list", *self.options)
        self.assertRegex(listed.stdout, r"(?m)^.*\bada\b.*super_admin")
        self.assertEqual(mortise("user", "set-role", *self.options, "ada", "user").returncode, 0)
        self.assertNotRegex(mortise("user", "list", *self.options).stdout, r"(?m)^.*\bada\b.*super_admin")
        self.assertNotEqual(mortise("user", "set-role", *self.options, "nobody-here", "user").returncode, 0)
        self.assertNotEqual(mortise("user", "set-role", *self.options, "ada", "emperor").returncode, 0)
        short = mortise("user", "create", "bob", *self.options, "--password-stdin", input="short\n")
        self.assertNotEqual(short.returncode, 0)
        self.assertIn("8", short.stderr)

        server = MortiseServer({**support.QUICK, "data.dir": str(self.data)}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        answer = support.request(server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"})
        self.assertEqual(answer.json()["code"], 200, answer)


class Data(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.data = self.folder / "data"
        self.options = [f"--data.dir={self.data}", f"--modules.path={MODULES}", "--modules.enabled=auth"]

    def test_migrate_makes_the_tables_and_does_nothing_the_second_time(self):
        first = mortise("migrate", *self.options)
        self.assertEqual(first.returncode, 0, first.stderr)
        tables = {name for (name,) in sqlite3.connect(self.data / "mortise.db").execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.assertTrue({"auth_signups", "auth_sends"} <= tables, tables)
        second = mortise("migrate", *self.options)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertNotEqual(first.stdout, second.stdout)

    def test_openapi_prints_the_merged_document(self):
        done = mortise("openapi", *self.options)
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["openapi"], "3.0.3")
        self.assertIn("/api/auth/login", document["paths"])

    def test_a_backup_taken_while_serving_restores_what_was_there(self):
        server = MortiseServer({**support.QUICK, "data.dir": str(self.data)}, modules=["auth", "probe"]).start()
        self.addCleanup(server.stop)
        support.account(server, "before")
        stored = support.request(server, "POST", "/probe/files", b"blob" * 10000, {"Content-Type": "application/octet-stream"}).json()["id"]
        backup = self.folder / "backup.tar.gz"
        done = mortise("backup", backup, *self.options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.stat(backup).st_mode & 0o077, 0, "a backup holds password hashes: it is the owner's alone")
        support.account(server, "after")
        server.stop()

        elsewhere = [f"--data.dir={self.folder / 'second'}", *self.options[1:]]
        done = mortise("restore", backup, *elsewhere)
        self.assertEqual(done.returncode, 0, done.stderr)
        second = MortiseServer({**support.QUICK, "data.dir": str(self.folder / "second")}, modules=["auth", "probe"]).start()
        self.addCleanup(second.stop)

        def log_in(name):
            return support.request(second, "POST", "/api/auth/login", {"username": name, "password": "correct horse 7"}).json()["code"]

        self.assertEqual((log_in("before"), log_in("after")), (200, 401))
        self.assertEqual(support.request(second, "GET", f"/probe/files/{stored}").body, b"blob" * 10000)

    def test_commands_refuse_where_there_is_no_database_and_make_nothing(self):
        """A forgotten --config must not end in an empty backup, nor in an administrator of a server that nobody runs."""
        backup = self.folder / "backup.tar.gz"
        for words in (("backup", backup), ("user", "create", "ada", "--password-stdin"), ("user", "list"), ("user", "set-role", "ada", "user"),
                      ("user", "delete", "ada", "--yes"), ("audit",), ("migrate", "--dry-run")):
            with self.subTest(words=words):
                done = mortise(*words, *self.options, input="correct horse 7\n")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"there is no Mortise database here: data.dir {self.data} (command line), database sqlite:{self.data}/mortise.db",
                              done.stderr)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_commands_that_refuse_a_database_without_tables_make_no_secret(self):
        self.data.mkdir(mode=0o700)
        foreign = self.folder / "foreign.db"
        with sqlite3.connect(foreign) as database:
            database.execute("CREATE TABLE users (id INTEGER)")
        (self.folder / "empty.db").touch()
        (self.data / "mortise.db").touch()
        urls = ["", f"sqlite:{foreign}", f"sqlite:{self.folder}/empty.db"]
        if Postgres.available():
            postgres = Postgres().start()
            self.addCleanup(postgres.stop)
            urls.append(postgres.url())
        for url in urls:
            for words in (("user", "list"), ("audit",), ("user", "create", "ada", "--password-stdin")):
                with self.subTest(url=url, words=words):
                    done = mortise(*words, *self.options, *([f"--db.url={url}"] if url else []), input="correct horse 7\n")
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn("there is no Mortise database here", done.stderr)
                    self.assertFalse((self.data / "secret").exists())

    def test_what_only_has_to_be_said_is_no_failure(self):
        for words, said in ((["--holidays.limit=5"], "no module of the name holidays is here"), ([f"--modules.path={self.folder}/nowhere"], "is not there"),
                            (["--holidays.limit=5", f"--modules.path={self.folder}/nowhere"], "is not there")):
            with self.subTest(words=words):
                done = mortise("migrate", *self.options, *words)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(said, done.stderr)
                strict = mortise("check-config", *self.options, *words, "--strict")
                self.assertEqual(strict.returncode, 3, "the operator who asks for it learns of it")
                self.assertIn(said, strict.stderr)
        self.assertEqual(mortise("migrate", *self.options, "--modules.enabled=nosuch").returncode, 1, "a module that is missing is a failure")
        server = MortiseServer({**support.QUICK, "data.dir": str(self.data), "holidays.limit": "5"}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        self.assertIn("note: command line: option --holidays.limit", server.output())
        self.assertNotIn("refused:", server.output())

    def test_commands_say_which_data_they_use(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        backup = self.folder / "backup.tar.gz"
        for words in (("user", "list"), ("audit",), ("backup", backup), ("restore", backup), ("migrate",)):
            with self.subTest(words=words):
                self.assertIn(f"data.dir {self.data} (command line), database sqlite:{self.data}/mortise.db", mortise(*words, *self.options).stderr)

    def test_an_archive_without_database_or_secret_replaces_nothing(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        backup = self.folder / "backup.tar.gz"
        self.assertEqual(mortise("backup", backup, *self.options).returncode, 0)
        before = {file.name: file.read_bytes() for file in self.data.iterdir() if file.is_file() and file.suffix != ".lock"}
        with tarfile.open(backup) as archive:
            content = {member.name: archive.extractfile(member).read() for member in archive}
        for absent in ({"secret"}, {"mortise.db"}, {"secret", "mortise.db"}):
            with self.subTest(absent=absent):
                files = {name: text for name, text in content.items() if name not in absent | {"mortise-backup.json"}}
                sums = {name: hashlib.sha256(text).hexdigest() for name, text in files.items()}
                with tarfile.open(backup, "w:gz") as archive:
                    for name, text in {**files, "mortise-backup.json": json.dumps({"mortise_backup": 1, "files": sums}).encode()}.items():
                        entry = tarfile.TarInfo(name)
                        entry.size = len(text)
                        archive.addfile(entry, io.BytesIO(text))
                done = mortise("restore", backup, *self.options)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "holds no (secret|mortise.db)")
                self.assertEqual({file.name: file.read_bytes() for file in self.data.iterdir() if file.is_file() and file.suffix != ".lock"}, before)

    def test_a_backup_that_is_stopped_leaves_nothing(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        (self.data / "blobs").mkdir(mode=0o700, exist_ok=True)
        with open(self.data / "blobs" / "big", "wb") as big:
            big.truncate(64 << 30)  # it is sparse: no disk, but minutes of packing
        backups = self.folder / "backups"
        backups.mkdir()

        def running():
            process = subprocess.Popen([support.BINARY, "backup", backups / "backup.tar.gz", *self.options], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, env=support.clean_environment())
            self.addCleanup(process.kill)
            support.wait_until(lambda: any(entry.joinpath("mortise.db").exists() for entry in self.data.glob("scratch-*")), 30, "a copy of the database")
            return process

        for signal_sent in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=signal_sent):
                process = running()
                process.send_signal(signal_sent)
                self.assertEqual(process.wait(30), -signal_sent)
                self.assertEqual((list(self.data.glob("scratch-*")), list(backups.iterdir())), ([], []))
        killed = running()
        killed.kill()
        killed.wait(30)
        (self.data / "blobs" / "big").unlink()
        self.assertEqual(len(list(self.data.glob("scratch-*"))), 1)
        self.assertEqual(mortise("backup", backups / "backup.tar.gz", *self.options).returncode, 0)
        self.assertEqual((list(self.data.glob("scratch-*")), len(list(backups.iterdir()))), ([], 1))

    def test_a_signal_that_was_ignored_at_the_start_stays_ignored(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        (self.data / "blobs").mkdir(mode=0o700, exist_ok=True)
        with open(self.data / "blobs" / "big", "wb") as big:
            big.truncate(64 << 30)

        def ignores(process, number):
            mask = re.search(r"^SigIgn:\s*(\w+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)
            blocked = re.search(r"^SigBlk:\s*(\w+)", pathlib.Path(f"/proc/{process.pid}/status").read_text(), re.M)
            return int(mask.group(1), 16) >> (number - 1) & 1 == 1 and int(blocked.group(1), 16) >> (number - 1) & 1 == 0

        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process = subprocess.Popen([support.BINARY, "backup", self.folder / "backup.tar.gz", *self.options], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.DEVNULL, env=support.clean_environment(), preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
                self.addCleanup(process.kill)
                support.wait_until(lambda: any(entry.joinpath("mortise.db").exists() for entry in self.data.glob("scratch-*")), 30, "a copy of the database")
                self.assertTrue(ignores(process, number))
                process.send_signal(number)
                other = signal.SIGTERM if number != signal.SIGTERM else signal.SIGINT
                process.send_signal(other)
                self.assertEqual(process.wait(30), -other, "not the ignored one")
        server = MortiseServer({**support.QUICK, "data.dir": str(self.data)}, modules=["auth"], prefix=["env", "--ignore-signal=INT", "--ignore-signal=HUP"])
        server.start()
        self.addCleanup(server.stop)
        for number in (signal.SIGINT, signal.SIGHUP):
            self.assertTrue(ignores(server, number))
            os.kill(server.pid, number)
        self.assertTrue(server.healthy())

    @unittest.skipUnless(os.geteuid() == 0, "only root can act as another user")
    def test_a_stopped_backup_of_root_leaves_nothing_in_a_directory_of_roots(self):
        server_user = 65534
        os.chmod(self.folder, 0o755)
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        (self.data / "blobs").mkdir(mode=0o700, exist_ok=True)
        with open(self.data / "blobs" / "big", "wb") as big:
            big.truncate(64 << 30)
        for path in (self.data, *self.data.rglob("*")):
            os.chown(path, server_user, server_user)
        backups = self.folder / "backups"
        for mode in (0o700, 0o755, 0o1777):
            backups.mkdir(exist_ok=True)
            os.chmod(backups, mode)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                with self.subTest(mode=oct(mode), signal=number):
                    process = subprocess.Popen([support.BINARY, "backup", backups / "backup.tar.gz", *self.options], stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL, env=support.clean_environment())
                    self.addCleanup(process.kill)
                    support.wait_until(lambda: any(entry.joinpath("mortise.db").exists() for entry in self.data.glob("scratch-*")), 30, "a copy of the database")
                    process.send_signal(number)
                    self.assertEqual(process.wait(30), -number)
                    self.assertEqual((list(self.data.glob("scratch-*")), list(backups.iterdir())), ([], []))

    @unittest.skipUnless(os.geteuid() == 0, "only root can act as another user")
    def test_what_root_makes_in_the_data_of_another_user_is_that_users(self):
        server_user = 65534
        os.chmod(self.folder, 0o755)
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        for path in (self.data, *self.data.rglob("*")):
            os.chown(path, server_user, server_user)

        def owners():
            return {path.stat().st_uid for path in (self.data, *self.data.rglob("*"))}

        backup = self.folder / "backup.tar.gz"
        for words in (("user", "create", "ada", "--password-stdin"), ("audit",), ("migrate",), ("backup", backup), ("restore", backup), ("user", "list")):
            with self.subTest(words=words):
                reader = sqlite3.connect(self.data / "mortise.db")  # keeps the write-ahead log there after the command
                reader.execute("SELECT count(*) FROM mortise_users").fetchone()
                done = mortise(*words, *self.options, input="correct horse 7\n")
                self.assertEqual(done.returncode, 0, done.stderr)
                reader.close()
                self.assertEqual(owners(), {server_user})
        self.assertEqual(backup.stat().st_uid, 0, "the backup is the caller's")

    def test_a_data_directory_that_others_could_look_into_is_closed(self):
        for mode in (0o755, 0o750, 0o777, 0o701):
            with self.subTest(mode=oct(mode)):
                self.data.mkdir(exist_ok=True)
                os.chmod(self.data, mode)
                self.assertEqual(mortise("migrate", *self.options).returncode, 0)
                self.assertEqual(os.stat(self.data).st_mode & 0o777, 0o700)

    def test_a_slip_in_the_path_of_the_secret_makes_no_new_one(self):
        secret = self.folder / "secret"
        self.assertEqual(mortise("migrate", *self.options, f"--identity.secret_file={secret}").returncode, 0)
        self.assertTrue(secret.exists(), "a new database gets a new secret")
        (self.folder / "link").symlink_to(self.folder / "gone")
        for slip in (self.folder / "secrte", self.folder / "nowhere" / "secret", self.folder / "link", self.data / "secret.old"):
            for words in (("serve",), ("migrate",), ("user", "list"), ("backup", self.folder / "backup.tar.gz")):
                with self.subTest(slip=slip, words=words):
                    done = mortise(*words, *self.options, f"--identity.secret_file={slip}")
                    self.assertEqual(done.returncode, 1)
                    self.assertIn(f"identity.secret_file (command line) names {slip}, which does not exist", done.stderr)
                    self.assertFalse(slip.exists())
        self.assertFalse((self.folder / "nowhere").exists())
        configuration = self.folder / "mortise.conf"
        configuration.write_text(f"[identity]\nsecret_file = {self.folder}/secrte\n")
        for arguments, environment, source in ((["--config", configuration], {}, f"{configuration}:2"),
                                               ([], {"MORTISE_IDENTITY_SECRET_FILE": f"{self.folder}/secrte"}, "MORTISE_IDENTITY_SECRET_FILE")):
            with self.subTest(source=source):
                done = mortise("migrate", *self.options, *arguments, environment=environment)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, rf"identity\.secret_file \({source}\) names {self.folder}/secrte, which does not exist")
                self.assertFalse((self.folder / "secrte").exists())

    def test_backups_at_once_do_not_disturb_each_other(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for done in pool.map(lambda number: mortise("backup", self.folder / f"{number}.tar.gz", *self.options), range(24)):
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(self.data.glob("scratch-*")), [])

    def test_a_damaged_backup_replaces_nothing(self):
        self.assertEqual(mortise("migrate", *self.options).returncode, 0)
        backup = self.folder / "backup.tar.gz"
        self.assertEqual(mortise("backup", backup, *self.options).returncode, 0)
        content = bytearray(backup.read_bytes())
        before = (self.data / "mortise.db").read_bytes()
        for damage in (content[: len(content) // 2], content[:1000] + bytes(200) + content[1200:], b"", b"not a backup at all"):
            backup.write_bytes(bytes(damage))
            done = mortise("restore", backup, *self.options)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("backup.tar.gz", done.stderr)
            self.assertEqual((self.data / "mortise.db").read_bytes(), before)


class Installation(unittest.TestCase):
    """The files that docs/operations.md tells an operator to copy, put where a test may put them."""

    def setUp(self):
        self.folder = support.temporary_directory(self)
        guide = (support.ROOT / "docs" / "operations.md").read_text()
        self.steps = re.search(r"## Install\n\n((?:    .*\n)+)", guide)[1]

    def test_the_documented_configuration_is_sound_and_names_the_data(self):
        shutil.copy(support.ROOT / "etc" / "mortise.conf", self.folder / "mortise.conf")
        command = re.search(r"^    (sed .*) /etc/mortise/mortise.conf$", self.steps, re.MULTILINE)[1]
        subprocess.run(f"{command} {self.folder}/mortise.conf", shell=True, check=True)
        done = mortise("check-config", "--config", self.folder / "mortise.conf", "--show", f"--modules.path={MODULES}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"data.dir = /var/lib/mortise   # {self.folder}/mortise.conf:", done.stdout)

    @unittest.skipUnless(shutil.which("systemd-sysusers"), "no systemd here")
    def test_systemd_makes_the_user_and_takes_the_unit(self):
        (self.folder / "etc").mkdir()
        subprocess.run(["systemd-sysusers", f"--root={self.folder}", support.ROOT / "etc" / "systemd" / "mortise.sysusers"], check=True, capture_output=True)
        self.assertRegex((self.folder / "etc" / "passwd").read_text(), r"(?m)^mortise:[^:]*:\d+:\d+:Mortise API server:/var/lib/mortise:")
        self.assertRegex((self.folder / "etc" / "group").read_text(), r"(?m)^mortise:")
        unit = (support.ROOT / "etc" / "systemd" / "mortise.service").read_text()
        (self.folder / "mortise.service").write_text(unit.replace("/usr/local/bin/mortise", str(support.BINARY)))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", self.folder / "mortise.service"], capture_output=True, text=True)
        self.assertEqual((done.returncode, [line for line in done.stderr.splitlines() if "mortise.service" in line]), (0, []), done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can act as another user")
    def test_the_user_of_the_service_reads_a_configuration_that_others_may_not(self):
        unit = (support.ROOT / "etc" / "systemd" / "mortise.service").read_text()
        made = re.findall(r"(?m)^u (\S+)", (support.ROOT / "etc" / "systemd" / "mortise.sysusers").read_text())
        self.assertEqual(re.findall(r"(?m)^User=(\S+)", unit), made)
        self.assertNotRegex(unit, r"(?m)^DynamicUser=(yes|true|on|1)", "its group could not be given to a file before it runs")
        user = 65534
        configuration = self.folder / "mortise.conf"
        configuration.write_text(f"[data]\ndir = {self.folder}/data\n[modules]\npath = {MODULES}\nenabled = auth\n")
        os.chmod(self.folder, 0o755)
        os.chown(configuration, 0, user)
        os.chmod(configuration, 0o640)
        (self.folder / "data").mkdir()
        os.chown(self.folder / "data", user, user)
        for words in (("check-config",), ("migrate",)):
            done = subprocess.run([support.BINARY, *words, "--config", configuration], user=user, group=user, extra_groups=[],
                                  env=support.clean_environment(), capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        server = MortiseServer({"data.dir": str(self.folder / "data"), "modules.path": str(MODULES)}, modules=["auth"],
                               prefix=["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"])
        arguments = server.arguments
        server.arguments = lambda: ["--config", str(configuration), *arguments()]
        server.start()
        self.addCleanup(server.stop)
        self.assertEqual({path.stat().st_uid for path in (self.folder / "data").rglob("*")}, {user})


class Secrets(unittest.TestCase):
    def test_the_data_folder_is_the_owners_alone(self):
        folder = support.temporary_directory(self)
        server = MortiseServer({**support.QUICK, "data.dir": str(folder / "data")}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        self.assertEqual(os.stat(folder / "data").st_mode & 0o777, 0o700)
        for path, _, names in os.walk(folder / "data"):
            for name in names:
                self.assertEqual(os.stat(os.path.join(path, name)).st_mode & 0o077, 0, name)

    def test_the_set_up_link_makes_one_administrator_once(self):
        folder = support.temporary_directory(self)
        server = MortiseServer({**support.QUICK, "data.dir": str(folder / "data")}, modules=["auth"]).start()
        self.addCleanup(server.stop)
        printed = server.output()
        self.assertRegex(printed, r"http://127\.0\.0\.1:\d+/\S*setup\S*")




if __name__ == "__main__":
    unittest.main()
