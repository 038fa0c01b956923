#include "signup_mail.hpp"

#include <string>
#include <vector>

namespace auth {
namespace {

std::string minutesText(bool chinese, long long minutes) {
  if (chinese) return std::to_string(minutes) + " 分钟";
  return minutes == 1 ? "one minute" : std::to_string(minutes) + " minutes";
}

}  // namespace

mortise::MailText codeMail(std::string_view language, std::string_view code, std::string_view username,
                           long long minutes, std::string_view link) {
  using Kind = mortise::MailParagraph::Kind;
  const bool chinese = mortise::isChinese(language);
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, chinese ? "您正在注册用户名 " + std::string(username) + "，验证码："
                                             : "The code to finish signing up as " + std::string(username) + ":"});
  paragraphs.push_back({Kind::code, std::string(code)});
  paragraphs.push_back({Kind::words, chinese ? "验证码在 " + minutesText(true, minutes) + "内有效，且只能使用一次。"
                                             : "It works once, and for " + minutesText(false, minutes) + "."});
  if (!link.empty()) {
    paragraphs.push_back({Kind::words, chinese ? "在此页面输入验证码：" : "Enter it on this page:"});
    paragraphs.push_back({Kind::link, std::string(link)});
  }
  paragraphs.push_back({Kind::words, chinese
                                         ? "其他人也可能用您的邮箱申请注册。如果您没有申请，或者这不是您填写的用户名，"
                                           "请不要使用此验证码，也不要告诉任何人，忽略本邮件即可。"
                                         : "Somebody else may have asked with your address. If you did not ask, or "
                                           "did not choose this user name, do not use the code and do not tell it "
                                           "to anybody; you can ignore this mail."});
  return mortise::composeMail(chinese ? "您的注册验证码" : "Your sign-up code", language, paragraphs);
}

mortise::MailText accountExistsMail(std::string_view language, std::string_view address, std::string_view link) {
  using Kind = mortise::MailParagraph::Kind;
  const bool chinese = mortise::isChinese(language);
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, chinese ? "有人使用 " + std::string(address) + " 注册，但该邮箱已有账号。"
                                             : "Somebody asked to sign up with " + std::string(address) +
                                                   ", but this address already has an account."});
  paragraphs.push_back({Kind::words, chinese ? "如果是您本人，请直接用原来的密码登录。"
                                             : "If it was you, sign in with the password you already have."});
  if (!link.empty()) paragraphs.push_back({Kind::link, std::string(link)});
  paragraphs.push_back(
      {Kind::words, chinese ? "如果不是您，请忽略本邮件；您的账号没有任何变化。"
                            : "If it was not, you can ignore this mail; nothing about your account has changed."});
  return mortise::composeMail(chinese ? "您已经有账号了" : "You already have an account", language, paragraphs);
}

}  // namespace auth
