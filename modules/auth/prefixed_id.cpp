#include "prefixed_id.hpp"

#include <sodium.h>

namespace auth {

std::string makePrefixedId(std::string_view prefix) {
  unsigned char bytes[8];
  randombytes_buf(bytes, sizeof bytes);
  char hex[2 * sizeof bytes + 1];
  sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
  return std::string(prefix) + hex;
}

}  // namespace auth
