#include "core/kernel/start_error.hpp"

#include <utility>

namespace mortise::kernel {

StartError::StartError(std::vector<std::string> lines) : lines_(std::move(lines)) {
  for (const auto& line : lines_) text_ += (text_.empty() ? "" : "\n") + line;
}

}  // namespace mortise::kernel
