#include "core/http/gzip.hpp"

#include <zlib.h>

#include <limits>

#include "core/http/ascii.hpp"
#include "core/http/vary.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kWorthIt = 1 << 10;
constexpr int kLevel = 5;

// "q=0.5" as thousandths; 1000 when absent, 0 when malformed.
int quality(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t semicolon = parameters.find(';');
    const std::string_view one = trimBlanks(parameters.substr(0, semicolon));
    parameters = semicolon == std::string_view::npos ? std::string_view() : parameters.substr(semicolon + 1);
    if (one.size() < 2 || lowerAscii(one[0]) != 'q' || one[1] != '=') continue;
    const std::string_view number = one.substr(2);
    if (number.empty() || number.size() > 5 || (number[0] != '0' && number[0] != '1')) return 0;
    if (number[0] == '1') return 1000;
    int value = 0;
    int unit = 100;
    for (std::size_t i = 2; i < number.size(); ++i, unit /= 10) {
      if (number[1] != '.' || !isDigit(number[i])) return 0;
      value += (number[i] - '0') * unit;
    }
    return value;
  }
  return 1000;
}

bool deflateAll(const std::string& in, std::string& out) {
  if (in.size() > std::numeric_limits<uInt>::max()) return false;
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return false;
  out.resize(deflateBound(&stream, static_cast<uLong>(in.size())));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END;
}

}  // namespace

bool acceptsGzip(std::string_view acceptEncoding) {
  int any = 0;
  std::string_view item;
  while (nextListItem(acceptEncoding, item)) {
    const std::size_t semicolon = item.find(';');
    const std::string_view coding = trimBlanks(item.substr(0, semicolon));
    const int q = quality(semicolon == std::string_view::npos ? std::string_view() : item.substr(semicolon + 1));
    if (equalsNoCase(coding, "gzip") || equalsNoCase(coding, "x-gzip")) return q > 0;
    if (coding == "*") any = q;
  }
  return any > 0;
}

bool isCompressible(std::string_view contentType) {
  const std::string_view type = trimBlanks(contentType.substr(0, contentType.find(';')));
  if (startsWithNoCase(type, "text/")) return !equalsNoCase(type, "text/event-stream");
  if (equalsNoCase(type, "application/json") || equalsNoCase(type, "application/javascript") ||
      equalsNoCase(type, "application/xml") || equalsNoCase(type, "application/yaml") ||
      equalsNoCase(type, "application/x-ndjson") || equalsNoCase(type, "image/svg+xml")) {
    return true;
  }
  return type.size() > 5 &&
         (equalsNoCase(type.substr(type.size() - 5), "+json") || equalsNoCase(type.substr(type.size() - 4), "+xml"));
}

void compressReply(const Head& head, Reply& reply) {
  if (!reply.compress || reply.file || reply.body.size() <= kWorthIt) return;
  if (reply.fields.find("content-encoding") || !isCompressible(reply.fields.get("content-type"))) return;
  // Clients get different bytes under one address, so caches need Vary even when this client gets them uncompressed.
  addVary(reply.fields, "Accept-Encoding");
  if (!acceptsGzip(head.fields.get("accept-encoding"))) return;
  std::string packed;
  if (!deflateAll(reply.body, packed) || packed.size() >= reply.body.size()) return;
  reply.body = std::move(packed);
  reply.fields.add("Content-Encoding", "gzip");
  const std::string_view etag = reply.fields.get("etag");
  if (!etag.empty() && etag.front() == '"') reply.fields.set("ETag", "W/" + std::string(etag));
}

}  // namespace mortise::http
