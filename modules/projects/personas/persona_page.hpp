// One page of a list of personas: by name, and no more texts than a reply takes.
#pragma once

#include <mortise/reply.hpp>
#include <mortise/request.hpp>

#include <vector>

#include "personas/persona.hpp"
#include "personas/persona_store.hpp"

namespace projects {

// Those of `all` that the request's cursor asks for, in the order of their names, with their texts. Problem 422
// invalid_cursor; throws db::Error.
mortise::Reply personaPage(const mortise::Request& request, const PersonaStore& personas,
                           std::vector<PersonaSummary> all);

}  // namespace projects
