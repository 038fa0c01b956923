#include "core/http/head_parser.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/base/text.hpp"

namespace mortise::http {
namespace {

using Result = HeadParser::Result;

struct Parsed {
  Result result;
  int status = 0;
  std::size_t consumed = 0;
};

Parsed parseWhole(const std::string& bytes, Head& head, const HeadLimits& limits = HeadLimits()) {
  HeadParser parser(limits);
  Parsed parsed{parser.parse(bytes, head), 0, 0};
  if (parsed.result == Result::refused) parsed.status = parser.refusal().status;
  if (parsed.result == Result::complete) parsed.consumed = parser.consumed();
  return parsed;
}

int refusedStatus(const std::string& bytes) {
  Head head;
  const Parsed parsed = parseWhole(bytes, head);
  return parsed.result == Result::refused ? parsed.status : 0;
}

TEST(HeadParser, ReadsAnOrdinaryHead) {
  Head head;
  const std::string bytes =
      "POST /users/1?x=1&y=%20 HTTP/1.1\r\nHost: a.example:80\r\nContent-Length: 12\r\nX-One:  two "
      "\r\nx-one:three\r\n\r\nrest";
  const Parsed parsed = parseWhole(bytes, head);
  ASSERT_EQ(parsed.result, Result::complete);
  EXPECT_EQ(bytes.substr(parsed.consumed), "rest");
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.target, "/users/1?x=1&y=%20");
  EXPECT_EQ(head.path, "/users/1");
  EXPECT_EQ(head.query, "x=1&y=%20");
  EXPECT_EQ(head.versionMinor, 1);
  EXPECT_EQ(head.contentLength, 12u);
  EXPECT_TRUE(head.keepAlive);
  EXPECT_EQ(head.fields.get("X-ONE"), "two");
  EXPECT_EQ(head.fields.count("x-one"), 2u);
}

TEST(HeadParser, GivesTheSameResultForEveryCut) {
  const std::string bytes =
      "PUT /a/b?c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const HeadLimits limits;
    HeadParser parser(limits);
    Head head;
    ASSERT_EQ(parser.parse(std::string_view(bytes).substr(0, cut), head), Result::incomplete) << cut;
    ASSERT_EQ(parser.parse(bytes, head), Result::complete) << cut;
    EXPECT_EQ(parser.consumed(), bytes.size());
    EXPECT_TRUE(head.chunked);
    EXPECT_TRUE(head.expectContinue);
    EXPECT_EQ(head.path, "/a/b");
  }
  const HeadLimits limits;
  HeadParser parser(limits);
  Head head;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(parser.parse(std::string_view(bytes).substr(0, size), head), Result::incomplete);
  }
  EXPECT_EQ(parser.parse(bytes, head), Result::complete);
}

TEST(HeadParser, RefusesWhatCouldBeReadInTwoWays) {
  const std::string line = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refusedStatus(line + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: 5abc\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: +5\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: -5\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: 5, 5\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: 9007199254740993\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length: 999999999999999999999999999999\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Transfer-Encoding: xchunked\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Content-Length : 5\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + " folded\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "nocolon\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + ": empty\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "A: b\rc\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "A: b\nC: d\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + std::string("A: b\0c\r\n\r\n", 10)), 400);
  EXPECT_EQ(refusedStatus(line + "A: b\x01\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus(line + "Host: again\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
}

TEST(HeadParser, RefusesBadRequestLines) {
  EXPECT_EQ(refusedStatus("GET /\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET  / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET  HTTP/1.1\r\n"), 400) << "an empty target";
  EXPECT_EQ(refusedStatus("GET /a b HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET a HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET /a#b HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(refusedStatus("GET / HTTP/1.2\r\n"), 505);
  EXPECT_EQ(refusedStatus("GET / http/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("CONNECT a:1 HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("G{}T / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(refusedStatus("\r\n\r\nGET / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refusedStatus("\x16\x03\x01"), 400) << "a TLS hello is refused by its first byte";
  EXPECT_EQ(refusedStatus("GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n"), 417);
}

TEST(HeadParser, AcceptsOneEmptyLineInFrontAndAbsoluteTargets) {
  Head head;
  EXPECT_EQ(parseWhole("\r\nGET http://other.example/p?q HTTP/1.1\r\nHost: h\r\n\r\n", head).result, Result::complete);
  EXPECT_EQ(head.target, "/p?q");
  EXPECT_EQ(head.path, "/p");
  EXPECT_EQ(head.fields.get("host"), "other.example") << "the target outranks Host";
  Head star;
  EXPECT_EQ(parseWhole("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", star).result, Result::complete);
  EXPECT_EQ(star.path, "*");
}

TEST(HeadParser, DecidesKeepAliveByVersionAndConnection) {
  const auto keeps = [](const std::string& bytes) {
    Head head;
    EXPECT_EQ(parseWhole(bytes, head).result, Result::complete) << bytes;
    return head.keepAlive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(HeadParser, KeepsABeginningOfALongTargetThatCanBeDecoded) {
  for (const char* character : {"%C8%BE", "%E4%BD%A0", "%F0%9F%98%80", "%c3%a5", "%20", "a"}) {
    for (std::size_t start = 0; start < 12; ++start) {
      std::string target = "/" + std::string(start, 'x');
      while (target.size() <= HeadLimits().target) target += character;
      Head head;
      EXPECT_EQ(parseWhole("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n", head).status, 414);
      EXPECT_GT(head.path.size(), 1000U) << target.substr(0, 40);
      EXPECT_TRUE(text::percentDecode(head.path)) << head.path.substr(head.path.size() - 12);
    }
  }
}

TEST(HeadParser, EnforcesEveryLimit) {
  HeadLimits limits;
  Head head;
  const std::string rest = " HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(parseWhole("GET /" + std::string(limits.target, 'a') + rest, head, limits).status, 414);
  Head fits;
  EXPECT_EQ(parseWhole("GET /" + std::string(limits.target - 1, 'a') + rest, fits, limits).result, Result::complete);
  EXPECT_EQ(parseWhole("GET /" + std::string(limits.requestLine, 'a'), head, limits).status, 414)
      << "without waiting for its end";
  EXPECT_EQ(parseWhole("GET / HTTP/1.1\r\nA: " + std::string(limits.head, 'a'), head, limits).status, 431);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 99; ++i) many += "A: b\r\n";
  Head hundred;
  EXPECT_EQ(parseWhole(many + "\r\n", hundred, limits).result, Result::complete);
  Head more;
  EXPECT_EQ(parseWhole(many + "A: b\r\n\r\n", more, limits).status, 431);
}

}  // namespace
}  // namespace mortise::http
