// A mail as this module writes it: a subject and paragraphs, once as text and once as HTML. Plain C++.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace auth {

struct MailText {
  std::string subject;
  std::string text;
  std::string html;
};

struct MailParagraph {
  enum class Kind {
    words,
    code,  // alone on its line, large in the HTML part
    link   // an absolute http(s) URL
  };
  Kind kind;
  std::string text;  // plain; escaped for the HTML part
};

// `language` as for isChinese(); it is said in the HTML part.
MailText composeMail(std::string subject, std::string_view language, const std::vector<MailParagraph>& paragraphs);

// Mails and pages come in English and Chinese: "zh", "zh-CN", ... are Chinese, everything else gets English.
bool isChinese(std::string_view language);

}  // namespace auth
