// What a list of sessions may be asked for, and how what clients send is read: nothing is refused. Plain C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sync_sessions {

struct ListQuery {
  enum class Sort { startedAt, completedAt, status };

  std::string type;      // empty: any; so are the next two
  std::string category;  // exact
  std::string status;
  Sort sort = Sort::startedAt;
  bool ascending = false;
  std::int64_t page = 1;    // 1 or more
  std::int64_t limit = 20;  // 1..100
};

// As sent; absent is empty.
struct ListParameters {
  std::string_view type, category, status, sort, order, page, limit;
};

ListQuery readList(const ListParameters& sent);

// ceil(total / limit)
std::int64_t pagesOf(std::int64_t total, std::int64_t limit);

// (successful + failed) / total in percent, rounded to two decimals; 0 when total is 0.
double progressPercentage(std::int64_t successful, std::int64_t failed, std::int64_t total);

}  // namespace sync_sessions
