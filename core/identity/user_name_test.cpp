#include "core/identity/user_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mortise::identity {
namespace {

struct Vector {
  const char* typed;
  const char* stored;  // empty: refused
};

// What the package precis-i18n 1.1.1 (PyPI) makes of them, part by part between blanks.
constexpr Vector kVectors[] = {
    {"demo", "demo"},
    {"Ada", "Ada"},
    {"\u674e\u96f7 \u03a9-1!", "\u674e\u96f7 \u03a9-1!"},
    {"\uff21\uff44\uff41", "Ada"},
    {"\uff76\uff9e", "\u30ac"},
    {"e\u0301", "\u00e9"},
    {"\u00e9", "\u00e9"},
    {"a\u200cb", ""},
    {"a\u200db", ""},
    {"\u0928\u092e\u094d\u200c", "\u0928\u092e\u094d\u200c"},
    {"\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"},
    {"\u0646\u200c\u0646", "\u0646\u200c\u0646"},
    {"\u3164", ""},
    {"\u3164\u3164\u3164", ""},
    {"a\u3164b", ""},
    {"\u115f", ""},
    {"\uffa0", ""},
    {"a\u00adb", ""},
    {"a\u200bb", ""},
    {"a\u2060b", ""},
    {"a\ufeffb", ""},
    {"a\u202eb", ""},
    {"a\u2066b", ""},
    {"a\ue000b", ""},
    {"a\U000e0041b", ""},
    {"a\ufe0fb", ""},
    {"a\u034fb", ""},
    {"\u2460", ""},
    {"\ufb01n", ""},
    {"\u2163", ""},
    {"\u210c", ""},
    {"a\u00a0b", ""},
    {"a b", "a b"},
    {"a  b", ""},
    {"a\u3000b", "a b"},
    {"a\u2003b", ""},
    {"\u212b", "\u00c5"},
    {"\u1e9b\u0323", ""},
    {"\u017f", ""},
    {"\u00df", "\u00df"},
    {"\u03c2", "\u03c2"},
    {"\u03a3\u0391\u03a3", "\u03a3\u0391\u03a3"},
    {"l\u00b7l", "l\u00b7l"},
    {"a\u00b7b", ""},
    {"L\u00b7L", ""},
    {"\u0375\u03b1", "\u0375\u03b1"},
    {"\u03b1\u0375", ""},
    {"a\u0375", ""},
    {"\u05d0\u05f3", "\u05d0\u05f3"},
    {"\u05f3\u05d0", ""},
    {"a\u05f3", ""},
    {"\u30a2\u30fb\u30a2", "\u30a2\u30fb\u30a2"},
    {"a\u30fbb", ""},
    {"\u30fb", ""},
    {"\u0661\u0662", ""},
    {"\u06f1\u06f2", "\u06f1\u06f2"},
    {"\u0661\u06f1", ""},
    {"ab\u05d0\u05d1", ""},
    {"\u05d0\u05d1", "\u05d0\u05d1"},
    {"\u05d0\u05d1a", ""},
    {"\u05d01", "\u05d01"},
    {"1\u05d0", ""},
    {"\u05d0\u0661", "\u05d0\u0661"},
    {"\u05d0\u06611", ""},
    {"\u0639\u0631\u0628\u064a", "\u0639\u0631\u0628\u064a"},
    {"\u0639\u0631\u0628\u064a1", "\u0639\u0631\u0628\u064a1"},
    {"\u0645\u0640\u0645", ""},
    {"a\u0640", ""},
    {"\u1100\u1161", "\uac00"},
    {"\uac00", "\uac00"},
    {"\ud55c\uae00", "\ud55c\uae00"},
    {"\U0001f600", ""},
    {"a\U0001f600", ""},
    {"\u221a", ""},
    {"a~b", "a~b"},
    {"a@b", "a@b"},
    {"\uff20", "@"},
    {"a\uff0fb", "a/b"},
    {"a\tb", ""},
    {"\U000110bd", ""},
    {"\ufdd0", ""},
    {"\uffff", ""},
    {"\u0378", ""},
    {"\u01c5", ""},
    {"\u00aa", ""},
    {"a\u0338", "a\u0338"},
    {"=\u0338", ""},
    {"\u2260", ""},
    {"\u0300a", "\u0300a"},
    {"a\u0300", "\u00e0"},
    {"x\u05bc", "x\u05bc"},
    {"\u0131", "\u0131"},
    {"\u0130", "\u0130"},
    {"\u00c5", "\u00c5"},
    {"A\u030a", "\u00c5"},
    {"\u066a", ""},
    {"\u20ac", ""},
    {"foo bar baz", "foo bar baz"},
};

std::string normal(std::string_view typed) { return normalUserName(typed).value_or(""); }

TEST(UserName, IsWhatPrecisSays) {
  for (const auto& vector : kVectors) {
    EXPECT_EQ(normal(vector.typed), vector.stored) << vector.typed;
    if (*vector.stored == '\0') continue;
    EXPECT_EQ(normal(vector.stored), vector.stored) << "twice: " << vector.typed;
  }
}

TEST(UserName, LosesTheWhiteSpaceAroundIt) {
  for (const char* typed : {"ada lovelace ", " ada lovelace", "\t\r\nada lovelace\v\f", "\u00a0ada lovelace\u3000",
                            "\ufeff\u2003ada lovelace\u2028"})
    EXPECT_EQ(normal(typed), "ada lovelace") << typed;
}

TEST(UserName, IsNoBlankAndNoBrokenText) {
  for (const char* typed : {"", " ", "\u3000\u00a0", "a\xff", "\xc3", "\xed\xa0\x80", "a\xc0\x80",
                            "a\u3000\u3000"
                            "b",
                            "a \tb", "a\nb", "a\x7f",
                            "a\xc2\x85"
                            "b"})
    EXPECT_EQ(normal(typed), "") << typed;
  EXPECT_EQ(normal(std::string("a\0b", 3)), "");
  EXPECT_EQ(normal(std::string(1024, 'x')), std::string(1024, 'x'));
  EXPECT_EQ(normal(std::string(1025, 'x')), "");
}

}  // namespace
}  // namespace mortise::identity
