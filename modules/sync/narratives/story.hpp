// What a model is asked to tell about a session, and what its answer says. Plain C++.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "summaries/session_summary.hpp"

namespace session_sharing {

std::string storyPrompt();  // the system's words
// `facts`: the summary, JSON.
std::string storyQuestion(std::string_view facts, std::string_view excerpt);

// The narrative that an answer holds, a JSON object, perhaps in a code fence; empty when it holds none. Texts are cut
// to 4,000 characters, lists to 20 entries of 500.
std::optional<SessionNarrative> narrativeOf(std::string_view answer);

}  // namespace session_sharing
