#include "core/base/network_address.hpp"

#include <gtest/gtest.h>

namespace mortise {
namespace {

TEST(NetworkAddress, EverySpellingOfAnAddressIsOneValue) {
  for (const char* spelling : {"::ffff:203.0.113.9", "::FFFF:203.0.113.9", "::ffff:cb00:7109",
                               "0:0:0:0:0:ffff:203.0.113.9", "0000:0000:0000:0000:0000:ffff:cb00:7109"}) {
    const auto address = NetworkAddress::parse(spelling);
    ASSERT_TRUE(address) << spelling;
    EXPECT_EQ(address, NetworkAddress::parse("203.0.113.9")) << spelling;
    EXPECT_EQ(address->text(), "203.0.113.9") << spelling;
  }
  for (const char* spelling : {"2001:DB8::1", "2001:0db8:0:0::0001", "2001:db8:0:0:0:0:0:1", "2001:db8::0:1",
                               "2001:db8::0.0.0.1", "2001:db8::1%eth0"}) {
    const auto address = NetworkAddress::parse(spelling);
    ASSERT_TRUE(address) << spelling;
    EXPECT_EQ(address->text(), "2001:db8::1") << spelling;
  }
}

TEST(NetworkAddress, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string(), std::string("unix"), std::string("203.0.113"), std::string("203.0.113.009"),
        std::string("1.2.3.4 "), std::string("2001:db8::1::2"), std::string("[2001:db8::1]"),
        std::string("1.2.3.4\0", 8), std::string("%eth0"), std::string(200, ':')}) {
    EXPECT_FALSE(NetworkAddress::parse(text)) << text;
  }
}

TEST(NetworkAddress, KnowsLoopback) {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"})
    EXPECT_TRUE(NetworkAddress::parse(text)->isLoopback()) << text;
  for (const char* text : {"128.0.0.1", "::2", "::127.0.0.1", "fe80::1"})
    EXPECT_FALSE(NetworkAddress::parse(text)->isLoopback()) << text;
}

TEST(ClientNetworks, AnIPv6ClientIsItsNetwork) {
  const auto one = ClientNetworks::of("2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(one.nearest, "2001:db8:1:2::/64");
  EXPECT_EQ(one.site, "2001:db8:1::/56");
  EXPECT_EQ(one.widest(), one.site);
  EXPECT_EQ(ClientNetworks::of("2001:DB8:1:2::ffff").nearest, one.nearest);
  const auto neighbour = ClientNetworks::of("2001:db8:1:ff::1");
  EXPECT_NE(neighbour.nearest, one.nearest);
  EXPECT_EQ(neighbour.site, one.site);
  EXPECT_NE(ClientNetworks::of("2001:db8:1:102::1").site, one.site);
}

TEST(ClientNetworks, AnIPv4ClientIsItsAddressAndWordsStandForThemselves) {
  EXPECT_EQ(ClientNetworks::of("::ffff:203.0.113.9").nearest, "203.0.113.9");
  EXPECT_EQ(ClientNetworks::of("203.0.113.9").site, "");
  EXPECT_EQ(ClientNetworks::of("203.0.113.9").widest(), "203.0.113.9");
  EXPECT_EQ(ClientNetworks::of("unix").widest(), "unix");
}

}  // namespace
}  // namespace mortise
