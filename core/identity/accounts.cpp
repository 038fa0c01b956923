#include "core/identity/accounts.hpp"

#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/committed_change.hpp"
#include "core/identity/cookie_sessions.hpp"
#include "core/identity/store.hpp"
#include "mortise/tier.hpp"

namespace mortise::identity {
namespace {

Problem notFound() { return Problem(404, "user_not_found"); }

// Of both kinds: with tokens, with a cookie.
void revokeSessionsOf(db::Session& session, std::string_view userId) {
  const std::int64_t now = nowMicros();
  store::revokeSessionsOf(session, userId, now);
  CookieSessions::revokeOf(session, userId, now);
}

void requireFreeNames(db::Session& session, const User& user, bool folded) {
  if (!user.username.empty() && store::otherHasUsername(session, user.username, user.id, folded))
    throw Problem(409, "username_taken");
  if (!user.email.empty() && store::otherHasEmail(session, user.email, user.id)) throw Problem(409, "email_taken");
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
  commitChange(database_, revision_, [&](db::Session& session) { created = insert(session, user, hash, user.role); });
  return created;
}

User Accounts::change(std::string_view id, const UserChange& change) {
  if (change.tier && !change.tier->empty() && !isTier(*change.tier))
    throw Problem(422, "unknown_tier").note("no tier: " + *change.tier);
  User user;
  commitChange(database_, revision_, [&](db::Session& session) {
    store::lockUsers(session);
    auto stored = store::findUser(session, UserKey::id, id);
    if (!stored) throw notFound();
    user = std::move(*stored);
    const bool wasActive = user.status == "active";
    if (change.username && *change.username != user.username) {
      user.username = *change.username;
      if (!user.username.empty() && store::otherHasUsername(session, user.username, user.id, change.uniqueFolded)) {
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
    store::updateUser(session, user);
    if (change.passwordHash) {
      user.passwordHash = *change.passwordHash;
      store::setPasswordHash(session, user.id, user.passwordHash);
    }
    if (change.endKeys) ApiKeys::deactivateOf(session, user.id);
    if (change.passwordHash || (wasActive && user.status != "active")) {
      // What was signed before a ban or a new password is void after it, too.
      store::nextTokenGeneration(session, user.id);
      revokeSessionsOf(session, user.id);
      ++user.tokenGeneration;
    }
  });
  return user;
}

std::vector<User> Accounts::list(std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  const auto session = database_.lease(db::Access::read);
  total = store::countUsers(*session);
  return store::listUsers(*session, std::max<std::int64_t>(skip, 0), std::max<std::int64_t>(limit, 0));
}

void Accounts::remove(std::string_view id) {
  commitChange(database_, revision_, [&](db::Session& session) {
    store::lockUsers(session);  // no organisation takes the user in meanwhile
    if (!store::removeUser(session, id)) throw notFound();
    CookieSessions::removeOf(session, id);
    ApiKeys::removeOf(session, id);
  });
}

std::int64_t Accounts::countWithRole(std::string_view role) {
  return store::countUsersWithRole(*database_.lease(db::Access::read), role);
}

std::uint64_t Accounts::passwordHashes() const { return passwords_.hashes(); }

std::string Accounts::hashPassword(std::string_view password) { return passwords_.hash(password); }

std::optional<User> Accounts::checkPassword(UserKey by, std::string_view key, std::string_view password) {
  auto user = find(by, key);
  if (!passwords_.check(user ? user->passwordHash : std::string{}, password)) return std::nullopt;
  if (passwords_.outdated(user->passwordHash)) {
    const std::string renewed = hashPassword(password);
    database_.transaction(
        [&](db::Session& session) { store::replacePasswordHash(session, user->id, user->passwordHash, renewed); });
    user->passwordHash = renewed;
  }
  return user;
}

void Accounts::setPassword(std::string_view userId, std::string_view password) {
  const std::string hash = hashPassword(password);
  commitChange(database_, revision_, [&](db::Session& session) {
    if (!store::setPasswordHash(session, userId, hash)) throw notFound();
    store::nextTokenGeneration(session, userId);
    revokeSessionsOf(session, userId);
  });
}

void Accounts::revokeAll(std::string_view userId) {
  commitChange(database_, revision_, [&](db::Session& session) {
    if (!store::nextTokenGeneration(session, userId)) throw notFound();
    revokeSessionsOf(session, userId);
  });
}

User Accounts::insert(db::Session& session, const NewUser& account, const std::string& passwordHash,
                      std::string_view role) {
  if (account.username.empty() && text::trim(account.email).empty()) {
    if (!account.unnamed) throw Problem(422, "account_unnamed");
    if (text::trim(account.nickname).empty()) throw Problem(422, "nickname_required");
  }
  User user;
  user.id = account.id.empty() ? uuid4() : account.id;
  user.username = account.username;
  user.email = text::lower(text::trim(account.email));
  user.nickname = account.nickname;
  user.role = role;
  user.passwordHash = passwordHash;
  user.createdAt = account.createdAt != 0 ? account.createdAt : nowMicros();
  user.emailConfirmedAt = account.emailConfirmedAt;
  store::lockUsers(session);
  requireFreeNames(session, user, account.uniqueFolded);
  user.number = store::nextUserNumber(session);
  store::insertUser(session, user);
  return user;
}

std::string Accounts::passwordHashOf(const NewUser& account) {
  return account.passwordHash.empty() && !account.password.empty() ? hashPassword(account.password)
                                                                   : account.passwordHash;
}

}  // namespace mortise::identity
