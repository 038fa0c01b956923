#include "core/config/config.hpp"

#include <stdexcept>

#include "core/config/values.hpp"

namespace mortise::config {
namespace {

const Option& declared(const Table& table, std::string_view name) {
  const Option* option = table.find(name);
  if (!option) throw std::logic_error("option " + std::string(name) + " is not declared");
  return *option;
}

}  // namespace

std::string Config::text(std::string_view name) const {
  const Option& option = declared(table_, name);
  const auto entry = values_.find(name);
  return entry == values_.end() ? option.fallback : entry->second.values.back();
}

std::int64_t Config::integer(std::string_view name) const {
  const Option& option = declared(table_, name);
  if (option.type == Type::string || option.type == Type::list) {
    throw std::logic_error("option " + option.name() + " is no number");
  }
  return parseNumber(option.type, text(name)).value_or(0);
}

bool Config::boolean(std::string_view name) const {
  const Option& option = declared(table_, name);
  if (option.type != Type::boolean) throw std::logic_error("option " + option.name() + " is not true or false");
  return parseBoolean(text(name)).value_or(false);
}

std::vector<std::string> Config::list(std::string_view name) const {
  const Option& option = declared(table_, name);
  if (option.type != Type::list) throw std::logic_error("option " + option.name() + " is no list");
  const auto entry = values_.find(name);
  if (entry == values_.end()) return parseList(option.fallback);
  std::vector<std::string> all;
  for (const std::string& value : entry->second.values) {
    for (std::string& item : parseList(value)) all.push_back(std::move(item));
  }
  return all;
}

bool Config::isSet(std::string_view name) const {
  declared(table_, name);
  return values_.find(name) != values_.end();
}

std::string Config::origin(std::string_view name) const {
  declared(table_, name);
  const auto entry = values_.find(name);
  return entry == values_.end() ? "default" : entry->second.origin;
}

}  // namespace mortise::config
