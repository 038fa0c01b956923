#include "core/base/json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mortise::json {
namespace {

struct Outcome {
  bool ok;
  std::string text;
  ParseError error;
};

Outcome parsed(std::string_view text, Repeated repeated = Repeated::lastWins) {
  Document document;
  Outcome outcome{};
  outcome.ok = parse(text, document, outcome.error, repeated);
  if (outcome.ok) outcome.text = toText(document);
  return outcome;
}

TEST(Json, KeepsValuesAndOrder) {
  EXPECT_EQ(parsed(R"( {"b":1,"a":[true,null,-2.5,"é"],"c":{}} )").text, R"({"b":1,"a":[true,null,-2.5,"é"],"c":{}})");
}

TEST(Json, KeepsWholeNumbersOf64Bits) {
  EXPECT_EQ(parsed("[9223372036854775807,-9223372036854775808,18446744073709551615]").text,
            "[9223372036854775807,-9223372036854775808,18446744073709551615]");
}

TEST(Json, RefusesWhatIsNotExactlyOneDocument) {
  for (const char* text :
       {"", "  ", "{", "[1,]", "{\"a\"}", "{} {}", "nul", "NaN", "Infinity", "01", "+1", "'a'", "// c\n1", "\"\t\""}) {
    const Outcome outcome = parsed(text);
    EXPECT_FALSE(outcome.ok) << text;
    EXPECT_FALSE(outcome.error.reason.empty()) << text;
  }
}

TEST(Json, RefusesNulBytes) {
  EXPECT_FALSE(parsed(std::string_view("{}\0junk", 7)).ok);
  EXPECT_FALSE(parsed(std::string_view("{}\0", 3)).ok);
  EXPECT_FALSE(parsed(std::string_view("\"a\0b\"", 5)).ok);
}

TEST(Json, RefusesInvalidUtf8) {
  for (const char* text :
       {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "{\"\xff\":1}"}) {
    EXPECT_FALSE(parsed(text).ok);
  }
}

TEST(Json, RefusesLoneSurrogatesAndJoinsPairs) {
  EXPECT_FALSE(parsed(R"("\ud800")").ok);
  EXPECT_FALSE(parsed(R"("\udc00")").ok);
  EXPECT_FALSE(parsed(R"("\ud800\u0041")").ok);
  EXPECT_EQ(parsed(R"("\ud83d\ude00")").text, "\"\xf0\x9f\x98\x80\"");
}

TEST(Json, CapsTheDepthAt64) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parsed(nested(64)).ok);
  const Outcome outcome = parsed(nested(65));
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.error.reason, "nested deeper than 64");
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_EQ(parsed(objects).error.reason, "nested deeper than 64");
}

TEST(Json, DepthCountsOpenContainersOnly) {
  std::string text = "[";
  for (int i = 0; i < 200; ++i) text += "[],{},";
  EXPECT_TRUE(parsed(text + "1]").ok);
}

TEST(Json, SurvivesTwoMillionOpenBrackets) {
  const Outcome outcome = parsed(std::string(2'000'000, '['));
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.error.reason, "nested deeper than 64");
}

TEST(Json, LastOfRepeatedKeysWinsAtTheFirstPlace) {
  EXPECT_EQ(parsed(R"({"a":1,"b":2,"a":3})").text, R"({"a":3,"b":2})");
  EXPECT_EQ(parsed(R"([{"x":{"a":1,"a":[2]}}])").text, R"([{"x":{"a":[2]}}])");
  EXPECT_EQ(parsed(R"({"a":1,"\u0061":2})").text, R"({"a":2})");
  std::string many = "{\"k\":0";
  for (int i = 0; i < 50; ++i) many += ",\"n" + std::to_string(i) + "\":" + std::to_string(i);
  EXPECT_EQ(parsed(many + ",\"k\":7}").text, "{\"k\":7" + many.substr(6) + "}");
}

TEST(Json, CanRefuseRepeatedKeysAndSaysWhere) {
  const std::string text = R"({"a":{"b":1},"c":{"b":2,"b":3}})";
  const Outcome outcome = parsed(text, Repeated::refuse);
  EXPECT_FALSE(outcome.ok);
  EXPECT_EQ(outcome.error.reason, R"(repeated key "b")");
  EXPECT_GT(outcome.error.offset, text.find("\"b\":2"));
  EXPECT_LE(outcome.error.offset, text.size());
  EXPECT_TRUE(parsed(R"([{"b":1},{"b":2}])", Repeated::refuse).ok);
}

TEST(Json, ADocumentCanBeUsedAgainAfterAnError) {
  Document document;
  ParseError error;
  EXPECT_FALSE(parse("[1,", document, error));
  EXPECT_TRUE(document.IsNull());
  ASSERT_TRUE(parse("[2]", document, error));
  EXPECT_EQ(toText(document), "[2]");
}

TEST(Json, QuotesEveryControlCharacter) {
  EXPECT_EQ(quoted("a\"\\\n\r\t\b\f\x01\x1f/é"), R"("a\"\\\n\r\t\b\f\u0001\u001f/é")");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  Document document;
  ParseError error;
  ASSERT_TRUE(parse(json::quoted(all), document, error)) << error.reason;
  EXPECT_EQ(view(document), all);
}

TEST(Json, FindsMembers) {
  Document document;
  ParseError error;
  ASSERT_TRUE(parse(R"({"a":"x","n":1})", document, error));
  EXPECT_EQ(textMember(document, "a"), "x");
  EXPECT_EQ(textMember(document, "n", "none"), "none");
  EXPECT_EQ(textMember(document, "z", "none"), "none");
  EXPECT_EQ(member(Value(1), "a"), nullptr);
}

}  // namespace
}  // namespace mortise::json
