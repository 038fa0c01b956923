// Questions to wires in which roles alternate: what stands together for one role is one message there.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "mortise/json.hpp"
#include "mortise/models.hpp"

namespace mortise::inline sdk1::models {

// A list of {"role": roleOf(message), `member`: [what addParts(message, list) adds]}, without the system's messages.
inline json::Value byRole(const std::vector<Message>& messages, const char* (*roleOf)(const Message&),
                          std::string_view member, void (*addParts)(const Message&, json::List&)) {
  json::List out;
  for (std::size_t i = 0; i < messages.size();) {
    if (messages[i].role == Role::system) {
      ++i;
      continue;
    }
    const std::string_view role = roleOf(messages[i]);
    json::List parts;
    for (; i < messages.size() && (messages[i].role == Role::system || roleOf(messages[i]) == role); ++i) {
      if (messages[i].role != Role::system) addParts(messages[i], parts);
    }
    out.add(json::object({{"role", role}, {member, parts}}));
  }
  return out;
}

}  // namespace mortise::inline sdk1::models
