#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/entity.hpp>
#include <mortise/request.hpp>
#include <mortise/slice.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "stand_in_host_testing.hpp"
#include "ticket_testing.hpp"

namespace {

using helpdesk::State;
using helpdesk::Ticket;
using mortise::Paging;
using mortise::Time;
using mortise::timeOf;
using stand_in::world;
using ::testing::ElementsAre;
namespace db = mortise::db;
namespace json = mortise::json;

mortise::Db standInDb() {
  const mortise_str name{MORTISE_DB_V1, std::char_traits<char>::length(MORTISE_DB_V1)};
  return mortise::Db(nullptr, static_cast<const mortise_db_v1*>(stand_in::lookup(nullptr, name)));
}

class Statements : public ::testing::Test {
 protected:
  void SetUp() override { world = stand_in::World(); }
  mortise::Db db_ = standInDb();
  db::Session session_ = db_.write();
};

// What is the last but for the rest of a JOIN.
const std::string kColumns =
    "SELECT desk_tickets.id, desk_tickets.project, desk_tickets.title, desk_tickets.assignee, desk_tickets.state, "
    "desk_tickets.labels, desk_tickets.details, desk_tickets.comments, desk_tickets.votes, desk_tickets.urgent, "
    "desk_tickets.weight, desk_tickets.created_at, desk_tickets.closed_at, desk_tickets.secret FROM desk_tickets ";

TEST(EntityJson, WritesEveryKindOfMember) {
  Ticket ticket;
  ticket.id = 7;
  ticket.project = "p\"1";
  ticket.state = State::inProgress;
  ticket.labels = {"a", "b\n"};
  ticket.details = R"({"x":1})";
  ticket.counters = {3, 4};
  ticket.weight = 0.5;
  ticket.createdAt = timeOf(1767860040123456);
  ticket.closedAt = timeOf(1767860040123456);
  ticket.secret = "never";
  EXPECT_EQ(json::from(ticket).add("links", json::list({1})).build().text(),
            R"({"id":7,"project_id":"p\"1","title":"","assignee":null,"state":"in_progress","labels":["a","b\n"],)"
            R"("details":{"x":1},"comments":3,"votes":4,"urgent":false,"weight":0.5,)"
            R"("created_at":"2026-01-08T08:14:00.123Z","closed_at":"2026-01-08T08:14:00.123456+00:00","links":[1]})");
  ticket.excerpt = "Ann";
  ticket.details.reset();
  ticket.closedAt.reset();
  EXPECT_THAT(json::list(std::vector<Ticket>{ticket}).text(),
              ::testing::AllOf(::testing::HasSubstr(R"("excerpt":"Ann"}])"), ::testing::HasSubstr(R"("details":null)"),
                               ::testing::HasSubstr(R"("closed_at":null)")));
}

struct Shown {
  std::string name;
  std::int64_t cents = 0;
  static constexpr auto kFields =
      mortise::fields("shown", mortise::field("name", &Shown::name).nullWhenEmpty(),
                      mortise::field("cents", &Shown::cents).as("price").written([](const std::int64_t& cents) {
                        return json::value(static_cast<double>(cents) / 100);
                      }));
};
TEST(EntityJson, TakesAFunctionOfItsOwnAndNullForAnEmptyText) {
  EXPECT_EQ(json::from(Shown{"", 250}).build().text(), R"({"name":null,"price":2.5})");
  EXPECT_EQ(json::object({{"it", Shown{"x", 1}}}).text(), R"({"it":{"name":"x","price":0.01}})");
}

TEST(EntityJson, RefusesAnEnumeratorWithoutAName) {
  Ticket ticket;
  ticket.state = static_cast<State>(9);
  EXPECT_THROW(json::from(ticket), std::logic_error);
}

TEST_F(Statements, NameEachColumnOnce) {
  db::rows<Ticket>(session_, "WHERE project = :p ORDER BY id", {{"p", "p1"}});
  db::find<Ticket>(session_, 7);
  db::remove<Ticket>(session_, 7);
  db::exists<Ticket>(session_, "WHERE project = :p", {{"p", "p1"}});
  EXPECT_THAT(world.sql, ElementsAre(kColumns + "WHERE project = :p ORDER BY id p='p1'",
                                     kColumns + "WHERE id = :id id=7", "DELETE FROM desk_tickets WHERE id = :id id=7",
                                     "SELECT 1 FROM desk_tickets WHERE project = :p LIMIT 1 p='p1'"));
  EXPECT_THROW(db::find<Ticket>(session_, 7, 8), db::Error);
}

