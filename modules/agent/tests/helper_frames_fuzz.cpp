// Any bytes from a server, as the helper reads them: frames and payloads stay within the bytes that came.
#include <cstdint>
#include <cstdlib>

#include "sandbox/protocol.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agent::sandbox::wire;
  const char* at = reinterpret_cast<const char*>(data);
  const char* const end = at + size;
  const auto inside = [&](Span span) { must(span.size == 0 || (span.data >= at && span.data + span.size <= end)); };
  for (;;) {
    Frame frame;
    const auto parsed = parse(at, static_cast<std::size_t>(end - at), kMaxToHelper, frame);
    if (parsed != Parsed::frame) return 0;
    must(frame.data + frame.size <= end);
    Hello hello;
    if (hello.read(frame)) must(hello.processes > 0);
    Exec exec;
    if (exec.read(frame)) {
      inside(exec.directory);
      inside(exec.command);
      must(exec.directory.size <= kMaxPath && exec.command.size <= kMaxCommand);
    }
    Spawn spawn;
    if (spawn.read(frame)) {
      inside(spawn.directory);
      inside(spawn.arguments);
      inside(spawn.environment);
      must(spawn.descriptors >= 0 && spawn.descriptors <= kMaxDescriptors && textsIn(spawn.arguments) > 0);
      for (int i = 0; i < spawn.descriptors; ++i) must(spawn.numbers[i] <= kMaxNumber);
    }
    FileRequest file;
    if (file.read(frame)) {
      inside(file.path);
      must(file.path.size <= kMaxPath && file.path.data[0] == '/');
    }
    at += kHead + frame.size;
  }
}
