// Durations and sizes in the notation of configuration files.
#include <charconv>
#include <limits>

#include "core/base/text.hpp"
#include "core/config/config.hpp"

namespace mortise::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// A whole number followed by one of `units` (the empty name is the default unit).
template <std::size_t Count>
std::optional<std::int64_t> parseWith(std::string_view raw, const Unit (&units)[Count]) {
  const std::string_view text = text::trim(raw);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name = text::trim(text.substr(static_cast<std::size_t>(end - text.data())));
  for (const Unit& unit : units) {
    if (!text::equalsIgnoreCase(unit.name, name)) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> parseDuration(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1000},      {"ms", 1},        {"s", 1000},      {"m", 60'000},
                                    {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  return parseWith(text, kUnits);
}

std::optional<std::int64_t> parseSize(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"b", 1},
                                    {"kb", 1000},
                                    {"mb", 1'000'000},
                                    {"gb", 1'000'000'000},
                                    {"tb", 1'000'000'000'000},
                                    {"k", 1 << 10},
                                    {"m", 1 << 20},
                                    {"g", 1 << 30},
                                    {"kib", 1 << 10},
                                    {"mib", 1 << 20},
                                    {"gib", 1 << 30},
                                    {"tib", 1ll << 40}};
  return parseWith(text, kUnits);
}

}  // namespace mortise::config
