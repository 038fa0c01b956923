// What an agent claims: what it says right after its tools answered, and sentences that assert changes of files,
// results of commands and tests, or changes of code. Plain C++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audits/transcript.hpp"

namespace session_sharing {

// Feed it the messages in order; one for a pass.
class ClaimFinder {
 public:
  // The claims of this message, each at most 600 characters, at most 20.
  std::vector<std::string> take(const TranscriptMessage& message);

 private:
  bool afterTools_ = false;
};

// Whether a sentence asserts something that tools could have shown.
bool isAssertion(std::string_view sentence);

}  // namespace session_sharing
