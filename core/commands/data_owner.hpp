// The rights of a command that root runs on the data of a server that runs as another user.
#pragma once

#include <sys/types.h>

#include <string>

namespace mortise::commands {

// While it lives, a process of root acts as the owner of `directory`, so that what it makes there (the database's
// write-ahead log, above all) is the server's. Does nothing for another user's process, for a directory of root's and
// for one that is not there. Acts on all threads. Throws std::runtime_error when the rights can't be changed.
class ActAsOwner {
 public:
  explicit ActAsOwner(const std::string& directory);
  ~ActAsOwner();
  ActAsOwner(const ActAsOwner&) = delete;
  ActAsOwner& operator=(const ActAsOwner&) = delete;

 private:
  bool changed_ = false;
  gid_t group_ = 0;  // the process's own
};

// The same for good: the process, and what it starts, is the owner's from now on, without root's groups. For what runs code
// of modules. Throws std::runtime_error when the rights can't be changed.
void becomeOwner(const std::string& directory);

}  // namespace mortise::commands
