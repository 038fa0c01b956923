// The job that looks whether the sources of installed skills have changed, and installs what has.
#pragma once

#include <mortise/events.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <string>

#include "catalog/skill_index.hpp"
#include "installing/changes.hpp"
#include "installing/installer.hpp"

namespace skills {

class Refresh {
 public:
  Refresh(const Installer& installer, SkillIndex& index, const Changes& changes, mortise::Log log,
          const mortise::Metrics& metrics);

  // Reports each skill as a target of the run. Stops between two skills when the run is cancelled. A source that fails
  // leaves the installed version alone.
  void run(mortise::JobRun& run) const;

 private:
  struct Outcome {
    bool failed = false;
    bool updated = false;
    std::string text;  // for people
  };
  Outcome refresh(const Skill& skill) const;
  static mortise::JobReport reportOf(const Skill& skill, const Outcome& outcome);

  const Installer& installer_;
  SkillIndex& index_;
  const Changes& changes_;
  mortise::Log log_;
  mortise::Counter unchanged_;
  mortise::Counter updated_;
  mortise::Counter failed_;
};

}  // namespace skills
