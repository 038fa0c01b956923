// The tables of pages, revisions and references on both databases: who writes at once, what stays, merges, plans.
#include "wiki/page_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "knowledge/link.hpp"
#include "wiki/page_links.hpp"
#include "wiki/page_merge.hpp"

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

constexpr auto kNow = mortise::timeOf(5'000'000);

class PageStoreTest : public mortise::testing::DatabaseTest {
 protected:
  PageStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Page page(const std::string& slug, const std::string& content = "text",
                   const std::string& project = "proj_1") {
    static int number = 0;
    Page out;
    out.id = "page_" + std::to_string(++number);
    out.projectId = project;
    out.slug = slug;
    out.title = slug;
    out.content = content;
    out.createdAt = out.updatedAt = mortise::timeOf(1'000'000 + number);
    return out;
  }
  // Saves it with its links and a revision.
  Page written(Page page) {
    db().transaction([&](mortise::Transaction& tx) {
      const bool isNew = page.edition == 0;
      ASSERT_TRUE(store_.in(tx).save(page));
      store_.in(tx).addRevision(page, {"ada", std::nullopt, std::nullopt}, page.updatedAt, 200);
      links_.in(tx).saved(page, isNew, page.updatedAt);
    });
    return page;
  }
  std::string backlinks(const Page& page) {
    std::string out;
    for (const auto& link : LinkStore(db()).backlinks(page.projectId, kPageKind, page.id, 100))
      out += link.sourceId + " ";
    return out;
  }
  static mortise::Paging behind(const std::string& cursor, std::int64_t size) {
    auto paging = mortise::Paging::first(size);
    paging.cursor = cursor;
    return paging;
  }
  std::string numbers(const std::string& slug, const std::string& project = "proj_1") {
    std::string out;
    const auto history = store_.history(project, slug, mortise::Paging::first(100));
    for (const auto& revision : history.items) out += std::to_string(revision.revisionNumber) + " ";
    return out;
  }

  std::string texts(const std::string& slug) {
    std::string out;
    for (const auto& text : db().query<std::string>(
             "SELECT content FROM projects_page_revisions WHERE slug = :slug ORDER BY revision_number DESC",
             {{"slug", slug}}))
      out += text + " ";
    return out;
  }
  ProjectMerge merged() {
    ProjectMerge merge;
    merge.from = "proj_1";
    merge.into = "proj_2";
    db().transaction([&](mortise::Transaction& tx) { mergePages(store_.in(tx), links_.in(tx), merge); });
    return merge;
  }

  PageStore store_{db()};
  PageLinks links_{db()};
};

MORTISE_ON_EVERY_DATABASE(PageStoreTest);

TEST_P(PageStoreTest, OfTwoWhoReadTheSameEditionOneWrites) {
  auto first = page("guide", "one two three");
  EXPECT_TRUE(store_.save(first));
  EXPECT_EQ(first.wordCount, 3);
  auto other = page("guide");
  EXPECT_FALSE(store_.save(other)) << "the slug is taken";
  auto a = store_.find("proj_1", "guide").value(), b = a;
  a.content = "a";
  b.content = "b";
  EXPECT_TRUE(store_.save(a));
  EXPECT_FALSE(store_.save(b));
  EXPECT_EQ(store_.find("proj_1", "guide")->content, "a");
  EXPECT_TRUE(store_.save(a)) << "whoever wrote last knows its edition";
  EXPECT_EQ(store_.countOf("proj_1"), 1);
}

TEST_P(PageStoreTest, ManyWhoWriteAtOnceLoseNoRevision) {
  written(page("guide"));
  std::vector<std::thread> threads;
  std::vector<int> saved(8);
  for (std::size_t i = 0; i < saved.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        auto mine = store_.find("proj_1", "guide").value();
        mine.content = std::to_string(i);
        const bool done = db().transaction([&](mortise::Transaction& tx) {
          auto next = mine;
          if (!store_.in(tx).save(next)) return false;
          store_.in(tx).addRevision(next, {}, mortise::timeOf(2), 200);
          return true;
        });
        if (done) ++saved[i];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  int total = 1;
  for (const auto count : saved) total += count;
  const auto history = store_.history("proj_1", "guide", mortise::Paging::first(100)).items;
  EXPECT_EQ(static_cast<int>(history.size()), total);
  EXPECT_EQ(history.front().revisionNumber, total);
  EXPECT_EQ(store_.find("proj_1", "guide")->edition, total);
}

TEST_P(PageStoreTest, RevisionsOutliveThePageAndGoOn) {
  auto one = written(page("guide", "first"));
  one.content = "second";
  written(one);
  EXPECT_TRUE(store_.remove("proj_1", "guide", kNow));
  EXPECT_FALSE(store_.remove("proj_1", "guide", kNow));
  EXPECT_EQ(store_.countOf("proj_1"), 0);
  EXPECT_EQ(numbers("guide"), "2 1 ");
  written(page("guide", "third"));
  EXPECT_EQ(numbers("guide"), "3 2 1 ");
  EXPECT_EQ(texts("guide"), "third second first ");
  const auto page2 = store_.history("proj_1", "guide", behind("3", 1));
  ASSERT_EQ(page2.items.size(), 1U);
  EXPECT_EQ(page2.items[0].revisionNumber, 2);
  EXPECT_EQ(page2.items[0].userId, "ada");
  EXPECT_TRUE(page2.hasMore);
  EXPECT_FALSE(store_.history("proj_1", "guide", behind("3", 2)).hasMore);
}

TEST_P(PageStoreTest, OnlyTheNewestRevisionsAreKept) {
  auto one = page("guide");
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(store_.save(one));
    store_.addRevision(one, {}, one.updatedAt, 3);
  }
  EXPECT_EQ(numbers("guide"), "6 5 4 ");
}

