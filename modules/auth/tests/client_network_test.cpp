#include "../client_network.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(ClientNetwork, IsTheAddressOfIPv4HoweverItIsWritten) {
  for (const char* address : {"203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109", "0:0:0:0:0:ffff:203.0.113.9"})
    EXPECT_EQ(clientNetwork(address), "203.0.113.9") << address;
}

TEST(ClientNetwork, IsTheFirst64BitsOfIPv6) {
  for (const char* address : {"2001:db8::1", "2001:db8::2:3", "2001:DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0::"})
    EXPECT_EQ(clientNetwork(address), "2001:db8::/64") << address;
  EXPECT_EQ(clientNetwork("fe80::1%eth0"), "fe80::/64");
  EXPECT_NE(clientNetwork("2001:db8:0:1::1"), clientNetwork("2001:db8::1"));
}

TEST(ClientNetwork, LeavesAnythingElseAsItIs) {
  for (const char* address : {"", "unix", "203.0.113", "nonsense", "2001:db8::g"})
    EXPECT_EQ(clientNetwork(address), address);
}

}  // namespace
}  // namespace auth
