"""The job kernel.scrub_blobs: finds the one changed blob, reports it everywhere, and stops serving it."""
import hashlib
import os
import pathlib
import signal
import unittest

import scheduler_test
import support
import unified_family

SESSIONS = "/api/v1/sync-sessions"
JOB = "kernel.scrub_blobs"


class Blobs:
    """Blobs of the module probe, on disk. Mixed into a case with a `server`."""

    def put(self, content):
        answer = support.request(self.server, "POST", "/probe/blobs", content, {"Content-Type": "application/octet-stream"})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["id"], hashlib.sha256(content).hexdigest())
        return answer.json()["id"]

    def folder(self):
        return pathlib.Path(self.server.data) / "blobs"

    def file_of(self, blob):
        return self.folder() / "data" / "probe" / blob[:2] / blob

    def flip_a_byte(self, blob, at):
        with open(self.file_of(blob), "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 0x10]))
            file.flush()
            os.fsync(file.fileno())

    def metric(self, name):
        page = support.request(self.server, "GET", "/metrics").body.decode()
        return next(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name + " "))


class Scrub(Blobs, unified_family.OnSqlite, scheduler_test.Calls, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync", "scheduler"])

    def setUp(self):
        for file in self.folder().glob("d*/probe/**/*"):
            if file.is_file():
                file.unlink()

    def scrub(self):
        before = self.runs(JOB)["total"]
        self.assertEqual(self.act(JOB, "run").status, 200)
        return self.ended_run(JOB, before)

    def session(self):
        listed = self.admin.call("GET", f"{SESSIONS}?sync_type=manual_task&sync_category=other").json()["data"]["items"][0]
        return self.admin.call("GET", f"{SESSIONS}/{listed['session_id']}").json()["data"]["session"]

    def test_nothing_is_found_where_nothing_is_wrong(self):
        for number in range(5):
            self.put(os.urandom(100_000 * number + 1))
        run = self.scrub()
        self.assertEqual((run["outcome"], run["error"]), ("succeeded", None), run)
        session = self.session()
        self.assertEqual((session["status"], session["total_instances"], session["successful_instances"]), ("completed", 1, 1))
        record = session["instance_records"][0]
        self.assertEqual((record["instance_name"], record["items_synced"], record["items_deleted"]), ("probe", 5, 0))
        self.assertEqual(self.metric("mortise_blobs_damaged"), 0)

    def test_a_flipped_byte_is_found_and_nothing_else(self):
        contents = [os.urandom(1_500_000 + number) for number in range(6)]
        blobs = [self.put(content) for content in contents]
        self.flip_a_byte(blobs[3], 1_234_567)
        run = self.scrub()
        self.assertEqual(run["outcome"], "failed")
        self.assertIn("6 blobs", run["error"])
        self.assertIn("1 damaged, 0 unreadable", run["error"])
        self.assertEqual([line for line in run["output"].splitlines() if "damaged, set aside" in line], [f"damaged, set aside: probe/{blobs[3]}"])
        session = self.session()
        self.assertEqual((session["status"], session["failed_instances"]), ("failed", 1))
        record = session["instance_records"][0]
        self.assertEqual(record["sync_details"]["damaged"], [f"probe/{blobs[3]}"])
        self.assertEqual(record["sync_details"]["unreadable"], [])
        self.assertIn(f"probe/{blobs[3]}", self.server.output())
        self.assertEqual(self.metric("mortise_blobs_damaged"), 1)
        for number, blob in enumerate(blobs):
            answer = support.request(self.server, "GET", f"/probe/files/{blob}")
            self.assertEqual(answer.status, 404 if number == 3 else 200, "wrong bytes are never served")
            if number != 3:
                self.assertEqual(answer.body, contents[number])
        kept = list((self.folder() / "damaged" / "probe").iterdir())
        self.assertEqual([file.stat().st_size for file in kept], [1_500_003], "the evidence is kept")
        # The right bytes come again: healed.
        self.assertEqual(self.put(contents[3]), blobs[3])
        self.assertEqual(support.request(self.server, "GET", f"/probe/files/{blobs[3]}").body, contents[3])
        self.assertEqual(self.scrub()["outcome"], "succeeded")
        self.assertEqual(self.metric("mortise_blobs_damaged"), 1, "as long as the evidence lies there")


class ScrubWatched(Blobs, unified_family.OnSqlite, scheduler_test.Calls, unittest.TestCase):
    """A pass that takes minutes is a session while it goes on."""

    @classmethod
    def setUpClass(cls):
        unified_family.start(cls, ["sync", "scheduler"], {"blobs.scrub_rate": "1KiB"})

    def sessions(self, query=""):
        return self.admin.call("GET", f"{SESSIONS}?sync_category=other&limit=100{query}").json()["data"]["items"]

    def session(self, id):
        return self.admin.call("GET", f"{SESSIONS}/{id}").json()["data"]["session"]

    def errors(self, id):
        return [record["error_message"] for record in self.admin.call("GET", f"{SESSIONS}/{id}/error-logs").json()["data"]["error_records"]]

    def begin(self):
        """The session of a pass that has begun to read."""
        for _ in range(3):
            self.put(os.urandom(200_000))
        self.assertEqual(self.act(JOB, "run").status, 200)
        session = support.wait_until(lambda: self.sessions("&status=running"), 20, "the session")[0]["session_id"]
        support.wait_until(lambda: self.session(session)["instance_records"][0]["status"] == "running", 20, "the scope to be begun")
        return session

    def test_a_cancel_of_the_session_reaches_the_run(self):
        session = self.begin()
        before = self.runs(JOB)["total"]
        self.assertEqual(self.admin.call("POST", f"{SESSIONS}/{session}/actions/cancel").status, 200)
        run = self.ended_run(JOB, before - 1)
        self.assertEqual(run["outcome"], "cancelled")
        self.assertIn("cancelled in scope probe", run["output"])
        detail = self.session(session)
        self.assertEqual((detail["status"], detail["total_instances"], [record["status"] for record in detail["instance_records"]]),
                         ("cancelled", 1, ["running"]))
        self.assertEqual(self.admin.call("POST", f"{SESSIONS}/{session}/actions/cancel").status, 404)

    def test_a_cancel_of_the_run_ends_the_session(self):
        session = self.begin()
        run = self.runs(JOB)["items"][0]["run_id"]
        before = self.runs(JOB)["total"]
        self.assertEqual(self.admin.call("POST", f"/api/v1/scheduler/runs/{run}/actions/cancel").status, 200)
        self.assertEqual(self.ended_run(JOB, before - 1)["outcome"], "cancelled")
        self.assertEqual(self.session(session)["status"], "failed")
        self.assertEqual(self.errors(session), ["the run was asked to stop"])

    def test_a_killed_server_leaves_one_session_that_failed(self):
        session = self.begin()
        known = {item["session_id"] for item in self.sessions()}
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.process.wait()
        unified_family.restart(self)
        detail = self.session(session)
        self.assertEqual((detail["status"], [record["status"] for record in detail["instance_records"]]), ("failed", ["failed"]))
        self.assertEqual(self.errors(session), ["the server ended during the run"])
        self.assertEqual({item["session_id"] for item in self.sessions()}, known)

    def test_a_stopped_server_leaves_one_session_that_failed(self):
        session = self.begin()
        known = {item["session_id"] for item in self.sessions()}
        self.server.stop()
        unified_family.restart(self)
        self.assertEqual((self.session(session)["status"], self.errors(session)), ("failed", ["the run was asked to stop"]))
        self.assertEqual({item["session_id"] for item in self.sessions()}, known)


class ScrubAlone(Blobs, unittest.TestCase):
    """Without the module sync, by the clock."""

    def test_the_clock_scrubs_and_the_log_tells(self):
        from mortise_server import MortiseServer

        options = {**support.QUICK, "data.dir": str(support.temporary_directory(self) / "data")}
        self.server = MortiseServer({**options, "blobs.scrub": "off"}, modules=["probe"]).start()
        self.addCleanup(lambda: self.server.stop())
        blob = self.put(os.urandom(50_000))
        self.server.stop()
        self.flip_a_byte(blob, 49_999)
        leftover = self.server.data / "spool" / "left"
        leftover.write_bytes(b"by a crash")
        self.server = MortiseServer({**options, "blobs.scrub": "every: PT1S"}, modules=["probe"]).start()
        self.assertFalse(leftover.exists(), "the start removes what lies in the spool")
        support.wait_until(lambda: f"blob=probe/{blob}" in self.server.output(), 30, "the scrub to name the blob")
        self.assertFalse(self.file_of(blob).exists())
        support.wait_until(lambda: self.metric("mortise_blobs_damaged") == 1, 10, "the metric")


if __name__ == "__main__":
    unittest.main()
