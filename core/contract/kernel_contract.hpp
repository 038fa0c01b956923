// The kernel's own contract (kernel.yaml), compiled into the program.
#pragma once

#include <cstddef>

#include "core/contract/operation.hpp"

namespace mortise::contract {

// Module "kernel": health, metrics, /openapi.json, /docs, /redoc and their copies below /api, assets under
// /docs/assets/.
DocumentSource kernelContract();

struct LengthLimits {
  std::size_t least = 0, most = 0;
};
// Characters that an administrator's password may have: what kernel.yaml says of the set-up operation, for the other
// ways to set one.
LengthLimits administratorPassword();

}  // namespace mortise::contract
