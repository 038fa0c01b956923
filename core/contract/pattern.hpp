// `pattern` of a schema, compiled once: the part of ECMA-262 that contracts use, matched over code points in time
// linear in the text. std::regex may overflow the stack on a client's text, and RapidJSON's expression keeps its search
// state in the expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::contract {

class Pattern {
 public:
  // Longer texts never match: this bounds the work that a client can cause. Contracts pair `pattern` with `maxLength`.
  static constexpr std::size_t kMaxTextBytes = 16 << 10;

  // Accepts . ^ $ | ( ) (?: ) [ ] [^ ] * + ? {n} {n,} {n,m} (lazy forms too), \d \w \s \D \W \S \b \B, \t \n \r \f \v \0
  // \xHH \uHHHH, and \ before punctuation. Throws std::runtime_error for anything else (look-around, back-references,
  // properties) and for programs of more than 4000 steps.
  explicit Pattern(std::string_view source);

  // True when some part of `utf8` matches, as JSON Schema asks; anchor with ^ and $. Takes what it costs off `budget`: for
  // each character, how many steps are live. nullopt: the budget is used up.
  std::optional<bool> matches(std::string_view utf8, std::size_t& budget) const;
  bool matches(std::string_view utf8) const {
    auto unlimited = std::numeric_limits<std::size_t>::max();
    return matches(utf8, unlimited).value();
  }

 private:
  friend class PatternCompiler;
  struct Range {
    char32_t first, last;
  };
  struct Step {
    enum class Kind : std::uint8_t { set, split, jump, begin, end, boundary, notBoundary, done };
    Kind kind;
    bool negated = false;        // set
    std::uint32_t a = 0, b = 0;  // set: ranges_[a, b); split: both ways; jump: a
  };
  bool holds(const Step& step, char32_t c) const;

  std::vector<Step> steps_;
  std::vector<Range> ranges_;
};

}  // namespace mortise::contract
