"""Projects beside the reference server (PyPI sessionfs), in one run on one machine: tickets, knowledge, compile, pages.

    ./dev bench --projects [--entries N] [--tickets N] [--claims N] [--seconds N] [--rounds N] [--only WORD,WORD]

How both are run and compared: beside_reference.py. Both hold one project with N entries and N tickets, written over HTTP; each compile takes N claims
of a project of its own, which is written before the clock starts."""
import concurrent.futures
import itertools
import random
import sys
import time

import beside_reference
import run

MODULES = ["auth", "sync", "scheduler", "projects"]
OPTIONS = {"projects.entries_per_hour": 1000000}  # as many as the reference takes
WORDS = [f"{start}{end}" for start in ("bas", "cor", "del", "fen", "gar", "hol", "jun", "kel", "lam", "mor", "nev", "pol", "quin", "ras", "sol", "tam")
         for end in ("ket", "ner", "ta", "ium", "or", "ice", "ade", "ish", "und", "ory", "ex", "ine", "ow", "ard", "est", "ula")]
TYPES = ["decision", "pattern", "discovery", "convention", "bug", "dependency"]
FILLERS = 4
numbers = itertools.count(1)


def entry(number):
    """A claim of its own session: twelve words that hardly another one has, and a file."""
    source = random.Random(number)
    text = " ".join(source.choice(WORDS) for _ in range(12))
    return {"content": f"{text} in src/{source.choice(WORDS)}_{number}.cpp", "entry_type": TYPES[number % len(TYPES)], "session_id": f"ses_{number:016x}", "confidence": 0.9}


def in_parts(server, count, send):
    def part(first):
        connection = server.connection()
        for number in range(first, count, FILLERS):
            send(connection, number)
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(FILLERS) as pool:
        list(pool.map(part, range(FILLERS)))


def new_project(server, name):
    return server.ask("POST", "/api/v1/projects/", {"name": name, "git_remote_normalized": f"bench/{name}"})["id"]


def add_entries(server, project, first, count):
    in_parts(server, count, lambda connection, number: server.ask("POST", f"/api/v1/projects/{project}/entries/add", entry(first + number), connection=connection))


def fill(server, options):
    """A project with entries, tickets and a page; server.project is its id."""
    server.project = new_project(server, "shop")
    add_entries(server, server.project, 0, options.entries)
    ticket = lambda connection, number: server.ask("POST", f"/api/v1/projects/{server.project}/tickets",
                                                   {"title": f"Ticket {number}", "priority": ["low", "medium", "high"][number % 3]}, connection=connection)
    in_parts(server, options.tickets, ticket)
    server.ask("PUT", f"/api/v1/projects/{server.project}/pages/guide/start", {"content": "# Start\n\n" + "All there is to know. " * 200})


def of_project(path):
    return lambda server, options: run.load(server.pid, server.base + f"/api/v1/projects/{server.project}" + path, options.seconds, options.connections, server.headers)


def start_ticket(server, connection, number):
    made = server.ask("POST", f"/api/v1/projects/{server.project}/tickets", {"title": "Start me"}, connection=connection)
    server.ask("POST", f"/api/v1/projects/{server.project}/tickets/{made['id']}/start", b"", connection=connection)


def add_entry(server, connection, number):
    server.ask("POST", f"/api/v1/projects/{server.project}/entries/add", entry(10_000_000 + next(numbers)), connection=connection)


def compile_claims(server, options):
    project = new_project(server, f"compile{next(numbers)}")
    add_entries(server, project, 20_000_000 + 100_000 * next(numbers), options.claims)
    before, begun = run.cpu_nanoseconds(server.pid), time.monotonic()
    made = server.ask("POST", f"/api/v1/projects/{project}/compile", b"")
    seconds = time.monotonic() - begun
    if made["entries_compiled"] != options.claims:
        raise run.RoundFailed(f"compile took {made['entries_compiled']} of {options.claims} claims")
    return {"rate": 1 / seconds, "cpu": (run.cpu_nanoseconds(server.pid) - before) / 1000, "p50": 1000 * seconds, "p99": 1000 * seconds}


SCENARIOS = {
    "tickets, open": of_project("/tickets?status=open&priority=high"),
    "ticket, made and started": beside_reference.one_after_another(start_ticket),
    "entries, 50": of_project("/entries?limit=50"),
    "entries, searched": of_project("/entries?search=quinium&limit=50"),
    "entry, added": beside_reference.one_after_another(add_entry),
    "compile": compile_claims,
    "page": of_project("/pages/guide/start"),
}


def main():
    parser = beside_reference.parser(__doc__)
    parser.add_argument("--entries", type=int, default=20000)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--claims", type=int, default=2000)
    options = parser.parse_args()
    with beside_reference.both(MODULES, OPTIONS) as servers:
        for server in servers:
            begun = time.monotonic()
            fill(server, options)
            print(f"{server.name}: filled in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        rounds = beside_reference.compare(servers, SCENARIOS, options)
        beside_reference.save("projects", servers, rounds, entries=options.entries, tickets=options.tickets, claims=options.claims)


if __name__ == "__main__":
    main()
