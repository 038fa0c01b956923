#include "bookmark_file.hpp"

#include <algorithm>

namespace bookmarks {
namespace {

constexpr std::size_t kMaxUrl = 2000;  // bytes; the contract's bounds of the members
constexpr std::size_t kMaxTitle = 200;

bool isReadable(std::string_view url, std::string_view title) {
  const bool isAddress = url.starts_with("http://") || url.starts_with("https://");
  const bool hasControl = std::any_of(title.begin(), title.end(), [](unsigned char c) { return c < 0x20; });
  return isAddress && url.size() <= kMaxUrl && !title.empty() && title.size() <= kMaxTitle && !hasControl;
}

}  // namespace

void appendLine(std::string& file, const Line& line) {
  file.append(line.url).append("\t").append(line.title).append("\n");
}

Lines readLines(std::string_view file) {
  Lines out;
  for (std::size_t number = 1; !file.empty(); ++number) {
    const auto end = std::min(file.find('\n'), file.size());
    auto line = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto tab = std::min(line.find('\t'), line.size());
    const auto url = line.substr(0, tab);
    const auto title = line.substr(std::min(tab + 1, line.size()));
    if (!isReadable(url, title)) {
      out.error = number;
      return out;
    }
    out.lines.push_back({std::string(url), std::string(title)});
  }
  return out;
}

}  // namespace bookmarks
