// Sessions as clients see them.
#pragma once

#include <string>
#include <vector>

#include "conversations/session.hpp"

namespace agent {

// {"sessions":[{session_id,title,latest_message,latest_message_at,status,unread_message_count}]}: the first of them, as
// many as one event of a stream has room for.
std::string sessionListText(const std::vector<SessionItem>& sessions);
// {"session_id","title","status","events":[{event,data}]}
std::string sessionDetailText(const Session& session, const std::vector<StoredEvent>& events);

}  // namespace agent
