// Every operation of a module's contract, called by every kind of caller over real HTTP: who may not call it is
// refused, and who may is let in.
#pragma once

#include <string>

#include "core/testing/contract_walk.hpp"

namespace mortise::testing {

// `module`: a module of the server, or "kernel" for its own contract. The requests are valid, and what they are about
// does not exist: an answer to a caller who is let in has any status but 401 and 403, save where the operation declares
// that status itself, and none from 500 on but 503. Operations whose refusals are close codes of a WebSocket are left
// out. Throws std::invalid_argument when the server runs no such module.
void runRights(TestServer& server, const std::string& module, const Reports& report);

}  // namespace mortise::testing
