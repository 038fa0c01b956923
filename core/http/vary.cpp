#include "core/http/vary.hpp"

#include <string>

#include "core/http/ascii.hpp"

namespace mortise::http {

void addVary(Fields& fields, std::string_view name) {
  std::string names;
  for (const Field& field : fields.all()) {
    if (!equalsNoCase(field.name, "vary") || trimBlanks(field.value).empty()) continue;
    if (!names.empty()) names += ", ";
    names += field.value;
  }
  if (listContains(names, "*") || listContains(names, name)) return;
  if (!names.empty()) names += ", ";
  fields.set("Vary", names.append(name));
}

}  // namespace mortise::http
