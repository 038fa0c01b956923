// The conventions of an API family besides its envelope. A contract document takes its family's conventions and may
// change each of them (x-mortise-*), and so may an operation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::dialect {

struct Family;

// The checks before the handler; each family has its own order (x-mortise-checks).
enum class Check : std::uint8_t {
  syntax,   // the JSON body can be parsed
  limitIp,  // buckets keyed by client address
  csrf,
  principal,   // 401
  limitUser,   // buckets keyed by user or key
  permission,  // 403
  shape,       // path, query, header and body against their schemas
};

struct Conventions {
  const Family* family = nullptr;  // fixed properties of the family; never null in a compiled contract
  std::string dialect;             // the family's name, or that of a third party's template
  std::string language;            // default language of messages: "en", "zh-CN"
  std::vector<Check> checks;
  bool bothSlashes = false;        // serve /x and /x/
  bool decodedSlash = false;       // %2F in a path acts as /
  bool noStore = false;            // Cache-Control: no-store
  bool plainDownloadNames = true;  // Content-Disposition: filename="..." where that can say it; else filename*= always
  bool impliedMethods = true;      // GET answers HEAD too, and OPTIONS lists the methods; else both are 405
};

}  // namespace mortise::dialect
