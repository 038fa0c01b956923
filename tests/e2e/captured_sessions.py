"""Captured sessions for end-to-end tests: their archives, and callers who push them."""
import contextlib
import hashlib
import io
import itertools
import json
import sqlite3
import tarfile

import forms
import support
from mortise_server import BUILD
from organisations import Family

# Modules and options of a server where tests write down what projects there are: the stand-in has the name of the module that keeps projects for real.
WITH_BOOK = ["auth", "scheduler", "sync", "projects"]
BOOK = {"modules.path": [str(BUILD / "modules" / f"{name}.so") for name in WITH_BOOK[:-1]] + [str(BUILD / "tests" / "modules" / "project_book" / "project_book.so")]}

_ids = itertools.count(1)


def new_id():
    return f"ses_{next(_ids):016x}"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def archive(messages=(), manifest=None, workspace=None, members=None):
    """A gzip-compressed tar as clients make them. `messages`: objects, or lines as text; `members`: further files by name."""
    files = {"manifest.json": json.dumps({"sfs_version": "0.1.0", **(manifest or {})}).encode()}
    if messages is not None:
        files["messages.jsonl"] = b"".join((one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)).encode() + b"\n" for one in messages)
    if workspace is not None:
        files["workspace.json"] = json.dumps(workspace).encode()
    files.update(members or {})
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def manifest(title="Fix the clock", tool="claude-code", **more):
    """`more`: model_id, tags, message_count, and further members of the manifest."""
    made = {"title": title, "source": {"tool": tool}, "model": {"provider": "anthropic", "model_id": more.pop("model_id", "m1")},
            "stats": {"message_count": more.pop("message_count", 2), "turn_count": 1, "tool_use_count": 1, "total_input_tokens": 10, "total_output_tokens": 20}}
    return {**made, **more}


def text(role, content, **more):
    return {"role": role, "content": [{"type": "text", "text": content}], **more}


TALK = [text("user", "Please fix the clock"), text("assistant", "It ticks again.")]


@contextlib.contextmanager
def holding_writes(server):
    """Nobody else writes to the server's SQLite database meanwhile."""
    with contextlib.closing(sqlite3.connect(server.data / "mortise.db", isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield database
        if database.in_transaction:
            database.execute("ROLLBACK")


class SessionFamily(Family):
    """A server with the modules that session sharing needs."""

    MODULES = ["auth", "scheduler", "sync"]

    @staticmethod
    def sync(caller, session_id, content, headers=None, **part):
        """The answer to a push. `part`: a file name and a content type of its own."""
        form = forms.body(forms.part("file", content, **{"filename": "session.tar.gz", "content_type": "application/gzip", **part}))
        return caller.call("PUT", f"/sessions/{session_id}/sync", form, headers={"Content-Type": forms.content_type(), **(headers or {})})

    def push(self, caller, session_id=None, content=None, status=201, headers=None, **more):
        """Pushes an archive (of TALK with manifest(**more)); returns the id."""
        session_id = session_id or new_id()
        content = content if content is not None else archive(TALK, manifest(**more))
        answer = self.sync(caller, session_id, content, headers)
        self.assertEqual(answer.status, status, answer)
        return session_id

    def blobs(self):
        """The blobs of the module on the disk, by hash."""
        return forms.blob_files(self.server, "sync")

    def book(self, *projects, personas=()):
        """What projects there are, on a server with BOOK: objects of its book; lists may be left out."""
        whole = [{"remotes": [], "readers": [], "items": [], "contexts": [], **project} for project in projects]
        answer = support.request(self.server, "PUT", "/project-book", {"projects": whole, "personas": list(personas)})
        self.assertEqual(answer.status, 204, answer)

    def detail(self, caller, session_id):
        answer = caller.get(f"/sessions/{session_id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def assertNoSession(self, answer):
        self.assertPlain(answer, 404, "No such session")

    def run_job(self, name, module="sync"):
        """Asks the server to run a job of the module now, by its name."""
        answer = support.request(self.server, "POST", f"/api/v1/scheduler/jobs/{module}.{name}/actions/run", token=self.account(role="super_admin").token)
        self.assertEqual(answer.status, 200, answer)
