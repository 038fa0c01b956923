// Cross-origin rules (Fetch standard): the origins that may read replies, and the answer to a pre-flight.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.hpp"

namespace mortise::kernel {

class Cors {
 public:
  // "*" allows any origin without credentials; listed origins are allowed with credentials, however they are spelt
  // (normalOrigin()); empty: none. Throws std::invalid_argument that names an entry which is neither.
  explicit Cors(const std::vector<std::string>& entries);
  bool isPreflight(const http::Head& head) const;
  http::Reply preflight(const http::Head& head, std::string_view allowedMethods) const;
  // Adds the fields that allow a page of `origin` to read this reply, and to every reply `Vary: Origin`.
  void decorate(std::string_view origin, http::Fields& fields) const;
  bool allows(std::string_view origin) const;
  // Whether pages of `origin` may send cookies: only origins listed by name, since "*" excludes credentials.
  bool trusts(std::string_view origin) const;

 private:
  std::vector<std::string> origins_;
  bool any_ = false;
};

}  // namespace mortise::kernel
