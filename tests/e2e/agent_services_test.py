"""Sessions whose sandbox is a service: its browser for the agent, its desktop for people."""
import asyncio
import functools
import http.server
import json
import pathlib
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import support
import websockets
from agent_desktops_test import MISSING, PAGE
from agent_sessions_test import AgentFamily, MODULES, planner_says
from models_stand_in import Call, ModelsStandIn, Said
from mortise_server import MortiseServer, OnSqliteDatabase
from openapi_test import BROWSER
from rfb_viewer import Viewer, close_of

TIME_LIMIT = 300
STRIPES = "".join(f"<div style='height:3px;background:rgb({shade},90,{255 - shade})'></div>" for shade in range(256))


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Api(http.server.BaseHTTPRequestHandler):
    """The API of a service: the status of its processes. Other calls go into server.calls."""

    def answer(self, data):
        body = json.dumps({"code": 200, "msg": "success", "data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer([{"name": "vnc", "statename": "RUNNING"}])

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.put(self.path)
        self.answer({})

    def log_message(self, *_):
        pass


class Service:
    """A screen with a browser on it; the screen as a WebSocket at /screen, and the API at a port of its own."""

    def __init__(self, folder):
        self.folder, self.programs, self.viewers = folder, [], set()

    def start(self):
        self.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.api.calls = queue.Queue()
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        self.rfb = str(self.folder / "rfb.sock")
        screen = subprocess.Popen(["Xtigervnc", "-displayfd", "1", "-geometry", "1280x1080", "-depth", "24", "-rfbport", "-1", "-rfbunixpath", self.rfb,
                                   "-SecurityTypes", "None", "-AlwaysShared", "-nolisten", "tcp"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.programs.append(screen)
        display = screen.stdout.readline().strip()
        environment = {"DISPLAY": f":{display}", "HOME": str(self.folder), "PATH": "/usr/bin:/bin"}
        self.programs.append(subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.browser_port = support.free_port()
        self.programs.append(subprocess.Popen(
            [BROWSER, f"--remote-debugging-port={self.browser_port}", f"--user-data-dir={self.folder / 'profile'}", "--no-sandbox", "--test-type", "--no-first-run",
             "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,1080", "about:blank"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve(started)))
        self.thread.start()
        assert started.wait(60)
        for port in (self.port, self.browser_port):
            support.wait_until(functools.partial(listens, port), 60, "the service to listen")
        return self

    def stop(self):
        self.api.shutdown()
        self.api.server_close()
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()
        for program in self.programs:
            program.kill()
            program.wait()
            if program.stdout:
                program.stdout.close()

    async def serve(self, started):
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        async with websockets.serve(self.view, "127.0.0.1", 0, max_size=None) as server:
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await self.over.wait()
            for viewer in self.viewers:
                viewer.transport.abort()  # a service that dies says nothing

    async def view(self, viewer, *_):
        reader, writer = await asyncio.open_unix_connection(self.rfb)
        self.viewers.add(viewer)

        async def down():
            while data := await reader.read(65536):
                await viewer.send(data)
            await viewer.close()

        sending = asyncio.create_task(down())
        try:
            async for message in viewer:
                writer.write(message)
                await writer.drain()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.viewers.discard(viewer)
            sending.cancel()
            writer.close()


@unittest.skipIf(MISSING, f"missing: {', '.join(MISSING)}")
@unittest.skipUnless(pathlib.Path(BROWSER).exists(), "chromium is missing")
class AgentServices(AgentFamily, OnSqliteDatabase, unittest.TestCase):
    def setUp(self):
        self.models = ModelsStandIn().start()
        self.addCleanup(self.models.stop)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agent-services-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.service = Service(self.folder).start()
        self.addCleanup(self.service.stop)
        options = {**self.options(), "agent.sandbox": "remote", "agent.sandbox_address": f"127.0.0.1:{self.service.api.server_port}",
                   "agent.sandbox_browser_address": f"127.0.0.1:{self.service.browser_port}",
                   "agent.sandbox_desktop_address": f"http://127.0.0.1:{self.service.port}/screen"}
        self.server = MortiseServer(options, modules=MODULES).start()
        self.addCleanup(self.server.stop)
        self.token = support.account(self.server, "ada")
        self.asked = []

    def work(self, session, script):
        left = list(script)

        def answer(question):
            if any(words in question.text for words in ("Plan how to do", "A step is over", "The plan is done")):
                return planner_says(question)
            self.asked.append(question.text)
            return Said(calls=[left.pop(0)]) if left else Said('{"success": true, "result": "done", "attachments": []}')

        self.models.answer = answer
        with self.say(self.server, self.token, session, "Go") as stream:
            return [data for kind, _, data in stream if kind == "tool" and data["status"] == "called"]

    def test_a_person_and_the_agent_use_the_services_browser(self):
        (self.folder / "page.html").write_text(PAGE + STRIPES)
        session = self.session(self.server, self.token)
        events = self.work(session, [Call("browser_navigate", {"url": f"file://{self.folder}/page.html"})])
        self.assertTrue(events[0]["content"]["screenshot"].startswith("data:image/png;base64,"), events)

        async def look():
            async with Viewer(self.server, self.token, session) as viewer:
                self.assertEqual((await viewer.greet())[:2], (1280, 1080))
                colours, end = 0, time.monotonic() + 60
                while colours < 256 and time.monotonic() < end:
                    colours = await viewer.colours()
                self.assertGreaterEqual(colours, 256)
                await viewer.click(640, 800)
                while time.monotonic() < end:  # the page takes keys a moment after it has them
                    for letter in "q7x9z":
                        await viewer.key(ord(letter))
                    await asyncio.sleep(0.3)
                    await viewer.ask()
                    frame = await viewer.frame()
                    if b"\x56\x34\x12" in frame:
                        return
                self.fail("what was typed did not reach the page")

        asyncio.run(look())
        self.work(session, [Call("browser_console_exec", {"javascript": "'<' + window.typed + '>'"})])
        self.assertTrue(any("<q7x9z>" in text for text in self.asked), self.asked[-2:])

    def test_who_only_looks_prolongs_the_time_of_the_service(self):
        session = self.session(self.server, self.token)

        async def look():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                return await asyncio.get_running_loop().run_in_executor(None, self.service.api.calls.get, True, 60)

        self.assertEqual(asyncio.run(look()), "/api/file/check-file-exists")

    def test_a_service_that_dies_is_told(self):
        session = self.session(self.server, self.token)

        async def whole():
            async with Viewer(self.server, self.token, session) as viewer:
                await viewer.greet()
                self.service.stop()
                self.assertEqual(await viewer.closed(), (1011, "the desktop has ended"))

        asyncio.run(whole())
        self.assertEqual(asyncio.run(close_of(self.server, self.token, session))[0], 1011)
        events = self.work(session, [Call("browser_view", {})])
        self.assertEqual([event["function"] for event in events], [])

    def test_addresses_with_tls_keep_the_server_from_starting_the_module(self):
        options = {**self.server.options, "data.dir": str(self.folder / "data"), "agent.sandbox_desktop_address": "wss://sandbox/screen"}
        server = MortiseServer(options, modules=MODULES)
        server.start()
        self.addCleanup(server.stop)
        self.assertIn("agent.sandbox_desktop_address", server.output())


if __name__ == "__main__":
    unittest.main()
