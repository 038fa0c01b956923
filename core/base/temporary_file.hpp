// A file in the making. Where the file system can, it has no name while it is written, so that nothing is left of it
// whatever happens; else a UUID, which goes with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace mortise {

// Not thread-safe. Every failure: std::system_error with the errno of the step.
class TemporaryFile {
 public:
  // On the file system of `directory`, mode 0600.
  explicit TemporaryFile(std::string directory);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // Appends, and has the disk begin with what has come together, so that the sync at the end is short and a writer that
  // is faster than the disk is held back here.
  void write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }
  // Its name while it is written; empty where it has none.
  const std::string& path() const { return name_; }

  void sync();

  // One of these ends it.
  // Gives it the name `target` on the same file system; a file of that name is replaced in one step. Sync it before.
  void keepAs(const std::string& target);
  // Without a name: the bytes go with the descriptor.
  UniqueFd release();

 private:
  void startWriteBack();

  const std::string directory_;
  std::string name_;  // path of a file that has one
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::uint64_t started_ = 0;  // what the disk was told to write so far
  std::uint64_t waited_ = 0;   // what it has written, for all we were told
};

// Gives the file behind `fd`, if it has no name, the name `target`; a file of that name is replaced in one step.
// `scratch`: a directory of the same file system for the moment between. False when it has a name, or can't get one
// here (another file system, or one that can't make files without names): copy it then. std::system_error.
bool nameFile(int fd, const std::string& target, const std::string& scratch);

}  // namespace mortise
