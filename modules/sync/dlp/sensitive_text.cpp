#include "dlp/sensitive_text.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>

#include "dlp/sensitive_kinds.hpp"

namespace session_sharing {
namespace {

constexpr std::string_view kMarkStart = "[REDACTED:";
constexpr char kMarkEnd = ']';
constexpr const char* kSecretsCategory = "secrets";
constexpr const char* kPhiCategory = "phi";
constexpr std::size_t kMaxCustomRegex = 500;     // bytes
constexpr std::size_t kMaxCustomName = 64;       // characters
constexpr std::int64_t kCustomMemory = 1 << 20;  // of one compiled pattern and its automaton
constexpr std::int64_t kRuleMemory = 8 << 20;
constexpr std::int64_t kSetMemory = 64 << 20;
constexpr std::size_t kMaxKey = 100;  // bytes; longer ones say nothing about their value
constexpr std::size_t kMaxValueOfKey = 4096;
constexpr std::size_t kWindow = 16 << 10;  // that one search of an organisation's own pattern looks through
constexpr std::size_t kLap = 4 << 10;      // of two windows: what is longer may be missed

RE2::Options options(std::int64_t memory) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory);
  return options;
}

// One pattern with what it finds.
struct Rule {
  Rule(SensitiveKind what, const std::string& pattern, std::int64_t memory, bool (*likely)(std::string_view))
      : kind(std::move(what)), regex(pattern, options(memory)), isLikely(likely) {
    if (!regex.ok()) throw std::invalid_argument("pattern " + kind.name + ": " + regex.error());
  }

  struct Match {
    std::size_t begin, end;  // of what is found
    std::size_t wholeEnd;
  };
  // The first one that begins at `from` or behind it, and ends before `to`.
  std::optional<Match> match(std::string_view text, std::size_t from, std::size_t to) const {
    const re2::StringPiece all(text.data(), text.size());
    re2::StringPiece groups[2];
    const int groupCount = regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
    if (!regex.Match(all, from, to, RE2::UNANCHORED, groups, groupCount)) return std::nullopt;
    const auto& value = groupCount == 2 && !groups[1].empty() ? groups[1] : groups[0];
    const auto place = [&](const char* at) { return static_cast<std::size_t>(at - text.data()); };
    return Match{place(value.data()), place(value.data() + value.size()), place(groups[0].data() + groups[0].size())};
  }

  SensitiveKind kind;
  RE2 regex;
  bool (*isLikely)(std::string_view);
};

// Patterns that are searched for together: one pass over the text tells which of them are there at all.
class RuleSet {
 public:
  RuleSet() = default;
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  RuleSet(std::span<const SensitiveRule> rules, const char* category) {
    for (const auto& rule : rules) add({rule.name, category, rule.severity}, rule.pattern, kRuleMemory, rule.isLikely);
    compile();
  }
  explicit RuleSet(const std::vector<CustomPattern>& custom) {
    for (const auto& one : custom) add({one.name, one.category, one.severity}, one.regex, kCustomMemory, nullptr);
    compile();
  }

  const std::vector<std::unique_ptr<const Rule>>& rules() const { return rules_; }

  // Calls use(rule) for those that are in the text; for more of them when there is too little memory to tell.
  template <class Use>
  void eachIn(std::string_view text, const Use& use) const {
    if (rules_.empty()) return;
    std::vector<int> matches;
    RE2::Set::ErrorInfo error{};
    const bool matched = isCompiled_ && set_->Match({text.data(), text.size()}, &matches, &error);
    if (!isCompiled_ || (!matched && error.kind != RE2::Set::kNoError)) {
      for (const auto& rule : rules_) use(*rule);
      return;
    }
    if (!matched) return;
    std::sort(matches.begin(), matches.end());
    for (const int at : matches) use(*rules_[static_cast<std::size_t>(at)]);
  }

