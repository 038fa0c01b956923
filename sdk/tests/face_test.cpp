// The C++ face against a stand-in kernel: nothing thrown leaves a module, handles are given back, JSON is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>
#include <mortise/stream.hpp>
#include <mortise/tier.hpp>
#include <mortise/websocket.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "stand_in_host_testing.hpp"

namespace json = mortise::json;

namespace desk {

struct Ticket {
  std::string id;
};
void mortiseAppendJson(std::string& out, const Ticket& ticket) {
  out += R"({"id":)";
  json::appendQuoted(out, ticket.id);
  out += '}';
}

struct Nothing {};
void mortiseAppendJson(std::string& out, const Nothing&) { out += "{}"; }

struct Name {
  std::string text;
};
void mortiseAppendJson(std::string& out, const Name& name) { json::appendQuoted(out, name.text); }

}  // namespace desk

namespace {

using mortise::Bindings;
using mortise::Host;
using mortise::JobRun;
using mortise::PendingCall;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using stand_in::world;
using ::testing::ElementsAre;

std::optional<PendingCall> pending;
int streamsClosed = 0;

struct Helper {
  Reply answer(const Request&) const { return Reply::noContent().header("X-From", "helper"); }
};

class Sample final : public mortise::Module {
 public:
  explicit Sample(Host host) : db_(host.db()), mail_(host.optional<mortise::Mail>()) {
    if (failIn == "create") throw 7;
  }
  void bind(Bindings& on) override {
    on.operation("ok", &Sample::ok);
    on.operation("problem", &Sample::problem);
    on.operation("exception", &Sample::exception);
    on.operation("number", &Sample::number);
    on.operation("database", &Sample::database);
    on.operation("silent", &Sample::silent);
    on.operation("later", &Sample::later);
    on.operation("stream", &Sample::stream);
    on.operation("socket", &Sample::socket);
    on.operation("wrongName", &Sample::wrongName);
    on.operation("helped", &helper_, &Helper::answer);
    on.job("clean", &Sample::clean);
    on.anyJob(&Sample::any);
    if (failIn == "bind") on.operation("ok", &Sample::ok);
  }
  void start() override {
    if (failIn == "start") throw std::runtime_error("no room at the inn");
  }
  const void* provide(std::string_view name) override {
    if (name == "sample.bad/1") throw 5;
    return name == "sample.good/1" ? &helper_ : nullptr;
  }
  static inline std::string failIn;

 private:
  Reply ok(const Request& request) const {
    return Reply::created(json::object({{"id", request.path("id")}, {"page", request.query("page").integer(1)}}))
        .header("X-A", "b");
  }
  Reply problem(const Request&) {
    throw Problem(422, "trigger_unreadable")
        .field("body/trigger", "trigger_syntax")
        .with("most", 5)
        .note("got: x")
        .details(json::object({{"a", 1}}));
  }
  Reply exception(const Request&) { throw std::runtime_error("lost a wheel"); }
  Reply number(const Request&) { throw 42; }
  Reply database(const Request&) { return Reply::ok(json::value(db_.execute("DELETE FROM x"))); }
  void silent(Request&) {}
  void later(Request request) { pending.emplace(request.later()); }
  void stream(Request& request) {
    auto stream = request.openStream({.onClosed = [] { ++streamsClosed; }});
    stream.send("tick", "1", "x");
  }
  void socket(Request& request) {
    mortise::WebSocketOptions options;
    options.onMessage = [](mortise::Socket socket, std::string_view message, bool) {
      if (message == "throw") throw 1;
      socket.send(message);
    };
    request.upgrade(std::move(options)).detach();
  }
  Reply wrongName(const Request& request) { return Reply::ok(json::value(request.path("idd"))); }
  void clean(JobRun&) { throw Problem(503, "unavailable").note("disk is away"); }
  void any(JobRun& run) {
    if (run.jobId() == "user-42") run.progress(50);
  }

  mortise::Db db_;
  std::optional<mortise::Mail> mail_;
  Helper helper_;
};

}  // namespace

extern "C" {
extern const char mortise_manifest[];
extern const size_t mortise_manifest_size;
const char mortise_manifest[] = "{}";
const size_t mortise_manifest_size = 2;
}
MORTISE_MODULE(Sample)

