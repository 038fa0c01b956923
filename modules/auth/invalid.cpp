#include "invalid.hpp"

#include <utility>

namespace auth {

mortise::Problem invalid(std::string location, std::string rule) {
  return mortise::Problem(422, "validation_failed").field(std::move(location), std::move(rule));
}

EmailAddress emailOf(const std::string& email) {
  auto address = EmailAddress::parse(email);
  if (!address) throw invalid("body/email", "email");
  return *std::move(address);
}

}  // namespace auth
