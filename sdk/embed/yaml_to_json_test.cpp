#include "sdk/embed/yaml_to_json.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace mortise::embed {
namespace {

std::string refusal(std::string_view yaml) {
  try {
    yamlToJson(yaml, "a.yaml");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(YamlToJson, FollowsTheCoreSchemaForScalars) {
  EXPECT_EQ(
      yamlToJson("a: off\nb: no\nc: true\nd: 'true'\ne: ~\nf: 007\ng: 0x1F\nh: 1.50\ni: .5\nj: 1e3\nk: 2026-01-02\nl: "
                 "1_000\nm: -0\nn: +3",
                 "a"),
      R"({"a":"off","b":"no","c":true,"d":"true","e":null,"f":7,"g":31,"h":1.50,"i":0.5,"j":1.0e3,"k":"2026-01-02","l":"1_000","m":0,"n":3})");
}

TEST(YamlToJson, KeepsKeysAsTextAndOrder) {
  EXPECT_EQ(yamlToJson("responses:\n  200: {b: 1, a: [x, \"y\\n\\\"\"]}\n  true: 2", "a"),
            R"({"responses":{"200":{"b":1,"a":["x","y\n\""]},"true":2}})");
}

TEST(YamlToJson, KeepsChineseTextAndBlockScalars) {
  EXPECT_EQ(yamlToJson("a: 未认证\nb: |\n  x\n  y\nc: >-\n  p\n  q\n", "a"),
            R"({"a":"未认证","b":"x\ny\n","c":"p q"})");
}

TEST(YamlToJson, TellsTheLineOfEachOperation) {
  std::vector<std::pair<std::string, int>> lines;
  yamlToJson(
      "openapi: 3.0.3\npaths:\n  /a:\n    parameters: []\n    get:\n      operationId: readA\n    post: {operationId: "
      "writeA}\n",
      "a", &lines);
  const std::vector<std::pair<std::string, int>> expected = {{"readA", 5}, {"writeA", 7}};
  EXPECT_EQ(lines, expected);
}

TEST(YamlToJson, ResolvesAliases) { EXPECT_EQ(yamlToJson("a: &x {k: 1}\nb: *x", "a"), R"({"a":{"k":1},"b":{"k":1}})"); }

TEST(YamlToJson, RefusesWithFileLineAndColumn) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "a.yaml:3:1: repeated key \"a\": keep one of the two");
  EXPECT_EQ(refusal("a: .inf"), "a.yaml:1:4: .inf has no JSON form: quote it or write a number");
  EXPECT_EQ(refusal("? [a, b]\n: 1"), "a.yaml:1:3: a key must be plain text");
  EXPECT_EQ(refusal(""), "a.yaml:1:1: the file is empty: expected one YAML document");
  EXPECT_EQ(refusal("---\na: 1\n---\nb: 2\n"), "a.yaml:1:1: found more than one document: expected one");
  EXPECT_EQ(refusal("a: 1\nb: \xff"), "a.yaml:2:4: not UTF-8 text: save the file as UTF-8");
  EXPECT_EQ(refusal("a: {b: 1\n").rfind("a.yaml:", 0), 0U);
  EXPECT_EQ(refusal("a: !secret x"), "a.yaml:1:4: tag !secret is not supported: write the value without a tag");
  EXPECT_NE(refusal("a: &x [*x]").find("nested deeper"), std::string::npos);
}

TEST(YamlToJson, StopsAtAStrayComma) {
  EXPECT_EQ(refusal(","), "a.yaml:1:1: found more than one document: expected one");
}

TEST(YamlToJson, StopsAtAliasesThatBlowUp) {
  std::string bomb = "a: &a [xxxxxxxxxx,xxxxxxxxxx,xxxxxxxxxx,xxxxxxxxxx,xxxxxxxxxx]\n";
  for (char c = 'b'; c < 'l'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [*" + before + ",*" + before + ",*" + before + ",*" + before + ",*" +
            before + ",*" + before + "]\n";
  }
  EXPECT_NE(refusal(bomb).find("larger than 64 MiB"), std::string::npos);
}

}  // namespace
}  // namespace mortise::embed
