// Which parts of a session the judging model gets to see: windows of messages, those with the most claims. Plain C++.
#pragma once

#include <cstddef>
#include <vector>

namespace session_sharing {

// Messages from `first` on, counted from 0; `end` is behind the last.
struct AuditWindow {
  std::size_t first = 0;
  std::size_t end = 0;
  std::size_t claims = 0;
};

// Windows of 50 messages, of 100 in sessions of more than 500, which overlap by 10; at most the 10 richest in claims,
// none without claims, in the order of the session. `claims`: how many each message makes.
std::vector<AuditWindow> chooseWindows(const std::vector<std::size_t>& claims);

}  // namespace session_sharing
