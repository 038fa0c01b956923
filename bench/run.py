"""Requests per second and server CPU per request of our routes beside other servers, in one run on one machine.

    ./dev bench [--seconds N] [--rounds N] [--only NAME,NAME] [--connections N]
    ./dev bench --sse [--streams N] [--seconds N]
    ./dev bench --against BUILD_DIR ...        two builds of ours beside each other, see against.py

All servers are started first, each pinned to core 0; wrk runs on core 1. Rounds are interleaved (A B C A B C ...), so that a machine that
slows down hurts everybody alike; the table shows medians. CPU per request is the time all threads of the server ran (schedstat), divided by
the requests wrk counted. A reply that is not 2xx, or a socket error, fails the round: errors are fast. A failed round is repeated once; when it
fails again it is left out, and the column "rounds" says how many count. Results go to build/bench/ as JSON too."""
import argparse
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build" / "release"))
PEERS = ROOT / "bench" / "peers"
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

AIMS = {"json, loop lane": 0.85, "json + JWT, loop lane": 0.7, "json + JWT, worker lane": 0.7, "JWT + primary-key read": 0.45}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process, seconds=15, headers=None):
    end = time.monotonic() + seconds
    while True:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode} before it answered")
        try:
            return urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=2).read()
        except OSError as error:
            if time.monotonic() > end:
                raise SystemExit(f"{url} does not answer: {error}")
            time.sleep(0.05)


def family(pid):
    """The process and all below it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{parent}/task"):
                found += [int(child) for child in open(f"/proc/{parent}/task/{task}/children").read().split()]
    return found


def cpu_nanoseconds(pid):
    """Of all threads, also of those that have ended: each process has a clock of its CPU time, named after its id (clock_getcpuclockid(3))."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime_ns((~member << 3) | 2)
    return total


def resident_mib(pid):
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += int(re.search(r"^Pss: +(\d+)", open(f"/proc/{member}/smaps_rollup").read(), re.M).group(1))
    return total / 1024


class RoundFailed(Exception):
    """A round without valid figures; the text is the reason."""


def load(pid, url, seconds, connections, headers=None, script=None):
    """One round of wrk against a server process: requests per second, CPU per request, latencies. Raises RoundFailed."""
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if script is not None:
        command += ["-s", str(script)]
    before = cpu_nanoseconds(pid)
    try:
        done = subprocess.run(command + [url], capture_output=True, text=True, timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        raise RoundFailed(f"wrk did not end within {seconds + 60} s") from None
    used = cpu_nanoseconds(pid) - before
    report = done.stdout
    if done.returncode != 0:
        raise RoundFailed(f"wrk ended with {done.returncode}: {done.stderr.strip()}")
    if "Non-2xx" in report or "Socket errors" in report:
        raise RoundFailed(f"errors under load:\n{report}")
    requests = int(re.search(r"(\d+) requests in", report).group(1))
    if requests == 0 or used <= 0:
        raise RoundFailed(f"no request was answered:\n{report}")
    figures = {"rate": float(re.search(r"Requests/sec: +([\d.]+)", report).group(1)), "cpu": used / 1000 / requests}
    for percentile, name in (("50%", "p50"), ("99%", "p99")):
        value, unit = re.search(rf"^ +{percentile} +([\d.]+)(us|ms|s|m) *$", report, re.M).groups()
        figures[name] = float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]
    return figures


def twice(name, measure):
    """What `measure()` returns; a failed round is repeated once. None when it fails again: the round does not count."""
    for attempt in ("repeating the round", "the round does not count"):
        try:
            return measure()
        except RoundFailed as failure:
            print(f"\n{name}: {failure}\n{attempt}", file=sys.stderr, flush=True)
    return None


class Contestant:
    def __init__(self, name, process, url, headers=None):
        self.name, self.process, self.url, self.headers = name, process, url, headers or {}
        self.rounds, self.failed = [], 0

    def measure(self, seconds, connections):
        figures = twice(self.name, lambda: load(self.process.pid, self.url, seconds, connections, self.headers))
        if figures is None:
            self.failed += 1
        else:
            self.rounds.append(figures)

    def median(self, figure):
        return statistics.median(one[figure] for one in self.rounds)


