#include "handoffs/handoff_operations.hpp"

#include <mortise/ascii.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "sharing/html_page.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::handoffs;
namespace json = mortise::json;
using mortise::Principal;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Time;
using mortise::Transaction;

constexpr std::int64_t kDefaultHours = 168;
constexpr std::int64_t kMaxHours = 720;  // but for the tier enterprise
constexpr std::size_t kListed = 200;
constexpr std::size_t kShown = 200;  // comments, events
constexpr std::size_t kMaxFiles = 10;
constexpr std::size_t kMaxErrors = 3;
constexpr std::size_t kLastMessages = 3;
constexpr std::size_t kLastMessageCharacters = 200;
constexpr std::int64_t kPreviewMessages = 6;
constexpr std::size_t kPreviewCharacters = 400;

HandoffActor actorOf(const Principal& caller) {
  return {caller.userId.string(), caller.isServiceKey ? mortise::orNull(caller.keyName) : std::nullopt};
}

std::optional<std::string> trimmed(const mortise::BodyMember<std::string>& member) {
  return mortise::orNull(mortise::trimmed(member.valueOr("")));
}

std::size_t limitOf(const Request& request) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(request.query("limit").integer(kShown), 1, kShown));
}

// What goes with a handoff in its whole view.
struct Parts {
  std::vector<HandoffAttachment> attachments;
  std::vector<HandoffComment> comments;
  std::vector<HandoffEvent> events;
  json::Value ticketPayload;
  std::vector<DroppedReference> dropped;
};

json::Value view(Handoff handoff, const Parts& parts = {}) {
  handoff.status = handoff.shownStatus(mortise::now());
  return json::from(handoff)
      .add("handoff_kind", handoff.recipientTeamId ? "team" : "individual")
      .add("attachments", json::list(parts.attachments))
      .add("comments", json::list(parts.comments))
      .add("events", json::list(parts.events))
      .add("active_ticket_payload", parts.ticketPayload)
      .add("dropped_attachments", json::list(parts.dropped))
      .build();
}

CapturedSession copyOf(const CapturedSession& source, std::string id, std::string_view userId, Time now) {
  CapturedSession copy;
  copy.id = std::move(id);
  copy.userId = userId;
  copy.metadata = source.metadata;
  copy.metadata.originalSessionId = source.id;
  copy.metadata.parentSessionId = source.id;
  copy.metadata.retrievalAuditId.reset();  // the sender's
  copy.blobKey = source.blobKey;
  copy.blobSizeBytes = source.blobSizeBytes;
  copy.etag = source.etag;
  copy.createdAt = source.createdAt;
  copy.updatedAt = copy.uploadedAt = now;
  copy.dlpScanResults = source.dlpScanResults;
  return copy;
}

}  // namespace

