// Files as JSON.
#pragma once

#include <mortise/json.hpp>

#include <string>

#include "stored_file.hpp"

namespace files {

// FileInfo of the contract.
mortise::json::Value fileInfo(const StoredFile& file, const std::string& filepath);

}  // namespace files
