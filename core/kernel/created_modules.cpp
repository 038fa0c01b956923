#include "core/kernel/created_modules.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/kernel/module_creation.hpp"
#include "core/kernel/start_error.hpp"

namespace mortise::kernel {
namespace {

// `name` last, before it what it needs, and what that needs. Empty: it can't start.
std::vector<const ModuleFile*> neededBy(const Plan& plan, std::string_view name) {
  const auto order = plan.startOrder();
  std::vector<const ModuleFile*> chosen;
  std::set<std::string, std::less<>> interfaces;
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const auto& manifest = *(*at)->manifest;
    const bool isNeeded = std::any_of(manifest.provides.begin(), manifest.provides.end(),
                                      [&](const auto& one) { return interfaces.contains(one); });
    if (chosen.empty() ? manifest.name != name : !isNeeded) continue;
    chosen.push_back(*at);
    interfaces.insert(manifest.needs.begin(), manifest.needs.end());
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

std::string whyNot(const Plan& plan, std::string_view name) {
  for (const auto& module : plan.modules().all()) {
    if (module.name() == name && !module.mayStart()) return module.whyNot();
  }
  return "there is no module " + std::string(name);
}

}  // namespace

// Delegates to the other constructor, so that the destructor runs when a later one throws.
CreatedModules::CreatedModules(const Plan& plan, Stores& stores, Parts& parts, std::string_view name)
    : CreatedModules() {
  const auto modules = neededBy(plan, name);
  if (modules.empty()) throw StartError({whyNot(plan, name)});
  const auto services = hostServices(plan, stores, parts, provided_);
  for (const auto* module : modules) {
    instances_.push_back(createModule(plan, *module, services));
    provided_.add(*instances_.back());
  }
}

CreatedModules::~CreatedModules() {
  while (!instances_.empty()) {
    provided_.remove(*instances_.back());
    instances_.pop_back();
  }
}

}  // namespace mortise::kernel
