"""Session sharing beside the reference server (PyPI sessionfs), in one run on one machine.

    ./dev bench --sharing [--sessions N] [--seconds N] [--rounds N] [--only WORD,WORD]
    ./dev bench --sharing --flat [--sizes N,N,N] [--seconds N] [--rounds N]
    ./dev bench --sharing --burst [--pushes N] [--users N]

How both are run and compared: beside_reference.py. Both hold N sessions of one user. Ours are pushed over HTTP, as are the first 200 of the reference; its
others are copies of their rows, written into the database, since it takes only a few pushes a second. A push is also compared with the same bytes
inflated, hashed, written and synced by a small program in the same run.

--flat: lists, details and searches of ours alone, on a server for each size (1,000, 100,000 and 1,000,000 sessions of one user). The first 200 sessions are
pushed over HTTP; the others are copies of their rows, written into the database.

--burst: N pushes of 50 MiB at once (64) by several users (22) to our server alone, which may use both cores: its memory, and how long other requests
take meanwhile."""
import concurrent.futures
import contextlib
import gzip
import io
import json
import multiprocessing
import pathlib
import random
import sqlite3
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

import beside_reference
import copied_rows
import flat
import run

MIB = 1 << 20
LARGEST_MEMBER = 20 * MIB
PUSHED = 200  # sessions over HTTP, where the others are copies of their rows
WORDS = ["checkout", "basket", "invoice", "customer", "parser", "socket", "lock", "index", "cache", "retry", "deadline", "migration", "palette", "vector",
         "schedule", "ledger", "harbour", "lantern", "meadow", "quartz"]


def archive(number, size=0, messages=20, word=""):
    """A session of `messages` messages; `size`: about how many bytes the archive has (by files that don't compress); `word` is in each message."""
    source = random.Random(number)
    lines = []
    for i in range(messages):
        text = " ".join(source.choice(WORDS) for _ in range(12)) + f" of case {number} {word}"
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
    pushed = min(count, PUSHED) if server.name == "reference" else count

    def part(first):
        connection = server.connection()
        for number in range(first, pushed, 4):
            push(server, f"ses_{number:016x}", archive(number, messages=6), connection)
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(part, range(4)))
    for number in range(pushed if count > pushed else 0):
        copied_rows.copy(server.database, "sessions", {"id": f"ses_{number:016x}"}, (count - 1 - number) // pushed,
                         lambda copy: {"id": f"ses_{number + (copy + 1) * pushed:016x}"})


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
                plain = statistics.median(plain_rate(size, options.seconds) for _ in range(options.rounds))
                mine = beside_reference.median(rounds[name], "ours")["rate"]
                print(f"{name}: {mine / plain:.2f} of the rate of inflating, hashing, writing and syncing the same bytes ({plain:.1f} a second)")
        beside_reference.save("sharing", servers, rounds, sessions=options.sessions)


def copy_sessions(database, count):
    """Copies the rows of the sessions that are there, in turn, until there are `count`."""
    with contextlib.closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.row_factory = sqlite3.Row
        known = connection.execute("SELECT * FROM sync_captured_sessions ORDER BY id").fetchall()
        listed = {}
        for row in connection.execute("SELECT * FROM sync_captured_listing"):
            listed.setdefault(row["session_id"], []).append(row)
        searched = {row["session_id"]: row for row in connection.execute(
            "SELECT e.*, t.title, t.text, w.title AS title_words, w.text AS text_words FROM sync_search_entries e JOIN sync_search_texts t USING (number) "
            "JOIN sync_search_words w ON w.rowid = e.number")}
        number = max(row["number"] for row in searched.values())
        begun = max(row["updated_at"] for row in known)

        def different(row, **more):
            return [more.get(name, row[name]) for name in row.keys()]

        def insert(table, columns, rows):
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)

        every = range(len(known), count)
        of = lambda n: known[n % len(known)]
        new = lambda n: {"session_id": f"ses_{n:016x}", "updated_at": begun + n}
        insert("sync_captured_sessions", of(0).keys(), (different(of(n), id=new(n)["session_id"], created_at=begun + n, updated_at=begun + n) for n in every))
        insert("sync_captured_listing", listed[known[0]["id"]][0].keys(), (different(row, **new(n)) for n in every for row in listed[of(n)["id"]]))
        insert("sync_search_entries", ["number", "session_id", "user_id", "tool_family", "updated_at", "is_deleted"],
               ([number + 1 + n, new(n)["session_id"], row["user_id"], row["tool_family"], begun + n, 0] for n in every for row in [searched[of(n)["id"]]]))
        insert("sync_search_texts", ["number", "title", "text"], ([number + 1 + n, row["title"], row["text"]] for n in every for row in [searched[of(n)["id"]]]))
        insert("sync_search_words", ["rowid", "title", "text"], ([number + 1 + n, row["title_words"], row["text_words"]] for n in every for row in [searched[of(n)["id"]]]))
        connection.execute("DELETE FROM sync_captured_counts")
        connection.execute("INSERT INTO sync_captured_counts (user_id, is_deleted, tag, tool_family, model, sessions, bytes) SELECT user_id, is_deleted, tag, tool_family, "
                           "model, COUNT(*), SUM(bytes) FROM sync_captured_listing GROUP BY user_id, is_deleted, tag, tool_family, model")
        connection.execute("PRAGMA optimize")  # as the server does by itself every night


