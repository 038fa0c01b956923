"""Pushes in parts: the whole life of an upload, each refusal, and what ends it, on SQLite and PostgreSQL."""
import concurrent.futures
import random
import time
import unittest

import support
from captured_sessions import TALK, SessionFamily, archive, holding_writes, manifest, new_id, sha256
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 300
MIB = 1 << 20


def large(seed=1, size=11 * MIB):
    """An archive of about `size` bytes."""
    return archive(TALK, manifest(title=f"Large {seed}"), members={"noise": random.Random(seed).randbytes(size)})


class Uploads:
    """The tests; subclasses choose the database."""

    OPTIONS = {"sync.max_archive_paid": "30MiB"}

    def open(self, caller, session, content, headers=None, **more):
        return caller.call("POST", f"/sessions/{session}/uploads", {"total_size": len(content), "sha256": sha256(content), **more}, headers=headers)

    def opened(self, caller, session, content, **more):
        answer = self.open(caller, session, content, **more)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def part(self, caller, upload, number, content, headers=None):
        # http.client sends no Content-Type for bytes, as the client does.
        return caller.call("PUT", f"/uploads/{upload}/parts/{number}", content, headers={"X-Part-SHA256": sha256(content), **(headers or {})})

    def send_all(self, caller, upload, content):
        size = upload["part_size"]
        for number in range(upload["part_count"]):
            piece = content[number * size:(number + 1) * size]
            answer = self.part(caller, upload["upload_id"], number + 1, piece)
            self.assertOk(answer, {"upload_id": upload["upload_id"], "part_number": number + 1, "size": len(piece), "sha256": sha256(piece)})

    def complete(self, caller, upload, headers=None):
        return caller.call("POST", f"/uploads/{upload['upload_id']}/complete", headers=headers)

    def status(self, caller, upload):
        return caller.get(f"/uploads/{upload['upload_id']}").json()["status"]

    def parts(self, upload):
        return int(self.sql(f"SELECT count(*) FROM sync_upload_parts WHERE upload_id = '{upload['upload_id']}'")[0][0])

    def assertRefused(self, answer, status, code, message=None, **details):
        """One of the newer codes, which stand in both places."""
        self.assertEqual(answer.status, status, answer)
        error = answer.json()["error"]
        self.assertEqual((error["code"], error["details"]), (code, {"error": code, **details}), answer)
        if message:
            self.assertEqual(error["message"], message)

    # --- the way through

    def test_an_upload_from_its_opening_to_its_end(self):
        ada, session, content = self.account(), new_id(), large()
        upload = self.opened(ada, session, content)
        self.assertRegex(upload["upload_id"], r"^up_[0-9a-f]{24}$")
        self.assertRegex(upload["expires_at"], MICROS)
        self.assertEqual((upload["part_size"], upload["part_count"]), (8 * MIB, 2))
        self.assertOk(ada.get(f"/uploads/{upload['upload_id']}"),
                      {"status": "pending", "part_size": 8 * MIB, "part_count": 2, "expires_at": upload["expires_at"], "received": []})
        self.assertEqual(self.part(ada, upload["upload_id"], 2, content[8 * MIB:]).status, 200, "in any order")
        self.assertEqual(ada.get(f"/uploads/{upload['upload_id']}/").json()["received"], [2])
        self.send_all(ada, upload, content)
        answer = self.complete(ada, upload)
        done = answer.json()
        self.assertOk(answer, {"session_id": session, "etag": sha256(content), "blob_size_bytes": len(content), "synced_at": done["synced_at"]}, 201)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertOk(self.complete(ada, upload), done, 201)
        self.assertEqual(self.status(ada, upload), "completed")
        self.assertRefused(ada.delete(f"/uploads/{upload['upload_id']}"), 409, "already_completed")
        self.assertRefused(self.part(ada, upload["upload_id"], 1, content[:8 * MIB]), 409, "upload_not_pending")
        self.assertEqual(self.parts(upload), 0)
        self.assertNotIn(sha256(content[:8 * MIB]), self.blobs())
        again = self.opened(ada, session, content)
        self.send_all(ada, again, content)
        self.assertEqual(self.complete(ada, again).status, 200, "now it replaces")

    def test_an_upload_of_one_part(self):
        ada, session, content = self.account(), new_id(), archive(TALK, manifest(title="Small"))
        upload = self.opened(ada, session, content)
        self.assertEqual(upload["part_count"], 1)
        self.send_all(ada, upload, content)
        self.assertEqual(self.complete(ada, upload).status, 201)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)
        self.assertEqual(self.blobs().count(sha256(content)), 1)

    def test_the_wish_for_a_size_of_parts(self):
        ada = self.account()
        for wish, size in ((1, 5 * MIB), (6 * MIB, 6 * MIB), (99 * MIB, 32 * MIB), (-1, 5 * MIB), (None, 8 * MIB)):
            upload = self.opened(ada, new_id(), large(), part_size=wish)
            self.assertEqual(upload["part_size"], size, wish)
            self.assertEqual(upload["part_count"], -(-len(large()) // size))
            ada.delete(f"/uploads/{upload['upload_id']}")

    # --- opening

    def test_openings_that_are_refused(self):
        ada, bob, content = self.account(), self.account(), archive(TALK)
        path = f"/sessions/{new_id()}/uploads"
        good = {"total_size": 5, "sha256": "a" * 64}
        self.assertPlain(ada.post("/sessions/my-alias/uploads", good), 400)
        for wrong in ({"total_size": 0}, {"total_size": -1}, {"sha256": "a" * 63}, {"sha256": "g" * 64}, {"sha256": ""}):
            self.assertPlain(ada.post(path, {**good, **wrong}), 400)
        self.assertEqual(ada.post(path, {**good, "sha256": "A" * 64}).status, 201)
        self.assertEqual(ada.post(path, {**good, "total_size": "5", "more": 1}).status, 201)
        for wrong, field in (({"total_size": "x"}, "total_size"), ({"total_size": None}, "total_size"), ({"sha256": 7}, "sha256")):
            self.assertInvalid(ada.post(path, {**good, **wrong}), ("body", field))
        self.assertInvalid(ada.post(path, {"total_size": 5}), ("body", "sha256"))
        self.assertEqual(ada.post(path).status, 422)
        for wrong in ("x", "A" * 64, "a" * 16):
            self.assertRefused(ada.call("POST", path, good, headers={"If-Match": f'"{wrong}"'}), 400, "invalid_if_match")
        answer = ada.post(path, {**good, "total_size": 30 * MIB + 1})
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (413, "PAYLOAD_TOO_LARGE"), answer)
        session = self.push(ada, content=content)
        path = f"/sessions/{session}/uploads"
        self.assertPlain(bob.post(path, good), 409)
        answer = ada.call("POST", path, good, headers={"If-Match": "b" * 64})
        self.assertEqual((answer.status, answer.json()["error"]["code"], answer.json()["error"]["details"]), (409, "etag_mismatch", {"current_etag": sha256(content)}))
        self.sql(f"UPDATE sync_captured_sessions SET is_deleted = 1 WHERE id = '{session}'")
        self.assertPlain(ada.post(path, good), 410)
        self.assertEqual(ada.call("POST", path, good, headers={"X-SessionFS-Undelete": "true", "If-Match": sha256(content)}).status, 201)

    def test_who_may_upload(self):
        path, good = f"/sessions/{new_id()}/uploads", {"total_size": 5, "sha256": "a" * 64}
        self.assertPlain(self.account(confirmed=False).post(path, good), 403, "Verify your e-mail address first")
        answer = self.account("free").post(path, good)
        self.assertEqual((answer.status, answer.json()["error"]["details"]["error"]), (403, "upgrade_required"), answer)
        ada, bob = self.account(), self.account()
        upload = self.opened(ada, new_id(), archive(TALK))["upload_id"]
        for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/parts/1"), ("POST", "/complete")):
            body = b"x" if method == "PUT" else None
            self.assertPlain(bob.call(method, f"/uploads/{upload}{path}", body), 404, "No such upload")
            self.assertPlain(bob.call(method, f"/uploads/up_{'0' * 24}{path}", body), 404, "No such upload")

    def test_a_user_has_three_at_most(self):
        ada, content = self.account(), archive(TALK)
        uploads = [self.opened(ada, new_id(), content) for _ in range(3)]
        self.assertRefused(self.open(ada, new_id(), content), 409, "too_many_pending_uploads", "At most 3 uploads may be open at once")
        self.assertEqual(self.open(self.account(), new_id(), content).status, 201)
        ada.delete(f"/uploads/{uploads[0]['upload_id']}")
        self.assertEqual(self.open(ada, new_id(), content).status, 201)

    # --- parts

    def test_parts_that_are_refused(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        first, before = content[:8 * MIB], self.blobs()
        for number in ("0", "3", "-1", "x", "1x", "99999999999999999999"):
            self.assertRefused(self.part(ada, upload["upload_id"], number, first), 400, "invalid_part_number", "Parts are numbered from 1 to 2")
        self.assertPlain(ada.call("PUT", f"/uploads/{upload['upload_id']}/parts/1", first), 400, "The header X-Part-SHA256 is missing")
        for wrong in (first[:-1], first + b"x", b""):
            self.assertRefused(self.part(ada, upload["upload_id"], 1, wrong), 400, "part_size_mismatch",
                               f"This part has {8 * MIB} bytes; {len(wrong)} were sent")
        self.assertRefused(self.part(ada, upload["upload_id"], 2, first), 400, "part_size_mismatch")
        for wrong in ("b" * 64, "x"):
            self.assertRefused(self.part(ada, upload["upload_id"], 1, first, {"X-Part-SHA256": wrong}), 400, "part_hash_mismatch")
        self.assertEqual(self.part(ada, upload["upload_id"], 1, first, {"X-Part-SHA256": sha256(first).upper()}).status, 200)
        self.assertEqual(self.part(ada, upload["upload_id"], 1, b"x" * (33 * MIB)).json()["error"]["code"], "PAYLOAD_TOO_LARGE")
        self.assertEqual(self.blobs(), sorted([*before, sha256(first)]))

    def test_a_part_that_is_sent_again_replaces_the_one_before(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        wrong = bytes(8 * MIB)
        self.assertEqual(self.part(ada, upload["upload_id"], 1, wrong).status, 200)
        self.assertIn(sha256(wrong), self.blobs())
        self.send_all(ada, upload, content)
        self.assertNotIn(sha256(wrong), self.blobs())
        self.assertEqual(self.complete(ada, upload).status, 201)

    # --- ends

    def test_an_upload_that_is_given_up(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        self.part(ada, upload["upload_id"], 1, content[:8 * MIB])
        for _ in range(2):
            self.assertOk(ada.delete(f"/uploads/{upload['upload_id']}"), {"upload_id": upload["upload_id"], "status": "aborted"})
        self.assertEqual((self.status(ada, upload), self.parts(upload)), ("aborted", 0))
        self.assertNotIn(sha256(content[:8 * MIB]), self.blobs())
        self.assertRefused(self.part(ada, upload["upload_id"], 1, content[:8 * MIB]), 409, "upload_not_pending")
        self.assertRefused(self.complete(ada, upload), 409, "upload_not_pending")

    def test_a_completion_without_all_parts(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        self.part(ada, upload["upload_id"], 2, content[8 * MIB:])
        self.assertRefused(self.complete(ada, upload), 409, "missing_parts", missing=[1])
        self.assertEqual((self.status(ada, upload), self.parts(upload)), ("aborted", 0))
        self.assertNotIn(sha256(content[8 * MIB:]), self.blobs())

    def test_a_completion_of_other_bytes(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        self.part(ada, upload["upload_id"], 1, bytes(8 * MIB))
        self.part(ada, upload["upload_id"], 2, content[8 * MIB:])
        before = [one for one in self.blobs() if one not in (sha256(bytes(8 * MIB)), sha256(content[8 * MIB:]))]
        self.assertRefused(self.complete(ada, upload), 400, "sha256_mismatch")
        self.assertEqual((self.status(ada, upload), self.blobs()), ("aborted", before))

    def test_a_completion_that_a_push_would_refuse(self):
        ada = self.account()
        session = self.push(ada, content=(kept := archive(TALK, manifest(title="Kept"))))
        nonsense = b"no archive" * 100
        upload = self.opened(ada, session, nonsense)
        self.send_all(ada, upload, nonsense)
        self.assertPlain(self.complete(ada, upload), 400, "The archive can't be read: it is no gzip-compressed tar, damaged, or cut short")
        self.assertEqual(self.status(ada, upload), "aborted")
        self.assertNotIn(sha256(nonsense), self.blobs())
        fresh = archive(TALK, manifest(title="Fresh"))
        upload = self.opened(ada, session, fresh)
        self.send_all(ada, upload, fresh)
        answer = self.complete(ada, upload, {"If-Match": '"other"'})
        self.assertEqual((answer.status, answer.json()["error"]["code"]), (409, "etag_mismatch"), answer)
        self.assertEqual(self.status(ada, upload), "aborted")
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, kept)
        upload = self.opened(ada, session, fresh)
        self.send_all(ada, upload, fresh)
        self.assertEqual(self.complete(ada, upload, {"If-Match": f'"{sha256(kept)}"'}).status, 200)

    def test_a_completion_that_the_server_fails_goes_back_to_pending(self):
        ada, session, content = self.account(), new_id(), archive(TALK, manifest(title="Failing"))
        upload = self.opened(ada, session, content)
        self.send_all(ada, upload, content)
        with support.refused_writes(self.sql, hasattr(self, "postgres"), "INSERT", "sync_captured_sessions"):
            self.assertEqual(self.complete(ada, upload).status, 500)
        self.assertEqual((self.status(ada, upload), self.parts(upload)), ("pending", 1))
        self.assertEqual(self.complete(ada, upload).status, 201)

    def test_of_many_completions_at_once_one_pushes(self):
        ada, session, content = self.account(), new_id(), large()
        upload = self.opened(ada, session, content)
        self.send_all(ada, upload, content)
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda _: self.complete(ada, upload), range(3)))
        self.assertIn(201, [answer.status for answer in answers], answers)
        for answer in answers:
            if answer.status != 201:
                self.assertRefused(answer, 409, "upload_completing")
        self.assertEqual((self.status(ada, upload), self.complete(ada, upload).status), ("completed", 201))
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, content)

    def test_a_completion_that_goes_on_and_one_that_is_dead(self):
        ada, content = self.account(), archive(TALK, manifest(title="Claimed"))
        upload = self.opened(ada, new_id(), content)
        self.send_all(ada, upload, content)
        claimed = "UPDATE sync_uploads SET status = 'completing', claimed_at = {} WHERE id = '" + upload["upload_id"] + "'"
        self.sql(claimed.format(int(time.time() * 1e6)))
        self.assertEqual(self.status(ada, upload), "completing")
        self.assertRefused(self.complete(ada, upload), 409, "upload_completing", "The upload is being completed")
        self.assertRefused(ada.delete(f"/uploads/{upload['upload_id']}"), 409, "upload_completing")
        self.assertRefused(self.part(ada, upload["upload_id"], 1, content), 409, "upload_not_pending")
        self.sql(claimed.format(int((time.time() - 31 * 60) * 1e6)))
        self.assertEqual(self.complete(ada, upload).status, 201)

    def test_an_upload_whose_time_is_over(self):
        ada, content = self.account(), large()
        upload = self.opened(ada, new_id(), content)
        self.part(ada, upload["upload_id"], 1, content[:8 * MIB])
        self.sql(f"UPDATE sync_uploads SET expires_at = 1 WHERE id = '{upload['upload_id']}'")
        self.assertRefused(self.part(ada, upload["upload_id"], 1, content[:8 * MIB]), 409, "upload_expired", "The upload's time is over")
        self.assertEqual((self.status(ada, upload), self.parts(upload)), ("expired", 0))
        self.assertRefused(self.complete(ada, upload), 409, "upload_expired")
        self.assertNotIn(sha256(content[:8 * MIB]), self.blobs())

    def test_the_job_removes_what_nobody_completed(self):
        ada, content = self.account(), large(seed=5)
        uploads = [self.opened(ada, new_id(), content) for _ in range(2)]
        for upload in uploads:
            self.part(ada, upload["upload_id"], 1, content[:8 * MIB])
        self.sql(f"UPDATE sync_uploads SET expires_at = 1 WHERE id = '{uploads[0]['upload_id']}'")
        self.run_job("expire_uploads")
        support.wait_until(lambda: self.sql(f"SELECT status FROM sync_uploads WHERE id = '{uploads[0]['upload_id']}'") in ([], [["expired"]]), 20, "the job")
        support.wait_until(lambda: self.parts(uploads[0]) == 0, 20, "the parts to go")
        self.assertEqual((self.status(ada, uploads[1]), self.parts(uploads[1])), ("pending", 1))
        self.assertIn(sha256(content[:8 * MIB]), self.blobs(), "the other upload has the same bytes")


class UploadsOnSqlite(Uploads, SessionFamily):
    def test_of_one_user_two_parts_are_stored_at_once(self):
        ada, bob, content = self.account(), self.account(), archive(TALK)
        uploads = [self.opened(ada, new_id(), content)["upload_id"] for _ in range(3)]
        theirs = self.opened(bob, new_id(), content)["upload_id"]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            with holding_writes(self.server):
                parts = [content, content[:-1] + b"y"]
                held = [pool.submit(self.part, ada, upload, 1, part) for upload, part in zip(uploads, parts)]
                support.wait_until(lambda: {sha256(part) for part in parts} <= set(self.blobs()), 20, "both parts to be stored")
                busy = support.wait_until(lambda: (answer := self.part(ada, uploads[2], 1, content + b"x")).status == 429 and answer, 10,
                                          "both slots to be taken")
                held.append(pool.submit(self.part, bob, theirs, 1, content))
            self.assertEqual([one.result().status for one in held], [200, 200, 200])
        self.assertRefused(busy, 429, "upload_busy", "Two parts are being stored; try again in a moment")
        self.assertEqual(busy.headers["Retry-After"], "1")
        self.assertEqual(self.part(ada, uploads[2], 1, content).status, 200)


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class UploadsOnPostgres(Uploads, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