TEST_P(PageStoreTest, LinksFollowTheReferencesOfTexts) {
  const auto a = written(page("a", "[[B]] and [[key decisions]] and [[a]]"));
  const auto b = written(page("b", "nothing"));
  EXPECT_EQ(backlinks(b), a.id + " ") << "a page that was named before it was there";
  EXPECT_EQ(backlinks(a), "") << "not itself";
  auto changed = b;
  changed.content = "[[a]]";
  changed = written(changed);
  EXPECT_EQ(backlinks(a), b.id + " ");
  auto empty = a;
  empty.content = "no more";
  written(empty);
  EXPECT_EQ(backlinks(b), "");
  db().transaction([&](mortise::Transaction& tx) {
    store_.in(tx).remove("proj_1", "b", kNow);
    links_.in(tx).removed("proj_1", b.id);
  });
  EXPECT_EQ(backlinks(a), "");
  const auto key = written(page("key-decisions"));
  EXPECT_EQ(backlinks(key), "") << "a names it no more";
}

TEST_P(PageStoreTest, GeneratedPagesAreListedByThemselves) {
  auto section = page("bugs"), concept_ = page("concept/cache");
  section.autoGenerated = concept_.autoGenerated = true;
  concept_.pageType = PageType::concept_;
  written(section);
  written(concept_);
  written(page("mine"));
  const auto sections = store_.generated("proj_1", PageType::section);
  ASSERT_EQ(sections.size(), 1U);
  EXPECT_EQ(sections[0].slug, "bugs");
  EXPECT_EQ(store_.generated("proj_1", PageType::concept_).size(), 1U);
}

TEST_P(PageStoreTest, AMergeMovesPagesAndRevisionsAndTellsNewSlugs) {
  written(page("guide", "of one"));
  written(page("own", "[[guide]]"));
  auto generated = page("bugs");
  generated.autoGenerated = true;
  written(generated);
  written(page("gone"));
  store_.remove("proj_1", "gone", kNow);
  written(page("guide", "of two", "proj_2"));
  auto theirs = page("bugs", "theirs", "proj_2");
  theirs.autoGenerated = true;
  written(theirs);
  auto merge = merged();
  EXPECT_EQ(merge.stats["pages"], 2);
  EXPECT_EQ(merge.slugRenames, (std::map<std::string, std::string>{{"guide", "guide-2"}}));
  EXPECT_EQ(merge.slugCollisions.size(), 2U);
  EXPECT_EQ(store_.list("proj_1").size(), 0U);
  EXPECT_EQ(store_.countOf("proj_1"), 0);
  EXPECT_EQ(store_.countOf("proj_2"), 4);
  EXPECT_EQ(store_.find("proj_2", "guide-2")->content, "of one");
  EXPECT_EQ(store_.find("proj_2", "guide")->content, "of two");
  EXPECT_EQ(store_.find("proj_2", "bugs")->content, "theirs");
  EXPECT_EQ(numbers("guide-2", "proj_2"), "1 ");
  EXPECT_EQ(numbers("gone", "proj_2"), "1 ");
  EXPECT_EQ(store_.slugsWithHistory("proj_1").size(), 0U);
}

TEST_P(PageStoreTest, AMergeGivesNoSlugTwice) {
  written(page("guide", "of one"));
  written(page("guide-2", "a second of one"));  // the last changed comes first
  for (const char* slug : {"gone", "gone-2"}) {
    written(page(slug, std::string("of one ") + slug));
    store_.remove("proj_1", slug, kNow);
  }
  written(page("old", "written"));
  store_.remove("proj_1", "old", kNow);
  auto generated = page("old", "made of knowledge");
  generated.autoGenerated = true;
  ASSERT_TRUE(store_.save(generated));
  for (const char* slug : {"guide", "gone", "old"}) written(page(slug, "of two", "proj_2"));
  store_.remove("proj_2", "gone", kNow);
  const auto merge = merged();
  EXPECT_EQ(merge.slugRenames, (std::map<std::string, std::string>{{"guide", "guide-3"}}));
  EXPECT_EQ(store_.find("proj_2", "guide-3")->content, "of one");
  EXPECT_EQ(store_.find("proj_2", "guide-2")->content, "a second of one");
  EXPECT_EQ(store_.find("proj_2", "guide")->content, "of two");
  EXPECT_EQ(texts("gone"), "of two ");
  EXPECT_EQ(texts("gone-2"), "of one gone-2 ");
  EXPECT_EQ(texts("gone-3"), "of one gone ");
  EXPECT_EQ(texts("old"), "of two ");
  EXPECT_EQ(texts("old-2"), "written ") << "what people wrote before the page was made of knowledge";
  EXPECT_EQ(store_.countOf("proj_2"), 4);
}

