#include "core/kernel/client_address.hpp"

#include <gtest/gtest.h>

namespace mortise::kernel {
namespace {

http::Fields forwarded(std::string value) {
  http::Fields fields;
  fields.add("X-Forwarded-For", std::move(value));
  return fields;
}

TEST(ClientAddress, AnUntrustedPeerCanNotForward) {
  const TrustedProxies none({});
  EXPECT_EQ(none.clientAddress({"192.0.2.7", 1, false}, forwarded("10.1.1.1")), "192.0.2.7");
  const TrustedProxies others({"10.0.0.0/8"});
  EXPECT_EQ(others.clientAddress({"192.0.2.7", 1, false}, forwarded("1.2.3.4")), "192.0.2.7");
}

TEST(ClientAddress, TheRightMostUntrustedHopIsTheClient) {
  const TrustedProxies proxies({"127.0.0.1", "10.0.0.0/8"});
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded("6.6.6.6, 198.51.100.3, 10.2.3.4")),
            "198.51.100.3");
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded("10.9.9.9")), "10.9.9.9");
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded("evil")), "127.0.0.1");
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded("198.51.100.3:4711")), "198.51.100.3");
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded("[2001:db8::5]:4711")), "2001:db8::5");
}

TEST(ClientAddress, IsTheSameInEverySpelling) {
  const TrustedProxies proxies({"127.0.0.1", "::ffff:10.0.0.0/104"});
  const auto client = [&](std::string value) {
    return proxies.clientAddress({"127.0.0.1", 1, false}, forwarded(value));
  };
  for (const char* spelling : {"203.0.113.9", "::ffff:203.0.113.9", "::FFFF:CB00:7109", "[::ffff:203.0.113.9]:4711",
                               "0:0:0:0:0:ffff:203.0.113.9", "\"203.0.113.9:4711\"", "203.0.113.9, ::ffff:10.1.2.3"})
    EXPECT_EQ(client(spelling), "203.0.113.9") << spelling;
  for (const char* spelling : {"2001:db8::5", "2001:DB8:0::5", "[2001:0db8::0005]", "[2001:db8::5]:443",
                               "\"[2001:db8::5]:443\"", "2001:db8::5%eth0"})
    EXPECT_EQ(client(spelling), "2001:db8::5") << spelling;
  for (const char* nonsense : {"[2001:db8::5", "unknown", "_hidden", "203.0.113.009", "2001:db8::5::", "\""})
    EXPECT_EQ(client(nonsense), "127.0.0.1") << nonsense;
}

TEST(Forwarded, OnlyATrustedPeerSaysIt) {
  http::Fields fields;
  fields.add("X-Forwarded-Host", "app.example");
  EXPECT_EQ(TrustedProxies({"127.0.0.1"}).forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Host"),
            "app.example");
  EXPECT_EQ(TrustedProxies({"127.0.0.1"}).forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Proto"), "");
  EXPECT_EQ(TrustedProxies({"10.0.0.0/8"}).forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Host"), "");
  EXPECT_EQ(TrustedProxies({}).forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Host"), "");
  EXPECT_EQ(TrustedProxies({"unix"}).forwarded({"unix", 0, true}, fields, "x-forwarded-host"), "app.example");
}

TEST(Forwarded, TheValueOfTheProxyThatTheClientReachedCounts) {
  const TrustedProxies proxies({"127.0.0.1", "10.0.0.0/8"});
  const auto host = [&](std::string hosts, const std::vector<std::string>& hops) {
    http::Fields fields;
    fields.add("X-Forwarded-Host", std::move(hosts));
    for (const auto& hop : hops) fields.add("X-Forwarded-For", hop);
    return std::string(proxies.forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Host"));
  };
  EXPECT_EQ(host("app.example", {"203.0.113.9"}), "app.example");
  EXPECT_EQ(host("evil.example, app.example", {"203.0.113.9"}), "app.example");
  EXPECT_EQ(host("app.example, inner", {"203.0.113.9, 10.0.0.5"}), "app.example");
  EXPECT_EQ(host("app.example , inner", {"203.0.113.9", "10.0.0.5:4711"}), "app.example");
  EXPECT_EQ(host("evil.example, app.example, inner", {"203.0.113.9, 10.0.0.5"}), "app.example");
  EXPECT_EQ(host("app.example", {"203.0.113.9, 10.0.0.5"}), "app.example")
      << "one proxy writes, the other passes it on";
  EXPECT_EQ(host("app.example, inner", {}), "app.example");
}

TEST(ClientAddress, NetworksMatchByBitsInBothFamilies) {
  const TrustedProxies proxies({"192.168.16.0/20", "fd00::/8"});
  EXPECT_TRUE(proxies.trusts({"192.168.31.255", 1, false}));
  EXPECT_FALSE(proxies.trusts({"192.168.32.0", 1, false}));
  EXPECT_TRUE(proxies.trusts({"fdab::1", 1, false}));
  EXPECT_FALSE(proxies.trusts({"fe80::1", 1, false}));
}

TEST(ClientAddress, UnixPeersAreTrustedOnlyByName) {
  EXPECT_EQ(TrustedProxies({"unix"}).clientAddress({"unix", 0, true}, forwarded("198.51.100.3")), "198.51.100.3");
  EXPECT_EQ(TrustedProxies({"127.0.0.1"}).clientAddress({"unix", 0, true}, forwarded("198.51.100.3")), "unix");
}

TEST(ClientAddress, EmptyMembersOfAListAreNone) {
  const TrustedProxies proxies({"127.0.0.1", "10.0.0.0/8"});
  for (const char* list : {"203.0.113.9,,10.0.0.5", ",203.0.113.9, , 10.0.0.5,", "203.0.113.9\t,\t", " , 203.0.113.9"})
    EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded(list)), "203.0.113.9") << list;
  EXPECT_EQ(proxies.clientAddress({"127.0.0.1", 1, false}, forwarded(",")), "127.0.0.1");
  auto fields = forwarded("203.0.113.9, ,10.0.0.5");
  fields.add("X-Forwarded-Host", "evil.example, , app.example, inner,");
  EXPECT_EQ(proxies.forwarded({"127.0.0.1", 1, false}, fields, "X-Forwarded-Host"), "app.example");
}

TEST(ClientAddress, ProxiesAreKnownInEverySpelling) {
  const TrustedProxies proxies({"::FFFF:10.0.0.5", "2001:DB8::/32"});
  EXPECT_TRUE(proxies.trusts({"10.0.0.5", 1, false}));
  EXPECT_FALSE(proxies.trusts({"10.0.0.6", 1, false}));
  EXPECT_TRUE(proxies.trusts({"2001:db8:ffff::1", 1, false}));
  EXPECT_EQ(proxies.clientAddress({"10.0.0.5", 1, false}, forwarded("203.0.113.9, [2001:db8::7]:443, ::ffff:10.0.0.5")),
            "203.0.113.9");
}

TEST(ClientAddress, BadEntriesAreNamed) {
  for (const char* entry : {"::ffff:10.0.0.0/8", "::ffff:192.0.2.0/24", "::ffff:0:0/0"})
    EXPECT_THROW(TrustedProxies({entry}), std::invalid_argument) << entry;
  EXPECT_NO_THROW(TrustedProxies({"::ffff:10.0.0.0/104", "::ffff:0:0/96", "::/0"}));
  EXPECT_THROW(TrustedProxies({"10.0.0.0/33"}), std::invalid_argument);
  EXPECT_THROW(TrustedProxies({"example.org"}), std::invalid_argument);
}

}  // namespace
}  // namespace mortise::kernel
