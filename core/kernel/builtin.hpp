// The kernel's own operations (core/contract/kernel.yaml): health, metrics, documentation, set-up of the first
// administrator.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/kernel/request_call.hpp"
#include "core/ops/health.hpp"
#include "core/ops/metrics.hpp"

namespace mortise::identity {
class Identity;
}
namespace mortise::services {
class Audit;
class LocalObjects;
}

namespace mortise::kernel {

struct BuiltinParts {
  ops::Health& health;
  ops::Registry& metrics;
  identity::Identity& identity;
  services::Audit& audit;
  services::LocalObjects* objects;             // null when links to objects lead to another server
  std::shared_ptr<const std::string> openApi;  // the merged document
  bool metricsOpen = true;                     // http.metrics_access
  std::string assets;                          // directory of the bundled documentation pages; empty = not installed
};

using Builtin = std::function<void(RequestCall&)>;
// operationId -> its handler.
std::map<std::string, Builtin, std::less<>> builtins(const BuiltinParts& parts);

}  // namespace mortise::kernel