HandoffOperations::HandoffOperations(mortise::Host host, const ProjectLookup& projects, ArchiveThreads& archiveThreads,
                                     const HeldBlobs& held, const SummaryService& summaries)
    : db_(host.db()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      held_(held),
      sessions_(db_),
      handoffs_(db_),
      search_(db_),
      messages_(host, held),
      mailer_(host),
      references_(projects),
      projects_(projects),
      archiveThreads_(archiveThreads),
      summaries_(summaries),
      created_(host.metrics().counter("handoffs_created_total", "Handoffs that were made")),
      claimed_(host.metrics().counter("handoff_claims_total", "Claims of handoffs", {{"outcome", "claimed"}})),
      lostClaims_(host.metrics().counter("handoff_claims_total", "Claims of handoffs", {{"outcome", "lost"}})) {}

void HandoffOperations::sessionRemoved(const Transaction& tx, const CapturedSession& session) {
  handoffs_.in(tx).revokePendingOf(session.id, "the session was removed", mortise::now());
}

Reply HandoffOperations::createHandoff(const Request& request, const NewHandoff& body) {
  const auto caller = request.principal();
  Handoff handoff;
  handoff.id = mortise::makePrefixedId("hnd_");
  handoff.senderId = caller.userId;
  handoff.senderEmail = caller.email;
  handoff.senderTier = mortise::effectiveTier(caller.tier);
  handoff.createdAt = mortise::now();
  auto hours = body.expiresInHours.value_or(kDefaultHours);
  if (handoff.senderTier != mortise::kTiers.back()) hours = std::min(hours, kMaxHours);
  handoff.expiresAt = handoff.createdAt + std::chrono::hours(hours);
  handoff.message = mortise::orNull(body.message.valueOr(""));
  handoff.ticketId = trimmed(body.ticketId);
  handoff.personaName = trimmed(body.personaName);
  addressTo(handoff, body, caller);
  auto session = sessions_.findOwn(caller.userId, body.sessionId);
  if (session && session->isDeleted) session.reset();
  requireProjectOf(projects_, caller, session);
  if (!session) throw Problem(404, "session_not_found");
  handoff.sessionId = session->id;
  handoff.sessionTitle = session->metadata.title;
  handoff.sessionTool = session->metadata.sourceTool;
  handoff.sessionModelId = session->metadata.modelId;
  handoff.sessionMessageCount = session->metadata.messageCount;
  handoff.sessionTotalTokens = session->metadata.totalInputTokens + session->metadata.totalOutputTokens;
  std::vector<NamedReference> references;
  for (const auto& attachment : body.attachments.valueOr(std::vector<contract::NewAttachment>())) {
    references.push_back({attachment.kind, std::string(mortise::trimmed(attachment.refId))});
  }
  const auto attachments = references_.resolve(handoff, references, *session);
  store(request, handoff, attachments, *session);
  created_.add();
  mailer_.notify(request, handoff);
  return Reply::created(view(handoff));
}

void HandoffOperations::addressTo(Handoff& handoff, const NewHandoff& body, const Principal& caller) const {
  if (const auto email = trimmed(body.recipientEmail)) handoff.recipientEmail = mortise::asciiLowerCase(*email);
  handoff.recipientUserId = trimmed(body.recipientUserId);
  handoff.recipientTeamId = trimmed(body.recipientTeamId);
  const int count =
      (handoff.recipientEmail ? 1 : 0) + (handoff.recipientUserId ? 1 : 0) + (handoff.recipientTeamId ? 1 : 0);
  if (count != 1) throw Problem(422, "handoff_recipient_count");
  if (handoff.recipientEmail) {
    handoff.recipient = inboxOfEmail(*handoff.recipientEmail);
  } else if (handoff.recipientUserId) {
    if (!identity_.find(mortise::UserKey::id, *handoff.recipientUserId)) throw Problem(404, "user_not_found");
    handoff.recipient = inboxOfUser(*handoff.recipientUserId);
  } else {
    orgs_.requireFeature(caller.userId, "team_handoff");
    const auto& id = *handoff.recipientTeamId;
    if (!orgs_.findTeam(id)) throw Problem(404, "team_not_found");
    const auto own = orgs_.teamsOf(caller.userId);
    if (std::none_of(own.begin(), own.end(), [&](const mortise::Team& team) { return team.id == id; }))
      throw Problem(403, "not_a_team_member");
    handoff.recipient = inboxOfTeam(id);
  }
}

void HandoffOperations::store(const Request& request, const Handoff& handoff,
                              const std::vector<HandoffAttachment>& attachments, const CapturedSession& session) const {
  db_.transaction([&](Transaction& tx) {
    if (!sessions_.in(tx).hold(session.id)) throw Problem(404, "session_not_found");
    // A push may have taken the session to another project since its references were looked at.
    const auto now = sessions_.in(tx).find(session.id);
    if (!now) throw Problem(404, "session_not_found");
    if (now->projectId != session.projectId || now->metadata.gitRemote != session.metadata.gitRemote)
      throw Problem(409, "handoff_project_changed");
    handoffs_.in(tx).add(handoff, attachments, actorOf(request.principal()));
    audit_.in(tx).record(request, "sync.handoff_created", "handoff:" + handoff.id,
                         json::object({{"session_id", handoff.sessionId}, {"recipient", handoff.recipient}}));
  });
}

Handoff HandoffOperations::handoffOf(const Request& request, Role role) const {
  const auto caller = request.principal();
  auto handoff = handoffs_.find(request.path("handoff_id"));
  if (!handoff) throw Problem(404, "handoff_not_found");
  const HandoffParty party(orgs_, caller);
  const bool isIn = role == Role::sender      ? party.isSender(*handoff)
                    : role == Role::recipient ? party.isRecipient(*handoff)
                                              : party.isParty(*handoff);
  if (!isIn) throw Problem(404, "handoff_not_found");
  if (caller.isServiceKey) requireProjectOf(projects_, caller, sessions_.find(handoff->sessionId));
  const auto now = mortise::now();
  if (handoff->status == HandoffStatus::pending && handoff->isOver(now) && handoffs_.expire(handoff->id, now))
    handoff = handoffs_.find(handoff->id);
  if (!handoff) throw Problem(404, "handoff_not_found");
  return std::move(*handoff);
}

Reply HandoffOperations::readHandoff(const Request& request) {
  auto handoff = handoffOf(request, Role::party);
  const auto now = mortise::now();
  if (handoff.shownStatus(now) == HandoffStatus::expired) throw Problem(410, "handoff_expired");
  const auto caller = request.principal();
  if (!handoff.viewedAt && HandoffParty(orgs_, caller).isRecipient(handoff) &&
      handoffs_.view(handoff.id, actorOf(caller), now)) {
    handoff.viewedAt = now;
  }
  Parts parts;
  parts.attachments = handoffs_.attachments(handoff.id);
  parts.comments = handoffs_.comments(handoff.id, kShown);
  parts.events = handoffs_.events(handoff.id, kShown);
  return Reply::ok(view(handoff, parts));
}

Reply HandoffOperations::listReceivedHandoffs(const Request& request) {
  const auto inboxes = HandoffParty(orgs_, request.principal()).inboxes(request.query("include_team").boolean(true));
  return list(request, handoffs_.inbox(inboxes, kListed), handoffs_.inboxCount(inboxes));
}

Reply HandoffOperations::listSentHandoffs(const Request& request) {
  const auto userId = request.principal().userId;
  return list(request, handoffs_.sent(userId, kListed), handoffs_.sentCount(userId));
}

Reply HandoffOperations::list(const Request& request, const std::vector<Handoff>& handoffs, std::int64_t total) const {
  const auto caller = request.principal();
  json::List shown;
  if (!caller.isServiceKey) {
    for (const auto& handoff : handoffs) shown.add(view(handoff));
    return Reply::ok(json::object({{"handoffs", shown}, {"total", total}}));
  }
  // A service key sees those of its projects; of others not even how many there are.
  std::int64_t count = 0;
  std::map<std::string, bool> isWithin;  // by session
  for (const auto& handoff : handoffs) {
    request.stopIfExpired();
    const auto entry = isWithin.find(handoff.sessionId);
    bool within = entry != isWithin.end() && entry->second;
    if (entry == isWithin.end()) {
      try {
        requireProjectOf(projects_, caller, sessions_.find(handoff.sessionId));
        within = true;
      } catch (const Problem& problem) {
        if (problem.status() != 403) throw;
      }
      isWithin.emplace(handoff.sessionId, within);
    }
    if (!within) continue;
    shown.add(view(handoff));
    ++count;
  }
  return Reply::ok(json::object({{"handoffs", shown}, {"total", count}}));
}

Reply HandoffOperations::claimHandoff(const Request& request) {
  const auto before = handoffOf(request, Role::recipient);
  if (before.status != HandoffStatus::pending) refuseClaim(before, false);
  if (!claim(request, before)) {
    lostClaims_.add();
    refuseClaim(handoffs_.find(before.id).value_or(before), true);
  }
  claimed_.add();
  const auto handoff = mortise::orNotFound(handoffs_.find(before.id), "handoff_not_found");
  // After the claim: the copy itself may open the project to its new owner.
  auto references = references_.seenBy(request.principal().userId, handoff, handoffs_.attachments(handoff.id));
  Parts parts;
  parts.attachments = std::move(references.attachments);
  parts.ticketPayload = std::move(references.ticketPayload);
  parts.dropped = std::move(references.dropped);
  return Reply::ok(view(handoff, parts));
}

bool HandoffOperations::claim(const Request& request, const Handoff& handoff) const {
  const auto caller = request.principal();
  for (int tries = 0; tries < 3; ++tries) {
    const auto source = sessions_.find(handoff.sessionId);
    if (!source) throw Problem(404, "session_not_found");
    const auto now = mortise::now();
    const auto copy = copyOf(*source, mortise::makePrefixedId("ses_"), caller.userId, now);
    const auto entry = search_.entry(copy, search_.text(source->id));
    bool isOther = false;
    const bool isWon = db_.transaction([&](Transaction& tx) {
      // What an account has is forgotten once, when it goes.
      if (!identity_.in(tx).find(mortise::UserKey::id, caller.userId)) throw Problem(401, "not_authenticated");
      const bool isThere = held_.hold(tx, source->blobKey);
      const auto current = sessions_.in(tx).find(source->id);
      if (!current) throw Problem(404, "session_not_found");
      // Somebody pushed meanwhile: copy what there is now.
      isOther = current->blobKey != source->blobKey || current->etag != source->etag;
      if (isOther) return false;
      if (!isThere) throw Problem(404, "session_not_found").note("the archive is gone: " + source->blobKey);
      if (!handoffs_.in(tx).claim(handoff.id, actorOf(caller), copy.id, now)) return false;
      if (!sessions_.in(tx).put(copy)) throw Problem(500, "internal").note("a new session id was taken");
      search_.in(tx).put(entry);
      audit_.in(tx).record(request, "sync.handoff_claimed", "handoff:" + handoff.id,
                           json::object({{"session_id", handoff.sessionId}, {"recipient_session_id", copy.id}}));
      return true;
    });
    if (!isOther) return isWon;
  }
  throw Problem(503, "unavailable").retryAfter(1).note("the session changes faster than it can be copied");
}

void HandoffOperations::refuseClaim(const Handoff& handoff, bool wasPending) const {
  const auto status = handoff.shownStatus(mortise::now());
  if (status == HandoffStatus::expired) throw Problem(410, "handoff_expired");
  if (wasPending && status == HandoffStatus::claimed) {
    const auto winner = identity_.find(mortise::UserKey::id, handoff.claimerId.value_or(""));
    throw Problem(409, "claim_race_lost")
        .details(json::object({{"winner_user_id", handoff.claimerId},
                               {"winner_email", winner ? mortise::orNull(winner->email) : std::nullopt},
                               {"current_status", "claimed"}}));
  }
  throw Problem(409, "handoff_not_pending").with("status", std::string(mortise::detail::nameOf(status)));
}

Reply HandoffOperations::revokeHandoff(const Request& request, const contract::RevokeHandoffBody& body) {
  const auto before = handoffOf(request, Role::sender);
  db_.transaction([&](Transaction& tx) {
    if (!handoffs_.in(tx).revoke(before.id, actorOf(request.principal()), body.reason, mortise::now()))
      throw Problem(409, "handoff_not_pending");
    audit_.in(tx).record(request, "sync.handoff_revoked", "handoff:" + before.id,
                         json::object({{"reason", body.reason}}));
  });
  return Reply::ok(view(handoffs_.find(before.id).value_or(before)));
}

Reply HandoffOperations::declineHandoff(const Request& request, const contract::DeclineHandoffBody& body) {
  const auto before = handoffOf(request, Role::recipient);
  const auto reason = mortise::orNull(body.reason.valueOr(""));
  db_.transaction([&](Transaction& tx) {
    if (!handoffs_.in(tx).decline(before.id, actorOf(request.principal()), reason, mortise::now()))
      throw Problem(409, "handoff_not_pending");
    audit_.in(tx).record(request, "sync.handoff_declined", "handoff:" + before.id);
  });
  return Reply::ok(view(handoffs_.find(before.id).value_or(before)));
}

Reply HandoffOperations::commentHandoff(const Request& request, const contract::CommentHandoffBody& body) {
  const auto handoff = handoffOf(request, Role::party);
  const auto actor = actorOf(request.principal());
  HandoffComment comment;
  comment.id = mortise::makePrefixedId("hcm_");
  comment.handoffId = handoff.id;
  comment.authorUserId = actor.userId;
  comment.content = body.content;
  comment.createdAt = mortise::now();
  handoffs_.comment(comment, actor);
  return Reply::created(json::from(comment));
}

Reply HandoffOperations::listHandoffComments(const Request& request) {
  const auto handoff = handoffOf(request, Role::party);
  return Reply::ok(json::list(handoffs_.comments(handoff.id, limitOf(request))));
}

Reply HandoffOperations::listHandoffEvents(const Request& request) {
  const auto handoff = handoffOf(request, Role::party);
  return Reply::ok(json::list(handoffs_.events(handoff.id, limitOf(request))));
}

void HandoffOperations::summariseHandoff(Request& request) {
  const auto handoff = handoffOf(request, Role::party);
  if (handoff.status == HandoffStatus::claimed) throw Problem(410, "handoff_claimed");
  if (handoff.shownStatus(mortise::now()) == HandoffStatus::expired) throw Problem(410, "handoff_expired");
  auto session = mortise::orNotFound(sessions_.find(handoff.sessionId), "session_not_found");
  archiveThreads_.answer(
      request, [this, session = std::move(session)](const Request& later) { return summary(later, session); });
}

Reply HandoffOperations::summary(const Request& request, const CapturedSession& session) const {
  const auto cancelled = [&] { request.stopIfExpired(); };
  auto whole = summaries_.summaryOf(session, cancelled);
  const auto first = [](std::vector<std::string>& list, std::size_t most) {
    if (list.size() > most) list.resize(most);
    return json::list(list);
  };
  json::List last;
  for (const auto& message : messages_.last(session, "assistant", kLastMessages, kLastMessageCharacters, cancelled)) {
    last.add(utf8::storable(textOf(message), kLastMessageCharacters));
  }
  return Reply::ok(json::object({{"session_id", session.id},
                                 {"title", whole.title},
                                 {"tool", whole.tool},
                                 {"model", whole.modelId},
                                 {"message_count", whole.messageCount},
                                 {"files_modified", first(whole.facts.filesModified, kMaxFiles)},
                                 {"commands_executed", whole.facts.commandsExecuted},
                                 {"tests_run", whole.facts.testsRun},
                                 {"tests_passed", whole.facts.testsPassed},
                                 {"tests_failed", whole.facts.testsFailed},
                                 {"errors_encountered", first(whole.facts.errorsEncountered, kMaxErrors)},
                                 {"last_assistant_messages", last}}));
}

void HandoffOperations::previewHandoff(Request& request) {
  const std::string id = request.path("handoff_id");
  const std::string header = request.headerParameter("X-Preview-Token").text("");
  const std::string token = header.empty() ? request.query("token").text("").string() : header;
  // A stranger does not learn which part is wrong.
  auto handoff = mailer_.isPreviewToken(token, id) ? handoffs_.find(id) : std::nullopt;
  auto session = handoff && handoff->shownStatus(mortise::now()) == HandoffStatus::pending
                     ? sessions_.find(handoff->sessionId)
                     : std::nullopt;
  if (!session) {
    if (!wantsHtml(request)) throw Problem(404, "handoff_not_found");
    request.answer(htmlReply(handoffPreviewGonePage(request.language()), 404));
    return;
  }
  archiveThreads_.answer(request, [this, handoff = std::move(*handoff), session = std::move(*session)](
                                      const Request& later) { return preview(later, handoff, session); });
}

Reply HandoffOperations::preview(const Request& request, const Handoff& handoff, const CapturedSession& session) const {
  const auto part = messages_.page(session, 1, kPreviewMessages, kPreviewCharacters, [&] { request.stopIfExpired(); });
  if (wantsHtml(request)) return htmlReply(handoffPreviewPage(request.language(), handoff, part.messages), 200);
  const auto messages = json::list(part.messages, [](const ReadableMessage& message) {
    return json::object({{"role", message.role}, {"content", utf8::storable(textOf(message), kPreviewCharacters)}});
  });
  return Reply::raw(json::object({{"handoff_id", handoff.id},
                                  {"sender_email", handoff.senderEmail},
                                  {"session_title", handoff.sessionTitle},
                                  {"session_tool", handoff.sessionTool},
                                  {"session_message_count", handoff.sessionMessageCount},
                                  {"message", handoff.message},
                                  {"expires_at", mortise::isoTime(handoff.expiresAt)},
                                  {"messages", messages}})
                        .text(),
                    "application/json");
}

}  // namespace session_sharing
