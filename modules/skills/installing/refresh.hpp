// The job that looks whether the sources of installed skills have changed, and installs what has.
#pragma once

#include <mortise/events.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/sync_sessions.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/skill_index.hpp"
#include "installing/changes.hpp"
#include "installing/installer.hpp"

namespace skills {

class Refresh {
 public:
  Refresh(const Installer& installer, SkillIndex& index, const Changes& changes, mortise::Log log,
          const mortise::Metrics& metrics);

  // One target of a sync session per skill, when there is a module for sessions. Stops between two skills when the run
  // or the session is cancelled. A source that fails leaves the installed version alone.
  void run(mortise::JobRun& run, const std::optional<mortise::SyncSessions>& sessions) const;

 private:
  struct Outcome {
    bool failed = false;
    bool updated = false;
    std::string text;  // for people
  };
  Outcome refresh(const Skill& skill) const;

  const Installer& installer_;
  SkillIndex& index_;
  const Changes& changes_;
  mortise::Log log_;
  mortise::Counter unchanged_;
  mortise::Counter updated_;
  mortise::Counter failed_;
};

}  // namespace skills
