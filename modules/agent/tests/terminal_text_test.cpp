#include "sandbox/terminal_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace agent::sandbox {
namespace {

std::string cleaned(std::string_view bytes, std::size_t most = 100000) {
  TerminalText text(most);
  text.feed(bytes);
  return text.text();
}

constexpr std::string_view kSample =
    "plain\r\n\x1b[1;31mred\x1b[0m \x1b]0;title\x07|\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\|\r\n"
    "\x1bPq#0;2;0;0;0\x1b\\dcs \x1b(Bcharset\r\n"
    "progress 10%\rprogress 55%\rdone\x1b[K\r\n"
    "abc\b\bX\r\nm\xc3\xbc"
    "de \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80\r\n"
    "bad \xff\xc3( \xe6\x97\r\n\x1b[2Kgone\x1b[1G\x1b[2Kback \x1b[5Cfar\x1b[3Dx\x1b[P\x1b[2@..\r\n\tend\a";

TEST(TextOfATerminal, HasNeitherColoursNorWhatWasWrittenOver) {
  EXPECT_EQ(cleaned("a\x1b[31mb\x1b[0mc\r\n"), "abc\n");
  EXPECT_EQ(cleaned("10%\r55%\r\x1b[Kdone\r\n"), "done\n");
  EXPECT_EQ(cleaned("10% of it\rdone\r\n"), "doneof it\n");
  EXPECT_EQ(cleaned("abc\b\bX\n"), "aXc\n");
  EXPECT_EQ(cleaned("\x1b]0;a title\x07text\x1b]2;another\x1b\\!"), "text!");
  EXPECT_EQ(cleaned("\x1b(B\x1b)0\x1b=\x1b>x\x1bM"), "x");
  EXPECT_EQ(cleaned("\x1b[?2004h$ \x1b[?2004l"), "$ ");
  EXPECT_EQ(cleaned("a\x1b[3Cb\x1b[2Gc"), "ac  b");
  EXPECT_EQ(cleaned("abcdef\x1b[3G\x1b[2P"), "abef");
  EXPECT_EQ(cleaned("abcdef\x1b[3G\x1b[2X"), "ab  ef");
  EXPECT_EQ(cleaned("abcdef\x1b[3G\x1b[1K"), "   def");
}

TEST(TextOfATerminal, IsUtf8WhateverCame) {
  EXPECT_EQ(cleaned("m\xc3\xbc"
                    "de"),
            "m\xc3\xbc"
            "de");
  EXPECT_EQ(cleaned("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(cleaned("\xc3("), "\xef\xbf\xbd(");
  EXPECT_EQ(cleaned("\xed\xa0\x80"), "\xef\xbf\xbd") << "a surrogate";
  EXPECT_EQ(cleaned("\xc2\x9b"
                    "31mx"),
            "31mx")
      << "a control of one byte in other encodings";
  EXPECT_TRUE(isUtf8(cleaned(kSample)));
  EXPECT_FALSE(isUtf8("\xc0\x80"));
  EXPECT_FALSE(isUtf8("\xe6\x97"));
  EXPECT_TRUE(isUtf8("\xe6\x97\xa5"));
}

TEST(TextOfATerminal, IsTheSameHoweverItsBytesWereCut) {
  const auto whole = cleaned(kSample);
  for (std::size_t at = 0; at <= kSample.size(); ++at) {
    TerminalText text(100000);
    text.feed(kSample.substr(0, at));
    text.feed(kSample.substr(at));
    EXPECT_EQ(text.text(), whole) << at;
  }
  TerminalText single(100000);
  for (const char c : kSample) single.feed({&c, 1});
  EXPECT_EQ(single.text(), whole);
}

TEST(TextOfATerminal, KeepsItsEndAndSaysWhatItDropped) {
  EXPECT_EQ(cleaned("one\ntwo\n", 4), "[4 characters dropped]\ntwo\n");
  EXPECT_EQ(cleaned("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 2), "[1 characters dropped]\n\xe6\x9c\xac\xe8\xaa\x9e");
  TerminalText text(1000);
  for (int i = 0; i < 100000; ++i) text.feed("0123456789\n");
  EXPECT_EQ(text.text().size(), 1000 + std::string("[1099000 characters dropped]\n").size());
  text.shrink(11);
  EXPECT_EQ(text.text(), "[1099989 characters dropped]\n0123456789\n");
}

TEST(TextOfATerminal, IsWrittenOverInItsLastThousandCharactersOnly) {
  const std::string line(5000, 'x');
  EXPECT_EQ(cleaned(line + "\x1b[1K"), std::string(4096, 'x') + std::string(904, ' '));
  EXPECT_EQ(cleaned(line + "\ry"), std::string(4096, 'x') + "y" + std::string(903, 'x'));
}

TEST(TextOfATerminal, HoldsOneLineWithoutEnd) {
  TerminalText text(1000);
  for (int i = 0; i < 100000; ++i) text.feed("0123456789");
  EXPECT_EQ(text.text().size(), 1000 + std::string("[999000 characters dropped]\n").size());
  text.feed("\x1b[99999999999Cx\x1b[99999999999@y");
  EXPECT_LT(text.text().size(), 40000U);
}

}  // namespace
}  // namespace agent::sandbox
