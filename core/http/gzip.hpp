// Compression of replies: whether the client takes gzip, whether it is worth it, and doing it.
#pragma once

#include <string_view>

#include "core/http/message.hpp"

namespace mortise::http {

// True when Accept-Encoding allows gzip (q-values honoured; absent = no).
bool acceptsGzip(std::string_view acceptEncoding);
// JSON, text, JavaScript, CSS, XML, SVG.
bool isCompressible(std::string_view contentType);
// Compresses the body in place where reply and client allow it, and sets Content-Encoding and Vary. Leaves the reply as
// it is when zlib fails or nothing is gained.
void compressReply(const Head& head, Reply& reply);

}  // namespace mortise::http
