// The frame of this module's pages for people who open a link, and how it is answered.
#pragma once

#include <mortise/reply.hpp>
#include <mortise/request.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "sharing/readable_message.hpp"

namespace session_sharing {

// A page in English or Chinese.
class HtmlPage {
 public:
  // `language`: "zh", "zh-CN", ... are Chinese, everything else gets English.
  explicit HtmlPage(std::string_view language);

  // The words in the language of the page.
  std::string_view words(std::string_view english, std::string_view chinese) const {
    return chinese_ ? chinese : english;
  }

  // Escaped; `css`: a class of the page's style, or empty.
  HtmlPage& paragraph(std::string_view text, std::string_view css = {});
  // `url` relative or http(s), escaped.
  static std::string link(std::string_view url, std::string_view words);
  HtmlPage& messages(const std::vector<ReadableMessage>& messages);
  // HTML as it is.
  HtmlPage& raw(std::string_view html);

  std::string text(std::string_view title) const;

 private:
  bool chinese_;
  std::string body_;
};

// True for browsers, which name text/html; command-line clients take anything. [any]
bool wantsHtml(const mortise::Request& request);

// The address of such a page holds a secret: no referrer, no page around it, nothing from elsewhere.
mortise::Reply htmlReply(std::string page, int status);

}  // namespace session_sharing
