#include "core/config/values.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace mortise::config {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string amount(Type type, std::int64_t value) {
  if (type == Type::duration) {
    return value % 1000 == 0 ? std::to_string(value / 1000) + "s" : std::to_string(value) + "ms";
  }
  if (type == Type::size) {
    if (value != 0 && value % (1 << 20) == 0) return std::to_string(value >> 20) + "MiB";
    if (value != 0 && value % (1 << 10) == 0) return std::to_string(value >> 10) + "KiB";
  }
  return std::to_string(value);
}

}  // namespace

std::optional<std::int64_t> parseInteger(std::string_view raw) {
  const std::string_view text = text::trim(raw);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> parseBoolean(std::string_view raw) {
  const std::string text = text::lower(text::trim(raw));
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

std::vector<std::string> parseList(std::string_view raw) {
  std::vector<std::string> items;
  for (const std::string_view part : text::split(raw, ',')) {
    const std::string_view item = text::trim(part);
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

std::optional<std::int64_t> parseNumber(Type type, std::string_view text) {
  switch (type) {
    case Type::integer:
      return parseInteger(text);
    case Type::duration:
      return parseDuration(text);
    case Type::size:
      return parseSize(text);
    case Type::boolean:
      if (const auto value = parseBoolean(text)) return *value ? 1 : 0;
      return std::nullopt;
    case Type::string:
    case Type::list:
      break;
  }
  return std::nullopt;
}

std::string_view nameOf(Type type) {
  switch (type) {
    case Type::string:
      return "text";
    case Type::integer:
      return "whole number";
    case Type::boolean:
      return "true or false";
    case Type::duration:
      return "duration (250ms, 10s, 5m, 1h)";
    case Type::size:
      return "size (64KiB, 1MiB, 10MB)";
    case Type::list:
      return "list";
  }
  return "text";
}

std::string ruleOf(const Option& option) {
  if (!option.choices.empty()) return "one of " + joined(option.choices);
  std::string rule = option.type == Type::boolean ? "" : "a ";
  if (option.type == Type::string) rule = "";
  rule += nameOf(option.type);
  if (option.minimum && option.maximum) {
    rule += " from " + amount(option.type, *option.minimum) + " to " + amount(option.type, *option.maximum);
  } else if (option.minimum) {
    rule += " of at least " + amount(option.type, *option.minimum);
  } else if (option.maximum) {
    rule += " of at most " + amount(option.type, *option.maximum);
  }
  return rule;
}

std::string complaint(const Option& option, std::string_view text) {
  const auto refused = [&] {
    std::string out = option.name() + " must be " + ruleOf(option);
    if (!option.secret) out += ", not \"" + std::string(text) + '"';
    return out;
  };
  const auto outsideChoices = [&](std::string_view word) {
    return !option.choices.empty() &&
           std::find(option.choices.begin(), option.choices.end(), word) == option.choices.end();
  };
  if (text.find('\0') != std::string_view::npos || !text::isUtf8(text)) return option.name() + " must be UTF-8 text";
  if (option.type == Type::string) return outsideChoices(text) ? refused() : "";
  if (option.type == Type::list) {
    for (const std::string& item : parseList(text)) {
      if (outsideChoices(item)) return refused();
    }
    return "";
  }
  const auto number = parseNumber(option.type, text);
  if (!number) return refused();
  if ((option.minimum && *number < *option.minimum) || (option.maximum && *number > *option.maximum)) return refused();
  return outsideChoices(text) ? refused() : "";
}

}  // namespace mortise::config
