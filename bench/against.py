"""Two builds of mortise beside each other, round by round, in one run on one machine.

    ./dev bench --against BUILD_DIR [--seconds N] [--rounds N] [--only WORD,WORD] [--connections N] [--streams N]

BUILD_DIR holds the other build (mortise, modules/, tests/modules/, sdk/examples/), for example build/release of a checkout of an older commit,
built with `./dev build`. Both servers run all the time with the same options and the same rows, pinned to core 0; the load runs on core 1.
In each round every scenario is measured on both, one after the other; which one is first changes from round to round. A failed round is
repeated once; when it fails again it counts for neither build. Shown: medians, and ours divided by theirs: above 1.00 is better for
requests, below 1.00 for CPU and latency. Results go to build/bench/ as JSON too."""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import run

SESSIONS, FILE_SIZE = 300, 256 << 10
MODULES = ["auth", "files", "sync", "probe", "ticker"]

# Sends the same form repeatedly; the server stores equal contents once, so the disk does not fill.
UPLOAD_SCRIPT = """wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=bench"
wrk.body = "--bench\\r\\nContent-Disposition: form-data; name=\\"file\\"; filename=\\"a.bin\\"\\r\\n\\r\\n" .. string.rep("x", %d) .. "\\r\\n--bench--\\r\\n"
""" % (64 << 10)


def call(base, method, path, body=None, headers=None):
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(base + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method),
                                timeout=30) as reply:
        return json.loads(reply.read() or b"null")


