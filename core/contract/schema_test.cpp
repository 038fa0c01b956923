#include "core/contract/schema_compiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace mortise::contract {
namespace {

json::Document parsed(const std::string& text) {
  json::Document document;
  json::ParseError error;
  if (!json::parse(text, document, error)) throw std::runtime_error(text + ": " + error.reason);
  return document;
}

std::string shown(const std::vector<FieldError>& errors) {
  std::string out;
  for (const auto& error : errors) {
    out += out.empty() ? "" : "; ";
    for (std::size_t i = 0; i < error.location.size(); ++i) out += (i == 0 ? "" : ".") + error.location[i];
    out += " " + error.rule;
    for (const auto& [name, value] : error.params) out += " " + name + "=" + value;
  }
  return out;
}

// Broken rules of `body` under `schema`, written in single quotes for readability.
std::string check(std::string schema, std::string body, const std::string& root = "{}") {
  for (auto* text : {&schema, &body}) std::replace(text->begin(), text->end(), '\'', '"');
  const auto rootDocument = parsed(root);
  const auto schemaDocument = parsed(schema);
  const auto compiled = compileSchema(schemaDocument, rootDocument);
  std::vector<std::string> location = {"body"};
  std::vector<FieldError> errors;
  compiled->check(parsed(body), location, errors);
  EXPECT_EQ(location.size(), 1U);
  return shown(errors);
}

std::string refusal(std::string schema) {
  try {
    check(std::move(schema), "1");
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

std::string convert(std::string schema, std::string_view text) {
  std::replace(schema.begin(), schema.end(), '\'', '"');
  const auto document = parsed(schema);
  const auto compiled = compileSchema(document, document);
  json::Document into;
  std::vector<FieldError> errors;
  const bool good = compiled->convert(text, into, into.GetAllocator(), {"query", "a"}, errors);
  EXPECT_EQ(good, errors.empty());
  return good ? json::toText(into) : shown(errors);
}

TEST(Schema, NamesTheWrongTypeAndCoercesNothing) {
  EXPECT_EQ(check("{'type':'string'}", "123456"), "body string_type");
  EXPECT_EQ(check("{'type':'integer'}", "'5'"), "body int_type");
  EXPECT_EQ(check("{'type':'integer'}", "1.0"), "body int_type");
  EXPECT_EQ(check("{'type':'integer'}", "true"), "body int_type");
  EXPECT_EQ(check("{'type':'number'}", "'1'"), "body float_type");
  EXPECT_EQ(check("{'type':'number'}", "1"), "");
  EXPECT_EQ(check("{'type':'boolean'}", "1"), "body bool_type");
  EXPECT_EQ(check("{'type':'array','items':{}}", "{}"), "body list_type");
  EXPECT_EQ(check("{'type':'object'}", "[]"), "body object_type");
  EXPECT_EQ(check("{'type':'string'}", "null"), "body null_forbidden type=string_type");
  EXPECT_EQ(check("{'type':'integer'}", "null"), "body null_forbidden type=int_type");
  EXPECT_EQ(check("{'type':'string','nullable':true}", "null"), "");
}

TEST(Schema, ReadsWholeNumbersOutOfTextsWhereAskedTo) {
  const auto read = [](std::string schema, std::string body) {
    for (auto* text : {&schema, &body}) std::replace(text->begin(), text->end(), '\'', '"');
    const auto document = parsed(schema);
    auto value = parsed(body);
    compileSchema(document, document)->readWholeNumbers(value);
    auto text = json::toText(value);
    std::replace(text.begin(), text.end(), '"', '\'');
    return text;
  };
  const std::string days = "{'type':'object','properties':{'days':{'type':'integer','nullable':true}}}";
  EXPECT_EQ(read(days, "{'days':'30'}"), "{'days':30}");
  EXPECT_EQ(read(days, "{'days':'-7'}"), "{'days':-7}");
  EXPECT_EQ(read(days, "{'days':'+0030'}"), "{'days':30}");
  for (const char* other : {"''", "' 30'", "'3.5'", "'1e3'", "'0x1e'", "'thirty'", "'9223372036854775808'", "'３０'",
                            "true", "null", "3.5", "['30']", "{'days':'30'}"})
    EXPECT_EQ(read(days, std::string("{'days':") + other + "}"), std::string("{'days':") + other + "}") << other;
  EXPECT_EQ(read("{'type':'string'}", "'30'"), "'30'");
  EXPECT_EQ(read("{}", "{'days':'30'}"), "{'days':'30'}") << "no schema says that it is a number";
  EXPECT_EQ(read("{'type':'array','items':{'type':'integer'}}", "['1','x',2]"), "[1,'x',2]");
  EXPECT_EQ(read("{'type':'object','additionalProperties':{'type':'integer'}}", "{'a':'1'}"), "{'a':1}");
  EXPECT_EQ(read("{'allOf':[" + days + "]}", "{'days':'30'}"), "{'days':30}");
}

TEST(Schema, ReportsEveryBrokenRuleInTheOrderOfTheDocument) {
  EXPECT_EQ(
      check("{'type':'object','required':['b','a','z'],'additionalProperties':false,'properties':{'a':{'type':'string',"
            "'minLength':2},'b':{'type':'integer'},'c':{'type':'boolean'}}}",
            "{'x':1,'c':3,'a':'q'}"),
      "body.a string_too_short min_length=2; body.b missing; body.c bool_type; body.z missing; body.x extra_forbidden");
}

TEST(Schema, CountsCodePoints) {
  EXPECT_EQ(check("{'type':'string','maxLength':3}", "'未认证'"), "");
  EXPECT_EQ(check("{'type':'string','maxLength':2}", "'未认证'"), "body string_too_long max_length=2");
  EXPECT_EQ(check("{'type':'string','minLength':2}", "'😀'"), "body string_too_short min_length=2");
}

TEST(Schema, KeepsNumbersExact) {
  EXPECT_EQ(check("{'type':'integer','minimum':1,'maximum':9007199254740993}", "9007199254740994"),
            "body less_than_equal le=9007199254740993");
  EXPECT_EQ(check("{'type':'integer'}", "9223372036854775807"), "");
  EXPECT_EQ(check("{'type':'integer'}", "9223372036854775808"), "body less_than_equal le=9223372036854775807");
  EXPECT_EQ(check("{'type':'integer','format':'int32'}", "2147483648"), "body less_than_equal le=2147483647");
  EXPECT_EQ(check("{'type':'integer','minimum':0,'exclusiveMinimum':true}", "0"), "body greater_than gt=0");
  EXPECT_EQ(check("{'type':'number','maximum':1.5,'exclusiveMaximum':true}", "1.5"), "body less_than lt=1.5");
  EXPECT_EQ(check("{'type':'number','minimum':0}", "-0.1"), "body greater_than_equal ge=0");
  EXPECT_EQ(check("{'type':'number','multipleOf':0.1}", "0.3"), "");
  EXPECT_EQ(check("{'type':'integer','multipleOf':5}", "12"), "body multiple_of multiple_of=5");
}

TEST(Schema, ChecksListsAndWhatIsInThem) {
  const std::string schema =
      "{'type':'array','minItems':1,'maxItems':3,'uniqueItems':true,'items':{'type':'object','required':['email'],'"
      "properties':{'email':{'type':'string','format':'email'}}}}";
  EXPECT_EQ(check(schema, "[]"), "body too_short min_length=1");
  EXPECT_EQ(check(schema, "[{},{'email':'x'}]"), "body.0.email missing; body.1.email email");
  EXPECT_EQ(check(schema, "[1,2,3,4]"), "body too_long max_length=3");
  EXPECT_EQ(check("{'type':'array','uniqueItems':true,'items':{}}", "[{'a':1,'b':[2]},{'b':[2.0],'a':1}]"),
            "body not_unique");
  EXPECT_EQ(check("{'type':'array','uniqueItems':true,'items':{}}", "[1,'1',true,null]"), "");
}

TEST(Schema, ChecksEnumPatternAndAdditionalProperties) {
  EXPECT_EQ(check("{'type':'string','enum':['a','b','c']}", "'d'"), "body literal_error expected='a', 'b' or 'c'");
  EXPECT_EQ(check("{'type':'integer','enum':[1,2]}", "3"), "body literal_error expected=1 or 2");
  EXPECT_EQ(check("{'type':'string','nullable':true,'enum':['a',null]}", "null"), "");
  EXPECT_EQ(check("{'type':'string','pattern':'^[0-9]{6}$'}", "'12345'"),
            "body string_pattern_mismatch pattern=^[0-9]{6}$");
  EXPECT_EQ(check("{'type':'object','additionalProperties':{'type':'integer'},'properties':{'a':{'type':'string'}}}",
                  "{'a':'x','b':'y'}"),
            "body.b int_type");
  EXPECT_EQ(check("{'type':'object','minProperties':1,'maxProperties':2}", "{}"), "body too_short min_length=1");
  EXPECT_EQ(check("{'type':'object'}", "{'anything':1}"), "");
}

TEST(Schema, RefusesNulWhereverItHides) {
  EXPECT_EQ(check("{'type':'string'}", "'a\\u0000b'"), "body nul_character");
  EXPECT_EQ(check("{'type':'object'}", "{'a':{'b':['x\\u0000']}}"), "body.a.b.0 nul_character");
  EXPECT_EQ(check("{}", "['\\u0000']"), "body.0 nul_character");
  EXPECT_EQ(check("{'type':'object'}", "{'a\\u0000':1}"), "body nul_character");
}

TEST(Schema, CombinesSchemas) {
  EXPECT_EQ(check("{'allOf':[{'type':'object','required':['a']},{'type':'object','required':['b','a']}]}", "{}"),
            "body.a missing; body.b missing");
  EXPECT_EQ(check("{'oneOf':[{'type':'string'},{'type':'integer'}]}", "true"), "body one_of");
  EXPECT_EQ(check("{'oneOf':[{'type':'integer'},{'type':'number'}]}", "1"), "body one_of");
  EXPECT_EQ(check("{'anyOf':[{'type':'integer'},{'type':'number'}]}", "1"), "");
  EXPECT_EQ(check("{'anyOf':[{'type':'string','maxLength':1},{'type':'integer'}]}", "'ab'"),
            "body string_too_long max_length=1");
}

TEST(Schema, ChoosesByDiscriminator) {
  const std::string root =
      R"({"components":{"schemas":{"Cat":{"type":"object","required":["claws"],"properties":{"claws":{"type":"integer"}}},"Dog":{"type":"object"}}}})";
  const std::string schema =
      "{'oneOf':[{'$ref':'#/components/schemas/Cat'},{'$ref':'#/components/schemas/"
      "Dog'}],'discriminator':{'propertyName':'kind','mapping':{'cat':'#/components/schemas/Cat','dog':'#/components/"
      "schemas/Dog'}}}";
  EXPECT_EQ(check(schema, "{'kind':'cat'}", root), "body.claws missing");
  EXPECT_EQ(check(schema, "{'kind':'dog'}", root), "");
  EXPECT_EQ(check(schema, "{'kind':'cow'}", root), "body.kind literal_error expected='cat', 'dog'");
  EXPECT_EQ(check(schema, "{}", root), "body.kind missing");
}

TEST(Schema, FollowsRecursiveReferences) {
  const std::string root =
      R"({"components":{"schemas":{"Node":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"next":{"$ref":"#/components/schemas/Node"}}}}}})";
  EXPECT_EQ(check("{'$ref':'#/components/schemas/Node'}", "{'name':'a','next':{'name':'b','next':{}}}", root),
            "body.next.next.name missing");
}

// Each level of the body doubles the work of a checker that looks at a part twice, or at two parts that both go down.
// Time never decides; sixty levels would not come back.
TEST(Schema, IsDoneWithRecursiveAlternatives) {
  std::string body = "{'next':1}";
  for (int i = 0; i < 60; ++i) body = "{'next':" + body + "}";
  const auto nodeOf = [](const std::string& schema) {
    std::string root = "{'components':{'schemas':{'Node':" + schema + "}}}";
    std::replace(root.begin(), root.end(), '\'', '"');
    return root;
  };
  const std::string node = "{'$ref':'#/components/schemas/Node'}";
  const std::string down = "{'type':'object','properties':{'next':" + node + "}}";
  const std::string again = "{'type':'object','properties':{'next':" + node + ",'b':{}}}";
  std::string next = "body";
  for (int i = 0; i < 61; ++i) next += ".next";
  EXPECT_EQ(check(node, body, nodeOf("{'oneOf':[" + down + ",{'type':'string'}]}")), next + " one_of");
  EXPECT_EQ(check(node, body, nodeOf("{'anyOf':[" + down + "," + again + "]}")), "body too_complex");
  EXPECT_EQ(check(node, body, nodeOf("{'oneOf':[" + down + "," + again + "]}")), "body too_complex");
  EXPECT_NE(check(node, body, nodeOf("{'type':'object','allOf':[" + down + "," + again + "]}")), "");
  EXPECT_EQ(check(node, "{'next':{'next':{}}}", nodeOf("{'anyOf':[" + down + "," + again + "]}")), "")
      << "a budget for each check, not for all of them";
}

TEST(Schema, LetsManyValuesChooseAmongAlternatives) {
  std::string body = "[{}";
  for (int i = 1; i < 100000; ++i) body += ",{}";
  EXPECT_EQ(
      check("{'type':'array','items':{'oneOf':[{'type':'string'},{'type':'integer'},{'type':'object'}]}}", body + "]"),
      "");
}

// A pattern that keeps a thousand steps live is the contract's fault, not a reason to be busy for minutes.
TEST(Schema, SpendsNoMoreThanABudgetOnPatterns) {
  std::string body = "['" + std::string(16000, 'a') + "'";
  for (int i = 0; i < 60; ++i) body += ",'" + std::string(16000, 'a') + "'";
  EXPECT_THAT(check("{'type':'array','items':{'type':'string','pattern':'[a-z]{0,1000}x'}}", body + "]"),
              testing::HasSubstr(" too_complex"));
  EXPECT_EQ(check("{'type':'array','items':{'type':'string','pattern':'^([a-z]+)+$'}}", body + "]"), "");
}

// Each text fits each of these branches, but the check runs out of steps before it knows: what it did not look at neither
// fits nor fails.
TEST(Schema, DecidesNothingBetweenBranchesThatItCouldNotCheck) {
  std::string body = "['" + std::string(16000, 'a') + "x'";
  for (int i = 0; i < 60; ++i) body += ",'" + std::string(16000, 'a') + "x'";
  body += "]";
  const std::string costly = "{'type':'array','items':{'type':'string','pattern':'[a-z]{0,1000}x'}}";
  const std::string cheap = "{'type':'array','items':{'type':'string'}}";
  const std::string number = "{'type':'integer'}";
  const auto one = [](const std::string& a, const std::string& b) { return "{'oneOf':[" + a + "," + b + "]}"; };
  const auto any = [](const std::string& a, const std::string& b) { return "{'anyOf':[" + a + "," + b + "]}"; };
  for (const auto& schema : {one(costly, cheap), one(cheap, costly), one(costly, number), any(number, costly),
                             one(any(costly, number), cheap), one("{'allOf':[" + costly + "]}", cheap)}) {
    EXPECT_EQ(check(schema, body), "body too_complex") << schema;
  }
  EXPECT_EQ(check("{'type':'object','properties':{'a':" + one(costly, cheap) + "}}", "{'a':" + body + "}"),
            "body.a too_complex");
  EXPECT_EQ(check(one(costly, cheap), "['ax']"), "body one_of");
  EXPECT_EQ(check(one(costly, cheap), "['a']"), "");
}

TEST(Schema, RepeatsNoLongNameInEveryError) {
  std::string body = "{'" + std::string(100000, 'k') + "':['\\u0000'";
  for (int i = 0; i < 200; ++i) body += ",'\\u0000'";
  for (const char* schema : {"{'type':'object'}", "{}",
                             "{'type':'object','additionalProperties':{'type':'array','items':{'type':'string'}}}"})
    EXPECT_LT(check(schema, body + "]}").size(), 40000U) << schema;
  EXPECT_EQ(check("{'type':'object','additionalProperties':false}", "{'" + std::string(199, 'k') + "\u00e9':1}"),
            "body." + std::string(199, 'k') + "... extra_forbidden");
  EXPECT_EQ(check("{'type':'object','additionalProperties':false}", "{'" + std::string(200, 'k') + "':1}"),
            "body." + std::string(200, 'k') + " extra_forbidden");
}

TEST(Schema, StopsReportingAtAHundredErrors) {
  std::string body = "[1";
  for (int i = 0; i < 500; ++i) body += ",1";
  const auto text = check("{'type':'array','items':{'type':'string'}}", body + "]");
  EXPECT_EQ(std::count(text.begin(), text.end(), ';'), 99);
}

TEST(Schema, RefusesKeywordsItDoesNotServe) {
  EXPECT_EQ(refusal("{'not':{}}"), "keyword \"not\" is not served: say what is allowed with enum, pattern or oneOf");
  EXPECT_EQ(refusal("{'type':'object','properties':{'a':{'type':'string','maxLenght':3}}}"),
            "a: keyword \"maxLenght\" is not served; did you mean \"maxLength\"");
  EXPECT_EQ(refusal("{'type':['string','null']}"),
            "expected type string, integer, number, boolean, array or object, found [\"string\",\"null\"]; OpenAPI 3.0 "
            "says nullable: true");
  EXPECT_EQ(refusal("{'$ref':'#/components/schemas/X'}"),
            "#/components/schemas/X: $ref \"#/components/schemas/X\" leads nowhere");
  EXPECT_EQ(refusal("{'type':'string','format':'emial'}"), "format \"emial\" is unknown; did you mean \"email\"");
  EXPECT_NE(refusal("{'oneOf':[{'type':'object'}],'discriminator':{'propertyName':'k'}}").find("mapping"),
            std::string::npos);
  EXPECT_EQ(refusal("{'nullable':true,'allOf':[{'type':'object'}]}"), "nullable needs type beside it");
  EXPECT_NE(refusal("{'type':'array'}").find("items"), std::string::npos);
  EXPECT_NE(refusal("{'type':'string','pattern':'(?=x)'}").find("look-around"), std::string::npos);
}

TEST(Schema, RefusesSchemasThatContainThemselves) {
  const std::string root =
      R"({"components":{"schemas":{"A":{"$ref":"#/components/schemas/B"},"B":{"$ref":"#/components/schemas/A"},"C":{"allOf":[{"$ref":"#/components/schemas/C"}]}}}})";
  EXPECT_THROW(check("{'$ref':'#/components/schemas/A'}", "1", root), std::runtime_error);
  EXPECT_THROW(check("{'$ref':'#/components/schemas/C'}", "1", root), std::runtime_error);
}

TEST(Schema, ConvertsTextOfParameters) {
  EXPECT_EQ(convert("{'type':'integer','minimum':1}", "42"), "42");
  EXPECT_EQ(convert("{'type':'integer'}", "4x"), "query.a int_parsing");
  EXPECT_EQ(convert("{'type':'integer'}", ""), "query.a int_parsing");
  EXPECT_EQ(convert("{'type':'integer'}", "99999999999999999999"), "query.a int_parsing");
  EXPECT_EQ(convert("{'type':'integer','minimum':1}", "0"), "query.a greater_than_equal ge=1");
  EXPECT_EQ(convert("{'type':'number'}", "1.5"), "1.5");
  EXPECT_EQ(convert("{'type':'number'}", "nan"), "query.a float_parsing");
  EXPECT_EQ(convert("{'type':'boolean'}", "Yes"), "true");
  EXPECT_EQ(convert("{'type':'boolean'}", "off"), "false");
  EXPECT_EQ(convert("{'type':'boolean'}", "2"), "query.a bool_parsing");
  EXPECT_EQ(convert("{'type':'string'}", std::string_view()), "\"\"");
  EXPECT_EQ(convert("{'type':'string','maxLength':2}", "abc"), "query.a string_too_long max_length=2");
  EXPECT_EQ(convert("{'type':'array','items':{'type':'integer'}}", "7"), "[7]");
}

}  // namespace
}  // namespace mortise::contract
