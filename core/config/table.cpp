#include <algorithm>
#include <stdexcept>

#include "core/base/text.hpp"
#include "core/config/config.hpp"
#include "core/config/values.hpp"

namespace mortise::config {

void Table::add(Option option) {
  if (option.section.empty() || option.key.empty()) throw std::logic_error("an option needs a section and a key");
  if (find(option.name())) throw std::logic_error("option " + option.name() + " is declared twice");
  if (!option.fallback.empty()) {
    const std::string wrong = complaint(option, option.fallback);
    if (!wrong.empty()) throw std::logic_error("default of option " + wrong);
  }
  options_.push_back(std::move(option));
}

const Option* Table::find(std::string_view name) const {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  for (const Option& option : options_) {
    if (option.section == name.substr(0, dot) && option.key == name.substr(dot + 1)) return &option;
  }
  return nullptr;
}

std::string Table::nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const Option& option : options_) names.push_back(option.name());
  return text::nearest(name, names);
}

}  // namespace mortise::config
