"""Desktops of the agent's sessions, over real WebSockets: what viewers see, who may look, how many, and when it ends."""
import asyncio
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import support
import websockets
from agent_sessions_test import AgentFamily, MODULES, planner_says
from models_stand_in import Call, ModelsStandIn, Said
from mortise_server import MortiseServer, OnSqliteDatabase
from openapi_test import BROWSER, LINT, modern_node
from rfb_viewer import Viewer, address, close_of

TIME_LIMIT = 300
NOBODY = "11111111-1111-4111-8111-111111111111"
PAINTER = pathlib.Path(__file__).resolve().parents[2] / "modules" / "agent" / "tests" / "box_painter.py"
# Becomes #123456 when q7x9z is typed.
PAGE = ("<body><script>window.typed = '';\n"
        "document.onkeydown = event => { typed = (typed + event.key).slice(-5); if (typed === 'q7x9z') document.body.style.background = '#123456'; };</script>")
NOVNC = support.ROOT / "tools" / "peers" / "node_modules" / "@novnc" / "novnc"
MISSING = [program for program in ("bwrap", "Xtigervnc", "openbox") if not shutil.which(program)]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@unittest.skipIf(MISSING, f"missing: {', '.join(MISSING)}")
class AgentDesktops(AgentFamily, OnSqliteDatabase, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = ModelsStandIn().start()
        cls.addClassCleanup(cls.models.stop)
        folder = tempfile.mkdtemp(prefix="agent-desktops-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o777)  # whoever the server runs as
        cls.boxes = pathlib.Path(folder) / "boxes"
        options = {**cls.options(cls), "agent.sandbox": "local", "agent.sandbox_directory": str(cls.boxes), "agent.sandbox_memory": "1GiB",
                   "agent.sandbox_desktops": 2, "http.write_timeout": "1h"}  # who reads nothing is dropped by that time
        cls.server = MortiseServer(options, modules=MODULES).start()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.root = support.account(cls.server, "root")
        cls.server.run("user", "set-role", "root", "super_admin")

    def setUp(self):
        self.token = support.account(self.server, f"user{id(self)}")
        self.user_id = support.request(self.server, "GET", "/api/auth/me", token=self.token).json()["data"]["id"]
        self.made = []
        self.asked = []  # what the model read in the steps of work()

    def tearDown(self):
        for token, session in self.made:
            support.request(self.server, "POST", f"/api/sessions/{session}/delete", {}, token=token)

    def begin(self, token=None):
        session = self.session(self.server, token or self.token)
        self.made.append((token or self.token, session))
        return session

    def takeover(self, session, action, token=None):
        return support.request(self.server, "POST", f"/api/sessions/{session}/takeover", {"action": action}, token=token or self.token)

    def work(self, session, script):
        """The agent makes the calls of the script."""
        left = list(script)

        def answer(question):
            if any(words in question.text for words in ("Plan how to do", "A step is over", "The plan is done")):
                return planner_says(question)
            self.asked.append(question.text)
            return Said(calls=[left.pop(0)]) if left else Said('{"success": true, "result": "done", "attachments": []}')

        self.models.answer = answer
        with self.say(self.server, self.token, session, "Go") as stream:
            return [data for kind, _, data in stream if kind == "tool" and data["status"] == "called"]

    def paint(self, session):
        self.work(session, [Call("write_file", {"filepath": "/home/ubuntu/paint.py", "content": PAINTER.read_text()}),
                            Call("shell_execute", {"session_id": "painter", "exec_dir": "/home/ubuntu", "command": "setsid python3 paint.py >paint.log 2>&1 &"})])

    def test_a_viewer_sees_what_programs_of_the_box_draw(self):
        session = self.begin()

        async def whole():
            async with Viewer(self.server, self.token, session) as viewer:
                self.assertIsNone(viewer.socket.subprotocol)
                self.assertNotIn("Sec-WebSocket-Protocol", viewer.socket.response_headers)
                self.assertEqual((await viewer.greet())[:2], (1280, 1080))
                self.assertGreaterEqual(await viewer.colours(), 1)
                await asyncio.get_running_loop().run_in_executor(None, self.paint, session)
                colours = 0
                for _ in range(50):
                    colours = await viewer.colours()
                    if colours >= 256:
                        break
                    await asyncio.sleep(0.1)
                self.assertGreaterEqual(colours, 256)
                await viewer.key(0x61)

        asyncio.run(whole())

    @unittest.skipUnless(NOVNC.exists(), "tools/peers is not installed; ./dev setup --tests does it")
    @unittest.skipUnless(modern_node(), "playwright-core needs Node 20 or newer; ./dev setup --tests fetches one where npm can be reached")
    @unittest.skipUnless(pathlib.Path(BROWSER).exists(), "chromium is missing")
    def test_novnc_shows_the_agents_page_and_types_into_it(self):
        session = self.begin()
        stripes = "".join(f"<div style='height:3px;background:rgb({shade},90,{255 - shade})'></div>" for shade in range(256))
        self.work(session, [Call("write_file", {"filepath": "/home/ubuntu/page.html", "content": PAGE + stripes}),
                            Call("browser_navigate", {"url": "file:///home/ubuntu/page.html"})])
        pages = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(NOVNC)))
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        self.addCleanup(lambda: (pages.shutdown(), pages.server_close()))
        done = subprocess.run(["node", str(support.ROOT / "tests" / "e2e" / "novnc_viewer.js"), f"http://127.0.0.1:{pages.server_port}",
                               address(self.server, session, self.token), BROWSER, "256"],
                              capture_output=True, text=True, timeout=120, cwd=LINT, env={**os.environ, "NODE_PATH": str(LINT / "node_modules")})
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
        seen = json.loads(done.stdout)
        self.assertEqual((seen["said"], seen["wrong"], seen["width"], seen["height"]), ("connect", [], 1280, 1080), seen)
        self.assertTrue(seen["typed"], seen)
        self.assertGreaterEqual(seen["colours"], 256)
        self.work(session, [Call("browser_console_exec", {"javascript": "'<' + window.typed + '>'"})])
        self.assertTrue(any("<q7x9z>" in text for text in self.asked), (seen, self.asked[-2:]))

    def test_the_sub_protocol_is_one_that_the_client_offers(self):
        session = self.begin()

        async def chosen(offers):
            async with Viewer(self.server, self.token, session, offers) as viewer:
                await viewer.greet()
                return viewer.socket.subprotocol

        for offers, expected in ((["base64", "binary"], "binary"), (["base64"], "base64"), (["other"], None)):
            self.assertEqual(asyncio.run(chosen(offers)), expected, offers)

    def test_refusals_are_close_codes(self):
        session = self.begin()
        stranger = support.account(self.server, f"stranger{id(self)}")
        for token, wanted, code in ((None, session, 4401), ("forged", session, 4401), (stranger, session, 4403), (self.root, session, 4403), (self.token, NOBODY, 4404),
                                    (stranger, NOBODY, 4404)):
            closed = asyncio.run(close_of(self.server, token, wanted))
            self.assertEqual(closed[0], code, (token, wanted, closed))

        async def text():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                await viewer.socket.send("text")
                return await viewer.closed()

        self.assertEqual(asyncio.run(text())[0], 1003)

    def test_three_look_at_once_and_one_that_reads_nothing_holds_up_nobody(self):
        session = self.begin()
        frame = 1280 * 1080 * 4
        asked_at = 0

        async def ask(viewer):
            nonlocal asked_at
            await viewer.ask()
            asked_at = time.monotonic()

        async def look(deaf):
            await deaf.greet()
            for _ in range(40):
                await ask(deaf)
            for _ in range(2):
                async with Viewer(self.server, self.token, session) as one, Viewer(self.server, self.token, session) as two:
                    for viewer in (one, two):
                        await viewer.greet()
                        await ask(deaf)  # one more frame that it does not read
                        await viewer.ask()
                        self.assertEqual(len(await viewer.frame()), frame)
            self.assertEqual(len(await deaf.frame()), frame)  # it is slow, not lost

        async def whole():
            # Its own pings would make the client give up what it does not read.
            async with Viewer(self.server, self.token, session, max_queue=1, read_limit=4096, ping_interval=None) as deaf:
                try:
                    await look(deaf)
                except websockets.ConnectionClosed:
                    # Who says nothing and answers neither of two pings is dropped, 40 seconds later at least. A machine that is so slow shows nothing.
                    if not deaf.socket.closed or time.monotonic() - asked_at < 40:
                        raise
                    return False
                deaf.socket.fail_connection()
                return True

        while not asyncio.run(whole()):
            pass

    def test_a_large_paste_passes_and_a_message_without_end_does_not(self):
        session = self.begin()

        async def whole():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                await viewer.paste(b"x" * (10 << 20), 10_000)
                self.assertGreaterEqual(await viewer.colours(), 1)
                await viewer.paste(b"x" * (10 << 20), 2 << 20)
                self.assertGreaterEqual(await viewer.colours(), 1)
                with self.assertRaises(websockets.ConnectionClosed):
                    await viewer.socket.send(bytes((2 << 20) + 1))
                    await viewer.socket.recv()
                self.assertEqual(viewer.socket.close_code, 1009)

        asyncio.run(whole())

    def test_a_user_holds_five_open(self):
        server = MortiseServer({**self.server.options, "data.dir": str(support.temporary_directory(self) / "data"), "limits.enabled": "true",
                                "agent.sandbox_directory": str(self.boxes / "limited")}, modules=MODULES).start()
        self.addCleanup(server.stop)
        token = support.account(server, "ada")
        session = self.session(server, token)

        async def whole():
            viewers = [Viewer(server, token, session) for _ in range(5)]
            for viewer in viewers:
                await viewer.__aenter__()
                await viewer.greet()
            code, reason, _ = await close_of(server, token, session)
            self.assertEqual(code, 1013)
            self.assertRegex(reason, r"^retry after \d+ s$")
            for viewer in viewers:
                self.assertGreaterEqual(await viewer.colours(), 1)
                await viewer.__aexit__()

        asyncio.run(whole())

    def test_a_third_desktop_waits_for_a_place(self):
        sessions = [self.begin() for _ in range(3)]

        async def whole():
            async with Viewer(self.server, self.token, sessions[0]) as one:
                await one.greet()
                async with Viewer(self.server, self.token, sessions[1]) as two:
                    await two.greet()
                    code, reason, _ = await close_of(self.server, self.token, sessions[2])
                    self.assertEqual((code, reason), (1013, "retry after 30 s"))
                # The second has no viewer any more: it makes room.
                for _ in range(100):
                    if (await close_of(self.server, self.token, sessions[2]))[0] is None:
                        break
                    await asyncio.sleep(0.1)
                async with Viewer(self.server, self.token, sessions[2]) as three:
                    await three.greet()
                    self.assertGreaterEqual(await one.colours(), 1)

        asyncio.run(whole())

    def test_ban_and_deletion_cut_the_connection(self):
        session = self.begin()
        other = self.begin()

        async def whole():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                self.data(support.request(self.server, "POST", f"/api/sessions/{session}/delete", {}, token=self.token))
                self.assertEqual(await viewer.closed(), (4404, "agent_session_not_found"))
            self.assertEqual((await close_of(self.server, self.token, session))[0], 4404)
            async with Viewer(self.server, self.token, other) as viewer:
                await viewer.greet()
                self.server.run("user", "set-status", self.user_id, "banned")
                self.assertEqual((await viewer.closed(10))[0], 4403)

        asyncio.run(whole())
        self.made = [(self.root, other)]

    def test_a_token_that_expires_cuts_no_connection(self):
        server = MortiseServer({**self.server.options, "data.dir": str(support.temporary_directory(self) / "data"), "identity.platform_access_ttl": "10s",
                                "agent.sandbox_directory": str(self.boxes / "expiring")}, modules=MODULES).start()
        self.addCleanup(server.stop)
        token = support.account(server, "ada")
        session = self.session(server, token)

        async def whole():
            async with Viewer(server, token, session) as viewer:
                await viewer.greet()
                refused = lambda: support.request(server, "GET", "/api/auth/me", token=token).status == 401
                await asyncio.get_running_loop().run_in_executor(None, support.wait_until, refused, 60, "the token to expire")
                self.assertGreaterEqual(await viewer.colours(), 1)
                self.assertEqual((await close_of(server, token, session))[0], 4401, "it opens no other one")
                self.assertGreaterEqual(await viewer.colours(), 1)

        asyncio.run(whole())

    def test_the_end_of_the_desktop_is_told_and_another_one_begins(self):
        session = self.begin()

        async def whole():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                kill = Call("shell_execute", {"session_id": "main", "exec_dir": "/home/ubuntu", "command": "pkill -9 -x Xtigervnc"})
                await asyncio.get_running_loop().run_in_executor(None, self.work, session, [kill])
                self.assertEqual(await viewer.closed(), (1011, "the desktop has ended"))
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                self.assertGreaterEqual(await viewer.colours(), 1)

        asyncio.run(whole())

    def test_the_browser_is_the_users_until_it_is_given_back(self):
        session = self.begin()
        holder = lambda action: self.data(self.takeover(session, action))["holder"]
        self.assertEqual(holder("end"), "agent")
        self.assertEqual(holder("start"), "user")
        self.assertEqual(holder("start"), "user")
        self.assertEqual(holder("end"), "agent")
        # Administrators see every session, but do not act for its user.
        for token, status in ((self.root, 403), (support.account(self.server, f"other{id(self)}"), 403)):
            self.assertEqual(self.takeover(session, "start", token).status, status)
        self.assertEqual(self.takeover(NOBODY, "start").status, 404)
        self.assertEqual(self.takeover(session, "grab").status, 422)

    @unittest.skipUnless(pathlib.Path(BROWSER).exists(), "chromium is missing")
    def test_the_agents_browser_waits_while_the_user_has_it(self):
        session = self.begin()
        left = [Call("write_file", {"filepath": "/home/ubuntu/page.html", "content": "<title>Page</title><p>text"}),
                Call("browser_navigate", {"url": "file:///home/ubuntu/page.html"})]
        taken, seen = threading.Event(), []

        def answer(question):
            if any(words in question.text for words in ("Plan how to do", "A step is over", "The plan is done")):
                return planner_says(question)
            if left:
                return Said(calls=[left.pop(0)])
            if not taken.is_set():
                self.takeover(session, "start")
                taken.set()
                return Said(calls=[Call("browser_view", {})])
            return Said('{"success": true, "result": "done", "attachments": []}')

        def follow():
            with self.say(self.server, self.token, session, "Go") as stream:
                seen.extend(data for kind, _, data in stream if kind == "tool")

        self.models.answer = answer
        following = threading.Thread(target=follow)
        following.start()
        self.addCleanup(following.join)
        self.assertTrue(taken.wait(90))
        support.wait_until(lambda: self.detail(self.server, self.token, session)["events"][-1]["data"].get("function") == "browser_view", 30,
                           "the agent to call its browser")
        following.join(1)
        self.assertEqual([one["data"]["status"] for one in self.detail(self.server, self.token, session)["events"]
                          if one["data"].get("function") == "browser_view"], ["calling"])
        self.assertEqual(self.data(self.takeover(session, "end"))["holder"], "agent")
        following.join(90)
        self.assertEqual([one["function"] for one in seen if one["status"] == "called"], ["write_file", "browser_navigate", "browser_view"])

    def test_a_takeover_outlives_the_viewers_connection_and_ends_with_a_message(self):
        session = self.begin()

        async def look():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()

        self.data(self.takeover(session, "start"))
        for _ in range(2):
            asyncio.run(look())
        # No call of the agent's reaches its browser meanwhile; what else it does goes on.
        self.assertIn("took the browser over", self.server.output())
        self.work(session, [])
        gave = self.server.output().count("gave the browser back")
        self.assertEqual(self.data(self.takeover(session, "end"))["holder"], "agent")
        self.assertEqual(self.server.output().count("gave the browser back"), gave, "the message had ended it")


if __name__ == "__main__":
    unittest.main()
