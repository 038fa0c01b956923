// Text inside HTML pages and mails.
#pragma once

#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

// `text` (UTF-8) as it may stand between tags and in quoted attribute values, which it cannot leave: & < > " ' become
// character references. A new string; the input is not checked. Not enough for script, style or an unquoted attribute,
// and a link's scheme is not looked at. Throws std::bad_alloc. [any]
inline std::string escapedHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace mortise::inline sdk1
