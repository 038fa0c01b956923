#include "core/plugin/registry.hpp"

#include <algorithm>
#include <set>

#include "core/plugin/host_tables.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/module_instance.hpp"

namespace mortise::plugin {
namespace {

std::string_view stem(std::string_view interfaceName) { return interfaceName.substr(0, interfaceName.rfind('/')); }
int revision(std::string_view interfaceName) {
  int value = 0;
  for (const char c : interfaceName.substr(interfaceName.rfind('/') + 1)) value = value * 10 + (c - '0');
  return value;
}

using Providers = std::map<std::string, const Manifest*, std::less<>>;

// Another revision of the same interface, among the kernel's and the modules': "db/1".
std::string otherRevision(std::string_view interfaceName, const Providers& providers, bool& kernel) {
  for (const auto& name : kernelInterfaces()) {
    if (stem(name) == stem(interfaceName)) {
      kernel = true;
      return name;
    }
  }
  kernel = false;
  for (const auto& [name, provider] : providers) {
    if (stem(name) == stem(interfaceName)) return name;
  }
  return {};
}

std::string unservedReason(const std::string& interfaceName, const Providers& providers) {
  bool kernel = false;
  const auto other = otherRevision(interfaceName, providers, kernel);
  if (other.empty()) {
    return "needs interface " + interfaceName +
           ", which neither this kernel nor an enabled module serves; enable the module that provides it, or run a "
           "newer kernel";
  }
  const bool newer = revision(interfaceName) > revision(other);
  if (kernel) {
    return "needs interface " + interfaceName + ", this kernel serves " + other +
           (newer ? "; run a newer kernel" : "; build it with this kernel's SDK");
  }
  return "needs interface " + interfaceName + ", module " + providers.find(other)->second->name + " provides " + other +
         (newer ? "; install a newer version of that module" : "; install a newer version of this module");
}

// Follows the needs from `start` until a module repeats: "a -> b -> a". Every waiting module waits for such a cycle.
std::string describeCycle(const Manifest* start, const Providers& providers, const std::set<const Manifest*>& waiting) {
  std::vector<const Manifest*> way{start};
  for (;;) {
    const Manifest* next = nullptr;
    for (const auto& need : way.back()->needs) {
      const auto provider = providers.find(need);
      if (provider == providers.end() || provider->second == way.back() || !waiting.contains(provider->second))
        continue;
      next = provider->second;
      break;
    }
    if (next == nullptr) return start->name;
    auto seen = std::find(way.begin(), way.end(), next);
    if (seen == way.end()) {
      way.push_back(next);
      continue;
    }
    std::string text;
    for (; seen != way.end(); ++seen) text += (*seen)->name + " -> ";
    return text + next->name;
  }
}

// The one of `manifests` that declares `permission` under its own name, whatever the order; null: none does.
const Manifest* namesakeOf(const std::string& permission, std::span<const Manifest* const> manifests) {
  const auto namesake = std::find_if(manifests.begin(), manifests.end(), [&](const auto* manifest) {
    return permission.starts_with(manifest->name + ".") &&
           std::any_of(manifest->permissions.begin(), manifest->permissions.end(),
                       [&](const auto& declared) { return declared.name == permission; });
  });
  return namesake == manifests.end() ? nullptr : *namesake;
}

}  // namespace

const std::vector<std::string>& kernelInterfaces() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& served : servedInterfaces()) all.emplace_back(served.name);
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

bool servedByKernel(std::string_view interfaceName) {
  const auto& all = kernelInterfaces();
  return std::binary_search(all.begin(), all.end(), interfaceName);
}

