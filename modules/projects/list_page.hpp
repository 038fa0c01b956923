// Pages of lists whose rows hold large texts: how much fits into one, and where the next one goes on.
#pragma once

#include <mortise/text.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

namespace projects {

inline constexpr std::size_t kMaxListedBytes = std::size_t{8} << 20;  // of the rows of one page

// So many rows, and no more bytes than that; one row always.
class PageRoom {
 public:
  PageRoom(std::size_t rows, std::size_t bytes) : rowsLeft_(rows), bytesLeft_(bytes) {}

  // False: there is no room for it, and it belongs to the next page.
  bool take(std::size_t bytes) {
    if (rowsLeft_ == 0 || (bytes > bytesLeft_ && !isEmpty_)) return false;
    --rowsLeft_;
    bytesLeft_ -= std::min(bytesLeft_, bytes);
    isEmpty_ = false;
    return true;
  }

 private:
  std::size_t rowsLeft_;
  std::size_t bytesLeft_;
  bool isEmpty_ = true;
};

// The last row of a page, in a list by time.
struct ListPlace {
  mortise::Time createdAt;
  std::string id;
};

// "microseconds,id", for X-Next-Cursor.
std::string placeText(const ListPlace& place);
// Empty: nothing was sent. Problem 422 invalid_cursor.
std::optional<ListPlace> placeOf(const std::optional<mortise::Text>& cursor);

}  // namespace projects