TEST_F(Statements, WriteWhatTheEntityHolds) {
  Ticket ticket;
  ticket.id = 7;
  ticket.project = "p1";
  ticket.labels = {"a"};
  ticket.createdAt = timeOf(5);
  db::insert(session_, ticket);
  db::upsert(session_, ticket);
  EXPECT_TRUE((db::update<&Ticket::title, &Ticket::state>(session_, ticket)));
  db::update(session_, ticket);
  const std::string values =
      " id=7 project='p1' title='' assignee=null state='open' labels='[\"a\"]' details=null comments=0 votes=0 "
      "urgent=0 weight=0.000000 created_at=5 closed_at=null secret=''";
  const std::string insert =
      "INSERT INTO desk_tickets (id, project, title, assignee, state, labels, details, comments, votes, urgent, "
      "weight, created_at, closed_at, secret) VALUES (:id, :project, :title, :assignee, :state, :labels, :details, "
      ":comments, :votes, :urgent, :weight, :created_at, :closed_at, :secret)";
  EXPECT_THAT(
      world.sql,
      ElementsAre(
          insert + values,
          insert +
              " ON CONFLICT (id) DO UPDATE SET title = excluded.title, assignee = excluded.assignee, state = "
              "excluded.state, labels = excluded.labels, details = excluded.details, comments = "
              "excluded.comments, votes = excluded.votes, urgent = excluded.urgent, weight = excluded.weight, "
              "closed_at = excluded.closed_at, secret = excluded.secret" +
              values,
          "UPDATE desk_tickets SET title = :title, state = :state WHERE id = :id id=7 title='' state='open'",
          "UPDATE desk_tickets SET title = :title, assignee = :assignee, state = :state, labels = :labels, "
          "details = :details, comments = :comments, votes = :votes, urgent = :urgent, weight = :weight, "
          "closed_at = :closed_at, secret = :secret WHERE id = :id id=7 title='' assignee=null state='open' "
          "labels='[\"a\"]' details=null comments=0 votes=0 urgent=0 weight=0.000000 closed_at=null secret=''"));
}

TEST_F(Statements, OnADatabaseLeaseAConnectionForEach) {
  db::remove<Ticket>(db_, 7);
  db::find<Ticket>(db_, 7);
  db::insertAll(db_, std::vector<Ticket>(2));
  std::vector<std::string> words;  // the first two of each
  for (const auto& sql : world.sql) words.push_back(sql.substr(0, sql.find(' ', sql.find(' ') + 1)));
  EXPECT_THAT(words, ElementsAre("open write", "DELETE FROM", "close", "open read", "SELECT desk_tickets.id,", "close",
                                 "open write", "begin", "INSERT INTO", "INSERT INTO", "commit", "close"));
}

TEST(Where, LeavesOutWhatWasNotAskedFor) {
  mortise_call call;
  call.query["state"] = {MORTISE_TEXT, {.text = stand_in::str("open")}};
  const auto lookup = [](const char* name) {
    return stand_in::lookup(nullptr, mortise_str{name, std::char_traits<char>::length(name)});
  };
  const mortise::detail::Tables tables{nullptr, static_cast<const mortise_call_v1*>(lookup("call/1")), nullptr};
  const mortise::Request request(&tables, &call, nullptr);
  db::Where where;
  where.equals("project", "p1")
      .equals("state", request.query("state"))
      .equals("persona", request.query("persona"))
      .equals("a", db::ifSent(std::optional<int>()))
      .equals("b", db::ifSent(std::optional<int>(3)))
      .equals("c", db::ifSent(""))
      .contains("title", request.query("q"))
      .contains("title", "")
      .between("at", timeOf(3), db::ifSent(std::optional<Time>()));
  EXPECT_EQ(where.text(), "WHERE project = :w0 AND state = :w1 AND b = :w2 AND at >= :w3");
  const auto parameters = where.parameters();
  const db::Parameters list(parameters);
  EXPECT_EQ(stand_in::shown({}, list.data(), list.size()), " w0='p1' w1='open' w2=3 w3=3");
}

TEST(Where, BindsEveryValueAndEscapesPatterns) {
  db::Where where;
  const std::vector<std::string> three = {"x", "y", "z"};
  where.in("id", three)
      .in("none", std::vector<int>())
      .contains({"title", "body"}, "50%_!")
      .startsWith("name", "äb")
      .isNull("closed_at")
      .isNotNull("assignee")
      .notEquals("state", State::closed)
      .raw("x = :mine OR y = :mine", {{"mine", 5}});
  EXPECT_EQ(where.text(),
            "WHERE id IN (:w0, :w1, :w2, :w3) AND 1 = 0 AND (LOWER(title) LIKE LOWER(:w4) ESCAPE '!' OR LOWER(body) "
            "LIKE LOWER(:w4) ESCAPE '!') AND SUBSTR(name, 1, :w5) = :w6 AND closed_at IS NULL AND assignee IS NOT NULL "
            "AND state <> :w7 AND (x = :mine OR y = :mine)");
  const auto parameters = where.parameters();
  const db::Parameters list(parameters);
  EXPECT_EQ(stand_in::shown({}, list.data(), list.size()),
            " w0='x' w1='y' w2='z' w3='z' w4='%50!%!_!!%' w5=2 w6='äb' w7='closed' mine=5");
  EXPECT_THROW(db::Where().in("id", std::vector<int>(db::Where::kMaxIn + 1)), db::Error);
}

