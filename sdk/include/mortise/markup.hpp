// Texts that people give, without HTML in them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace mortise::inline sdk1 {

// Without tags, comments and declarations, from < with a letter, /, ! or ? behind it up to the next >, and without
// white space around what is left; what closes up around a tag to make another one goes, too. An opened tag without an
// end goes to the end of the text. For short texts: each level of nesting takes a pass. [any]
inline std::string withoutMarkup(std::string_view text) {
  const auto isTag = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!' || c == '?';
  };
  std::string out(text);
  for (std::size_t before = out.size() + 1; out.size() < before;) {
    before = out.size();
    std::string plain;
    for (std::size_t at = 0; at < out.size(); ++at) {
      if (out[at] == '<' && at + 1 < out.size() && isTag(out[at + 1])) {
        at = out.find('>', at);
        if (at == std::string::npos) break;
      } else {
        plain.push_back(out[at]);
      }
    }
    out = std::move(plain);
  }
  constexpr const char* kBlank = " \t\r\n\f\v";
  const auto first = out.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(kBlank) + 1 - first);
}

}  // namespace mortise::inline sdk1
