// What a push may do to the session that has its id.
#pragma once

#include <mortise/request.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "library/captured_session.hpp"

namespace session_sharing {

// What the client says about the state that it means to change.
struct PushIntent {
  std::string sessionId;
  std::string userId;
  std::optional<std::string> ifMatch;  // without quotes; empty: it overwrites whatever is there
  bool undeletes = false;

  // Of the headers If-Match and X-SessionFS-Undelete.
  static PushIntent of(const mortise::Request& request, std::string_view sessionId);
};

// Problems: 409 session_id_taken (another user's, deleted or not), 410 session_deleted (and the push does not
// undelete), 409 etag_mismatch with the current etag. `current`: empty where there is none. [any]
void checkIntent(const PushIntent& intent, const std::optional<CapturedSession>& current);

// An etag as If-Match and If-None-Match carry it, without quotes, W/ and white space. [any]
std::string_view unquotedEtag(std::string_view header);

}  // namespace session_sharing
