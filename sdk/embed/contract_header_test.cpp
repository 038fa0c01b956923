// The generated header: what it looks like, and what stops the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "sdk/embed/cpp_name.hpp"
#include "sdk/embed/embed.hpp"
#include "sdk/embed/refusal.hpp"

namespace mortise::embed {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ContractHeader : public ::testing::Test {
 protected:
  ContractHeader() {
    char pattern[] = "/tmp/contract_header_testXXXXXX";
    root_ = mkdtemp(pattern);
    directory_ = root_ / "desk";
    write("module.yaml", "name: desk\nversion: 1.0.0\nsummary: Desk\nsdk: 1.0\n");
  }
  ~ContractHeader() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  // A contract of one operation and these components.
  void tickets(const std::string& operation, const std::string& schemas = {}) {
    write("contracts/tickets.yaml", "openapi: 3.0.3\npaths:\n  /tickets:\n    post:\n      operationId: addTicket\n" +
                                        operation + (schemas.empty() ? "" : "components:\n  schemas:\n" + schemas));
  }
  std::string header() { return contractCodeOf(directory_, "desk_contract.hpp").header; }
  std::string source() { return contractCodeOf(directory_, "desk_contract.hpp").source; }
  // Findings with the folder's own path left out.
  std::string findings() {
    try {
      header();
    } catch (const Refusal& refusal) {
      std::string text = refusal.what();
      const std::string prefix = directory_.string() + "/";
      for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
      return text;
    }
    return "accepted";
  }
  fs::path root_, directory_;
};

constexpr const char* kBody =
    "      requestBody: { required: true, content: { application/json: { schema: { $ref: '#/components/schemas/New' } "
    "} } "
    "}\n";

TEST_F(ContractHeader, HasAStructPerSchemaAndAClassPerTag) {
  write("contracts/tickets.yaml", R"(openapi: 3.0.3
info: { title: Tickets }
tags:
  - { name: Ticket desk, description: What people ask for. }
paths:
  /tickets:
    post:
      operationId: createTicket
      summary: Open a ticket
      tags: [Ticket desk]
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: "#/components/schemas/NewTicket" }
      responses:
        "201":
          description: The ticket
          content:
            application/json:
              schema: { $ref: "#/components/schemas/Ticket" }
    get:
      operationId: watchTickets
      tags: [Ticket desk]
      x-mortise-lane: stream
      responses: { "200": { description: Events } }
components:
  schemas:
    NewTicket:
      type: object
      description: A ticket before it is kept. It has no number yet.
      required: [title, due_at]
      properties:
        title: { type: string, description: One line. }
        due_at: { type: string, format: date-time, nullable: true }
        assignee: { type: string, nullable: true }
        priority: { type: integer, default: 3 }
        labels: { type: object }
    Ticket:
      type: object
      required: [id, kind, open, author, tags]
      properties:
        id: { type: integer }
        kind: { type: string, enum: [ticket] }
        open: { type: boolean }
        author:
          type: object
          required: [name]
          properties: { name: { type: string } }
        tags: { type: array, items: { type: string } }
        extra: { type: object, additionalProperties: { type: number } }
    Unused: { type: object, properties: { a: { type: string } } }
)");
  EXPECT_EQ(header(), R"(// Made by mortise embed from the contracts of the module desk: change those.
#pragma once

#include <mortise/contract.hpp>

// contracts/tickets.yaml: Tickets
namespace desk_contract::tickets {

// A ticket before it is kept.
struct NewTicket {
  std::string title{};  // One line.
  std::optional<std::string> dueAt{};
  mortise::BodyMember<std::string> assignee{};
  std::int64_t priority = 3;
  mortise::BodyMember<mortise::Json> labels{};
};
void mortiseReadJson(const mortise::Json& from, NewTicket& into);
void mortiseAppendJson(std::string& out, const NewTicket& value);

struct Ticket {
  struct Author {
    std::string name{};
  };
  std::int64_t id = 0;
  std::string kind = "ticket";
  bool open = false;
  Author author{};
  std::vector<std::string> tags{};
  mortise::BodyMember<std::map<std::string, double>> extra{};
};
void mortiseAppendJson(std::string& out, const Ticket& value);
void mortiseAppendJson(std::string& out, const Ticket::Author& value);

// What people ask for.
class TicketDesk : public mortise::Operations {
 public:
  // POST /tickets: Open a ticket
  virtual mortise::Reply createTicket(const mortise::Request& request, const NewTicket& body) = 0;

  // GET /tickets
  virtual void watchTickets(mortise::Request& request) = 0;

 private:
  void bindOperations(mortise::Bindings& on) final;
};

}  // namespace desk_contract::tickets
)");
  EXPECT_EQ(source(), R"(// Made by mortise embed from the contracts of the module desk: change those.
#include "desk_contract.hpp"

// contracts/tickets.yaml: Tickets
namespace desk_contract::tickets {

void mortiseReadJson(const mortise::Json& from, NewTicket& into) {
  mortise::json::readMember(from, "title", into.title);
  mortise::json::readMember(from, "due_at", into.dueAt);
  mortise::json::readMember(from, "assignee", into.assignee);
  mortise::json::readMember(from, "priority", into.priority);
  mortise::json::readMember(from, "labels", into.labels);
}
void mortiseAppendJson(std::string& out, const NewTicket& value) {
  mortise::json::ObjectWriter(out)
      .member("title", value.title)
      .member("due_at", value.dueAt)
      .member("assignee", value.assignee)
      .member("priority", value.priority)
      .member("labels", value.labels)
      .end();
}

void mortiseAppendJson(std::string& out, const Ticket::Author& value) {
  mortise::json::ObjectWriter(out)
      .member("name", value.name)
      .end();
}

void mortiseAppendJson(std::string& out, const Ticket& value) {
  mortise::json::ObjectWriter(out)
      .member("id", value.id)
      .member("kind", value.kind)
      .member("open", value.open)
      .member("author", value.author)
      .member("tags", value.tags)
      .member("extra", value.extra)
      .end();
}

void TicketDesk::bindOperations(mortise::Bindings& on) {
  on.operation("createTicket", this, &TicketDesk::createTicket);
  on.operation("watchTickets", this, &TicketDesk::watchTickets);
}

}  // namespace desk_contract::tickets
)");
}

