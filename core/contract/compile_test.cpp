#include <gtest/gtest.h>

#include "core/contract/contract_testing.hpp"
#include "core/contract/kernel_contract.hpp"

namespace mortise::contract {
namespace {

using testing::document;
using testing::refusal;
using testing::sample;
using testing::source;

const std::string kOpen = "      security: []\n";
const std::string kBearer =
    "components: {securitySchemes: {bearer: {type: http, scheme: bearer}, apiKey: {type: apiKey, in: header, name: "
    "X-Key}, session: {type: apiKey, in: cookie, name: s}, basic: {type: http, scheme: basic}}}\n";

const Operation& find(const CompiledDocument& document, const std::string& id) {
  for (const auto& operation : document.operations) {
    if (operation->id == id) return *operation;
  }
  throw std::runtime_error("no operation " + id);
}

TEST(Compile, ReadsWhatAnOperationPromises) {
  const auto document = compile(sample("notes"));
  EXPECT_EQ(document.prefix, "/api/v1/notes");
  EXPECT_EQ(document.operations.size(), 5U);
  const auto& create = find(document, "createNote");
  EXPECT_EQ(create.method, "POST");
  EXPECT_EQ(create.path, "/api/v1/notes");
  EXPECT_EQ(create.file, "contracts/notes.yaml");
  EXPECT_EQ(create.line, 23);
  EXPECT_EQ(create.permission, "notes.write");
  EXPECT_EQ(create.scopes, std::vector<std::string>{"notes.write"});
  EXPECT_EQ(create.body.kind, Body::Kind::json);
  EXPECT_TRUE(create.body.required);
  EXPECT_EQ(create.body.limit, 65536U);
  ASSERT_EQ(create.buckets.size(), 1U);
  EXPECT_EQ(create.buckets[0]->name, "notes.write");
  EXPECT_EQ(create.buckets[0]->limit, 30);
  EXPECT_EQ(create.buckets[0]->windowSeconds, 300);
  EXPECT_EQ(create.buckets[0]->key, Bucket::Key::user);
  EXPECT_EQ(create.buckets[0]->algorithm, Bucket::Algorithm::slidingWindow);
  EXPECT_EQ(document.buckets.size(), 2U);
  EXPECT_TRUE(create.security.bearer);
  EXPECT_FALSE(create.security.anonymous);
  EXPECT_EQ(find(document, "readNote").lane, Lane::loop);
  EXPECT_EQ(find(document, "deleteNote").timeoutSeconds, 90);
  EXPECT_TRUE(find(document, "listDrafts").security.optional);
  const auto& list = find(document, "listNotes");
  ASSERT_EQ(list.parameters.size(), 2U);
  EXPECT_TRUE(list.parameters[0].hasFallback);
  EXPECT_EQ(list.parameters[0].fallback, "1");
  EXPECT_TRUE(list.parameters[1].repeated);
  EXPECT_EQ(find(document, "readNote").parameters.at(0).name, "note_id");
}

TEST(Compile, GivesEachDialectItsOrderOfChecksAndLanguage) {
  const auto conventions = [](const std::string& dialect) {
    return compile(source("m", "m.yaml", document("x-mortise-dialect: " + dialect + "\n", kOpen))).conventions;
  };
  using C = Check;
  EXPECT_EQ(conventions("problem").checks,
            (std::vector<C>{C::limitIp, C::csrf, C::principal, C::syntax, C::shape, C::permission, C::limitUser}));
  EXPECT_EQ(conventions("code_msg").checks,
            (std::vector<C>{C::csrf, C::principal, C::permission, C::limitIp, C::limitUser, C::syntax, C::shape}));
  EXPECT_EQ(conventions("unified").checks,
            (std::vector<C>{C::limitIp, C::csrf, C::principal, C::permission, C::limitUser, C::syntax, C::shape}));
  EXPECT_EQ(conventions("sessionfs").checks,
            (std::vector<C>{C::syntax, C::limitIp, C::csrf, C::principal, C::limitUser, C::permission, C::shape}));
  EXPECT_EQ(conventions("unified").language, "zh-CN");
  EXPECT_EQ(conventions("sessionfs").language, "en");
}

TEST(Compile, LetsAnOperationOverrideItsDocument) {
  const auto compiled =
      compile(source("m", "m.yaml",
                     document("x-mortise-dialect: unified\nx-mortise-no-store: true\n",
                              kOpen + "      x-mortise-dialect: sessionfs\n      x-mortise-no-store: false\n      "
                                      "x-mortise-envelope: false\n      x-mortise-lane: stream\n")));
  const auto& operation = *compiled.operations.at(0);
  EXPECT_EQ(operation.conventions.dialect, "sessionfs");
  EXPECT_EQ(operation.conventions.language, "en");
  EXPECT_EQ(operation.conventions.checks.front(), Check::syntax);
  EXPECT_FALSE(operation.conventions.noStore);
  EXPECT_TRUE(compiled.conventions.noStore);
  EXPECT_FALSE(operation.envelope);
  EXPECT_EQ(operation.lane, Lane::stream);
}

TEST(Compile, ReadsSecurityFromTheSchemes) {
  const auto security = [](const std::string& list) {
    return compile(
               source("m", "m.yaml",
                      document(kBearer, "      x-mortise-permission: authenticated\n      security: " + list + "\n")))
        .operations.at(0)
        ->security;
  };
  const auto all = security("[{bearer: []}, {apiKey: []}, {session: []}]");
  EXPECT_TRUE(all.bearer && all.apiKey && all.cookie && !all.optional && !all.anonymous);
  const auto cookie = security("[{session: []}, {}]");
  EXPECT_TRUE(cookie.cookie && cookie.optional && !cookie.bearer && !cookie.anonymous);
}

TEST(Compile, AsksForAFeatureOnlyOfWhoIsSignedIn) {
  const std::string feature = "      x-mortise-feature: team_notes\n";
  const auto compiled = compile(source("m", "m.yaml", document("", "      x-mortise-permission: a\n" + feature)));
  EXPECT_EQ(compiled.operations.at(0)->feature, "team_notes");
  const std::string expected =
      "GET /x/{id}: expected x-mortise-feature team_notes where every caller is signed in, found a way in without "
      "credentials; remove one of the two";
  EXPECT_EQ(refusal(document("", kOpen + feature)), "contracts/m.yaml:5: " + expected);
  EXPECT_EQ(refusal(document(kBearer, "      security: [{bearer: []}, {}]\n" + feature)),
            "contracts/m.yaml:6: " + expected);
}

TEST(Compile, DeniesByDefault) {
  EXPECT_EQ(refusal(document("", "")),
            "contracts/m.yaml:5: GET /x/{id}: expected x-mortise-permission or security: [], found neither; name a "
            "permission, or write authenticated for any signed-in caller");
  EXPECT_EQ(refusal(document("", kOpen + "      x-mortise-permission: a.b\n")),
            "contracts/m.yaml:5: GET /x/{id}: expected no x-mortise-permission with security: [], found a.b; remove "
            "one of the two");
}

TEST(Compile, LimitsOfTheDocumentHoldWhereACallerIsNeeded) {
  const std::string top =
      "x-mortise-buckets: {all: {limit: 3, window: 1m, key: credential, shared: true}, few: {limit: 1, window: 1m}}\n"
      "x-mortise-limits: [all]\n";
  const auto names = [&](const std::string& operation) {
    std::vector<std::string> out;
    const auto document = compile(source("m", "contracts/m.yaml", testing::document(top, operation)));
    for (const auto& bucket : document.operations[0]->buckets) out.push_back(bucket->name);
    return out;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("      x-mortise-permission: a.b\n"), Names({"shared.all"}));
  EXPECT_EQ(names("      x-mortise-permission: a.b\n      x-mortise-limits: [few, all]\n"),
            Names({"m.few", "shared.all"}));
  EXPECT_EQ(names(kOpen), Names());
}

TEST(Compile, AsksForCsrfTokensUnlessToldOtherwise) {
  const auto asks = [](const std::string& top, const std::string& operation, const std::string& method = "post") {
    auto yaml = document(top, operation);
    yaml.replace(yaml.find("    get:"), 8, "    " + method + ":");
    return compile(source("m", "m.yaml", yaml)).operations.at(0)->csrf;
  };
  const std::string permission = "      x-mortise-permission: authenticated\n";
  const std::string unified = "x-mortise-dialect: unified\n", no = "x-mortise-csrf: false\n",
                    yes = "x-mortise-csrf: true\n";
  EXPECT_TRUE(asks(unified, kOpen));
  EXPECT_TRUE(asks(unified, permission, "delete"));
  EXPECT_TRUE(asks(unified, permission, "put"));
  EXPECT_TRUE(asks(unified, permission, "patch"));
  EXPECT_FALSE(asks(unified, kOpen, "get"));
  EXPECT_FALSE(asks(unified, kOpen + "      " + no));
  EXPECT_FALSE(asks(unified + no, kOpen));
  EXPECT_TRUE(asks(unified + no, kOpen + "      " + yes));
  EXPECT_FALSE(asks("", kOpen));
  EXPECT_TRUE(asks(yes, kOpen));
  EXPECT_FALSE(asks(yes, kOpen, "get"));
  EXPECT_TRUE(asks(kBearer, permission + "      security: [{bearer: []}, {session: []}]\n"));
  EXPECT_FALSE(asks(kBearer, permission + "      security: [{bearer: []}]\n"));
  for (const std::string dialect : {"code_msg", "sessionfs", "problem"})
    EXPECT_TRUE(
        asks("x-mortise-dialect: " + dialect + "\n" + kBearer, permission + "      security: [{session: []}]\n"));
}

TEST(Compile, AnswersCallersWithACookieInADialectOfTheirOwn) {
  const auto compiled = compile(
      source("m", "m.yaml",
             document("x-mortise-dialect: sessionfs\nx-mortise-no-store: true\n" + kBearer,
                      "      x-mortise-permission: authenticated\n      security: [{bearer: []}, {session: []}]\n"
                      "      x-mortise-cookie-dialect: unified\n      x-mortise-invalid: fields_missing\n")));
  const auto& operation = *compiled.operations.at(0);
  EXPECT_EQ(operation.conventions.dialect, "sessionfs");
  ASSERT_TRUE(operation.cookieConventions);
  EXPECT_EQ(operation.cookieConventions->dialect, "unified");
  EXPECT_EQ(operation.cookieConventions->language, "zh-CN");
  EXPECT_EQ(operation.cookieConventions->checks, operation.conventions.checks);
  EXPECT_TRUE(operation.cookieConventions->noStore);
  EXPECT_EQ(operation.invalidCode, "fields_missing");
}

TEST(Compile, RefusesInOneSentenceWithTheLine) {
  const auto says = [](const std::string& top, const std::string& operation, const std::string& part) {
    const auto text = refusal(document(top, operation));
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.rfind("contracts/m.yaml:", 0), 0U) << text;
    EXPECT_NE(text.find("expected"), std::string::npos) << text;
  };
  says("", kOpen + "      x-mortise-lanes: loop\n", "found x-mortise-lanes; did you mean x-mortise-lane");
  says("x-mortise-dialekt: unified\n", kOpen,
       "contracts/m.yaml:1: expected a known x-mortise key on the document, found x-mortise-dialekt; did you mean "
       "x-mortise-dialect");
  says("", kOpen + "      x-mortise-lane: lop\n", "did you mean loop");
  says("", kOpen + "      x-mortise-limits: [write]\n", "found write; declare it under x-mortise-buckets");
  says("x-mortise-buckets: {write: {limit: 3, window: 1m}}\n", kOpen + "      x-mortise-limits: [wrte]\n",
       "did you mean write");
  says("x-mortise-buckets: {write: {limit: 3, window: 1m, key: custom}}\n", kOpen + "      x-mortise-limits: [write]\n",
       "key custom");
  says("x-mortise-buckets: {write: {limit: 3, window: soon}}\n", kOpen, "found \"soon\"");
  says("x-mortise-buckets: {write: {limit: 3}}\n", kOpen, "expected limit and window");
  says("x-mortise-buckets: {write: {limit: 3, window: 1m, key: custom, shared: true}}\n", kOpen, "remove shared");
  says("x-mortise-buckets: {write: {limit: 3, window: 1m}}\nx-mortise-limits: [write]\n", kOpen, "with key ip");
  says("x-mortise-prefix: x/\n", kOpen, "found x/; write one such as");
  says("x-mortise-limits: [write]\n", kOpen, "found write; declare it under x-mortise-buckets");
  says("x-mortise-checks: [syntax]\n", kOpen, "found no limit_ip");
  says("x-mortise-checks: [syntax, syntax]\n", kOpen, "twice");
  says("x-mortise-checks: [sintax]\n", kOpen, "did you mean syntax");
  says("x-mortise-checks: [syntax, limit_ip, principal, limit_user, permission, shape]\n",
       kOpen + "      x-mortise-csrf: true\n", "expected csrf among x-mortise-checks");
  says("x-mortise-csrf: 1\n", kOpen, "to be true or false, found 1");
  says("", kOpen + "      x-mortise-cookie-dialect: unified\n", "expected a cookie among security");
  says("", kOpen + "      x-mortise-csrf: 1\n", "to be true or false, found 1");
  says("", kOpen + "      x-mortise-body-limit: 64KB\n", "found \"64KB\"");
  says("", kOpen + "      x-mortise-body-limit: {options: max_size}\n",
       "expected x-mortise-body-limit to be a size or");
  says("", kOpen + "      x-mortise-timeout: 0\n", "x-mortise-timeout");
  says("", "      x-mortise-permission: a\n      security: [{beerer: []}]\n", "expected security scheme beerer");
  says(kBearer, "      x-mortise-permission: a\n      security: [{basic: []}]\n",
       "expected scheme basic to be http bearer");
  says(kBearer, "      x-mortise-permission: a\n      security: [{bearer: [], session: []}]\n", "expected one scheme");
  says("", kOpen + "      requestBody: {content: {application/json: {schema: {type: strin}}}}\n",
       "expected a schema of OpenAPI 3.0 in the body");
  says("components: {schemas: {A: {type: string, x-mortise-lane: loop}}}\n", kOpen, "found it elsewhere");
  EXPECT_NE(
      refusal("openapi: 3.0.3\npaths:\n  /x:\n    get:\n      operationId: a\n      security: []\n      responses: "
              "{'200': {description: d, content: {application/json: {schema: {type: string, descripton: d}}}}}\n")
          .find("in the response 200, found keyword \"descripton\" is not served; did you mean \"description\""),
      std::string::npos);
  says("", "      security: [{}]\n      x-mortise-permission: a\n", "remove one of the two");
  says("", kOpen + "      x-mortise-lenient-query: 1\n", "to be true or false, found 1");
}

TEST(Compile, MakesQueryParametersLenientAndNoOthers) {
  const auto text = [](const std::string& lenient, const std::string& pageRequired) {
    return "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /x:\n    get:\n      operationId: a\n      "
           "security: "
           "[]\n" +
           lenient + "      parameters: [{name: page, in: query, required: " + pageRequired +
           ", schema: {type: string}}, {name: X-Part, in: header, required: true, schema: {type: string}}]\n      "
           "responses: {}\n";
  };
  const std::string lenient = "      x-mortise-lenient-query: true\n";
  const auto compiled = compile(source("m", "m.yaml", text(lenient, "false")));
  const auto& parameters = compiled.operations.at(0)->parameters;
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_TRUE(parameters[0].lenient);
  EXPECT_FALSE(parameters[1].lenient);
  EXPECT_FALSE(compile(source("m", "m.yaml", text("", "false"))).operations.at(0)->parameters.at(0).lenient);
  EXPECT_NE(refusal(text(lenient, "true")).find("found page required; remove required"), std::string::npos);
}

TEST(Compile, ChecksPathsAndParameters) {
  const auto path = [](const std::string& template_, const std::string& parameters) {
    return refusal("openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  " + template_ +
                   ":\n    get:\n      operationId: a\n      security: []\n      parameters: " + parameters +
                   "\n      responses: {}\n");
  };
  const std::string id = "[{name: id, in: path, required: true, schema: {type: string}}]";
  EXPECT_EQ(path("'/x/{id}'", id), "accepted");
  EXPECT_EQ(path("'/x/{id:proj_*}'", id), "accepted");
  EXPECT_EQ(path("'/x/{id...}'", id), "accepted");
  for (const auto* bad : {"'x'", "'/x//{id}'", "'/x/{id}y'", "'/{id...}/x'", "'/x/{id:proj}'", "'/{id}/{id}'",
                          "'/x/{i d}'", "'/../{id}'", "'/x/{id}?a'"})
    EXPECT_NE(path(bad, id), "accepted") << bad;
  EXPECT_NE(path("'/x/{id}'", "[]").find("expected a path parameter id"), std::string::npos);
  EXPECT_NE(path("'/x/{ident}'", "[{name: idents, in: path, required: true, schema: {type: string}}]")
                .find("did you mean ident"),
            std::string::npos);
  EXPECT_NE(path("'/x/{id}'", "[{name: id, in: path, schema: {type: string}}]").find("required: true"),
            std::string::npos);
  EXPECT_NE(
      path("/x", "[{name: n, in: query, schema: {type: integer, minimum: 1, default: 0}}]").find("greater_than_equal"),
      std::string::npos);
  EXPECT_NE(path("/x", "[{name: n, in: query, schema: {type: object}}]").find("send objects in the body"),
            std::string::npos);
}

TEST(Compile, RefusesOtherDocuments) {
  EXPECT_EQ(refusal("swagger: '2.0'\npaths: {}\n"),
            "contracts/m.yaml:1: expected openapi 3.0.x, found none; write openapi: 3.0.3");
  EXPECT_EQ(refusal("openapi: 3.1.0\npaths: {}\n"),
            "contracts/m.yaml:1: expected openapi 3.0.x, found 3.1.0; write openapi: 3.0.3");
  DocumentSource broken{"m", "m.yaml", "{", {}};
  EXPECT_THROW(compile(broken), std::runtime_error);
}

TEST(Compile, TakesTheLimitOfABodyFromAnOptionOfTheModule) {
  const auto yaml =
      "openapi: 3.0.3\npaths:\n  /x:\n    post:\n      operationId: put\n      security: []\n"
      "      x-mortise-body-limit: {option: max_size}\n"
      "      requestBody: {content: {multipart/form-data: {schema: {type: object}}}}\n"
      "      responses: {\"200\": {description: ok}}\n";
  const SizeOptions sizes{{"max_size", 7}};
  const auto known = compile(source("m", "contracts/m.yaml", yaml), {}, &sizes);
  EXPECT_EQ(known.operations.at(0)->body.limit, 7u);
  EXPECT_TRUE(known.operations.at(0)->body.limitsFile);
  EXPECT_EQ(compile(source("m", "contracts/m.yaml", yaml)).operations.at(0)->body.limit, 0u);
  const SizeOptions others{{"max_sizes", 7}};
  EXPECT_THROW(compile(source("m", "contracts/m.yaml", yaml), {}, &others), std::runtime_error);
}

TEST(Compile, ServesTheKernelsOwnContract) {
  const auto kernel = compile(kernelContract());
  EXPECT_EQ(kernel.module, "kernel");
  EXPECT_EQ(kernel.prefix, "");
  for (const auto* id : {"health", "healthV1", "infraHealth", "metrics", "openapi", "docs", "redoc", "docsBelowApi",
                         "redocBelowApi", "docsAsset"}) {
    const auto& operation = find(kernel, id);
    EXPECT_TRUE(operation.security.anonymous || operation.security.optional) << id;
    EXPECT_FALSE(operation.envelope) << id;
    EXPECT_GT(operation.line, 0) << id;
  }
}

TEST(BucketOverride, ReplacesTheContractsNumbersEverywhere) {
  const auto document = compile(
      source("notes", "contracts/notes.yaml",
             "openapi: 3.0.3\n"
             "x-mortise-buckets:\n"
             "  read: {limit: 3, window: 1m, key: ip}\n"
             "  write: {limit: 3, window: 1m, key: ip}\n"
             "  open: {limit: 3, key: user, algorithm: concurrent}\n"
             "paths:\n"
             "  /notes:\n"
             "    get: {operationId: readNotes, security: [], x-mortise-limits: [read, write], responses: {}}\n"),
      {.byName = {{"notes.read", {false, 50, 300}}, {"notes.write", {true, 0, 0}}, {"notes.open", {false, 7, 0}}}});
  const auto& read = *document.operations.at(0)->buckets.at(0);
  EXPECT_EQ(numbersOf(read), "50 per 300s");
  EXPECT_EQ(read.declared, "3 per 60s");
  EXPECT_TRUE(document.operations.at(0)->buckets.at(1)->off);
  const auto& open = *document.buckets.at(2);
  EXPECT_EQ(numbersOf(open), "7 at once");
  EXPECT_EQ(open.windowSeconds, 120) << "the default";
}

TEST(BucketOverride, SwitchesOffEveryBucketThoseOfHandlersToo) {
  const auto document = compile(source("notes", "contracts/notes.yaml",
                                       "openapi: 3.0.3\n"
                                       "x-mortise-buckets:\n"
                                       "  read: {limit: 3, window: 1m, key: ip}\n"
                                       "  tries: {limit: 3, window: 1m, key: custom}\n"
                                       "  names: {limit: 3, window: 1m, key: ip_custom}\n"
                                       "  open: {limit: 3, key: user, algorithm: concurrent}\n"
                                       "paths: {}\n"),
                                {.byName = {{"notes.read", {false, 50, 300}}}, .allOff = true});
  ASSERT_EQ(document.buckets.size(), 4u);
  for (const auto& bucket : document.buckets) EXPECT_TRUE(bucket->off) << bucket->name;
}

}  // namespace
}  // namespace mortise::contract
