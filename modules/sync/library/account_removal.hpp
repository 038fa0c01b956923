// What goes with an account that was removed: each folder that keeps something by user is told, behind the removal of
// the user's sessions.
#pragma once

#include <mortise/db.hpp>

#include <string_view>

namespace session_sharing {

class AccountRemoval {
 public:
  virtual ~AccountRemoval() = default;

  // Removes what it keeps about the user, in `tx`. May be called twice. May throw: then the account is told again.
  // [worker]
  virtual void accountRemoved(const mortise::Transaction& tx, std::string_view userId) = 0;
};

}  // namespace session_sharing
