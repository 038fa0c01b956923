"""Our server and the reference server of session sharing (PyPI sessionfs) side by side, and scenarios compared on both.

Both run all the time, pinned to core 0, on SQLite and files in folders of their own; the load runs on core 1. Each scenario is measured on both, one
after the other, and the order changes from round to round. Shown: medians, and ours divided by the reference's: above 1.00 is better for the rate,
below 1.00 for CPU and latency. Results go to build/bench/ as JSON too."""
import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import run

REFERENCE = run.ROOT / "build" / "sessionfs-reference" / "bin" / "python"


class Server:
    """A running server with two users. `database`: its SQLite file."""

    def __init__(self, name, pid, port, database):
        self.name, self.pid, self.port, self.database = name, pid, port, database
        self.base = f"http://127.0.0.1:{port}"
        self.keys = [self.ask("POST", "/api/v1/auth/signup", {"email": f"{who}@example.com"}, key=None)["raw_key"] for who in ("ada", "bob")]
        self.headers = {"Authorization": f"Bearer {self.keys[0]}"}

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, method, path, body=None, key=0, connection=None, kind="application/json", expected=(200, 201)):
        mine = connection or self.connection()
        headers = {} if key is None else {"Authorization": f"Bearer {self.keys[key]}"}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers["Content-Type"] = kind
        mine.request(method, path, body, headers)
        answer = mine.getresponse()
        content = answer.read()
        if answer.status not in expected:
            raise run.RoundFailed(f"{method} {path}: {answer.status} {content[:300]}")
        if connection is None:
            mine.close()
        return json.loads(content) if answer.headers.get_content_type() == "application/json" and content else content


QUIET = {"auth.require_email_verification": "false", "limits.enabled": "false", "log.level": "warning"}


def ours(stack, modules, options):
    from mortise_server import MortiseServer

    server = MortiseServer({**QUIET, **options}, modules=modules)
    server.start()
    stack.callback(server.stop)
    subprocess.run(["taskset", "-acp", "0", str(server.pid)], check=True, stdout=subprocess.DEVNULL)
    return Server("ours", server.pid, server.port, server.data / "mortise.db")


