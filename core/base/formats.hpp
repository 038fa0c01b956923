// Formats of text that contracts name with `format` and that other parts of the kernel check as well.
#pragma once

#include <string_view>

namespace mortise::text {

// Accepts surrounding spaces: some API families trim an address before they use it.
bool isEmail(std::string_view utf8);
// Absolute, with a scheme; http and https need a host.
bool isUri(std::string_view text);
// RFC 3339, with offset.
bool isDateTime(std::string_view text);
bool isDate(std::string_view text);

}  // namespace mortise::text
