#include "caller.hpp"

namespace auth {

mortise::Problem accountGone() {
  return mortise::Problem(401, "not_authenticated").note("the account was deleted a moment ago");
}

mortise::User callerOf(const mortise::Identity& identity, const mortise::Request& request) {
  auto user = identity.find(mortise::UserKey::id, request.principal().userId);
  if (!user) throw accountGone();
  return *std::move(user);
}

mortise::User changeCaller(const mortise::Identity& identity, const mortise::Request& request,
                           const mortise::UserChange& change) {
  try {
    return identity.change(request.principal().userId, change);
  } catch (const mortise::Problem& problem) {
    if (problem.status() == 404) throw accountGone();
    throw;
  }
}

}  // namespace auth
