#include "core/commands/data_owner.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace mortise::commands {

ActAsOwner::ActAsOwner(const std::string& directory) : group_(::getegid()) {
  struct stat status {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return;
  // The group first: without root's rights it can't be changed any more.
  if (::setegid(status.st_gid) != 0 || ::seteuid(status.st_uid) != 0) {
    throw std::runtime_error("can't act as the owner of " + directory + ": " + std::strerror(errno));
  }
  changed_ = true;
}

ActAsOwner::~ActAsOwner() {
  if (!changed_) return;
  // Both succeed: the saved user ID is root's.
  if (::seteuid(0) != 0 || ::setegid(group_) != 0) ::_exit(70);
}

}  // namespace mortise::commands
