#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/request.hpp>
#include <mortise/slice.hpp>

#include <map>
#include <string>
#include <vector>

#include "mortise/testing/plans.hpp"
#include "mortise/testing/test_database.hpp"
#include "stand_in_host_testing.hpp"
#include "ticket_testing.hpp"

namespace {

using helpdesk::Ticket;
using mortise::Paging;
using mortise::PagingForm;
using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using ::testing::ElementsAre;
namespace db = mortise::db;
namespace json = mortise::json;

constexpr db::Sort kSorts[] = {{"created_at", "created_at, id", "created_at DESC, id DESC"}, {"id", "id", "id DESC"}};

// A request with query parameters in the form in which the kernel passes them.
class Query {
 public:
  Query& text(const std::string& name, const std::string& text) {
    const auto& stored = texts_[name] = text;
    call_.query[name] = {MORTISE_TEXT, {.text = {stored.data(), stored.size()}}};
    return *this;
  }
  Query& number(const std::string& name, std::int64_t number) {
    call_.query[name] = {MORTISE_INTEGER, {.integer = number}};
    return *this;
  }
  Paging read(const PagingForm& form) {
    const mortise_str name{MORTISE_CALL_V1, std::char_traits<char>::length(MORTISE_CALL_V1)};
    const mortise::detail::Tables tables{nullptr, static_cast<const mortise_call_v1*>(stand_in::lookup(nullptr, name)),
                                         nullptr};
    return Paging::of(mortise::Request(&tables, &call_, nullptr), form);
  }

 private:
  std::map<std::string, std::string> texts_;
  mortise_call call_;
};

TEST(PagingOf, ReadsLenientPagesAsTheUnifiedFamilyDoes) {
  const auto form = mortise::numberedPages();
  for (const auto& [page, limit] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                    {"3", "7"},
                                                                                    {"0", "0"},
                                                                                    {"-1", "101"},
                                                                                    {"x", "y"},
                                                                                    {" 2 ", "+5"},
                                                                                    {"99999999999999999999", "1.5"}}) {
    const auto paging = Query().text("page", page).text("limit", limit).read(form);
    const auto old = mortise::Page::read(page, limit);
    EXPECT_EQ(paging.page, old.page) << page;
    EXPECT_EQ(paging.size, old.limit) << limit;
    EXPECT_EQ(paging.skip, (old.page - 1) * old.limit);
    for (const std::int64_t total : {0, 1, 20, 21, 1000}) EXPECT_EQ(paging.pagesOf(total), old.pagesOf(total));
  }
  const auto far = Query().text("page", "9223372036854775807").text("limit", "100").read(form);
  EXPECT_GT(far.skip, 0) << "no overflow";
}

TEST(PagingOf, ReadsWhatTheContractTyped) {
  const auto sized = Query().number("page", 2).number("page_size", 50).read(mortise::sizedPages("sessions"));
  EXPECT_EQ(sized.skip, 50);
  EXPECT_EQ(sized.size, 50);
  const auto skipped = Query().number("skip", 30).number("limit", 1000).read(mortise::skippedPages("users"));
  EXPECT_EQ(skipped.skip, 30);
  EXPECT_EQ(skipped.size, 1000);
  EXPECT_EQ(Query().read(mortise::skippedPages("users")).size, 100);
  EXPECT_EQ(Query().number("cursor", 7).read(mortise::barePages()).cursor, "7");
  EXPECT_EQ(Query().text("cursor", "a,b").read(mortise::cursorPages()).cursor, "a,b");
  EXPECT_FALSE(Query().text("cursor", "").read(mortise::cursorPages()).cursor);
}

class Slices : public mortise::testing::DatabaseTest {
 protected:
  Slices() : DatabaseTest("desk", TESTING_DATABASE_DIR "/test_migrations") {}

