"""Client generators accept the served document without a warning, and their output contains each operation."""
import json
import os
import re
import shutil
import subprocess
import unittest

import support
from mortise_server import MortiseServer
from openapi_test import modern_node

TIME_LIMIT = 300
LINT = support.ROOT / "tools" / "lint"
PYTHON_CLIENT = support.ROOT / "build" / "generators" / "bin" / "openapi-python-client"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def plain(text):
    """An operationId as every generator understands it, whatever it does about words and capital letters."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


class Generators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = MortiseServer({**support.QUICK}, modules=[*support.SHIPPED, "greeter", "ticker", "tally"]).start()
        cls.addClassCleanup(server.stop)
        cls.text = support.request(server, "GET", "/openapi.json").body
        paths = json.loads(cls.text)["paths"]
        cls.operations = {(method, re.sub(r"\{[^}]*\}", "{}", path)): item[method]["operationId"]
                          for path, item in paths.items() for method in METHODS if method in item}

    def setUp(self):
        self.folder = support.temporary_directory(self)
        (self.folder / "openapi.json").write_bytes(self.text)

    def generate(self, *command):
        """Runs a generator, which must not fail, warn or use the network."""
        prefix = ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0 else []
        done = subprocess.run([*prefix, *map(str, command)], cwd=self.folder, capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL,
                              env={**os.environ, "HOME": str(self.folder), "NO_COLOR": "1", "CI": "true"})
        said = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, said[-6000:])
        for word in ("warn", "unable", "cannot", "could not", "skipp", "unsupported"):
            self.assertNotIn(word, said.lower(), said[-6000:])

    def npm(self, name):
        if not modern_node():
            self.skipTest("the generators need Node 20.19 or newer; ./dev setup --tests fetches one where npm can be reached")
        program = LINT / "node_modules" / ".bin" / name
        if not program.exists():
            self.skipTest(f"{name} is not installed; ./dev setup --tests installs it where the npm registry can be reached")
        return program

    def test_openapi_python_client_makes_every_operation_without_a_warning(self):
        if not PYTHON_CLIENT.exists():
            self.skipTest("openapi-python-client is not installed; ./dev setup --tests installs it where PyPI can be reached")
        # It does not support application/gzip, and by default it formats its output with another program.
        (self.folder / "config.json").write_text(json.dumps({"content_type_overrides": {"application/gzip": "application/octet-stream"},
                                                             "post_hooks": []}))
        self.generate(PYTHON_CLIENT, "generate", "--path", "openapi.json", "--meta", "none", "--output-path", "client", "--config", "config.json",
                      "--fail-on-warning")
        written = {}
        for file in (self.folder / "client" / "api").rglob("*.py"):
            text = file.read_text()
            method, url = re.search(r'"method": "(\w+)"', text), re.search(r'"url": "([^"]*)"', text)
            if method:
                written[(method.group(1), re.sub(r"\{[^}]*\}", "{}", url.group(1)))] = plain(file.stem)
        self.assertEqual(written, {operation: plain(name) for operation, name in self.operations.items()})
        # What it wrote is Python: every file of it can be imported.
        check = ("import importlib, pkgutil, client\n"
                 "for module in pkgutil.walk_packages(client.__path__, 'client.'): importlib.import_module(module.name)\n")
        done = subprocess.run([str(PYTHON_CLIENT.parent / "python"), "-c", check], cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])

    def test_openapi_typescript_makes_every_operation_without_a_warning(self):
        self.generate(self.npm("openapi-typescript"), "openapi.json", "--output", "client.ts")
        text = (self.folder / "client.ts").read_text()
        operations = text[text.index("export interface operations {"):]
        self.assertEqual({plain(name) for name in re.findall(r'^    "?([\w.-]+)"?: \{$', operations, re.M)}, {plain(name) for name in self.operations.values()})
        self.compile("client.ts")

    def test_hey_api_makes_every_operation_without_a_warning(self):
        self.generate(self.npm("openapi-ts"), "--input", "openapi.json", "--output", "client", "--no-log-file")
        text = (self.folder / "client" / "sdk.gen.ts").read_text()
        self.assertEqual({plain(name) for name in re.findall(r"^export const (\w+) = <", text, re.M)}, {plain(name) for name in self.operations.values()})

    def compile(self, file):
        done = subprocess.run([str(self.npm("tsc")), "--noEmit", "--strict", "--target", "es2022", "--moduleResolution", "bundler", "--module", "es2022",
                               file], cwd=self.folder, capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