def spawn(stack, command, **options):
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdin=subprocess.DEVNULL, start_new_session=True, **options)

    def end():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    stack.callback(end)
    return process


def start_nginx(stack, work):
    folder = work / "nginx"
    folder.mkdir()
    port = free_port()
    temp = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "n.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; {temp} keepalive_requests 1000000000; default_type application/json;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{{\"hello\":\"world\"}}\\n'; }} }} }}\n")
    process = spawn(stack, ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "n.conf")])
    return Contestant("nginx return 200", process, f"http://127.0.0.1:{port}/")


def start_pistache(stack, work):
    port = free_port()
    binary = next(iter(sorted(BUILD.rglob("pistache_stock"))), None)
    if binary is None:
        raise SystemExit("build/release has no pistache_stock; run it through ./dev bench")
    return Contestant("Pistache, stock", spawn(stack, [str(binary), str(port)], stdout=subprocess.DEVNULL), f"http://127.0.0.1:{port}/")


def start_fastify(stack, work):
    port = free_port()
    environment = {**os.environ, "NODE_ENV": "production"}
    return Contestant("Fastify", spawn(stack, ["node", "fastify.js", str(port)], cwd=PEERS, env=environment), f"http://127.0.0.1:{port}/")


def start_fastapi(stack, work):
    port = free_port()
    process = spawn(stack, ["/usr/bin/python3", "-m", "uvicorn", "fastapi_app:app", "--port", str(port), "--loop", "uvloop", "--http", "httptools",
                            "--no-access-log", "--log-level", "warning"], cwd=PEERS)
    return Contestant("FastAPI, uvicorn", process, f"http://127.0.0.1:{port}/")


def start_ours(stack, work):
    """One server answers all our rows; it is pinned like the others, with as many I/O threads as nginx has workers."""
    from mortise_server import MortiseServer

    server = MortiseServer({"http.io_threads": 1, "http.workers": 1, "log.level": "warning", "limits.enabled": "false"},
                           modules=["auth", "probe"]).start()
    stack.callback(server.stop)
    for member in family(server.pid):
        subprocess.run(["taskset", "-acp", "0", str(member)], check=True, stdout=subprocess.DEVNULL)
    account = json.dumps({"username": "bench", "password": "correct horse 7"}).encode()
    reply = urllib.request.urlopen(urllib.request.Request(server.base + "/api/auth/register", account, {"Content-Type": "application/json"}))
    token = json.load(reply)["data"]["tokens"]["access_token"]

    class Process:  # the part of a MortiseServer's process that Contestant and wait_for use
        pid = server.pid

    pair = json.dumps({"id": "one", "text": "a row"}).encode()
    urllib.request.urlopen(urllib.request.Request(server.base + "/probe/pairs", pair, {"Content-Type": "application/json"})).read()
    bearer = {"Authorization": f"Bearer {token}"}
    rows = []
    for name, path, headers in OUR_ROUTES:
        rows.append(Contestant(f"mortise: {name}", Process, server.base + path, bearer if headers else {}))
        with urllib.request.urlopen(urllib.request.Request(server.base + path, headers=rows[-1].headers)) as answer:
            if answer.status != 200:
                raise SystemExit(f"{path} answers {answer.status}")
    return rows


# name, path, signed in? The routes are those of tests/modules/probe.
OUR_ROUTES = [
    ("json, loop lane", "/probe/hello", False),
    ("json + JWT, loop lane", "/probe/whoami", True),
    ("json + JWT, worker lane", "/probe/whoami/worker", True),
    ("JWT + primary-key read", "/probe/pairs/one", True),
    ("JWT, platform family", "/api/auth/me", True),
]


