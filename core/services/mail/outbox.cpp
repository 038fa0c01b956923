#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/base/identifiers.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/unique_fd.hpp"
#include "core/services/mail/transport.hpp"

namespace mortise::services::mail {
namespace {

// One .eml per mail: a file with its final name is complete, after a power cut too.
class Outbox final : public Transport {
 public:
  explicit Outbox(std::string directory) : directory_(std::move(directory)) {}

  void deliver(const Envelope& envelope) override {
    const std::string name = uuid7() + ".eml";
    const std::string temporary = directory_ + "/." + name + ".tmp";
    try {
      const UniqueFd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!file) fail("open");
      std::string_view left = envelope.message;
      while (!left.empty()) {
        const ssize_t written = ::write(file.get(), left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        left.remove_prefix(static_cast<std::size_t>(written));
      }
      if (::fsync(file.get()) != 0) fail("fsync");
      if (::rename(temporary.c_str(), (directory_ + "/" + name).c_str()) != 0) fail("rename");
      const UniqueFd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directory || ::fsync(directory.get()) != 0) fail("fsync of the directory");
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
  }

  void probe(const std::string&) override {
    try {
      TemporaryFile file(directory_);
      file.write("probe");
    } catch (const std::system_error& error) {
      throw TransportError(TransportError::Kind::relay,
                           "outbox " + directory_ + ": nothing can be written: " + error.code().message());
    }
  }

 private:
  [[noreturn]] void fail(const char* step) const {
    throw TransportError(TransportError::Kind::relay,
                         "outbox " + directory_ + ": " + step + ": " + std::strerror(errno));
  }
  std::string directory_;
};

}  // namespace

std::unique_ptr<Transport> openOutbox(std::string_view directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error || !std::filesystem::is_directory(directory, error)) {
    throw ServiceError(ErrorKind::unavailable, "mail.url: " + std::string(directory) +
                                                   " is no directory and can't be made one" +
                                                   (error ? ": " + error.message() : std::string{}));
  }
  return std::make_unique<Outbox>(std::string(directory));
}

}  // namespace mortise::services::mail
