#include "search/session_search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <mortise/db.hpp>
#include <mortise/problem.hpp>

#include <set>
#include <string>
#include <vector>

#include "library/captured_session_store.hpp"
#include "library/tool_family.hpp"
#include "search/search_index.hpp"

namespace session_sharing {
namespace {

using mortise::Paging;
using mortise::timeOf;
using mortise::testing::plansAreIndexed;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kForm = mortise::sizedPages("results", 50);

class Search : public mortise::testing::DatabaseTest {
 protected:
  Search() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  static CapturedSession session(const std::string& id, const std::string& title, const std::string& user = "u-ada01") {
    CapturedSession out;
    out.id = id;
    out.userId = user;
    out.metadata.title = title;
    out.metadata.sourceTool = "claude-code";
    out.blobKey = out.etag = "e";
    out.createdAt = out.updatedAt = out.uploadedAt = timeOf(1000);
    return out;
  }
  void push(const CapturedSession& session, const std::string& text) {
    const auto entry = index_.entry(session, text);
    db().transaction([&](mortise::Transaction& tx) {
      store_.in(tx).put(session);
      index_.in(tx).put(entry);
    });
  }
  void push(const std::string& id, const std::string& title, const std::string& text,
            const std::string& user = "u-ada01") {
    push(session(id, title, user), text);
  }
  FoundSessions find(const std::string& query, const SearchFilter& filter = {},
                     const Paging& paging = Paging::first(20, kForm), const std::string& user = "u-ada01") {
    return search_.find(user, termsOf(query), filter, paging, [] {});
  }
  std::vector<std::string> ids(const std::string& query, const SearchFilter& filter = {},
                               const std::string& user = "u-ada01") {
    std::vector<std::string> out;
    const auto found = find(query, filter, Paging::first(20, kForm), user);
    for (const auto& one : found.sessions) out.push_back(one.id);
    EXPECT_EQ(found.total, static_cast<std::int64_t>(out.size()));
    return out;
  }
  static Paging page(std::int64_t number, std::int64_t size) {
    auto paging = Paging::first(size, kForm);
    paging.page = number;
    paging.skip = (number - 1) * size;
    return paging;
  }

