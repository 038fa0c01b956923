#include "platform_administration.hpp"

#include <string>

#include "administration/protection.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::administration;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

std::string targetOf(const mortise::User& user) { return "user:" + user.id; }

}  // namespace

PlatformAdministration::PlatformAdministration(mortise::Host host)
    : db_(host.db()), identity_(host.identity()), audit_(host.audit()), removal_(host.db(), host.identity()) {}

mortise::User PlatformAdministration::named(const mortise::Identity& identity, const Request& request) {
  return mortise::orNotFound(identity.find(mortise::UserKey::id, request.path("user_id")), "user_not_found");
}

mortise::User PlatformAdministration::subordinate(const Transaction& tx, const Request& request) const {
  if (request.path("user_id") == request.principal().userId) throw Problem(400, "own_account");
  auto user = named(identity_.in(tx), request);
  requireMayActOn(request, user);
  return user;
}

Reply PlatformAdministration::listAccounts(const Request& request) {
  contract::ListAccountsReply reply;
  const auto users = identity_.list(request.query("skip").integer(0), request.query("limit").integer(0), &reply.total);
  for (const auto& user : users) reply.users.push_back(accountView<contract::UserResponse>(user));
  return Reply::ok(json::from(reply));
}

Reply PlatformAdministration::findAccount(const Request& request) {
  return Reply::ok(json::from(accountView<contract::UserResponse>(named(identity_, request))));
}

Reply PlatformAdministration::setAccountStatus(const Request& request, const contract::SetAccountStatusBody& body) {
  const auto& status = body.status;
  if (status != "active" && status != "inactive" && status != "banned") throw Problem(400, "user_status_unknown");
  mortise::UserChange change;
  change.status = status;
  db_.transaction([&](Transaction& tx) {
    const auto user = subordinate(tx, request);
    identity_.in(tx).change(user.id, change);  // ends sessions and tokens unless the account is active now
    audit_.in(tx).record(request, "auth.status_changed", targetOf(user),
                         json::object({{"from", user.status}, {"to", status}}));
  });
  return Reply::status(200);
}

Reply PlatformAdministration::deleteAccount(const Request& request) {
  db_.transaction([&](Transaction& tx) {
    const auto user = subordinate(tx, request);
    removal_.remove(tx, user.id);
    audit_.in(tx).record(request, "auth.account_deleted", targetOf(user));
  });
  return Reply::status(200);
}

}  // namespace auth
