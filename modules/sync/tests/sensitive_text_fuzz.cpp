// Any text, as a JSON file and under any pattern: what is found lies in the text, and its marks are not found again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dlp/json_inspection.hpp"
#include "dlp/sensitive_text.hpp"

using namespace session_sharing;

namespace {

const SensitiveTextMatcher& everything() {
  static const SensitiveTextMatcher kMatcher{MatcherSettings{true, true, {}, {}}};
  return kMatcher;
}

void searchText(std::string_view text) {
  std::size_t at = 0;
  const auto places = everything().find(text);
  for (const auto& place : places) {
    if (place.begin < at || place.end <= place.begin || place.end > text.size()) std::abort();
    at = place.end;
  }
  MatchEffort effort;
  for (const auto& place : everything().findValue("password", text, effort)) {
    if (place.end <= place.begin || place.end > text.size()) std::abort();
  }
}

void inspectFile(std::string_view text, bool isLines) {
  std::string written;
  const auto inspect = [&](std::string_view file, const ByteSink& write) {
    MatchEffort effort;
    JsonSource source([&] {
      const auto piece = file.substr(0, 7);
      file.remove_prefix(piece.size());
      return piece;
    });
    return inspectJson(source, {isLines}, everything(), effort, {}, write);
  };
  if (!inspect(text, [&](std::string_view bytes) { written += bytes; })) return;
  if (!inspect(written, {})) std::abort();  // it stays JSON
}

void usePattern(std::string_view pattern, std::string_view text) {
  const CustomPattern custom{"own", std::string(pattern), "custom", "high"};
  if (!customPatternFault(custom).empty()) return;
  const SensitiveTextMatcher matcher({false, false, {custom}, {}});
  MatchEffort effort;
  try {
    for (const auto& place : matcher.find(text, effort)) {
      if (place.end <= place.begin || place.end > text.size()) std::abort();
    }
  } catch (const TooMuchEffort&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      searchText(text);
      break;
    case 1:
      inspectFile(text, false);
      break;
    case 2:
      inspectFile(text, true);
      break;
    default: {
      const auto line = std::min(text.find('\n'), text.size());
      usePattern(text.substr(0, line), text.substr(line));
    }
  }
  return 0;
}
