// What goes with a captured session that is removed for good: each folder that keeps something about sessions is told
// in the transaction that removes the row.
#pragma once

#include <mortise/db.hpp>

#include "library/captured_session.hpp"

namespace session_sharing {

class SessionRemoval {
 public:
  virtual ~SessionRemoval() = default;

  // Removes what it keeps about `session`, in `tx`; its archive goes after the commit. Called for a session in the
  // trash whose time is over, and for every session of an account that is gone. May throw: then the session stays, too.
  // [worker]
  virtual void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) = 0;
};

}  // namespace session_sharing
