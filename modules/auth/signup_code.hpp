// The six digits that prove who reads a mailbox. Plain C++; randomness and HMAC by libsodium.
#pragma once

#include <string>
#include <string_view>

namespace auth {

class SignupCodes {
 public:
  // `key`: at least 32 bytes that only this server (and its siblings on the same database) knows.
  explicit SignupCodes(std::string key);
  ~SignupCodes();
  SignupCodes(const SignupCodes&) = delete;
  SignupCodes& operator=(const SignupCodes&) = delete;

  // Uniform over 000000-999999.
  static std::string make();
  // What is stored instead of the code: HMAC-SHA-256 over address, a zero byte and code, in hex. A zero byte is in
  // neither of them, so no two pairs give the same text.
  std::string mac(std::string_view address, std::string_view code) const;
  // What is stored instead of an address where only "the same one again" matters.
  std::string addressKey(std::string_view address) const;
  // The same for an address together with the network that asks for something about it.
  std::string callerKey(std::string_view address, std::string_view network) const;
  // Takes the same time wherever the two differ.
  static bool same(std::string_view left, std::string_view right);

 private:
  std::string keyed(std::string_view purpose, std::string_view first, std::string_view second) const;
  std::string key_;
};

}  // namespace auth
