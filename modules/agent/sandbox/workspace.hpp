// The directories of the sessions: <directory>/<session>/{home,tmp}. What lies below home and tmp belongs to the box, which
// may change it at any moment: the server goes through it by descriptors only, and follows no link.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fd.hpp"

namespace agent::sandbox {

// A name below `directory`, opened as a directory. The kernel refuses whatever leads elsewhere: links, "..", other mounts.
// Empty with errno set; ENOSYS on kernels before 5.6, where nothing else is safe.
Fd openDirectoryBelow(int directory, const char* name);

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
};

struct Workspace {
  std::string path;
  std::string home;
  std::string temporary;
  uid_t user = 0;  // of the box and its files
};

class Workspaces {
 public:
  // `uidBase`: first of kUsers user ids for boxes, when this process is root. Throws std::runtime_error.
  Workspaces(std::string directory, uid_t uidBase);

  static constexpr uid_t kUsers = 10000;
  const std::string& directory() const { return directory_; }
  // Why boxes could not reach their files below the directory; empty when they can.
  std::string unreachable() const;

  static bool isName(std::string_view session);
  // The workspace of a session, made if need be, with tmp emptied. Throws std::runtime_error. One call per session at a
  // time, and no box of it.
  Workspace prepare(std::string_view session);
  // A directory of the session's workspace that only this server can change, empty, and its box can look into: for the
  // socket of its way out. Sets `path`. Throws std::runtime_error. After prepare(), and no box of it may live.
  Fd egress(std::string_view session, std::string& path);
  // Removes it; false when something is left. Does nothing when there is none. No box of it may live.
  bool remove(std::string_view session);
  std::vector<std::string> sessions() const;
  // Of home and tmp; stops counting beyond `most`, and takes trees deeper than 128 and what it can't look into for being
  // beyond it. Directories whose owner can't enter them get the owner's rights back.
  static Usage measure(const Workspace& workspace, const Usage& most);

 private:
  uid_t freeUser() const;

  std::string directory_;
  Fd root_;
  uid_t uidBase_;
};

// Removes everything below an open directory, however deep it is. False when something is left.
bool emptyDirectory(int directory);

}  // namespace agent::sandbox
