// A real Redis for tests: Unix socket only, as user nobody, in a temporary directory, without persistence.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/peers/process.hpp"

namespace mortise::services::redis {

class RedisPeer {
 public:
  static bool installed();
  // `sentinel`: one that watches nothing.
  explicit RedisPeer(const std::string& password = {}, bool sentinel = false);
  void start();
  void kill();    // -9: all its data is lost
  void freeze();  // accepts, but never answers
  void thaw();
  std::string url() const;
  // Runs one command on a connection of its own, past the code under test; returns what redis-cli prints. Throws
  // std::runtime_error when the server does not answer.
  std::string control(std::vector<std::string> command, const std::string& password = {});

 private:
  peers::TempDirectory directory_{"mortise-redis"};
  std::string password_;
  bool sentinel_;
  std::unique_ptr<peers::Process> process_;
};

}  // namespace mortise::services::redis
