"""The feed of a project's changes: live, resumed, and across two servers of one database."""
import contextlib
import http.client
import json
import queue
import socket
import threading
import unittest

import support
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres
from organisations import MICROS
from project_family import ProjectFamily

TIME_LIMIT = 300


class Follower:
    """An open feed; `events` gets (id, name, data) of each."""

    def __init__(self, server, project, token, last=None):
        self.events = queue.Queue()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", **({} if last is None else {"Last-Event-ID": str(last)})}
        self.connection.request("GET", f"/api/v1/projects/{project['id']}/changes", headers=headers)
        self.socket = self.connection.sock
        self.reply = self.connection.getresponse()
        self.status = self.reply.status
        if self.status == 200:
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        event = {}
        try:
            for line in self.reply:
                line = line.decode().rstrip("\n")
                if not line and event.get("event"):
                    self.events.put((int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}
                name, _, value = line.partition(": ")
                event[name] = value
        except (OSError, ValueError, AttributeError):
            pass  # closed by the test
        self.events.put(None)

    def next(self, seconds=20):
        return self.events.get(timeout=seconds)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # else closing waits for the thread that reads, until a heartbeat comes
        self.connection.close()


class Changes:
    """The tests; subclasses choose the database."""

    def follow(self, caller, project, last=None, server=None):
        follower = Follower(server or self.server, project, caller.token, last)
        self.addCleanup(follower.close)
        self.assertEqual(follower.status, 200)
        return follower

    def write(self, caller, project, text):
        self.assertEqual(caller.put(f"/projects/{project['id']}/context", {"context_document": text}).status, 200)

    def numbers(self, project):
        return [str(row[0]) for row in self.sql(f"SELECT number FROM projects_changes WHERE project_id = '{project['id']}' ORDER BY number")]

    def test_who_follows_sees_what_happens(self):
        ada, _, project = self.team()
        feed, reader = self.follow(ada, project), self.follow(self.reader(project), project)
        self.write(ada, project, "one")
        number, name, data = feed.next()
        self.assertRegex(data["at"], MICROS)
        self.assertEqual((name, data), ("context_changed", {"project_id": project["id"], "number": number, "id": project["id"], "change": "updated", "user_id": ada.id, "at": data["at"]}))
        self.assertEqual(reader.next(), (number, name, data))
        ada.call("PATCH", f"/projects/{project['id']}", {"name": "Till"})
        self.assertEqual([feed.next()[0:2] for _ in range(1)], [(number + 1, "project_changed")])

    def test_whoever_comes_back_misses_nothing(self):
        ada, _, project = self.team()
        feed = self.follow(ada, project)
        self.write(ada, project, "one")
        last = feed.next()[0]
        feed.close()
        for n in range(5):
            self.write(ada, project, str(n))
        feed = self.follow(ada, project, last)
        self.assertEqual([feed.next()[0] for _ in range(5)], [last + 1, last + 2, last + 3, last + 4, last + 5])
        self.write(ada, project, "more")
        self.assertEqual(feed.next()[0], last + 6)

    def test_what_is_not_kept_any_more_is_a_reset(self):
        ada, _, project = self.team()
        for n in range(3):
            self.write(ada, project, str(n))
        self.sql(f"DELETE FROM projects_changes WHERE project_id = '{project['id']}' AND number < 3")
        self.assertEqual(self.follow(ada, project, 1).next()[:2], (3, "reset"))
        self.assertEqual(self.follow(ada, project, 1000).next()[:2], (3, "reset"))
        self.assertEqual(self.follow(ada, project, 2).next()[:2], (3, "context_changed"))

    def test_a_lost_event_is_made_up_for_while_others_keep_coming(self):
        ada, _, quiet = self.team()
        busy = self.project(ada)
        quiet_feed, busy_feed = self.follow(ada, quiet), self.follow(ada, busy)
        self.write(ada, quiet, "one")
        number = quiet_feed.next()[0] + 1
        stop = threading.Event()

        def keep_writing():
            while not stop.wait(0.2):
                self.write(ada, busy, "more")

        writer = threading.Thread(target=keep_writing)
        writer.start()
        try:
            busy_feed.next()
            self.sql("INSERT INTO projects_changes (project_id, number, event, reference, change, user_id, at) "
                     f"VALUES ('{quiet['id']}', {number}, 'ticket_changed', 'tk_1', 'started', '', 1)")
            self.assertEqual(quiet_feed.next()[:2], (number, "ticket_changed"))
        finally:
            stop.set()
            writer.join()

    def test_old_changes_go_but_the_last_one(self):
        ada, _, project = self.team()
        for n in range(3):
            self.write(ada, project, str(n))
        self.sql(f"UPDATE projects_changes SET at = 1 WHERE project_id = '{project['id']}'")
        root = self.account(role="super_admin").token
        self.assertEqual(support.request(self.server, "POST", "/api/v1/scheduler/jobs/projects.purge_changes/actions/run", token=root).status, 200)
        support.wait_until(lambda: self.numbers(project) == ["3"], 20, "only the newest is left")
        self.write(ada, project, "more")
        self.assertEqual(self.numbers(project), ["3", "4"])

    def test_strangers_follow_nothing(self):
        ada, _, project = self.team()
        self.assertEqual(Follower(self.server, project, self.account().token).status, 403)
        self.assertEqual(Follower(self.server, {"id": "proj_0000000000000000"}, ada.token).status, 404)
        self.assertEqual(Follower(self.server, project, ada.token, "x").status, 422)
        self.assertEqual(Follower(self.server, project, "").status, 401)

    def test_a_merge_is_told_to_those_who_follow_the_project_that_stays(self):
        ada = self.account("team")
        into, source = self.project(ada), self.project(ada)
        feed = self.follow(ada, into)
        self.assertEqual(ada.post(f"/projects/{into['id']}/merge", {"source_project_id": source["id"], "dry_run": False}).status, 200)
        number, name, data = feed.next()
        self.assertEqual((name, data["id"], data["change"]), ("project_changed", source["id"], "merged"))

    def test_many_writers_are_seen_in_order(self):
        ada, _, project = self.team()
        feed = self.follow(ada, project)
        writers = [threading.Thread(target=lambda n=n: [self.write(ada, project, f"{n} {k}") for k in range(5)]) for n in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        seen = [feed.next()[0] for _ in range(20)]
        self.assertEqual(seen, list(range(seen[0], seen[0] + 20)))


class OnSqlite(Changes, ProjectFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Changes, OnPostgresDatabase, ProjectFamily):
    def test_across_servers(self):
        ada, _, project = self.team()
        other = MortiseServer({**support.QUICK, "db.url": self.url, "identity.secret_file": self.server.data / "secret"}, modules=self.MODULES).start()
        self.addCleanup(other.stop)
        feed = self.follow(ada, project, server=other)
        self.write(ada, project, "one")
        first = feed.next(30)
        feed.close()
        self.write(ada, project, "two")
        self.assertEqual(self.follow(ada, project, first[0], other).next(30)[0], first[0] + 1)


if __name__ == "__main__":
    unittest.main()
