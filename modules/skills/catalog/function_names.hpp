// What a model calls a skill's tool by.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace skills {

inline constexpr std::size_t kMaxFunctionName = 64;

// skill_SLUG_TOOL in lower case, everything but letters, digits and "_" as "_"; longer ones end in "_" and 8 hex digits
// of their SHA-1.
std::string functionName(std::string_view slug, std::string_view tool);

// Gives a name that is taken already a number: _1, _2, ...
class FunctionNames {
 public:
  std::string unique(const std::string& name);

 private:
  std::unordered_set<std::string> taken_;
};

}  // namespace skills
