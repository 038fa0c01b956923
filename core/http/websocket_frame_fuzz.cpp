// Arbitrary bytes, split anywhere, must give the same events as in one piece.
#include <cstdlib>
#include <string>

#include "core/http/websocket_decoder.hpp"

namespace {

using mortise::http::WebSocketDecoder;

// Returns false once nothing more is read.
bool feed(WebSocketDecoder& decoder, std::string_view bytes, std::string& seen) {
  while (!bytes.empty()) {
    const auto step = decoder.feed(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.event == WebSocketDecoder::Event::none) {
      if (!bytes.empty()) std::abort();
      break;
    }
    seen += std::to_string(static_cast<int>(step.event)) + ":" + std::to_string(step.code) + ":";
    seen += step.payload;
    if (step.event == WebSocketDecoder::Event::close || step.event == WebSocketDecoder::Event::error) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  WebSocketDecoder whole(4096), pieces(4096);
  std::string seen, again;
  feed(whole, bytes, seen);
  if (feed(pieces, bytes.substr(0, cut), again)) feed(pieces, bytes.substr(cut), again);
  if (seen != again) std::abort();
  return 0;
}
