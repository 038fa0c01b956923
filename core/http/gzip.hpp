// Compression of replies: whether the client accepts gzip, whether it is worthwhile, and the compression itself.
#pragma once

#include <string_view>

#include "core/http/message.hpp"

namespace mortise::http {

// True when Accept-Encoding allows gzip (q-values respected; absent = no).
bool acceptsGzip(std::string_view acceptEncoding);
// JSON, text, JavaScript, CSS, XML, SVG.
bool isCompressible(std::string_view contentType);
// Compresses the body in place where reply and client allow it, and sets Content-Encoding and Vary. Leaves the reply
// unchanged when zlib fails or the body would not become smaller.
void compressReply(const Head& head, Reply& reply);

}  // namespace mortise::http
