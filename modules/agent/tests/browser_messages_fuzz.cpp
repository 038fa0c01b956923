// Any bytes as messages of a browser, in pieces of any size: the same messages come out whatever the pieces are, and
// what the tabs keep and tell of them stays within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "browser/message_splitter.hpp"
#include "browser/tabs.hpp"
#include "json_text.hpp"

namespace {

using agent::browser::Tabs;

constexpr std::size_t kMaxBytes = 4096;

void must(bool good) {
  if (!good) std::abort();
}

// The messages, each behind a mark; and what became of them in tabs.
std::string messagesOf(std::string_view bytes, std::size_t size, Tabs* tabs) {
  std::string out;
  agent::browser::MessageSplitter splitter(kMaxBytes);
  const auto take = [&](std::string_view message) {
    must(message.size() <= kMaxBytes);
    out.append("\x01").append(message);
    rapidjson::Document read;
    if (tabs == nullptr ||
        (!agent::parseJson(message, read) && !agent::parseJson(agent::browser::withWholeSurrogates(message), read)))
      return;
    const auto* params = agent::memberOf(read, "params");
    if (params == nullptr || !params->IsObject()) return;
    tabs->onEvent(agent::textMember(read, "sessionId"), agent::textMember(read, "method"), *params);
  };
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (!splitter.add(bytes.substr(at, size), take)) return out + "too long";
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Tabs tabs([](std::string_view, std::string_view, const std::string& params) { must(params.starts_with("{")); }, 1000);
  const auto whole = messagesOf(bytes, size == 0 ? 1 : size, &tabs);
  must(whole == messagesOf(bytes, 1, nullptr));
  must(tabs.all().size() <= Tabs::kMaxTabs);
  for (const auto& tab : tabs.all())
    must(tabs.consoleOf(tab.target, 10000).size() <= agent::browser::Console::kMaxLines);
  must(tabs.takeNotes().size() <= 20);
  return 0;
}
