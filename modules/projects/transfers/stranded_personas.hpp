// Personas that a project would lose with its organisation, while tickets are still assigned to them.
#pragma once

#include <mortise/db.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "personas/persona_store.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

struct StrandedPersona {
  std::string name;
  std::vector<std::string> ticketIds;  // the first of them
};

// [worker]; throws db::Error.
class StrandedPersonas {
 public:
  explicit StrandedPersonas(mortise::Db db) : personas_(db), tickets_(db) {}
  StrandedPersonas in(const mortise::Transaction& tx) const {
    return StrandedPersonas(personas_.in(tx), tickets_.in(tx));
  }

  // When the project goes from one organisation to another one, or to none: personas of the first that neither the
  // project nor the second has under that name, and tickets that an agent could still work on.
  std::vector<StrandedPersona> of(std::string_view projectId, const std::optional<std::string>& fromOrg,
                                  const std::optional<std::string>& toOrg) const;

 private:
  StrandedPersonas(PersonaStore personas, TicketStore tickets) : personas_(personas), tickets_(tickets) {}

  PersonaStore personas_;
  TicketStore tickets_;
};

}  // namespace projects
