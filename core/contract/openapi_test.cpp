#include "core/contract/openapi.hpp"

#include <gtest/gtest.h>

#include "core/contract/contract_testing.hpp"
#include "core/contract/docs_pages.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/contract/parameters.hpp"

namespace mortise::contract {
namespace {

using testing::sample;
using testing::source;

json::Document parsed(const std::string& text) {
  json::Document document;
  json::ParseError error;
  EXPECT_TRUE(json::parse(text, document, error)) << error.reason;
  return document;
}

std::string at(const json::Value& root, std::initializer_list<std::string_view> names) {
  const json::Value* value = &root;
  for (const auto name : names) {
    value = json::member(*value, name);
    if (value == nullptr) return "absent";
  }
  return json::toText(*value);
}

std::vector<CompiledDocument> samples() {
  return {compile(kernelContract()), compile(sample("notes")), compile(sample("projects"))};
}

TEST(MergedOpenApi, HoldsEveryOperationOnce) {
  const auto documents = samples();
  const auto merged = parsed(mergedOpenApi(documents, "1.2.3", "http://h"));
  std::size_t expected = 0, found = 0;
  for (const auto& document : documents) expected += document.operations.size();
  for (const auto& path : json::member(merged, "paths")->GetObject()) found += path.value.MemberCount();
  EXPECT_EQ(found, expected);
  EXPECT_EQ(at(merged, {"openapi"}), "\"3.0.3\"");
  EXPECT_EQ(at(merged, {"info", "version"}), "\"1.2.3\"");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/notes", "post", "tags"}), "[\"Notes\"]");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/notes", "post", "x-mortise-permission"}), "\"notes.write\"");
}

// A document with one operation per line of `operations`: "path tags", where the tags may be left out.
std::string tagged(const std::string& head, const std::vector<std::pair<std::string, std::string>>& operations) {
  std::string yaml = "openapi: 3.0.3\n" + head + "paths:\n";
  for (const auto& [path, tags] : operations) {
    yaml += "  " + path + ":\n    get:\n      operationId: read" + std::to_string(yaml.size()) +
            "\n      security: []\n" + (tags.empty() ? "" : "      tags: " + tags + "\n") +
            "      responses: {'200': {description: d}}\n";
  }
  return yaml;
}

TEST(MergedOpenApi, GroupsOperationsByTheTagsOfTheirContracts) {
  const std::vector<CompiledDocument> documents = {
      compile(
          source("b", "b.yaml",
                 tagged("info: {title: T, version: '1'}\ntags: [{name: Late, description: Comes late.}, {name: Early, "
                        "description: Comes early.}, {name: Unused}]\n",
                        {{"/b/1", "[Early]"}, {"/b/2", "[Late, Early]"}, {"/b/3", "[Undeclared]"}}))),
      compile(source("b", "more.yaml",
                     tagged("info: {title: T, version: '1'}\ntags: [{name: Early, description: More of it.}]\n",
                            {{"/b/4", "[Early]"}}))),
      compile(kernelContract()),
  };
  const auto merged = parsed(mergedOpenApi(documents, "1", ""));
  EXPECT_EQ(at(merged, {"paths", "/b/2", "get", "tags"}), "[\"Late\",\"Early\"]");
  const auto& groups = *json::member(merged, "x-tagGroups");
  ASSERT_EQ(groups.Size(), 2u);
  EXPECT_EQ(json::toText(groups[0]), R"({"name":"B","tags":["Late","Early","Undeclared"]})");
  EXPECT_EQ(json::textMember(groups[1], "name"), "Kernel");
  const auto& tags = *json::member(merged, "tags");
  EXPECT_EQ(json::toText(tags[0]), R"({"name":"Late","description":"Comes late."})");
  EXPECT_EQ(json::toText(tags[1]), R"({"name":"Early","description":"Comes early. More of it."})");
  EXPECT_EQ(json::toText(tags[2]), R"({"name":"Undeclared","description":"Undeclared."})");
}

TEST(MergedOpenApi, GroupsAnOperationWithoutTagsByItsDocument) {
  const auto one = compile(source(
      "a", "a.yaml", tagged("info: {title: Title of A, description: What A does., version: '1'}\n", {{"/a", ""}})));
  const auto two = compile(
      source("b", "b.yaml", tagged("info: {title: Title of B, version: '1'}\ntags: [{name: Things}]\n", {{"/b", ""}})));
  const auto merged = parsed(mergedOpenApi({one, two}, "1", ""));
  EXPECT_EQ(at(merged, {"paths", "/a", "get", "tags"}), "[\"Title of A\"]");
  EXPECT_EQ(at(merged, {"paths", "/b", "get", "tags"}), "[\"Things\"]");
  EXPECT_EQ(at(merged, {"tags"}),
            "[{\"name\":\"Title of A\",\"description\":\"What A does.\"},{\"name\":\"Things\","
            "\"description\":\"Things.\"}]");
}

TEST(MergedOpenApi, KeepsGroupsOfTwoModulesApart) {
  const auto one = [](const std::string& module, const std::string& tag) {
    return compile(source(module, module + ".yaml",
                          tagged("info: {title: T, version: '1'}\n", {{"/" + module, "[" + tag + "]"}})));
  };
  const auto merged = parsed(mergedOpenApi({one("a", "Service keys"), one("b", "service-keys")}, "1", ""));
  EXPECT_EQ(at(merged, {"x-tagGroups"}),
            R"~([{"name":"A","tags":["Service keys (a)"]},{"name":"B","tags":["service-keys (b)"]}])~");
  EXPECT_EQ(at(merged, {"paths", "/a", "get", "tags"}), "[\"Service keys (a)\"]");
}

TEST(MergedOpenApi, SaysWhichFamilyIsForWhomAndHowToSignIn) {
  const auto document = compile(source("m", "m.yaml", R"(openapi: 3.0.3
info: {title: T, version: '1'}
x-mortise-dialect: code_msg
paths:
  /login:
    post:
      operationId: login
      security: []
      x-mortise-sign-in: true
      responses: {'200': {description: d}}
  /things:
    get:
      operationId: things
      security: [{bearer: []}, {apiKey: []}]
      x-mortise-permission: authenticated
      responses: {'200': {description: d}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}, apiKey: {type: http, scheme: bearer}}
)"));
  const auto merged = parsed(mergedOpenApi({compile(kernelContract()), document}, "1", ""));
  const auto text = at(merged, {"info", "description"});
  EXPECT_NE(text.find("**Agent platform**"), std::string::npos);
  EXPECT_NE(text.find("Sign in with `POST /login`. It takes an access token or an API key."), std::string::npos);
  EXPECT_EQ(text.find("**Runtime API**"), std::string::npos);  // only the kernel speaks it here
}

TEST(MergedOpenApi, TellsDefaultsOfObjectsInWords) {
  const auto merged = parsed(mergedOpenApi(
      {compile(
          source("m", "m.yaml",
                 "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /m:\n    get:\n      operationId: m\n      "
                 "security: []\n      responses: {'200': {description: d, content: {application/json: {schema: "
                 "{$ref: '#/components/schemas/M'}}}}}\ncomponents:\n  schemas:\n    M: {type: object, properties: {o: "
                 "{type: object, description: Facts., default: {a: 1}}, default: {type: integer, default: 3}}}\n"))},
      "1", ""));
  EXPECT_EQ(at(merged, {"components", "schemas", "M", "properties", "o", "default"}), "absent");
  EXPECT_EQ(at(merged, {"components", "schemas", "M", "properties", "o", "description"}),
            "\"Facts. Default: `{\\\"a\\\":1}`.\"");
  EXPECT_EQ(at(merged, {"components", "schemas", "M", "properties", "default", "default"}), "3");
}

TEST(MergedOpenApi, GivesNoComponentANameThatGeneratorsTakeForAnothers) {
  const auto one = [](const std::string& module, const std::string& schema, const std::string& type) {
    return compile(
        source(module, module + ".yaml",
               "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /" + module +
                   ":\n    get:\n      operationId: " + module +
                   "\n      security: []\n      responses: {'200': {description: d, content: {application/json: "
                   "{schema: {$ref: '#/components/schemas/" +
                   schema + "'}}}}}\ncomponents:\n  schemas:\n    " + schema + ": {type: " + type + "}\n"));
  };
  const auto merged = parsed(mergedOpenApi(
      {one("a", "Failure", "string"), one("b", "Failure", "integer"), one("c", "AFailure", "boolean")}, "1", ""));
  EXPECT_EQ(at(merged, {"components", "schemas", "AFailure", "type"}), "\"boolean\"");
  EXPECT_EQ(at(merged, {"components", "schemas", "A_Failure"}), "absent");
  EXPECT_EQ(at(merged, {"components", "schemas", "A_Failure2", "type"}), "\"string\"");
  EXPECT_EQ(at(merged, {"components", "schemas", "B_Failure", "type"}), "\"integer\"");
}

TEST(MergedOpenApi, IsTheSameTextEachTime) {
  EXPECT_EQ(mergedOpenApi(samples(), "1", "http://h"), mergedOpenApi(samples(), "1", "http://h"));
}

TEST(MergedOpenApi, RenamesComponentsOnlyWhenTheirTextsDiffer) {
  const auto merged = parsed(mergedOpenApi(samples(), "1", "http://h"));
  EXPECT_NE(at(merged, {"components", "schemas", "Notes_Note"}), "absent");
  EXPECT_NE(at(merged, {"components", "schemas", "Projects_Note"}), "absent");
  EXPECT_EQ(at(merged, {"components", "schemas", "Note"}), "absent");
  EXPECT_EQ(at(merged, {"components", "schemas", "Notes_Note", "properties", "parent", "$ref"}),
            "\"#/components/schemas/Notes_Note\"");
  EXPECT_NE(at(merged, {"components", "schemas", "NewNote"}), "absent");
}

TEST(MergedOpenApi, RenamesWhatRefersToARenamedComponent) {
  const auto one = [](const std::string& module, const std::string& inner) {
    return compile(source(
        module, module + ".yaml",
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /" + module +
            ":\n    get:\n      operationId: same\n      security: []\n      responses: {'200': {description: d, "
            "content: {application/json: {schema: {$ref: '#/components/schemas/Outer'}}}}}\ncomponents:\n  schemas:\n  "
            "  Outer: {type: object, properties: {i: {$ref: '#/components/schemas/Inner'}}}\n    Inner: {type: " +
            inner + "}\n    Unused: {type: string}\n"));
  };
  const auto merged = parsed(mergedOpenApi({one("a", "string"), one("b", "integer")}, "1", "http://h"));
  EXPECT_EQ(at(merged, {"components", "schemas", "A_Outer", "properties", "i", "$ref"}),
            "\"#/components/schemas/A_Inner\"");
  EXPECT_EQ(at(merged, {"components", "schemas", "B_Outer", "properties", "i", "$ref"}),
            "\"#/components/schemas/B_Inner\"");
  EXPECT_EQ(at(merged, {"components", "schemas", "Unused"}), "absent");
  EXPECT_EQ(at(merged, {"paths", "/a", "get", "operationId"}), "\"a_same\"");
  const auto equal = parsed(mergedOpenApi({one("a", "string"), one("b", "string")}, "1", "http://h"));
  EXPECT_NE(at(equal, {"components", "schemas", "Outer"}), "absent");
}

TEST(MergedOpenApi, WritesPrefixesOutWhereTheyMeetPlainParameters) {
  const auto merged = parsed(mergedOpenApi(samples(), "1", "http://h"));
  EXPECT_EQ(at(merged, {"paths", "/api/v1/projects/{remote}", "get", "operationId"}), "\"readProjectByRemote\"");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/projects/proj_{id}", "get", "operationId"}), "\"readProject\"");
  EXPECT_NE(at(merged, {"paths", "/api/v1/projects/{remote}/pages/{slug}", "get"}), "absent");
}

