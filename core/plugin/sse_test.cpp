#include "core/plugin/sse.hpp"

#include <gtest/gtest.h>

namespace mortise::plugin {
namespace {

TEST(Sse, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(formatEvent("", "", "hello"), "data: hello\n\n");
  EXPECT_EQ(formatEvent("tick", "7", "hello"), "event: tick\nid: 7\ndata: hello\n\n");
  EXPECT_EQ(formatEvent("", "", ""), "data: \n\n");
}

TEST(Sse, EveryLineOfDataIsALine) {
  EXPECT_EQ(formatEvent("", "", "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(formatEvent("", "", "a\n"), "data: a\ndata: \n\n");
  EXPECT_EQ(formatEvent("", "", "a\n\nevent: forged"), "data: a\ndata: \ndata: event: forged\n\n");
}

TEST(Sse, EventAndIdAreOneLine) {
  EXPECT_TRUE(isOneLine("tick"));
  EXPECT_FALSE(isOneLine("a\nb"));
  EXPECT_FALSE(isOneLine("a\rb"));
  EXPECT_FALSE(isOneLine(std::string_view("a\0b", 3)));
}

TEST(Sse, OneEventForManyStreamsIsStoredOnce) {
  const auto first = sharedEvent("tick", "1", "x");
  EXPECT_EQ(sharedEvent("tick", "1", "x").get(), first.get());
  const auto other = sharedEvent("tick", "2", "x");
  EXPECT_NE(other.get(), first.get());
  EXPECT_EQ(*other, "event: tick\nid: 2\ndata: x\n\n");
}

}  // namespace
}  // namespace mortise::plugin
