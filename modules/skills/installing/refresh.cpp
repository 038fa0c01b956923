#include "installing/refresh.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <exception>

#include "installing/reason.hpp"

namespace skills {
namespace {

namespace json = mortise::json;
using mortise::JobRun;

constexpr std::size_t kMaxTarget = 255;  // bytes, by sync.sessions/1

mortise::Counter counter(const mortise::Metrics& metrics, const char* outcome) {
  return metrics.counter("refreshes_total", "Looks at the sources of installed skills", {{"outcome", outcome}});
}

std::string details(const Skill& skill, bool updated) {
  return json::object(
             {{"version", 1}, {"skill", skill.record.id}, {"source", skill.record.sourceRef}, {"updated", updated}})
      .text();
}

}  // namespace

Refresh::Refresh(const Installer& installer, SkillIndex& index, const Changes& changes, mortise::Log log,
                 const mortise::Metrics& metrics)
    : installer_(installer),
      index_(index),
      changes_(changes),
      log_(log),
      unchanged_(counter(metrics, "unchanged")),
      updated_(counter(metrics, "updated")),
      failed_(counter(metrics, "failed")) {}

Refresh::Outcome Refresh::refresh(const Skill& skill) const {
  Outcome outcome;
  try {
    switch (installer_.refresh(skill)) {
      case Installer::Refreshed::unchanged:
        outcome.text = "unchanged";
        break;
      case Installer::Refreshed::gone:
        outcome.text = "removed or installed anew meanwhile";
        break;
      case Installer::Refreshed::updated:
        outcome.updated = true;
        outcome.text = "updated";
        break;
    }
  } catch (const mortise::Problem& problem) {
    outcome.failed = true;
    outcome.text = reasonOf(problem);
  } catch (const std::exception& error) {
    outcome.failed = true;
    outcome.text = error.what();
  }
  if (outcome.failed) {
    failed_.add();
    log_.warning("a skill's source failed, the installed version stays",
                 {{"skill", skill.record.id}, {"source", skill.record.sourceRef}, {"reason", outcome.text}});
  } else {
    (outcome.updated ? updated_ : unchanged_).add();
  }
  if (outcome.updated) {
    log_.info("a skill was updated from its source", {{"skill", skill.record.id}, {"source", skill.record.sourceRef}});
    changes_.announce(skill.record.id, "updated");
  }
  return outcome;
}

void Refresh::run(JobRun& run, const std::optional<mortise::SyncSessions>& sessions) const {
  const auto snapshot = index_.current();
  const auto& skills = snapshot->skills();
  if (skills.empty()) return;
  std::optional<mortise::SyncSession> session;
  std::vector<std::int64_t> records;
  if (sessions) {
    session.emplace(sessions->open({run.triggered() ? "manual_task" : "scheduled_task", "other", run.createdBy()}));
    std::vector<mortise::SyncTarget> targets;
    for (const auto& skill : skills)
      targets.push_back({static_cast<std::int64_t>(targets.size()) + 1, skill.record.id.substr(0, kMaxTarget)});
    records = session->addTargets(targets);
  }
  for (std::size_t i = 0; i < skills.size(); ++i) {
    if (run.cancelled()) {
      run.output("stopped before " + skills[i].record.id);
      if (session) session->finish("the run was asked to stop");
      return;
    }
    if (session && (session->cancelled() || !session->start(records[i]))) {
      run.output("the session was cancelled before " + skills[i].record.id);
      return;
    }
    const auto outcome = refresh(skills[i]);
    run.output(skills[i].record.id + ": " + outcome.text);
    run.progress(static_cast<int>((i + 1) * 100 / skills.size()), skills[i].record.id);
    if (!session) continue;
    if (outcome.failed) {
      session->fail(records[i], outcome.text, details(skills[i], false));
    } else {
      mortise::SyncCounters counters;
      counters.synced = 1;
      counters.updated = outcome.updated ? 1 : 0;
      session->complete(records[i], counters, details(skills[i], outcome.updated));
    }
  }
  if (session) session->finish();
}

}  // namespace skills
