// The words of the mails that a sign-up sends, in English and Chinese. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace auth {

struct MailText {
  std::string subject;  // never holds the code
  std::string text;     // the code alone on one line, once
  std::string html;
};

// `language`: "en", "zh-CN", ...; anything that is not Chinese gets English. `link` may be empty. `minutes`: how long
// the code lives, rounded up.
MailText codeMail(std::string_view language, std::string_view code, long long minutes, std::string_view link);
// To somebody who has an account already; `link`: where to sign in, or empty.
MailText accountExistsMail(std::string_view language, std::string_view address, std::string_view link);

}  // namespace auth
