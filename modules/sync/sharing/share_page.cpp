#include "sharing/share_page.hpp"

#include <mortise/html.hpp>

#include "sharing/html_page.hpp"

namespace session_sharing {

using mortise::escapedHtml;

std::string sharePage(std::string_view language, const SharePage& shown) {
  HtmlPage page(language);
  std::string about = shown.tool + " · " + shown.createdAt + " · " + std::to_string(shown.messageCount) +
                      std::string(page.words(shown.messageCount == 1 ? " message" : " messages", " 条消息"));
  if (!shown.owner.empty()) about += std::string(page.words(" · shared by ", " · 分享者 ")) + shown.owner;
  page.paragraph(about, "about");
  page.raw("<p>" + HtmlPage::link(shown.downloadUrl, page.words("Download the session", "下载会话")) + "</p>\n");
  if (shown.hasSecrets) {
    page.paragraph(
        page.words("The messages are not shown here: they seem to hold passwords, keys or the like. Whoever shared the "
                   "session can "
                   "tell you more.",
                   "此处不显示消息内容：其中可能包含密码、密钥等敏感信息。请联系分享者了解详情。"));
  }
  page.messages(shown.messages);
  if (!shown.previousUrl.empty() || !shown.nextUrl.empty()) {
    page.raw("<nav>\n");
    if (!shown.previousUrl.empty())
      page.raw(HtmlPage::link(shown.previousUrl, page.words("Earlier messages", "之前的消息")));
    if (!shown.nextUrl.empty()) page.raw(HtmlPage::link(shown.nextUrl, page.words("Later messages", "之后的消息")));
    page.raw("</nav>\n");
  }
  return page.text(shown.title.empty() ? page.words("Untitled session", "无标题会话") : std::string_view(shown.title));
}

std::string passwordPage(std::string_view language, bool isWrong) {
  HtmlPage page(language);
  if (isWrong) {
    page.raw("<p role=\"alert\">" + escapedHtml(page.words("This is not the password.", "密码不正确。")) + "</p>\n");
  } else {
    page.paragraph(page.words("Whoever sent you the link can tell you its password.", "请向发送链接的人索取密码。"));
  }
  // Without an action the form goes to the URL of this page.
  page.raw("<form method=\"post\">\n<p><label>" + escapedHtml(page.words("Password", "密码")) +
           " <input type=\"password\" name=\"password\" required autofocus autocomplete=\"off\"></label>\n"
           "<button type=\"submit\">" +
           escapedHtml(page.words("Open", "打开")) + "</button></p>\n</form>\n");
  return page.text(page.words("A password is needed", "需要密码"));
}

std::string deadLinkPage(std::string_view language, DeadLink reason) {
  HtmlPage page(language);
  switch (reason) {
    case DeadLink::ended:
      page.paragraph(
          page.words("It has expired, or what it led to is not shared any more.", "链接已过期，或其内容已不再分享。"));
      return page.text(page.words("The link has ended", "链接已失效"));
    case DeadLink::tooManyGuesses:
      page.paragraph(page.words("Wait a while, then try again.", "请稍候再试。"));
      return page.text(page.words("Too many tries", "尝试次数过多"));
    case DeadLink::unknown:
      break;
  }
  page.paragraph(page.words("Copy the link whole and try again.", "请完整复制链接后重试。"));
  return page.text(page.words("Link not found", "链接不存在"));
}

}  // namespace session_sharing
