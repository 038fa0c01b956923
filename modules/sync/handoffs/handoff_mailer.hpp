// Notifies recipients of a handoff by mail, as well as it can: a handoff is there without its mail, too.
#pragma once

#include <mortise/config.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/orgs.hpp>
#include <mortise/request.hpp>
#include <mortise/secrets.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "handoffs/handoff.hpp"
#include "handoffs/handoff_mail.hpp"

namespace session_sharing {

// [worker]
class HandoffMailer {
 public:
  explicit HandoffMailer(mortise::Host host);

  // Queues a mail to the address, the user, or every member of the team but the sender. How many go out is limited for
  // the sender and for each address; what is not sent is logged.
  void notify(const mortise::Request& request, const Handoff& handoff) const;

  // Is it the token of a mail about this handoff? It opens its preview, and nothing else.
  bool isPreviewToken(std::string_view token, std::string_view handoffId) const;

 private:
  std::vector<std::string> addressesOf(const Handoff& handoff) const;
  void send(const Handoff& handoff, const std::string& address, const mortise::MailText& text) const;
  std::string linkTo(const Handoff& handoff) const;

  mortise::Log log_;
  mortise::Config config_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Limits limits_;
  mortise::Mail mail_;
  mortise::Secrets secrets_;
  std::string dashboardUrl_;  // without a slash at its end; may be empty
};

}  // namespace session_sharing
