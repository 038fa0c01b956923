// Arbitrary bytes, split anywhere, must give the same parts as in one piece.
#include <cstdlib>
#include <string>

#include "core/http/multipart_splitter.hpp"

namespace {

using namespace mortise::http;

struct Recorder final : MultipartSplitter::Sink {
  std::string seen;
  bool inside = false;
  Refusal beginPart(PartHead head) override {
    if (inside) std::abort();
    inside = true;
    seen += "<" + head.name + "|" + head.filename + "|" + head.contentType + ">";
    return Refusal();
  }
  Refusal partData(std::string_view bytes) override {
    if (!inside) std::abort();
    seen += bytes;
    return Refusal();
  }
  Refusal endPart() override {
    if (!inside) std::abort();
    inside = false;
    seen += "</>";
    return Refusal();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  MultipartSplitter::boundaryOf(bytes);
  Recorder one, two;
  MultipartSplitter whole("B", 10, one), pieces("B", 10, two);
  Refusal expected = whole.feed(bytes);
  if (!expected) expected = whole.finish();
  Refusal result = pieces.feed(bytes.substr(0, cut));
  if (!result) result = pieces.feed(bytes.substr(cut));
  if (!result) result = pieces.finish();
  if (expected.status != result.status) std::abort();
  if (!result && one.seen != two.seen) std::abort();
  return 0;
}
