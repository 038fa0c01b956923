"""Session sharing beside the reference server (PyPI sessionfs), in one run on one machine.

    ./dev bench --sharing [--sessions N] [--seconds N] [--rounds N] [--only WORD,WORD]
    ./dev bench --sharing --burst [--pushes N] [--users N]

How both are run and compared: beside_reference.py. Both hold N sessions of one user, pushed over HTTP. A push is also compared with the same bytes
inflated, hashed, written and synced by a small program in the same run.

--burst: N pushes of 50 MiB at once (64) by several users (22) to our server alone, which may use both cores: its memory, and how long other requests
take meanwhile."""
import concurrent.futures
import contextlib
import gzip
import io
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import beside_reference
import run

MIB = 1 << 20
LARGEST_MEMBER = 20 * MIB
WORDS = ["checkout", "basket", "invoice", "customer", "parser", "socket", "lock", "index", "cache", "retry", "deadline", "migration", "palette", "vector",
         "schedule", "ledger", "harbour", "lantern", "meadow", "quartz"]


def archive(number, size=0, messages=20):
    """A session of `messages` messages; `size`: about how many bytes the archive has (by files that don't compress)."""
    source = random.Random(number)
    lines = []
    for i in range(messages):
        text = " ".join(source.choice(WORDS) for _ in range(12)) + f" of case {number}"
        lines.append(json.dumps({"role": "assistant" if i % 2 else "user", "content": [{"type": "text", "text": text}]}))
    manifest = {"sfs_version": "0.1.0", "title": f"Mend the {source.choice(WORDS)} of case {number}", "tags": ["bench"], "source": {"tool": "claude-code"},
                "model": {"provider": "anthropic", "model_id": "claude-sonnet-4-5"}, "stats": {"message_count": messages, "turn_count": messages // 2}}
    members = {"manifest.json": json.dumps(manifest).encode(), "messages.jsonl": ("\n".join(lines) + "\n").encode()}
    for at in range(0, size, LARGEST_MEMBER):
        members[f"files/{at}.bin"] = source.randbytes(min(LARGEST_MEMBER, size - at))
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return out.getvalue()


def form(body):
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="session.tar.gz"\r\nContent-Type: application/gzip\r\n\r\n'
    return head + body + b"\r\n--b--\r\n"


MODULES = ["auth", "sync", "scheduler"]


def push(server, session, body, connection=None):
    return server.ask("PUT", f"/api/v1/sessions/{session}/sync", form(body), connection=connection, kind="multipart/form-data; boundary=b")


def fill(server, count):
    def part(first):
        connection = server.connection()
        for number in range(first, count, 4):
            push(server, f"ses_{number:016x}", archive(number, messages=6), connection)
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(part, range(4)))


def pushes(size):
    bodies = [archive(900000 + size + i, size) for i in range(2)]  # two in turn: the bytes change with each push
    return beside_reference.one_after_another(lambda server, connection, number: push(server, f"ses_push{size:012x}", bodies[number % 2], connection))


def pulls(size):
    body = archive(800000 + size, size)
    session = f"ses_pull{size:012x}"
    pushed = set()

    def step(server, connection, number):
        if server.name not in pushed:
            push(server, session, body)
            pushed.add(server.name)
        server.ask("GET", f"/api/v1/sessions/{session}/sync", connection=connection)

    return beside_reference.one_after_another(step)


def handoff(server, connection, number):
    made = server.ask("POST", "/api/v1/handoffs", {"session_id": "ses_" + "0" * 16, "recipient_email": "bob@example.com"}, connection=connection)
    server.ask("POST", f"/api/v1/handoffs/{made['id']}/claim", b"", key=1, connection=connection)


def scenarios(sessions):
    middle = f"ses_{sessions // 2:016x}"
    return {
        "list, 20": beside_reference.asked("/api/v1/sessions?page=1&page_size=20"),
        "list, 20, page 100": beside_reference.asked("/api/v1/sessions?page=100&page_size=20"),
        "detail": beside_reference.asked(f"/api/v1/sessions/{middle}"),
        "page of messages": beside_reference.asked("/api/v1/sessions/ses_long000000000000/messages?page=40&page_size=50"),
        "search": beside_reference.asked("/api/v1/sessions/search?q=lantern+harbour&page_size=20"),
        "push, 1 MiB": pushes(MIB),
        "push, 50 MiB": pushes(50 * MIB),
        "pull, 1 MiB": pulls(MIB),
        "pull, 50 MiB": pulls(50 * MIB),
        "handoff with claim": beside_reference.one_after_another(handoff),
    }


def plain_rate(size, seconds):
    """Pushes a second of a program that only inflates, hashes, writes and syncs the same bytes, on the servers' core."""
    code = """
import gzip, hashlib, os, sys, tempfile, time, zlib
body = open(sys.argv[1], "rb").read()
os.sched_setaffinity(0, {0})
end, count, begun = time.monotonic() + float(sys.argv[2]), 0, time.monotonic()
while not count or time.monotonic() < end:
    inflater = zlib.decompressobj(31)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(sys.argv[1])) as out:
        for at in range(0, len(body), 1 << 18):
            piece = body[at:at + (1 << 18)]
            digest.update(piece)
            inflater.decompress(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    count += 1
print(count / (time.monotonic() - begun))
"""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = pathlib.Path(folder) / "archive"
        file.write_bytes(archive(900000 + size, size))
        return float(subprocess.run([sys.executable, "-c", code, str(file), str(seconds)], check=True, capture_output=True, text=True).stdout)


def compare(options):
    with beside_reference.both(MODULES) as servers:
        for server in servers:
            begun = time.monotonic()
            fill(server, options.sessions)
            push(server, "ses_long000000000000", archive(700000, messages=4000))
            print(f"{server.name}: {options.sessions} sessions pushed in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        rounds = beside_reference.compare(servers, scenarios(options.sessions), options)
        for name, size in (("push, 1 MiB", MIB), ("push, 50 MiB", 50 * MIB)):
            if rounds.get(name):
                plain = plain_rate(size, options.seconds)
                mine = beside_reference.median(rounds[name], "ours")["rate"]
                print(f"{name}: {mine / plain:.2f} of the rate of inflating, hashing, writing and syncing the same bytes ({plain:.1f} a second)")
        beside_reference.save("sharing", servers, rounds, sessions=options.sessions)


def burst(options):
    """Memory of the server, and the latency of others' requests, while many push at once."""
    beside_reference.need_two_cores()
    with contextlib.ExitStack() as stack:
        from mortise_server import MortiseServer

        server = MortiseServer(beside_reference.QUIET, modules=MODULES).start()
        stack.callback(server.stop)
        users = beside_reference.Server("ours", server.pid, server.port)
        users.keys += [users.ask("POST", "/api/v1/auth/signup", {"email": f"user{i}@example.com"}, key=None)["raw_key"] for i in range(options.users)]
        body = form(archive(1, 50 * MIB))
        idle = run.resident_mib(server.pid)
        most, times, over = 0.0, [], threading.Event()

        def push_one(number):
            users.ask("PUT", f"/api/v1/sessions/ses_burst{number:011x}/sync", body, key=2 + number % options.users, kind="multipart/form-data; boundary=b")

        def look():
            nonlocal most
            connection = users.connection()
            while not over.is_set():
                begun = time.monotonic()
                users.ask("GET", "/api/v1/sessions?page_size=20", connection=connection)
                times.append(time.monotonic() - begun)
                most = max(most, run.resident_mib(server.pid))
                time.sleep(0.01)

        watcher = threading.Thread(target=look)
        watcher.start()
        begun = time.monotonic()
        try:
            with concurrent.futures.ThreadPoolExecutor(options.pushes) as pool:
                list(pool.map(push_one, range(options.pushes)))
        finally:
            over.set()
            watcher.join()
        seconds = time.monotonic() - begun
        times.sort()
        figures = {"pushes": options.pushes, "users": options.users, "seconds": seconds, "idle_mib": idle, "most_mib": most,
                   "p50": 1000 * statistics.median(times), "p99": 1000 * times[len(times) * 99 // 100], "others": len(times)}
        print(f"{options.pushes} pushes of 50 MiB by {options.users} users in {seconds:.1f} s; PSS {idle:.0f} MiB before, {most:.0f} MiB at most; "
              f"{len(times)} other requests: p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms")
        run.save("burst", figures)


def main():
    parser = beside_reference.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=10000)
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--pushes", type=int, default=64)
    parser.add_argument("--users", type=int, default=22)
    options = parser.parse_args()
    burst(options) if options.burst else compare(options)


if __name__ == "__main__":
    main()
