#include "knowledge/compiler.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>

#include <algorithm>
#include <utility>

#include "concurrent_update.hpp"
#include "knowledge/classification.hpp"
#include "knowledge/compilation_store.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "knowledge/knowledge_pages.hpp"
#include "knowledge/section_entries.hpp"
#include "registry/project_store.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Transaction;

// Ends a transaction that shall leave nothing.
struct Undone {};

std::string noopReason(bool isAny) {
  return isAny ? "No claim waits: what there is was compiled, is a note, or is stale" : "The project knows nothing yet";
}

}  // namespace

std::vector<TakenClaim> Compiler::takeClaims(Transaction& tx, const Project& project, const CompileOrder& order,
                                             std::int64_t& freshnessUpdated) const {
  if (!ProjectStore(db_).in(tx).lock(project.id)) throw concurrentUpdate();
  EntryStore(db_).in(tx).hold(project.id);
  const CompileSteps steps(db_.in(tx), project.id, order.now, order.stop);
  if (order.fromEmpty) steps.unmarkAll();
  freshnessUpdated = steps.refreshFreshness();
  const bool decays = steps.decayIsDue();
  steps.apply(steps.supersessions(project.retentionDays, decays));
  order.stop();
  if (decays) steps.decay();
  steps.retire(project.retentionDays);
  order.stop();
  steps.promote();
  return steps.pending();
}

CompileDraft Compiler::draft(const Project& project, const CompileOrder& order) const {
  CompileDraft draft;
  try {
    db_.transaction([&](Transaction& tx) {
      std::int64_t freshnessUpdated = 0;
      draft.claims = takeClaims(tx, project, order, freshnessUpdated);
      draft.document = ProjectStore(db_).in(tx).document(project.id).text;
      throw Undone();
    });
  } catch (const Undone&) {
  }
  return draft;
}

CompileOutcome Compiler::nothing(Transaction& tx, const Project& project, const CompileOrder& order) const {
  CompileOutcome out;
  auto& compilation = out.compilation;
  compilation.projectId = project.id;
  compilation.userId = order.userId;
  compilation.compiledAt = CompilationStore(db_).in(tx).lastAt(project.id).value_or(order.now);
  compilation.wordsBefore = compilation.wordsAfter = countWords(ProjectStore(db_).in(tx).document(project.id).text);
  compilation.trigger = order.trigger;
  compilation.noopReason =
      noopReason(mortise::db::exists<Entry>(db_.in(tx), "WHERE project_id = :project", {{"project", project.id}}));
  const auto pages = KnowledgePages(db_.in(tx), project.id, order.now, order.stop).rebuild(project.sectionPageLimit);
  compilation.sectionPages = pages.sections;
  compilation.conceptPages = pages.concepts;
  return out;
}

CompileOutcome Compiler::compileIn(Transaction& tx, const Project& project, const CompileOrder& order,
                                   const std::optional<MergedDocument>& merged) const {
  std::int64_t freshnessUpdated = 0;
  const auto claims = takeClaims(tx, project, order, freshnessUpdated);
  const auto before = ProjectStore(db_).in(tx).document(project.id).text;
  std::vector<std::int64_t> ids;
  for (const auto& claim : claims) ids.push_back(claim.id);
  if (merged && (merged->document != before || merged->claims != ids))
    throw concurrentUpdate().note("the project changed while a model was asked");
  if (claims.empty()) {
    auto out = nothing(tx, project, order);
    out.freshnessUpdated = freshnessUpdated;
    return out;
  }

  const CompileSteps steps(db_.in(tx), project.id, order.now, order.stop);
  ContextDocument document(merged            ? std::string_view(merged->text)
                           : order.fromEmpty ? std::string_view()
                                             : std::string_view(before));
  Manifest manifest;
  for (const auto& claim : claims) {
    order.stop();
    const bool isTold = merged && merged->in.count(claim.id) > 0;
    auto slug = isTold ? merged->in.at(claim.id)
                       : document.put({claim.type, claim.content, claim.confidence >= kUnverifiedBelow});
    if (slug.empty()) slug = sectionSlug(headingOf(claim.type));  // people told it before the first heading
    manifest[slug].push_back(claim.id);
  }
  steps.markCompiled(ids);
  document.setRecent(steps.recent(kRecentFacts));
  document.trim(std::max<std::int64_t>(project.maxContextWords, 0));

  CompileOutcome out;
  out.freshnessUpdated = freshnessUpdated;
  auto& compilation = out.compilation;
  compilation.projectId = project.id;
  compilation.userId = order.userId;
  compilation.entriesCompiled = std::ssize(claims);
  compilation.contextAfter = document.text();
  compilation.compiledAt = order.now;
  compilation.wordsBefore = countWords(before);
  compilation.wordsAfter = countWords(*compilation.contextAfter);
  compilation.contextBefore = before;
  compilation.trigger = order.trigger;
  compilation.manifest = manifestText(manifest);
  ProjectStore(db_).in(tx).writeDocument(project.id, *compilation.contextAfter, order.now);
  CompilationStore(db_).in(tx).add(compilation, mostCompilations_);
  SectionEntries(db_.in(tx), project.id).put(manifest, compilation.id);
  order.stop();
  const auto pages = KnowledgePages(db_.in(tx), project.id, order.now, order.stop).rebuild(project.sectionPageLimit);
  compilation.sectionPages = pages.sections;
  compilation.conceptPages = pages.concepts;
  if (changes_ != nullptr) {
    const auto number = std::to_string(compilation.id);
    changes_->record(tx, {ProjectEvent::knowledgeCompiled, project.id, number, "compiled", order.userId});
  }
  return out;
}

CompileOutcome Compiler::compile(const Project& project, const CompileOrder& order,
                                 const std::optional<MergedDocument>& merged) const {
  return db_.transaction([&](Transaction& tx) {
    auto outcome = compileIn(tx, project, order, merged);
    order.done(tx, outcome);
    return outcome;
  });
}

std::int64_t Compiler::restore(Transaction& tx, const Project& project, const Compilation& compilation,
                               mortise::Time now) const {
  if (!ProjectStore(db_).in(tx).lock(project.id)) throw concurrentUpdate();
  EntryStore(db_).in(tx).hold(project.id);
  ProjectStore(db_).in(tx).writeDocument(project.id, compilation.contextAfter.value_or(""), now);
  return EntryChanges(db_.in(tx), project.id).markCompiledAt(idsOf(compilation.manifest), compilation.compiledAt);
}

}  // namespace projects
