#include "core/identity/identity.hpp"

#include <stdexcept>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/identity/store.hpp"

namespace mortise::identity {
namespace {

const Options& checked(const Options& options) {
  if (options.secret.size() < 32) throw std::runtime_error("the identity secret is shorter than 32 bytes");
  return options;
}

CookieOptions cookieOptions(const Options& options) {
  CookieOptions cookies;
  cookies.key = hmacSha256(options.secret, "mortise/cookie-session/v1");
  cookies.lifetime = options.cookieLifetime;
  cookies.secure = options.secureCookies;
  return cookies;
}

}  // namespace

Identity::Identity(db::Database& database, const Options& options)
    : database_(database),
      revision_(checked(options).revisionFile),
      tiers_(options.defaultTier),
      signedTokens_(options),
      apiKeys_(database, revision_),
      cookieSessions_(database, revision_, cookieOptions(options)),
      orgs_(database, revision_),
      teams_(database),
      features_(options.upgradeUrl),
      accounts_(database, revision_, options),
      issuer_(database, revision_, signedTokens_, options),
      setup_(database, revision_, accounts_),
      authentication_(database, revision_, signedTokens_, tiers_, apiKeys_, cookieSessions_) {}

std::vector<db::Migration> Identity::migrations() { return kernelMigrations(); }

std::optional<std::uint64_t> Identity::revision() const {
  if (!revision_.enabled()) return std::nullopt;
  return revision_.current();
}

std::int64_t Identity::cleanUp() {
  std::int64_t removed = 0;
  database_.transaction([&](db::Connection& connection) {
    const std::int64_t now = nowMicros();
    removed = issuer_.removeDead(connection, now) + store::removeSetupTokens(connection, now) +
              CookieSessions::removeDead(connection, now);
  });
  return removed;
}

std::vector<removed_users::RemovedUser> Identity::removedUsers(std::string_view module, std::int64_t limit) {
  return removed_users::unacknowledged(*database_.lease(db::Access::read), module, limit);
}

void Identity::acknowledgeRemovedUser(std::string_view module, std::int64_t number) {
  database_.transaction([&](db::Connection& connection) { removed_users::acknowledge(connection, module, number); });
}

}  // namespace mortise::identity
