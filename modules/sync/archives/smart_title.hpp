// The title that a session gets: what its manifest says, where that is of use, else what its first message asks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace session_sharing {

// The most characters of a title, an ellipsis not counted.
inline constexpr std::size_t kMaxSmartTitle = 80;

// Too short, or the beginning of something that no person wrote as a title: markup, a heading, a bracket, a fence, a
// rule, a notice of a system, the loading of a persona. [any]
bool isUsableTitle(std::string_view text);

// The first line of a message that is usable, trimmed. Front matter and fenced code are passed over. [any]
std::optional<std::string_view> firstUsableLine(std::string_view message);

// Cut behind the first . ! or ? that leaves at least 10 characters, then at the end of a word so that at most
// kMaxSmartTitle characters and an ellipsis remain. Line ends become spaces. [any]
std::string cutTitle(std::string_view text);

// The title of a session: of `manifestTitle` if it is usable, else of `line` (firstUsableLine() of the first user
// message that has one), else "Untitled session (N messages)". `withoutSecrets` replaces the secrets in a text. [any]
std::string smartTitle(std::string_view manifestTitle, std::string_view line, std::int64_t messageCount,
                       const std::function<std::string(std::string_view)>& withoutSecrets);

}  // namespace session_sharing
