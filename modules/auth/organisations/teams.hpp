// Teams of an organisation: the face of what orgs/1 keeps.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <string_view>

#include "auth_contract.hpp"

namespace auth {

class Teams final : public auth_contract::teams::Teams {
 public:
  explicit Teams(mortise::Host host) : db_(host.db()), orgs_(host.orgs()), audit_(host.audit()) {}

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply createTeam(const Request& request, const auth_contract::teams::CreateTeamBody& body) override;
  Reply listTeams(const Request& request) override;
  Reply readTeam(const Request& request) override;
  Reply removeTeam(const Request& request) override;
  Reply addTeamMember(const Request& request, const auth_contract::teams::AddTeamMemberBody& body) override;
  Reply listTeamMembers(const Request& request) override;
  Reply removeTeamMember(const Request& request) override;

  // The team of the path, for a caller with that role in its organisation. Problem 403 insufficient_role, then 404
  // team_not_found, for another organisation's, too.
  mortise::Team teamOf(const Request& request, std::string_view role) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
};

}  // namespace auth
