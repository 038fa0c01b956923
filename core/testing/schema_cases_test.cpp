#include "core/testing/schema_cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/contract/schema_compiler.hpp"

namespace mortise::testing {
namespace {

// A schema, and the number of ways to break it.
struct Sample {
  const char* schema;
  std::size_t breaches;
};

const Sample kSamples[] = {
    // Every other type, and null.
    {R"({"type":"string"})", 6},
    {R"({"type":"boolean"})", 6},
    {R"({"type":"number","nullable":true})", 4},
    // Also beyond 64 bits.
    {R"({"type":"integer"})", 7},
    {R"({"type":"integer","minimum":1,"maximum":100})", 8},
    {R"({"type":"integer","minimum":0,"exclusiveMinimum":true,"multipleOf":5})", 9},
    {R"({"type":"integer","format":"int32"})", 8},
    {R"({"type":"number","minimum":0.5,"maximum":2.5})", 7},
    {R"({"type":"string","minLength":3,"maxLength":5})", 8},
    {R"({"type":"string","pattern":"^[a-z]+-[0-9]$","example":"a-1"})", 7},
    {R"({"type":"string","pattern":"^[0-9a-f]{32}$"})", 7},
    {R"({"type":"string","format":"email"})", 7},
    {R"({"type":"string","format":"uuid"})", 7},
    {R"({"type":"string","format":"uri"})", 7},
    {R"({"type":"string","format":"date-time"})", 7},
    {R"({"type":"string","format":"date"})", 7},
    {R"({"type":"string","enum":["red","blue"]})", 7},
    {R"({"type":"string","enum":["red",null]})", 6},
    {R"({"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3})", 14},
    {R"({"type":"array","items":{"type":"string"},"uniqueItems":true,"minItems":2})", 14},
    {R"({"type":"object","required":["a"],"properties":{"a":{"type":"boolean"},"b":{"type":"boolean"}}})", 19},
    {R"({"type":"object","additionalProperties":false,"properties":{"a":{"type":"boolean"}}})", 13},
    {R"({"type":"object","minProperties":1,"properties":{"a":{"type":"boolean"}}})", 13},
    {R"({"allOf":[{"type":"object","required":["a"],"properties":{"a":{"type":"boolean"}}}]})", 7},
    {R"({"$ref":"#/components/schemas/Tree"})", 26},
};

const char* const kRoot = R"({"components":{"schemas":{"Tree":{"type":"object","required":["name"],"properties":{
  "name":{"type":"string","maxLength":10},"left":{"$ref":"#/components/schemas/Tree"},
  "leaf":{"$ref":"#/components/schemas/Leaf"}}},
  "Leaf":{"type":"object","properties":{"green":{"type":"boolean"}}}}}})";

void parse(const std::string& text, json::Document& into) {
  json::ParseError error;
  ASSERT_TRUE(json::parse(text, into, error)) << text << ": " << error.reason;
}

// The verdict of the kernel's own validator on a value; "a/b" for each place.
std::vector<std::string> faults(const contract::Schema& schema, const std::string& value) {
  json::Document document;
  parse(value, document);
  std::vector<std::string> location;
  std::vector<FieldError> errors;
  schema.check(document, location, errors);
  std::vector<std::string> out;
  for (const auto& error : errors) {
    out.emplace_back();
    for (const auto& part : error.location) out.back() += (out.back().empty() ? "" : "/") + part;
  }
  return out;
}

class SchemaCasesOf : public ::testing::TestWithParam<Sample> {
 protected:
  SchemaCasesOf() {
    parse(kRoot, root_);
    parse(GetParam().schema, schema_);
    compiled_ = contract::compileSchema(schema_, root_);
  }
  json::Document root_;
  json::Document schema_;
  std::shared_ptr<const contract::Schema> compiled_;
};

TEST_P(SchemaCasesOf, ExampleIsValid) {
  const auto example = SchemaCases(root_).example(schema_);
  EXPECT_EQ(faults(*compiled_, example), std::vector<std::string>{}) << example;
}

TEST_P(SchemaCasesOf, EachBreachIsFoundWhereItIs) {
  const auto breaches = SchemaCases(root_).breaches(schema_);
  std::string all;
  for (const auto& breach : breaches) {
    std::string place;
    for (const auto& part : breach.location) place += (place.empty() ? "" : "/") + part;
    const auto places = faults(*compiled_, breach.json);
    EXPECT_NE(std::find(places.begin(), places.end(), place), places.end())
        << "at \"" << place << "\", " << breach.what << ": " << breach.json.substr(0, 200);
    all += "\n" + place + ": " + breach.what;
  }
  EXPECT_EQ(breaches.size(), GetParam().breaches) << all;
}

INSTANTIATE_TEST_SUITE_P(Samples, SchemaCasesOf, ::testing::ValuesIn(kSamples));

TEST(SchemaCases, CrossesNoBoundThatOnlyAHugeRequestCrosses) {
  json::Document root;
  json::Document schema;
  parse("{}", root);
  parse(R"({"type":"string","maxLength":10000000})", schema);
  for (const auto& breach : SchemaCases(root).breaches(schema)) EXPECT_LT(breach.json.size(), 1000U) << breach.what;
}

}  // namespace
}  // namespace mortise::testing
