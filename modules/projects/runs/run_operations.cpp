#include "runs/run_operations.hpp"

#include <mortise/config.hpp>
#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <string_view>
#include <utility>
#include <vector>

#include "body_text.hpp"
#include "personas/persona_reach.hpp"
#include "query_text.hpp"
#include "runs/finding_comparison.hpp"
#include "runs/run_context.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::agent_runs;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr const char* kFeature = "agent_runs";
constexpr std::string_view kCiOpening = "${{";
constexpr std::size_t kMaxFindingBytes = std::size_t{1} << 20;

// A text that CI would expand if it came into a workflow file is refused, whatever it is for.
void refuseCiExpression(std::string_view text, const char* member) {
  if (text.find(kCiOpening) == std::string_view::npos) return;
  throw Problem(422, "run_ci_expression").field("body/" + std::string(member), "value_error");
}

void refuseCiExpressions(const Run& run) {
  refuseCiExpression(run.personaName, "persona_name");
  refuseCiExpression(run.tool, "tool");
  refuseCiExpression(run.ticketId.value_or(""), "ticket_id");
  refuseCiExpression(run.triggerRef.value_or(""), "trigger_ref");
  refuseCiExpression(run.ciRunUrl.value_or(""), "ci_run_url");
  refuseCiExpression(run.triggeredByPersona.value_or(""), "triggered_by_persona");
  refuseCiExpression(run.prompt.value_or(""), "prompt");
  for (const auto& each : run.contextRefs) refuseCiExpression(each, "context_refs");
}

// Absent is copied, empty clears.
void takeOr(const mortise::BodyMember<std::string>& member, std::optional<std::string>& into) {
  if (member.has()) into = trimmedOrNull(member);
}

Run newRun(const mortise::Principal& caller, const std::string& projectId) {
  Run run;
  run.id = mortise::makePrefixedId("run_");
  run.projectId = projectId;
  run.triggeredByUserId = caller.userId.string();
  run.actorType = caller.isServiceKey ? "service_key" : "user";
  if (caller.isServiceKey) {
    run.serviceKeyId = caller.keyId.string();
    run.serviceKeyName = mortise::orNull(caller.keyName);
  }
  run.createdAt = mortise::now();
  return run;
}

json::Value countsOf(const std::map<std::string, std::int64_t>& counts) {
  json::Object out;
  for (const auto& [severity, count] : counts) out.add(severity, count);
  return out.build();
}

json::Value rawList(const std::vector<std::string>& objects) {
  json::List out;
  for (const auto& each : objects) out.add(json::raw(each));
  return out.build();
}

}  // namespace

RunOperations::RunOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes)
    : db_(host.db()),
      audit_(host.audit()),
      runs_(db_),
      personas_(db_),
      tickets_(db_),
      briefings_(db_),
      access_(access),
      changes_(changes),
      mostRuns_(host.config().integer("max_runs")),
      created_(host.metrics().counter("agent_runs_created_total", "Runs of agents that were queued")),
      passed_(host.metrics().counter("agent_runs_completed_total", "Runs of agents that ended", {{"policy", "pass"}})),
      failed_(host.metrics().counter("agent_runs_completed_total", "Runs of agents that ended", {{"policy", "fail"}})) {
}

Project RunOperations::openToRun(const Request& request) const {
  auto project = access_.reachToEdit(request, kFeature).project;
  const auto caller = request.principal();
  if (caller.isServiceKey && !access_.userReaches(caller.userId, project)) throw Problem(403, "project_forbidden");
  return project;
}

Run RunOperations::runOf(const Request& request, const Project& project, const char* parameter) const {
  return mortise::orNotFound(runs_.find(project.id, request.path(parameter)), "run_not_found");
}

Run RunOperations::again(const Run& run) const {
  return mortise::orNotFound(runs_.find(run.projectId, run.id), "run_not_found");
}