 private:
  void add(SensitiveKind kind, const std::string& pattern, std::int64_t memory, bool (*likely)(std::string_view)) {
    rules_.push_back(std::make_unique<const Rule>(std::move(kind), pattern, memory, likely));
  }
  void compile() {
    if (rules_.empty()) return;
    set_.emplace(options(kSetMemory), RE2::UNANCHORED);
    for (const auto& rule : rules_) {
      if (set_->Add(rule->regex.pattern(), nullptr) < 0) return;
    }
    isCompiled_ = set_->Compile();
  }

  std::vector<std::unique_ptr<const Rule>> rules_;
  std::optional<RE2::Set> set_;
  bool isCompiled_ = false;
};

const RuleSet& secrets() {
  static const RuleSet kSet(secretRules(), kSecretsCategory);
  return kSet;
}
const RuleSet& phi() {
  static const RuleSet kSet(phiRules(), kPhiCategory);
  return kSet;
}

// Keys that may say what their value is. Patterns with a context look for a key and a value.
const RE2& tellingKey() {
  static const RE2 kKey(
      "(?i)pass|pwd|secret|token|key|auth|credential|ssn|social|mrn|patient|medical|birth|dob|born|member|subscriber|"
      "beneficiary|policy|plan|insurance|npi|provider|dea|icd|diagnos",
      options(kCustomMemory));
  return kKey;
}

int rankOf(std::string_view severity) {
  constexpr std::array<std::string_view, 4> kRising{"low", "medium", "high", "critical"};
  return static_cast<int>(std::find(kRising.begin(), kRising.end(), severity) - kRising.begin());
}

// In order; those that lap over each other become one, which is of the gravest kind.
std::vector<SensitivePlace> united(std::vector<SensitivePlace> places) {
  std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<SensitivePlace> out;
  for (const auto& place : places) {
    if (out.empty() || place.begin >= out.back().end) {
      out.push_back(place);
      continue;
    }
    auto& last = out.back();
    if (rankOf(place.kind->severity) > rankOf(last.kind->severity)) last.kind = place.kind;
    last.end = std::max(last.end, place.end);
  }
  return out;
}

}  // namespace

std::string customPatternFault(const CustomPattern& pattern) {
  if (pattern.name.empty() || pattern.name.size() > kMaxCustomName)
    return "a name has 1 to " + std::to_string(kMaxCustomName) + " characters";
  if (!std::all_of(pattern.name.begin(), pattern.name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(" _.-").find(c) != std::string_view::npos;
      }))
    return "a name has letters, digits, blanks, _, . and - only";
  if (pattern.regex.empty() || pattern.regex.size() > kMaxCustomRegex)
    return "a regex has 1 to " + std::to_string(kMaxCustomRegex) + " bytes";
  const RE2 regex(pattern.regex, options(kCustomMemory));
  if (!regex.ok()) return "invalid regex: " + regex.error();
  if (RE2::PartialMatch("", regex)) return "the regex finds nothing at all everywhere";
  return {};
}

struct SensitiveTextMatcher::Parts {
  explicit Parts(const MatcherSettings& settings) : custom(settings.custom), allowlist(settings.allowlist) {
    if (settings.secrets) sets.push_back(&secrets());
    if (settings.phi) sets.push_back(&phi());
    sets.push_back(&custom);
    // Marks of all kinds that there are: a policy may have looked for others before.
    for (const RuleSet* set : {&secrets(), &phi(), static_cast<const RuleSet*>(&custom)}) {
      for (const auto& rule : set->rules()) labels.insert(rule->kind.name);
    }
  }

  bool isAllowed(std::string_view match) const {
    return std::any_of(allowlist.begin(), allowlist.end(),
                       [&](const auto& allowed) { return match.find(allowed) != std::string_view::npos; });
  }

  // The text with blanks in the place of marks: nothing is found in them, and they are no value of anything. A mark
  // with a name that is no kind's may hold a secret, so it is text like any other.
  std::string_view withoutMarks(std::string_view text, std::string& copy) const {
    for (auto at = text.find(kMarkStart); at != std::string_view::npos; at = text.find(kMarkStart, at + 1)) {
      const auto nameAt = at + kMarkStart.size();
      const auto end = text.find(kMarkEnd, nameAt);
      if (end == std::string_view::npos) break;
      if (end - nameAt > kMaxCustomName || labels.find(text.substr(nameAt, end - nameAt)) == labels.end()) continue;
      if (copy.empty()) copy = text;
      std::fill(copy.begin() + static_cast<std::ptrdiff_t>(at), copy.begin() + static_cast<std::ptrdiff_t>(end) + 1,
                ' ');
    }
    return copy.empty() ? text : std::string_view(copy);
  }

