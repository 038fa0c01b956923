"""Links to captured sessions: making, opening, revoking them; passwords; what a browser is shown; the public transcript."""
import datetime
import html
import re
import unittest
import urllib.parse

import support
from captured_sessions import SessionFamily, archive, manifest, new_id, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS

TIME_LIMIT = 300
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", **HTML}
PAST = 1_000_000
SECRET = "AKIAIOSFODNN7EXAMPLD"  # the form of an access key of AWS


class Sharing(SessionFamily):
    """What the tests of links share."""

    def share(self, caller, session, **body):
        answer = caller.post(f"/sessions/{session}/share", body)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def open(self, link, query="", method="GET", body=None, headers=None, source=None):
        path = urllib.parse.urlsplit(link["url"]).path
        return support.request(self.server, method, path + query, body, {"Accept-Language": "en", **(headers or {})}, source=source)

    def set_link(self, link, assignment):
        self.sql(f"UPDATE sync_share_links SET {assignment} WHERE id = '{link['link_id']}'")


class Links:
    """The tests; subclasses choose the database."""

    # --- making

    def test_a_link_is_made(self):
        ada = self.account()
        session = self.push(ada)
        for body, hours, has_password in (({}, 24, False), ({"expires_in_hours": 1, "password": None}, 1, False), ({"password": "open sesame"}, 24, True),
                                          ({"expires_in_hours": None, "password": ""}, 24, False), ({"expires_in_hours": "30"}, 30, False)):
            made = self.share(ada, session, **body)
            self.assertEqual(sorted(made), ["expires_at", "has_password", "link_id", "public_url", "url"])
            self.assertRegex(made["url"], r"^http://127\.0\.0\.1:\d+/api/v1/sessions/share/[A-Za-z0-9_-]{64}$")
            self.assertEqual(made["public_url"], made["url"])
            self.assertIs(made["has_password"], has_password)
            self.assertRegex(made["expires_at"], MICROS)
            life = datetime.datetime.fromisoformat(made["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
            self.assertAlmostEqual(life.total_seconds(), hours * 3600, delta=120)
            token = made["url"].rsplit("/", 1)[1]
            for column in ("token_digest", "password_hash"):
                self.assertNotIn(token, str(self.sql(f"SELECT {column} FROM sync_share_links WHERE id = '{made['link_id']}'")))
            self.assertNotIn(token, self.server.output())
        self.assertIn("$argon2id$", str(self.sql(f"SELECT password_hash FROM sync_share_links WHERE session_id = '{session}'")))

    def test_what_a_new_link_refuses(self):
        ada, session = self.account(), new_id()
        self.push(ada, session)
        claimer = self.account(confirmed=False)
        self.assertPlain(claimer.post("/sessions/ses_0000000000000000/share", {}), 403, "Verify your e-mail address first")
        self.assertPlain(ada.post("/sessions/x/share", {}), 400)
        self.assertPlain(ada.post("/sessions/ses_0000000000000000/share", {}), 404, "No such session")
        self.assertPlain(self.account().post(f"/sessions/{session}/share", {}), 404, "No such session")
        for wrong, field in (({"expires_in_hours": "soon"}, "expires_in_hours"), ({"expires_in_hours": 1.5}, "expires_in_hours"), ({"password": 5}, "password"),
                             ({"password": "x" * 257}, "password")):
            self.assertInvalid(ada.post(f"/sessions/{session}/share", wrong), ("body", field))
        self.assertEqual(ada.post(f"/sessions/{session}/share").status, 422, "a body is needed")
        self.assertEqual(support.request(self.server, "POST", f"/api/v1/sessions/{session}/share", {}).status, 401)
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.assertPlain(ada.post(f"/sessions/{session}/share", {}), 404, "No such session")

    def test_a_link_by_alias_and_lives_beyond_reason(self):
        ada = self.account()
        session = self.push(ada)
        self.assertEqual(ada.put(f"/sessions/{session}/alias", {"alias": f"clock-{session[-6:]}"}).status, 200)
        made = self.share(ada, f"clock-{session[-6:]}", expires_in_hours=9_000_000_000_000_000)
        self.assertEqual(self.open(made).status, 200)
        for hours in (0, -5, -9_000_000_000_000_000):
            self.assertPlain(self.open(self.share(ada, session, expires_in_hours=hours)), 410, "The link has expired")

    # --- opening

    def test_a_link_opens_for_everybody(self):
        ada, content = self.account(), archive([text("user", "Please")], manifest())
        session = self.push(ada, content=content)
        link, etag = self.share(ada, session), self.detail(ada, session)["etag"]
        for form in ("", "/"):
            answer = self.open(link, form)
            self.assertEqual((answer.status, answer.body), (200, content))
        self.assertEqual((answer.headers["Content-Type"], answer.headers["ETag"]), ("application/gzip", f'"{etag}"'))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        part = self.open(link, headers={"Range": "bytes=5-9"})
        self.assertEqual((part.status, part.body, part.headers["Content-Range"]), (206, content[5:10], f"bytes 5-9/{len(content)}"))
        self.assertEqual(self.open(link, headers={"Range": f"bytes={len(content)}-"}).status, 416)
        self.assertEqual(self.open(link, headers={"If-None-Match": f'"{etag}"'}).status, 304)
        self.assertEqual(self.open(link, method="POST", body={}).body, content, "POST works without a password, too")
        self.assertEqual(self.open(link, method="POST", body={"password": "whatever"}).body, content)
        self.assertEqual(self.open(link, method="HEAD").status, 405)
        again = self.push(ada, session, status=200, content=archive([text("user", "More")], manifest()))
        self.assertEqual(self.open(link).headers["ETag"], f'"{self.detail(ada, again)["etag"]}"', "it shows what there is now")

    def test_the_log_opens_no_link(self):
        ada = self.account()
        session = self.push(ada, content=archive([text("user", "Please")], manifest()))
        link = self.share(ada, session, password="open sesame")
        token = link["url"].rsplit("/", 1)[1]
        ticket = re.search(r"ticket=([^&\"]+)", html.unescape(self.open(link, method="POST", body=b"password=open+sesame", headers=FORM).body.decode()))[1]
        for method, tail, body in (("GET", "", None), ("GET", "/", None), ("GET", f"?ticket={ticket}", None), ("POST", "", {"password": "wrong"}), ("GET", "/view", None),
                                   ("POST", "/view/", {"password": "open sesame"}), ("HEAD", "", None), ("DELETE", "", None), ("PUT", "/view", {}), ("GET", "?page=x", None), ("GET", "/nothing/there", None)):
            self.open(link, tail, method=method, body=body)
        wanted = ("path=/api/v1/sessions/share/{token} ", "path=/api/v1/sessions/share/{token}/ ", "path=/api/v1/sessions/share/{token}/view ", "path=/api/v1/sessions/share/{token}/nothing/there ")
        support.wait_until(lambda: all(path in self.server.output() for path in wanted), 20, "the lines of the requests")
        support.wait_until(lambda: self.server.output().count("share/{token}") >= 12, 20, "all of them")
        for secret in (token, token[:16], ticket):
            self.assertNotIn(secret, self.server.output())

    def test_a_link_with_a_password(self):
        ada, content = self.account(), archive([text("user", "Please")], manifest())
        link = self.share(ada, self.push(ada, content=content), password="öffne dich")
        self.assertPlain(self.open(link), 401, "This link needs a password")
        for body in ({}, {"password": None}):
            self.assertPlain(self.open(link, method="POST", body=body), 401, "This link needs a password")
        for wrong in ("", "offne dich", "öffne dich "):
            self.assertPlain(self.open(link, method="POST", body={"password": wrong}), 401, "This is not the password of the link")
        right = self.open(link, method="POST", body={"password": "öffne dich"})
        self.assertEqual((right.status, right.body), (200, content))
        self.assertEqual(self.open(link, method="POST").status, 422)
        self.assertInvalid(self.open(link, method="POST", body={"password": 5}), ("body", "password"))
        self.assertPlain(self.open(link, "?ticket=v1.abc"), 401, "This link needs a password")

    def test_links_that_do_not_open_in_their_order(self):
        ada = self.account()
        session = self.push(ada)
        path = "/api/v1/sessions/share/"
        self.assertPlain(support.request(self.server, "GET", path + "x" * 64, headers={"Accept-Language": "en"}), 404, "No such link")
        self.assertPlain(support.request(self.server, "POST", path + "download", {}, headers={"Accept-Language": "en"}), 404, "No such link")
        link = self.share(ada, session, password="p")
        self.set_link(link, f"expires_at = {PAST}, revoked_at = {PAST}")
        self.assertPlain(self.open(link), 410, "The link was revoked")
        self.set_link(link, "revoked_at = NULL")
        self.assertPlain(self.open(link), 410, "The link has expired")
        self.set_link(link, "expires_at = 9000000000000000")
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.assertPlain(self.open(link), 401, "This link needs a password")
        self.assertPlain(self.open(link, method="POST", body={"password": "p"}), 410, "The session was deleted")
        self.assertEqual(ada.post(f"/sessions/{session}/restore").status, 200)
        self.assertEqual(self.open(link, method="POST", body={"password": "p"}).status, 200)
        key = self.sql(f"SELECT blob_key FROM sync_captured_sessions WHERE id = '{session}'")[0][0]
        self.sql(f"UPDATE sync_captured_sessions SET blob_key = '{key[:-8]}00000000' WHERE id = '{session}'")
        self.assertEqual(self.open(link, method="POST", body={"password": "p"}).status, 404, "its archive is gone")

    # --- revoking

    def test_a_link_is_revoked(self):
        ada = self.account()
        session, other = self.push(ada), self.push(ada)
        link = self.share(ada, session)
        path = f"/sessions/{session}/share/{link['link_id']}"
        self.assertPlain(self.account().delete(path), 404, "No such session")
        self.assertPlain(ada.delete(f"/sessions/{other}/share/{link['link_id']}"), 404, "No such link")
        self.assertPlain(ada.delete(f"/sessions/{session}/share/nothing"), 404, "No such link")
        self.assertPlain(ada.delete(f"/sessions/ses_0000000000000000/share/{link['link_id']}"), 404, "No such session")
        self.assertPlain(ada.delete(f"/sessions/x/share/{link['link_id']}"), 400)
        self.assertEqual(self.open(link).status, 200)
        for form in (path, path + "/"):
            answer = ada.delete(form)
            self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertPlain(self.open(link), 410, "The link was revoked")

    def test_a_push_that_undeletes_revokes_its_links(self):
        ada = self.account()
        session = self.push(ada)
        link = self.share(ada, session)
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        self.push(ada, session, status=200, headers={"X-SessionFS-Undelete": "true"})
        self.assertPlain(self.open(link), 410, "The link was revoked")

    def test_every_change_is_on_record(self):
        ada = self.account()
        session = self.push(ada)
        link = self.share(ada, session)
        ada.delete(f"/sessions/{session}/share/{link['link_id']}")
        actions = [row[0] for row in self.sql(f"SELECT action FROM mortise_audit WHERE actor = '{ada.id}' AND action LIKE 'sync.share%' ORDER BY at")]
        self.assertEqual(actions, ["sync.share_link_created", "sync.share_link_revoked"])

    # --- the page

    def test_a_browser_gets_a_page(self):
        ada = self.account()
        talk = [text("user", "<script>alert(1)</script> & so on", timestamp="2026-01-01T00:00:00Z"),
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "SECRET THOUGHT"}, {"type": "text", "text": "Done"},
                                                  {"type": "tool_use", "tool_use_id": "1", "name": "Bash", "input": {"command": "ls -l"}}]},
                {"role": "tool", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "total 0"}]}, "broken line"]
        content = archive(talk, manifest("Fix <the> clock"))
        link = self.share(ada, self.push(ada, content=content))
        answer = self.open(link, headers=HTML)
        page = answer.body.decode()
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertIn("<title>Fix &lt;the&gt; clock</title>", page)
        self.assertIn("&lt;script&gt;alert(1)&lt;/script&gt; &amp; so on", page)
        self.assertNotIn("<script>", page)
        self.assertNotIn("SECRET THOUGHT", page)
        for shown in ("Done", "Call of Bash", "ls -l", "total 0", 'href="?download=true"'):
            self.assertIn(shown, page)
        self.assertEqual(self.open(link, "?download=true", headers=HTML).body, content)
        self.assertIn("下载会话", self.open(link, headers={**HTML, "Accept-Language": "zh-CN"}).body.decode())
        self.assertEqual(self.open(link, headers={"Accept": "*/*"}).body, content, "clients get the bytes")

    def test_a_browser_is_asked_for_the_password_once(self):
        ada, content = self.account(), archive([text("user", "Please")] * 250, manifest())
        link = self.share(ada, self.push(ada, content=content), password="open & sesame")
        asked = self.open(link, headers=HTML)
        self.assertEqual(asked.status, 401)
        self.assertIn('<form method="post">', asked.body.decode())
        wrong = self.open(link, method="POST", body=b"password=sesame", headers=FORM)
        self.assertEqual(wrong.status, 401)
        self.assertIn("This is not the password.", wrong.body.decode())
        right = self.open(link, method="POST", body=urllib.parse.urlencode({"password": "open & sesame"}).encode(), headers=FORM)
        self.assertEqual(right.status, 200)
        urls = [html.unescape(url) for url in re.findall(r'href="(\?[^"]+)"', right.body.decode())]
        self.assertEqual([re.sub("ticket=.*", "", url) for url in urls], ["?download=true&", "?page=2&"])
        self.assertEqual(self.open(link, urls[0], headers=HTML).body, content)
        second = self.open(link, urls[1], headers=HTML).body.decode()
        self.assertEqual(second.count("<article>"), 100)
        self.assertIn("Earlier messages", second)
        third = self.open(link, urls[1].replace("page=2", "page=3"), headers=HTML).body.decode()
        self.assertEqual((third.count("<article>"), "Later messages" in third), (50, False))
        other = self.share(ada, self.push(ada), password="open & sesame")
        self.assertEqual(self.open(other, urls[1], headers=HTML).status, 401, "a ticket is for one link")

    def test_a_browser_is_told_of_dead_links_by_a_page(self):
        ada = self.account()
        link = self.share(ada, self.push(ada))
        self.set_link(link, f"revoked_at = {PAST}")
        gone = self.open(link, headers=HTML)
        self.assertEqual((gone.status, gone.headers["Content-Type"]), (410, "text/html; charset=utf-8"))
        self.assertIn("The link has ended", gone.body.decode())
        unknown = support.request(self.server, "GET", "/api/v1/sessions/share/" + "x" * 64, headers={**HTML, "Accept-Language": "zh-CN"})
        self.assertEqual(unknown.status, 404)
        self.assertIn("链接不存在", unknown.body.decode())

    # --- the public transcript

    def test_the_transcript_of_a_link(self):
        ada = self.account()
        talk = [text("user", "x" * 9000, timestamp="t"), text("assistant", "aside", is_sidechain=True), *[text("assistant", str(n)) for n in range(120)]]
        session = self.push(ada, content=archive(talk, manifest("Fix the clock", message_count=121)))
        link = self.share(ada, session)
        answer = self.open(link, "/view")
        body = answer.json()
        self.assertEqual((answer.status, answer.headers["Cache-Control"]), (200, "no-store"))
        self.assertEqual(sorted(body), ["created_at", "has_more", "message_count", "messages", "owner_display_name", "page", "title", "tool"])
        self.assertEqual((body["title"], body["tool"], body["message_count"], body["page"], body["has_more"]), ("Fix the clock", "claude-code", 121, 1, True))
        self.assertEqual(body["owner_display_name"], ada.email.split("@")[0], "a name, not the address")
        self.assertEqual(body["messages"][0], {"role": "user", "timestamp": "t", "content": [{"type": "text", "text": "x" * 8000}]})
        self.assertEqual((len(body["messages"]), body["messages"][1]["content"][0]["text"]), (100, "0"))
        second = self.open(link, "/view?page=2").json()
        self.assertEqual((len(second["messages"]), second["has_more"]), (21, False))
        self.assertEqual(self.open(link, "/view?page=none").json()["page"], 1, "what can't be read counts as absent")

    def test_the_transcript_of_dead_links_is_not_found(self):
        ada = self.account()
        session = self.push(ada)
        dead = (404, {"error": {"code": "404", "message": "No such link", "details": {}}})
        for assignment in (f"revoked_at = {PAST}", f"expires_at = {PAST}"):
            link = self.share(ada, session)
            self.set_link(link, assignment)
            answer = self.open(link, "/view")
            self.assertEqual((answer.status, answer.json()), dead)
        answer = support.request(self.server, "GET", "/api/v1/sessions/share/none/view", headers={"Accept-Language": "en"})
        self.assertEqual((answer.status, answer.json()), dead)
        link = self.share(ada, session, password="p")
        self.assertPlain(self.open(link, "/view"), 401, "This link needs a password")
        self.assertPlain(self.open(link, "/view", method="POST", body={"password": "q"}), 401, "This is not the password of the link")
        self.assertEqual(self.open(link, "/view", method="POST", body={"password": "p"}).json()["messages"][0]["role"], "user")
        self.assertEqual(ada.delete(f"/sessions/{session}").status, 200)
        answer = self.open(link, "/view", method="POST", body={"password": "p"})
        self.assertEqual((answer.status, answer.json()), dead)

    def test_secrets_are_not_shown_to_everybody(self):
        ada = self.account()
        for talk in ([text("user", f"my key is {SECRET}")], [{"role": "assistant", "content": [{"type": "tool_use", "name": "Bash", "input": {"command": f"use {SECRET}"}}]}],
                     [{"role": "assistant", "content": [{"type": "tool_use", "name": f"run {SECRET}", "input": {}}]}],
                     [{"role": SECRET, "content": "a"}], [{"role": "user", "timestamp": SECRET, "content": "a"}]):
            session = self.push(ada, content=archive(talk, manifest()))
            link = self.share(ada, session)
            for _ in range(2):
                answer = self.open(link, "/view")
                self.assertPlain(answer, 451, "The messages seem to hold secrets and are not shown")
                page = self.open(link, headers=HTML)
                self.assertEqual(page.status, 200)
                self.assertNotIn(SECRET, page.body.decode())
                self.assertIn("seem to hold passwords", page.body.decode())
            self.assertEqual(self.open(link).status, 200, "whoever has the link may have the archive")
        self.push(ada, session, status=200)
        self.assertEqual(self.open(link, "/view").status, 200, "what was found is bound to the bytes")

    def test_old_links_go(self):
        ada = self.account()
        session = self.push(ada)
        old, new = self.share(ada, session), self.share(ada, session)
        self.set_link(old, f"expires_at = {PAST}")
        self.run_job("purge_share_links")
        support.wait_until(lambda: not self.sql(f"SELECT id FROM sync_share_links WHERE id = '{old['link_id']}'"), 20, "the job to drop the link")
        self.assertPlain(self.open(old), 404, "No such link")
        self.assertEqual(self.open(new).status, 200)


