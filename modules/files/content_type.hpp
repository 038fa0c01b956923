// Types of contents as they are written, and the patterns of types that an operator allows. Plain C++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace files {

// type/subtype with parameters, as it may stand in a header field: printable ASCII, at most 255 bytes.
bool isContentType(std::string_view text);

// image/*, application/pdf, */*: what an operator may write.
bool isTypePattern(std::string_view pattern);

// Whether one of the patterns fits, letter case and parameters aside. No patterns: everything fits.
bool isAllowed(std::string_view type, const std::vector<std::string>& patterns);

}  // namespace files
