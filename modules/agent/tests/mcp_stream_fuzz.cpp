// Any bytes as a stream of events, and as lines of a program, in pieces of any size: the same comes out whatever the pieces
// are, within the bounds of memory.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event_lines.hpp"
#include "mcp/line_reader.hpp"
#include "mcp/sse_transport.hpp"

namespace {

constexpr std::size_t kMaxBytes = 256;

void must(bool good) {
  if (!good) std::abort();
}

std::string eventsOf(std::string_view bytes, std::size_t size) {
  std::string out;
  mortise::models::EventLines lines(
      [&](const mortise::models::ServerEvent& event) {
        must(event.data.size() <= kMaxBytes);
        out.append(event.name).append("\x01").append(event.data).append("\x01").append(event.id).append("\x02");
      },
      kMaxBytes);
  for (std::size_t at = 0; at < bytes.size(); at += size) lines.take(bytes.substr(at, size));
  lines.finish();
  return lines.overflowed() ? "overflowed" : out;
}

std::string linesOf(std::string_view bytes, std::size_t size) {
  std::string out;
  agent::mcp::LineReader reader(kMaxBytes);
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (!reader.take(bytes.substr(at, size))) return "too much";
    while (auto line = reader.next()) {
      must(!line->empty() && line->size() <= kMaxBytes);
      out.append(*line).push_back('\n');
    }
  }
  return out;
}

void resolve(std::string_view endpoint) {
  try {
    const auto address = agent::mcp::endpointAddress("https://example.com:8443/mcp/sse?x=1", endpoint);
    must(address.size() >= 24 && (address.starts_with("https://example.com:8443") || address.starts_with("HTTPS://") ||
                                  address.find("://") == 5));
  } catch (const agent::mcp::Failure&) {
    // Another origin.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4096) return 0;
  const std::size_t piece = data[0] % 64 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  must(eventsOf(bytes, piece) == eventsOf(bytes, 1));
  // Whole input may hold more lines at once than may wait.
  if (const auto lines = linesOf(bytes, piece); lines != "too much") must(lines == linesOf(bytes, 1));
  resolve(bytes);
  return 0;
}
