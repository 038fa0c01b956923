// What decides where boxes may go: targets, patterns, addresses, heads of requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ifaddrs.h>
#include <netinet/in.h>

#include <stdexcept>
#include <string>
#include <variant>

#include "egress/host_rules.hpp"
#include "egress/reach.hpp"
#include "egress/request_head.hpp"
#include "egress_testing.hpp"

namespace agent::egress {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string read(const std::string& authority) {
  const auto target = readTarget(authority, 80);
  return target ? target->text() + (target->isAddress ? " address" : "") : "none";
}

TEST(EgressTargets, HaveOneSpelling) {
  EXPECT_EQ(read("Example.COM"), "example.com:80");
  EXPECT_EQ(read("example.com.:443"), "example.com:443");
  EXPECT_EQ(read("a_b-c.example:8080"), "a_b-c.example:8080");
  EXPECT_EQ(read("192.0.2.1"), "192.0.2.1:80 address");
  EXPECT_EQ(read("[2001:DB8:0::1]:443"), "[2001:db8::1]:443 address");
  EXPECT_EQ(read("[::ffff:10.0.0.1]"), "[::ffff:10.0.0.1]:80 address");
  EXPECT_EQ(read("localhost"), "localhost:80");
}

TEST(EgressTargets, AreNamesOrAddressesAndNothingElse) {
  for (const auto* text : {"",
                           ".",
                           "..",
                           "a..b",
                           ".a",
                           "a b",
                           "user@example.com",
                           "example.com:",
                           "example.com:0",
                           "example.com:65536",
                           "example.com:80x",
                           "example.com:80:80",
                           "[::1",
                           "[::1]80",
                           "[fe80::1%eth0]",
                           "::1",
                           "exa/mple",
                           "ex\xc3\xa4mple",
                           "*.example.com",
                           "127.1",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.1",
                           "1.2.3.4.5",
                           "example.0x1",
                           "010.0.0.1x.7"})
    EXPECT_EQ(read(text), "none") << text;
  EXPECT_EQ(read(std::string(64, 'a') + ".example"), "none");
  EXPECT_EQ(read(std::string("a\0b", 3)), "none");
  std::string name = "a";
  while (name.size() < 254) name += ".a";
  EXPECT_EQ(read(name), "none");
  EXPECT_EQ(readTarget("example.com", std::nullopt), std::nullopt);
}

bool allows(const HostRules& rules, const std::string& authority) {
  return rules.allows(readTarget(authority, 443).value());
}

TEST(EgressHosts, AreAllowedByPatterns) {
  const HostRules rules(
      {"example.com", "*.example.org", "mirror.test:8080", "every.test:*", "192.0.2.1", "[2001:db8::1]"}, {});
  for (const auto* good : {"example.com", "example.com:80", "a.example.org", "a.b.example.org", "mirror.test:8080",
                           "every.test:22", "every.test", "192.0.2.1", "[2001:db8::1]"})
    EXPECT_TRUE(allows(rules, good)) << good;
  for (const auto* bad : {"www.example.com", "example.com:22", "example.org", "badexample.org", "mirror.test",
                          "other.test", "192.0.2.2", "example.com.evil.test"})
    EXPECT_FALSE(allows(rules, bad)) << bad;
  EXPECT_FALSE(allows(HostRules(), "example.com"));
}

TEST(EgressHosts, AreDeniedWhateverAllowsThem) {
  const HostRules rules({"*", "*:8443"}, {"*.evil.test", "evil.test", "ports.test:8443"});
  EXPECT_TRUE(allows(rules, "example.com"));
  EXPECT_TRUE(allows(rules, "192.0.2.1:8443"));
  EXPECT_FALSE(allows(rules, "example.com:22"));
  for (const auto* bad : {"evil.test", "EVIL.test.", "a.evil.test:8443", "ports.test:8443"})
    EXPECT_FALSE(allows(rules, bad)) << bad;
  EXPECT_TRUE(allows(rules, "ports.test"));
}

TEST(EgressHosts, AreNotReadFromJustAnything) {
  for (const auto* bad : {"", "*.", "*example.com", "a.*.com", "http://example.com", "example.com/", "*.192.0.2.1",
                          "example.com:80:*", "example.com:x", "*:x", "**"})
    EXPECT_THROW(HostPattern{bad}, std::invalid_argument) << bad;
  EXPECT_THROW(HostRules({"example.com"}, {"a b"}), std::invalid_argument);
}

TEST(EgressReach, IsThePublicInternetAndWhatIsListed) {
  const Reach reach({"10.0.0.5:8080", "[fd00::5]:443", "127.0.0.1:9"});
  EXPECT_TRUE(reach.may(addressOf("8.8.8.8", 443)));
  EXPECT_TRUE(reach.may(addressOf("10.0.0.5", 8080)));
  EXPECT_TRUE(reach.may(addressOf("::ffff:10.0.0.5", 8080))) << "the same address";
  EXPECT_TRUE(reach.may(addressOf("fd00::5", 443)));
  EXPECT_TRUE(reach.may(addressOf("127.0.0.1", 9)));
  for (const auto* bad :
       {"10.0.0.5", "10.0.0.6", "127.0.0.1", "127.8.8.8", "169.254.169.254", "fd00:ec2::254", "fe80::1", "::1",
        "::", "0.0.0.0", "224.0.0.1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1",
        "2002:7f00:1::", "192.168.0.1", "172.16.0.1", "100.64.0.1"})
    EXPECT_FALSE(reach.may(addressOf(bad, 443))) << bad;
  for (const auto* bad : {"10.0.0.5", "example.com:80", "10.0.0.0/8", ""})
    EXPECT_THROW(Reach({bad}), std::invalid_argument) << bad;
}

TEST(EgressReach, IsNotThisMachineUnderAnyOfItsAddresses) {
  ifaddrs* all = nullptr;
  ASSERT_EQ(getifaddrs(&all), 0);
  int asked = 0;
  for (const auto* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
      continue;
    EXPECT_FALSE(Reach().may(Address(*one->ifa_addr, 443))) << one->ifa_name;
    ++asked;
  }
  freeifaddrs(all);
  EXPECT_GT(asked, 0);
}

std::string head(const std::string& first, const std::string& fields = {}) { return first + "\r\n" + fields + "\r\n"; }
std::string refusalOf(const std::string& text) {
  const auto result = readHead(text);
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal == nullptr ? "none" : std::to_string(refusal->status);
}
RequestHead accepted(const std::string& text) {
  auto result = readHead(text);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(result)) << std::get<Refusal>(result).reason;
  return std::get<RequestHead>(std::move(result));
}

