"""What the `sfs` command line sends, byte for byte, and the fields that it reads out of the answers.

The requests were recorded from sfs 0.13.2 (httpx 0.28.1) talking to a socket that wrote down what came; only host, key and id differ here. A new version
of the client gets its own recording."""
import json
import re
import socket
import unittest

import support
from mortise_server import MortiseServer

# As httpx sends them. {host}, {key} and {id} are filled in.
HEAD = "Host: {host}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
PLAIN = HEAD + "User-Agent: python-httpx/0.28.1\r\n"
WITH_KEY = PLAIN + "Authorization: Bearer {key}\r\n"
SYNC_CLIENT = (HEAD + "Authorization: Bearer {key}\r\nUser-Agent: sessionfs-cli/0.13.2\r\nX-Client-Version: 0.13.2\r\nX-Client-Platform: Linux\r\n"
               "X-Client-Device: vm\r\n")


def json_body(text):
    return f"Content-Length: {len(text)}\r\nContent-Type: application/json\r\n\r\n{text}"


SIGNUP = "POST /api/v1/auth/signup HTTP/1.1\r\n" + PLAIN + json_body('{"email":"Ada@Example.com"}')
LOGIN = "GET /health HTTP/1.1\r\n" + SYNC_CLIENT + "\r\n"
WHO = "GET /api/v1/auth/me HTTP/1.1\r\n" + WITH_KEY + "\r\n"
KEYS_LIST = "GET /api/v1/auth/me/api-keys HTTP/1.1\r\n" + WITH_KEY + "\r\n"
KEYS_CREATE = "POST /api/v1/auth/me/api-keys HTTP/1.1\r\n" + WITH_KEY + json_body('{"name":"laptop","expires_in_days":30}')
KEYS_REVOKE = "DELETE /api/v1/auth/me/api-keys/{id} HTTP/1.1\r\n" + WITH_KEY + json_body('{"reason":"lost"}')
DOCTOR_HEALTH = "GET /health HTTP/1.1\r\n" + PLAIN + "\r\n"
INIT = "GET /api/v1/me HTTP/1.1\r\n" + WITH_KEY + "\r\n"


def default_org(org_id):
    return "PUT /api/v1/auth/me/default-org HTTP/1.1\r\n" + WITH_KEY + json_body(f'{{"org_id":"{org_id}"}}')


class Sfs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = MortiseServer({**support.QUICK, "limits.enabled": "true"}, modules=["auth"]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.host = f"127.0.0.1:{cls.server.port}"
        cls.signed_up = cls.send(SIGNUP)
        cls.key = cls.signed_up[1]["raw_key"]

    @classmethod
    def send(cls, *requests, **values):
        """Sends each on one connection, like the client; returns status and JSON of the last."""
        with socket.create_connection(("127.0.0.1", cls.server.port), timeout=30) as connection:
            for request in requests:
                for name, value in {"host": cls.host, "key": getattr(cls, "key", ""), **values}.items():
                    request = request.replace("{" + name + "}", value)
                connection.sendall(request.encode())
                head, _, body = cls.reply(connection)
        status = support.status_of(head)
        if status == 204:
            return status, None
        kind = re.search(rb"^content-type: *(.*?)\r$", head + b"\r", re.M | re.I).group(1)
        assert kind.startswith(b"application/json"), kind
        return status, json.loads(body)

    @staticmethod
    def reply(connection):
        """One whole reply; 204 has neither length nor body."""
        received = b""
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            assert piece, received
            received += piece
        head, blank, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"^content-length: *(\d+)", head, re.M | re.I)
        while length and len(body) < int(length.group(1)):
            piece = connection.recv(65536)
            assert piece, received
            body += piece
        return head, blank, body

    def test_auth_signup(self):
        status, made = self.signed_up
        self.assertEqual(status, 201, made)
        self.assertRegex(made["raw_key"], r"^sk_sfs_[0-9a-f]{32}$")
        self.assertEqual(self.send(SIGNUP)[0], 409)

    def test_auth_login(self):
        status, body = self.send(LOGIN)
        self.assertEqual(status, 200)
        self.assertIsInstance(body["status"], str)

    def test_auth_whoami_and_status(self):
        status, me = self.send(WHO)
        self.assertEqual((status, me["email"], me["tier"], me["email_verified"]), (200, "ada@example.com", "enterprise", False))
        self.assertEqual(self.send(WHO, WHO)[0], 200, "twice on one connection")
        status, body = self.send(WHO, key="sk_sfs_" + "0" * 32)
        self.assertEqual((status, body["error"]["code"]), (401, "401"))
        self.assertTrue(body["error"]["message"])

    def test_auth_keys(self):
        status, made = self.send(KEYS_CREATE)
        self.assertEqual((status, made["name"]), (201, "laptop"), made)
        self.assertRegex(made["key"], r"^sk_sfs_[0-9a-f]{32}$")
        self.assertEqual(made["key_prefix"], made["key"][:12])
        status, keys = self.send(KEYS_LIST)
        self.assertEqual(status, 200)
        self.assertIsInstance(keys, list)
        row = next(one for one in keys if one["id"] == made["id"])
        self.assertEqual((row["name"], row["key_prefix"], row["is_active"], row["last_used_at"]), ("laptop", made["key_prefix"], True, None))
        self.assertEqual((row["created_at"], row["expires_at"]), (made["created_at"], made["expires_at"]))
        self.assertEqual(self.send(WHO, key=made["key"])[0], 200)
        self.assertEqual(self.send(KEYS_REVOKE, id=made["id"]), (204, None))
        self.assertEqual(self.send(KEYS_REVOKE, KEYS_LIST, id=made["id"])[0], 200, "a 204 leaves the connection in order")
        self.assertFalse(next(one for one in self.send(KEYS_LIST)[1] if one["id"] == made["id"])["is_active"])
        status, body = self.send(WHO, key=made["key"])
        self.assertEqual((status, body["error"]["details"]), (401, {"error": "api_key_revoked"}))
        status, body = self.send(KEYS_REVOKE, id="none")
        self.assertEqual((status, body["error"]["code"]), (404, "404"))

    def test_config_default_org(self):
        self.assertIsNone(self.send(WHO)[1]["default_org_id"])
        status, body = self.send(default_org("org_0123456789abcdef"))
        self.assertEqual((status, body["error"]["code"]), (403, "403"))

    def test_doctor(self):
        self.assertEqual(self.send(DOCTOR_HEALTH)[0], 200)
        status, me = self.send(WHO)
        self.assertEqual((status, me["email"], me["tier"]), (200, "ada@example.com", "enterprise"))

    def test_init(self):
        status, me = self.send(INIT)
        self.assertEqual((status, me), (200, self.send(WHO)[1]))


if __name__ == "__main__":
    unittest.main()
