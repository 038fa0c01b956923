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

// `body` is HTML.
std::string page(bool chinese, std::string_view title, const std::string& body) {
  const auto shown = mortise::escapedHtml(title);
  return std::string("<!doctype html>\n<html lang=\"") + (chinese ? "zh-CN" : "en") +
         "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n<link rel=\"icon\" "
         "href=\"data:,\">\n<title>" +
         shown +
         "</title>\n<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: "
         "0 1rem; } dd { margin: 0 0 0.5rem; font-weight: bold; overflow-wrap: anywhere; } button { font: inherit; "
         "padding: 0.5rem 1rem; }</style>\n</head>\n<body>\n<h1>" +
         shown + "</h1>\n" + body + "</body>\n</html>\n";
}

}  // namespace

mortise::MailText verificationMail(std::string_view language, std::string_view link, long long hours, long long days) {
  using Kind = mortise::MailParagraph::Kind;
  const bool chinese = mortise::isChinese(language);
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back({Kind::words, chinese
                                         ? "有人使用此邮箱地址创建了账号。打开以下链接，并在页面上确认该地址属于您："
                                         : "Somebody made an account with this address. Open this link and confirm "
                                           "there that the address is yours:"});
  paragraphs.push_back({Kind::link, std::string(link)});
  paragraphs.push_back({Kind::words, chinese ? "链接在 " + hoursText(true, hours) + "内有效。"
                                             : "It works for " + hoursText(false, hours) + "."});
  paragraphs.push_back({Kind::words, chinese ? "如果不是您本人创建的，请不要确认，忽略本邮件即可。"
                                             : "If it was not you, do not confirm: whoever made the account would hold "
                                               "one with your address. Ignore this mail."});
  if (days > 0) {
    paragraphs.push_back({Kind::words, chinese ? "地址未经确认的账号将在 " + std::to_string(days) + " 天后删除。"
                                               : "An account whose address nobody confirms is deleted after " +
                                                     (days == 1 ? "one day" : std::to_string(days) + " days") + "."});
  }
  return mortise::composeMail(chinese ? "请验证您的邮箱" : "Verify your e-mail address", language, paragraphs);
}

std::string verificationPage(std::string_view language, Verification outcome) {
  const bool chinese = mortise::isChinese(language);
  const auto words = wordsOf(chinese, outcome);
  return page(chinese, words.title, "<p>" + mortise::escapedHtml(words.text) + "</p>\n");
}

std::string confirmationPage(std::string_view language, std::string_view email, std::string_view username,
                             std::string_view madeAt) {
  const bool chinese = mortise::isChinese(language);
  std::string body = chinese ? "<p>有人使用以下邮箱地址创建了账号：</p>\n" : "<p>Somebody made this account:</p>\n";
  const auto row = [&](std::string_view name, std::string_view value) {
    body += "<dt>" + std::string(name) + "</dt>\n<dd>" + mortise::escapedHtml(value) + "</dd>\n";
  };
  body += "<dl>\n";
  row(chinese ? "邮箱地址" : "E-mail address", email);
  if (!username.empty()) row(chinese ? "用户名" : "User name", username);
  row(chinese ? "创建时间" : "Made at", madeAt);
  body += "</dl>\n";
  body +=
      chinese
          ? "<p>如果是您本人创建的，请确认该地址属于您。如果不是，请关闭此页面：确认后，创建者将拥有使用您地址的账号。<"
            "/p>\n"
          : "<p>If it was you, confirm that the address is yours. If it was not, close this page: whoever made "
            "the account would hold one with your address.</p>\n";
  // Without an action the form goes to the URL of this page, token included.
  body += std::string("<form method=\"post\">\n<button type=\"submit\">") +
          (chinese ? "确认我的地址" : "Confirm my address") + "</button>\n</form>\n";
  return page(chinese, chinese ? "确认您的邮箱" : "Confirm your e-mail address", body);
}

std::string signupMessage(std::string_view language, bool mailed) {
  if (mortise::isChinese(language))
    return mailed ? "账号已创建。请保存密钥，它不会再次显示；并打开邮件中的链接并确认邮箱。"
                  : "账号已创建。请保存密钥，它不会再次显示。";
  return mailed ? "Account created. Save the key, it is not shown again, and open the link in the mail to confirm your "
                  "address."
                : "Account created. Save the key, it is not shown again.";
}

}  // namespace auth
