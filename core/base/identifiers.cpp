#include "core/base/identifiers.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace mortise {
namespace {

void fillRandom(void* at, std::size_t count) {
  static const bool kReady = sodium_init() >= 0;
  if (!kReady) throw std::runtime_error("libsodium does not start: no source of random bytes");
  randombytes_buf(at, count);
}

std::string uuidText(const unsigned char (&bytes)[16]) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string out(36, '-');
  std::size_t at = 0;
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    out[at++] = kHexDigits[bytes[i] >> 4];
    out[at++] = kHexDigits[bytes[i] & 15];
  }
  return out;
}

// Milliseconds << 12 | fraction of the millisecond in 1/4096. Grows with every call, so that ids of one process sort by
// age.
std::uint64_t nextTick() {
  static std::atomic<std::uint64_t> last{0};
  constexpr std::uint64_t kSetBack = 10'000ull << 12;  // when the clock was set back by more than 10 s, follow it
  const auto micros = static_cast<std::uint64_t>(nowMicros());
  const std::uint64_t now = micros / 1000 << 12 | (micros % 1000) * 4096 / 1000;
  std::uint64_t seen = last.load(std::memory_order_relaxed);
  while (true) {
    const std::uint64_t next = now > seen || seen - now > kSetBack ? now : seen + 1;
    if (last.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return next;
  }
}

void twoDigits(char* at, unsigned value) {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// "2026-02-24T09:30:00.123456" (days to date as in Howard Hinnant's chrono paper). Years 0 to 9999.
std::string isoText(std::int64_t micros, int fractionDigits) {
  std::int64_t seconds = micros / 1'000'000;
  std::int64_t fraction = micros % 1'000'000;
  if (fraction < 0) {
    fraction += 1'000'000;
    --seconds;
  }
  std::int64_t days = seconds / 86400;
  std::int64_t left = seconds % 86400;
  if (left < 0) {
    left += 86400;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto dayOfEra = static_cast<unsigned>(days - era * 146097);
  const unsigned yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const unsigned dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const unsigned shifted = (5 * dayOfYear + 2) / 153;
  const unsigned day = dayOfYear - (153 * shifted + 2) / 5 + 1;
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = static_cast<std::int64_t>(yearOfEra) + era * 400 + (month <= 2 ? 1 : 0);

  std::string out = "0000-00-00T00:00:00.000000";
  const auto yearPart = static_cast<unsigned>(year < 0 ? 0 : year > 9999 ? 9999 : year);
  twoDigits(&out[0], yearPart / 100);
  twoDigits(&out[2], yearPart % 100);
  twoDigits(&out[5], month);
  twoDigits(&out[8], day);
  const auto secondOfDay = static_cast<unsigned>(left);
  twoDigits(&out[11], secondOfDay / 3600);
  twoDigits(&out[14], secondOfDay / 60 % 60);
  twoDigits(&out[17], secondOfDay % 60);
  const auto part = static_cast<unsigned>(fraction);
  twoDigits(&out[20], part / 10000);
  twoDigits(&out[22], part / 100 % 100);
  twoDigits(&out[24], part % 100);
  out.resize(20 + static_cast<std::size_t>(fractionDigits));
  return out;
}

}  // namespace

std::string randomBytes(std::size_t count) {
  std::string out(count, '\0');
  fillRandom(out.data(), count);
  return out;
}

std::string uuid4() {
  unsigned char bytes[16];
  fillRandom(bytes, sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return uuidText(bytes);
}

std::string uuid7() {
  unsigned char bytes[16];
  fillRandom(bytes + 8, 8);
  const std::uint64_t tick = nextTick();
  const std::uint64_t millis = tick >> 12;
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  bytes[6] = static_cast<unsigned char>(0x70 | (tick >> 8 & 0x0f));
  bytes[7] = static_cast<unsigned char>(tick);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  return uuidText(bytes);
}

bool isUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

std::int64_t nowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string isoMillis(std::int64_t micros) { return isoText(micros, 3) + "Z"; }
std::string isoMicros(std::int64_t micros) { return isoText(micros, 6) + "Z"; }
std::string isoOffset(std::int64_t micros) { return isoText(micros, 6) + "+00:00"; }

bool equalsConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string sha256(std::string_view bytes) {
  static const EVP_MD* const kDigest =
      EVP_MD_fetch(nullptr, "SHA256", nullptr);  // fetching per call costs more than hashing
  std::string out(32, '\0');
  if (!kDigest || EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, kDigest,
                             nullptr) != 1) {
    throw std::runtime_error("openssl offers no sha256");
  }
  return out;
}

std::string hmacSha256(std::string_view key, std::string_view bytes) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::string out(32, '\0');
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
  sodium_memzero(&state, sizeof state);
  return out;
}

}  // namespace mortise
