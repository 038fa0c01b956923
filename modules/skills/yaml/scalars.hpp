// The scalars of YAML that are more than a word: quoted ones and block scalars.
#pragma once

#include <cstddef>
#include <string>

#include "yaml/lines.hpp"

namespace skills {

struct QuotedScalar {
  std::string text;
  std::size_t end = 0;  // the offset behind the closing quote
};
// At `offset` stands a quote, on line `line`. Throws NotYaml; Problem 422 for an escape that makes a control byte.
QuotedScalar readQuoted(const YamlLines& lines, std::size_t offset, std::size_t line);

struct BlockScalar {
  std::string text;
  std::size_t nextLine = 0;
};
// At `offset` stands '|' or '>', on line `line`; `parent` is the indentation of what holds the scalar. Throws NotYaml.
BlockScalar readBlockScalar(const YamlLines& lines, std::size_t offset, std::size_t line, int parent);

}  // namespace skills