StartPlan planStart(std::span<const Manifest* const> manifests) {
  StartPlan plan;
  std::map<std::string, const Manifest*, std::less<>> byName;
  std::map<std::string, const Manifest*, std::less<>> permissions;
  struct DeclaredFeature {
    std::string tier;
    const Manifest* declaredBy;
  };
  std::map<std::string, DeclaredFeature, std::less<>> features;
  Providers providers;
  std::vector<const Manifest*> candidates;
  for (const auto* manifest : manifests) {
    const auto refuse = [&](const std::string& reason) { plan.refused.emplace_back(manifest->path, reason); };
    if (const auto [at, isNew] = byName.emplace(manifest->name, manifest); !isNew) {
      refuse("is a second module named " + manifest->name + " (the first is " + at->second->path +
             "); enable one of the two");
      continue;
    }
    const auto taken = std::find_if(manifest->provides.begin(), manifest->provides.end(),
                                    [&](const auto& name) { return servedByKernel(name) || providers.contains(name); });
    if (taken != manifest->provides.end()) {
      const auto provider = providers.find(*taken);
      refuse("provides interface " + *taken + ", which " +
             (provider == providers.end()
                  ? std::string("this kernel serves itself; rename it")
                  : "module " + provider->second->name + " already provides; disable one of the modules"));
      continue;
    }
    const Manifest* declaredBy = nullptr;
    const auto doubled =
        std::find_if(manifest->permissions.begin(), manifest->permissions.end(), [&](const auto& permission) {
          const auto known = permissions.find(permission.name);
          declaredBy = known == permissions.end() ? namesakeOf(permission.name, manifests) : known->second;
          return declaredBy != nullptr && declaredBy != manifest;
        });
    if (doubled != manifest->permissions.end()) {
      refuse("declares permission " + doubled->name + ", which module " + declaredBy->name +
             " declares too; rename it");
      continue;
    }
    const auto otherTier = std::find_if(manifest->features.begin(), manifest->features.end(), [&](const auto& feature) {
      const auto known = features.find(feature.name);
      return known != features.end() && known->second.tier != feature.tier;
    });
    if (otherTier != manifest->features.end()) {
      const auto& first = features.find(otherTier->name)->second;
      refuse("declares feature " + otherTier->name + " from tier " + otherTier->tier + ", which module " +
             first.declaredBy->name + " declares from tier " + first.tier + "; make them agree or rename it");
      continue;
    }
    for (const auto& permission : manifest->permissions) permissions.emplace(permission.name, manifest);
    for (const auto& feature : manifest->features)
      features.emplace(feature.name, DeclaredFeature{feature.tier, manifest});
    for (const auto& name : manifest->provides) providers.emplace(name, manifest);
    candidates.push_back(manifest);
  }

  // Refusing one module may leave another without its provider: repeat until nothing changes.
  Providers everProvided = providers;
  for (bool changed = true; changed;) {
    changed = false;
    for (auto at = candidates.begin(); at != candidates.end();) {
      const auto* manifest = *at;
      const auto missing = std::find_if(manifest->needs.begin(), manifest->needs.end(), [&](const auto& name) {
        return !servedByKernel(name) && !providers.contains(name);
      });
      if (missing == manifest->needs.end()) {
        ++at;
        continue;
      }
      const auto former = everProvided.find(*missing);
      plan.refused.emplace_back(manifest->path, former == everProvided.end()
                                                    ? unservedReason(*missing, providers)
                                                    : "needs interface " + *missing + " of module " +
                                                          former->second->name +
                                                          ", which is not loaded; see why that one was refused");
      for (const auto& name : manifest->provides) providers.erase(name);
      at = candidates.erase(at);
      changed = true;
    }
  }

  // Providers first; an optional interface is dropped when it would close a cycle.
  std::set<const Manifest*> waiting(candidates.begin(), candidates.end());
  const auto waitsFor = [&](const Manifest* manifest, const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) {
      const auto provider = providers.find(name);
      return provider != providers.end() && provider->second != manifest && waiting.contains(provider->second);
    });
  };
  for (bool heedOptional = true; !waiting.empty();) {
    const auto ready = std::find_if(candidates.begin(), candidates.end(), [&](const auto* manifest) {
      return waiting.contains(manifest) && !waitsFor(manifest, manifest->needs) &&
             !(heedOptional && waitsFor(manifest, manifest->optional));
    });
    if (ready != candidates.end()) {
      plan.order.push_back(*ready);
      waiting.erase(*ready);
      heedOptional = true;
      continue;
    }
    if (heedOptional) {
      heedOptional = false;
      continue;
    }
    for (const auto* manifest : candidates) {
      if (!waiting.contains(manifest)) continue;
      plan.refused.emplace_back(manifest->path, "can't be started before itself: the modules need each other (" +
                                                    describeCycle(manifest, providers, waiting) +
                                                    "); make one of these interfaces optional");
    }
    break;
  }
  return plan;
}

void ProvidedInterfaces::add(ModuleInstance& provider) {
  std::unique_lock lock(mutex_);
  for (const auto& name : provider.manifest().provides) providers_[name] = &provider;
}

void ProvidedInterfaces::remove(ModuleInstance& provider) {
  std::unique_lock lock(mutex_);
  std::erase_if(providers_, [&](const auto& entry) { return entry.second == &provider; });
}

const void* ProvidedInterfaces::lookup(std::string_view interfaceName) const {
  std::shared_lock lock(mutex_);
  const auto provider = providers_.find(interfaceName);
  return provider == providers_.end() ? nullptr : provider->second->lookup(interfaceName);
}

void ProvidedInterfaces::requireNeeds(const Manifest& manifest) const {
  for (const auto& need : manifest.needs) {
    if (servedByKernel(need) || lookup(need) != nullptr) continue;
    throw Refusal(manifest.path,
                  "needs interface " + need + ", whose module has not started; see why that one was refused");
  }
}

}  // namespace mortise::plugin