TEST(MergedOpenApi, NamesSecurityAndErrorsOfEachOperation) {
  const auto merged = parsed(mergedOpenApi(samples(), "1", "http://h"));
  EXPECT_EQ(at(merged, {"paths", "/health", "get", "security"}), "[]");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/notes/drafts", "get", "security"}), "[{\"bearer\":[]},{}]");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/projects", "get", "security"}),
            "[{\"bearer\":[]},{\"cookie\":[]},{\"apiKey\":[]}]");
  EXPECT_EQ(at(merged, {"components", "securitySchemes", "cookie", "name"}), "\"mortise_session\"");
  EXPECT_EQ(at(merged, {"components", "securitySchemes", "queryToken", "in"}), "\"query\"");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/notes", "post", "responses", "422", "$ref"}),
            "\"#/components/responses/ProblemDetails\"");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/notes", "post", "responses", "429", "$ref"}),
            "\"#/components/responses/ProblemDetails\"");
  EXPECT_EQ(at(merged, {"paths", "/api/v1/projects", "get", "responses", "401", "$ref"}),
            "\"#/components/responses/SessionfsError\"");
  EXPECT_NE(at(merged, {"components", "schemas", "Mortise_SessionfsError"}), "absent");
  EXPECT_EQ(at(merged, {"components", "responses", "SessionfsError", "content", "application/json", "examples",
                        "notSignedIn", "value", "error", "message"}),
            "\"Missing or invalid API key\"");
}

