#include "core/contract/pattern.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace mortise::contract {
namespace {

constexpr std::size_t kMaxSteps = 4000;
constexpr int kMaxRepeats = 1000;
constexpr int kMaxGroupDepth = 50;
constexpr char32_t kLastCodePoint = 0x10FFFF;

// Next code point of valid UTF-8; a stray byte counts as itself.
char32_t decode(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xc0) return lead;
  const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t c = lead & (0x3fU >> more);
  for (int i = 0; i < more && at < text.size(); ++i) c = (c << 6) | (static_cast<unsigned char>(text[at++]) & 0x3fU);
  return c;
}

bool isWord(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

}  // namespace

// Recursive descent over the source that appends steps. Groups nest at most kMaxGroupDepth deep.
class PatternCompiler {
 public:
  PatternCompiler(std::string_view source, Pattern& into) : source_(source), into_(into) {}

  void compile() {
    alternatives(0);
    if (at_ < source_.size()) fail("unmatched )");
    emit({Pattern::Step::Kind::done});
  }

 private:
  using Step = Pattern::Step;
  using Kind = Pattern::Step::Kind;
  using Ranges = std::vector<Pattern::Range>;

  [[noreturn]] void fail(const std::string& reason) const {
    throw std::runtime_error("pattern \"" + std::string(source_) + "\": " + reason + " at offset " +
                             std::to_string(at_));
  }
  bool more() const { return at_ < source_.size(); }
  char peek() const { return source_[at_]; }
  bool take(std::string_view text) {
    if (source_.substr(at_, text.size()) != text) return false;
    at_ += text.size();
    return true;
  }
  std::size_t size() const { return into_.steps_.size(); }
  void emit(Step step) {
    if (size() >= kMaxSteps) fail("needs more than " + std::to_string(kMaxSteps) + " steps: lower the repeat counts");
    into_.steps_.push_back(step);
  }
  static std::uint32_t index(std::size_t value) { return static_cast<std::uint32_t>(value); }

  // Inserts one step before `start`; jump targets behind it move by one.
  void insertAt(std::size_t start, Step step) {
    emit(step);
    auto& steps = into_.steps_;
    for (std::size_t i = size() - 1; i > start; --i) steps[i] = steps[i - 1];
    steps[start] = step;
    for (std::size_t i = start + 1; i < size(); ++i) shift(steps[i], start, 1);
  }
  static void shift(Step& step, std::size_t from, std::size_t by) {
    if (step.kind != Kind::split && step.kind != Kind::jump) return;
    if (step.a >= from) step.a += index(by);
    if (step.kind == Kind::split && step.b >= from) step.b += index(by);
  }

  void alternatives(int depth) {
    if (depth > kMaxGroupDepth) fail("groups nest too deep");
    const std::size_t start = size();
    sequence(depth);
    std::vector<std::size_t> ends;
    std::size_t branch = start;
    while (take("|")) {
      insertAt(branch, {Kind::split, false, index(branch + 1), 0});
      for (auto& end : ends) end += end >= branch ? 1 : 0;
      ends.push_back(size());
      emit({Kind::jump});
      into_.steps_[branch].b = index(size());
      branch = size();
      sequence(depth);
    }
    for (const auto end : ends) into_.steps_[end].a = index(size());
  }

  void sequence(int depth) {
    while (more() && peek() != '|' && peek() != ')') {
      const std::size_t start = size();
      if (atom(depth)) repeat(start);
    }
  }

  // Returns false for an assertion, which can't be repeated.
  bool atom(int depth) {
    const char c = peek();
    if (c == '^') return assertion(Kind::begin);
    if (c == '$') return assertion(Kind::end);
    if (c == '*' || c == '+' || c == '?' || c == '{') fail("nothing to repeat");
    if (c == '(') return group(depth);
    if (c == '[') return bracket();
    if (c == '.') {
      ++at_;
      return set({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}, true);
    }
    if (c == '\\') {
      if (take("\\b")) return emit({Kind::boundary}), false;
      if (take("\\B")) return emit({Kind::notBoundary}), false;
      ++at_;
      Ranges ranges;
      const bool negated = escape(ranges);
      return set(ranges, negated);
    }
    const char32_t literal = decode(source_, at_);
    return set({{literal, literal}}, false);
  }

