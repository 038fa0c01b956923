// The server's master secret, keys derived from it, and the named secrets of the configuration.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/service_error.hpp"

namespace mortise::services {

// Immutable after construction: thread-safe.
class Secrets {
 public:
  // Reads the master secret from `path`; creates it (0600, 32 random bytes, synced) when the file is missing. Two
  // processes that start at once agree on one. Throws ServiceError{invalid} when it is shorter than 32 bytes or
  // readable by others, {unavailable} when it can't be read or created.
  static Secrets open(const std::string& path, std::map<std::string, std::string, std::less<>> named = {});
  // `master`: at least 32 bytes.
  explicit Secrets(std::string master, std::map<std::string, std::string, std::less<>> named = {});
  ~Secrets();  // wipes
  Secrets(Secrets&&) noexcept;
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;

  // HKDF-SHA-256 (RFC 5869) with `purpose` as info. The same purpose gives the same bytes, after a restart as well.
  // size <= 8160.
  std::string derive(std::string_view purpose, std::size_t size = 32) const;
  std::optional<std::string> named(std::string_view name) const;
  // XChaCha20-Poly1305 under derive("seal/" + purpose); base64url text "v1.…".
  std::string seal(std::string_view purpose, std::string_view plain) const;
  // ServiceError{denied} when it was altered, or sealed for another purpose or with another master secret.
  std::string unseal(std::string_view purpose, std::string_view sealed) const;

 private:
  std::string master_;
  std::map<std::string, std::string, std::less<>> named_;
};

}  // namespace mortise::services
