#include "login_name.hpp"

#include <mortise/white_space.hpp>

#include "../email_address.hpp"

namespace auth {

LoginName::LoginName(std::string_view typed) : text_(typed) {
  isEmail_ = text_.find('@') != std::string::npos;
  if (!isEmail_) return;
  // What is no address belongs to no account: it is looked up as it is, so that it fails like any unknown one.
  if (const auto address = EmailAddress::parse(text_)) text_ = address->text();
}

bool LoginName::empty() const { return mortise::withoutSpaceAround(text_).empty(); }

}  // namespace auth