def throughput(options):
    wanted = options.only.split(",") if options.only else None
    results = []
    with contextlib.ExitStack() as stack:
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        work.chmod(0o755)
        rows = []
        for name, start in (("nginx", start_nginx), ("pistache", start_pistache), ("fastify", start_fastify), ("fastapi", start_fastapi)):
            if wanted is None or name in wanted or name == "nginx":
                rows.append(start(stack, work))
                wait_for(rows[-1].url, rows[-1].process)
        if wanted is None or "mortise" in wanted:
            rows += start_ours(stack, work)
        for round_number in range(options.rounds + 1):
            for row in rows:
                if round_number == 0:
                    row.measure(1, options.connections)  # warms up caches, JITs and the CPU; thrown away
                    row.rounds, row.failed = [], 0
                    continue
                print(f"\rround {round_number} of {options.rounds}: {row.name:40}", end="", file=sys.stderr, flush=True)
                row.measure(options.seconds, options.connections)
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
        nginx = rows[0].median("rate") if rows[0].rounds else None
        print(f"{'':36}{'req/s':>9}{'spread':>9}{'of nginx':>10}{'aim':>7}{'CPU µs/req':>12}{'p50 ms':>9}{'p99 ms':>9}{'PSS MiB':>9}{'rounds':>8}")
        for row in rows:
            rounds = f"{len(row.rounds)}/{len(row.rounds) + row.failed}"
            aim = next((value for name, value in AIMS.items() if row.name == f"mortise: {name}"), None)
            result = {"name": row.name, "rounds": len(row.rounds), "failed_rounds": row.failed, "aim": aim}
            results.append(result)
            if not row.rounds:
                print(f"{row.name:36}{'no round counts':>27}{rounds:>75}")
                continue
            rate, rates = row.median("rate"), [one["rate"] for one in row.rounds]
            of_nginx = rate / nginx if nginx else None
            result |= {"requests_per_second": rate, "spread": (max(rates) - min(rates)) / rate, "of_nginx": of_nginx,
                       "cpu_microseconds": row.median("cpu"), "p50_ms": row.median("p50"), "p99_ms": row.median("p99"),
                       "pss_mib": resident_mib(row.process.pid)}
            print(f"{row.name:36}{rate:9.0f}{result['spread']:9.0%}{'' if of_nginx is None else format(of_nginx, '.2f'):>10}{aim or '':>7}"
                  f"{result['cpu_microseconds']:12.1f}{result['p50_ms']:9.2f}{result['p99_ms']:9.2f}{result['pss_mib']:9.1f}{rounds:>8}")
    save("throughput", results)
    without = [result["name"] for result in results if not result["rounds"]]
    if without:
        raise SystemExit(f"no round counts for: {', '.join(without)}")


def event_streams(options):
    """The cost of many event streams on one server while events are sent."""
    from mortise_server import MortiseServer
    from streams import EventStreams

    with contextlib.ExitStack() as stack:
        server = MortiseServer({"http.max_connections": options.streams + 100, "log.level": "warning", "limits.enabled": "false"},
                               modules=["ticker"]).start()
        stack.callback(server.stop)
        idle = resident_mib(server.pid)
        with EventStreams(server.port, EVENT_PATH, options.streams) as streams:
            streams.wait_until_each_has(1, 60)
            before, began, events = cpu_nanoseconds(server.pid), time.monotonic(), streams.events()
            streams.run(options.seconds)
            took = time.monotonic() - began
            cores = (cpu_nanoseconds(server.pid) - before) / 1e9 / took
            result = {"streams": options.streams, "alive": streams.alive(), "events_per_second": (streams.events() - events) / took,
                      "server_cores": cores, "pss_mib_idle": idle, "pss_mib": resident_mib(server.pid)}
    print(f"{result['alive']} of {result['streams']} streams alive, {result['events_per_second']:.0f} events/s, {cores:.2f} cores, "
          f"{result['pss_mib']:.1f} MiB ({result['pss_mib'] - idle:.1f} more than idle)")
    save("streams", result)
    if result["alive"] != options.streams:
        raise SystemExit("streams were lost")


EVENT_PATH = "/api/ticker/ticks"


def save(name, result):
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps({"kernel": os.uname().release, "cores": os.cpu_count(), "result": result}, indent=2) + "\n")
    print(f"written to {path.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", default="", help="nginx,pistache,fastify,fastapi,mortise")
    parser.add_argument("--sse", action="store_true")
    parser.add_argument("--streams", type=int, default=2000)
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("needs two cores: one for the server, one for the load")
    event_streams(options) if options.sse else throughput(options)


if __name__ == "__main__":
    main()
