// Whether and how addresses of accounts made with a key are proved: the module's options, read once.
#pragma once

#include <mortise/module.hpp>

#include <cstdint>
#include <string>

namespace auth {

// Times in microseconds.
struct VerificationRule {
  bool required = false;              // else every address counts as proved at once
  bool canMail = false;               // there is a relay, and a URL for links to begin with
  std::string publicUrl;              // without a slash at its end
  std::int64_t linkLifetime = 0;      // how long a mailed link works
  std::int64_t unprovedLifetime = 0;  // after which an account goes; 0: never, as where none can prove its address
};

VerificationRule verificationRuleFrom(const mortise::Host& host);

}  // namespace auth
