#include "core/services/jobs/job_catalog.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

[[noreturn]] void throwNoJob(std::string_view id) {
  throw ServiceError(ErrorKind::notFound, "no job " + std::string(id), 0, "job_not_found");
}

StoredJob storedFrom(const JobDefinition& definition, bool declared, TriggerCache& triggers, std::int64_t now) {
  StoredJob job;
  job.id = definition.id();
  job.module = definition.module;
  job.job = definition.job;
  job.declared = declared;
  job.name = definition.name;
  job.description = definition.description;
  job.trigger = triggers.shared(definition.trigger);
  if (declared) {
    job.declaredTrigger = job.trigger.text();
    job.declaredZone = job.trigger.zone();
  }
  job.payload = definition.payload;
  job.rules = definition.rules;
  job.nextRun = definition.trigger.next(now);
  return job;
}

bool sameDefinition(const StoredJob& a, const StoredJob& b) {
  return a.declared == b.declared && a.name == b.name && a.description == b.description && a.payload == b.payload &&
         a.rules == b.rules && a.declaredTrigger == b.declaredTrigger && a.declaredZone == b.declaredZone &&
         (a.declared || a.trigger == b.trigger);
}

// Merges a new definition into the stored job: operators' changes and the history stay.
StoredJob merged(const StoredJob& stored, StoredJob defined) {
  const bool edited = stored.declared &&
                      (stored.trigger.text() != stored.declaredTrigger || stored.trigger.zone() != stored.declaredZone);
  defined.paused = stored.paused;
  defined.removed = stored.removed && defined.declared;
  defined.lastRun = stored.lastRun;
  if (edited && defined.declared) defined.trigger = stored.trigger;
  if (stored.trigger == defined.trigger) {
    defined.nextRun = stored.nextRun;
  } else if (defined.paused) {
    defined.nextRun = std::nullopt;
  }
  return defined;
}

void requireNotDeclared(const StoredJob& stored) {
  if (stored.declared) throw ServiceError(ErrorKind::invalid, "job " + stored.id + " is declared; take another id");
}

}  // namespace

JobChanges JobCatalog::declare(std::string_view module, std::vector<JobDefinition> jobs) {
  const auto now = clock_.now();
  std::map<std::string, StoredJob> definitions;
  for (const auto& job : jobs) definitions.emplace(job.id(), storedFrom(job, true, store_.triggers(), now));
  const auto stored = store_.ofModule(module);
  const auto upToDate = [&](const StoredJob& job) {
    const auto definition = definitions.find(job.id);
    return definition == definitions.end() ? !job.declared : sameDefinition(job, definition->second);
  };
  const auto isStored = [&](const auto& definition) {
    return std::any_of(stored.begin(), stored.end(), [&](const auto& job) { return job.id == definition.first; });
  };
  JobChanges changes;
  if (!std::all_of(stored.begin(), stored.end(), upToDate) ||
      !std::all_of(definitions.begin(), definitions.end(), isStored)) {
    store_.database().transaction([&](db::Connection& connection) {
      changes = {};
      const auto revision = JobStore::beginChange(connection);
      for (const auto& [id, definition] : definitions) {
        const auto before = JobStore::findToChange(connection, id, revision);
        if (before && sameDefinition(*before, definition)) continue;
        auto job = before ? merged(*before, definition) : definition;
        job.revision = revision;
        before ? JobStore::update(connection, job) : JobStore::insert(connection, job);
        changes.changed.push_back(std::move(job));
      }
      for (const auto& job : stored) {
        if (!job.declared || definitions.contains(job.id)) continue;
        JobStore::erase(connection, job.id);
        changes.removed.push_back(job.id);
      }
    });
  }
  const std::lock_guard lock(mutex_);
  declared_.insert_or_assign(std::string(module), std::move(jobs));
  return changes;
}