TEST(MergedOpenApi, ShowsTheCsrfTokenWhereOneIsNeeded) {
  auto yaml = testing::document("x-mortise-dialect: unified\n", "      security: []\n");
  const auto read = parsed(mergedOpenApi({compile(source("m", "m.yaml", yaml))}, "1", ""));
  EXPECT_EQ(at(read, {"paths", "/x/{id}", "get", "parameters"}).find("X-CSRFToken"), std::string::npos);
  yaml.replace(yaml.find("    get:"), 8, "    post:");
  const auto write = parsed(mergedOpenApi({compile(source("m", "m.yaml", yaml))}, "1", ""));
  EXPECT_NE(at(write, {"paths", "/x/{id}", "post", "parameters"}).find(R"("name":"X-CSRFToken","in":"header")"),
            std::string::npos);
  EXPECT_NE(at(write, {"paths", "/x/{id}", "post", "responses", "403"}), "absent");
}

TEST(MergedOpenApi, AddsEveryErrorThatTheKernelAnswersByItself) {
  const auto answers = [](const std::string& top, const std::string& operation) {
    auto yaml = testing::document(top, operation);
    yaml.replace(yaml.find("    get:"), 8, "    post:");
    const auto merged = parsed(mergedOpenApi({compile(source("m", "m.yaml", yaml))}, "1", ""));
    std::string out;
    for (const auto& entry :
         json::member(*json::member(*json::member(*json::member(merged, "paths"), "/x/{id}"), "post"), "responses")
             ->GetObject())
      out += (out.empty() ? "" : " ") + std::string(json::view(entry.name));
    return out;
  };
  const std::string body = "      requestBody: {content: {application/json: {schema: {type: object}}}}\n";
  const std::string form = "      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}\n";
  EXPECT_EQ(answers("", "      security: []\n"), "200 400 414 422 500 503");
  EXPECT_EQ(answers("", "      x-mortise-permission: authenticated\n"), "200 400 401 403 414 422 500 503");
  EXPECT_EQ(answers("", "      security: []\n" + body), "200 400 408 413 414 415 422 500 503");
  EXPECT_EQ(answers("x-mortise-dialect: sessionfs\n", "      security: []\n" + body), "200 400 408 413 414 422 500 503")
      << "a family that does not look at the content type";
  EXPECT_EQ(answers("x-mortise-dialect: unified\n", "      security: []\n      x-mortise-csrf: false\n" + body),
            "200 400 408 413 414 500 503");
  EXPECT_EQ(answers("", "      security: []\n" + form), "200 400 408 413 414 422 500 503");
}

