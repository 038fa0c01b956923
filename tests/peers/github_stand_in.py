"""A server that speaks the part of GitHub's REST API that skills are fetched through: contents, tarball, raw files. Its repositories are plain
folders; what GitHub would do for other reasons than content is told it as faults.

    with GithubStandIn() as github:
        github.add("ada/tools", "main", folder)                 a branch; the folder is read at each request
        github.requests                                         what was asked: (method, path with query, headers)
        github.faults["skills/pdf"] = Fault("rate_limit")       by path in the repository; "" for the tarball

    python3 github_stand_in.py FOLDER   serves FOLDER/OWNER/REPOSITORY/BRANCH/... until it is ended, prints its port;
                                        GET /control/fault?path=&kind=&value=, /control/clear, /control/token?value=, /control/submodule?path=,
                                        /control/requests (one line each: path, then Authorization and If-None-Match if sent)

Listings, ids (git's SHA-1 of blobs and trees), ETags, 304, 404 and the shapes of entries are as GitHub's documents have them."""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tarfile
import time
import urllib.parse

from http_stand_in import HttpStandIn


class Fault:
    """The fault of one path. kind: status, rate_limit, secondary_limit, not_json, redirect, foreign_download, wrong_sha, wrong_size, endless,
    slow, cut, truncated, moved, entries (value: a function or list that replaces the listing)."""

    def __init__(self, kind, value=None):
        self.kind, self.value = kind, value


def blob_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def tree_id(folder):
    lines = b""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name + ("/" if one.is_dir() and not one.is_symlink() else "")):
        name = os.fsencode(entry.name)
        if entry.is_symlink():
            lines += b"120000 " + name + b"\0" + bytes.fromhex(blob_id(os.fsencode(os.readlink(entry))))
        elif entry.is_dir():
            lines += b"40000 " + name + b"\0" + bytes.fromhex(tree_id(entry))
        else:
            lines += b"100644 " + name + b"\0" + bytes.fromhex(blob_id(entry.read_bytes()))
    return hashlib.sha1(b"tree %d\0" % len(lines) + lines).hexdigest()


