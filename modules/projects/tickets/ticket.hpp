// A ticket: its fields, their columns and their JSON. What it goes through is in ticket_moves.hpp.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// An issue gathers tasks, and is kept by the project's administrators.
enum class TicketKind : std::uint8_t { task, issue };
constexpr auto mortiseNames(TicketKind) {
  return mortise::names<TicketKind>({{TicketKind::task, "task"}, {TicketKind::issue, "issue"}});
}

enum class TicketStatus : std::uint8_t { suggested, open, inProgress, blocked, review, done, cancelled, closed };
constexpr auto mortiseNames(TicketStatus) {
  using Status = TicketStatus;
  return mortise::names<Status>({{Status::suggested, "suggested"},
                                 {Status::open, "open"},
                                 {Status::inProgress, "in_progress"},
                                 {Status::blocked, "blocked"},
                                 {Status::review, "review"},
                                 {Status::done, "done"},
                                 {Status::cancelled, "cancelled"},
                                 {Status::closed, "closed"}});
}

// Done, closed or cancelled: nothing leads out of it.
constexpr bool isOver(TicketStatus status) {
  return status == TicketStatus::done || status == TicketStatus::closed || status == TicketStatus::cancelled;
}

enum class TicketPriority : std::uint8_t { low, medium, high, critical };
constexpr auto mortiseNames(TicketPriority) {
  return mortise::names<TicketPriority>({{TicketPriority::low, "low"},
                                         {TicketPriority::medium, "medium"},
                                         {TicketPriority::high, "high"},
                                         {TicketPriority::critical, "critical"}});
}

enum class TicketSource : std::uint8_t { human, agent };
constexpr auto mortiseNames(TicketSource) {
  return mortise::names<TicketSource>({{TicketSource::human, "human"}, {TicketSource::agent, "agent"}});
}

enum class TicketActorType : std::uint8_t { user, service };
constexpr auto mortiseNames(TicketActorType) {
  return mortise::names<TicketActorType>({{TicketActorType::user, "user"}, {TicketActorType::service, "service"}});
}

// Who does something to a ticket. A service key acts as the user who made it.
struct TicketActor {
  std::string userId;
  std::optional<std::string> serviceKeyId;
  std::optional<std::string> serviceKeyName;

  TicketActorType type() const { return serviceKeyId ? TicketActorType::service : TicketActorType::user; }
};

struct Ticket {
  std::string id;
  std::string projectId;
  TicketKind kind = TicketKind::task;
  TicketStatus status = TicketStatus::open;
  TicketPriority priority = TicketPriority::medium;
  std::string title;
  std::string description;
  std::optional<std::string> assignedTo;   // a persona, or free text
  std::optional<std::string> assigneeKey;  // assignedTo in lower case; TicketStore sets it
  TicketSource source = TicketSource::human;
  std::string createdByUserId;
  std::optional<std::string> createdBySessionId;
  std::optional<std::string> createdByPersona;
  std::int64_t leaseEpoch = 0;  // who names another one writes nothing
  std::optional<std::string> startedByUserId;
  std::optional<std::string> workerKeyId;  // the service key that started it last
  std::vector<std::string> contextRefs;
  std::vector<std::string> fileRefs;
  std::vector<std::string> relatedSessions;
  std::vector<std::string> acceptanceCriteria;
  std::optional<std::string> resolverSessionId;
  std::optional<std::string> resolverUserId;
  std::optional<std::string> resolverKeyId;  // the service key that completed it last
  std::optional<std::string> completionNotes;
  std::vector<std::string> changedFiles;
  std::vector<std::string> knowledgeEntryIds;
  std::vector<std::string> dependsOn;
  std::optional<std::string> parentTicketId;
  std::vector<std::string> childTicketIds;  // of an issue; filled where it is shown
  std::int64_t commentCount = 0;
  std::optional<mortise::Time> lastCommentAt;
  TicketActorType actorType = TicketActorType::user;
  std::optional<std::string> serviceKeyId;
  std::optional<std::string> serviceKeyName;
  mortise::Time createdAt;
  mortise::Time updatedAt;
  std::optional<mortise::Time> resolvedAt;

  // The user made it, resolved it, or works on it now.
  bool isOf(std::string_view userId) const {
    return createdByUserId == userId || resolverUserId == userId ||
           (status == TicketStatus::inProgress && startedByUserId == userId);
  }

  static constexpr auto kFields =
      mortise::fields(
          "projects_tickets", mortise::field("id", &Ticket::id).key(), mortise::field("project_id", &Ticket::projectId),
          mortise::field("title", &Ticket::title), mortise::field("description", &Ticket::description),
          mortise::field("priority", &Ticket::priority), mortise::field("assigned_to", &Ticket::assignedTo),
          mortise::field("assignee_key", &Ticket::assigneeKey).hidden(),
          mortise::field("source", &Ticket::source).fixed().hidden(),
          mortise::field("created_by_user_id", &Ticket::createdByUserId).fixed(),
          mortise::field("created_by_session_id", &Ticket::createdBySessionId).fixed(),
          mortise::field("created_by_persona", &Ticket::createdByPersona).fixed(),
          mortise::field("status", &Ticket::status), mortise::field("lease_epoch", &Ticket::leaseEpoch),
          mortise::field("started_by_user_id", &Ticket::startedByUserId).hidden(),
          mortise::field("worker_key_id", &Ticket::workerKeyId).hidden(),
          mortise::field("context_refs", &Ticket::contextRefs), mortise::field("file_refs", &Ticket::fileRefs),
          mortise::field("related_sessions", &Ticket::relatedSessions),
          mortise::field("acceptance_criteria", &Ticket::acceptanceCriteria),
          mortise::field("resolver_session_id", &Ticket::resolverSessionId),
          mortise::field("resolver_user_id", &Ticket::resolverUserId),
          mortise::field("resolver_key_id", &Ticket::resolverKeyId).hidden(),
          mortise::field("completion_notes", &Ticket::completionNotes),
          mortise::field("changed_files", &Ticket::changedFiles),
          mortise::field("knowledge_entry_ids", &Ticket::knowledgeEntryIds),
          mortise::field("depends_on", &Ticket::dependsOn), mortise::field("kind", &Ticket::kind).fixed(),
          mortise::field("parent_ticket_id", &Ticket::parentTicketId),
          mortise::field("child_ticket_ids", &Ticket::childTicketIds).computed(),
          mortise::field("comment_count", &Ticket::commentCount).hidden(),
          mortise::field("last_comment_at", &Ticket::lastCommentAt).hidden(),
          mortise::field("actor_type", &Ticket::actorType).fixed().hidden(),
          mortise::field("service_key_id", &Ticket::serviceKeyId).fixed().hidden(),
          mortise::field("service_key_name", &Ticket::serviceKeyName).fixed().hidden(),
          mortise::field("created_at", &Ticket::createdAt).fixed(), mortise::field("updated_at", &Ticket::updatedAt),
          mortise::field("resolved_at", &Ticket::resolvedAt))
          .times(mortise::kIsoMicros);
};

}  // namespace projects
