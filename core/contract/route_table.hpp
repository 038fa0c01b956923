// Method + raw path -> operation. Immutable once built; look-ups allocate only for captured parameters.
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
  const Conventions* conventions = nullptr;  // for errors: of the longest matching contract prefix; never null
};

class RouteTable {
 public:
  // Two operations that claim one method + path: std::runtime_error
  // "scheduler.yaml:31 (module scheduler) and notes.yaml:12 (module notes) both claim POST /api/v1/scheduler/jobs;
  // disable one of the modules".
  explicit RouteTable(std::vector<CompiledDocument> documents);
  ~RouteTable();
  // `method` as sent (HEAD falls back to GET). `rawPath` percent-encoded. Segments are split raw and then decoded (rule
  // 20); literals beat prefixed parameters ({id:proj_*}) beat parameters beat the {name...} tail, with backtracking.
  // "." / ".." segments, NUL, bad percent: badPath.
  Match match(std::string_view method, std::string_view rawPath) const;
  const std::vector<CompiledDocument>& documents() const;
  std::vector<OperationPtr> operations() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::contract
