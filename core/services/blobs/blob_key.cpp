#include "core/services/blobs/blob_key.hpp"

#include <algorithm>
#include <string>

#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

bool isHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

bool isBlobScope(std::string_view scope) {
  return !scope.empty() && scope.size() <= 64 && std::all_of(scope.begin(), scope.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void checkBlobScope(std::string_view scope) {
  if (!isBlobScope(scope))
    throw ServiceError(ErrorKind::invalid, "blobs: scope " + std::string(scope) + " is not [a-z0-9_-]{1,64}");
}

BlobKey parseBlobKey(std::string_view key) {
  const auto slash = key.find('/');
  const BlobKey parsed{key.substr(0, slash),
                       slash == std::string_view::npos ? std::string_view{} : key.substr(slash + 1)};
  checkBlobScope(parsed.scope);
  if (parsed.hash.size() != 64 || !isHex(parsed.hash)) {
    throw ServiceError(ErrorKind::invalid, "blobs: a key is scope/sha256 in lower-case hex");
  }
  return parsed;
}

}  // namespace mortise::services
