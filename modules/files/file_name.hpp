// Names of files as clients send them, made fit to be kept and shown. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace files {

// Directory parts of both kinds are cut off; control bytes, directional marks of Unicode and what is no UTF-8 become
// '_'; longer than 255 bytes it is cut before the extension, between characters. What leaves no name becomes
// "upload.bin".
std::string safeName(std::string_view sent);

// With its dot, as sent; empty when there is none, or when it is no plain one (a dot and 1 to 16 ASCII letters, digits,
// '_', '-' or '+').
std::string extensionOf(std::string_view name);

}  // namespace files
