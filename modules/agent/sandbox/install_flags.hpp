// Package managers ask, and nobody answers in a box: their install commands get the flag that says yes.
#pragma once

#include <string>
#include <string_view>

namespace agent::sandbox {

// `command` for bash, with the flags added. What stands in quotes, in substitutions or after a here-document stays as it is.
std::string withInstallFlags(std::string_view command);

}  // namespace agent::sandbox
