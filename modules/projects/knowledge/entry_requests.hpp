// What requests about entries say, in each operation in the same way.
#pragma once

#include <mortise/characters.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>

#include <string>
#include <string_view>

#include "knowledge/entry.hpp"
#include "knowledge/entry_words.hpp"

namespace projects {

// Problem 422 entry_type_unknown.
inline EntryType typeNamed(std::string_view name) {
  EntryType type{};
  if (!mortise::detail::readName(name, type))
    throw mortise::Problem(422, "entry_type_unknown").with("type", mortise::firstCharacters(name, 40));
  return type;
}

// A part of a text that can be looked for. Problem 422 search_too_short.
inline std::string searchedPart(std::string_view part) {
  if (mortise::characterCount(part) < kLeastPart) throw mortise::Problem(422, "search_too_short");
  return std::string(part);
}

}  // namespace projects
