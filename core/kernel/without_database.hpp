// What opening the stores does where no database of Mortise is.
#pragma once

#include <cstdint>

namespace mortise::kernel {

enum class WithoutDatabase : std::uint8_t { refuse, makeOne };

}  // namespace mortise::kernel
