// Sessions as clients see them.
#pragma once

#include <string>
#include <vector>

#include "conversations/session.hpp"
#include "conversations/session_store.hpp"

namespace agent {

// {"sessions":[{session_id,title,latest_message,latest_message_at,status,unread_message_count}]}: the first of them, as
// many as one event of a stream has room for.
std::string sessionListText(const std::vector<SessionItem>& sessions);
// {"session_id","title","status","events":[{event,data}]}. Clients ask for it every two seconds: the events, of which
// there may be megabytes, are written as they are read.
std::string sessionDetailText(const Session& session, const SessionStore& store);

}  // namespace agent
