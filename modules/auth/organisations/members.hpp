// Who belongs to an organisation, and in which role.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_contract.hpp"
#include "keys/default_org_store.hpp"
#include "neighbours.hpp"
#include "organisations/owner_transfer_store.hpp"

namespace auth {

// As every list of members shows them.
std::vector<auth_contract::organisations::OrgMember> memberViews(const std::vector<mortise::Member>& members);

class Members final : public auth_contract::organisations::OrganisationMembers {
 public:
  // `neighbours` must outlive this object.
  Members(mortise::Host host, const Neighbours& neighbours);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using RoleChangeBody = auth_contract::organisations::RoleChangeBody;

  Reply listOrgMembers(const Request& request) override;
  Reply changeMemberRole(const Request& request, const RoleChangeBody& body) override;
  Reply changeOrgMemberRole(const Request& request, const RoleChangeBody& body) override;
  Reply removeMember(const Request& request) override;
  Reply removeOrgMember(const Request& request) override;

  Reply changeRoleIn(const Request& request, const std::string& orgId, const std::string& role);
  Reply removeFrom(const Request& request, const std::string& orgId);
  // Runs `work(tx)` in a transaction. Problem 400 last_administrator.
  void change(const std::function<void(mortise::Transaction&)>& work) const;
  // The member that the path names. Problem 404 member_not_found.
  mortise::Member memberOf(const Request& request, std::string_view orgId) const;
  // Problem unless the caller may give `member` that role: 400 own_role, 409 no_other_administrator, 403 owner_fixed.
  void requireMayChange(const Request& request, const mortise::Member& member, std::string_view role) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  DefaultOrgStore defaultOrgs_;
  OwnerTransferStore transfers_;
  const Neighbours& neighbours_;
};

}  // namespace auth
