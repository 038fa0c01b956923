"""Push and pull of captured sessions: every row of what the client may meet, on SQLite and PostgreSQL."""
import concurrent.futures
import io
import json
import os
import socket
import tarfile
import threading
import unittest

import forms
import support
from captured_sessions import BOOK, WITH_BOOK, TALK, SessionFamily, archive, holding_writes, manifest, new_id, sha256, text
from mortise_server import MortiseServer, OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING, Caller

TIME_LIMIT = 300
MIB = 1 << 20
NOTHING = sha256(b"")


class SessionArchives:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING, "sync.max_archive_free": "1MiB", "sync.max_archive_paid": "2MiB", "sync.max_upload": "3MiB",
               "sync.max_member_free": "1MiB", "sync.max_member_paid": "2MiB", "sync.push_wait": "2s"}

    def upload(self, caller, query, content):
        form = forms.body(forms.part("file", content, "session.tar.gz", "application/gzip"))
        return caller.call("POST", f"/sessions?{query}", form, headers={"Content-Type": forms.content_type()})

    def row(self, session_id, columns):
        return self.sql(f"SELECT {columns} FROM sync_captured_sessions WHERE id = '{session_id}'")[0]

    def trash(self, session_id):
        """As DELETE leaves it."""
        self.sql(f"UPDATE sync_captured_sessions SET is_deleted = 1, deleted_at = 1, deleted_by = user_id, delete_scope = 'cloud', purge_after = 9 "
                 f"WHERE id = '{session_id}'")

    def assertGone(self, content):
        """A blob that a push has replaced is removed after the answer."""
        support.wait_until(lambda: sha256(content) not in self.blobs(), 20, "the replaced blob to go")

    def assertMismatch(self, answer, current):
        self.assertEqual((answer.status, answer.json()), (409, {"error": {"code": "etag_mismatch", "message": "It was changed meanwhile; read it again",
                                                                            "details": {"current_etag": current}}}), answer)

    # --- pushes

    def test_a_push_creates_and_the_next_one_replaces(self):
        ada, session = self.account(), new_id()
        first, second = archive(TALK, manifest()), archive(TALK, manifest(title="Second"))
        answer = self.sync(ada, session, first)
        body = answer.json()
        self.assertRegex(body["synced_at"], MICROS)
        self.assertOk(answer, {"session_id": session, "etag": sha256(first), "blob_size_bytes": len(first), "synced_at": body["synced_at"]}, 201)
        self.assertRegex(answer.headers["Server-Timing"], r"^read;dur=\d+, store;dur=\d+, commit;dur=\d+$")
        created = self.row(session, "created_at")
        answer = self.sync(ada, session, second)
        self.assertOk(answer, {"session_id": session, "etag": sha256(second), "blob_size_bytes": len(second), "synced_at": answer.json()["synced_at"]})
        self.assertEqual(self.row(session, "created_at"), created)
        self.assertEqual(self.row(session, "title, etag"), ["Second", sha256(second)])
        self.assertGone(first)
        self.assertIn(sha256(second), self.blobs())

    def test_a_push_of_the_same_bytes_is_fine(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK, manifest())))
        for _ in range(2):
            answer = self.sync(ada, session, content)
            self.assertEqual((answer.status, answer.json()["etag"]), (200, sha256(content)))
        self.assertIn(sha256(content), self.blobs())

    def test_both_slash_forms(self):
        ada, session = self.account(), new_id()
        self.assertEqual(self.sync(ada, session + "", archive(TALK)).status, 201)
        form = forms.body(forms.part("file", archive(TALK), "s.tar.gz"))
        answer = ada.call("PUT", f"/sessions/{session}/sync/", form, headers={"Content-Type": forms.content_type()})
        self.assertEqual(answer.status, 200, answer)
        for path in ("sync", "download", "provenance", "retrieval-log"):
            self.assertEqual(ada.get(f"/sessions/{session}/{path}/").status, 200, path)

    def test_if_match(self):
        ada = self.account()
        session = self.push(ada, content=(first := archive(TALK, manifest())))
        second, third = archive(TALK, manifest(title="Two")), archive(TALK, manifest(title="Three"))
        self.assertMismatch(self.sync(ada, session, second, {"If-Match": f'"{NOTHING}"'}), sha256(first))
        self.assertMismatch(self.sync(ada, session, second, {"If-Match": "anything"}), sha256(first))
        self.assertMismatch(self.sync(ada, session, b"not even gzip", {"If-Match": NOTHING}), sha256(first))
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, first, "the old content is there")
        self.assertEqual(self.sync(ada, session, second, {"If-Match": f'"{sha256(first)}"'}).status, 200)
        self.assertEqual(self.sync(ada, session, third, {"If-Match": sha256(second)}).status, 200, "without quotes")
        self.assertEqual(self.sync(ada, session, first, {"If-Match": '""'}).status, 200, "an empty one asks nothing")
        self.assertEqual(self.sync(ada, new_id(), first, {"If-Match": NOTHING}).status, 201, "there is nothing to compare")
        self.assertGone(second)
        self.assertGone(third)

    def test_of_two_pushes_with_one_etag_one_wins(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK, manifest())))
        for turn in range(5):
            contents = [archive(TALK, manifest(title=f"{turn} {number}")) for number in range(3)]
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                answers = list(pool.map(lambda one: self.sync(ada, session, one, {"If-Match": sha256(content)}), contents))
            self.assertEqual(sorted(answer.status for answer in answers), [200, 409, 409], answers)
            content = next(one for one, answer in zip(contents, answers) if answer.status == 200)
            for answer in answers:
                if answer.status == 409:
                    self.assertMismatch(answer, sha256(content))
            self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual([one for one in self.blobs() if one == sha256(content)], [sha256(content)])

    def test_of_two_creations_at_once_one_wins(self):
        ada = self.account()
        for _ in range(5):
            session = new_id()
            contents = [archive(TALK, manifest(title=f"{session} {number}")) for number in range(3)]
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                answers = list(pool.map(lambda one: self.sync(ada, session, one), contents))
            # A push that began after the winner's end replaces it, as last writers do.
            self.assertEqual([answer.status for answer in answers].count(201), 1, answers)
            for answer in answers:
                self.assertIn(answer.status, (200, 201, 409), answer)
                if answer.status == 409:
                    self.assertPlain(answer, 409, "This id belongs to another session, or another push created it at this moment")

    def test_another_users_id(self):
        ada, bob = self.account(), self.account()
        session = self.push(ada, content=(content := archive(TALK)))
        message = "This id belongs to another session, or another push created it at this moment"
        self.assertPlain(self.sync(bob, session, archive(TALK)), 409, message)
        self.trash(session)
        self.assertPlain(self.sync(bob, session, archive(TALK), {"X-SessionFS-Undelete": "true"}), 409, message)
        self.assertEqual(self.row(session, "etag, user_id"), [sha256(content), ada.id])

    def test_a_session_in_the_trash(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK)))
        self.trash(session)
        fresh = archive(TALK, manifest(title="Back"))
        self.assertPlain(self.sync(ada, session, fresh), 410, "The session lies in the trash")
        self.assertPlain(self.sync(ada, session, fresh, {"X-SessionFS-Undelete": "false"}), 410)
        self.assertMismatch(self.sync(ada, session, fresh, {"X-SessionFS-Undelete": "true", "If-Match": NOTHING}), sha256(content))
        answer = self.sync(ada, session, fresh, {"X-SessionFS-Undelete": "true", "If-Match": sha256(content)})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.row(session, "is_deleted, deleted_at, deleted_by, delete_scope, purge_after, title"),
                         ["0", *self.nulls(4), "Back"])

    def test_who_may_push(self):
        content = archive(TALK)
        self.assertPlain(self.sync(self.account(confirmed=False), new_id(), content), 403, "Verify your e-mail address first")
        self.assertCode(self.sync(self.account("free"), new_id(), content), 403, "upgrade_required", self.message_of_upgrade(), feature="cloud_sync",
                        current_tier="free", required_tier="starter", upgrade_url=PRICING)
        for tier in ("starter", "pro", "team", "enterprise", "admin"):
            self.assertEqual(self.sync(self.account(tier), new_id(), content).status, 201, tier)
        self.assertPlain(self.sync(Caller(self.server, "nonsense", "", ""), new_id(), content), 401)

    def message_of_upgrade(self):
        return self.sync(self.account("free"), new_id(), archive(TALK)).json()["error"]["message"]

    def test_ids_that_are_none(self):
        ada = self.account()
        for wrong in ("ses_short", "ses_UPPERCASE0", "my-alias", "x" * 60, "ses_" + "a" * 41):
            answer = self.sync(ada, wrong, archive(TALK))
            self.assertPlain(answer, 400)
        for right in ("ses_" + "a" * 8, "ses_" + "0" * 40):
            self.assertEqual(self.sync(ada, right, archive(TALK)).status, 201, right)

    def test_forms_that_are_none(self):
        ada, path = self.account(), f"/sessions/{new_id()}/sync"
        headers = {"Content-Type": forms.content_type()}
        content = archive(TALK)
        self.assertInvalid(ada.call("PUT", path, forms.body(forms.part("other", content, "a")), headers=headers), ("body", "file"))
        two = forms.body(forms.part("file", content, "a"), forms.part("file", content, "b"))
        self.assertInvalid(ada.call("PUT", path, two, headers=headers), ("body", "file"))
        self.assertInvalid(ada.call("PUT", path, content, headers={"Content-Type": "application/gzip"}), ("body", "file"))
        self.assertEqual(self.sync(ada, new_id(), content, filename=None).status, 201, "a part without a name is a file, too")

    def test_archives_that_are_too_large(self):
        ada = self.account()
        noise = text("user", "".join(sha256(str(i).encode()) for i in range(70000)))
        big = archive([noise])
        self.assertGreater(len(big), 2 * MIB)
        answer = self.sync(ada, new_id(), big)
        self.assertEqual((answer.status, answer.json()["error"]["code"], answer.json()["error"]["details"]), (413, "PAYLOAD_TOO_LARGE", {"max_bytes": 2 * MIB}), answer)
        member = archive(TALK, members={"big": b"x" * (2 * MIB + 1)})
        self.assertCode(self.sync(ada, new_id(), member), 413, "session_too_large", "Member too large: big may have at most 2097152 bytes", file="big",
                        size_bytes=2 * MIB + 1, limit_bytes=2 * MIB, suggestion="Compact the session, or leave large files out of it.")
        self.assertEqual(self.sync(ada, new_id(), archive(TALK, members={"big": b"x" * (2 * MIB)})).status, 201)
        self.assertNotIn(sha256(member), self.blobs())

    def test_the_checks_of_a_push_come_in_their_order(self):
        ada, bob, poor, unproved = self.account(), self.account(), self.account("free"), self.account(confirmed=False)
        theirs, trashed = self.push(bob, content=archive(TALK)), self.push(ada, content=(content := archive(TALK)))
        self.trash(trashed)
        headers = {"Content-Type": forms.content_type()}
        without = forms.body(forms.part("other", b"x", "a"))
        large = b"\0" * (2 * MIB + 1)
        self.assertPlain(unproved.call("PUT", "/sessions/x/sync", without, headers=headers), 403, "Verify your e-mail address first")
        self.assertInvalid(ada.call("PUT", "/sessions/x/sync", without, headers=headers), ("body", "file"))
        self.assertEqual(self.sync(poor, "x", b"nonsense").json()["error"]["details"]["error"], "upgrade_required", "the tier before the id")
        self.assertPlain(self.sync(ada, "x", b"nonsense"), 400, "A session is named by its id, ses_ and 8 to 40 lowercase letters and digits, or by its alias")
        self.assertEqual(self.sync(ada, theirs, large).json()["error"]["code"], "PAYLOAD_TOO_LARGE", "the size before whose it is")
        self.assertPlain(self.sync(ada, theirs, b"nonsense"), 409, "This id belongs to another session, or another push created it at this moment")
        self.assertPlain(self.sync(ada, theirs, b"nonsense", {"If-Match": NOTHING}), 409, "This id belongs to another session, or another push created it at this moment")
        self.assertPlain(self.sync(ada, trashed, b"nonsense", {"If-Match": NOTHING}), 410, "The session lies in the trash")
        # A stale push is told before its archive is read.
        self.assertMismatch(self.sync(ada, trashed, b"nonsense", {"If-Match": NOTHING, "X-SessionFS-Undelete": "true"}), sha256(content))
        self.assertPlain(self.sync(ada, trashed, b"nonsense"), 410, "The session lies in the trash")
        self.assertPlain(self.sync(ada, trashed, b"nonsense", {"X-SessionFS-Undelete": "true"}), 400)

    def test_the_client_is_remembered(self):
        ada = self.account()
        known = lambda: self.sql(f"SELECT version, platform, device FROM sync_clients WHERE user_id = '{ada.id}'")  # noqa: E731
        self.upload(ada, "source_tool=a", archive(TALK))
        self.assertEqual(known(), [], "only pushes of a client count")
        self.sync(ada, new_id(), archive(TALK), {"X-Client-Version": "0.26.0", "X-Client-Platform": "linux", "X-Client-Device": "laptop"})
        self.assertEqual(known(), [["0.26.0", "linux", "laptop"]])
        self.sync(ada, new_id(), archive(TALK), {"User-Agent": "sessionfs-cli/0.27.1 python", "X-Client-Device": "d" * 200})
        self.assertEqual(known(), [["0.27.1", "linux", "d" * 100]])
        self.assertEqual(self.sync(ada, new_id(), archive(TALK), {"User-Agent": "sessionfs-cli/\xc3"}).status, 201, "no UTF-8 is no version")
        self.sync(ada, new_id(), b"nonsense", {"X-Client-Version": "9"})
        self.assertEqual(known()[0][0], "0.27.1")

    # --- metadata

    def test_what_the_archive_says_is_kept(self):
        ada, session = self.account(), new_id()
        said = {"title": "Fix the clock. It is late", "tags": ["a", "b"], "source": {"tool": "gemini-cli", "tool_version": "1.2", "original_session_id": "orig"},
                "model": {"provider": "google", "model_id": "gemini-3"}, "parent_session_id": "ses_parent01", "persona_name": " atlas ", "ticket_id": "tk_1",
                "stats": {"message_count": 7, "turn_count": 2, "tool_use_count": 3, "total_input_tokens": 10, "total_output_tokens": 20, "duration_ms": 99},
                "instruction_provenance": {"rules_source": "managed", "rules_version": 4, "rules_hash": "sha256:abcd", "instruction_artifacts": [{"path": "CLAUDE.md"}]}}
        where = {"git": {"remote_url": "git@github.com:Acme/App.git", "branch": "main", "commit_sha": "0a1b"}}
        self.push(ada, session, archive(TALK, said, where))
        columns = "title, tags, source_tool, source_tool_version, original_session_id, model_provider, model_id, message_count, turn_count, tool_use_count, " \
                  "total_input_tokens, total_output_tokens, duration_ms, parent_session_id, git_remote, git_branch, git_commit, persona_name, ticket_id, " \
                  "rules_source, rules_version, rules_hash, instruction_artifacts, tool_family"
        self.assertEqual(self.row(session, columns),
                         ["Fix the clock.", '["a","b"]', "gemini-cli", "1.2", "orig", "google", "gemini-3", "7", "2", "3", "10", "20", "99", "ses_parent01",
                          "acme/app", "main", "0a1b", "atlas", "tk_1", "managed", "4", "abcd", '[{"path":"CLAUDE.md"}]', "gemini"])
        self.assertOk(ada.get(f"/sessions/{session}/provenance"), {"session_id": session, "rules_version": 4, "rules_hash": "abcd", "rules_source": "managed",
                                                                   "instruction_artifacts": [{"path": "CLAUDE.md"}]})
        self.push(ada, session, archive(TALK, {"title": "Fix the clock. It is late"}), status=200)
        self.assertEqual(self.row(session, "tags, source_tool, model_id, message_count, git_remote, rules_source"),
                         ["[]", "unknown", *self.nulls(1), "0", *self.nulls(2)], "a push replaces all of it")

    def test_titles(self):
        ada = self.account()
        for title, messages, expected in (
                ("Fix the clock", TALK, "Fix the clock"), ("", TALK, "Please fix the clock"), ("<x>", TALK, "Please fix the clock"),
                ("", [text("assistant", "Hello there")], "Untitled session (2 messages)"), ("", [], "Untitled session (2 messages)"),
                ("What is this thing? Tell me", TALK, "What is this thing?"), ("The key AKIAIOSFODNN7EXAMPLQ leaked", TALK, "The key [redacted] leaked"),
                ("x\u0000y z", TALK, "xy z")):
            with self.subTest(title):
                session = self.push(ada, content=archive(messages, manifest(title=title)))
                self.assertEqual(self.row(session, "title"), [expected])
        session = self.push(ada, content=archive([], manifest(title="", message_count=0)))
        self.assertEqual(self.row(session, "title"), ["Untitled session"])

    def test_archives_with_little_in_them(self):
        ada = self.account()
        for members in (archive(None, members={}), archive(TALK, members={"manifest.json": b"nonsense"}), archive(None, members={"manifest.json": b"[]"}),
                        archive(TALK, members={"manifest.json": b"{" + b" " * 100 + b"\xff}"})):
            session = self.push(ada, content=members)
        session = self.push(ada, content=archive(TALK, members={"manifest.json": b"nonsense"}))
        self.assertEqual(self.row(session, "title, source_tool, message_count, tags"), [*self.nulls(1), "unknown", "0", "[]"])
        session = self.push(ada, content=archive(["nonsense", "[]", '{"role": "user", "content": "Fix the clock"}'], {"title": ""}))
        self.assertEqual(self.row(session, "title"), ["Fix the clock"])

    def test_members_in_a_folder(self):
        ada = self.account()
        deep = archive(None, members={"x/manifest.json": json.dumps(manifest(title="In a folder")).encode(), "x/workspace.json": b'{"a": 1}'})
        deep = self.without(deep, "manifest.json")
        session = self.push(ada, content=deep)
        self.assertEqual(self.row(session, "title"), ["In a folder"])
        self.assertOk(ada.get(f"/sessions/{session}/workspace"), {"workspace": {"a": 1}})

    @staticmethod
    def without(content, name):
        out = io.BytesIO()
        with tarfile.open(fileobj=io.BytesIO(content)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
            for member in old:
                if member.name != name:
                    new.addfile(member, old.extractfile(member))
        return out.getvalue()

    # --- pulls, and what else reads an archive

    def test_pull(self):
        ada, bob = self.account(), self.account()
        content = archive(TALK, manifest())
        session = self.push(ada, content=content)
        answer = ada.get(f"/sessions/{session}/sync")
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["ETag"], answer.body),
                         (200, "application/gzip", f'"{sha256(content)}"', content))
        for sent in (f'"{sha256(content)}"', sha256(content)):
            answer = ada.call("GET", f"/sessions/{session}/sync", headers={"If-None-Match": sent})
            self.assertEqual((answer.status, answer.body, answer.headers["ETag"]), (304, b"", None), sent)
        self.assertEqual(ada.call("GET", f"/sessions/{session}/sync", headers={"If-None-Match": '"other"'}).status, 200)
        answer = ada.call("GET", f"/sessions/{session}/sync", headers={"Range": "bytes=2-4"})
        self.assertEqual((answer.status, answer.body), (206, content[2:5]))
        self.assertNoSession(bob.get(f"/sessions/{session}/sync"))
        self.assertNoSession(ada.get(f"/sessions/{new_id()}/sync"))
        self.assertPlain(ada.get("/sessions/x/sync"), 400)
        self.sql(f"UPDATE sync_captured_sessions SET alias = 'my-clock' WHERE id = '{session}'")
        self.assertEqual(ada.get("/sessions/my-clock/sync").body, content)
        self.assertNoSession(bob.get("/sessions/my-clock/sync"))
        free = self.account()
        mine = self.push(free, content=content)
        self.sql(f"UPDATE mortise_users SET tier = 'free' WHERE id = '{free.id}'")
        self.assertEqual(free.get(f"/sessions/{mine}/sync").status, 200, "no tier is needed to pull")
        self.trash(session)
        self.assertNoSession(ada.get(f"/sessions/{session}/sync"))

    def test_download(self):
        ada, bob = self.account(), self.account()
        content = archive(TALK)
        session = self.push(ada, content=content)
        answer = ada.get(f"/sessions/{session}/download")
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["ETag"], answer.body),
                         (200, "application/gzip", f'"{sha256(content)}"', content))
        self.assertIn(f"{session}.tar.gz", answer.headers["Content-Disposition"])
        self.assertNoSession(bob.get(f"/sessions/{session}/download"))

    def test_a_blob_that_is_gone(self):
        ada = self.account()
        content = archive(TALK, manifest(title="Gone"))
        session = self.push(ada, content=content)
        path = self.server.data / "blobs" / "data" / "sync" / sha256(content)[:2] / sha256(content)
        path.unlink()
        self.assertNoSession(ada.get(f"/sessions/{session}/sync"))
        self.assertNoSession(ada.get(f"/sessions/{session}/tools"))
        self.assertEqual(self.sync(ada, session, content).status, 200)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content, "a push brings it back")

    def test_workspace_and_tools(self):
        ada, bob = self.account(), self.account()
        session = self.push(ada, content=archive(TALK, manifest(), {"root": "/x", "git": {}}, {"tools.json": b'[{"name": "Bash", "n": 1.50}]'}))
        self.assertOk(ada.get(f"/sessions/{session}/workspace"), {"workspace": {"root": "/x", "git": {}}})
        self.assertOk(ada.get(f"/sessions/{session}/tools"), {"tools": [{"name": "Bash", "n": 1.5}]})
        self.assertNoSession(bob.get(f"/sessions/{session}/tools"))
        self.assertPlain(ada.get("/sessions/x/tools"), 400)
        bare = self.push(ada, content=archive(TALK, members={"tools.json": b"nonsense"}))
        self.assertPlain(ada.get(f"/sessions/{bare}/workspace"), 404, "The archive has no workspace.json that can be read")
        self.assertPlain(ada.get(f"/sessions/{bare}/tools"), 404, "The archive has no tools.json that can be read")

    def test_the_retrieval_log_of_a_session_without_a_context(self):
        ada, bob = self.account(), self.account()
        session = self.push(ada, content=archive(TALK, manifest(retrieval_audit_id="ra_000000000000000000000000")))
        self.assertOk(ada.get(f"/sessions/{session}/retrieval-log"), {"session_id": session, "retrieval_audit_id": None, "events": [], "count": 0})
        self.assertNoSession(bob.get(f"/sessions/{session}/retrieval-log"))
        self.assertOk(ada.get(f"/sessions/{session}/provenance"), {"session_id": session, "rules_version": None, "rules_hash": None, "rules_source": None,
                                                                   "instruction_artifacts": []})

    # --- uploads under a new id

    def test_an_upload_under_a_new_id(self):
        ada = self.account("free")
        content = archive(TALK, manifest(title="Said by the archive", tags=["x"]))
        answer = self.upload(ada, "source_tool=cursor&title=%3Cb%3EMy%3C%2Fb%3E%20own&tags=%5B%22a%22%2C%22b%22%5D", content)
        body = answer.json()
        self.assertRegex(body["session_id"], r"^ses_[0-9a-f]{16}$")
        self.assertOk(answer, {"session_id": body["session_id"], "etag": sha256(content), "blob_size_bytes": len(content), "uploaded_at": body["uploaded_at"]}, 201)
        self.assertRegex(body["uploaded_at"], MICROS)
        self.assertEqual(self.row(body["session_id"], "title, tags, source_tool"), ["My own", '["a","b"]', "cursor"])
        body = self.upload(ada, "source_tool=cursor", content).json()
        self.assertEqual(self.row(body["session_id"], "title, tags, source_tool"), ["Said by the archive", '["x"]', "cursor"])

    def test_uploads_that_are_refused(self):
        ada, content = self.account(), archive(TALK)
        for query, field in (("", "source_tool"), ("source_tool=", "source_tool"), ("source_tool=A", "source_tool"), ("source_tool=" + "a" * 51, "source_tool"),
                             ("source_tool=a&title=" + "t" * 501, "title")):
            self.assertInvalid(self.upload(ada, query, content), ("query", field))
        for tags in ("x", "{}", "7", '["a', json.dumps(["a"] * 21), json.dumps(["a" * 51]), "[7]", "[null]"):
            answer = self.upload(ada, "source_tool=a&tags=" + "".join(f"%{byte:02x}" for byte in tags.encode()), content)
            self.assertPlain(answer, 400, "tags is a JSON array of at most 20 texts of at most 50 characters")
        self.assertEqual(self.upload(ada, "source_tool=a&title=a%00b", content).status, 400)
        self.assertPlain(self.upload(self.account(confirmed=False), "source_tool=a", content), 403, "Verify your e-mail address first")
        self.assertPlain(self.upload(ada, "source_tool=a", b"nonsense"), 400)
        self.assertEqual(self.upload(ada, "source_tool=a", b"x" * (3 * MIB + 1)).json()["error"]["code"], "PAYLOAD_TOO_LARGE")

    # --- faults

    def test_a_push_that_is_cut_leaves_the_old_content(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK, manifest())))
        before = self.blobs()
        form = forms.body(forms.part("file", archive(TALK, manifest(title="New")), "s.tar.gz"))
        head = (f"PUT /api/v1/sessions/{session}/sync HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.token}\r\n"
                f"Content-Type: {forms.content_type()}\r\nContent-Length: {len(form)}\r\n\r\n").encode()
        for sent in (0, 1, len(form) // 2, len(form) - 1):
            with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
                connection.sendall(head + form[:sent])
        support.wait_until(lambda: forms.spool_files(self.server) == [], 10, "the spool to be empty")
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual(self.blobs(), before)

    def test_a_database_that_refuses_leaves_the_old_content(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK, manifest())))
        before = self.blobs()
        fresh = archive(TALK, manifest(title="New"))
        with support.refused_writes(self.sql, hasattr(self, "postgres"), "UPDATE", "sync_captured_sessions", "NEW.title = 'New'"):
            self.assertEqual(self.sync(ada, session, fresh).status, 500)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual(self.blobs(), before)
        self.assertEqual(self.sync(ada, session, fresh).status, 200)

    def test_a_store_that_is_away_leaves_the_old_content(self):
        ada = self.account()
        session = self.push(ada, content=(content := archive(TALK, manifest())))
        before, store = self.blobs(), self.server.data / "blobs"
        fresh = archive(TALK, manifest(title="While it was away"))
        store.rename(away := store.with_name("away"))
        store.write_text("no folder")
        try:
            for pushed in (session, new_id()):
                answer = self.sync(ada, pushed, fresh)
                self.assertPlain(answer, 503)
        finally:
            store.unlink()
            away.rename(store)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual((self.blobs(), forms.spool_files(self.server)), (before, []))
        self.assertEqual(self.sync(ada, session, fresh, {"If-Match": sha256(content)}).status, 200)

    def test_no_session_names_bytes_that_went_before_its_row(self):
        """A push has stored its bytes and waits for the database; then the bytes go, and the store takes them no second time."""
        if hasattr(self, "postgres"):
            self.skipTest("holding_writes() is for SQLite")
        ada, content = self.account(), archive(TALK, manifest())
        session, store = self.push(ada, content=content), self.server.data / "blobs"
        for number, pushed in enumerate((session, new_id())):
            fresh = archive(TALK, manifest(title=f"Fresh {number}"))
            with concurrent.futures.ThreadPoolExecutor(1) as pool, holding_writes(self.server):
                waiting = pool.submit(self.sync, ada, pushed, fresh)
                support.wait_until(lambda: sha256(fresh) in self.blobs(), 10, "the bytes to be stored")
                (store / "data" / "sync" / sha256(fresh)[:2] / sha256(fresh)).unlink()
                store.rename(away := store.with_name("away"))
                store.write_text("no folder")
            try:
                self.assertPlain(waiting.result(), 503)
            finally:
                store.unlink()
                away.rename(store)
            self.assertEqual(self.sql(f"SELECT etag FROM sync_captured_sessions WHERE id = '{pushed}'"), [[sha256(content)]] if pushed == session else [])
            self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual(self.sync(ada, session, fresh).status, 200)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, fresh)

    def test_bytes_that_went_before_their_row_are_stored_again(self):
        if hasattr(self, "postgres"):
            self.skipTest("holding_writes() is for SQLite")
        ada, fresh = self.account(), archive(TALK, manifest(title="Twice"))
        with concurrent.futures.ThreadPoolExecutor(1) as pool, holding_writes(self.server):
            waiting = pool.submit(self.push, ada, None, fresh)
            support.wait_until(lambda: sha256(fresh) in self.blobs(), 10, "the bytes to be stored")
            (self.server.data / "blobs" / "data" / "sync" / sha256(fresh)[:2] / sha256(fresh)).unlink()
        self.assertEqual(ada.get(f"/sessions/{waiting.result()}/sync").body, fresh)

    def test_one_blob_for_the_same_bytes(self):
        ada, bob = self.account(), self.account()
        content = archive(TALK, manifest(title="Shared"))
        mine, theirs = self.push(ada, content=content), self.push(bob, content=content)
        self.assertEqual(self.blobs().count(sha256(content)), 1)
        self.push(ada, mine, archive(TALK, manifest(title="Other")), status=200)
        self.assertEqual(bob.get(f"/sessions/{theirs}/sync").body, content, "another one holds it")
        self.push(bob, theirs, archive(TALK, manifest(title="Other too")), status=200)
        self.assertGone(content)

    def test_the_same_bytes_pushed_and_dropped_at_once(self):
        """One archive goes in and out under several ids at once: whoever is told of an etag can read it."""
        ada, contents = self.account(), [archive(TALK, manifest(title=f"Turn {number}")) for number in range(2)]
        sessions = [new_id() for _ in range(3)]

        def turn(session):
            for number in range(20):
                answer = self.sync(ada, session, contents[number % 2])
                if answer.status not in (200, 201):
                    return answer
                pulled = ada.get(f"/sessions/{session}/sync")
                if pulled.body != contents[number % 2]:
                    return pulled
            return None

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            self.assertEqual(list(pool.map(turn, sessions)), [None] * 3)
        self.assertGone(contents[0])
        self.assertIn(sha256(contents[1]), self.blobs())

    def test_the_sweep_removes_what_no_session_holds(self):
        ada = self.account()
        session = self.push(ada, content=archive(TALK, manifest(title="Swept")))
        etag = self.row(session, "etag")[0]
        self.assertIn(etag, self.blobs())
        folder = self.server.data / "blobs" / "data" / "sync"
        stray = b"left behind by a crash"
        (folder / sha256(stray)[:2]).mkdir(exist_ok=True)
        (folder / sha256(stray)[:2] / sha256(stray)).write_bytes(stray)
        young = b"just being pushed"
        (folder / sha256(young)[:2]).mkdir(exist_ok=True)
        (folder / sha256(young)[:2] / sha256(young)).write_bytes(young)
        for file in (folder / sha256(stray)[:2] / sha256(stray), folder / etag[:2] / etag):
            os.utime(file, (1, 1))
        self.run_job("sweep_archives")
        support.wait_until(lambda: sha256(stray) not in self.blobs(), 20, "the sweep")
        self.assertIn(etag, self.blobs())
        self.assertIn(sha256(young), self.blobs())


