// What people, agents and the server say about a ticket, and how its fields changed.
#pragma once

#include <mortise/ascii.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tickets/ticket.hpp"

namespace projects {

// The persona of what the server itself says. Nobody else writes as it.
inline constexpr std::string_view kSystemPersona = "system";
inline bool isReservedPersona(std::string_view name) { return mortise::asciiLowerCase(name) == kSystemPersona; }

struct TicketComment {
  std::string id;
  std::string ticketId;
  std::string authorUserId;
  std::optional<std::string> authorPersona;
  std::string content;
  std::optional<std::string> sessionId;
  bool verdictTrusted = false;  // its author was a trusted reviewer when it was written
  TicketActorType actorType = TicketActorType::user;
  std::optional<std::string> serviceKeyId;
  std::optional<std::string> serviceKeyName;
  mortise::Time createdAt;
  std::string source = "sessionfs";  // none comes from elsewhere

  static constexpr auto kFields =
      mortise::fields("projects_ticket_comments", mortise::field("id", &TicketComment::id).key(),
                      mortise::field("ticket_id", &TicketComment::ticketId),
                      mortise::field("author_user_id", &TicketComment::authorUserId),
                      mortise::field("author_persona", &TicketComment::authorPersona),
                      mortise::field("content", &TicketComment::content),
                      mortise::field("session_id", &TicketComment::sessionId),
                      mortise::field("verdict_trusted", &TicketComment::verdictTrusted).hidden(),
                      mortise::field("actor_type", &TicketComment::actorType).hidden(),
                      mortise::field("service_key_id", &TicketComment::serviceKeyId).hidden(),
                      mortise::field("service_key_name", &TicketComment::serviceKeyName).hidden(),
                      mortise::field("created_at", &TicketComment::createdAt),
                      mortise::field("source", &TicketComment::source).computed())
          .times(mortise::kIsoMicros);
};

// One field of a ticket that was changed by hand.
struct TicketEdit {
  std::string id;
  std::string ticketId;
  std::string editedByUserId;
  std::string fieldName;
  std::string oldValue;  // JSON
  std::string newValue;  // JSON
  mortise::Time editedAt;
  std::optional<std::int64_t> leaseEpoch;  // that the editor named

  static constexpr auto kFields = mortise::fields("projects_ticket_edits", mortise::field("id", &TicketEdit::id).key(),
                                                  mortise::field("ticket_id", &TicketEdit::ticketId),
                                                  mortise::field("edited_by_user_id", &TicketEdit::editedByUserId),
                                                  mortise::field("field_name", &TicketEdit::fieldName),
                                                  mortise::field("old_value", &TicketEdit::oldValue).json(),
                                                  mortise::field("new_value", &TicketEdit::newValue).json(),
                                                  mortise::field("edited_at", &TicketEdit::editedAt),
                                                  mortise::field("lease_epoch", &TicketEdit::leaseEpoch))
                                      .times(mortise::kIsoMicros);
};

}  // namespace projects
