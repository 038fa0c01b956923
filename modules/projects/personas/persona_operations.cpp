#include "personas/persona_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>

#include <set>
#include <utility>

#include "personas/persona_page.hpp"
#include "personas/persona_reach.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::personas;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

}  // namespace

PersonaOperations::PersonaOperations(mortise::Host host, const ProjectAccess& access, const PersonaChanges& changes)
    : personas_(host.db()), access_(access), changes_(changes) {}

ReachedProject PersonaOperations::open(const Request& request, bool toEdit) const {
  return toEdit ? access_.reachToEdit(request, "agent_personas") : access_.reach(request, "agent_personas");
}

Persona PersonaOperations::own(const Request& request, const Project& project) const {
  return mortise::orNotFound(personas_.ofProject(project.id, request.path("name")), "persona_not_found");
}

Reply PersonaOperations::listPersonas(const Request& request) {
  const auto project = open(request, false).project;
  const bool withInactive = request.query("include_inactive").boolean(false);
  auto personas = personas_.listOfProject(project.id, withInactive);
  const auto orgId = personaOrgOf(request.principal(), project);
  if (orgId && request.query("include_org").boolean(true)) {
    std::set<std::string> shadows;
    for (const auto& persona : personas) {
      if (persona.isActive) shadows.insert(persona.nameKey);
    }
    for (auto& shared : personas_.listOfOrg(*orgId, withInactive)) {
      if (!shadows.contains(shared.nameKey)) personas.push_back(std::move(shared));
    }
  }
  return personaPage(request, personas_, std::move(personas));
}

Reply PersonaOperations::createPersona(const Request& request, const contract::NewPersona& body) {
  const auto project = open(request, true).project;
  Persona persona;
  persona.projectId = project.id;
  persona.name = mortise::trimmed(body.name);
  persona.role = body.role;
  persona.content = body.content;
  persona.specializations = body.specializations.valueOr(std::vector<std::string>());
  return Reply::created(json::from(changes_.create(request, std::move(persona))));
}

Reply PersonaOperations::readPersona(const Request& request) {
  const auto project = open(request, false).project;
  return Reply::ok(json::from(mortise::orNotFound(
      personas_.resolve(project.id, personaOrgOf(request.principal(), project), request.path("name")),
      "persona_not_found")));
}

Reply PersonaOperations::changePersona(const Request& request, const contract::PersonaChange& body) {
  const auto persona = own(request, open(request, true).project);
  PersonaChange change;
  change.role = body.role.optional();
  change.content = body.content.optional();
  change.specializations = body.specializations.optional();
  change.isActive = body.isActive.optional();
  return Reply::ok(json::from(changes_.change(request, persona.id, change, request.query("force").boolean(false))));
}

Reply PersonaOperations::deletePersona(const Request& request) {
  const auto persona = own(request, open(request, true).project);
  if (!persona.isActive) throw Problem(404, "persona_not_found");
  PersonaChange change;
  change.isActive = false;
  changes_.change(request, persona.id, change, request.query("force").boolean(false));
  return Reply::noContent();
}

}  // namespace projects
