"""The parts of GitHub and GitLab that session sharing uses: a GitHub App's sign-in, installations, tokens and comments on pull requests; notes on merge
requests of a GitLab. For Python tests.

    with GithubAppStandIn(private_key_pem) as github:
        github.user = {"id": 7, "login": "ada"}                    whom a code stands for; github.codes: codes that are taken, each once
        github.installations = [{"id": 1, "account": {...}}]       what the user may see; github.admin_of: names of organisations
        github.comments[("acme/app", 5)]                           bodies, in order
        github.fail_next = [503, 503]                              statuses in place of the next answers of comments
        body, headers = github.webhook("pull_request", {...})      signed with github.webhook_secret

    with GitlabStandIn() as gitlab: gitlab.token = "glpat-1"; gitlab.notes[(9, 3)]

Tokens of the App are checked: RS256, issuer, times; tokens of installations hold for their installation only."""
import base64
import hashlib
import hmac
import json
import re
import secrets
import subprocess
import tempfile
import time
import urllib.parse

from http_stand_in import HttpStandIn


class _Host(HttpStandIn):
    def __init__(self):
        super().__init__()
        self.requests, self.fail_next = [], []

    def serve(self, handler):
        body = None
        if handler.command == "POST":
            body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", 0))) or b"{}")
        address = urllib.parse.urlsplit(handler.path)
        query = {name: values[0] for name, values in urllib.parse.parse_qs(address.query).items()}
        self.requests.append((handler.command, handler.path, dict(handler.headers), body))
        status, answer = self.answer(handler.command, address.path, query, handler.headers, body)
        data = json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _page(self, texts, query):
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        return [{"id": number, "body": text} for number, text in enumerate(texts)][(page - 1) * size:page * size]


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key():
    """Of an app, as PEM."""
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout


class GithubAppStandIn(_Host):
    def __init__(self, private_key, app_id="4711", client=("client-1", "client-secret"), webhook_secret="hook-secret"):
        super().__init__()
        self.private_key, self.app_id, self.client, self.webhook_secret = private_key, app_id, client, webhook_secret
        self.user, self.installations, self.admin_of = {"id": 7, "login": "ada"}, [], set()
        self.codes, self.comments, self._user_tokens, self._installation_tokens = [], {}, set(), {}

    def answer(self, method, path, query, headers, body):
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        if path == "/login/oauth/access_token":
            if (body["client_id"], body["client_secret"]) != self.client or body["code"] not in self.codes:
                return 200, {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}
            self.codes.remove(body["code"])
            made = "ghu_" + secrets.token_hex(8)
            self._user_tokens.add(made)
            return 200, {"access_token": made, "token_type": "bearer", "scope": ""}
        if match := re.fullmatch(r"/app/installations/(\d+)/access_tokens", path):
            if not self._is_apps(token):
                return 401, {"message": "A JSON web token could not be decoded"}
            if int(match[1]) not in [one["id"] for one in self.installations]:
                return 404, {"message": "Not Found"}
            made = "ghs_" + secrets.token_hex(8)
            self._installation_tokens[made] = int(match[1])
            return 201, {"token": made, "expires_at": "2999-01-01T00:00:00Z"}
        if path.startswith("/user"):
            if token not in self._user_tokens:
                return 401, {"message": "Bad credentials"}
            if path == "/user":
                return 200, self.user
            if path == "/user/installations":
                return 200, {"total_count": len(self.installations), "installations": self.installations}
            name = urllib.parse.unquote(path.removeprefix("/user/memberships/orgs/"))
            return (200, {"state": "active", "role": "admin"}) if name in self.admin_of else (200, {"state": "active", "role": "member"})
        if match := re.fullmatch(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments", path):
            if token not in self._installation_tokens:
                return 401, {"message": "Bad credentials"}
            if self.fail_next:
                return self.fail_next.pop(0), {"message": "told to fail"}
            texts = self.comments.setdefault((match[1], int(match[2])), [])
            if method == "GET":
                return 200, self._page(texts, query)
            texts.append(body["body"])
            return 201, {"id": len(texts), "body": body["body"]}
        return 404, {"message": "Not Found"}

    def _is_apps(self, token):
        """Signed with the App's key, by openssl itself."""
        head, claims, signature = token.split(".")
        values = json.loads(decoded(claims))
        now = time.time()
        if json.loads(decoded(head))["alg"] != "RS256" or values["iss"] != self.app_id or not values["iat"] <= now <= values["exp"] <= now + 600:
            return False
        with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as signed:
            key.write(subprocess.run(["openssl", "rsa", "-pubout"], input=self.private_key.encode(), capture_output=True, check=True).stdout)
            signed.write(decoded(signature))
            key.flush()
            signed.flush()
            done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", key.name, "-signature", signed.name], input=f"{head}.{claims}".encode(),
                                  capture_output=True)
        return done.returncode == 0

    def webhook(self, event, body, secret=None):
        data = json.dumps(body).encode()
        signature = hmac.new((secret or self.webhook_secret).encode(), data, hashlib.sha256).hexdigest()
        return data, {"X-GitHub-Event": event, "X-GitHub-Delivery": secrets.token_hex(8), "X-Hub-Signature-256": "sha256=" + signature,
                      "Content-Type": "application/json"}


class GitlabStandIn(_Host):
    def __init__(self):
        super().__init__()
        self.token, self.notes = "glpat-1", {}

    def answer(self, method, path, query, headers, body):
        if headers.get("PRIVATE-TOKEN") != self.token:
            return 401, {"message": "401 Unauthorized"}
        if match := re.fullmatch(r"/api/v4/projects/(\d+)/merge_requests/(\d+)/notes", path):
            if self.fail_next:
                return self.fail_next.pop(0), {"message": "told to fail"}
            texts = self.notes.setdefault((int(match[1]), int(match[2])), [])
            if method == "GET":
                return 200, self._page(texts, query)
            texts.append(body["body"])
            return 201, {"id": len(texts), "body": body["body"]}
        return (200, {"version": "17.0.0"}) if path == "/api/v4/version" else (404, {"message": "404 Not Found"})
