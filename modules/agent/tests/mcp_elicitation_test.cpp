// Forms that servers of MCP want filled in: how they are asked for, and which answers fit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <optional>
#include <string>
#include <vector>

#include "json_reading.hpp"
#include "mcp/elicitation.hpp"
#include "mcp/failure.hpp"
#include "mcp/form_field.hpp"

namespace agent::mcp {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

using Answers = std::vector<std::optional<std::string>>;

std::string elicitedFrom(const std::string& params, const Answers& answers,
                         std::vector<std::string>* questions = nullptr, const std::string& language = "en") {
  rapidjson::Document document;
  EXPECT_TRUE(mortise::models::parseJson(params, document)) << params;
  std::size_t at = 0;
  const auto ask = [&](std::string_view question) {
    if (questions != nullptr) questions->emplace_back(question);
    return at < answers.size() ? answers[at++] : std::nullopt;
  };
  return elicited(document, {.ask = ask, .server = "shop", .language = language}).text();
}

// A form with one field, "f".
std::string formWith(const std::string& schema, bool required = true) {
  return R"({"message":"Tell","requestedSchema":{"type":"object","properties":{"f":)" + schema + R"(},"required":[)" +
         (required ? R"("f")" : "") + "]}}";
}
// What becomes of one answer, "none" when it does not fit.
std::string given(const std::string& schema, const std::string& answer, bool required = true) {
  const std::string accepted = R"({"action":"accept","content":)";
  const auto out = elicitedFrom(formWith(schema, required), {answer, answer, answer});
  return out.starts_with(accepted) ? out.substr(accepted.size(), out.size() - accepted.size() - 1) : "none";
}

TEST(McpElicitation, AsksForEachField) {
  const std::string form = R"({"message":"Tell","requestedSchema":{"type":"object","properties":{
      "name":{"type":"string","title":"Your name","description":"as in the passport"},"age":{"type":"integer","minimum":0},
      "colour":{"type":"string","enum":["r","g"],"enumNames":["Red","Green"]},"ok":{"type":"boolean","default":true},
      "many":{"type":"array","items":{"anyOf":[{"const":"a","title":"A"},{"const":"b","title":"B"}]}},"nick":{"type":"string"}},
      "required":["name","age","colour"]}})";
  std::vector<std::string> questions;
  EXPECT_EQ(elicitedFrom(form, {"Ada", "old", " 36\n", "green", "-", "1, B", "-"}, &questions),
            R"({"action":"accept","content":{"name":"Ada","age":36,"colour":"g","ok":true,"many":["a","b"]}})");
  EXPECT_THAT(
      questions,
      ElementsAre(
          "The tool server \"shop\" asks:\nTell\n\nYour answers go to that server and stay in this session: give it "
          "no passwords or keys. \"decline\" refuses, \"cancel\" ends the call.\n\n(1/6) Your name: as in the "
          "passport\nAnswer with a text.",
          "(2/6) age\nAnswer with a whole number, 0 or more.",
          "That answer does not fit. It must be a whole number, 0 or more.\n\n(2/6) age\nAnswer with a whole number, "
          "0 or more.",
          "(3/6) colour\n1. Red\n2. Green\nAnswer with one of these, by its name or number.",
          "(4/6) ok\nAnswer with yes or no; \"-\" takes true.",
          "(5/6) many\n1. A\n2. B\nAnswer with some of these, by their names or numbers, with commas between them; "
          "\"-\" leaves it out.",
          "(6/6) nick\nAnswer with a text; \"-\" leaves it out."));
}

TEST(McpElicitation, GivesUpOnAnswersThatDoNotFit) {
  const auto form = formWith(R"({"type":"integer"})");
  std::vector<std::string> questions;
  EXPECT_EQ(elicitedFrom(form, {"x", "y", "z", "4"}, &questions), R"({"action":"decline"})");
  EXPECT_THAT(questions, SizeIs(3));
  EXPECT_EQ(elicitedFrom(form, {"x", "y", "4"}), R"({"action":"accept","content":{"f":4}})");
  EXPECT_EQ(elicitedFrom(form, {std::nullopt}), R"({"action":"cancel"})") << "nobody answers";
}

TEST(McpElicitation, CanBeDeclinedAndCancelled) {
  const auto form = formWith(R"({"type":"string"})");
  for (const auto* word : {"decline", "Decline", "拒绝"})
    EXPECT_EQ(elicitedFrom(form, {word}), R"({"action":"decline"})");
  for (const auto* word : {"cancel", " CANCEL ", "取消"})
    EXPECT_EQ(elicitedFrom(form, {word}), R"({"action":"cancel"})");
  EXPECT_EQ(given(R"({"type":"string","enum":["cancel","keep"]})", "cancel"), R"({"f":"cancel"})")
      << "a choice goes first";
  EXPECT_EQ(given(R"({"type":"string"})", "cancel it"), R"({"f":"cancel it"})");
}

