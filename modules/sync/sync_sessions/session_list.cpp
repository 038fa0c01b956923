#include "sync_sessions/session_list.hpp"

#include <mortise/paging.hpp>

#include <algorithm>
#include <cmath>

namespace sync_sessions {
namespace {

using mortise::trimmed;

ListQuery::Sort sortOf(std::string_view sent) {
  const auto text = trimmed(sent);
  if (text == "completed_at") return ListQuery::Sort::completedAt;
  if (text == "status") return ListQuery::Sort::status;
  return ListQuery::Sort::startedAt;
}

bool isAscending(std::string_view sent) {
  const auto text = trimmed(sent);
  constexpr std::string_view kAscending = "asc";
  return std::equal(text.begin(), text.end(), kAscending.begin(), kAscending.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

}  // namespace

ListQuery readList(const ListParameters& sent) {
  ListQuery query;
  query.type = trimmed(sent.type);
  query.category = trimmed(sent.category);
  query.status = trimmed(sent.status);
  query.sort = sortOf(sent.sort);
  query.ascending = isAscending(sent.order);
  return query;
}

double progressPercentage(std::int64_t successful, std::int64_t failed, std::int64_t total) {
  if (total == 0) return 0;
  const double percent = static_cast<double>(successful + failed) / static_cast<double>(total) * 100;
  return std::round(percent * 100) / 100;
}

}  // namespace sync_sessions
