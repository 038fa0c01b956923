#include "personas/persona_store.hpp"

#include <mortise/ascii.hpp>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

// Here, since databases differ in how they sort text.
std::vector<PersonaSummary> byName(std::vector<PersonaSummary> personas) {
  std::sort(personas.begin(), personas.end(),
            [](const PersonaSummary& a, const PersonaSummary& b) { return a.name < b.name; });
  return personas;
}

}  // namespace

std::optional<Persona> PersonaStore::find(std::string_view id) const { return db::find<Persona>(db_, id); }

std::vector<Persona> PersonaStore::findAll(const std::vector<std::string>& ids) const {
  db::Where where;
  where.in("id", ids);
  return db::rows<Persona>(db_, where.text(), where.parameters());
}

std::optional<Persona> PersonaStore::ofProject(std::string_view projectId, std::string_view name) const {
  return db::row<Persona>(db_, "WHERE project_id = :project AND name_key = :name",
                          {{"project", projectId}, {"name", mortise::asciiLowerCase(name)}});
}

std::optional<Persona> PersonaStore::ofOrg(std::string_view orgId, std::string_view name) const {
  return db::row<Persona>(db_, "WHERE org_id = :org AND name_key = :name",
                          {{"org", orgId}, {"name", mortise::asciiLowerCase(name)}});
}

std::optional<Persona> PersonaStore::resolve(std::string_view projectId, const std::optional<std::string>& orgId,
                                             std::string_view name) const {
  if (auto own = ofProject(projectId, name); own && own->isActive) return own;
  if (!orgId) return std::nullopt;
  auto shared = ofOrg(*orgId, name);
  return shared && shared->isActive ? std::move(shared) : std::nullopt;
}

std::vector<std::string> PersonaStore::projectsOf(const Persona& persona) const {
  if (persona.projectId) return {*persona.projectId};
  return db_.query<std::string>(
      "SELECT id FROM projects_projects WHERE org_id = :org AND NOT EXISTS (SELECT 1 FROM projects_personas "
      "WHERE projects_personas.project_id = projects_projects.id AND name_key = :name AND is_active = 1)",
      {{"org", persona.orgId}, {"name", persona.nameKey}});
}

std::vector<PersonaSummary> PersonaStore::listOfProject(std::string_view projectId, bool withInactive) const {
  return byName(db::rows<PersonaSummary>(db_, "WHERE project_id = :project AND is_active >= :least",
                                         {{"project", projectId}, {"least", withInactive ? 0 : 1}}));
}

std::vector<PersonaSummary> PersonaStore::listOfOrg(std::string_view orgId, bool withInactive) const {
  return byName(db::rows<PersonaSummary>(db_, "WHERE org_id = :org AND is_active >= :least",
                                         {{"org", orgId}, {"least", withInactive ? 0 : 1}}));
}

std::vector<PersonaSummary> PersonaStore::represented(std::string_view userId) const {
  return byName(
      db::rows<PersonaSummary>(db_, "WHERE represented_user_id = :user AND is_active = 1", {{"user", userId}}));
}

bool PersonaStore::add(Persona persona) const {
  persona.nameKey = mortise::asciiLowerCase(persona.name);
  const bool isOfOrg = persona.scope == PersonaScope::org;
  const auto& holder = isOfOrg ? persona.orgId.value() : persona.projectId.value();
  try {
    return db_.transaction([&](mortise::Transaction& tx) {
      tx.lock("personas:" + holder);
      const auto count = db::count<Persona>(tx, isOfOrg ? "WHERE org_id = :holder" : "WHERE project_id = :holder",
                                            {{"holder", holder}});
      if (count >= static_cast<std::int64_t>(kMaxPersonas))
        throw mortise::Problem(409, "personas_full").with("most", static_cast<std::int64_t>(kMaxPersonas));
      db::insert(tx, persona);
      return true;
    });
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

bool PersonaStore::change(Persona& persona) const {
  const auto changed = db_.execute(
      "UPDATE projects_personas SET role = :role, content = :content, specializations = :specializations, "
      "is_active = :is_active, represented_user_id = :represented, updated_at = :updated_at, version = version + 1 "
      "WHERE id = :id AND version = :version",
      {{"role", persona.role},
       {"content", persona.content},
       {"specializations", mortise::json::list(persona.specializations)},
       {"is_active", persona.isActive},
       {"represented", persona.representedUserId},
       {"updated_at", persona.updatedAt},
       {"id", persona.id},
       {"version", persona.version}});
  if (changed > 0) ++persona.version;
  return changed > 0;
}

void PersonaStore::move(std::string_view id, std::string_view projectId, const std::string& name,
                        mortise::Time at) const {
  db_.execute(
      "UPDATE projects_personas SET project_id = :project, name = :name, name_key = :key, updated_at = :at "
      "WHERE id = :id",
      {{"project", projectId}, {"name", name}, {"key", mortise::asciiLowerCase(name)}, {"at", at}, {"id", id}});
}

void PersonaStore::remove(std::string_view id) const { db::remove<Persona>(db_, id); }

std::int64_t PersonaStore::countOfProject(std::string_view projectId) const {
  return db::count<Persona>(db_, "WHERE project_id = :project", {{"project", projectId}});
}

void PersonaStore::removeOfProject(std::string_view projectId) const {
  db_.execute("DELETE FROM projects_personas WHERE project_id = :project", {{"project", projectId}});
}

void PersonaStore::removeOfOrg(std::string_view orgId) const {
  db_.execute("DELETE FROM projects_personas WHERE org_id = :org", {{"org", orgId}});
}

void PersonaStore::forgetUser(std::string_view userId) const {
  db_.execute("UPDATE projects_personas SET represented_user_id = NULL WHERE represented_user_id = :user",
              {{"user", userId}});
}

void PersonaStore::endRepresentation(std::string_view orgId, std::string_view userId) const {
  db_.execute(
      "UPDATE projects_personas SET represented_user_id = NULL WHERE represented_user_id = :user AND org_id = :org",
      {{"user", userId}, {"org", orgId}});
}

}  // namespace projects
