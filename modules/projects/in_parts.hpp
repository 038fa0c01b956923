// A long list in parts: what one statement, or the memory, has room for.
#pragma once

#include <mortise/where.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
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

// Calls use(where) for each thousand of the values, with the condition that `column` is one of them.
template <class T, class Use>
void eachBatch(const std::vector<T>& values, std::string_view column, Use&& use) {
  constexpr std::size_t kBatch = 1000;
  inParts(values, kBatch, [&](const std::vector<T>& part) {
    mortise::db::Where where;
    where.in(column, part);
    use(where);
  });
}

}  // namespace projects