def reference(stack, folder):
    import sqlite3

    if not REFERENCE.exists():
        raise SystemExit("the reference server is not installed: ./dev bench --sharing or --projects does it")
    port = run.free_port()
    process = run.spawn(stack, [str(REFERENCE), str(run.PEERS / "sessionfs_reference.py"), str(port), str(folder)], stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
    run.wait_for(f"http://127.0.0.1:{port}/health", process, seconds=180)
    server = Server("reference", process.pid, port, folder / "reference.db")
    with contextlib.closing(sqlite3.connect(folder / "reference.db", timeout=30)) as database, database:
        database.execute("UPDATE users SET tier = 'enterprise'")
    return server


def asked(path):
    return lambda server, options: run.load(server.pid, server.base + path, options.seconds, options.connections, server.headers)


def one_after_another(step):
    """`step(server, connection, number)` again and again on one connection for the seconds of a round."""

    def measure(server, options):
        connection = server.connection()
        times, before, end = [], run.cpu_nanoseconds(server.pid), time.monotonic() + options.seconds
        while not times or time.monotonic() < end:
            begun = time.monotonic()
            step(server, connection, len(times))
            times.append(time.monotonic() - begun)
        connection.close()
        used = run.cpu_nanoseconds(server.pid) - before
        times.sort()
        return {"rate": len(times) / sum(times), "cpu": used / 1000 / len(times), "p50": 1000 * statistics.median(times),
                "p99": 1000 * times[min(len(times) - 1, len(times) * 99 // 100)]}

    return measure


def wait_until_idle(server, seconds=60):
    """A server goes on for a while with what clients have asked that left: its next round begins behind that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = run.cpu_nanoseconds(server.pid)
        time.sleep(0.1)
        if run.cpu_nanoseconds(server.pid) - before < 5_000_000:
            return


def parser(description):
    """Of the options that every comparison has."""
    out = argparse.ArgumentParser(prog="./dev bench", description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--seconds", type=int, default=4)
    out.add_argument("--rounds", type=int, default=3)
    out.add_argument("--connections", type=int, default=16)
    out.add_argument("--only", default="", help="scenarios whose name contains one of these words")
    return out


def compare(servers, scenarios, options, aim=None):
    """The rounds of each scenario: {name: [{"ours": figures, "reference": figures}, …]}. Prints the table. `aim`: the least ratio of rates and the highest of
    p99; what misses one is named below the table."""
    words = [word.strip() for word in options.only.split(",") if word.strip()]
    chosen = {name: measure for name, measure in scenarios.items() if not words or any(word in name for word in words)}
    if not chosen:
        raise SystemExit(f"no scenario has {options.only} in its name; there are: {', '.join(scenarios)}")
    rounds = {name: [] for name in chosen}
    for number in range(options.rounds):
        for name, measure in chosen.items():
            print(f"\rround {number + 1} of {options.rounds}: {name:40}", end="", file=sys.stderr, flush=True)
            figures = {}
            for server in servers if number % 2 else reversed(servers):
                wait_until_idle(server)
                figures[server.name] = run.twice(f"{name}, {server.name}", lambda: measure(server, options))
            if None not in figures.values():
                rounds[name].append(figures)
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr)
    print(f"{'':26}{'a second':>10}{'reference':>10}{'ratio':>8}{'CPU µs':>10}{'reference':>10}{'ratio':>7}{'p50 ms':>9}{'p99 ms':>9}{'reference':>10}{'ratio':>7}{'rounds':>8}")
    missed = []
    for name, counted in rounds.items():
        if not counted:
            print(f"{name:26} no round counts")
            missed.append(name)
            continue
        mine, other = (median(counted, who) for who in ("ours", "reference"))
        if aim and (mine["rate"] < aim[0] * other["rate"] or mine["p99"] > aim[1] * other["p99"]):
            missed.append(name)
        print(f"{name:26}{mine['rate']:10.1f}{other['rate']:10.1f}{mine['rate'] / other['rate']:8.2f}{mine['cpu']:10.0f}{other['cpu']:10.0f}"
              f"{mine['cpu'] / other['cpu']:7.2f}{mine['p50']:9.2f}{mine['p99']:9.2f}{other['p99']:10.2f}{mine['p99'] / other['p99']:7.2f}{len(counted):>6}/{options.rounds}")
    if aim:
        print(f"aims: {aim[0]} times the rate, p99 of {aim[1]} at most; missed: {'; '.join(missed) or 'none'}")
    return rounds


def median(counted, who):
    return {figure: statistics.median(one[who][figure] for one in counted) for figure in ("rate", "cpu", "p50", "p99")}


def save(name, servers, rounds, **more):
    print(f"PSS: ours {run.resident_mib(servers[0].pid):.1f} MiB, reference {run.resident_mib(servers[1].pid):.1f} MiB")
    results = []
    for scenario, counted in rounds.items():
        result = {"name": scenario, "rounds": len(counted), "of_each_round": counted}
        if counted:
            result["median"] = {who: median(counted, who) for who in ("ours", "reference")}
        results.append(result)
    run.save(name, {**more, "scenarios": results})


def need_two_cores():
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("needs two cores: one for the servers, one for the load")


def micros(time):
    """Microseconds since the epoch, of a time as the servers write it."""
    since = datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1)


@contextlib.contextmanager
def alone(modules, options=None):
    """Ours, with these modules and options."""
    need_two_cores()
    with contextlib.ExitStack() as stack:
        yield ours(stack, modules, options or {})


@contextlib.contextmanager
def both(modules, options=None):
    """Ours, with these modules and options, and the reference."""
    need_two_cores()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        yield [ours(stack, modules, options or {}), reference(stack, folder)]
