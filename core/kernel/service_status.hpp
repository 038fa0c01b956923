// The services in /api/status: the kernel's own under the names that clients of the agent platform expect, whatever
// implements them, then the modules' checks by name, then the server itself.
#pragma once

#include <string>
#include <vector>

#include "core/ops/health.hpp"

namespace mortise::kernel {

struct ServiceStatus {
  std::string service;
  bool healthy = true;
  std::string details;
};

// Names that modules can't use for their checks.
std::vector<std::string> serviceNames();

std::vector<ServiceStatus> serviceStatuses(const ops::HealthReport& report);

// [{"service", "status": "ok" | "error", "details"}]; details are empty unless they are to be shown.
std::string toJson(const std::vector<ServiceStatus>& statuses, bool withDetails);

}  // namespace mortise::kernel
