#include "knowledge/knowledge_operations.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/names.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/service_key.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "body_text.hpp"
#include "knowledge/classification.hpp"
#include "knowledge/entry_requests.hpp"
#include "knowledge/link_store.hpp"
#include "personas/persona_reach.hpp"
#include "query_text.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::knowledge;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::size_t kLeastContent = 20, kMaxReason = 500;

template <class Enum>
std::optional<Enum> ifNamed(std::string_view name) {
  Enum out{};
  return mortise::detail::readName(name, out) ? std::optional(out) : std::nullopt;
}

// A filter whose value has to be known. Absent when it was not sent.
template <class Enum>
std::optional<Enum> known(const Request& request, const char* name) {
  const auto text = request.query(name).text();
  if (!text) return std::nullopt;
  const auto value = ifNamed<Enum>(*text);
  if (!value) throw Problem(422, "filter_unknown").with("name", name);
  return value;
}

EntryOrder orderOf(const Request& request) {
  const auto name = request.query("sort").text("created_at_desc");
  if (name == "created_at_desc") return EntryOrder::newest;
  if (name == "last_relevant_at_desc") return EntryOrder::lastRelevant;
  if (name == "confidence_desc") return EntryOrder::confidence;
  throw Problem(422, "filter_unknown").with("name", "sort");
}

}  // namespace

KnowledgeOperations::KnowledgeOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                                         const EntryAdding& adding, RetrievalCounts& retrieved)
    : db_(host.db()),
      audit_(host.audit()),
      identity_(host.identity()),
      entries_(db_),
      personas_(db_),
      access_(access),
      changes_(changes),
      adding_(adding),
      retrieved_(retrieved) {}

Reply KnowledgeOperations::listEntries(const Request& request) {
  const auto reached = access_.reach(request);
  EntryFilter filter;
  filter.order = orderOf(request);
  filter.claimClass = known<ClaimClass>(request, "claim_class");
  filter.freshness = known<Freshness>(request, "freshness_class");
  filter.authorClass = known<AuthorClass>(request, "author_class");
  if (const auto part = request.query("search").text()) filter.textPart = searchedPart(*part);
  filter.before = request.query("cursor").integer();
  if (filter.before && filter.order != EntryOrder::newest) throw Problem(422, "cursor_needs_order");
  filter.pending = request.query("pending").boolean();
  filter.dismissed = request.query("dismissed").boolean();
  filter.sessionId = sentOrNull(request, "session_id");
  filter.personaName = sentOrNull(request, "persona_name");
  filter.sourcePart = sentOrNull(request, "source_filter");
  filter.limit = request.query("limit").integer(50);
  filter.skip = (request.query("page").integer(1) - 1) * filter.limit;
  std::vector<Entry> entries;
  const auto type = request.query("type").text();
  if (type) filter.type = ifNamed<EntryType>(*type);
  // Of a type that there is not there are no entries.
  if (!type || filter.type) entries = entries_.list(reached.project.id, filter, [&] { request.stopIfExpired(); });
  if (filter.textPart) countFound(request, entries);
  auto reply = Reply::ok(json::list(entries));
  if (filter.order != EntryOrder::newest || std::ssize(entries) < filter.limit) return reply;
  return std::move(reply).header("X-Next-Cursor", std::to_string(entries.back().id));
}

void KnowledgeOperations::countFound(const Request& request, const std::vector<Entry>& entries) const {
  if (entries.empty()) return;
  std::vector<std::int64_t> ids;
  for (const auto& entry : entries) ids.push_back(entry.id);
  std::sort(ids.begin(), ids.end());
  if (!request.query("used_in_answer").boolean(false)) return retrieved_.add(ids);
  const auto caller = request.principal();
  if (caller.isServiceKey) {
    // A key that may only read leaves no trace in what an entry is worth.
    const auto keys = identity_.listKeys(caller.userId, caller.keyOrgId);
    const auto own = std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return caller.keyId == key.id; });
    if (own == keys.end() || !mortise::detail::listHas(own->scopes, "knowledge:write")) return;
  }
  entries_.countUsed(ids, mortise::now());
}