constexpr db::Sort kSorts[] = {{"created_at", "created_at, id", "created_at DESC, id DESC"},
                               {"title", "title, id", "title DESC, id DESC"}};

TEST(Orders, AreChosenFromTheModulesOwnTexts) {
  EXPECT_STREQ(db::orderBy(kSorts, "title", true), "title, id");
  EXPECT_STREQ(db::orderBy(kSorts, "", false), "created_at DESC, id DESC");
  EXPECT_STREQ(db::orderBy(kSorts, "id; DROP TABLE", false), "created_at DESC, id DESC");
  EXPECT_EQ(db::detail::reversed("a DESC NULLS FIRST, b, c ASC"), "a ASC NULLS LAST, b DESC, c DESC");
  EXPECT_EQ(db::detail::reversed("LOWER(a), b"), "");
}

TEST(Times, AreWrittenInTheFormOfTheFamilyAndReadBack) {
  const auto time = timeOf(1767860040123456);
  EXPECT_EQ(mortise::isoTime(time), "2026-01-08T08:14:00.123456Z");
  EXPECT_EQ(mortise::isoTime(time, mortise::kIsoMillis), "2026-01-08T08:14:00.123Z");
  EXPECT_EQ(mortise::isoTime(time, mortise::kIsoSeconds), "2026-01-08T08:14:00Z");
  EXPECT_EQ(mortise::isoTime(time, mortise::kIsoOffset), "2026-01-08T08:14:00.123456+00:00");
  EXPECT_EQ(mortise::isoTime(timeOf(-1)), "1969-12-31T23:59:59.999999Z");
  for (const char* text : {"2026-01-08T08:14:00.123456Z", "2026-01-08T08:14:00.1234569Z", "2026-01-08 08:14:00.123456z",
                           "2026-01-08T10:14:00.123456+02:00", "2026-01-08t03:44:00.123456-04:30"}) {
    EXPECT_EQ(mortise::parseTime(text), time) << text;
  }
  EXPECT_EQ(mortise::parseTime("2026-01-08T08:13:60Z"), mortise::parseTime("2026-01-08T08:14:00Z"));
  for (const char* text : {"", "2026-01-08", "2026-01-08T08:14:00", "2026-13-08T08:14:00Z", "2026-02-30T08:14:00Z",
                           "2026-01-08T24:14:00Z", "2026-01-08T08:60:00Z", "2026-01-08T08:14:61Z", "26-01-08T08:14:00Z",
                           "2026-01-08T08:14:00.Z", "2026-01-08T08:14:00+2:00", "2026-01-08T08:14:00+24:00",
                           "2026-01-08T08:14:00Z ", "2026-01-08T08:14:00ZZ", "2026-01-08T+8:14:00Z"}) {
    EXPECT_EQ(mortise::parseTime(text), std::nullopt) << text;
  }
  EXPECT_LT(std::chrono::abs(mortise::now() - timeOf(mortise::nowMicros())), std::chrono::minutes(1));
}

TEST(ListsOfTexts, AreReadBackAsTheyWereWritten) {
  std::vector<std::string> out;
  const std::vector<std::string> texts = {"", "a\"b\\c/", "\b\f\n\r\t\x01", "ä€😀"};
  ASSERT_TRUE(db::detail::readTexts(json::list(texts).text(), out));
  EXPECT_EQ(out, texts);
  ASSERT_TRUE(db::detail::readTexts(R"( [ "\u00e4\u20ac\ud83d\ude00\/" , "x" ] )", out));
  EXPECT_THAT(out, ElementsAre("ä€😀/", "x"));
  EXPECT_TRUE(db::detail::readTexts("[]", out));
  EXPECT_TRUE(out.empty());
  for (const char* text : {"", "null", "{}", "[1]", "[\"a\"", "[\"a\",]", "[\"a\" \"b\"]", "[\"a\"]x", "[\"\\x\"]",
                           "[\"\\u12\"]", "[\"\\ud83d\"]", "[\"\\ude00\"]", "[\"\\ud83d\\u0041\"]"}) {
    EXPECT_FALSE(db::detail::readTexts(text, out)) << text;
  }
}

}  // namespace
