// What a contract says about a request, and which answers agree with it.
#pragma once

#include <string>

namespace mortise::testing {

struct Verdict {
  int status = 0;       // 0: it is let in
  std::string field{};  // at fault; empty: the family names no field here

  bool isLetIn() const { return status == 0; }
};

// Whether an answer with this status agrees. `isDeclared`: the operation lists it among its own answers; so may one who
// is let in be refused for the object that the request is about.
inline bool agrees(const Verdict& verdict, int status, bool isDeclared) {
  if (!verdict.isLetIn()) return status == verdict.status;
  if (isDeclared) return true;
  const bool isRefusal = status == 401 || status == 403;
  // 503: a service that the operation needs, such as mail, is not there.
  return !isRefusal && (status < 500 || status == 503);
}

}  // namespace mortise::testing
