// How people come into an organisation: an administrator invites an address, whoever reads that mailbox accepts.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <string>

#include "email_address.hpp"
#include "organisations/invite_store.hpp"

namespace auth {

class Invites {
 public:
  explicit Invites(mortise::Host host);
  void bind(mortise::Bindings& on);
  // Drops invites that came to an end longer ago than they are kept for.
  void purge();

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply invite(const Request& request);
  Reply inviteToOrg(const Request& request);
  Reply accept(const Request& request);
  Reply decline(const Request& request);
  Reply list(const Request& request);
  Reply listToMe(const Request& request);
  Reply revoke(const Request& request);
  Reply resend(const Request& request);

  Reply inviteInto(const Request& request, const mortise::Org& org, std::string role);
  // An open invite to the caller's address. Problem 404, 400 (answered, expired), 403 (another address).
  Invite openInvite(const Request& request, std::int64_t now) const;
  // Problem 429 when the organisation, or the organisation to this address, has mailed too often.
  void takeLimits(const Invite& invite) const;
  // Whether a mail is on its way. A mail that can't be sent is logged, no more.
  bool mail(const Request& request, const mortise::Org& org, const Invite& invite, std::int64_t now) const;

  mortise::Log log_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Mail mail_;
  mortise::Limits limits_;
  mortise::Audit audit_;
  InviteStore invites_;
  std::int64_t lifetime_;   // microseconds
  std::int64_t retention_;  // microseconds
  std::string appUrl_;      // where the link of a mail leads; empty: no link
};

}  // namespace auth
