#include "handoffs/handoff_mailer.hpp"

#include <mortise/link_text.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>

#include "sharing/site_address.hpp"

namespace session_sharing {
namespace {

constexpr std::string_view kPreviewPurpose = "preview of a handoff";
constexpr std::size_t kMaxTeamMails = 100;

}  // namespace

HandoffMailer::HandoffMailer(mortise::Host host)
    : log_(host.log()),
      config_(host.config()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      limits_(host.limits()),
      mail_(host.mail()),
      secrets_(host.secrets()),
      dashboardUrl_(dashboardUrlOf(config_)) {}

void HandoffMailer::notify(const mortise::Request& request, const Handoff& handoff) const {
  if (!mail_.configured()) return;
  HandoffMailFacts facts;
  facts.sender = mortise::addressForMail(handoff.senderEmail);
  facts.title = mortise::nameForMail(handoff.sessionTitle.value_or(""), "");
  facts.id = handoff.id;
  facts.link = linkTo(handoff);
  facts.days =
      std::max<long long>(1, std::chrono::ceil<std::chrono::days>(handoff.expiresAt - handoff.createdAt).count());
  const auto text = handoffMail(request.mailLanguage(), facts);
  for (const auto& address : addressesOf(handoff)) send(handoff, address, text);
}

std::vector<std::string> HandoffMailer::addressesOf(const Handoff& handoff) const {
  if (handoff.recipientEmail) return {*handoff.recipientEmail};
  if (handoff.recipientUserId) {
    const auto user = identity_.find(mortise::UserKey::id, *handoff.recipientUserId);
    return user && !user->email.empty() ? std::vector{user->email} : std::vector<std::string>();
  }
  std::vector<std::string> addresses;
  if (!handoff.recipientTeamId) return addresses;
  for (const auto& member : orgs_.teamMembers(*handoff.recipientTeamId)) {
    if (member.userId == handoff.senderId || member.email.empty()) continue;
    if (addresses.size() < kMaxTeamMails) addresses.push_back(member.email);
  }
  return addresses;
}

void HandoffMailer::send(const Handoff& handoff, const std::string& address, const mortise::MailText& text) const {
  const auto failed = [log = log_, id = handoff.id](const std::string& reason) {
    log.warning("the mail of a handoff was not sent", {{"handoff", id}, {"reason", reason}});
  };
  try {
    limits_.take("handoff_mails_address", handoff.senderId + " " + address);
    limits_.take("handoff_mails", handoff.senderId);
    mail_.send({address, text.subject, text.text, text.html, handoff.expiresAt},
               [failed](bool sent, const std::string& reason) {
                 if (!sent) failed(reason);
               });
  } catch (const mortise::Problem& problem) {
    failed(problem.note().empty() ? problem.code() : problem.note());
  }
}

std::string HandoffMailer::linkTo(const Handoff& handoff) const {
  const auto token = secrets_.seal(kPreviewPurpose, handoff.id);
  if (!dashboardUrl_.empty()) return dashboardUrl_ + "/handoffs/" + handoff.id + "?preview=" + token;
  // The form with a query: the access log shows paths, and a link is not for those who read it.
  return serverUrlOf(config_) + "/api/v1/handoffs/" + handoff.id + "/preview?token=" + token;
}

bool HandoffMailer::isPreviewToken(std::string_view token, std::string_view handoffId) const {
  return !token.empty() && secrets_.unseal(kPreviewPurpose, token) == handoffId;
}

}  // namespace session_sharing
