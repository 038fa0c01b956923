// What a list of sessions may be asked for, and how what clients send is read: nothing is refused. Plain C++.
#pragma once

#include <cstdint>
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
};

// As sent; absent is empty.
struct ListParameters {
  std::string_view type, category, status, sort, order;
};

ListQuery readList(const ListParameters& sent);

// (successful + failed) / total in percent, rounded to two decimals; 0 when total is 0.
double progressPercentage(std::int64_t successful, std::int64_t failed, std::int64_t total);

}  // namespace sync_sessions
