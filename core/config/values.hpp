// Interprets the text of one setting with its option's type, range and choices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace mortise::config {

std::optional<std::int64_t> parseInteger(std::string_view text);
std::optional<bool> parseBoolean(std::string_view text);
// "a, b" -> {"a","b"}; blanks around items and empty items are dropped.
std::vector<std::string> parseList(std::string_view text);
// The number of an integer, boolean, duration or size; nullopt when `text` is not one.
std::optional<std::int64_t> parseNumber(Type type, std::string_view text);

// Why `text` is invalid, such as "http.workers must be a whole number from 1 to 1024, not \"many\"". Empty when it is
// valid. Secret values are not shown.
std::string complaint(const Option& option, std::string_view text);

std::string_view nameOf(Type type);
// "a whole number from 1 to 64", "one of text, json": for error messages and the sample file.
std::string ruleOf(const Option& option);

}  // namespace mortise::config
