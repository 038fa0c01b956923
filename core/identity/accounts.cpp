#include "core/identity/accounts.hpp"

#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/committed_change.hpp"
#include "core/identity/cookie_sessions.hpp"
#include "core/identity/removed_users.hpp"
#include "core/identity/store.hpp"
#include "core/identity/user_name.hpp"
#include "mortise/tier.hpp"
#include "mortise/white_space.hpp"

namespace mortise::identity {
namespace {

Problem notFound() { return Problem(404, "user_not_found"); }

// Of both kinds: with tokens and with a cookie.
void revokeSessionsOf(db::Connection& connection, std::string_view userId) {
  const std::int64_t now = nowMicros();
  store::revokeSessionsOf(connection, userId, now);
  CookieSessions::revokeOf(connection, userId, now);
}

std::string requireUserName(const std::string& typed) {
  auto name = normalUserName(typed);
  if (!name) throw Problem(422, "username_invalid").note("no user name by PRECIS UsernameCasePreserved");
  return *std::move(name);
}

void requireFreeNames(db::Connection& connection, const User& user, bool folded) {
  if (!user.username.empty() && store::otherHasUsername(connection, user.username, user.id, folded))
    throw Problem(409, "username_taken");
  if (!user.email.empty() && store::otherHasEmail(connection, user.email, user.id)) throw Problem(409, "email_taken");
}

}  // namespace

Accounts::Accounts(db::Database& database, Revision& revision, const Options& options)
    : database_(database),
      revision_(revision),
      passwords_(options.argon2Memory, options.argon2Passes, options.passwordConcurrency, options.passwordQueue) {}

std::optional<User> Accounts::find(UserKey by, std::string_view key) {
  return store::findUser(*database_.lease(db::Access::read), by, key);
}

User Accounts::create(const NewUser& user) {
  const std::string hash = passwordHashOf(user);
  User created;
  commitChange(database_, revision_,
               [&](db::Connection& connection) { created = insert(connection, user, hash, user.role); });
  return created;
}

User Accounts::change(std::string_view id, const UserChange& change) {
  if (change.tier && !change.tier->empty() && !isTier(*change.tier))
    throw Problem(422, "unknown_tier").note("no tier: " + *change.tier);
  User user;
  commitChange(database_, revision_, [&](db::Connection& connection) {
    store::lockUsers(connection);
    auto stored = store::findUser(connection, UserKey::id, id);
    if (!stored) throw notFound();
    user = std::move(*stored);
    const bool wasActive = user.status == "active";
    if (change.username && *change.username != user.username) {
      user.username = change.username->empty() ? std::string() : requireUserName(*change.username);
      if (!user.username.empty() && store::otherHasUsername(connection, user.username, user.id, change.uniqueFolded)) {
        throw Problem(409, "username_taken");
      }
    }
    if (change.nickname) user.nickname = *change.nickname;
    if (change.avatar) user.avatar = *change.avatar;
    if (change.bio) user.bio = *change.bio;
    if (change.clearBio) user.bio.reset();
    if (change.status) user.status = *change.status;
    if (change.role) user.role = *change.role;
    if (change.tier) user.tier = *change.tier;
    if (change.emailConfirmedAt != 0) user.emailConfirmedAt = change.emailConfirmedAt;
    store::updateUser(connection, user);
    if (change.passwordHash) {
      user.passwordHash = *change.passwordHash;
      store::setPasswordHash(connection, user.id, user.passwordHash);
    }
    if (change.endKeys) ApiKeys::deactivateOf(connection, user.id);
    if (change.passwordHash || (wasActive && user.status != "active")) {
      // A ban or a new password also voids stateless tokens signed before it.
      store::nextTokenGeneration(connection, user.id);
      revokeSessionsOf(connection, user.id);
      ++user.tokenGeneration;
    }
  });
  return user;
}

std::vector<User> Accounts::list(std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  const auto connection = database_.lease(db::Access::read);
  total = store::countUsers(*connection);
  return store::listUsers(*connection, std::max<std::int64_t>(skip, 0), std::max<std::int64_t>(limit, 0));
}

void Accounts::remove(std::string_view id) {
  commitChange(database_, revision_, [&](db::Connection& connection) {
    store::lockUsers(connection);  // so that no organisation adds the user meanwhile
    if (!store::removeUser(connection, id)) throw notFound();
    CookieSessions::removeOf(connection, id);
    ApiKeys::removeOf(connection, id);
    removed_users::note(connection, id, nowMicros());
  });
}

std::int64_t Accounts::countWithRole(std::string_view role) {
  return store::countUsersWithRole(*database_.lease(db::Access::read), role);
}

std::uint64_t Accounts::passwordHashes() const { return passwords_.hashes(); }

std::string Accounts::hashPassword(std::string_view password) { return passwords_.hash(password); }

bool Accounts::checkHash(const std::string& hash, std::string_view password) {
  return passwords_.check(hash, password);
}

std::optional<User> Accounts::checkPassword(UserKey by, std::string_view key, std::string_view password) {
  auto user = find(by, key);
  if (!passwords_.check(user ? user->passwordHash : std::string{}, password)) return std::nullopt;
  if (passwords_.outdated(user->passwordHash)) {
    const std::string renewed = hashPassword(password);
    database_.transaction([&](db::Connection& connection) {
      store::replacePasswordHash(connection, user->id, user->passwordHash, renewed);
    });
    user->passwordHash = renewed;
  }
  return user;
}

void Accounts::setPassword(std::string_view userId, std::string_view password) {
  const std::string hash = hashPassword(password);
  commitChange(database_, revision_, [&](db::Connection& connection) {
    if (!store::setPasswordHash(connection, userId, hash)) throw notFound();
    store::nextTokenGeneration(connection, userId);
    revokeSessionsOf(connection, userId);
  });
}

void Accounts::revokeAll(std::string_view userId) {
  commitChange(database_, revision_, [&](db::Connection& connection) {
    if (!store::nextTokenGeneration(connection, userId)) throw notFound();
    revokeSessionsOf(connection, userId);
  });
}

User Accounts::insert(db::Connection& connection, const NewUser& account, const std::string& passwordHash,
                      std::string_view role) {
  if (account.username.empty() && withoutSpaceAround(account.email).empty()) {
    if (!account.unnamed) throw Problem(422, "account_unnamed");
    if (withoutSpaceAround(account.nickname).empty()) throw Problem(422, "nickname_required");
  }
  User user;
  user.id = account.id.empty() ? uuid4() : account.id;
  if (!account.username.empty()) user.username = requireUserName(account.username);
  user.email = text::lower(withoutSpaceAround(account.email));
  user.nickname = account.nickname;
  user.role = role;
  user.passwordHash = passwordHash;
  user.createdAt = account.createdAt != 0 ? account.createdAt : nowMicros();
  user.emailConfirmedAt = account.emailConfirmedAt;
  store::lockUsers(connection);
  requireFreeNames(connection, user, account.uniqueFolded);
  user.number = store::nextNumber(connection, "user_number");
  store::insertUser(connection, user);
  return user;
}

std::string Accounts::passwordHashOf(const NewUser& account) {
  return account.passwordHash.empty() && !account.password.empty() ? hashPassword(account.password)
                                                                   : account.passwordHash;
}

}  // namespace mortise::identity
