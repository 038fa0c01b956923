// The tables that match and answer requests: the routes of all contracts, the envelopes, the texts.
#pragma once

#include <memory>

#include "core/contract/route_table.hpp"
#include "core/dialect/dialect.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/running_modules.hpp"

namespace mortise::kernel {

// Immutable; any thread.
struct Routing {
  // Throws std::runtime_error for a module's envelope that can't be used.
  Routing(const Plan& plan, const RunningModules& modules);

  std::shared_ptr<const dialect::Messages> messages;
  dialect::Dialects dialects;
  contract::RouteTable routes;
};

}  // namespace mortise::kernel
