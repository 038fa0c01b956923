#include "core/plugin/sse.hpp"

#include <algorithm>

namespace mortise::plugin {
namespace {

// The thread's last result of sharedEvent(), if small.
struct Last {
  std::string event, id, data;
  std::weak_ptr<const std::string> bytes;
};
constexpr std::size_t kRemembered = 16 << 10;

}  // namespace

bool isOneLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string formatEvent(std::string_view event, std::string_view id, std::string_view data) {
  std::string out;
  out.reserve(event.size() + id.size() + data.size() + 32);
  if (!event.empty()) out.append("event: ").append(event).append("\n");
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return out.append("\n");
}

std::shared_ptr<const std::string> sharedEvent(std::string_view event, std::string_view id, std::string_view data) {
  if (data.size() > kRemembered) return std::make_shared<const std::string>(formatEvent(event, id, data));
  thread_local Last last;
  if (auto bytes = last.bytes.lock(); bytes && last.data == data && last.id == id && last.event == event) return bytes;
  auto bytes = std::make_shared<const std::string>(formatEvent(event, id, data));
  last.bytes.reset();
  last.event = event;
  last.id = id;
  last.data = data;
  last.bytes = bytes;
  return bytes;
}

}  // namespace mortise::plugin
