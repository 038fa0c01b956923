#include "core/kernel/service_status.hpp"

#include <algorithm>
#include <string_view>

#include "core/base/json.hpp"

namespace mortise::kernel {
namespace {

struct OwnService {
  std::string_view service;
  std::string_view check;      // the kernel's name of it
  std::string_view unchecked;  // where no such check exists, nothing can be down
};

constexpr OwnService kOwn[] = {
    {"postgres", "database", ""},
    {"redis", "redis", "in memory"},
    {"minio", "object_store", ""},
};
constexpr std::string_view kServer = "api";

bool isOwn(std::string_view check) {
  return std::any_of(std::begin(kOwn), std::end(kOwn), [&](const auto& own) { return own.check == check; });
}

}  // namespace

std::vector<std::string> serviceNames() {
  std::vector<std::string> names{std::string(kServer)};
  for (const auto& own : kOwn) {
    names.emplace_back(own.service);
    if (own.check != own.service) names.emplace_back(own.check);
  }
  return names;
}

std::vector<ServiceStatus> serviceStatuses(const ops::HealthReport& report) {
  std::vector<ServiceStatus> all;
  for (const auto& own : kOwn) {
    const auto result = std::find_if(report.checks.begin(), report.checks.end(),
                                     [&](const auto& check) { return check.name == own.check; });
    if (result == report.checks.end()) {
      all.push_back({std::string(own.service), true, std::string(own.unchecked)});
    } else {
      all.push_back({std::string(own.service), result->healthy, result->detail});
    }
  }
  const auto modules = all.size();
  for (const auto& check : report.checks) {
    if (!isOwn(check.name)) all.push_back({check.name, check.healthy, check.detail});
  }
  std::sort(all.begin() + static_cast<std::ptrdiff_t>(modules), all.end(),
            [](const auto& a, const auto& b) { return a.service < b.service; });
  all.push_back({std::string(kServer), true, "mortise " MORTISE_VERSION});
  return all;
}

std::string toJson(const std::vector<ServiceStatus>& statuses, bool withDetails) {
  std::string out = "[";
  for (const auto& one : statuses) {
    if (out.size() > 1) out += ',';
    out += "{\"service\":" + json::quoted(one.service) + ",\"status\":\"" + (one.healthy ? "ok" : "error") +
           "\",\"details\":" + json::quoted(withDetails ? one.details : std::string()) + "}";
  }
  return out + "]";
}

}  // namespace mortise::kernel
