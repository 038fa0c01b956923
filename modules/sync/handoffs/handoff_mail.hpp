// The words of the mail that tells of a handoff, and of the page that its link opens. English and Chinese. Plain C++.
#pragma once

#include <mortise/mail_text.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "handoffs/handoff.hpp"
#include "sharing/readable_message.hpp"

namespace session_sharing {

// What the mail may say: texts of the sender that could mislead are left out before (link_text.hpp).
struct HandoffMailFacts {
  std::string sender;  // address; may be empty
  std::string title;   // of the session; may be empty
  std::string id;
  std::string link;  // may be empty
  long long days = 0;
};

// The whole mail. `language`: zh, zh-CN, ... are Chinese, everything else is English. [any]
mortise::MailText handoffMail(std::string_view language, const HandoffMailFacts& facts);

// A whole HTML page: what is handed over, the first messages, and how to claim it. Everything is escaped.
std::string handoffPreviewPage(std::string_view language, const Handoff& handoff,
                               const std::vector<ReadableMessage>& messages);
// The page for a link that leads to no handoff any more.
std::string handoffPreviewGonePage(std::string_view language);

}  // namespace session_sharing
