#include "core/testing/callers.hpp"

#include <utility>

#include "core/config/config.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/roles.hpp"
#include "core/testing/http_client.hpp"
#include "mortise/tier.hpp"

namespace mortise::testing {
namespace {

using contract::Check;
using contract::Operation;
using Credential = Caller::Credential;
using Fault = Caller::Fault;

bool changesState(const Operation& operation) {
  return operation.method == "POST" || operation.method == "PUT" || operation.method == "PATCH" ||
         operation.method == "DELETE";
}

// The credential that counts for this operation; another one is as none.
Credential counted(const Operation& operation, const Caller& caller) {
  if (operation.security.anonymous) return Credential::none;
  const bool takes = caller.credential == Credential::cookie ? operation.security.cookie : takesBearer(operation);
  return takes ? caller.credential : Credential::none;
}

bool isSignedIn(const Operation& operation, const Caller& caller) {
  return counted(operation, caller) != Credential::none && caller.fault == Fault::none;
}

// identity.csrf_exempt_bearer: the token in the head is what no page of another origin can send.
bool isExempt(const TestServer& server, const Operation& operation, const Caller& caller) {
  return server.kernel().config().boolean("identity.csrf_exempt_bearer") && takesBearer(operation) &&
         caller.credential != Credential::none && caller.credential != Credential::cookie;
}

std::vector<Caller> makeCallers() {
  std::vector<Caller> out{{"anonymous"}};
  const std::pair<Credential, std::string> kCredentials[] = {
      {Credential::token, "token"}, {Credential::key, "key"}, {Credential::cookie, "cookie"}};
  for (const auto& [credential, word] : kCredentials) {
    out.push_back({"a " + word + " that is none", credential, Fault::rubbish, "super_admin"});
    out.push_back({"the " + word + " of a super_admin, revoked", credential, Fault::ended, "super_admin"});
    out.push_back({"the " + word + " of a super_admin, banned", credential, Fault::banned, "super_admin"});
    out.push_back({"the " + word + " of a super_admin, deleted", credential, Fault::deleted, "super_admin"});
    if (credential != Credential::key)
      out.push_back({"a forged " + word + " of a super_admin", credential, Fault::forged, "super_admin"});
    for (const auto* role : {"guest", "viewer", "user", "admin", "super_admin"})
      out.push_back({std::string("the ") + word + " of a " + role, credential, Fault::none, role});
    out.push_back({"the " + word + " of a role without permissions", credential, Fault::none, "kit_without_rights"});
    for (const auto* role : {"owner", "admin", "member"})
      out.push_back({"the " + word + " of an organisation's " + role, credential, Fault::none, "user", role});
  }
  using Scopes = Caller::Scopes;
  out.push_back({"a service key of another scope, of a super_admin",
                 Credential::serviceKey,
                 Fault::none,
                 "super_admin",
                 {},
                 Scopes::foreign});
  for (const auto* role : {"super_admin", "admin", "user", "guest"})
    out.push_back({std::string("a service key of the scope, of a ") + role,
                   Credential::serviceKey,
                   Fault::none,
                   role,
                   {},
                   Scopes::ofOperation});
  for (const auto fault : {Fault::ended, Fault::banned, Fault::deleted})
    out.push_back(
        {std::string("a service key of the scope, of a super_admin, ") + (fault == Fault::ended    ? "revoked"
                                                                          : fault == Fault::banned ? "banned"
                                                                                                   : "deleted"),
         Credential::serviceKey,
         fault,
         "super_admin",
         {},
         Scopes::ofOperation});
  return out;
}

// A role that administers has every tier; the accounts here have none of their own.
std::string tierOf(const TestServer& server, const Caller& caller) {
  if (identity::administers(caller.role)) return std::string(kAdministratorTier);
  return caller.orgRole.empty() ? server.kernel().config().text("identity.default_tier") : kOrganisationTier;
}

// Another signature below the same claims. The first character of a signature: the last one has bits that count for
// nothing.
std::string forged(std::string token) {
  auto& first = token.at(token.rfind('.') + 1);
  first = first == 'A' ? 'B' : 'A';
  return token;
}

}  // namespace

const std::vector<Caller>& everyCaller() {
  static const auto callers = makeCallers();
  return callers;
}

bool takesBearer(const Operation& operation) { return operation.security.bearer || operation.security.apiKey; }

bool needsCsrf(const Operation& operation) { return operation.csrf && changesState(operation); }

Verdict Rules::verdict(const Operation& operation, const Caller& caller, const Faults& faults) const {
  const auto& security = operation.security;
  const auto credential = counted(operation, caller);
  const auto refused = [&](int status, std::string code, const std::string& field = {}) {
    // A caller with only a cookie may belong to another family.
    const bool byCookie = credential == Credential::cookie && operation.cookieConventions;
    const auto& name = byCookie ? operation.cookieConventions->dialect : operation.conventions.dialect;
    Problem problem(status, std::move(code));
    if (!field.empty()) problem.errors.push_back({{"body", "member"}, "missing", {}});
    dialect::Context context;
    context.language = "en";
    context.soft = &operation.soft;
    const auto rendered = dialects_.get(name).error(problem, context);
    HttpAnswer answer{rendered.status, rendered.body, {}};
    const bool names = !answer.fields().empty();
    return Verdict{rendered.status, names ? field : std::string()};
  };
  const bool inHead = credential != Credential::none && credential != Credential::cookie;
  for (const auto check : operation.conventions.checks) {
    switch (check) {
      case Check::csrf:
        if (!needsCsrf(operation)) break;
        if (faults.csrf == Csrf::missing) return refused(403, "csrf_missing");
        if (faults.csrf == Csrf::wrong) return refused(403, "csrf_invalid");
        // The session whose token it was is gone.
        if (credential == Credential::cookie && caller.fault != Fault::none) return refused(403, "csrf_invalid");
        break;
      case Check::principal:
        if (security.anonymous) break;
        if (inHead && caller.fault == Fault::banned) return refused(403, "account_disabled");
        if (inHead && caller.fault != Fault::none)
          return refused(401, credential == Credential::token ? "invalid_token" : "not_authenticated");
        if (!isSignedIn(operation, caller) && !security.optional) return refused(401, "not_authenticated");
        break;
      case Check::permission:
        if (!isSignedIn(operation, caller)) break;
        if (credential == Credential::serviceKey && operation.scopes.empty())
          return refused(403, "service_key_not_allowed");
        if (credential == Credential::serviceKey && caller.scopes == Caller::Scopes::foreign)
          return refused(403, "insufficient_scope");
        if (!operation.permission.empty() && operation.permission != "authenticated" &&
            !server_.holds(caller.role, operation.permission))
          return refused(403, "forbidden");
        break;
      case Check::shape:
        if (faults.shape)
          return refused(422, operation.invalidCode.empty() ? "validation_failed" : operation.invalidCode,
                         faults.field);
        break;
      case Check::syntax:  // a body that is no JSON has the same status and place as one of a wrong shape
      case Check::limitIp:
      case Check::limitUser:  // switched off
        break;
    }
  }
  if (!operation.feature.empty() && tierRank(tierOf(server_, caller)) < tierRank(server_.tierWith(operation.feature)))
    return refused(403, "upgrade_required");
  return {};
}

Credentials Callers::give(const Operation& operation, const Caller& caller, Csrf csrf) {
  Credentials out;
  if (caller.credential != Credential::none) {
    const auto key = keyOf(operation, caller);
    auto known = accounts_.find(key);
    if (known == accounts_.end()) known = accounts_.emplace(key, make(operation, caller)).first;
    out = known->second;
  }
  if (!needsCsrf(operation) || (csrf == Csrf::good && isExempt(server_, operation, caller))) {
    out.csrf.clear();
    return out;
  }
  if (out.cookie.empty()) {  // a CSRF token belongs to a cookie session
    out.cookie = anonymousSession().cookie;
    out.csrf = anonymousSession().csrf;
  }
  if (csrf == Csrf::missing) out.csrf.clear();
  if (csrf == Csrf::wrong) out.csrf = "1700000000:0123456789abcdef";
  return out;
}

void Callers::forget(const Operation& operation, const Caller& caller) { accounts_.erase(keyOf(operation, caller)); }

std::string Callers::keyOf(const Operation& operation, const Caller& caller) {
  std::string key = caller.name;
  if (caller.credential == Credential::serviceKey && caller.scopes == Caller::Scopes::ofOperation) {
    for (const auto& scope : operation.scopes) key += "|" + scope;
  }
  return key;
}

Credentials Callers::make(const Operation& operation, const Caller& caller) {
  if (caller.fault == Fault::rubbish) {
    Credentials out;
    if (caller.credential == Credential::token) out.token = "not.a.token";
    if (caller.credential == Credential::key) out.token = "sk_sfs_0123456789abcdef0123456789abcdef";
    if (caller.credential == Credential::cookie) {
      out.cookie = std::string(identity::CookieSessions::kName) + "=not.a.cookie";
      out.csrf = "1700000000:0123456789abcdef";
    }
    return out;
  }
  CallerRights rights;
  using Kind = CallerRights::Kind;
  rights.kind = caller.credential == Credential::key          ? Kind::key
                : caller.credential == Credential::serviceKey ? Kind::serviceKey
                : caller.credential == Credential::cookie     ? Kind::browser
                                                              : Kind::user;
  rights.role = caller.role;
  rights.orgRole = caller.orgRole;
  rights.scopes = {"no_module.has_this_scope"};
  if (caller.scopes == Caller::Scopes::ofOperation && !operation.scopes.empty()) rights.scopes = operation.scopes;
  auto out = server_.create(rights);
  auto& identity = server_.identity();
  if (caller.fault == Fault::banned) {
    identity::UserChange ban;
    ban.status = "banned";
    identity.change(out.userId, ban);
  } else if (caller.fault == Fault::deleted) {
    identity.remove(out.userId);
  } else if (caller.fault == Fault::forged) {
    if (caller.credential == Credential::cookie) out.cookie = forged(out.cookie);
    if (caller.credential != Credential::cookie) out.token = forged(out.token);
  } else if (caller.fault == Fault::ended && !out.keyId.empty()) {
    identity.apiKeys().revoke(out.keyId, "the test says so");
  } else if (caller.fault == Fault::ended) {
    identity.revokeAll(out.userId);
  }
  return out;
}

const Credentials& Callers::anonymousSession() {
  if (!anonymous_) anonymous_ = server_.anonymousSession();
  return *anonymous_;
}

}  // namespace mortise::testing
