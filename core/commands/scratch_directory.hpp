// A directory for what a command works on and throws away.
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

namespace mortise::commands {

// `parent`/scratch-XXXXXX, mode 0700; removed with everything in it when it goes out of scope. What an earlier process
// could not remove, because it was killed, is removed when the next one is made: a lock tells it from one in use.
class ScratchDirectory {
 public:
  // Makes `parent` too. Throws std::runtime_error.
  explicit ScratchDirectory(const std::string& parent);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  UniqueFd lock_;
};

}  // namespace mortise::commands