class SessionsOfProjects(SessionFamily):
    """What a push asks about projects."""

    MODULES = WITH_BOOK
    OPTIONS = BOOK
    CONTEXT = "ra_" + "0" * 24

    def push_into(self, caller, session, remote="git@github.com:Acme/Clock.git", context=CONTEXT, **more):
        return self.push(caller, session, archive(TALK, manifest(retrieval_audit_id=context), {"git": {"remote_url": remote}}), **more)

    def row(self, session):
        return self.sql(f"SELECT project_id, retrieval_audit_id FROM sync_captured_sessions WHERE id = '{session}'")[0]

    def test_a_session_belongs_to_the_project_of_its_remote(self):
        ada, bob, session = self.account(), self.account(), new_id()
        context = {"id": self.CONTEXT, "user_id": ada.id, "events": ['{"id":1,"tool_name":"search"}', '{"id":2,"tool_name":"read"}']}
        self.book({"id": "proj_1", "owner_id": ada.id, "remotes": ["acme/clock"], "contexts": [context]})
        self.push_into(ada, session)
        self.assertEqual(self.row(session), ["proj_1", self.CONTEXT])
        self.assertOk(ada.get(f"/sessions/{session}/retrieval-log"),
                      {"session_id": session, "retrieval_audit_id": self.CONTEXT, "count": 2,
                       "events": [{"id": 1, "tool_name": "search"}, {"id": 2, "tool_name": "read"}]})
        self.assertNoSession(bob.get(f"/sessions/{session}/retrieval-log"))
        self.push_into(ada, session, remote="https://github.com/acme/other", status=200)
        self.assertEqual(self.row(session), ["None", "None"], "looked up anew at every push")
        theirs = new_id()
        self.push_into(bob, theirs)
        self.assertEqual(self.row(theirs), ["None", "None"], "it is somebody else's project")

    def test_a_context_of_somebody_else_or_of_another_project_is_dropped(self):
        ada, bob = self.account(), self.account()
        mine, theirs, elsewhere = ({"id": f"ra_{number}", "user_id": user.id, "events": []} for number, user in ((1, ada), (2, bob), (3, ada)))
        self.book({"id": "proj_1", "owner_id": ada.id, "remotes": ["acme/clock"], "contexts": [mine, theirs]},
                  {"id": "proj_2", "owner_id": ada.id, "remotes": ["acme/other"], "contexts": [elsewhere]})
        for context, kept in (("ra_1", "ra_1"), ("ra_2", "None"), ("ra_3", "None"), ("ra_4", "None"), ("", "None")):
            session = new_id()
            self.push_into(ada, session, context=context)
            self.assertEqual(self.row(session), ["proj_1", kept], context)


