"""Many event streams on one thread: each connection is read as fast as bytes come and its events are counted."""
import selectors
import socket
import time


class EventStreams:
    def __init__(self, port, path, count, headers=""):
        self.selector = selectors.DefaultSelector()
        self.sockets, self.seen, self.heads, self.ended = [], {}, {}, set()
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n{headers}\r\n".encode()
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            connection.sendall(request)
            connection.setblocking(False)
            self.sockets.append(connection)
            self.seen[connection], self.heads[connection] = 0, b""
            self.selector.register(connection, selectors.EVENT_READ)
            if len(self.sockets) % 100 == 0:
                self.pump(0)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for connection in self.sockets:
            connection.close()
        self.selector.close()

    def pump(self, wait):
        for key, _ in self.selector.select(wait):
            connection = key.fileobj
            try:
                piece = connection.recv(65536)
            except BlockingIOError:
                continue
            except ConnectionError:
                piece = b""
            if not piece:
                self.selector.unregister(connection)
                self.ended.add(connection)
                continue
            if len(self.heads[connection]) < 64:
                self.heads[connection] += piece[:64]
            self.seen[connection] += piece.count(b"\ndata:")

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(max(0.0, min(0.2, end - time.monotonic())))

    def wait_until_each_has(self, events, seconds):
        end = time.monotonic() + seconds
        while min(self.seen.values()) < events:
            if time.monotonic() > end:
                short = sum(1 for seen in self.seen.values() if seen < events)
                raise AssertionError(f"{short} of {len(self.seen)} streams have fewer than {events} events after {seconds} s; "
                                     f"first bytes of one: {next(iter(self.heads.values()))!r}")
            self.pump(0.2)

    def events(self):
        return sum(self.seen.values())

    def alive(self):
        return len(self.sockets) - len(self.ended)

    def accepted(self):
        return sum(1 for head in self.heads.values() if head.startswith(b"HTTP/1.1 200 "))
