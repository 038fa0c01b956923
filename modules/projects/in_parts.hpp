// A long list in parts: what one statement, or the memory, has room for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace projects {

// Calls use(part) for each part of at most `most` things, in their order.
template <class T, class Use>
void inParts(const std::vector<T>& things, std::size_t most, Use&& use) {
  for (std::size_t at = 0; at < things.size(); at += most) {
    const auto end = std::min(at + most, things.size());
    use(std::vector<T>(things.begin() + static_cast<std::ptrdiff_t>(at),
                       things.begin() + static_cast<std::ptrdiff_t>(end)));
  }
}

}  // namespace projects
