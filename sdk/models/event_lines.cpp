#include "event_lines.hpp"

#include <charconv>
#include <utility>

namespace mortise::inline sdk1::models {

void EventLines::take(std::string_view piece) {
  while (!piece.empty() && !overflowed_) {
    if (std::exchange(afterReturn_, false) && piece[0] == '\n') {
      piece.remove_prefix(1);
      continue;
    }
    const auto end = piece.find_first_of("\r\n");
    const auto part = piece.substr(0, end);
    if (pending_.size() + part.size() + data_.size() > most_) {
      overflowed_ = true;
      return;
    }
    if (end == std::string_view::npos) {
      pending_.append(part);
      return;
    }
    afterReturn_ = piece[end] == '\r';
    if (pending_.empty()) {
      line(part);
    } else {
      pending_.append(part);
      line(std::exchange(pending_, {}));
    }
    piece.remove_prefix(end + 1);
  }
}

void EventLines::finish() {
  if (overflowed_) return;
  if (!pending_.empty()) line(std::exchange(pending_, {}));
  dispatch();
}

void EventLines::line(std::string_view text) {
  if (text.empty()) return dispatch();
  const auto colon = text.find(':');
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  field(text.substr(0, colon), value);
}

void EventLines::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (hasData_) data_.push_back('\n');
    data_.append(value);
    hasData_ = sawData_ = true;
  } else if (name == "event") {
    name_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    long retry = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), retry);
    if (error == std::errc() && end == value.data() + value.size() && retry >= 0) retry_ = retry;
  }
}

void EventLines::dispatch() {
  const auto name = std::exchange(name_, {});
  if (!std::exchange(hasData_, false)) return;
  const auto data = std::exchange(data_, {});
  onEvent_({name, data, id_});
}

}  // namespace mortise::inline sdk1::models
