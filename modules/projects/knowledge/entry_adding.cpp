#include "knowledge/entry_adding.hpp"

#include <mortise/problem.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "concurrent_update.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/link_store.hpp"
#include "knowledge/word_overlap.hpp"
#include "registry/project_store.hpp"

namespace projects {
namespace {

using mortise::Problem;
using mortise::Transaction;

constexpr std::chrono::hours kHour{1};

struct Allowance {
  std::string_view tier;
  std::int64_t perHour;
};
constexpr Allowance kAllowances[] = {{"free", 20}, {"starter", 50}, {"pro", 100}, {"team", 100}, {"enterprise", 200}};
constexpr std::int64_t kAdministratorAllowance = 500;

bool saysTheSame(const WordSet& words, const std::vector<WordSet>& known) {
  return std::any_of(known.begin(), known.end(),
                     [&](const WordSet& other) { return words.overlap(other) > kNearDuplicate; });
}

std::vector<WordSet> wordsOf(const std::vector<std::string>& texts) {
  return std::vector<WordSet>(texts.begin(), texts.end());
}

}  // namespace

EntryAdding::EntryAdding(mortise::Host host, const ProjectChanges& changes)
    : db_(host.db()),
      jobs_(host.jobs()),
      changes_(changes),
      mostEntries_(host.config().integer("max_entries")),
      perHour_(host.config().integer("entries_per_hour")),
      added_(host.metrics().counter("entries_total", "Entries of knowledge", {{"outcome", "added"}})),
      duplicates_(host.metrics().counter("entries_total", "Entries of knowledge", {{"outcome", "duplicate"}})) {}

std::int64_t EntryAdding::perHour(std::string_view tier) const {
  if (perHour_ > 0) return perHour_;
  if (tier == mortise::kAdministratorTier) return kAdministratorAllowance;
  for (const auto& [name, most] : kAllowances) {
    if (name == tier) return most;
  }
  return kAllowances[0].perHour;
}

AddedKnowledge EntryAdding::add(const Project& project, const NewKnowledge& wish) const {
  const WordSet words(wish.entry.content);
  const auto most = perHour(wish.tier);
  auto added = db_.transaction([&](Transaction& tx) {
    AddedKnowledge out;
    out.entry = wish.entry;
    auto& entry = out.entry;
    if (!ProjectStore(db_).in(tx).lock(project.id)) throw concurrentUpdate();
    const auto entries = EntryStore(db_).in(tx);
    // A project with fewer entries has no user who added as many.
    if (entries.hold(project.id) >= most &&
        entries.addedBy(project.id, entry.userId, entry.createdAt - kHour, most) >= most)
      throw Problem(429, "knowledge_rate_limit").with("most", most).retryAfter(60);
    if (!wish.replaces && saysTheSame(words, wordsOf(entries.newestTexts(project.id, kCompared))))
      throw Problem(409, "entry_near_duplicate");
    out.classification =
        classify(entry.content, entry.confidence, entries.claimsOf(project.id, entry.sessionId, kClaimsOfSession),
                 entry.byReader, wish.asksForClaim);
    entry.claimClass = out.classification.claimClass;
    if (wish.replaces) out.replaced = entries.liveOfEntity(project.id, *entry.entityRef);
    if (!entries.add(entry, mostEntries_)) throw Problem(409, "knowledge_full").with("most", mostEntries_);
    if (!out.replaced.empty()) {
      EntryChanges(db_.in(tx), project.id).replaceAll(out.replaced, entry.id, entry.userId, entry.createdAt);
      std::vector<KnowledgeLink> links;
      for (const auto id : out.replaced) {
        links.push_back({.projectId = project.id,
                         .sourceType = kEntryKind,
                         .sourceId = std::to_string(entry.id),
                         .targetType = kEntryKind,
                         .targetId = std::to_string(id),
                         .linkType = "supersedes",
                         .createdAt = entry.createdAt});
      }
      LinkStore(db_).in(tx).putAll(links);
    }
    if (entry.claimClass == ClaimClass::claim) compileIfEnough(tx, project, entry.createdAt);
    const auto number = std::to_string(entry.id);
    changes_.record(tx, {ProjectEvent::knowledgeChanged, project.id, number, "added", entry.userId});
    return out;
  });
  added_.add();
  return added;
}

std::int64_t EntryAdding::addEvidence(Transaction& tx, const Project& project, std::vector<Entry> evidence,
                                      std::string_view userId, bool canEdit) const {
  const auto entries = EntryStore(db_).in(tx);
  entries.hold(project.id);
  const auto most = canEdit ? kEvidencePerHour : kReaderEvidencePerHour;
  auto room = most - entries.addedBy(project.id, userId, mortise::now() - kHour, most);
  auto known = wordsOf(entries.newestTexts(project.id, kCompared));
  std::int64_t count = 0;
  for (auto& entry : evidence) {
    if (room == 0) break;
    WordSet words(entry.content);
    if (saysTheSame(words, known)) {
      duplicates_.add();
      continue;
    }
    if (!entries.add(entry, mostEntries_)) break;
    known.push_back(std::move(words));
    ++count;
    --room;
  }
  added_.add(static_cast<std::uint64_t>(count));
  return count;
}

void EntryAdding::compileIfEnough(Transaction& tx, const Project& project, mortise::Time now) const {
  if (!project.compileAfterClaims) return;
  const auto most = *project.compileAfterClaims;
  const EntryChanges changes(db_.in(tx), project.id);
  if (changes.pendingClaims(most) < most) return;
  changes.wantCompilation(now);
  jobs_.in(tx).trigger("compile_scheduled");
}

}  // namespace projects
