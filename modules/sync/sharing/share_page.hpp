// The pages that a person sees who opens a link in a browser. English and Chinese. Plain C++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "library/captured_session.hpp"
#include "sharing/readable_message.hpp"

namespace session_sharing {

// What a page of a session shows.
struct SharePage {
  std::string title;
  std::string tool;
  std::string owner;  // how its owner is called; may be empty
  std::string createdAt;
  std::int64_t messageCount = 0;
  std::vector<ReadableMessage> messages;
  bool hasSecrets = false;  // then messages are none, and the page says why
  std::string downloadUrl;  // relative to the page
  std::string previousUrl;  // empty: none
  std::string nextUrl;      // empty: none
};

// Each is a whole HTML page. `language`: "zh", "zh-CN", ... are Chinese, everything else gets English. Everything of
// the session is escaped.
std::string sharePage(std::string_view language, const SharePage& page);
// Asks for the password of a link by a POST to the same URL. `isWrong`: the one that was sent.
std::string passwordPage(std::string_view language, bool isWrong);
enum class DeadLink : std::uint8_t { unknown, ended, tooManyGuesses };
std::string deadLinkPage(std::string_view language, DeadLink reason);

}  // namespace session_sharing
