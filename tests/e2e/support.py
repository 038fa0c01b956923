"""What the end-to-end tests share: plain HTTP, raw sockets, peers, accounts. The server itself is mortise_server.py."""
import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("MORTISE_BUILD", ROOT / "build" / "release"))
BINARY = pathlib.Path(os.environ.get("MORTISE_BINARY", BUILD / "mortise"))
LONG = os.environ.get("MORTISE_LONG") == "1"  # the long forms: more rounds, bigger files
SANITIZED = os.environ.get("MORTISE_SANITIZED", "") != ""  # memory and time figures mean nothing there
with_plain_test_kit = unittest.skipIf(SANITIZED, "a test kit with a sanitizer needs programs that were built with it")

# The names of the modules that ship.
SHIPPED = sorted(path.parent.name for path in ROOT.glob("modules/*/module.yaml"))

# Password hashing as cheap as the server allows, and no rate limits: most tests are not about them.
QUICK = {"identity.argon2_memory": "8MiB", "identity.argon2_passes": 1, "limits.enabled": "false"}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:500]!r}"


def request(server, method, path, body=None, headers=None, token=None, timeout=30, source=None):
    """One request on its own connection. `body`: bytes, or anything JSON. `source`: a loopback address to call from, such as 127.1.0.7."""
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None and not isinstance(body, (bytes, bytearray)):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout, source_address=source and (source, 0))
    try:
        try:
            connection.request(method, path, body=body, headers=headers)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may answer and close before it has read all of a refused body
        reply = connection.getresponse()
        return Answer(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def account(server, name, password="correct horse 7"):
    """Registers a user in the agent-platform family; returns the access token."""
    answer = request(server, "POST", "/api/auth/register", {"username": name, "password": password})
    assert answer.status == 200 and answer.json()["code"] == 200, answer
    return answer.json()["data"]["tokens"]["access_token"]


def raw(port, data, timeout=10):
    """Sends bytes and reads until the server closes or has answered by Content-Length; returns the received bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered and closed before it took all
        return read_reply(connection)


def read_reply(connection):
    received = b""
    while True:
        head, separator, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"^content-length: *(\d+)", head, re.M | re.I)
        if separator and length and len(body) >= int(length.group(1)):
            return received
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def status_of(reply):
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", reply)
    return int(match.group(1)) if match else None


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def free_port():
    """One that nobody uses, and that stays free until it is used: the system takes those for connections and for who binds port 0 from above 32767."""
    while True:
        port = random.randrange(16000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


CLOCK_MOVES = shutil.which("faketime") and not SANITIZED
NO_CLOCK = "faketime is not installed, or a sanitizer's runtime has to be loaded before it"


def with_clock(setting):
    """What a program is started with so that its clock is off by "+2h", or says "@2026-11-28 20:14:13" (UTC) then."""
    return "env", "TZ=UTC", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", setting


def resident_kib(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M).group(1))


def alive(pid):
    """A zombie is not alive."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def temporary_directory(case):
    """A short path, accessible to other users, removed after the test."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="mt-"))
    path.chmod(0o755)
    case.addCleanup(shutil.rmtree, path, ignore_errors=True)
    return path


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start_peer(case, command, ready=None, seconds=10, **options):
    """Starts another program for the time of the test; `ready()` says when it answers. It ends with this process."""
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=options.pop("stdout", subprocess.DEVNULL),
                               stderr=options.pop("stderr", subprocess.DEVNULL), preexec_fn=die_with_parent, **options)

    def end():
        process.kill()
        process.wait()

    case.addCleanup(end)

    def look():
        assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
        return ready()

    if ready:
        wait_until(look, seconds, f"{command[0]} to answer")
    return process


def clean_environment():
    """This process's variables without those that the program would take for options."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MORTISE_")}


def mortise(*arguments, environment=None, cwd=None, input=None, seconds=60):
    """Runs the program to its end; returns the finished process with its output as text."""
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=seconds, cwd=cwd,
                          env={**clean_environment(), **(environment or {})}, input=input if input is not None else "")


@contextlib.contextmanager
def refused_writes(sql, on_postgres, verb, table, when="1 = 1"):
    """For its time the database refuses to INSERT, UPDATE or DELETE rows of a table, as a full disk would. `sql` runs one text in the server's database; `when`
    says which rows, by NEW (OLD for DELETE)."""
    head = f"CREATE TRIGGER refused BEFORE {verb} ON {table} FOR EACH ROW WHEN ({when}) "
    if on_postgres:
        sql("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$; " + head +
            "EXECUTE FUNCTION refuse()")
    else:
        sql(head + "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END")
    try:
        yield
    finally:
        sql("DROP FUNCTION refuse CASCADE" if on_postgres else "DROP TRIGGER refused")


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