namespace {

mortise_str str(const char* text) { return stand_in::str(text); }

class Face : public ::testing::Test {
 protected:
  void SetUp() override {
    world = {};
    Sample::failIn.clear();
    pending.reset();
    streamsClosed = 0;
    host_.struct_size = sizeof host_;
    host_.lookup = stand_in::lookup;
    ASSERT_EQ(module_.create(&host_, &self_, &error_), MORTISE_OK) << error_.text;
  }
  void TearDown() override {
    pending.reset();
    if (self_ != nullptr) module_.destroy(self_);
  }
  mortise_status handle(const char* operation) { return module_.handle(self_, str(operation), &call_); }

  const mortise_module& module_ = mortise_module_v1;
  mortise_host host_{};
  mortise_error error_ = mortise::detail::noError();
  void* self_ = nullptr;
  mortise_call call_;
};

TEST_F(Face, HandlerAnswersWithTypedInput) {
  call_.path["id"] = {MORTISE_TEXT, {.text = str("a\"b")}};
  EXPECT_EQ(handle("ok"), MORTISE_OK);
  EXPECT_EQ(call_.status, 201);
  EXPECT_EQ(call_.body, R"({"id":"a\"b","page":1})");
  EXPECT_EQ(call_.headers.at(0).second, "b");
}

TEST_F(Face, ProblemBecomesARefusalWithAllItSays) {
  EXPECT_EQ(handle("problem"), MORTISE_OK);
  EXPECT_EQ(call_.status, 422);
  EXPECT_EQ(call_.code, "trigger_unreadable");
  EXPECT_EQ(call_.field + " " + call_.rule, "body/trigger trigger_syntax");
  EXPECT_EQ(call_.body, "most=5;");
  EXPECT_EQ(call_.details, R"({"a":1})");
  EXPECT_EQ(call_.note, "got: x");
}

TEST_F(Face, ExceptionIsLoggedWithTheOperationAndReportedAsFailed) {
  EXPECT_EQ(handle("exception"), MORTISE_FAILED);
  EXPECT_THAT(world.log, ElementsAre("handler failed operation=exception error=lost a wheel"));
  EXPECT_FALSE(call_.answered);
}

TEST_F(Face, ThrownNumberIsLoggedAndReportedAsFailed) {
  EXPECT_EQ(handle("number"), MORTISE_FAILED);
  EXPECT_THAT(world.log,
              ElementsAre("handler failed operation=number error=threw something that is not a std::exception"));
}

TEST_F(Face, UnknownParameterNameIsAMistakeOfTheModule) {
  EXPECT_EQ(handle("wrongName"), MORTISE_FAILED);
  EXPECT_THAT(world.log,
              ElementsAre("handler failed operation=wrongName error=the contract's path has no parameter idd"));
}

TEST_F(Face, UnboundOperationIsReported) { EXPECT_EQ(handle("nothing"), MORTISE_FAILED); }

TEST_F(Face, SilentHandlerIsReported) {
  EXPECT_EQ(handle("silent"), MORTISE_FAILED);
  EXPECT_THAT(world.log, ElementsAre("handler returned without an answer operation=silent error="));
}

TEST_F(Face, DatabaseErrorsBecome503And507) {
  world.failNext = MORTISE_UNAVAILABLE;
  EXPECT_EQ(handle("database"), MORTISE_OK);
  EXPECT_EQ(call_.status, 503);
  EXPECT_EQ(call_.code, "unavailable");
  mortise_call second;
  world.failNext = MORTISE_FULL;
  EXPECT_EQ(module_.handle(self_, str("database"), &second), MORTISE_OK);
  EXPECT_EQ(second.status, 507);
  EXPECT_EQ(second.code, "storage_full");
  mortise_call third;
  world.failNext = MORTISE_INVALID;
  EXPECT_EQ(module_.handle(self_, str("database"), &third), MORTISE_FAILED);
}

TEST_F(Face, PendingCallIsAnsweredFromElsewhereAndReleasedOnce) {
  EXPECT_EQ(handle("later"), MORTISE_PENDING);
  EXPECT_EQ(call_.retained, 1);
  ASSERT_TRUE(pending);
  EXPECT_TRUE(pending->answer(Reply::ok(json::list())));
  EXPECT_FALSE(pending->answer(Reply::ok(json::list()))) << "the first answer counts";
  PendingCall moved = std::move(*pending);
  pending.reset();
  EXPECT_EQ(call_.released, 0);
  { PendingCall last = std::move(moved); }
  EXPECT_EQ(call_.released, 1);
}

