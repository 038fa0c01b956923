#include "tickets/review_state.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/paging.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace projects {
namespace {

namespace json = mortise::json;

constexpr std::string_view kClean = "VERIFIED-CLEAN";
constexpr std::string_view kChanges = "CHANGES_REQUESTED";
constexpr std::array<std::string_view, 4> kSeverities = {"CRITICAL", "HIGH", "MEDIUM", "LOW"};
constexpr std::int64_t kMaxOfReview = 500;  // findings
constexpr std::size_t kMaxFindingBytes = 4000;

// Takes words off the front of a line, one after the other. Nothing is read twice.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  std::string_view rest() const { return rest_; }
  // At least one blank.
  bool takeBlanks() {
    const auto end = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(end);
    return end > 0;
  }
  // Ignoring case.
  bool takeWord(std::string_view word) {
    if (rest_.size() < word.size() || mortise::asciiLowerCase(rest_.substr(0, word.size())) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  // One or more of these characters.
  bool takeSome(std::string_view characters) {
    const auto end = std::min(rest_.find_first_not_of(characters), rest_.size());
    rest_.remove_prefix(end);
    return end > 0;
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // At most nine digits.
  std::optional<std::int64_t> takeNumber() {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      if (digits == 9) return std::nullopt;
      number = number * 10 + (rest_[digits++] - '0');
    }
    if (digits == 0) return std::nullopt;
    rest_.remove_prefix(digits);
    return number;
  }

 private:
  std::string_view rest_;
};

struct Verdict {
  bool isClean = false;
  bool isStrict = false;
};

// Takes the verdict off the front.
std::optional<Verdict> takeVerdict(LineReader& line) {
  constexpr std::string_view kBetween = " \t_-";
  auto at = line;
  if (at.takeWord("verified") && (at.take('-') || at.take('_')) && at.takeWord("clean")) {
    line = at;
    return Verdict{true, true};
  }
  at = line;
  if (at.takeWord("changes") && at.takeSome(kBetween) && at.takeWord("requested")) {
    line = at;
    return Verdict{};
  }
  at = line;
  if (at.takeWord("no") && at.takeSome(kBetween) && at.takeWord("changes") && at.takeSome(kBetween) &&
      at.takeWord("needed")) {
    line = at;
    return Verdict{true, false};
  }
  if (line.takeWord("approved")) return Verdict{true, false};
  return std::nullopt;
}

// The line at `at`, which moves to the next one.
std::string_view nextLine(std::string_view text, std::size_t& at) {
  const auto end = std::min(text.find('\n', at), text.size());
  auto line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::optional<ReviewHeader> headerIn(std::string_view text) {
  constexpr std::string_view kIdCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  LineReader line(text);
  if (!line.takeWord("codex") || !line.takeBlanks() || !line.takeWord("r")) return std::nullopt;
  const auto round = line.takeNumber();
  if (!round || !line.takeBlanks()) return std::nullopt;
  if (line.takeWord("doc") && !line.takeBlanks()) return std::nullopt;
  if (!line.takeWord("review") || !line.takeBlanks() || !line.takeWord("on") || !line.takeBlanks() ||
      !line.takeWord("tk_") || !line.takeSome(kIdCharacters))
    return std::nullopt;
  line.takeBlanks();
  if (!line.take(':')) return std::nullopt;
  line.takeBlanks();
  const auto before = line.rest();
  const auto verdict = takeVerdict(line);
  if (!verdict) return std::nullopt;
  ReviewHeader header;
  header.round = *round;
  header.rawVerdict = before.substr(0, before.size() - line.rest().size());
  header.isClean = verdict->isClean;
  header.isStrict = verdict->isStrict;
  header.end = text.size() - line.rest().size();
  return header;
}

// Whether what follows the findings begins with this line.
bool endsFindings(std::string_view text) {
  constexpr std::array<std::string_view, 9> kHeadings = {
      "verified clean", "verified-clean",        "no change needed", "no changes needed", "verification run",
      "out of scope",   "verification commands", "residual risk",    "cross-checks"};
  const auto start = std::min(text.find_first_not_of(" \t#*_"), text.size());
  text.remove_prefix(start);
  return std::any_of(kHeadings.begin(), kHeadings.end(),
                     [&](std::string_view heading) { return LineReader(text).takeWord(heading); });
}

// A bullet "SEVERITY - text".
std::optional<ReviewFinding> findingIn(std::string_view text) {
  constexpr std::array<std::string_view, 3> kBullets = {"\xE2\x80\xA2", "-", "*"};
  constexpr std::array<std::string_view, 4> kDashes = {"\xE2\x80\x94", "\xE2\x80\x93", "-", ":"};
  const auto takeOneOf = [&text](const auto& words) {
    for (const std::string_view word : words) {
      if (text.substr(0, word.size()) != word) continue;
      text.remove_prefix(word.size());
      return std::optional(word);
    }
    return std::optional<std::string_view>();
  };
  const auto skipBlanks = [&text] {
    const auto end = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(end);
    return end > 0;
  };
  skipBlanks();
  if (!takeOneOf(kBullets) || !skipBlanks()) return std::nullopt;
  const auto severity = takeOneOf(kSeverities);
  if (!severity) return std::nullopt;
  skipBlanks();
  if (!takeOneOf(kDashes)) return std::nullopt;
  const auto what = mortise::trimmed(text);
  if (what.empty()) return std::nullopt;
  ReviewFinding finding;
  finding.severity = *severity;
  finding.text = mortise::firstBytes(what, kMaxFindingBytes);
  return finding;
}

json::Value findingJson(const ReviewFinding& finding) {
  return json::object({{"severity", finding.severity},
                       {"text", finding.text},
                       {"round", finding.round},
                       {"raised_at", mortise::isoTime(finding.raisedAt)},
                       {"raised_comment_id", finding.raisedCommentId},
                       {"status", finding.closedRound ? "closed" : "open"},
                       {"closed_round", finding.closedRound}});
}

json::Value roundJson(const ReviewRound& round) {
  return json::object({{"round", round.round},
                       {"verdict", round.verdict},
                       {"raw_verdict", round.rawVerdict},
                       {"is_strict_verified_clean", round.isStrict},
                       {"comment_id", round.commentId},
                       {"timestamp", mortise::isoTime(round.timestamp)},
                       {"findings_raised", round.findingsRaised}});
}

}  // namespace

std::optional<ReviewHeader> reviewHeaderOf(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto start = at;
    const auto line = nextLine(text, at);
    if (auto header = headerIn(line)) {
      header->end += start;
      return header;
    }
  }
  return std::nullopt;
}

// Adds the round and the findings of one trusted comment; nothing when it is no review.
void ReviewReader::readReview(const TicketComment& comment) {
  const std::string_view text = comment.content;
  const auto header = reviewHeaderOf(text);
  if (!header) return;
  ReviewRound round;
  round.round = header->round;
  round.verdict = header->isClean ? kClean : kChanges;
  round.rawVerdict = header->rawVerdict;
  round.isStrict = header->isStrict;
  round.commentId = comment.id;
  round.timestamp = comment.createdAt;
  std::size_t at = header->end;
  nextLine(text, at);  // what else stands in the line of the header
  while (at < text.size()) {
    const auto line = nextLine(text, at);
    if (endsFindings(line)) break;
    auto finding = findingIn(line);
    if (!finding) continue;
    if (round.findingsRaised == kMaxOfReview || state_.findings.size() == kMaxFindings ||
        bytes_ + finding->text.size() > kMaxFindingsBytes) {
      state_.cutRound = std::max(state_.cutRound.value_or(0), round.round);
      break;
    }
    bytes_ += finding->text.size();
    finding->round = round.round;
    finding->raisedAt = comment.createdAt;
    finding->raisedCommentId = comment.id;
    state_.findings.push_back(std::move(*finding));
    ++round.findingsRaised;
  }
  state_.rounds.push_back(std::move(round));
}

void ReviewReader::read(const TicketComment& comment) {
  state_.updatedAt = std::max(state_.updatedAt, comment.createdAt);
  if (comment.verdictTrusted) {
    state_.lastReviewCommentId = comment.id;
    readReview(comment);
  } else {
    state_.lastImplementerCommentId = comment.id;
  }
}

std::optional<ReviewState> ReviewReader::state() {
  if (state_.rounds.empty()) return std::nullopt;
  auto state = std::move(state_);
  std::stable_sort(state.rounds.begin(), state.rounds.end(),
                   [](const ReviewRound& a, const ReviewRound& b) { return a.round < b.round; });
  std::vector<std::int64_t> clean;  // ascending
  for (const auto& round : state.rounds) {
    if (round.verdict == kClean) clean.push_back(round.round);
  }
  for (auto& finding : state.findings) {
    const auto closing = std::upper_bound(clean.begin(), clean.end(), finding.round);
    if (closing != clean.end()) finding.closedRound = *closing;
  }
  return state;
}

bool ReviewState::isStrictlyClean() const {
  const auto& last = rounds.back();
  const bool mayHideOne = cutRound && *cutRound >= last.round;
  return last.isStrict && !mayHideOne &&
         std::all_of(findings.begin(), findings.end(),
                     [](const ReviewFinding& finding) { return finding.closedRound.has_value(); });
}

json::Value ReviewState::json() const {
  json::List open, closed;
  std::map<std::string_view, std::int64_t> counts;
  for (const auto& finding : findings) {
    (finding.closedRound ? closed : open).add(findingJson(finding));
    if (!finding.closedRound) ++counts[finding.severity];
  }
  json::Object severities;
  for (const auto severity : kSeverities) severities.add(severity, counts[severity]);
  return json::object({{"open_findings", open},
                       {"closed_findings", closed},
                       {"last_verdict", rounds.back().verdict},
                       {"last_raw_verdict", rounds.back().rawVerdict},
                       {"last_verdict_is_strict_verified_clean", rounds.back().isStrict},
                       {"severity_counts", severities},
                       {"last_review_comment_id", lastReviewCommentId},
                       {"last_implementer_comment_id", lastImplementerCommentId},
                       {"updated_at", mortise::isoTime(updatedAt)},
                       {"rounds", json::list(rounds, roundJson)}});
}

}  // namespace projects
