"""Search in captured sessions: what is found, in which order, with which snippets, on SQLite and PostgreSQL."""
import html.parser
import re
import unittest
import urllib.parse

from captured_sessions import SessionFamily, archive, manifest, text
from mortise_server import OnPostgresDatabase, Postgres
from organisations import MICROS, PRICING

TIME_LIMIT = 300


class Marks(html.parser.HTMLParser):
    """The tags of a snippet, and its text."""

    def __init__(self, snippet):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(snippet)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, attributes))

    def handle_data(self, data):
        self.text += data


class SessionSearch:
    """The tests; subclasses choose the database."""

    OPTIONS = {"identity.upgrade_url": PRICING, "identity.default_tier": "enterprise"}

    def said(self, caller, title, *words, **more):
        return self.push(caller, content=archive([text("user", one) for one in words], manifest(title=title, **more)))

    def search(self, caller, q, path="/sessions/search", **query):
        answer = caller.get(path + "?" + urllib.parse.urlencode({"q": q, **query}))
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def ids(self, caller, q, **query):
        return [one["session_id"] for one in self.search(caller, q, **query)["results"]]

    def test_a_page_shows_sessions_with_snippets(self):
        ada = self.account()
        session = self.said(ada, "Fix the parser of dates", "please fix <b>the parser</b> & tell me", model_id="m7", message_count=3)
        for path in ("/sessions/search", "/sessions/search/"):
            page = self.search(ada, "Parsers", path=path)
            found = page["results"][0]
            self.assertRegex(found.pop("updated_at"), MICROS)
            snippet = found.pop("matches")
            self.assertEqual(found, {"session_id": session, "title": "Fix the parser of dates", "alias": None, "source_tool": "claude-code", "model_id": "m7",
                                     "message_count": 3})
            self.assertEqual(snippet, [{"snippet": "please fix &lt;b&gt;the <mark>parser</mark>&lt;/b&gt; &amp; tell me"}])
            self.assertEqual({key: page[key] for key in page if key != "results"}, {"total": 1, "page": 1, "page_size": 20, "query": "Parsers"})
        self.assertEqual(self.search(ada, "nothing"), {"results": [], "total": 0, "page": 1, "page_size": 20, "query": "nothing"})

    def test_english_chinese_and_code_are_found(self):
        ada = self.account()
        english = self.said(ada, "One", "the tests were failing again")
        chinese = self.said(ada, "修复登录", "数据库连接池的内存泄漏问题")
        code = self.said(ada, "Two", "edit src/lexer/token_stream.cpp and run foo_bar")
        for q, found in (("failed test", [english]), ("内存泄漏", [chinese]), ("连接池 登录", [chinese]), ("库", [chinese]), ("token_stream.cpp", [code]),
                         ("src/lexer/token_stream.cpp", [code]), ("foo_bar", [code]), ("bar lexer", [code]), ("tests lexer", []), ("泄内", [])):
            self.assertEqual(self.ids(ada, q), found, q)

    def test_titles_count_more_and_all_words_are_required(self):
        ada = self.account()
        for number in range(5):
            self.said(ada, f"Other {number}", "nothing of interest")
        text_only = self.said(ada, "Something", "the parser is in the text, among many other words of no interest at all")
        title = self.said(ada, "The parser", "no word of it")
        self.assertEqual(self.ids(ada, "parser"), [title, text_only])
        self.assertEqual(self.ids(ada, "parser interest"), [text_only])

    def test_only_live_sessions_of_the_caller(self):
        ada, bob = self.account(), self.account()
        mine, hidden = self.said(ada, "Parser", "x"), self.said(ada, "Parser", "x")
        self.said(bob, "Parser", "x")
        self.assertEqual(ada.delete(f"/sessions/{hidden}?scope=cloud").status, 200)
        self.assertEqual(self.ids(ada, "parser"), [mine])
        self.assertEqual(ada.post(f"/sessions/{hidden}/restore").status, 200)
        self.assertEqual(sorted(self.ids(ada, "parser")), sorted([mine, hidden]))

    def test_a_new_push_and_a_new_title_are_found(self):
        ada = self.account()
        session = self.said(ada, "Parser", "old words")
        self.push(ada, session, archive([text("user", "new words")], manifest(title="Parser")), status=200)
        self.assertEqual((self.ids(ada, "old"), self.ids(ada, "new")), ([], [session]))
        self.assertEqual(ada.call("PATCH", f"/sessions/{session}", {"title": "Lexer"}).status, 200)
        self.assertEqual((self.ids(ada, "parser"), self.ids(ada, "lexer new")), ([], [session]))

    def test_tools_and_days_filter(self):
        ada = self.account()
        cli, plain = self.said(ada, "Parser", "x", tool="gemini-cli"), self.said(ada, "Parser", "x", tool="gemini")
        other = self.said(ada, "Parser", "x", tool="copilot-cli")
        for tool in ("gemini", "gemini-cli"):
            self.assertEqual(sorted(self.ids(ada, "parser", tool=tool)), sorted([cli, plain]), tool)
        self.assertEqual(self.ids(ada, "parser", tool="copilot"), [other])
        self.assertEqual(self.ids(ada, "parser", tool="amp"), [])
        self.sql(f"UPDATE sync_captured_sessions SET updated_at = updated_at - 259200000000 WHERE id = '{other}'")
        self.assertEqual(sorted(self.ids(ada, "parser", days=2)), sorted([cli, plain]))
        self.assertEqual(len(self.ids(ada, "parser", days=365)), 3)

    def test_pages(self):
        ada = self.account()
        sessions = {self.said(ada, f"Parser {number}", "x") for number in range(7)}
        pages = [self.search(ada, "parser", page=page, page_size=3) for page in (1, 2, 3, 4)]
        self.assertEqual([len(page["results"]) for page in pages], [3, 3, 1, 0])
        self.assertEqual({page["total"] for page in pages}, {7})
        self.assertEqual({one["session_id"] for page in pages for one in page["results"]}, sessions)
        self.assertEqual((pages[3]["page"], pages[3]["page_size"]), (4, 3))

    def test_parameters_are_checked(self):
        ada = self.account()
        for query, name in (("", "q"), ("q=", "q"), ("q=" + "x" * 501, "q"), ("q=x&days=0", "days"), ("q=x&days=366", "days"), ("q=x&days=y", "days"),
                            ("q=x&page=0", "page"), ("q=x&page_size=0", "page_size"), ("q=x&page_size=51", "page_size")):
            answer = ada.get("/sessions/search?" + query)
            self.assertEqual(answer.status, 422, (query, answer))
            self.assertEqual(answer.json()["error"]["details"]["errors"][0]["loc"], ["query", name], query)
        self.assertEqual(self.search(ada, "x" * 500)["total"], 0)

    def test_hostile_queries_are_words(self):
        ada = self.account()
        session = self.said(ada, "Parser", "x")
        for q in ('"', "'", "parser*", '"parser"', "parser NOT", "(", ") OR (", "title:parser", "^parser", "NEAR(parser x)", "a & b | !c <-> d:*", "\\", "%", "{}", "-",
                  "\u202e", "😀", "; DROP TABLE sync_search_texts; --", " ".join("ab"[i % 2] * (i + 1) for i in range(20)),
                  "中" * 400, "a_" * 240, "x y " * 120):
            self.search(ada, q)
        self.assertEqual(self.ids(ada, "parser"), [session])
        self.assertEqual(self.ids(ada, '"parser"*'), [session])

    def test_snippets_are_safe_and_short(self):
        ada = self.account()
        words = " ".join(f"word{i}" for i in range(200))
        self.said(ada, "One", words + " <img src=x onerror=alert(1)> parser </mark><script>alert('x')</script> " + words)
        snippet = self.search(ada, "parser")["results"][0]["matches"][0]["snippet"]
        marks = Marks(snippet)
        self.assertEqual(marks.tags, [("mark", [])], snippet)
        self.assertIn("<script>alert('x')</script>", marks.text)
        self.assertTrue(15 <= len(re.findall(r"\w+", marks.text)) <= 35, snippet)
        self.assertNotIn("\n", snippet)

    def test_who_may_search(self):
        free = self.account(tier="free")
        self.assertEqual(free.get("/sessions/search?q=x").json()["error"]["details"],
                         {"error": "upgrade_required", "feature": "cloud_sync", "current_tier": "free", "required_tier": "starter", "upgrade_url": PRICING})
        self.assertEqual(free.get("/sessions/search").status, 422, "the parameters come first")
        admin, org = self.org()
        key = admin.post(f"/orgs/{org}/service-keys", {"name": "ci", "scopes": ["sessions:read"]}).json()["key"]
        admin.token = key
        answer = admin.get("/sessions/search?q=x")
        self.assertEqual((answer.status, answer.json()["error"]["details"]["error"]), (403, "service_key_not_allowed"))
        admin.token = "sk_sfs_" + "0" * 32
        self.assertEqual(admin.get("/sessions/search?q=x").status, 401)


class SessionSearchOnSqlite(SessionSearch, SessionFamily):
    pass


@unittest.skipUnless(Postgres.available(), "PostgreSQL 15 is not installed")
class SessionSearchOnPostgres(SessionSearch, OnPostgresDatabase, SessionFamily):
    pass


if __name__ == "__main__":
    unittest.main()
