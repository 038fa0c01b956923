// Compiling: the steps on both databases, 50,000 claims, and 2,000 histories made by chance.
#include <gtest/gtest.h>
#include <mortise/problem.hpp>
#include <mortise/testing/test_database.hpp>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "knowledge/compilation_store.hpp"
#include "knowledge/compiler.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/knowledge_pages.hpp"
#include "knowledge/link_store.hpp"
#include "knowledge/section_entries.hpp"
#include "registry/project_store.hpp"
#include "wiki/page_store.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

using mortise::Time;
using mortise::timeOf;
using Ids = std::vector<std::int64_t>;
using std::chrono::hours;

const Time kNow = mortise::parseTime("2026-06-01T12:00:00Z").value();
constexpr std::int64_t kKept = 30;  // compilations
Time daysAgo(int days) { return kNow - hours(24 * days); }

// What both kinds of tests need of a project.
class Compiled {
 public:
  explicit Compiled(mortise::Db db) : db_(db) {}

  Project make(const std::string& id, std::string_view document = "") const {
    Project project;
    project.id = id;
    project.name = "Shop";
    project.gitRemote = "acme/" + id;
    project.ownerId = "ada";
    project.createdAt = project.updatedAt = kNow;
    EXPECT_TRUE(ProjectStore(db_).add(project, document));
    return project;
  }
  std::int64_t add(const Project& project, Entry entry) const {
    entry.projectId = project.id;
    if (entry.sessionId.empty()) entry.sessionId = "manual";
    entry.userId = "ada";
    if (entry.createdAt == Time()) entry.createdAt = daysAgo(1);
    const EntryStore store(db_);
    store.hold(project.id);
    EXPECT_TRUE(store.add(entry, 1'000'000));
    return entry.id;
  }
  std::int64_t claim(const Project& project, EntryType type, const std::string& content, double confidence = 0.9,
                     int age = 1, std::optional<std::string> about = {}) const {
    Entry entry;
    entry.type = type;
    entry.content = content;
    entry.confidence = confidence;
    entry.createdAt = daysAgo(age);
    entry.claimClass = ClaimClass::claim;
    entry.entityRef = std::move(about);
    return add(project, entry);
  }
  Compilation compile(const Project& project, Time now = kNow, bool fromEmpty = false) const {
    CompileOrder order;
    order.userId = "ada";
    order.now = now;
    order.fromEmpty = fromEmpty;
    return compiler_.compile(project, order).compilation;
  }
  Entry entry(const Project& project, std::int64_t id) const { return EntryStore(db_).find(project.id, id).value(); }
  std::string document(const Project& project) const { return ProjectStore(db_).document(project.id).text; }
  std::vector<KnowledgeLink> linksTo(const Project& project, std::int64_t id) const {
    return LinkStore(db_).backlinks(project.id, kEntryKind, std::to_string(id), 100);
  }

  mortise::Db db_;
  Compiler compiler_{db_, nullptr, kKept};
};

class CompileTest : public mortise::testing::DatabaseTest {
 protected:
  CompileTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}
  Compiled on_{db()};
};
MORTISE_ON_EVERY_DATABASE(CompileTest);