  void fill(std::int64_t rows) {
    database().fill("desk_tickets", rows,
                    {{"id", "n"},
                     {"project", "'p' || (n % 50)"},
                     {"title", "'Ticket ' || n"},
                     {"state", "CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'in_progress' ELSE 'closed' END"},
                     {"labels", "'[]'"},
                     {"comments", "0"},
                     {"votes", "0"},
                     {"urgent", "0"},
                     {"weight", "0.5"},
                     {"created_at", "n / 2"},  // each value twice
                     {"secret", "''"}});
    database().analyze();
  }
  db::Slice<Ticket> page(const PagingForm& form, std::int64_t number, std::int64_t size,
                         const char* order = kSorts[0].ascending, const db::Where& where = {}) {
    Paging paging = Paging::first(size, form);
    paging.page = number;
    paging.skip = (number - 1) * size;
    return db::slice<Ticket>(db(), where, order, paging);
  }
  static std::string ids(const db::Slice<Ticket>& slice) {
    std::string out;
    for (const auto& one : slice.items) out += (out.empty() ? "" : " ") + std::to_string(one.id);
    return out;
  }
  static json::Value idOf(const Ticket& ticket) { return json::value(ticket.id); }
};
MORTISE_ON_EVERY_DATABASE(Slices);

TEST_P(Slices, TellTotalAndPages) {
  fill(25);
  const auto form = mortise::numberedPages();
  EXPECT_EQ(page(form, 1, 10).object(idOf).build().text(),
            R"({"items":[1,2,3,4,5,6,7,8,9,10],"total":25,"page":1,"pages":3})");
  EXPECT_EQ(page(form, 3, 10).object(idOf).build().text(),
            R"({"items":[21,22,23,24,25],"total":25,"page":3,"pages":3})");
  EXPECT_EQ(page(form, 4, 10).object(idOf).build().text(), R"({"items":[],"total":25,"page":4,"pages":3})");
  EXPECT_EQ(page(form, 1, 10, "id", db::Where().equals("project", "none")).object(idOf).build().text(),
            R"({"items":[],"total":0,"page":1,"pages":0})");
}

TEST_P(Slices, TellWhetherMoreFollows) {
  fill(25);
  const auto form = mortise::sizedPages("sessions");
  EXPECT_EQ(page(form, 2, 2).object(idOf).build().text(),
            R"({"sessions":[3,4],"total":25,"page":2,"page_size":2,"has_more":true})");
  EXPECT_FALSE(page(form, 1, 25).hasMore);
  EXPECT_TRUE(page(form, 1, 24).hasMore);
  EXPECT_FALSE(page(form, 5, 5).hasMore);
  EXPECT_EQ(page(form, 1, 2).object(idOf).add("query", "x").build().text(),
            R"({"sessions":[1,2],"total":25,"page":1,"page_size":2,"has_more":true,"query":"x"})");
}

TEST_P(Slices, SkipAndLimit) {
  fill(25);
  auto paging = Paging::first(3, mortise::skippedPages("users"));
  paging.skip = 23;
  const auto slice = db::slice<Ticket>(db(), {}, "id", paging);
  EXPECT_EQ(slice.object(idOf).build().text(), R"({"users":[24,25],"total":25,"skip":23,"limit":3})");
}

TEST_P(Slices, FollowACursorThroughEqualValuesWithoutGapOrDouble) {
  fill(25);
  for (const char* order : {kSorts[0].ascending, kSorts[0].descending, kSorts[1].descending}) {
    auto paging = Paging::first(4, mortise::cursorPages());
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 10; ++i) {
      const auto slice = db::slice<Ticket>(db(), {}, order, paging);
      for (const auto& one : slice.items) seen.push_back(one.id);
      EXPECT_EQ(slice.hasMore, slice.nextCursor.has_value());
      if (!slice.nextCursor) break;
      paging.cursor = slice.nextCursor;
    }
    std::vector<std::int64_t> all;
    for (int i = 1; i <= 25; ++i) all.push_back(order == kSorts[0].ascending ? i : 26 - i);
    EXPECT_EQ(seen, all) << order;
  }
}

