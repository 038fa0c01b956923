// The words around a verification link: the mail, and the page that the link opens. English and Chinese. Plain C++.
#pragma once

#include <mortise/mail_text.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace auth {

// `language`, here and below, as for mortise::isChinese(). `hours`: how long the link works, rounded up. `days`: after
// which an account goes whose address nobody verified; 0: never.
mortise::MailText verificationMail(std::string_view language, std::string_view link, long long hours, long long days);

enum class Verification : std::uint8_t { verified, invalid, accountGone };
// A whole HTML page.
std::string verificationPage(std::string_view language, Verification outcome);
// The page that a link opens: which account it is about, and a button that verifies its address by a POST to the same
// URL. Looking at it changes nothing, since programs that check mail open links. `madeAt`: "2026-02-24 09:30 UTC".
std::string confirmationPage(std::string_view language, std::string_view email, std::string_view username,
                             std::string_view madeAt);

// What a sign-up answers beside the key.
std::string signupMessage(std::string_view language, bool mailed);

}  // namespace auth
