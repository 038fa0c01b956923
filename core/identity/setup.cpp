#include "core/identity/setup.hpp"

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/committed_change.hpp"
#include "core/identity/roles.hpp"
#include "core/identity/store.hpp"

namespace mortise::identity {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

}  // namespace

std::string Setup::makeToken() {
  constexpr std::int64_t kLife = 86400 * kMicros;
  std::string token = text::base64Url(randomBytes(24));
  database_.transaction([&](db::Connection& connection) {
    if (store::countUsersWithRole(connection, kAdministrator) > 0) {
      token.clear();
      return;
    }
    const std::int64_t now = nowMicros();
    store::insertSetupToken(connection, text::hex(sha256(token)), now, now + kLife);
  });
  return token;
}

User Setup::complete(std::string_view token, const NewUser& administrator) {
  const std::string hash = text::hex(sha256(token));
  const auto refused = [](const char* note) { return Problem(401, "invalid_token").note(note); };
  {
    // Before the hashing, so that an invented token costs no processor time.
    const auto connection = database_.lease(db::Access::read);
    if (!store::hasSetupToken(*connection, hash, nowMicros())) throw refused("no such set-up token");
  }
  const std::string passwordHash = accounts_.passwordHashOf(administrator);
  User user;
  commitChange(database_, revision_, [&](db::Connection& connection) {
    store::lockUsers(connection);
    if (store::countUsersWithRole(connection, kAdministrator) > 0) throw refused("there is an administrator");
    if (!store::takeSetupToken(connection, hash, nowMicros())) throw refused("the set-up token was used a moment ago");
    user = Accounts::insert(connection, administrator, passwordHash, kAdministrator);
  });
  return user;
}

}  // namespace mortise::identity
