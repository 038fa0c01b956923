// Where blobs and objects are kept, put together as [blobs] says.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/config/config.hpp"
#include "core/ops/health.hpp"
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

// `url`: where clients reach this server; called when a link is made. Throws ServiceError.
Storage openStorage(const config::Config& config, const std::string& dataDirectory, const services::Secrets& secrets,
                    std::function<std::string()> url);

}  // namespace mortise::kernel