class OnSqlite(Links, Sharing):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class OnPostgres(Links, OnPostgresDatabase, Sharing):
    pass


class Dashboard(Sharing):
    OPTIONS = {"sync.dashboard_url": "https://app.example.com/", "http.public_url": "https://api.example.com"}

    def test_people_are_sent_to_the_application(self):
        ada = self.account()
        link = self.share(ada, self.push(ada))
        token = link["url"].rsplit("/", 1)[1]
        self.assertEqual(link["url"], f"https://api.example.com/api/v1/sessions/share/{token}")
        self.assertEqual(link["public_url"], f"https://app.example.com/s/{token}")


class Limited(Sharing):
    OPTIONS = {"limits.enabled": "true"}

    def test_wrong_passwords_are_counted_for_the_client_and_for_the_link(self):
        ada = self.account()
        session = self.push(ada)
        link, other = self.share(ada, session, password="right"), self.share(ada, session, password="right")
        guess = lambda of, word, client: self.open(of, method="POST", body={"password": word}, source=f"127.1.0.{client}")
        self.assertEqual([guess(link, "right", 1).status for _ in range(12)], [200] * 12, "what is right is no guess")
        self.assertEqual([guess(link, "wrong", 1).status for _ in range(10)], [401] * 10)
        refused = guess(link, "right", 1)
        self.assertPlain(refused, 429)
        self.assertGreater(int(refused.headers["Retry-After"]), 0)
        page = self.open(link, method="POST", body=b"password=right", headers=FORM, source="127.1.0.1")
        self.assertEqual((page.status, "Too many tries" in page.body.decode()), (429, True))
        self.assertEqual(guess(other, "right", 1).status, 200, "another link")
        self.assertEqual(guess(link, "right", 2).status, 200, "another client")
        for client in range(3, 7):
            self.assertEqual([guess(link, "wrong", client).status for _ in range(10)], [401] * 10)
        self.assertEqual(guess(link, "right", 9).status, 429, "fifty wrong ones of one link in an hour")
        self.assertEqual(guess(other, "right", 9).status, 200)


if __name__ == "__main__":
    unittest.main()
