// /api/v1/projects/ID/personas: personas of a project, and those that its organisation has for it.
#pragma once

#include <mortise/module.hpp>

#include "access/project_access.hpp"
#include "personas/persona_changes.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"

namespace projects {

class PersonaOperations final : public projects_contract::personas::Personas {
 public:
  // Both must outlive this object.
  PersonaOperations(mortise::Host host, const ProjectAccess& access, const PersonaChanges& changes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listPersonas(const Request& request) override;
  Reply createPersona(const Request& request, const projects_contract::personas::NewPersona& body) override;
  Reply readPersona(const Request& request) override;
  Reply changePersona(const Request& request, const projects_contract::personas::PersonaChange& body) override;
  Reply deletePersona(const Request& request) override;

  // The project that the path names, if its plan has personas; with `toEdit`, for whoever may change it.
  ReachedProject open(const Request& request, bool toEdit) const;
  // Of the project itself. Problem 404 persona_not_found.
  Persona own(const Request& request, const Project& project) const;

  PersonaStore personas_;
  const ProjectAccess& access_;
  const PersonaChanges& changes_;
};

}  // namespace projects
