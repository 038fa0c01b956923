// The way of a push from its handler to the threads that read archives: a slot of its user first, then a thread.
#pragma once

#include <mortise/host.hpp>
#include <mortise/metrics.hpp>
#include <mortise/request.hpp>

#include <functional>

#include "archives/archive_threads.hpp"
#include "archives/push_answer.hpp"
#include "archives/push_slots.hpp"

namespace session_sharing {

// One for the module.
class PushQueue {
 public:
  PushQueue(mortise::Host host, ArchiveThreads& threads);

  void begin() { slots_.begin(); }
  void end() { slots_.end(); }

  // Answers the request, whose operation says x-mortise-answers: later, with what `work` returns, as
  // ArchiveThreads::answer() does, when the user has one of sync.pushes_per_user slots. Then calls its cleanUp(); the user
  // keeps the slot until that returns. 429 sync_rate_limit when none comes free within sync.push_wait. [worker]
  void answer(const mortise::Request& request, std::function<PushReply(const mortise::Request&)> work);

 private:
  ArchiveThreads& threads_;
  PushSlots slots_;
  mortise::Gauge inProgress_;
  mortise::Counter refused_;
};

}  // namespace session_sharing
