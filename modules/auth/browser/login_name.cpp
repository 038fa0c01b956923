#include "login_name.hpp"

#include "../email_address.hpp"

namespace auth {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr const char* kSpace = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

LoginName::LoginName(std::string_view typed) : text_(trimmed(typed)) {
  isEmail_ = text_.find('@') != std::string::npos;
  if (!isEmail_) return;
  // What is no address belongs to no account: it is looked up as it is, so that it fails like any unknown one.
  if (const auto address = EmailAddress::parse(text_)) text_ = address->text();
}

}  // namespace auth
