#include "core/kernel/content_disposition.hpp"

#include "core/base/text.hpp"

namespace mortise::kernel {

std::string attachmentDisposition(std::string_view filename) {
  bool plain = !filename.empty();
  std::string fallback;
  for (const char c : filename) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '/' && c != '%';
    plain = plain && safe;
    fallback += safe ? c : '_';
  }
  if (plain) return "attachment; filename=\"" + fallback + "\"";
  // Clients of the agent platform read filename*=utf-8'' (RFC 8187); a fall-back before it serves the others.
  return "attachment; filename=\"" + fallback + "\"; filename*=utf-8''" + text::percentEncode(filename);
}

}  // namespace mortise::kernel
