// Making personas and changing them: what projects and organisations do alike.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/request.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "changes/project_changes.hpp"
#include "personas/persona.hpp"
#include "personas/persona_store.hpp"
#include "personas/persona_use.hpp"

namespace projects {

// An empty optional leaves the field.
struct PersonaChange {
  std::optional<std::string> role{};
  std::optional<std::string> content{};
  std::optional<std::vector<std::string>> specializations{};
  std::optional<bool> isActive{};
  std::optional<std::optional<std::string>> representedUserId{};
};

// One for the module; faces keep a reference. [worker]
class PersonaChanges {
 public:
  // `uses`: who is asked before a persona is put away. They and `changes` must outlive this object.
  PersonaChanges(mortise::Host host, const ProjectChanges& changes, std::vector<const PersonaUse*> uses);

  // Makes it, as the caller's. Problem 409 persona_name_taken, personas_full.
  Persona create(const mortise::Request& request, Persona persona) const;
  // The persona with the change, as the next version if anything is another then. `force`: put away though it is needed.
  // Problem 404 persona_not_found, 409 persona_in_use.
  Persona change(const mortise::Request& request, const std::string& personaId, const PersonaChange& change,
                 bool force) const;

 private:
  bool isNeeded(mortise::Transaction& tx, const Persona& persona) const;
  // Last in the transaction.
  void tell(mortise::Transaction& tx, const mortise::Request& request, const Persona& persona,
            std::string_view change) const;

  mortise::Db db_;
  mortise::Audit audit_;
  PersonaStore personas_;
  const ProjectChanges& changes_;
  std::vector<const PersonaUse*> uses_;
};

}  // namespace projects
