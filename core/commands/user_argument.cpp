#include "core/commands/user_argument.hpp"

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/commands/arguments.hpp"

namespace mortise::commands {

std::optional<identity::User> findUser(identity::Identity& identity, const std::string& word) {
  using identity::UserKey;
  for (const auto key : {UserKey::id, UserKey::username, UserKey::email}) {
    if (key == UserKey::id && !isUuid(word)) continue;
    if (auto user = identity.find(key, key == UserKey::email ? text::lower(word) : word)) return user;
  }
  return std::nullopt;
}

identity::User requireUser(identity::Identity& identity, const std::string& word) {
  if (auto user = findUser(identity, word)) return *std::move(user);
  throw UsageError("no user has the id, user name or e-mail address \"" + word + "\"");
}

}  // namespace mortise::commands
