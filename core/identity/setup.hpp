// The set-up link: a one-time token (stored hashed, 24 h) with which the set-up page creates the first administrator.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/db/database.hpp"
#include "core/identity/accounts.hpp"
#include "core/identity/revision.hpp"
#include "core/identity/user.hpp"

namespace mortise::identity {

// Thread-safe; [worker].
class Setup {
 public:
  Setup(db::Database& database, Revision& revision, Accounts& accounts)
      : database_(database), revision_(revision), accounts_(accounts) {}

  // Empty when an administrator exists.
  std::string makeToken();
  // Problems: 401 invalid_token, and those of Accounts::create.
  User complete(std::string_view token, const NewUser& administrator);

 private:
  db::Database& database_;
  Revision& revision_;
  Accounts& accounts_;
};

}  // namespace mortise::identity