TEST_F(ContractHeader, GivesEachKindOfOperationItsSignature) {
  write("contracts/tickets.yaml", R"(openapi: 3.0.3
paths:
  /a:
    get: { operationId: plain }
    put: { operationId: lenient, x-mortise-lenient-body: true, requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/A" } } } } }
    post: { operationId: upload, requestBody: { content: { multipart/form-data: { schema: { $ref: "#/components/schemas/A" } } } } }
    patch: { operationId: perhaps, requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/A" } } } } }
  /b:
    get: { operationId: socket, x-mortise-websocket: true }
    put: { operationId: several, requestBody: { required: true, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/A" } } } } } }
    post: { operationId: slow, x-mortise-answers: later, requestBody: { required: true, content: { application/json: { schema: { $ref: "#/components/schemas/A" } } } } }
    patch: { operationId: log, x-mortise-lane: stream, x-mortise-answers: reply }
components: { schemas: { A: { type: object, properties: { a: { type: string } } } } }
)");
  const auto text = header();
  EXPECT_THAT(text, HasSubstr("mortise::Reply plain(const mortise::Request& request) = 0;"));
  EXPECT_THAT(text,
              HasSubstr("mortise::Reply lenient(const mortise::Request& request, const mortise::Json& body) = 0;"));
  EXPECT_THAT(text, HasSubstr("mortise::Reply upload(const mortise::Request& request) = 0;"));
  EXPECT_THAT(text,
              HasSubstr("mortise::Reply perhaps(const mortise::Request& request, const std::optional<A>& body) = 0;"));
  EXPECT_THAT(text, HasSubstr("void socket(mortise::Request& request) = 0;"));
  EXPECT_THAT(text,
              HasSubstr("mortise::Reply several(const mortise::Request& request, const std::vector<A>& body) = 0;"));
  EXPECT_THAT(text, HasSubstr("void slow(mortise::Request& request, const A& body) = 0;"));
  EXPECT_THAT(text, HasSubstr("mortise::Reply log(const mortise::Request& request) = 0;"));
  EXPECT_THAT(text, HasSubstr("class Tickets : public mortise::Operations")) << "without a tag: of the document";
}

TEST_F(ContractHeader, ReadsTheDataOfAFamilyWithAnEnvelope) {
  const std::string reply =
      "      responses: { '200': { content: { application/json: { schema: { $ref: '#/components/schemas/Whole' } } } } "
      "}\n";
  const std::string schemas =
      "    Success: { type: object, required: [success], properties: { success: { type: boolean } } }\n"
      "    Whole:\n"
      "      allOf:\n"
      "        - $ref: '#/components/schemas/Success'\n"
      "        - { type: object, required: [data], properties: { data: { $ref: '#/components/schemas/Job' } } }\n"
      "    Job: { type: object, required: [id], properties: { id: { type: string } } }\n";
  tickets(reply + "      x-mortise-dialect: unified\n", schemas);
  EXPECT_THAT(header(), HasSubstr("struct Job {"));
  EXPECT_THAT(header(), Not(HasSubstr("struct Whole {")));
  tickets(reply + "      x-mortise-dialect: problem\n", schemas);
  EXPECT_THAT(header(), HasSubstr("struct Whole {\n  bool success = false;\n  Job data{};\n};"));
  tickets(reply + "      x-mortise-dialect: unified\nx-mortise-schemas: data\n", schemas);
  EXPECT_THAT(header(), HasSubstr("struct Whole {"));
}

TEST_F(ContractHeader, HasAStructForEachComponentThatMayStandInOnePlace) {
  tickets(
      "      responses: { '200': { content: { application/json: { schema: { oneOf: [{ $ref: "
      "'#/components/schemas/Open' }, "
      "{ $ref: '#/components/schemas/Closed' }, { type: string }] } } } } }\n",
      "    Open: { type: object, required: [id], properties: { id: { type: string } } }\n"
      "    Closed: { type: object, required: [by], properties: { by: { $ref: '#/components/schemas/Either' } } }\n"
      "    Either: { anyOf: [{ $ref: '#/components/schemas/Closed' }, { $ref: '#/components/schemas/Person' }] }\n"
      "    Person: { type: object, required: [name], properties: { name: { type: string } } }\n");
  const auto text = header();
  EXPECT_THAT(text, HasSubstr("struct Open {\n  std::string id{};\n};"));
  EXPECT_THAT(text, HasSubstr("struct Closed {\n  mortise::json::Value by{};\n};"));
  EXPECT_THAT(text, HasSubstr("struct Person {\n  std::string name{};\n};"));
}

TEST_F(ContractHeader, LetsAStructHoldAListOfItself) {
  tickets(kBody,
          "    New: { type: object, required: [sub], properties: { sub: { type: array, items: { $ref: "
          "'#/components/schemas/New' } } } }\n");
  EXPECT_THAT(header(), HasSubstr("struct New {\n  std::vector<New> sub{};\n};"));
  tickets(kBody, "    New: { type: object, properties: { one: { $ref: '#/components/schemas/New' } } }\n");
  EXPECT_EQ(findings(), "contracts/tickets.yaml:9: schema New holds itself; let it hold a list of itself");
}

TEST_F(ContractHeader, RefusesNamesThatCppDoesNotTake) {
  const auto member = [&](const std::string& name, const std::string& more = {}) {
    tickets(kBody, "    New: { type: object, properties: { " + name + ": { type: string" + more + " } } }\n");
    return findings();
  };
  EXPECT_EQ(member("class"),
            "contracts/tickets.yaml:9: member class is a C++ keyword; give it another with x-mortise-name");
  EXPECT_EQ(member("class", ", x-mortise-name: kind"), "accepted");
  EXPECT_EQ(member("2fa"),
            "contracts/tickets.yaml:9: member 2fa is no C++ identifier; give it another with x-mortise-name");
  EXPECT_EQ(member("'@'"),
            "contracts/tickets.yaml:9: member \"\" is no C++ identifier; give it another with x-mortise-name");
  EXPECT_EQ(member("a", ", x-mortise-name: _A"),
            "contracts/tickets.yaml:9: member _A is reserved in C++; give it another with x-mortise-name");
  EXPECT_EQ(
      member("a_b: { type: string }, aB"),
      "contracts/tickets.yaml:9: members a_b and aB of New would both be named aB; rename one with x-mortise-name");
  write("contracts/tickets.yaml", "paths:\n  /a:\n    get:\n      operationId: list-tickets\n");
  EXPECT_EQ(
      findings(),
      "contracts/tickets.yaml:3: operation list-tickets is no C++ identifier; give it another with x-mortise-name");
  write("contracts/tickets.yaml",
        "paths:\n  /a:\n    get:\n      operationId: list-tickets\n      x-mortise-name: listTickets\n");
  EXPECT_THAT(source(), HasSubstr("on.operation(\"list-tickets\", this, &Tickets::listTickets);"));
  write("contracts/tickets.yaml", "paths:\n  /a:\n    get: {}\n");
  EXPECT_EQ(findings(), "contracts/tickets.yaml:3: operationId is missing; it becomes the method's name");
}

TEST_F(ContractHeader, RefusesTwoThingsOfOneName) {
  tickets(std::string(kBody) + "      tags: [New]\n",
          "    New: { type: object, properties: { a: { type: string } } }\n");
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:7: tag New would be named New like the schema of line 10; rename one with "
            "x-mortise-name");
  tickets(std::string(kBody) + "      tags: [New]\ntags: [{ name: New, x-mortise-name: NewTickets }]\n",
          "    New: { type: object, properties: { a: { type: string } } }\n");
  EXPECT_EQ(findings(), "accepted");
  write("contracts/tickets.yaml",
        "paths:\n  /a:\n    get: { operationId: one }\n    put: { operationId: two, x-mortise-name: one }\n");
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:4: operations one and two would both be named one; rename one with x-mortise-name");
  write("contracts/tickets.yaml", "paths:\n  /a:\n    get: { operationId: Tickets }\n");
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:3: operation would be named Tickets, which the class Tickets has already; give it "
            "another with x-mortise-name");
  write("contracts/tickets.yaml", "paths:\n  /a:\n    get: { operationId: one }\n");
  write("contracts/a.b.yaml", "paths:\n  /b:\n    get: { operationId: two }\n");
  write("contracts/a_b.yaml", "paths:\n  /c:\n    get: { operationId: three }\n");
  EXPECT_EQ(findings(),
            "contracts/a_b.yaml:1: namespace a_b is that of contracts/a.b.yaml too; give the document another with "
            "x-mortise-name");
}

TEST_F(ContractHeader, RefusesReferencesThatLeadNowhere) {
  tickets(kBody, "    Other: { type: string }\n");
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:6: $ref #/components/schemas/New leads nowhere; add that component or correct the "
            "name");
  tickets("      x-mortise-answers: soon\n");
  EXPECT_EQ(findings(), "contracts/tickets.yaml:6: x-mortise-answers must be later or reply, not soon");
}

TEST_F(ContractHeader, TakesInWhatAContractUsesOfASharedFile) {
  tickets(
      "      requestBody: { content: { application/json: { schema: { $ref: 'common.yaml#/components/schemas/New' } } } "
      "}\n");
  write("contracts/common.yaml",
        "components:\n  schemas:\n    New: { type: object, properties: { of: { $ref: '#/components/schemas/Of' } } }\n"
        "    Of: { type: object, properties: { class: { type: string, x-mortise-name: kind } } }\n"
        "    Unused: { type: string }\n");
  const auto manifest = manifestOf(directory_);
  EXPECT_THAT(manifest, HasSubstr(R"("$ref":"#/components/schemas/New")"));
  EXPECT_THAT(manifest, HasSubstr(R"("components":{"schemas":{"New":{"type":"object")"));
  EXPECT_THAT(manifest, HasSubstr(R"("Of":{"type":"object","properties":{"class":{"type":"string"}}})"));
  EXPECT_THAT(manifest, Not(HasSubstr("Unused")));
  EXPECT_THAT(manifest, Not(HasSubstr("common.yaml")));
  EXPECT_THAT(header(), HasSubstr("mortise::BodyMember<std::string> kind{};"));

  write("contracts/common.yaml",
        "components:\n  schemas:\n    New: { type: object, properties: { new: { type: string } } }\n");
  EXPECT_EQ(findings(), "contracts/common.yaml:3: member new is a C++ keyword; give it another with x-mortise-name");
}

TEST_F(ContractHeader, TakesInASectionThatTheContractHasNotItself) {
  write("contracts/tickets.yaml",
        "paths:\n  /a:\n    post:\n      operationId: one\n      requestBody: { $ref: '#/components/requestBodies/New' "
        "}\n"
        "components:\n  requestBodies:\n    New: { content: { application/json: { schema: { $ref: "
        "'common.yaml#/components/schemas/New' } } } }\n  parameters:\n    Last: { name: last, in: query, schema: { "
        "$ref: "
        "'common.yaml#/components/schemas/Word' } }\n");
  write("contracts/common.yaml",
        "components:\n  schemas:\n    New: { type: object, properties: { word: { $ref: '#/components/schemas/Word' } } "
        "}\n"
        "    Word: { type: string }\n");
  const auto manifest = manifestOf(directory_);
  EXPECT_THAT(manifest, HasSubstr(R"("schemas":{"New":{"type":"object")"));
  EXPECT_THAT(manifest, HasSubstr(R"("Word":{"type":"string"})"));
}

TEST_F(ContractHeader, RefusesSharedComponentsThatClash) {
  const std::string body =
      "      requestBody: { content: { application/json: { schema: { $ref: 'common.yaml#/components/schemas/New' } } } "
      "}\n";
  write("contracts/common.yaml", "components:\n  schemas:\n    New: { type: object }\n");
  tickets(body, "    New: { type: string }\n");
  EXPECT_EQ(
      findings(),
      "contracts/tickets.yaml:6: schemas/New of common.yaml is also a component of this document, in line 9; rename "
      "one of the two");
  tickets(body, "    New: { $ref: 'common.yaml#/components/schemas/New' }\n");
  EXPECT_EQ(findings(), "accepted");
  write("contracts/common.yaml", "components:\n  schemas:\n    Old: { type: object }\n");
  tickets(body);
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:6: common.yaml has no component schemas/New; add it or correct the name");
  tickets("");
  EXPECT_EQ(
      findings(),
      "contracts/common.yaml:1: has components and no paths, and no contract refers to it; add paths or remove it");
  tickets(body);
  fs::remove(directory_ / "contracts/common.yaml");
  EXPECT_EQ(findings(),
            "contracts/tickets.yaml:6: $ref common.yaml#/components/schemas/New names no file in this folder");
}

TEST_F(ContractHeader, LeavesAFileAloneWhenNothingInItChanged) {
  tickets("");
  const auto header = root_ / "desk_contract.hpp", source = root_ / "desk_contract.cpp";
  writeContractCode(directory_, header);
  const auto before = fs::last_write_time(header) - std::chrono::hours(1);
  for (const auto& file : {header, source}) fs::last_write_time(file, before);
  writeContractCode(directory_, header);
  for (const auto& file : {header, source}) EXPECT_EQ(fs::last_write_time(file), before) << file;
  tickets("      tags: [Other]\n");
  writeContractCode(directory_, header);
  for (const auto& file : {header, source}) EXPECT_NE(fs::last_write_time(file), before) << file;
}

TEST(CppName, FollowsTheWordsOfAName) {
  EXPECT_EQ(pascalCase("Sign-up"), "SignUp");
  EXPECT_EQ(pascalCase("Skills before version 2"), "SkillsBeforeVersion2");
  EXPECT_EQ(pascalCase("listJobs"), "ListJobs");
  EXPECT_EQ(camelCase("last_used_at"), "lastUsedAt");
  EXPECT_EQ(camelCase("ID"), "id");
  EXPECT_EQ(camelCase("orgID"), "orgID");
  EXPECT_EQ(snakeCase("status.v2"), "status_v2");
}

}  // namespace
}  // namespace mortise::embed
