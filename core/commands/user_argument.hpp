// Finds the user that an operator names on the command line.
#pragma once

#include <optional>
#include <string>

#include "core/identity/identity.hpp"

namespace mortise::commands {

// By id, else by exact user name, else by e-mail address in any case.
std::optional<identity::User> findUser(identity::Identity& identity, const std::string& word);
// The same; throws UsageError when there is no such user.
identity::User requireUser(identity::Identity& identity, const std::string& word);

}  // namespace mortise::commands
