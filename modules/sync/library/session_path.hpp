// The captured session that a path names, by its id or its owner's alias. Another user's is not told from none.
#pragma once

#include <mortise/request.hpp>

#include <string_view>

#include "library/captured_session.hpp"
#include "library/captured_session_store.hpp"

namespace session_sharing {

// ses_ and 8 to 40 lowercase letters and digits.
bool isSessionId(std::string_view text);
// 3 to 100 letters, digits, _ and -, the first of which is a letter or digit.
bool isAlias(std::string_view text);

// The caller's session that the path's {session_id} names, deleted or not. Problems: 400 session_id_invalid (neither an
// id nor an alias), 404 session_not_found.
CapturedSession ownSession(const CapturedSessionStore& store, const mortise::Request& request);
// The same; a deleted one is 404, too.
CapturedSession liveSession(const CapturedSessionStore& store, const mortise::Request& request);
// As ownSession(), where the path takes no alias.
CapturedSession ownSessionById(const CapturedSessionStore& store, const mortise::Request& request);

}  // namespace session_sharing