TEST_P(PageStoreTest, RevisionsOfThePagesRemovedLastStay) {
  database().fill("projects_removed_pages", PageStore::kMaxRemovedPages,
                  {{"project_id", "'proj_1'"}, {"slug", "'gone-' || n"}, {"removed_at", "n"}});
  database().fill("projects_page_revisions", PageStore::kMaxRemovedPages,
                  {{"project_id", "'proj_1'"},
                   {"slug", "'gone-' || n"},
                   {"revision_number", "1"},
                   {"revised_at", "n"},
                   {"title", "'Gone'"},
                   {"word_count", "1"},
                   {"content", "'text'"}});
  const auto oldest = db().queryOne<std::string>("SELECT slug FROM projects_removed_pages ORDER BY removed_at LIMIT 1");
  const auto remembered = [&] { return static_cast<std::int64_t>(store_.slugsWithHistory("proj_1").size()); };
  written(page("one"));
  EXPECT_EQ(remembered(), PageStore::kMaxRemovedPages + 1);
  auto generated = page("generated");
  generated.autoGenerated = true;
  ASSERT_TRUE(store_.save(generated));
  store_.remove("proj_1", "generated", kNow);
  EXPECT_EQ(remembered(), PageStore::kMaxRemovedPages + 1) << "it had no history";
  store_.remove("proj_1", "one", kNow);
  EXPECT_EQ(remembered(), PageStore::kMaxRemovedPages);
  EXPECT_EQ(numbers(*oldest), "");
  EXPECT_EQ(numbers("one"), "1 ");
  written(page("one"));
  EXPECT_EQ(numbers("one"), "2 1 ");
  written(page("two"));
  store_.remove("proj_1", "two", kNow);
  EXPECT_EQ(remembered(), PageStore::kMaxRemovedPages + 1) << "one is a page again";
}

TEST_P(PageStoreTest, ListsWalkAlongIndexes) {
  database().fill("projects_pages", kManyRows,
                  {{"id", "'page_' || n"},
                   {"project_id", "'proj_' || (n % 1000)"},
                   {"slug", "'slug-' || n"},
                   {"link_name", "'slug-' || n"},
                   {"title", "'Title'"},
                   {"page_type", "CASE WHEN n % 3 = 0 THEN 'concept' ELSE 'section' END"},
                   {"word_count", "1"},
                   {"entry_count", "0"},
                   {"auto_generated", "CASE WHEN n % 7 = 0 THEN 1 ELSE 0 END"},
                   {"publish", "0"},
                   {"edition", "1"},
                   {"created_at", "n"},
                   {"updated_at", "n"},
                   {"content", "'text'"}});
  database().fill("projects_page_revisions", kManyRows,
                  {{"project_id", "'proj_' || (n % 100)"},
                   {"slug", "'slug-' || (n % 1000)"},
                   {"revision_number", "n"},
                   {"revised_at", "n"},
                   {"title", "'Title'"},
                   {"word_count", "1"},
                   {"content", "'text'"}});
  database().fill(
      "projects_page_references", kManyRows,
      {{"page_id", "'page_' || n"}, {"project_id", "'proj_' || (n % 1000)"}, {"link_name", "'slug-' || (n % 5000)"}});
  database().fill("projects_removed_pages", kManyRows,
                  {{"project_id", "'proj_' || (n % 100)"}, {"slug", "'gone-' || n"}, {"removed_at", "n"}});
  database().analyze();
  auto some = page("slug-7", "text", "proj_7");
  some.linkName = "slug-7";
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.list("proj_7");
    store_.generated("proj_7", PageType::section);
    store_.find("proj_7", "slug-7");
    store_.summaryOf("proj_7", "slug-7");
    store_.countOf("proj_7");
    store_.history("proj_7", "slug-7", mortise::Paging::first(50));
    store_.history("proj_7", "slug-7", behind("5000", 50));
    store_.slugsWithHistory("proj_7");
    store_.remove("proj_7", "slug-7", kNow);
    store_.move("proj_7", "slug-1007", "proj_8", "slug-x");
    store_.referencedBy("page_7");
    store_.referringTo(some);
  }));
}

}  // namespace
}  // namespace projects
