#include "handoffs/handoff_mail.hpp"

#include <utility>

#include "sharing/html_page.hpp"

namespace session_sharing {
namespace {

std::string englishDays(long long days) { return days == 1 ? "one day" : std::to_string(days) + " days"; }

}  // namespace

mortise::MailText handoffMail(std::string_view language, const HandoffMailFacts& facts) {
  using Kind = mortise::MailParagraph::Kind;
  const bool chinese = mortise::isChinese(language);
  const std::string title = facts.title.empty() ? std::string()
                            : chinese           ? "“" + facts.title + "”"
                                                : " \"" + facts.title + "\"";
  std::vector<mortise::MailParagraph> paragraphs;
  paragraphs.push_back(
      {Kind::words,
       chinese ? (facts.sender.empty() ? "有人" : facts.sender + " ") + "向您移交了一个编程代理会话" + title + "。"
               : (facts.sender.empty() ? "Somebody" : facts.sender) +
                     " hands a session with a coding agent over to you" + (title.empty() ? "" : ":" + title) + "."});
  if (!facts.link.empty()) {
    paragraphs.push_back({Kind::words, chinese ? "预览：" : "Have a look at it:"});
    paragraphs.push_back({Kind::link, facts.link});
  }
  paragraphs.push_back(
      {Kind::words, chinese ? "使用本邮箱的账号领取：" : "Take it over with the account of this address:"});
  paragraphs.push_back({Kind::words, "sfs pull-handoff " + facts.id});
  paragraphs.push_back({Kind::words, chinese ? "请在 " + std::to_string(facts.days) + " 天内领取。"
                                             : "It waits for " + englishDays(facts.days) + "."});
  paragraphs.push_back({Kind::words, chinese ? "如果您不认识发送者，请忽略本邮件。"
                                             : "If you do not know who sends it, you can ignore this mail."});
  return mortise::composeMail(chinese ? "有会话移交给您" : "A session is handed over to you", language, paragraphs);
}

std::string handoffPreviewPage(std::string_view language, const Handoff& handoff,
                               const std::vector<ReadableMessage>& messages) {
  HtmlPage page(language);
  page.paragraph(handoff.sessionTool.value_or("") + " · " + handoff.senderEmail, "about");
  if (handoff.message) page.paragraph(*handoff.message);
  page.raw("<pre>sfs pull-handoff " + handoff.id + "</pre>\n");
  page.messages(messages);
  return page.text(handoff.sessionTitle.value_or(std::string(page.words("Untitled session", "无标题会话"))));
}

std::string handoffPreviewGonePage(std::string_view language) {
  HtmlPage page(language);
  page.paragraph(page.words("It was taken over, taken back or has expired, or the link is not complete.",
                            "该移交已被领取、撤回或过期，或链接不完整。"));
  return page.text(page.words("Nothing to see any more", "内容已不可用"));
}

}  // namespace session_sharing
