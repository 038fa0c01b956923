// Digests, and text in addresses.
#include <mortise/digest.hpp>
#include <mortise/percent.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(Digests, AreThoseOfTheStandards) {
  constexpr auto kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(mortise::sha256Hex("abc"), kOfAbc);
  EXPECT_EQ(mortise::sha256Hex({"a", "", "bc"}), kOfAbc);
  EXPECT_EQ(mortise::sha256Hex({std::string("abc")}), kOfAbc);
  EXPECT_EQ(mortise::sha1Hex({"ab", "c"}), "a9993e364706816aba3e25717850c26c9cd0d89d");
  // RFC 4231, case 2.
  EXPECT_EQ(mortise::hmacSha256Hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(mortise::areEqualSecrets("abc", "abc"));
  EXPECT_FALSE(mortise::areEqualSecrets("abc", "abd"));
  EXPECT_FALSE(mortise::areEqualSecrets("abc", "ab"));
}

TEST(PercentEncoding, LeavesUnreservedCharacters) {
  EXPECT_EQ(mortise::percentEncoded("a/b c&ü~"), "a%2Fb%20c%26%C3%BC~");
  EXPECT_EQ(mortise::percentEncoded("sub_1/../x?y"), "sub_1%2F..%2Fx%3Fy");
  EXPECT_EQ(mortise::percentEncoded(std::string("AZaz09-._~\0\x7f\xff", 13)), "AZaz09-._~%00%7F%FF");
  EXPECT_EQ(mortise::percentEncoded(""), "");
}

}  // namespace
