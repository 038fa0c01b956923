#include "core/identity/passwords.hpp"

#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"

namespace mortise::identity {

// One of the few slots of the hasher, with a bounded queue of waiters.
class Passwords::Turn {
 public:
  explicit Turn(Passwords& owner) : owner_(owner) {
    std::unique_lock lock(owner_.mutex_);
    const auto free = [&] { return owner_.running_ < owner_.concurrency_; };
    if (!free()) {
      if (owner_.waiting_ >= owner_.queueLength_) refuse();
      ++owner_.waiting_;
      const bool got = owner_.freed_.wait_for(lock, std::chrono::seconds(10), free);
      --owner_.waiting_;
      if (!got) refuse();
    }
    ++owner_.running_;
    owner_.hashes_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Turn() {
    {
      const std::lock_guard lock(owner_.mutex_);
      --owner_.running_;
    }
    owner_.freed_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  [[noreturn]] static void refuse() {
    throw Problem(503, "unavailable").retry(2).note("too many passwords wait to be hashed");
  }
  Passwords& owner_;
};

Passwords::Passwords(std::size_t memoryBytes, unsigned passes, unsigned concurrency, std::size_t queueLength)
    : memory_(memoryBytes),
      passes_(passes),
      concurrency_(concurrency != 0 ? concurrency : std::max(2u, std::thread::hardware_concurrency()) - 1),
      queueLength_(queueLength) {
  if (memory_ < crypto_pwhash_argon2id_MEMLIMIT_MIN || passes_ < crypto_pwhash_argon2id_OPSLIMIT_MIN ||
      memory_ > (4ull << 30) || passes_ > 100) {
    throw std::runtime_error("identity.argon2_memory must be 8 KiB to 4 GiB and identity.argon2_passes 1 to 100");
  }
  const auto unpadded = [](std::string text) {
    text.erase(text.find_last_not_of('=') + 1);
    return text;
  };
  unmatched_ = "$argon2id$v=19$m=" + std::to_string(memory_ / 1024) + ",t=" + std::to_string(passes_) + ",p=1$" +
               unpadded(text::base64(randomBytes(16))) + "$" + unpadded(text::base64(randomBytes(32)));
}

std::string Passwords::hash(std::string_view password) {
  if (password.size() > kMaxBytes) {
    throw Problem(422, "validation_failed")
        .field({"body", "password"}, "string_too_long", {{"max", std::to_string(kMaxBytes)}});
  }
  const Turn turn(*this);
  std::string out(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), passes_, memory_,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    throw Problem(503, "unavailable").retry(5).note("argon2id got no memory");
  }
  out.resize(out.find('\0'));
  return out;
}

bool Passwords::check(const std::string& stored, std::string_view password) {
  const bool tooLong = password.size() > kMaxBytes;
  const Turn turn(*this);
  const std::string& against = stored.empty() || tooLong ? unmatched_ : stored;
  const bool fits =
      crypto_pwhash_str_verify(against.c_str(), password.data(), tooLong ? kMaxBytes : password.size()) == 0;
  return fits && !stored.empty() && !tooLong;
}

bool Passwords::outdated(const std::string& stored) const {
  return crypto_pwhash_str_needs_rehash(stored.c_str(), passes_, memory_) == 1;
}

}  // namespace mortise::identity
