"""The served document is sound in the eyes of two linters, complete, and its pages render in a real browser with nothing from outside."""
import json
import os
import re
import shutil
import subprocess
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 480
LINT = support.ROOT / "tools" / "lint"
BROWSER = "/usr/bin/chromium"


def modern_node():
    node = shutil.which("node")
    if node is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= (20, 19)


class Document:
    """The document of a server with these modules, in the eyes of two linters."""

    MODULES = ["auth", "files", "scheduler", "skills", "sync", "greeter", "ticker", "tally"]

    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK}, modules=cls.MODULES).start()
        cls.addClassCleanup(cls.server.stop)
        cls.text = support.request(cls.server, "GET", "/openapi.json").body
        cls.document = json.loads(cls.text)

    def lint(self, *command, files=None):
        if not modern_node():
            self.skipTest("the linters need Node 20.19 or newer; ./dev setup --tests fetches one where npm can be reached")
        folder = support.temporary_directory(self)
        (folder / "openapi.json").write_bytes(self.text)
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        # `unshare -n`: whatever the tool would like to fetch, the verdict may not depend on it.
        prefix = ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0 else []
        environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "HOME": str(folder)}
        done = subprocess.run([*prefix, str(LINT / "node_modules" / ".bin" / command[0]), *map(str, command[1:])], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])

    def test_redocly_recommended_strict_finds_nothing(self):
        # The contract of session sharing has both /sessions/audits/{id} and /sessions/{id}/audit; here the literal one wins.
        pointers = ["#/paths/" + path.replace("/", "~1") for path in self.document["paths"] if path.startswith("/api/v1/sessions/")]
        self.lint("redocly", "lint", "--extends=recommended-strict", "--format=stylish", "openapi.json",
                  files={".redocly.lint-ignore.yaml": json.dumps({"openapi.json": {"no-ambiguous-paths": pointers}})})

    def test_spectral_oas_finds_nothing(self):
        self.lint("spectral", "lint", "--ruleset", LINT / "spectral.yaml", "--fail-severity=warn", "openapi.json")


class OfAllModules(Document, unittest.TestCase):
    """Addresses of projects end in anything, so that what is not promised is answered, too: the tests of OpenApi are not for them."""

    MODULES = support.SHIPPED

    def test_the_pages_do_what_people_come_for(self):
        """Modules as headings, filter, moved and deprecated operations folded away, a token that survives a reload, English examples."""
        if not modern_node():
            self.skipTest("playwright-core needs Node 20 or newer; ./dev setup --tests fetches one where npm can be reached")
        done = subprocess.run(["node", str(LINT / "check-docs-pages.js"), "--base", self.server.base, "--shots", str(support.temporary_directory(self))],
                              capture_output=True, text=True, timeout=320, env={**os.environ, "NODE_PATH": str(LINT / "node_modules")})
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])


class OpenApi(Document, unittest.TestCase):
    def test_every_module_and_the_kernel_have_their_routes_in_it(self):
        self.assertRegex(self.document["openapi"], r"^3\.0\.3$")
        paths = self.document["paths"]
        for path in ("/api/auth/register", "/api/auth/login", "/api/auth/refresh", "/api/auth/me", "/health", "/api/v1/health",
                     "/api/v1/infra/health", "/api/v2/skills/install"):
            self.assertIn(path, paths)
        for module in ("greeter", "ticker", "tally"):
            self.assertTrue(any(module in path for path in paths), f"no path of {module} among {sorted(paths)}")

    def test_every_promised_operation_is_routed(self):
        """A documented path answers something else than 404 and 405, and an undocumented method on it answers 405 with Allow."""
        methods = ("get", "post", "put", "patch", "delete")
        for path, item in self.document["paths"].items():
            concrete = re.sub(r"\{[^}]*\}", "1", path)
            for method in (name for name in methods if name in item):
                with self.subTest(f"{method} {path}"):
                    responses = item[method]["responses"]
                    if "text/event-stream" in json.dumps(responses) or item[method].get("x-mortise-websocket"):
                        continue
                    answer = support.request(self.server, method.upper(), concrete)
                    self.assertNotEqual(answer.status, 405, answer)
                    if answer.status == 404:
                        self.assertTrue({"404", "4XX"} & responses.keys(), f"{answer} and the document has no 404 there")
            spare = next((name for name in methods if name not in item), None)
            if spare is None:
                continue
            with self.subTest(f"{spare} {path}"):
                answer = support.request(self.server, spare.upper(), concrete)
                self.assertEqual(answer.status, 405, answer)
                allowed = {word.strip().lower() for word in answer.headers["Allow"].split(",")}
                self.assertTrue({name for name in methods if name in item} <= allowed, answer)

    def test_every_operation_stands_in_a_group_and_every_group_in_its_module(self):
        grouped = [tag for group in self.document["x-tagGroups"] for tag in group["tags"]]
        self.assertEqual(len(grouped), len(set(grouped)))
        self.assertEqual(grouped, [tag["name"] for tag in self.document["tags"]])
        self.assertEqual([group["name"] for group in self.document["x-tagGroups"]],
                         ["Auth", "Files", "Greeter", "Scheduler", "Skills", "Sync", "Tally", "Ticker", "Kernel"])
        used = {tag for item in self.document["paths"].values() for operation in item.values() for tag in operation["tags"]}
        self.assertEqual(used, set(grouped))
        self.assertIn("Platform accounts", next(group["tags"] for group in self.document["x-tagGroups"] if group["name"] == "Auth"))
        for sign_in in ("POST /api/v1/auth/sessions", "POST /api/auth/login", "POST /api/v1/auth/login", "POST /api/v1/auth/signup"):
            self.assertIn(f"`{sign_in}`", self.document["info"]["description"])

    def test_pages_render_in_a_browser_with_nothing_from_outside(self):
        if not modern_node():
            self.skipTest("playwright-core needs Node 20 or newer; ./dev setup --tests fetches one where npm can be reached")
        done = subprocess.run(["node", str(support.ROOT / "tests" / "e2e" / "browser_pages.js"), self.server.base, BROWSER, "/docs", "/redoc",
                               "/api/docs", "/api/redoc"], capture_output=True, text=True, timeout=150, cwd=LINT,
                              env={**os.environ, "NODE_PATH": str(LINT / "node_modules")})
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        pages = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([page["path"] for page in pages], ["/docs", "/redoc", "/api/docs", "/api/redoc"])
        for page in pages:
            with self.subTest(page["path"]):
                self.assertEqual(page["bad"], [])
                self.assertIn("/api/auth/login", page["text"])


if __name__ == "__main__":
    unittest.main()
