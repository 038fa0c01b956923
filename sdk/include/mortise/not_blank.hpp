// Texts of a request that must say something.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "mortise/problem.hpp"
#include "mortise/white_space.hpp"

namespace mortise::inline sdk1 {

// The text without white space around it. Problem 422 validation_failed at `location` ("body/name") when nothing is left.
// Since SDK 1.1. [any]
inline std::string notBlank(std::string_view text, std::string location) {
  text = withoutSpaceAround(text);
  if (text.empty())
    throw Problem(422, "validation_failed").field(std::move(location), "string_too_short", {{"min_length", "1"}});
  return std::string(text);
}

}  // namespace mortise::inline sdk1
