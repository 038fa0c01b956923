// Arbitrary bytes, split anywhere, must give the same body as in one piece.
#include <cstdlib>
#include <string>

#include "core/http/chunked_decoder.hpp"

namespace {

void feed(mortise::http::ChunkedDecoder& decoder, std::string_view bytes, std::string& body, std::size_t& consumed) {
  while (!bytes.empty() && !decoder.done() && !decoder.failed()) {
    const auto step = decoder.feed(bytes);
    if (step.consumed == 0) std::abort();
    body += step.data;
    consumed += step.consumed;
    bytes.remove_prefix(step.consumed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace mortise::http;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  ChunkedDecoder whole, pieces;
  std::string body, again;
  std::size_t consumed = 0, consumedAgain = 0;
  feed(whole, bytes, body, consumed);
  feed(pieces, bytes.substr(0, cut), again, consumedAgain);
  feed(pieces, bytes.substr(cut), again, consumedAgain);
  if (body != again || consumed != consumedAgain || whole.done() != pieces.done() || whole.failed() != pieces.failed())
    std::abort();
  return 0;
}