TEST_P(CompileTest, WritesFactsBelowTheirHeadings) {
  const auto project = on_.make("proj_1", "# Project Context\n\n## Key Decisions\n\n## Team\n");
  const auto decision = on_.claim(project, EntryType::decision, "Use PostgreSQL for everything that lasts.");
  const auto doubtful = on_.claim(project, EntryType::bug, "The clock may be late.", 0.4);
  Entry note;
  note.content = "A note stays a note, whatever happens.";
  note.confidence = 1;
  const auto kept = on_.add(project, note);
  const auto done = on_.compile(project);
  EXPECT_EQ(done.entriesCompiled, 2);
  EXPECT_EQ(done.sectionPages, 2);
  EXPECT_FALSE(done.noopReason);
  EXPECT_EQ(on_.document(project),
            "# Project Context\n\n## Key Decisions\n\n- Use PostgreSQL for everything that lasts.\n\n## Team\n\n"
            "## Unverified\n\n- The clock may be late. (unverified)\n\n## Recent Changes\n\n### 2026-05-31\n\n"
            "- [bug] The clock may be late.\n- [decision] Use PostgreSQL for everything that lasts.\n");
  EXPECT_EQ(done.contextAfter, on_.document(project));
  EXPECT_EQ(done.wordsAfter, countWords(on_.document(project)));
  const auto marked = on_.entry(project, decision);
  EXPECT_EQ(marked.compiledAt, kNow);
  EXPECT_EQ(marked.lastRelevantAt, kNow);
  EXPECT_EQ(marked.compiledCount, 1);
  EXPECT_FALSE(on_.entry(project, kept).compiledAt);
  const auto sources = SectionEntries(db(), project.id).of("key_decisions", 10);
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0].entryId, decision);
  EXPECT_EQ(sources[0].compilationId, done.id);
  const auto page = PageStore(db()).find(project.id, "key-decisions").value();
  EXPECT_EQ(page.content, "# Key Decisions\n\n- Use PostgreSQL for everything that lasts.\n");
  EXPECT_TRUE(page.autoGenerated);

  // What is believed moves up.
  EXPECT_TRUE(EntryChanges(db(), project.id).setConfidence(doubtful, 0.9));
  EXPECT_EQ(on_.compile(project).entriesCompiled, 1);
  EXPECT_EQ(on_.document(project).find("unverified"), std::string::npos);
  EXPECT_NE(on_.document(project).find("## Known Issues & Workarounds\n\n- The clock may be late.\n"),
            std::string::npos);

  const auto nothing = on_.compile(project);
  EXPECT_EQ(nothing.id, 0);
  EXPECT_TRUE(nothing.noopReason);
  EXPECT_FALSE(nothing.contextAfter);
  EXPECT_EQ(nothing.compiledAt, kNow);
}

TEST_P(CompileTest, NewerEntriesReplaceOlderOnes) {
  const auto project = on_.make("proj_1");
  const std::string text = "The limit of the client is one two three four five six seven eight nine";
  const auto older = on_.claim(project, EntryType::decision, text, 0.9, 3, "client");
  const auto newer = on_.claim(project, EntryType::decision, text + " ten", 0.9, 2, "client");
  const auto other =
      on_.claim(project, EntryType::decision, "The limit of the client is another one", 0.9, 1, "client");
  const auto bug = on_.claim(project, EntryType::bug, text, 0.9, 1, "client");
  Entry reader;
  reader.content = text + " eleven";
  reader.confidence = 0.9;
  reader.type = EntryType::decision;
  reader.entityRef = "client";
  reader.byReader = true;
  on_.add(project, reader);
  EXPECT_EQ(on_.compile(project).entriesCompiled, 3);
  const auto replaced = on_.entry(project, older);
  EXPECT_EQ(replaced.freshness, Freshness::superseded);
  EXPECT_EQ(replaced.supersededBy, newer);
  EXPECT_EQ(on_.entry(project, newer).freshness, Freshness::current);
  EXPECT_EQ(on_.entry(project, bug).freshness, Freshness::current);
  const auto links = on_.linksTo(project, older);
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].linkType, "supersedes");
  ASSERT_EQ(on_.linksTo(project, newer).size(), 1U);
  EXPECT_EQ(on_.linksTo(project, newer)[0].linkType, "contradicts");
  EXPECT_EQ(on_.linksTo(project, newer)[0].sourceId, std::to_string(other));
}

TEST_P(CompileTest, NotesOfReadersTakeNoPlaceOfWhatReplaces) {
  const auto project = on_.make("proj_1");
  const std::string text = "The limit of the client is one two three four five six seven eight nine";
  const auto older = on_.claim(project, EntryType::decision, text, 0.9, 3, "client");
  const auto newer = on_.claim(project, EntryType::decision, text + " ten", 0.9, 2, "client");
  Entry note;
  note.confidence = 0.7;
  note.type = EntryType::decision;
  note.entityRef = "client";
  note.byReader = true;
  for (std::size_t i = 0; i <= CompileSteps::kCompared; ++i) {
    // Between the two: their numbers, and so their order, are by when they were added.
    note.content = "Something else that a reader says " + std::to_string(i);
    on_.add(project, note);
  }
  const auto last = on_.claim(project, EntryType::decision, text, 0.9, 1, "client");
  on_.compile(project);
  EXPECT_EQ(on_.entry(project, newer).supersededBy, last);
  EXPECT_EQ(on_.entry(project, older).supersededBy, last);
}

