"""What every HTTP stand-in has: a server on a port of 127.0.0.1, a thread for each connection, gone with the `with` block.

    class ClockStandIn(HttpStandIn):
        methods = ("GET",)
        def serve(self, handler):     handler: http.server's, for one request; its command is one of methods, others are answered 501
            ...

    with ClockStandIn() as clock: clock.url, clock.port
    ClockStandIn(port).run()          prints its port and serves until it is ended

A client that leaves is no failure."""
import http.server
import threading


class HttpStandIn:
    methods = ("GET", "POST")

    def __init__(self, port=0):
        def answer(handler):
            try:
                self.serve(handler)
            except (BrokenPipeError, ConnectionResetError):
                handler.close_connection = True

        members = {"protocol_version": "HTTP/1.1", "log_message": lambda *_: None, **{f"do_{method}": answer for method in self.methods}}
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (http.server.BaseHTTPRequestHandler,), members))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def run(self):
        print(self.port, flush=True)
        self._server.serve_forever()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def serve(self, handler):
        raise NotImplementedError
