#include "core/http/message.hpp"

#include <algorithm>

#include <array>

#include "core/http/ascii.hpp"

namespace mortise::http {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

}  // namespace

std::string_view toText(Method method) {
  return method == Method::other ? "OTHER" : kMethods[static_cast<std::size_t>(method)];
}

std::optional<Method> methodFrom(std::string_view text) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == text) return static_cast<Method>(i);
  }
  return std::nullopt;
}

void Fields::set(std::string_view name, std::string value) {
  const auto named = [name](const Field& field) { return equalsNoCase(field.name, name); };
  const auto first = std::find_if(list_.begin(), list_.end(), named);
  if (first == list_.end()) {
    add(std::string(name), std::move(value));
    return;
  }
  first->value = std::move(value);
  list_.erase(std::remove_if(first + 1, list_.end(), named), list_.end());
}

const std::string* Fields::find(std::string_view name) const {
  for (const Field& field : list_) {
    if (equalsNoCase(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::string_view Fields::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t count = 0;
  for (const Field& field : list_) count += equalsNoCase(field.name, name) ? 1 : 0;
  return count;
}

}  // namespace mortise::http
