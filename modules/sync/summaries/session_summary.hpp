// The summary of a captured session: its fields, their columns and their JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "library/captured_session.hpp"
#include "summaries/session_facts.hpp"

namespace session_sharing {

// What a model made of a session.
struct SessionNarrative {
  std::optional<std::string> whatHappened;
  std::optional<std::vector<std::string>> keyDecisions;
  std::optional<std::string> outcome;
  std::optional<std::vector<std::string>> openIssues;
  std::optional<std::string> model;
};

// Its JSON is Summary of the contract.
struct SessionSummary {
  std::string sessionId;
  std::string etag;  // of the archive that the facts are from
  // Of the session's row: of(session) fills them in.
  std::string title;
  std::string tool;
  std::optional<std::string> modelId;
  std::int64_t messageCount = 0;
  std::optional<std::string> branch;
  std::optional<std::string> commit;
  SessionFacts facts;
  SessionNarrative narrative;
  std::string narrativeError;  // JSON of why a model made none, the last time it was asked; or empty
  mortise::Time generatedAt;

  SessionSummary&& of(const CapturedSession& session) && {
    title = session.metadata.title.value_or("Untitled");
    tool = session.metadata.sourceTool;
    modelId = session.metadata.modelId;
    messageCount = session.metadata.messageCount;
    branch = session.metadata.gitBranch;
    commit = session.metadata.gitCommit;
    return std::move(*this);
  }

  static constexpr auto kFields =
      mortise::fields("sync_session_summaries", mortise::field("session_id", &SessionSummary::sessionId).key(),
                      mortise::field("title", &SessionSummary::title).computed(),
                      mortise::field("tool", &SessionSummary::tool).computed(),
                      mortise::field("model", &SessionSummary::modelId).computed(),
                      mortise::field("duration_minutes", &SessionSummary::facts, &SessionFacts::durationMinutes),
                      mortise::field("message_count", &SessionSummary::messageCount).computed(),
                      mortise::field("tool_call_count", &SessionSummary::facts, &SessionFacts::toolCallCount),
                      mortise::field("branch", &SessionSummary::branch).computed(),
                      mortise::field("commit", &SessionSummary::commit).computed(),
                      mortise::field("files_modified", &SessionSummary::facts, &SessionFacts::filesModified),
                      mortise::field("files_read", &SessionSummary::facts, &SessionFacts::filesRead),
                      mortise::field("commands_executed", &SessionSummary::facts, &SessionFacts::commandsExecuted),
                      mortise::field("tests_run", &SessionSummary::facts, &SessionFacts::testsRun),
                      mortise::field("tests_passed", &SessionSummary::facts, &SessionFacts::testsPassed),
                      mortise::field("tests_failed", &SessionSummary::facts, &SessionFacts::testsFailed),
                      mortise::field("packages_installed", &SessionSummary::facts, &SessionFacts::packagesInstalled),
                      mortise::field("errors_encountered", &SessionSummary::facts, &SessionFacts::errorsEncountered),
                      mortise::field("what_happened", &SessionSummary::narrative, &SessionNarrative::whatHappened),
                      mortise::field("key_decisions", &SessionSummary::narrative, &SessionNarrative::keyDecisions),
                      mortise::field("outcome", &SessionSummary::narrative, &SessionNarrative::outcome),
                      mortise::field("open_issues", &SessionSummary::narrative, &SessionNarrative::openIssues),
                      mortise::field("narrative_model", &SessionSummary::narrative, &SessionNarrative::model),
                      mortise::field("narrative_error", &SessionSummary::narrativeError).json(),
                      mortise::field("personas_active", &SessionSummary::facts, &SessionFacts::personasActive),
                      mortise::field("generated_at", &SessionSummary::generatedAt),
                      mortise::field("etag", &SessionSummary::etag).hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
