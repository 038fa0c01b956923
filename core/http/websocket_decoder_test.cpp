#include "core/http/websocket_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/http/http_testing.hpp"
#include "core/http/websocket_frame.hpp"

namespace mortise::http {
namespace {

using Event = WebSocketDecoder::Event;
using test::maskedFrame;

struct Seen {
  Event event;
  int code;
  std::string payload;
  bool operator==(const Seen& other) const = default;
};

std::vector<Seen> decode(const std::vector<std::string_view>& pieces, std::size_t maxMessage = 1 << 20) {
  WebSocketDecoder decoder(maxMessage);
  std::vector<Seen> seen;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const WebSocketDecoder::Step step = decoder.feed(piece);
      piece.remove_prefix(step.consumed);
      if (step.event == Event::none) break;
      seen.push_back({step.event, step.code, std::string(step.payload)});
      if (step.event == Event::close || step.event == Event::error) return seen;
    }
  }
  return seen;
}

TEST(WebSocketDecoder, GivesTheSameEventsForEveryCut) {
  const std::string bytes = maskedFrame(0x1, "H\xc3\xa9", false) + maskedFrame(0x9, "ping") +
                            maskedFrame(0x0, "llo \xe2\x82", false) + maskedFrame(0xA, "") + maskedFrame(0x0, "\xac") +
                            maskedFrame(0x2, std::string(300, 'b')) + maskedFrame(0x8, closePayload(1000, "bye"));
  const std::vector<Seen> expected{{Event::ping, 0, "ping"},
                                   {Event::pong, 0, ""},
                                   {Event::text, 0, "H\xc3\xa9llo \xe2\x82\xac"},
                                   {Event::binary, 0, std::string(300, 'b')},
                                   {Event::close, 1000, "bye"}};
  EXPECT_EQ(decode({bytes}), expected);
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(decode({std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}), expected) << cut;
  }
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(std::string_view(bytes).substr(i, 1));
  EXPECT_EQ(decode(single), expected);
}

TEST(WebSocketDecoder, KnowsTheThreeLengthForms) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 200000U}) {
    const std::string message(size, 'x');
    const std::vector<Seen> seen = decode({maskedFrame(0x2, message)});
    ASSERT_EQ(seen.size(), 1u) << size;
    EXPECT_EQ(seen[0].payload, message);
  }
}

TEST(WebSocketDecoder, AnswersFaultsWithTheRightCode) {
  const auto code = [](const std::string& bytes) {
    const std::vector<Seen> seen = decode({bytes}, 1000);
    return seen.empty() || seen.back().event != Event::error ? 0 : seen.back().code;
  };
  std::string unmasked;
  appendFrame(unmasked, 0x1, "hello");
  EXPECT_EQ(code(unmasked), 1002);
  std::string reserved = maskedFrame(0x1, "a");
  reserved[0] = static_cast<char>(reserved[0] | 0x40);
  EXPECT_EQ(code(reserved), 1002);
  EXPECT_EQ(code(maskedFrame(0x3, "a")), 1002);
  EXPECT_EQ(code(maskedFrame(0xB, "a")), 1002);
  EXPECT_EQ(code(maskedFrame(0x9, "a", false)), 1002) << "fragmented ping";
  EXPECT_EQ(code(maskedFrame(0x9, std::string(126, 'a'))), 1002);
  EXPECT_EQ(code(maskedFrame(0x0, "a")), 1002) << "continuation of nothing";
  EXPECT_EQ(code(maskedFrame(0x1, "a", false) + maskedFrame(0x1, "b")), 1002);
  EXPECT_EQ(code(maskedFrame(0x8, "x")), 1002);
  for (const int bad : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000}) {
    EXPECT_EQ(code(maskedFrame(0x8, closePayload(bad, ""))), 1002) << bad;
  }
  EXPECT_EQ(code(maskedFrame(0x8, closePayload(1000, "\xff"))), 1007);
  EXPECT_EQ(code(maskedFrame(0x1, "\xc3\x28")), 1007);
  EXPECT_EQ(code(maskedFrame(0x1, "\xed\xa0\x80")), 1007) << "surrogate";
  EXPECT_EQ(code(maskedFrame(0x1, "\xc0\xaf")), 1007) << "overlong";
  EXPECT_EQ(code(maskedFrame(0x1, "\xe2\x82")), 1007) << "cut character";
  EXPECT_EQ(code(maskedFrame(0x2, std::string(1001, 'a')).substr(0, 8)), 1009) << "by the head alone";
  EXPECT_EQ(code(maskedFrame(0x2, std::string(600, 'a'), false) + maskedFrame(0x0, std::string(600, 'a'))), 1009);
  std::string wide = maskedFrame(0x2, "abc");
  wide = std::string("\x82\xfe\x00\x03", 4) + wide.substr(2);
  EXPECT_EQ(code(wide), 1002) << "length not in its shortest form";
}

TEST(WebSocketDecoder, AcceptsEveryCloseCodeThatMayTravel) {
  for (const int good : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    const std::vector<Seen> seen = decode({maskedFrame(0x8, closePayload(good, ""))});
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].event, Event::close);
    EXPECT_EQ(seen[0].code, good);
  }
  EXPECT_EQ(decode({maskedFrame(0x8, "")}).at(0).code, 1005);
}

TEST(WebSocketFrame, CutsACloseReasonAtACharacter) {
  std::string reason;
  for (int i = 0; i < 50; ++i) reason += "\xe2\x82\xac";
  const std::string payload = closePayload(1000, reason);
  EXPECT_EQ(payload.size(), 125u);
  EXPECT_EQ(closePayload(1000, "a" + reason).size(), 2u + 1u + 120u);
}

TEST(WebSocketFrame, ComputesTheAcceptKeyOfTheRfc) {
  EXPECT_EQ(webSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace mortise::http
