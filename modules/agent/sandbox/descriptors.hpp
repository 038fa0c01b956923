// Descriptors that travel with bytes over the socket to a helper. What comes from there is hostile.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "fd.hpp"

namespace agent::sandbox {

// send(), not blocking, with `descriptors` at the first byte; null: none. As many as wire::kMaxDescriptors at most.
ssize_t sendWith(int socket, std::string_view bytes, const std::vector<Fd>* descriptors);

inline constexpr ssize_t kBadDescriptors = -2;
// recv(), not blocking. `descriptor`: the one that came with the bytes, closed on exec and not blocking. kBadDescriptors
// when there were two, or one that is no connected stream socket of the unix family; none of them stays open.
ssize_t receiveWith(int socket, char* bytes, std::size_t size, Fd& descriptor);

}  // namespace agent::sandbox
