// What a judging model is asked about one window of a session, and what its answer says. Plain C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audits/audit_report.hpp"

namespace session_sharing {

struct Claim {
  std::int64_t messageIndex = 0;
  std::string text;
};

// What a tool did.
struct Evidence {
  std::int64_t messageIndex = 0;
  std::string tool;
  std::string target;
  std::string output;
  bool isError = false;
  std::optional<std::int64_t> exitCode;
};

struct WindowContent {
  std::vector<Claim> claims;
  std::vector<Evidence> evidence;
};

std::string judgePrompt();  // the system's words
// Claims and evidence as JSON; long outputs are cut so that it has at most about 100,000 characters.
std::string judgeQuestion(const WindowContent& window);

// The findings that an answer holds, a list in JSON, perhaps in a code fence; empty when it holds none. A claim that
// the model passed over is unverified, and so is a hallucination without evidence: only what is contradicted is one.
std::optional<std::vector<Finding>> findingsOf(std::string_view answer, const std::vector<Claim>& claims);

}  // namespace session_sharing