TEST_P(CompileTest, KeepsTheNewestCompilations) {
  const auto project = on_.make("proj_1");
  const CompilationStore store(db());
  Compilation page;
  page.projectId = project.id;
  page.userId = "ada";
  page.compiledAt = kNow;
  page.pageSlug = "patterns";
  store.add(page, 2);
  auto other = page;
  other.pageSlug = "other";
  store.add(other, 2);
  std::vector<std::int64_t> ids;
  for (int i = 0; i < kKept + 3; ++i) {
    on_.claim(project, EntryType::bug, "Bug number " + std::to_string(i));
    ids.push_back(on_.compile(project, kNow + hours(i)).id);
  }
  EXPECT_EQ(store.countOf(project.id), kKept);
  EXPECT_FALSE(store.find(project.id, ids[2]));
  EXPECT_TRUE(store.find(project.id, ids[3]));
  EXPECT_TRUE(store.find(project.id, page.id));
  const auto first = page.id;
  for (int i = 0; i < 2; ++i) store.add(page, 2);
  EXPECT_FALSE(store.find(project.id, first));
  EXPECT_TRUE(store.find(project.id, other.id));
  // Their texts, as long as there is room for them.
  const auto size = store.find(project.id, ids.back())->contextAfter->size();
  const auto listed = store.list(project.id, 5, 2 * size);
  ASSERT_EQ(listed.size(), 5U);
  EXPECT_EQ(listed[0].id, ids.back());
  EXPECT_TRUE(listed[0].contextBefore && listed[0].contextAfter);
  EXPECT_FALSE(listed[1].contextBefore || listed[1].contextAfter);
  EXPECT_EQ(listed[1].entriesCompiled, 1);
  EXPECT_FALSE(store.list(project.id, 5, 0)[0].contextAfter);
}

TEST_P(CompileTest, SaysWhatBelongsToItsTransaction) {
  const auto project = on_.make("proj_1", "Before\n");
  on_.claim(project, EntryType::bug, "The only bug there is");
  CompileOrder order{.userId = "ada", .now = kNow};
  order.done = [](mortise::Transaction&, const CompileOutcome&) { throw std::runtime_error("no room for it"); };
  EXPECT_THROW(on_.compiler_.compile(project, order), std::runtime_error);
  EXPECT_EQ(on_.document(project), "Before\n");
  std::int64_t told = -1;
  order.done = [&](mortise::Transaction&, const CompileOutcome& outcome) { told = outcome.compilation.id; };
  const auto done = on_.compiler_.compile(project, order);
  EXPECT_EQ(told, done.compilation.id);
  EXPECT_EQ(on_.compiler_.compile(project, order).compilation.id, 0);
  EXPECT_EQ(told, 0);
}

TEST_P(CompileTest, MakesNoPageThatNobodyCanAskFor) {
  const auto project = on_.make("proj_1");
  const std::string first(60, 'x'), second(60, 'y');
  for (int i = 0; i < 20; ++i) {
    const auto word = std::string(4, static_cast<char>('a' + i));
    on_.claim(project, EntryType::pattern, word + " " + first + " " + second + " " + word + word);
  }
  EXPECT_EQ(on_.compile(project).conceptPages, 0);
}

