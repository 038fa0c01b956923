// The words around a verification link: the mail, and the page that the link opens. English and Chinese. Plain C++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mail_text.hpp"

namespace auth {

// `language`, here and below, as for isChinese(). `hours`: how long the link works, rounded up.
MailText verificationMail(std::string_view language, std::string_view link, long long hours);

enum class Verification : std::uint8_t { verified, invalid, accountGone };
// A whole HTML page.
std::string verificationPage(std::string_view language, Verification outcome);

// What a sign-up answers beside the key.
std::string signupMessage(std::string_view language, bool mailed);

}  // namespace auth
