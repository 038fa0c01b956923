"""The clock is set back while the server runs, or before it starts again: jobs go on by the new time."""
import contextlib
import pathlib
import sqlite3
import time
import unittest

import support
from mortise_server import MortiseServer

TIME_LIMIT = 240
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
HOUR = 3600


@unittest.skipUnless(FAKETIME.exists() and not support.SANITIZED, support.NO_CLOCK)
class Clock(unittest.TestCase):
    def setUp(self):
        self.folder = support.temporary_directory(self)
        self.shift(0)
        self.server = self.made()

    def made(self):
        server = MortiseServer({**support.QUICK, "metronome.jobs": 3, "data.dir": str(self.folder / "data")}, modules=["metronome", "scheduler", "auth"],
                               environment={"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"), "FAKETIME_NO_CACHE": "1",
                                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.addCleanup(server.stop)
        return server

    def shift(self, seconds):
        self.by = seconds
        new = self.folder / "clock.new"
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.folder / "clock")

    def beats(self, since):
        """How many of the runs since then were due by the clock as it is set now."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/data/mortise.db?mode=ro", uri=True, timeout=10)) as database:
            rows = database.execute("SELECT job, COUNT(*) FROM metronome_beats WHERE rowid > ? AND due_at BETWEEN ? AND ? GROUP BY job",
                                    (since, (time.time() + self.by - 60) * 1e6, (time.time() + self.by + 60) * 1e6)).fetchall()
        return min((count for _, count in rows), default=0) if len(rows) == 3 else 0

    def last(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/data/mortise.db?mode=ro", uri=True, timeout=10)) as database:
            return database.execute("SELECT COALESCE(MAX(rowid), 0) FROM metronome_beats").fetchone()[0]

    def goes_on(self):
        since = self.last()
        support.wait_until(lambda: self.beats(since) >= 3, 30, "runs by the new clock")

    def test_it_is_set_back_while_jobs_run(self):
        self.server.start()
        self.goes_on()
        for seconds in (-HOUR, -25 * HOUR, -400 * 24 * HOUR):
            self.shift(seconds)
            self.goes_on()
        self.assertIn("the clock was set back", self.server.output())

    def test_it_is_set_back_while_no_server_runs(self):
        self.shift(3 * 365 * 24 * HOUR)  # as a machine without a battery might start
        self.server.start()
        self.goes_on()
        self.server.stop()
        self.shift(0)
        self.made().start()
        self.goes_on()

    def test_it_goes_ahead_and_back(self):
        self.server.start()
        self.goes_on()
        self.shift(2 * HOUR)
        self.goes_on()
        self.shift(0)
        self.goes_on()


if __name__ == "__main__":
    unittest.main()
