// The events of a text/event-stream, from pieces that end anywhere.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace mortise::inline sdk1::models {

// One event, good for its callback only.
struct ServerEvent {
  std::string_view name;  // of `event:`; empty: "message"
  std::string_view data;  // the lines of its `data:` fields, joined by line breaks
  std::string_view id;    // the last that the stream has named
};

// Hands on each event that has data. Lines end in LF, CR or CRLF.
class EventLines {
 public:
  // `most`: bytes of one event; see overflowed().
  explicit EventLines(std::function<void(const ServerEvent& event)> onEvent, std::size_t most = std::size_t{64} << 20)
      : onEvent_(std::move(onEvent)), most_(most) {}
  void take(std::string_view piece);
  // What stood after the last line break is a line, too: some servers leave out the last empty line.
  void finish();
  bool sawData() const noexcept { return sawData_; }
  // An event was longer than it may be: nothing more is handed on.
  bool overflowed() const noexcept { return overflowed_; }
  // The last that the stream has named; empty: none. Stays when an event without data named it.
  const std::string& lastId() const noexcept { return id_; }
  // Of `retry:`, in milliseconds; negative: the stream names none.
  long retry() const noexcept { return retry_; }

 private:
  void line(std::string_view text);
  void field(std::string_view name, std::string_view value);
  void dispatch();

  std::function<void(const ServerEvent& event)> onEvent_;
  std::size_t most_;
  std::string pending_;  // a line without its end
  std::string name_;
  std::string data_;
  std::string id_;
  long retry_ = -1;
  bool hasData_ = false;
  bool sawData_ = false;
  bool afterReturn_ = false;  // a line feed now belongs to the carriage return before it
  bool overflowed_ = false;
};

}  // namespace mortise::inline sdk1::models
