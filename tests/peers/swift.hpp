// A real OpenStack Swift with its S3 interface for tests: checks signatures, clocks and part sizes. Started once per
// test binary, as user nobody, in a temporary directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/peers/process.hpp"

namespace mortise::peers {

class Swift {
 public:
  static constexpr const char* kAccessKey = "test:tester";
  static constexpr const char* kSecretKey = "testing";
  static constexpr const char* kRegion = "us-east-1";

  // The binary's one server with the buckets "default" and "second-bucket", started at the first call (about 1.5 s).
  // nullptr when Swift is not installed: skip then.
  static Swift* shared();

  // `before`: put before the command, such as {"/usr/bin/faketime", "-f", "+16m"}. Throws std::runtime_error, with the
  // end of its log, when it does not come up.
  explicit Swift(std::vector<std::string> before = {});
  ~Swift();

  std::string endpoint() const { return "127.0.0.1:" + port_; }
  void freeze();  // accepts, but never answers
  void thaw();
  void stop();
  void start();  // again, on the same port and data

 private:
  TempDirectory directory_{"mortise-swift"};
  const std::vector<std::string> before_;
  std::string port_ = "0";
  std::unique_ptr<Process> server_;
};

}  // namespace mortise::peers
