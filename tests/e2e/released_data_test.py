"""A data directory and a configuration that the server of release 1.0 wrote (tests/fixtures/released-1.0/), under today's server: its accounts, tokens,
keys and cookies still open it, and nothing that was in it is lost."""
import json
import tarfile
import unittest

import support
from mortise_server import MortiseServer
from unified_family import Browser

FIXTURE = support.ROOT / "tests" / "fixtures" / "released-1.0"
MODULES = ["auth", "files", "scheduler", "skills", "sync"]
# What differs by the time of asking, or because the test itself asks.
PASSING = {"timestamp", "next_run_time", "last_run_time", "last_used_at", "last_used_ip", "last_login_at", "latest_version"}
# What answers show since then, with its value in this data.
ADDED = {"/api/v1/auth/me": {"capture_health": None, "represented_personas": []}}


def lasting(value):
    if isinstance(value, dict):
        return {key: lasting(member) for key, member in value.items() if key not in PASSING}
    return [lasting(item) for item in value] if isinstance(value, list) else value


def without_scheduled_runs(body):
    """A page without the runs that the clock began while the test ran, and without their sync sessions: the fixture holds only runs by hand."""
    page = body.get("data") if isinstance(body, dict) else None
    if not isinstance(page, dict) or "items" not in page:
        return body
    kept = [item for item in page["items"] if item.get("manual", True) and item.get("sync_type") != "scheduled_task"]
    return {**body, "data": {**page, "items": kept, "total": page["total"] - len(page["items"]) + len(kept)}}


