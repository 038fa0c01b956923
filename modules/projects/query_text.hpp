// Parameters of a query that hold a text, as handlers want them.
#pragma once

#include <mortise/request.hpp>
#include <mortise/text.hpp>

#include <optional>
#include <string>

namespace projects {

// Empty: absent, or sent without a value.
inline std::optional<std::string> sentOrNull(const mortise::Request& request, const char* name) {
  return mortise::orNull(request.query(name).text(""));
}

}  // namespace projects
