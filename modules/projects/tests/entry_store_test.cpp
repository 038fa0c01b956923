// The tables of knowledge entries and links, on both databases; and the plans of their lists.
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <vector>

#include "knowledge/compilation_store.hpp"
#include "knowledge/compile_steps.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/extraction_store.hpp"
#include "knowledge/knowledge_pages.hpp"
#include "knowledge/knowledge_part.hpp"
#include "knowledge/link_store.hpp"
#include "knowledge/retrieval_counts.hpp"
#include "knowledge/section_entries.hpp"

namespace projects {
namespace {

using mortise::timeOf;

constexpr std::int64_t kManyRows = 100'000;

class EntryStoreTest : public mortise::testing::DatabaseTest {
 protected:
  EntryStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  Entry add(Entry entry) const {
    if (entry.projectId.empty()) entry.projectId = "proj_1";
    if (entry.sessionId.empty()) entry.sessionId = "manual";
    if (entry.userId.empty()) entry.userId = "ada";
    if (entry.createdAt == mortise::Time()) entry.createdAt = timeOf(1000);
    store_.hold(entry.projectId);
    EXPECT_TRUE(store_.add(entry, 1'000'000));
    return entry;
  }
  Entry add(const std::string& content, ClaimClass claimClass = ClaimClass::note) const {
    Entry entry;
    entry.content = content;
    entry.claimClass = claimClass;
    return add(entry);
  }
  void addTo(const std::string& projectId, const std::string& content) const {
    Entry entry;
    entry.projectId = projectId;
    entry.content = content;
    add(entry);
  }
  std::vector<std::int64_t> list(const EntryFilter& filter, std::string_view projectId = "proj_1") const {
    std::vector<std::int64_t> ids;
    for (const auto& entry : store_.list(projectId, filter, [] {})) ids.push_back(entry.id);
    return ids;
  }
  std::vector<std::int64_t> found(const std::string& part, EntryOrder order = EntryOrder::newest) const {
    EntryFilter filter;
    filter.textPart = part;
    filter.order = order;
    return list(filter);
  }

