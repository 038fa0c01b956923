#include "conversations/session_views.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <utility>

namespace agent {
namespace {

namespace json = mortise::json;

// With what a client may have unread before it, half of what the kernel keeps for a stream.
constexpr std::size_t kMaxListBytes = 512U << 10U;
constexpr std::size_t kShortBytes = 4U << 10U;

std::string_view wordOf(SessionStatus status) { return mortise::detail::nameOf(status); }

}  // namespace

std::string sessionListText(const std::vector<SessionItem>& sessions) {
  json::List list;
  std::size_t bytes = 0;
  for (const auto& session : sessions) {
    const auto at = session.latestMessageAt;
    auto item = json::object({{"session_id", session.id},
                              {"title", session.title},
                              {"latest_message", mortise::firstCharacters(session.latestMessage, kLatestCharacters)},
                              {"latest_message_at", at ? std::optional(mortise::isoTime(*at)) : std::nullopt},
                              {"status", wordOf(session.status)},
                              {"unread_message_count", session.unread}})
                    .text();
    bytes += item.size() + 1;
    if (bytes > kMaxListBytes) break;
    list.add(json::raw(std::move(item)));
  }
  return json::object({{"sessions", list}}).text();
}

std::string sessionDetailText(const Session& session, const SessionStore& store) {
  std::string out;
  // Each event in its frame, and what comes while it is read.
  out.reserve(static_cast<std::size_t>(session.bytes) + kShortBytes);
  json::ObjectWriter(out)
      .member("session_id", session.id)
      .member("title", session.title)
      .member("status", wordOf(session.status));
  out += R"(,"events":[)";
  bool isFirst = true;
  store.eachEvent(session.id, [&](std::string_view kind, std::string_view data) {
    if (!std::exchange(isFirst, false)) out += ',';
    out += R"({"event":)";
    json::appendQuoted(out, kind);
    out.append(R"(,"data":)").append(data) += '}';
  });
  return out += "]}";
}

}  // namespace agent
