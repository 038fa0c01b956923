// The job forget_users: removes what removed accounts left here.
#pragma once

#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/removed_users.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "library/account_removal.hpp"
#include "library/captured_session_store.hpp"
#include "library/trash.hpp"

namespace session_sharing {

// [start] [worker]
class RemovedAccounts {
 public:
  // `trash` removes sessions; `removals` are what else goes. They live as long as this object.
  RemovedAccounts(mortise::Host host, const Trash& trash, std::vector<AccountRemoval*> removals);

  // From now on a removal of an account runs the job.
  void start() { removedUsers_.start(); }
  void stop() { removedUsers_.stop(); }
  // The job.
  void forget(mortise::JobRun& run);

 private:
  // Sessions, a transaction each; then the rest in one. Returns how many sessions there were.
  std::int64_t forget(const std::string& userId, const mortise::JobRun& run) const;

  mortise::Log log_;
  mortise::Db db_;
  CapturedSessionStore store_;
  const Trash& trash_;
  std::vector<AccountRemoval*> removals_;
  mortise::RemovedUsers removedUsers_;
};

}  // namespace session_sharing
