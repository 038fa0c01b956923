// Which accounts were removed, for modules that keep something of them: each reads on from where it acknowledged, so that
// one that was switched off or killed catches up.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"

namespace mortise::identity::removed_users {

// How long a removal is told. A module that was off for longer never learns of it.
inline constexpr std::chrono::hours kKept{24 * 400};

struct RemovedUser {
  std::int64_t number = 0;  // counted from 1 in the order of the commits
  std::string id;
  std::int64_t removedAt = 0;  // microseconds since the epoch
};

// All of these [worker].

// In the transaction that removes the account; drops those that are older than kKept.
void note(db::Connection& connection, std::string_view userId, std::int64_t now);
// Those that `module` has not acknowledged, oldest first.
std::vector<RemovedUser> unacknowledged(db::Connection& connection, std::string_view module, std::int64_t limit);
// `module` has forgotten this one and all before it. A lower number than before changes nothing.
void acknowledge(db::Connection& connection, std::string_view module, std::int64_t number);

}  // namespace mortise::identity::removed_users
