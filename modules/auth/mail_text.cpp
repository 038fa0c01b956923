#include "mail_text.hpp"

#include <mortise/html.hpp>

#include <utility>

namespace auth {

using mortise::escapedHtml;

bool isChinese(std::string_view language) { return language.substr(0, 2) == "zh"; }

MailText composeMail(std::string subject, std::string_view language, const std::vector<MailParagraph>& paragraphs) {
  MailText mail;
  mail.subject = std::move(subject);
  mail.html = std::string("<!doctype html>\n<html lang=\"") + (isChinese(language) ? "zh-CN" : "en") +
              "\">\n<head><meta charset=\"utf-8\"><title>" + escapedHtml(mail.subject) +
              "</title></head>\n<body style=\"font-family: sans-serif\">\n";
  for (const auto& paragraph : paragraphs) {
    if (!mail.text.empty()) mail.text += "\n";
    mail.text += paragraph.text + "\n";
    const auto shown = escapedHtml(paragraph.text);
    if (paragraph.kind == MailParagraph::Kind::code) {
      mail.html += "<p style=\"font-size: 2em; letter-spacing: 0.2em\"><strong>" + shown + "</strong></p>\n";
    } else if (paragraph.kind == MailParagraph::Kind::link) {
      mail.html += "<p><a href=\"" + shown + "\">" + shown + "</a></p>\n";
    } else {
      mail.html += "<p>" + shown + "</p>\n";
    }
  }
  mail.html += "</body>\n</html>\n";
  return mail;
}

}  // namespace auth
