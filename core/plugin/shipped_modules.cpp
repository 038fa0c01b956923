#include "core/plugin/shipped_modules.hpp"

namespace mortise::plugin {

std::span<const std::string_view> shippedModules() {
  static constexpr std::string_view kShipped[] = {MORTISE_SHIPPED_MODULES};  // modules/, by the build
  return kShipped;
}

}  // namespace mortise::plugin
