// Arbitrary bytes, split anywhere, must give the same result as in one piece.
#include <cstdlib>

#include "core/http/head_parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace mortise::http;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const HeadLimits limits;
  HeadParser whole(limits);
  Head head;
  const HeadParser::Result expected = whole.parse(bytes, head);
  HeadParser pieces(limits);
  Head again;
  const std::size_t cut = bytes.size() * data[0] / 256;
  HeadParser::Result result = pieces.parse(bytes.substr(0, cut), again);
  if (result == HeadParser::Result::incomplete) result = pieces.parse(bytes, again);
  if (result != expected) std::abort();
  if (result == HeadParser::Result::complete) {
    if (whole.consumed() != pieces.consumed() || head.target != again.target || head.chunked != again.chunked)
      std::abort();
    if (whole.consumed() > bytes.size() || (head.chunked && head.contentLength)) std::abort();
    for (const Field& field : head.fields.all()) {
      if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) std::abort();
    }
  }
  return 0;
}
