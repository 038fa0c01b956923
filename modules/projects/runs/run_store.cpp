#include "runs/run_store.hpp"

#include <mortise/ascii.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

std::size_t bytesOf(const Run& run) {
  constexpr std::size_t kNames = 1200;
  std::size_t bytes = kNames + run.findings.size();
  for (const auto* text : {&run.ticketId, &run.triggerRef, &run.ciRunUrl, &run.resultSummary, &run.prompt})
    bytes += text->has_value() ? (*text)->size() : 0;
  for (const auto& each : run.contextRefs) bytes += each.size() + 3;
  return bytes;
}

Run withDuration(Run run) {
  if (run.startedAt && run.completedAt)
    run.durationSeconds = std::chrono::duration_cast<std::chrono::seconds>(*run.completedAt - *run.startedAt).count();
  return run;
}

}  // namespace

void RunStore::add(Run run) const {
  run.personaKey = mortise::asciiLowerCase(run.personaName);
  db::insert(db_, run);
}

bool RunStore::makeRoom(std::string_view projectId, std::int64_t most) const {
  const auto count = db::count<Run>(db_, "WHERE project_id = :project", {{"project", projectId}});
  if (count < most) return true;
  // More than one where projects were merged, or the option is lower than it was.
  const auto surplus = std::min(count - most + 1, kForgottenAtOnce);
  return db_.execute(
             "DELETE FROM projects_runs WHERE id IN (SELECT id FROM projects_runs WHERE project_id = :project AND "
             "completed_at IS NOT NULL ORDER BY completed_at, id LIMIT :surplus)",
             {{"project", projectId}, {"surplus", surplus}}) > 0;
}

std::optional<Run> RunStore::find(std::string_view projectId, std::string_view id) const {
  auto run = db::row<Run>(db_, "WHERE id = :id AND project_id = :project", {{"id", id}, {"project", projectId}});
  return run ? std::optional(withDuration(std::move(*run))) : std::nullopt;
}

RunPage RunStore::list(std::string_view projectId, const RunFilter& filter, const std::optional<ListPlace>& behind,
                       std::size_t limit, std::size_t bytes) const {
  std::optional<std::string> persona;
  if (filter.personaName) persona = mortise::asciiLowerCase(*filter.personaName);
  db::Where where;
  where.equals("project_id", projectId)
      .equals("persona_key", db::ifSent(persona))
      .equals("status", db::ifSent(filter.status))
      .equals("trigger_source", db::ifSent(filter.triggerSource))
      .equals("ticket_id", db::ifSent(filter.ticketId));
  if (behind) where.raw("(created_at, id) < (:time, :id)", {{"time", behind->createdAt}, {"id", behind->id}});
  RunPage page;
  PageRoom room(limit, bytes);
  auto parameters = where.parameters();
  parameters.emplace_back("limit", limit + 1);  // one more shows whether there is one
  db::eachRow<Run>(db_, where.text() + " ORDER BY created_at DESC, id DESC LIMIT :limit", parameters, [&](Run&& run) {
    page.hasMore = !room.take(bytesOf(run));
    if (!page.hasMore) page.runs.push_back(withDuration(std::move(run)));
    return !page.hasMore;
  });
  return page;
}

bool RunStore::start(std::string_view id, const std::optional<std::string>& tool, mortise::Time now) const {
  return db_.execute(
             "UPDATE projects_runs SET status = 'running', started_at = :now, tool = COALESCE(:tool, tool) "
             "WHERE id = :id AND status = 'queued'",
             {{"now", now}, {"tool", tool}, {"id", id}}) > 0;
}

bool RunStore::complete(std::string_view id, const RunResult& result, const RunVerdict& verdict,
                        mortise::Time now) const {
  return db_.execute(
             "UPDATE projects_runs SET status = :status, result_summary = :summary, severity = :severity, "
             "findings = :findings, findings_count = :count, policy_result = :policy, exit_code = :exit_code, "
             "session_id = :session, completed_at = :now WHERE id = :id AND status IN ('queued', 'running')",
             {{"status", verdict.status},
              {"summary", result.summary},
              {"severity", result.severity},
              {"findings", result.findings},
              {"count", result.findingsCount},
              {"policy", verdict.policyResult},
              {"exit_code", verdict.exitCode},
              {"session", result.sessionId},
              {"now", now},
              {"id", id}}) > 0;
}

bool RunStore::cancel(std::string_view id, mortise::Time now) const {
  return db_.execute(
             "UPDATE projects_runs SET status = 'cancelled', policy_result = 'pass', exit_code = 0, "
             "completed_at = :now WHERE id = :id AND status IN ('queued', 'running')",
             {{"now", now}, {"id", id}}) > 0;
}

bool RunStore::uses(mortise::Transaction& tx, const std::vector<std::string>& projectIds,
                    const Persona& persona) const {
  db::Where where;
  where.in("project_id", projectIds)
      .equals("persona_key", persona.nameKey)
      .in("status", {RunStatus::queued, RunStatus::running});
  return db::exists<Run>(tx, where.text(), where.parameters());
}

void RunStore::removed(mortise::Transaction& tx, std::string_view projectId) {
  tx.execute("DELETE FROM projects_runs WHERE project_id = :project", {{"project", projectId}});
}

void RunStore::merged(mortise::Transaction& tx, ProjectMerge& merge) {
  for (const auto& [old, name] : merge.personaRenames) {
    tx.execute(
        "UPDATE projects_runs SET persona_name = :name, persona_key = :key "
        "WHERE project_id = :from AND persona_key = :old",
        {{"name", name},
         {"key", mortise::asciiLowerCase(name)},
         {"from", merge.from},
         {"old", mortise::asciiLowerCase(old)}});
  }
  merge.stats["agent_runs"] = tx.execute("UPDATE projects_runs SET project_id = :into WHERE project_id = :from",
                                         {{"into", merge.into}, {"from", merge.from}});
}

}  // namespace projects
