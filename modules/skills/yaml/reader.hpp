// Reads a mapping written in the YAML subset of front_matter.hpp into JSON. Time is linear in the text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skills {

inline constexpr int kMaxYamlLevels = 12;
inline constexpr std::size_t kMaxYamlValues = 1000;

// `text` has '\n' as its only line break; `firstNumber` is the number of its first line, for messages. An empty text is
// an empty mapping. Throws NotYaml, and Problem 422 for what is refused on purpose.
std::string readYamlMapping(std::string_view text, std::size_t firstNumber);

}  // namespace skills
