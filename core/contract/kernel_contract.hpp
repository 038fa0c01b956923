// The kernel's own contract (kernel.yaml), compiled into the program.
#pragma once

#include "core/contract/operation.hpp"

namespace mortise::contract {

// Module "kernel": health, metrics, /openapi.json, /docs, /redoc and their copies below /api, assets under
// /docs/assets/.
DocumentSource kernelContract();

}  // namespace mortise::contract