TEST(EgressRequests, AskForTunnels) {
  const auto request = accepted(head("CONNECT Example.com:443 HTTP/1.1", "Host: other.test\r\n"));
  EXPECT_TRUE(request.tunnels);
  EXPECT_EQ(request.target.text(), "example.com:443");
  for (const auto* bad : {"CONNECT example.com HTTP/1.1", "CONNECT http://example.com/ HTTP/1.1", "CONNECT / HTTP/1.1",
                          "CONNECT example.com:443", "CONNECT example.com:443 HTTP/2", "CONNECT  HTTP/1.1"})
    EXPECT_EQ(refusalOf(head(bad)), "400") << bad;
}

TEST(EgressRequests, AreForwardedWithoutWhatBelongsToOneConnection) {
  const auto request =
      accepted(head("POST HTTP://Example.com:8080/a?b=c HTTP/1.1",
                    "Host: lie.test\r\nX-Kept: 1\r\nConnection: x-dropped, close\r\nX-Dropped: 2\r\n"
                    "Proxy-Authorization: Basic secret\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n"
                    "Upgrade: h2c\r\nContent-Length: 5\r\n"));
  EXPECT_FALSE(request.tunnels);
  EXPECT_EQ(request.bodyLength, 5U);
  EXPECT_EQ(request.forwarded,
            "POST /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\nx-kept: 1\r\ncontent-length: 5\r\nVia: 1.1 "
            "mortise\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(accepted(head("GET http://example.com HTTP/1.0")).forwarded,
              testing::StartsWith("GET / HTTP/1.0\r\nHost: example.com\r\n"));
  EXPECT_THAT(accepted(head("GET http://example.com?x#y HTTP/1.1")).forwarded,
              testing::StartsWith("GET /?x HTTP/1.1\r\n"));
  EXPECT_THAT(accepted(head("GET http://[2001:db8::1]:81/ HTTP/1.1")).forwarded,
              HasSubstr("Host: [2001:db8::1]:81\r\n"));
  // A length that Connection names is still the body's.
  EXPECT_THAT(
      accepted(head("PUT http://a.test/ HTTP/1.1", "Connection: content-length\r\nContent-Length: 1\r\n")).forwarded,
      HasSubstr("content-length: 1\r\n"));
}

TEST(EgressRequests, AreRefusedWhenTheyMayMeanTwoThings) {
  for (const auto& bad :
       {head("GET /path HTTP/1.1", "Host: a.test\r\n"), head("GET https://a.test/ HTTP/1.1"),
        head("GET ftp://a.test/ HTTP/1.1"), head("GET http://user@a.test/ HTTP/1.1"), head("GET http:// HTTP/1.1"),
        head("GET http://a.test/ b HTTP/1.1"), head("G(T http://a.test/ HTTP/1.1"),
        head("GET http://a.test/\x7f HTTP/1.1"), head("GET http://a.test/ HTTP/1.1", "No colon\r\n"),
        head("GET http://a.test/ HTTP/1.1", "X : 1\r\n"), head("GET http://a.test/ HTTP/1.1", "X: 1\r\n folded: 2\r\n"),
        head("GET http://a.test/ HTTP/1.1", "X: a\nY: b\r\n"),
        head("GET http://a.test/ HTTP/1.1", std::string("X: a\0b\r\n", 8)),
        head("PUT http://a.test/ HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n"),
        head("PUT http://a.test/ HTTP/1.1", "Content-Length: -1\r\n"),
        head("PUT http://a.test/ HTTP/1.1", "Content-Length: 1, 1\r\n"),
        std::string("GET http://a.test/ HTTP/1.1\r\n")})
    EXPECT_EQ(refusalOf(bad), "400") << bad;
  EXPECT_EQ(refusalOf(head("PUT http://a.test/ HTTP/1.1", "Transfer-Encoding: chunked\r\n")), "411");
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X: 1\r\n";
  EXPECT_EQ(refusalOf(head("GET http://a.test/ HTTP/1.1", many)), "400");
  EXPECT_THAT(accepted(head("PUT http://a.test/ HTTP/1.1", "Content-Length: 2\r\nContent-Length: 2\r\n")).forwarded,
              Not(HasSubstr("content-length: 2\r\ncontent-length")));
}

}  // namespace
}  // namespace agent::egress
