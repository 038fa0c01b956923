"""The first curl lines of the agent platform's documentation, verbatim, against a server started like `./dev run`."""
import json
import re
import socket
import subprocess
import sys
import unittest

import support
from mortise_server import MortiseServer
from skill_family import platform_login, skill_md, write_tree

sys.path.insert(0, str(support.ROOT / "tests" / "peers"))
from github_stand_in import GithubStandIn  # noqa: E402

REGISTER = r'''curl -X POST http://localhost:8000/api/auth/register \
  -H "Content-Type: application/json" \
  -d '{"username":"demo","password":"password123","nickname":"Demo"}'
'''
LOGIN = r'''curl -X POST http://localhost:8000/api/auth/login \
  -H "Content-Type: application/json" \
  -d '{"username":"demo","password":"password123"}'
'''
ME = r'''curl -X GET http://localhost:8000/api/auth/me \
  -H "Authorization: Bearer <access_token>"
'''
SKILL_LIST = r'''curl -X GET http://localhost:8000/api/v2/skills \
  -H "Authorization: Bearer <access_token>"
'''
SKILL_INSTALL_LOCAL = r'''curl -X POST http://localhost:8000/api/v2/skills/install \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -d '{"source_type": "local", "source_ref": "/path/to/skill"}'
'''
SKILL_INSTALL_GITHUB = r'''curl -X POST http://localhost:8000/api/v2/skills/install \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -d '{"source_type": "github", "source_ref": "https://github.com/owner/repo/tree/main/skills/my-skill"}'
'''
SKILL_ENABLE = r'''curl -X POST http://localhost:8000/api/v2/skills/<skill_key>/enabled \
  -H "Authorization: Bearer <access_token>" \
  -H "Content-Type: application/json" \
  -d '{"enabled": true}'
'''
SKILL_DELETE = r'''curl -X DELETE http://localhost:8000/api/v2/skills/<skill_key> \
  -H "Authorization: Bearer <access_token>"
'''
SKILL_POLICY = r'''curl -X GET http://localhost:8000/api/v2/skills/policy \
  -H "Authorization: Bearer <access_token>"
'''
# In the manner of the lines above; they have none for files.
UPLOAD = r'''curl -X POST http://localhost:8000/api/files \
  -H "Authorization: Bearer <access_token>" \
  -F "file=@<path>"
'''
FILE = r'''curl -X GET http://localhost:8000/api/files/<file_id> \
  -H "Authorization: Bearer <access_token>"
'''
DOWNLOAD = r'''curl -OJ http://localhost:8000/api/files/<file_id>/download \
  -H "Authorization: Bearer <access_token>"
'''
DELETE = r'''curl -X DELETE http://localhost:8000/api/files/<file_id> \
  -H "Authorization: Bearer <access_token>"
'''


def listening_port():
    """8000 as in the text when it is free; else another, and the text is changed only there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8000))
            return 8000
        except OSError:
            return support.free_port()


class Quickstart(unittest.TestCase):
    def run_curl(self, text, folder=None):
        text = text.replace("localhost:8000", f"localhost:{self.port}")
        done = subprocess.run(["bash", "-c", "exec " + text], capture_output=True, text=True, timeout=30, cwd=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def curl(self, text):
        return json.loads(self.run_curl(text))

    def test_register_login_and_me_work_as_written(self):
        self.port = listening_port()
        server = MortiseServer({"http.listen": f"127.0.0.1:{self.port}"}, modules=["auth"]).start()
        self.addCleanup(server.stop)

        registered = self.curl(REGISTER)
        self.assertEqual(sorted(registered), ["code", "data", "msg"])
        self.assertEqual(registered["code"], 200, registered)
        user = registered["data"]["user"]
        self.assertEqual((user["username"], user["nickname"], user["role"], user["status"]), ("demo", "Demo", "user", "active"))
        self.assertEqual(registered["data"]["tokens"]["token_type"], "bearer")

        logged_in = self.curl(LOGIN)
        self.assertEqual(logged_in["code"], 200, logged_in)
        token = logged_in["data"]["tokens"]["access_token"]
        self.assertRegex(token, re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$"))

        me = self.curl(ME.replace("<access_token>", token))
        self.assertEqual(me["code"], 200, me)
        self.assertEqual(me["data"], user)

    def test_the_lines_for_skills_work_as_written(self):
        self.port = listening_port()
        folder = support.temporary_directory(self)
        local = write_tree(folder / "local", {"SKILL.md": skill_md("Local one")})
        write_tree(folder / "repository", {"skills/my-skill/SKILL.md": skill_md("My skill")})
        with GithubStandIn() as github, MortiseServer({"http.listen": f"127.0.0.1:{self.port}", "skills.github_api": github.url,
                                                       "skills.github_raw": github.raw, "http_client.allow_private": "true"},
                                                      modules=["auth", "skills"]) as server:
            github.add("owner/repo", "main", folder / "repository")
            token, _ = platform_login(server, "demo", "super_admin")

            def run(line, key="", path=""):
                # Fills in only the placeholders of the text.
                answer = self.curl(line.replace("<access_token>", token).replace("<skill_key>", key).replace("/path/to/skill", path))
                self.assertEqual((sorted(answer), answer["code"]), (["code", "data", "msg"], 200), answer)
                return answer["data"]

            self.assertEqual(run(SKILL_LIST), {"skills": []})
            one = run(SKILL_INSTALL_LOCAL, path=str(local))
            two = run(SKILL_INSTALL_GITHUB)
            self.assertEqual((one["slug"], two["slug"], two["source_type"]), ("local-one", "my-skill", "github"))
            self.assertEqual(run(SKILL_LIST), {"skills": [two, one]})
            self.assertIsNone(run(SKILL_ENABLE, two["id"]))
            self.assertIsNone(run(SKILL_DELETE, two["id"]))
            self.assertEqual(run(SKILL_LIST), {"skills": [one]})
            self.assertEqual(run(SKILL_POLICY), {"mode": "off"})

    def test_files_go_up_come_down_and_go_away(self):
        self.port = listening_port()
        server = MortiseServer({"http.listen": f"127.0.0.1:{self.port}"}, modules=["auth", "files"]).start()
        self.addCleanup(server.stop)
        token = self.curl(REGISTER)["data"]["tokens"]["access_token"]
        folder = support.temporary_directory(self)
        (folder / "up").mkdir()
        (folder / "up" / "notes.txt").write_bytes(b"to be kept\n")

        def line(text, file=""):
            return text.replace("<access_token>", token).replace("<file_id>", file).replace("<path>", str(folder / "up" / "notes.txt"))

        uploaded = self.curl(line(UPLOAD))
        self.assertEqual(uploaded["code"], 200, uploaded)
        info = uploaded["data"]
        self.assertEqual((info["filename"], info["mime_type"], info["size"]), ("notes.txt", "text/plain", 11))
        self.assertEqual(self.curl(line(FILE, info["id"]))["data"], info)
        self.run_curl(line(DOWNLOAD, info["id"]), folder)
        # curl's -J reads filename= only, so the file has the last part of the path.
        self.assertIn(b"to be kept\n", [path.read_bytes() for path in folder.iterdir() if path.is_file()])
        self.assertEqual(self.curl(line(DELETE, info["id"])), {"code": 200, "msg": "success", "data": None})
        self.assertEqual(self.curl(line(FILE, info["id"]))["code"], 404)


if __name__ == "__main__":
    unittest.main()
