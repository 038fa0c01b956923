#include "core/services/objects/object_name.hpp"

#include <algorithm>
#include <string>

#include "core/base/text.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

constexpr std::size_t kMaxObjectNameBytes = 1024;
constexpr std::size_t kMaxContentTypeBytes = 255;
constexpr std::int64_t kMaxLinkSeconds = 604800;

bool isLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Why the name is invalid; empty when it is valid.
std::string_view faultOf(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxObjectNameBytes) return "is longer than 1024 bytes";
  if (!text::isUtf8(name)) return "is not UTF-8";
  const bool controlled = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
  if (controlled) return "has a control byte";
  if (name.find('\\') != std::string_view::npos) return "has a backslash";
  for (const auto segment : text::split(name, '/')) {
    if (segment.empty()) return "has an empty segment; it may not begin or end with / or have // in it";
    if (segment == "." || segment == "..") return "has a segment that is . or ..";
  }
  return {};
}

}  // namespace

bool isBucketName(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && isLetterOrDigit(name.front()) && isLetterOrDigit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return isLetterOrDigit(c) || c == '.' || c == '-'; });
}

void checkBucketName(std::string_view name) {
  if (isBucketName(name)) return;
  throw ServiceError(ErrorKind::invalid,
                     "objects: the bucket's name is not 3 to 63 of a-z, 0-9, . and -, beginning and ending with a "
                     "letter or digit",
                     0, "bucket_name");
}

void checkObjectName(std::string_view name) {
  const auto fault = faultOf(name);
  if (!fault.empty())
    throw ServiceError(ErrorKind::invalid, "objects: the object's name " + std::string(fault), 0, "object_name");
}

void checkContentType(std::string_view type) {
  const bool good = type.size() <= kMaxContentTypeBytes &&
                    std::all_of(type.begin(), type.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!good) {
    throw ServiceError(ErrorKind::invalid,
                       "objects: the content type has more than 255 characters, or one that is not printable ASCII", 0,
                       "content_type");
  }
}

void checkExpiry(std::int64_t seconds) {
  if (seconds >= 1 && seconds <= kMaxLinkSeconds) return;
  throw ServiceError(ErrorKind::invalid, "objects: a link lives 1 to 604800 seconds, not " + std::to_string(seconds), 0,
                     "expiry");
}

}  // namespace mortise::services
