// The account behind a request, where a token outlives it.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/problem.hpp>
#include <mortise/request.hpp>

namespace auth {

// 401: the account was deleted since the caller's token was checked.
mortise::Problem accountGone();
// The caller's account. Problem 401 when it is gone.
mortise::User callerOf(const mortise::Identity& identity, const mortise::Request& request);
// The caller's account after `change`. Problem 401 when it is gone.
mortise::User changeCaller(const mortise::Identity& identity, const mortise::Request& request,
                           const mortise::UserChange& change);

}  // namespace auth
