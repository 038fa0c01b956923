#include "core/base/terminal_text.hpp"

#include <gtest/gtest.h>

namespace mortise {
namespace {

using namespace std::string_view_literals;

TEST(TerminalText, IsLeftAsItIsWhereItSteersNothing) {
  EXPECT_EQ(terminalText("a\tb\nc 你好 \xc2\xa0 é"), "a\tb\nc 你好 \xc2\xa0 é");
  EXPECT_EQ(terminalText(""), "");
}

TEST(TerminalText, CannotSteerTheTerminal) {
  EXPECT_EQ(terminalText("\x1b[2Jred\x07\r\x7f"), "?[2Jred???");
  EXPECT_EQ(terminalText("\xc2\x9b"
                         "31m"),
            "?31m")
      << "the sequence introducer of C1";
  EXPECT_EQ(terminalText("a\xe2\x80\xae"
                         "b \xe2\x81\xa6 \xf0\x9f\x98\x80"),
            "a?b ? \xf0\x9f\x98\x80")
      << "marks of writing direction";
  EXPECT_EQ(terminalText("a\0b"sv).find('\0'), std::string::npos);
  EXPECT_EQ(terminalText("\xc2").find('\xc2'), std::string::npos) << "cut off";
}

TEST(TerminalText, FitsIntoALine) { EXPECT_EQ(terminalLine("a\nb\tc\x1b"), "a b c?"); }

}  // namespace
}  // namespace mortise