  EntryStore store_{db()};
  EntryChanges changes_{db(), "proj_1"};
};
MORTISE_ON_EVERY_DATABASE(EntryStoreTest);

using Ids = std::vector<std::int64_t>;

TEST_P(EntryStoreTest, KeepsEntriesWhole) {
  Entry entry;
  entry.content = "\xC3\x84n entry";
  entry.type = EntryType::bug;
  entry.confidence = 0.25;
  entry.sourceContext = "a.py";
  entry.personaName = "scout";
  entry.authorClass = AuthorClass::agent;
  entry.entityRef = "a.py";
  entry.byReader = true;
  const auto stored = add(entry);
  const auto read = store_.find("proj_1", stored.id).value();
  EXPECT_EQ(read.content, entry.content);
  EXPECT_EQ(read.contentLength, 8);
  EXPECT_EQ(read.confidence, 0.25);
  EXPECT_EQ(read.type, EntryType::bug);
  EXPECT_TRUE(read.byReader);
  EXPECT_FALSE(store_.find("proj_2", stored.id));
  Entry more = entry;
  more.projectId = "proj_1";
  more.sessionId = more.userId = "x";
  more.createdAt = timeOf(1);
  EXPECT_FALSE(store_.add(more, 1));  // there is room for one only
}

TEST_P(EntryStoreTest, ListsByEachFilter) {
  Entry bug;
  bug.content = "the first";
  bug.type = EntryType::bug;
  bug.sessionId = "ses_1";
  bug.sourceContext = "src/A%_.py";
  bug.confidence = 0.5;
  const auto first = add(bug).id;
  Entry claim;
  claim.content = "the second";
  claim.claimClass = ClaimClass::claim;
  claim.personaName = "scout";
  claim.authorClass = AuthorClass::agent;
  claim.confidence = 0.9;
  const auto second = add(claim).id;
  const auto third = add("the third").id;
  addTo("proj_2", "another project's");
  EXPECT_EQ(list({}), (Ids{third, second, first}));
  EXPECT_EQ(list({.type = EntryType::bug}), (Ids{first}));
  EXPECT_EQ(list({.claimClass = ClaimClass::claim}), (Ids{second}));
  EXPECT_EQ(list({.sessionId = "ses_1"}), (Ids{first}));
  EXPECT_EQ(list({.personaName = "scout"}), (Ids{second}));
  EXPECT_EQ(list({.authorClass = AuthorClass::human}), (Ids{third, first}));
  EXPECT_EQ(list({.sourcePart = "A%_"}), (Ids{first}));
  EXPECT_EQ(list({.sourcePart = "a%_"}), (Ids{}));
  EXPECT_EQ(list({.sourcePart = "A_"}), (Ids{}));
  EXPECT_EQ(list({.freshness = Freshness::current}), (Ids{third, second, first}));
  EXPECT_EQ(list({.type = EntryType::discovery, .claimClass = ClaimClass::note}), (Ids{third}));
  EXPECT_TRUE(changes_.dismiss(third, "ada", std::nullopt, timeOf(5)));
  EXPECT_EQ(list({.dismissed = true}), (Ids{third}));
  EXPECT_EQ(list({.pending = true}), (Ids{second, first}));
  EXPECT_EQ(changes_.markCompiledAt({second}, timeOf(9)), 1);
  EXPECT_EQ(list({.pending = false}), (Ids{second}));
  EXPECT_EQ(list({.type = EntryType::bug, .pending = true}), (Ids{first}));
  EXPECT_EQ(list({.order = EntryOrder::confidence}), (Ids{third, second, first}));
  store_.countUsed({first}, timeOf(100));
  EXPECT_EQ(list({.order = EntryOrder::lastRelevant}), (Ids{first, third, second}));
  EXPECT_EQ(list({.isLive = true}), (Ids{second, first}));
  EXPECT_TRUE(changes_.supersede(first, second, "newer"));
  EXPECT_EQ(list({.isLive = true}), (Ids{second}));
  EXPECT_EQ(list({.type = EntryType::bug, .isLive = true}), (Ids{}));
  EXPECT_EQ(list({.before = third, .skip = 5, .limit = 1}), (Ids{second}));
  EXPECT_EQ(list({.skip = 1, .limit = 1}), (Ids{second}));
  EXPECT_EQ(store_.find("proj_1", first)->usedInAnswerCount, 1);
}

TEST_P(EntryStoreTest, FindsPartsOfTexts) {
  const auto first = add("The retry logic in src/net/client.py").id;
  const auto second = add("RETRY: \xC3\x9C"
                          "ber 100%_sure 'quoted' \"words\" \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E")
                          .id;
  addTo("proj_2", "retry of another project");
  EXPECT_EQ(found("retry"), (Ids{second, first}));
  EXPECT_EQ(found("Retry L"), (Ids{first}));
  EXPECT_EQ(found("\xC3\xBC"
                  "BER"),
            (Ids{second}));
  EXPECT_EQ(found("100%_s"), (Ids{second}));
  EXPECT_EQ(found("100__s"), (Ids{}));
  EXPECT_EQ(found("'quoted' \"w"), (Ids{second}));
  EXPECT_EQ(found("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"), (Ids{second}));
  EXPECT_EQ(found("net/cli"), (Ids{first}));
  // Its words stand in the text, and not in a row.
  add("abc bcd");
  EXPECT_EQ(found("abcd"), (Ids{}));
  store_.countUsed({first}, timeOf(7));
  EXPECT_EQ(found("retry", EntryOrder::lastRelevant), (Ids{first, second}));
  EntryFilter paged{.textPart = "retry"};
  paged.skip = paged.limit = 1;
  EXPECT_EQ(list(paged), (Ids{first}));
  paged.before = second;
  EXPECT_EQ(list(paged), (Ids{first}));
  EXPECT_EQ(store_.mentioning("proj_1", {"client", "retry"}, 10, [] {}).size(), 2U);
}

TEST_P(EntryStoreTest, SortsHitsBeforeItReadsThem) {
  Entry entry;
  for (int i = 0; i < 300; ++i) {
    entry.content = "common text number " + std::to_string(i);
    entry.confidence = (i * 7 % 300) / 300.0;
    add(entry);
  }
  EntryFilter filter{.textPart = "common text", .order = EntryOrder::confidence};
  filter.limit = 300;
  auto found = store_.list("proj_1", filter, [] {});
  ASSERT_EQ(found.size(), 300U);
  for (std::size_t i = 1; i < found.size(); ++i) EXPECT_GT(found[i - 1].confidence, found[i].confidence);
  filter.skip = 290;
  filter.limit = 20;
  const auto last = store_.list("proj_1", filter, [] {});
  ASSERT_EQ(last.size(), 10U);
  EXPECT_EQ(last[0].id, found[290].id);
  EXPECT_EQ(last[9].content, found[299].content);
  filter.skip = 300;
  EXPECT_TRUE(store_.list("proj_1", filter, [] {}).empty());
}

TEST_P(EntryStoreTest, CountsTogetherHowOftenEntriesWereFound) {
  const auto first = add("The first fact").id, second = add("The second fact").id;
  const auto counted = [&](std::int64_t id) { return store_.find("proj_1", id)->retrievedCount; };
  {
    RetrievalCounts counts(store_, [](std::string_view reason, std::size_t) { ADD_FAILURE() << reason; });
    counts.start();
    counts.add({first, second});
    counts.add({second});
    counts.add({second, 4711});  // one that is gone
  }
  EXPECT_EQ(counted(first), 1);
  EXPECT_EQ(counted(second), 3);
}

TEST_P(EntryStoreTest, FindsLiveOnesBehindThoseThatAreNot) {
  const auto first = add("common text of the first").id;
  const auto second = add("common text of the second").id;
  const auto third = add("common text of the third").id;
  for (int i = 0; i < 5; ++i) {
    const auto id = add("common text number " + std::to_string(i)).id;
    if (i % 2 == 0) {
      EXPECT_TRUE(changes_.dismiss(id, "ada", std::nullopt, timeOf(5)));
    } else {
      EXPECT_TRUE(changes_.supersede(id, first, "newer"));
    }
  }
  Ids live;
  for (const auto& entry : store_.mentioning("proj_1", {"common", "text"}, 2, [] {})) live.push_back(entry.id);
  EXPECT_EQ(live, (Ids{third, second}));
  EntryFilter filter{.isLive = true};
  filter.limit = 2;
  EXPECT_EQ(list(filter), (Ids{third, second}));
}

TEST_P(EntryStoreTest, FindsAmongManyHits) {
  for (int i = 0; i < 600; ++i) add("common text number " + std::to_string(i));
  EntryFilter filter{.textPart = "common text"};
  filter.limit = 200;
  filter.skip = 500;
  EXPECT_EQ(list(filter).size(), 100U);
  EXPECT_EQ(found("number 599").size(), 1U);
}

TEST_P(EntryStoreTest, StampsTheFirstDismissal) {
  const auto id = add("something").id;
  EXPECT_TRUE(changes_.dismiss(id, "ada", "wrong", timeOf(5)));
  EXPECT_TRUE(changes_.dismiss(id, "bob", std::nullopt, timeOf(6)));
  auto entry = store_.find("proj_1", id).value();
  EXPECT_EQ(entry.dismissedBy, "ada");
  EXPECT_EQ(entry.dismissedAt, timeOf(5));
  EXPECT_EQ(entry.dismissedReason, "wrong");
  EXPECT_TRUE(changes_.dismiss(id, "bob", "old", timeOf(6)));
  EXPECT_EQ(store_.find("proj_1", id)->dismissedReason, "old");
  EXPECT_EQ(store_.find("proj_1", id)->dismissedBy, "ada");
  EXPECT_TRUE(changes_.takeBack(id));
  entry = store_.find("proj_1", id).value();
  EXPECT_FALSE(entry.dismissed || entry.dismissedAt || entry.dismissedBy || entry.dismissedReason);
  EXPECT_FALSE(changes_.dismiss(id + 1000, "ada", std::nullopt, timeOf(5)));
}

TEST_P(EntryStoreTest, DismissesOnlyWhatIsHardlyBelieved) {
  constexpr std::int64_t kDay = 86'400'000'000;
  Entry entry;
  entry.content = "something";
  entry.createdAt = timeOf(kDay);
  entry.confidence = 0.5;
  const auto kept = add(entry).id;
  entry.confidence = 0.49;
  const auto gone = add(entry).id;
  EXPECT_EQ(changes_.dismissStale("ada", timeOf(91 * kDay)), 0);
  EXPECT_EQ(changes_.dismissStale("ada", timeOf(92 * kDay)), 1);
  EXPECT_FALSE(store_.find("proj_1", kept)->dismissed);
  EXPECT_TRUE(store_.find("proj_1", gone)->dismissed);
}

TEST_P(EntryStoreTest, KnowsWhatReplacedWhat) {
  const auto a = add("one").id, b = add("two").id, c = add("three").id;
  EXPECT_TRUE(changes_.supersede(a, b, "newer"));
  EXPECT_TRUE(changes_.supersede(b, c, "newer"));
  EXPECT_TRUE(changes_.isReplacedBy(a, c));
  EXPECT_FALSE(changes_.isReplacedBy(c, a));
  EXPECT_FALSE(changes_.refresh(a, timeOf(3)));
  EXPECT_TRUE(changes_.refresh(c, timeOf(3)));
}

TEST_P(EntryStoreTest, PromotesWhatSaysSomethingElse) {
  const std::string content = "The mail worker in jobs/mail.py waits for the lock of the queue, and then sends ";
  add(content + "it", ClaimClass::claim);
  Entry note;
  note.content = content + "it";
  note.confidence = 0.9;
  add(note);
  note.content = "The clock of the shop in src/shop/clock.cpp ticks once a second and never twice";
  const auto good = add(note).id;
  note.byReader = true;
  note.content = "Somebody who reads says that docs/README.md is wrong about the port of the server";
  add(note);
  note.byReader = false;
  note.confidence = 0.5;
  note.content = "Perhaps the cache in lib/cache.py is too small for what the shop sells in winter";
  const auto unsure = add(note).id;
  add("too short, 20 characters");
  auto done = changes_.promotable({}, [] {});
  EXPECT_EQ(done.ids, (Ids{good}));
  EXPECT_EQ(done.skipped["duplicate"], 1);
  EXPECT_EQ(done.skipped["low_confidence"], 1);
  EXPECT_EQ(done.skipped["too_short"], 1);
  EXPECT_EQ(done.readerNotes, 1);
  done = changes_.promotable({.setConfidence = 0.85, .includeReaderNotes = true}, [] {});
  EXPECT_EQ(done.ids.size(), 3U);
  changes_.promoteAll({unsure}, 0.85, "ada", timeOf(4));
  EXPECT_EQ(store_.find("proj_1", unsure)->confidence, 0.85);
  EXPECT_EQ(store_.find("proj_1", unsure)->claimClass, ClaimClass::claim);
}

TEST_P(EntryStoreTest, LinksAreOneForEachPair) {
  const LinkStore links(db());
  links.replaceFrom("proj_1", kPageKind, "page_1", "references", kPageKind, {"page_2", "page_3", "page_2"}, timeOf(1));
  const auto one = add("one entry").id, two = add("another entry").id;
  links.addTo("proj_1", kEntryKind, {std::to_string(one), std::to_string(two)}, "contributes", kPageKind, "page_2",
              timeOf(2));
  EXPECT_EQ(links.backlinks("proj_1", kPageKind, "page_2", 10).size(), 3U);
  EXPECT_EQ(links.entriesOf("proj_1", "page_2", 10), (Ids{two, one}));
  EXPECT_TRUE(changes_.supersede(two, one, "older"));
  EXPECT_EQ(links.entriesOf("proj_1", "page_2", 1), (Ids{one}));
  EXPECT_TRUE(links.hasEntries("proj_1", "page_2"));
  EXPECT_TRUE(changes_.dismiss(one, "ada", std::nullopt, timeOf(5)));
  EXPECT_TRUE(links.entriesOf("proj_1", "page_2", 10).empty());
  EXPECT_TRUE(links.hasEntries("proj_1", "page_2"));
  EXPECT_TRUE(changes_.dismiss(two, "ada", std::nullopt, timeOf(5)));
  EXPECT_FALSE(links.hasEntries("proj_1", "page_2"));
  links.replaceFrom("proj_1", kPageKind, "page_1", "references", kPageKind, {"page_3"}, timeOf(3));
  EXPECT_EQ(links.backlinks("proj_1", kPageKind, "page_2", 10).size(), 2U);
  EXPECT_EQ(links.backlinks("proj_1", kPageKind, "page_3", 10)[0].createdAt, timeOf(1));
  links.removeOf("proj_1", kPageKind, "page_2");
  EXPECT_TRUE(links.backlinks("proj_1", kPageKind, "page_2", 10).empty());
}

TEST_P(EntryStoreTest, AMergeKeepsWhatTheOtherDoesNotSay) {
  Entry entry;
  entry.content = "Both projects say this";
  const auto stays = add(entry).id;
  entry.projectId = "proj_2";
  const auto same = add(entry).id;
  entry.content = "Only the second says this";
  entry.personaName = "old";
  const auto own = add(entry).id;
  EXPECT_TRUE(EntryChanges(db(), "proj_2").supersede(own, same, "newer"));
  LinkStore(db()).put({.projectId = "proj_2",
                       .sourceType = kEntryKind,
                       .sourceId = std::to_string(same),
                       .targetType = kEntryKind,
                       .targetId = std::to_string(own),
                       .linkType = "contradicts"});
  ProjectMerge merge;
  merge.from = "proj_2";
  merge.into = "proj_1";
  merge.personaRenames["old"] = "new";
  KnowledgePart part(db());
  db().transaction([&](mortise::Transaction& tx) { part.merged(tx, merge); });
  EXPECT_EQ(merge.skippedEntries, (Ids{same}));
  EXPECT_EQ(merge.stats["knowledge_entries"], 1);
  EXPECT_EQ(merge.skippedLinks.size(), 1U);
  EXPECT_EQ(store_.find("proj_1", own)->personaName, "new");
  EXPECT_EQ(store_.find("proj_1", own)->supersededBy, stays);
  EXPECT_EQ(found("second says"), (Ids{own}));
  EXPECT_EQ(list({}, "proj_2"), (Ids{}));
  db().transaction([&](mortise::Transaction& tx) { part.removed(tx, "proj_1"); });
  EXPECT_EQ(list({}), (Ids{}));
  if (!db().isSqlite()) {  // there the index can't be walked
    EXPECT_EQ(db().queryOne<std::int64_t>("SELECT COUNT(*) FROM projects_entry_words").value_or(0), 0);
  }
}

TEST_P(EntryStoreTest, LooksThroughEachArchiveOnce) {
  const ExtractionStore extractions(db());
  const Extraction first{"ses_1", "ada", "etag1"};
  extractions.request(first, timeOf(1));
  ASSERT_EQ(extractions.due(timeOf(1), 10).size(), 1U);
  EXPECT_TRUE(extractions.begin("proj_1", first, timeOf(2)));
  EXPECT_FALSE(extractions.begin("proj_1", first, timeOf(2)));
  extractions.request({"ses_1", "ada", "etag2"}, timeOf(3));
  extractions.done(first);  // another archive was pushed meanwhile
  EXPECT_EQ(extractions.due(timeOf(3), 10).size(), 1U);
  extractions.postpone({"ses_1", "ada", "etag2"}, timeOf(9));
  EXPECT_TRUE(extractions.due(timeOf(3), 10).empty());
  EXPECT_EQ(extractions.due(timeOf(9), 10)[0].tries, 1);
  extractions.requestBackFill("proj_1", "ada", timeOf(1));
  extractions.requestBackFill("proj_1", "ada", timeOf(2));
  EXPECT_EQ(extractions.backFills(10).size(), 1U);
  extractions.requestBackFill("proj_2", "bob", timeOf(2));
  extractions.postpone(extractions.backFills(1)[0], timeOf(3));
  EXPECT_EQ(extractions.backFills(10)[0].projectId, "proj_2");
  EXPECT_EQ(extractions.backFills(10)[1].tries, 1);
  extractions.removeBackFill({"proj_2", "bob"});
  EXPECT_EQ(extractions.forgetBefore(timeOf(3), 10), 1);
  extractions.userForgotten("ada");
  EXPECT_TRUE(extractions.backFills(10).empty() && extractions.due(timeOf(99), 10).empty());
}

TEST_P(EntryStoreTest, ListsAlongAnIndexHoweverMuchThereIs) {
  const std::string words = GetParam() == mortise::testing::Backend::sqlite ? "'w' || n" : "CAST('w' || n AS TSVECTOR)";
  database().fill("projects_entries", kManyRows,
                  {{"project_id", "'proj_' || (n % 5)"},
                   {"session_id", "'ses_' || (n % 1000)"},
                   {"user_id", "'user' || (n % 50)"},
                   {"entry_type", "CASE WHEN n % 2 = 0 THEN 'bug' ELSE 'pattern' END"},
                   {"confidence", "(n % 100) / 100.0"},
                   {"persona_name", "'persona' || (n % 20)"},
                   {"author_class", "CASE WHEN n % 3 = 0 THEN 'agent' ELSE 'human' END"},
                   {"created_at", "n"},
                   {"compiled_at", "CASE WHEN n % 4 = 0 THEN n ELSE NULL END"},
                   {"dismissed", "CASE WHEN n % 7 = 0 THEN 1 ELSE 0 END"},
                   {"claim_class", "CASE WHEN n % 3 = 0 THEN 'claim' ELSE 'note' END"},
                   {"entity_ref", "CASE WHEN n % 9 = 0 THEN 'entity' || (n % 500) ELSE NULL END"},
                   {"freshness_class", "CASE WHEN n % 11 = 0 THEN 'stale' ELSE 'current' END"},
                   {"retrieved_count", "0"},
                   {"used_in_answer_count", "0"},
                   {"compiled_count", "0"},
                   {"last_relevant_at", "CASE WHEN n % 2 = 0 THEN n ELSE NULL END"},
                   {"by_reader", "0"},
                   {"content_length", "10"},
                   {"source_context", "'src'"},
                   {"content", "'Entry number ' || n"}});
  database().fill("projects_entry_words", kManyRows, {{"rowid", "n"}, {"words", words}});
  database().fill("projects_links", kManyRows,
                  {{"project_id", "'proj_' || (n % 5)"},
                   {"source_type", "'entry'"},
                   {"source_id", "CAST(n AS TEXT)"},
                   {"target_type", "'page'"},
                   {"target_id", "'page_' || (n % 1000)"},
                   {"link_type", "'contributes'"},
                   {"confidence", "1"},
                   {"created_at", "n"}});
  database().fill("projects_compilations", kManyRows,
                  {{"project_id", "'proj_' || (n % 5)"},
                   {"user_id", "'ada'"},
                   {"entries_compiled", "1"},
                   {"compiled_at", "n"},
                   {"context_words_before", "1"},
                   {"context_words_after", "1"},
                   {"trigger_kind", "'manual'"},
                   {"manifest", "'{}'"},
                   {"page_slug", "CASE WHEN n % 2 = 0 THEN 'slug' ELSE NULL END"}});
  database().fill("projects_section_entries", kManyRows,
                  {{"entry_id", "n"},
                   {"project_id", "'proj_' || (n % 5)"},
                   {"section", "'section' || (n % 100)"},
                   {"compilation_id", "1"}});
  database().fill("projects_extractions", kManyRows,
                  {{"session_id", "'ses_' || n"},
                   {"user_id", "'ada'"},
                   {"etag", "'x'"},
                   {"due_at", "CASE WHEN n % 100 = 0 THEN n ELSE NULL END"},
                   {"tries", "0"}});
  database().fill("projects_back_fills", kManyRows,
                  {{"project_id", "'proj_' || n"}, {"user_id", "'ada'"}, {"requested_at", "n"}});
  database().fill("projects_knowledge", kManyRows,
                  {{"project_id", "'proj_' || n"},
                   {"turns", "1"},
                   {"entries", "1"},
                   {"compile_wanted_at", "CASE WHEN n % 100 = 0 THEN n ELSE NULL END"}});
  database().analyze();
  const auto lists = [&](const EntryFilter& filter) {
    auto next = filter;
    next.before = 50'000;
    list(filter);
    list(next);
  };
  const CompileSteps steps(db(), "proj_1", timeOf(100'000), [] {});
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    lists({});
    lists({.type = EntryType::bug});
    lists({.claimClass = ClaimClass::claim});
    lists({.freshness = Freshness::stale});
    lists({.dismissed = true});
    lists({.sessionId = "ses_1"});
    lists({.personaName = "persona1"});
    lists({.authorClass = AuthorClass::agent});
    lists({.pending = true});
    lists({.pending = false});
    list({.order = EntryOrder::confidence});
    list({.order = EntryOrder::lastRelevant});
    store_.find("proj_1", 1);
    store_.addedBy("proj_1", "user1", timeOf(50'000), 500);
    store_.claimsOf("proj_1", "ses_1", 5);
    store_.countRetrieved({7, 8}, 2);
    store_.countUsed({7, 8}, timeOf(1));
    changes_.pendingClaims(50'000);
    LinkStore(db()).backlinks("proj_1", kPageKind, "page_1", 100);
    CompilationStore(db()).list("proj_1", 20, 1000);
    CompilationStore(db()).lastAt("proj_1");
    Compilation document;
    document.projectId = "proj_1";
    CompilationStore(db()).add(document, 10);
    Compilation page;
    page.projectId = "proj_1";
    page.pageSlug = "slug";
    CompilationStore(db()).add(page, 10);
    SectionEntries(db(), "proj_1").of("section1", 10);
    CompilationStore(db()).countOf("proj_1");
    ExtractionStore(db()).due(timeOf(100'000), 100);
    ExtractionStore(db()).backFills(10);
    store_.projectsToCompile(50);
    steps.supersessions(180, false);
    steps.recent(10);
  }));
  EXPECT_PLANS(plansAreIndexed(database(), [&] { changes_.pendingTexts(200); }, {.smallSort = 10'000}));
  for (const auto& statement : database().record([&] {
         changes_.pendingClaims(50'000);
         changes_.pendingTexts(200);
         steps.pending();
       }))
    EXPECT_NE(planOf(database(), statement).find("projects_entries_pending_claims"), std::string::npos)
        << planOf(database(), statement);
  EXPECT_PLANS(plansAreIndexed(database(),
                               [&] {
                                 list({.type = EntryType::bug, .claimClass = ClaimClass::claim, .dismissed = false});
                                 list({.sessionId = "ses_1", .authorClass = AuthorClass::agent, .sourcePart = "src"});
                                 list({.type = EntryType::bug, .order = EntryOrder::confidence});
                                 list({.sessionId = "ses_1", .order = EntryOrder::lastRelevant});
                                 store_.newestTexts("proj_1", 50);
                                 store_.liveOfEntity("proj_1", "entity9");
                                 LinkStore(db()).entriesOf("proj_1", "page_1", 10);
                                 LinkStore(db()).hasEntries("proj_1", "page_1");
                                 list({.claimClass = ClaimClass::claim, .isLive = true});
                                 KnowledgePages(db(), "proj_1", timeOf(100'000), [] {}).rebuild(30);
                                 found("entry");
                               },
                               {.mayFilter = true}));
}

}  // namespace
}  // namespace projects
