// A fifth API family, defined completely in this file. The server compiles its contract, serves it and documents it
// without a mention of it anywhere else.
#include <gtest/gtest.h>

#include "core/contract/openapi.hpp"
#include "core/contract/route_table.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/dialect/family.hpp"
#include "core/dialect/rendering.hpp"
#include "core/http/http_testing.hpp"
#include "core/http/server.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/answering.hpp"
#include "core/kernel/dispatcher.hpp"
#include "core/kernel/permission_check.hpp"
#include "core/kernel/temporary_folder_testing.hpp"

namespace mortise::dialect {
namespace {

class Fifth final : public Dialect {
 public:
  explicit Fifth(MessagesPtr messages) : messages_(std::move(messages)) {}

  Rendered success(int status, std::string data, const SuccessText&, const Context&) const override {
    return bare(status, "{\"fifth\":" + (data.empty() ? "null" : data) + "}");
  }
  Rendered error(const Problem& problem, const Context& context) const override {
    Rendered out;
    out.status = problem.status == 422 ? 400 : problem.status;
    ObjectWriter(out.body)
        .text("fifth_error", wireCode(problem.code))
        .text("text", problemText(*messages_, "fifth", problem, context.language))
        .end();
    addFields(out, problem, context);
    return out;
  }

 private:
  MessagesPtr messages_;
};

const Family& fifthFamily() {
  static const Family family = [] {
    using C = Check;
    Family own;
    own.conventions.dialect = "fifth";
    own.conventions.language = "en";
    own.conventions.checks = {C::syntax, C::shape, C::csrf, C::limitIp, C::principal, C::permission, C::limitUser};
    own.conventions.bothSlashes = true;
    own.conventions.noStore = true;
    own.title = "Fifth";
    own.audience = "for the tests of families.";
    own.csrfByDefault = true;
    own.anyContentType = true;
    own.invalidStatus = 400;
    own.error = {"FifthError", "application/json",
                 R"({"type":"object","required":["fifth_error"],"properties":{"fifth_error":{"type":"string"}}})",
                 R"({"refused":{"value":{"fifth_error":"forbidden"}}})"};
    own.make = [](MessagesPtr messages) -> std::unique_ptr<Dialect> {
      return std::make_unique<Fifth>(std::move(messages));
    };
    return own;
  }();
  return family;
}

}  // namespace
}  // namespace mortise::dialect

namespace mortise::kernel {
namespace {

constexpr const char* kContract = R"({
  "openapi": "3.0.3",
  "info": {"title": "Fifth", "version": "1"},
  "x-mortise-dialect": "fifth",
  "paths": {
    "/fifth/things/{id}": {
      "put": {
        "operationId": "putThing",
        "security": [],
        "x-mortise-csrf": false,
        "x-mortise-lane": "loop",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
          "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}}},
        "responses": {"200": {"description": "stored"}}
      },
      "delete": {
        "operationId": "deleteThing",
        "security": [],
        "x-mortise-lane": "loop",
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
        "responses": {"200": {"description": "gone"}}
      }
    }
  }
})";

db::Options databaseIn(const TemporaryFolder& folder) {
  db::Options options;
  options.url = "sqlite:" + folder.path() + "/test.db";
  return options;
}

identity::Options quickIdentity() {
  identity::Options options;
  options.secret = std::string(32, 's');
  return options;
}

dialect::Families withFifth() {
  auto families = dialect::Families::builtIn();
  families.add(dialect::fifthFamily());
  return families;
}

std::shared_ptr<const dialect::Messages> texts() {
  auto messages = std::make_shared<dialect::Messages>();
  dialect::addKernelMessages(*messages);
  return messages;
}

class FifthFamily : public ::testing::Test {
 protected:
  FifthFamily() {
    db::migrate(*database_, "kernel", identity::kernelMigrations());
    std::unordered_map<const contract::Operation*, Target> targets;
    for (const auto& operation : routes_.operations()) {
      targets[operation.get()].builtin = [](RequestCall& call) {
        plugin::CallReply reply;
        reply.status = 200;
        reply.json = call.body() == nullptr ? "\"no body\"" : json::toText(*call.body());
        call.reply(std::move(reply));
      };
    }
    dispatcher_ = std::make_unique<Dispatcher>(
        DispatcherParts{routes_, answering_, identity_, *limits_, slots_, workers_, passwords_, log_},
        DispatcherOptions{}, std::move(targets));
    http::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.ioThreads = 1;
    options.spoolDirectory = folder_.path();
    server_ = std::make_unique<http::Server>(options, *dispatcher_);
    server_->start();
  }
  ~FifthFamily() override {
    workers_.stop();
    passwords_.stop();
    server_->stop();
  }

