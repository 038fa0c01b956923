"""A third party's way: the SDK installed somewhere, modules built outside this repository by two compilers and in C, all in one server."""
import os
import re
import shutil
import subprocess
import sys
import unittest

import support
from mortise_server import MortiseServer
from support import mortise

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from models_stand_in import Fault, ModelsStandIn  # noqa: E402

TIME_LIMIT = 420


def run(*command, cwd=None, environment=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def build_module(source, build, prefix, *options):
    """Configures and builds one module against the installed SDK; returns its library."""
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={prefix}", *options)
    run("cmake", "--build", build)
    libraries = [path for path in build.rglob("*.so") if "CMakeFiles" not in str(path)]
    assert len(libraries) == 1, libraries
    return libraries[0]


class InstalledSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = support.temporary_directory(cls_cleanup(cls))
        cls.prefix = cls.folder / "sdk"
        run("cmake", "--install", support.BUILD, "--prefix", cls.prefix)
        cls.modules = cls.folder / "modules"
        cls.modules.mkdir()

        cls.built, cls.advisors, cls.bookmarks = {}, {}, {}
        program = str(cls.prefix / "bin" / "mortise")
        for name, options in (("gnotes", ["-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_C_COMPILER=gcc"]),
                              ("cnotes", ["-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_FLAGS=-stdlib=libc++",
                                          "-DCMAKE_MODULE_LINKER_FLAGS=-stdlib=libc++", "-DCMAKE_EXE_LINKER_FLAGS=-stdlib=libc++"])):
            run(program, "module", "new", name, cls.folder / name)
            cls.built[name] = build_module(cls.folder / name, cls.folder / f"{name}-build", cls.prefix, *options)
            # The client for language models is built with the module that links it; the module that the guide writes has no test for libc++.
            cls.advisors[name] = cls.build_example("advisor", name, *options)
            cls.bookmarks[name] = cls.build_example("bookmarks", name, *options, "-DBUILD_TESTING=OFF")
        shutil.copytree(support.ROOT / "sdk" / "examples" / "tally", cls.folder / "tally")
        cls.built["tally"] = build_module(cls.folder / "tally", cls.folder / "tally-build", cls.prefix)
        for library in cls.built.values():
            shutil.copy(library, cls.modules)

    @classmethod
    def build_example(cls, example, name, *options):
        """A copy of an example, so that it is built as somebody else's, with nothing of this repository beside it."""
        folder = cls.folder / f"{name}-{example}"
        shutil.copytree(support.ROOT / "sdk" / "examples" / example, folder)
        return build_module(folder, cls.folder / f"{name}-{example}-build", cls.prefix, *options)

    def test_modules_of_gcc_of_clang_with_libcxx_and_of_c_answer_in_one_server(self):
        server = MortiseServer({**support.QUICK, "modules.path": [str(self.modules), str(support.BUILD / "modules")]},
                               modules=["auth", "gnotes", "cnotes", "tally"]).start()
        self.addCleanup(server.stop)
        token = support.account(server, "ada")
        paths = support.request(server, "GET", "/openapi.json").json()["paths"]
        for name in ("gnotes", "cnotes"):
            mine = [path for path, item in paths.items() if name in path and "get" in item and "{" not in path]
            self.assertTrue(mine, f"{name} has no plain GET among {sorted(paths)}")
            for path in mine:
                with self.subTest(path):
                    answer = support.request(server, "GET", path, token=token)
                    self.assertEqual(answer.status, 200, answer)
        for expected in (1, 2):
            answer = support.request(server, "POST", "/api/tally/count")
            self.assertEqual((answer.status, answer.json()), (200, {"count": expected}), answer)

    def test_the_clang_module_really_uses_libcxx(self):
        self.assertIn("libc++", run("readelf", "-d", self.built["cnotes"]))
        self.assertIn("libstdc++", run("readelf", "-d", self.built["gnotes"]))
        self.assertNotIn("c++", run("readelf", "-d", self.built["tally"]))

    def test_the_module_of_the_guide_works_with_either_compiler(self):
        for name, library in self.bookmarks.items():
            with self.subTest(name):
                server = MortiseServer({**support.QUICK, "modules.path": [str(library.parent), str(support.BUILD / "modules")]}, modules=["auth", "bookmarks"]).start()
                self.addCleanup(server.stop)
                token = support.account(server, "ada")
                added = support.request(server, "POST", "/api/bookmarks", {"title": "Documents", "url": "https://example.org/"}, token=token)
                self.assertEqual(added.status, 201, added)
                listed = support.request(server, "GET", "/api/bookmarks?q=docu", token=token)
                self.assertEqual((listed.status, [item["title"] for item in listed.json()["bookmarks"]]), (200, ["Documents"]), listed)
                refused = support.request(server, "POST", "/api/bookmarks", {"title": "Documents"}, token=token)
                self.assertEqual(refused.status, 422, refused)

    def test_the_client_for_language_models_works_with_either_compiler(self):
        for name, library in self.advisors.items():
            with self.subTest(name), ModelsStandIn() as models:
                models.key = "sk-advisor"
                server = MortiseServer({**support.QUICK, "modules.path": [str(library.parent), str(support.BUILD / "modules")], "http_client.allow_private": "true",
                                        "advisor.base_url": models.url + "/v1", "advisor.api_key": models.key}, modules=["auth", "advisor"]).start()
                self.addCleanup(server.stop)
                answer = support.request(server, "POST", "/api/advisor/advice", {"question": "Why?"}, token=support.account(server, "ada"))
                self.assertEqual((answer.status, answer.json()), (200, {"advice": "You said: Why?", "input_tokens": 11, "output_tokens": 7}), answer)
                models.faults = [Fault("html")]
                answer = support.request(server, "POST", "/api/advisor/advice", {"question": "Why?"}, token=support.account(server, "bob"))
                self.assertEqual((answer.status, answer.json()["code"]), (502, "model_failed"), answer)
                self.assertNotIn(models.key, server.output())

    def test_each_passes_module_check_and_shows_one_symbol(self):
        for name, library in {**self.built, **{f"{one} advisor": library for one, library in self.advisors.items()}}.items():
            with self.subTest(name):
                done = mortise("module", "check", library)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertEqual(defined_symbols(library), ["mortise_module_v1"])

    @support.with_plain_test_kit
    def test_the_generated_modules_own_tests_pass(self):
        for name in ("gnotes", "cnotes"):
            with self.subTest(name):
                done = subprocess.run(["ctest", "--test-dir", str(self.folder / f"{name}-build"), "--output-on-failure", "--no-tests=error"],
                                      capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stdout[-4000:])


def cls_cleanup(cls):
    """What temporary_directory() needs, for a whole class."""

    class Case:
        addCleanup = staticmethod(cls.addClassCleanup)

    return Case


def defined_symbols(library):
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return sorted(line.split()[-1].split("@")[0] for line in lines if line.split()[-2] != "A")


class Repository(unittest.TestCase):
    def test_every_module_of_this_build_shows_one_symbol(self):
        libraries = sorted((support.BUILD / "modules").glob("*.so"))
        self.assertIn("auth.so", [library.name for library in libraries])
        for library in libraries:
            with self.subTest(library.name):
                self.assertEqual(defined_symbols(library), ["mortise_module_v1"])

    def test_nothing_under_modules_or_in_the_sdk_includes_core(self):
        def check(*folders):
            return subprocess.run([support.ROOT / "sdk" / "tests" / "check_includes.sh", *folders], capture_output=True, text=True)

        done = check(*(support.ROOT / top for top in ("modules", "sdk", "tests/modules")))
        self.assertEqual(done.returncode, 0, done.stdout)
        for number, line in enumerate(('#include "core/base/text.hpp"', "  #  include <core/db/sql.hpp>")):
            folder = support.temporary_directory(self)
            (folder / f"{number}.hpp").write_text(f"#pragma once\n{line}\n")
            done = check(folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{number}.hpp:2:", done.stdout)

    def test_a_binary_built_with_sdk_1_0_still_loads(self):
        released = sorted((support.ROOT / "tests" / "abi").rglob("*1.0*.so")) + sorted((support.ROOT / "sdk" / "abi").rglob("*.so"))
        self.assertTrue(released, "the released binary of SDK 1.0 is missing from tests/abi")
        for library in released:
            with self.subTest(library.name):
                done = mortise("module", "check", library)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
