#include "core/services/secrets/secrets.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"

namespace mortise::services {
namespace {

[[noreturn]] void failed(const std::string& path, const char* step) {
  throw ServiceError(ErrorKind::unavailable, "secret file " + path + ": " + step + ": " + std::strerror(errno));
}

// Written completely under another name, then linked: readers see the whole file, and of two concurrent writers one
// wins.
void make(const std::string& path) {
  const std::string temporary = path + "." + uuid4();
  try {
    const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) failed(path, "open");
    const std::string bytes = randomBytes(32);
    if (::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) failed(path, "write");
    if (::fsync(file.get()) != 0) failed(path, "fsync");
    if (::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) failed(path, "link");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  ::unlink(temporary.c_str());
  const auto slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) failed(path, "fsync of the directory");
}

const unsigned char* bytesOf(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Secrets Secrets::open(const std::string& path, std::map<std::string, std::string, std::less<>> named) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) {
    make(path);
    file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!file) failed(path, "open");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) failed(path, "stat");
  if (!S_ISREG(status.st_mode)) throw ServiceError(ErrorKind::invalid, "secret file " + path + " is no regular file");
  if ((status.st_mode & 077) != 0) {
    throw ServiceError(ErrorKind::invalid, "secret file " + path + " may be read by others; run chmod 600 " + path);
  }
  std::string bytes(4096, '\0');
  const ssize_t count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) failed(path, "read");
  bytes.resize(static_cast<std::size_t>(count));
  if (bytes.size() < 32) {
    throw ServiceError(ErrorKind::invalid,
                       "secret file " + path + " holds " + std::to_string(bytes.size()) +
                           " bytes, at least 32 are needed; restore it, or remove it to sign everybody out");
  }
  return Secrets(std::move(bytes), std::move(named));
}

Secrets::Secrets(std::string master, std::map<std::string, std::string, std::less<>> named)
    : master_(std::move(master)), named_(std::move(named)) {
  if (master_.size() < 32) throw ServiceError(ErrorKind::invalid, "the master secret is shorter than 32 bytes");
}

// Copied, so that the source can be wiped: a moved-from text need not be the one that held the bytes.
// NOLINTNEXTLINE(performance-move-constructor-init)
Secrets::Secrets(Secrets&& other) noexcept : master_(other.master_), named_(std::move(other.named_)) {
  sodium_memzero(other.master_.data(), other.master_.size());
}

Secrets::~Secrets() {
  sodium_memzero(master_.data(), master_.size());
  for (auto& [name, value] : named_) sodium_memzero(value.data(), value.size());
}

std::string Secrets::derive(std::string_view purpose, std::size_t size) const {
  if (size == 0 || size > 8160) throw ServiceError(ErrorKind::invalid, "derived secrets have 1 to 8160 bytes");
  const std::string key = hmacSha256("mortise master secret", master_);
  std::string out, block;
  for (unsigned char counter = 1; out.size() < size; ++counter) {
    block.append(purpose).append(1, static_cast<char>(counter));
    block = hmacSha256(key, block);
    out += block;
  }
  out.resize(size);
  return out;
}

std::optional<std::string> Secrets::named(std::string_view name) const {
  const auto entry = named_.find(name);
  if (entry == named_.end()) return std::nullopt;
  return entry->second;
}

std::string Secrets::seal(std::string_view purpose, std::string_view plain) const {
  const std::string key = derive("seal/" + std::string(purpose), crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  std::string out = randomBytes(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  std::string box(plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  crypto_aead_xchacha20poly1305_ietf_encrypt(reinterpret_cast<unsigned char*>(box.data()), nullptr, bytesOf(plain),
                                             plain.size(), bytesOf(purpose), purpose.size(), nullptr, bytesOf(out),
                                             bytesOf(key));
  return "v1." + text::base64Url(out + box);
}

std::string Secrets::unseal(std::string_view purpose, std::string_view sealed) const {
  constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  const auto raw = sealed.starts_with("v1.") ? text::fromBase64Url(sealed.substr(3)) : std::nullopt;
  if (!raw || raw->size() < kNonce + kTag) throw ServiceError(ErrorKind::denied, "this is no sealed text");
  const std::string key = derive("seal/" + std::string(purpose), crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  const std::string_view box = std::string_view(*raw).substr(kNonce);
  std::string plain(box.size() - kTag, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                                                 bytesOf(box), box.size(), bytesOf(purpose), purpose.size(),
                                                 bytesOf(*raw), bytesOf(key)) != 0) {
    throw ServiceError(ErrorKind::denied, "sealed text was altered, or sealed for another purpose or server");
  }
  return plain;
}

}  // namespace mortise::services
