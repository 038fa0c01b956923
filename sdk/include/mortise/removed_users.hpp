// Forgets what a module keeps of accounts that were removed, in whatever way (SDK 1.1). A job does the work, so that
// it is repeated after a failure, and done once in a cluster; a module that was switched off catches up soon after its
// start (misfire_grace: the time that it missed is made up for however late it is).
//   jobs:                                                                            # module.yaml
//     forget_users: { help: Forget removed accounts, trigger: { every: PT5M }, misfire_grace: none }
//   on.job("forget_users", &Notes::forgetUsers);                                     // in bind()
//   void start() override { removedUsers_.start(); }
//   void stop() override { removedUsers_.stop(); }
//   void forgetUsers(JobRun& run) {
//     removedUsers_.forgetEach(run, [&](const std::string& userId) { store_.forget(userId); });
//   }
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "mortise/events.hpp"
#include "mortise/identity.hpp"
#include "mortise/jobs.hpp"
#include "mortise/problem.hpp"

namespace mortise::inline sdk1 {

class RemovedUsers {
 public:
  // `job`: the id of the module's job that calls forgetEach(). Needs events/1, identity/1 and jobs/1. [start]
  RemovedUsers(const Host& host, std::string job)
      : identity_(host.identity()), events_(host.events()), jobs_(host.jobs()), job_(std::move(job)) {}

  // From now on the job runs at each removal on this server. [start]
  void start() {
    removals_ = events_.subscribe("kernel.users.removed", [this](const Event& event) {
      if (!event.remote) run();
    });
  }
  void stop() { removals_.end(); }  // in the module's stop()

  // Calls forget(user id) for each removed account, oldest first, and acknowledges it; returns how many. What it throws
  // ends the run and is repeated by the next one, as is an account at which the server died: forget() may be called
  // twice. Stops between two accounts when the run is cancelled. [worker]
  template <class Forget>
  std::int64_t forgetEach(const JobRun& run, Forget&& forget) const {
    std::int64_t count = 0;
    for (auto users = identity_.removedUsers(); !users.empty(); users = identity_.removedUsers()) {
      for (const auto& user : users) {
        if (run.cancelled()) return count;
        forget(user.id);
        identity_.acknowledgeRemovedUser(user.number);
        ++count;
      }
    }
    return count;
  }

 private:
  void run() const {
    try {
      jobs_.trigger(job_);
    } catch (const Problem&) {
      // It runs already, or jobs are switched off on this server: its schedule comes to the account.
    }
  }

  Identity identity_;
  Events events_;
  Jobs jobs_;
  std::string job_;
  Subscription removals_;
};

}  // namespace mortise::inline sdk1
