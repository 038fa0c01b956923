#include "registry/project_merger.hpp"

#include <mortise/characters.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "concurrent_update.hpp"
#include "registry/merged_document.hpp"

namespace projects {
namespace {

using mortise::Transaction;

constexpr std::int64_t kMaxMerged = 1000;  // projects that went into one, whose ids still answer

// Thrown to undo what a dry run did, or what turned out to be blocked.
struct Undo {};

}  // namespace

ProjectMerger::ProjectMerger(const mortise::Host& host, const ProjectRemoval& removal, const ProjectChanges& changes,
                             const CapturedSessions& sessions)
    : db_(host.db()),
      projects_(db_),
      groups_(db_),
      transfers_(db_),
      removal_(removal),
      changes_(changes),
      sessions_(sessions),
      merged_(host.metrics().counter("merges_total", "Projects that were merged into another one")) {}

MergeOutcome ProjectMerger::merge(const Project& from, const Project& into, PersonaPolicy policy,
                                  std::string_view userId, bool isDryRun,
                                  const std::function<void(Transaction&, const MergeOutcome&)>& record,
                                  const std::function<void()>& stop) const {
  MergeOutcome outcome;
  try {
    db_.transaction([&](Transaction& tx) {
      outcome = {};
      outcome.merge.from = from.id;
      outcome.merge.into = into.id;
      outcome.merge.personaPolicy = policy;
      outcome.merge.byUser = userId;
      outcome.merge.at = mortise::now();
      mergeIn(tx, from, into, outcome.merge, stop);
      if (isDryRun || outcome.merge.blockingReason) throw Undo();
      outcome.auditId = mortise::makePrefixedId("pma_");
      record(tx, outcome);
      // Last: the feed of the project waits from here to the commit.
      changes_.record(tx, {ProjectEvent::projectChanged, into.id, from.id, "merged", userId});
    });
    merged_.add();
  } catch (const Undo&) {
    // The transaction is rolled back; what it found out is the answer.
  }
  return outcome;
}

void ProjectMerger::mergeIn(Transaction& tx, const Project& from, const Project& into, ProjectMerge& merge,
                            const std::function<void()>& stop) const {
  const auto projects = projects_.in(tx);
  // In one order, so that two merges of the same projects wait for each other, and do not deadlock.
  for (const auto& id : {std::min(from.id, into.id), std::max(from.id, into.id)}) {
    if (!projects.lock(id)) throw concurrentUpdate();
  }
  const auto source = projects.find(from.id), target = projects.find(into.id);
  // Whoever asked may merge them as they were read.
  const auto isOther = [](const std::optional<Project>& now, const Project& read) {
    return !now || now->ownerId != read.ownerId || now->orgId != read.orgId;
  };
  if (isOther(source, from) || isOther(target, into)) throw concurrentUpdate();
  if (source->orgId != target->orgId) {
    merge.blockingReason = "different_organisations";
    return;
  }
  const auto repos = projects.reposOf(from.id).size();
  if (repos + projects.reposOf(into.id).size() > ProjectStore::kMaxRepos) {
    merge.blockingReason = "too_many_repositories";
    return;
  }
  if (projects.countMerged(from.id, kMaxMerged) + 1 + projects.countMerged(into.id, kMaxMerged) > kMaxMerged) {
    merge.blockingReason = "too_many_merged";
    return;
  }
  const auto before = projects.document(into.id).text;
  const auto document = mergedDocument(before, source->name, projects.document(from.id).text);
  if (document != before && mortise::characterCount(document) > kMaxDocument) {
    merge.blockingReason = "document_too_long";
    return;
  }
  for (auto* part : removal_.parts()) {
    stop();
    part->merged(tx, merge);
    if (merge.blockingReason) return;
  }
  stop();
  merge.stats["repos"] = projects.moveRepos(from.id, into.id);
  transfers_.in(tx).cancelOf(from.id, merge.at);
  merge.stats["project_transfers"] = transfers_.in(tx).moveProject(from.id, into.id);
  groups_.in(tx).moveProject(from.id, into.id, merge.byUser, merge.at);
  sessions_.moveProject(tx, from.id, into.id);
  if (document != before) projects.writeDocument(into.id, document, merge.at);
  changes_.removed(tx, from.id);
  projects.markMerged(from.id, into.id, merge.at);
}

}  // namespace projects
