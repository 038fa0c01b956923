"""The curl lines that the agent platform's clients are told to try first, word for word, against a server started as `./dev run` starts it."""
import json
import re
import socket
import subprocess
import unittest

import support
from mortise_server import MortiseServer

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
    def curl(self, text):
        text = text.replace("localhost:8000", f"localhost:{self.port}")
        done = subprocess.run(["bash", "-c", "exec " + text], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

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


if __name__ == "__main__":
    unittest.main()
