"""What tests of skills share: a server with an administrator of the platform, trees of skills, and the shape of its envelope."""
import json
import os
import re

import support
import unified_family
from mortise_server import MortiseServer

PATH = "/api/v2/skills"
ITEM = {"id", "slug", "name", "description", "version", "source_type", "source_ref", "runtime_type", "enabled", "installed_by", "created_at",
        "updated_at", "bundle_file_count", "context_ref_count", "last_sync_at"}
KEY = re.compile(r"^[a-z0-9-]+--[0-9a-f]{8}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
JOB = "skills.refresh_sources"


def write_tree(folder, files):
    """`files`: path -> text or bytes."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def skill_md(name, body="# Heading\n", **front):
    return "---\n" + "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in {"name": name, **front}.items()) + "---\n" + body


def platform_login(server, name, role=None):
    """(access token, user id) of a new account."""
    support.account(server, name, unified_family.PASSWORD)
    if role:
        server.run("user", "set-role", name, role)
    data = support.request(server, "POST", "/api/auth/login", {"username": name, "password": unified_family.PASSWORD}).json()["data"]
    return data["tokens"]["access_token"], data["user"]["id"]


def start(options=None, modules=("auth", "skills")):
    return MortiseServer({**support.QUICK, **(options or {})}, modules=list(modules)).start()


class Envelope:
    """Assertions for test cases."""

    maxDiff = None

    def assertOk(self, answer, message=None):
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["Content-Type"].split(";")[0], "application/json")
        body = answer.json()
        self.assertEqual(set(body), {"code", "msg", "data"})
        self.assertEqual(body["code"], 200, answer)
        if message:
            self.assertEqual(body["msg"], message)
        return body["data"]

    def assertRefused(self, answer, status, contains="", data=None):
        """A refusal without fields; returns its text."""
        self.assertEqual(answer.status, status, answer)
        body = answer.json()
        self.assertEqual(set(body), {"code", "msg", "data"}, answer)
        self.assertEqual((body["code"], body["data"]), (status, {} if data is None else data), answer)
        self.assertIn(contains, body["msg"])
        return body["msg"]

    def assertShape(self, answer, location):
        """A refusal that names a field, in both forms."""
        self.assertEqual(answer.status, 422, answer)
        body = answer.json()
        self.assertEqual(set(body), {"code", "msg", "data", "detail"})
        self.assertEqual(body["data"], {"errors": body["detail"]})
        self.assertEqual([error["loc"] for error in body["detail"]], [location], answer)


def leftovers(root):
    """Entries of a skills root that do not belong there."""
    return [name for name in os.listdir(root) if not KEY.match(name) and name not in (".lock", ".generation")]
