#include "core/config/config.hpp"
#include "core/config/values.hpp"

namespace mortise::config {
namespace {

// Formats the value so that the INI reader reads it back: quoted where blanks or comment signs would be lost.
std::string written(const std::string& value) {
  const bool plain = value.find_first_of("#;\"") == std::string::npos &&
                     (value.empty() || (value.front() != ' ' && value.back() != ' '));
  if (plain) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string sample(const Table& table) {
  std::string out =
      "# Configuration of mortise: every option with its default. Remove the # to change one.\n"
      "# The command line (--section.key=value) takes precedence over this file, this file over the environment "
      "(MORTISE_SECTION_KEY).\n";
  std::vector<std::string> sections;
  for (const Option& option : table.all()) {
    bool seen = false;
    for (const std::string& section : sections) seen = seen || section == option.section;
    if (!seen) sections.push_back(option.section);
  }
  for (const std::string& section : sections) {
    out += "\n[" + section + "]\n";
    for (const Option& option : table.all()) {
      if (option.section != section) continue;
      out += "# " + option.help + "\n# ";
      out += option.choices.empty() && option.type == Type::string ? "text" : ruleOf(option);
      if (option.repeatable) out += ", may be given several times";
      if (option.secret) out += ", never logged";
      out += "\n#" + option.key + " =" + (option.fallback.empty() ? "" : " " + written(option.fallback)) + "\n";
    }
  }
  return out;
}

}  // namespace mortise::config
