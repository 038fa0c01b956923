// What a comment on a pull or merge request says. Plain C++.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "webhooks/review_comment.hpp"

namespace session_sharing {

struct CommentForm {
  bool withTrust = true;
  std::string linkPattern;  // "{id}" stands for the session's id; empty: no links
};

// Markdown. Titles come from archives: they stand in code spans, where they name nobody, link to nothing and close
// nothing. `trust`: thousandths, by session. `marker`: an HTML comment by which the comment is found again.
std::string commentText(const std::vector<BranchSession>& sessions, const std::map<std::string, std::int64_t>& trust,
                        const CommentForm& form, std::string_view marker);

// For the comment of one user on one request.
std::string commentMarker(std::string_view userId);

}  // namespace session_sharing
