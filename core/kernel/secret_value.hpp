// A secret in an option: the value itself, or @FILE.
#pragma once

#include <string>

namespace mortise::kernel {

// The content of the file behind "@" without line breaks at its end, else `setting`. Throws std::runtime_error with a
// sentence that names the file, never the value.
std::string secretValue(const std::string& setting);

}  // namespace mortise::kernel