TEST(MergedOpenApi, DeclaresWhatAWrongUrlIsAnsweredWith) {
  const auto merged = parsed(mergedOpenApi({compile(source("m", "m.yaml", R"(openapi: 3.0.3
info: { title: t, version: "1" }
x-mortise-dialect: sessionfs
security: []
paths:
  /plain: { get: { operationId: plain, responses: { "200": { description: ok } } } }
  /query: { get: { operationId: query, parameters: [{ name: q, in: query, schema: { type: string } }], responses: { "200": { description: ok } } } }
  /header: { get: { operationId: header, parameters: [{ name: X-Q, in: header, schema: { type: string } }], responses: { "200": { description: ok } } } }
  /any: { get: { operationId: any, parameters: [{ name: q, in: query, schema: { type: string } }], responses: { 4XX: { description: refused } } } }
  /socket: { get: { operationId: socket, x-mortise-lane: stream, x-mortise-websocket: true, responses: { "101": { description: upgraded } } } }
  /prefixed/{id:note_*}: { get: { operationId: prefixed, parameters: [{ name: id, in: path, required: true, schema: { type: string } }], responses: { "200": { description: ok } } } }
  /page/{id}:
    get:
      operationId: page
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: ok }
        "400": { description: a page, content: { text/html: { schema: { type: string } } } }
        "422": { $ref: "#/components/responses/Page" }
components:
  responses: { Page: { description: a page, content: { text/html: { schema: { type: string } } } } }
)"))},
                                           "1", ""));
  const auto response = [&](const char* path, const char* status) {
    return at(merged, {"paths", path, "get", "responses", status});
  };
  EXPECT_EQ(response("/plain", "400") + response("/plain", "414"), "absentabsent");
  EXPECT_EQ(response("/header", "400") + response("/header", "414"), "absentabsent");
  EXPECT_EQ(response("/any", "400") + response("/any", "414"), "absentabsent");
  for (const char* status : {"403", "426"})
    EXPECT_EQ(response("/socket", status), R"({"$ref":"#/components/responses/SessionfsError"})") << status;
  EXPECT_EQ(response("/plain", "403") + response("/plain", "426"), "absentabsent");
  EXPECT_EQ(response("/prefixed/{id}", "405"), R"({"$ref":"#/components/responses/SessionfsError"})");
  EXPECT_EQ(response("/page/{id}", "405") + response("/query", "405"), "absentabsent");
  EXPECT_NE(at(merged, {"paths", "/prefixed/{id}", "get", "parameters"}).find(R"("pattern":"^note_.")"),
            std::string::npos);
  EXPECT_EQ(response("/query", "400"), R"({"$ref":"#/components/responses/SessionfsError"})");
  EXPECT_EQ(response("/query", "414"), R"({"$ref":"#/components/responses/SessionfsError"})")
      << "the beginning of a target that is too long tells whose it is";
  // A status that the contract describes has the kernel's own body beside its own.
  for (const auto* status : {"400", "422"}) {
    EXPECT_EQ(at(merged, {"paths", "/page/{id}", "get", "responses", status, "content"}),
              R"({"text/html":{"schema":{"type":"string"}},)"
              R"("application/json":{"schema":{"$ref":"#/components/schemas/Mortise_SessionfsError"}}})");
  }
  EXPECT_NE(at(merged, {"components", "schemas", "Mortise_SessionfsError"}), "absent");
}

TEST(MergedOpenApi, SaysThatLocationsHaveNamesAndNumbers) {
  const auto merged = parsed(mergedOpenApi(samples(), "1", "http://h"));
  EXPECT_EQ(at(merged, {"components", "schemas", "Mortise_ProblemDetails", "properties", "errors", "items",
                        "properties", "loc", "items"}),
            R"({"oneOf":[{"type":"string"},{"type":"integer"}]})");
}

TEST(MergedOpenApi, WrapsBareDataInTheEnvelopeOfItsFamily) {
  const auto reply = [](const std::string& top) {
    const auto yaml =
        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\n" + top +
        "paths:\n  /a:\n    get:\n      operationId: readA\n      security: []\n      responses: {'200': {$ref: "
        "'#/components/responses/A'}}\n    delete:\n      operationId: dropA\n      security: []\n      "
        "x-mortise-csrf: false\n      responses: {'200': {description: gone}, '204': {description: n}}\n"
        "components:\n  responses:\n    A: {description: d, content: {application/json: {schema: {$ref: "
        "'#/components/schemas/A'}, example: {id: 1}}}}\n  schemas:\n    A: {type: object, properties: {id: {type: "
        "integer}}}\n";
    return parsed(mergedOpenApi({compile(source("m", "m.yaml", yaml))}, "1", ""));
  };
  const auto unified = reply("x-mortise-dialect: unified\nx-mortise-schemas: data\n");
  const auto media = [](const json::Value& merged, std::string_view method, std::string_view part) {
    return at(merged, {"paths", "/a", method, "responses", "200", "content", "application/json", part});
  };
  EXPECT_NE(media(unified, "get", "schema").find(R"("data":{"$ref":"#/components/schemas/A"})"), std::string::npos);
  EXPECT_NE(media(unified, "get", "schema").find(R"("required":["success","error","message","timestamp","data"])"),
            std::string::npos);
  EXPECT_NE(media(unified, "get", "example").find(R"("data":{"id":1})"), std::string::npos);
  EXPECT_NE(media(unified, "delete", "schema").find(R"("required":["success","error","message","timestamp"])"),
            std::string::npos);
  EXPECT_EQ(at(unified, {"paths", "/a", "delete", "responses", "204", "content"}), "absent");
  const auto codeMsg = reply("x-mortise-dialect: code_msg\nx-mortise-schemas: data\n");
  EXPECT_NE(media(codeMsg, "get", "schema").find(R"("required":["code","msg","data"])"), std::string::npos);
  const auto whole = reply("x-mortise-dialect: unified\n");
  EXPECT_EQ(at(whole, {"paths", "/a", "get", "responses", "200", "$ref"}), "\"#/components/responses/A\"")
      << "without the word the schema is the whole body";
  const auto bare = reply("x-mortise-dialect: problem\nx-mortise-schemas: data\n");
  EXPECT_EQ(at(bare, {"paths", "/a", "get", "responses", "200", "$ref"}), "\"#/components/responses/A\"");
  EXPECT_EQ(testing::refusal(testing::document("x-mortise-schemas: body\n", "      security: []\n")),
            "contracts/m.yaml:1: expected x-mortise-schemas: data, found \"body\"; without the key the schemas of "
            "replies mean the whole body");
}

TEST(MergedOpenApi, StatesTheSuccessAndTheFailuresThatGoOutWith200AsAlternatives) {
  const auto reply = [](const std::string& top, const std::string& soft) {
    const auto merged = parsed(mergedOpenApi(
        {compile(source("m", "m.yaml",
                        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nx-mortise-dialect: code_msg\n" + top +
                            "paths:\n  /a:\n    get:\n      operationId: readA\n      security: []\n" + soft +
                            "      responses: {'200': {description: d, content: {application/json: {schema: {type: "
                            "integer}}}}}\n"))},
        "1", ""));
    return at(merged, {"paths", "/a", "get", "responses", "200", "content", "application/json", "schema"});
  };
  const std::string data = "x-mortise-schemas: data\n", soft = "      x-mortise-soft: [a_not_found]\n";
  const auto both = reply(data, soft);
  EXPECT_EQ(both.find(R"({"oneOf":[{"type":"object","required":["code","msg","data"],"properties":{"code":)"
                      R"({"type":"integer","enum":[200]})"),
            0U)
      << both;
  EXPECT_NE(both.find(R"("code":{"type":"integer","enum":[400,401,)"), std::string::npos) << both;
  EXPECT_EQ(reply(data, "").find("oneOf"), std::string::npos);
  EXPECT_EQ(reply("", soft), R"({"type":"integer"})") << "without the word the schema is the whole body";
}

TEST(MergedOpenApi, SaysOfTheErrorsThatItAddsWhenToComeAgain) {
  const auto merged = parsed(mergedOpenApi(samples(), "1", "http://h"));
  for (const auto* const component : {"ProblemDetails", "SessionfsError"}) {
    EXPECT_EQ(at(merged, {"components", "responses", component, "headers", "Retry-After", "schema"}),
              R"({"type":"integer","minimum":1})");
  }
  const auto limited = [](const std::string& top, const std::string& body) {
    return parsed(mergedOpenApi(
        {compile(source("m", "m.yaml",
                        "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nx-mortise-dialect: unified\n" + top +
                            "paths:\n  /a:\n    get:\n      operationId: readA\n      security: []\n      responses: "
                            "{'200': {description: d}, '429': {description: Too many" +
                            body + "}, '404': {description: n}}\n"))},
        "1", ""));
  };
  const auto header = [](const json::Value& document, std::string_view status, std::string_view name) {
    return at(document, {"paths", "/a", "get", "responses", status, "headers", name, "schema", "type"});
  };
  const auto bare = limited("x-mortise-schemas: data\n", "");
  EXPECT_EQ(header(bare, "429", "Retry-After"), "\"integer\"");
  EXPECT_EQ(header(bare, "429", "X-RateLimit-Reset"), "\"integer\"");
  EXPECT_EQ(header(bare, "404", "Retry-After"), "absent");
  EXPECT_EQ(header(limited("x-mortise-schemas: data\n", ", headers: {}"), "429", "Retry-After"), "absent")
      << "the contract says which";
}

TEST(MergedOpenApi, GivesErrorsOfBareDataTheBodyOfTheirFamily) {
  const auto replies = [](const std::string& top) {
    return parsed(mergedOpenApi(
        {compile(
            source("m", "m.yaml",
                   "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nx-mortise-dialect: unified\n" + top +
                       "paths:\n  /a:\n    get:\n      operationId: readA\n      security: []\n      responses:\n"
                       "        '200': {description: d}\n        '404': {$ref: '#/components/responses/Unknown'}\n"
                       "        '409': {description: off}\n        '410': {$ref: '#/components/responses/Gone'}\n"
                       "        '411': {$ref: '#/components/responses/Shown'}\n"
                       "components:\n  responses:\n    Unknown: {description: There is no such A}\n"
                       "    Gone: {description: g, content: {text/plain: {schema: {type: string}}}}\n"
                       "    Shown: {description: s, content: {application/json: {example: {success: false}}}}\n"))},
        "1", ""));
  };
  const auto merged = replies("x-mortise-schemas: data\n");
  const auto reply = [](const json::Value& document, std::string_view status, std::string_view part) {
    return at(document, {"paths", "/a", "get", "responses", status, part});
  };
  const std::string body = R"({"application/json":{"schema":{"$ref":"#/components/schemas/Mortise_UnifiedError"}}})";
  EXPECT_EQ(reply(merged, "404", "content"), body);
  EXPECT_EQ(reply(merged, "404", "description"), "\"There is no such A\"");
  EXPECT_EQ(reply(merged, "409", "content"), body);
  EXPECT_NE(at(merged, {"components", "schemas", "Mortise_UnifiedError"}), "absent");
  EXPECT_EQ(reply(merged, "410", "$ref"), "\"#/components/responses/Gone\"") << "it has a body of its own";
  EXPECT_EQ(reply(merged, "411", "content"),
            R"({"application/json":{"example":{"success":false},"schema":{"$ref":"#/components/schemas/)"
            R"(Mortise_UnifiedError"}}})");
  EXPECT_EQ(reply(replies(""), "409", "content"), "absent") << "without the word nothing is added";
  EXPECT_EQ(reply(replies(""), "411", "$ref"), "\"#/components/responses/Shown\"");
}

TEST(DocsPages, AskOnlyOurOwnAssets) {
  for (const auto& page : {swaggerPage("/docs/assets"), redocPage("/docs/assets")}) {
    EXPECT_EQ(page.find("http:"), std::string::npos);
    EXPECT_EQ(page.find("https:"), std::string::npos);
    EXPECT_EQ(page.find("//"), std::string::npos);
    EXPECT_EQ(page.find("onload"), std::string::npos);
    EXPECT_NE(page.find("<meta charset=\"utf-8\">"), std::string::npos);
    EXPECT_NE(page.find("rel=\"icon\""), std::string::npos);
    EXPECT_EQ(page.find("<script>"), std::string::npos);
  }
  EXPECT_EQ(swaggerPage("\"><script>").find("<script>"), std::string::npos);
}

std::string read(const Parameter& parameter, const std::vector<std::string_view>& texts) {
  json::Document into;
  std::vector<FieldError> errors;
  if (readParameter(parameter, texts, into, into.GetAllocator(), errors)) return json::toText(into);
  return errors.at(0).location.at(0) + "." + errors.at(0).location.at(1) + " " + errors.at(0).rule;
}

TEST(Parameters, ConvertDefaultAndRefuse) {
  const auto document = compile(sample("notes"));
  const auto& page = document.operations[0]->parameters[0];
  const auto& tags = document.operations[0]->parameters[1];
  EXPECT_EQ(read(page, {}), "1");
  EXPECT_EQ(read(page, {"7"}), "7");
  EXPECT_EQ(read(page, {"0"}), "query.page greater_than_equal");
  EXPECT_EQ(read(page, {"x"}), "query.page int_parsing");
  EXPECT_EQ(read(page, {"1", "2"}), "query.page repeated");
  EXPECT_EQ(read(tags, {}), "null");
  EXPECT_EQ(read(tags, {"a", "b"}), "[\"a\",\"b\"]");
  EXPECT_EQ(read(tags, {"a", "a"}), "query.tag not_unique");
  EXPECT_EQ(read(tags, {"a", "b", "c", "d"}), "query.tag too_long");
  EXPECT_EQ(read(tags, {""}), "query.tag string_too_short");
  const auto& id = document.operations[2]->parameters[0];
  EXPECT_EQ(read(id, {"x"}), "path.note_id uuid");
  EXPECT_EQ(read(id, {}), "path.note_id missing");
}

TEST(Parameters, OfALenientQueryCountAsAbsentWhenTheyCantBeRead) {
  const auto document = compile(sample("notes"));
  auto page = document.operations[0]->parameters[0];
  auto tags = document.operations[0]->parameters[1];
  page.lenient = tags.lenient = true;
  EXPECT_EQ(read(page, {}), "1");
  EXPECT_EQ(read(page, {"7"}), "7");
  const std::string_view nul("7\0", 2);
  for (const auto& unreadable : std::vector<std::vector<std::string_view>>{
           {"0"}, {"x"}, {""}, {"1", "2"}, {"7", "7"}, {"7", "7", "7"}, {nul}, {"\xff"}})
    EXPECT_EQ(read(page, unreadable), "1") << unreadable.size() << " " << unreadable[0];
  EXPECT_EQ(read(tags, {"a", "b"}), "[\"a\",\"b\"]");
  for (const auto& unreadable :
       std::vector<std::vector<std::string_view>>{{"a", "a"}, {"a", "b", "c", "d"}, {""}, {"a", nul}})
    EXPECT_EQ(read(tags, unreadable), "null") << unreadable.size() << " " << unreadable[0];
}

}  // namespace
}  // namespace mortise::contract
