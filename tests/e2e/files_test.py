"""Files over HTTP and through files.store/1, on SQLite and PostgreSQL: the contract's shapes and headers, permissions, shared contents, limits."""
import concurrent.futures
import datetime
import email.utils
import hashlib
import json
import os
import random
import re
import threading
import time
import unittest
import urllib.parse

import forms
import support
from mortise_server import SLOW, MortiseServer, Postgres
from unified_family import OnPostgres, OnSqlite

TIME_LIMIT = 300
UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FIELDS = ["extension", "filename", "filepath", "id", "key", "mime_type", "size", "user_id"]
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
MIB = 1 << 20


class Envelope:
    def data(self, answer):
        self.assertEqual(answer.status, 200, answer)
        body = answer.json()
        self.assertEqual((sorted(body), body["code"], body["msg"]), (["code", "data", "msg"], 200, "success"), answer)
        return body["data"]

    def refused(self, answer, status, data=None):
        """Returns msg."""
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertEqual((sorted(body), body["code"]), (["code", "data", "msg"], status), answer)
        self.assertEqual(body["data"], {} if data is None else data, answer)
        return body["msg"]

    def invalid(self, answer, location, rule):
        """Returns the text of the one field at fault."""
        self.assertEqual(answer.status, 422, answer)
        body = answer.json()
        self.assertEqual((body["code"], body["data"]), (422, {"errors": body["detail"]}), answer)
        self.assertEqual([(error["loc"], error["type"]) for error in body["detail"]], [(location, rule)], answer)
        return body["detail"][0]["msg"]


