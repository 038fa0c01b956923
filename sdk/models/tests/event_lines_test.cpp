#include "event_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise::models {
namespace {

using testing::ElementsAre;

// The data of all events, when the text comes in pieces of `size`.
std::vector<std::string> dataOf(std::string_view text, std::size_t size) {
  std::vector<std::string> out;
  EventLines lines([&](const ServerEvent& event) { out.emplace_back(event.data); });
  for (std::size_t at = 0; at < text.size(); at += size) lines.take(text.substr(at, size));
  lines.finish();
  return out;
}

TEST(EventLines, JoinPiecesThatEndAnywhere) {
  constexpr std::string_view kText =
      ": hello\n\nevent: a\ndata: one\n\ndata:two\r\ndata: more\r\n\r\nid: 7\n\ndata: \n\ndata: last";
  for (std::size_t size = 1; size <= kText.size(); ++size)
    EXPECT_THAT(dataOf(kText, size), ElementsAre("one", "two\nmore", "", "last")) << size;
}

TEST(EventLines, TellWhetherThereWasData) {
  EventLines lines([](const ServerEvent&) {});
  lines.take("<html>\n\n{}\n");
  lines.finish();
  EXPECT_FALSE(lines.sawData());
  lines.take("data: x\n");
  EXPECT_TRUE(lines.sawData());
}

// What each event is called, holds and is numbered, when the text comes in pieces of `size`.
std::vector<std::string> eventsOf(std::string_view text, std::size_t size) {
  std::vector<std::string> out;
  EventLines lines([&](const ServerEvent& event) {
    out.push_back(std::string(event.name) + "|" + std::string(event.data) + "|" + std::string(event.id));
  });
  for (std::size_t at = 0; at < text.size(); at += size) lines.take(text.substr(at, size));
  lines.finish();
  return out;
}

TEST(EventLines, TellNamesAndIdsWhateverEndsALine) {
  for (const char* end : {"\n", "\r", "\r\n"}) {
    std::string text;
    for (const char* line : {"event: endpoint", "id: 1", "data: /message?a=b", "", "event: lost", "", "data", "",
                             "id: 2", "data:x:y", "unknown: z", ""})
      text.append(line).append(end);
    for (std::size_t size = 1; size <= text.size(); ++size)
      EXPECT_THAT(eventsOf(text, size), ElementsAre("endpoint|/message?a=b|1", "||1", "|x:y|2")) << size;
  }
}

TEST(EventLines, KeepTheLastIdAndTheRetryOfEventsWithoutData) {
  EventLines lines([](const ServerEvent&) { ADD_FAILURE(); });
  EXPECT_EQ(lines.retry(), -1);
  lines.take("id: 7\nretry: 250\n\nretry: soon\nretry: -1\n\n");
  EXPECT_EQ(lines.lastId(), "7");
  EXPECT_EQ(lines.retry(), 250);
}

TEST(EventLines, HandOnNothingOfAnEventThatIsTooLong) {
  for (const std::string& text : {std::string(40, 'x'), "data: " + std::string(40, 'x'),
                                  "data: 12345678901234567890\ndata: 12345678901234567890\n\n" + std::string()}) {
    EventLines lines([](const ServerEvent&) { ADD_FAILURE(); }, 32);
    for (const char byte : text) lines.take({&byte, 1});
    lines.take("\n\ndata: after\n\n");
    lines.finish();
    EXPECT_TRUE(lines.overflowed()) << text;
  }
}

}  // namespace
}  // namespace mortise::models
