// The job that compiles projects whose settings ask for it: every night, every week, or once enough claims wait.
#pragma once

#include <mortise/config.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <string>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/compiler.hpp"

namespace projects {

// One for the module. [worker]
class ScheduledCompiles {
 public:
  // Both must outlive this object.
  ScheduledCompiles(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes);

  void run(mortise::JobRun& run);

 private:
  void compile(mortise::JobRun& run, const std::string& projectId, bool isScheduled) const;
  // Takes a project off its list, and puts one back whose compilation was stopped.
  void settle(const std::string& projectId, bool isScheduled, mortise::Time now) const;
  void unsettle(const Project& project, bool isScheduled, mortise::Time now) const;

  mortise::Db db_;
  mortise::Log log_;
  const ProjectAccess& access_;
  Compiler compiler_;
  mortise::Counter compiled_;
  mortise::Counter failed_;
};

}  // namespace projects
