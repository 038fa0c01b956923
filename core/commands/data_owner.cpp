#include "core/commands/data_owner.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace mortise::commands {
namespace {

// Whether this is root's process and the directory another user's.
bool isAnothers(const std::string& directory, struct stat& status) {
  return ::geteuid() == 0 && ::stat(directory.c_str(), &status) == 0 && status.st_uid != 0;
}

[[noreturn]] void refuse(const std::string& directory) {
  throw std::runtime_error("can't act as the owner of " + directory + ": " + std::strerror(errno));
}

}  // namespace

// The group first, here and below: without root's rights it can't be changed any more.
ActAsOwner::ActAsOwner(const std::string& directory) : group_(::getegid()) {
  struct stat status {};
  if (!isAnothers(directory, status)) return;
  if (::setegid(status.st_gid) != 0 || ::seteuid(status.st_uid) != 0) refuse(directory);
  changed_ = true;
}

ActAsOwner::~ActAsOwner() {
  if (!changed_) return;
  // Both succeed: the saved user ID is root's.
  if (::seteuid(0) != 0 || ::setegid(group_) != 0) ::_exit(70);
}

void becomeOwner(const std::string& directory) {
  struct stat status {};
  if (!isAnothers(directory, status)) return;
  if (::setgroups(1, &status.st_gid) != 0 || ::setresgid(status.st_gid, status.st_gid, status.st_gid) != 0 ||
      ::setresuid(status.st_uid, status.st_uid, status.st_uid) != 0)
    refuse(directory);
}

}  // namespace mortise::commands
