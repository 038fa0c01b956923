#include "core/kernel/content_disposition.hpp"

namespace mortise::kernel {
namespace {

// attr-char of RFC 8187: the characters that an extended value may contain unescaped.
bool isAttributeCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
}

std::string extendedValue(std::string_view text) {
  constexpr char kHexDigits[] = "0123456789ABCDEF";
  std::string out = "utf-8''";
  for (const char c : text) {
    if (isAttributeCharacter(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return out;
}

}  // namespace

std::string attachmentDisposition(std::string_view filename, NameForm form) {
  if (form == NameForm::extendedOnly) return "attachment; filename*=" + extendedValue(filename);
  bool plain = !filename.empty();
  std::string fallback;
  for (const char c : filename) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe = byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '/' && c != '%';
    plain = plain && safe;
    fallback += safe ? c : '_';
  }
  if (plain) return "attachment; filename=\"" + fallback + "\"";
  return "attachment; filename=\"" + fallback + "\"; filename*=" + extendedValue(filename);
}

}  // namespace mortise::kernel
