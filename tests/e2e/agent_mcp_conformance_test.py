"""The client of MCP against the official conformance package: every scenario for clients that there is, but for those that are listed here with the reason."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import support
from support import BUILD

TIME_LIMIT = 600
PROGRAM = support.ROOT / "tools/peers/node_modules/@modelcontextprotocol/conformance/dist/index.js"
CLIENT = BUILD / "modules/agent/agent_mcp_conformance_client"
OLDEST_NODE = 22
REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")

# Scenarios that this client can't pass, by the beginning of their names.
LEFT_OUT = {
    "auth/": "it sends the headers that were set up, and says so where a server wants the flow of OAuth; it signs in nowhere by itself",
    "sep-2640-": "an extension: skills that a server of MCP has are not installed; those of administrators are",
}
# The package measures when the client comes back, within half a second: a busy machine may be late.
ATTEMPTS = {"sse-retry": 5}


def node():
    """A Node that is new enough for the package; None: there is none."""
    for program in (shutil.which("node"), *sorted(map(str, support.ROOT.glob("build/node/node_modules/*/bin/node")))):
        if program:
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
            if int(version.strip().lstrip("v").split(".")[0]) >= OLDEST_NODE:
                return program
    return None


@unittest.skipUnless(PROGRAM.exists(), "tools/peers is not installed; ./dev setup --tests does it")
@unittest.skipUnless(CLIENT.exists(), "the tests' programs are not built")
class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = node()
        if cls.node is None:
            raise unittest.SkipTest(f"the conformance package needs Node {OLDEST_NODE}; ./dev setup --tests fetches it where npm is reachable")
        said = cls.run_program("list")
        clients = said.split("Client scenarios", 1)[1].split("\n\n", 1)[0]
        cls.scenarios = {name: revisions.split(",") for name, revisions in re.findall(r"^  - (\S+) \[([^]]*)]", clients, re.M)}

    @classmethod
    def run_program(cls, *arguments):
        return subprocess.run([cls.node, PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=False).stdout

    def outcome(self, name, revision):
        """(what the package said, its checks)."""
        with tempfile.TemporaryDirectory() as folder:
            said = self.run_program("client", "--command", str(CLIENT), "--scenario", name, "--spec-version", revision, "--output-dir", folder)
            results = [json.loads(path.read_text()) for path in pathlib.Path(folder).rglob("checks.json")]
        self.assertEqual(len(results), 1, said)
        return said, results[0]

    def test_the_package_has_scenarios_for_clients(self):
        self.assertGreater(len(self.scenarios), 5)
        for beginning in LEFT_OUT:
            self.assertTrue(any(name.startswith(beginning) for name in self.scenarios), f"{beginning} is in the package no more")

    def test_every_scenario_passes(self):
        done = 0
        for name, revisions in self.scenarios.items():
            if name.startswith(tuple(LEFT_OUT)):
                continue
            for revision in revisions:
                if revision not in REVISIONS:
                    continue
                with self.subTest(scenario=name, revision=revision):
                    for _ in range(ATTEMPTS.get(name, 1)):
                        said, checks = self.outcome(name, revision)
                        failed = [check for check in checks if check["status"] == "FAILURE"]
                        if not failed:
                            break
                    self.assertEqual(failed, [], said)
                    self.assertTrue(any(check["status"] == "SUCCESS" for check in checks), said)
                    done += 1
        self.assertGreater(done, 5)


if __name__ == "__main__":
    unittest.main()
