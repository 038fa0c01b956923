#include "sync_sessions/session_list.hpp"

#include <gtest/gtest.h>
#include <mortise/paging.hpp>

namespace sync_sessions {
namespace {

using Sort = ListQuery::Sort;

TEST(ListOfSessions, HasDefaults) {
  const auto query = readList({});
  EXPECT_EQ(mortise::Page::read("", "").page, 1);
  EXPECT_EQ(mortise::Page::read("", "").limit, 20);
  EXPECT_EQ(query.sort, Sort::startedAt);
  EXPECT_FALSE(query.ascending);
  EXPECT_EQ(query.type + query.category + query.status, "");
}

TEST(ListOfSessions, ReadsPageAndLimitWithoutRefusingAnything) {
  struct Row {
    const char *page, *limit;
    std::int64_t expectedPage, expectedLimit;
  };
  for (const auto& row : {Row{"3", "7", 3, 7}, Row{" 4 ", " 100 ", 4, 100}, Row{"0", "0", 1, 1}, Row{"-5", "-5", 1, 1},
                          Row{"1", "101", 1, 100}, Row{"1", "99999999", 1, 100}, Row{"", "", 1, 20},
                          Row{"two", "ten", 1, 20}, Row{"1.5", "2.5", 1, 20}, Row{"+2", "+3", 2, 3},
                          Row{"+-2", "--3", 1, 20}, Row{"9223372036854775807", "1", 9223372036854775807, 1},
                          Row{"99999999999999999999", "99999999999999999999", 1, 20}, Row{"0x10", "1e1", 1, 20}}) {
    const auto page = mortise::Page::read(row.page, row.limit);
    EXPECT_EQ(page.page, row.expectedPage) << row.page;
    EXPECT_EQ(page.limit, row.expectedLimit) << row.limit;
  }
}

TEST(ListOfSessions, SortsByStartUnlessOneOfTheOthersIsNamedExactly) {
  for (const auto& [text, sort] : {std::pair{"completed_at", Sort::completedAt},
                                   {" status ", Sort::status},
                                   {"started_at", Sort::startedAt},
                                   {"Status", Sort::startedAt},
                                   {"id", Sort::startedAt},
                                   {"", Sort::startedAt}}) {
    ListParameters sent;
    sent.sort = text;
    sent.order = "asc";
    EXPECT_EQ(readList(sent).sort, sort) << text;
    EXPECT_TRUE(readList(sent).ascending) << "an unknown sort keeps the order";
  }
}

TEST(ListOfSessions, AscendsOnlyWhenToldInAnyLetterCase) {
  for (const auto& [text, ascending] : {std::pair{"asc", true},
                                        {" ASC ", true},
                                        {"Asc", true},
                                        {"desc", false},
                                        {"ascending", false},
                                        {"up", false},
                                        {"", false}}) {
    ListParameters sent;
    sent.order = text;
    EXPECT_EQ(readList(sent).ascending, ascending) << text;
  }
}

TEST(ListOfSessions, TrimsFiltersAndKeepsTheirCase) {
  ListParameters sent;
  sent.type = " manual_task\t";
  sent.category = "  ";
  sent.status = "Running";
  const auto query = readList(sent);
  EXPECT_EQ(query.type, "manual_task");
  EXPECT_EQ(query.category, "");
  EXPECT_EQ(query.status, "Running");
}

TEST(ListOfSessions, HasPagesWithinItsTotal) {
  const mortise::Page page{2, 20};
  EXPECT_EQ(page.pagesOf(0), 0);
  EXPECT_EQ(page.pagesOf(20), 1);
  EXPECT_EQ(page.pagesOf(21), 2);
  EXPECT_EQ(page.skipOf(21), 20);
  EXPECT_FALSE(page.skipOf(20));
  EXPECT_FALSE((mortise::Page{9223372036854775807, 100}.skipOf(1000)));
}

TEST(Progress, IsRoundedToTwoDecimals) {
  EXPECT_EQ(progressPercentage(0, 0, 0), 0);
  EXPECT_EQ(progressPercentage(1, 0, 3), 33.33);
  EXPECT_EQ(progressPercentage(1, 1, 3), 66.67);
  EXPECT_EQ(progressPercentage(2, 1, 3), 100);
}

}  // namespace
}  // namespace sync_sessions
