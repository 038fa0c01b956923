// What somebody typed into a browser's login form. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace auth {

// A user name as it was typed, which the kernel brings to its form; or an e-mail address, told by its @, in the form
// that is stored.
class LoginName {
 public:
  explicit LoginName(std::string_view typed);

  bool empty() const;  // nothing but white space was typed
  bool isEmail() const { return isEmail_; }
  const std::string& text() const { return text_; }

 private:
  bool isEmail_ = false;
  std::string text_;
};

}  // namespace auth
