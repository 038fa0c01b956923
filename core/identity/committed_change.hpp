#pragma once

#include <utility>

#include "core/db/database.hpp"
#include "core/identity/revision.hpp"

namespace mortise::identity {

// A change of users or sessions in one transaction: committed, then seen by every process that shares the file. Throws
// what `work` and the transaction throw; the revision stays then.
template <typename Work>
void commitChange(db::Database& database, Revision& revision, Work&& work) {
  database.transaction(std::forward<Work>(work));
  revision.advance();
}

}  // namespace mortise::identity
