// What `mortise module new` writes: a small whole module that builds, loads and has tests.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::project {

// Writes the project into `directory` (made if needed) and returns the files, relative to it. `name`: 2 to 31
// lower-case letters, digits and _. Throws std::runtime_error, with nothing written, for a bad name or a directory that
// has something in it; also when writing fails.
std::vector<std::string> createModule(std::string_view name, const std::filesystem::path& directory);

}  // namespace mortise::project
