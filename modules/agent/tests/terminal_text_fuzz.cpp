// Any bytes of a terminal, cut anywhere: the same text, in UTF-8, without a control character, and bounded.
#include <mortise/characters.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sandbox/glob.hpp"
#include "sandbox/install_flags.hpp"
#include "sandbox/terminal_text.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agent::sandbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TerminalText whole(1000);
  whole.feed(bytes);
  const auto text = whole.text();
  must(isUtf8(text));
  must(mortise::characterCount(text) <= 1000 + 64);
  for (const char c : text) must(c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  const auto at = size == 0 ? 0 : data[0] % (size + 1);
  TerminalText cut(1000);
  cut.feed(bytes.substr(0, at));
  cut.feed(bytes.substr(at));
  must(cut.text() == text);
  must(mortise::firstCharacters(text, 10).size() <= text.size());

  // The two other readers of what models write.
  must(withInstallFlags(bytes).size() >= bytes.size());
  const auto half = bytes.size() / 2;
  const Glob glob(bytes.substr(0, half));
  if (glob.good()) glob.matches(bytes.substr(half, 512));
  return 0;
}
