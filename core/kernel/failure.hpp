// Converts the current exception to a Problem. The only place where exceptions of the layers below get their HTTP
// status.
#pragma once

#include "core/base/problem.hpp"

namespace mortise::kernel {

// Call inside a catch block.
Problem problemFromCurrentException();

}  // namespace mortise::kernel
