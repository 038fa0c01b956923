// What the summary of a captured session tells of its project. Plain C++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

struct SessionFinding {
  EntryType type = EntryType::discovery;
  double confidence = 0;
  std::string content;
};

// `summary`: JSON, Summary of the API. Files, packages, failing tests, and what a narrative names: decisions and open
// issues. At most 200; none of what is no such summary, or says that the session has less than `leastMessages`.
std::vector<SessionFinding> sessionFindings(std::string_view summary, std::int64_t leastMessages = 0);

}  // namespace projects
