"""multipart/form-data by hand, for requests that a well-behaved client would never send."""
import re

import support

BOUNDARY = "----mortise0123456789"


def part(name, content, filename=None, content_type=None, disposition=None):
    """One part without its delimiter. `filename`: text or bytes to put between the quotes."""
    head = b'Content-Disposition: form-data; name="%s"' % name.encode()
    if filename is not None:
        head += b'; filename="%s"' % (filename if isinstance(filename, bytes) else filename.encode())
    if disposition is not None:
        head = disposition if isinstance(disposition, bytes) else disposition.encode()
    if content_type is not None:
        head += b"\r\nContent-Type: " + content_type.encode()
    return head + b"\r\n\r\n" + content


def body(*parts, boundary=BOUNDARY, closed=True):
    made = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), one) for one in parts)
    return made + (b"--%s--\r\n" % boundary.encode() if closed else b"")


def content_type(boundary=BOUNDARY):
    return f"multipart/form-data; boundary={boundary}"


def upload(server, token, content, filename="a.txt", type=None, path="/api/files", **more):
    """Sends one file the way a browser does; returns the answer."""
    form = body(part("file", content, filename, type))
    return support.request(server, "POST", path, form, {"Content-Type": content_type()}, token=token, **more)


def stored(server, token, content, filename="a.txt", type=None):
    """The FileInfo of an upload that worked."""
    answer = upload(server, token, content, filename, type)
    assert answer.status == 200 and answer.json()["code"] == 200, answer
    return answer.json()["data"]


def blob_files(server, scope="files"):
    """The files below the blobs' folder for one module, by hash."""
    folder = server.data / "blobs" / "data" / scope
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def spool_files(server):
    return sorted(path.name for path in (server.data / "spool").rglob("*") if path.is_file())


def metric(server, name):
    """Sum of all samples of that name."""
    text = support.request(server, "GET", "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:\{{[^}}]*\}})? (\S+)$", text, re.M))