TEST_P(CompileTest, AgesDecaysRetiresAndPromotes) {
  const auto project = on_.make("proj_1");
  const auto freshness = [&](EntryType type, int age) {
    return on_.entry(project, on_.claim(project, type, "x", 0.9, age)).id;
  };
  std::map<std::int64_t, Freshness> expected;
  for (const auto& [type, days] : std::map<EntryType, int>{{EntryType::bug, 30},
                                                           {EntryType::dependency, 60},
                                                           {EntryType::pattern, 90},
                                                           {EntryType::discovery, 90},
                                                           {EntryType::convention, 180},
                                                           {EntryType::decision, 365}}) {
    expected[freshness(type, days / 2 - 1)] = Freshness::current;
    expected[freshness(type, days / 2 + 1)] = Freshness::aging;
    expected[freshness(type, days + 1)] = Freshness::stale;
  }
  const auto old = on_.claim(project, EntryType::decision, "Old and believed", 0.5, 100);
  const auto low = on_.claim(project, EntryType::decision, "Hardly believed", 0.1, 100);
  const auto retired = on_.claim(project, EntryType::decision, "Old and hardly believed", 0.35, 200);
  Entry evidence;
  evidence.content = "Evidence of thirty characters and more";
  evidence.confidence = 0.5;
  evidence.claimClass = ClaimClass::evidence;
  const auto good = on_.add(project, evidence);
  evidence.byReader = true;
  const auto readers = on_.add(project, evidence);
  evidence.byReader = false;
  evidence.content = "Too short";
  const auto tooShort = on_.add(project, evidence);

  const CompileSteps steps(db(), project.id, kNow, [] {});
  steps.refreshFreshness();
  for (const auto& [id, class_] : expected) EXPECT_EQ(on_.entry(project, id).freshness, class_) << id;
  on_.compile(project);
  EXPECT_DOUBLE_EQ(on_.entry(project, old).confidence, 0.4);
  EXPECT_DOUBLE_EQ(on_.entry(project, low).confidence, 0.1);
  EXPECT_TRUE(on_.entry(project, retired).dismissed);
  EXPECT_EQ(on_.entry(project, good).claimClass, ClaimClass::claim);
  EXPECT_TRUE(on_.entry(project, good).promotedAt);
  EXPECT_EQ(on_.entry(project, readers).claimClass, ClaimClass::evidence);
  EXPECT_EQ(on_.entry(project, tooShort).claimClass, ClaimClass::evidence);
  // At most once in 30 days.
  const auto again = on_.claim(project, EntryType::bug, "Another old one", 0.5, 100);
  on_.compile(project, kNow + hours(24 * 29));
  EXPECT_DOUBLE_EQ(on_.entry(project, again).confidence, 0.5);
  on_.compile(project, kNow + hours(24 * 31));
  EXPECT_DOUBLE_EQ(on_.entry(project, again).confidence, 0.4);
}

TEST_P(CompileTest, MakesPagesOfWhatManyShare) {
  auto project = on_.make("proj_1");
  project.sectionPageLimit = 4;
  Ids ids;
  for (int i = 0; i < 15; ++i) {
    const auto word = std::string(1, static_cast<char>('a' + i));
    ids.push_back(on_.claim(project, EntryType::pattern,
                            i < 6 ? "Every payment service " + word + word + word + word + " retries"
                                  : word + word + word + word + "other " + word + word + word + "different"));
  }
  auto done = on_.compile(project);
  EXPECT_EQ(done.conceptPages, 1);
  EXPECT_EQ(done.sectionPages, 1);
  const PageStore pages(db());
  const auto page = pages.find(project.id, "concept/payment-service").value();
  EXPECT_EQ(page.entryCount, 6);
  EXPECT_EQ(LinkStore(db()).entriesOf(project.id, page.id, 10).size(), 4U);
  EXPECT_EQ(pages.find(project.id, "patterns")->entryCount, 4);
  // Half as many more.
  for (int i = 0; i < 3; ++i)
    on_.claim(project, EntryType::pattern, "Every payment service " + std::to_string(i) + " waits");
  on_.compile(project);
  EXPECT_EQ(pages.find(project.id, "concept/payment-service")->entryCount, 9);
  // A page that somebody wrote is left alone.
  auto own = pages.find(project.id, "patterns").value();
  own.autoGenerated = false;
  own.content = "Mine";
  EXPECT_TRUE(pages.save(own));
  db().execute("UPDATE projects_entries SET dismissed = 1");
  done = on_.compile(project);
  EXPECT_EQ(done.sectionPages, 0);
  EXPECT_EQ(done.conceptPages, 0);
  EXPECT_EQ(pages.find(project.id, "patterns")->content, "Mine");
}

TEST_P(CompileTest, WritesTheDocumentAnew) {
  const auto project = on_.make("proj_1", "What people wrote.\n");
  on_.claim(project, EntryType::pattern, "A pattern that holds");
  const auto wrong = on_.claim(project, EntryType::pattern, "A pattern that is wrong");
  const auto first = on_.compile(project);
  EntryChanges(db(), project.id).dismiss(wrong, "ada", std::nullopt, kNow);
  const auto anew = on_.compile(project, kNow, true);
  EXPECT_EQ(anew.entriesCompiled, 1);
  EXPECT_EQ(anew.contextBefore, first.contextAfter);
  EXPECT_EQ(on_.document(project).find("people"), std::string::npos);
  EXPECT_EQ(on_.document(project).find("wrong"), std::string::npos);
  db().transaction([&](mortise::Transaction& tx) { on_.compiler_.restore(tx, project, first, kNow); });
  EXPECT_EQ(on_.document(project), first.contextAfter);
}

