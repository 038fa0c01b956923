// What somebody typed into a browser's login form. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace auth {

// A user name; or an e-mail address, told by its @, in the form that is stored.
class LoginName {
 public:
  // Without the white space around it; empty text: nothing was typed.
  explicit LoginName(std::string_view typed);

  bool isEmail() const { return isEmail_; }
  const std::string& text() const { return text_; }
  // Under which failed logins are counted, the same in every family.
  std::string failureKey() const { return (isEmail_ ? "email:" : "name:") + text_; }

 private:
  bool isEmail_ = false;
  std::string text_;
};

}  // namespace auth
