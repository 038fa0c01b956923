// A run of an agent in the role of a persona: fields, columns, JSON, and the states it goes through. Queued and running
// end as one of the others; nothing follows.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace projects {

enum class RunStatus : std::uint8_t { queued, running, passed, failed, errored, cancelled };
constexpr auto mortiseNames(RunStatus) {
  using Status = RunStatus;
  return mortise::names<Status>({{Status::queued, "queued"},
                                 {Status::running, "running"},
                                 {Status::passed, "passed"},
                                 {Status::failed, "failed"},
                                 {Status::errored, "errored"},
                                 {Status::cancelled, "cancelled"}});
}

struct Run {
  std::string id;
  std::string projectId;
  std::string personaName;
  std::string personaKey;  // the name in lower case; RunStore sets it
  std::string tool = "generic";
  std::string triggerSource = "manual";
  RunStatus status = RunStatus::queued;
  std::optional<std::string> ticketId;
  std::optional<std::string> triggerRef;
  std::optional<std::string> ciProvider;
  std::optional<std::string> ciRunUrl;
  std::optional<std::string> resultSummary;
  std::optional<std::string> severity;
  std::int64_t findingsCount = 0;
  std::string findings = "[]";  // JSON: a list of objects
  std::optional<std::string> failOn;
  std::optional<std::string> policyResult;  // pass, fail
  std::optional<std::int64_t> exitCode;
  std::optional<std::string> sessionId;
  std::optional<std::string> triggeredByUserId;
  std::optional<std::string> triggeredByPersona;
  std::optional<std::string> actorType;  // user, service_key
  std::optional<std::string> serviceKeyId;
  std::optional<std::string> serviceKeyName;
  mortise::Time createdAt;
  std::optional<mortise::Time> startedAt;
  std::optional<mortise::Time> completedAt;
  std::optional<std::int64_t> durationSeconds;  // from start to end
  std::optional<std::string> replayedFrom;
  std::optional<std::string> prompt;
  std::vector<std::string> contextRefs;

  static constexpr auto kFields =
      mortise::fields(
          "projects_runs", mortise::field("id", &Run::id).key(), mortise::field("project_id", &Run::projectId),
          mortise::field("persona_name", &Run::personaName), mortise::field("persona_key", &Run::personaKey).hidden(),
          mortise::field("tool", &Run::tool), mortise::field("trigger_source", &Run::triggerSource),
          mortise::field("status", &Run::status), mortise::field("ticket_id", &Run::ticketId),
          mortise::field("trigger_ref", &Run::triggerRef), mortise::field("ci_provider", &Run::ciProvider),
          mortise::field("ci_run_url", &Run::ciRunUrl), mortise::field("result_summary", &Run::resultSummary),
          mortise::field("severity", &Run::severity), mortise::field("findings_count", &Run::findingsCount),
          mortise::field("findings", &Run::findings).json(), mortise::field("fail_on", &Run::failOn),
          mortise::field("policy_result", &Run::policyResult), mortise::field("exit_code", &Run::exitCode),
          mortise::field("session_id", &Run::sessionId),
          mortise::field("triggered_by_user_id", &Run::triggeredByUserId),
          mortise::field("triggered_by_persona", &Run::triggeredByPersona),
          mortise::field("actor_type", &Run::actorType), mortise::field("service_key_id", &Run::serviceKeyId),
          mortise::field("service_key_name", &Run::serviceKeyName),
          mortise::field("created_at", &Run::createdAt).fixed(), mortise::field("started_at", &Run::startedAt),
          mortise::field("completed_at", &Run::completedAt),
          mortise::field("duration_seconds", &Run::durationSeconds).computed(),
          mortise::field("replayed_from", &Run::replayedFrom), mortise::field("prompt", &Run::prompt),
          mortise::field("context_refs", &Run::contextRefs))
          .times(mortise::kIsoMicros);
};

// What an agent says of its run at the end.
struct RunResult {
  RunStatus status = RunStatus::passed;  // passed, failed, errored; the run's policy may make passed failed
  std::optional<std::string> summary{};
  std::string severity = "none";
  std::string findings = "[]";
  std::int64_t findingsCount = 0;
  std::optional<std::string> sessionId{};
};

}  // namespace projects
