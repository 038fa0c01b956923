// Handoffs that wait to be claimed need their personas.
#pragma once

#include <string>
#include <vector>

#include "personas/persona_use.hpp"
#include "sessions/captured_sessions.hpp"

namespace projects {

class HandoffPersonaUse final : public PersonaUse {
 public:
  // `sessions` must outlive this object.
  explicit HandoffPersonaUse(const CapturedSessions& sessions) : sessions_(sessions) {}

  bool uses(mortise::Transaction& tx, const std::vector<std::string>& projectIds,
            const Persona& persona) const override {
    return tx.call([&] { return sessions_.pendingHandoffOfPersona(projectIds, persona.name); });
  }

 private:
  const CapturedSessions& sessions_;
};

}  // namespace projects
