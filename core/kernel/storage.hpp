// The stores of blobs and objects, created from the options [blobs].
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
  ops::Health::Check check;                        // whether objects can be stored
};

struct StorageParts {
  const config::Config& config;
  const services::Secrets& secrets;
  std::function<std::string()> url;   // URL of this server for clients; called when a link is made
  const std::atomic<bool>* stopping;  // set: ends work with a remote store
  ops::Registry* metrics;
};

// What is wrong with the values of [blobs]; empty when nothing is. Does not contact the store.
std::string storageFault(const config::Config& config);
// Throws ServiceError, and std::runtime_error for the faults of storageFault().
Storage openStorage(const StorageParts& parts);
// The folder of local blobs and objects; empty when they are remote.
std::string localBlobDirectory(const config::Config& config);

}  // namespace mortise::kernel
