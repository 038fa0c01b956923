// What a module may put into a session. Problem 422 sync_invalid with what is wrong in its note. Plain C++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync_sessions/session.hpp"

namespace sync_sessions {

void checkType(std::string_view type);
// Empty stands for account.
std::string categoryFrom(std::string_view category);
void checkTargets(const std::vector<Target>& targets);
void checkCounters(const Counters& counters);
// A JSON object with an integer member "version" of 1, or empty.
void checkDetails(std::string_view details);
// The message as it is stored: valid UTF-8 without NUL, cut before a character. Empty is refused.
std::string messageFrom(std::string_view message);

}  // namespace sync_sessions
