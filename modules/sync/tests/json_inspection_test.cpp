#include "dlp/json_inspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace session_sharing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kKey = std::string("AKIA") + "ABCDEFGHIJKLMNOP";
const std::string kMark = "[REDACTED:aws_access_key_id]";

struct Inspected {
  bool isJson = false;
  std::vector<std::pair<std::string, std::int64_t>> found;
  std::string written;
};

// In pieces of `size` bytes.
Inspected inspect(std::string_view text, bool isLines = false, std::size_t size = 4096) {
  Inspected out;
  MatchEffort effort;
  JsonSource source([&] {
    const auto piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    return piece;
  });
  out.isJson = inspectJson(
      source, {isLines}, SensitiveTextMatcher::ofSecrets(), effort,
      [&](const SensitiveKind& kind, std::int64_t line) { out.found.emplace_back(kind.name, line); },
      [&](std::string_view bytes) { out.written += bytes; });
  return out;
}
std::string written(std::string_view text, bool isLines = false) {
  const auto out = inspect(text, isLines);
  EXPECT_TRUE(out.isJson) << text;
  return out.written;
}

TEST(JsonInspection, ReadsTextsKeysAndNumbersAsTheyAreMeant) {
  EXPECT_THAT(inspect("{\"a\": [1, {\"b\": \"" + kKey + "\"}]}").found, ElementsAre(std::pair("aws_access_key_id", 1)));
  EXPECT_THAT(inspect("{\"a\":\"AKI\\u0041" + kKey.substr(4) + "\"}").found, SizeIs(1)) << "an escape hides nothing";
  EXPECT_THAT(inspect("\"" + kKey + "\"").found, SizeIs(1));
  EXPECT_THAT(inspect("{\"" + kKey + "\": 1}").found, SizeIs(1));
  EXPECT_THAT(inspect("\n\n{\"a\":\n\"" + kKey + "\"}").found, ElementsAre(std::pair("aws_access_key_id", 4)));
  EXPECT_THAT(inspect("{\"password\":\"k7Gh2!pQz9\"}").found, ElementsAre(std::pair("assigned_secret", 1)));
  EXPECT_THAT(inspect("{\"secrets\":{\"token\":[\"k7Gh2!pQz9\"]}}").found, SizeIs(1)) << "a list has its key";
  EXPECT_THAT(inspect(R"({"a":"nothing","n":123456789012})").found, IsEmpty());
}

TEST(JsonInspection, WritesJsonWithMarks) {
  EXPECT_EQ(written("{ \"a\": \"see " + kKey + "!\", \"b\": [1.50, -0, 1e40, true, null] }"),
            "{\"a\":\"see " + kMark + "!\",\"b\":[1.50,-0,1e40,true,null]}");
  EXPECT_EQ(written("{\"" + kKey + "\":1,\"" + kKey.substr(0, 19) + "Q\":2}"),
            "{\"" + kMark + "#1\":1,\"" + kMark + "#2\":2}");
  EXPECT_EQ(written(R"({"a":"\"\\\/\b\f\n\r\t中文😀"})"), R"({"a":"\"\\/\b\f\n\r\t中文😀"})");
  EXPECT_THAT(inspect(written("\"" + kKey + "\"")).found, IsEmpty());
}

TEST(JsonInspection, KeepsLinesApart) {
  EXPECT_EQ(written("{\"a\":1}\n\n{\"b\":\"" + kKey + "\"}\n", true), "{\"a\":1}\n\n{\"b\":\"" + kMark + "\"}\n");
  EXPECT_EQ(written("{} {}", true), "{}\n{}");
  EXPECT_EQ(written("", true), "");
  EXPECT_EQ(written("\n", true), "\n");
  EXPECT_THAT(inspect("{}\n{}\n\"" + kKey + "\"\n", true).found, ElementsAre(std::pair("aws_access_key_id", 3)));
}

TEST(JsonInspection, ReadsWhatProgramsWriteAndStandardsDoNotHave) {
  EXPECT_EQ(written(R"({"a":NaN,"b":-Infinity})"), R"({"a":NaN,"b":-Infinity})");
  EXPECT_EQ(written(R"(["\ud83d", "\ude00x", "\ud83d\ud83d\ude00", "\\ud83d"])"),
            "[\"\uFFFD\",\"\uFFFDx\",\"\uFFFD😀\",\"\\\\ud83d\"]")
      << "halves of characters";
  EXPECT_EQ(written("\xEF\xBB\xBF{}"), "{}");
}

TEST(JsonInspection, SaysWhatIsNoJson) {
  for (const char* text :
       {"{", "{\"a\":}", "[1,]", "{} {}", "nul", "\"a", "{\"a\" 1}", "\"\n\"", "a: 1", "<html>", "{}x"})
    EXPECT_FALSE(inspect(text).isJson) << text;
  EXPECT_FALSE(inspect(std::string("{}\0{}", 5)).isJson);
  EXPECT_FALSE(inspect(std::string("\0", 1)).isJson);
  EXPECT_FALSE(inspect("{}\n{\n", true).isJson);
  EXPECT_FALSE(inspect(std::string(100000, '[')).isJson);
  EXPECT_FALSE(inspect(std::string(2000, '[') + std::string(2000, ']')).isJson);
  EXPECT_TRUE(inspect(std::string(900, '[') + std::string(900, ']')).isJson);
  EXPECT_TRUE(inspect("").isJson) << "nothing is there to be found";
}

TEST(JsonInspection, IsTheSameInPiecesOfAnySize) {
  const std::string text =
      "{\"a\":\"\\ud83d\\ude00\\ud83d " + kKey + "\",\n\"b\":[\"\\\\\\\"" + kKey + "\", 12345678]}\n";
  const auto whole = inspect(text, true);
  ASSERT_TRUE(whole.isJson);
  EXPECT_THAT(whole.found, SizeIs(2));
  for (std::size_t size = 1; size < 20; ++size) {
    const auto pieces = inspect(text, true, size);
    EXPECT_TRUE(pieces.isJson);
    EXPECT_EQ(pieces.found, whole.found);
    EXPECT_EQ(pieces.written, whole.written);
  }
  rapidjson::Document document;
  EXPECT_FALSE(document.Parse(whole.written.c_str()).HasParseError());
  EXPECT_THAT(whole.written, Not(HasSubstr(kKey)));
}

}  // namespace
}  // namespace session_sharing
