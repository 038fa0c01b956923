// Skills on this machine: a directory, or an archive file (.zip, .skill, .tar, .tar.gz, .tgz).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bundle/bundle.hpp"
#include "sources/cancellation.hpp"

namespace skills {

class LocalSource {
 public:
  // Only below these directories, which are looked up once, here; none: anywhere.
  explicit LocalSource(const std::vector<std::string>& roots);

  // "/abs" or "local:/abs" -> "local:/abs" with links in the path resolved, as far as it is there. Problem 422: not
  // absolute, not below a root.
  std::string normalisedRef(std::string_view ref) const;
  // `ref` as normalisedRef() gave it. Links are not followed, neither on the way there nor inside, not even those that
  // stay inside: what they show may change between a check and its use. Devices, sockets and pipes are not opened.
  // What isIgnoredName() names is left out. Problem 422.
  Bundle read(const std::string& ref, const Cancellation& cancelled) const;

 private:
  void checkRoots(const std::string& path) const;

  std::vector<std::string> roots_;
};

}  // namespace skills
