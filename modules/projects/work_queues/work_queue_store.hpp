// The tables of work queues and their items: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "work_queues/work_queue.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class WorkQueueStore {
 public:
  static constexpr std::int64_t kMaxQueues = 200;  // of one project; several requests at once may go past it by a few
  static constexpr std::int64_t kMaxItems = 500;   // of one queue

  explicit WorkQueueStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  WorkQueueStore in(const mortise::Transaction& tx) const { return WorkQueueStore(db_.in(tx)); }

  // Newest first.
  std::vector<WorkQueue> list(std::string_view projectId, std::optional<QueueStatus> status, std::int64_t limit) const;
  // None of another project.
  std::optional<WorkQueue> find(std::string_view projectId, std::string_view id) const;
  std::int64_t countOf(std::string_view projectId) const;
  // With an item for each ticket. False: the project has a queue of that name.
  bool add(const WorkQueue& queue, const std::vector<std::string>& ticketIds) const;
  // Locks the queue for the rest of the transaction; as it is then.
  std::optional<WorkQueue> lock(std::string_view projectId, std::string_view id) const;
  void setStatus(const WorkQueue& queue) const;
  void setWoken(std::string_view id, mortise::Time at) const;

  // In their order.
  std::vector<WorkQueueItem> items(std::string_view queueId) const;
  std::optional<WorkQueueItem> item(std::string_view queueId, std::string_view id) const;
  // Behind the last one.
  void addItems(std::string_view queueId, const std::vector<std::string>& ticketIds, mortise::Time at) const;
  void changeItem(const WorkQueueItem& item) const;
  // Counts the items of the queue anew. Call it behind each change of items.
  void count(std::string_view queueId) const;

  // All of a project: id, name, selector. A project that others were merged into may have more than kMaxQueues.
  std::vector<std::tuple<std::string, std::string, std::string>> all(std::string_view projectId) const;
  void move(std::string_view id, std::string_view toProjectId, std::string_view name, std::string_view selector) const;
  void renamePersona(std::string_view projectId, std::string_view from, std::string_view to) const;
  void removeAllOf(std::string_view projectId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
