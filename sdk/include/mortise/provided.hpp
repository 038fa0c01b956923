// What functions of an interface that a module provides answer when they fail.
#pragma once

#include <string>
#include <utility>

#include "mortise/db.hpp"
#include "mortise/module.hpp"
#include "mortise/problem.hpp"

namespace mortise::inline sdk1 {

namespace detail {

inline mortise_status statusOf(const Problem& problem, mortise_status conflict) noexcept {
  switch (problem.status()) {
    case 403:
      return MORTISE_DENIED;
    case 404:
      return MORTISE_NOT_FOUND;
    case 409:
      return conflict;
    case 413:
    case 422:
      return MORTISE_INVALID;
    case 503:
      return MORTISE_UNAVAILABLE;
    case 504:
      return MORTISE_TIMEOUT;
    case 507:
      return MORTISE_FULL;
    default:
      return MORTISE_FAILED;
  }
}

inline mortise_status statusOf(const db::Error& error) noexcept {
  switch (error.kind()) {
    case db::Error::Kind::unavailable:
    case db::Error::Kind::serialization:
      return MORTISE_UNAVAILABLE;
    case db::Error::Kind::full:
      return MORTISE_FULL;
    default:
      return MORTISE_FAILED;
  }
}

}  // namespace detail

// Runs the body of one function, which returns its status; what it throws becomes a status and fills `error` (may be
// null). `conflict`: what a Problem 409 means. `report(reason)` learns of what is not the caller's fault; it must not
// throw. [any]
template <class Report, class Work>
mortise_status provided(mortise_error* error, mortise_status conflict, Report&& report, Work&& work) noexcept {
  try {
    return work();
  } catch (const Problem& problem) {
    detail::fill(error, problem.code(), problem.note().empty() ? problem.code() : problem.note());
    if (error != nullptr) error->retry_after = problem.retryAfter();
    if (problem.status() >= 500) report(detail::currentException());
    return detail::statusOf(problem, conflict);
  } catch (const db::Error& failed) {
    detail::fill(error, "database", failed.what());
    if (error != nullptr) error->retry_after = failed.retryAfter();
    report(std::string(failed.what()));
    return detail::statusOf(failed);
  } catch (...) {
    auto reason = detail::currentException();
    detail::fill(error, "failed", reason);
    report(std::move(reason));
    return MORTISE_FAILED;
  }
}

}  // namespace mortise::inline sdk1
