#include "core/identity/refresh_token.hpp"

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"

namespace mortise::identity {
namespace {

constexpr std::size_t kId = 16;
constexpr std::size_t kGeneration = 8;
constexpr std::size_t kTag = 32;

int hexValue(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

std::string packed(const std::string& uuid) {
  std::string out;
  for (std::size_t i = 0; i + 1 < uuid.size(); i += 2) {
    if (uuid[i] == '-') ++i;
    out += static_cast<char>(hexValue(uuid[i]) << 4 | hexValue(uuid[i + 1]));
  }
  return out;
}

std::string unpacked(std::string_view bytes) {
  std::string hex = text::hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace

std::string RefreshTokens::make(const std::string& sessionId, std::int64_t generation) const {
  std::string raw = packed(sessionId);
  for (int shift = 56; shift >= 0; shift -= 8) raw += static_cast<char>(generation >> shift & 0xff);
  return text::base64Url(raw + hmacSha256(key_, raw));
}

std::optional<RefreshClaim> RefreshTokens::read(std::string_view token) const {
  if (token.size() != (kId + kGeneration + kTag) * 4 / 3 + 1) return std::nullopt;
  const auto raw = text::fromBase64Url(token);
  if (!raw || raw->size() != kId + kGeneration + kTag) return std::nullopt;
  const std::string_view claim = std::string_view(*raw).substr(0, kId + kGeneration);
  if (!equalsConstantTime(hmacSha256(key_, claim), std::string_view(*raw).substr(claim.size()))) return std::nullopt;
  RefreshClaim read;
  read.sessionId = unpacked(claim.substr(0, kId));
  for (const char c : claim.substr(kId)) read.generation = read.generation << 8 | static_cast<unsigned char>(c);
  return read;
}

}  // namespace mortise::identity
