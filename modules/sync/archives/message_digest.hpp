// What messages.jsonl says for the title and for the search, gathered line by line.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "archives/member_lines.hpp"

namespace session_sharing {

// One per member. Memory: 100 KiB, and a parsed line. One thread.
class MessageDigest {
 public:
  // The next line; changed. Returns false when no more lines are needed. Lines that are no JSON object are passed over.
  bool add(MemberLine& line);

  // Of the first user message that has a usable line and belongs to no sidechain.
  const std::string& titleLine() const { return titleLine_; }
  // Text blocks, "[name] command" for each tool call, and the first 500 characters of each tool result, a line each;
  // UTF-8, at most 100 KiB.
  std::string takeSearchText() { return std::move(searchText_); }

 private:
  void addText(std::string_view text);

  std::string titleLine_;
  std::string searchText_;
  bool isFull_ = false;
};

}  // namespace session_sharing
