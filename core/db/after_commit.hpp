// Defers work until the commit: a mail, an event, a counter that makes caches stale.
#pragma once

#include <functional>

namespace mortise::db {

// Runs `work` after the joined transaction of the calling thread has committed (see joined_transaction.hpp), on that
// thread, in the order of the calls, when its connection is back in the pool: `work` may use the database, and its
// exceptions are logged. When the transaction is rolled back, `dropped` (may be empty) runs instead; it must not throw.
// On a thread without a joined transaction, `work` runs before this function returns, and its exceptions reach the
// caller. [any]
void afterCommit(std::function<void()> work, std::function<void()> dropped = {});

// True when afterCommit() would defer. [any]
bool waitsForCommit();

}  // namespace mortise::db
