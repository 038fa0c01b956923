// A small file that is there whole or not at all, whatever happens meanwhile.
#pragma once

#include <string>
#include <string_view>

namespace mortise {

// Written beside `path` (mode 0600), synced, renamed onto it. Throws std::runtime_error: "can't write PATH: reason".
void writeWholeFile(const std::string& path, std::string_view content);

}  // namespace mortise