Reply KnowledgeOperations::addEntry(const Request& request, const contract::NewEntry& body) {
  const auto caller = request.principal();
  const auto reached = access_.reach(request);
  NewKnowledge wish;
  auto& entry = wish.entry;
  entry.projectId = reached.project.id;
  entry.type = typeNamed(body.entryType);
  entry.content = body.content;
  if (mortise::characterCount(mortise::trimmed(body.content)) < kLeastContent)
    throw Problem(422, "entry_too_short").with("least", kLeastContent);
  entry.entityRef = trimmedOrNull(body.entityRef);
  entry.entityType = trimmedOrNull(body.entityType);
  if (body.upsert && !entry.entityRef) throw Problem(422, "upsert_needs_entity");
  if (body.upsert && !reached.canEdit) throw Problem(403, "project_edit_forbidden");
  entry.sessionId = trimmedOrNull(body.sessionId).value_or("manual");
  entry.userId = caller.userId;
  entry.confidence = body.confidence.has() ? *body.confidence : defaultConfidence(entry.sessionId);
  entry.byReader = !reached.canEdit;
  if (entry.byReader) entry.confidence = std::min(entry.confidence, kReaderConfidence);
  entry.sourceContext = mortise::orNull(body.sourceContext.valueOr(""));
  if (const auto name = trimmedOrNull(body.personaName)) {
    const auto persona = personas_.resolve(reached.project.id, personaOrgOf(caller, reached.project), *name);
    if (!persona) throw Problem(422, "persona_not_in_project");
    entry.personaName = persona->name;
  }
  const bool isAgent = caller.isServiceKey || body.authorClass.valueOr("") == "agent";
  entry.authorClass = isAgent ? AuthorClass::agent : AuthorClass::human;
  if (caller.isServiceKey) entry.serviceKeyName = mortise::orNull(caller.keyName);
  entry.createdAt = mortise::now();
  wish.tier = caller.tier;
  wish.asksForClaim = body.forceClaim;
  wish.replaces = body.upsert;
  const auto added = adding_.add(reached.project, wish);
  const auto& stored = added.entry;
  return Reply::created(json::object({{"id", stored.id},
                                      {"project_id", stored.projectId},
                                      {"session_id", stored.sessionId},
                                      {"user_id", stored.userId},
                                      {"entry_type", std::string(mortise::detail::nameOf(stored.type))},
                                      {"content", stored.content},
                                      {"confidence", stored.confidence},
                                      {"source_context", stored.sourceContext},
                                      {"persona_name", stored.personaName},
                                      {"author_class", std::string(mortise::detail::nameOf(stored.authorClass))},
                                      {"created_at", mortise::isoTime(stored.createdAt)},
                                      {"compiled_at", std::optional<std::string>()},
                                      {"dismissed", stored.dismissed},
                                      {"claim_class", std::string(mortise::detail::nameOf(stored.claimClass))},
                                      {"entity_ref", stored.entityRef},
                                      {"entity_type", stored.entityType},
                                      {"freshness_class", std::string(mortise::detail::nameOf(stored.freshness))},
                                      {"classification_reason", added.classification.reason},
                                      {"tip", added.classification.tip},
                                      {"upserted_from", json::list(added.replaced)}}));
}

Reply KnowledgeOperations::bulkPromoteEntries(const Request& request,
                                              const std::optional<contract::BulkPromotion>& sent) {
  const auto body = sent.value_or(contract::BulkPromotion());
  const auto reached = access_.reachToEdit(request);
  BulkPromotion wish;
  wish.minLength = body.minLength;
  wish.minConfidence = body.minConfidence;
  if (body.setConfidence.has()) wish.setConfidence = *body.setConfidence;
  if (const auto type = trimmedOrNull(body.entryType)) wish.type = typeNamed(*type);
  wish.includeReaderNotes = body.includeReaderNotes;
  const std::string userId = request.principal().userId;
  const auto now = mortise::now();
  const auto& project = reached.project;
  const auto stop = [&] { request.stopIfExpired(); };
  const auto done = db_.transaction([&](Transaction& tx) {
    const EntryChanges changes(db_.in(tx), project.id);
    if (!body.dryRun) entries_.in(tx).hold(project.id);
    auto promoted = changes.promotable(wish, stop);
    if (body.dryRun || promoted.ids.empty()) return promoted;
    changes.promoteAll(promoted.ids, wish.setConfidence, userId, now);
    adding_.compileIfEnough(tx, project, now);
    audit_.in(tx).record(request, "projects.entries_promoted", "project:" + project.id,
                         json::object({{"promoted", promoted.ids.size()}}));
    changes_.record(tx, {ProjectEvent::knowledgeChanged, project.id, "", "promoted", userId});
    return promoted;
  });
  std::int64_t skipped = 0;
  json::Object reasons;
  for (const auto& [reason, count] : done.skipped) {
    skipped += count;
    reasons.add(reason, count);
  }
  return Reply::ok(json::object({{"promoted", done.ids.size()},
                                 {"skipped", skipped},
                                 {"reasons", reasons.build()},
                                 {"promoted_ids", json::list(done.ids)},
                                 {"dry_run", body.dryRun},
                                 {"reader_notes_excluded", done.readerNotes}}));
}

Reply KnowledgeOperations::dismissStaleEntries(const Request& request) {
  const auto reached = access_.reachToEdit(request);
  const std::string userId = request.principal().userId;
  const auto count = db_.transaction([&](Transaction& tx) {
    entries_.in(tx).hold(reached.project.id);
    const auto dismissed = EntryChanges(db_.in(tx), reached.project.id).dismissStale(userId, mortise::now());
    if (dismissed == 0) return dismissed;
    audit_.in(tx).record(request, "projects.stale_entries_dismissed", "project:" + reached.project.id,
                         json::object({{"dismissed", dismissed}}));
    changes_.record(tx, {ProjectEvent::knowledgeChanged, reached.project.id, "", "dismissed", userId});
    return dismissed;
  });
  return Reply::ok(json::object({{"dismissed_count", count}}));
}

Entry KnowledgeOperations::entryOf(const Request& request, const Project& project) const {
  return mortise::orNotFound(entries_.find(project.id, request.pathInteger("entry_id")), "entry_not_found");
}

