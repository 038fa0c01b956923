// Looks through captured sessions for what they tell of their projects: after each push, and when a project is new.
#pragma once

#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/orgs.hpp>

#include <optional>
#include <string_view>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/entry_adding.hpp"
#include "knowledge/extraction_store.hpp"
#include "sessions/captured_sessions.hpp"

namespace projects {

// One for the module; start() in the module's start(), stop() in its stop(). [worker]
class KnowledgeExtraction {
 public:
  // All must outlive this object.
  KnowledgeExtraction(mortise::Host host, const ProjectAccess& access, const CapturedSessions& sessions,
                      const EntryAdding& adding, const ProjectChanges& changes);

  void start();
  void stop();
  // The job: back-fills first, then sessions that are due.
  void run(mortise::JobRun& run);

 private:
  void noted(std::string_view payload) const;
  void backFill(const BackFill& backFill) const;
  // Throws Problem 503 where it has to be tried again.
  void extract(const Extraction& extraction) const;
  std::optional<ReachedProject> projectOf(const Extraction& extraction, const mortise::KnownSession& session) const;

  mortise::Db db_;
  mortise::Jobs jobs_;
  mortise::Events events_;
  mortise::Orgs orgs_;
  mortise::Log log_;
  ExtractionStore store_;
  ProjectStore projects_;
  const ProjectAccess& access_;
  const CapturedSessions& sessions_;
  const EntryAdding& adding_;
  const ProjectChanges& changes_;
  mortise::Counter extracted_;
  mortise::Counter failed_;
  mortise::Subscription pushes_;
};

}  // namespace projects
