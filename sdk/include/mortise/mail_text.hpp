// A mail as modules write it: a subject and paragraphs, once as text and once as HTML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/html.hpp"

namespace mortise::inline sdk1 {

struct MailText {
  std::string subject;
  std::string text;
  std::string html;
};

struct MailParagraph {
  enum class Kind : std::uint8_t {
    words,
    code,  // alone on its line, large in the HTML part
    link   // an absolute http(s) URL
  };
  Kind kind;
  std::string text;  // plain; escaped for the HTML part
};

// Mails and pages come in English and Chinese: "zh", "zh-CN", ... are Chinese, everything else gets English. [any]
inline bool isChinese(std::string_view language) { return language.substr(0, 2) == "zh"; }

// `language` as for isChinese(); it is said in the HTML part. [any]
inline MailText composeMail(std::string subject, std::string_view language,
                            const std::vector<MailParagraph>& paragraphs) {
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

}  // namespace mortise::inline sdk1
