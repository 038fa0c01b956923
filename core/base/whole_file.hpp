// Writes a small file atomically: after a crash it exists completely or not at all.
#pragma once

#include <string>
#include <string_view>

namespace mortise {

// Writes beside `path` (mode 0600), syncs, renames onto it. Throws std::runtime_error: "can't write PATH: reason".
void writeWholeFile(const std::string& path, std::string_view content);

}  // namespace mortise