class SessionArchivesOnSqlite(SessionArchives, SessionFamily):
    @staticmethod
    def nulls(count):
        return ["None"] * count

    def test_an_account_that_goes_during_its_push_leaves_nothing(self):
        ada, session = self.account(), new_id()
        content = archive(TALK, manifest(title="Of nobody"))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with holding_writes(self.server) as database:
                pushed = pool.submit(self.sync, ada, session, content)
                support.wait_until(lambda: sha256(content) in self.blobs(), 10, "the push to come to its commit")
                database.execute(f"DELETE FROM mortise_users WHERE id = '{ada.id}'")
                database.execute("COMMIT")
            self.assertEqual(pushed.result().status, 401)
        self.assertNotIn(sha256(content), self.blobs())
        self.assertEqual(self.sql(f"SELECT * FROM sync_captured_sessions WHERE id = '{session}'"), [])

    def test_a_backup_has_the_archives_and_what_is_read_of_them(self):
        ada = self.account()
        content = archive(TALK, manifest(title="In the backup"))
        session = self.push(ada, content=content)
        self.assertEqual(ada.get(f"/sessions/{session}/messages").json()["total"], 2)
        folder = support.temporary_directory(self)
        options = [f"--data.dir={self.server.data}", f"--modules.path={support.BUILD / 'modules'}"]
        done = support.mortise("backup", folder / "backup.tar.gz", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = support.mortise("restore", folder / "backup.tar.gz", f"--data.dir={folder / 'second'}", *options[1:])
        self.assertEqual(done.returncode, 0, done.stderr)
        second = MortiseServer({**support.QUICK, "data.dir": str(folder / "second")}, modules=self.MODULES).start()
        self.addCleanup(second.stop)
        there = Caller(second, ada.token, ada.id, ada.email)
        self.assertEqual(there.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual(there.get(f"/sessions/{session}/messages").json()["total"], 2)
        self.assertEqual([one["session_id"] for one in there.get("/sessions/search?q=clock").json()["results"]], [session])

    def test_a_fourth_push_waits_and_is_refused_in_the_end(self):
        ada, bob = self.account(), self.account()
        content = archive(TALK)
        slow = [threading.Thread(target=self.sync, args=(ada, new_id(), content)) for _ in range(3)]
        with holding_writes(self.server):
            for thread in slow:
                thread.start()
            support.wait_until(lambda: forms.metric(self.server, "mortise_sync_pushes_in_progress") == 3, 10, "three pushes to go on")
            answer = self.sync(ada, new_id(), content)
            self.assertCode(answer, 429, "sync_rate_limit", "Too many pushes at once; try again in a moment")
            self.assertEqual(answer.headers["Retry-After"], "5")
            self.assertEqual(bob.get("/auth/me").status, 200, "no worker is held")
        for thread in slow:
            thread.join()
        self.assertEqual(self.sync(ada, new_id(), content).status, 201)


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class SessionArchivesOnPostgres(SessionArchives, OnPostgresDatabase, SessionFamily):
    @staticmethod
    def nulls(count):
        return [""] * count

    def test_a_push_does_not_wait_for_the_removal_of_what_it_replaces(self):
        ada = self.account()
        session = self.push(ada, content=(first := archive(TALK, manifest(title="Held"))))
        with self.postgres.holding(f"SELECT 1 FROM sync_blobs WHERE blob_key LIKE '%{sha256(first)}' FOR UPDATE", self.database_name):
            self.push(ada, session, archive(TALK, manifest(title="Not held")), status=200)
            self.assertIn(sha256(first), self.blobs())
        self.assertGone(first)


if __name__ == "__main__":
    unittest.main()
