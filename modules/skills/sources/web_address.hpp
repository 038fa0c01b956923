// URLs as far as downloads need them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skills {

// "https://host:port" of an http or https URL, what two URLs must share to be of one origin; nothing for what is no
// such URL or holds user or password.
std::optional<std::string> originOf(const std::string& url);
// The host of such a URL in lower case.
std::string hostOf(const std::string& url);
// Where `location` leads from `base`; nothing when it can't be read.
std::optional<std::string> resolvedUrl(const std::string& base, const std::string& location);
// Without query and fragment, which may hold a token: for messages and the log.
std::string withoutQuery(std::string_view url);

// Nothing when an escape is cut, or is NUL or no UTF-8 together with the others.
std::optional<std::string> percentDecoded(std::string_view text);

}  // namespace skills
