// What is refused because of a path: 422 with the path in the text, made printable.
#pragma once

#include <mortise/problem.hpp>

#include <string_view>

#include "text/unicode.hpp"

namespace skills {

inline mortise::Problem refusal(const char* code, std::string_view path) {
  return mortise::Problem(422, code).with("path", printable(path));
}

}  // namespace skills