class Calls(Envelope):
    def get(self, path, token=None, method="GET", **headers):
        return support.request(self.server, method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}, token=token)

    def info(self, file, token):
        return self.get(f"/api/files/{file}", token)

    def download(self, file, token, **headers):
        return self.get(f"/api/files/{file}/download", token, **headers)

    def delete(self, file, token):
        return self.get(f"/api/files/{file}", token, method="DELETE")

    def stored(self, content, filename="a.txt", type=None, token=None):
        return forms.stored(self.server, token or self.ada, content, filename, type)

    def rows(self):
        return int(self.sql("SELECT COUNT(*) FROM files_files")[0][0])

    def blobs(self):
        return forms.blob_files(self.server)

    def probe(self, call, **body):
        answer = support.request(self.server, "POST", f"/probe-files/call/{call}", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def run_job(self, job):
        """Runs it now and waits for its end; returns its output."""
        base = f"/api/v1/scheduler/jobs/{job}"
        before = {run["run_id"] for run in support.request(self.server, "GET", f"{base}/runs", token=self.root).json()["data"]["items"]}
        answer = support.request(self.server, "POST", f"{base}/actions/run", {}, token=self.root)
        self.assertEqual(answer.status, 200, answer)

        def ended():
            items = support.request(self.server, "GET", f"{base}/runs", token=self.root).json()["data"]["items"]
            return [run for run in items if run["run_id"] not in before and run["ended_at"]]

        run = support.wait_until(ended, 30 * SLOW, f"{job} to end")[0]
        self.assertEqual(run["outcome"], "succeeded", run)
        return run["output"]


class Files(Calls):
    @classmethod
    def setUpClass(cls):
        options = {**support.QUICK, **cls.database_options()}
        cls.server = MortiseServer(options, modules=["auth", "files", "scheduler", "sync", "probe"]).start()
        cls.addClassCleanup(cls.server.stop)
        for name in ("ada", "eve", "root"):
            setattr(cls, name, support.account(cls.server, name))
        cls.server.run("user", "set-role", "root", "super_admin")
        cls.ids = {name: support.request(cls.server, "GET", "/api/auth/me", token=getattr(cls, name)).json()["data"]["id"] for name in ("ada", "eve", "root")}

    # --- shapes

    def test_an_upload_tells_every_fact(self):
        today = datetime.datetime.now(datetime.timezone.utc)
        info = self.stored(b"hello", "Report 1.TXT", "text/plain")
        self.assertEqual(sorted(info), FIELDS)
        self.assertRegex(info["id"], f"^{UUID7}$")
        days = {(today + datetime.timedelta(days=more)).strftime("%Y/%m/%d") for more in (0, 1)}
        self.assertIn(info["key"][:10], days)
        self.assertRegex(info["key"][10:], rf"^/{UUID}\.TXT$")
        self.assertEqual(info["filepath"], f"{self.server.base}/files/{info['key']}")
        self.assertEqual((info["filename"], info["extension"], info["mime_type"], info["size"], info["user_id"]),
                         ("Report 1.TXT", ".TXT", "text/plain", 5, self.ids["ada"]))
        self.assertEqual(self.data(self.info(info["id"], self.ada)), info)

    def test_a_download_has_the_headers_of_the_contract(self):
        info = self.stored(b"%PDF-1.7\nhello", "año 报告 (1)*'.pdf", "application/pdf")
        for path in (f"/api/files/{info['id']}/download", f"/files/{info['key']}"):
            answer = self.get(path, self.ada)
            self.assertEqual((answer.status, answer.body), (200, b"%PDF-1.7\nhello"))
            head = answer.headers
            self.assertEqual(head["Content-Disposition"], "attachment; filename*=utf-8''a%C3%B1o%20%E6%8A%A5%E5%91%8A%20%281%29%2A%27.pdf")
            self.assertEqual((head["Content-Length"], head["Content-Type"]), ("14", "application/pdf"))
            self.assertEqual(head["ETag"], f'"{hashlib.sha256(answer.body).hexdigest()}"')
            self.assertEqual((head["X-Content-Type-Options"], head["Cache-Control"], head["Accept-Ranges"]), ("nosniff", "private", "bytes"))
            age = time.time() - email.utils.parsedate_to_datetime(head["Last-Modified"]).timestamp()
            self.assertTrue(-2 <= age < 600, head["Last-Modified"])
            self.assertIsNone(head["Content-Encoding"])
            empty = self.get(path, self.ada, method="HEAD")
            self.assertEqual((empty.status, empty.body, empty.headers["Content-Length"]), (200, b"", "14"))
            self.assertEqual(empty.headers["Content-Disposition"], head["Content-Disposition"])

    def test_a_plain_name_has_the_same_form(self):
        info = self.stored(b"x", "a!#$&+-.^_`|~b.txt")
        self.assertEqual(self.download(info["id"], self.ada).headers["Content-Disposition"], "attachment; filename*=utf-8''a!#$&+-.^_`|~b.txt")

    def test_ranges_and_conditions(self):
        content = bytes(range(256)) * 40
        info = self.stored(content, "a.bin")
        whole = self.download(info["id"], self.ada)
        tag, modified = whole.headers["ETag"], whole.headers["Last-Modified"]
        piece = self.download(info["id"], self.ada, Range="bytes=100-299")
        self.assertEqual((piece.status, piece.body, piece.headers["Content-Range"]), (206, content[100:300], f"bytes 100-299/{len(content)}"))
        self.assertEqual(self.download(info["id"], self.ada, Range="bytes=-5").body, content[-5:])
        self.assertEqual(self.download(info["id"], self.ada, Range="bytes=10235-").body, content[10235:])
        beyond = self.download(info["id"], self.ada, Range=f"bytes={len(content)}-")
        self.assertEqual((beyond.status, beyond.headers["Content-Range"]), (416, f"bytes */{len(content)}"))
        self.assertEqual(self.download(info["id"], self.ada, If_None_Match=tag).status, 304)
        self.assertEqual(self.download(info["id"], self.ada, If_Modified_Since=modified).status, 304)
        self.assertEqual(self.download(info["id"], self.ada, Range="bytes=0-1", If_Range='"other"').status, 200)
        self.assertEqual(self.download(info["id"], self.ada, Range="bytes=0-1", If_Range=tag).status, 206)

    def test_types_are_the_clients_or_else_the_contents(self):
        for sent, kept, told in (("image/png", "image/png", "image/png"), (None, "", "image/png"), ("nonsense", "", "image/png"),
                                 ("text/html; charset=x", "text/html; charset=x", "text/html; charset=x")):
            with self.subTest(sent):
                info = self.stored(PNG, "a", sent)
                self.assertEqual((info["mime_type"], info["extension"]), (kept, ""))
                self.assertEqual(self.download(info["id"], self.ada).headers["Content-Type"], told)
        unknown = self.stored(b"\1\2\3\xff\xfe\0\0", "a.dat")
        self.assertEqual(self.download(unknown["id"], self.ada).headers["Content-Type"], "application/octet-stream")

    def test_an_empty_file_is_a_file(self):
        info = self.stored(b"", "empty.txt")
        self.assertEqual(info["size"], 0)
        answer = self.download(info["id"], self.ada)
        self.assertEqual((answer.status, answer.body, answer.headers["Content-Length"]), (200, b"", "0"))
        self.assertEqual(self.data(self.delete(info["id"], self.ada)), None)

    def test_names_become_safe(self):
        long = "x" * 300
        for sent, name in (("../../etc/passwd", "passwd"), ("C:\\temp\\cv.doc", "cv.doc"), ("", "upload.bin"), ("..", "upload.bin"), ("a/", "upload.bin"),
                           (b"a\xff\xfe.txt", "a__.txt"), (b"\xc0\xae\xc0\xae\xc0\xaf.txt", "______.txt"), ("\u202egpj.exe", "_gpj.exe"),
                           (long + ".pdf", "x" * 251 + ".pdf"), ("报" * 100 + ".txt", "报" * 83 + ".txt"), ('say \\"hi\\".txt', 'say "hi".txt'),
                           ("tab\there.txt", "tab_here.txt")):
            with self.subTest(sent):
                answer = forms.upload(self.server, self.ada, b"x", sent)
                self.assertEqual(self.data(answer)["filename"], name)
        info = self.data(support.request(self.server, "POST", "/api/files", forms.body(forms.part(
            "file", b"x", disposition="Content-Disposition: form-data; name=\"file\"; filename=\"b.txt\"; filename*=UTF-8''a%0D%0ASet-Cookie:%20x%2F..%2Fc.txt")),
            {"Content-Type": forms.content_type()}, token=self.ada))
        self.assertEqual(info["filename"], "c.txt")
        self.assertIsNone(self.download(info["id"], self.ada).headers["Set-Cookie"])

    def test_what_is_no_form_has_no_part(self):
        bodies = [("application/json", b'{"file":"x"}'), ("application/x-www-form-urlencoded", b"file=x"), ("text/plain", b"x"), (None, b"x"), (None, None),
                  ("application/octet-stream", os.urandom(100000)), ("multipart/mixed; boundary=b", b"--b--\r\n"), ("", b"x"), ("nonsense", b"x"),
                  (forms.content_type(), forms.body()), (forms.content_type(), forms.body(forms.part("other", b"x", "a.txt")))]
        rows = self.rows()
        for path in ("/api/files", "/api/status/minio/upload"):
            for type, body in bodies:
                with self.subTest(path=path, type=type):
                    answer = support.request(self.server, "POST", path, body, {} if type is None else {"Content-Type": type}, token=self.root)
                    self.invalid(answer, ["body", "file"], "missing")
        self.assertEqual(self.rows(), rows)

    def test_other_parts_are_ignored_and_a_part_without_a_name_is_a_file(self):
        form = forms.body(forms.part("session_id", b"s1"), forms.part("extra", b"zzz", "z.txt"), forms.part("file", b"plain"))
        info = self.data(support.request(self.server, "POST", "/api/files", form, {"Content-Type": forms.content_type()}, token=self.ada))
        self.assertEqual((info["filename"], info["size"]), ("upload.bin", 5))
        self.assertEqual(self.download(info["id"], self.ada).body, b"plain")

    # --- permissions

    def test_files_are_their_owners(self):
        info = self.stored(b"mine", "a.txt")
        paths = (f"/api/files/{info['id']}", f"/api/files/{info['id']}/download", f"/files/{info['key']}")
        for path in paths:
            with self.subTest(path):
                nobody = self.get(path)
                self.refused(nobody, 401)
                self.assertTrue(nobody.headers["WWW-Authenticate"].startswith("Bearer"))
                self.refused(self.get(path, self.eve), 403)
                self.assertEqual(self.get(path, self.ada).status, 200)
                self.assertEqual(self.get(path, self.root).status, 200)
        self.refused(self.delete(info["id"], None), 401)
        self.refused(self.delete(info["id"], self.eve), 403)
        self.assertEqual(self.info(info["id"], self.ada).status, 200)
        for path in ("/api/files/nonsense", "/api/files/00000000-0000-7000-8000-000000000000/download", "/files/2026/01/01/none", "/api/files/a/b/c"):
            with self.subTest(path):
                self.refused(self.get(path, self.eve), 404)
        for path in ("/files/../../etc/passwd", "/files/%2e%2e/%2e%2e/etc/passwd"):
            with self.subTest(path):
                self.assertEqual(self.get(path, self.eve).status, 400)
        self.refused(self.delete("nonsense", self.eve), 404)
        self.refused(forms.upload(self.server, None, b"x"), 401)

    def test_an_administrators_deletion_is_audited(self):
        info = self.stored(b"theirs", "secret plans.txt")
        self.assertEqual(self.data(self.delete(info["id"], self.root)), None)
        self.refused(self.info(info["id"], self.ada), 404)
        trail = support.request(self.server, "GET", f"/api/v1/admin/audit-log?target=file:{info['id']}", token=self.root).json()["entries"]
        self.assertEqual([(entry["action"], entry["actor"]) for entry in trail], [("files.deleted", self.ids["root"])])
        self.assertEqual(trail[0]["details"], {"owner": self.ids["ada"], "filename": "secret plans.txt", "size": 6})
        own = self.stored(b"own", "a.txt")
        self.data(self.delete(own["id"], self.ada))
        self.assertEqual(support.request(self.server, "GET", f"/api/v1/admin/audit-log?target=file:{own['id']}", token=self.root).json()["entries"], [])

    def test_files_of_a_deleted_user_are_nobodys(self):
        name = f"gone{random.randrange(1 << 30)}"
        token = support.account(self.server, name)
        info = self.stored(b"left behind", "a.txt", token=token)
        self.assertEqual(support.request(self.server, "DELETE", f"/api/admin/users/{info['user_id']}", token=self.root).json()["code"], 200)
        self.refused(self.info(info["id"], token), 401)
        self.assertIsNone(self.data(self.info(info["id"], self.root))["user_id"], "at once, not with a later sweep")
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM files_files WHERE owner_id = '{info['user_id']}'"), [["0"]], "all that were theirs")
        self.refused(self.info(info["id"], self.ada), 403)
        self.assertEqual(self.download(info["id"], self.root).body, b"left behind")
        self.data(self.delete(info["id"], self.root))

    def test_files_of_a_deleted_user_are_nobodys_for_modules_too(self):
        name = f"gone{random.randrange(1 << 30)}"
        token = support.account(self.server, name)
        first, second, third = (self.stored(name.encode() + bytes([n]), "a.txt", token=token) for n in range(3))
        owner = first["user_id"]
        delete = lambda: support.request(self.server, "DELETE", f"/api/admin/users/{owner}", token=self.root).json()["code"]
        left = lambda: self.sql(f"SELECT COUNT(*) FROM files_files WHERE owner_id = '{owner}'")
        self.assertEqual(delete(), 200)
        self.assertEqual(self.probe("list", owner=owner, limit=10)["files"], [], "of an account that is gone")
        self.assertEqual(left(), [["0"]])
        # What an upload that was still going on, or an older server, wrote since.
        put_back = lambda file: self.sql(f"UPDATE files_files SET owner_id = '{owner}' WHERE id = '{file['id']}'")
        put_back(first)
        self.assertEqual(self.probe("find", id=first["id"])["file"]["owner"], "")
        self.assertEqual(left(), [["0"]])
        put_back(second)
        self.assertEqual(self.get(f"/files/{second['key']}", self.root).body, name.encode() + b"\1")
        self.assertEqual(left(), [["0"]])
        put_back(third)
        self.data(self.delete(third["id"], self.root))
        trail = support.request(self.server, "GET", f"/api/v1/admin/audit-log?target=file:{third['id']}", token=self.root).json()["entries"]
        self.assertIsNone(trail[0]["details"]["owner"])

    # --- contents

    def test_equal_contents_lie_there_once_and_go_with_the_last_file(self):
        content = os.urandom(5000)
        digest = hashlib.sha256(content).hexdigest()
        first, second = self.stored(content, "a.bin"), self.stored(content, "b.bin", token=self.eve)
        self.assertNotEqual(first["key"], second["key"])
        self.assertEqual(self.blobs().count(digest), 1)
        self.data(self.delete(first["id"], self.ada))
        self.assertIn(digest, self.blobs())
        self.assertEqual(self.download(second["id"], self.eve).body, content)
        self.refused(self.delete(first["id"], self.ada), 404)
        self.data(self.delete(second["id"], self.eve))
        self.assertNotIn(digest, self.blobs())
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM files_blobs WHERE blob_key LIKE '%{digest}'")[0][0], "0")
        again = self.stored(content, "c.bin")
        self.assertEqual(self.download(again["id"], self.ada).body, content)
        self.data(self.delete(again["id"], self.ada))

    def test_a_lost_content_is_404_and_can_be_deleted(self):
        content = os.urandom(3000)
        info = self.stored(content, "a.bin")
        next((self.server.data / "blobs" / "data" / "files").rglob(hashlib.sha256(content).hexdigest())).unlink()
        self.refused(self.download(info["id"], self.ada), 404)
        self.assertEqual(self.info(info["id"], self.ada).status, 200)
        self.data(self.delete(info["id"], self.ada))
        self.refused(self.info(info["id"], self.ada), 404)

    def test_the_sweep_takes_what_nobody_holds_and_nothing_else(self):
        kept, orphan, young = os.urandom(1000), os.urandom(1000), os.urandom(1000)
        info = self.stored(kept, "kept.bin")
        old = time.time() - 2 * 86400
        made = {}
        for content in (kept, orphan, young):
            digest = hashlib.sha256(content).hexdigest()
            path = self.server.data / "blobs" / "data" / "files" / digest[:2] / digest
            if content is not kept:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if content is not young:
                os.utime(path, (old, old))
            made[content] = path
        self.assertIn("removed 1 contents", self.run_job("files.sweep"))
        self.assertEqual([path.exists() for path in made.values()], [True, False, True])
        self.assertEqual(self.download(info["id"], self.ada).body, kept)
        listed = lambda path: support.request(self.server, "GET", f"/api/v1/sync-sessions{path}", token=self.root).json()["data"]
        sessions = [listed(f"/{item['session_id']}")["session"] for item in listed("?sync_category=other&sync_type=manual_task")["items"]]
        of_sweep = [one for one in sessions if "contents of files" in str(one["instance_records"])]
        self.assertEqual([(one["status"], one["successful_instances"]) for one in of_sweep], [("completed", 1)])
        made[young].unlink()

    def test_puts_and_deletes_of_one_content_never_lose_it(self):
        """Sixteen threads put and delete the same content; at the end every remaining file downloads completely."""
        content = os.urandom(20000)
        digest = hashlib.sha256(content).hexdigest()
        end = time.monotonic() + (20 if support.LONG else 3)
        left, lock = [], threading.Lock()

        def work(seed):
            choice = random.Random(seed)
            mine = []
            while time.monotonic() < end:
                if not mine or choice.random() < 0.5:
                    mine.append(self.stored(content, f"{seed}.bin")["id"])
                else:
                    self.data(self.delete(mine.pop(choice.randrange(len(mine))), self.ada))
            with lock:
                left.extend(mine)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for done in [pool.submit(work, seed) for seed in range(16)]:
                done.result()
        for file in left:
            self.assertEqual(self.download(file, self.ada).body, content)
        holders = self.sql(f"SELECT holders FROM files_blobs WHERE blob_key LIKE '%{digest}'")
        self.assertEqual(holders, [[str(len(left))]] if left else [])
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for answer in pool.map(lambda file: self.delete(file, self.ada), left):
                self.data(answer)
        self.assertNotIn(digest, self.blobs())
        self.assertNotIn("handler failed", self.server.output())

    def test_metrics_count_uploads(self):
        before = {name: forms.metric(self.server, name) for name in ("mortise_files_uploads_total", "mortise_files_uploaded_bytes_total",
                                                                      "mortise_files_uploads_refused_total")}
        self.stored(b"12345", "a.txt")
        answer = support.request(self.server, "POST", "/api/files", forms.body(forms.part("other", b"x", "x")), {"Content-Type": forms.content_type()},
                                 token=self.ada)
        self.invalid(answer, ["body", "file"], "missing")
        self.assertEqual([forms.metric(self.server, name) - value for name, value in before.items()], [1, 5, 1])

    # --- files.store/1

    def test_modules_store_find_list_and_remove(self):
        name = f"owner{random.randrange(1 << 30)}"
        token = support.account(self.server, name)
        owner = self.stored(b"of the owner", token=token)["user_id"]
        before = [file["id"] for file in self.probe("list", owner=owner, limit=10)["files"]]
        self.delete(before[0], token)
        made = [self.probe("put_bytes", owner=owner, filename=f"../{i}.txt", mime_type="text/x-probe", content=f"content {i}")["file"] for i in range(3)]
        first = made[0]
        self.assertEqual((first["owner"], first["filename"], first["extension"], first["mime_type"], first["size"]), (owner, "0.txt", ".txt", "text/x-probe", 9))
        self.assertEqual(first["sha256"], hashlib.sha256(b"content 0").hexdigest())
        self.assertTrue(first["detected_type"].startswith("text/plain"))
        self.assertEqual(first["filepath"], f"{self.server.base}/files/{first['key']}")
        self.assertEqual(self.probe("find", id=first["id"])["file"], first)
        self.assertEqual(self.probe("find", id="nonsense"), {"found": False, "status": 200})
        ids = [file["id"] for file in made]
        listed = self.probe("list", owner=owner, limit=2)["files"]
        self.assertEqual([file["id"] for file in listed], sorted(ids, reverse=True)[:2])
        self.assertEqual([file["id"] for file in self.probe("list", owner=owner, before=listed[-1]["id"], limit=2)["files"]], sorted(ids)[:1])
        for limit in (0, 1001):
            self.assertEqual(self.probe("list", owner=owner, limit=limit)["code"], "bad_limit")
        self.assertEqual(support.request(self.server, "GET", f"/probe-files/content/{first['id']}").body, b"content 0")
        self.assertTrue(self.probe("remove", id=first["id"])["removed"])
        self.assertFalse(self.probe("remove", id=first["id"])["removed"])
        self.assertEqual(support.request(self.server, "GET", f"/probe-files/content/{first['id']}").status, 404)
        for file in ids[1:]:
            self.assertTrue(self.probe("remove", id=file)["removed"])
        self.assertTrue(self.probe("null", id=first["id"])["refused"])

    def test_modules_remove_files_in_transactions_of_their_own(self):
        """The content stays for the sweep: until the module's commit others may take hold of it."""
        content = os.urandom(4000)
        digest = hashlib.sha256(content).hexdigest()
        info = self.stored(content, "a.bin")
        self.assertEqual(self.probe("remove_in_transaction", id=info["id"], roll_back=True)["code"], "rolled_back")
        self.assertEqual(self.download(info["id"], self.ada).body, content)
        self.assertTrue(self.probe("remove_in_transaction", id=info["id"])["removed"])
        self.refused(self.info(info["id"], self.ada), 404)
        self.assertIn(digest, self.blobs())
        again = self.stored(content, "b.bin")
        self.assertEqual(self.sql(f"SELECT holders FROM files_blobs WHERE blob_key LIKE '%{digest}'"), [["1"]])
        self.data(self.delete(again["id"], self.ada))
        self.assertNotIn(digest, self.blobs())

    def test_modules_hand_uploads_on_and_copy_files(self):
        content = os.urandom(100000)
        query = urllib.parse.urlencode({"owner": self.ids["ada"], "filename": "shot.png", "mime_type": "image/png"})
        made = support.request(self.server, "POST", f"/probe-files/put?{query}", content, {"Content-Type": "application/octet-stream"}).json()["file"]
        self.assertEqual((made["size"], made["sha256"]), (len(content), hashlib.sha256(content).hexdigest()))
        self.assertEqual(self.download(made["id"], self.ada).body, content)
        copy = self.probe("copy", id=made["id"])["file"]
        self.assertEqual((copy["owner"], copy["sha256"]), ("", made["sha256"]))
        self.refused(self.info(copy["id"], self.ada), 403)  # without an owner
        self.assertIsNone(self.data(self.info(copy["id"], self.root))["user_id"])
        self.data(self.delete(made["id"], self.ada))
        self.assertEqual(self.download(copy["id"], self.root).body, content)
        self.data(self.delete(copy["id"], self.root))

    def test_a_module_sets_where_a_copy_lies(self):
        info = self.stored(b"x", "a.txt")
        self.assertEqual(self.probe("set_filepath", id=info["id"], filepath="/home/ubuntu/a.txt")["status"], 200)
        self.assertEqual(self.data(self.info(info["id"], self.ada))["filepath"], "/home/ubuntu/a.txt")
        self.assertEqual(self.get(f"/files/{info['key']}", self.ada).body, b"x")
        self.assertEqual(self.probe("set_filepath", id=info["id"], filepath="")["status"], 200)
        self.assertEqual(self.data(self.info(info["id"], self.ada))["filepath"], info["filepath"])
        self.assertEqual(self.probe("set_filepath", id="nonsense", filepath="/x")["code"], "file_not_found")
        for bad in ("a\nb", "x" * 4097):
            self.assertEqual(self.probe("set_filepath", id=info["id"], filepath=bad)["code"], "bad_filepath")


class FilesOnSqlite(OnSqlite, Files, unittest.TestCase):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL is not installed")
class FilesOnPostgres(OnPostgres, Files, unittest.TestCase):
    pass


class Limits(Calls, unittest.TestCase):
    """What the operator may limit."""

    def start(self, **options):
        self.server = MortiseServer({**support.QUICK, **options}, modules=["auth", "files", "probe"]).start()
        self.addCleanup(self.server.stop)
        self.ada = support.account(self.server, "ada")

    def test_a_file_may_be_as_large_as_max_size_and_not_a_byte_larger(self):
        # Below the kernel's own limits for uploads and bodies: the module's alone counts.
        limit = 3 * MIB
        self.start(**{"files.max_size": "3MiB", "http.max_upload": "1MiB", "http.max_body": "1MiB"})
        content = os.urandom(limit)
        info = self.stored(content, "full.bin")
        self.assertEqual(self.download(info["id"], self.ada).body, content)
        before = self.blobs()
        self.refused(forms.upload(self.server, self.ada, content + b"x", "over.bin"), 413, {"max_bytes": limit})
        form = forms.body(forms.part("file", content + b"x", "over.bin"))
        chunked = (f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.ada}\r\nContent-Type: {forms.content_type()}\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n").encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
        self.assertEqual(support.status_of(support.raw(self.server.port, chunked)), 413)
        announced = (f"POST /api/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.ada}\r\nContent-Type: {forms.content_type()}\r\n"
                     f"Content-Length: {1 << 41}\r\nExpect: 100-continue\r\n\r\n").encode()
        reply = support.raw(self.server.port, announced)
        self.assertEqual(support.status_of(reply), 413)  # before a byte of the body
        self.assertEqual(json.loads(reply.partition(b"\r\n\r\n")[2])["data"], {"max_bytes": limit})
        self.assertEqual((self.blobs(), forms.spool_files(self.server)), (before, []))
        answer = self.probe("put_bytes", filename="a", content="x" * 1000)
        self.assertEqual(answer["status"], 200)

    def test_modules_keep_to_max_size_too(self):
        self.start(**{"files.max_size": "1000B"})
        self.assertEqual(self.probe("put_bytes", content="x" * 1000)["status"], 200)
        answer = self.probe("put_bytes", content="x" * 1001)
        self.assertEqual((answer["status"], answer["code"]), (422, "payload_too_large"))

    def test_only_types_that_are_allowed_by_their_content(self):
        self.start(**{"files.allowed_types": ["image/*", "application/pdf"]})
        self.stored(PNG, "a.txt", "text/plain")
        self.stored(b"%PDF-1.7\n", "a.pdf")
        self.stored(b"", "empty")
        before = self.blobs()
        said = self.invalid(forms.upload(self.server, self.ada, b"#!/bin/sh\necho\n", "a.png", "image/png"), ["body", "file"], "type_not_allowed")
        self.assertIn("text/x-shellscript", said)
        self.assertEqual(self.blobs(), before)
        self.assertEqual(self.probe("put_bytes", filename="a", content="plain")["code"], "type_not_allowed")

    def test_a_pattern_that_fits_nothing_stops_the_module(self):
        server = MortiseServer({**support.QUICK, "files.allowed_types": "png"}, modules=["auth", "files"]).start()
        self.addCleanup(server.stop)
        self.assertIn('files.allowed_types: "png" should be like application/pdf or image/*', server.output())
        self.assertEqual(support.request(server, "GET", "/api/files/x").status, 404)

    def test_reads_and_writes_have_buckets_of_their_own(self):
        self.start(**{"limits.enabled": "true"})
        info = self.stored(b"x", "a.txt")

        def window():
            return int(time.time()) // 60

        for method, path, limit, bucket in (("GET", f"/api/files/{info['id']}", 120, "read"), ("DELETE", "/api/files/nonsense", 60, "write")):
            with self.subTest(bucket):
                for _ in range(3):  # a window may end meanwhile: then again
                    began, answer = window(), None
                    for _ in range(limit + 1):
                        answer = self.get(path, self.ada, method=method)
                        if answer.status == 429:
                            break
                    if window() == began:
                        break
                wait = int(answer.headers["Retry-After"])
                self.assertTrue(1 <= wait <= 60)
                self.refused(answer, 429, {"retry_after": wait, "limit": limit, "window_seconds": 60, "bucket": bucket})
        self.assertEqual(self.get("/api/files/nonsense", None, method="DELETE").status, 401)  # an anonymous caller has no bucket

    def test_files_outlive_a_restart(self):
        self.start(**{"http.listen": f"127.0.0.1:{support.free_port()}"})
        info = self.stored(b"kept", "a.txt")
        self.server.stop()
        self.server.options["http.public_url"] = "https://files.example.com"
        self.server.start()
        self.assertEqual(self.download(info["id"], self.ada).body, b"kept")
        self.assertEqual(self.data(self.info(info["id"], self.ada))["filepath"], f"https://files.example.com/files/{info['key']}")


if __name__ == "__main__":
    unittest.main()