TEST_P(CompileTest, StopsWithoutATrace) {
  const auto project = on_.make("proj_1", "Before\n");
  for (int i = 0; i < 10; ++i) on_.claim(project, EntryType::bug, "Bug number " + std::to_string(i));
  int calls = 0;
  CompileOrder order{.userId = "ada", .now = kNow, .stop = [&] {
                       if (++calls == 20) throw std::runtime_error("stopped");
                     }};
  EXPECT_THROW(on_.compiler_.compile(project, order), std::runtime_error);
  EXPECT_EQ(on_.document(project), "Before\n");
  EXPECT_EQ(EntryChanges(db(), project.id).pendingClaims(100), 10);
}

TEST_P(CompileTest, TakesAModelsDocumentOnlyWhileNothingChanged) {
  const auto project = on_.make("proj_1", "# T\n");
  const auto id = on_.claim(project, EntryType::bug, "The only bug there is");
  const auto left = on_.claim(project, EntryType::bug, "One that the model forgot");
  CompileOrder order{.userId = "ada", .now = kNow};
  const auto draft = on_.compiler_.draft(project, order);
  ASSERT_EQ(draft.claims.size(), 2U);
  EXPECT_FALSE(on_.entry(project, id).compiledAt);
  MergedDocument merged{
      draft.document, {draft.claims[0].id, draft.claims[1].id}, "# T\n\n## Bugs\n\nOnly bug.\n", {{id, "bugs"}}};
  ProjectStore(db()).writeDocument(project.id, "# Other\n", kNow);
  EXPECT_THROW(on_.compiler_.compile(project, order, merged), mortise::Problem);
  EXPECT_EQ(on_.document(project), "# Other\n");
  ProjectStore(db()).writeDocument(project.id, "# T\n", kNow);
  on_.compiler_.compile(project, order, merged);
  EXPECT_NE(on_.document(project).find("## Bugs\n\nOnly bug.\n"), std::string::npos);
  EXPECT_NE(on_.document(project).find("## Known Issues & Workarounds\n\n- One that the model forgot\n"),
            std::string::npos);
  EXPECT_TRUE(on_.entry(project, left).compiledAt);
}

