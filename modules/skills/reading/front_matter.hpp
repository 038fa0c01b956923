// The YAML front matter of a SKILL.md: a subset of YAML 1.2, read into JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "yaml/lines.hpp"

namespace skills {

// Why a head is no YAML mapping.
struct FrontMatterFault {
  YamlPlace place;
  std::string rule;
  // Its text mentions tools, policy, security, activation or runtime_type: read leniently, it would lose them.
  bool losesRules = false;

  std::string text() const;  // "line 3, column 22: ...", for logs
};

struct FrontMatter {
  std::optional<std::string> json;  // one JSON object; nothing: there is no front matter
  std::string_view body;            // what follows it, or the whole text
  // Of a head that is no YAML mapping; `json` has what lenientMapping() finds then.
  std::optional<FrontMatterFault> fault{};
};

// Reads block and flow mappings and lists, plain, quoted, literal (|) and folded (>) scalars, comments.
// true/false/null, integers and decimals by the YAML 1.2 core schema, so `off` and `no` stay texts. `text` must outlive
// the result. Throws Problem 422 (with line and rule) for what is refused on purpose: anchors, aliases, tags, merge
// keys, a key twice, more than 16 KiB, more than 12 levels, more than 1000 values, control bytes.
FrontMatter readFrontMatter(std::string_view text);

}  // namespace skills
