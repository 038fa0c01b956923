#include "list_page.hpp"

#include <mortise/problem.hpp>

#include <charconv>
#include <cstdint>

namespace projects {

std::string placeText(const ListPlace& place) {
  return std::to_string(mortise::micros(place.createdAt)) + "," + place.id;
}

std::optional<ListPlace> placeOf(const std::optional<mortise::Text>& cursor) {
  if (!cursor) return std::nullopt;
  std::int64_t time = 0;
  const auto* end = cursor->data() + cursor->size();
  const auto [at, error] = std::from_chars(cursor->data(), end, time);
  if (error != std::errc() || at == end || *at != ',' || at + 1 == end)
    throw mortise::Problem(422, "invalid_cursor").field("query/cursor");
  return ListPlace{mortise::timeOf(time), std::string(at + 1, end)};
}

}  // namespace projects
