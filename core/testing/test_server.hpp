// A kernel with chosen modules on a temporary data folder, and the accounts that call it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/kernel/kernel.hpp"
#include "core/testing/http_client.hpp"
#include "core/testing/temporary_directory.hpp"

namespace mortise::testing {

using Settings = std::vector<std::pair<std::string, std::string>>;

// The rights of a caller. A browser has a cookie session and a CSRF token instead of an access token.
struct CallerRights {
  enum class Kind { user, admin, serviceKey, browser };
  Kind kind = Kind::user;
  std::vector<std::string> permissions{};  // of user and browser, beside admin: exactly these
  std::vector<std::string> scopes{};       // of a service key; it runs as an administrator
  bool isAdmin = false;                    // a browser with every permission instead
};

class TestServer {
 public:
  // `modules`: paths with a '/', or names (see ModuleHarness). `settings`: as in mortise.conf. Throws
  // std::runtime_error with the message for the operator.
  TestServer(const std::vector<std::string>& modules, const Settings& settings);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // Loads a file in its own kernel; returns the sentence of the refusal, or an empty text.
  static std::string tryLoad(const std::string& file);

  const std::string& address() const { return address_; }
  const kernel::Kernel& kernel() const { return *kernel_; }
  // A new account. Throws std::invalid_argument for a permission that no loaded module declares. One thread at a time.
  Credentials create(const CallerRights& rights);
  // An anonymous cookie session, with its CSRF token.
  Credentials anonymousSession();

 private:
  std::string roleWith(const std::vector<std::string>& permissions);

  TemporaryDirectory data_;
  std::unique_ptr<kernel::Kernel> kernel_;  // stops before its files are removed
  // Permission -> roles; the kernel declares the first two itself.
  std::map<std::string, std::vector<std::string>> roles_{{"kernel.metrics", {}}, {"kernel.audit", {}}};
  std::string address_;
  int accounts_ = 0;
};

}  // namespace mortise::testing
