#include "core/config/ini.hpp"

#include <algorithm>
#include <optional>

#include "core/base/text.hpp"

namespace mortise::config {
namespace {

bool isWord(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool startsComment(std::string_view text) { return text.starts_with('#') || text.starts_with(';'); }

// The value without its comment or quotes. nullopt when a quoted value does not end or is followed by more text.
std::optional<std::string> valueOf(std::string_view raw) {
  raw = text::trim(raw);
  if (!raw.starts_with('"')) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const bool afterBlank = i == 0 || raw[i - 1] == ' ' || raw[i - 1] == '\t';
      if (afterBlank && startsComment(raw.substr(i))) return std::string(text::trim(raw.substr(0, i)));
    }
    return std::string(raw);
  }
  std::string value;
  for (std::size_t i = 1; i < raw.size(); ++i) {
    if (raw[i] == '"') {
      const std::string_view rest = text::trim(raw.substr(i + 1));
      if (!rest.empty() && !startsComment(rest)) return std::nullopt;
      return value;
    }
    if (raw[i] == '\\' && i + 1 < raw.size() && (raw[i + 1] == '"' || raw[i + 1] == '\\')) ++i;
    value += raw[i];
  }
  return std::nullopt;
}

}  // namespace

IniText parseIni(std::string_view text, const std::string& file, std::vector<Refusal>& refusals) {
  IniText ini;
  std::string section;
  bool inSection = false;
  bool skipping = false;  // below a refused header: refusals of its keys would add nothing
  std::size_t number = 0;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto refuse = [&](std::string why) {
      refusals.push_back({file + ":" + std::to_string(number), std::move(why)});
    };
    if (raw.find('\0') != std::string_view::npos || !text::isUtf8(raw)) {
      refuse("the line is not UTF-8 text");
      continue;
    }
    const std::string_view line = text::trim(raw);
    if (line.empty() || startsComment(line)) continue;
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      const std::string_view name = close == std::string_view::npos ? "" : text::trim(line.substr(1, close - 1));
      const std::string_view rest = close == std::string_view::npos ? "" : text::trim(line.substr(close + 1));
      skipping = !isWord(name) || (!rest.empty() && !startsComment(rest));
      if (skipping) {
        refuse("a section is written [name], with letters, digits, _ and - in the name");
        continue;
      }
      section = name;
      inSection = true;
      const bool seen = std::any_of(ini.sections.begin(), ini.sections.end(),
                                    [&](const IniSection& one) { return one.name == section; });
      if (!seen) ini.sections.push_back({section, number});
      continue;
    }
    if (skipping) continue;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      refuse("expected [section], key = value or a # comment");
      continue;
    }
    const std::string_view key = text::trim(line.substr(0, equals));
    if (!isWord(key)) {
      refuse("the key before = must be letters, digits, _ and -");
      continue;
    }
    if (!inSection) {
      refuse("key " + std::string(key) + " stands before the first [section]");
      continue;
    }
    auto value = valueOf(line.substr(equals + 1));
    if (!value) {
      refuse("the quoted value of " + section + "." + std::string(key) + " does not end with the line's last quote");
      continue;
    }
    ini.settings.push_back({section, std::string(key), std::move(*value), number});
  }
  return ini;
}

}  // namespace mortise::config
