// Selects the part of a file that a request asks for: conditions (If-None-Match, If-Modified-Since, If-Range) and one
// byte range.
#pragma once

#include <cstdint>

#include "core/http/message.hpp"

namespace mortise::http {

struct FileSelection {
  int status = 200;  // the reply's own, 206, 304 or 416
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  Fields fields;  // ETag, Last-Modified, Accept-Ranges, Content-Range
};

// Conditions apply only to GET and HEAD with a reply of 200. Several ranges, or one in another unit, give the whole
// file.
FileSelection selectFile(const Head& head, int status, const FileBody& file, std::uint64_t size);

}  // namespace mortise::http
