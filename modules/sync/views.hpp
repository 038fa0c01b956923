// Sessions and records as JSON.
#pragma once

#include <mortise/json.hpp>

#include <vector>

#include "session.hpp"

namespace sync_sessions {

mortise::json::Value sessionView(const Session& session);
// With its records and the progress.
mortise::json::Value detailView(const Session& session, const std::vector<Record>& records);
mortise::json::Value recordsView(const std::vector<Record>& records);

}  // namespace sync_sessions