TEST(McpElicitation, NeedsAClearYesWithoutAForm) {
  const std::string plain = R"({"message":"Go on?"})";
  EXPECT_EQ(elicitedFrom(plain, {"yes"}), R"({"action":"accept","content":{}})");
  EXPECT_EQ(elicitedFrom(plain, {"好的"}), R"({"action":"accept","content":{}})");
  EXPECT_EQ(elicitedFrom(R"({"message":"Go on?","requestedSchema":{"type":"object","properties":{}}})", {"no"}),
            R"({"action":"decline"})");
  EXPECT_EQ(elicitedFrom(plain, {"what is that?", "and why?", "hm"}), R"({"action":"decline"})");
  std::vector<std::string> questions;
  EXPECT_EQ(elicitedFrom(plain, {"what is that?", "yes"}, &questions), R"({"action":"accept","content":{}})");
  EXPECT_EQ(questions.at(1), "That answer does not fit. It must be yes or no.");
}

TEST(McpElicitation, AsksNobodyForWhatIsNoForm) {
  std::vector<std::string> questions;
  for (
      const auto* params :
      {R"({"mode":"url","message":"Open","url":"https://x"})", R"({"mode":"new","message":"?"})",
       R"({"message":"m","requestedSchema":{"type":"object","properties":{"f":{"type":"object"}}}})",
       R"({"message":"m","requestedSchema":{"type":"object","properties":{"f":{"type":"array","items":{"type":"string"}}}}})",
       R"({"message":"m","requestedSchema":{"type":"object","properties":{"f":7}}})",
       R"({"message":"m","requestedSchema":{"type":"object","properties":{"f":{}}}})"})
    EXPECT_EQ(elicitedFrom(params, {"yes"}, &questions), R"({"action":"decline"})") << params;
  std::string many;
  for (int i = 0; i < 21; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":{"type":"string"})";
  EXPECT_EQ(elicitedFrom(R"({"message":"m","requestedSchema":{"type":"object","properties":{)" + many + "}}}", {"yes"},
                         &questions),
            R"({"action":"decline"})");
  EXPECT_THAT(questions, IsEmpty());
  const rapidjson::Value none(rapidjson::kObjectType);
  EXPECT_EQ(elicited(none, {}).text(), R"({"action":"cancel"})") << "there is nobody to ask";
}

TEST(McpElicitation, KeepsToTheRulesOfTheSchema) {
  EXPECT_EQ(given(R"({"type":"string","minLength":2,"maxLength":3})", "äö"), R"({"f":"äö"})");
  for (const auto* text : {"a", "äöüß"})
    EXPECT_EQ(given(R"({"type":"string","minLength":2,"maxLength":3})", text), "none");
  EXPECT_EQ(given(R"({"type":"number","minimum":-1,"maximum":2.5})", "2.5"), R"({"f":2.5})");
  for (const auto* text : {"2.6", "-2", "two", "\"2\"", "1e999"})
    EXPECT_EQ(given(R"({"type":"number","minimum":-1,"maximum":2.5})", text), "none") << text;
  for (const auto* text : {"1.5", "99999999999999999999"})
    EXPECT_EQ(given(R"({"type":"integer"})", text), "none") << text;
  EXPECT_EQ(given(R"({"type":"string","format":"email"})", "a@b.example"), R"({"f":"a@b.example"})");
  for (const auto* text : {"a", "@b", "a@", "a b@c", "a@b@c"})
    EXPECT_EQ(given(R"({"type":"string","format":"email"})", text), "none") << text;
  EXPECT_EQ(given(R"({"type":"string","format":"uri"})", "https://x.example/a"), R"({"f":"https://x.example/a"})");
  for (const auto* text : {"x.example", ":a", "http:", "a b:c"})
    EXPECT_EQ(given(R"({"type":"string","format":"uri"})", text), "none") << text;
  EXPECT_EQ(given(R"({"type":"string","format":"date"})", "2026-12-31"), R"({"f":"2026-12-31"})");
  for (const auto* text : {"2026-13-01", "2026-1-1", "31.12.2026", "2026-12-32"})
    EXPECT_EQ(given(R"({"type":"string","format":"date"})", text), "none") << text;
  for (const auto* text : {"2026-12-31T08:30:00Z", "2026-12-31T08:30:00.25+01:00"})
    EXPECT_EQ(given(R"({"type":"string","format":"date-time"})", text), std::string(R"({"f":")") + text + "\"}");
  for (const auto* text :
       {"2026-12-31", "2026-12-31T08:30:00", "2026-12-31 08:30:00Z", "2026-12-31T25:30:00Z", "2026-12-31T08:30:00.Z"})
    EXPECT_EQ(given(R"({"type":"string","format":"date-time"})", text), "none") << text;
  const std::string several =
      R"({"type":"array","minItems":1,"maxItems":2,"items":{"type":"string","enum":["a","b","c"]}})";
  EXPECT_EQ(given(several, "a，2"), R"({"f":["a","b"]})");
  EXPECT_EQ(given(several, "a, a"), R"({"f":["a"]})");
  for (const auto* text : {",", "1,2,3", "d", "4"}) EXPECT_EQ(given(several, text), "none") << text;
  EXPECT_EQ(given(R"({"type":"string","oneOf":[{"const":"","title":"None"},{"const":"x","title":"X"}]})", "none"),
            R"({"f":""})");
  EXPECT_EQ(given(R"({"type":"string"})", std::string(8001, 'x')), "none");
}

TEST(McpElicitation, LeavesOutOrTakesTheDefault) {
  EXPECT_EQ(given(R"({"type":"string"})", "-", false), "{}");
  EXPECT_EQ(given(R"({"type":"string"})", "", false), "{}") << "a file without words";
  EXPECT_EQ(given(R"({"type":"string"})", "", true), "none");
  EXPECT_EQ(given(R"({"type":"string"})", "-", true), R"({"f":"-"})");
  EXPECT_EQ(given(R"({"type":"integer","default":30})", "-"), R"({"f":30})");
  EXPECT_EQ(given(R"({"type":"array","items":{"enum":["a","b"]},"default":["b"]})", "-"), R"({"f":["b"]})");
  EXPECT_EQ(given(R"({"type":"string","enum":["-","+"],"default":"+"})", "-"), R"({"f":"-"})") << "a choice goes first";
}

TEST(McpElicitation, SpeaksTheLanguageOfTheSession) {
  std::vector<std::string> questions;
  EXPECT_EQ(elicitedFrom(formWith(R"({"type":"integer","minimum":1,"maximum":9,"default":3})"), {"很多", "-"},
                         &questions, "zh-CN"),
            R"({"action":"accept","content":{"f":3}})");
  EXPECT_THAT(questions.at(0), AllOf(StartsWith("工具服务器“shop”询问：\nTell\n"), HasSubstr("请勿填写密码或密钥"),
                                     HasSubstr("f\n请回答：整数，不小于 1，不大于 9；回答“-”则取 3。")));
  EXPECT_THAT(questions.at(1), StartsWith("该回答不符合要求，应为：整数，不小于 1，不大于 9。"));
}

TEST(McpElicitation, ShowsNoMoreThanPeopleRead) {
  std::vector<std::string> questions;
  std::string choices;
  for (int i = 0; i < 200; ++i) choices += (i == 0 ? "\"" : ",\"") + std::string(500, 'c') + std::to_string(i) + "\"";
  elicitedFrom(R"({"message":")" + std::string(100'000, 'm') +
                   R"(","requestedSchema":{"type":"object","properties":{"f":{"type":"string",
      "title":")" + std::string(10'000, 't') +
                   R"(","description":")" + std::string(10'000, 'd') + R"(","enum":[)" + choices + "]}}}}",
               {}, &questions);
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_LT(questions[0].size(), 16'000U);
}

TEST(McpElicitation, AnswersWhatAResultAsksFor) {
  rapidjson::Document requests;
  const auto answers = [&](const std::string& text) {
    EXPECT_TRUE(mortise::models::parseJson(text, requests));
    return inputResponses(requests, {.ask = [](std::string_view) { return std::optional<std::string>("7"); }}).text();
  };
  EXPECT_EQ(answers(R"({"r":{"method":"roots/list"},"a":{"method":"elicitation/create","params":)" +
                    formWith(R"({"type":"integer"})") + R"(},"b":{"method":"elicitation/create"}})"),
            R"({"r":{"roots":[]},"a":{"action":"accept","content":{"f":7}},"b":{"action":"decline"}})");
  EXPECT_THROW(answers(R"({"s":{"method":"sampling/createMessage"}})"), Failure);
  EXPECT_THROW(answers("[]"), Failure);
}

}  // namespace
}  // namespace agent::mcp
