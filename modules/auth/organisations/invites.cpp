#include "organisations/invites.hpp"

#include <mortise/characters.hpp>
#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/link_text.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "email_address.hpp"
#include "invalid.hpp"
#include "organisations/invite_mail.hpp"
#include "organisations/org_access.hpp"
#include "site_url.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::organisations;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Time;
using mortise::Transaction;

constexpr std::size_t kMaxReason = 1000;  // characters
constexpr std::int64_t kMaxInvitesToMe = 200;

// ?limit=1000&offset=0 -> {invites}
constexpr mortise::PagingForm kPages = [] {
  mortise::PagingForm form;
  form.skipParameter = "offset";
  form.sizeParameter = "limit";
  form.items = "invites";
  form.defaultSize = form.maxSize = 1000;
  return form;
}();

std::string appUrlFrom(const mortise::Config& config) {
  auto url = config.text("app_url");
  if (url.empty()) url = siteUrlFrom(config);
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

// Problem with `status` unless the invite is open.
void requireOpen(const Invite& invite, Time now, int status) {
  if (invite.state == "accepted") throw Problem(status, "invite_accepted");
  if (invite.state == "declined") throw Problem(status, "invite_declined");
  if (invite.expired(now)) throw Problem(status, "invite_expired");
}

// Problem 403 unless the caller has proved the own address: mails go out in that person's name, and an organisation
// opens to whoever reads the mailbox that was invited.
void requireVerified(const mortise::Principal& caller) {
  if (!caller.emailConfirmed) throw Problem(403, "email_not_verified");
}

std::string addressKey(const Invite& invite) { return invite.orgId + " " + invite.email; }

}  // namespace

