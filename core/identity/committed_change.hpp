#pragma once

#include <utility>

#include "core/db/database.hpp"
#include "core/identity/revision.hpp"

namespace mortise::identity {

// Commits a change of users or sessions in one transaction, then advances the revision for every process that shares
// the file. Throws what `work` and the transaction throw; then the revision stays.
template <typename Work>
void commitChange(db::Database& database, Revision& revision, Work&& work) {
  database.transaction(std::forward<Work>(work));
  revision.advance();
}

}  // namespace mortise::identity