TEST_F(Face, StreamIsClosedAndReleasedWithItsHandle) {
  EXPECT_EQ(handle("stream"), MORTISE_OK);
  EXPECT_EQ(call_.body, "tick:x;");
  EXPECT_EQ(call_.closed, 1);
  EXPECT_EQ(call_.streamReleased, 1);
  call_.stream.closed(call_.stream.context);
  EXPECT_EQ(streamsClosed, 1);
}

TEST_F(Face, CallbacksThatNeverComeGoWithTheModule) {
  handle(
      "stream");  // its closed() is never called: the leak checker of a sanitizer build looks at what destroy() leaves
  module_.destroy(self_);
  self_ = nullptr;
  EXPECT_EQ(streamsClosed, 0);
}

TEST_F(Face, DetachedSocketLivesByItsCallbacks) {
  EXPECT_EQ(handle("socket"), MORTISE_OK);
  EXPECT_EQ(call_.streamReleased, 1);
  EXPECT_EQ(call_.closed, 0);
  auto* socket = reinterpret_cast<mortise_websocket*>(&call_);
  call_.socket.message(call_.socket.context, socket, 0, str("hello"));
  EXPECT_EQ(call_.body, "hello");
  call_.socket.message(call_.socket.context, socket, 0, str("throw"));
  EXPECT_EQ(call_.closed, 1011);
  call_.socket.closed(call_.socket.context, 1000, str(""));
}

TEST_F(Face, HandlersMayLiveInAnotherObject) {
  EXPECT_EQ(handle("helped"), MORTISE_OK);
  EXPECT_EQ(call_.status, 204);
  EXPECT_EQ(call_.headers.at(0).second, "helper");
}

TEST_F(Face, JobsReportFailureAndFindTheirFunction) {
  mortise_run run;
  EXPECT_EQ(module_.run_job(self_, str("clean"), &run, &error_), MORTISE_FAILED);
  EXPECT_STREQ(error_.code, "unavailable");
  EXPECT_STREQ(error_.text, "disk is away");
  EXPECT_EQ(module_.run_job(self_, str("user-42"), &run, &error_), MORTISE_OK);
  EXPECT_EQ(run.percent, 50);
}

TEST_F(Face, ListsEveryBindingOnce) {
  std::vector<std::string> ids;
  module_.bindings(
      self_,
      [](void* context, char kind, mortise_str id) {
        static_cast<std::vector<std::string>*>(context)->push_back(kind + (":" + stand_in::text(id)));
      },
      &ids);
  EXPECT_THAT(ids,
              ::testing::UnorderedElementsAre("o:ok", "o:problem", "o:exception", "o:number", "o:database", "o:silent",
                                              "o:later", "o:stream", "o:socket", "o:wrongName", "o:helped", "j:clean"));
}

TEST_F(Face, CreateAndStartFailWithTheReason) {
  void* other = nullptr;
  Sample::failIn = "create";
  EXPECT_EQ(module_.create(&host_, &other, &error_), MORTISE_FAILED);
  EXPECT_STREQ(error_.text, "threw something that is not a std::exception");
  Sample::failIn = "bind";
  EXPECT_EQ(module_.create(&host_, &other, &error_), MORTISE_FAILED);
  EXPECT_STREQ(error_.text, "ok is bound twice");
  Sample::failIn = "start";
  EXPECT_EQ(module_.start(self_, &error_), MORTISE_FAILED);
  EXPECT_STREQ(error_.text, "no room at the inn");
  Sample::failIn.clear();
  world.missing = {"db/1"};
  EXPECT_EQ(module_.create(&host_, &other, &error_), MORTISE_FAILED);
  EXPECT_STREQ(error_.text, "db/1 is not served to this module: name it in module.yaml under needs or optional");
  EXPECT_EQ(other, nullptr);
}

TEST_F(Face, ProvideAnswersAndSurvivesAThrow) {
  EXPECT_NE(module_.lookup(self_, str("sample.good/1")), nullptr);
  EXPECT_EQ(module_.lookup(self_, str("sample.bad/1")), nullptr);
}

TEST_F(Face, ParametersReachTheDatabaseWithTheirTypes) {
  const mortise::Db db = Host(&host_).db();
  const std::string name = "Ada";
  const std::optional<std::string> none;
  const std::optional<std::int64_t> some = 5;
  EXPECT_EQ(
      db.execute(
          "X",
          {{"a", 1}, {"b", name}, {"c", nullptr}, {"d", none}, {"e", some}, {"f", true}, {"g", "text"}, {"h", 0.5}}),
      2);
  EXPECT_THAT(world.sql, ElementsAre("open write", "X a=1 b='Ada' c=null d=null e=5 f=1 g='text' h=0.500000", "close"));
}

