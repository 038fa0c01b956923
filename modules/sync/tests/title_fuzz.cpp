// Any text as the title of a manifest and as a message: what comes out is a title.
#include <mortise/characters.hpp>
#include <mortise/git_remote.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "archives/smart_title.hpp"
#include "utf8.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace session_sharing;
  const auto text = utf8::storable({reinterpret_cast<const char*>(data), size}, size);
  const auto line = firstUsableLine(text);
  if (line) must(isUsableTitle(*line) && line->find('\n') == std::string_view::npos);
  const auto keep = [](std::string_view kept) { return std::string(kept); };
  for (const auto& title : {smartTitle(text, line.value_or(""), 3, keep), smartTitle("", line.value_or(""), 0, keep)}) {
    must(!title.empty() && utf8::isText(title) && mortise::characterCount(title) <= kMaxSmartTitle + 1);
    must(std::none_of(title.begin(), title.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
  if (const auto remote = mortise::normalisedRemote(text)) must(!remote->empty() && utf8::isText(*remote));
  return 0;
}
