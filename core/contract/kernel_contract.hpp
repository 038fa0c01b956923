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
// Bounds of an administrator's password in characters: those of kernel.yaml's set-up operation, for the command line.
LengthLimits administratorPassword();

}  // namespace mortise::contract
