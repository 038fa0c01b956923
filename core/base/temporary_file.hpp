// A file that is being written. Where the file system allows it, the file has no name until it is complete, so that a
// crash leaves nothing behind; elsewhere its name is a UUID, removed with this object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace mortise {

// Not thread-safe. Every failure is a std::system_error with the errno of the step.
class TemporaryFile {
 public:
  // On the file system of `directory`, mode 0600.
  explicit TemporaryFile(std::string directory);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Appends and starts the write-back of what has accumulated. So the sync at the end is short, and a writer that is
  // faster than the disk waits here.
  void write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }
  // Its name while it is written; empty where it has none.
  const std::string& path() const { return name_; }

  void sync();

  // Call one of the following two to finish.
  // Gives the file the name `target` on the same file system; replaces a file of that name in one step. Sync it before.
  void keepAs(const std::string& target);
  // Without a name: the bytes are freed when the descriptor is closed.
  UniqueFd release();

 private:
  void startWriteBack();

  const std::string directory_;
  std::string name_;  // path of the file, if it has one
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::uint64_t started_ = 0;  // bytes whose write-back was started
  std::uint64_t waited_ = 0;   // bytes whose write-back was waited for
};

// Gives the file behind `fd`, if it has no name, the name `target`; replaces a file of that name in one step.
// `scratch`: a directory of the same file system for an intermediate name. Returns false when the file has a name
// already or can't get one here (another file system, or one without unnamed files): copy it then. Throws
// std::system_error.
bool nameFile(int fd, const std::string& target, const std::string& scratch);

}  // namespace mortise
