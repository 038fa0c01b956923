// One page of a session's messages, found by its number or by a line that it is to have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "library/message_blocks.hpp"

namespace session_sharing {

struct MessageQuery {
  std::int64_t page = 1;
  std::int64_t pageSize = 50;
  bool isNewestFirst = false;
  std::optional<std::int64_t> around;  // a line of messages.jsonl, counted from 0: its page, whatever `page` says
};

struct MessagePage {
  struct Target {
    std::int64_t line = 0;
    const char* status = "";             // found, hidden, missing
    std::optional<std::int64_t> anchor;  // line of the shown message it is, or that is before it, else behind it
  };

  std::vector<MessageBlocks::Message> messages;
  std::int64_t total = 0;
  std::int64_t page = 1;
  bool hasMore = false;
  std::optional<Target> target;  // with `around`
};

// Throws as MessageBlocks does. [worker]
MessagePage pageOf(const MessageBlocks& blocks, const MessageQuery& query);

}  // namespace session_sharing
