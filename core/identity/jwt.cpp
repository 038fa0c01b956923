#include "core/identity/jwt.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sodium.h>

#include <cstdio>
#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace mortise::identity {
namespace {

constexpr std::size_t kMaxToken = 8192;

template <auto Free>
struct Deleter {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

enum class Algorithm : std::uint8_t { hs256, rs256, es256 };

const unsigned char* bytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytesOf(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Key readKey(const std::string& path, Algorithm algorithm) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (!file) throw std::runtime_error("identity.jwt_key_file: " + path + " can't be opened");
  // Never asks for a pass phrase on the terminal.
  const auto noPassphrase = [](char*, int, int, void*) { return -1; };
  Key key(PEM_read_PrivateKey(file.get(), nullptr, noPassphrase, nullptr));
  if (!key) throw std::runtime_error("identity.jwt_key_file: " + path + " holds no unencrypted PEM private key");
  if (algorithm == Algorithm::rs256 &&
      (EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_bits(key.get()) < 2048)) {
    throw std::runtime_error("identity.jwt_key_file: RS256 needs an RSA key of at least 2048 bits in " + path);
  }
  if (algorithm == Algorithm::es256) {
    char group[64] = "";
    std::size_t size = 0;
    if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) != 1 ||
        std::string_view(group, size) != "prime256v1") {
      throw std::runtime_error("identity.jwt_key_file: ES256 needs a P-256 key in " + path);
    }
  }
  return key;
}

// JOSE writes r and s one after the other, OpenSSL expects DER.
std::string derFromPair(std::string_view pair) {
  if (pair.size() != 64) return {};
  const EcSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytesOf(pair), 32, nullptr);
  BIGNUM* s = BN_bin2bn(bytesOf(pair) + 32, 32, nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  unsigned char* at = bytesOf(der);
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

std::string pairFromDer(std::string_view der) {
  const unsigned char* at = bytesOf(der);
  const EcSignature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string pair(64, '\0');
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytesOf(pair), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytesOf(pair) + 32, 32) != 32) {
    throw std::runtime_error("openssl made no ES256 signature");
  }
  return pair;
}

}  // namespace

struct JwtKey::Implementation {
  Algorithm algorithm = Algorithm::hs256;
  std::string name;                // HS256
  std::string header;              // encoded, of the tokens signed here
  std::string innerPad, outerPad;  // HMAC: state of the hash after the padded key
  Key key;

  ~Implementation() {
    sodium_memzero(innerPad.data(), innerPad.size());
    sodium_memzero(outerPad.data(), outerPad.size());
  }

  std::string signature(std::string_view input) const {
    if (algorithm == Algorithm::hs256) {
      // HMAC built on OpenSSL's hash, which uses the processor's instructions: three times as fast as libsodium's.
      std::string text;
      text.reserve(innerPad.size() + input.size());
      text.append(innerPad).append(input);
      return sha256(outerPad + sha256(text));
    }
    const DigestContext context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytesOf(input), input.size()) != 1) {
      throw std::runtime_error("openssl can't sign with " + name);
    }
    std::string out(size, '\0');
    if (EVP_DigestSign(context.get(), bytesOf(out), &size, bytesOf(input), input.size()) != 1) {
      throw std::runtime_error("openssl can't sign with " + name);
    }
    out.resize(size);
    return algorithm == Algorithm::es256 ? pairFromDer(out) : out;
  }

  bool fits(std::string_view input, std::string_view presented) const {
    if (algorithm == Algorithm::hs256) return equalsConstantTime(signature(input), presented);
    const std::string der = algorithm == Algorithm::es256 ? derFromPair(presented) : std::string(presented);
    const DigestContext context(EVP_MD_CTX_new());
    return !der.empty() && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytesOf(der), der.size(), bytesOf(input), input.size()) == 1;
  }

  // Either exactly the header that sign() writes, or any header with this algorithm and no critical extension.
  bool headerFits(std::string_view encoded) const {
    if (encoded == header) return true;
    const auto text = text::fromBase64Url(encoded);
    json::Document document;
    json::ParseError error;
    if (!text || !json::parse(*text, document, error, json::Repeated::refuse) || !document.IsObject()) return false;
    return json::textMember(document, "alg") == name && !json::member(document, "crit");
  }
};

JwtKey::JwtKey(std::string_view algorithm, std::string_view secret, const std::string& keyFile)
    : implementation_(std::make_unique<Implementation>()) {
  Implementation& self = *implementation_;
  self.name = algorithm;
  if (algorithm == "HS256") {
    if (secret.size() < 32) throw std::runtime_error("HS256 needs a secret of at least 32 bytes");
    std::string block = secret.size() > 64 ? sha256(secret) : std::string(secret);
    block.resize(64, '\0');
    self.innerPad = self.outerPad = block;
    for (char& c : self.innerPad) c = static_cast<char>(c ^ 0x36);
    for (char& c : self.outerPad) c = static_cast<char>(c ^ 0x5c);
    sodium_memzero(block.data(), block.size());
  } else if (algorithm == "RS256" || algorithm == "ES256") {
    self.algorithm = algorithm == "RS256" ? Algorithm::rs256 : Algorithm::es256;
    if (keyFile.empty()) throw std::runtime_error("identity.jwt_key_file is needed for " + self.name);
    self.key = readKey(keyFile, self.algorithm);
  } else {
    throw std::runtime_error("identity.jwt_algorithm " + self.name + " is not served; use HS256, RS256 or ES256");
  }
  self.header = text::base64Url("{\"alg\":\"" + self.name + "\",\"typ\":\"JWT\"}");
}

JwtKey::~JwtKey() = default;

std::string JwtKey::sign(std::string_view claimsJson) const {
  std::string token = implementation_->header + "." + text::base64Url(claimsJson);
  return token + "." + text::base64Url(implementation_->signature(token));
}

std::optional<std::string> JwtKey::open(std::string_view token) const {
  if (token.size() > kMaxToken) return std::nullopt;
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) return std::nullopt;
  if (!implementation_->headerFits(token.substr(0, first))) return std::nullopt;
  const auto signature = text::fromBase64Url(token.substr(last + 1));
  if (!signature || !implementation_->fits(token.substr(0, last), *signature)) return std::nullopt;
  return text::fromBase64Url(token.substr(first + 1, last - first - 1));
}

}  // namespace mortise::identity
