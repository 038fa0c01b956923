// Names and slugs as the store takes them; their form is up to the module's rules.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/problem.hpp"
#include "core/base/text.hpp"

namespace mortise::identity {

// Problem 422 for the member of the body when it is empty or has more than 1000 characters.
inline void requireText(const char* field, const std::string& text) {
  constexpr std::size_t kMaxText = 1000;
  if (text.empty()) throw Problem(422, "validation_failed").field({"body", field}, "missing");
  if (text::length(text) > kMaxText)
    throw Problem(422, "validation_failed")
        .field({"body", field}, "string_too_long", {{"max_length", std::to_string(kMaxText)}});
}

}  // namespace mortise::identity
