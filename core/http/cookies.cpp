#include "core/http/cookies.hpp"

#include "core/base/text.hpp"

namespace mortise::http {

std::string_view cookieFrom(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const auto end = header.find(';');
    const auto pair = header.substr(0, end);
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || text::trim(pair.substr(0, equals)) != name) continue;
    auto value = text::trim(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (!value.empty()) return value;
  }
  return {};
}

std::string_view cookieFrom(const Fields& fields, std::string_view name) {
  for (const auto& field : fields.all()) {
    if (!text::equalsIgnoreCase(field.name, "Cookie")) continue;
    if (const auto value = cookieFrom(field.value, name); !value.empty()) return value;
  }
  return {};
}

}  // namespace mortise::http