Reply KnowledgeOperations::readEntry(const Request& request) {
  return Reply::ok(json::from(entryOf(request, access_.reach(request).project)));
}

Entry KnowledgeOperations::change(const Request& request, const Project& project, std::int64_t id,
                                  std::string_view what,
                                  const std::function<bool(Transaction&, const EntryChanges&)>& work) const {
  return db_.transaction([&](Transaction& tx) {
    if (!work(tx, EntryChanges(db_.in(tx), project.id))) throw Problem(404, "entry_not_found");
    const auto number = std::to_string(id);
    const std::string userId = request.principal().userId;
    changes_.record(tx, {ProjectEvent::knowledgeChanged, project.id, number, what, userId});
    return mortise::orNotFound(entries_.in(tx).find(project.id, id), "entry_not_found");
  });
}

Reply KnowledgeOperations::dismissEntry(const Request& request, const contract::DismissEntryBody& body) {
  const auto reached = access_.reachToEdit(request);
  const auto reason = trimmedOrNull(body.reason);
  if (reason && mortise::characterCount(*reason) > kMaxReason)
    throw Problem(422, "dismissal_reason_too_long").with("most", kMaxReason);
  const auto id = request.pathInteger("entry_id");
  const std::string userId = request.principal().userId;
  const auto changed =
      change(request, reached.project, id, body.dismissed ? "dismissed" : "taken_back",
             [&](Transaction&, const EntryChanges& changes) {
               return body.dismissed ? changes.dismiss(id, userId, reason, mortise::now()) : changes.takeBack(id);
             });
  return Reply::ok(json::from(changed));
}

Reply KnowledgeOperations::refreshEntry(const Request& request) {
  const auto reached = access_.reachToEdit(request);
  const auto id = request.pathInteger("entry_id");
  const auto changed =
      change(request, reached.project, id, "refreshed", [&](Transaction& tx, const EntryChanges& changes) {
        if (changes.refresh(id, mortise::now())) return true;
        if (entries_.in(tx).find(reached.project.id, id)) throw Problem(409, "entry_superseded");
        return false;
      });
  return Reply::ok(json::object({{"id", changed.id},
                                 {"freshness_class", std::string(mortise::detail::nameOf(changed.freshness))},
                                 {"last_relevant_at", mortise::isoTime(changed.lastRelevantAt.value())}}));
}

Reply KnowledgeOperations::supersedeEntry(const Request& request, const contract::SupersedeEntryBody& body) {
  const auto reached = access_.reachToEdit(request);
  const auto& project = reached.project;
  const auto older = request.pathInteger("entry_id"), newer = body.supersedingId;
  if (newer == older) throw Problem(422, "entry_supersedes_itself");
  change(request, project, older, "superseded", [&](Transaction& tx, const EntryChanges& changes) {
    entries_.in(tx).hold(project.id);
    if (changes.countOf({older, newer}) != 2) return false;
    if (changes.isReplacedBy(newer, older)) throw Problem(422, "supersession_loop");
    LinkStore(db_).in(tx).put({.projectId = project.id,
                               .sourceType = kEntryKind,
                               .sourceId = std::to_string(newer),
                               .targetType = kEntryKind,
                               .targetId = std::to_string(older),
                               .linkType = "supersedes",
                               .createdAt = mortise::now()});
    return changes.supersede(older, newer, body.reason);
  });
  return Reply::ok(
      json::object({{"superseded_entry_id", older}, {"superseding_entry_id", newer}, {"reason", body.reason}}));
}

Reply KnowledgeOperations::promoteEntry(const Request& request) {
  const auto reached = access_.reachToEdit(request);
  const auto entry = entryOf(request, reached.project);
  if (entry.claimClass == ClaimClass::claim) throw Problem(409, "entry_is_claim");
  auto missed = missedConditions(entry.content, entry.confidence);
  if (entry.dismissed) missed.emplace_back("it was dismissed");
  if (!entry.dismissed && !entry.isLive()) missed.emplace_back("another entry replaced it");
  if (!missed.empty()) throw Problem(422, "entry_not_promotable").with("missed", sentences(missed));
  const std::string userId = request.principal().userId;
  const auto now = mortise::now();
  const auto changed =
      change(request, reached.project, entry.id, "promoted", [&](Transaction& tx, const EntryChanges& changes) {
        entries_.in(tx).hold(reached.project.id);
        if (!changes.promote(entry.id, userId, now)) throw Problem(409, "entry_is_claim");
        adding_.compileIfEnough(tx, reached.project, now);
        return true;
      });
  return Reply::ok(json::from(changed));
}

Reply KnowledgeOperations::setEntryConfidence(const Request& request, const contract::SetEntryConfidenceBody& body) {
  const auto reached = access_.reachToEdit(request);
  const auto id = request.pathInteger("entry_id");
  const auto changed =
      change(request, reached.project, id, "confidence",
             [&](Transaction&, const EntryChanges& changes) { return changes.setConfidence(id, body.confidence); });
  return Reply::ok(json::from(changed));
}

}  // namespace projects
