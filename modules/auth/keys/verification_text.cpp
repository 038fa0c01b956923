#include "keys/verification_text.hpp"

#include <mortise/html.hpp>

#include <vector>

namespace auth {
namespace {

std::string hoursText(bool chinese, long long hours) {
  if (chinese) return std::to_string(hours) + " 小时";
  return hours == 1 ? "one hour" : std::to_string(hours) + " hours";
}

struct PageWords {
  std::string_view title;
  std::string_view text;
};

PageWords wordsOf(bool chinese, Verification outcome) {
  switch (outcome) {
    case Verification::verified:
      return chinese ? PageWords{"邮箱已验证", "您可以关闭此页面。"}
                     : PageWords{"E-mail address verified", "You can close this page."};
    case Verification::accountGone:
      return chinese ? PageWords{"账号不存在", "此链接所属的账号已被删除。"}
                     : PageWords{"Account not found", "The account that this link belongs to was deleted."};
    case Verification::invalid:
      break;
  }
  return chinese ? PageWords{"链接无效", "此链接已过期或不完整。请完整复制邮件中的链接后重试。"}
                 : PageWords{"Link not valid",
                             "This link has expired or is not complete. Copy it whole out of the mail and try again."};
}

}  // namespace

MailText verificationMail(std::string_view language, std::string_view link, long long hours) {
  using Kind = MailParagraph::Kind;
  const bool chinese = isChinese(language);
  std::vector<MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, chinese ? "有人使用此邮箱地址创建了账号。打开以下链接以验证该地址："
                                             : "Somebody made an account with this address. Open this link to verify "
                                               "that it is yours:"});
  paragraphs.push_back({Kind::link, std::string(link)});
  paragraphs.push_back({Kind::words, chinese ? "链接在 " + hoursText(true, hours) + "内有效。"
                                             : "It works for " + hoursText(false, hours) + "."});
  paragraphs.push_back({Kind::words, chinese ? "如果不是您本人创建的，请不要打开此链接，忽略本邮件即可。"
                                             : "If it was not you, do not open it: whoever made the account would hold "
                                               "one with your address. Ignore this mail."});
  return composeMail(chinese ? "请验证您的邮箱" : "Verify your e-mail address", language, paragraphs);
}

std::string verificationPage(std::string_view language, Verification outcome) {
  const bool chinese = isChinese(language);
  const auto words = wordsOf(chinese, outcome);
  const auto title = mortise::escapedHtml(words.title);
  return std::string("<!doctype html>\n<html lang=\"") + (chinese ? "zh-CN" : "en") +
         "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
         title +
         "</title>\n<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: "
         "0 "
         "1rem; }</style>\n</head>\n<body>\n<h1>" +
         title + "</h1>\n<p>" + mortise::escapedHtml(words.text) + "</p>\n</body>\n</html>\n";
}

std::string signupMessage(std::string_view language, bool mailed) {
  if (isChinese(language))
    return mailed ? "账号已创建。请保存密钥，它不会再次显示；并打开邮件中的链接以验证邮箱。"
                  : "账号已创建。请保存密钥，它不会再次显示。";
  return mailed ? "Account created. Save the key, it is not shown again, and open the link in the mail to verify your "
                  "address."
                : "Account created. Save the key, it is not shown again.";
}

}  // namespace auth