class Build:
    """A running server of one build with the rows that the scenarios read."""

    def __init__(self, stack, name, folder):
        from mortise_server import MortiseServer

        if not (folder / "mortise").exists():
            raise SystemExit(f"{folder} has no program mortise; build it there with ./dev build")
        self.name = name
        self.server = MortiseServer({"http.io_threads": 1, "http.workers": 1, "log.level": "warning", "limits.enabled": "false",
                                     "http.max_connections": 10000}, modules=MODULES, build=folder).start()
        stack.callback(self.server.stop)
        self.pid = self.server.pid
        subprocess.run(["taskset", "-acp", "0", str(self.pid)], check=True, stdout=subprocess.DEVNULL)
        base = self.server.base
        account = {"username": "bench", "password": "correct horse 7"}
        registered = call(base, "POST", "/api/auth/register", account)["data"]
        self.server.run("user", "set-role", registered["user"]["id"], "super_admin")
        token = call(base, "POST", "/api/auth/login", account)["data"]["tokens"]["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        call(base, "POST", "/probe/pairs", {"id": "one", "text": "a row"})
        for _ in range(SESSIONS):
            self.session = call(base, "POST", "/probe-sync/open", {"type": "manual_task", "category": "config"})["session"]
        form = (b'--bench\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' + os.urandom(FILE_SIZE) + b"\r\n--bench--\r\n")
        stored = call(base, "POST", "/api/files", form, {**self.headers, "Content-Type": "multipart/form-data; boundary=bench"})["data"]
        self.file = (stored.get("file") or stored)["id"]

    def load(self, path, options, signed_in=True, script=None):
        return run.load(self.pid, self.server.base + path.format(session=self.session, file=self.file), options.seconds, options.connections,
                        self.headers if signed_in else None, script)


def event_streams(build, options):
    """CPU of one event, while `--streams` clients listen. The server paces the events, so only the CPU time is measured."""
    from streams import EventStreams

    with EventStreams(build.server.port, run.EVENT_PATH, options.streams) as streams:
        try:
            streams.wait_until_each_has(1, 60)
        except AssertionError as short:
            raise run.RoundFailed(str(short)) from None
        before, events, began = run.cpu_nanoseconds(build.pid), streams.events(), time.monotonic()
        streams.run(options.seconds)
        took = time.monotonic() - began
        used, counted = run.cpu_nanoseconds(build.pid) - before, streams.events() - events
        if streams.alive() != options.streams or counted == 0:
            raise run.RoundFailed(f"{streams.alive()} of {options.streams} streams are alive after {counted} events")
    return {"rate": counted / took, "cpu": used / 1000 / counted}


def scenarios(script):
    """A name, and the function that measures one round of it on one build."""
    def route(path, **more):
        return lambda build, options: build.load(path, options, **more)

    return {
        "json, loop lane": route("/probe/hello", signed_in=False),
        "json + JWT, loop lane": route("/probe/whoami"),
        "json + JWT, worker lane": route("/probe/whoami/worker"),
        "JWT + primary-key read": route("/probe/pairs/one"),
        "JWT, /api/auth/me": route("/api/auth/me"),
        "record by id, sync session": route("/api/v1/sync-sessions/{session}"),
        "page of 20 with total": route("/api/v1/sync-sessions?page=2&limit=20"),
        "facts of a file": route("/api/files/{file}"),
        "download, 256 KiB": route("/api/files/{file}/download"),
        "upload, 64 KiB form": route("/api/files", script=script),
        "event streams": event_streams,
    }


def compare(options):
    words = [word.strip() for word in options.only.split(",") if word.strip()]
    results = []
    with contextlib.ExitStack() as stack:
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        script = work / "upload.lua"
        script.write_text(UPLOAD_SCRIPT)
        chosen = {name: measure for name, measure in scenarios(script).items() if not words or any(word in name for word in words)}
        if not chosen:
            raise SystemExit(f"no scenario has {options.only} in its name; there are: {', '.join(scenarios(script))}")
        ours, theirs = Build(stack, "ours", run.BUILD), Build(stack, "theirs", pathlib.Path(options.against).resolve())
        rounds = {name: [] for name in chosen}
        warm = argparse.Namespace(**{**vars(options), "seconds": 1})
        for number in range(options.rounds + 1):
            for name, measure in chosen.items():
                print(f"\rround {number} of {options.rounds}: {name:40}", end="", file=sys.stderr, flush=True)
                figures = {}
                for build in (ours, theirs) if number % 2 else (theirs, ours):
                    figures[build.name] = run.twice(f"{name}, {build.name}", lambda: measure(build, options if number else warm))
                if number and None not in figures.values():
                    rounds[name].append(figures)
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
        print(f"ours: {run.BUILD}\ntheirs: {options.against}")
        print(f"{'':28}{'req/s':>9}{'theirs':>9}{'ratio':>7}{'CPU µs':>9}{'theirs':>9}{'ratio':>7}{'p50 ms':>9}{'theirs':>9}{'ratio':>7}{'rounds':>8}")
        for name, counted in rounds.items():
            result = {"name": name, "rounds": len(counted), "failed_rounds": options.rounds - len(counted), "of_each_round": counted}
            line = f"{name:28}"
            for figure in ("rate", "cpu", "p50"):
                if not counted or figure not in counted[0]["ours"]:
                    line += f"{'-':>9}{'-':>9}{'-':>7}"
                    continue
                mine, other = (statistics.median(one[build][figure] for one in counted) for build in ("ours", "theirs"))
                result[figure] = {"ours": mine, "theirs": other, "ratio": mine / other}
                digits = {"rate": 0, "cpu": 1, "p50": 2}[figure]
                line += f"{mine:9.{digits}f}{other:9.{digits}f}{mine / other:7.2f}"
            results.append(result)
            print(f"{line}{len(counted):>6}/{options.rounds}")
        print(f"PSS: ours {run.resident_mib(ours.pid):.1f} MiB, theirs {run.resident_mib(theirs.pid):.1f} MiB")
    run.save("against", {"theirs": options.against, "scenarios": results})
    without = [result["name"] for result in results if not result["rounds"]]
    if without:
        raise SystemExit(f"no round counts for: {', '.join(without)}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", required=True, metavar="BUILD_DIR")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--only", default="", help="scenarios whose name contains one of these words")
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("needs two cores: one for the servers, one for the load")
    compare(options)


if __name__ == "__main__":
    main()
