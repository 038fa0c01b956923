// How people come into an organisation: an administrator invites an address, the reader of that mailbox accepts.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "auth_contract.hpp"
#include "organisations/invite_store.hpp"

namespace auth {

class Invites final : public auth_contract::organisations::Invites {
 public:
  explicit Invites(mortise::Host host);
  // Drops invites that came to an end longer ago than they are kept for.
  void purge();

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using NewInviteBody = auth_contract::organisations::NewInviteBody;

  Reply invite(const Request& request, const NewInviteBody& body) override;
  Reply inviteToOrg(const Request& request, const NewInviteBody& body) override;
  Reply inviteMember(const Request& request, const NewInviteBody& body) override { return inviteToOrg(request, body); }
  Reply acceptInvite(const Request& request) override;
  Reply declineInvite(const Request& request,
                      const std::optional<auth_contract::organisations::DeclineInviteBody>& body) override;
  Reply listInvites(const Request& request) override;
  Reply listInvitesToMe(const Request& request) override;
  Reply revokeInvite(const Request& request) override;
  Reply resendInvite(const Request& request) override;

  Reply inviteInto(const Request& request, const mortise::Org& org, const std::string& email, const std::string& role);
  // An open invite to the caller's address. Problem 404, 400 (answered, expired), 403 (another address).
  Invite openInvite(const Request& request, mortise::Time now) const;
  // Problem 429 when the organisation, or the organisation to this address, has mailed too often.
  void takeLimits(const Invite& invite) const;
  // Asks for a mail that goes out after the commit. A mail that can't be sent is logged, and its mark (last_emailed_at)
  // taken back; false when that is known at once.
  bool mail(const mortise::Transaction& tx, const Request& request, const mortise::Org& org, const Invite& invite,
            mortise::Time now) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Mail mail_;
  mortise::Limits limits_;
  mortise::Audit audit_;
  InviteStore invites_;
  std::chrono::milliseconds lifetime_;
  std::chrono::milliseconds retention_;
  std::string appUrl_;  // where the link of a mail leads; empty: no link
};

}  // namespace auth
