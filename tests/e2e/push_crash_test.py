"""Pushes, claims of handoffs and purges of the trash through kill -9 and power cuts: every acknowledged etag is there and hashes to itself, a session never
names bytes that are gone, no handoff is claimed twice, and what a crash leaves behind is removed by the sweep."""
import contextlib
import hashlib
import http.client
import json
import os
import random
import sqlite3
import threading
import unittest

import forms
import support
from captured_sessions import TALK, archive, manifest, new_id
from crash_test import UploadCrash, Uploaders

TIME_LIMIT = 900 if support.LONG else 300
SESSIONS = 4


class Pushers(Uploaders):
    """Threads that push archives of all sizes to a few sessions each, whole and in parts; `current`: session -> etag that was told last."""

    SIZES = (10, 5_000, 200_000, 1_500_000)

    def __init__(self, server, token, current, **more):
        self.token, self.current, self.doubtful = token, dict(current), set()
        self.names = sorted(current) or [new_id() for _ in range(SESSIONS * 3)]
        super().__init__(server, **more)

    def content(self):
        return archive(TALK, manifest(title=f"{random.random()}"), members={"noise": os.urandom(random.choice(self.SIZES))})

    def call(self, connection, method, path, body, headers, token=None):
        connection.request(method, "/api/v1" + path, body, {"Authorization": f"Bearer {token or self.token}", **headers})
        reply = connection.getresponse()
        return reply.status, reply.read()

    def push_whole(self, connection, session, content):
        form = forms.body(forms.part("file", content, "s.tar.gz"))
        return self.call(connection, "PUT", f"/sessions/{session}/sync", form, {"Content-Type": forms.content_type()})

    def push_in_parts(self, connection, session, content):
        wish = json.dumps({"total_size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        status, body = self.call(connection, "POST", f"/sessions/{session}/uploads", wish, {"Content-Type": "application/json"})
        if status == 409:  # those that the last crash left
            return self.push_whole(connection, session, content)
        if status != 201:
            return status, body
        upload = json.loads(body)["upload_id"]
        status, body = self.call(connection, "PUT", f"/uploads/{upload}/parts/1", content, {"X-Part-SHA256": hashlib.sha256(content).hexdigest()})
        return (status, body) if status != 200 else self.call(connection, "POST", f"/uploads/{upload}/complete", None, {})

    def upload(self, number):
        mine = self.names[number::3]
        while not self.over.is_set():
            session = random.choice(mine)
            content = self.content()
            etag = hashlib.sha256(content).hexdigest()
            with self.lock:
                self.sent[etag] = len(content)
                self.doubtful.add(session)
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                push = self.push_in_parts if random.random() < 0.3 else self.push_whole
                status, body = push(connection, session, content)
                connection.close()
            except (OSError, http.client.HTTPException):
                if self.over.wait(0.01):
                    return
                continue
            with self.lock:
                if status not in (200, 201):
                    self.refused.append((status, body[:200]))
                    continue
                self.acknowledged[etag] = len(content)
                self.current[session] = etag
                self.doubtful.discard(session)


class PushCrash(UploadCrash, unittest.TestCase):
    MODULES = ["auth", "scheduler", "sync"]
    token = None
    current = {}

    def uploaders(self, server):
        if not self.token:
            self.token = support.account(server, "ada")
            with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database, database:
                database.execute("UPDATE mortise_users SET email_confirmed_at = 1")
            self.token = self.signed_in(server)
        return Pushers(server, self.token, self.current)

    def signed_in(self, server):
        answer = support.request(server, "POST", "/api/auth/login", {"username": "ada", "password": "correct horse 7"})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["data"]["tokens"]["access_token"]

    def check(self, server, uploads):
        if uploads is None:
            return
        found = self.blobs(server)
        self.assertEqual(forms.spool_files(server), [])
        with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database:
            rows = dict(database.execute("SELECT id, etag FROM sync_captured_sessions"))
            parts = {key.partition("/")[2] for key, in database.execute("SELECT blob_key FROM sync_upload_parts")}
        for session, etag in uploads.current.items():
            if session not in uploads.doubtful:
                self.assertEqual(rows.get(session), etag, "an acknowledged push is gone")
        self.assertEqual(set(rows.values()) - uploads.sent.keys() - set(self.current.values()), set(), "bytes that nobody sent")
        self.assertEqual(set(rows.values()) - found.keys(), set(), "a session names bytes that are gone")
        for session, etag in rows.items():
            answer = support.request(server, "GET", f"/api/v1/sessions/{session}/sync", token=self.token)
            self.assertEqual((answer.status, hashlib.sha256(answer.body).hexdigest()), (200, etag))
        self.sweep(server, found.keys() - set(rows.values()) - parts)
        self.current = rows

    def sweep(self, server, orphans):
        """What the crash left is the sweep's, when it is old enough."""
        folder = server.data / "blobs" / "data" / "sync"
        for key in orphans:
            os.utime(folder / key[:2] / key, (1, 1))
        if not orphans:
            return
        with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database, database:
            database.execute("UPDATE mortise_users SET role = 'super_admin'")
        token = self.signed_in(server)
        answer = support.request(server, "POST", "/api/v1/scheduler/jobs/sync.sweep_archives/actions/run", token=token)
        self.assertEqual(answer.status, 200, answer)
        # Not by blobs(), which reads files that go at this moment.
        support.wait_until(lambda: not any((folder / key[:2] / key).exists() for key in orphans), 30, "the sweep to remove what the crash left")


class Exchanges(Pushers):
    """Two threads push, one hands over and claims, one pushes sessions of its own, deletes and purges them. Some archives are those of others, so that one blob
    is held and given up by several sessions at once."""

    COMMON = [archive(TALK, manifest(title=f"Common {number}")) for number in range(3)]

    def __init__(self, server, people, current, doomed):
        self.people, self.database = people, server.data / "mortise.db"
        self.doomed = set(doomed)  # may be there or not
        self.claims, self.purged = {}, 0  # handoff -> ids of the copies that were told
        super().__init__(server, people["ada"], current, threads=4)

    def content(self):
        return random.choice(self.COMMON) if random.random() < 0.4 else super().content()

    def upload(self, number):
        if number < 2:
            super().upload(number)
            return
        turn = self.exchange if number == 2 else self.purge
        while not self.over.is_set():
            try:
                turn()
            except (OSError, http.client.HTTPException, sqlite3.Error):
                if self.over.wait(0.01):
                    return

    def ask(self, who, method, path, body=None, expected=(200, 201)):
        """The answer's JSON; None for a refusal that may be."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            status, text = self.call(connection, method, path, json.dumps(body) if body is not None else None,
                                     {"Content-Type": "application/json"} if body is not None else {}, self.people[who])
        if status in (200, 201):
            return json.loads(text)
        if status not in expected:
            with self.lock:
                self.refused.append((status, text[:200]))
        return None

    def exchange(self):
        handoff = self.ask("ada", "POST", "/handoffs", {"session_id": random.choice(self.names), "recipient_email": "grace@example.com"}, (404,))
        if handoff is None:
            self.over.wait(0.05)
            return

        def claim():
            try:
                claimed = self.ask("grace", "POST", f"/handoffs/{handoff['id']}/claim", None, (409,))
            except (OSError, http.client.HTTPException):
                return
            if claimed:
                with self.lock:
                    self.claims.setdefault(handoff["id"], set()).add(claimed["recipient_session_id"])

        rivals = [threading.Thread(target=claim) for _ in range(3)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()

    def purge(self):
        with self.lock:
            copies = [copy for told in self.claims.values() for copy in told if copy not in self.doomed]
        owner, session = ("grace", random.choice(copies)) if len(copies) > 5 else ("ada", new_id())
        with self.lock:
            self.doomed.add(session)
        if owner == "ada":
            content = random.choice(self.COMMON)
            with self.lock:
                self.sent[hashlib.sha256(content).hexdigest()] = len(content)
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
                self.push_whole(connection, session, content)
        if self.ask(owner, "DELETE", f"/sessions/{session}?scope=cloud", None, (404,)) is None:
            return
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as database, database:
            database.execute("UPDATE sync_captured_sessions SET purge_after = 1 WHERE is_deleted = 1")
        done = self.ask("ada", "POST", "/sessions/admin/cleanup")
        if done is None:
            return
        with self.lock:
            self.purged += done["purged"]
            if done["errors"]:
                self.refused.append(("errors of a purge", done))


class ExchangeCrash(PushCrash):
    """Claims and purges beside the pushes."""

    people = {}
    doomed, sent = set(), set()  # of all rounds

    def setUp(self):
        super().setUp()
        self.totals = {"claims": 0, "purges": 0}

    def signed_in(self, server, name="ada"):
        answer = support.request(server, "POST", "/api/auth/login", {"username": name, "password": "correct horse 7"})
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["data"]["tokens"]["access_token"]

    def uploaders(self, server):
        if not self.people:
            for name in ("ada", "grace"):
                support.account(server, name)
            with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database, database:
                database.execute("UPDATE mortise_users SET email_confirmed_at = 1, role = 'super_admin', email = username || '@example.com'")
            self.people = {name: self.signed_in(server, name) for name in ("ada", "grace")}
            self.token = self.people["ada"]
        return Exchanges(server, self.people, self.current, self.doomed)

    def check(self, server, uploads):
        if uploads is None:
            return
        with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database:
            owners = dict(database.execute("SELECT s.id, u.username FROM sync_captured_sessions s JOIN mortise_users u ON u.id = s.user_id"))
            claimed = database.execute("SELECT id, recipient_session_id FROM sync_handoffs WHERE status = 'claimed'").fetchall()
            events = dict(database.execute("SELECT handoff_id, COUNT(*) FROM sync_handoff_events WHERE event_type = 'claimed' GROUP BY handoff_id"))
            leftovers = {table: database.execute(f"SELECT COUNT(*) FROM {table} WHERE session_id NOT IN (SELECT id FROM sync_captured_sessions)").fetchone()[0]
                         for table in ("sync_captured_listing", "sync_session_summaries", "sync_share_links")}
        self.assertEqual([told for told in uploads.claims.values() if len(told) > 1], [], "a handoff was claimed twice")
        self.assertEqual({handoff for handoff, told in uploads.claims.items() if dict(claimed).get(handoff) not in told}, set(), "an acknowledged claim is gone")
        self.assertEqual(events, {handoff: 1 for handoff, _ in claimed}, "each claim has its event")
        copies = {copy for _, copy in claimed}
        self.assertEqual(len(copies), len(claimed))
        self.assertEqual({session for session, owner in owners.items() if owner == "grace"} ^ (copies & owners.keys()), set(), "a copy without its claim")
        self.assertEqual(copies - owners.keys() - uploads.doomed, set(), "a claim without its copy")
        self.assertEqual(set(leftovers.values()), {0}, leftovers)
        self.doomed = uploads.doomed
        self.totals["claims"] += len(uploads.claims)
        self.totals["purges"] += uploads.purged
        self.check_sessions(server, uploads, owners)

    def check_sessions(self, server, uploads, owners):
        found = self.blobs(server)
        self.assertEqual(forms.spool_files(server), [])
        with contextlib.closing(sqlite3.connect(server.data / "mortise.db", timeout=30)) as database:
            rows = dict(database.execute("SELECT id, etag FROM sync_captured_sessions"))
            trashed = {session for session, in database.execute("SELECT id FROM sync_captured_sessions WHERE is_deleted = 1")}
            parts = {key.partition("/")[2] for key, in database.execute("SELECT blob_key FROM sync_upload_parts")}
        for session, etag in uploads.current.items():
            if session not in uploads.doubtful:
                self.assertEqual(rows.get(session), etag, "an acknowledged push is gone")
        self.sent = self.sent | uploads.sent.keys()
        self.assertEqual(set(rows.values()) - self.sent, set(), "bytes that nobody sent")
        self.assertEqual(set(rows.values()) - found.keys(), set(), "a session names bytes that are gone")
        for session in rows.keys() - trashed:
            answer = support.request(server, "GET", f"/api/v1/sessions/{session}/sync", token=self.people[owners[session]])
            self.assertEqual((answer.status, hashlib.sha256(answer.body).hexdigest()), (200, rows[session]))
        self.sweep(server, found.keys() - set(rows.values()) - parts)
        self.current = {session: etag for session, etag in rows.items() if owners[session] == "ada" and session not in self.doomed}

    def test_no_acknowledged_upload_is_lost_by_kill_9(self):
        super().test_no_acknowledged_upload_is_lost_by_kill_9()
        self.assertGreater(self.totals["claims"], 0)
        self.assertGreater(self.totals["purges"], 0)
        self.measured += f", {self.totals['claims']} claims, none twice, {self.totals['purges']} purges"


if __name__ == "__main__":
    unittest.main()
