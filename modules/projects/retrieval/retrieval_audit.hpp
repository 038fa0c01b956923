// What an agent read of a project while it worked on a ticket: the context, and an event for each look. Fields,
// columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

struct RetrievalAuditContext {
  std::string id;  // ra_…
  std::string projectId;
  std::optional<std::string> ticketId;
  std::optional<std::string> personaName;
  std::optional<std::int64_t> leaseEpoch;  // of the ticket, when work began
  std::string createdBy;                   // user
  mortise::Time createdAt;
  std::optional<mortise::Time> closedAt;  // when work on its ticket ended
  std::int64_t eventCount = 0;

  static constexpr auto kFields =
      mortise::fields("projects_retrieval_contexts", mortise::field("id", &RetrievalAuditContext::id).key(),
                      mortise::field("project_id", &RetrievalAuditContext::projectId),
                      mortise::field("ticket_id", &RetrievalAuditContext::ticketId),
                      mortise::field("persona_name", &RetrievalAuditContext::personaName),
                      mortise::field("lease_epoch", &RetrievalAuditContext::leaseEpoch),
                      mortise::field("created_by", &RetrievalAuditContext::createdBy).as("created_by_user_id"),
                      mortise::field("created_at", &RetrievalAuditContext::createdAt),
                      mortise::field("closed_at", &RetrievalAuditContext::closedAt),
                      mortise::field("event_count", &RetrievalAuditContext::eventCount).hidden())
          .times(mortise::kIsoMicros);
};

struct RetrievalAuditEvent {
  std::int64_t id = 0;
  std::string contextId;
  std::string projectId;  // its context's; the store fills it
  std::optional<std::string> sessionId;
  std::string toolName;
  std::string arguments;     // JSON object
  std::string returnedRefs;  // JSON object of lists
  std::string source;
  std::optional<std::string> callerUserId;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields("projects_retrieval_events", mortise::field("id", &RetrievalAuditEvent::id).key().generated(),
                      mortise::field("context_id", &RetrievalAuditEvent::contextId).fixed(),
                      mortise::field("project_id", &RetrievalAuditEvent::projectId).computed(),
                      mortise::field("session_id", &RetrievalAuditEvent::sessionId).fixed(),
                      mortise::field("tool_name", &RetrievalAuditEvent::toolName).fixed(),
                      mortise::field("arguments", &RetrievalAuditEvent::arguments).fixed().json(),
                      mortise::field("returned_refs", &RetrievalAuditEvent::returnedRefs).fixed().json(),
                      mortise::field("source", &RetrievalAuditEvent::source).fixed(),
                      mortise::field("caller_user_id", &RetrievalAuditEvent::callerUserId).fixed(),
                      mortise::field("created_at", &RetrievalAuditEvent::createdAt).fixed())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
