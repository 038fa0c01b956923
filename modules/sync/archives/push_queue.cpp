#include "archives/push_queue.hpp"

#include <mortise/config.hpp>
#include <mortise/problem.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace session_sharing {
namespace {

constexpr int kAgainSeconds = 5;

}  // namespace

PushQueue::PushQueue(mortise::Host host, ArchiveThreads& threads)
    : threads_(threads),
      slots_(static_cast<std::size_t>(host.config().integer("pushes_per_user")), host.config().duration("push_wait")),
      inProgress_(host.metrics().gauge("pushes_in_progress", "Pushes that have a slot of their user")),
      refused_(host.metrics().counter("pushes_without_slot_total", "Pushes that got no slot of their user in time")) {}

void PushQueue::answer(const mortise::Request& request, std::function<PushReply(const mortise::Request&)> work) {
  const auto call = std::make_shared<mortise::PendingCall>(request.later());
  const std::string user = request.principal().userId;
  const auto leave = [this, user] {
    inProgress_.subtract();
    slots_.leave(user);
  };
  auto start = [this, call, leave, user, work = std::move(work)] {
    inProgress_.add();
    threads_.post(
        user,
        [this, call, leave, work] {
          std::function<void()> cleanUp;
          threads_.answerNow(*call, [&](const mortise::Request& pendingRequest) {
            auto answer = work(pendingRequest);
            cleanUp = std::move(answer.cleanUp);
            return std::move(answer.reply);
          });
          if (cleanUp) cleanUp();  // throws nothing
          leave();
        },
        [call, leave] {
          ArchiveThreads::answerOverloaded(*call);
          leave();
        });
  };
  slots_.enter(user, std::move(start), [this, call] {
    refused_.add();
    call->fail(mortise::Problem(429, "sync_rate_limit").retryAfter(kAgainSeconds));
  });
}

}  // namespace session_sharing
