#include "core/base/text.hpp"

#include <gtest/gtest.h>

namespace mortise::text {
namespace {

TEST(Utf8, AcceptsOnlyTheShortestFormsOfRealCodePoints) {
  for (const char* good : {"", "plain", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "日本語"}) {
    EXPECT_TRUE(isUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_FALSE(isUtf8(bad));
  }
}

TEST(Utf8, CountsCodePoints) {
  EXPECT_EQ(length("aé日😀"), 4u);
  EXPECT_EQ(length(""), 0u);
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(head("plain", 3), "pla");
  EXPECT_EQ(head("plain", 5), "plain");
  EXPECT_EQ(head("plain", 99), "plain");
  EXPECT_EQ(head("plain", 0), "");
  const std::string_view mixed = "aé日😀";  // 1, 2, 3 and 4 bytes
  const std::vector<std::string_view> heads = {"", "a", "a", "aé", "aé", "aé", "aé日", "aé日", "aé日", "aé日", mixed};
  for (std::size_t bytes = 0; bytes < heads.size(); ++bytes) EXPECT_EQ(head(mixed, bytes), heads[bytes]) << bytes;
  EXPECT_EQ(head("😀", 3), "");
  EXPECT_EQ(head("\x80\x80\x80\x80\x80\x80", 5).size(), 5u)
      << "no UTF-8: a caller that takes piece by piece must get on";
  EXPECT_EQ(head("\x80\x80", 1).size(), 1u);
}

TEST(PercentDecoding, DecodesOnce) {
  EXPECT_EQ(percentDecode("a%2Fb%252F"), "a/b%2F");
  EXPECT_EQ(percentDecode("%E6%97%A5"), "日");
  EXPECT_EQ(percentDecode("a+b"), "a+b");
  EXPECT_EQ(percentDecode("a+b%2B", true), "a b+");
  EXPECT_EQ(percentDecode(""), "");
}

TEST(PercentDecoding, RefusesBadEscapesNulAndInvalidUtf8) {
  for (const char* bad : {"%", "%4", "%zz", "%4g", "a%", "%00", "%ff", "%C0%80", "%ED%A0%80", "%u0041", "% 1", "%+1"}) {
    EXPECT_EQ(percentDecode(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(percentDecode(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percentEncode("aZ09-._~ /?é\n"), "aZ09-._~%20%2F%3F%C3%A9%0A");
}

TEST(Base64Url, RoundTripsEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(fromBase64Url(base64Url(bytes)), bytes);
    EXPECT_EQ(fromBase64(base64(bytes)), bytes);
    bytes += static_cast<char>(i * 37 + 200);
  }
}

TEST(Base64Url, IsStrict) {
  EXPECT_EQ(base64Url("\xfb\xff"), "-_8");
  EXPECT_EQ(fromBase64Url("-_8"), "\xfb\xff");
  for (const char* bad : {"-_8=", "+/8", "-_9", "a", "ab c", "YQ==", "YR", "YWJ\n", "YWJjZ"}) {
    EXPECT_EQ(fromBase64Url(bad), std::nullopt) << bad;
  }
}

TEST(Base64, NeedsItsPadding) {
  EXPECT_EQ(base64("a"), "YQ==");
  EXPECT_EQ(fromBase64("YQ=="), "a");
  for (const char* bad : {"YQ", "YQ=", "YQ===", "Y===", "====", "YR==", "-_8=", "YQ==YQ=="}) {
    EXPECT_EQ(fromBase64(bad), std::nullopt) << bad;
  }
}

TEST(Nearest, FindsTypingMistakesOnly) {
  const std::vector<std::string> names{"scheduler.timezone", "http.listen", "http.workers"};
  EXPECT_EQ(nearest("scheduler.timezon", names), "scheduler.timezone");
  EXPECT_EQ(nearest("http.lisetn", names), "http.listen");
  EXPECT_EQ(nearest("entirely.other", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("x", {"y"}), "");
}

TEST(SmallRules, AreAsciiOnly) {
  EXPECT_EQ(lower("ABCÉ"), "abcÉ");
  EXPECT_TRUE(equalsIgnoreCase("Content-Type", "content-tYPE"));
  EXPECT_FALSE(equalsIgnoreCase("a", "ab"));
  EXPECT_FALSE(equalsIgnoreCase("@", "`"));
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(split("a,,b,", ',').size(), 4u);
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(hex(std::string_view("\x00\xff\x1a", 3)), "00ff1a");
}

}  // namespace
}  // namespace mortise::text
