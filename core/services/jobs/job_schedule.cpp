#include "core/services/jobs/job_schedule.hpp"

#include <utility>

namespace mortise::services {

PlannedJob* JobSchedule::find(std::string_view id) {
  const auto entry = jobs_.find(id);
  return entry == jobs_.end() ? nullptr : entry->second.get();
}

PlannedJob& JobSchedule::put(PlannedJob job) {
  if (auto* present = find(job.id); present != nullptr) {
    present->trigger = std::move(job.trigger);
    present->rules = job.rules;
    present->module = job.module;
    present->due = job.due;
    present->wakeAt = job.wakeAt;
    present->lastRun = job.lastRun;
    present->hasPayload = job.hasPayload;
    present->runsOnce = job.runsOnce;
    return *present;
  }
  auto added = std::make_unique<PlannedJob>(std::move(job));
  auto& reference = *added;
  jobs_.emplace(reference.id, std::move(added));
  return reference;
}

void JobSchedule::remove(std::string_view id) {
  const auto entry = jobs_.find(id);
  if (entry == jobs_.end()) return;
  arrange(*entry->second, false);
  const auto job = std::move(entry->second);
  jobs_.erase(entry);
}

void JobSchedule::reserve(std::size_t jobs) {
  jobs_.reserve(jobs);
  heap_.reserve(jobs);
}

void JobSchedule::arrange(PlannedJob& job, bool waits) {
  const bool placed = job.place != PlannedJob::kNowhere;
  if (waits && !placed) {
    heap_.push_back(&job);
    job.place = static_cast<std::uint32_t>(heap_.size() - 1);
    up(job.place);
  } else if (waits) {
    up(job.place);
    down(job.place);
  } else if (placed) {
    const auto hole = job.place;
    auto* last = heap_.back();
    heap_.pop_back();
    job.place = PlannedJob::kNowhere;
    if (last == &job) return;
    set(hole, last);
    up(hole);
    down(last->place);
  }
}

void JobSchedule::set(std::size_t place, PlannedJob* job) {
  heap_[place] = job;
  job->place = static_cast<std::uint32_t>(place);
}

void JobSchedule::up(std::size_t place) {
  auto* job = heap_[place];
  while (place > 0) {
    const auto parent = (place - 1) / 2;
    if (heap_[parent]->wakeAt <= job->wakeAt) break;
    set(place, heap_[parent]);
    place = parent;
  }
  set(place, job);
}

void JobSchedule::down(std::size_t place) {
  auto* job = heap_[place];
  for (;;) {
    auto child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->wakeAt < heap_[child]->wakeAt) ++child;
    if (job->wakeAt <= heap_[child]->wakeAt) break;
    set(place, heap_[child]);
    place = child;
  }
  set(place, job);
}

}  // namespace mortise::services
