#include "library/message_page.hpp"

#include <algorithm>

namespace session_sharing {

MessagePage pageOf(const MessageBlocks& blocks, const MessageQuery& query) {
  MessagePage out;
  out.total = blocks.shown();
  out.page = query.page;
  std::optional<std::int64_t> anchor;
  if (query.around) {
    const auto place = blocks.find(*query.around);
    out.target = {*query.around, !place ? "missing" : place->isShown ? "found" : "hidden", std::nullopt};
    if (place) anchor = place->number;
  }
  if (anchor) out.page = (query.isNewestFirst ? out.total - 1 - *anchor : *anchor) / query.pageSize + 1;
  if (out.page > (out.total + query.pageSize - 1) / query.pageSize) return out;  // beyond the end

  const auto skip = (out.page - 1) * query.pageSize;
  const auto count = std::min(query.pageSize, out.total - skip);
  const auto first = query.isNewestFirst ? out.total - skip - count : skip;
  out.messages = blocks.read(first, count);
  if (anchor && *anchor >= first && *anchor - first < std::ssize(out.messages))
    out.target->anchor = out.messages[static_cast<std::size_t>(*anchor - first)].line;
  if (query.isNewestFirst) std::reverse(out.messages.begin(), out.messages.end());
  out.hasMore = skip + count < out.total;
  return out;
}

}  // namespace session_sharing