  bool assertion(Kind kind) {
    ++at_;
    emit({kind});
    return false;
  }

  bool group(int depth) {
    ++at_;
    if (!take("?:") && more() && peek() == '?') fail("look-around and named groups are not served");
    alternatives(depth + 1);
    if (!take(")")) fail("missing )");
    return true;
  }

  bool set(const Ranges& ranges, bool negated) {
    const auto first = into_.ranges_.size();
    into_.ranges_.insert(into_.ranges_.end(), ranges.begin(), ranges.end());
    emit({Kind::set, negated, index(first), index(into_.ranges_.size())});
    return true;
  }

  bool bracket() {
    ++at_;
    const bool negated = take("^");
    Ranges ranges;
    while (true) {
      if (!more()) fail("missing ]");
      if (take("]")) break;
      const auto first = member(ranges);
      if (!first || source_.substr(at_, 1) != "-" || source_.substr(at_, 2) == "-]") {
        if (first) ranges.push_back({*first, *first});
        continue;
      }
      ++at_;
      if (!more()) fail("missing ]");
      const auto last = member(ranges);
      if (!last) fail("a class can't end a range");
      if (*last < *first) fail("range out of order");
      ranges.push_back({*first, *last});
    }
    return set(ranges, negated);
  }

  // One member of a bracket. A class such as \d is added to `ranges` and returns nothing.
  std::optional<char32_t> member(Ranges& ranges) {
    if (peek() != '\\') return decode(source_, at_);
    ++at_;
    if (take("b")) return U'\b';
    Ranges classRanges;
    if (escape(classRanges)) fail("\\D, \\W and \\S inside [ ] are not served");
    if (classRanges.size() == 1 && classRanges[0].first == classRanges[0].last) return classRanges[0].first;
    ranges.insert(ranges.end(), classRanges.begin(), classRanges.end());
    return std::nullopt;
  }