  http::test::Answer call(const std::string& method, const std::string& path, const std::string& body = "",
                          const std::string& contentType = "application/json") {
    http::test::Client client(server_->addresses().front());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: test\r\nContent-Type: " + contentType +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.readAnswer();
  }

  TemporaryFolder folder_;
  std::unique_ptr<db::Database> database_ = db::Database::open(databaseIn(folder_));
  identity::Identity identity_{*database_, quickIdentity()};
  dialect::Families families_ = withFifth();
  std::shared_ptr<const dialect::Messages> messages_ = texts();
  dialect::Dialects dialects_{messages_, families_};
  contract::RouteTable routes_{{contract::compile({"fifth", "fifth.yaml", kContract, {}}, {}, nullptr, families_)}};
  std::unique_ptr<services::Limits> limits_ = services::Limits::inMemory();
  services::Slots slots_{*limits_};
  WorkerPool workers_{"worker", 1, 16, [](const std::exception_ptr&) {}};
  WorkerPool passwords_{"password", 1, 16, [](const std::exception_ptr&) {}};
  ops::Registry metrics_;
  TrustedProxies proxies_{std::vector<std::string>()};
  Cors cors_{std::vector<std::string>()};
  RequestLog log_{metrics_, routes_.operations(), false};
  StreamWatch streams_{identity_, checkPermission};
  Answering answering_{{dialects_, *messages_, cors_, proxies_, streams_}, ""};
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(FifthFamily, IsServedInItsOwnEnvelope) {
  const auto answer = call("PUT", "/fifth/things/7", R"({"name":"saw"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"fifth":{"name":"saw"}})");
  EXPECT_EQ(answer.field("Cache-Control"), "no-store");
}

TEST_F(FifthFamily, ServesPathsWithASlashAtTheEndToo) {
  EXPECT_EQ(call("PUT", "/fifth/things/7/", R"({"name":"saw"})").status, 200);
}

TEST_F(FifthFamily, ReadsABodyWhateverItsContentType) {
  EXPECT_EQ(call("PUT", "/fifth/things/7", R"({"name":"saw"})", "text/odd").body, R"({"fifth":{"name":"saw"}})");
}

TEST_F(FifthFamily, RefusesWithItsOwnStatusBodyAndLanguage) {
  const auto answer = call("PUT", "/fifth/things/7", R"({"name":1})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find(R"({"fifth_error":"validation_failed","text":")"), std::string::npos) << answer.body;
  const auto unknown = call("GET", "/fifth/things/7/more");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_NE(unknown.body.find(R"({"fifth_error":"not_found")"), std::string::npos) << unknown.body;
}

TEST_F(FifthFamily, AsksForACsrfTokenByDefaultAfterTheShape) {
  EXPECT_NE(call("DELETE", "/fifth/things/7").body.find(R"({"fifth_error":"csrf_missing")"), std::string::npos);
  EXPECT_NE(call("DELETE", "/fifth/things/x").body.find(R"({"fifth_error":"validation_failed")"), std::string::npos);
}

TEST_F(FifthFamily, IsDocumentedWithItsErrors) {
  const auto document = contract::mergedOpenApi(routes_.documents(), "1", "/");
  EXPECT_NE(document.find(R"("400":{"$ref":"#/components/responses/FifthError"})"), std::string::npos) << document;
  EXPECT_NE(document.find(R"("Mortise_FifthError":{"type":"object","required":["fifth_error"])"), std::string::npos);
  EXPECT_NE(document.find(R"("examples":{"refused":{"value":{"fifth_error":"forbidden"}}})"), std::string::npos);
  EXPECT_NE(document.find("* **Fifth** for the tests of families."), std::string::npos);
  EXPECT_EQ(document.find("\"422\""), std::string::npos);
}

TEST(Families, ANameIsTakenOnce) {
  auto families = withFifth();
  EXPECT_THROW(families.add(dialect::fifthFamily()), std::logic_error);
}

TEST(Families, AnUnknownNameIsThatOfATemplate) {
  const auto conventions = dialect::Families::builtIn().conventions("theirs");
  EXPECT_EQ(conventions.dialect, "theirs");
  EXPECT_EQ(conventions.family, &dialect::Families::ofTemplates());
  EXPECT_EQ(conventions.checks, dialect::Families::builtIn().fallback().conventions.checks);
}

}  // namespace
}  // namespace mortise::kernel
