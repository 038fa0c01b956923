// A path in the notation of contracts: /a/{name}, /a/{id:proj_*}, /files/{rest...}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::contract {

struct PathTemplate {
  enum class Kind : std::uint8_t { literal, prefixed, parameter, tail };
  struct Segment {
    Kind kind = Kind::literal;
    std::string text;  // literal: decoded text; prefixed: the prefix
    std::string name;  // parameters
  };
  std::vector<Segment> segments;

  // Throws std::runtime_error with a sentence that ends in the correction.
  static PathTemplate parse(std::string_view path);
  std::vector<std::string> names() const;
};

}  // namespace mortise::contract
