// The words of the mail that tells an owner of a new password, in English and Chinese. Plain C++.
#pragma once

#include <string_view>

#include "mail_text.hpp"

namespace auth {

// `keys`: living API keys of the account at that time; `ended`: whether they were ended with the password.
MailText passwordChangedMail(std::string_view language, long long keys, bool ended);

}  // namespace auth
