"""Every archive of hostile_archives.py, pushed over HTTP: the answer that the contract has for it, and nothing of what is refused left anywhere."""
import unittest

import forms
import support
from captured_sessions import TALK, SessionFamily, archive, manifest, new_id
from hostile_archives import hostile_archives

TIME_LIMIT = 600
SMALL = 100_000  # what is sent twice, for an old session and a new one
AT_LEAST = 80
ROOM_KIB = 120 << 10  # what the pushes may add to the server's memory


class HostileArchives(SessionFamily):
    def push_raw(self, caller, session, content):
        form = forms.body(forms.part("file", content, "session.tar.gz", "application/gzip"))
        return support.request(self.server, "PUT", f"/api/v1/sessions/{session}/sync", form,
                               {"Content-Type": forms.content_type(), "Accept-Language": "en"}, caller.token, timeout=120)

    def rows(self):
        return self.sql("SELECT count(*) FROM sync_captured_sessions")[0][0]

    def test_each_gets_its_answer_and_what_is_refused_leaves_nothing(self):
        ada = self.account()
        kept = archive(TALK, manifest(title="The one before"))
        session = self.push(ada, content=kept)
        before = support.resident_kib(self.server.pid)
        rejected = taken = 0
        for hostile in hostile_archives():
            with self.subTest(hostile.name):
                content = hostile.make()
                blobs, rows = self.blobs(), self.rows()
                if hostile.status == 201:
                    answer = self.push_raw(ada, odd := new_id(), content)
                    self.assertEqual(answer.status, 201, answer)
                    self.assertEqual(ada.get(f"/sessions/{odd}/sync").body, content, "byte for byte")
                    taken += 1
                    continue
                rejected += 1
                answer = self.push_raw(ada, session, content)
                self.assertEqual(answer.status, hostile.status, answer)
                error = answer.json()["error"]
                self.assertIn(hostile.message, error["message"])
                self.assertTrue(error["message"].isprintable(), error["message"])
                self.assertEqual(error["code"], str(hostile.status))
                if len(content) < SMALL:
                    self.assertEqual(self.push_raw(ada, new_id(), content).status, hostile.status)
                self.assertEqual((self.blobs(), self.rows()), (blobs, rows), "something is left")
        self.assertGreaterEqual(rejected, AT_LEAST)
        self.assertEqual(ada.get(f"/sessions/{session}/sync").body, kept, "the content before is there")
        self.assertEqual(forms.spool_files(self.server), [])
        if not support.SANITIZED:
            self.assertLess(support.resident_kib(self.server.pid) - before, ROOM_KIB)
        self.measured = f"{rejected} archives refused, {taken} odd ones taken"


if __name__ == "__main__":
    unittest.main()
