// The module in a real server: what its users see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/testing/module_harness.hpp>
#include <mortise/testing/refusals.hpp>
#include <mortise/testing/rights.hpp>

#include <string>
#include <vector>

namespace {

using mortise::testing::Answer;
using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;
using mortise::testing::Rights;
using ::testing::HasSubstr;

// [harness]
class BookmarksModule : public ::testing::Test {
 protected:
  // The member `name` of a flat JSON object of texts.
  static std::string member(const Answer& answer, const std::string& name) {
    const auto at = answer.body.find("\"" + name + "\":\"") + name.size() + 4;
    return answer.body.substr(at, answer.body.find('"', at) - at);
  }
  Answer add(const std::string& name, const std::string& more = "") const {
    return ada_.post("/api/bookmarks",
                     R"({"url":"https://example.org/)" + name + R"(","title":")" + name + "\"" + more + "}");
  }
  Answer change(const Client& client, const std::string& path, const std::string& etag, const std::string& body) const {
    return client.request("PATCH", path, body, {"If-Match: " + etag});
  }

  ModuleHarness harness_{BOOKMARKS_FILE, {{"bookmarks.most_per_user", "3"}}};
  Client ada_ = harness_.as("bookmarks.use");
  Client bob_ = harness_.as("bookmarks.use");
};

TEST_F(BookmarksModule, ChangesTheStateThatIfMatchNames) {
  const auto added = add("a", R"(,"expires_at":"2999-01-01T00:00:00Z")");
  EXPECT_EQ(added.status, 201);
  const auto path = "/api/bookmarks/" + member(added, "id");
  const auto etag = added.headers.at("etag");
  const auto changed = change(ada_, path, etag, R"({"title":"A","expires_at":null})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_THAT(changed.body, HasSubstr(R"("title":"A","folder":"")"));
  EXPECT_THAT(changed.body, HasSubstr(R"("expires_at":null)"));
  EXPECT_EQ(change(ada_, path, etag, R"({"folder":"x"})").code, "bookmark_changed");
  EXPECT_EQ(change(ada_, path, changed.headers.at("etag"), R"({"folder":"x"})").status, 200);
  EXPECT_EQ(ada_.patch(path, R"({"folder":"x"})").field, "header/If-Match");
}
// [/harness]

TEST_F(BookmarksModule, ListsFiltersAndPages) {
  add("a");
  add("b", R"(,"folder":"later")");
  add("c");
  const auto page = ada_.get("/api/bookmarks?page=2&page_size=2");
  EXPECT_THAT(page.body, HasSubstr(R"("title":"a")"));
  EXPECT_THAT(page.body, HasSubstr(R"("total":3,"page":2,"page_size":2,"has_more":false)"));
  EXPECT_THAT(ada_.get("/api/bookmarks?folder=later").body, HasSubstr(R"("total":1)"));
  EXPECT_THAT(ada_.get("/api/bookmarks?q=C").body, HasSubstr(R"("total":1)"));
  EXPECT_THAT(bob_.get("/api/bookmarks").body, HasSubstr(R"("bookmarks":[],"total":0)"));
}

TEST_F(BookmarksModule, ShowsAndRemovesOnesOwnOnly) {
  const auto path = "/api/bookmarks/" + member(add("a"), "id");
  EXPECT_EQ(ada_.get(path).status, 200);
  EXPECT_EQ(bob_.get(path).code, "bookmark_not_yours");
  EXPECT_EQ(change(bob_, path, "\"1\"", "{}").status, 403);
  EXPECT_EQ(bob_.del(path).status, 403);
  EXPECT_EQ(ada_.del(path).status, 204);
  const auto gone = ada_.get(path);
  EXPECT_EQ(gone.code, "not_found");
  EXPECT_THAT(gone.body, HasSubstr("there is no such bookmark"));
  EXPECT_EQ(ada_.del(path).status, 404);
}

TEST_F(BookmarksModule, RefusesWhatIsKnownFullOrNoDate) {
  add("a");
  EXPECT_EQ(add("a").code, "bookmark_known");
  EXPECT_EQ(add("b", R"(,"expires_at":"2023-02-29T00:00:00Z")").field, "body/expires_at");
  add("b");
  add("c");
  const auto full =
      ada_.request("POST", "/api/bookmarks", R"({"url":"https://d.example","title":"d"})", {"Accept-Language: zh-CN"});
  EXPECT_EQ(full.code, "bookmarks_full");
  EXPECT_THAT(full.body, HasSubstr("书签最多 3 个"));
}

TEST_F(BookmarksModule, TakesInWhatItWritesOut) {
  const auto upload = [](const Client& client, const std::string& file) {
    return client.request(
        "POST", "/api/bookmarks/file",
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.tsv\"\r\n\r\n" + file + "\r\n--b--\r\n",
        {"Content-Type: multipart/form-data; boundary=b"});
  };
  add("a");
  add("b");
  const auto file = ada_.get("/api/bookmarks/file");
  EXPECT_EQ(file.body, "https://example.org/a\ta\nhttps://example.org/b\tb\n");
  EXPECT_THAT(file.headers.at("content-type"), HasSubstr("text/tab-separated-values"));
  EXPECT_EQ(upload(bob_, file.body).body, R"({"added":2})");
  EXPECT_EQ(upload(bob_, file.body).body, R"({"added":0})");
  EXPECT_EQ(bob_.get("/api/bookmarks/file").body, file.body);
  EXPECT_EQ(upload(bob_, "https://c.example\tc\nhttps://d.example\td\n").code, "bookmarks_full");
  EXPECT_EQ(upload(bob_, "https://c.example\tc\nnonsense\n").code, "line_unreadable");
  EXPECT_EQ(bob_.get("/api/bookmarks/file").body, file.body);
}

// [refusals]
TEST(BookmarksContract, RefusesWhatItSaysItRefuses) {
  ModuleHarness harness{BOOKMARKS_FILE, Refusals::options()};
  EXPECT_EQ(Refusals::of(harness, "bookmarks").failures(), "");
}
// [/refusals]

// [rights]
TEST(BookmarksContract, LetsInWhomItSaysItLetsIn) {
  ModuleHarness harness{BOOKMARKS_FILE, Rights::options()};
  EXPECT_EQ(Rights::of(harness, "bookmarks").failures(), "");
}
// [/rights]

}  // namespace
