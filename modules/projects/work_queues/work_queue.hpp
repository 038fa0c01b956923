// A plan by which agents serve tickets without somebody who hands them out, and a ticket in it: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

enum class QueueMode : std::uint8_t { reviewUntilClean, implementUntilDone, triage };
constexpr auto mortiseNames(QueueMode) {
  return mortise::names<QueueMode>({{QueueMode::reviewUntilClean, "review_until_clean"},
                                    {QueueMode::implementUntilDone, "implement_until_done"},
                                    {QueueMode::triage, "triage"}});
}

enum class QueueStop : std::uint8_t { queueEmpty, allClean, maxTickets, manual };
constexpr auto mortiseNames(QueueStop) {
  return mortise::names<QueueStop>({{QueueStop::queueEmpty, "queue_empty"},
                                    {QueueStop::allClean, "all_clean"},
                                    {QueueStop::maxTickets, "max_tickets"},
                                    {QueueStop::manual, "manual"}});
}

// Active and paused ones go into each other; completed ones may begin again; cancelled ones never.
enum class QueueStatus : std::uint8_t { active, paused, completed, cancelled };
constexpr auto mortiseNames(QueueStatus) {
  return mortise::names<QueueStatus>({{QueueStatus::active, "active"},
                                      {QueueStatus::paused, "paused"},
                                      {QueueStatus::completed, "completed"},
                                      {QueueStatus::cancelled, "cancelled"}});
}

// Active: an agent has a directive. Waiting: one was settled, and more is expected.
enum class QueueItemStatus : std::uint8_t { pending, active, waiting, done, failed };
constexpr auto mortiseNames(QueueItemStatus) {
  return mortise::names<QueueItemStatus>({{QueueItemStatus::pending, "pending"},
                                          {QueueItemStatus::active, "active"},
                                          {QueueItemStatus::waiting, "waiting"},
                                          {QueueItemStatus::done, "done"},
                                          {QueueItemStatus::failed, "failed"}});
}

struct WorkQueue {
  std::string id;  // wq_…
  std::string projectId;
  std::string name;
  QueueMode mode = QueueMode::triage;
  std::optional<std::string> assignedPersona;
  std::string selector = "{}";  // JSON
  bool autoAdopt = false;
  std::int64_t maxAdoptPerWake = 5;
  QueueStop stopCondition = QueueStop::queueEmpty;
  std::int64_t cadenceSeconds = 300;
  std::int64_t maxTicketsPerRun = 1;
  std::int64_t maxAttemptsPerItem = 3;
  QueueStatus status = QueueStatus::active;
  std::int64_t leaseEpoch = 0;  // rises with each change of the status
  std::string createdByUserId;
  std::optional<std::string> createdBySessionId;
  std::optional<std::string> createdByPersona;
  std::optional<mortise::Time> wokenAt;
  std::int64_t pending = 0, active = 0, waiting = 0, done = 0, failed = 0;  // items
  mortise::Time createdAt;
  mortise::Time updatedAt;

  std::int64_t items() const { return pending + active + waiting + done + failed; }

  static constexpr auto kFields =
      mortise::fields(
          "projects_work_queues", mortise::field("id", &WorkQueue::id).key(),
          mortise::field("project_id", &WorkQueue::projectId).fixed(), mortise::field("name", &WorkQueue::name).fixed(),
          mortise::field("mode", &WorkQueue::mode).fixed(),
          mortise::field("assigned_persona", &WorkQueue::assignedPersona).fixed(),
          mortise::field("selector", &WorkQueue::selector).fixed().json(),
          mortise::field("auto_adopt", &WorkQueue::autoAdopt).fixed(),
          mortise::field("max_adopt_per_wake", &WorkQueue::maxAdoptPerWake).fixed(),
          mortise::field("stop_condition", &WorkQueue::stopCondition).fixed(),
          mortise::field("cadence_seconds", &WorkQueue::cadenceSeconds).fixed(),
          mortise::field("max_tickets_per_run", &WorkQueue::maxTicketsPerRun).fixed(),
          mortise::field("max_attempts_per_item", &WorkQueue::maxAttemptsPerItem).fixed(),
          mortise::field("status", &WorkQueue::status), mortise::field("lease_epoch", &WorkQueue::leaseEpoch),
          mortise::field("created_by_user_id", &WorkQueue::createdByUserId).fixed(),
          mortise::field("created_by_session_id", &WorkQueue::createdBySessionId).fixed(),
          mortise::field("created_by_persona", &WorkQueue::createdByPersona).fixed(),
          mortise::field("woken_at", &WorkQueue::wokenAt).hidden(),
          mortise::field("pending", &WorkQueue::pending).hidden(),
          mortise::field("active", &WorkQueue::active).hidden(),
          mortise::field("waiting", &WorkQueue::waiting).hidden(), mortise::field("done", &WorkQueue::done).hidden(),
          mortise::field("failed", &WorkQueue::failed).hidden(),
          mortise::field("created_at", &WorkQueue::createdAt).fixed(),
          mortise::field("updated_at", &WorkQueue::updatedAt))
          .times(mortise::kIsoMicros);
};

struct WorkQueueItem {
  std::string id;  // wqi_…
  std::string queueId;
  std::int64_t position = 0;
  std::string ticketId;
  QueueItemStatus status = QueueItemStatus::pending;
  std::optional<std::string> openDirectiveId;  // dir_…
  std::optional<std::string> openRunId;        // wqr_…
  std::optional<std::int64_t> directiveEpoch;
  std::optional<std::string> settledDirectiveId;
  std::optional<mortise::Time> shownAt;  // of the last comment that the open directive shows
  std::optional<mortise::Time> ackedAt;  // of the last comment that a settled directive showed
  std::int64_t attempts = 0;
  std::optional<mortise::Time> nextEligibleAt;
  mortise::Time createdAt;
  mortise::Time updatedAt;

  bool isOver() const { return status == QueueItemStatus::done || status == QueueItemStatus::failed; }

  static constexpr auto kFields =
      mortise::fields("projects_work_queue_items", mortise::field("id", &WorkQueueItem::id).key(),
                      mortise::field("queue_id", &WorkQueueItem::queueId).fixed().hidden(),
                      mortise::field("position", &WorkQueueItem::position).fixed().hidden(),
                      mortise::field("ticket_id", &WorkQueueItem::ticketId).fixed(),
                      mortise::field("item_status", &WorkQueueItem::status),
                      mortise::field("open_directive_id", &WorkQueueItem::openDirectiveId).hidden(),
                      mortise::field("open_run_id", &WorkQueueItem::openRunId).hidden(),
                      mortise::field("directive_epoch", &WorkQueueItem::directiveEpoch).hidden(),
                      mortise::field("settled_directive_id", &WorkQueueItem::settledDirectiveId).hidden(),
                      mortise::field("shown_at", &WorkQueueItem::shownAt).hidden(),
                      mortise::field("acked_at", &WorkQueueItem::ackedAt).hidden(),
                      mortise::field("attempts", &WorkQueueItem::attempts).hidden(),
                      mortise::field("next_eligible_at", &WorkQueueItem::nextEligibleAt).hidden(),
                      mortise::field("created_at", &WorkQueueItem::createdAt).fixed().hidden(),
                      mortise::field("updated_at", &WorkQueueItem::updatedAt).hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
