"""Behind a proxy: what it forwards of scheme and host, origins as operators write them, Unix sockets, and SIGHUP."""
import contextlib
import grp
import http.client
import os
import signal
import stat
import subprocess
import threading
import unittest

import support
from crash_test import Writers
from mortise_server import MortiseServer
from principals_test import Browser

TIME_LIMIT = 240
TRUSTED = {"http.trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}
NGINX = "/usr/sbin/nginx"


class Case(unittest.TestCase):
    def serve(self, **options):
        server = MortiseServer({**support.QUICK, **{name.replace("__", "."): value for name, value in options.items()}}, modules=["auth", "probe"]).start()
        self.addCleanup(server.stop)
        support.account(server, "ada")
        self.browser = Browser(server)
        self.assertEqual(self.browser.login("ada").status, 200)
        return server

    def write(self, **fields):
        """A page's write with these header fields; the status."""
        return self.browser.call("POST", "/me", headers={name.replace("_", "-"): value for name, value in fields.items()}, token=self.browser.token).status


class Forwarded(Case):
    def test_a_page_of_the_forwarded_host_may_write(self):
        self.serve(http__trusted_proxies=TRUSTED["http.trusted_proxies"])
        page = {"Origin": "https://app.example", "Host": "internal:8000", "X_Forwarded_For": "203.0.113.9"}
        for fields in ({"X_Forwarded_Host": "app.example", "X_Forwarded_Proto": "https"},
                       {"X_Forwarded_Host": "APP.example", "X_Forwarded_Proto": "HTTPS"},
                       {"X_Forwarded_Host": "app.example:443", "X_Forwarded_Proto": "Https"},
                       {"X_Forwarded_Host": "evil.example, app.example", "X_Forwarded_Proto": "http, https"},
                       {"X_Forwarded_Host": "app.example, inner", "X_Forwarded_Proto": "https,http", "X_Forwarded_For": "203.0.113.9, 10.0.0.5"},
                       {"X_Forwarded_Host": "app.example", "X_Forwarded_Proto": "https", "Origin": "https://app.example:443"},
                       {"X_Forwarded_Host": "app.example:8443", "X_Forwarded_Proto": "https", "Origin": "https://app.example:8443"},
                       {"X_Forwarded_Host": "[2001:db8::1]", "X_Forwarded_Proto": "https", "Origin": "https://[2001:db8::1]"},
                       {"X_Forwarded_Host": "not a host", "Origin": "http://internal:8000"},
                       {"X_Forwarded_Host": "", "Origin": "http://internal:8000"}):
            self.assertEqual(self.write(**{**page, **fields}), 200, fields)
        for fields in ({}, {"X_Forwarded_Host": "app.example"}, {"X_Forwarded_Proto": "https"},
                       {"X_Forwarded_Host": "other.example", "X_Forwarded_Proto": "https"},
                       {"X_Forwarded_Host": "app.example, other.example", "X_Forwarded_Proto": "https"},
                       {"X_Forwarded_Host": "app.example:8443", "X_Forwarded_Proto": "https"},
                       {"X_Forwarded_Host": "app.example", "X_Forwarded_Proto": "httpsx"}):
            self.assertEqual(self.write(**{**page, **fields}), 403, fields)

    def test_nobody_else_is_believed(self):
        self.serve(http__trusted_proxies=["192.0.2.0/24"])
        forwarded = {"X_Forwarded_Host": "app.example", "X_Forwarded_Proto": "https", "Host": "internal:8000"}
        self.assertEqual(self.write(Origin="https://app.example", **forwarded), 403)
        self.assertEqual(self.write(Origin="http://internal:8000", **forwarded), 200)

    def test_the_public_address_wins(self):
        self.serve(http__trusted_proxies=TRUSTED["http.trusted_proxies"], http__public_url="HTTPS://Api.Example:443/")
        forwarded = {"X_Forwarded_Host": "app.example", "X_Forwarded_Proto": "https"}
        for origin, status in (("https://api.example", 200), ("https://API.example:443", 200), ("https://app.example", 403), ("http://api.example", 403)):
            self.assertEqual(self.write(Origin=origin, **forwarded), status, origin)

    @unittest.skipUnless(os.path.exists(NGINX), "nginx is not installed")
    def test_a_browser_behind_an_nginx_that_rewrites_host(self):
        server = self.serve(http__trusted_proxies="127.0.0.1")
        folder, port = support.temporary_directory(self), support.free_port()
        config = folder / "nginx.conf"
        config.write_text(f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{server.port}; proxy_http_version 1.1; proxy_set_header Host internal;
    proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host; }} }} }}
