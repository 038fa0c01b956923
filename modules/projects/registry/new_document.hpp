// The context document of a new project: headings for what people and compiles write below them.
#pragma once

#include <string_view>

namespace projects {

inline constexpr std::string_view kNewDocument =
    "# Project Context\n\n## Overview\n\n## Architecture\n\n## Conventions\n\n## API Contracts\n\n## Key Decisions\n\n"
    "## Team\n";

// Has nobody written anything into this document yet: is it empty, or nothing but headings? [any]
inline bool isUnwritten(std::string_view document) {
  while (!document.empty()) {
    const auto end = document.find('\n');
    auto line = document.substr(0, end);
    document.remove_prefix(end == std::string_view::npos ? document.size() : end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') return false;
  }
  return true;
}

}  // namespace projects
