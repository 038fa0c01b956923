// Titles are shown in lists and mails: what looks like a secret goes out of them.
#pragma once

#include <string>
#include <string_view>

#include "dlp/sensitive_text.hpp"

namespace session_sharing {

// With [redacted] in place of each known kind of secret. [any]
inline std::string withoutSecrets(std::string_view text) {
  return SensitiveTextMatcher::ofSecrets().replaced(text, "[redacted]");
}

}  // namespace session_sharing
