#include "installing/refresh.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <exception>

#include "installing/reason.hpp"

namespace skills {
namespace {

namespace json = mortise::json;
using mortise::JobReport;
using mortise::JobRun;

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

JobReport Refresh::reportOf(const Skill& skill, const Outcome& outcome) {
  JobReport report;
  report.target = skill.record.id;
  report.details = details(skill, outcome.updated);
  if (outcome.failed) {
    report.failure = outcome.text;
  } else {
    report.synced = 1;
    report.updated = outcome.updated ? 1 : 0;
  }
  return report;
}

void Refresh::run(JobRun& run) const {
  const auto snapshot = index_.current();
  const auto& skills = snapshot->skills();
  for (const auto& skill : skills) run.report({.target = skill.record.id, .state = JobReport::State::pending});
  for (std::size_t i = 0; i < skills.size(); ++i) {
    const auto& skill = skills[i];
    if (run.cancelled()) {
      run.output("stopped before " + skill.record.id);
      return;
    }
    run.report({.target = skill.record.id, .state = JobReport::State::running});
    const auto outcome = refresh(skill);
    run.output(skill.record.id + ": " + outcome.text);
    run.progress(static_cast<int>((i + 1) * 100 / skills.size()), skill.record.id);
    run.report(reportOf(skill, outcome));
  }
}

}  // namespace skills
