// What operations that empty the trash do, record and answer.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/module.hpp>

#include <string_view>

#include "library/trash.hpp"

namespace session_sharing {

// Removes for good what has lain there long enough, for a minute at most and as long as somebody waits for `request`.
// [worker]
mortise::Reply emptyTrash(const Trash& trash, const mortise::Audit& audit, const mortise::Request& request);
// Records what was removed of `target`, and answers it. [worker]
mortise::Reply answerPurge(const Trash::Purge& purge, std::string_view target, const mortise::Audit& audit,
                           const mortise::Request& request);

}  // namespace session_sharing
