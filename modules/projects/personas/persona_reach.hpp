// Who sees the personas that an organisation has for its projects.
#pragma once

#include <mortise/request.hpp>

#include <optional>
#include <string>

#include "registry/project.hpp"

namespace projects {

// The project's organisation, if the caller is one of its members, or a service key of it: for PersonaStore::resolve().
inline std::optional<std::string> personaOrgOf(const mortise::Principal& caller, const Project& project) {
  if (!project.orgId) return std::nullopt;
  const auto& own = caller.isServiceKey ? caller.keyOrgId : caller.orgId;
  return own == *project.orgId ? project.orgId : std::nullopt;
}

}  // namespace projects
