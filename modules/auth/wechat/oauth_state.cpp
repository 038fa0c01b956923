#include "oauth_state.hpp"

#include <sodium.h>

#include <stdexcept>

namespace auth {
namespace {

constexpr std::size_t kHalf = 32;  // hex digits: of the random bytes, and of their seal

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string text(2 * size + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, size);
  text.pop_back();
  return text;
}

}  // namespace

OauthStates::OauthStates(std::string key) : key_(std::move(key)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium can't be set up: no source of randomness");
  if (key_.size() < 32) throw std::runtime_error("the key for OAuth states has fewer than 32 bytes");
}

OauthStates::~OauthStates() { sodium_memzero(key_.data(), key_.size()); }

std::string OauthStates::make() const {
  unsigned char bytes[kHalf / 2];
  randombytes_buf(bytes, sizeof bytes);
  const auto random = hex(bytes, sizeof bytes);
  return random + mac("seal", random).substr(0, kHalf);
}

bool OauthStates::isOurs(std::string_view state) const {
  if (state.size() != 2 * kHalf) return false;
  const auto seal = mac("seal", state.substr(0, kHalf));
  return sodium_memcmp(seal.data(), state.data() + kHalf, kHalf) == 0;
}

std::string OauthStates::hash(std::string_view state) const { return mac("hash", state); }

std::string OauthStates::mac(std::string_view purpose, std::string_view text) const {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key_.data()), key_.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  unsigned char tag[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256_final(&state, tag);
  return hex(tag, sizeof tag);
}

}  // namespace auth
