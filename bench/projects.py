"""Projects beside the reference server (PyPI sessionfs), in one run on one machine: tickets, knowledge, compile, pages.

    ./dev bench --projects [--entries N] [--tickets N] [--claims N] [--seconds N] [--rounds N] [--only WORD,WORD]
    ./dev bench --projects --flat [--many N] [--seconds N] [--rounds N]

How both are run and compared: beside_reference.py. Both hold one project with N entries and N tickets; each compile takes N claims of a project of its own,
and each start of a ticket one that was made before the clock starts. Ours gets its entries and claims over HTTP. The reference would take an hour for them:
its entries and claims, and the tickets of both, are written into the databases, as copies of one that was made over HTTP.

--flat: pages of tickets of ours alone, in a project with 100 tickets and in one with N (100,000)."""
import concurrent.futures
import itertools
import random
import sys
import time

import beside_reference
import copied_rows
import flat
import run

MODULES = ["auth", "sync", "scheduler", "projects"]
OPTIONS = {"projects.entries_per_hour": 1000000}  # as many as the reference takes
AIM = (10, 0.2)
FEW = 100
WORDS = [f"{start}{end}" for start in ("bas", "cor", "del", "fen", "gar", "hol", "jun", "kel", "lam", "mor", "nev", "pol", "quin", "ras", "sol", "tam")
         for end in ("ket", "ner", "ta", "ium", "or", "ice", "ade", "ish", "und", "ory", "ex", "ine", "ow", "ard", "est", "ula")]
TYPES = ["decision", "pattern", "discovery", "convention", "bug", "dependency"]
PRIORITIES = ["low", "medium", "high"]
FILLERS = 4
FASTEST = {"ours": 5000, "reference": 500}  # starts of tickets a second that one connection can't reach
numbers = itertools.count(1)


def entry(number):
    """A claim of its own session: twelve words that hardly another one has, and a file."""
    source = random.Random(number)
    text = " ".join(source.choice(WORDS) for _ in range(12))
    return {"content": f"{text} in src/{source.choice(WORDS)}_{number}.cpp", "entry_type": TYPES[number % len(TYPES)], "session_id": f"ses_{number:016x}", "confidence": 0.9}


def new_project(server, name):
    return server.ask("POST", "/api/v1/projects/", {"name": name, "git_remote_normalized": f"bench/{name}"})["id"]


def add_entries(server, project, first, count):
    """Claims number `first` to `first + count - 1`."""
    path = f"/api/v1/projects/{project}/entries/add"
    if server.name == "reference":
        made = server.ask("POST", path, entry(first))
        copied_rows.copy(server.database, "knowledge_entries", {"id": made["id"]}, count - 1, lambda number: {
            "id": None, **{name: entry(first + 1 + number)[name] for name in ("content", "entry_type", "session_id")}})
        return

    def part(begin):
        connection = server.connection()
        for number in range(begin, count, FILLERS):
            server.ask("POST", path, entry(first + number), connection=connection)
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(FILLERS) as pool:
        list(pool.map(part, range(FILLERS)))


def add_tickets(server, project, count):
    """Open tickets of the project; their ids, in the order in which they were made."""
    made = server.ask("POST", f"/api/v1/projects/{project}/tickets", {"title": "Ticket 0", "priority": PRIORITIES[0]})
    first = next(numbers) * 10_000_000
    ids = [f"tk_{first + number:016x}" for number in range(count - 1)]

    def different(number):
        more = {"id": ids[number], "title": f"Ticket {number + 1}", "priority": PRIORITIES[(number + 1) % len(PRIORITIES)]}
        if server.name == "ours":
            more["created_at"] = more["updated_at"] = begun + number  # microseconds
        return more

    begun = time.time_ns() // 1000
    copied_rows.copy(server.database, "projects_tickets" if server.name == "ours" else "tickets", {"id": made["id"]}, count - 1, different)
    return [made["id"], *ids]


def fill(server, options):
    """A project with entries, tickets and a page; server.project is its id."""
    server.project = new_project(server, "shop")
    add_entries(server, server.project, 0, options.entries)
    add_tickets(server, server.project, options.tickets)
    server.ask("PUT", f"/api/v1/projects/{server.project}/pages/guide/start", {"content": "# Start\n\n" + "All there is to know. " * 200})


def of_project(path):
    return lambda server, options: run.load(server.pid, server.base + f"/api/v1/projects/{server.project}" + path, options.seconds, options.connections, server.headers)


def start_tickets(server, options):
    project = new_project(server, f"start{next(numbers)}")
    ids = add_tickets(server, project, options.seconds * FASTEST[server.name])
    start = lambda server, connection, number: server.ask("POST", f"/api/v1/projects/{project}/tickets/{ids[number]}/start", b"", connection=connection)
    return beside_reference.one_after_another(start)(server, options)


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
    "ticket, started": start_tickets,
    "entries, 50": of_project("/entries?limit=50"),
    "entries, searched": of_project("/entries?search=quinium&limit=50"),
    "entry, added": beside_reference.one_after_another(add_entry),
    "compile": compile_claims,
    "page": of_project("/pages/guide/start"),
}


def compare(options):
    with beside_reference.both(MODULES, OPTIONS) as servers:
        for server in servers:
            begun = time.monotonic()
            fill(server, options)
            print(f"{server.name}: filled in {time.monotonic() - begun:.0f} s", file=sys.stderr)
        rounds = beside_reference.compare(servers, SCENARIOS, options, AIM)
        beside_reference.save("projects", servers, rounds, entries=options.entries, tickets=options.tickets, claims=options.claims)


def compare_sizes(options):
    with beside_reference.alone(MODULES, OPTIONS) as server:
        scenarios = {name: {} for name in ("newest 50", "newest 50, open tasks", "50 in the middle")}
        for size in (FEW, options.many):
            project = new_project(server, f"of{size}")
            ids = add_tickets(server, project, size)
            middle = server.ask("GET", f"/api/v1/projects/{project}/tickets/{ids[size // 2]}")
            cursor = f"{beside_reference.micros(middle['created_at'])},{middle['id']}"
            for name, query in zip(scenarios, ("?limit=50", "?limit=50&status=open&kind=task", f"?limit=50&cursor={cursor}")):
                url = f"{server.base}/api/v1/projects/{project}/tickets{query}"
                scenarios[name][size] = lambda url=url: run.load(server.pid, url, options.seconds, options.connections, server.headers)
        run.save("tickets-flat", flat.compare(scenarios, options))


def main():
    parser = beside_reference.parser(__doc__)
    parser.add_argument("--entries", type=int, default=20000)
    parser.add_argument("--tickets", type=int, default=300)
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--many", type=int, default=100000)
    options = parser.parse_args()
    compare_sizes(options) if options.flat else compare(options)


if __name__ == "__main__":
    main()
