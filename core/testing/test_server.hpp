// A kernel with chosen modules on a temporary data folder, and the accounts that call it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/kernel/kernel.hpp"
#include "core/testing/http_client.hpp"
#include "tests/peers/process.hpp"

namespace mortise::testing {

inline constexpr const char* kOrganisationTier = "team";

using Settings = std::vector<std::pair<std::string, std::string>>;

// The rights of a caller. A browser has a cookie session and a CSRF token instead of an access token.
struct CallerRights {
  enum class Kind { user, key, serviceKey, browser };
  Kind kind = Kind::user;
  std::string role{};  // empty: a role of its own with exactly `permissions`
  std::vector<std::string> permissions{};
  std::vector<std::string> scopes{};  // of a service key
  std::string orgRole{};              // owner, admin, member of a new organisation of kOrganisationTier; empty: in none
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
  identity::Identity& identity() { return kernel_->identity(); }
  // Whether accounts of this role have the permission, by the modules' manifests and identity.grant.
  bool holds(const std::string& role, const std::string& permission) const;
  // The lowest tier that has the feature; empty when no module declares it.
  std::string tierWith(const std::string& feature) const;
  // A new account. Throws std::invalid_argument for a permission that no loaded module declares. One thread at a time.
  Credentials create(const CallerRights& rights);
  // An anonymous cookie session, with its CSRF token.
  Credentials anonymousSession();

 private:
  void joinOrganisation(const std::string& userId, const std::string& role);
  std::string roleWith(const std::vector<std::string>& permissions);

  peers::TempDirectory data_{"mortise_test"};
  std::unique_ptr<kernel::Kernel> kernel_;  // stops before its files are removed
  // Permission -> roles.
  std::map<std::string, std::vector<std::string>> roles_;
  std::string address_;
  int accounts_ = 0;
};

}  // namespace mortise::testing
