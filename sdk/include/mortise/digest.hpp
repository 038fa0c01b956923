// Digests and signatures as lower-case hexadecimal text, over OpenSSL: a module that includes this links OpenSSL::Crypto.
#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

namespace detail {

inline std::string hexText(const unsigned char* bytes, std::size_t size) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 15U];
  }
  return text;
}

inline std::string digestHex(const EVP_MD* kind, std::initializer_list<std::string_view> pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  bool isGood = context != nullptr && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1;
  for (const auto piece : pieces) isGood = isGood && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  if (!isGood || EVP_DigestFinal_ex(context.get(), digest, &size) != 1) throw std::runtime_error("openssl: no digest");
  return hexText(digest, size);
}

}  // namespace detail

// Of the pieces put together. Throw std::runtime_error when OpenSSL fails. [any]
// Since: SDK 1.1, as is the rest of this header.
inline std::string sha256Hex(std::initializer_list<std::string_view> pieces) {
  return detail::digestHex(EVP_sha256(), pieces);
}
inline std::string sha256Hex(std::string_view bytes) { return sha256Hex({bytes}); }
// For what others give as SHA-1; it protects nothing.
inline std::string sha1Hex(std::initializer_list<std::string_view> pieces) {
  return detail::digestHex(EVP_sha1(), pieces);
}

// As above. [any]
inline std::string hmacSha256Hex(std::string_view key, std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), digest, &size) == nullptr)
    throw std::runtime_error("openssl: no HMAC");
  return detail::hexText(digest, size);
}

// In a time that does not tell where they differ; different sizes are told at once. [any]
inline bool areEqualSecrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace mortise::inline sdk1