void RunOperations::requireReferences(const Transaction& tx, const Request& request, const Project& project,
                                      Run& run) const {
  const auto persona =
      personas_.in(tx).resolve(project.id, personaOrgOf(request.principal(), project), run.personaName);
  if (!persona) throw Problem(422, "run_persona_unknown");
  run.personaName = persona->name;
  if (run.ticketId && !tickets_.in(tx).find(project.id, *run.ticketId)) throw Problem(422, "run_ticket_unknown");
}

void RunOperations::tell(Transaction& tx, const Request& request, const Run& run, const char* change) const {
  audit_.in(tx).record(request, "projects.run_" + std::string(change), "run:" + run.id,
                       json::object({{"project_id", run.projectId}, {"persona_name", run.personaName}}));
  changes_.record(tx, {ProjectEvent::runChanged, run.projectId, run.id, change, request.principal().userId});
}

Run RunOperations::store(const Request& request, const Project& project, Run run, const char* change) const {
  db_.transaction([&](Transaction& tx) {
    requireReferences(tx, request, project, run);
    tx.lock("projects.runs:" + project.id);
    if (!runs_.in(tx).makeRoom(project.id, mostRuns_)) throw Problem(409, "runs_full").with("most", mostRuns_);
    runs_.in(tx).add(run);
    tell(tx, request, run, change);
  });
  created_.add();
  return run;
}

Reply RunOperations::listAgentRuns(const Request& request) {
  const auto project = access_.reach(request, kFeature).project;
  const auto sent = [&](const char* name) { return sentOrNull(request, name); };
  const RunFilter filter{sent("persona_name"), sent("status"), sent("trigger_source"), sent("ticket_id")};
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(50));
  const auto page = runs_.list(project.id, filter, placeOf(request.query("cursor").text()), limit);
  auto reply = Reply::ok(json::list(page.runs));
  if (page.hasMore) reply.header("X-Next-Cursor", placeText({page.runs.back().createdAt, page.runs.back().id}));
  return reply;
}

Reply RunOperations::createRun(const Request& request, const contract::NewRun& body) {
  auto run = newRun(request.principal(), {});
  run.personaName = mortise::trimmed(body.personaName);
  run.tool = body.tool;
  run.triggerSource = body.triggerSource;
  run.ticketId = trimmedOrNull(body.ticketId);
  run.triggerRef = trimmedOrNull(body.triggerRef);
  run.ciProvider = trimmedOrNull(body.ciProvider);
  run.ciRunUrl = trimmedOrNull(body.ciRunUrl);
  run.failOn = trimmedOrNull(body.failOn);
  run.triggeredByPersona = trimmedOrNull(body.triggeredByPersona);
  run.prompt = trimmedOrNull(body.prompt);
  run.contextRefs = body.contextRefs.valueOr(std::vector<std::string>());
  refuseCiExpressions(run);
  const auto project = openToRun(request);
  run.projectId = project.id;
  return Reply::created(json::from(store(request, project, std::move(run), "created")));
}

Reply RunOperations::readRun(const Request& request) {
  return Reply::ok(json::from(runOf(request, access_.reach(request, kFeature).project)));
}

Reply RunOperations::startRun(const Request& request) {
  const auto project = openToRun(request);
  const auto before = runOf(request, project);
  const auto tool = sentOrNull(request, "tool");
  if (tool) refuseCiExpression(*tool, "tool");
  // Before the start: a run whose persona is gone could not go on.
  const auto persona = personas_.resolve(project.id, personaOrgOf(request.principal(), project), before.personaName);
  if (!persona) throw Problem(422, "run_persona_unknown");
  db_.transaction([&](Transaction& tx) {
    if (!runs_.in(tx).start(before.id, tool, mortise::now())) throw Problem(409, "run_not_queued");
    tell(tx, request, before, "started");
  });
  const auto run = again(before);
  std::string ticketPart;
  if (run.ticketId) {
    if (const auto ticket = tickets_.find(project.id, *run.ticketId)) ticketPart = ticketText(briefings_.of(*ticket));
  }
  return Reply::ok(
      json::object({{"run", json::from(run)}, {"compiled_context", runContext(run, *persona, ticketPart)}}));
}

