#include "knowledge/compilation_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "knowledge/compile_times.hpp"
#include "knowledge/context_document.hpp"
#include "knowledge/health_report.hpp"
#include "knowledge/section_entries.hpp"
#include "registry/project_store.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::compilations;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::size_t kMaxListed = std::size_t{16} << 20;  // bytes of documents in one list
constexpr std::size_t kShownHistory = 10;
constexpr std::size_t kShownSources = 1000;
constexpr std::size_t kLookedAt = 200;  // claims that wait, for whether the document tells of them
constexpr std::int64_t kMaxCounted = 100'000;

std::optional<std::string> isoOrNull(const std::optional<mortise::Time>& time) {
  return time ? std::optional(mortise::isoTime(*time)) : std::nullopt;
}

}  // namespace

CompilationOperations::CompilationOperations(mortise::Host host, const ProjectAccess& access,
                                             const ProjectChanges& changes, const ModelMerge& models)
    : db_(host.db()),
      audit_(host.audit()),
      log_(host.log()),
      projects_(db_),
      compilations_(db_),
      compiler_(db_, &changes, host.config().integer("compilations_kept")),
      access_(access),
      changes_(changes),
      models_(models),
      compiled_(host.metrics().counter("compilations_total", "Context documents that were compiled",
                                       {{"trigger", "manual"}})) {}

CompileOutcome CompilationOperations::compile(const Request& request, const Project& project, const ModelWish& wish,
                                              bool fromEmpty) const {
  CompileOrder order;
  order.userId = request.principal().userId;
  order.now = mortise::now();
  order.stop = [&] { request.stopIfExpired(); };
  order.fromEmpty = fromEmpty;
  if (fromEmpty) {
    order.done = [&](Transaction& tx, const CompileOutcome& outcome) {
      audit_.in(tx).record(request, "projects.knowledge_rebuilt", "project:" + project.id,
                           json::object({{"compilation_id", outcome.compilation.id}}));
    };
  }
  std::optional<MergedDocument> merged;
  if (const auto choice = models_.choiceOf(wish)) {
    // Asked before the transaction, which then looks whether everything is as it was.
    auto draft = compiler_.draft(project, order);
    if (!draft.claims.empty()) {
      auto asked = draft;
      if (fromEmpty) asked.document.clear();
      merged = models_.merge(*choice, asked, [&] { return request.expired(); });
      merged->document = std::move(draft.document);
    }
  }
  auto outcome = compiler_.compile(project, order, merged);
  if (outcome.compilation.id != 0) {
    compiled_.add();
    log_.info("knowledge of a project compiled", {{"project_id", project.id},
                                                  {"compilation_id", outcome.compilation.id},
                                                  {"entries", outcome.compilation.entriesCompiled}});
  }
  return outcome;
}

Reply CompilationOperations::compileProject(const Request& request, const ModelChoiceBody& body) {
  const auto reached = access_.reachToEdit(request);
  return Reply::ok(
      json::from(compile(request, reached.project, body ? modelWishOf(*body) : ModelWish(), false).compilation));
}

Reply CompilationOperations::rebuildProject(const Request& request, const ModelChoiceBody& body) {
  const auto reached = access_.reachToEdit(request);
  const auto outcome = compile(request, reached.project, body ? modelWishOf(*body) : ModelWish(), true);
  const auto& compilation = outcome.compilation;
  return Reply::ok(json::object({{"project_id", reached.project.id},
                                 {"freshness_updated", outcome.freshnessUpdated},
                                 {"entries_compiled", compilation.entriesCompiled},
                                 {"context_words", compilation.wordsAfter},
                                 {"section_pages_updated", compilation.sectionPages},
                                 {"concept_pages_updated", compilation.conceptPages}}));
}

Reply CompilationOperations::listCompilations(const Request& request) {
  const auto reached = access_.reach(request);
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(20));
  return Reply::ok(json::list(compilations_.list(reached.project.id, limit, kMaxListed)));
}

Reply CompilationOperations::readCompileStatus(const Request& request) {
  const auto project = access_.reach(request).project;
  const auto pending = EntryChanges(db_, project.id).pendingClaims(kMaxCounted);
  json::List history;
  std::optional<mortise::Time> last;
  for (const auto& one : compilations_.list(project.id, kShownHistory, 0)) {
    if (!last) last = one.compiledAt;
    history.add(json::object({{"id", one.id},
                              {"compiled_at", mortise::isoTime(one.compiledAt)},
                              {"trigger", std::string(mortise::detail::nameOf(one.trigger))},
                              {"entries_compiled", one.entriesCompiled},
                              {"context_words_before", one.wordsBefore},
                              {"context_words_after", one.wordsAfter}}));
  }
  return Reply::ok(
      json::object({{"last_compile_at", isoOrNull(last)},
                    {"pending_claims", pending},
                    {"compile_needed", pending > 0},
                    {"compile_schedule", std::string(mortise::detail::nameOf(project.compileSchedule))},
                    {"compile_after_claims", project.compileAfterClaims},
                    {"last_scheduled_compile_at", isoOrNull(project.lastScheduledCompileAt)},
                    {"next_scheduled_at", isoOrNull(nextCompileTime(project.compileSchedule, mortise::now()))},
                    {"compile_history", history}}));
}

