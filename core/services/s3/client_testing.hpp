// A client of the tests' store.
#pragma once

#include <memory>

#include "core/services/s3/client.hpp"
#include "tests/peers/swift.hpp"

namespace mortise::services::s3 {

inline Options optionsFor(const peers::Swift& swift) {
  Options options;
  options.endpoint = swift.endpoint();
  options.secure = false;
  options.region = peers::Swift::kRegion;
  options.accessKey = peers::Swift::kAccessKey;
  options.secretKey = peers::Swift::kSecretKey;
  return options;
}

inline std::shared_ptr<Client> connect(const peers::Swift& swift) {
  return std::make_shared<Client>(optionsFor(swift));
}

}  // namespace mortise::services::s3
