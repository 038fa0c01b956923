#include "administration.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "../roles.hpp"
#include "../views.hpp"
#include "managed_views.hpp"

namespace auth {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

// What the contracts promise as default, so never used.
constexpr std::int64_t kPage = 100;

struct Page {
  explicit Page(const Request& request)
      : skip(request.query("skip").integer(0)), limit(request.query("limit").integer(kPage)) {}
  std::int64_t skip, limit;
  std::int64_t total = 0;
};

std::string targetOf(const mortise::User& user) { return "user:" + user.id; }

bool isInUse(const mortise::ApiKey& key) {
  return key.isActive && key.revokedAt == 0 && (key.expiresAt == 0 || key.expiresAt > mortise::nowMicros());
}

}  // namespace

Administration::Administration(mortise::Host host)
    : identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      oauth_(host.db()),
      defaultOrgs_(host.db()) {}

void Administration::bind(mortise::Bindings& on) {
  on.operation("listAccounts", this, &Administration::listAccounts);
  on.operation("findAccount", this, &Administration::findAccount);
  on.operation("setAccountStatus", this, &Administration::setAccountStatus);
  on.operation("deleteAccount", this, &Administration::deleteAccount);

  on.operation("listUsers", this, &Administration::listUsers);
  on.operation("showUser", this, &Administration::showUser);
  on.operation("mintKeyOnBehalf", this, &Administration::mintKeyOnBehalf);
  on.operation("setUserTier", this, &Administration::setUserTier);
  on.operation("confirmUserEmail", this, &Administration::confirmUserEmail);
  on.operation("listAllOrgs", this, &Administration::listAllOrgs);
  on.operation("setOrgTier", this, &Administration::setOrgTier);
}

mortise::User Administration::named(const Request& request) const {
  auto user = identity_.find(mortise::UserKey::id, request.path("user_id"));
  if (!user) throw Problem(404, "user_not_found");
  return *std::move(user);
}

mortise::User Administration::subordinate(const Request& request) const {
  if (request.path("user_id") == request.principal().userId) throw Problem(400, "own_account");
  auto user = named(request);
  if (isAdministrator(user.role)) throw Problem(403, "administrator_protected");
  return user;
}

// --- agent platform

Reply Administration::listAccounts(const Request& request) const {
  Page page(request);
  const auto users = identity_.list(page.skip, page.limit, &page.total);
  return Reply::ok(json::object({{"users", json::list(users, accountView)}, {"total", page.total}}));
}

Reply Administration::findAccount(const Request& request) const { return Reply::ok(accountView(named(request))); }

Reply Administration::setAccountStatus(const Request& request) const {
  const std::string status = request.body()["status"].text();
  if (status != "active" && status != "inactive" && status != "banned") throw Problem(400, "user_status_unknown");
  const auto user = subordinate(request);
  mortise::UserChange change;
  change.status = status;
  identity_.change(user.id, change);  // ends sessions and tokens unless the account is active now
  audit_.record(request, "auth.status_changed", targetOf(user), json::object({{"from", user.status}, {"to", status}}));
  return Reply::status(200);
}

Reply Administration::deleteAccount(const Request& request) const {
  const auto user = subordinate(request);
  identity_.remove(user.id);
  oauth_.forget(user.id);
  defaultOrgs_.choose(user.id, std::nullopt);
  audit_.record(request, "auth.account_deleted", targetOf(user));
  return Reply::status(200);
}

// --- session sharing

Reply Administration::listUsers(const Request& request) const {
  Page page(request);
  const auto users = identity_.list(page.skip, page.limit, &page.total);
  return Reply::ok(
      json::object({{"users", json::list(users, [](const auto& user) { return managedUser(user).build(); })},
                    {"total", page.total},
                    {"skip", page.skip},
                    {"limit", page.limit}}));
}

Reply Administration::showUser(const Request& request) const {
  const auto user = named(request);
  const auto keys = identity_.listKeys(user.id);
  const auto member = orgs_.membership(user.id);
  const auto org = member ? orgs_.find(member->orgId) : std::nullopt;
  return Reply::ok(managedUserDetails(user, org, member, std::count_if(keys.begin(), keys.end(), isInUse)));
}

Reply Administration::mintKeyOnBehalf(const Request& request) const {
  const auto user = named(request);
  if (user.status != "active") throw Problem(403, "account_disabled");
  mortise::NewApiKey wanted;
  wanted.userId = user.id;
  wanted.name = request.body()["name"].text("admin-minted");
  wanted.createdBy = request.principal().userId;
  const auto key = identity_.mintKey(wanted);
  try {
    audit_.record(request, "auth.mint_api_key_on_behalf", targetOf(user),
                  json::object({{"key_id", key.id}, {"name", key.name}}));
  } catch (...) {
    identity_.deactivateKey(user.id, key.id);  // nobody may hold a key that the trail does not know
    throw;
  }
  return Reply::created(json::object({{"key_id", key.id},
                                      {"raw_key", key.raw},
                                      {"name", key.name},
                                      {"created_at", mortise::isoTime(key.createdAt)},
                                      {"user_id", user.id},
                                      {"user_email", textOrNull(user.email)}}));
}

Reply Administration::setUserTier(const Request& request) const {
  const auto user = named(request);
  mortise::UserChange change;
  change.tier = request.body()["tier"].text().string();
  const auto changed = identity_.change(user.id, change);
  audit_.record(request, "auth.tier_changed", targetOf(user),
                json::object({{"from", user.tier}, {"to", *change.tier}}));
  return Reply::ok(managedUser(changed));
}

Reply Administration::confirmUserEmail(const Request& request) const {
  const auto user = named(request);
  if (user.email.empty()) throw Problem(409, "no_email_address");
  if (user.emailConfirmedAt != 0) return Reply::ok(managedUser(user));
  mortise::UserChange change;
  change.emailConfirmedAt = mortise::nowMicros();
  const auto changed = identity_.change(user.id, change);
  audit_.record(request, "auth.email_verified", targetOf(user), json::object({{"by", "administrator"}}));
  return Reply::ok(managedUser(changed));
}

Reply Administration::listAllOrgs(const Request& request) const {
  Page page(request);
  const auto orgs = orgs_.list(page.skip, page.limit, &page.total);
  return Reply::ok(json::object(
      {{"orgs", json::list(orgs, managedOrgView)}, {"total", page.total}, {"skip", page.skip}, {"limit", page.limit}}));
}

Reply Administration::setOrgTier(const Request& request) const {
  const auto body = request.body();
  const auto org = orgs_.find(request.path("org_id"));
  if (!org) throw Problem(404, "org_not_found");
  mortise::OrgChange change;
  change.tier = body["tier"].text().string();
  change.seatsLimit = body["seats_limit"].optionalInteger();
  change.storageLimit = body["storage_limit_bytes"].optionalInteger();
  const auto changed = orgs_.change(org->id, change);
  audit_.record(request, "auth.org_tier_changed", "org:" + org->id,
                json::object({{"from", org->tier},
                              {"to", changed.tier},
                              {"seats_limit", changed.seatsLimit},
                              {"storage_limit_bytes", changed.storageLimit}}));
  return Reply::ok(managedOrgView(changed));
}

}  // namespace auth
