// Looks sessions up in the full-text index.
#pragma once

#include <mortise/db.hpp>
#include <mortise/paging.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/words.hpp"

namespace session_sharing {

struct SearchFilter {
  std::optional<std::string> toolFamily;
  std::optional<mortise::Time> since;  // last update
};

struct FoundSession {
  std::string id;
  std::optional<std::string> title;
  std::optional<std::string> alias;
  std::string sourceTool;
  std::optional<std::string> modelId;
  std::int64_t messageCount = 0;
  mortise::Time updatedAt;
  std::string snippet;  // HTML; empty when only parts of the text that don't count were found
};

struct FoundSessions {
  std::vector<FoundSession> sessions;
  std::int64_t total = 0;
};

// [worker]; throws db::Error.
class SessionSearch {
 public:
  explicit SessionSearch(mortise::Db db) : db_(db) {}

  // The user's live sessions that have all of the terms, the best first; one that has them in its title counts more.
  // Costs what that user's sessions with these words cost. The kMaxRanked that were pushed last are ranked; the others
  // follow them, the newest first. `stop` is called before each text is read, and may throw.
  FoundSessions find(std::string_view userId, const SearchTerms& terms, const SearchFilter& filter,
                     const mortise::Paging& paging, const std::function<void()>& stop) const;

  static constexpr std::int64_t kMaxRanked = 500;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
