// The state parameter of an OAuth sign-in. Plain C++; randomness and HMAC by libsodium.
#pragma once

#include <string>
#include <string_view>

namespace auth {

class OauthStates {
 public:
  // `key`: at least 32 bytes that only this server (and its siblings on the same database) knows.
  explicit OauthStates(std::string key);
  ~OauthStates();
  OauthStates(const OauthStates&) = delete;
  OauthStates& operator=(const OauthStates&) = delete;

  // 16 random bytes and their seal, as 64 letters and digits (WeChat takes nothing else).
  std::string make() const;
  // Whether make() made it, however long ago: a state of ours that nobody remembers was used, or is too old.
  bool isOurs(std::string_view state) const;
  // What is stored instead of it, whoever made it.
  std::string hash(std::string_view state) const;

 private:
  std::string mac(std::string_view purpose, std::string_view text) const;  // 64 hex digits
  std::string key_;
};

}  // namespace auth
