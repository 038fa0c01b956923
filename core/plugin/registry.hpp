// The existing interfaces: the kernel's own, and those that modules provide to each other; and the resulting start
// order.
#pragma once

#include <map>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/refusal.hpp"

namespace mortise::plugin {

struct Manifest;
class ModuleInstance;

// "call/1", "config/1", "db/1", ... sorted.
const std::vector<std::string>& kernelInterfaces();
bool servedByKernel(std::string_view interfaceName);

// The modules that can start, in order: a module starts after every other one whose interface it needs (or may use).
struct StartPlan {
  std::vector<const Manifest*> order;
  std::vector<Refusal>
      refused;  // needs an interface that no module offers (or only a refused one), in a cycle, a duplicate name or interface
};
StartPlan planStart(std::span<const Manifest* const> manifests);

// Interfaces that running modules provide. Thread-safe.
class ProvidedInterfaces {
 public:
  void add(ModuleInstance& provider);     // after it has started
  void remove(ModuleInstance& provider);  // before it stops
  // The provider's table, or null. [any]
  const void* lookup(std::string_view interfaceName) const;
  // Throws Refusal when `manifest` needs an interface whose provider is not running (it failed to start).
  void requireNeeds(const Manifest& manifest) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, ModuleInstance*, std::less<>> providers_;
};

}  // namespace mortise::plugin
