#include "administration.hpp"

#include <mortise/not_blank.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "administration/protection.hpp"
#include "keys/key_views.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::administration_sessionfs;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr std::size_t kMaxDetails = std::size_t{15} << 10;  // the audit trail takes 16 KiB in all

std::string targetOf(const mortise::User& user) { return "user:" + user.id; }

contract::ManagedUser userView(const mortise::User& user) {
  return {.id = user.id,
          .email = mortise::orNull(user.email),
          .username = mortise::orNull(user.username),
          .displayName = mortise::orNull(user.nickname),
          .role = user.role,
          .tier = user.tier,
          .status = user.status,
          .isActive = user.status == "active",
          .emailVerified = user.emailConfirmedAt != 0,
          .createdAt = mortise::isoTime(user.createdAt),
          .lastLoginAt = timeOrNull(user.lastLoginAt)};
}

Reply shown(const mortise::User& user) { return Reply::ok(json::from(userView(user))); }

contract::ManagedOrg orgView(const mortise::Org& org) {
  return {.orgId = org.id,
          .name = org.name,
          .slug = org.slug,
          .tier = org.tier,
          .seatsLimit = org.seatsLimit,
          .seatsUsed = org.seatsUsed,
          .storageLimitBytes = org.storageLimit,
          .createdAt = mortise::isoTime(org.createdAt)};
}

}  // namespace

Administration::Administration(mortise::Host host)
    : db_(host.db()), identity_(host.identity()), orgs_(host.orgs()), audit_(host.audit()) {}

mortise::User Administration::named(const mortise::Identity& identity, const Request& request) {
  return mortise::orNotFound(identity.find(mortise::UserKey::id, request.path("user_id")), "user_not_found");
}

mortise::User Administration::subordinate(const Transaction& tx, const Request& request) const {
  auto user = named(identity_.in(tx), request);
  requireMayActOn(request, user);
  return user;
}

Reply Administration::listUsers(const Request& request) {
  contract::ListUsersReply reply;
  reply.skip = request.query("skip").integer(0);
  reply.limit = request.query("limit").integer(0);
  for (const auto& user : identity_.list(reply.skip, reply.limit, &reply.total)) reply.users.push_back(userView(user));
  return Reply::ok(json::from(reply));
}

Reply Administration::showUser(const Request& request) {
  const auto user = named(identity_, request);
  const auto keys = identity_.listKeys(user.id);
  const auto member = orgs_.membership(user.id);
  const auto org = member ? orgs_.find(member->orgId) : std::nullopt;
  auto reply = json::from(userView(user)).add("api_keys_in_use", std::count_if(keys.begin(), keys.end(), isInUse));
  if (!org) return Reply::ok(reply.add("org", nullptr));
  return Reply::ok(
      reply.add("org", json::from(contract::ShowUserReply::Org{
                           .orgId = org->id, .name = org->name, .tier = org->tier, .role = member->role})));
}

Reply Administration::mintKeyOnBehalf(const Request& request, const contract::MintKeyOnBehalfBody& body) {
  const auto [user, key] = db_.transaction([&](Transaction& tx) {
    auto owner = subordinate(tx, request);
    if (owner.status != "active") throw Problem(403, "account_disabled");
    mortise::NewApiKey wish;
    wish.userId = owner.id;
    wish.name = body.name.valueOr("admin-minted");
    wish.createdBy = request.principal().userId;
    wish.mintedWith = request.principal().keyId;
    auto minted = identity_.in(tx).mintKey(wish);
    audit_.in(tx).record(request, "mint_api_key_on_behalf", targetOf(owner),
                         json::object({{"key_id", minted.id}, {"name", minted.name}}));
    return std::pair(std::move(owner), std::move(minted));
  });
  return Reply::created(json::from(contract::MintKeyOnBehalfReply{.keyId = key.id,
                                                                  .rawKey = key.raw,
                                                                  .name = key.name,
                                                                  .createdAt = mortise::isoTime(key.createdAt),
                                                                  .userId = user.id,
                                                                  .userEmail = mortise::orNull(user.email)}));
}

Reply Administration::setUserTier(const Request& request, const contract::SetUserTierBody& body) {
  mortise::UserChange change;
  change.tier = body.tier;
  return shown(db_.transaction([&](Transaction& tx) {
    const auto user = subordinate(tx, request);
    auto after = identity_.in(tx).change(user.id, change);
    audit_.in(tx).record(request, "auth.tier_changed", targetOf(user),
                         json::object({{"from", user.tier}, {"to", body.tier}}));
    return after;
  }));
}

Reply Administration::confirmUserEmail(const Request& request) {
  mortise::UserChange change;
  change.emailConfirmedAt = mortise::nowMicros();
  return shown(db_.transaction([&](Transaction& tx) {
    auto user = subordinate(tx, request);
    if (user.email.empty()) throw Problem(409, "no_email_address");
    if (user.emailConfirmedAt != 0) return user;
    auto after = identity_.in(tx).change(user.id, change);
    audit_.in(tx).record(request, "auth.email_verified", targetOf(user), json::object({{"by", "administrator"}}));
    return after;
  }));
}

Reply Administration::listAllOrgs(const Request& request) {
  contract::ListAllOrgsReply reply;
  reply.skip = request.query("skip").integer(0);
  reply.limit = request.query("limit").integer(0);
  for (const auto& org : orgs_.list(reply.skip, reply.limit, &reply.total)) reply.orgs.push_back(orgView(org));
  return Reply::ok(json::from(reply));
}

Reply Administration::setOrgTier(const Request& request, const contract::SetOrgTierBody& body) {
  const auto org = mortise::orNotFound(orgs_.find(request.path("org_id")), "org_not_found");
  mortise::OrgChange change;
  change.tier = body.tier;
  change.seatsLimit = body.seatsLimit.optional();
  change.storageLimit = body.storageLimitBytes.optional();
  const auto after = db_.transaction([&](Transaction& tx) {
    auto changed = orgs_.in(tx).change(org.id, change);
    audit_.in(tx).record(request, "auth.org_tier_changed", "org:" + org.id,
                         json::object({{"from", org.tier},
                                       {"to", changed.tier},
                                       {"seats_limit", changed.seatsLimit},
                                       {"storage_limit_bytes", changed.storageLimit}}));
    return changed;
  });
  return Reply::ok(json::from(orgView(after)));
}

Reply Administration::recordAdminAction(const Request& request, const contract::NewAdminAction& body) {
  const auto reason = mortise::notBlank(body.reason, "body/reason");
  const auto state = [](const mortise::BodyMember<mortise::Json>& member) {
    return member.has() ? json::raw(member->toText()) : json::Value();
  };
  const auto before = state(body.beforeState), after = state(body.afterState);
  const auto details =
      json::object({{"action", body.action}, {"reason", reason}, {"before_state", before}, {"after_state", after}});
  if (details.text().size() > kMaxDetails) {
    const bool isBefore = before.text().size() > after.text().size();
    throw Problem(422, "validation_failed")
        .field(isBefore ? "body/before_state" : "body/after_state", "too_long",
               {{"max_length", std::to_string(kMaxDetails)}});
  }
  audit_.record(request, "auth.action_recorded", body.targetType + ":" + body.targetId, details);
  return Reply::created(json::object({{"admin_id", request.principal().userId},
                                      {"action", body.action},
                                      {"target_type", body.targetType},
                                      {"target_id", body.targetId},
                                      {"reason", reason},
                                      {"before_state", before},
                                      {"after_state", after},
                                      {"source", "operator_record"}}));
}

}  // namespace auth
