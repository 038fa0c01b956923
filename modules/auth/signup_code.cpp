#include "signup_code.hpp"

#include <sodium.h>

#include <cstdio>
#include <stdexcept>

namespace auth {

SignupCodes::SignupCodes(std::string key) : key_(std::move(key)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium can't be set up: no source of randomness");
  if (key_.size() < 32) throw std::runtime_error("the key for sign-up codes has fewer than 32 bytes");
}

SignupCodes::~SignupCodes() { sodium_memzero(key_.data(), key_.size()); }

std::string SignupCodes::make() {
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06u", static_cast<unsigned>(randombytes_uniform(1000000)));
  return digits;
}

std::string SignupCodes::mac(std::string_view address, std::string_view code) const {
  return keyed("code", address, code);
}

std::string SignupCodes::addressKey(std::string_view address) const { return keyed("address", address, {}); }

std::string SignupCodes::callerKey(std::string_view address, std::string_view network) const {
  return keyed("caller", address, network);
}

bool SignupCodes::same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && sodium_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string SignupCodes::keyed(std::string_view purpose, std::string_view first, std::string_view second) const {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key_.data()), key_.size());
  const auto feed = [&](std::string_view text) {
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(""), 1);
  };
  feed(purpose);
  feed(first);
  feed(second);
  unsigned char tag[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, tag);
  std::string hex(2 * sizeof tag + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), tag, sizeof tag);
  hex.pop_back();
  return hex;
}

}  // namespace auth
