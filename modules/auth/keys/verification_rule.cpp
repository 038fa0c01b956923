#include "keys/verification_rule.hpp"

#include <mortise/config.hpp>
#include <mortise/mail.hpp>

namespace auth {

VerificationRule verificationRuleFrom(const mortise::Host& host) {
  constexpr std::int64_t kMillisecond = 1000;
  const auto config = host.config();
  VerificationRule rule;
  rule.required = config.boolean("require_email_verification");
  rule.publicUrl = config.server("http.public_url").value_or("");
  while (!rule.publicUrl.empty() && rule.publicUrl.back() == '/') rule.publicUrl.pop_back();
  rule.canMail = host.mail().configured() && !rule.publicUrl.empty();
  rule.linkLifetime = config.duration("verification_lifetime").count() * kMillisecond;
  if (rule.required && rule.canMail)
    rule.unprovedLifetime = config.duration("unproved_lifetime").count() * kMillisecond;
  return rule;
}

}  // namespace auth
