// A real Redis for tests: Unix socket only, as nobody, in a temporary directory, nothing kept on disk.
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
  void kill();    // -9: everything in it is gone
  void freeze();  // accepts, but never answers
  void thaw();
  std::string url() const;

 private:
  peers::TempDirectory directory_{"mortise-redis"};
  std::string password_;
  std::unique_ptr<peers::Process> process_;
};

}  // namespace mortise::services::redis
