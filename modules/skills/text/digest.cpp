#include "text/digest.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace skills {
namespace {

std::string digestHex(const EVP_MD* kind, std::initializer_list<std::string_view> pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  bool good = context != nullptr && EVP_DigestInit_ex(context.get(), kind, nullptr) == 1;
  for (const auto piece : pieces) good = good && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  if (!good || EVP_DigestFinal_ex(context.get(), bytes, &size) != 1) throw std::runtime_error("openssl: no digest");
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += kHex[bytes[i] >> 4U];
    text += kHex[bytes[i] & 15U];
  }
  return text;
}

}  // namespace

std::string sha1Hex(std::initializer_list<std::string_view> pieces) { return digestHex(EVP_sha1(), pieces); }
std::string sha256Hex(std::initializer_list<std::string_view> pieces) { return digestHex(EVP_sha256(), pieces); }

}  // namespace skills