TEST_F(Face, RowsComeTyped) {
  const mortise::Db db = Host(&host_).db();
  world.rows = {{{MORTISE_INTEGER, {.integer = 1}}, {MORTISE_TEXT, {.text = str("one")}}},
                {{MORTISE_INTEGER, {.integer = 2}}, {MORTISE_NULL, {}}}};
  const auto rows = db.query<std::int64_t, std::optional<std::string>>("Q");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], std::make_tuple(std::int64_t{1}, std::optional<std::string>("one")));
  EXPECT_EQ(std::get<1>(rows[1]), std::nullopt);
  EXPECT_EQ(db.queryOne<int>("Q").value(), 1);
  EXPECT_THROW((db.query<std::int64_t, std::string>("Q")), mortise::db::Error) << "NULL is read as std::optional";
  int seen = 0;
  db.each<int, std::optional<std::string>>("Q", {},
                                           [&](int, const std::optional<std::string>&) { return ++seen, false; });
  EXPECT_EQ(seen, 1);
}

TEST_F(Face, TransactionRollsBackByClosingWhenTheWorkThrows) {
  const mortise::Db db = Host(&host_).db();
  EXPECT_THROW(db.transaction([](mortise::db::Session& session) {
    session.execute("A");
    throw Problem(409, "no");
  }),
               Problem);
  EXPECT_THAT(world.sql, ElementsAre("open write", "begin", "A", "close"));
}

TEST_F(Face, TransactionThatLostARaceRunsAgain) {
  const mortise::Db db = Host(&host_).db();
  world.failCommits = 2;
  int runs = 0;
  EXPECT_EQ(db.transaction([&](mortise::db::Session&) { return ++runs; }), 3);
  world.failCommits = 100;
  EXPECT_THROW(db.transaction([&](mortise::db::Session&) { ++runs; }), mortise::db::Error);
  EXPECT_EQ(runs, 8) << "five times in all, then it gives up";
}

TEST_F(Face, TransactionRunsAgainWhateverItsWorkMakesOfALostRace) {
  const mortise::Db db = Host(&host_).db();
  world.failStatements = 1;
  int runs = 0;
  db.transaction([&](mortise::db::Session& session) {
    ++runs;
    try {
      session.execute("A");
    } catch (const mortise::db::Error&) {
      throw Problem(500, "whatever_a_store_makes_of_it");
    }
  });
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(world.sql,
              ElementsAre("open write", "begin", "A", "close", "open write", "begin", "A", "commit", "close"));
}

TEST_F(Face, StatementOfItsOwnThatLostARaceRunsAgain) {
  const mortise::Db db = Host(&host_).db();
  world.failStatements = 2;
  EXPECT_EQ(db.execute("X"), 2);
  EXPECT_THAT(world.sql,
              ElementsAre("open write", "X", "close", "open write", "X", "close", "open write", "X", "close"));
  world.sql.clear();
  world.failStatements = 100;
  EXPECT_THROW(db.execute("X"), mortise::db::Error);
  EXPECT_EQ(world.sql.size(), 15U) << "five times in all, then it gives up";
  world.sql.clear();
  auto session = db.write();
  EXPECT_THROW(session.execute("X"), mortise::db::Error);
  EXPECT_THAT(world.sql, ElementsAre("open write", "X")) << "what else the session did is not known";
}

TEST_F(Face, ServerOfTheFirstSdkTellsALostRaceByItsError) {
  auto table = stand_in::dbTable();
  table.struct_size = offsetof(mortise_db_v1, join);
  const mortise::Db db(&host_, &table);
  world.failCommits = 1;
  int runs = 0;
  EXPECT_EQ(db.transaction([&](mortise::db::Session&) { return ++runs; }), 2);
  world.failStatements = 1;
  EXPECT_EQ(db.execute("X"), 2);
  runs = 0;
  EXPECT_THROW(db.transaction([&](mortise::db::Session&) {
    ++runs;
    throw Problem(409, "no");
  }),
               Problem);
  EXPECT_EQ(runs, 1);
}

TEST(Request, SaysWhenNobodyWaitsForItsAnswerAnyMore) {
  auto table = stand_in::callTable();
  const mortise::detail::Tables tables{nullptr, &table, nullptr};
  mortise_call call;
  const Request request(&tables, &call, nullptr);
  EXPECT_FALSE(request.expired());
  EXPECT_NO_THROW(request.stopIfExpired());
  call.expired = true;
  EXPECT_TRUE(request.expired());
  try {
    request.stopIfExpired();
    FAIL() << "it went on";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 504);
    EXPECT_EQ(problem.code(), "timeout");
  }
  table.struct_size = offsetof(mortise_call_v1, expired);  // a server of 1.0
  EXPECT_FALSE(request.expired());
  call.gone = true;
  EXPECT_TRUE(request.expired());
}

