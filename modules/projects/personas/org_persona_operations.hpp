// /api/v1/orgs/ID/personas: personas of an organisation, for all of its projects.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <optional>
#include <string>

#include "personas/persona_changes.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"

namespace projects {

class OrgPersonaOperations final : public projects_contract::personas::OrganisationPersonas {
 public:
  // `changes` must outlive this object.
  OrgPersonaOperations(mortise::Host host, const PersonaChanges& changes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listOrgPersonas(const Request& request) override;
  Reply createOrgPersona(const Request& request, const projects_contract::personas::NewOrgPersona& body) override;
  Reply readOrgPersona(const Request& request) override;
  Reply changeOrgPersona(const Request& request, const projects_contract::personas::OrgPersonaChange& body) override;
  Reply deleteOrgPersona(const Request& request) override;

  // The organisation that the path names, for its members and its service keys. Problem 404 org_not_found, 403
  // upgrade_required.
  std::string orgOf(const Request& request) const;
  // The same for changes. Problem 403 project_not_in_allowlist for a key of some projects alone: what it changes would
  // be seen in the others.
  std::string orgToChange(const Request& request) const;
  // Problem 403 insufficient_role.
  static void requireAdministrator(const Request& request);
  Persona named(const Request& request, const std::string& orgId) const;
  // The member whom an id or an address means; nobody for an empty text. Problem 422 represented_user_not_member.
  std::optional<std::string> memberOf(const std::string& orgId, std::string_view idOrEmail) const;

  mortise::Orgs orgs_;
  mortise::Identity identity_;
  PersonaStore personas_;
  const PersonaChanges& changes_;
};

}  // namespace projects
