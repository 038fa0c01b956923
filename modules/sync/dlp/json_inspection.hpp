// Looks for secrets and health data in a file of JSON, and writes it anew without them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "dlp/json_source.hpp"
#include "dlp/sensitive_text.hpp"

namespace session_sharing {

// Called for each place, with the line in the file, from 1.
using SensitiveFound = std::function<void(const SensitiveKind& kind, std::int64_t line)>;
using ByteSink = std::function<void(std::string_view bytes)>;

struct JsonFile {
  bool isLines = false;  // of .jsonl: any number of values, else at most one
};

// Reads every text, key and number of the file, as its readers will see it: without escapes. With `write` the file is
// written anew: what was found is a mark there, numbers are as they were, values stay on their lines, and other white
// space goes. Memory: the largest text in it. False: it is no JSON, or nests deeper than 1000 levels. Throws
// TooMuchEffort, and what the callbacks throw. [any]
bool inspectJson(JsonSource& source, const JsonFile& file, const SensitiveTextMatcher& matcher, MatchEffort& effort,
                 const SensitiveFound& onPlace, const ByteSink& write);

}  // namespace session_sharing
