// The text of an unexpected failure, for families that promise one per operation.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "mortise/db.hpp"
#include "mortise/problem.hpp"

namespace mortise::inline sdk1 {

// Runs `work` and hands on what it returns. What it throws unexpectedly becomes Problem(500, code): the client reads
// the catalogue's text for that code, the log the reason. Problems pass, and so does a database that is down or full:
// the edge makes 503 and 507 of these.
//   return mortise::failingAs("jobs_list_failed", [&] { return list(request); });
template <class Work>
auto failingAs(const char* code, Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const Problem&) {
    throw;
  } catch (const db::Error& error) {
    using Kind = db::Error::Kind;
    if (error.kind() == Kind::unavailable || error.kind() == Kind::full || error.kind() == Kind::serialization) throw;
    throw Problem(500, code).note(error.what());
  } catch (const std::exception& error) {
    throw Problem(500, code).note(error.what());
  }
}

}  // namespace mortise::inline sdk1