TEST(EventStream, IsAbortedWhereAnExceptionDestroysIt) {
  auto table = stand_in::callTable();
  mortise_call call{};
  const auto stream = [&] { return mortise::EventStream(&table, reinterpret_cast<mortise_stream*>(&call)); };
  const auto failing = [&] {
    try {
      auto first = stream();
      const auto moved = std::move(first);
      throw std::runtime_error("half way");
    } catch (const std::runtime_error&) {
      const auto whole = stream();  // made and destroyed while nothing is in flight
    }
  };
  failing();
  EXPECT_EQ(call.aborted, 1);
  EXPECT_EQ(call.closed, 1);
  EXPECT_EQ(call.streamReleased, 2);
  stream().abort();
  EXPECT_EQ(call.aborted, 2);
  table.struct_size = offsetof(mortise_call_v1, stream_abort);  // a server of 1.0
  failing();
  EXPECT_EQ(call.aborted, 2);
  EXPECT_GT(call.closed, 2);
}

TEST(Request, KnowsTheLanguageOfAMail) {
  auto table = stand_in::callTable();
  const mortise::detail::Tables tables{nullptr, &table, nullptr};
  mortise_call call{};
  mortise::Request request(&tables, &call, nullptr);
  EXPECT_EQ(request.mailLanguage(), "en") << "not the contract's";
  for (const char* asked : {"zh-CN", "en", "fr"}) {
    call.asked = asked;
    EXPECT_EQ(request.mailLanguage(), asked);
  }
  table.struct_size = offsetof(mortise_call_v1, asked_language);
  EXPECT_EQ(request.mailLanguage(), "zh-CN") << "of a server of 1.0: the language of the answer";
}

TEST(Request, KnowsTheNetworkOfTheClient) {
  auto table = stand_in::callTable();
  const mortise::detail::Tables tables{nullptr, &table, nullptr};
  mortise_call call{};
  mortise::Request request(&tables, &call, nullptr);
  EXPECT_EQ(request.network(), "2001:db8::/64");
  table.struct_size = offsetof(mortise_call_v1, network);
  EXPECT_EQ(request.network(), request.address()) << "of a server of 1.0";
}

TEST(HostFailure, HandsOnTheDetailsOfARefusalAndNothingOfAFault) {
  auto error = mortise::detail::noError();
  std::strcpy(error.code, "seat_limit");
  std::strcpy(error.details, R"({"seats_used":5,"seats_limit":5})");
  const auto refused = mortise::detail::problemFrom(MORTISE_DENIED, error, "orgs/1");
  EXPECT_EQ(refused.status(), 403);
  EXPECT_EQ(refused.code(), "seat_limit");
  EXPECT_EQ(refused.details(), R"({"seats_used":5,"seats_limit":5})");
  const auto failed = mortise::detail::problemFrom(MORTISE_FAILED, error, "orgs/1");
  EXPECT_EQ(failed.code(), "internal");
  EXPECT_EQ(failed.details(), "");
}

TEST(Tier, RanksAndKnowsWhatIsOne) {
  EXPECT_LT(mortise::tierRank("pro"), mortise::tierRank("team"));
  EXPECT_LT(mortise::tierRank("enterprise"), mortise::tierRank("admin"));
  EXPECT_EQ(mortise::tierRank("whatever"), mortise::tierRank("free"));
  EXPECT_TRUE(mortise::isTier("starter"));
  EXPECT_FALSE(mortise::isTier("admin"));  // by role, never by choice
  EXPECT_FALSE(mortise::isTier(""));
}

