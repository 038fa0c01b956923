"""Blobs and objects in an S3 store that checks signatures, and the server's behaviour when the store refuses, hangs or is down."""
import concurrent.futures
import hashlib
import re
import threading
import time
import unittest
import urllib.error
import urllib.request

import support
from mortise_server import MortiseServer
from swift import Swift

TIME_LIMIT = 400
MIB = 1 << 20


def fetch(url):
    """Status and body, without any credentials."""
    try:
        with urllib.request.urlopen(url, timeout=20) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def noise(size, seed):
    block = hashlib.shake_128(seed.encode()).digest(MIB)
    return (block * (size // MIB + 1))[:size]


def upload(server, content, timeout=120):
    return support.request(server, "POST", "/probe/blobs", content, {"Content-Type": "application/octet-stream"}, timeout=timeout)


def store_health(server):
    checks = support.request(server, "GET", "/api/v1/infra/health").json()["services"]
    return checks["object_store"]["status"]


@unittest.skipUnless(Swift.available(), "OpenStack Swift or boto3 is not installed")
class S3Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.swift = Swift().start()
        cls.addClassCleanup(cls.swift.remove)

    def serve(self, prefix=(), options=None, **changed):
        server = MortiseServer({**support.QUICK, **self.swift.options(**changed), **(options or {})}, modules=["probe"], prefix=prefix).start()
        self.addCleanup(server.stop)
        return server


class Blobs(S3Case):
    def test_what_is_uploaded_lies_in_the_bucket_and_comes_back(self):
        server = self.serve()
        content = noise(3 * MIB + 17, "one")
        digest = hashlib.sha256(content).hexdigest()
        answer = upload(server, content)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json(), {"id": digest, "size": len(content)})
        key = f"e2e/probe/{digest[:2]}/{digest}"
        self.assertEqual(self.swift.client().get_object(Bucket="default", Key=key)["Body"].read(), content)
        self.assertEqual([path for path in server.data.rglob("*") if path.is_file() and digest in path.name], [], "kept on this disk as well")

        whole = support.request(server, "GET", f"/probe/files/{digest}")
        self.assertEqual((whole.status, whole.body == content), (200, True))
        part = support.request(server, "GET", f"/probe/files/{digest}", headers={"Range": "bytes=2000000-2000099"})
        self.assertEqual((part.status, part.body), (206, content[2000000:2000100]), part.headers)
        head = support.request(server, "HEAD", f"/probe/files/{digest}")
        self.assertEqual((head.status, head.headers["Content-Length"], head.body), (200, str(len(content)), b""))

        self.assertEqual(upload(server, content).status, 201)
        sent = [line for line in self.swift.requests() if f"PUT /default/{key}" in line]
        self.assertEqual(len(sent), 1, "sent again although it was there")
        self.assertEqual(support.request(server, "DELETE", f"/probe/files/{digest}").status, 200)
        self.assertEqual(support.request(server, "GET", f"/probe/files/{digest}").status, 404)
        self.assertNotIn(key, self.swift.keys())

    def test_a_large_blob_goes_in_parts(self):
        server = self.serve()
        content = noise(70 * MIB + 1, "large")
        digest = hashlib.sha256(content).hexdigest()
        answer = upload(server, content)
        self.assertEqual(answer.status, 201, answer)
        key = f"e2e/probe/{digest[:2]}/{digest}"
        self.assertTrue(self.swift.client().head_object(Bucket="default", Key=key)["ETag"].endswith('-5"'))
        back = support.request(server, "GET", f"/probe/files/{digest}", timeout=120)
        self.assertEqual((back.status, hashlib.sha256(back.body).hexdigest()), (200, digest))
        self.assertNotIn("Uploads", self.swift.client().list_multipart_uploads(Bucket="default", Prefix="e2e/"))

    def test_a_store_that_hangs_costs_a_bounded_time_and_is_used_again_when_it_is_back(self):
        server = self.serve(s3_timeout="2s")
        digest = upload(server, b"before").json()["id"]
        self.assertEqual(store_health(server), "healthy")
        self.swift.freeze()
        self.addCleanup(self.swift.thaw)
        answer = support.request(server, "GET", f"/probe/files/{digest}", timeout=60)
        self.assertEqual(answer.status, 503, answer)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        self.assertEqual(upload(server, b"meanwhile").status, 503)
        self.assertEqual(store_health(server), "unhealthy")
        self.assertTrue(server.healthy(), "the server itself is well")
        self.swift.thaw()
        support.wait_until(lambda: upload(server, b"afterwards").status == 201, 30, "uploads to work again")
        self.assertEqual(support.request(server, "GET", f"/probe/files/{digest}").body, b"before")
        for sentence in ("the object store does not answer", "the object store answers again"):
            support.wait_until(lambda: sentence in server.output(), 20, f"the log to say: {sentence}")


class Bursts(S3Case):
    """Many uploads at once while the store is slow: it stands still until they wait for it."""

    def burst(self, server, count):
        pool = concurrent.futures.ThreadPoolExecutor(count)
        self.addCleanup(pool.shutdown)
        return [pool.submit(upload, server, b"content %d" % number) for number in range(count)]

    def waiting(self, server):
        page = support.request(server, "GET", "/metrics").body.decode()
        return float(re.search(r"^mortise_workers_awaiting (\S+)", page, re.M).group(1))

    def serve_few(self, outbound):
        server = self.serve(s3_timeout="60s", options={"http.outbound": outbound, "http.workers": 4, "http.request_timeout": "120s"})
        self.assertEqual(upload(server, b"before").status, 201)
        return server

    def test_all_places_are_for_the_one_store(self):
        server = self.serve_few(40)
        self.swift.freeze()
        self.addCleanup(self.swift.thaw)
        uploads = self.burst(server, 40)
        support.wait_until(lambda: self.waiting(server) == 40, 60, "the uploads to wait for the store")
        self.swift.thaw()
        self.assertEqual([one.result().status for one in uploads], [201] * 40)

    def test_more_than_there_are_places_wait_or_are_asked_to_come_again(self):
        server = self.serve_few(6)
        self.swift.freeze()
        self.addCleanup(self.swift.thaw)
        uploads = self.burst(server, 40)
        # Six wait for the store, or five beside a look of the health check.
        def refused():
            return [one.result() for one in uploads if one.done()]

        support.wait_until(lambda: len(refused()) >= 34, 60, "those without a place to be answered")
        self.assertLessEqual(self.waiting(server), 6)
        for answer in refused():
            self.assertEqual(answer.status, 503, answer)
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        for number in range(8):
            added = support.request(server, "POST", "/probe/pairs", {"id": f"p{number}", "text": "other work goes on"}, timeout=20)
            self.assertEqual(added.status, 201, added)
        self.swift.thaw()
        statuses = [one.result().status for one in uploads]
        self.assertEqual(set(statuses), {201, 503})
        self.assertLessEqual(statuses.count(503), 36)


class Misconfigured(S3Case):
    def refused(self, server, sentence):
        self.assertTrue(server.healthy())
        answer = upload(server, b"x")
        self.assertEqual(answer.status, 503, answer)
        self.assertNotIn("blobs.", answer.body.decode(), "what operators have to set is not the caller's business")
        support.wait_until(lambda: re.search(sentence, server.output()), 20, f"the log to say: {sentence}")
        self.assertEqual(store_health(server), "unhealthy")
        self.assertNotIn("testing", server.output())

    def test_a_wrong_secret(self):
        self.refused(self.serve(s3_secret_key="not-the-secret"), "it refuses the signature; check blobs.s3_secret_key")

    def test_a_bucket_that_is_not_there(self):
        self.refused(self.serve(url="s3://no-such-bucket"), "there is no bucket no-such-bucket; make it")

    def test_another_region(self):
        self.refused(self.serve(s3_region="eu-central-1"), "is in the region us-east-1; set blobs.s3_region")

    @unittest.skipUnless(support.CLOCK_MOVES, support.NO_CLOCK)
    def test_a_clock_that_is_wrong(self):
        server = self.serve(prefix=support.with_clock("+20m"))
        self.refused(server, r"clock of this server and of the object store differ by (119\d|12\d\d) s; set the clock \(NTP\)")

    def test_values_that_can_not_work_are_told_before_the_start(self):
        server = MortiseServer({**self.swift.options(url="s3://Not_A_Bucket")}, modules=["probe"])
        with self.assertRaises(AssertionError) as failure:
            server.run("check-config")
        self.assertIn("can't be a bucket; use s3://BUCKET/PREFIX", str(failure.exception))


class Objects(S3Case):
    def put(self, server, name, content, seconds=60, bucket=""):
        return support.request(server, "PUT", f"/probe-objects?name={name}&seconds={seconds}&bucket={bucket}", content,
                               {"Content-Type": "application/octet-stream"})

    def test_a_link_gives_the_object_to_anybody_until_it_ends(self):
        server = self.serve()
        answer = self.put(server, "reports/M%C3%A4rz%201.txt", b"shared")
        self.assertEqual(answer.status, 201, answer)
        url = answer.json()["url"]
        self.assertTrue(url.startswith(f"http://127.0.0.1:{self.swift.port}/default/reports/M%C3%A4rz%201.txt?"), url)
        self.assertEqual(fetch(url), (200, b"shared"))
        self.assertEqual(fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))[0], 403)
        self.assertEqual(fetch(url.replace("rz%201", "rz%202"))[0], 403)
        brief = self.put(server, "brief", b"x", seconds=1).json()["url"]
        time.sleep(2.1)
        self.assertEqual(fetch(brief)[0], 403)
        known = support.request(server, "GET", "/probe-objects?name=brief").json()
        self.assertEqual((known["size"], known["content_type"]), (1, "text/plain"))
        self.assertEqual(support.request(server, "DELETE", "/probe-objects?name=brief").status, 200)
        self.assertEqual(support.request(server, "GET", "/probe-objects?name=brief").status, 404)

    def test_buckets_are_the_operators(self):
        server = self.serve()
        known = support.request(server, "GET", "/probe-bucket").json()
        self.assertEqual(known, {"name": "default", "endpoint": f"127.0.0.1:{self.swift.port}", "exists": True, "is_default": True})
        self.assertFalse(support.request(server, "GET", "/probe-bucket?bucket=nobody-made-it").json()["exists"])
        self.assertEqual(self.put(server, "a", b"x", bucket="nobody-made-it").status, 404)
        self.assertEqual(self.put(server, "a", b"x", bucket="second-bucket").status, 201)
        self.assertEqual(self.put(server, "e2e/probe/aa", b"x").status, 422, "an object among the blobs")

    def test_links_lead_here_when_objects_are_kept_here(self):
        server = MortiseServer({**support.QUICK}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        content = noise(300_000, "local")
        url = self.put(server, "reports/M%C3%A4rz%201.txt", content).json()["url"]
        self.assertTrue(url.startswith(f"{server.base}/objects/default/reports/M%C3%A4rz%201.txt?expires="), url)
        path = url[len(server.base):]
        whole = support.request(server, "GET", path)
        self.assertEqual((whole.status, whole.body == content), (200, True))
        self.assertEqual(whole.headers["X-Content-Type-Options"], "nosniff")
        self.assertTrue(whole.headers["Content-Disposition"].startswith("attachment;"), whole.headers["Content-Disposition"])
        self.assertEqual(whole.headers["Content-Type"], "text/plain")
        part = support.request(server, "GET", path, headers={"Range": "bytes=100-199"})
        self.assertEqual((part.status, part.body), (206, content[100:200]))
        for altered in (path.replace("rz%201", "rz%202"), re.sub(r"expires=\d", "expires=2", path), path[:-1] + ("0" if path[-1] != "0" else "1"),
                        path.replace("/default/", "/second-bucket/"), path.replace("/reports/", "/../reports/")):
            answer = support.request(server, "GET", altered)
            self.assertIn(answer.status, (400, 403), f"{altered}: {answer}")  # 400: no path of this server has ..
        brief = self.put(server, "brief", b"x", seconds=1).json()["url"][len(server.base):]
        time.sleep(2.1)
        expired = support.request(server, "GET", brief)
        self.assertEqual((expired.status, expired.json()["code"]), (403, "link_expired"))
        self.assertEqual(store_health(server), "healthy")


@unittest.skipUnless(support.CLOCK_MOVES, support.NO_CLOCK)
class Killed(S3Case):
    def test_kill_in_the_middle_of_a_multipart_upload_leaves_no_object_and_clean_up_takes_the_parts(self):
        server = self.serve()
        content = noise((512 if support.LONG else 200) * MIB, "killed")
        digest = hashlib.sha256(content).hexdigest()
        key = f"e2e/probe/{digest[:2]}/{digest}"
        store = self.swift.client()

        def uploads():
            return store.list_multipart_uploads(Bucket="default", Prefix="e2e/").get("Uploads", [])

        def has_a_part():
            found = uploads()
            return found and "Parts" in store.list_parts(Bucket="default", Key=key, UploadId=found[0]["UploadId"])

        sending = threading.Thread(target=lambda: self.broken(server, content))
        sending.start()
        support.wait_until(has_a_part, 60, "the first part")
        server.process.kill()
        server.process.wait()
        sending.join()
        self.assertEqual([upload["Key"] for upload in uploads()], [key])
        self.assertNotIn(key, self.swift.keys())

        before = self.looks()
        again = self.serve()  # one hour is not over: it could be another server's
        support.wait_until(lambda: self.looks() > before, 30, "the clean-up of the start")
        self.assertEqual(len(uploads()), 1)
        again.stop()
        self.swift.stop()
        self.swift.start(clock="+2h")
        later = self.serve(prefix=support.with_clock("+2h"))
        support.wait_until(lambda: self.aborted(key), 60, "the parts to be taken back")
        self.assertEqual(upload(later, content, timeout=300).status, 201, "what was cut off can be sent again")

    @staticmethod
    def broken(server, content):
        try:
            upload(server, content, timeout=120)
        except OSError:
            pass
        except Exception as error:  # http.client's exceptions for a closed connection
            assert "RemoteDisconnected" in type(error).__name__ or "BadStatusLine" in type(error).__name__, error

    def looks(self):
        """How often the list of uploads was requested."""
        return sum("GET /default?" in line and "uploads=" in line for line in self.swift.requests())

    def aborted(self, key):
        return any(f"DELETE /default/{key}?uploadId=" in line and " 204 " in line for line in self.swift.requests())


if __name__ == "__main__":
    unittest.main()