TEST_P(CompileTest, IsBoundedFor50000Claims) {
  auto project = on_.make("proj_1");
  database().fill(
      "projects_entries", 50'000,
      {{"project_id", "'proj_1'"},
       {"session_id", "'s'"},
       {"user_id", "'ada'"},
       {"entry_type", "'bug'"},
       {"confidence", "0.9"},
       {"author_class", "'human'"},
       {"created_at", std::to_string(mortise::micros(daysAgo(1)))},
       {"dismissed", "0"},
       {"claim_class", "'claim'"},
       {"entity_ref", "'same thing'"},
       {"freshness_class", "'current'"},
       {"retrieved_count", "0"},
       {"used_in_answer_count", "0"},
       {"compiled_count", "0"},
       {"by_reader", "0"},
       {"content_length", "60"},
       {"content",
        "'The part ' || n || ' of the client fails with the code ' || (n * 7919 % 10007) || ' word' || (n % 997)"}});
  const auto begin = std::chrono::steady_clock::now();
  const auto done = on_.compile(project);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(done.entriesCompiled, 50'000);
  EXPECT_LE(done.wordsAfter, project.maxContextWords);
  EXPECT_LT(took, std::chrono::seconds(120));
  EXPECT_EQ(on_.compile(project).id, 0);
}

// --- histories

class History {
 public:
  History(const Compiled& on, unsigned seed) : on_(on), random_(seed), id_("proj_" + std::to_string(seed)) {
    project_ = on_.make(id_, chance(2)   ? "# Project Context\n\n## Overview\n\n## Key Decisions\n\n## Team\n"
                             : chance(2) ? ""
                                         : "Written by hand.\n\n## Key Decisions\nWe do.\n* One\n");
    // Some documents are cut, others hold every fact.
    project_.maxContextWords = chance(3) ? 20 + pick(120) : 100'000;
  }

  void happen() {
    const int steps = 4 + pick(18);
    for (int i = 0; i < steps; ++i) step();
    compile();
    const auto before = state();
    const auto again = on_.compile(project_, now_);
    EXPECT_EQ(again.id, 0) << id_;
    EXPECT_EQ(state(), before) << id_;
    checkFacts();
    checkLimit();
    restore();
  }

 private:
  int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  bool chance(int of) { return pick(of) == 0; }

  std::string text() {
    static const char* const kWords[] = {"client", "retry", "src/a.py", "clock", "queue", "fails",
                                         "waits",  "port",  "8080",     "never", "the",   "(unverified)",
                                         "##",     "-",     "cache",    "mail"};
    std::string out;
    const int words = 3 + pick(12);
    for (int i = 0; i < words; ++i) out.append(i == 0 ? "" : chance(8) ? "\n" : " ").append(kWords[pick(16)]);
    return out;
  }

  void step() {
    const EntryChanges changes(on_.db_, id_);
    switch (pick(ids_.empty() ? 1 : 10)) {
      default: {
        Entry entry;
        entry.type = static_cast<EntryType>(pick(6));
        entry.content = !texts_.empty() && chance(4)
                            ? texts_[static_cast<std::size_t>(pick(static_cast<int>(texts_.size())))]
                            : text();
        texts_.push_back(entry.content);
        entry.confidence = pick(11) / 10.0;
        entry.claimClass = chance(4) ? ClaimClass::evidence : chance(5) ? ClaimClass::note : ClaimClass::claim;
        if (chance(2)) entry.entityRef = chance(2) ? "client" : "clock";
        entry.byReader = entry.claimClass != ClaimClass::claim && chance(5);
        entry.createdAt = now_ - hours(24 * pick(chance(3) ? 500 : 40));
        ids_.push_back(on_.add(project_, entry));
        break;
      }
      case 5:
        changes.dismiss(any(), "ada", std::nullopt, now_);
        break;
      case 6:
        chance(2) ? changes.takeBack(any()) : changes.refresh(any(), now_);
        break;
      case 7:
        changes.setConfidence(any(), pick(11) / 10.0);
        break;
      case 8: {
        now_ += hours(24 * pick(100));
        const auto whole = on_.document(project_);
        if (chance(2)) ProjectStore(on_.db_).writeDocument(id_, whole + "\nAda adds a line.\n", now_);
        break;
      }
      case 9:
        compile();
    }
  }
  std::int64_t any() { return ids_[static_cast<std::size_t>(pick(static_cast<int>(ids_.size())))]; }

  void compile() {
    const auto done = on_.compile(project_, now_);
    if (done.id == 0) return;
    EXPECT_EQ(done.contextAfter, on_.document(project_)) << id_;
    compilations_.push_back(done.id);
    for (const auto id : idsOf(done.manifest)) told_.insert(id);
  }

  // All that a compilation may change.
  std::string state() const {
    std::string out = on_.document(project_);
    for (const auto& entry : EntryStore(on_.db_).byIds(id_, ids_)) out += json(entry) + "\n";
    for (const auto& page : PageStore(on_.db_).list(id_))
      out += PageStore(on_.db_).find(id_, page.slug)->content + std::to_string(mortise::micros(page.updatedAt)) + "\n";
    for (const auto id : ids_) {
      for (const auto& link : on_.linksTo(project_, id)) out += json(link) + "\n";
    }
    on_.db_.each<std::int64_t, std::string, std::int64_t>(
        "SELECT entry_id, section, compilation_id FROM projects_section_entries WHERE project_id = :project "
        "ORDER BY entry_id",
        {{"project", id_}}, [&](std::int64_t entry, const std::string& section, std::int64_t compilation) {
          out += std::to_string(entry) + section + std::to_string(compilation) + "\n";
        });
    return out;
  }
  template <class T>
  static std::string json(const T& value) {
    return mortise::json::from(value).build().text();
  }

  // How often the document tells a fact, Recent Changes aside.
  static int timesTold(const std::string& document, const std::string& content) {
    int count = 0;
    bool isRecent = false;
    for (std::size_t at = 0; at < document.size();) {
      auto end = std::min(document.find('\n', at), document.size());
      const auto line = document.substr(at, end - at);
      at = end + 1;
      if (line.substr(0, 3) == "## ") isRecent = line == "## Recent Changes";
      if (!isRecent && (line.substr(0, 2) == "- " || line.substr(0, 2) == "* ") && factText(line.substr(2)) == content)
        ++count;
    }
    return count;
  }
  void checkFacts() const {
    const auto document = on_.document(project_);
    for (const auto& entry : EntryStore(on_.db_).byIds(id_, Ids(told_.begin(), told_.end()))) {
      const auto fact = factText(entry.content);
      const int times = timesTold(document, fact);
      EXPECT_LE(times, 1) << id_ << ": " << fact << "\n" << document;
      if (entry.isLive() && project_.maxContextWords == 100'000) {
        EXPECT_EQ(times, 1) << id_ << ": " << fact << "\n" << document;
      }
    }
    // A live claim that is fresh waits no more.
    EXPECT_EQ(EntryChanges(on_.db_, id_).pendingClaims(10), 0) << id_;
  }
  void checkLimit() const {
    if (compilations_.empty()) return;
    const auto last = CompilationStore(on_.db_).find(id_, compilations_.back()).value();
    if (last.wordsAfter <= project_.maxContextWords) return;
    for (const auto& section : ContextDocument(*last.contextAfter).sections()) {
      int bullets = 0;
      for (std::size_t at = 0; at < section.content.size();
           at = std::min(section.content.find('\n', at), section.content.size() - 1) + 1)
        if (section.content.substr(at, 2) == "- " || section.content.substr(at, 2) == "* ") ++bullets;
      EXPECT_LE(bullets, 3) << id_ << section.content;
    }
  }

  void restore() {
    if (compilations_.empty()) return;
    const auto number = compilations_[static_cast<std::size_t>(pick(static_cast<int>(compilations_.size())))];
    const auto compilation = CompilationStore(on_.db_).find(id_, number).value();
    on_.compile(project_, now_, true);
    ProjectStore(on_.db_).writeDocument(id_, "Lost.", now_);
    const auto manifest = idsOf(compilation.manifest);
    auto expected = marks();
    for (const auto id : manifest) expected[id] = compilation.compiledAt;
    const auto count = on_.db_.transaction(
        [&](mortise::Transaction& tx) { return on_.compiler_.restore(tx, project_, compilation, now_); });
    EXPECT_EQ(count, std::ssize(manifest)) << id_;
    EXPECT_EQ(on_.document(project_), compilation.contextAfter) << id_;
    for (const auto& entry : EntryStore(on_.db_).byIds(id_, manifest))
      EXPECT_EQ(entry.compiledAt, compilation.compiledAt) << id_;
    EXPECT_EQ(marks(), expected) << id_;
  }
  // When each entry was compiled.
  std::map<std::int64_t, std::optional<Time>> marks() const {
    std::map<std::int64_t, std::optional<Time>> out;
    for (const auto& entry : EntryStore(on_.db_).byIds(id_, ids_)) out[entry.id] = entry.compiledAt;
    return out;
  }

  const Compiled& on_;
  std::mt19937 random_;
  std::string id_;
  Project project_;
  Time now_ = kNow;
  Ids ids_;
  std::vector<std::string> texts_;
  Ids compilations_;
  std::set<std::int64_t> told_;
};

void liveThrough(mortise::testing::Backend backend, unsigned histories) {
  const mortise::testing::TestDatabase database(backend, "projects", PROJECTS_SOURCE_DIR "/migrations");
  const Compiled on(database.db());
  for (unsigned seed = 1; seed <= histories; ++seed) {
    History(on, seed).happen();
    ASSERT_FALSE(::testing::Test::HasFailure()) << "of the history " << seed;
  }
}

TEST(CompileHistories, CompileTwiceChangesNothingAndNoFactIsLost) {
  liveThrough(mortise::testing::Backend::sqlite, 2000);
}

TEST(CompileHistories, AreTheSameOnPostgresql) {
  if (!mortise::testing::TestDatabase::hasPostgresql()) GTEST_SKIP() << "PostgreSQL is not installed";
  liveThrough(mortise::testing::Backend::postgresql, 100);
}

}  // namespace
}  // namespace projects