def compare_sizes(options):
    sizes = [int(size) for size in options.sizes.split(",")]
    if min(sizes) < 1000:
        raise SystemExit("--sizes: 1000 at least, so that each has the pages that are measured")
    paths = {"list, 20": "/api/v1/sessions?page=1&page_size=20", "list, 20, page 40": "/api/v1/sessions?page=40&page_size=20", "detail": f"/api/v1/sessions/ses_{500:016x}",
             "search, 20 hits": "/api/v1/sessions/search?q=zymurgy&page_size=20", "search, nearly all": "/api/v1/sessions/search?q=lantern+harbour&page_size=20"}
    scenarios = {name: {} for name in paths}
    with contextlib.ExitStack() as stack:
        for size in sizes:
            server = stack.enter_context(beside_reference.alone(MODULES))
            begun = time.monotonic()
            fill(server, PUSHED)
            copy_sessions(server.database, size - 20)
            for number in range(20):
                push(server, f"ses_rare{number:012x}", archive(800000 + number, messages=6, word="zymurgy"))
            print(f"{size} sessions in {time.monotonic() - begun:.0f} s", file=sys.stderr)
            for name, path in paths.items():
                scenarios[name][size] = lambda server=server, path=path: run.load(server.pid, server.base + path, options.seconds, options.connections, server.headers)
        run.save("sharing-flat", flat.compare(scenarios, options))


def burst(options):
    """Memory of the server, and the latency of others' requests, while many push at once."""
    beside_reference.need_two_cores()
    with contextlib.ExitStack() as stack:
        from mortise_server import MortiseServer

        server = MortiseServer(beside_reference.QUIET, modules=MODULES).start()
        stack.callback(server.stop)
        users = beside_reference.Server("ours", server.pid, server.port, server.data / "mortise.db")
        users.keys += [users.ask("POST", "/api/v1/auth/signup", {"email": f"user{i}@example.com"}, key=None)["raw_key"] for i in range(options.users)]
        body = form(archive(1, 50 * MIB))
        idle = run.resident_mib(server.pid)
        over, (theirs, ours) = multiprocessing.Event(), multiprocessing.Pipe()

        def push_one(number):
            users.ask("PUT", f"/api/v1/sessions/ses_burst{number:011x}/sync", body, key=2 + number % options.users, kind="multipart/form-data; boundary=b")

        def look():
            most, times, connection = run.resident_mib(server.pid), [], users.connection()
            while not over.is_set():
                begun = time.monotonic()
                users.ask("GET", "/api/v1/sessions?page_size=20", connection=connection)
                times.append(time.monotonic() - begun)
                if len(times) % 5 == 0:  # the server waits while its pages are counted
                    most = max(most, run.resident_mib(server.pid))
                time.sleep(0.01)
            ours.send((max(most, run.resident_mib(server.pid)), sorted(times)))

        # A process of its own: within this one it would wait for the threads that push, not for the server.
        watcher = multiprocessing.get_context("fork").Process(target=look)
        watcher.start()
        ours.close()
        begun = time.monotonic()
        try:
            with concurrent.futures.ThreadPoolExecutor(options.pushes) as pool:
                list(pool.map(push_one, range(options.pushes)))
            seconds = time.monotonic() - begun
        finally:
            over.set()
        most, times = theirs.recv()
        watcher.join()
        figures = {"pushes": options.pushes, "users": options.users, "seconds": seconds, "idle_mib": idle, "most_mib": most,
                   "p50": 1000 * statistics.median(times), "p99": 1000 * times[len(times) * 99 // 100], "others": len(times)}
        print(f"{options.pushes} pushes of 50 MiB by {options.users} users in {seconds:.1f} s; PSS {idle:.0f} MiB before, {most:.0f} MiB at most; "
              f"{len(times)} other requests: p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms")
        run.save("burst", figures)


def main():
    parser = beside_reference.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=10000)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--sizes", default="1000,100000,1000000")
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--pushes", type=int, default=64)
    parser.add_argument("--users", type=int, default=22)
    options = parser.parse_args()
    (burst if options.burst else compare_sizes if options.flat else compare)(options)


if __name__ == "__main__":
    main()
