"""The agent under load: many sessions with live streams, many boxes at once, several desktops at once.

    ./dev bench --agent [--sessions N] [--tokens N] [--seconds N] [--boxes N] [--desktops N]

Streams: N sessions (200) run a task at once; the model answers each with N tokens a second (20) for N seconds (20), and a client reads each
session's stream. The model and the clients are one process on core 1, so that both have one clock; the server is on core 0. Shown: events, the
server's CPU for each, its memory, and the time from a token's way out of the model to the event that ends with it.

Boxes: N sessions (50) run one command each, in a box of their own on this machine: time until the last is done, and the memory of each box.

Desktops: viewers of N sessions (4) come at once, server and boxes on all cores: time until the last screen greets, and until the last shows its
browser; then, while the viewers only look, the memory of each box and the CPU of all.

Results go to build/bench/agent.json too."""
import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import random
import re
import resource
import statistics
import subprocess
import sys
import time

import run

sys.path.insert(0, str(run.ROOT / "tests" / "e2e"))

MODULES = ["auth", "files", "scheduler", "agent"]
BROWSER_COLOURS = 8
SETTLE_SECONDS, IDLE_SECONDS = 15, 20
WORD = re.compile(rb"w(\d+)x")


class Model:
    """A server of chat completions that plans one step and answers it word by word, at a fixed rate. The words are numbered over all answers, and
    it remembers when it sent each."""

    def __init__(self, rate, seconds, command=None):
        self.rate, self.count, self.command = rate, rate * seconds, command
        self.sent_at, self.asked = [], 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    @staticmethod
    def piece(delta, ending=None):
        return b"data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                                       "choices": [{"index": 0, "delta": delta, "finish_reason": ending}]}).encode() + b"\n\n"

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
            body = json.loads(await reader.readexactly(length))
            last = body["messages"][-1].get("content") or ""
            self.asked += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            if "Plan how to do" in last:
                text = json.dumps({"title": "T", "language": "en", "message": "ok", "goal": "g", "steps": [{"id": "1", "description": "Work"}]})
                writer.write(self.piece({"content": text}))
            elif "A step is over" in last:
                writer.write(self.piece({"content": json.dumps({"steps": []})}))
            elif self.command and "Carry out this step" in last:
                call = {"session_id": "a", "exec_dir": "/home/ubuntu", "command": self.command}
                writer.write(self.piece({"tool_calls": [{"index": 0, "id": "call_0", "type": "function",
                                                         "function": {"name": "shell_execute", "arguments": json.dumps(call)}}]}))
                writer.write(self.piece({}, "tool_calls") + b"data: [DONE]\n\n")
                await writer.drain()
                return
            elif self.command:
                writer.write(self.piece({"content": json.dumps({"success": True, "result": "ok", "attachments": []})}))
            else:
                await self.speak(writer, done="The plan is done" in last)
            writer.write(self.piece({}, "stop") + b"data: [DONE]\n\n")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def speak(self, writer, done):
        writer.write(self.piece({"content": '{"message":"' if done else '{"success":true,"result":"'}))
        count = 1 if done else self.count
        due = time.monotonic() + random.random() / self.rate  # answers do not keep step with each other
        for _ in range(count):
            due += 1 / self.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            word = f"w{len(self.sent_at)}x "
            self.sent_at.append(time.monotonic())
            writer.write(self.piece({"content": word}))
        writer.write(self.piece({"content": '","attachments":[]}'}))


class Client:
    """One user's connection to the API."""

    def __init__(self, port, token):
        self.port, self.token = port, token

    async def open(self, path, body):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        body = json.dumps(body).encode()
        writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"{path}: {head.decode(errors='replace')}")
        return reader, writer, head

    async def session(self):
        reader, writer, head = await self.open("/api/sessions", {})
        answer = await reader.readexactly(int(re.search(rb"content-length: *(\d+)", head, re.I).group(1)))
        writer.close()
        return json.loads(answer)["data"]["session_id"]

    async def task(self, session, event):
        """Runs one task; `event(kind, data, at)` for each event of its stream."""
        reader, writer, _ = await self.open(f"/api/sessions/{session}/chat", {"message": "Go"})
        kind = b""
        while True:
            line = await reader.readline()
            if line.startswith(b"event: "):
                kind = line[7:].strip()
            elif line.startswith(b"data: "):
                event(kind, line[6:], time.monotonic())
                if kind in (b"done", b"error", b"wait"):
                    writer.close()
                    return kind
            elif not line:
                return b"the stream ended"


