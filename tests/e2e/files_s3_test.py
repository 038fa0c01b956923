"""Files with contents in an S3 store that checks signatures, and the probes of that store over HTTP."""
import hashlib
import os
import re
import unittest
import urllib.parse
import urllib.request

import forms
import support
from files_test import Envelope
from mortise_server import MortiseServer
from swift import Swift

TIME_LIMIT = 300


@unittest.skipUnless(Swift.available(), "OpenStack Swift or boto3 is not installed")
class FilesOnS3(Envelope, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.swift = Swift().start()
        cls.addClassCleanup(cls.swift.remove)
        cls.server = MortiseServer({**support.QUICK, **cls.swift.options()}, modules=["auth", "files"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.ada, cls.root = (support.account(cls.server, name) for name in ("ada", "root"))
        cls.server.run("user", "set-role", "root", "super_admin")

    def call(self, method, path, token, **headers):
        return support.request(self.server, method, path, headers=headers, token=token, timeout=60)

    def keys(self, digest):
        return [key for key in self.swift.keys() if digest in key]

    def test_a_file_goes_to_the_bucket_comes_back_and_goes_away(self):
        content = os.urandom((3 << 20) + 17)
        digest = hashlib.sha256(content).hexdigest()
        first, second = (forms.stored(self.server, self.ada, content, name) for name in ("a.bin", "b.bin"))
        self.assertEqual(len(self.keys(digest)), 1)
        path = f"/api/files/{first['id']}/download"
        whole = self.call("GET", path, self.ada)
        self.assertEqual((whole.status, whole.body == content, whole.headers["Content-Length"]), (200, True, str(len(content))))
        self.assertEqual((whole.headers["ETag"], whole.headers["Content-Disposition"]), (f'"{digest}"', "attachment; filename*=utf-8''a.bin"))
        piece = self.call("GET", path, self.ada, Range="bytes=2000000-2000099")
        self.assertEqual((piece.status, piece.body), (206, content[2000000:2000100]))
        self.assertEqual(self.call("HEAD", path, self.ada).headers["Content-Length"], str(len(content)))
        self.data(self.call("DELETE", f"/api/files/{first['id']}", self.ada))
        self.assertEqual(len(self.keys(digest)), 1)
        self.data(self.call("DELETE", f"/api/files/{second['id']}", self.ada))
        self.assertEqual(self.keys(digest), [])

    def test_an_object_that_is_gone_is_404_and_does_not_hold_up_a_deletion(self):
        content = os.urandom(1000)
        info = forms.stored(self.server, self.ada, content, "a.bin")
        for key in self.keys(hashlib.sha256(content).hexdigest()):
            self.swift.client().delete_object(Bucket="default", Key=key)
        self.refused(self.call("GET", f"/api/files/{info['id']}/download", self.ada), 404)
        self.data(self.call("DELETE", f"/api/files/{info['id']}", self.ada))

    def test_the_probes_speak_of_the_store(self):
        ping = self.data(self.call("GET", "/api/status/minio", self.ada))
        self.assertEqual((ping["ok"], ping["bucket"], ping["bucket_exists"], ping["secure"]), (True, "default", True, False))
        self.assertRegex(ping["endpoint"], r"^127\.0\.0\.1:\d+$")
        self.assertFalse(self.data(self.call("GET", "/api/status/minio?bucket=nowhere", self.ada))["ok"])
        smoke = self.data(self.call("GET", "/api/status/minio?smoke=true", self.ada))
        self.assertEqual((smoke["ok"], smoke["match"], smoke["uploaded_bytes"]), (True, True, smoke["downloaded_bytes"]))
        self.assertEqual([key for key in self.swift.keys() if "__healthcheck__" in key], [])
        query = urllib.parse.urlencode({"object_name": "probe/ä b.txt", "expiry_seconds": 60})
        put = self.data(forms.upload(self.server, self.root, b"hello", "a.txt", "text/plain", path=f"/api/status/minio/upload?{query}"))
        self.assertEqual((put["object"], put["size"], put["etag"]), ("probe/ä b.txt", 5, f'"{hashlib.md5(b"hello").hexdigest()}"'))
        self.assertTrue(re.search("X-Amz-Expires=60(&|$)", put["presigned_get_url"]), put)
        with urllib.request.urlopen(put["presigned_get_url"], timeout=20) as fetched:
            self.assertEqual(fetched.read(), b"hello")

    def test_a_wrong_secret_is_told_as_such_and_no_more(self):
        server = MortiseServer({**support.QUICK, **self.swift.options(s3_secret_key="not the secret")}, modules=["auth", "files"]).start()
        self.addCleanup(server.stop)
        token = support.account(server, "eve")
        answer = support.request(server, "GET", "/api/status/minio?smoke=true", token=token, timeout=60)
        self.assertEqual((answer.status, answer.json()["code"], answer.json()["data"]), (200, 500, {"error": "access_denied"}))
        self.assertNotIn("not the secret", server.output())
        status = support.request(server, "GET", "/api/status", token=token).json()
        self.assertEqual((status["code"], [one["status"] for one in status["data"] if one["service"] == "minio"]), (503, ["error"]))


if __name__ == "__main__":
    unittest.main()
