#include "core/kernel/module_creation.hpp"

#include <utility>
#include <vector>

#include "core/plugin/library.hpp"

namespace mortise::kernel {

plugin::HostServices hostServices(const Plan& plan, Stores& stores, Parts& parts,
                                  const plugin::ProvidedInterfaces& provided) {
  const auto& config = plan.config();
  plugin::HostServices services;
  services.config = &config;
  services.database = stores.database.get();
  services.identity = &stores.identity;
  services.mailer = parts.mailer.get();
  services.limits = parts.limits.get();
  services.cache = parts.cache.get();
  services.blobs = parts.storage.blobs.get();
  services.objects = parts.storage.objects.get();
  services.events = &parts.events;
  services.httpClient = &parts.httpClient;
  services.jobs = &parts.jobs();
  services.secrets = &stores.secrets;
  services.audit = &stores.audit;
  services.metrics = &parts.metrics;
  services.health = &parts.health;
  services.baseUrl = &parts.baseUrl;
  services.provided = &provided;
  services.server = {{"server.name", "mortise"},
                     {"server.version", MORTISE_VERSION},
                     {"server.node", parts.node},
                     {"server.boot", parts.boot},
                     {"data.dir", config.text("data.dir")},
                     {"http.public_url", config.text("http.public_url")}};
  return services;
}

std::unique_ptr<plugin::ModuleInstance> createModule(const Plan& plan, const ModuleFile& module,
                                                     const plugin::HostServices& services) {
  services.provided->requireNeeds(*module.manifest);
  auto library = plugin::Library::open(module.file, *module.manifest);
  auto instance = std::make_unique<plugin::ModuleInstance>(module.manifest, std::move(library), services);
  std::vector<std::shared_ptr<const contract::Bucket>> buckets;
  for (const auto& document : plan.documents()) {
    if (document.module == module.manifest->name)
      buckets.insert(buckets.end(), document.buckets.begin(), document.buckets.end());
  }
  instance->host().useBuckets(std::move(buckets));
  instance->create();
  return instance;
}

}  // namespace mortise::kernel
