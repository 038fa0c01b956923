// Splits INI text into settings with their line numbers. Interprets nothing beyond sections, keys and quotes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"

namespace mortise::config {

struct IniSetting {
  std::string section, key, value;
  std::size_t line = 0;
};

struct IniSection {
  std::string name;
  std::size_t line = 0;
};

struct IniText {
  std::vector<IniSetting> settings;
  std::vector<IniSection> sections;  // each header once, in order of first appearance
};

// "# text" and "; text" are comments, at the start of a line or after a blank behind a value. A value may be in double
// quotes (with \" and \\ inside) to keep blanks, # and ;. Lines that are no section, key = value, comment or blank are
// refused with `file` and line.
IniText parseIni(std::string_view text, const std::string& file, std::vector<Refusal>& refusals);

}  // namespace mortise::config
