#include "core/kernel/cors.hpp"

#include <algorithm>

namespace mortise::kernel {

namespace {
constexpr std::string_view kExposed = "Retry-After, Content-Disposition, X-Request-Id, ETag";
constexpr std::string_view kAllowedFields =
    "Authorization, Content-Type, Accept, Accept-Language, If-Match, If-None-Match, Last-Event-ID, X-CSRFToken, "
    "X-Request-Id";
}  // namespace

Cors::Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {
  any_ = std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
}

bool Cors::allows(std::string_view origin) const {
  return any_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

bool Cors::trusts(std::string_view origin) const {
  return origin != "*" && std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

bool Cors::isPreflight(const http::Head& head) const {
  return head.method == http::Method::options && head.fields.find("Origin") != nullptr &&
         head.fields.find("Access-Control-Request-Method") != nullptr;
}

http::Reply Cors::preflight(const http::Head& head, std::string_view allowedMethods) const {
  http::Reply reply;
  reply.status = 204;
  reply.fields.add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  const auto origin = head.fields.get("Origin");
  if (!allows(origin)) return reply;
  decorate(origin, reply.fields);
  reply.fields.add("Access-Control-Allow-Methods", std::string(allowedMethods));
  reply.fields.add("Access-Control-Allow-Headers", std::string(kAllowedFields));
  reply.fields.add("Access-Control-Max-Age", "600");
  return reply;
}

void Cors::decorate(std::string_view origin, http::Fields& fields) const {
  if (origin.empty() || !allows(origin)) return;
  if (any_) {
    fields.add("Access-Control-Allow-Origin", "*");
  } else {
    fields.add("Access-Control-Allow-Origin", std::string(origin));
    fields.add("Access-Control-Allow-Credentials", "true");
    fields.add("Vary", "Origin");
  }
  fields.add("Access-Control-Expose-Headers", std::string(kExposed));
}

}  // namespace mortise::kernel
