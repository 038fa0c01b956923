// What of a skill is put before the model: the body of its SKILL.md and the files that it refers to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.hpp"

namespace skills {

inline constexpr std::size_t kMaxReferenceCharacters = 2048;  // characters of one file
inline constexpr std::size_t kMaxContextCharacters = 12288;   // characters of the whole

// Paths that `body` refers to, in their order, each once: targets of Markdown links, and bare references/...,
// assets/..., scripts/...; relative, of .md .txt .yaml .yml .json, without a query or fragment. They need not exist.
std::vector<std::string> referencesIn(std::string_view body);

struct ContextBlob {
  std::string text;
  std::size_t references = 0;  // files that are in it
};

// Each file under a title with its path, cut at kMaxReferenceCharacters with a mark; stops before the file with which the
// whole would be longer than kMaxContextCharacters. A body that is longer by itself is cut, too.
ContextBlob contextBlob(std::string_view body, const Bundle& bundle);

}  // namespace skills
