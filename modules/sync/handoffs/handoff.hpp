// A session that its owner hands over to somebody else: fields, columns, JSON, and the states it goes through. Pending
// ends as one of the others; nothing follows.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace session_sharing {

enum class HandoffStatus : std::uint8_t { pending, claimed, revoked, declined, expired };
constexpr auto mortiseNames(HandoffStatus) {
  using Status = HandoffStatus;
  return mortise::names<Status>({{Status::pending, "pending"},
                                 {Status::claimed, "claimed"},
                                 {Status::revoked, "revoked"},
                                 {Status::declined, "declined"},
                                 {Status::expired, "expired"}});
}

struct Handoff {
  std::string id;
  std::string sessionId;
  std::optional<std::string> sourceProjectId;
  std::string senderId;
  std::string senderEmail;
  std::string senderTier;
  std::string recipient;  // see handoff_party.hpp
  std::optional<std::string> recipientEmail;
  std::optional<std::string> recipientUserId;
  std::optional<std::string> recipientTeamId;
  std::optional<std::string> message;
  HandoffStatus status = HandoffStatus::pending;
  mortise::Time createdAt;
  mortise::Time expiresAt;
  std::optional<mortise::Time> viewedAt;
  std::optional<mortise::Time> claimedAt;
  std::optional<std::string> claimerId;
  std::optional<std::string> recipientSessionId;
  std::optional<mortise::Time> revokedAt;
  std::optional<std::string> revokedByUserId;
  std::optional<std::string> revokeReason;
  std::optional<std::string> sessionTitle;
  std::optional<std::string> sessionTool;
  std::optional<std::string> sessionModelId;
  std::optional<std::int64_t> sessionMessageCount;
  std::optional<std::int64_t> sessionTotalTokens;
  std::optional<std::string> ticketId;
  std::optional<std::string> snapshotTicketTitle;
  std::optional<std::string> personaName;
  std::optional<std::string> snapshotPersonaName;

  bool isOver(mortise::Time now) const { return expiresAt <= now; }
  // What people are told: whatever was not claimed has expired once its time is over.
  HandoffStatus shownStatus(mortise::Time now) const {
    return status != HandoffStatus::claimed && isOver(now) ? HandoffStatus::expired : status;
  }

  static constexpr auto kFields =
      mortise::fields(
          "sync_handoffs", mortise::field("id", &Handoff::id).key(),
          mortise::field("session_id", &Handoff::sessionId).fixed(),
          mortise::field("recipient_session_id", &Handoff::recipientSessionId),
          mortise::field("sender_id", &Handoff::senderId).fixed().hidden(),
          mortise::field("sender_email", &Handoff::senderEmail).fixed(),
          mortise::field("recipient", &Handoff::recipient).fixed().hidden(),
          mortise::field("recipient_email", &Handoff::recipientEmail).fixed(),
          mortise::field("recipient_user_id", &Handoff::recipientUserId).fixed(),
          mortise::field("recipient_team_id", &Handoff::recipientTeamId).fixed(),
          mortise::field("message", &Handoff::message).fixed(), mortise::field("status", &Handoff::status),
          mortise::field("session_title", &Handoff::sessionTitle).fixed(),
          mortise::field("session_tool", &Handoff::sessionTool).fixed(),
          mortise::field("session_model_id", &Handoff::sessionModelId).fixed(),
          mortise::field("session_message_count", &Handoff::sessionMessageCount).fixed(),
          mortise::field("session_total_tokens", &Handoff::sessionTotalTokens).fixed(),
          mortise::field("created_at", &Handoff::createdAt).fixed(), mortise::field("claimed_at", &Handoff::claimedAt),
          mortise::field("claimer_id", &Handoff::claimerId).hidden(),
          mortise::field("expires_at", &Handoff::expiresAt).fixed(),
          mortise::field("ticket_id", &Handoff::ticketId).fixed(),
          mortise::field("persona_name", &Handoff::personaName).fixed(),
          mortise::field("revoked_at", &Handoff::revokedAt),
          mortise::field("revoked_by_user_id", &Handoff::revokedByUserId),
          mortise::field("revoke_reason", &Handoff::revokeReason), mortise::field("viewed_at", &Handoff::viewedAt),
          mortise::field("snapshot_persona_name", &Handoff::snapshotPersonaName).fixed(),
          mortise::field("snapshot_ticket_title", &Handoff::snapshotTicketTitle).fixed(),
          mortise::field("sender_tier", &Handoff::senderTier).as("sender_tier_snapshot").fixed(),
          mortise::field("source_project_id", &Handoff::sourceProjectId).fixed())
          .times(mortise::kIsoMicros);
};

// What goes with a handoff: an entry, page or ticket of the session's project.
struct HandoffAttachment {
  std::string handoffId;
  std::int64_t position = 0;
  std::string kind;   // kb_entry, wiki_page, ticket
  std::string refId;  // number, slug, id
  std::optional<std::string> projectId;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("sync_handoff_attachments",
                      mortise::field("handoff_id", &HandoffAttachment::handoffId).key().hidden(),
                      mortise::field("position", &HandoffAttachment::position).key().hidden(),
                      mortise::field("kind", &HandoffAttachment::kind).fixed(),
                      mortise::field("ref_id", &HandoffAttachment::refId).fixed(),
                      mortise::field("project_id", &HandoffAttachment::projectId).fixed(),
                      mortise::field("created_at", &HandoffAttachment::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

struct HandoffComment {
  std::string id;
  std::string handoffId;
  std::optional<std::string> authorUserId;
  std::string content;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("sync_handoff_comments", mortise::field("id", &HandoffComment::id).key(),
                      mortise::field("handoff_id", &HandoffComment::handoffId).fixed(),
                      mortise::field("author_user_id", &HandoffComment::authorUserId).fixed(),
                      mortise::field("content", &HandoffComment::content).fixed(),
                      mortise::field("created_at", &HandoffComment::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

struct HandoffEvent {
  std::int64_t id = 0;
  std::string handoffId;
  std::string eventType;  // created, viewed, commented, claimed, revoked, declined, expired
  std::optional<std::string> actorUserId;
  std::optional<std::string> serviceKeyName;  // the key that the actor came with
  std::string payload;                        // JSON; empty: none
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("sync_handoff_events", mortise::field("id", &HandoffEvent::id).key().generated(),
                      mortise::field("handoff_id", &HandoffEvent::handoffId).fixed(),
                      mortise::field("event_type", &HandoffEvent::eventType).fixed(),
                      mortise::field("actor_user_id", &HandoffEvent::actorUserId).fixed(),
                      mortise::field("service_key_name", &HandoffEvent::serviceKeyName).fixed(),
                      mortise::field("payload", &HandoffEvent::payload).fixed().json(),
                      mortise::field("created_at", &HandoffEvent::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
