// The authorisation matrix of a module, generated from its contract and sent over real HTTP: each operation, called by
// each kind of caller. Who may not call it must be refused with the family's status; who may must be let in.
//
//   TEST(GreeterModule, LetsInWhomItsContractLetsIn) {
//     mortise::testing::ModuleHarness harness{"greeter", mortise::testing::Rights::options()};
//     EXPECT_EQ(mortise::testing::Rights::of(harness, "greeter").failures(), "");
//   }
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mortise/testing/refusals.hpp"

namespace mortise::testing {

// The callers: anonymous; access token, API key and session cookie of each role (guest, viewer, user, admin,
// super_admin, one without permissions) and of an owner, admin and member of an organisation; the same of a super_admin
// but made up, forged, revoked, or of an account that is banned or deleted; service keys of the operation's scopes and
// of another one, of several roles.
//
// The requests are valid, and about objects that do not exist. So a caller who is let in gets any status but 401 and
// 403, unless the operation declares that status itself, and none from 500 on but 503. Whose object a caller may touch
// is for tests of the module's own. Operations with x-mortise-websocket-refusal: close are left out.
// In all(), `what` is the caller and `expected` a status or "let in".
class Rights : public detail::Answers {
 public:
  // Settings for the harness: without rate limits, whose refusals would come first, with accounts whose tier is the
  // lowest, so that features are refused, and with cheap password hashes.
  static ModuleHarness::Options options(ModuleHarness::Options more = {}) {
    more.emplace_back("identity.default_tier", "free");
    more.emplace_back("identity.argon2_memory", "8MiB");
    more.emplace_back("identity.argon2_passes", "1");
    return Refusals::options(std::move(more));
  }
  // Calls them all. Callers who are let in do what the operation does: use a harness of its own. Throws
  // std::invalid_argument when the harness runs no such module.
  static Rights of(ModuleHarness& harness, const std::string& module) { return {harness, module}; }

 private:
  Rights(ModuleHarness& harness, const std::string& module) : Answers(harness, module, mortise_testing_v1.rights) {}
};

}  // namespace mortise::testing
