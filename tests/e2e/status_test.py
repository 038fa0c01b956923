"""/api/status and the probes of the object store: order and names of the services, access to details, checks of modules that fail or hang, round trips and links."""
import json
import re
import unittest
import urllib.parse

import forms
import support
from files_test import Envelope
from mortise_server import SLOW, MortiseServer, Postgres, Redis

TIME_LIMIT = 240
STAMP = r"\d{8}T\d{6}Z-[0-9a-f]{8}"


class Status(Envelope, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK}, modules=["auth", "files", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.ada, cls.root = (support.account(cls.server, name) for name in ("ada", "root"))
        cls.server.run("user", "set-role", "root", "super_admin")

    def setUp(self):
        self.say("ok")
        self.addCleanup(self.say, "ok")

    def say(self, state):
        self.assertEqual(support.request(self.server, "POST", f"/probe-health/{state}").status, 204)

    def status(self, token=None, path="/api/status"):
        answer = support.request(self.server, "GET", path, token=token)
        self.assertEqual(answer.status, 200, answer)
        body = answer.json()
        self.assertEqual(sorted(body), ["code", "data", "msg"])
        for service in body["data"]:
            self.assertEqual(sorted(service), ["details", "service", "status"])
        return body["code"], {service["service"]: service for service in body["data"]}

    def until(self, path, wanted):
        """Answers are cached for a second."""
        return support.wait_until(lambda: (lambda body: wanted(body) and body)(support.request(self.server, "GET", path).body.decode()), 15 * SLOW,
                                  f"{path} to change")

    def until_status(self, code, status):
        def look():
            got, services = self.status(self.ada)
            return got == code and services["probe"]["status"] == status and services

        return support.wait_until(look, 15 * SLOW, f"/api/status to say {code}")

    def test_services_come_in_the_order_that_clients_know(self):
        for path in ("/api/status", "/api/status/"):
            with self.subTest(path):
                code, services = self.status(path=path)
                self.assertEqual((code, list(services)), (200, ["postgres", "redis", "minio", "probe", "api"]))

    def test_details_are_for_those_who_are_signed_in(self):
        self.assertEqual({service["details"] for service in self.status()[1].values()}, {""})
        seen = {name: service["details"] for name, service in self.status(self.ada)[1].items()}
        self.assertRegex(seen["postgres"], r"^SQLite 3\.\d+")
        self.assertEqual((seen["redis"], seen["probe"]), ("in memory", "as told: ok"))
        self.assertTrue(seen["minio"] and seen["api"].startswith("mortise "), seen)
        bad = support.request(self.server, "GET", "/api/status", token="nonsense")
        self.refused(bad, 401)

    def test_a_failing_check_makes_the_body_503_and_the_status_200(self):
        for state, said in (("fail", "told to fail"), ("throw", "the check threw")):
            with self.subTest(state):
                self.say(state)
                services = self.until_status(503, "error")
                self.assertEqual(services["probe"]["details"], said)
                self.assertEqual({name for name, service in services.items() if service["status"] == "error"}, {"probe"})
                anonymous = support.request(self.server, "GET", "/api/status").json()
                self.assertEqual((anonymous["code"], anonymous["data"][3]), (503, {"service": "probe", "status": "error", "details": ""}))
                self.until("/metrics", lambda text: 'mortise_health_check{name="probe"} 0' in text)
                infra = json.loads(self.until("/api/v1/infra/health", lambda text: json.loads(text)["services"]["probe"]["status"] == "unhealthy"))
                self.assertEqual((infra["status"], infra["services"]["database"]["status"]), ("unhealthy", "healthy"))
                self.say("ok")
                self.until_status(200, "ok")
                self.until("/metrics", lambda text: 'mortise_health_check{name="probe"} 1' in text)
        self.assertEqual(len(re.findall(r'health check failed.*check=probe', self.server.output())) >= 2, True)

    def test_a_hanging_check_costs_its_limit_and_nobody_else(self):
        self.say("hang")
        services = self.until_status(503, "error")
        self.assertEqual(services["probe"]["details"], "no answer within 300 ms")
        self.assertEqual(services["postgres"]["status"], "ok")
        self.assertEqual(support.request(self.server, "GET", "/health").status, 200)
        self.until("/metrics", lambda text: 'mortise_health_check{name="probe"} 0' in text)
        self.say("ok")
        self.until_status(200, "ok")

    # --- the object store

    def probe(self, token=None, **query):
        return support.request(self.server, "GET", "/api/status/minio?" + urllib.parse.urlencode(query), token=token)

    def upload(self, token, content=b"hello", filename="a b.txt", type="text/plain", **query):
        return forms.upload(self.server, token, content, filename, type, path="/api/status/minio/upload?" + urllib.parse.urlencode(query))

    def test_a_ping_tells_whether_the_bucket_is_there(self):
        self.refused(self.probe(), 401)
        data = self.data(self.probe(self.ada))
        bucket = data["bucket"]
        self.assertEqual(data, {"ok": True, "reachable": True, "endpoint": f"127.0.0.1:{self.server.port}", "secure": False, "bucket": bucket,
                                "bucket_exists": True})
        self.assertEqual(self.data(self.probe(self.ada, bucket=bucket)), data)
        self.assertEqual(self.data(self.probe(self.ada, bucket="nowhere")), {**data, "ok": False, "bucket": "nowhere", "bucket_exists": False})
        for bad in ("UPPER", "ab", "a/b", ".."):
            self.invalid(self.probe(self.ada, bucket=bad), ["query", "bucket"], "bucket_name")
        self.invalid(self.probe(self.ada, smoke="perhaps"), ["query", "smoke"], "bool_parsing")

    def test_a_smoke_test_leaves_nothing(self):
        data = self.data(self.probe(self.ada, smoke="true"))
        self.assertRegex(data.pop("object"), rf"^__healthcheck__/{STAMP}\.txt$")
        size = data.pop("uploaded_bytes")
        self.assertTrue(size > 0)
        bucket = data.pop("bucket")
        self.assertEqual(data, {"ok": True, "endpoint": f"127.0.0.1:{self.server.port}", "secure": False, "bucket_exists": True, "downloaded_bytes": size,
                                "match": True})
        left = [path for path in (self.server.data / "blobs" / "buckets" / bucket).rglob("*") if path.is_file() and "__healthcheck__" in str(path)]
        self.assertEqual(left, [])
        missing = self.data(self.probe(self.ada, smoke="true", bucket="nowhere"))
        self.assertEqual(missing, {"ok": False, "endpoint": f"127.0.0.1:{self.server.port}", "secure": False, "bucket": "nowhere", "bucket_exists": False,
                                   "error": "bucket_not_exists"})

    def test_an_upload_gives_a_link_that_works(self):
        self.refused(self.upload(None), 401)
        self.refused(self.upload(self.ada), 403)
        data = self.data(self.upload(self.root, filename="../x/a b.txt"))
        self.assertEqual(sorted(data), ["bucket", "content_type", "etag", "filename", "object", "presigned_get_url", "size", "version_id"])
        self.assertRegex(data["object"], rf"^uploads/{STAMP}-a b\.txt$")
        self.assertEqual((data["filename"], data["content_type"], data["size"], data["version_id"]), ("a b.txt", "text/plain", 5, None))
        self.assertRegex(data["etag"], r'^".+"$')
        link = urllib.parse.urlsplit(data["presigned_get_url"])
        fetched = support.request(self.server, "GET", f"{link.path}?{link.query}")
        self.assertEqual((fetched.status, fetched.body), (200, b"hello"))
        self.assertNotEqual(support.request(self.server, "GET", link.path).status, 200)

    def test_names_are_what_was_asked_for(self):
        named = self.data(self.upload(self.root, object_name="\\/x\\y/z.bin", presign="false", type=None))
        self.assertEqual((named["object"], named["content_type"]), ("x/y/z.bin", ""))
        self.assertNotIn("presigned_get_url", named)
        self.assertRegex(self.data(self.upload(self.root, prefix="/p/q/"))["object"], rf"^p/q/{STAMP}-a b\.txt$")
        for query, field in (({"object_name": "a/../b"}, "object_name"), ({"object_name": ".."}, "object_name"), ({"prefix": "../up"}, "prefix"),
                             ({"object_name": "a//b"}, "object_name"), ({"object_name": "a\nb"}, "object_name")):
            with self.subTest(query):
                self.invalid(self.upload(self.root, **query), ["query", field], "object_name")

    def test_upload_refuses_what_breaks_the_contract(self):
        for seconds, rule in ((0, "greater_than_equal"), (604801, "less_than_equal"), ("soon", "int_parsing")):
            with self.subTest(seconds):
                self.invalid(self.upload(self.root, expiry_seconds=seconds), ["query", "expiry_seconds"], rule)
        answer = self.upload(self.root, bucket="nowhere", object_name="a.txt")
        self.assertEqual((answer.status, answer.json()), (200, {"code": 400, "msg": "bucket_not_exists", "data": {"bucket": "nowhere", "object": "a.txt"}}))
        empty = support.request(self.server, "POST", "/api/status/minio/upload", forms.body(forms.part("other", b"x", "x")),
                                {"Content-Type": forms.content_type()}, token=self.root)
        self.invalid(empty, ["body", "file"], "missing")

    def test_a_store_that_fails_says_so_without_its_inside(self):
        folder = self.server.data / "blobs" / "buckets"
        bucket = self.data(self.probe(self.ada))["bucket"]
        # A file where the probe would make its folder: no permissions stop root, this does.
        place = folder / bucket
        self.assertTrue(place.is_dir(), place)
        hidden = folder / "hidden"
        place.rename(hidden)
        try:
            place.write_text("not a folder")
            answer = self.probe(self.ada, smoke="true")
        finally:
            place.unlink()
            hidden.rename(place)
        self.assertEqual(answer.status, 200, answer)
        body = answer.json()
        self.assertNotIn(str(self.server.data), answer.body.decode())
        if body["code"] == 500:
            self.assertEqual(list(body["data"]), ["error"])
        else:  # the store may as well find that there is no such bucket
            self.assertEqual(body["data"]["error"], "bucket_not_exists")


class Services(Envelope, unittest.TestCase):
    """The names are independent of the implementation."""

    def details(self, options, modules=("auth",)):
        server = MortiseServer({**support.QUICK, **options}, modules=modules).start()
        self.addCleanup(server.stop)
        answer = support.request(server, "GET", "/api/status", token=support.account(server, "ada")).json()
        return server, answer["code"], {service["service"]: (service["status"], service["details"]) for service in answer["data"]}

    @unittest.skipUnless(Postgres.available() and Redis.available(), "PostgreSQL and Redis are not installed")
    def test_postgresql_and_redis_are_named(self):
        with Postgres() as postgres, Redis() as redis:
            server, code, services = self.details({"db.url": postgres.url(), "cache.url": redis.url})
            self.assertEqual((code, list(services)), (200, ["postgres", "redis", "minio", "api"]))
            self.assertRegex(services["postgres"][1], r"^PostgreSQL \d+")
            self.assertEqual(services["redis"], ("ok", "Redis"))
            redis.kill()
            body = support.wait_until(lambda: (lambda one: one["code"] == 503 and one)(support.request(server, "GET", "/api/status").json()), 15 * SLOW,
                                      "Redis to be missed")
            self.assertEqual([service["service"] for service in body["data"] if service["status"] == "error"], ["redis"])
            redis.start()
            support.wait_until(lambda: support.request(server, "GET", "/api/status").json()["code"] == 200, 15 * SLOW, "Redis to be back")

    def test_a_module_that_is_off_has_no_check(self):
        self.assertNotIn("probe", self.details({})[2])

    def test_a_server_stops_while_a_check_hangs(self):
        server, _, _ = self.details({}, modules=("auth", "probe"))
        support.request(server, "POST", "/probe-health/hang")
        support.wait_until(lambda: support.request(server, "GET", "/api/status").json()["code"] == 503, 15 * SLOW, "the check to hang")
        server.stop(seconds=30)
        self.assertIn("stopped", server.output())


if __name__ == "__main__":
    unittest.main()
