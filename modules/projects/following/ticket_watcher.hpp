// Who follows a ticket, and what they are told of it: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "tickets/ticket.hpp"

namespace projects {

enum class WatchSource : std::uint8_t { creator, assignee, explicitly };
constexpr auto mortiseNames(WatchSource) {
  return mortise::names<WatchSource>(
      {{WatchSource::creator, "creator"}, {WatchSource::assignee, "assignee"}, {WatchSource::explicitly, "explicit"}});
}

struct TicketWatcher {
  std::string ticketId;
  std::string userId;
  std::optional<std::string> personaName;  // that stands for the user, when the ticket was assigned to it
  WatchSource source = WatchSource::explicitly;
  bool muted = false;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("projects_ticket_watchers", mortise::field("ticket_id", &TicketWatcher::ticketId).key().hidden(),
                      mortise::field("user_id", &TicketWatcher::userId).key(),
                      mortise::field("persona_name", &TicketWatcher::personaName),
                      mortise::field("source", &TicketWatcher::source), mortise::field("muted", &TicketWatcher::muted),
                      mortise::field("created_at", &TicketWatcher::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

// The later ones matter more: of several that nobody has read yet the most important one is shown.
enum class NotificationKind : std::uint8_t {
  comment,
  dependencyUnblocked,
  assignment,
  status,
  reviewVerdict,
  yourTurn
};
constexpr auto mortiseNames(NotificationKind) {
  using Kind = NotificationKind;
  return mortise::names<Kind>({{Kind::comment, "comment"},
                               {Kind::dependencyUnblocked, "dependency_unblocked"},
                               {Kind::assignment, "assignment"},
                               {Kind::status, "status"},
                               {Kind::reviewVerdict, "review_verdict"},
                               {Kind::yourTurn, "your_turn"}});
}

struct TicketNotification {
  std::int64_t id = 0;
  std::string userId;
  std::string ticketId;
  std::string projectId;    // of the ticket, filled where it is shown
  std::string ticketTitle;  // likewise
  NotificationKind kind = NotificationKind::comment;
  std::string summary;  // the server's words, never a comment's
  TicketActorType actorType = TicketActorType::user;
  std::optional<std::string> actorUserId;
  std::optional<std::string> serviceKeyName;
  std::int64_t eventCount = 1;
  mortise::Time createdAt;
  mortise::Time updatedAt;
  std::optional<mortise::Time> readAt;

  static constexpr auto kFields =
      mortise::fields("projects_ticket_notifications", mortise::field("id", &TicketNotification::id).key().generated(),
                      mortise::field("user_id", &TicketNotification::userId).hidden(),
                      mortise::field("ticket_id", &TicketNotification::ticketId),
                      mortise::field("project_id", &TicketNotification::projectId).computed(),
                      mortise::field("ticket_title", &TicketNotification::ticketTitle).computed(),
                      mortise::field("kind", &TicketNotification::kind),
                      mortise::field("summary", &TicketNotification::summary),
                      mortise::field("actor_type", &TicketNotification::actorType),
                      mortise::field("actor_user_id", &TicketNotification::actorUserId),
                      mortise::field("service_key_name", &TicketNotification::serviceKeyName),
                      mortise::field("event_count", &TicketNotification::eventCount),
                      mortise::field("created_at", &TicketNotification::createdAt),
                      mortise::field("updated_at", &TicketNotification::updatedAt),
                      mortise::field("read_at", &TicketNotification::readAt))
          .times(mortise::kIsoMicros);
};

}  // namespace projects
