// What was thrown on the way of a request, as a Problem. The one place where exceptions of the layers below get their
// HTTP status.
#pragma once

#include "core/base/problem.hpp"

namespace mortise::kernel {

// Call inside a catch block.
Problem problemFromCurrentException();

}  // namespace mortise::kernel
