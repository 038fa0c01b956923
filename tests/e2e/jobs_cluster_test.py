"""Two servers on one PostgreSQL, jobs that are due every second, kill -9 of whichever holds the lease, again and again.

The jobs of `metronome` (tests/modules/metronome) make up what was missed, so the count needs no clock: between the first time and the last one
each second of each job has run once, or is recorded as lost with the server that was running it; never twice."""
import os
import pathlib
import signal
import tempfile
import time
import unittest

import support
from mortise_server import MortiseServer, Postgres

TIME_LIMIT = 600
JOBS = 100 if support.LONG else 20
SECONDS = 100 if support.LONG else 12  # of runs, at least
KILLS = 10 if support.LONG else 3
LEASE = 5
SECOND = 1_000_000


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class JobsCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres().start()
        cls.addClassCleanup(cls.postgres.stop)

    def setUp(self):
        self.url = self.postgres.url()
        self.database = Postgres.database_of(self.url)
        self.folders = [support.temporary_directory(self) for _ in range(2)]
        self.servers = {}
        for folder in self.folders:
            self.launch(folder)

    def launch(self, folder):
        server = MortiseServer({**support.QUICK, "db.url": self.url, "data.dir": os.path.join(folder, "data"), "jobs.lease": f"{LEASE}s", "jobs.workers": 8,
                                "metronome.jobs": JOBS}, modules=["metronome"]).start(60)
        self.addCleanup(server.stop)
        self.servers[pathlib.Path(folder, "data", "node").read_text().strip()] = (server, folder)
        return server

    def rows(self, sql):
        return [line.split("|") for line in self.postgres.sql(sql, self.database).split("\n") if line]

    def number(self, sql):
        return int(self.rows(sql)[0][0] or 0)

    def runner(self):
        """The node that holds the lease and runs here, and its epoch; None while no node does."""
        node, epoch = self.rows("SELECT node, epoch FROM mortise_job_runner WHERE name = 'jobs'")[0]
        return (node, int(epoch)) if node in self.servers else None

    def beats(self):
        return self.number("SELECT COUNT(*) FROM metronome_beats")

    def kill_runner(self):
        node, epoch = support.wait_until(self.runner, 60, "a runner")
        before = self.beats()
        support.wait_until(lambda: self.beats() > before + JOBS, 60, "the runner to run jobs")
        server, folder = self.servers.pop(node)
        killed = time.monotonic()
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait()
        support.wait_until(lambda: (self.runner() or (None, 0))[1] > epoch, 60, "the other server to take over")
        taken = time.monotonic() - killed
        self.launch(folder)
        return taken

    def test_no_run_is_doubled_or_missing_when_the_runner_is_killed(self):
        start = time.monotonic()
        taken = [self.kill_runner() for _ in range(KILLS)]
        print(f"taken over after {', '.join(f'{seconds:.1f}' for seconds in taken)} s (lease {LEASE} s)")
        first = self.number("SELECT MIN(due_at) FROM metronome_beats")
        last = max(first + SECONDS * SECOND, self.number("SELECT MAX(due_at) FROM metronome_beats"))

        def all_over():
            behind = self.number(f"SELECT COUNT(*) FROM mortise_jobs WHERE module = 'metronome' AND next_run <= {last}")
            return behind == 0 and self.number(f"SELECT COUNT(*) FROM mortise_job_runs WHERE outcome = 'running' AND due_at <= {last}") == 0

        support.wait_until(all_over, 240, "the jobs to catch up")
        # A server records the ends of its runs in batches: runs shortly before it was killed may be recorded as lost.
        ran = {(job, int(due)): int(count) for job, due, count in self.rows(
            f"SELECT job, due_at, COUNT(*) FROM metronome_beats WHERE due_at <= {last} GROUP BY job, due_at")}
        lost = {(job.partition(".")[2], int(due)) for job, due in self.rows(
            f"SELECT job_id, due_at FROM mortise_job_runs WHERE outcome = 'lost' AND due_at <= {last}")}
        others = self.rows("SELECT outcome, COUNT(*) FROM mortise_job_runs WHERE outcome NOT IN ('succeeded', 'lost', 'running') GROUP BY outcome")
        self.assertEqual({key: count for key, count in ran.items() if count > 1}, {}, "runs that came twice")
        missing = []
        for job in {job for job, _ in ran}:
            begin = min(due for name, due in ran if name == job)
            missing += [(job, due) for due in range(begin, last + 1, SECOND) if (job, due) not in ran and (job, due) not in lost]
        self.assertEqual(missing, [], f"runs that never came (others: {others})")
        self.assertEqual(len({job for job, _ in ran}), JOBS)
        cut = len(lost - set(ran))
        print(f"{len(ran)} runs of {JOBS} jobs in {time.monotonic() - start:.0f} s, {KILLS} kills, {cut} runs were cut off by them, none doubled, none missing")

    def test_a_server_that_stops_hands_over_at_once_and_loses_nothing(self):
        node, epoch = support.wait_until(self.runner, 60, "a runner")
        support.wait_until(lambda: self.beats() > JOBS, 60, "jobs to run")
        server, _ = self.servers.pop(node)
        server.stop()
        support.wait_until(lambda: (self.runner() or (None, 0))[1] > epoch, 60, "the other server to take over")
        before = self.beats()
        support.wait_until(lambda: self.beats() > before + JOBS, 60, "the other server to run jobs")
        self.assertEqual(self.number("SELECT COUNT(*) FROM mortise_job_runs WHERE outcome = 'lost'"), 0)
        self.assertEqual(self.rows("SELECT job, due_at FROM metronome_beats GROUP BY job, due_at HAVING COUNT(*) > 1"), [])


if __name__ == "__main__":
    unittest.main()
