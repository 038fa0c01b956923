// What a plain scalar of YAML means: the core schema of YAML 1.2.
#pragma once

#include <string>
#include <string_view>

namespace skills {

// As JSON: null, true, false, a number, or else a text. A number that a reader of JSON can't hold (more than 64 bits,
// more than 40 digits, an exponent beyond 200, infinite, not a number) stays a text. Decimals keep their digits, so
// that "1.10" is written 1.10.
std::string plainScalarJson(std::string_view plain);

}  // namespace skills
