// What two runs found, beside each other. Findings are the agent's own objects; two are the same thing when they name the
// same rule (or title), file and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// What comparisons go by, and the object itself as JSON.
struct Finding {
  std::string rule;  // or its title
  std::string file;
  std::string line;
  std::string severity;  // in lower case; "none" where it names none
  std::string json;
};

// The objects of a JSON list, as runs keep them; none of anything else.
std::vector<Finding> findingsOf(std::string_view json);

struct FindingComparison {
  std::map<std::string, std::int64_t> severityCountsA;
  std::map<std::string, std::int64_t> severityCountsB;
  std::vector<std::string> added;  // JSON, of B
  std::vector<std::string> removed;
  std::vector<std::string> unchanged;  // as B has them
  bool truncated = false;              // each list has at most kMaxCompared
};

inline constexpr std::size_t kMaxCompared = 200;

// Several of one run that are the same thing are matched one by one.
FindingComparison compareFindings(const std::vector<Finding>& a, const std::vector<Finding>& b);

}  // namespace projects
