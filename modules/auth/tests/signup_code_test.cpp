#include "../signup_code.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace auth {
namespace {

const std::string kKey(32, 'k');

TEST(SignupCode, IsSixDigitsWithLeadingZerosKept) {
  std::set<std::string> seen;
  bool leadingZero = false;
  for (int i = 0; i < 2000; ++i) {
    const auto code = SignupCodes::make();
    ASSERT_EQ(code.size(), 6u);
    ASSERT_TRUE(std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isdigit(c); })) << code;
    leadingZero = leadingZero || code[0] == '0';
    seen.insert(code);
  }
  EXPECT_GT(seen.size(), 1950u);  // about two of 2000 draws collide
  EXPECT_TRUE(leadingZero);       // missing with probability 0.9^2000
}

TEST(SignupCode, MacIsHmacSha256OverAddressAndCode) {
  const std::string message(
      "code\0a@example.com\0"
      "123456\0",
      26);
  unsigned char tag[crypto_auth_hmacsha256_BYTES];
  ASSERT_EQ(crypto_auth_hmacsha256(tag, reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                                   reinterpret_cast<const unsigned char*>(kKey.data())),
            0);
  char hex[2 * sizeof tag + 1];
  sodium_bin2hex(hex, sizeof hex, tag, sizeof tag);
  EXPECT_EQ(SignupCodes(kKey).mac("a@example.com", "123456"), hex);
}

TEST(SignupCode, MacDependsOnKeyAddressAndCode) {
  const SignupCodes codes(kKey);
  const auto mac = codes.mac("a@example.com", "123456");
  EXPECT_NE(mac, SignupCodes(std::string(32, 'x')).mac("a@example.com", "123456"));
  EXPECT_NE(mac, codes.mac("b@example.com", "123456"));
  EXPECT_NE(mac, codes.mac("a@example.com", "123457"));
  EXPECT_NE(codes.mac("a", "bc"), codes.mac("ab", "c"));
  EXPECT_NE(codes.addressKey("a@example.com"), codes.mac("a@example.com", ""));
  EXPECT_EQ(mac.find("123456"), std::string::npos);
}

TEST(SignupCode, ComparesWholeTexts) {
  EXPECT_TRUE(SignupCodes::same("abc", "abc"));
  EXPECT_FALSE(SignupCodes::same("abc", "abd"));
  EXPECT_FALSE(SignupCodes::same("abc", "ab"));
  EXPECT_FALSE(SignupCodes::same("", "a"));
}

TEST(SignupCode, RefusesAShortKey) { EXPECT_THROW(SignupCodes("short"), std::runtime_error); }

}  // namespace
}  // namespace auth
