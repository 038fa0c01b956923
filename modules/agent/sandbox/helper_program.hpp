// The helper's program, which the build puts into the module: a module stays one file.
#pragma once

#include <string_view>

namespace agent::sandbox {

std::string_view helperProgram();

}  // namespace agent::sandbox
