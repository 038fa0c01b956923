#include "session_list.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sync_sessions {
namespace {

constexpr std::int64_t kMostPerPage = 100;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::int64_t numberOr(std::string_view sent, std::int64_t otherwise) {
  auto text = trimmed(sent);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size() && !text.empty() ? number : otherwise;
}

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
  query.page = std::max<std::int64_t>(1, numberOr(sent.page, query.page));
  query.limit = std::clamp<std::int64_t>(numberOr(sent.limit, query.limit), 1, kMostPerPage);
  return query;
}

std::int64_t pagesOf(std::int64_t total, std::int64_t limit) { return (total + limit - 1) / limit; }

double progressPercentage(std::int64_t successful, std::int64_t failed, std::int64_t total) {
  if (total == 0) return 0;
  const double percent = static_cast<double>(successful + failed) / static_cast<double>(total) * 100;
  return std::round(percent * 100) / 100;
}

}  // namespace sync_sessions