TEST(JsonText, EscapesAndKeepsNumbers) {
  EXPECT_EQ(json::value("a\"\\\n\x01 é").text(), R"("a\"\\\n\u0001 é")");
  EXPECT_EQ(json::value(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
  EXPECT_EQ(json::value(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
  EXPECT_EQ(json::value(0.1).text(), "0.1");
  EXPECT_EQ(json::value(1.0 / 3).text(), "0.3333333333333333");
  EXPECT_EQ(json::value(std::numeric_limits<double>::infinity()).text(), "null");
  EXPECT_EQ(json::value(true).text(), "true");
  EXPECT_EQ(
      json::object({{"a", nullptr}, {"b", json::list({1, "x", json::object()})}, {"c", std::optional<int>()}}).text(),
      R"({"a":null,"b":[1,"x",{}],"c":null})");
  EXPECT_EQ(json::list(std::vector<std::string>{"a", "b"}).text(), R"(["a","b"])");
  EXPECT_EQ(json::List().build().text(), "[]");
  EXPECT_EQ(json::Object().add("a", 1).add("b", "c").build().text(), R"({"a":1,"b":"c"})");
}

TEST(OrNotFound, GivesTheValueOrSaysWhichThingThereIsNot) {
  EXPECT_EQ(mortise::orNotFound(std::optional<std::string>("a"), "ticket_not_found"), "a");
  try {
    mortise::orNotFound(std::optional<std::string>(), "ticket_not_found");
    FAIL() << "nothing was thrown";
  } catch (const Problem& problem) {
    EXPECT_EQ(problem.status(), 404);
    EXPECT_EQ(problem.code(), "ticket_not_found");
  }
}

TEST(BodyMember, TellsAbsentNullAndValueApart) {
  const mortise::BodyMember<std::string> absent, null(nullptr), value("a");
  EXPECT_TRUE(absent.absent() && !absent.isNull() && !absent.has());
  EXPECT_TRUE(!null.absent() && null.isNull() && !null.has());
  EXPECT_TRUE(!value.absent() && !value.isNull() && value.has());
  EXPECT_EQ(value.value(), "a");
  EXPECT_EQ(absent.valueOr("b"), "b");
  EXPECT_EQ(null.optional(), std::nullopt);
  EXPECT_THROW(absent.value(), std::logic_error);
  EXPECT_THROW(*null, std::logic_error);
  EXPECT_TRUE(mortise::BodyMember<int>(std::optional<int>()).isNull()) << "what a column holds";
  EXPECT_EQ(mortise::BodyMember<int>(std::optional<int>(3)).value(), 3);
  EXPECT_FALSE(absent == null);
  std::string out;
  json::ObjectWriter(out).member("a", absent).member("b", null).member("c", value).end();
  EXPECT_EQ(out, R"({"b":null,"c":"a"})");
}

TEST(JsonText, WritesEveryTypeThatHasAFunctionForIt) {
  const desk::Ticket ticket{"t1"};
  EXPECT_EQ(json::from(ticket).build().text(), R"({"id":"t1"})");
  EXPECT_EQ(json::from(ticket).add("links", json::list({"a"})).build().text(), R"({"id":"t1","links":["a"]})");
  EXPECT_EQ(json::from(desk::Nothing{}).build().text(), "{}");
  EXPECT_EQ(json::from(desk::Nothing{}).add("a", 1).build().text(), R"({"a":1})");
  EXPECT_EQ(json::list(std::vector<desk::Ticket>{{"t1"}, {"t2"}}).text(), R"([{"id":"t1"},{"id":"t2"}])");
  EXPECT_EQ(json::list(std::vector<desk::Ticket>{{"t1"}},
                       [](const desk::Ticket& each) { return json::from(each).add("mine", true); })
                .text(),
            R"([{"id":"t1","mine":true}])");
  EXPECT_EQ(json::object({{"ticket", ticket}, {"by", std::optional<desk::Name>(desk::Name{"Ann"})}}).text(),
            R"({"ticket":{"id":"t1"},"by":"Ann"})");
  EXPECT_THROW(json::from(desk::Name{"Ann"}), std::logic_error) << "a text takes no members";
}

TEST(TextView, BecomesAStringWhereOneIsWanted) {
  const mortise::Text text(mortise_str{nullptr, 0});
  std::string copy = text;
  EXPECT_EQ(copy, "");
  copy = mortise::Text("abc");
  EXPECT_TRUE(copy == mortise::Text("abc"));
}

TEST(File, IsClosedOnceUnlessItIsGivenAway) {
  static int closed;
  closed = 0;
  int handle = 0;
  auto* const raw = reinterpret_cast<mortise_file*>(&handle);
  const auto close = [](mortise_file*) { ++closed; };
  { const mortise::File file(nullptr, raw, close); }
  EXPECT_EQ(closed, 1);
  {
    mortise::File file(nullptr, raw, close);
    EXPECT_EQ(file.release(), raw);
    EXPECT_EQ(file.get(), nullptr);
  }
  EXPECT_EQ(closed, 1);
}

}  // namespace
