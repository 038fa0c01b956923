#include "library/removed_accounts.hpp"

#include <mortise/problem.hpp>

#include <utility>

namespace session_sharing {
namespace {

constexpr std::size_t kPage = 100;

}  // namespace

RemovedAccounts::RemovedAccounts(mortise::Host host, const Trash& trash, std::vector<AccountRemoval*> removals)
    : log_(host.log()),
      db_(host.db()),
      store_(host.db()),
      trash_(trash),
      removals_(std::move(removals)),
      removedUsers_(host, "forget_users") {}

void RemovedAccounts::forget(mortise::JobRun& run) {
  std::int64_t sessions = 0;
  const auto users = removedUsers_.forgetEach(run, [&](const std::string& userId) { sessions += forget(userId, run); });
  if (users == 0) return;
  log_.info("captured sessions of removed accounts are gone", {{"accounts", users}, {"sessions", sessions}});
  run.report({.target = "sessions of removed accounts", .synced = users, .deleted = sessions});
}

std::int64_t RemovedAccounts::forget(const std::string& userId, const mortise::JobRun& run) const {
  std::int64_t sessions = 0;
  for (auto ids = store_.idsOf(userId, "", kPage); !ids.empty(); ids = store_.idsOf(userId, "", kPage)) {
    for (const auto& id : ids) {
      // Not acknowledged: the next run goes on.
      if (run.cancelled()) throw mortise::Problem(503, "unavailable").note("asked to stop");
      sessions += trash_.erase(id) ? 1 : 0;
    }
  }
  db_.transaction([&](mortise::Transaction& tx) {
    for (auto* removal : removals_) removal->accountRemoved(tx, userId);
  });
  return sessions;
}

}  // namespace session_sharing
