"""A module that was built with SDK 1.0, stored as a binary, in today's kernel: every operation of every family answers what the kernel of that release
answered. The answers lie beside the binary, in tests/abi/released/pledge-1.0.answers.json; they were recorded once, with the released server:

    MORTISE_BINARY=.../mortise /usr/bin/python3 tests/e2e/released_modules_test.py --record

They are never recorded again: where this test fails, today's kernel has broken a promise. What was changed on purpose, and stands in docs/upgrading.md,
is listed in CHANGED, text by text."""
import asyncio
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import sys
import tempfile
import unittest
import urllib.parse

import support
from mortise_server import MortiseServer

RELEASED = support.ROOT / "tests" / "abi" / "released"
ANSWERS = RELEASED / "pledge-1.0.answers.json"
FAMILIES = ("problem", "code_msg", "unified", "sessionfs")
# Header fields that belong to an answer; the others (Date, X-Request-Id, ...) belong to the server.
FIELDS = ("Content-Type", "Location", "Retry-After", "ETag", "Content-Disposition", "Content-Range", "X-Pledge", "X-Reason")
# What differs from run to run.
VARYING = ((re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"), "<time>"),
           (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
           (re.compile(r'("(?:request_id|error_id|trace_id)":")[^"]*'), r"\1<id>"))
# Answers that differ on purpose: recorded text -> today's.
CHANGED = {
    # The words of the session sharing family's clients.
    "sessionfs: list, limit out of range": {'"type":"float_parsing"': '"type":"value_error"'},
    "sessionfs: body, all wrong": {'"type":"bool_type"': '"type":"bool_parsing"', '"type":"extra_forbidden"': '"type":"value_error"'},
    # An upload without a file names the part that is missing.
    "upload, no file": {"Invalid request: field required": "Invalid request: file: field required", '"pointer":"#"': '"pointer":"#/file"', '"loc":["body"]': '"loc":["body","file"]'},
}


class Pledge:
    """The stored binary in a server, with an account."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="released-"))
        shutil.copy(RELEASED / "pledge-1.0-x86_64.so", self.folder / "pledge.so")
        self.server = MortiseServer({**support.QUICK, "http.public_url": "https://pledge.example", "modules.path": [str(self.folder), str(support.BUILD / "modules")],
                                     "modules.required": ["pledge"], "pledge.owner": "Grace", "pledge.words": ["one", "two"]}, modules=["pledge", "auth"])

    def __enter__(self):
        self.server.start()
        self.token = support.account(self.server, "grace")
        self.replies = {}
        return self

    def __exit__(self, *_):
        self.server.stop()
        shutil.rmtree(self.folder)

    def ask(self, name, method, path, body=None, **options):
        """Asks, and writes the answer down under `name`."""
        answer = support.request(self.server, method, path, body, **options)
        text = answer.body.decode()
        for pattern, word in VARYING:
            text = pattern.sub(word, text)
        assert name not in self.replies, name
        self.replies[name] = {"ask": f"{method} {path}", "status": answer.status, "fields": {key: answer.headers[key] for key in FIELDS if key in answer.headers}, "body": text}
        return answer

    def family(self, family):
        """The four operations that every family has; leaves nothing behind."""
        base = f"/released/{family}/pledges"
        ask = lambda name, *arguments, **options: self.ask(f"{family}: {name}", *arguments, **options)  # noqa: E731
        ask("empty list", "GET", base)
        ask("first", "POST", base, {"text": "to keep \"it\" \u00e4\u4e2d", "note": None, "weight": 2.5, "firm": True})
        ask("second", "POST", base, {"text": "to try", "note": "hard\n\t\u0001"})
        ask("known", "POST", base, {"text": "to try"})
        ask("known, in Chinese", "POST", base, {"text": "to try"}, headers={"Accept-Language": "zh-CN"})
        ask("added, in Chinese", "POST", base, {"text": "third", "weight": 1e3}, headers={"Accept-Language": "zh-CN"})
        ask("fourth", "POST", base, {"text": "fourth", "weight": 0})
        ask("full", "POST", base, {"text": "fifth"})
        ask("list", "GET", base)
        ask("list, filtered", "GET", base + "?firm=true&heavier=1.5&limit=1&word=a&word=b%20c")
        ask("list, limit out of range", "GET", base + "?limit=11&heavier=much")
        ask("read", "GET", base + "/1")
        ask("read, none", "GET", base + "/99")
        ask("read, no number", "GET", base + "/first")
        ask("body, all wrong", "POST", base, {"text": "", "weight": -1, "firm": "yes", "more": 1})
        ask("body, text missing", "POST", base, {})
        ask("body, no JSON", "POST", base, b"{", headers={"Content-Type": "application/json"})
        ask("body, other type", "POST", base, b"text=a", headers={"Content-Type": "text/plain"})
        ask("other method", "PUT", base, {"text": "x"})
        ask("head", "HEAD", base + "/1")
        for number in (1, 2, 3, 4):
            ask(f"drop {number}", "DELETE", f"{base}/{number}")
        ask("drop again", "DELETE", base + "/1")

    def others(self):
        base = "/released/problem"
        ask = self.ask
        ask("settings", "GET", base + "/settings")
        ask("me, nobody", "GET", base + "/me")
        ask("me", "GET", base + "/me", token=self.token)
        ask("me, forged", "GET", base + "/me", token="forged")
        agent = {"User-Agent": "released", "X-Shade": "blue", "Accept-Language": "en"}
        ask("mirror object", "POST", base + "/mirror/a%2Fb%20c", {"b": [1, -2.5, None, True], "a": {"x": "\u00e4\"\\"}, "big": 2 ** 53 + 1}, headers=agent)
        ask("mirror list", "POST", base + "/mirror/word", [1, "two", {"three": 3}], headers=agent)
        ask("mirror text", "POST", base + "/mirror/word", "text", headers={"User-Agent": "released"})
        for word in ("b", "a"):
            ask(f"keep {word}", "POST", base + "/pledges", {"text": word})
        ask("swap", "POST", base + "/swap")
        ask("swap, failing", "POST", base + "/swap?fail=true")
        for how in ("problem", "exception", "number", "database", "twice", "else"):
            ask(f"throw {how}", "POST", f"{base}/throw?how={how}")
        ask("page", "GET", base + "/page")
        ask("moved", "GET", base + "/moved")
        boundary = "b0und"
        form = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\na note\r\n--{boundary}\r\n"
                f"Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{'bytes ' * 100}\r\n--{boundary}--\r\n").encode()
        kept = ask("upload", "POST", base + "/uploads", form, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
        ask("upload, no file", "POST", base + "/uploads", f"--{boundary}--\r\n".encode(), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})
        key = urllib.parse.quote(kept.json()["key"], safe="")
        whole = ask("download", "GET", f"{base}/uploads/{key}")
        ask("download, a part", "GET", f"{base}/uploads/{key}", headers={"Range": "bytes=6-10"})
        ask("download, not modified", "GET", f"{base}/uploads/{key}", headers={"If-None-Match": whole.headers["ETag"]})
        ask("drop upload", "DELETE", f"{base}/uploads/{key}")
        ask("download, gone", "GET", f"{base}/uploads/{key}")
        for time in (1, 2):
            ask(f"hit {time}", "POST", base + "/hits/door")
        ask("sealed", "POST", base + "/sealed", {"text": "a secret \u00e4"})
        ask("heard", "POST", base + "/heard/psst")
        ask("unknown path", "GET", base + "/nothing")
        for id in ("count", "once"):
            ask(f"start {id}", "POST", f"{base}/counts?id={id}")
            support.wait_until(lambda: id in support.request(self.server, "GET", base + "/counts").body.decode(), 30, f"the run of {id}")
        ask("counts", "GET", base + "/counts")

    def stream(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", "/released/problem/watch", headers={"Accept": "text/event-stream"})
        reply = connection.getresponse()
        self.replies["stream"] = {"status": reply.status, "fields": {key: reply.headers[key] for key in ("Content-Type", "Cache-Control")},
                                  "body": reply.read().decode()}
        connection.close()

    def socket(self):
        import websockets

        async def talk(messages, offered):
            heard = []
            url = f"ws://127.0.0.1:{self.server.port}/released/problem/talk"
            async with websockets.connect(url, subprotocols=offered) as socket:
                heard.append(f"subprotocol {socket.subprotocol}")
                for message in messages:
                    await socket.send(message)
                    try:
                        answer = await asyncio.wait_for(socket.recv(), 30)
                        heard.append(answer if isinstance(answer, str) else answer.hex())
                    except websockets.ConnectionClosed:
                        break
            return heard + [f"closed {socket.close_code} {socket.close_reason}"]

        self.replies["socket"] = {
            "talk": asyncio.run(talk(["hello", b"\x00\xff", "x" * 4000, "bye"], ["other", "pledge.talk"])),
            "throwing": asyncio.run(talk(["throw"], ["other"])),
            "too long": asyncio.run(talk(["x" * 5000], None)),
        }

    def everything(self):
        for family in FAMILIES:
            self.family(family)
        self.others()
        self.stream()
        self.socket()
        return self.replies


@unittest.skipUnless(platform.machine() == "x86_64", "the stored binary is for x86_64")
class ReleasedPledge(unittest.TestCase):
    maxDiff = 4000

    def test_every_operation_answers_what_the_released_kernel_answered(self):
        recorded = json.loads(ANSWERS.read_text())
        with Pledge() as pledge:
            answers = pledge.everything()
        self.assertEqual(list(answers), list(recorded))
        for name, answer in recorded.items():
            with self.subTest(name):
                for recorded_text, todays in CHANGED.get(name, {}).items():
                    self.assertEqual(answer["body"].count(recorded_text), 1, recorded_text)
                    answer["body"] = answer["body"].replace(recorded_text, todays)
                self.assertEqual(answers[name], answer)


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        with Pledge() as recorder:
            ANSWERS.write_text(json.dumps(recorder.everything(), indent=1, ensure_ascii=False) + "\n")
        os._exit(0)
    unittest.main()
