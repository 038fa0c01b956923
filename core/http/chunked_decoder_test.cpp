#include "core/http/chunked_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise::http {
namespace {

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  bool failed = false;
};

void feed(ChunkedDecoder& decoder, std::string_view bytes, Decoded& into) {
  while (!bytes.empty() && !decoder.done() && !decoder.failed()) {
    const ChunkedDecoder::Step step = decoder.feed(bytes);
    into.data += step.data;
    into.consumed += step.consumed;
    bytes.remove_prefix(step.consumed);
  }
  into.done = decoder.done();
  into.failed = decoder.failed();
}

Decoded decode(const std::vector<std::string_view>& pieces) {
  ChunkedDecoder decoder;
  Decoded decoded;
  for (const std::string_view piece : pieces) feed(decoder, piece, decoded);
  return decoded;
}

const std::vector<std::string> kGood{
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;name=value;x=\"y\"\r\nhello\r\n6 \r\n world\r\n0\r\n\r\n",
    "0000000a\r\n0123456789\r\n0;last\r\nTrailer: one\r\nSecond: two\r\n\r\n",
    "3\r\n\r\n\r\r\n2\r\n\r\n\r\n0\r\n\r\n",
};

TEST(ChunkedDecoder, GivesTheSameBodyForEveryCut) {
  for (const std::string& message : kGood) {
    const std::string bytes = message + "NEXT";
    const Decoded whole = decode({bytes});
    ASSERT_TRUE(whole.done) << message;
    EXPECT_EQ(whole.consumed, message.size()) << "what follows belongs to the next request";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      const Decoded split = decode({std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)});
      EXPECT_TRUE(split.done) << message << " cut at " << cut;
      EXPECT_EQ(split.data, whole.data) << message << " cut at " << cut;
      EXPECT_EQ(split.consumed, whole.consumed);
    }
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < bytes.size(); ++i) single.push_back(std::string_view(bytes).substr(i, 1));
    EXPECT_EQ(decode(single).data, whole.data);
  }
}

TEST(ChunkedDecoder, RefusesBadFramingForEveryCut) {
  const std::vector<std::string> bad{"\r\n",
                                     "g\r\n",
                                     "0x5\r\nhello\r\n",
                                     "-5\r\n",
                                     "5\nhello",
                                     "5\r\nhelloX",
                                     "5\r\nhello\rX",
                                     "5\r\nhello\n",
                                     "123456789\r\n",
                                     "5;a\x01\r\n",
                                     "0\r\n\rX",
                                     "0\r\nA: b\n",
                                     "5\rX",
                                     "5;" + std::string(300, 'a') + "\r\n",
                                     "0\r\nA: " + std::string(5000, 'a') + "\r\n\r\n"};
  for (const std::string& message : bad) {
    EXPECT_TRUE(decode({message}).failed) << message;
    for (std::size_t cut = 1; cut < message.size() && cut < 20; ++cut) {
      EXPECT_TRUE(decode({std::string_view(message).substr(0, cut), std::string_view(message).substr(cut)}).failed)
          << message;
    }
  }
}

}  // namespace
}  // namespace mortise::http
