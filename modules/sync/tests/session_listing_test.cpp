// The lists of captured sessions: what each filter and order shows, what the totals say, and the plan of every
// statement.
#include "library/session_listing.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "captured_sessions_testing.hpp"
#include "library/captured_session_store.hpp"
#include "library/tool_family.hpp"

namespace session_sharing {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using Sort = ListQuery::Sort;

constexpr auto kPages = mortise::sizedPages("sessions");

// Every set of filters with every order.
std::vector<ListQuery> everyQuery(const std::string& user) {
  std::vector<ListQuery> queries;
  for (const bool deleted : {false, true}) {
    for (const char* tool : {"", "gemini-cli", "tool3"}) {
      for (const char* tag : {"", "ci"}) {
        for (const auto& models : std::vector<std::vector<std::string>>{{}, {"m1"}, {"m2", "unknown", "m1", "m1"}}) {
          for (const auto sort : {Sort::updatedAt, Sort::model}) {
            for (const bool ascending : {false, true})
              queries.push_back({user, deleted, tool, tag, models, sort, ascending});
          }
        }
      }
    }
  }
  return queries;
}

ListQuery of(const std::string& user, const std::string& tag = "") {
  ListQuery query;
  query.userId = user;
  query.tag = tag;
  return query;
}

std::string nameOf(const ListQuery& query) {
  return query.sourceTool + "/" + query.tag + "/" + std::to_string(query.models.size()) + " models" +
         (query.isDeleted ? " deleted" : "") + (query.sort == Sort::model ? " by model" : "") +
         (query.isAscending ? " asc" : "");
}

class CapturedLists : public CapturedSessionTest {
 protected:
  static mortise::Paging page(std::int64_t number, std::int64_t size) {
    auto paging = mortise::Paging::first(size, kPages);
    paging.page = number;
    paging.skip = (number - 1) * size;
    return paging;
  }
  // Of every kind a few, with equal times among them; of two users.
  void putSome() {
    int n = 0;
    for (int round = 0; round < 2; ++round) {
      for (const char* user : {"ada", "bob"}) {
        for (const char* tool : {"gemini", "gemini-cli", "tool3", "copilot-cli"}) {
          for (const char* model : {"", "m1", "m2", "m3", "unknown"}) {
            auto session = captured("ses_1000" + std::to_string(1000 + n), 1000 + n % 7, user);
            session.metadata.sourceTool = tool;
            if (*model != 0) session.metadata.modelId = model;
            if (n % 3 != 0) session.metadata.tags = {"ci", "tag" + std::to_string(n % 2), "ci"};
            ASSERT_TRUE(store_.put(session));
            if (n % 4 == 0) store_.moveToTrash(session.id, "cloud", user, mortise::timeOf(0));
            ++n;
          }
        }
      }
    }
  }
  // What the contract promises, from all sessions.
  std::vector<std::string> expected(const ListQuery& query) {
    auto all = mortise::db::rows<CapturedSession>(db());
    const auto modelOf = [](const CapturedSession& session) {
      const auto model = session.metadata.modelId.value_or("");
      return model == "unknown" ? "" : model;
    };
    std::erase_if(all, [&](const CapturedSession& session) {
      const auto& tags = session.metadata.tags;
      const auto wants = [&](const std::string& model) {
        return (model == "unknown" ? "" : model) == modelOf(session);
      };
      return session.userId != query.userId || session.isDeleted != query.isDeleted ||
             (!query.sourceTool.empty() &&
              toolFamilyOf(session.metadata.sourceTool) != toolFamilyOf(query.sourceTool)) ||
             (!query.tag.empty() && std::find(tags.begin(), tags.end(), query.tag) == tags.end()) ||
             (!query.models.empty() && std::none_of(query.models.begin(), query.models.end(), wants));
    });
    std::sort(all.begin(), all.end(), [&](const CapturedSession& a, const CapturedSession& b) {
      const bool byModel = query.sort == Sort::model;
      const auto rank = [&](const CapturedSession& session) {
        return std::pair(modelOf(session).empty(), modelOf(session));
      };
      if (byModel && rank(a) != rank(b)) return query.isAscending ? rank(a) < rank(b) : rank(b) < rank(a);
      const auto left = std::pair(a.updatedAt, a.id), right = std::pair(b.updatedAt, b.id);
      return query.isAscending && !byModel ? left < right : right < left;
    });
    std::vector<std::string> ids;
    for (const auto& session : all) ids.push_back(session.id);
    return ids;
  }
  std::vector<std::string> listed(const ListQuery& query, std::int64_t size) {
    std::vector<std::string> ids;
    for (std::int64_t number = 1;; ++number) {
      const auto part = listing_.list(query, page(number, size));
      for (const auto& session : part.items) ids.push_back(session.id);
      EXPECT_EQ(part.hasMore, static_cast<std::int64_t>(ids.size()) < part.total) << nameOf(query);
      if (part.items.empty() || !part.hasMore) return ids;
    }
  }

