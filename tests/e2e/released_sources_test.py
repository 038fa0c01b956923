"""Sources that were written for SDK 1.0 (tests/abi/released/): they compile against today's headers and CMake package as they are, warnings as errors,
with g++ and with clang++ and libc++, and what comes out answers in today's kernel."""
import os
import shutil
import subprocess
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 420
RELEASED = support.ROOT / "tests" / "abi" / "released"
SOURCES = {"greeter": RELEASED / "sources-1.0" / "greeter", "ticker": RELEASED / "sources-1.0" / "ticker",
           "daily_notes": RELEASED / "sources-1.0" / "daily_notes", "pledge": RELEASED / "pledge"}
STRICT = "-Wall -Wextra -Wshadow -Werror"
COMPILERS = {
    "gcc": ["-DCMAKE_C_COMPILER=gcc", "-DCMAKE_CXX_COMPILER=g++", f"-DCMAKE_CXX_FLAGS={STRICT}"],
    "clang": ["-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++", f"-DCMAKE_CXX_FLAGS=-stdlib=libc++ {STRICT}"],
}


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


class ReleasedSources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Below the build directory, and kept: a second run compiles only what a changed header touches.
        cls.folder = support.BUILD / "tests" / "released_sources"
        cls.prefix = cls.folder / "sdk"
        run("cmake", "--install", support.BUILD, "--component", "sdk", "--prefix", cls.prefix)
        launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if (ccache := shutil.which("ccache")) else []
        cls.modules = {}
        for compiler, options in COMPILERS.items():
            modules = cls.modules[compiler] = cls.folder / compiler / "modules"
            shutil.rmtree(modules, ignore_errors=True)
            modules.mkdir(parents=True)
            for name, source in SOURCES.items():
                build = cls.folder / compiler / name
                run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={cls.prefix}", *options, *launcher)
                run("cmake", "--build", build)
                os.link(build / f"{name}.so", modules / f"{name}.so")

    def test_they_link_the_library_that_their_compiler_stands_for(self):
        for compiler, library in (("gcc", "libstdc++"), ("clang", "libc++")):
            for name in SOURCES:
                with self.subTest(f"{name}, {compiler}"):
                    self.assertIn(library, run("readelf", "-d", self.modules[compiler] / f"{name}.so"))

    @support.with_plain_test_kit
    def test_the_generated_modules_own_tests_pass(self):
        for compiler in COMPILERS:
            run("ctest", "--test-dir", self.folder / compiler / "daily_notes", "--output-on-failure", "--no-tests=error")

    def test_they_answer_in_one_server(self):
        for compiler, modules in self.modules.items():
            with self.subTest(compiler):
                options = {**support.QUICK, "modules.path": [str(modules), str(support.BUILD / "modules")], "modules.required": list(SOURCES)}
                with MortiseServer(options, modules=[*SOURCES, "auth"]) as server:
                    self.ask(server)

    def ask(self, server):
        def answers(method, path, status, expected=None, body=None, token=None):
            answer = support.request(server, method, path, body, token=token)
            self.assertEqual(answer.status, status, answer)
            if expected is not None:
                self.assertEqual(answer.json(), expected)
            return answer

        support.account(server, "ada")
        server.run("user", "set-role", "ada", "admin")
        signed_in = support.request(server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"})
        token = signed_in.json()["data"]["tokens"]["access_token"]

        answers("GET", "/api/greeter/hello/Ada?loud=true", 200, {"greeting": "HELLO, ADA!"})
        answers("GET", "/api/greeter/hello/Ada?loud=perhaps", 422)
        answers("POST", "/api/greeter/phrases", 401, body={"phrase": "Hi"})
        answers("POST", "/api/greeter/phrases", 201, body={"phrase": "Hi"}, token=token)
        self.assertEqual(answers("POST", "/api/greeter/phrases", 409, body={"phrase": "Hi"}, token=token).json()["code"], "phrase_known")
        answers("GET", "/api/greeter/phrases", 200, {"phrases": ["Hi"]})

        answers("POST", "/api/daily_notes/notes", 401, body={"text": "Milk"})
        answers("POST", "/api/daily_notes/notes", 422, body={"text": " \nMilk"}, token=token)
        note = {"number": 1, "title": "Milk", "text": "Milk\nand bread"}
        answers("POST", "/api/daily_notes/notes", 201, note, body={"text": "Milk\nand bread"}, token=token)
        answers("GET", "/api/daily_notes/notes", 200, {"notes": [note]}, token=token)

        answers("POST", "/released/problem/pledges", 201, body={"text": "to keep"})
        answers("GET", "/released/unified/pledges/1", 200)
        tick = support.wait_until(lambda: (lambda one: one.status == 200 and one)(support.request(server, "GET", "/api/ticker/ticks/latest")), 30, "a tick")
        self.assertGreaterEqual(tick.json()["number"], 1)


if __name__ == "__main__":
    unittest.main()
