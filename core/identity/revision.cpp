#include "core/identity/revision.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/base/unique_fd.hpp"
#include "core/db/after_commit.hpp"

namespace mortise::identity {

Revision::Revision(const std::string& file) {
  if (file.empty()) return;
  const auto failed = [&](const char* step) {
    throw std::runtime_error("revision file " + file + ": " + step + ": " + std::strerror(errno));
  };
  const UniqueFd opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened) failed("open");
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) failed("stat");
  // Growing keeps the content; two processes that do it at once get the same result.
  if (status.st_size < 8 && ::posix_fallocate(opened.get(), 0, 8) != 0) failed("allocate");
  void* mapped = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, opened.get(), 0);
  if (mapped == MAP_FAILED) failed("mmap");
  shared_ = static_cast<std::uint64_t*>(mapped);
}

void Revision::advance() {
  if (!shared_) return;
  db::afterCommit([shared = shared_] { __atomic_add_fetch(shared, 1, __ATOMIC_ACQ_REL); });
}

Revision::~Revision() {
  if (shared_) ::munmap(shared_, sizeof(std::uint64_t));
}

}  // namespace mortise::identity
