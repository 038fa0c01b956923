// A secret as an option gives it: the value itself, or @FILE.
#pragma once

#include <string>

namespace mortise::kernel {

// What the file behind "@" says without the line breaks at its end, else `setting`. Throws std::runtime_error with a
// sentence that names the file, never the value.
std::string secretValue(const std::string& setting);

}  // namespace mortise::kernel
