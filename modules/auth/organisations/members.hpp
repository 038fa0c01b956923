// Who belongs to an organisation, and in which role.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <string>
#include <string_view>

#include "keys/default_org_store.hpp"

namespace auth {

class OwnerTransfers;

// As every list of members shows one.
mortise::json::Value memberView(const mortise::Member& member);

class Members {
 public:
  // `transfers` outlives this object.
  Members(mortise::Host host, const OwnerTransfers& transfers);
  void bind(mortise::Bindings& on);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply list(const Request& request);
  Reply changeRole(const Request& request);
  Reply changeOrgRole(const Request& request);
  Reply remove(const Request& request);
  Reply removeFromOrg(const Request& request);

  Reply changeRoleIn(const Request& request, const std::string& orgId);
  Reply removeFrom(const Request& request, const std::string& orgId);
  // The member that the path names. Problem 404 member_not_found.
  mortise::Member memberOf(const Request& request, std::string_view orgId) const;
  // Problem unless the caller may give `member` that role: 400 own_role, 409 no_other_administrator, 403 owner_fixed.
  void requireMayChange(const Request& request, const mortise::Member& member, std::string_view role) const;

  mortise::Orgs orgs_;
  mortise::Audit audit_;
  DefaultOrgStore defaultOrgs_;
  const OwnerTransfers& transfers_;
};

}  // namespace auth
