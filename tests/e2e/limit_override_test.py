"""An operator's own numbers for rate limits: limits.override."""
import re
import socket
import unittest

import support
from mortise_server import MortiseServer

OPTIONS = {**support.QUICK, "limits.enabled": "true"}


class Overrides(unittest.TestCase):
    def server(self, *overrides):
        return MortiseServer({**OPTIONS, "limits.override": list(overrides)}, modules=["auth", "probe", "ticker"])

    def started(self, *overrides):
        server = self.server(*overrides).start()
        self.addCleanup(server.stop)
        return server

    def hits(self, server, count):
        return [support.request(server, "GET", "/probe-streams/hits") for _ in range(count)]

    def test_other_numbers_hold_for_the_kernel_and_for_handlers(self):
        server = self.started("probe.hits=5/30m", "auth.login_failures=2/1m")
        answers = self.hits(server, 6)
        self.assertEqual([answer.status for answer in answers], [200] * 5 + [429])
        support.account(server, "ada")
        wrong = {"username": "ada", "password": "wrong horse 77"}
        answers = [support.request(server, "POST", "/api/auth/login", wrong) for _ in range(3)]
        self.assertEqual([answer.json()["code"] for answer in answers], [401, 401, 429])
        self.assertEqual({**answers[2].json()["data"], "retry_after": 0}, {"retry_after": 0, "limit": 2, "window_seconds": 60, "bucket": "auth"})

    def test_a_limit_that_is_off_refuses_nobody(self):
        server = self.started("probe.hits=off")
        self.assertEqual({answer.status for answer in self.hits(server, 20)}, {200})

    def test_a_slot_is_held_by_a_download_to_its_end_and_by_no_answer_that_is_there(self):
        server = self.started("probe.downloads=1")
        size = 64 << 20  # more than sockets hold
        stored = support.request(server, "POST", "/probe/files", bytes(size), {"Content-Type": "application/octet-stream"}).json()
        path, missing = "/probe/files/" + stored["id"], "/probe/files/" + "0" * 64
        self.assertEqual({support.request(server, "GET", missing).status for _ in range(50)}, {404})
        with socket.create_connection(("127.0.0.1", server.port)) as slow:
            slow.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self.assertTrue(slow.recv(1000).startswith(b"HTTP/1.1 200"))
            self.assertEqual(support.request(server, "GET", missing).status, 429)
        support.wait_until(lambda: support.request(server, "GET", missing).status == 404, 10, "the slot of the download that its client left")

    def test_check_config_shows_every_limit(self):
        shown = self.server("probe.hits=5/30m", "ticker.ws=7", "auth.sends_ip=off").run("check-config", "--show")
        for line in ("probe.hits: 5 per 1800s (limits.override; the contract says 3 per 3600s)", "ticker.ws: 7 at once (limits.override; the contract says 5 at once)",
                     "auth.sends_ip: off (limits.override; the contract says 30 per 3600s)", "ticker.sse: 10 at once\n"):
            self.assertIn("rate limit " + line, shown)

    def test_what_cannot_be_meant_is_refused_at_the_start(self):
        for entry, said in (("auth.logn_ip=5", "declares the bucket auth.logn_ip; did you mean auth.login_ip?"),
                            ("nobody.knows=5", "`mortise check-config --show` lists them"),
                            ("auth.login_ip=5/soon", "should be BUCKET=LIMIT/WINDOW (auth.login_ip=50/5m)"),
                            ("auth.login_ip=20000", "is too high for sliding_window"),
                            ("ticker.ws=5/30s", "at least 60")):
            with self.subTest(entry):
                done = support.mortise("check-config", *self.server(entry).arguments())
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn(said, done.stderr)
                self.assertIn("limits.override", done.stderr)
        twice = support.mortise("check-config", *self.server("auth.login_ip=5", "auth.login_ip=6").arguments())
        self.assertIn("auth.login_ip is given twice", twice.stderr)

    def test_the_examples_of_the_documents_are_taken(self):
        written = re.compile(r"\b[a-z_.]+=(?:off\b|[0-9]+(?:/[0-9]+[a-z])?)")
        examples = {"auth.login_ip=50/5m", "agent.platform.sse=20", "auth.sends_ip=off"}
        for path, line in (("etc/mortise.conf", "# Numbers in place of a contract's:"), ("docs/operations.md", "| `limits.override` |")):
            lines = [text for text in (support.ROOT / path).read_text(encoding="utf-8").splitlines() if text.startswith(line)]
            self.assertEqual([set(written.findall(text)) for text in lines], [examples], path)
        done = support.mortise("check-config", *MortiseServer({**OPTIONS, "limits.override": sorted(examples)}, modules=support.SHIPPED).arguments())
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
