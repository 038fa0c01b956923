// Where blobs and objects are kept, put together as [blobs] says.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "core/config/config.hpp"
#include "core/ops/health.hpp"
#include "core/ops/metrics.hpp"
#include "core/services/blobs/blobs.hpp"
#include "core/services/objects/objects.hpp"

namespace mortise::services {
class LocalObjects;
class Secrets;
}  // namespace mortise::services

namespace mortise::kernel {

struct Storage {
  std::unique_ptr<services::Blobs> blobs;
  std::unique_ptr<services::Objects> objects;
  services::LocalObjects* localObjects = nullptr;  // `objects`, when links lead to this server
  ops::Health::Check check;                        // can objects be stored
};

struct StorageParts {
  const config::Config& config;
  const services::Secrets& secrets;
  std::function<std::string()> url;   // where clients reach this server; called when a link is made
  const std::atomic<bool>* stopping;  // set: what is under way with a store elsewhere ends
  ops::Registry* metrics;
};

// What is wrong with the values of [blobs]; empty when nothing is. Asks no store.
std::string storageFault(const config::Config& config);
// Throws ServiceError, and std::runtime_error for what storageFault() would say.
Storage openStorage(const StorageParts& parts);
// The folder of local blobs and objects; empty when they are elsewhere.
std::string localBlobDirectory(const config::Config& config);

}  // namespace mortise::kernel
