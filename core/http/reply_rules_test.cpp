// The rules of replies that need no socket: conditions and ranges of files, compression, dates.
#include <gtest/gtest.h>

#include "core/http/file_reply.hpp"
#include "core/http/gzip.hpp"
#include "core/http/http_date.hpp"
#include "core/http/server_state.hpp"

namespace mortise::http {
namespace {

FileSelection select(const Fields& fields, std::uint64_t size = 1000, Method method = Method::get) {
  Head head;
  head.method = method;
  head.fields = fields;
  return selectFile(head, 200, FileBody{nullptr, "\"v1\"", 784111777}, size);
}

Fields with(std::string name, std::string value) {
  Fields fields;
  fields.add(std::move(name), std::move(value));
  return fields;
}

TEST(FileSelection, AnswersOneRange) {
  const auto expectPart = [](const char* range, std::uint64_t offset, std::uint64_t length) {
    const FileSelection part = select(with("Range", range));
    EXPECT_EQ(part.status, 206) << range;
    EXPECT_EQ(part.offset, offset) << range;
    EXPECT_EQ(part.length, length) << range;
  };
  expectPart("bytes=0-0", 0, 1);
  expectPart("bytes=10-19", 10, 10);
  expectPart("bytes=990-", 990, 10);
  expectPart("bytes=990-5000", 990, 10);
  expectPart("bytes=-10", 990, 10);
  expectPart("bytes=-5000", 0, 1000);
  EXPECT_EQ(select(with("Range", "bytes=10-19")).fields.get("Content-Range"), "bytes 10-19/1000");
}

TEST(FileSelection, RefusesRangesOutsideAndIgnoresNonsense) {
  EXPECT_EQ(select(with("Range", "bytes=1000-")).status, 416);
  EXPECT_EQ(select(with("Range", "bytes=1000-")).fields.get("Content-Range"), "bytes */1000");
  EXPECT_EQ(select(with("Range", "bytes=-0")).status, 416);
  EXPECT_EQ(select(with("Range", "bytes=0-"), 0).status, 416);
  for (const char* nonsense :
       {"bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,5-6", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(select(with("Range", nonsense)).status, 200) << nonsense;
  }
}

TEST(FileSelection, HonoursConditions) {
  EXPECT_EQ(select(with("If-None-Match", "\"v0\", W/\"v1\"")).status, 304);
  EXPECT_EQ(select(with("If-None-Match", "*")).status, 304);
  EXPECT_EQ(select(with("If-None-Match", "\"v2\"")).status, 200);
  EXPECT_EQ(select(with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")).status, 304);
  EXPECT_EQ(select(with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT")).status, 200);
  EXPECT_EQ(select(with("If-Modified-Since", "yesterday")).status, 200);
  Fields both = with("If-None-Match", "\"v2\"");
  both.add("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(select(both).status, 200) << "the tag outranks the date";
}

TEST(FileSelection, HonoursIfRange) {
  const auto status = [](const char* condition) {
    Fields fields = with("Range", "bytes=0-1");
    fields.add("If-Range", condition);
    return select(fields).status;
  };
  EXPECT_EQ(status("\"v1\""), 206);
  EXPECT_EQ(status("\"v2\""), 200);
  EXPECT_EQ(status("W/\"v1\""), 200);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:37 GMT"), 206);
  EXPECT_EQ(status("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
}

TEST(Gzip, ReadsAcceptEncoding) {
  EXPECT_TRUE(acceptsGzip("gzip"));
  EXPECT_TRUE(acceptsGzip("br, GZIP;q=0.5"));
  EXPECT_TRUE(acceptsGzip("*"));
  EXPECT_TRUE(acceptsGzip("deflate, *;q=0.1"));
  EXPECT_FALSE(acceptsGzip(""));
  EXPECT_FALSE(acceptsGzip("br"));
  EXPECT_FALSE(acceptsGzip("gzip;q=0"));
  EXPECT_FALSE(acceptsGzip("gzip; q=0.000, *"));
  EXPECT_FALSE(acceptsGzip("*;q=0"));
  EXPECT_FALSE(acceptsGzip("gzip;q=x"));
}

TEST(Gzip, CompressesOnlyWhatIsWorthIt) {
  Head head;
  head.fields.add("Accept-Encoding", "gzip");
  const auto compressed = [&](std::size_t size, const char* type, bool allowed = true) {
    Reply reply;
    reply.fields.add("Content-Type", type);
    reply.body.assign(size, 'a');
    reply.compress = allowed;
    compressReply(head, reply);
    return reply.fields.get("content-encoding") == "gzip";
  };
  EXPECT_TRUE(compressed(5000, "application/json"));
  EXPECT_TRUE(compressed(5000, "application/problem+json; charset=utf-8"));
  EXPECT_TRUE(compressed(5000, "text/html"));
  EXPECT_TRUE(compressed(5000, "image/svg+xml"));
  EXPECT_FALSE(compressed(5000, "image/png"));
  EXPECT_FALSE(compressed(1024, "application/json"));
  EXPECT_FALSE(compressed(5000, "application/json", false));
  Head plain;
  Reply reply;
  reply.fields.add("Content-Type", "text/plain");
  reply.body.assign(5000, 'a');
  compressReply(plain, reply);
  EXPECT_EQ(reply.fields.get("vary"), "Accept-Encoding");
  EXPECT_EQ(reply.body.size(), 5000u);
}

TEST(HttpDate, WritesAndReadsTheFixedForm) {
  EXPECT_EQ(formatHttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  constexpr std::int64_t kNow = 1'790'000'000;  // in 2026
  for (const char* text :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"})
    EXPECT_EQ(parseHttpDate(text, kNow), 784111777) << text;
  EXPECT_EQ(parseHttpDate("Wednesday, 31-Dec-76 23:59:59 GMT", kNow), 3'376'684'799) << "50 years ahead";
  EXPECT_EQ(parseHttpDate("Friday, 31-Dec-77 23:59:59 GMT", kNow), 252'460'799) << "more is the past";
  EXPECT_EQ(parseHttpDate("Mon Nov 16 08:49:37 2026", kNow), 1'794'818'977);
  EXPECT_EQ(parseHttpDate("Monday, 16-Nov-26 08:49:37 GMT", kNow), 1'794'818'977);
  for (const char* text :
       {"Sun, 06 Nov 1994 25:49:37 GMT", "Sunday, 06-Nov-94 08:60:37 GMT", "Sunday, 32-Nov-94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 UTC",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "Sun Nov 06 08-49-37 1994",
        "Xun Nov  6 08:49:37 1994", "Sun Nob  6 08:49:37 1994", "Sun Nov  0 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 +0000", "784111777"})
    EXPECT_FALSE(parseHttpDate(text, kNow)) << text;
  EXPECT_FALSE(parseHttpDate("", kNow));
}

TEST(AddressTable, CountsConnectionsOfOneAddress) {
  AddressTable table;
  EXPECT_TRUE(table.enter("192.0.2.1", 2));
  EXPECT_TRUE(table.enter("192.0.2.1", 2));
  EXPECT_FALSE(table.enter("192.0.2.1", 2));
  EXPECT_TRUE(table.enter("192.0.2.2", 2));
  table.leave("192.0.2.1");
  EXPECT_TRUE(table.enter("192.0.2.1", 2));
}

TEST(AddressTable, CountsAnIPv6ClientByItsNetworks) {
  AddressTable table;
  EXPECT_TRUE(table.enter("2001:db8::1", 2));
  EXPECT_TRUE(table.enter("2001:db8::ffff:2", 2));
  EXPECT_FALSE(table.enter("2001:0DB8:0:0:9::", 2)) << "the third of one /64";
  EXPECT_TRUE(table.enter("2001:db8:0:1::1", 2));
  EXPECT_TRUE(table.enter("2001:db8:0:ff::1", 2));
  EXPECT_FALSE(table.enter("2001:db8:0:2::1", 2)) << "the fifth of one /56";
  EXPECT_TRUE(table.enter("2001:db8:0:100::1", 2));
  table.leave("2001:db8::1");
  EXPECT_TRUE(table.enter("2001:db8:0:2::1", 2));
  EXPECT_TRUE(table.enter("::ffff:192.0.2.1", 1));
  EXPECT_FALSE(table.enter("192.0.2.1", 1));
}

TEST(Fields, ReplacesEveryFieldOfAName) {
  Fields fields;
  fields.add("A", "1");
  fields.add("b", "2");
  fields.add("a", "3");
  fields.set("A", "4");
  EXPECT_EQ(fields.count("a"), 1u);
  EXPECT_EQ(fields.get("A"), "4");
  fields.set("c", "5");
  EXPECT_EQ(fields.all().size(), 3u);
}

}  // namespace
}  // namespace mortise::http
