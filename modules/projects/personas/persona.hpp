// A persona: a named role with instructions that an agent takes on. It belongs to a project, or to an organisation for
// all of its projects; one of an organisation may stand for a member.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace projects {

enum class PersonaScope : std::uint8_t { project, org };
constexpr auto mortiseNames(PersonaScope) {
  return mortise::names<PersonaScope>({{PersonaScope::project, "project"}, {PersonaScope::org, "org"}});
}

struct Persona {
  std::string id;
  PersonaScope scope = PersonaScope::project;
  std::optional<std::string> projectId;
  std::optional<std::string> orgId;
  std::string name;     // ^[A-Za-z0-9_-]{1,50}$
  std::string nameKey;  // the name in lower case; PersonaStore sets it
  std::string role;
  std::string content;
  std::vector<std::string> specializations;
  bool isActive = true;
  std::int64_t version = 1;
  std::optional<std::string> representedUserId;
  std::string createdBy;
  mortise::Time createdAt;
  mortise::Time updatedAt;

  static constexpr auto kFields =
      mortise::fields(
          "projects_personas", mortise::field("id", &Persona::id).key(),
          mortise::field("project_id", &Persona::projectId), mortise::field("name", &Persona::name),
          mortise::field("name_key", &Persona::nameKey).hidden(), mortise::field("role", &Persona::role),
          mortise::field("content", &Persona::content), mortise::field("specializations", &Persona::specializations),
          mortise::field("is_active", &Persona::isActive), mortise::field("version", &Persona::version),
          mortise::field("created_by", &Persona::createdBy).fixed(),
          mortise::field("created_at", &Persona::createdAt).fixed(), mortise::field("updated_at", &Persona::updatedAt),
          mortise::field("org_id", &Persona::orgId), mortise::field("scope", &Persona::scope),
          mortise::field("represented_user_id", &Persona::representedUserId))
          .times(mortise::kIsoMicros);
};

// A persona without its texts.
struct PersonaSummary {
  std::string id;
  PersonaScope scope = PersonaScope::project;
  std::optional<std::string> orgId;
  std::string name;
  std::string nameKey;
  std::string role;
  bool isActive = true;

  static constexpr auto kFields = mortise::fields(
      "projects_personas", mortise::field("id", &PersonaSummary::id).key(),
      mortise::field("scope", &PersonaSummary::scope), mortise::field("org_id", &PersonaSummary::orgId),
      mortise::field("name", &PersonaSummary::name), mortise::field("name_key", &PersonaSummary::nameKey),
      mortise::field("role", &PersonaSummary::role), mortise::field("is_active", &PersonaSummary::isActive));
};

}  // namespace projects
