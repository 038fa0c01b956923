"""Modules that can't run, or claim what is another's: the server starts without them, names them, and its health tells."""
import contextlib
import os
import shutil
import sqlite3
import unittest

import support
from mortise_server import MortiseServer
from support import mortise

TIME_LIMIT = 240
SHIPPED = support.BUILD / "modules"
OURS = sorted(path.stem for path in SHIPPED.glob("*.so"))
SQUATTER = support.BUILD / "tests" / "modules" / "aaa_squatter.so"


class BadModules(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.modules = self.folder / "modules"
        self.modules.mkdir()
        self.configuration = self.folder / "mortise.conf"

    def check(self, text="", *arguments, paths=None, environment=None):
        self.configuration.write_text(text)
        return mortise("check-config", "--config", self.configuration, f"--data.dir={self.folder / 'data'}",
                       *(f"--modules.path={path}" for path in paths or (SHIPPED, self.modules)), *arguments, environment=environment)

    def serve(self, text="", paths=None, **options):
        self.configuration.write_text(text)
        server = MortiseServer({**support.QUICK, "data.dir": str(self.folder / "data"), "modules.path": [str(path) for path in paths or (SHIPPED, self.modules)],
                                **options})
        server.prefix = []
        arguments = server.arguments
        server.arguments = lambda: ["--config", str(self.configuration), *arguments()]
        server.start()
        self.addCleanup(server.stop)
        return server

    def assertStartsWithout(self, done, *reasons):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("will start without", done.stdout)
        for reason in reasons:
            self.assertIn(reason.lower(), done.stderr.lower())

    # --- who may claim what

    def test_a_module_that_ships_keeps_its_route(self):
        """The intruder sorts before auth in every order but that of the installation."""
        shutil.copy(SQUATTER, self.modules)
        for paths, enabled in (((SHIPPED, self.modules), "*"), ((self.modules, SHIPPED), "*"), ((self.modules, SHIPPED), ["aaa_squatter", "auth"])):
            with self.subTest(paths=paths, enabled=enabled):
                server = self.serve(paths=paths, **{"modules.enabled": enabled})
                token = support.account(server, "ada")
                answer = support.request(server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"})
                self.assertEqual(answer.json()["code"], 200, answer)
                self.assertIn("aaa_squatter.so", server.output())
                services = {one["service"]: one for one in support.request(server, "GET", "/api/status", token=token).json()["data"]}
                self.assertEqual(services["aaa_squatter"]["status"], "error", services)
                self.assertRegex(services["aaa_squatter"]["details"], "/api/auth/login")
                server.stop()
                shutil.rmtree(self.folder / "data")

    def test_a_file_with_the_name_of_a_module_that_ships_is_the_one_that_is_refused(self):
        for name in OURS:
            shutil.copy(SHIPPED / f"{name}.so", self.modules / f"aaa_{name}.so")
        done = self.check(paths=(self.modules, SHIPPED))
        self.assertStartsWithout(done, *(f"aaa_{name}.so: expected a module name of its own, found {name} which another file has "
                                         f"({SHIPPED}/{name}.so)" for name in OURS))

    def test_a_module_named_like_the_tables_of_the_kernel_does_not_run(self):
        whole = SQUATTER.read_bytes()
        for name in (b"mortise_orgs", b"mortise_user"):
            (self.modules / "named.so").write_bytes(whole.replace(b"aaa_squatter", name))
            self.assertStartsWithout(self.check(), f'names the module "{name.decode()}", which is taken')

    def test_elsewhere_the_order_of_the_configuration_decides(self):
        """Outside the installation's directory a name proves nothing."""
        shutil.copy(SQUATTER, self.modules)
        shutil.copy(SHIPPED / "auth.so", self.modules)
        for enabled, refused in (("aaa_squatter,auth", "auth.so"), ("auth,aaa_squatter", "aaa_squatter.so")):
            with self.subTest(enabled):
                self.assertStartsWithout(self.check("", f"--modules.enabled={enabled}", paths=(self.modules,)), f"{self.modules}/{refused}: ")

    # --- one bad module never stops the start

    def test_settings_of_a_module_that_cannot_be_read_are_left_alone(self):
        whole = (SHIPPED / "skills.so").read_bytes()
        for what, content in (("cut", whole[: len(whole) // 2]), ("empty", b""), ("no library", b"#!/bin/sh\n"), ("gone", None)):
            with self.subTest(what):
                (self.modules / "tickets.so").unlink(missing_ok=True)
                if content is not None:
                    (self.modules / "tickets.so").write_bytes(content)
                text = "[tickets]\nlimit = 3\n[log]\nlevel = info\n"
                self.assertStartsWithout(self.check(text), "tickets")
                self.assertStartsWithout(self.check(text, "--modules.enabled=auth,tickets"), "tickets")
                self.assertStartsWithout(self.check("", "--tickets.limit=3"), "tickets")
                self.assertStartsWithout(self.check("", environment={"MORTISE_TICKETS_LIMIT": "3"}), "tickets")
                server = self.serve(text, **{"modules.enabled": ["auth", "tickets"]})
                body = support.request(server, "GET", "/api/status").json()
                self.assertEqual((body["code"], {one["service"]: one["status"] for one in body["data"]}["tickets"]), (503, "error"))
                server.stop()

    def assertMissing(self, server, module, reason):
        """The server runs without the module, and whoever looks is told."""
        self.assertTrue(server.healthy())
        token = support.account(server, f"user{os.urandom(4).hex()}")
        status = support.request(server, "GET", "/api/status", token=token).json()
        found = {one["service"]: one for one in status["data"]}[module]
        self.assertEqual((status["code"], found["status"]), (503, "error"), status)
        self.assertRegex(found["details"], reason)
        health = support.request(server, "GET", "/api/v1/infra/health").json()
        self.assertEqual(health["services"][module]["status"], "unhealthy", health)
        self.assertIn(f"{module}.so", server.output())

    def test_a_module_that_its_options_or_its_schema_keep_out_is_told(self):
        server = self.serve(**{"modules.enabled": ["auth", "files", "sync"]})
        server.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "mortise.db")) as database, database:
            database.execute("INSERT INTO mortise_migrations VALUES ('sync', 999, '999_future.sql', 'f', 1)")
        for options, module, reason in (({"files.allowed_types": "nonsense"}, "files", "nonsense"), ({"files.allowed_types": "image/*/x"}, "files", "image"),
                                        ({"files.allowed_types": "/"}, "files", "allowed_types"), ({}, "sync", "999_future")):
            with self.subTest(options=options, module=module):
                server = self.serve(**{"modules.enabled": ["auth", "files", "sync"], **options})
                self.assertMissing(server, module, reason)
                server.stop()
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "mortise.db")) as database, database:
            database.execute("UPDATE mortise_migrations SET checksum = 'changed' WHERE owner = 'files' AND number = 1")
        self.assertMissing(self.serve(**{"modules.enabled": ["auth", "files"]}), "files", "was changed after it was applied")

    def test_a_slip_in_the_name_of_a_section_is_still_refused(self):
        for text in ("[htpp]\nlisten = 127.0.0.1:0\n", "[schedulr]\na = 1\n", "[idntity]\na = 1\n"):
            with self.subTest(text):
                done = self.check(text)
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("did you mean", done.stderr)

    def test_strict_tells_an_incomplete_server_from_a_sound_one(self):
        self.assertEqual(self.check("", "--strict").returncode, 0)
        (self.modules / "tickets.so").write_bytes(b"")
        self.assertEqual((self.check().returncode, self.check("", "--strict").returncode), (0, 3))
        self.assertEqual(self.check("[http]\nworkers = many\n", "--strict").returncode, 1)
        self.assertEqual(self.check("", "--modules.required=tickets").returncode, 1)

    # --- check-config says what serve does

    def test_what_keeps_serve_from_starting_is_no_sound_configuration(self):
        key = self.folder / "key.pem"
        key.write_text("no key\n")
        for option, value, reason in (("cache.url", "memcached://localhost", "unknown scheme memcached"), ("cache.url", "redis://", "cache.url"),
                                      ("http.listen", "bad:port", "the port must be a number"), ("http.listen", "127.0.0.1:70000", "up to 65535"),
                                      ("http.listen", "::1:80", "brackets"), ("http.listen", "unix:", "the path is empty"),
                                      ("http.listen", "unix:/" + "x" * 200, "too long"), ("mail.url", "pigeon://loft", "unknown scheme pigeon"),
                                      ("mail.url", "outbox:", "needs a directory"), ("mail.url", "smtp://", "mail.url"),
                                      ("identity.jwt_algorithm", "RS256", "identity.jwt_key_file"), ("db.url", "mysql://localhost/x", "must begin with"),
                                      ("db.url", "sqlite::memory:", "a file is needed")):
            with self.subTest(option=option, value=value):
                done = self.check("", f"--{option}={value}")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(reason, done.stderr)
                self.assertIn("(command line)" if option != "identity.jwt_algorithm" else "jwt_key_file", done.stderr)
                served = mortise("serve", f"--data.dir={self.folder / 'untouched'}", f"--modules.path={SHIPPED}", f"--{option}={value}")
                self.assertEqual(served.returncode, 1)
                self.assertFalse((self.folder / "untouched").exists(), "nothing is made before the settings are known to be sound")
        for file in (key, self.folder / "none.pem"):
            done = self.check("", "--identity.jwt_algorithm=ES256", f"--identity.jwt_key_file={file}")
            self.assertEqual(done.returncode, 1)
            self.assertIn(str(file), done.stderr)

    def test_a_directory_of_modules_that_is_not_there_is_named(self):
        self.assertStartsWithout(self.check(paths=(SHIPPED, self.folder / "nowhere")), f"{self.folder}/nowhere is not there")


if __name__ == "__main__":
    unittest.main()
