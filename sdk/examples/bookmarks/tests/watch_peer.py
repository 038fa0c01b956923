"""watch_peer.py HOST:PORT TOKEN: follows the caller's bookmarks while it adds two, of which one is over, removes one and lets the job remove the
other. Needs the module scheduler, and an administrator. Prints the changes, one a line."""
import http.client
import json
import sys

address, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def call(method, path, body=None):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, json.dumps(body) if body else None, headers)
    reply = connection.getresponse()
    text = reply.read().decode()
    if reply.status >= 300:
        sys.exit(f"{method} {path}: {reply.status} {text}")
    return json.loads(text) if text else None


def changes(reply):
    while True:
        line = (reply if reply.chunked else reply.fp).readline().decode()
        if not line:
            sys.exit("the stream has ended")
        if line.startswith("data:"):
            yield json.loads(line[5:])


feed = http.client.HTTPConnection(address, timeout=30)
feed.request("GET", "/api/bookmarks/events", headers=headers)
seen = changes(feed.getresponse())

first = call("POST", "/api/bookmarks", {"url": "https://a.example", "title": "A"})["id"]
over = call("POST", "/api/bookmarks", {"url": "https://b.example", "title": "B", "expires_at": "2001-01-01T00:00:00Z"})["id"]
print(next(seen) == {"change": "added", "id": first}, next(seen)["change"])
call("DELETE", f"/api/bookmarks/{first}")
print(next(seen) == {"change": "removed", "id": first})
call("POST", "/api/v1/scheduler/jobs/bookmarks.forget_expired/actions/run")
print(next(seen) == {"change": "removed", "id": over})
print("left", call("GET", "/api/bookmarks")["total"])
