// The form of a scope and a key of a blob; every store checks with these.
#pragma once

#include <string_view>

namespace mortise::services {

// Views into the key that was parsed.
struct BlobKey {
  std::string_view scope;
  std::string_view hash;  // 64 lower-case hex digits
};

bool isBlobScope(std::string_view scope);
// ServiceError{invalid} when it is not [a-z0-9_-]{1,64}.
void checkBlobScope(std::string_view scope);
// ServiceError{invalid} when it is not scope/sha256.
BlobKey parseBlobKey(std::string_view key);

}  // namespace mortise::services
