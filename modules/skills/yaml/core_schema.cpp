#include "yaml/core_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include <mortise/json.hpp>

namespace skills {
namespace {

template <std::size_t N>
bool isOneOf(std::string_view text, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

bool isDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::string> integer(std::string_view digits, int base, bool negative) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size() || value > INT64_MAX) return std::nullopt;
  return (negative && value != 0 ? "-" : "") + std::to_string(value);
}

// Readers of JSON differ in what they take beyond these; RapidJSON refuses 0e1035.
constexpr std::size_t kMaxDigits = 40;
constexpr int kMaxExponent = 200;

// [.digits | digits[.digits]] [e[sign]digits], without its sign.
std::optional<std::string> decimal(std::string_view text, bool negative) {
  const auto mark = std::min(text.find_first_of("eE"), text.size());
  auto mantissa = text.substr(0, mark);
  auto exponent = text.substr(std::min(mark + 1, text.size()));
  if (mark != text.size()) {
    const bool sign = exponent.starts_with('-') || exponent.starts_with('+');
    const auto digits = sign ? exponent.substr(1) : exponent;
    int value = 0;
    if (!isDigits(digits)) return std::nullopt;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || value > kMaxExponent) return std::nullopt;
  }
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  auto whole = mantissa.substr(0, point);
  const auto fraction = mantissa.substr(std::min(point + 1, mantissa.size()));
  if ((!whole.empty() && !isDigits(whole)) || (!fraction.empty() && !isDigits(fraction))) return std::nullopt;
  if (mantissa.size() > kMaxDigits || (whole.empty() && fraction.empty())) return std::nullopt;
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);

  std::string json = negative ? "-" : "";
  json += whole.empty() ? "0" : whole;
  if (!fraction.empty()) json.append(".").append(fraction);
  if (mark != text.size()) json.append("e").append(exponent);
  return json;
}

std::optional<std::string> number(std::string_view plain) {
  if (plain.starts_with("0x")) return integer(plain.substr(2), 16, false);
  if (plain.starts_with("0o")) return integer(plain.substr(2), 8, false);
  const bool negative = plain.starts_with('-');
  if (negative || plain.starts_with('+')) plain.remove_prefix(1);
  return isDigits(plain) ? integer(plain, 10, negative) : decimal(plain, negative);
}

}  // namespace

std::string plainScalarJson(std::string_view plain) {
  constexpr std::string_view kNull[] = {"", "~", "null", "Null", "NULL"};
  constexpr std::string_view kTrue[] = {"true", "True", "TRUE"};
  constexpr std::string_view kFalse[] = {"false", "False", "FALSE"};
  if (isOneOf(plain, kNull)) return "null";
  if (isOneOf(plain, kTrue)) return "true";
  if (isOneOf(plain, kFalse)) return "false";
  if (auto value = number(plain)) return *std::move(value);
  return mortise::json::quoted(plain);
}

}  // namespace skills
