"""Downloads beside nginx, and uploads beside the disk, in one run on one machine.

    ./dev bench --transfers [--rounds N] [--files N] [--file-size MIB] [--upload-size MIB]

Downloads: --files (8) connections fetch a file of --file-size (100) MiB each, all at once. nginx (sendfile on) serves the very files that our
server keeps as blobs. Both servers are pinned to core 0, the client to core 1; it lets the kernel throw the bytes away (MSG_TRUNC), so that
the servers set the pace. Rounds are interleaved (A B A B ...).
Uploads: one file of --upload-size (1024) MiB is sent with sendfile; the time ends with the answer, when the file is stored for good. Beside it the
same bytes are written to a file on the same disk, 1 MiB at a time, with one fsync at the end. Nobody is pinned: a file that is written has the whole machine, too.
Shown: medians in MiB/s, ratios, and the CPU time of the server's threads for each GiB. Results go to build/bench/ as JSON too."""
import argparse
import contextlib
import hashlib
import os
import pathlib
import re
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import run

MIB, GIB = 1 << 20, 1 << 30
AIMS = {"download": 0.8, "upload": 0.5}


def fetch_all(port, paths, size):
    """GETs every path on its own connection, all at once; returns the seconds. Every answer must be a 200 of `size` bytes."""
    sockets, left = {}, {}
    for path in paths:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        sockets[connection.fileno()], left[connection.fileno()] = connection, None
    began = time.monotonic()
    poll = select.poll()
    for number in sockets:
        poll.register(number, select.POLLIN)
    sink = bytearray(4 * MIB)
    while left:
        for number, _ in poll.poll(30_000):
            connection = sockets[number]
            if left[number] is None:
                head = connection.recv(16384, socket.MSG_PEEK)
                length = re.search(rb"^content-length: *(\d+)", head, re.M | re.I)
                if not head.startswith(b"HTTP/1.1 200 ") or not length or int(length.group(1)) != size:
                    raise SystemExit(f"an unexpected answer: {head[:200]}")
                left[number] = head.index(b"\r\n\r\n") + 4 + size
            got = connection.recv_into(sink, min(left[number], len(sink)), socket.MSG_TRUNC)
            left[number] -= got
            if got == 0 and left[number] > 0:
                raise SystemExit("an answer was cut short")
            if left[number] == 0:
                poll.unregister(number)
                sockets.pop(number).close()
                del left[number]
    return time.monotonic() - began


def send_file(port, path):
    """Uploads one file; returns the seconds until it is acknowledged, and its id."""
    with open(path, "rb") as file, socket.create_connection(("127.0.0.1", port)) as connection:
        size = os.path.getsize(path)
        began = time.monotonic()
        connection.sendall(f"POST /probe/blobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n".encode())
        offset = 0
        while offset < size:
            offset += os.sendfile(connection.fileno(), file.fileno(), offset, size - offset)
        answer = connection.recv(65536)
        took = time.monotonic() - began
    if not answer.startswith(b"HTTP/1.1 201 "):
        raise SystemExit(f"an upload was refused: {answer[:300]}")
    return took, re.search(rb'"id":"([0-9a-f]{64})"', answer).group(1).decode()


def write_file(source, target):
    """What the disk can do: the same bytes, written one after the other, and one fsync."""
    with open(source, "rb") as file, open(target, "wb", buffering=0) as copy:
        buffer = bytearray(MIB)
        began = time.monotonic()
        while got := file.readinto(buffer):
            copy.write(memoryview(buffer)[:got])
        os.fsync(copy.fileno())
        took = time.monotonic() - began
    target.unlink()
    return took


def make_file(path, size):
    """Bytes that no disk compresses."""
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
    return path


def start_nginx(stack, work, root):
    folder = work / "nginx"
    folder.mkdir()
    port = run.free_port()
    temp = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "n.conf").write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; {temp} sendfile on; tcp_nopush on; default_type application/octet-stream;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ root {root}; }} }} }}\n")
    process = run.spawn(stack, ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "n.conf")])
    return process, port