""")

        class Proxied:
            pass

        Proxied.port = port
        support.start_peer(self, [NGINX, "-p", folder, "-e", folder / "error", "-c", config],
                           lambda: subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/health"], capture_output=True).returncode == 0)
        self.browser = Browser(Proxied)
        self.assertEqual(self.browser.login("ada").status, 200)
        self.assertEqual(self.write(Origin=f"http://127.0.0.1:{port}"), 200)
        self.assertEqual(self.write(Referer=f"http://127.0.0.1:{port}/page"), 200)
        self.assertEqual(self.write(Origin="http://internal"), 403)


class Origins(Case):
    def test_an_origin_is_the_same_however_the_operator_wrote_it(self):
        server = self.serve(http__cors_origins=["https://app.example/", "HTTPS://Two.Example:443", "http://three.example:80/", "http://[0:0:0:0:0:0:0:1]:3000"])
        for origin in ("https://app.example", "https://two.example", "http://three.example", "http://[::1]:3000"):
            self.assertEqual(self.write(Origin=origin), 200, origin)
            answer = support.request(server, "GET", "/probe/hello", headers={"Origin": origin})
            self.assertEqual((answer.headers["Access-Control-Allow-Origin"], answer.headers["Access-Control-Allow-Credentials"]), (origin, "true"))
        for origin in ("http://app.example", "https://app.example:8443", "https://app.example.evil.example", "null"):
            self.assertEqual(self.write(Origin=origin), 403, origin)
            self.assertIsNone(support.request(server, "GET", "/probe/hello", headers={"Origin": origin}).headers["Access-Control-Allow-Origin"])

    def check(self, *options):
        folder = support.temporary_directory(self)
        return support.mortise("check-config", f"--data.dir={folder}", *options)

    def test_what_is_no_origin_is_refused_by_name(self):
        for origin in ("app.example", "https://app.example/path", "https://*.example", "https://app.example:99999", "null", "https://user@app.example",
                       "https://bücher.example"):
            done = self.check(f"--http.cors_origins={origin}")
            self.assertNotEqual(done.returncode, 0, origin)
            self.assertIn("http.cors_origins", done.stderr + done.stdout, origin)
            self.assertIn(origin, done.stderr + done.stdout)
        for url in ("api.example", "ftp://api.example", "https://api.example/?x=1", "https://api example", "https://user:pw@api.example"):
            done = self.check(f"--http.public_url={url}")
            self.assertNotEqual(done.returncode, 0, url)
            self.assertIn("http.public_url", done.stderr + done.stdout, url)
        self.assertEqual(self.check("--http.public_url=https://api.example/below/", "--http.cors_origins=*").returncode, 0)


class Sockets(Case):
    def test_mode_and_group_are_the_operators(self):
        folder = support.temporary_directory(self)
        group = next((one for one in grp.getgrall() if one.gr_gid not in (0, os.getegid())), None) if os.geteuid() == 0 else grp.getgrgid(os.getegid())
        for value, gid in ((group.gr_name, group.gr_gid), (str(group.gr_gid), group.gr_gid), ("", os.getegid())):
            path = folder / "s"
            server = MortiseServer({**support.QUICK, "http.listen": ["127.0.0.1:0", f"unix:{path}"], "http.socket_mode": "0666", "http.socket_group": value},
                                   modules=["probe"]).start()
            self.addCleanup(server.stop)
            info = path.stat()
            self.assertEqual((stat.S_IMODE(info.st_mode), info.st_gid), (0o666, gid), value)
            answer = subprocess.run(["curl", "-s", "--unix-socket", str(path), "http://x/health"], capture_output=True, text=True)
            self.assertIn("healthy", answer.stdout)
            server.stop()

    def test_bad_values_are_refused_by_name(self):
        folder = support.temporary_directory(self)
        for option, value in (("socket_mode", "999"), ("socket_mode", "rw-rw----"), ("socket_mode", "01777"), ("socket_mode", ""), ("socket_mode", "-660"),
                              ("socket_group", "no-such-group"), ("socket_group", "-1"), ("socket_group", "12x"),
                              ("socket_group", "4294967295"), ("trusted_proxies", "::ffff:10.0.0.0/8")):
            done = support.mortise("check-config", f"--data.dir={folder}", f"--http.{option}={value}")
            self.assertNotEqual(done.returncode, 0, (option, value))
            self.assertIn(f"http.{option}", done.stderr + done.stdout, value)


class HangUp(Case):
    def test_sighup_cuts_no_accepted_request(self):
        server = MortiseServer({**support.QUICK}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        writers = Writers(server, delay=30, threads=6)
        support.wait_until(lambda: len(writers.acknowledged) >= 50, 30, "the first writes")
        os.kill(server.pid, signal.SIGHUP)
        support.wait_until(lambda: not support.alive(server.pid), 20, "the server to drain and end")
        writers.end()
        self.assertEqual(writers.refused, [], "a request was accepted and then refused")
        self.assertEqual(server.process.wait(), 0)
        self.assertIn("msg=stopped", server.output())

    def test_under_nohup_it_goes_on(self):
        server = MortiseServer({**support.QUICK}, modules=["probe"], prefix=["/usr/bin/nohup"]).start()
        self.addCleanup(server.stop)
        for _ in range(3):
            os.kill(server.pid, signal.SIGHUP)
            self.assertTrue(server.healthy())
        os.kill(server.pid, signal.SIGTERM)
        self.assertEqual(server.process.wait(30), 0)
        self.assertEqual([line.rpartition(" ")[2] for line in server.output().splitlines() if "msg=stopping" in line], [f"signal={int(signal.SIGTERM)}"])

    def test_a_second_one_ends_it_at_once(self):
        server = MortiseServer({**support.QUICK, "http.drain_seconds": 60}, modules=["probe"]).start()
        self.addCleanup(server.stop)
        threading.Thread(target=self.spin, args=[server], daemon=True).start()
        support.wait_until(lambda: support.request(server, "GET", "/probe/spinning").json()["spinning"] == 1, 20, "the request to run")
        os.kill(server.pid, signal.SIGHUP)
        support.wait_until(lambda: "msg=stopping" in server.output(), 10, "the drain to begin")
        os.kill(server.pid, signal.SIGHUP)
        self.assertEqual(server.process.wait(30), -signal.SIGHUP, "by the signal, not by the end of the drain")

    @staticmethod
    def spin(server):
        with contextlib.suppress(OSError, http.client.HTTPException):
            support.request(server, "GET", "/probe/spin", timeout=60)


if __name__ == "__main__":
    unittest.main()
