"""Starts the programs of the end-to-end tests: the server itself, a PostgreSQL, and an SMTP server that receives mail.

    server = MortiseServer({"log.level": "debug"}, modules=["auth"]).start()     options become --section.key=value; a list is given repeatedly
    with Postgres() as postgres: MortiseServer({"db.url": postgres.url()})
    with Smtp() as smtp: smtp.wait_for("ada@example.com")

MORTISE_BINARY names the program, MORTISE_BUILD its build directory (default build/release); MortiseServer(build=...) takes both from another one."""
import atexit
import contextlib
import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.request

import support
from support import BINARY, BUILD

POSTGRES_BIN = pathlib.Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
SLOW = 4 if os.environ.get("MORTISE_SANITIZED") else 1


def _wait(condition, seconds, what):
    end = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds * SLOW} s for {what}")
        time.sleep(0.02)


class MortiseServer:
    """One server on a free port of 127.0.0.1. Its data directory exists as long as this process, unless data.dir names another one."""

    def __init__(self, options=None, modules=None, environment=None, prefix=(), build=None):
        build, self.binary = (BUILD, BINARY) if build is None else (pathlib.Path(build), pathlib.Path(build) / "mortise")
        self.options = {"http.listen": "127.0.0.1:0", **(options or {})}
        if modules is not None:
            self.options.setdefault("modules.enabled", list(modules))
        if "modules.path" not in self.options:
            folders = [build / "modules", build / "tests" / "modules", *sorted((build / "sdk" / "examples").glob("*"))]
            self.options["modules.path"] = [str(folder) for folder in folders if folder.is_dir()] or [str(folders[0])]
        self.environment, self.prefix = environment or {}, list(prefix)
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="mortise-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)  # not before: a test may start it again, or read its log
        self.options.setdefault("data.dir", str(self._folder / "data"))
        self.data = pathlib.Path(self.options["data.dir"])
        self.process, self.port, self.pid = None, None, None

    def arguments(self):
        made = []
        for name, value in self.options.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                made.append(f"--{name}={one}")
        return made

    def start(self, seconds=20):
        with open(self._folder / "output", "ab") as log:
            self.process = subprocess.Popen([*self.prefix, str(self.binary), "serve", *self.arguments()], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self._variables(), preexec_fn=support.die_with_parent)
        self.pid = self.process.pid

        def listening():
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.output()[-4000:]}"
            return re.search(r"^listening on http://127\.0\.0\.1:(\d+)", self.output(), re.M)

        try:
            self.port = int(_wait(listening, seconds, "the server to listen").group(1))
            self.base = f"http://127.0.0.1:{self.port}"
            _wait(self.healthy, seconds, "/health to answer")
        except BaseException:
            self.stop()
            raise
        return self

    def _variables(self):
        return {**support.clean_environment(), **self.environment}

    def run(self, *command, input=None):
        """Another command of the program on the same data: run("user", "set-role", "ada", "super_admin"). Returns its output."""
        options = [argument for argument in self.arguments() if not argument.startswith("--http.")]
        done = subprocess.run([str(self.binary), *map(str, command), *options], env=self._variables(), input=input or "", capture_output=True, text=True,
                              timeout=60 * SLOW)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def healthy(self):
        try:
            with urllib.request.urlopen(self.base + "/health", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def output(self):
        """Everything it has printed and logged."""
        return (self._folder / "output").read_text(errors="replace")

    def stop(self, seconds=20):
        """Ends it by SIGTERM; a second call does nothing."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(seconds * SLOW)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"the server did not end within {seconds} s of SIGTERM:\n{self.output()[-4000:]}") from None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Postgres:
    """A separate PostgreSQL server in a temporary directory, reached through its socket; ordinary role, one database per url().
    It does not wait for the disk: its data survives the end of its processes, but no power cut."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-"))
        self.folder.chmod(0o755)
        self._databases = 0
        self._as = []
        if os.getuid() == 0:  # initdb refuses root
            shutil.chown(self.folder, "nobody")
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    @staticmethod
    def available():
        return (POSTGRES_BIN / "postgres").exists()

    def _run(self, *command):
        done = subprocess.run([*self._as, *map(str, command)], cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command[0]}: {done.stderr}"
        return done.stdout

    def start(self):
        self._run(POSTGRES_BIN / "initdb", "-D", self.folder / "data", "-U", "root", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                  "--no-instructions")
        self._launch()
        self.sql("CREATE ROLE app LOGIN")
        return self

    def stand_by(self):
        """Another server that follows this one and takes no writes until promote()."""
        other = Postgres()
        other._run(POSTGRES_BIN / "pg_basebackup", "-D", other.folder / "data", "-h", self.folder, "-U", "root", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        other._launch()
        return other

    def promote(self):
        assert self.sql("SELECT pg_promote(true, 30)").strip() == "t"

    def _launch(self):
        log = open(self.folder / "log", "ab")
        self._server = subprocess.Popen(
            [*self._as, str(POSTGRES_BIN / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses=", "-c",
             "shared_buffers=16MB", "-c", "max_connections=60", "-c", "fsync=off", "-c", "full_page_writes=off"], cwd=self.folder, env=self._environment, stderr=log, stdout=log,
            stdin=subprocess.DEVNULL, preexec_fn=support.die_with_parent)
        log.close()
        ready = [str(POSTGRES_BIN / "pg_isready"), "-q", "-h", str(self.folder)]
        _wait(lambda: subprocess.run(ready).returncode == 0, 20, "PostgreSQL to accept connections")

    def _psql(self, database):
        return [str(part) for part in (POSTGRES_BIN / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "root", "-d", database)]

    def sql(self, text, database="postgres"):
        return self._run(*self._psql(database), "-c", text)

    @contextlib.contextmanager
    def holding(self, text, database):
        """A transaction that has run the statement stays open meanwhile."""
        psql = subprocess.Popen([*self._as, *self._psql(database)], cwd=self.folder, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True, preexec_fn=support.die_with_parent)
        psql.stdin.write(f"BEGIN;\n{text};\n\\echo is held\n")
        psql.stdin.flush()
        assert "is held\n" in iter(psql.stdout.readline, ""), "psql has ended"
        try:
            yield
        finally:
            psql.communicate("ROLLBACK;\n", timeout=60)

    def url(self):
        """A new, empty database."""
        self._databases += 1
        name = f"app{self._databases}"
        self.sql(f"CREATE DATABASE {name} OWNER app")
        return f"postgresql://app@/{name}?host={self.folder}"

    @staticmethod
    def database_of(url):
        """The name of the database of a url()."""
        return re.search(r"/(\w+)\?", url).group(1)

    def stop(self):
        if self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)  # SIGTERM would wait for every client
            self._server.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class PgBouncer:
    """A pooler in front of a Postgres. url(URL) is the same database through it."""

    PROGRAM = "/usr/sbin/pgbouncer"

    def __init__(self, postgres, mode, connections):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgb-"))
        self.folder.chmod(0o755)
        (self.folder / "users").write_text('"app" ""\n"root" ""\n')
        (self.folder / "ini").write_text(
            f"[databases]\n* = host={postgres.folder}\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {self.folder}\nauth_type = trust\n"
            f"auth_file = {self.folder}/users\npool_mode = {mode}\ndefault_pool_size = {connections}\nmax_client_conn = 200\nlogfile = {self.folder}/log\n"
            f"server_check_delay = 0\nserver_login_retry = 1\n")
        self._as = []
        if os.getuid() == 0:  # it refuses root
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
            for path in [self.folder, *self.folder.iterdir()]:
                shutil.chown(path, "nobody")

    @classmethod
    def available(cls):
        return os.path.exists(cls.PROGRAM) and Postgres.available()

    def start(self):
        self._process = subprocess.Popen([*self._as, self.PROGRAM, "-q", str(self.folder / "ini")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL, preexec_fn=support.die_with_parent)
        _wait(lambda: (self.folder / ".s.PGSQL.6432").exists(), 20, "PgBouncer to listen")
        return self

    def url(self, url):
        return re.sub(r"host=\S+", f"host={self.folder}&port=6432", url)

    def stop(self):
        self._process.kill()
        self._process.wait()
        (self.folder / ".s.PGSQL.6432").unlink(missing_ok=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class OnSqliteDatabase:
    """A base of a case whose server calls its class's database(): SQLite in the data folder of `cls.server`."""

    @classmethod
    def database(cls):
        return {}

    @classmethod
    def sql(cls, text):
        """Behind the server's back; returns the rows as lists of texts."""
        with contextlib.closing(sqlite3.connect(cls.server.data / "mortise.db", timeout=10)) as database, database:
            return [[str(value) for value in row] for row in database.execute(text)]


class OnPostgresDatabase:
    """The first base of a case whose server calls its class's database(): a separate PostgreSQL."""

    @classmethod
    def database(cls):
        cls.postgres = Postgres().start()
        cls.addClassCleanup(cls.postgres.stop)
        cls.url = cls.postgres.url()
        cls.database_name = Postgres.database_of(cls.url)
        return {"db.url": cls.url}

    @classmethod
    def sql(cls, text):
        """As OnSqliteDatabase.sql."""
        return [line.split("|") for line in cls.postgres.sql(text, cls.database_name).splitlines() if line]


class Redis:
    """A separate Redis on a free port, without persistence. Can be killed or frozen and restarts on the same port."""

    def __init__(self):
        self.port = support.free_port()
        self.folder = tempfile.mkdtemp(prefix="redis-")
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket = os.path.join(self.folder, "socket")
        self._server = None

    @staticmethod
    def available():
        return shutil.which("redis-server") is not None

    def start(self):
        self._server = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.socket, "--save", "", "--appendonly", "no", "--dir", self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=support.die_with_parent)
        _wait(lambda: self.command("ping") == "PONG", 20, "Redis to answer")
        return self

    def command(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True).stdout.strip()

    def kill(self):
        self._server.kill()
        self._server.wait()

    def freeze(self):
        """It accepts connections and never answers."""
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._server.send_signal(signal.SIGCONT)

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Smtp:
    """An SMTP server that stores its mails. Mails to nobody@... are refused permanently (550), to grey@... temporarily (451)."""

    def __init__(self, port=0):
        from aiosmtpd.controller import Controller

        self._changed = threading.Condition()
        self.mails = []  # (recipient, message)
        self.refused = []  # recipients

        class Controlled(Controller):
            def _trigger_server(controller):  # the port is known only now: it was 0
                controller.port = controller.server.sockets[0].getsockname()[1]
                super()._trigger_server()

        self._controller = Controlled(self, hostname="127.0.0.1", port=port, data_size_limit=1 << 20)

    async def handle_RCPT(self, server, session, envelope, address, options):
        user = address.split("@")[0].split("+")[0]
        if user in ("nobody", "grey"):
            with self._changed:
                self.refused.append(address)
                self._changed.notify_all()
            return "550 5.1.1 no such user" if user == "nobody" else "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self._changed:
            for recipient in envelope.rcpt_tos:
                self.mails.append((recipient, message))
            self._changed.notify_all()
        return "250 OK"

    def start(self):
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self._controller.port}"
        return self

    def to(self, address):
        """All mails to this address so far."""
        return [message for recipient, message in self.mails if recipient == address]

    def wait_for(self, address, count=1, seconds=15):
        """The count-th mail to this address."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.to(address)) >= count, seconds * SLOW)
            assert arrived, f"waited {seconds} s for mail {count} to {address}; there is mail for {[one for one, _ in self.mails]}"
            return self.to(address)[count - 1]

    def wait_for_refusal(self, address, seconds=15):
        with self._changed:
            assert self._changed.wait_for(lambda: address in self.refused, seconds * SLOW), f"no try to deliver to {address}"

    def stop(self):
        self._controller.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def code_in(message):
    """The six digits that stand alone on one line of the text part, once."""
    text = message.get_body(("plain",)).get_content()
    codes = re.findall(r"^\d{6}\r?$", text, re.M)
    assert len(codes) == 1, text
    return codes[0].strip()
