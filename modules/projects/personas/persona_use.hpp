// Where a persona is needed still: what faces say that refer to personas by their names.
#pragma once

#include <mortise/db.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "personas/persona.hpp"

namespace projects {

// Implemented by each folder whose rows name personas. [worker]
class PersonaUse {
 public:
  virtual ~PersonaUse() = default;

  // Does something of these projects that is not over name this persona? At most kMaxProjects; names are compared
  // without case (Persona::nameKey). Bounded, however much is over. Throws db::Error, Problem.
  static constexpr std::size_t kMaxProjects = 500;
  virtual bool uses(mortise::Transaction& tx, const std::vector<std::string>& projectIds,
                    const Persona& persona) const = 0;
};

}  // namespace projects
