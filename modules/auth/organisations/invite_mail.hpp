// The words of an invite, in English and Chinese. Plain C++.
#pragma once

#include <mortise/mail_text.hpp>

#include <string_view>

namespace auth {

// `inviter`: address, may be empty; `link` may be empty. `days`: how long the invite is good.
mortise::MailText inviteMail(std::string_view language, std::string_view orgName, std::string_view inviter,
                             long long days, std::string_view link);

}  // namespace auth
