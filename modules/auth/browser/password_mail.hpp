// The words of the mail that tells an owner of a new password, in English and Chinese. Plain C++.
#pragma once

#include <mortise/mail_text.hpp>

#include <string_view>

namespace auth {

// `keys`: living API keys of the account at that time; `ended`: whether they were ended with the password.
mortise::MailText passwordChangedMail(std::string_view language, long long keys, bool ended);

}  // namespace auth
