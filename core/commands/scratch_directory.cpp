#include "core/commands/scratch_directory.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace mortise::commands {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "scratch-";

UniqueFd locked(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

void removeAbandoned(const std::string& parent) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(parent, failure)) {
    if (!entry.path().filename().string().starts_with(kPrefix)) continue;
    if (const auto lock = locked(entry.path().string())) fs::remove_all(entry.path(), failure);
  }
}

}  // namespace

ScratchDirectory::ScratchDirectory(const std::string& parent) {
  fs::create_directories(parent);
  removeAbandoned(parent);
  // Before it is locked, another process may take it for an abandoned one and remove it: then a new one is made.
  constexpr int kMaxTries = 10;
  for (int i = 0; !lock_ && i < kMaxTries; ++i) {
    path_ = parent + "/" + kPrefix + "XXXXXX";
    if (!::mkdtemp(path_.data()))
      throw std::runtime_error("can't make a directory in " + parent + ": " + std::strerror(errno));
    lock_ = locked(path_);
    if (lock_ && ::access(path_.c_str(), F_OK) != 0) lock_.reset();
  }
  if (!lock_) throw std::runtime_error("can't lock " + path_ + ": " + std::strerror(errno));
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code failure;
  fs::remove_all(path_, failure);
}

}  // namespace mortise::commands
