"""A peer that answers, but is the wrong server: a stand-by after a fail-over, a replica after a switch, a pooler's server that knows no statement of ours.
Requests get 503 meanwhile, health says so, and the server works again, without a restart, once the right one can be reached."""
import concurrent.futures
import os
import re
import subprocess
import unittest
import uuid

import support
from mortise_server import MortiseServer, PgBouncer, Postgres, Redis

TIME_LIMIT = 300


def write(server):
    return support.request(server, "POST", "/probe/pairs", {"id": str(uuid.uuid4()), "text": "x"}).status


def health(server, name):
    services = support.request(server, "GET", "/api/v1/infra/health", timeout=15).json()["services"]
    return services[name]["status"]


class Case(unittest.TestCase):
    def serve(self, options, modules=("auth", "probe")):
        server = MortiseServer({**support.QUICK, **options}, modules=list(modules)).start(60)
        self.addCleanup(server.stop)
        return server

    def refused(self, options):
        """The start ends with a sentence; it never says that it listens."""
        server = MortiseServer({**support.QUICK, **options}, modules=["auth", "probe"])
        with self.assertRaisesRegex(AssertionError, "the server ended with [1-9]"):
            server.start(60)
        self.assertNotIn("listening on", server.output())
        return server.output()

    def wrong_until(self, server, right):
        """Nothing but 503 for a while, then `right()` makes it good."""
        seen = {write(server) for _ in range(20)}
        self.assertEqual(seen, {503})
        support.wait_until(lambda: health(server, "database") == "unhealthy", 10, "health to say so")
        right()
        support.wait_until(lambda: write(server) == 201, 30, "writes to work again without a restart")
        support.wait_until(lambda: health(server, "database") == "healthy", 10, "health to be well")
        self.assertEqual({write(server) for _ in range(40)}, {201}, "a connection to the wrong server was kept")


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class FailOver(Case):
    def setUp(self):
        self.first = Postgres().start()
        self.addCleanup(self.first.stop)

    def stand_by(self):
        other = self.first.stand_by()
        self.addCleanup(other.stop)
        return other

    def fence(self, value):
        """What a cluster's manager does to the server that lost."""
        self.first.sql(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        self.first.sql("SELECT pg_reload_conf()")

    def test_the_stand_by_of_a_dead_server_is_found_once_it_is_promoted(self):
        name = Postgres.database_of(self.first.url())
        second = self.stand_by()
        server = self.serve({"db.url": f"postgresql:host={self.first.folder},{second.folder} user=app dbname={name}"})
        self.assertEqual(write(server), 201)
        self.first.stop()
        support.wait_until(lambda: write(server) == 503, 10, "the loss to be seen")
        self.wrong_until(server, second.promote)

    def test_an_address_that_moves_to_another_server_is_followed(self):
        name = Postgres.database_of(self.first.url())
        second = self.stand_by()
        address = support.temporary_directory(self) / "a"
        address.symlink_to(self.first.folder)
        server = self.serve({"db.url": f"postgresql:host={address} user=app dbname={name}"})
        self.assertEqual({write(server) for _ in range(20)}, {201})
        self.fence("on")
        support.wait_until(lambda: write(server) == 503, 10, "the first refusal")

        def move():
            second.promote()
            os.symlink(second.folder, f"{address}.new")
            os.rename(f"{address}.new", address)

        self.wrong_until(server, move)
        self.assertIn("takes no writes", server.output())

    def test_a_server_that_is_read_only_for_a_while(self):
        server = self.serve({"db.url": self.first.url()})
        self.assertEqual(write(server), 201)
        self.fence("on")
        support.wait_until(lambda: write(server) == 503, 10, "the first refusal")
        self.wrong_until(server, lambda: self.fence("off"))

    def test_a_database_that_is_read_only_for_new_sessions(self):
        url = self.first.url()
        server = self.serve({"db.url": url})
        name = Postgres.database_of(url)
        self.first.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        self.first.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
        support.wait_until(lambda: write(server) == 503, 10, "the first refusal")
        self.wrong_until(server, lambda: self.first.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only"))

    def test_a_start_on_a_stand_by_is_refused_with_the_reason(self):
        name = Postgres.database_of(self.first.url())
        self.serve({"db.url": f"postgresql://app@/{name}?host={self.first.folder}"}).stop()  # its tables are there
        second = self.stand_by()
        self.assertRegex(self.refused({"db.url": f"postgresql://app@/{name}?host={second.folder}"}), "read-only|hot standby")


@unittest.skipUnless(PgBouncer.available(), "PgBouncer is not installed")
class Pooler(Case):
    def setUp(self):
        self.postgres = Postgres().start()
        self.addCleanup(self.postgres.stop)

    def pooled(self, mode, connections=3):
        pooler = PgBouncer(self.postgres, mode, connections)
        pooler.__enter__()
        self.addCleanup(pooler.__exit__)
        return pooler, pooler.url(self.postgres.url())

    def work(self, server):
        """Reads and writes of many at once, so that one client's transactions meet different server processes."""
        def one(number):
            if number % 3:
                return write(server)
            return support.request(server, "GET", "/probe/pairs").status + 1
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return sorted(set(pool.map(one, range(300))))

    def test_transaction_mode_works(self):
        _, url = self.pooled("transaction")
        server = self.serve({"db.url": url, "db.connections": 12}, ["auth", "probe", "scheduler", "files"])
        self.assertEqual(self.work(server), [201])
        token = support.account(server, "ada")
        self.assertEqual(support.request(server, "GET", "/api/auth/me", token=token).status, 200)
        self.assertEqual(health(server, "database"), "healthy")
        shown = self.postgres.sql("SELECT DISTINCT setting FROM pg_settings WHERE name = 'statement_timeout'").strip()
        self.assertEqual(shown, "0")
        self.assertNotIn("prepared statement", server.output())

    def test_session_mode_works(self):
        _, url = self.pooled("session", 10)
        server = self.serve({"db.url": url, "db.connections": 4})
        self.assertEqual(self.work(server), [201])

    def test_statement_mode_is_refused_at_the_start_by_name(self):
        _, url = self.pooled("statement")
        self.assertRegex(self.refused({"db.url": url}), "pooler.*set its pool_mode to transaction or session")

    def test_a_pooler_that_starts_anew_is_unavailable_and_then_used_again(self):
        pooler, url = self.pooled("transaction")
        server = self.serve({"db.url": url})
        self.assertEqual(write(server), 201)
        pooler.stop()
        self.wrong_until(server, pooler.start)

    def test_a_server_behind_the_pooler_that_turns_read_only(self):
        _, url = self.pooled("transaction")
        server = self.serve({"db.url": url})
        self.assertEqual(write(server), 201)
        self.postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on")
        self.postgres.sql("SELECT pg_reload_conf()")
        support.wait_until(lambda: write(server) == 503, 10, "the first refusal")

        def right():
            self.postgres.sql("ALTER SYSTEM RESET default_transaction_read_only")
            self.postgres.sql("SELECT pg_reload_conf()")

        self.wrong_until(server, right)


@unittest.skipUnless(Redis.available(), "Redis is not installed")
class RedisSwitch(Case):
    def setUp(self):
        self.first = Redis().start()
        self.addCleanup(self.first.stop)

    def log_in(self):
        return support.request(self.server, "POST", "/api/auth/login", {"username": "grace", "password": "correct horse 7"}).status

    def serve_with(self, url):
        self.server = self.serve({"limits.enabled": "true", "cache.url": url})
        support.account(self.server, "grace")
        self.assertEqual(self.log_in(), 200)

    def asked(self):
        """How many commands the wrong server has got that are not this test's."""
        counts = re.findall(r"cmdstat_(\S+?):calls=(\d+).*?rejected_calls=(\d+)", self.first.command("info", "commandstats"))
        return sum(int(calls) + int(rejected) for name, calls, rejected in counts if not name.startswith(("info", "command", "config")))

    def check_wrong(self):
        self.assertEqual({self.log_in() for _ in range(10)}, {503})
        support.wait_until(lambda: health(self.server, "redis") == "unhealthy", 10, "health to say so")
        for _ in range(5):  # a PING or a GET that is answered makes it no better
            before = self.asked()

            def is_asked_again():
                self.assertEqual(health(self.server, "redis"), "unhealthy")
                return self.asked() > before

            support.wait_until(is_asked_again, 10, "health to ask Redis again")
            self.assertEqual(self.log_in(), 503)

    def check_right(self):
        support.wait_until(lambda: self.log_in() == 200, 30, "logins to work again without a restart")
        support.wait_until(lambda: health(self.server, "redis") == "healthy", 10, "health to be well")

    def test_a_switch_and_back(self):
        self.serve_with(self.first.url)
        self.first.command("replicaof", "127.0.0.1", str(support.free_port()))
        self.check_wrong()
        self.first.command("replicaof", "no", "one")
        self.check_right()

    def test_an_address_that_moves_to_the_new_master_is_followed(self):
        second = Redis().start()
        self.addCleanup(second.stop)
        address = support.temporary_directory(self) / "a"
        address.symlink_to(self.first.socket)
        self.serve_with(f"redis+unix://{address}")
        self.first.command("replicaof", "127.0.0.1", str(second.port))
        self.check_wrong()
        os.symlink(second.socket, f"{address}.new")
        os.rename(f"{address}.new", address)
        self.check_right()

    def test_a_replica_that_has_lost_its_master(self):
        self.serve_with(self.first.url)
        self.first.command("config", "set", "replica-serve-stale-data", "no")
        self.first.command("replicaof", "127.0.0.1", str(support.free_port()))
        self.check_wrong()
        self.first.command("replicaof", "no", "one")
        self.check_right()

    def test_a_server_that_takes_no_writes_since_it_can_keep_none(self):
        self.serve_with(self.first.url)
        self.first.command("config", "set", "min-replicas-to-write", "1")
        self.assertEqual(self.log_in(), 503)
        support.wait_until(lambda: health(self.server, "redis") == "unhealthy", 10, "health to say so")
        self.first.command("config", "set", "min-replicas-to-write", "0")
        self.check_right()


if __name__ == "__main__":
    unittest.main()