Reply CompilationOperations::readKnowledgeHealth(const Request& request) {
  const auto project = access_.reach(request).project;
  const EntryChanges entries(db_, project.id);
  const auto numbers = entries.numbers(mortise::now());
  const auto document = projects_.document(project.id).text;
  const auto last = isoOrNull(compilations_.lastAt(project.id));
  json::List advice;
  for (const auto& one : recommendations(numbers, last.has_value())) advice.add(one);
  return Reply::ok(json::object({{"project_id", project.id},
                                 {"total_entries", numbers.total},
                                 {"pending_entries", numbers.pending},
                                 {"uncompiled_notes", numbers.liveNotes},
                                 {"auto_promotable_evidence", numbers.promotable},
                                 {"compiled_entries", numbers.compiled},
                                 {"dismissed_entries", numbers.dismissed},
                                 {"total_compilations", compilations_.countOf(project.id)},
                                 {"last_compilation_at", last},
                                 {"word_count", countWords(document)},
                                 {"section_count", ContextDocument(document).headings()},
                                 {"last_compiled", last},
                                 {"potentially_stale", tellsNothingOf(document, entries.pendingTexts(kLookedAt))},
                                 {"recommendations", advice},
                                 {"stale_entry_count", numbers.stale},
                                 {"low_confidence_count", numbers.lowConfidence},
                                 {"decayed_count", numbers.decayed}}));
}

Reply CompilationOperations::readContextSection(const Request& request) {
  const auto project = access_.reach(request).project;
  const std::string slug = request.path("slug");
  const auto document = projects_.document(project.id).text;
  const auto sections = ContextDocument(document).sections();
  const auto section =
      std::find_if(sections.begin(), sections.end(), [&](const auto& one) { return one.slug == slug; });
  if (section == sections.end()) {
    std::vector<std::string> slugs;
    for (const auto& one : sections) slugs.push_back(one.slug);
    std::sort(slugs.begin(), slugs.end());
    throw Problem(404, "context_section_not_found").details(json::object({{"available_slugs", json::list(slugs)}}));
  }
  json::List sources;
  for (const auto& entry : SectionEntries(db_, project.id).of(slug, kShownSources)) {
    sources.add(json::object({{"kb_entry_id", entry.entryId},
                              {"created_by_user_id", entry.userId},
                              {"created_by_persona", entry.personaName},
                              {"promoted_at", isoOrNull(entry.promotedAt)},
                              {"compile_id", entry.compilationId}}));
  }
  return Reply::ok(json::object({{"slug", section->slug},
                                 {"title", section->title},
                                 {"content", section->content},
                                 {"source_entries", sources}}));
}

Reply CompilationOperations::restoreFromCompilation(const Request& request,
                                                    const contract::RestoreFromCompilationBody& body) {
  const auto project = mortise::orNotFound(projects_.find(request.path("project_id")), "project_not_found");
  const auto compilation =
      mortise::orNotFound(compilations_.find(project.id, body.compilationId), "compilation_not_found");
  if (compilation.pageSlug) throw Problem(404, "compilation_not_found");
  if (!compilation.contextAfter || compilation.contextAfter->empty()) throw Problem(422, "compilation_is_empty");
  const auto restore = [&](Transaction& tx) {
    const auto count = compiler_.restore(tx, project, compilation, mortise::now());
    audit_.in(tx).record(request, "projects.restored_from_compilation", "project:" + project.id,
                         json::object({{"compilation_id", compilation.id}, {"entries", count}}));
    changes_.record(tx, {ProjectEvent::contextChanged, project.id, std::to_string(compilation.id), "restored",
                         request.principal().userId});
    return count;
  };
  const auto count =
      body.dryRun ? EntryChanges(db_, project.id).countOf(idsOf(compilation.manifest)) : db_.transaction(restore);
  return Reply::ok(json::object({{"project_id", project.id},
                                 {"compilation_id", compilation.id},
                                 {"compiled_at", mortise::isoTime(compilation.compiledAt)},
                                 {"context_words_restored", countWords(*compilation.contextAfter)},
                                 {"entries_compiled_at_restored", count},
                                 {"dry_run", body.dryRun}}));
}

}  // namespace projects