Reply RunOperations::completeRun(const Request& request, const contract::RunCompletion& body) {
  RunResult result;
  result.status = named<RunStatus>(body.status);
  result.summary = trimmedOrNull(body.resultSummary);
  result.severity = body.severity;
  const auto findings = body.findings.valueOr(std::vector<mortise::Json>());
  result.findings = json::list(findings, [](const mortise::Json& each) { return json::raw(each.toText()); }).text();
  result.findingsCount = std::ssize(findings);
  result.sessionId = trimmedOrNull(body.sessionId);
  if (result.findings.size() > kMaxFindingBytes)
    throw Problem(422, "run_findings_too_large").field("body/findings", "too_long", {{"max_length", "1048576"}});
  const auto before = runOf(request, openToRun(request));
  const auto verdict = verdictOf(result.status, result.severity, before.failOn);
  db_.transaction([&](Transaction& tx) {
    if (!runs_.in(tx).complete(before.id, result, verdict, mortise::now())) throw Problem(409, "run_over");
    tell(tx, request, before, "completed");
  });
  (verdict.exitCode == 0 ? passed_ : failed_).add();
  return Reply::ok(json::from(again(before)));
}

Reply RunOperations::cancelAgentRun(const Request& request) {
  const auto before = runOf(request, openToRun(request));
  db_.transaction([&](Transaction& tx) {
    if (!runs_.in(tx).cancel(before.id, mortise::now())) throw Problem(409, "run_over");
    tell(tx, request, before, "cancelled");
  });
  return Reply::ok(json::from(again(before)));
}

Reply RunOperations::replayRun(const Request& request, const std::optional<contract::RunReplay>& body) {
  const auto project = openToRun(request);
  const auto original = runOf(request, project);
  auto run = newRun(request.principal(), project.id);
  run.replayedFrom = original.id;
  run.personaName = original.personaName;
  run.tool = original.tool;
  run.ticketId = original.ticketId;
  run.triggerRef = original.triggerRef;
  run.failOn = original.failOn;
  run.prompt = original.prompt;
  run.contextRefs = original.contextRefs;
  if (body) {
    if (auto name = trimmedOrNull(body->personaName)) run.personaName = *std::move(name);
    takeOr(body->ticketId, run.ticketId);
    takeOr(body->triggerRef, run.triggerRef);
    takeOr(body->failOn, run.failOn);
    takeOr(body->prompt, run.prompt);
    if (body->contextRefs.has()) run.contextRefs = *body->contextRefs;
  }
  refuseCiExpressions(run);
  const auto stored = store(request, project, std::move(run), "replayed");
  return Reply::created(
      json::object({{"run", json::from(stored)}, {"command", runCommand(stored)}, {"ci_hint", runCiHint(stored)}}));
}

Reply RunOperations::compareRuns(const Request& request) {
  const auto project = access_.reach(request, kFeature).project;
  const auto a = runOf(request, project);
  const auto b = runOf(request, project, "other_run_id");
  const auto comparison = compareFindings(findingsOf(a.findings), findingsOf(b.findings));
  return Reply::ok(json::object({{"a_id", a.id},
                                 {"b_id", b.id},
                                 {"a_findings_count", a.findingsCount},
                                 {"b_findings_count", b.findingsCount},
                                 {"a_severity_counts", countsOf(comparison.severityCountsA)},
                                 {"b_severity_counts", countsOf(comparison.severityCountsB)},
                                 {"added", rawList(comparison.added)},
                                 {"removed", rawList(comparison.removed)},
                                 {"unchanged", rawList(comparison.unchanged)},
                                 {"truncated", comparison.truncated}}));
}

}  // namespace projects