@contextlib.contextmanager
def server(model, options, pinned=True):
    import support
    from mortise_server import MortiseServer

    with MortiseServer({**support.QUICK, "log.level": "warning", "limits.enabled": "false", "agent.model_base_url": model.url + "/v1",
                        "agent.model_name": "m", "http_client.allow_private": "true", "http.max_connections_per_address": "4096", **options}, modules=MODULES) as made:
        cores = "0" if pinned else f"0-{os.cpu_count() - 1}"
        subprocess.run(["taskset", "-acp", cores, str(made.pid)], check=True, stdout=subprocess.DEVNULL)
        yield made, Client(made.port, support.account(made, "ada"))


def at(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


async def lateness(into):
    """How late this process runs its own timers, in ms, again and again: the times that it measures include it."""
    while True:
        due = time.monotonic() + 0.005
        await asyncio.sleep(0.005)
        into.append(1000 * (time.monotonic() - due))


async def streams(options):
    model = Model(options.tokens, options.seconds)
    await model.start()
    with server(model, {"agent.sandbox": "off", "agent.tasks": options.sessions, "agent.tasks_per_user": options.sessions}) as (made, client):
        sessions = [await client.session() for _ in range(options.sessions)]
        times, counted, quiet = [], {"events": 0, "bytes": 0}, run.resident_mib(made.pid)

        def event(kind, data, now):
            counted["events"] += 1
            counted["bytes"] += len(data)
            if kind == b"message":
                words = WORD.findall(data, max(0, len(data) - 200)) if b'"partial":true' in data else []
                if words:
                    times.append(1000 * (now - model.sent_at[int(words[-1])]))

        late = []
        watch = asyncio.create_task(lateness(late))
        before, begun = run.cpu_nanoseconds(made.pid), time.monotonic()
        running = [asyncio.create_task(client.task(session, event)) for session in sessions]
        await asyncio.sleep(options.seconds / 2)
        memory = run.resident_mib(made.pid)
        endings = await asyncio.gather(*running)
        used, took = run.cpu_nanoseconds(made.pid) - before, time.monotonic() - begun
        watch.cancel()
    wrong = [ending for ending in endings if ending != b"done"]
    if wrong or not times:
        raise SystemExit(f"{len(wrong)} of {len(endings)} tasks did not end well: {wrong[:3]}; {len(times)} partial messages")
    figures = {"sessions": options.sessions, "tokens": len(model.sent_at), "seconds": took, "events": counted["events"], "bytes": counted["bytes"],
               "cpu_us_per_event": used / 1000 / counted["events"], "cpu_percent": used / 1e7 / took, "quiet_mib": quiet, "memory_mib": memory,
               "p50_ms": statistics.median(times), "p99_ms": at(times, 99), "max_ms": max(times), "late_p99_ms": at(late, 99)}
    print(f"{options.sessions} streams: {figures['tokens']} tokens, {figures['events']} events ({counted['bytes'] / counted['events']:.0f} bytes each) in {took:.1f} s; "
          f"CPU {figures['cpu_us_per_event']:.0f} µs an event, {figures['cpu_percent']:.0f} % of a core; memory {quiet:.1f} -> {memory:.1f} MiB\n"
          f"  token in to event out: p50 {figures['p50_ms']:.1f} ms, p99 {figures['p99_ms']:.1f} ms, longest {figures['max_ms']:.1f} ms; "
          f"the measuring process itself was late by {figures['late_p99_ms']:.1f} ms (p99)")
    return figures


async def boxes(options):
    model = Model(1, 1, command="true")
    await model.start()
    with server(model, {"agent.sandbox_boxes": options.boxes, "agent.tasks": options.boxes, "agent.tasks_per_user": options.boxes}) as (made, client):
        sessions = [await client.session() for _ in range(options.boxes)]
        before, begun, first = run.resident_mib(made.pid), time.monotonic(), []
        said = []

        def event(kind, data, now):
            if kind == b"tool" and b'"called"' in data:
                first.append(now - begun)
                said.append(data)

        endings = await asyncio.gather(*(client.task(session, event) for session in sessions))
        took, memory = time.monotonic() - begun, run.resident_mib(made.pid) - before
        alive = len(run.family(made.pid)) - 1
    wrong = [ending for ending in endings if ending != b"done"]
    if wrong or alive < options.boxes:
        raise SystemExit(f"{len(wrong)} tasks did not end well, {alive} processes of boxes: {said[:1]}")
    figures = {"boxes": options.boxes, "seconds": took, "command_p50_s": statistics.median(first), "last_command_s": max(first), "processes": alive,
               "memory_mib_each": memory / options.boxes}
    print(f"{options.boxes} boxes: all had run their command after {max(first):.2f} s ({1000 * max(first) / options.boxes:.0f} ms each), all tasks done after {took:.2f} s; "
          f"{memory / options.boxes:.2f} MiB each with what the server keeps for it")
    return figures


async def desktops(options):
    from rfb_viewer import Viewer

    model = Model(1, 1)
    await model.start()
    with server(model, {"agent.sandbox_boxes": options.desktops, "agent.sandbox_desktops": options.desktops}, pinned=False) as (made, client):
        sessions = [await client.session() for _ in range(options.desktops)]
        before, begun = run.resident_mib(made.pid), time.monotonic()
        greeted, shown, viewers = [], [], []

        async def look(session):
            viewer = await Viewer(made, client.token, session).__aenter__()
            viewers.append(viewer)
            await viewer.greet()
            greeted.append(time.monotonic() - begun)
            while await viewer.colours() < BROWSER_COLOURS:  # the window of a browser has more, an empty screen has fewer
                if time.monotonic() - begun > 300:
                    raise SystemExit("a browser did not show itself within five minutes")
                await asyncio.sleep(0.1)
            shown.append(time.monotonic() - begun)

        await asyncio.gather(*(look(session) for session in sessions))
        await asyncio.sleep(SETTLE_SECONDS)
        memory, used, since = run.resident_mib(made.pid) - before, run.cpu_nanoseconds(made.pid), time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        idle = (run.cpu_nanoseconds(made.pid) - used) / 1e7 / (time.monotonic() - since)
        for viewer in viewers:
            await viewer.__aexit__()
    figures = {"desktops": options.desktops, "greeted_s": sorted(greeted), "shown_s": sorted(shown), "memory_mib_each": memory / options.desktops,
               "idle_cpu_percent_each": idle / options.desktops}
    print(f"{options.desktops} desktops: greeted after {min(greeted):.1f} to {max(greeted):.1f} s, showed their browser after {min(shown):.1f} to {max(shown):.1f} s; "
          f"{memory / options.desktops:.0f} MiB each; idle {idle / options.desktops:.1f} % of a core each")
    return figures


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --agent", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--tokens", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--boxes", type=int, default=50)
    parser.add_argument("--desktops", type=int, default=4)
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("needs two cores: one for the server, one for the model and the clients")
    os.sched_setaffinity(0, {1})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    figures = {}
    if options.sessions:
        figures["streams"] = asyncio.run(streams(options))
    if options.boxes:
        figures["boxes"] = asyncio.run(boxes(options))
    if options.desktops:
        os.sched_setaffinity(0, range(os.cpu_count()))  # as its servers and their boxes
        figures["desktops"] = asyncio.run(desktops(options))
    run.save("agent", figures)


if __name__ == "__main__":
    main()