void JobCatalog::withdraw(std::string_view module) noexcept {
  const std::lock_guard lock(mutex_);
  if (const auto at = declared_.find(module); at != declared_.end()) declared_.erase(at);
}

std::optional<StoredJob> JobCatalog::put(const JobDefinition& definition) {
  const auto defined = storedFrom(definition, false, store_.triggers(), clock_.now());
  // Modules create the same jobs at each start; unchanged ones cost no write.
  if (const auto stored = store_.find(defined.id); stored) {
    requireNotDeclared(*stored);
    if (sameDefinition(*stored, defined)) return std::nullopt;
  }
  StoredJob job;
  store_.database().transaction([&](db::Connection& connection) {
    const auto revision = JobStore::beginChange(connection);
    const auto stored = JobStore::findToChange(connection, defined.id, revision);
    if (stored) requireNotDeclared(*stored);
    job = stored ? merged(*stored, defined) : defined;
    job.revision = revision;
    stored ? JobStore::update(connection, job) : JobStore::insert(connection, job);
  });
  return job;
}

bool JobCatalog::remove(std::string_view id) {
  bool exists = false;
  store_.database().transaction([&](db::Connection& connection) {
    const auto revision = JobStore::beginChange(connection);
    auto job = JobStore::findToChange(connection, id, revision);
    exists = job && !job->removed;
    if (!exists) return;
    if (!job->declared) return JobStore::erase(connection, id);
    job->removed = true;
    job->nextRun = std::nullopt;
    job->revision = revision;
    JobStore::update(connection, *job);
  });
  return exists;
}

JobChanges JobCatalog::reload() {
  const auto now = clock_.now();
  JobChanges changes;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [module, jobs] : declared_) {
      for (const auto& job : jobs) changes.changed.push_back(storedFrom(job, true, store_.triggers(), now));
    }
  }
  std::sort(changes.changed.begin(), changes.changed.end(), [](const StoredJob& a, const StoredJob& b) {
    const auto never = std::numeric_limits<std::int64_t>::max();
    return std::pair(a.nextRun.value_or(never), a.id) < std::pair(b.nextRun.value_or(never), b.id);
  });
  store_.database().transaction([&](db::Connection& connection) {
    const auto revision = JobStore::beginChange(connection);
    changes.removed = JobStore::eraseAll(connection);
    for (auto& job : changes.changed) {
      job.revision = revision;
      JobStore::insert(connection, job);
    }
  });
  return changes;
}

StoredJob JobCatalog::find(std::string_view id) {
  auto job = store_.find(id);
  if (!job || job->removed) throwNoJob(id);
  return std::move(*job);
}

bool JobCatalog::exists(std::string_view id) {
  const auto job = store_.find(id);
  return job && !job->removed;
}

StoredJob JobCatalog::changeTrigger(std::string_view id, const Trigger& trigger) {
  return change(id, [&](StoredJob& job) {
    job.trigger = trigger;
    job.nextRun = job.paused ? std::nullopt : trigger.next(clock_.now());
  });
}

StoredJob JobCatalog::pause(std::string_view id) {
  return change(id, [](StoredJob& job) {
    job.paused = true;
    job.nextRun = std::nullopt;
  });
}

StoredJob JobCatalog::resume(std::string_view id) {
  return change(id, [&](StoredJob& job) {
    job.paused = false;
    job.trigger.requireReadable();
    job.nextRun = job.trigger.next(clock_.now());
  });
}

StoredJob JobCatalog::change(std::string_view id, const std::function<void(StoredJob&)>& alter) {
  StoredJob changed;
  store_.database().transaction([&](db::Connection& connection) {
    const auto revision = JobStore::beginChange(connection);
    auto job = JobStore::findToChange(connection, id, revision);
    if (!job || job->removed) throwNoJob(id);
    changed = std::move(*job);
    alter(changed);
    changed.revision = revision;
    JobStore::update(connection, changed);
  });
  return changed;
}

}  // namespace mortise::services
