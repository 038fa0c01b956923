// A note: its columns, its rows and its JSON come from one list of fields.
#pragma once

#include <cstdint>
#include <mortise/entity.hpp>
#include <string>

namespace @name@ {

using mortise::field;
using mortise::fields;

struct Note {
  std::int64_t number = 0;
  std::string owner;
  std::string title;
  std::string text;

  static constexpr auto kFields = fields("@name@_notes", field("number", &Note::number).key(), field("owner", &Note::owner).hidden(),
                                         field("title", &Note::title), field("body", &Note::text).as("text"));
};

}  // namespace @name@
