#include "knowledge/scheduled_compiles.hpp"

#include <mortise/characters.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <exception>
#include <utility>
#include <vector>

#include "knowledge/compile_times.hpp"
#include "knowledge/entry_changes.hpp"
#include "knowledge/entry_store.hpp"
#include "registry/project_store.hpp"

namespace projects {
namespace {

using mortise::JobRun;
using mortise::Problem;

constexpr std::size_t kMaxAtOnce = 50;
constexpr std::size_t kShownName = 200;  // bytes

// Ends a compilation whose run was asked to stop.
struct Stopped {};

}  // namespace

ScheduledCompiles::ScheduledCompiles(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes)
    : db_(host.db()),
      log_(host.log()),
      access_(access),
      compiler_(db_, &changes, host.config().integer("compilations_kept")),
      compiled_(host.metrics().counter("compilations_total", "Context documents that were compiled",
                                       {{"trigger", "scheduled"}})),
      failed_(host.metrics().counter("scheduled_compilations_failed_total", "Scheduled compilations that failed")) {}

void ScheduledCompiles::settle(const std::string& projectId, bool isScheduled, mortise::Time now) const {
  if (isScheduled) {
    db_.execute("UPDATE projects_projects SET last_scheduled_compile_at = :now WHERE id = :id",
                {{"now", now}, {"id", projectId}});
  } else {
    db_.execute("UPDATE projects_knowledge SET compile_wanted_at = NULL WHERE project_id = :project",
                {{"project", projectId}});
  }
}

void ScheduledCompiles::unsettle(const Project& project, bool isScheduled, mortise::Time now) const {
  if (isScheduled) {
    db_.execute(
        "UPDATE projects_projects SET last_scheduled_compile_at = :before "
        "WHERE id = :id AND last_scheduled_compile_at = :now",
        {{"before", project.lastScheduledCompileAt}, {"id", project.id}, {"now", now}});
  } else {
    EntryChanges(db_, project.id).wantCompilation(now);
  }
}

void ScheduledCompiles::compile(JobRun& run, const std::string& projectId, bool isScheduled) const {
  const auto now = mortise::now();
  const auto project = ProjectStore(db_).find(projectId);
  // First, so that one that fails is not tried again and again: its time comes again.
  settle(projectId, isScheduled, now);
  if (!project || project->mergedInto) return;
  const auto failed = [&](std::string reason) {
    failed_.add();
    log_.warning("a scheduled compilation failed", {{"project_id", projectId}, {"reason", reason}});
    run.report({.target = projectId, .failure = std::move(reason)});
  };
  try {
    access_.requireFeature(*project, "project_context");
    CompileOrder order;
    order.userId = project->ownerId;
    order.trigger = CompileTrigger::scheduled;
    order.now = now;
    order.stop = [&] {
      if (run.cancelled()) throw Stopped();
    };
    const auto outcome = compiler_.compile(*project, order);
    if (outcome.compilation.id != 0) compiled_.add();
    const std::string name(mortise::firstBytes(project->name, kShownName));
    run.report({.target = name + " (" + project->id + ")",
                .synced = outcome.compilation.entriesCompiled,
                .updated = outcome.compilation.id != 0 ? 1 : 0});
  } catch (const Stopped&) {
    unsettle(*project, isScheduled, now);
    throw;
  } catch (const Problem& problem) {
    if (problem.status() == 403) return;  // its plan has no such feature any more
    failed(std::string(problem.code()));
  } catch (const std::exception& error) {
    // The others are compiled all the same.
    log_.error("a scheduled compilation broke off", {{"project_id", projectId}, {"reason", error.what()}});
    failed("internal_error");
  }
}

void ScheduledCompiles::run(JobRun& run) {
  const auto now = mortise::now();
  const ProjectStore projects(db_);
  std::vector<std::string> scheduled;
  for (const auto schedule : {CompileSchedule::nightly, CompileSchedule::weekly}) {
    for (auto& id : projects.scheduled(schedule, lastCompileTime(schedule, now), kMaxAtOnce))
      scheduled.push_back(std::move(id));
  }
  const auto waiting = EntryStore(db_).projectsToCompile(kMaxAtOnce);
  const auto total = scheduled.size() + waiting.size();
  std::size_t done = 0;
  try {
    const auto each = [&](const std::vector<std::string>& ids, bool isScheduled) {
      for (const auto& id : ids) {
        if (run.cancelled()) return;
        run.progress(static_cast<int>(done++ * 100 / total), id);
        compile(run, id, isScheduled);
      }
    };
    each(scheduled, true);
    each(waiting, false);
  } catch (const Stopped&) {
    run.output("asked to stop");
  }
}

}  // namespace projects
