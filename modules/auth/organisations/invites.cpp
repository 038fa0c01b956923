#include "organisations/invites.hpp"

#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "organisations/invite_mail.hpp"
#include "organisations/org_access.hpp"
#include "prefixed_id.hpp"
#include "site_url.hpp"

namespace auth {
namespace {

namespace json = mortise::json;
using mortise::Problem;

constexpr std::int64_t kDay = std::int64_t{86400} * 1000000;
constexpr std::size_t kMostReason = 1000;  // characters
constexpr std::int64_t kMostInvitesToMe = 200;

std::int64_t microseconds(std::chrono::milliseconds time) { return std::chrono::microseconds(time).count(); }

std::string appUrlFrom(const mortise::Config& config) {
  auto url = config.text("app_url");
  if (url.empty()) url = siteUrlFrom(config);
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

// The first `most` characters of valid UTF-8.
std::string_view cut(std::string_view text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (starts && ++characters > most) return text.substr(0, i);
  }
  return text;
}

// Problem with `status` unless the invite is open.
void requireOpen(const Invite& invite, std::int64_t now, int status) {
  if (invite.state == "accepted") throw Problem(status, "invite_accepted");
  if (invite.state == "declined") throw Problem(status, "invite_declined");
  if (invite.expired(now)) throw Problem(status, "invite_expired");
}

std::string addressKey(const Invite& invite) { return invite.orgId + " " + invite.email; }

}  // namespace

Invites::Invites(mortise::Host host)
    : log_(host.log()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      mail_(host.mail()),
      limits_(host.limits()),
      audit_(host.audit()),
      invites_(host.db()),
      lifetime_(microseconds(host.config().duration("invite_lifetime"))),
      retention_(microseconds(host.config().duration("invite_retention"))),
      appUrl_(appUrlFrom(host.config())) {}

void Invites::bind(mortise::Bindings& on) {
  on.operation("invite", this, &Invites::invite);
  on.operation("inviteToOrg", this, &Invites::inviteToOrg);
  on.operation("inviteMember", this, &Invites::inviteToOrg);
  on.operation("acceptInvite", this, &Invites::accept);
  on.operation("declineInvite", this, &Invites::decline);
  on.operation("listInvites", this, &Invites::list);
  on.operation("listInvitesToMe", this, &Invites::listToMe);
  on.operation("revokeInvite", this, &Invites::revoke);
  on.operation("resendInvite", this, &Invites::resend);
}

mortise::Reply Invites::invite(const Request& request) {
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  const std::string role = request.body()["role"].text("member");
  return inviteInto(request, requireOrg(orgs_, request.principal(), orgId, "admin"),
                    role == "admin" ? "admin" : "member");
}

mortise::Reply Invites::inviteToOrg(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  const std::string role = request.body()["role"].text("member");
  if (role != "admin" && role != "member") throw Problem(400, "role_unknown");
  return inviteInto(request, org, role);
}

mortise::Reply Invites::inviteInto(const Request& request, const mortise::Org& org, std::string role) {
  const auto address = EmailAddress::parse(request.body()["email"].text());
  if (!address) throw Problem(422, "validation_failed").field("body/email", "email");
  if (org.seatsLimit > 0 && org.seatsUsed >= org.seatsLimit) {
    throw Problem(403, "seat_limit")
        .details(json::object({{"seats_used", org.seatsUsed}, {"seats_limit", org.seatsLimit}}));
  }
  if (const auto account = identity_.find(mortise::UserKey::email, address->text())) {
    const auto member = orgs_.membership(account->id);
    if (member && member->orgId == org.id) throw Problem(409, "already_member");
  }
  const auto at = mortise::nowMicros();
  Invite invite;
  invite.id = makePrefixedId("inv_");
  invite.orgId = org.id;
  invite.email = address->text();
  invite.role = std::move(role);
  invite.invitedBy = request.principal().userId;
  invite.createdAt = at;
  invite.expiresAt = at + lifetime_;
  takeLimits(invite);
  if (!invites_.keep(invite, at)) {
    limits_.refund("invites_org", invite.orgId);
    limits_.refund("invites_address", addressKey(invite));
    throw Problem(409, "invite_open");
  }
  audit_.record(request, "auth.member_invited", "invite:" + invite.id,
                json::object({{"org_id", org.id}, {"email", invite.email}, {"role", invite.role}}));
  mail(request, org, invite, at);
  return Reply::ok(json::object({{"invite_id", invite.id}, {"email", invite.email}, {"role", invite.role}}));
}

Invite Invites::openInvite(const Request& request, std::int64_t now) const {
  auto invite = invites_.find(request.path("invite_id"));
  if (!invite) throw Problem(404, "invite_not_found");
  requireOpen(*invite, now, 400);
  const auto mine = EmailAddress::parse(request.principal().email);
  if (!mine || mine->text() != invite->email) throw Problem(403, "invite_to_another_address");
  return std::move(*invite);
}

mortise::Reply Invites::accept(const Request& request) {
  const auto at = mortise::nowMicros();
  const auto invite = openInvite(request, at);
  const auto caller = request.principal();
  if (!caller.orgId.empty()) throw Problem(409, "already_in_org");
  // Whoever marks the row is the one who accepts; the membership lies in tables of the kernel, so it is a step of its
  // own. A server that dies in between leaves an accepted invite without a member, which a new invite replaces.
  if (!invites_.accept(invite.id, at)) throw Problem(409, "invite_changed");
  try {
    orgs_.addMember(invite.orgId, caller.userId, invite.role);
  } catch (...) {
    invites_.reopen(invite.id, at);
    throw;
  }
  invites_.settle(invite.orgId, invite.email, at);
  audit_.record(request, "auth.invite_accepted", "invite:" + invite.id,
                json::object({{"org_id", invite.orgId}, {"role", invite.role}}));
  return Reply::ok(json::object({{"org_id", invite.orgId}, {"role", invite.role}}));
}

mortise::Reply Invites::decline(const Request& request) {
  const auto at = mortise::nowMicros();
  const auto invite = openInvite(request, at);
  const auto body = request.body();
  const auto reason = body["reason"].isText() ? body["reason"].text() : body["decline_reason"].text();
  if (!invites_.decline(invite.id, cut(reason, kMostReason), at)) throw Problem(409, "invite_changed");
  audit_.record(request, "auth.invite_declined", "invite:" + invite.id, json::object({{"org_id", invite.orgId}}));
  return Reply::ok(json::object({{"invite_id", invite.id}, {"declined_at", mortise::isoTime(at)}}));
}

mortise::Reply Invites::list(const Request& request) {
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  const auto invites = invites_.openOf(orgId, request.query("limit").integer(0), request.query("offset").integer(0),
                                       mortise::nowMicros());
  const auto view = [](const Invite& invite) {
    return json::object({{"id", invite.id},
                         {"email", invite.email},
                         {"role", invite.role},
                         {"created_at", mortise::isoTime(invite.createdAt)},
                         {"expires_at", mortise::isoTime(invite.expiresAt)}});
  };
  return Reply::ok(json::object({{"invites", json::list(invites, view)}}));
}

mortise::Reply Invites::listToMe(const Request& request) {
  const auto caller = request.principal();
  json::List shown;
  // An address that nobody has proved to read is not the caller's yet; the ids in this list would open organisations.
  const auto mine = EmailAddress::parse(caller.email);
  if (!mine || !caller.emailConfirmed) return Reply::ok(json::object({{"invites", shown.build()}}));
  for (const auto& invite : invites_.openTo(mine->text(), kMostInvitesToMe, mortise::nowMicros())) {
    const auto org = orgs_.find(invite.orgId);
    if (!org) continue;
    const auto inviter = identity_.find(mortise::UserKey::id, invite.invitedBy);
    const std::string from = inviter ? inviter->email : std::string();
    shown.add(json::object({{"invite_id", invite.id},
                            {"org_id", invite.orgId},
                            {"org_name", org->name},
                            {"role", invite.role},
                            {"invited_by_email", from.empty() ? json::Item(nullptr) : json::Item(from)},
                            {"created_at", mortise::isoTime(invite.createdAt)},
                            {"expires_at", mortise::isoTime(invite.expiresAt)}}));
  }
  return Reply::ok(json::object({{"invites", shown.build()}}));
}

mortise::Reply Invites::revoke(const Request& request) {
  const auto orgId = requireOwnOrg(request.principal(), "admin");
  const auto id = request.path("invite_id");
  if (!invites_.remove(orgId, id)) throw Problem(404, "invite_not_found");
  audit_.record(request, "auth.invite_revoked", "invite:" + id.string(), json::object({{"org_id", orgId}}));
  return Reply::ok(json::object({{"revoked", id}}));
}

mortise::Reply Invites::resend(const Request& request) {
  const auto org = requireOrg(orgs_, request.principal(), request.path("org_id"), "admin");
  const auto at = mortise::nowMicros();
  const auto invite = invites_.find(request.path("invite_id"));
  if (!invite || invite->orgId != org.id) throw Problem(404, "invite_not_found");
  requireOpen(*invite, at, 409);
  takeLimits(*invite);
  const bool sent = mail(request, org, *invite, at);
  if (sent) audit_.record(request, "auth.invite_resent", "invite:" + invite->id, json::object({{"org_id", org.id}}));
  const auto mailedAt = sent ? at : invite->lastEmailedAt;
  const auto shown = mailedAt == 0 ? json::Value() : json::value(mortise::isoTime(mailedAt));
  return Reply::ok(
      json::object({{"invite_id", invite->id}, {"email", invite->email}, {"last_emailed_at", shown}, {"sent", sent}}));
}

void Invites::takeLimits(const Invite& invite) const {
  if (!mail_.configured()) return;
  limits_.take("invites_address", addressKey(invite));
  limits_.take("invites_org", invite.orgId);
}

bool Invites::mail(const Request& request, const mortise::Org& org, const Invite& invite, std::int64_t now) const {
  if (!mail_.configured()) return false;
  const auto caller = request.principal();
  const std::string_view inviter = caller.email.empty() ? caller.username : caller.email;
  const auto days = std::max<long long>(1, (invite.expiresAt - now + kDay - 1) / kDay);
  const std::string link = appUrl_.empty() ? std::string() : appUrl_ + "/invites?highlight=" + invite.id;
  auto text = inviteMail(request.language(), org.name, inviter, days, link);
  const auto failed = [this, id = invite.id, now, before = invite.lastEmailedAt](const std::string& reason) {
    log_.warning("the mail of an invite was not sent", {{"invite", id}, {"reason", reason}});
    invites_.notMailed(id, now, before);
  };
  invites_.mailed(invite.id, now);
  try {
    mail_.send({invite.email, std::move(text.subject), std::move(text.text), std::move(text.html)},
               [failed](bool sent, const std::string& reason) {
                 if (!sent) failed(reason);
               });
  } catch (const Problem& problem) {
    failed(problem.note());
    return false;
  }
  return true;
}

void Invites::purge() {
  const auto dropped = invites_.purge(mortise::nowMicros() - retention_);
  if (dropped > 0) log_.info("old invites dropped", {{"count", dropped}});
}

}  // namespace auth
