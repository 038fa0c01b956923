#include "core/base/sha256.hpp"

#include <openssl/evp.h>

#include <stdexcept>

#include "core/base/text.hpp"

namespace mortise {

void Sha256::Deleter::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("openssl offers no sha256");
}

void Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw std::runtime_error("sha256 failed");
}

std::string Sha256::hex() {
  unsigned char digest[32];
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context_.get(), digest, &length) != 1) throw std::runtime_error("sha256 failed");
  return text::hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

}  // namespace mortise