TEST_P(Slices, OfABareListHaveTheirCursorInAHeader) {
  fill(5);
  auto paging = Paging::first(2, mortise::barePages());
  const auto slice = db::slice<Ticket>(db(), {}, "id DESC", paging);
  EXPECT_EQ(slice.nextCursor, "4");
  EXPECT_EQ(slice.reply(idOf).body(), "[5,4]");
  paging.cursor = "2";
  const auto last = db::slice<Ticket>(db(), {}, "id DESC", paging);
  EXPECT_EQ(last.reply(idOf).body(), "[1]");
  EXPECT_FALSE(last.nextCursor);
}

TEST_P(Slices, RefuseACursorThatIsNone) {
  auto paging = Paging::first(2, mortise::cursorPages());
  for (const char* cursor : {"x", "1,x", "1", ",", "1,2,3"}) {
    paging.cursor = cursor;
    EXPECT_THROW(db::slice<Ticket>(db(), {}, kSorts[0].ascending, paging), mortise::Problem) << cursor;
  }
  paging.cursor = "1";
  EXPECT_THROW(db::slice<Ticket>(db(), {}, "assignee, id", paging), db::Error);
  EXPECT_THROW(db::slice<Ticket>(db(), {}, "LOWER(title)", paging), db::Error);
}

TEST_P(Slices, FarFromTheStartAreTheSameRows) {
  fill(5000);
  const auto form = mortise::numberedPages();
  for (const std::int64_t number : {1, 49, 51, 120, 250, 251, 400, 499, 500, 501}) {
    for (const auto* order : {kSorts[0].ascending, kSorts[0].descending}) {
      const auto slice = page(form, number, 10, order);
      std::string expected;
      for (std::int64_t i = (number - 1) * 10 + 1; i <= number * 10 && i <= 5000; ++i) {
        expected += (expected.empty() ? "" : " ") + std::to_string(order == kSorts[0].ascending ? i : 5001 - i);
      }
      EXPECT_EQ(ids(slice), expected) << number << " " << order;
      EXPECT_EQ(slice.total, 5000);
    }
  }
}

TEST_P(Slices, TakeATotalThatIsKnown) {
  fill(25);
  const auto paging = Paging::first(2, mortise::numberedPages());
  const auto statements =
      database().record([&] { EXPECT_EQ(db::slice<Ticket>(db(), {}, "id", paging, db::Total::known(70)).total, 70); });
  EXPECT_EQ(statements.size(), 1u) << "nothing is counted";
}

TEST_P(Slices, CountOnlyWhenTheFirstPageDoesNotHoldTheList) {
  fill(25);
  const auto form = mortise::numberedPages();
  EXPECT_EQ(database().record([&] { EXPECT_EQ(page(form, 1, 25).total, 25); }).size(), 1u);
  EXPECT_EQ(database().record([&] { EXPECT_EQ(page(form, 1, 24).total, 25); }).size(), 2u);
}

TEST_P(Slices, OfALargeTableWalkAlongIndexes) {
  fill(kManyRows);
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    for (const auto& form : {mortise::numberedPages(), mortise::cursorPages()}) {
      for (const auto* project : {"", "p3"}) {
        for (const auto* state : {"", "open"}) {
          for (const auto* order : {kSorts[0].ascending, kSorts[0].descending}) {
            db::Where where;
            where.equals("project", db::ifSent(project)).equals("state", db::ifSent(state));
            for (const std::int64_t number : {1, 2, 60, 4000}) page(form, number, 20, order, where);
            auto paging = Paging::first(20, form);
            paging.cursor = "500,1000";
            db::slice<Ticket>(db(), where, order, paging);
          }
        }
      }
    }
  }));
}

}  // namespace
