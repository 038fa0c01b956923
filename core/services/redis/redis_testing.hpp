// A real Redis for tests: Unix socket only, as user nobody, in a temporary directory, without persistence.
#pragma once

#include <memory>
#include <string>

#include "tests/peers/process.hpp"

namespace mortise::services::redis {

class RedisPeer {
 public:
  static bool installed();
  explicit RedisPeer(const std::string& password = {});
  void start();
  void kill();    // -9: all its data is lost
  void freeze();  // accepts, but never answers
  void thaw();
  std::string url() const;

 private:
  peers::TempDirectory directory_{"mortise-redis"};
  std::string password_;
  std::unique_ptr<peers::Process> process_;
};

}  // namespace mortise::services::redis