  // Adds what lies at `from` or behind it.
  void find(std::string_view text, std::size_t from, MatchEffort& effort, std::vector<SensitivePlace>& places) const {
    std::string copy;
    const auto searched = withoutMarks(text, copy);
    for (const auto* set : sets) {
      set->eachIn(searched, [&](const Rule& rule) {
        for (std::size_t at = 0; at < searched.size();) {
          // Own rules take what they looked through; of others nobody knows.
          const auto end = set == &custom ? std::min(at + kWindow, searched.size()) : searched.size();
          if (set == &custom) charge(effort, end - at);
          if (const auto match = rule.match(searched, at, end)) {
            const auto value = searched.substr(match->begin, match->end - match->begin);
            if (match->begin >= from && (rule.isLikely == nullptr || rule.isLikely(value)) && !isAllowed(value))
              places.push_back({&rule.kind, match->begin, match->end});
            at = std::max(match->wholeEnd, at + 1);
          } else {
            at = end == searched.size() ? end : end - kLap;
          }
        }
      });
    }
  }

  static void charge(MatchEffort& effort, std::size_t bytes) {
    if (bytes > effort.left) throw TooMuchEffort();
    effort.left -= bytes;
  }

  RuleSet custom;
  std::vector<std::string> allowlist;
  std::vector<const RuleSet*> sets;
  std::set<std::string, std::less<>> labels;
};

SensitiveTextMatcher::SensitiveTextMatcher(const MatcherSettings& settings)
    : parts_(std::make_unique<const Parts>(settings)) {}

SensitiveTextMatcher::~SensitiveTextMatcher() = default;

const SensitiveTextMatcher& SensitiveTextMatcher::ofSecrets() {
  static const SensitiveTextMatcher kMatcher{MatcherSettings()};
  return kMatcher;
}

std::vector<SensitivePlace> SensitiveTextMatcher::find(std::string_view text, MatchEffort& effort) const {
  std::vector<SensitivePlace> places;
  parts_->find(text, 0, effort, places);
  return united(std::move(places));
}

std::vector<SensitivePlace> SensitiveTextMatcher::find(std::string_view text) const {
  MatchEffort effort;
  return find(text, effort);
}

std::vector<SensitivePlace> SensitiveTextMatcher::findValue(std::string_view key, std::string_view value,
                                                            MatchEffort& effort) const {
  std::vector<SensitivePlace> places;
  parts_->find(value, 0, effort, places);
  if (!key.empty() && key.size() <= kMaxKey && value.size() <= kMaxValueOfKey &&
      RE2::PartialMatch({key.data(), key.size()}, tellingKey())) {
    const auto sentence = std::string(key).append(": \"").append(value).append("\"");
    const auto offset = key.size() + 3;
    std::vector<SensitivePlace> named;
    parts_->find(sentence, offset, effort, named);
    for (const auto& place : named)
      places.push_back({place.kind, place.begin - offset, std::min(place.end - offset, value.size())});
  }
  return united(std::move(places));
}

std::string SensitiveTextMatcher::redacted(std::string_view text, const std::vector<SensitivePlace>& places) {
  std::string out;
  std::size_t at = 0;
  for (const auto& place : places) {
    out.append(text.substr(at, place.begin - at)).append(kMarkStart).append(place.kind->name).push_back(kMarkEnd);
    at = place.end;
  }
  return out.append(text.substr(at));
}

std::string SensitiveTextMatcher::replaced(std::string_view text, std::string_view mark) const {
  std::string out;
  std::size_t at = 0;
  for (const auto& place : find(text)) {
    out.append(text.substr(at, place.begin - at)).append(mark);
    at = place.end;
  }
  return out.append(text.substr(at));
}

}  // namespace session_sharing