  // Reads what follows a backslash. Returns true when the class is negated.
  bool escape(Ranges& ranges) {
    if (!more()) fail("ends with a backslash");
    const char c = peek();
    ++at_;
    const auto one = [&](char32_t value) { ranges.push_back({value, value}); };
    switch (c) {
      case 'd':
      case 'D':
        ranges = {{'0', '9'}};
        return c == 'D';
      case 'w':
      case 'W':
        ranges = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {'_', '_'}};
        return c == 'W';
      case 's':
      case 'S':
        ranges = {{'\t', '\r'},     {' ', ' '},       {0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
                  {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}};
        return c == 'S';
      case 't':
        return one('\t'), false;
      case 'n':
        return one('\n'), false;
      case 'r':
        return one('\r'), false;
      case 'f':
        return one('\f'), false;
      case 'v':
        return one('\v'), false;
      case '0':
        return one(0), false;
      case 'x':
        return one(hex(2)), false;
      case 'u':
        return one(hex(4)), false;
      default:
        break;
    }
    if (isWord(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80)
      fail(std::string("\\") + c + " is not served");
    return one(static_cast<unsigned char>(c)), false;
  }

  char32_t hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const char c = more() ? peek() : ' ';
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("expected " + std::to_string(digits) + " hexadecimal digits");
      value = value * 16 + static_cast<char32_t>(digit);
      ++at_;
    }
    return value;
  }

  int number() {
    int value = 0;
    const auto start = at_;
    for (; more() && peek() >= '0' && peek() <= '9'; ++at_) {
      value = value * 10 + (peek() - '0');
      if (value > kMaxRepeats) fail("repeats more than " + std::to_string(kMaxRepeats) + " times: use maxLength");
    }
    if (at_ == start) fail("expected a repeat count; write \\{ for the character");
    return value;
  }

  void repeat(std::size_t start) {
    if (!more()) return;
    int least = 0, most = -1;  // -1: no upper bound
    if (take("*")) {
    } else if (take("+")) {
      least = 1;
    } else if (take("?")) {
      most = 1;
    } else if (take("{")) {
      least = most = number();
      if (take(",")) most = more() && peek() == '}' ? -1 : number();
      if (!take("}")) fail("missing }");
      if (most >= 0 && most < least) fail("repeat counts out of order");
    } else {
      return;
    }
    take("?");  // lazy: same language
    if (more() && (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{')) fail("nothing to repeat");
    const std::vector<Step> body(into_.steps_.begin() + static_cast<std::ptrdiff_t>(start), into_.steps_.end());
    into_.steps_.resize(start);
    for (int i = 0; i < least; ++i) copy(body, start);
    if (most < 0) {
      const std::size_t loop = size();
      emit({Kind::split, false, index(loop + 1), 0});
      copy(body, start);
      emit({Kind::jump, false, index(loop), 0});
      into_.steps_[loop].b = index(size());
      return;
    }
    std::vector<std::size_t> exits;
    for (int i = least; i < most; ++i) {
      exits.push_back(size());
      emit({Kind::split, false, index(size() + 1), 0});
      copy(body, start);
    }
    for (const auto exit : exits) into_.steps_[exit].b = index(size());
  }

  // `body` was compiled to start at `origin`.
  void copy(const std::vector<Step>& body, std::size_t origin) {
    const std::size_t by = size() - origin;
    for (Step step : body) {
      shift(step, 0, by);
      emit(step);
    }
  }

  std::string_view source_;
  Pattern& into_;
  std::size_t at_ = 0;
};

Pattern::Pattern(std::string_view source) { PatternCompiler(source, *this).compile(); }

bool Pattern::holds(const Step& step, char32_t c) const {
  bool inside = false;
  for (std::uint32_t i = step.a; i < step.b && !inside; ++i) inside = c >= ranges_[i].first && c <= ranges_[i].last;
  return inside != step.negated && c <= kLastCodePoint;
}

std::optional<bool> Pattern::matches(std::string_view utf8, std::size_t& budget) const {
  if (utf8.size() > kMaxTextBytes) return false;
  // All live steps advance together, each at most once per character.
  std::vector<std::uint32_t> live, next, open;
  std::vector<std::uint32_t> seen(steps_.size(), 0);  // mark of the position that last visited a step
  std::uint32_t mark = 0;
  bool done = false;
  char32_t before = 0;
  bool hasBefore = false;

  const auto add = [&](std::vector<std::uint32_t>& to, std::uint32_t from, char32_t after, bool hasAfter) {
    open.push_back(from);
    while (!open.empty()) {
      const std::uint32_t i = open.back();
      open.pop_back();
      if (seen[i] == mark) continue;
      seen[i] = mark;
      const Step& step = steps_[i];
      switch (step.kind) {
        case Step::Kind::done:
          done = true;
          break;
        case Step::Kind::set:
          to.push_back(i);
          break;
        case Step::Kind::jump:
          open.push_back(step.a);
          break;
        case Step::Kind::split:
          open.push_back(step.b);
          open.push_back(step.a);
          break;
        case Step::Kind::begin:
          if (!hasBefore) open.push_back(i + 1);
          break;
        case Step::Kind::end:
          if (!hasAfter) open.push_back(i + 1);
          break;
        case Step::Kind::boundary:
        case Step::Kind::notBoundary: {
          const bool edge = (hasBefore && isWord(before)) != (hasAfter && isWord(after));
          if (edge == (step.kind == Step::Kind::boundary)) open.push_back(i + 1);
          break;
        }
      }
    }
  };

  std::size_t at = 0;
  char32_t current = 0;
  bool hasCurrent = !utf8.empty();
  if (hasCurrent) current = decode(utf8, at);
  ++mark;
  while (true) {
    add(live, 0, current, hasCurrent);  // a match may begin anywhere
    if (done) return true;
    if (!hasCurrent) return false;
    if (budget < live.size()) return std::nullopt;
    budget -= live.size();
    before = current;
    hasBefore = true;
    const char32_t consumed = current;
    hasCurrent = at < utf8.size();
    current = hasCurrent ? decode(utf8, at) : 0;
    ++mark;
    next.clear();
    for (const auto i : live) {
      if (holds(steps_[i], consumed)) add(next, i + 1, current, hasCurrent);
    }
    if (done) return true;
    live.swap(next);
  }
}

}  // namespace mortise::contract
