// The ids of a session's events: <ms>-<seq>, one sequence that only grows, whichever server writes.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

struct EventId {
  // Events that are stored have a multiple of this as `seq`. What lies between belongs to the partial messages that
  // follow the event, which are not stored: so a server that streams them need not ask the database for each.
  static constexpr std::int64_t kStep = 1 << 20;

  std::int64_t ms = 0;
  std::int64_t seq = 0;

  friend constexpr auto operator<=>(const EventId&, const EventId&) = default;

  std::string text() const { return std::to_string(ms) + "-" + std::to_string(seq); }
  // The stored event that this one is, or follows.
  constexpr EventId stored() const { return {ms, seq - seq % kStep}; }
  // The partial message number `count`, from 1, behind the stored event.
  constexpr EventId partial(std::int64_t count) const { return {ms, stored().seq + count}; }

  // Empty for what is no id.
  static std::optional<EventId> parse(std::string_view text) {
    const auto dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    EventId id;
    if (!number(text.substr(0, dash), id.ms) || !number(text.substr(dash + 1), id.seq)) return std::nullopt;
    return id;
  }

 private:
  static bool number(std::string_view text, std::int64_t& into) {
    constexpr std::size_t kDigits = 17;
    if (text.empty() || text.size() > kDigits || text[0] < '0' || text[0] > '9') return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
  }
};

}  // namespace agent
