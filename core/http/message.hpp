// Values of one HTTP exchange: the content of a request head and of a reply. No sockets, no Pistache.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/byte_source.hpp"

namespace mortise::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

std::string_view toText(Method method);  // "OTHER" for a method that no route has
std::optional<Method> methodFrom(std::string_view text);

struct Field {
  std::string name;
  std::string value;
};

// Ordered, repeatable fields with case-insensitive look-up.
class Fields {
 public:
  void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value)}); }
  void set(std::string_view name, std::string value);  // replaces every earlier field of that name
  // First value of that name, or nullptr.
  const std::string* find(std::string_view name) const;
  std::string_view get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  const std::vector<Field>& all() const { return list_; }
  bool empty() const { return list_.empty(); }

 private:
  std::vector<Field> list_;
};

// A request head that the parser accepted. `path` and `query` are raw (percent-encoded), without '?'.
struct Head {
  Method method = Method::get;
  std::string otherMethod;  // as it was sent, cut to kShownMethod bytes, where `method` is other
  std::string target;
  std::string_view path;   // into target
  std::string_view query;  // into target
  int versionMinor = 1;    // HTTP/1.x
  Fields fields;
  std::optional<std::uint64_t> contentLength;
  bool chunked = false;
  bool expectContinue = false;
  bool keepAlive = true;

  static constexpr std::size_t kShownMethod = 32;
  std::string_view methodText() const { return method == Method::other ? otherMethod : toText(method); }
  bool hasBody() const { return chunked || contentLength.value_or(0) > 0; }
};

// The socket's peer. The kernel evaluates forwarded addresses (trusted proxies).
struct Peer {
  std::string address;  // numeric IPv4/IPv6, "unix" for a Unix socket
  std::uint16_t port = 0;
  bool isUnix = false;
};

// How to receive the body of one request. Decided after the head, before a byte of the body is read.
struct BodyPlan {
  enum class Kind : std::uint8_t {
    memory,     // collected into Exchange::body(), at most `limit` bytes
    spool,      // written to one temporary file: Exchange::spooled()
    multipart,  // split while it arrives; file parts go to temporary files: Exchange::parts(). No multipart/form-data:
                // dropped while it arrives, and there are no parts
  };
  Kind kind = Kind::memory;
  std::uint64_t limit = 1 << 20;                // whole body; above it: 413
  std::uint64_t partLimit = ~std::uint64_t{0};  // one file part (multipart); above it: 413
  std::size_t maxParts = 100;
  std::size_t maxFieldBytes = 64 << 10;  // one non-file part, kept in memory (multipart)
};

struct Part {
  std::string name;
  std::string filename;  // as sent (decoded from RFC 5987 where used); empty and !isFile for a plain field
  std::string contentType;
  bool isFile = false;
  std::string value;                 // plain field
  std::shared_ptr<ByteSource> file;  // file part: an unlinked temporary file, freed with its last reference
};

// Bytes to send. A source with a descriptor is sent with sendfile; fstat checks its size when sending starts.
struct FileBody {
  std::shared_ptr<ByteSource> file;
  std::string etag;               // strong, quoted; empty = none
  std::int64_t lastModified = 0;  // seconds since the epoch; 0 = none
};

// One reply. `body` and `file` exclude each other. The server adds Content-Length, Date, Connection and X-Request-Id,
// and answers Range, If-Range, If-None-Match and HEAD for file bodies.
struct Reply {
  int status = 200;
  Fields fields;
  std::string body;
  std::optional<FileBody> file;
  bool closeAfter = false;
  bool compress = true;  // gzip when the client accepts it, body > 1 KiB and the content type is compressible (JSON,
                         // text, SVG, JS, CSS)
};

}  // namespace mortise::http