def start_ours(stack, work):
    from mortise_server import MortiseServer

    server = MortiseServer({"data.dir": str(work / "data"), "http.io_threads": 1, "log.level": "warning", "limits.enabled": "false",
                            "http.max_upload": "8GiB"}, modules=["probe"]).start()
    stack.callback(server.stop)
    return server


def pin(pid, cores):
    for member in run.family(pid):
        subprocess.run(["taskset", "-acp", cores, str(member)], check=True, stdout=subprocess.DEVNULL)


def downloads(stack, work, server, options):
    size = options.file_size * MIB
    source = work / "source"
    ids = []
    for _ in range(options.files):
        ids.append(send_file(server.port, make_file(source, size))[1])
    root = work / "data" / "blobs" / "data" / "probe"
    nginx, port = start_nginx(stack, work, root)
    run.wait_for(f"http://127.0.0.1:{port}/{ids[0][:2]}/{ids[0]}", nginx)
    pin(server.pid, "0")
    os.sched_setaffinity(0, {1})
    rows = {"nginx": (nginx.pid, port, [f"/{one[:2]}/{one}" for one in ids]), "mortise": (server.pid, server.port, [f"/probe/files/{one}" for one in ids])}
    rates, cpu = {name: [] for name in rows}, {name: [] for name in rows}
    for number in range(options.rounds + 1):
        for name, (pid, to, paths) in rows.items():
            before = run.cpu_nanoseconds(pid)
            took = fetch_all(to, paths, size)
            if number == 0:
                continue  # warms up
            rates[name].append(options.files * options.file_size / took)
            cpu[name].append((run.cpu_nanoseconds(pid) - before) / 1e9 / (options.files * size / GIB))
    os.sched_setaffinity(0, range(os.cpu_count()))
    pin(server.pid, f"0-{os.cpu_count() - 1}")
    return rates, cpu


def uploads(work, server, options):
    size = options.upload_size * MIB
    source = make_file(work / "source", size)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    blob = work / "data" / "blobs" / "data" / "probe" / digest[:2] / digest
    rates, cpu = {"disk": [], "mortise": []}, {"mortise": []}
    for number in range(options.rounds + 1):
        disk = write_file(source, work / "copy")
        os.sync()
        before = run.cpu_nanoseconds(server.pid)
        ours, stored = send_file(server.port, source)
        used = run.cpu_nanoseconds(server.pid) - before
        if stored != digest or blob.stat().st_size != size:
            raise SystemExit("the upload is not stored as it was sent")
        blob.unlink()  # the next round stores it anew
        os.sync()
        if number == 0:
            continue
        rates["disk"].append(options.upload_size / disk)
        rates["mortise"].append(options.upload_size / ours)
        cpu["mortise"].append(used / 1e9 / (size / GIB))
    return rates, cpu


def report(title, rates, cpu, aim):
    base, ours = (statistics.median(values) for values in rates.values())
    print(f"{title:40}{'MiB/s':>9}{'spread':>9}{'CPU s/GiB':>11}")
    for name, values in rates.items():
        median = statistics.median(values)
        seconds = f"{statistics.median(cpu[name]):11.3f}" if name in cpu else ""
        print(f"  {name:38}{median:9.0f}{(max(values) - min(values)) / median:9.0%}{seconds}")
    print(f"  ratio {ours / base:.2f} (aim {aim})")
    return {"mib_per_second": rates, "cpu_seconds_per_gib": cpu, "ratio": ours / base, "aim": aim}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench --transfers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--file-size", type=int, default=100)
    parser.add_argument("--upload-size", type=int, default=1024)
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("needs two cores: one for the server, one for the load")
    with contextlib.ExitStack() as stack:
        # Not /tmp if that is memory: the disk under the repository.
        work = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="transfers-", dir=run.BUILD)))
        work.chmod(0o755)
        server = start_ours(stack, work)
        down = report(f"{options.files} downloads of {options.file_size} MiB at once", *downloads(stack, work, server, options), AIMS["download"])
        up = report(f"upload of {options.upload_size} MiB", *uploads(work, server, options), AIMS["upload"])
    run.save("transfers", {"download": down, "upload": up})


if __name__ == "__main__":
    main()
