#include "sharing/html_page.hpp"

#include <mortise/html.hpp>
#include <mortise/mail_text.hpp>

#include <utility>

namespace session_sharing {
namespace {

using mortise::escapedHtml;
using Kind = ReadableBlock::Kind;

constexpr std::string_view kStyle =
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; } "
    "h1 { overflow-wrap: anywhere; } article { border-top: 1px solid #ccc; padding: 0.5rem 0; } "
    "h2 { font-size: 1rem; margin: 0.25rem 0; } h2 time { color: #595959; font-weight: normal; } "
    "p, pre { overflow-wrap: anywhere; white-space: pre-wrap; margin: 0.5rem 0; } "
    "pre { background: #f4f4f4; padding: 0.5rem; font-size: 0.875rem; } .about { color: #595959; } "
    "button, input { font: inherit; padding: 0.5rem 1rem; } nav a { margin-right: 1rem; } "
    "@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #eee; } pre { background: #2a2a2a; } "
    "a { color: #8ab4f8; } h2 time, .about { color: #aaa; } article { border-color: #444; } }";

}  // namespace

HtmlPage::HtmlPage(std::string_view language) : chinese_(mortise::isChinese(language)) {}

HtmlPage& HtmlPage::paragraph(std::string_view text, std::string_view css) {
  body_ += css.empty() ? "<p>" : "<p class=\"" + std::string(css) + "\">";
  body_ += escapedHtml(text) + "</p>\n";
  return *this;
}

std::string HtmlPage::link(std::string_view url, std::string_view words) {
  return "<a href=\"" + escapedHtml(url) + "\">" + escapedHtml(words) + "</a>\n";
}

HtmlPage& HtmlPage::messages(const std::vector<ReadableMessage>& messages) {
  const auto roleName = [&](const std::string& role) -> std::string {
    if (role == "user") return std::string(words("User", "用户"));
    if (role == "assistant") return std::string(words("Assistant", "助手"));
    if (role == "tool") return std::string(words("Tool", "工具"));
    return role == "system" ? std::string(words("System", "系统")) : role;
  };
  for (const auto& message : messages) {
    body_ += "<article>\n<h2>" + escapedHtml(roleName(message.role));
    if (!message.timestamp.empty()) body_ += " <time>" + escapedHtml(message.timestamp) + "</time>";
    body_ += "</h2>\n";
    for (const auto& block : message.blocks) {
      if (block.kind == Kind::text) {
        paragraph(block.text);
        continue;
      }
      const auto summary = block.kind == Kind::toolCall ? std::string(words("Call of ", "调用 ")) + block.name
                                                        : std::string(words("Result", "结果"));
      body_ += "<details>\n<summary>" + escapedHtml(summary) + "</summary>\n<pre>" + escapedHtml(block.text) +
               "</pre>\n</details>\n";
    }
    body_ += "</article>\n";
  }
  return *this;
}

HtmlPage& HtmlPage::raw(std::string_view html) {
  body_ += html;
  return *this;
}

std::string HtmlPage::text(std::string_view title) const {
  const auto shown = escapedHtml(title);
  return std::string("<!doctype html>\n<html lang=\"") + (chinese_ ? "zh-CN" : "en") +
         "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n<link rel=\"icon\" "
         "href=\"data:,\">\n<title>" +
         shown + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n<main>\n<h1>" + shown +
         "</h1>\n" + body_ + "</main>\n</body>\n</html>\n";
}

bool wantsHtml(const mortise::Request& request) {
  return request.header("Accept").find("text/html") != std::string_view::npos;
}

mortise::Reply htmlReply(std::string page, int status) {
  return mortise::Reply::raw(std::move(page), "text/html; charset=utf-8", status)
      .header("Content-Security-Policy",
              "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; "
              "frame-ancestors 'none'")
      .header("Referrer-Policy", "no-referrer")
      .header("X-Content-Type-Options", "nosniff");
}

}  // namespace session_sharing
