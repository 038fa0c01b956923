// What the reviews of a ticket say, read out of its comments: rounds, findings, the last verdict. Plain C++. Only comments
// that were stamped as a trusted reviewer's count; the texts are anybody's, and are read in one pass.
#pragma once

#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tickets/ticket_comment.hpp"

namespace projects {

// A review's first line: "Codex R<n> review on tk_...: <verdict>".
struct ReviewHeader {
  std::int64_t round = 0;
  std::string rawVerdict;  // as it was written
  bool isClean = false;
  bool isStrict = false;  // literally VERIFIED-CLEAN
  std::size_t end = 0;    // where the text goes on
};

// Empty: the text has no such line.
std::optional<ReviewHeader> reviewHeaderOf(std::string_view text);

struct ReviewFinding {
  std::string severity;
  std::string text;
  std::int64_t round = 0;
  mortise::Time raisedAt;
  std::string raisedCommentId;
  std::optional<std::int64_t> closedRound;
};

struct ReviewRound {
  std::int64_t round = 0;
  std::string verdict;
  std::string rawVerdict;
  bool isStrict = false;
  std::string commentId;
  mortise::Time timestamp;
  std::int64_t findingsRaised = 0;
};

struct ReviewState {
  std::vector<ReviewFinding> findings;  // open ones and closed ones
  std::vector<ReviewRound> rounds;      // by number
  std::optional<std::string> lastReviewCommentId;
  std::optional<std::string> lastImplementerCommentId;
  mortise::Time updatedAt;
  std::optional<std::int64_t> cutRound;  // the last one of which not every finding is kept

  // The last round says literally VERIFIED-CLEAN, and no finding is open.
  bool isStrictlyClean() const;
  mortise::json::Value json() const;
};

// How many comments of a ticket are read for it, the oldest.
inline constexpr std::size_t kReviewedComments = 500;

// Reads the comments of a ticket one by one, so that none but the findings is held.
class ReviewReader {
 public:
  static constexpr std::size_t kMaxFindings = 5000;                               // of a ticket
  static constexpr std::size_t kMaxFindingsBytes = std::size_t{2} * 1024 * 1024;  // of their texts

  // Oldest first.
  void read(const TicketComment& comment);
  // What they say; call it once, at the end. Empty: there was no review.
  std::optional<ReviewState> state();

 private:
  void readReview(const TicketComment& comment);

  ReviewState state_;
  std::size_t bytes_ = 0;
};

}  // namespace projects