  CapturedSessionStore store_{db()};
  SessionListing listing_{db()};
};
MORTISE_ON_EVERY_DATABASE(CapturedLists);

TEST_P(CapturedLists, ShowWhatTheirFiltersAndOrderSay) {
  putSome();
  for (const auto& query : everyQuery("ada")) {
    const auto ids = expected(query);
    EXPECT_EQ(listed(query, 3), ids) << nameOf(query);
    EXPECT_EQ(listed(query, 100), ids) << nameOf(query);
    EXPECT_EQ(listing_.list(query, page(1, 1)).total, static_cast<std::int64_t>(ids.size())) << nameOf(query);
  }
}

TEST_P(CapturedLists, FollowEveryChange) {
  auto session = captured("ses_11111111");
  session.metadata.tags = {"old"};
  store_.put(session);
  const auto all = of("ada"), tagged = of("ada", "new"), old = of("ada", "old");
  auto trash = all;
  trash.isDeleted = true;
  SessionChange change;
  change.tags = std::vector<std::string>{"new"};
  store_.change(session.id, change, mortise::timeOf(5));
  EXPECT_EQ(listing_.list(tagged, page(1, 10)).total, 1);
  EXPECT_EQ(listing_.list(old, page(1, 10)).total, 0);
  store_.moveToTrash(session.id, "cloud", "ada", mortise::timeOf(6));
  EXPECT_EQ(listing_.list(all, page(1, 10)).total, 0);
  EXPECT_EQ(listing_.list(trash, page(1, 10)).items.front().id, session.id);
  store_.takeFromTrash(session.id);
  EXPECT_EQ(listing_.list(tagged, page(1, 10)).items.front().etag, session.etag);
  store_.erase(session.id);
  EXPECT_EQ(listing_.list(all, page(1, 10)).total, 0);
}

TEST_P(CapturedLists, TakeAnyText) {
  auto session = captured("ses_11111111");
  session.metadata.modelId = std::string(5000, 'm');
  session.metadata.sourceTool = std::string(5000, 't');
  session.metadata.tags = std::vector<std::string>(300, std::string(5000, 'x'));
  for (int i = 0; i < 300; ++i) session.metadata.tags.push_back("tag" + std::to_string(i));
  store_.put(session);
  auto longQuery = of("ada");
  longQuery.sourceTool = std::string(5000, 't');
  longQuery.models = {std::string(5000, 'm')};
  EXPECT_EQ(listing_.list(longQuery, page(1, 10)).total, 1);
  EXPECT_EQ(listing_.list(of("ada", "tag1"), page(1, 10)).total, 1);
  EXPECT_EQ(listing_.list(of("ada", std::string(5000, 'x')), page(1, 10)).total, 0);
  EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_captured_listing"),
            static_cast<std::int64_t>(SessionListing::kMaxTags) + 1);
}

TEST_P(CapturedLists, AreEmptyBeyondTheirLastPage) {
  putSome();
  const auto beyond = listing_.list(of("ada"), page(1000, 10));
  EXPECT_TRUE(beyond.items.empty());
  EXPECT_EQ(beyond.total, 30);
  EXPECT_EQ(beyond.object().build().text(),
            R"({"sessions":[],"total":30,"page":1000,"page_size":10,"has_more":false})");
}

TEST_P(CapturedLists, WalkAlongAnIndexHoweverManySessionsThereAre) {
  fillLists(kManyRows);
  // Of 10 rows more than a deep skip, that both directions are walked.
  run("UPDATE sync_captured_listing SET user_id = 'user1' WHERE user_id IN ('user2', 'user3', 'user4', 'user5')");
  run("DELETE FROM sync_captured_counts");
  run("INSERT INTO sync_captured_counts (user_id, is_deleted, tag, tool_family, model, sessions, bytes) "
      "SELECT user_id, is_deleted, tag, tool_family, model, COUNT(*), SUM(bytes) FROM sync_captured_listing "
      "GROUP BY user_id, is_deleted, tag, tool_family, model");
  database().analyze();
  for (const auto& query : everyQuery("user1")) {
    EXPECT_PLANS(plansAreIndexed(database(), [&] {
      for (const std::int64_t number : {1, 2, 230}) listing_.list(query, page(number, 20));
    })) << nameOf(query);
  }
}

}  // namespace
}  // namespace session_sharing
