// One wake of a work queue, and what becomes of a directive: each in one transaction with the queue locked, so that two
// agents that wake a queue at once get the same directives, and a directive is settled once.
#pragma once

#include <mortise/db.hpp>
#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "changes/project_changes.hpp"
#include "runs/run_store.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_store.hpp"
#include "tickets/ticket_writer.hpp"
#include "work_queues/work_queue_store.hpp"

namespace projects {

// What an agent says of a directive that it acted on.
struct QueueSettlement {
  std::string itemId, directiveId, ticketId, outcome;
  std::optional<std::string> commentId, agentRunId, verdict;
  std::optional<std::int64_t> ticketLeaseEpoch;
  bool isFailed = false;
};

// [worker]; throws Problem and db::Error.
class QueueStep {
 public:
  // `writer` and `changes` must outlive this object.
  QueueStep(mortise::Db db, const TicketWriter& writer, const ProjectChanges& changes);

  // The answer: directives, or why there are none. At most `most` new ones. Problem 404 work_queue_not_found.
  mortise::json::Value wake(const TicketCaller& caller, std::string_view queueId, std::int64_t most) const;
  // The answer. Problems of the contract.
  mortise::json::Value settle(const TicketCaller& caller, std::string_view queueId,
                              const QueueSettlement& settlement) const;

 private:
  using Transaction = mortise::Transaction;

  // What a wake hands out: items with directives, or the answer that there are none.
  struct Woken {
    WorkQueue queue;
    std::string run;
    std::vector<WorkQueueItem> items;
    mortise::json::Value refusal;
  };
  // What a wake finds: the items that may be served now, and why others may not.
  struct Servable {
    std::vector<WorkQueueItem> items;
    bool waitsForImplementation = false;
    bool isFull = false;  // the filter finds a ticket that the queue has no room for
  };

  Woken hand(Transaction& tx, const TicketCaller& caller, std::string_view queueId, std::int64_t most,
             mortise::Time now) const;
  // Those whose tickets are over are done, and those without a ticket have failed.
  void findServable(const Transaction& tx, const WorkQueue& queue, mortise::Time now, Servable& servable) const;
  void adopt(const Transaction& tx, const WorkQueue& queue, mortise::Time now, Servable& servable) const;
  mortise::json::Value directive(const WorkQueue& queue, const WorkQueueItem& item) const;
  // Problems 409 and 422 unless what the agent wrote back is there.
  void check(const Transaction& tx, const TicketCaller& caller, const WorkQueue& queue, const WorkQueueItem& item,
             const Ticket& ticket, const QueueSettlement& settlement) const;
  // Writes the verdict. Is the ticket clean by it?
  bool judge(Transaction& tx, const TicketCaller& caller, const WorkQueue& queue, const Ticket& ticket,
             const QueueSettlement& settlement) const;

  mortise::Db db_;
  WorkQueueStore queues_;
  TicketStore tickets_;
  RunStore runs_;
  const TicketWriter& writer_;
  const ProjectChanges& changes_;
};

}  // namespace projects
