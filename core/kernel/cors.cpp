#include "core/kernel/cors.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/http/vary.hpp"
#include "core/kernel/origin.hpp"

namespace mortise::kernel {

namespace {
constexpr std::string_view kExposed = "Retry-After, Content-Disposition, X-Request-Id, ETag, X-Next-Cursor";
constexpr std::string_view kAllowedFields =
    "Authorization, Content-Type, Accept, Accept-Language, If-Match, If-None-Match, Last-Event-ID, X-CSRFToken, "
    "X-Request-Id";

}  // namespace

Cors::Cors(const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    if (entry == "*") {
      any_ = true;
      continue;
    }
    auto origin = normalOrigin(entry);
    if (!origin) {
      throw std::invalid_argument(
          "\"" + entry +
          "\" is no origin; write scheme://host or scheme://host:port and nothing after it, such "
          "as https://app.example, or * alone");
    }
    origins_.push_back(*std::move(origin));
  }
}

bool Cors::trusts(std::string_view origin) const {
  const auto normal = normalOrigin(origin);
  return normal && std::find(origins_.begin(), origins_.end(), *normal) != origins_.end();
}

bool Cors::allows(std::string_view origin) const { return any_ || trusts(origin); }

bool Cors::isPreflight(const http::Head& head) const {
  return head.method == http::Method::options && head.fields.find("Origin") != nullptr &&
         head.fields.find("Access-Control-Request-Method") != nullptr;
}

http::Reply Cors::preflight(const http::Head& head, std::string_view allowedMethods) const {
  http::Reply reply;
  reply.status = 204;
  reply.fields.add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers");
  const auto origin = head.fields.get("Origin");
  decorate(origin, reply.fields);
  if (!allows(origin)) return reply;
  reply.fields.add("Access-Control-Allow-Methods", std::string(allowedMethods));
  reply.fields.add("Access-Control-Allow-Headers", std::string(kAllowedFields));
  reply.fields.add("Access-Control-Max-Age", "600");
  return reply;
}

void Cors::decorate(std::string_view origin, http::Fields& fields) const {
  // Caches must not give the answer for one origin to another, even where the answers are the same today.
  http::addVary(fields, "Origin");
  if (origin.empty() || !allows(origin)) return;
  if (any_) {
    fields.add("Access-Control-Allow-Origin", "*");
  } else {
    fields.add("Access-Control-Allow-Origin", std::string(origin));
    fields.add("Access-Control-Allow-Credentials", "true");
  }
  fields.add("Access-Control-Expose-Headers", std::string(kExposed));
}

}  // namespace mortise::kernel
