// Maps method and raw path to an operation. Immutable once built; a look-up allocates only for captured parameters.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/contract/operation.hpp"

namespace mortise::contract {

struct Match {
  enum class Kind : std::uint8_t { found, notFound, methodNotAllowed, badPath };
  Kind kind = Kind::notFound;
  OperationPtr operation;
  std::vector<std::pair<std::string_view, std::string>>
      captured;                              // parameter name (into the operation) -> decoded text
  std::string allow;                         // methodNotAllowed / OPTIONS: "GET, HEAD, PUT"
  OperationPtr neighbour;                    // methodNotAllowed: one of the operations of that path
  const Conventions* conventions = nullptr;  // for errors: of the longest matching contract prefix; never null
};

class RouteTable {
 public:
  // Throws std::runtime_error when two operations have the same method and path: "scheduler.yaml:31 (module scheduler)
  // and notes.yaml:12 (module notes) both claim POST /api/v1/scheduler/jobs; disable one of the modules".
  explicit RouteTable(std::vector<CompiledDocument> documents);
  ~RouteTable();
  // `method` as sent (HEAD falls back to GET). `rawPath` percent-encoded. Segments are split first and then decoded.
  // Literals take precedence over prefixed parameters ({id:proj_*}), these over parameters, these over the {name...}
  // tail, with backtracking. "." / ".." segments, NUL and bad escapes give badPath.
  Match match(std::string_view method, std::string_view rawPath) const;
  const std::vector<CompiledDocument>& documents() const;
  std::vector<OperationPtr> operations() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::contract
