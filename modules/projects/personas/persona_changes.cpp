#include "personas/persona_changes.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "concurrent_update.hpp"
#include "in_parts.hpp"

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Transaction;

template <class T>
bool take(const std::optional<T>& from, T& into) {
  if (!from || *from == into) return false;
  into = *from;
  return true;
}

// True: something is another now.
bool apply(const PersonaChange& change, Persona& persona) {
  bool isOther = take(change.role, persona.role);
  isOther = take(change.content, persona.content) || isOther;
  isOther = take(change.specializations, persona.specializations) || isOther;
  isOther = take(change.isActive, persona.isActive) || isOther;
  return take(change.representedUserId, persona.representedUserId) || isOther;
}

json::Value recordOf(const Persona& persona) {
  return json::object({{"name", persona.name},
                       {"project_id", persona.projectId},
                       {"org_id", persona.orgId},
                       {"version", persona.version},
                       {"is_active", persona.isActive},
                       {"represented_user_id", persona.representedUserId}});
}

}  // namespace

PersonaChanges::PersonaChanges(mortise::Host host, const ProjectChanges& changes, std::vector<const PersonaUse*> uses)
    : db_(host.db()), audit_(host.audit()), personas_(db_), changes_(changes), uses_(std::move(uses)) {}

void PersonaChanges::tell(Transaction& tx, const mortise::Request& request, const Persona& persona,
                          std::string_view change) const {
  audit_.in(tx).record(request, "projects.persona_" + std::string(change), "persona:" + persona.id, recordOf(persona));
  if (!persona.projectId) return;
  changes_.record(tx,
                  {ProjectEvent::personaChanged, *persona.projectId, persona.id, change, request.principal().userId});
}

bool PersonaChanges::isNeeded(Transaction& tx, const Persona& persona) const {
  bool isOne = false;
  inParts(personas_.in(tx).projectsOf(persona), PersonaUse::kMaxProjects, [&](const std::vector<std::string>& some) {
    isOne =
        isOne || std::any_of(uses_.begin(), uses_.end(), [&](const auto* use) { return use->uses(tx, some, persona); });
  });
  return isOne;
}

Persona PersonaChanges::create(const mortise::Request& request, Persona persona) const {
  persona.id = mortise::makePrefixedId("per_");
  persona.createdBy = request.principal().userId;
  persona.createdAt = persona.updatedAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    if (!personas_.in(tx).add(persona)) throw Problem(409, "persona_name_taken");
    tell(tx, request, persona, "created");
  });
  return persona;
}

Persona PersonaChanges::change(const mortise::Request& request, const std::string& personaId,
                               const PersonaChange& change, bool force) const {
  return db_.transaction([&](Transaction& tx) {
    tx.lock("persona:" + personaId);
    auto persona = mortise::orNotFound(personas_.in(tx).find(personaId), "persona_not_found");
    const bool wasActive = persona.isActive;
    if (!apply(change, persona)) return persona;
    if (wasActive && !persona.isActive && !force && isNeeded(tx, persona)) throw Problem(409, "persona_in_use");
    persona.updatedAt = mortise::now();
    if (!personas_.in(tx).change(persona)) throw concurrentUpdate();
    tell(tx, request, persona, "changed");
    return persona;
  });
}

}  // namespace projects