Invites::Invites(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      mail_(host.mail()),
      limits_(host.limits()),
      audit_(host.audit()),
      invites_(host.db()),
      lifetime_(host.config().duration("invite_lifetime")),
      retention_(host.config().duration("invite_retention")),
      appUrl_(appUrlFrom(host.config())) {}

// Any role but admin becomes member.
Reply Invites::invite(const Request& request, const NewInviteBody& body) {
  requireVerified(request.principal());
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  return inviteInto(request, requireOrg(orgs_, request.principal(), orgId, "admin"), body.email,
                    body.role == "admin" ? "admin" : "member");
}

Reply Invites::inviteToOrg(const Request& request, const NewInviteBody& body) {
  requireVerified(request.principal());
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  const auto role = body.role.value_or("member");
  if (role != "admin" && role != "member") throw Problem(400, "role_unknown");
  return inviteInto(request, org, body.email, role);
}

Reply Invites::inviteInto(const Request& request, const mortise::Org& org, const std::string& email,
                          const std::string& role) {
  const auto address = emailOf(email);
  if (org.seatsLimit > 0 && org.seatsUsed >= org.seatsLimit) {
    throw Problem(403, "seat_limit")
        .details(json::object({{"seats_used", org.seatsUsed}, {"seats_limit", org.seatsLimit}}));
  }
  if (const auto account = identity_.find(mortise::UserKey::email, address.text())) {
    const auto member = orgs_.membership(account->id);
    if (member && member->orgId == org.id) throw Problem(409, "already_member");
  }
  const auto at = mortise::now();
  Invite invite;
  invite.id = mortise::makePrefixedId("inv_");
  invite.orgId = org.id;
  invite.email = address.text();
  invite.role = role;
  invite.invitedBy = request.principal().userId;
  invite.createdAt = at;
  invite.expiresAt = at + lifetime_;
  takeLimits(invite);
  const bool isNew = db_.transaction([&](Transaction& tx) {
    if (!invites_.in(tx).keep(invite)) return false;
    audit_.in(tx).record(request, "auth.member_invited", "invite:" + invite.id,
                         json::object({{"org_id", org.id}, {"email", invite.email}, {"role", invite.role}}));
    mail(tx, request, org, invite, at);
    return true;
  });
  if (!isNew) {
    limits_.refund("invites_org", invite.orgId);
    limits_.refund("invites_address", addressKey(invite));
    throw Problem(409, "invite_open");
  }
  return Reply::ok(json::from(contract::Invited{.inviteId = invite.id, .email = invite.email, .role = invite.role}));
}

Invite Invites::openInvite(const Request& request, Time now) const {
  auto invite = mortise::orNotFound(invites_.find(request.path("invite_id")), "invite_not_found");
  requireOpen(invite, now, 400);
  const auto mine = EmailAddress::parse(request.principal().email);
  if (!mine || mine->text() != invite.email) throw Problem(403, "invite_to_another_address");
  return invite;
}

Reply Invites::acceptInvite(const Request& request) {
  requireVerified(request.principal());
  const auto at = mortise::now();
  const auto invite = openInvite(request, at);
  const auto caller = request.principal();
  if (!caller.orgId.empty()) throw Problem(409, "already_in_org");
  db_.transaction([&](Transaction& tx) {
    // The request that changes the row is the one that accepts.
    if (!invites_.in(tx).accept(invite.id, at)) throw Problem(409, "invite_changed");
    orgs_.in(tx).addMember(invite.orgId, caller.userId, invite.role);
    invites_.in(tx).settle(invite.orgId, invite.email, at);
    audit_.in(tx).record(request, "auth.invite_accepted", "invite:" + invite.id,
                         json::object({{"org_id", invite.orgId}, {"role", invite.role}}));
  });
  return Reply::ok(json::from(contract::AcceptInviteReply{.orgId = invite.orgId, .role = invite.role}));
}

Reply Invites::declineInvite(const Request& request, const std::optional<contract::DeclineInviteBody>& body) {
  const auto at = mortise::now();
  const auto invite = openInvite(request, at);
  const auto sent = body.value_or(contract::DeclineInviteBody());
  const auto reason = sent.reason.has() ? *sent.reason : sent.declineReason.valueOr("");
  db_.transaction([&](Transaction& tx) {
    if (!invites_.in(tx).decline(invite.id, mortise::firstCharacters(reason, kMaxReason), at))
      throw Problem(409, "invite_changed");
    audit_.in(tx).record(request, "auth.invite_declined", "invite:" + invite.id,
                         json::object({{"org_id", invite.orgId}}));
  });
  return Reply::ok(json::from(contract::DeclineInviteReply{.inviteId = invite.id, .declinedAt = mortise::isoTime(at)}));
}

Reply Invites::listInvites(const Request& request) {
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  return invites_.openOf(orgId, mortise::Paging::of(request, kPages), mortise::now()).reply();
}

Reply Invites::listInvitesToMe(const Request& request) {
  const auto caller = request.principal();
  contract::ListInvitesToMeReply reply;
  // An address without proof that its owner reads it is not the caller's yet; the ids in this list would open
  // organisations.
  const auto mine = EmailAddress::parse(caller.email);
  if (!mine || !caller.emailConfirmed) return Reply::ok(json::from(reply));
  for (const auto& invite : invites_.openTo(mine->text(), kMaxInvitesToMe, mortise::now())) {
    const auto org = orgs_.find(invite.orgId);
    if (!org) continue;
    const auto inviter = identity_.find(mortise::UserKey::id, invite.invitedBy);
    reply.invites.push_back({.inviteId = invite.id,
                             .orgId = invite.orgId,
                             .orgName = org->name,
                             .role = invite.role,
                             .invitedByEmail = inviter ? mortise::orNull(inviter->email) : std::nullopt,
                             .createdAt = mortise::isoTime(invite.createdAt),
                             .expiresAt = mortise::isoTime(invite.expiresAt)});
  }
  return Reply::ok(json::from(reply));
}

Reply Invites::revokeInvite(const Request& request) {
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  const std::string id = request.path("invite_id");
  db_.transaction([&](Transaction& tx) {
    if (!invites_.in(tx).remove(orgId, id)) throw Problem(404, "invite_not_found");
    audit_.in(tx).record(request, "auth.invite_revoked", "invite:" + id, json::object({{"org_id", orgId}}));
  });
  return Reply::ok(json::from(contract::RevokeInviteReply{id}));
}

Reply Invites::resendInvite(const Request& request) {
  requireVerified(request.principal());
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  const auto at = mortise::now();
  auto invite = mortise::orNotFound(invites_.find(request.path("invite_id")), "invite_not_found");
  if (invite.orgId != org.id) throw Problem(404, "invite_not_found");
  requireOpen(invite, at, 409);
  takeLimits(invite);
  db_.transaction([&](Transaction& tx) {
    if (mail(tx, request, org, invite, at))
      audit_.in(tx).record(request, "auth.invite_resent", "invite:" + invite.id, json::object({{"org_id", org.id}}));
  });
  // What could not be queued after the commit has taken its mark back.
  invite = invites_.find(invite.id).value_or(invite);
  return Reply::ok(
      json::from(contract::ResendInviteReply{.inviteId = invite.id,
                                             .email = invite.email,
                                             .lastEmailedAt = timeOrNull(mortise::micros(invite.lastEmailedAt)),
                                             .sent = invite.lastEmailedAt == at}));
}

void Invites::takeLimits(const Invite& invite) const {
  if (!mail_.configured()) return;
  limits_.take("invites_address", addressKey(invite));
  limits_.take("invites_org", invite.orgId);
}

bool Invites::mail(const Transaction& tx, const Request& request, const mortise::Org& org, const Invite& invite,
                   Time now) const {
  if (!mail_.configured()) return false;
  const auto inviter = mortise::addressForMail(request.principal().email);
  const auto days = std::max<long long>(1, std::chrono::ceil<std::chrono::days>(invite.expiresAt - now).count());
  const std::string link = appUrl_.empty() ? std::string() : appUrl_ + "/invites?highlight=" + invite.id;
  auto text = inviteMail(request.mailLanguage(), mortise::nameForMail(org.name, org.slug), inviter, days, link);
  const auto failed = [log = log_, id = invite.id, now, before = invite.lastEmailedAt](const InviteStore& invites,
                                                                                       const std::string& reason) {
    log.warning("the mail of an invite was not sent", {{"invite", id}, {"reason", reason}});
    invites.notMailed(id, now, before);
  };
  invites_.in(tx).mailed(invite.id, now);
  try {
    mail_.send({invite.email, std::move(text.subject), std::move(text.text), std::move(text.html), invite.expiresAt},
               [failed, invites = invites_](bool sent, const std::string& reason) {
                 if (!sent) failed(invites, reason);
               });
  } catch (const Problem& problem) {
    failed(invites_.in(tx), problem.note());
    return false;
  }
  return true;
}

void Invites::purge() {
  const auto dropped = invites_.purge(mortise::now() - retention_);
  if (dropped > 0) log_.info("old invites dropped", {{"count", dropped}});
}

}  // namespace auth
