#include "personas/org_persona_operations.hpp"

#include <mortise/ascii.hpp>
#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/service_key.hpp>

#include <utility>

#include "personas/persona_page.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::personas;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

bool isAdministrator(const mortise::Principal& caller) {
  return caller.isServiceKey || mortise::roleSuffices(caller.orgRole, "admin");
}

}  // namespace

OrgPersonaOperations::OrgPersonaOperations(mortise::Host host, const PersonaChanges& changes)
    : orgs_(host.orgs()), identity_(host.identity()), personas_(host.db()), changes_(changes) {}

std::string OrgPersonaOperations::orgOf(const Request& request) const {
  const auto caller = request.principal();
  std::string orgId = request.path("org_id");
  const auto& own = caller.isServiceKey ? caller.keyOrgId : caller.orgId;
  if (own.empty() || own != orgId) throw Problem(404, "org_not_found");
  orgs_.requireFeature(caller.userId, "agent_personas");
  return orgId;
}

std::string OrgPersonaOperations::orgToChange(const Request& request) const {
  auto orgId = orgOf(request);
  mortise::requireEveryProject(request.principal());
  return orgId;
}

void OrgPersonaOperations::requireAdministrator(const Request& request) {
  const auto caller = request.principal();
  if (!isAdministrator(caller)) throw mortise::insufficientRole(caller.orgRole, "admin");
}

Persona OrgPersonaOperations::named(const Request& request, const std::string& orgId) const {
  return mortise::orNotFound(personas_.ofOrg(orgId, request.path("name")), "persona_not_found");
}

std::optional<std::string> OrgPersonaOperations::memberOf(const std::string& orgId, std::string_view idOrEmail) const {
  const auto key = mortise::trimmed(idOrEmail);
  if (key.empty()) return std::nullopt;
  const auto user = key.find('@') == std::string_view::npos
                        ? identity_.find(mortise::UserKey::id, key)
                        : identity_.find(mortise::UserKey::email, mortise::asciiLowerCase(key));
  const auto membership = user ? orgs_.membership(user->id) : std::nullopt;
  if (!membership || membership->orgId != orgId) throw Problem(422, "represented_user_not_member");
  return user->id;
}

Reply OrgPersonaOperations::listOrgPersonas(const Request& request) {
  const auto orgId = orgOf(request);
  return personaPage(request, personas_, personas_.listOfOrg(orgId, request.query("include_inactive").boolean(false)));
}

Reply OrgPersonaOperations::createOrgPersona(const Request& request, const contract::NewOrgPersona& body) {
  Persona persona;
  persona.orgId = orgToChange(request);
  requireAdministrator(request);
  persona.scope = PersonaScope::org;
  persona.name = mortise::trimmed(body.name);
  persona.role = body.role;
  persona.content = body.content;
  persona.specializations = body.specializations.valueOr(std::vector<std::string>());
  persona.representedUserId = memberOf(*persona.orgId, body.representedUser.valueOr(""));
  return Reply::created(json::from(changes_.create(request, std::move(persona))));
}

Reply OrgPersonaOperations::readOrgPersona(const Request& request) {
  const auto persona = named(request, orgOf(request));
  if (!persona.isActive) throw Problem(404, "persona_not_found");
  return Reply::ok(json::from(persona));
}

Reply OrgPersonaOperations::changeOrgPersona(const Request& request, const contract::OrgPersonaChange& body) {
  const auto orgId = orgToChange(request);
  const auto caller = request.principal();
  const auto persona = named(request, orgId);
  // Whom it stands for says what it does, but neither whether there is one nor whom it stands for.
  const bool isOwn = persona.representedUserId && caller.userId == *persona.representedUserId;
  if (!isOwn || body.isActive.has() || body.representedUser.has()) requireAdministrator(request);
  PersonaChange change;
  change.role = body.role.optional();
  change.content = body.content.optional();
  change.specializations = body.specializations.optional();
  change.isActive = body.isActive.optional();
  if (body.representedUser.has()) change.representedUserId = memberOf(orgId, *body.representedUser);
  return Reply::ok(json::from(changes_.change(request, persona.id, change, request.query("force").boolean(false))));
}

Reply OrgPersonaOperations::deleteOrgPersona(const Request& request) {
  const auto orgId = orgToChange(request);
  requireAdministrator(request);
  const auto persona = named(request, orgId);
  if (!persona.isActive) throw Problem(404, "persona_not_found");
  PersonaChange change;
  change.isActive = false;
  changes_.change(request, persona.id, change, request.query("force").boolean(false));
  return Reply::noContent();
}

}  // namespace projects