class GithubStandIn(HttpStandIn):
    methods = ("GET",)

    def __init__(self, token=None):
        self.repositories, self.faults, self.requests = {}, {}, []
        self.token = token  # when set, the API requires it
        self.submodules = set()  # paths that are announced as submodules
        self.archive_changes = None  # takes and gives the bytes of a tarball
        super().__init__()
        self.raw = f"http://localhost:{self.port}"  # another origin, as raw.githubusercontent.com is

    def add(self, repository, branch, folder):
        self.repositories[(repository, branch)] = pathlib.Path(folder)

    # ---- answers -----------------------------------------------------------------------------------------------------

    def serve(self, handler):
        self.requests.append((handler.command, handler.path, dict(handler.headers)))
        address = urllib.parse.urlsplit(handler.path)
        path, query = urllib.parse.unquote(address.path), urllib.parse.parse_qs(address.query)
        if match := re.fullmatch(r"/repos/([^/]+/[^/]+)/contents/(.*)", path):
            self._contents(handler, match[1], query.get("ref", ["main"])[0], match[2].strip("/"))
        elif match := re.fullmatch(r"/repos/([^/]+/[^/]+)/tarball/(.*)", path):
            self._tarball(handler, match[1], match[2])
        elif match := re.fullmatch(r"/raw/([^/]+/[^/]+)/([^/]+)/(.*)", address.path):  # as sent: a branch may hold %2F
            self._raw(handler, match[1], urllib.parse.unquote(match[2]), urllib.parse.unquote(match[3]))
        elif match := re.fullmatch(r"/repositories/(\d+)/(contents|tarball)/(.*)", path):  # a renamed repository, by its number
            (repository, branch), _ = sorted(self.repositories.items())[int(match[1])]
            if match[2] == "contents":
                self._contents(handler, repository, branch, match[3], moved=True)
            else:
                self._tarball(handler, repository, branch, moved=True)
        elif match := re.fullmatch(r"/control/(\w+)", path):
            self._control(handler, match[1], {name: values[0] for name, values in query.items()})
        else:
            self._json(handler, 404, {"message": "Not Found"})

    def _control(self, handler, action, given):
        """For tests that are no Python."""
        self.requests.pop()
        if action == "fault":
            self.faults[given.get("path", "")] = Fault(given["kind"], given.get("value"))
        elif action == "token":
            self.token = given["value"]
        elif action == "submodule":
            self.submodules.add(given["path"])
        elif action == "clear":
            self.faults.clear()
            self.requests.clear()
            self.submodules.clear()
            self.token = None
        shown = [" ".join([path, *(headers[name] for name in ("Authorization", "If-None-Match") if name in headers)]) for _, path, headers in self.requests]
        self._send(handler, 200, "".join(line + "\n" for line in shown).encode())

    def _send(self, handler, status, body, headers=None):
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "X-RateLimit-Remaining": "42", **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _json(self, handler, status, value, headers=None):
        self._send(handler, status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    def _unless_known(self, handler, body, headers):
        """200 with an ETag, or 304 for a client that has it."""
        etag = '"' + hashlib.sha256(body).hexdigest() + '"'
        if handler.headers.get("If-None-Match") == etag:
            self._send(handler, 304, b"", {"ETag": etag})
        else:
            self._send(handler, 200, body, {"ETag": etag, **headers})

    def _refused(self, handler, fault, path):
        """Answers for those faults that come instead of any content; whether it did."""
        kind, value = (fault.kind, fault.value) if fault else (None, None)
        if kind == "status":
            self._json(handler, int(value), {"message": "told to"})
        elif kind == "rate_limit":
            self._json(handler, 403, {"message": "API rate limit exceeded"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(value or 1893456000)})
        elif kind == "secondary_limit":
            self._json(handler, 429, {"message": "You have exceeded a secondary rate limit"}, {"Retry-After": str(value or 90)})
        elif kind == "not_json":
            self._send(handler, 200, (value or "<html>").encode())
        elif kind == "redirect":
            self._send(handler, 302, b"moved", {"Location": value})
        elif kind == "endless":
            handler.send_response(200)
            handler.end_headers()
            handler.close_connection = True
            while True:
                handler.wfile.write(b" " * 65536)
        elif kind == "slow":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.close_connection = True
            for _ in range(1000):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(float(value or 1))
        elif kind == "cut":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b"[")
            handler.close_connection = True
        else:
            return False
        return True

    def _authorised(self, handler):
        if self.token is None or handler.headers.get("Authorization") == f"Bearer {self.token}":
            return True
        self._json(handler, 401, {"message": "Bad credentials"})
        return False

    def _contents(self, handler, repository, branch, path, moved=False):
        fault = self.faults.get(path)
        if not self._authorised(handler) or self._refused(handler, fault, path):
            return
        if fault and fault.kind == "moved" and not moved:
            number = sorted(self.repositories).index((repository, branch))
            self._json(handler, 301, {"message": "Moved Permanently"}, {"Location": f"{self.url}/repositories/{number}/contents/{urllib.parse.quote(path)}"})
            return
        root = self.repositories.get((repository, branch))
        folder = root / path if root else None
        if folder is None or not (folder.exists() or folder.is_symlink()):
            self._json(handler, 404, {"message": "Not Found"})
            return
        if folder.is_dir():
            value = [self._entry(repository, branch, root, one) for one in sorted(folder.iterdir())]
            if fault and fault.kind == "entries":
                value = fault.value(value) if callable(fault.value) else fault.value
        else:
            value = self._entry(repository, branch, root, folder)
        self._unless_known(handler, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8"})

    def _entry(self, repository, branch, root, entry):
        path = str(entry.relative_to(root))
        quoted = urllib.parse.quote(path)
        made = {"name": entry.name, "path": path, "url": f"{self.url}/repos/{repository}/contents/{quoted}?ref={urllib.parse.quote(branch, safe='')}"}
        if path in self.submodules:
            return {**made, "type": "file", "size": 0, "sha": "0" * 40, "download_url": None, "submodule_git_url": "git://github.com/eve/other.git"}
        if entry.is_symlink():
            return {**made, "type": "symlink", "size": 9, "sha": "1" * 40, "download_url": f"{self.raw}/raw/{repository}/{branch}/{quoted}"}
        if entry.is_dir():
            return {**made, "type": "dir", "size": 0, "sha": tree_id(entry), "download_url": None}
        data = entry.read_bytes()
        fault = self.faults.get(path)
        made.update(type="file", size=len(data), sha=blob_id(data))
        made["download_url"] = f"{self.raw}/raw/{repository}/{urllib.parse.quote(branch, safe='')}/{quoted}"
        if fault and fault.kind == "wrong_sha":
            made["sha"] = blob_id(data + b"!")
        if fault and fault.kind == "wrong_size":
            made["size"] = len(data) + 1
        if fault and fault.kind == "foreign_download":
            made["download_url"] = fault.value
        return made

    def _raw(self, handler, repository, branch, path):
        fault = self.faults.get("raw:" + path)
        if self._refused(handler, fault, path):
            return
        root = self.repositories.get((repository, branch))
        if root is None or not (root / path).is_file():
            self._send(handler, 404, b"404: Not Found")
            return
        self._send(handler, 200, (root / path).read_bytes(), {"Content-Type": "text/plain; charset=utf-8"})

    def _tarball(self, handler, repository, branch, moved=False):
        fault = self.faults.get("")
        if not self._authorised(handler) or self._refused(handler, fault, ""):
            return
        if fault and fault.kind == "moved" and not moved:
            number = sorted(self.repositories).index((repository, branch))
            self._send(handler, 302, b"\x1f", {"Location": f"/repositories/{number}/tarball/{urllib.parse.quote(branch)}"})
            return
        root = self.repositories.get((repository, branch))
        if root is None:
            self._json(handler, 404, {"message": "Not Found"})
            return
        body = tarball(root, repository)
        if self.archive_changes:
            body = self.archive_changes(body)
        if fault and fault.kind == "truncated":
            body = body[: int(len(body) * float(fault.value or 0.5))]
        self._unless_known(handler, body, {"Content-Type": "application/x-gzip"})


def tarball(root, repository):
    """As `git archive` packs it: everything in one folder named after repository and commit."""

    def plain(info):
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = "root"
        return info

    packed = io.BytesIO()
    top = f"{repository.replace('/', '-')}-{tree_id(root)[:7]}"
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": tree_id(root)}) as archive:
        archive.add(root, arcname=top, filter=plain)
    return gzip.compress(packed.getvalue(), mtime=0)


def main():
    stand_in = GithubStandIn()
    for branch in pathlib.Path(sys.argv[1]).glob("*/*/*"):
        stand_in.add(f"{branch.parent.parent.name}/{branch.parent.name}", urllib.parse.unquote(branch.name), branch)
    stand_in.run()


if __name__ == "__main__":
    main()
