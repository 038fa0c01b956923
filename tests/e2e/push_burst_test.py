"""Many large pushes at once: the server's memory stays small, other requests are answered at once, and each user gets three slots."""
import concurrent.futures
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import threading
import time
import unittest

import forms
import support
from captured_sessions import SessionFamily, manifest, new_id

TIME_LIMIT = 600
MIB = 1 << 20
USERS, PUSHES, SIZE = (22, 64, 50 * MIB) if support.LONG else (6, 18, 12 * MIB)
MEMORY_KIB = 120 << 10


def large(seed):
    """An archive of about SIZE bytes, most of them text that gzip halves."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        rest = SIZE
        for number in range(-(-SIZE // (20 * MIB))):
            size = min(rest, 20 * MIB)
            rest -= size
            info = tarfile.TarInfo(f"part{number}")
            info.size = size
            tar.addfile(info, io.BytesIO(random.Random(f"{seed}/{number}").randbytes(size)))
        content = str(manifest(title=f"Burst {seed}")).replace("'", '"').encode()
        info = tarfile.TarInfo("manifest.json")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


# In a process of its own: the interpreter of the senders makes its threads wait for each other.
WATCH = """
import http.client, json, sys, threading, time
port, token, times, over = int(sys.argv[1]), sys.argv[2], [], threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
while not over.wait(0.02):
    began = time.perf_counter()
    connection.request("GET", "/api/v1/auth/me", headers={"Authorization": "Bearer " + token})
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 200, reply.status
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""


class PushBurst(SessionFamily):
    OPTIONS = {"sync.push_wait": "4m"}

    def test_a_burst_of_large_pushes(self):
        users = [self.account() for _ in range(USERS)]
        content = large(1)
        form = forms.body(forms.part("file", content, "s.tar.gz"))
        users[0].get("/auth/me")
        before, most, over = support.resident_kib(self.server.pid), 0, threading.Event()

        def push(number):
            return support.request(self.server, "PUT", f"/api/v1/sessions/{new_id()}/sync", form, {"Content-Type": forms.content_type()},
                                   users[number % USERS].token, timeout=500)

        def watch():
            nonlocal most
            while not over.wait(0.02):
                most = max(most, support.resident_kib(self.server.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        others = subprocess.Popen([sys.executable, "-c", WATCH, str(self.server.port), users[0].token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(PUSHES) as pool:
            answers = list(pool.map(push, range(PUSHES)))
        took = time.monotonic() - began
        over.set()
        watcher.join()
        times = json.loads(others.communicate("")[0])
        self.assertEqual({answer.status for answer in answers}, {201})
        self.assertEqual(len(self.blobs()), 1)
        p99 = support.percentile(times, 0.99)
        self.measured = (f"{PUSHES} pushes of {len(content) / MIB:.0f} MiB by {USERS} users in {took:.1f} s on {os.cpu_count()} cores: {most >> 10} MiB "
                         f"({before >> 10} before), others' p99 {p99 * 1000:.1f} ms of {len(times)}")
        print(self.measured)
        if not support.SANITIZED:
            self.assertLess(most, MEMORY_KIB)


if __name__ == "__main__":
    unittest.main()
