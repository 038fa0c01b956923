#include "core/services/jobs/job_schedule.hpp"

#include <utility>

namespace mortise::services {

PlannedJob* JobSchedule::find(std::string_view id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : found->second.get();
}

PlannedJob& JobSchedule::put(PlannedJob job) {
  if (auto* known = find(job.id); known != nullptr) {
    known->trigger = std::move(job.trigger);
    known->rules = job.rules;
    known->module = job.module;
    known->due = job.due;
    known->wakeAt = job.wakeAt;
    known->hasPayload = job.hasPayload;
    known->runsOnce = job.runsOnce;
    return *known;
  }
  auto fresh = std::make_unique<PlannedJob>(std::move(job));
  auto& made = *fresh;
  jobs_.emplace(made.id, std::move(fresh));
  return made;
}

void JobSchedule::remove(std::string_view id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  arrange(*found->second, false);
  const auto job = std::move(found->second);
  jobs_.erase(found);
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
