#include "work_queues/work_queue_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

std::vector<WorkQueueItem> itemsFor(std::string_view queueId, const std::vector<std::string>& ticketIds,
                                    std::int64_t position, mortise::Time at) {
  std::vector<WorkQueueItem> items;
  for (const auto& ticket : ticketIds) {
    WorkQueueItem item;
    item.id = mortise::makePrefixedId("wqi_");
    item.queueId = queueId;
    item.position = position++;
    item.ticketId = ticket;
    item.createdAt = item.updatedAt = at;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::vector<WorkQueue> WorkQueueStore::list(std::string_view projectId, std::optional<QueueStatus> status,
                                            std::int64_t limit) const {
  if (status) {
    return db::rows<WorkQueue>(
        db_, "WHERE project_id = :project AND status = :status ORDER BY created_at DESC, id DESC LIMIT :limit",
        {{"project", projectId}, {"status", *status}, {"limit", limit}});
  }
  return db::rows<WorkQueue>(db_, "WHERE project_id = :project ORDER BY created_at DESC, id DESC LIMIT :limit",
                             {{"project", projectId}, {"limit", limit}});
}

std::optional<WorkQueue> WorkQueueStore::find(std::string_view projectId, std::string_view id) const {
  return db::row<WorkQueue>(db_, "WHERE id = :id AND project_id = :project", {{"id", id}, {"project", projectId}});
}

std::int64_t WorkQueueStore::countOf(std::string_view projectId) const {
  return db::count<WorkQueue>(db_, "WHERE project_id = :project", {{"project", projectId}});
}

bool WorkQueueStore::add(const WorkQueue& queue, const std::vector<std::string>& ticketIds) const {
  try {
    db_.transaction([&](db::Session& session) {
      auto stored = queue;
      stored.pending = static_cast<std::int64_t>(ticketIds.size());
      db::insert(session, stored);
      db::insertAll(session, itemsFor(queue.id, ticketIds, 0, queue.createdAt));
    });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

std::optional<WorkQueue> WorkQueueStore::lock(std::string_view projectId, std::string_view id) const {
  if (db_.execute("UPDATE projects_work_queues SET status = status WHERE id = :id AND project_id = :project",
                  {{"id", id}, {"project", projectId}}) == 0)
    return std::nullopt;
  return find(projectId, id);
}

void WorkQueueStore::setStatus(const WorkQueue& queue) const {
  db::update<&WorkQueue::status, &WorkQueue::leaseEpoch, &WorkQueue::updatedAt>(db_, queue);
}

void WorkQueueStore::setWoken(std::string_view id, mortise::Time at) const {
  db_.execute("UPDATE projects_work_queues SET woken_at = :at WHERE id = :id", {{"at", at}, {"id", id}});
}

std::vector<WorkQueueItem> WorkQueueStore::items(std::string_view queueId) const {
  return db::rows<WorkQueueItem>(db_, "WHERE queue_id = :queue ORDER BY position", {{"queue", queueId}});
}

std::optional<WorkQueueItem> WorkQueueStore::item(std::string_view queueId, std::string_view id) const {
  return db::row<WorkQueueItem>(db_, "WHERE id = :id AND queue_id = :queue", {{"id", id}, {"queue", queueId}});
}

void WorkQueueStore::addItems(std::string_view queueId, const std::vector<std::string>& ticketIds,
                              mortise::Time at) const {
  db_.transaction([&](db::Session& session) {
    const auto next = session
                          .queryOne<std::int64_t>(
                              "SELECT COALESCE(MAX(position), -1) + 1 FROM projects_work_queue_items "
                              "WHERE queue_id = :queue",
                              {{"queue", queueId}})
                          .value();
    db::insertAll(session, itemsFor(queueId, ticketIds, next, at));
  });
}

void WorkQueueStore::changeItem(const WorkQueueItem& item) const { db::update(db_, item); }

void WorkQueueStore::count(std::string_view queueId) const {
  db_.execute(
      "UPDATE projects_work_queues SET pending = c.pending, active = c.active, waiting = c.waiting, done = c.done, "
      "failed = c.failed FROM (SELECT COALESCE(SUM(CASE item_status WHEN 'pending' THEN 1 ELSE 0 END), 0) AS pending, "
      "COALESCE(SUM(CASE item_status WHEN 'active' THEN 1 ELSE 0 END), 0) AS active, "
      "COALESCE(SUM(CASE item_status WHEN 'waiting' THEN 1 ELSE 0 END), 0) AS waiting, "
      "COALESCE(SUM(CASE item_status WHEN 'done' THEN 1 ELSE 0 END), 0) AS done, "
      "COALESCE(SUM(CASE item_status WHEN 'failed' THEN 1 ELSE 0 END), 0) AS failed "
      "FROM projects_work_queue_items WHERE queue_id = :queue) AS c WHERE id = :queue",
      {{"queue", queueId}});
}

std::vector<std::tuple<std::string, std::string, std::string>> WorkQueueStore::all(std::string_view projectId) const {
  return db_.query<std::string, std::string, std::string>(
      "SELECT id, name, selector FROM projects_work_queues WHERE project_id = :project ORDER BY name",
      {{"project", projectId}});
}

void WorkQueueStore::move(std::string_view id, std::string_view toProjectId, std::string_view name,
                          std::string_view selector) const {
  db_.execute("UPDATE projects_work_queues SET project_id = :to, name = :name, selector = :selector WHERE id = :id",
              {{"to", toProjectId}, {"name", name}, {"selector", selector}, {"id", id}});
}

void WorkQueueStore::renamePersona(std::string_view projectId, std::string_view from, std::string_view to) const {
  db_.execute(
      "UPDATE projects_work_queues SET assigned_persona = :to WHERE project_id = :project AND assigned_persona = :from",
      {{"to", to}, {"project", projectId}, {"from", from}});
}

void WorkQueueStore::removeAllOf(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_work_queues WHERE project_id = :project", {{"project", projectId}});
}

}  // namespace projects