class ReleasedData(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.known = json.loads((FIXTURE / "known.json").read_text())
        cls.folder, cls.server = cls.serve()
        cls.tokens = cls.sign_everybody_in(cls.server)

    @classmethod
    def serve(cls, **options):
        """(folder, server) on a copy of the fixture."""

        class Case:
            addCleanup = staticmethod(cls.addClassCleanup)

        folder = support.temporary_directory(Case)
        with tarfile.open(FIXTURE / "data.tar.xz") as archive:
            archive.extractall(folder)
        server = MortiseServer({"config": folder / "mortise.conf", "data.dir": folder / "data", "limits.enabled": "false",
                                "http.public_url": "https://api.example.com", "modules.path": str(support.BUILD / "modules"),
                                "modules.required": MODULES}, modules=MODULES, **options).start()
        cls.addClassCleanup(server.stop)
        return folder, server

    @classmethod
    def ask(cls, method, path, body=None, token=None, server=None):
        return support.request(server or cls.server, method, path, body, {"Accept-Language": "en"}, token=token)

    @classmethod
    def sign_everybody_in(cls, server):
        """A token or key for each person's name."""
        return {**cls.known["keys"], **{name: cls.sign_in(server, name, person) for name, person in cls.known["people"].items() if person["family"] != "sharing"}}

    @classmethod
    def sign_in(cls, server, name, person):
        """By password, in the person's own family; returns the access token."""
        if person["family"] == "platform":
            answer = cls.ask("POST", "/api/auth/login", {"username": name, "password": cls.known["password"]}, server=server)
            return answer.json()["data"]["tokens"]["access_token"]
        answer = cls.ask("POST", "/api/v1/auth/sessions", {"email": f"{name}@example.com", "password": cls.known["password"]}, server=server)
        return answer.json()["access_token"]

    def test_every_answer_is_what_the_released_server_answered(self):
        self.expect_known_answers(self.server, self.tokens)

    @unittest.skipUnless(support.CLOCK_MOVES, support.NO_CLOCK)
    def test_every_answer_is_the_same_at_the_hour_of_its_jobs(self):
        for time, job in (("2026-11-29 03:30:01", "sync.maintain_database"), ("2026-11-29 03:40:01", "skills.clean_up"), ("2026-12-05 20:00:01", "kernel.scrub_blobs")):
            with self.subTest(job):
                _, server = self.serve(prefix=support.with_clock(f"@{time}"))
                tokens = self.sign_everybody_in(server)
                support.wait_until(lambda: any(run["ended_at"] and not run["manual"] for run in self.ask(
                    "GET", f"/api/v1/scheduler/jobs/{job}/runs", token=tokens["root"], server=server).json()["data"]["items"]), 30, f"{job} by the clock")
                self.expect_known_answers(server, tokens)

    def expect_known_answers(self, server, tokens):
        self.assertGreater(len(self.known["answers"]), 20)
        for known in self.known["answers"]:
            with self.subTest(f"{known['who']}: {known['path']}"):
                answer = self.ask("GET", known["path"], token=tokens[known["who"]], server=server)
                self.assertEqual(answer.status, 200, answer)
                added = ADDED.get(known["path"], {})
                self.assertEqual(lasting(without_scheduled_runs(answer.json())), {**lasting(known["body"]), **added} if added else lasting(known["body"]))

    def test_refresh_tokens_of_both_families_work(self):
        for name, person in self.known["people"].items():
            with self.subTest(name):
                if person["family"] == "platform":
                    answer = self.ask("POST", "/api/auth/refresh", {"refresh_token": person["refresh_token"]})
                    token = answer.json()["data"]["access_token"]
                elif person["family"] == "runtime":
                    answer = self.ask("POST", "/api/v1/auth/sessions/refresh", {"refresh_token": person["refresh_token"]})
                    token = answer.json()["access_token"]
                else:
                    continue
                me = self.ask("GET", "/api/v1/users/me", token=token)
                self.assertEqual((me.status, me.json()["id"]), (200, person["id"]), me)

    def test_a_browser_is_still_signed_in(self):
        browser = Browser.__new__(Browser)
        browser.server, browser.cookie, browser.token = self.server, self.known["cookie"], None
        session = browser.call("GET", "/api/v1/auth/session").json()["data"]
        self.assertEqual((session["authenticated"], session["user"]["username"]), (True, "bob"))
        browser.fetch_token()
        self.assertEqual(browser.cookie, self.known["cookie"], "it got another session")

    def test_a_wrong_password_is_still_wrong(self):
        self.assertEqual(self.ask("POST", "/api/auth/login", {"username": "ada", "password": "wrong horse 77"}).json()["code"], 401)

    def test_files_have_their_bytes(self):
        for id, file in self.known["files"].items():
            with self.subTest(file["filename"]):
                answer = self.ask("GET", f"/api/files/{id}/download", token=self.tokens["ada"])
                self.assertEqual(answer.status, 200, answer)
                self.assertEqual(answer.body, bytes.fromhex(file["hex"]) if "hex" in file else file["text"].encode())
        self.assertEqual(self.ask("GET", f"/api/files/{self.known['gone_file']}", token=self.tokens["ada"]).status, 404)
        self.assertNotEqual(self.ask("GET", f"/api/files/{next(iter(self.known['files']))}", token=self.tokens["bob"]).status, 200, "it is ada's")

    def test_skills_have_their_files(self):
        for name, id in self.known["skills"].items():
            root = self.folder / "data" / "skills" / id
            self.assertTrue(any(root.rglob("SKILL.md")), f"{name}: {sorted(root.rglob('*'))}")

    def test_the_service_key_still_runs_as_its_minter(self):
        key = self.known["service_key"]
        listed = self.ask("GET", f"/api/v1/orgs/{key['org']}/service-keys", token=self.tokens["sam"]).json()
        self.assertEqual([(one["id"], one["key_prefix"], one["is_active"]) for one in listed], [(key["id"], key["raw"][:12], True)])
        refused = self.ask("GET", "/api/v1/org", token=key["raw"])
        self.assertEqual(refused.status, 403, "known, and not let in here: its scopes are others")

    @unittest.skipUnless(support.CLOCK_MOVES, support.NO_CLOCK)
    def test_open_invites_are_still_open(self):
        """On the day on which the fixture was written: they run out."""
        _, server = self.serve(prefix=support.with_clock(f"@{self.known['written']}"))
        answer = self.ask("GET", "/api/v1/org/invites", token=self.tokens["sam"], server=server)
        self.assertEqual((answer.status, answer.json()), (200, self.known["invites"]))
        self.assertEqual([one["email"] for one in self.known["invites"]["invites"]], ["ada@example.com"])

    def test_work_goes_on(self):
        base = "/api/v1/scheduler/jobs/files.sweep"

        def ended():
            runs = without_scheduled_runs(self.ask("GET", f"{base}/runs", token=self.tokens["root"]).json())["data"]["items"]
            return [run["run_id"] for run in runs if run["ended_at"]]

        before = ended()
        self.assertEqual(Browser(self.server).log_in("root").call("POST", f"{base}/actions/run", {}).status, 200)
        support.wait_until(lambda: len(ended()) == len(before) + 1, 60, "a run")
        self.assertEqual(self.ask("POST", "/api/auth/register", {"username": "new", "password": "correct horse 7"}).json()["code"], 200)


if __name__ == "__main__":
    unittest.main()
