#include "sdk/embed/sql_sections.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <regex>

#include "sdk/embed/rules.hpp"

namespace mortise::embed {
namespace {

constexpr std::string_view kMarker = "-- mortise:";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// "--mortise:sqlite", "-- Mortise: SQLite", "/* mortise:sqlite */", "# mortise:sqlite"
bool isMeantAsMarker(std::string_view line) {
  static const std::regex kMeant(R"(^(--+|/\*+|#)\s*mortise\s*:)", std::regex::icase);
  constexpr std::size_t kEnough = 80;  // std::regex recurses
  const auto head = line.substr(0, kEnough);
  return std::regex_search(head.begin(), head.end(), kMeant);
}

}  // namespace

std::vector<std::string> sectionFaults(std::string_view sql, const std::string& file, bool bothNeeded) {
  const std::vector<std::string> kSections{"sqlite", "postgresql", "all"};
  std::vector<std::string> faults;
  int firstOf[] = {0, 0};  // lines of the first section of each database
  int number = 0;
  while (!sql.empty()) {
    ++number;
    const auto end = std::min(sql.find('\n'), sql.size());
    const auto line = trimmed(sql.substr(0, end));
    sql.remove_prefix(std::min(end + 1, sql.size()));
    const auto fault = [&](const std::string& what) {
      faults.push_back(file + ":" + std::to_string(number) + ": " + what);
    };
    if (line.substr(0, kMarker.size()) == kMarker) {
      const std::string name(trimmed(line.substr(kMarker.size())));
      const auto at = static_cast<std::size_t>(std::find(kSections.begin(), kSections.end(), name) - kSections.begin());
      if (at == kSections.size())
        fault("section \"" + name + "\" is none of sqlite, postgresql, all" + suggestion(name, kSections));
      else if (at < std::size(firstOf) && firstOf[at] == 0)
        firstOf[at] = number;
    } else if (isMeantAsMarker(line)) {
      fault("this line begins no section; write it as -- mortise:sqlite, -- mortise:postgresql or -- mortise:all");
    }
  }
  if (bothNeeded && (firstOf[0] == 0) != (firstOf[1] == 0)) {
    const std::size_t there = firstOf[0] != 0 ? 0 : 1;
    faults.push_back(file + ":" + std::to_string(firstOf[there]) + ": has a section for " + kSections[there] +
                     " and none for " + kSections[1 - there] + "; add one, which may hold a comment alone");
  }
  return faults;
}

}  // namespace mortise::embed
