// The modules that this program ships with.
#pragma once

#include <span>
#include <string_view>

namespace mortise::plugin {

// Their names, as compiled into the program. A file that has such a name may still be another module's.
std::span<const std::string_view> shippedModules();

}  // namespace mortise::plugin
