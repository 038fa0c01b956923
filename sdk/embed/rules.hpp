// The small text rules of a manifest: what a name, a version, a duration may look like.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::embed {

bool isWord(std::string_view text, std::size_t longest);  // [a-z][a-z0-9_]*
bool isModuleName(std::string_view text);                 // ^[a-z][a-z0-9_]{1,30}$, not "kernel" or "mortise"
bool isCommandWord(std::string_view text);                // [a-z][a-z0-9-]*, at most 40
bool isSemanticVersion(std::string_view text);            // 1.2.3, 1.2.3-rc.1+build
bool isInterfaceName(std::string_view text);              // db/1, files.store/1
bool isUtf8Text(std::string_view text);                   // valid, without NUL
std::optional<std::int64_t> parseInteger(std::string_view text);
std::optional<std::int64_t> parseDuration(
    std::string_view text);  // "250ms", "10s", "5m", "1h", "2d", plain seconds -> milliseconds
std::optional<std::int64_t> parseSize(std::string_view text);  // "64KiB", "10MB", plain bytes -> bytes
// The candidate nearest to `name`, empty when none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);
// `; did you mean "x"?`, or, when nothing is near, `; known: a, b, c`.
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace mortise::embed
