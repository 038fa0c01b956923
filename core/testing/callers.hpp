// The callers that an operation of a contract may meet, and what the contract says about each of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/contract/operation.hpp"
#include "core/dialect/dialect.hpp"
#include "core/testing/test_server.hpp"
#include "core/testing/verdict.hpp"

namespace mortise::testing {

// One kind of caller: how it names itself, what is wrong with that, and the rights of its account.
struct Caller {
  enum class Credential { none, token, key, serviceKey, cookie };
  // rubbish: none of ours; forged: ours with another signature; ended: revoked; banned, deleted: the account is.
  enum class Fault { none, rubbish, forged, ended, banned, deleted };
  enum class Scopes { foreign, ofOperation };

  std::string name;  // "a token of a banned user"
  Credential credential = Credential::none;
  Fault fault = Fault::none;
  std::string role = "user";
  std::string orgRole{};            // owner, admin, member of an organisation; empty: in none
  Scopes scopes = Scopes::foreign;  // of a service key
};

// Every kind of caller, for the whole matrix.
const std::vector<Caller>& everyCaller();

// An operation that needs a CSRF token; credentials of the head alone are exempt where they count.
bool needsCsrf(const contract::Operation& operation);
bool takesBearer(const contract::Operation& operation);

enum class Csrf { good, missing, wrong };

// What a request has beside its caller; the order of the family's checks determines which fault is reported.
struct Faults {
  Csrf csrf = Csrf::good;
  bool shape = false;
  std::string field{};  // of the broken shape
};

// Walks the checks of the operation's family in their order, from the contract alone: `security`,
// x-mortise-permission, x-mortise-scopes, x-mortise-csrf, x-mortise-feature, and the permissions of the roles.
class Rules {
 public:
  // Both must outlive this object.
  Rules(const TestServer& server, const dialect::Dialects& dialects) : server_(server), dialects_(dialects) {}

  Verdict verdict(const contract::Operation& operation, const Caller& caller, const Faults& faults = {}) const;

 private:
  const TestServer& server_;
  const dialect::Dialects& dialects_;
};

// The accounts of the callers, created when first needed.
class Callers {
 public:
  explicit Callers(TestServer& server) : server_(server) {}

  Credentials give(const contract::Operation& operation, const Caller& caller, Csrf csrf = Csrf::good);
  // The next give() makes a new account: this one was let in somewhere where it may have changed itself.
  void forget(const contract::Operation& operation, const Caller& caller);

 private:
  static std::string keyOf(const contract::Operation& operation, const Caller& caller);
  Credentials make(const contract::Operation& operation, const Caller& caller);
  const Credentials& anonymousSession();

  TestServer& server_;
  std::map<std::string, Credentials> accounts_;
  std::optional<Credentials> anonymous_;
};

}  // namespace mortise::testing
