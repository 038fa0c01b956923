"""Credential stuffing, and whether a login's time reveals that an account exists.

    ./dev bench --logins [--rate N] [--seconds N] [--samples N]

First part: --rate logins a second (500) for --seconds (30) with wrong passwords, each from an address of its own, so that the limits per address do not
hide what hashing costs; a fifth of them for accounts that exist. Open loop: a login is sent when it is due, whatever became of those before. Meanwhile
another process asks for one row on the worker lane, a hundred times a second. Shown: what the logins were answered, the server's memory, the other route's times.

Second part: --samples logins (300) each for known and unknown names, in turn, wrong passwords, nothing else going on: medians and spread.
Password hashing as it comes (64 MiB, 2 passes); then once more with the cheapest that the server allows (8 MiB, 1 pass), where less hashing covers less of what
else may differ. Results go to build/bench/logins.json too."""
import argparse
import asyncio
import collections
import http.client
import json
import math
import multiprocessing
import pathlib
import random
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import support  # noqa: E402
from mortise_server import MortiseServer  # noqa: E402

KNOWN = 50


def body_of(name):
    return json.dumps({"username": name, "password": f"wrong horse {random.random()}"}).encode()


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Attack:
    """Logins at a fixed rate over keep-alive connections, as many as needed."""

    def __init__(self, port, rate, seconds):
        self.port, self.rate, self.seconds = port, rate, seconds
        self.idle, self.statuses, self.unhelpful, self.errors, self.times = [], collections.Counter(), 0, 0, []

    async def login(self, number):
        name = f"known{number % KNOWN}" if number % 5 == 0 else f"nobody{number}"
        body = body_of(name)
        began = time.monotonic()
        try:
            reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Forwarded-For: " + address(number).encode() +
                         b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self.errors += 1
            return
        status = int(head.split()[1])
        if status == 200:
            status = json.loads(answer)["code"]  # soft errors of the family
        self.statuses[status] += 1
        if status in (429, 503) and b"\r\nretry-after:" not in head:
            self.unhelpful += 1
        self.times.append(time.monotonic() - began)
        self.idle.append((reader, writer))

    async def run(self):
        tasks, began = set(), time.monotonic()
        for number in range(self.rate * self.seconds):
            wait = began + number / self.rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            task = asyncio.ensure_future(self.login(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        self.sent = time.monotonic() - began
        if tasks:
            await asyncio.wait(tasks, timeout=60)
        for _, writer in self.idle:
            writer.close()


def watch(port, token, over, out):
    """Another route, a hundred times a second; in a separate process, so that the attack's interpreter does not slow it down."""
    connection, times, failures = http.client.HTTPConnection("127.0.0.1", port, timeout=30), [], 0
    while not over.is_set():
        began = time.monotonic()
        connection.request("GET", "/probe/pairs/00000000-0000-4000-8000-000000000000", headers={"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        reply.read()
        failures += reply.status not in (200, 404)
        times.append(time.monotonic() - began)
        time.sleep(max(0.0, 0.01 - (time.monotonic() - began)))
    out.put((times, failures))


def milliseconds(times):
    return {"requests": len(times), "p50_ms": round(support.percentile(times, 0.5) * 1000, 2), "p99_ms": round(support.percentile(times, 0.99) * 1000, 2),
            "max_ms": round(max(times) * 1000, 2)}


def watched(port, token, work):
    """Runs `work` while the other route is measured."""
    over, out = multiprocessing.Event(), multiprocessing.Queue()
    watcher = multiprocessing.Process(target=watch, args=(port, token, over, out), daemon=True)
    watcher.start()
    work()
    over.set()
    times, failures = out.get(timeout=60)
    watcher.join()
    return {**milliseconds(times), "failures": failures}


def stuffing(arguments):
    with MortiseServer({"http.trusted_proxies": "127.0.0.1", "log.access": "false", "log.level": "warning"}, modules=["auth", "probe"]) as server:
        for number in range(KNOWN):
            answer = support.request(server, "POST", "/api/auth/register", {"username": f"known{number}", "password": "correct horse 7"},
                                     {"X-Forwarded-For": address(1 << 20 | number)})
            assert answer.json()["code"] == 200, answer
        token = answer.json()["data"]["tokens"]["access_token"]
        quiet = watched(server.port, token, lambda: time.sleep(5))
        attack = Attack(server.port, arguments.rate, arguments.seconds)
        before, peak, over = support.resident_kib(server.pid), [0], threading.Event()

        def sample():
            while not over.wait(0.05):
                peak[0] = max(peak[0], support.resident_kib(server.pid))

        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        other = watched(server.port, token, lambda: asyncio.run(attack.run()))
        over.set()
        sampler.join()
        hashed = attack.statuses[401]
        return {"logins_sent": sum(attack.statuses.values()) + attack.errors, "rate": round(arguments.rate * arguments.seconds / attack.sent),
                "answers": dict(sorted(attack.statuses.items())), "connection_errors": attack.errors, "429_or_503_without_retry_after": attack.unhelpful,
                "hashed_per_second": round(hashed / attack.sent, 1), "memory_before_mib": round(before / 1024, 1), "memory_peak_mib": round(peak[0] / 1024, 1),
                "memory_after_mib": round(support.resident_kib(server.pid) / 1024, 1), "other_route_before": quiet, "other_route": other}


CHEAPEST = {"identity.argon2_memory": "8MiB", "identity.argon2_passes": 1}


def timing(arguments, hashing):
    options = {"http.trusted_proxies": "127.0.0.1", "log.access": "false", "log.level": "warning", "limits.override": ["auth.login_failures=off"], **hashing}
    with MortiseServer(options, modules=["auth"]) as server:
        for number in range(KNOWN):
            answer = support.request(server, "POST", "/api/auth/register", {"username": f"known{number}", "password": "correct horse 7"},
                                     {"X-Forwarded-For": address(1 << 20 | number)})
            assert answer.json()["code"] == 200, answer
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        times = {"known": [], "unknown": []}
        for number in range(2 * arguments.samples + 20):
            kind = random.choice(("known", "unknown"))
            name = f"known{number % KNOWN}" if kind == "known" else f"other{number % KNOWN}"
            began = time.monotonic()
            connection.request("POST", "/api/auth/login", body_of(name), {"Content-Type": "application/json", "X-Forwarded-For": address(number)})
            answer = json.loads(connection.getresponse().read())
            took = time.monotonic() - began
            assert answer["code"] == 401, answer
            if number >= 20:  # the first ones warm up
                times[kind].append(took * 1000)
        result = {}
        for kind, values in times.items():
            quarters = statistics.quantiles(values, n=4)
            result[kind] = {"samples": len(values), "median_ms": round(statistics.median(values), 2), "quartiles_ms": [round(quarters[0], 2), round(quarters[2], 2)],
                            "mean_ms": round(statistics.mean(values), 2)}
        known, unknown = times["known"], times["unknown"]
        noise = math.sqrt(statistics.variance(known) / len(known) + statistics.variance(unknown) / len(unknown))
        result["difference_of_medians_ms"] = round(statistics.median(known) - statistics.median(unknown), 3)
        result["difference_of_means_ms"] = round(statistics.mean(known) - statistics.mean(unknown), 3)
        result["standard_error_of_that_ms"] = round(noise, 3)
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--samples", type=int, default=300)
    arguments = parser.parse_args()
    results = {"stuffing": stuffing(arguments), "timing": timing(arguments, {}), "timing_with_cheapest_hashing": timing(arguments, CHEAPEST)}
    text = json.dumps(results, indent=2)
    print(text)
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logins.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