  CapturedSessionStore store_{db()};
  SearchIndex index_{db()};
  SessionSearch search_{db()};
};
MORTISE_ON_EVERY_DATABASE(Search);

TEST_P(Search, FindsWhatHasAllWordsInTitleAndText) {
  push("ses_a", "Fix the parser", "the lexer was wrong");
  push("ses_b", "Lexer", "rewrite of src/lexer/token_stream.cpp");
  push("ses_c", "数据库", "修复数据库连接池的内存泄漏");
  EXPECT_THAT(ids("parser lexer"), ElementsAre("ses_a"));
  EXPECT_THAT(ids("lexers"), SizeIs(2));
  EXPECT_THAT(ids("token_stream.cpp"), ElementsAre("ses_b"));
  EXPECT_THAT(ids("连接池"), ElementsAre("ses_c"));
  EXPECT_THAT(ids("parser nothing"), IsEmpty());
  EXPECT_THAT(ids("\"parser\" AND (lexer*) OR -:^"), IsEmpty()) << "and, or are words";
  EXPECT_THAT(ids("'; DROP TABLE sync_search_texts; --"), IsEmpty());
  EXPECT_THAT(ids("\"'()*!"), IsEmpty());
}

TEST_P(Search, RanksTitlesBeforeTextsAndManyPlacesBeforeFew) {
  push("ses_few", "One", "parser " + std::string(300, 'x'));
  push("ses_many", "Two", "parser parser parser parser " + std::string(300, 'x'));
  push("ses_title", "The parser", "nothing of it");
  for (int i = 0; i < 10; ++i) push("ses_other" + std::to_string(i), "Other", "something else");
  EXPECT_THAT(ids("parser"), ElementsAre("ses_title", "ses_many", "ses_few"));
}

TEST_P(Search, SeesLiveSessionsOfTheCallerAlone) {
  push("ses_a", "Parser", "x");
  push("ses_b", "Parser", "x", "u-bob02");
  push("ses_c", "Parser", "x", "v-ada01");  // the same letters at the end of the id
  EXPECT_THAT(ids("parser"), ElementsAre("ses_a"));
  EXPECT_THAT(ids("parser", {}, "u-bob02"), ElementsAre("ses_b"));
  EXPECT_THAT(ids("parser", {}, "v-ada01"), ElementsAre("ses_c"));
  EXPECT_THAT(ids("parser", {}, "ada01"), IsEmpty());
  store_.moveToTrash("ses_a", "cloud", "u-ada01", timeOf(5000));
  EXPECT_THAT(ids("parser"), IsEmpty());
  store_.takeFromTrash("ses_a");
  EXPECT_THAT(ids("parser"), ElementsAre("ses_a"));
}

TEST_P(Search, FollowsNewTextsTitlesCopiesAndRemovals) {
  push("ses_a", "Parser", "the old text");
  auto changed = session("ses_a", "Parser");
  index_.put(index_.entry(changed, "the new text"));
  EXPECT_THAT(ids("old"), IsEmpty());
  EXPECT_THAT(ids("new"), ElementsAre("ses_a"));
  changed.metadata.title = "Lexer";
  index_.retitle(changed);
  EXPECT_THAT(ids("parser"), IsEmpty());
  EXPECT_THAT(ids("lexer new"), ElementsAre("ses_a"));
  auto copy = session("ses_b", "Lexer", "u-bob02");
  push(copy, index_.text("ses_a"));
  EXPECT_THAT(ids("new lexer", {}, "u-bob02"), ElementsAre("ses_b"));
  EXPECT_TRUE(index_.remove("ses_a"));
  EXPECT_FALSE(index_.remove("ses_a"));
  EXPECT_THAT(ids("lexer"), IsEmpty());
  EXPECT_EQ(index_.text("ses_a"), "");
  EXPECT_THAT(ids("new lexer", {}, "u-bob02"), ElementsAre("ses_b"));
  index_.retitle(changed);  // nothing to change
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_search_words"), 1);
}

TEST_P(Search, FollowsTheRowOfTheSession) {
  push("ses_a", "Parser", "text");
  index_.put(index_.entry(session("ses_none", "Parser"), "text"));  // no such session
  EXPECT_THAT(ids("parser"), ElementsAre("ses_a"));
  run("UPDATE sync_captured_sessions SET tool_family = 'amp', updated_at = 9000 WHERE id = 'ses_a'");
  EXPECT_THAT(ids("parser", {.toolFamily = "amp", .since = timeOf(9000)}), ElementsAre("ses_a"));
  run("UPDATE sync_captured_sessions SET is_deleted = 1 WHERE id = 'ses_a'");
  EXPECT_THAT(ids("parser"), IsEmpty());
}

TEST_P(Search, RanksWhatWasPushedLast) {
  db().transaction([&](mortise::Transaction& tx) {
    for (int i = 0; i < 505; ++i) {
      const auto one = session("ses_" + std::to_string(1000 + i), i == 2 ? "Parser" : "Other");
      store_.in(tx).put(one);
      index_.in(tx).put(index_.entry(one, "parser"));
    }
  });
  EXPECT_NE(find("parser").sessions[0].id, "ses_1002") << "503 came later";
  index_.put(index_.entry(session("ses_1002", "Parser"), "parser once more"));
  EXPECT_EQ(find("parser").sessions[0].id, "ses_1002");
  const auto last = find("parser", {}, page(26, 20)).sessions;
  ASSERT_THAT(last, SizeIs(5));
  EXPECT_EQ(last.back().id, "ses_1000");
}

TEST_P(Search, IsUndoneWithItsTransaction) {
  push("ses_a", "Parser", "text");
  EXPECT_THROW(db().transaction([&](mortise::Transaction& tx) {
    index_.in(tx).put(index_.entry(session("ses_a", "Lexer"), "other"));
    index_.in(tx).put(index_.entry(session("ses_b", "Lexer"), "other"));
    throw mortise::Problem(409, "etag_mismatch");
  }),
               mortise::Problem);
  EXPECT_THAT(ids("parser text"), ElementsAre("ses_a"));
  EXPECT_THAT(ids("lexer"), IsEmpty());
}

TEST_P(Search, FiltersByToolAndTime) {
  auto gemini = session("ses_a", "Parser");
  gemini.metadata.sourceTool = "gemini-cli";
  gemini.updatedAt = timeOf(9000);
  push(gemini, "x");
  push("ses_b", "Parser", "x");
  EXPECT_THAT(ids("parser", {.toolFamily = std::string(toolFamilyOf("gemini")), .since = {}}), ElementsAre("ses_a"));
  EXPECT_THAT(ids("parser", {.toolFamily = "claude-code", .since = {}}), ElementsAre("ses_b"));
  EXPECT_THAT(ids("parser", {.toolFamily = {}, .since = timeOf(5000)}), ElementsAre("ses_a"));
  EXPECT_THAT(ids("parser", {.toolFamily = "claude-code", .since = timeOf(5000)}), IsEmpty());
}

TEST_P(Search, PagesWithoutGapsOrRepeatsBeyondWhatIsRanked) {
  constexpr int kCount = 620;
  db().transaction([&](mortise::Transaction& tx) {
    for (int i = 0; i < kCount; ++i) {
      auto one = session("ses_" + std::to_string(1000 + i), "Parser");
      one.updatedAt = timeOf(1000 + i % 7);
      store_.in(tx).put(one);
      index_.in(tx).put(index_.entry(one, i % 3 == 0 ? "parser parser" : "x"));
    }
  });
  std::set<std::string> seen;
  for (int number = 1; number <= 16; ++number) {
    const auto found = find("parser", {}, page(number, 40));  // 500 is within a page
    EXPECT_EQ(found.total, kCount);
    EXPECT_THAT(found.sessions, SizeIs(number == 16 ? 20 : 40));
    for (const auto& one : found.sessions) EXPECT_TRUE(seen.insert(one.id).second) << one.id;
  }
  const auto beyond = find("parser", {}, page(17, 40));
  EXPECT_EQ(beyond.total, kCount);
  EXPECT_THAT(beyond.sessions, IsEmpty());
}

TEST_P(Search, ShowsTheSessionAndAPartOfItsText) {
  auto one = session("ses_a", "On parsers");
  one.alias = "mine";
  one.metadata.modelId = "m-1";
  one.metadata.messageCount = 7;
  push(one, "before <b>the parser</b> behind");
  push("ses_b", "Parser & <more>", "no word of it");
  const auto found = find("parser").sessions;
  ASSERT_THAT(found, SizeIs(2));
  const auto& a = found[0].id == "ses_a" ? found[0] : found[1];
  const auto& b = found[0].id == "ses_a" ? found[1] : found[0];
  EXPECT_EQ(a.title, "On parsers");
  EXPECT_EQ(a.alias, "mine");
  EXPECT_EQ(a.sourceTool, "claude-code");
  EXPECT_EQ(a.modelId, "m-1");
  EXPECT_EQ(a.messageCount, 7);
  EXPECT_EQ(a.updatedAt, timeOf(1000));
  EXPECT_EQ(a.snippet, "before &lt;b&gt;the <mark>parser</mark>&lt;/b&gt; behind");
  EXPECT_EQ(b.snippet, "<mark>Parser</mark> &amp; &lt;more&gt;");
}

TEST_P(Search, TakesTextsThatNoDatabaseWould) {
  push("ses_a", "x", "x");
  index_.put(index_.entry(session("ses_a", std::string("Par\0ser", 7)),
                          std::string("a\0b \xff\xfe 𝔘nicode 😀 ", 22) + std::string(200000, '\xc3') + " end"));
  EXPECT_THAT(ids("parser"), ElementsAre("ses_a"));
  EXPECT_THAT(ids("unicode"), ElementsAre("ses_a"));
  EXPECT_LE(index_.text("ses_a").size(), 3 * kMaxSearchText);
  std::string different;
  for (int i = 0; i < 60000; ++i) different += std::to_string(i * 7919) + "." + std::to_string(i) + "数";
  push("ses_b", "x", "x");
  index_.put(index_.entry(session("ses_b", different), different));
  EXPECT_THAT(ids("数"), ElementsAre("ses_b"));
}

// The rows of others are none of a search's business.
TEST_P(Search, WalksAlongTheWordsOfOneOwner) {
  constexpr auto kMany = mortise::testing::kManyRows;
  push("ses_mine", "Parser", "my own text");
  database().fill("sync_captured_sessions", kMany,
                  {{"id", "'ses_x' || n"},
                   {"user_id", "'user' || (n % 1000)"},
                   {"title", "'Parser'"},
                   {"tags", "'[]'"},
                   {"source_tool", "'amp'"},
                   {"tool_family", "'amp'"},
                   {"message_count", "1"},
                   {"turn_count", "1"},
                   {"tool_use_count", "1"},
                   {"total_input_tokens", "1"},
                   {"total_output_tokens", "1"},
                   {"blob_key", "'k'"},
                   {"blob_size_bytes", "1"},
                   {"etag", "'e'"},
                   {"created_at", "n"},
                   {"updated_at", "n"},
                   {"uploaded_at", "n"},
                   {"is_deleted", "0"},
                   {"instruction_artifacts", "'[]'"}});
  const bool isSqlite = db().isSqlite();
  database().fill("sync_search_entries", kMany,
                  {{"session_id", "'ses_x' || n"},
                   {"user_id", "'user' || (n % 1000)"},
                   {"tool_family", "'amp'"},
                   {"updated_at", "n"},
                   {"is_deleted", "0"}});
  database().run(
      "INSERT INTO sync_search_texts (number, title, text) SELECT number, 'Parser', 'x' FROM "
      "sync_search_entries WHERE session_id <> 'ses_mine'");
  database().run(isSqlite
                     ? "INSERT INTO sync_search_words (rowid, title, text) SELECT number, 'r' || (number % 1000) || "
                       "'_parser', '' FROM sync_search_entries WHERE session_id <> 'ses_mine'"
                     : "INSERT INTO sync_search_words (rowid, words) SELECT number, CAST('r' || (number % 1000) || "
                       "'_parser:1A' AS TSVECTOR) FROM sync_search_entries WHERE session_id <> 'ses_mine'");
  database().analyze();
  mortise::testing::PlanRules rules;
  rules.smallSort = static_cast<double>(kMany);  // what is found is ranked
  EXPECT_PLANS(plansAreIndexed(
      database(),
      [&] {
        for (const SearchFilter& filter :
             {SearchFilter(), SearchFilter{"amp", timeOf(5)}, SearchFilter{"amp", {}}, SearchFilter{{}, timeOf(5)}}) {
          find("parser text", filter);
          find("parser", filter, page(2, 20));
          find("parser", filter, page(26, 20));
        }
        index_.put(index_.entry(session("ses_mine", "Parser"), "another text"));
        index_.text("ses_mine");
        index_.remove("ses_mine");
      },
      rules));
}

}  // namespace
}  // namespace session_sharing
