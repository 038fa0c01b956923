// The words of the mails that a sign-up sends, in English and Chinese. Plain C++.
#pragma once

#include <mortise/mail_text.hpp>

#include <string_view>

namespace auth {

// With the code alone on one line of the text, once, and not in the subject. `username`: of the sign-up that the code
// opens, so that the reader can tell it from one that somebody else began. `link` may be empty. `minutes`: how long the
// code lives, rounded up.
mortise::MailText codeMail(std::string_view language, std::string_view code, std::string_view username,
                           long long minutes, std::string_view link);
// To somebody who has an account already; `link`: where to sign in, or empty.
mortise::MailText accountExistsMail(std::string_view language, std::string_view address, std::string_view link);

}  // namespace auth
