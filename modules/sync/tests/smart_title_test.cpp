#include "archives/smart_title.hpp"

#include <gtest/gtest.h>

#include <string>

namespace session_sharing {
namespace {

std::string kept(std::string_view text) { return std::string(text); }
std::string titleOf(std::string_view manifestTitle, std::string_view line = {}, std::int64_t count = 3) {
  return smartTitle(manifestTitle, line, count, kept);
}
std::string lineOf(std::string_view message) { return std::string(firstUsableLine(message).value_or("(none)")); }

TEST(SmartTitle, PrefersTheManifest) {
  EXPECT_EQ(titleOf("Fix it", "The request"), "Fix it");
  EXPECT_EQ(titleOf("  Fix it  ", "The request"), "Fix it");
  EXPECT_EQ(titleOf("", "The request"), "The request");
  EXPECT_EQ(titleOf("ab", "The request"), "The request");
}

TEST(SmartTitle, SaysHowManyMessagesThereAreWithoutAnyText) {
  EXPECT_EQ(titleOf("", ""), "Untitled session (3 messages)");
  EXPECT_EQ(titleOf("", "", 1), "Untitled session (1 messages)");
  EXPECT_EQ(titleOf("", "", 0), "Untitled session");
}

TEST(SmartTitle, PassesOverWhatNoPersonWrote) {
  for (const auto* text : {"", "  ", "ab", "<command>x", "# Heading", "[Request interrupted]", "(x) y", "```code",
                           "--- rule", "---x y", "You are a helpful assistant", "IMPORTANT: read this", "WARNING: this",
                           "Note: this thing", "Load persona atlas", "load persona x", "LOAD PERSONA"})
    EXPECT_FALSE(isUsableTitle(text)) << text;
  for (const auto* text :
       {"abc", "{json: 1} abc", "* item", "> quote", "you are here", "Noted: this", "Load personal data", "123",
        "/help me", "https://example.com look", "\xe4\xbf\xae\xe5\xa4\x8d\xe7\x99\xbb"})
    EXPECT_TRUE(isUsableTitle(text)) << text;
}

TEST(SmartTitle, IsCutBehindTheFirstSentence) {
  EXPECT_EQ(cutTitle("Fix the login. Then the rest"), "Fix the login.");
  EXPECT_EQ(cutTitle("What is this thing? Tell me"), "What is this thing?");
  EXPECT_EQ(cutTitle("Fix the login!! and more"), "Fix the login!");
  EXPECT_EQ(cutTitle("Fix this. Now go on"), "Fix this. Now go on") << "nine characters are too few";
  EXPECT_EQ(cutTitle("Fix thise. Now go on"), "Fix thise.");
  EXPECT_EQ(cutTitle("Really? Not so! Ok."), "Really? Not so!");
  EXPECT_EQ(cutTitle("Fix the bug in src/main.cpp please"), "Fix the bug in src/main.");
  EXPECT_EQ(cutTitle("\xc3\x9cn\xc3\xaf\xc3\xa7\xc3\xb6"
                     "d\xc3\xa9 ti. m\xc3\xa1s"),
            "\xc3\x9cn\xc3\xaf\xc3\xa7\xc3\xb6"
            "d\xc3\xa9 ti.")
      << "characters, not bytes";
}

TEST(SmartTitle, IsCutAtTheEndOfAWord) {
  std::string words;
  for (int i = 0; i < 20; ++i) words += "word ";
  EXPECT_EQ(cutTitle(words),
            "word word word word word word word word word word word word word word word word\xe2\x80\xa6");
  EXPECT_EQ(cutTitle(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(cutTitle(std::string(81, 'x')), std::string(80, 'x') + "\xe2\x80\xa6");
  EXPECT_EQ(cutTitle("ab cdefg " + std::string(90, 'x')), "ab cdefg " + std::string(71, 'x') + "\xe2\x80\xa6")
      << "a word is cut rather than half of the title";
}

TEST(SmartTitle, IsOneLine) {
  EXPECT_EQ(titleOf("two\nlines\there"), "two lines here");
  EXPECT_EQ(titleOf("a\x1b[31mred"), "a [31mred");
}

TEST(SmartTitle, HasNoSecrets) {
  const auto redact = [](std::string_view text) {
    std::string out(text);
    if (const auto at = out.find("s3.cret"); at != std::string::npos) out.replace(at, 7, "[redacted]");
    return out;
  };
  EXPECT_EQ(smartTitle("the key is s3.cret in the file", "", 3, redact), "the key is [redacted] in the file")
      << "before the cut at the dot";
}

TEST(FirstUsableLine, PassesOverFrontMatterAndFences) {
  EXPECT_EQ(lineOf("The request"), "The request");
  EXPECT_EQ(lineOf("\n\n  The request  \nmore"), "The request");
  EXPECT_EQ(lineOf("---\nname: x\ntitle: y\n---\nAfter it"), "After it");
  EXPECT_EQ(lineOf("---\nname: x\ntitle: y"), "(none)");
  EXPECT_EQ(lineOf("```\ncode line\n```\nAfter it"), "After it");
  EXPECT_EQ(lineOf("```py\ncode line"), "(none)");
  EXPECT_EQ(lineOf("# Head\nline two"), "line two");
  EXPECT_EQ(lineOf("---\na: b\n---\n```\ncode\n```\n# h\nfinal line"), "final line");
  EXPECT_EQ(lineOf("text before\n---\nx"), "text before");
  EXPECT_EQ(lineOf("<command-name>/clear</command-name>"), "(none)");
  EXPECT_EQ(lineOf(""), "(none)");
}

}  // namespace
}  // namespace session_sharing
