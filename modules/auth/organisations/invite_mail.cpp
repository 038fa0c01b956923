#include "organisations/invite_mail.hpp"

#include <string>
#include <utility>
#include <vector>

namespace auth {
namespace {

std::string chineseInvitation(const std::string& org, const std::string& inviter) {
  return (inviter.empty() ? "您受邀" : inviter + " 邀请您") + "加入组织“" + org + "”。";
}

std::string englishInvitation(const std::string& org, const std::string& inviter) {
  return (inviter.empty() ? "You are invited" : inviter + " invites you") + " to join the organisation \"" + org +
         "\".";
}

std::string englishDays(long long days) { return days == 1 ? "one day" : std::to_string(days) + " days"; }

}  // namespace

mortise::MailText inviteMail(std::string_view language, std::string_view orgName, std::string_view inviter,
                             long long days, std::string_view link) {
  using Kind = mortise::MailParagraph::Kind;
  const bool chinese = mortise::isChinese(language);
  const std::string org(orgName);
  const std::string by(inviter);
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, chinese ? chineseInvitation(org, by) : englishInvitation(org, by)});
  paragraphs.push_back(
      {Kind::words, chinese ? "邀请在 " + std::to_string(days) + " 天内有效。请使用本邮箱的账号接受或拒绝。"
                            : "The invite is good for " + englishDays(days) +
                                  ". Accept or decline it with the account of this address."});
  if (!link.empty()) paragraphs.push_back({Kind::link, std::string(link)});
  paragraphs.push_back({Kind::words, chinese ? "如果您不认识邀请人，请忽略本邮件。"
                                             : "If you do not know who invites you, you can ignore this mail."});
  std::string subject = chinese ? "邀请您加入 " + org : "Invite to join " + org;
  return mortise::composeMail(std::move(subject), language, paragraphs);
}

}  // namespace auth
