// Content-Disposition for downloads (RFC 6266): an ASCII fall-back plus the exact name in UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace mortise::kernel {

std::string attachmentDisposition(std::string_view filename);

}  // namespace mortise::kernel
