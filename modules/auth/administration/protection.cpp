#include "administration/protection.hpp"

#include <mortise/problem.hpp>
#include <mortise/roles.hpp>

namespace auth {

void requireMayActOn(const mortise::Request& request, const mortise::User& user) {
  const auto caller = request.principal();
  if (user.id != caller.userId && !mortise::mayActOn(caller.role, user.role))
    throw mortise::Problem(403, "administrator_protected");
}

}  // namespace auth
