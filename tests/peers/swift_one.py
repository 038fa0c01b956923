"""OpenStack Swift with its S3 interface, in one process: swift_one.py DIRECTORY PORT BUCKET...

Checks signatures for real. Access key test:tester, secret testing, region us-east-1, path-style addresses. Prints "READY PORT" when it answers and the
buckets are there; port 0 takes a free one. Debian: swift-proxy swift-account swift-container swift-object. SIGTERM ends it.
"""

import eventlet
# Before the patching: it asks gcc for the C library, and a patched wait for it sleeps in a way that libfaketime at times refuses (EINVAL).
import swift.common.linkat  # noqa: F401

eventlet.monkey_patch()

import os
import signal
import sys

from eventlet import wsgi

directory, port, buckets = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
os.makedirs(directory + "/dev/d1", exist_ok=True)
with open(directory + "/swift.conf", "w") as conf:
    conf.write("[swift-hash]\nswift_hash_path_suffix = t\n[storage-policy:0]\nname = p0\ndefault = yes\n")

from swift.common import utils

utils.set_swift_dir(directory)  # instead of /etc/swift

from swift.common.ring import RingBuilder
from swift.common.swob import Request
from swift.common.wsgi import SwiftHttpProtocol, loadapp

SERVERS = ("account", "container", "object")
sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in SERVERS}
for name, socket in sockets.items():  # a ring of one device
    own = socket.getsockname()[1]
    builder = RingBuilder(0, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": own, "device": "d1", "weight": 1,
                     "replication_ip": "127.0.0.1", "replication_port": own, "meta": ""})
    builder.rebalance()
    builder.get_ring().save(f"{directory}/{name}.ring.gz")

common = f"swift_dir = {directory}\ndevices = {directory}/dev\nmount_check = false\nlog_level = WARNING\nbind_ip = 127.0.0.1\n"
for name in SERVERS:
    with open(f"{directory}/{name}.conf", "w") as conf:
        conf.write(f"[DEFAULT]\n{common}bind_port = {sockets[name].getsockname()[1]}\ndisable_fallocate = true\n"
                   f"fallocate_reserve = 0\n[pipeline:main]\npipeline = {name}-server\n[app:{name}-server]\n"
                   f"use = egg:swift#{name}\nrecon_cache_path = {directory}\n")

# symlink stands to the right of versioned_writes: the other way round a versioned GET is empty.
FILTERS = "catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth copy slo versioned_writes symlink"
SETTINGS = {
    "cache": "use = egg:swift#memcache\nmemcache_servers = 127.0.0.1:1\n",  # tempauth requires the setting, but works without the server
    "s3api": "location = us-east-1\n",
    "versioned_writes": "allow_object_versioning = true\n",
    "tempauth": "user_test_tester = testing .admin\nuser_other_user = otherkey .admin\n",
}
front = eventlet.listen(("127.0.0.1", port))
port = front.getsockname()[1]
with open(directory + "/proxy.conf", "w") as conf:
    conf.write(f"[DEFAULT]\n{common}bind_port = {port}\n[pipeline:main]\npipeline = {FILTERS} proxy-server\n"
               f"[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n")
    for name in FILTERS.split():
        conf.write(f"[filter:{name}]\n" + ("" if name == "cache" else f"use = egg:swift#{name}\n") + SETTINGS.get(name, ""))

# Without it the header is "Etag" and clients fail.
serving = dict(protocol=SwiftHttpProtocol, capitalize_response_headers=False, socket_timeout=60)
for name, socket in sockets.items():
    eventlet.spawn(wsgi.server, socket, loadapp(f"{directory}/{name}.conf"), utils.NullLogger(), **serving)
app = loadapp(directory + "/proxy.conf")
for bucket in buckets:
    made = Request.blank("/v1/AUTH_test/" + bucket, environ={"REQUEST_METHOD": "PUT", "swift.authorize_override": True}).get_response(app)
    if made.status_int not in (201, 202):
        sys.exit(f"bucket {bucket}: {made.status}")
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("READY", port, flush=True)
wsgi.server(front, app, open(directory + "/access.log", "w", buffering=1), **serving)
